//! Calls that succeed: their requests, logs and metrics.

use super::*;
use action_tests::{Log, assert_logged, assert_refused, caller};
use serde_json::json;
use workflow::action::Answer;

#[tokio::test]
async fn a_service_is_restarted_in_the_role_and_region_of_the_integration() {
    let world = World::new().await;

    let output = world.done(restart("service-3")).await;

    assert_eq!(output["service"]["status"], "ACTIVE", "{output}");
    assert_eq!(
        world.hosts(),
        ["sts.eu-west-1.amazonaws.com", "ecs.eu-west-1.amazonaws.com"]
    );
    assert_eq!(world.aws.vendor(|aws| aws.deployed.clone()), ["eu-west-1/service-3"]);
}

#[tokio::test]
async fn a_step_can_name_another_region_and_the_role_is_taken_on_in_that_of_the_integration() {
    let world = World::new().await;
    let mut input = restart("service-3");
    input["region"] = json!("us-east-1");

    world.done(input).await;

    assert_eq!(
        world.hosts(),
        ["sts.eu-west-1.amazonaws.com", "ecs.us-east-1.amazonaws.com"]
    );
    assert_eq!(world.aws.vendor(|aws| aws.deployed.clone()), ["us-east-1/service-3"]);
}

#[tokio::test]
async fn a_call_of_the_state_machine_is_logged_and_counted_and_nothing_of_what_it_says_is() {
    let world = World::new().await;
    let mut call = restart("service-7");
    let action = call.as_object_mut().unwrap().remove("action").unwrap();
    call["caller"] = caller();
    call["attempt"] = json!(1);

    world
        .done(json!({"action": action, "call": call, "entered_at": action_tests::NOW}))
        .await;

    assert_eq!(
        assert_logged("aws.ecs.update_service", "action done", &["not-a-real", "service-7"]),
        None
    );
    let counted = Log::lines_with("SystemCalls");
    let counted: Vec<_> = counted.iter().map(|line| (&line["System"], &line["Status"])).collect();
    assert_eq!(
        counted,
        [(&json!("aws"), &json!("2xx")), (&json!("aws"), &json!("2xx"))]
    );
}

#[tokio::test]
async fn a_list_comes_whole_out_of_its_pages_with_one_session() {
    let world = World::new().await;

    let output = world
        .done(json!({"action": "aws.ecs.list_services", "integration": "prod", "cluster": "web"}))
        .await;

    let arns = output["service_arns"].as_array().unwrap();
    assert_eq!(arns.len(), 25, "{output}");
    assert_eq!(output["next_token"], Value::Null);
    assert_eq!(world.sessions().len(), 1);
    assert_eq!(world.hosts().len(), 4);
}

#[tokio::test]
async fn a_list_whose_page_a_step_asks_for_gives_that_page() {
    let world = World::new().await;

    let output = world
        .done(json!({"action": "aws.ecs.list_services", "integration": "prod", "cluster": "web", "max_results": 10}))
        .await;

    assert_eq!(output["service_arns"].as_array().unwrap().len(), 10);
    assert_eq!(output["next_token"], "10");
}

#[tokio::test]
async fn a_repeat_with_the_same_key_starts_nothing_more() {
    let world = World::new().await;
    let run = |key: &str| {
        json!({
            "action": "aws.ecs.run_task", "integration": "prod", "cluster": "web", "task_definition": "cleanup",
            "idempotency_key": key,
        })
    };

    let first = world.done(run("run-1/step-1")).await;
    let again = world.done(run("run-1/step-1")).await;
    let other = world.done(run("run-2/step-1")).await;

    assert_eq!(first["tasks"][0]["task_arn"], again["tasks"][0]["task_arn"]);
    assert_ne!(first["tasks"][0]["task_arn"], other["tasks"][0]["task_arn"]);
}

#[tokio::test]
async fn a_wait_looks_once_and_says_when_to_look_again_until_the_state_is_there() {
    let world = World::new().await;
    world.done(restart("service-1")).await;
    let wait = |look: Option<Value>| {
        json!({
            "action": "aws.ecs.wait_until_services_stable", "integration": "prod", "cluster": "web", "services": ["service-1"],
            "look": look,
        })
    };

    let pending = world.answer(wait(None), 1).await.unwrap();
    let Answer::Pending {
        look, after_seconds, ..
    } = pending
    else {
        panic!("{pending:?}")
    };
    assert_eq!(after_seconds, 15);
    let asked = world.hosts().len();
    world.aws.vendor(|aws| aws.deployed.clear());
    let done = world.call(wait(Some(look)), 16).await.unwrap();

    assert_eq!(done["services"][0]["status"], "ACTIVE", "{done}");
    assert_eq!(
        world.hosts().len(),
        asked + 1,
        "the session of the first look serves the second"
    );
}

#[tokio::test]
async fn a_wait_for_what_will_not_come_fails() {
    let world = World::new().await;
    let wait = json!({
        "action": "aws.ecs.wait_until_services_stable", "integration": "prod", "cluster": "web", "services": ["service-99"],
    });

    assert_refused(&world.failed(wait).await, "AWS.JobFailed", &["MISSING"]);
}

#[test]
fn each_action_on_aws_is_performed_by_this_function_through_integrations_with_aws() {
    let faces = FACES.iter().flat_map(|prefix| Action::faces(prefix));
    for action in aws_actions::services().flat_map(Action::of_service).chain(faces) {
        let spec = action.spec();
        assert_eq!(spec.function, "CallAws", "{spec}");
        assert_eq!(spec.integration_type().unwrap().as_str(), "aws", "{spec}");
    }
}
