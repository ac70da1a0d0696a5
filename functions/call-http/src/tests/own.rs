//! Connectors of the user's own, of which a call has the part along that performs its action.

use super::*;
use action_tests::assert_refused;
use connectors::Connector;
use rstest::rstest;
use serde_json::json;
use vendors::slack;

/// The part of Slack's connector under another name that a call of `acme_chat.post_message` has along.
fn part() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/connectors/catalogue/slack.yaml"
    );
    let source = std::fs::read_to_string(path).unwrap();
    let source = source.replacen("connector: slack", "connector: acme_chat", 1);
    let connector = Connector::own(&source).unwrap_or_else(|problems| panic!("{problems}"));
    connector
        .action("post_message")
        .unwrap()
        .spec()
        .connector
        .clone()
        .unwrap()
}

fn call(text: &str) -> Value {
    let mut call = post(text);
    call["action"] = json!("acme_chat.post_message");
    call["connector"] = part();
    call
}

#[tokio::test]
async fn an_action_is_performed_as_its_connector_says_through_an_integration_of_its_type() {
    let world = World::new().await;
    world.store_of_type("acme_chat", slack::TOKEN, "slack.com");
    let done = world.done(call("Hello")).await;
    assert_eq!(done["channel"], "C1");
    let as_the_state_machine_sends_it = json!({
        "action": "acme_chat.post_message", "call": call("World"), "entered_at": action_tests::now(),
    });
    world.done(as_the_state_machine_sends_it).await;
    assert_eq!(world.messages(), ["Hello", "World"]);
}

#[tokio::test]
async fn an_own_connector_never_gets_the_secret_of_an_integration_of_another_type() {
    let world = World::new().await;
    let error = world.failed(call("Hello")).await;
    assert_refused(
        &error,
        "Integration.NotFound",
        &["pagerflow/integrations/acme_chat/ops"],
    );
    assert_eq!(world.slack.requests().len(), 0);
}

#[tokio::test]
async fn the_secret_is_sent_only_to_the_hosts_that_it_was_stored_with() {
    let world = World::new().await;
    world.store_of_type("acme_chat", slack::TOKEN, "chat.example.com");
    let error = world.failed(call("Hello")).await;
    assert_refused(&error, "Integration.Invalid", &["slack.com"]);
    assert_eq!(world.slack.requests().len(), 0);
}

#[rstest]
#[case::one_that_comes_with_the_program("connector", json!("slack"), "`slack` comes with Pagerflow")]
#[case::pagerduty("connector", json!("pagerduty"), "`pagerduty` comes with Pagerflow")]
#[case::another_one("connector", json!("acme_desk"), "it performs acme_desk")]
#[case::no_actions("actions", json!({}), "actions")]
#[case::unknown_word("colour", json!("green"), "colour")]
#[tokio::test]
async fn a_connector_that_is_not_that_of_the_action_is_refused_before_any_secret_is_read(
    #[case] word: &str,
    #[case] value: Value,
    #[case] told: &str,
) {
    let world = World::new().await;
    let mut call = call("Hello");
    call["connector"][word] = value;
    let error = world.failed(call).await;
    assert_refused(&error, "Input.Invalid", &[told]);
    assert_eq!((world.slack.requests().len(), world.secrets.reads()), (0, 0));
}

#[rstest]
#[case::of_a_shipped_connector("slack.post_message")]
#[case::that_the_connector_has_not("acme_chat.get_permalink")]
#[tokio::test]
async fn an_action_that_is_not_in_the_part_is_not_performed(#[case] action: &str) {
    let world = World::new().await;
    let mut call = call("Hello");
    call["action"] = json!(action);
    let error = world.failed(call).await;
    assert_refused(&error, "Input.Invalid", &["`action`", "it performs acme_chat"]);
    assert_eq!((world.slack.requests().len(), world.secrets.reads()), (0, 0));
}
