//! Calls that we or AWS refuse, and the errors that people read.

use super::*;
use action_tests::{assert_logged, assert_refused, caller};
use rstest::rstest;
use serde_json::json;
use vendors::{Vendor, aws};

#[rstest]
#[case::missing(Value::Null, "aws.ecs.…")]
#[case::no_text(json!(7), "aws.ecs.…")]
#[case::of_another_function(json!("slack.post_message"), "aws.ecs.…")]
#[case::unknown_service(json!("aws.ecz.update_service"), "aws.ecs.…")]
#[case::unknown_operation(json!("aws.ecs.restart_service"), "aws.ecs.update_service")]
#[case::one_that_gives_credentials(json!("aws.sts.assume_role"), "aws.sts.get_caller_identity")]
#[tokio::test]
async fn an_action_that_this_function_does_not_perform_is_told(#[case] action: Value, #[case] known: &str) {
    let world = World::new().await;
    let mut input = restart("service-1");
    input["action"] = action;

    let error = world.failed(input).await;

    assert_refused(&error, "Input.Invalid", &["`action`", known]);
    assert_eq!((world.hosts().len(), world.secrets.reads()), (0, 0));
}

#[rstest]
#[case::missing("service", Value::Null)]
#[case::wrong_type("force_new_deployment", json!("yes"))]
#[case::unknown("clusters", json!("web"))]
#[case::no_alias("integration", json!("../prod"))]
#[case::no_region("region", json!("eu-west-1.example.com"))]
#[case::no_time("deadline", json!("soon"))]
#[tokio::test]
async fn a_wrong_input_is_refused_before_anything_is_sent(#[case] field: &str, #[case] value: Value) {
    let world = World::new().await;
    let mut input = restart("service-1");
    input[field] = value;

    assert_refused(&world.failed(input).await, "Input.Invalid", &["aws.ecs.update_service"]);
    assert_eq!((world.hosts().len(), world.secrets.reads()), (0, 0));
}

#[tokio::test]
async fn a_region_of_another_partition_is_refused_before_anything_is_sent() {
    let world = World::new().await;
    let mut input = restart("service-1");
    input["region"] = json!("cn-north-1");

    assert_refused(&world.failed(input).await, "Input.Invalid", &["another partition"]);
    assert_eq!(world.hosts().len(), 0);
}

#[tokio::test]
async fn an_input_that_is_no_object_is_refused() {
    let world = World::new().await;
    for input in [Value::Null, json!([]), json!("text")] {
        assert_refused(&world.failed(input).await, "Input.Invalid", &[]);
    }
}

#[tokio::test]
async fn an_error_of_aws_has_its_name_and_the_words_of_aws() {
    let world = World::new().await;
    let mut input = restart("service-99");
    input["caller"] = caller();

    let error = world.failed(input).await;

    assert_refused(
        &error,
        "AWS.NotFound",
        &["Amazon ECS", "ServiceNotFoundException: Service not found.", "r-1"],
    );
    let logged = assert_logged("aws.ecs.update_service", "action failed", &["not-a-real"]);
    assert!(logged.unwrap().contains("ServiceNotFoundException"));
}

#[tokio::test]
async fn f3_a_throttled_operation_is_left_alone_for_its_integration_and_region() {
    let world = World::new().await;
    world.done(restart("service-1")).await;
    let (throttled, _) = world.aws.vendor(|aws| aws.too_many_requests());
    world.aws.answer_next(throttled);

    let refused = world.failed(restart("service-2")).await;
    assert_refused(&refused, "AWS.RateLimited", &["Rate exceeded"]);
    let asked = world.hosts().len();
    let others = world.failed_at(restart("service-3"), 1).await;
    assert_refused(
        &others,
        "AWS.RateLimited",
        &["AWS's rate limit for integration `prod`", "nothing was sent"],
    );
    assert_eq!(world.hosts().len(), asked);

    let mut elsewhere = restart("service-4");
    elsewhere["region"] = json!("us-east-1");
    world.call(elsewhere, 1).await.unwrap();
    world.call(restart("service-5"), 2).await.unwrap();
}

#[rstest]
#[case::a_change("aws.ecs.update_service", json!({"service": "service-1"}), "AWS.OutcomeUnknown", "it is not known whether AWS did it")]
#[case::a_read("aws.ecs.list_services", json!({}), "AWS.Unavailable", "safe to try again")]
#[tokio::test]
async fn a_fault_of_aws_leaves_open_what_was_changed(
    #[case] action: &str,
    #[case] mut input: Value,
    #[case] name: &str,
    #[case] said: &str,
) {
    let world = World::new().await;
    input["action"] = json!(action);
    input["integration"] = json!("prod");
    world.done(input.clone()).await;
    world
        .aws
        .answer_next(aws::refused(500, "ServerException", "Something broke"));

    assert_refused(&world.failed(input).await, name, &[said, "Something broke"]);
}

#[tokio::test]
async fn a_fault_of_sts_has_changed_nothing() {
    let world = World::new().await;
    world.aws.answer_next(aws::refused(503, "", ""));

    let error = world.failed(restart("service-1")).await;

    assert_refused(&error, "AWS.Unavailable", &[aws::ROLE, "could not be assumed"]);
    assert_eq!(world.aws.vendor(|aws| aws.deployed.len()), 0);
}

#[tokio::test]
async fn a_change_that_cannot_tell_a_repeat_is_not_begun_late() {
    let world = World::new().await;
    let mut input = restart("service-1");
    input["deadline"] = json!("2026-11-20T09:30:20Z");

    assert_refused(&world.failed(input).await, "Step.DeadlineExceeded", &["late double"]);
    assert_eq!(world.hosts().len(), 0);
}

#[tokio::test]
async fn the_sample_of_this_function_is_an_input_that_it_takes() {
    let world = World::new().await;
    let sample: Value = serde_json::from_str(include_str!("../../../../events/call-aws.json")).unwrap();

    // The account has no such service.
    assert_refused(&world.failed(sample).await, "AWS.NotFound", &[]);
}
