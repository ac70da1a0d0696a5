//! Calls that we or Slack refuse, and the errors that people read.

use super::*;
use action_tests::{assert_logged, assert_refused, caller};
use rstest::rstest;
use serde_json::json;
use vendors::{Vendor, slack};

#[rstest]
#[case::missing(Value::Null, "slack, ")]
#[case::no_text(json!(7), "slack, ")]
#[case::of_another_function(json!("pagerduty.add_note"), "slack, ")]
#[case::unknown_system(json!("slak.post_message"), "slack, ")]
#[case::unknown_action(json!("slack.post"), "slack.post_message")]
#[case::a_system_alone(json!("slack"), "slack.post_message")]
#[case::one_that_workflows_cannot_use(json!("slack.test_token"), "slack.post_message")]
#[tokio::test]
async fn an_action_that_this_function_does_not_perform_is_told(#[case] action: Value, #[case] known: &str) {
    let world = World::new().await;
    let mut input = post("t");
    input["action"] = action;

    let error = world.failed(input).await;

    assert_refused(&error, "Input.Invalid", &["`action`", known]);
    assert_eq!((world.slack.requests().len(), world.secrets.reads()), (0, 0));
}

#[rstest]
#[case::missing("text", Value::Null)]
#[case::wrong_type("blocks", json!("a"))]
#[case::unknown("chanel", json!("C1"))]
#[case::no_alias("integration", json!("../prod"))]
#[case::no_time("deadline", json!("soon"))]
#[case::no_attempt("attempt", json!("first"))]
#[tokio::test]
async fn a_wrong_input_is_refused_before_anything_is_sent(#[case] field: &str, #[case] value: Value) {
    let world = World::new().await;
    let mut input = post("t");
    input[field] = value;

    assert_refused(&world.failed(input).await, "Input.Invalid", &["slack.post_message"]);
    assert_eq!((world.slack.requests().len(), world.secrets.reads()), (0, 0));
}

#[tokio::test]
async fn an_input_that_is_no_object_is_refused() {
    let world = World::new().await;
    for input in [Value::Null, json!([]), json!("text")] {
        assert_refused(&world.failed(input).await, "Input.Invalid", &[]);
    }
}

#[tokio::test]
async fn an_error_of_the_system_has_its_name_and_the_words_of_the_system() {
    let world = World::new().await;
    let mut input = post("t");
    input["channel"] = json!("C0123456789");
    input["caller"] = caller();

    assert_refused(&world.failed(input).await, "Slack.NotFound", &["channel_not_found"]);
    let logged = assert_logged("slack.post_message", "action failed", &[slack::TOKEN]);
    assert!(logged.unwrap().contains("channel_not_found"));
}

#[tokio::test]
async fn f3_a_rate_limit_is_remembered_for_its_action_and_integration() {
    let world = World::new().await;
    let (too_many, seconds) = world.slack.vendor(|slack| slack.too_many_requests());
    let seconds = i64::try_from(seconds).unwrap();
    world.slack.answer_next(too_many);

    let refused = world.failed(post("first")).await;
    assert_refused(&refused, "Slack.RateLimited", &[]);
    let others = world.failed_at(post("second"), 1).await;
    assert_refused(
        &others,
        "Slack.RateLimited",
        &["Slack's rate limit for integration `ops`", "nothing was sent"],
    );
    assert_eq!(world.slack.requests().len(), 1);

    // Another action of the same integration is not held back.
    let topic = json!({"action": "slack.set_topic", "integration": "ops", "channel": "C1", "topic": "quiet"});
    world.call(topic, 1).await.unwrap();
    world.call(post("third"), seconds).await.unwrap();
    assert_eq!(world.messages(), ["third"]);
}

#[tokio::test]
async fn the_sample_of_this_function_is_an_input_that_it_takes() {
    let world = World::new().await;
    let sample: Value = serde_json::from_str(include_str!("../../../../events/call-http.json")).unwrap();

    // The fake workspace has no such channel.
    assert_refused(&world.failed(sample).await, "Slack.NotFound", &[]);
}
