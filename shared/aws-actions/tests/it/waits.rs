//! Waits for a state.

use crate::{fields, ireland};
use aws_actions::{Action, Answered, services};
use http::HeaderMap;
use rstest::rstest;
use serde_json::{Value, json};
use workflow::action::{Effect, Repeat};

fn action(name: &str) -> Action {
    Action::named(name).unwrap_or_else(|| panic!("no action {name}"))
}

fn waits() -> impl Iterator<Item = Action> {
    services()
        .flat_map(Action::of_service)
        .filter(|action| action.name().contains(".wait_until_"))
}

/// A word for what an answer means, with the message of a failure.
fn meant(name: &str, status: u16, body: &str) -> String {
    match action(name).answer(status, &HeaderMap::new(), body.as_bytes()) {
        Answered::Done(_) => "done".to_owned(),
        Answered::NotYet { after_seconds } => format!("again after {after_seconds} s"),
        Answered::Failed(error) => format!("{}: {error}", error.name()),
    }
}

fn services_with(deployments: usize, running: u32, status: &str) -> Value {
    let deployments = vec![json!({"id": "d"}); deployments];
    json!({"services": [{"serviceName": "checkout", "status": status, "deployments": deployments,
        "runningCount": running, "desiredCount": 2}], "failures": []})
}

#[rstest]
#[case::a_deployment_is_under_way(services_with(2, 2, "ACTIVE"), "again after 15 s")]
#[case::tasks_are_missing(services_with(1, 1, "ACTIVE"), "again after 15 s")]
#[case::all_run(services_with(1, 2, "ACTIVE"), "done")]
#[case::it_is_being_deleted(
    services_with(1, 2, "DRAINING"),
    "AWS.JobFailed: ServicesStable will not be reached: services[].status is DRAINING"
)]
#[case::there_is_none(json!({"services": [], "failures": [{"reason": "MISSING"}]}),
    "AWS.JobFailed: ServicesStable will not be reached: failures[].reason is MISSING")]
fn a_service_is_stable_when_all_its_tasks_run_in_one_deployment(#[case] answer: Value, #[case] meaning: &str) {
    assert_eq!(
        meant("aws.ecs.wait_until_services_stable", 200, &answer.to_string()),
        meaning
    );
}

#[rstest]
#[case::gone(400, r#"{"__type": "ResourceNotFoundException"}"#, "done")]
#[case::not_allowed(
    403,
    r#"{"__type": "AccessDeniedException", "message": "no"}"#,
    "AWS.Forbidden: AccessDeniedException: no"
)]
#[case::turned_away(
    400,
    r#"{"__type": "ThrottlingException"}"#,
    "AWS.RateLimited: ThrottlingException: Amazon DynamoDB answered with status 400"
)]
#[case::still_there(200, r#"{"Table": {"TableStatus": "DELETING"}}"#, "again after 20 s")]
fn an_error_is_a_state_only_where_the_wait_says_so(#[case] status: u16, #[case] body: &str, #[case] meaning: &str) {
    assert_eq!(meant("aws.dynamodb.wait_until_table_not_exists", status, body), meaning);
}

#[rstest]
#[case::no_instance("<DBInstances/>", "done")]
#[case::one(
    "<DBInstances><DBInstance><DBInstanceStatus>deleting</DBInstanceStatus></DBInstance></DBInstances>",
    "again after 30 s"
)]
#[case::failed(
    "<DBInstances><DBInstance><DBInstanceStatus>failed</DBInstanceStatus></DBInstance></DBInstances>",
    "again after 30 s"
)]
#[case::created_again(
    "<DBInstances><DBInstance><DBInstanceStatus>creating</DBInstanceStatus></DBInstance></DBInstances>",
    "AWS.JobFailed: DBInstanceDeleted will not be reached: DBInstances[].DBInstanceStatus is creating"
)]
fn an_empty_list_has_no_entries(#[case] list: &str, #[case] meaning: &str) {
    let body = format!(
        "<DescribeDBInstancesResponse><DescribeDBInstancesResult>{list}</DescribeDBInstancesResult></DescribeDBInstancesResponse>"
    );
    assert_eq!(meant("aws.rds.wait_until_db_instance_deleted", 200, &body), meaning);
}

#[test]
fn what_is_gone_has_outputs_that_are_null() {
    let body = r#"{"__type": "ResourceNotFoundException"}"#;
    let answered = action("aws.dynamodb.wait_until_table_not_exists").answer(400, &HeaderMap::new(), body.as_bytes());
    assert_eq!(answered, Answered::Done(fields(&json!({"table": null}))));
}

#[test]
fn a_wait_takes_what_its_operation_takes_and_only_reads() {
    let mut count = 0;
    for wait in waits() {
        let (spec, asking) = (wait.spec(), wait.operation().spec());
        assert_eq!(
            (&spec.inputs, &spec.effect, &spec.repeat),
            (&asking.inputs, &Effect::Reads, &Repeat::IsHarmless)
        );
        assert!(spec.outputs.iter().all(|output| output.optional), "{spec}");
        let named = action(&spec.name);
        assert_eq!(
            (named.name(), named.operation().name()),
            (wait.name(), wait.operation().name())
        );
        assert!((1..=86_400).contains(&spec.job_seconds.unwrap()), "{spec}");
        count += 1;
    }
    assert!(count > 100, "{count}");
}

#[test]
fn a_wait_asks_with_the_request_of_its_operation() {
    let input = fields(&json!({"integration": "prod", "cluster": "main", "services": ["checkout"]}));
    let request = |name: &str| action(name).request(&input, Some("k"), &ireland()).unwrap();
    let (wait, asked) = (
        request("aws.ecs.wait_until_services_stable"),
        request("aws.ecs.describe_services"),
    );
    assert_eq!(
        (wait.uri(), wait.headers(), wait.body()),
        (asked.uri(), asked.headers(), asked.body())
    );
}
