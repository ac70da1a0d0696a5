//! The secrets of integrations: which is used, when it is read, and where it goes.

use super::{
    world::{ROTATED, SECRET},
    *,
};
use action_tests::{Log, assert_refused};
use vendors::slack;

#[tokio::test]
async fn f27_a_secret_that_was_rotated_is_read_again_once_and_the_call_is_made_again() {
    let world = World::new().await;
    world.store(ROTATED, "slack.com");
    assert_refused(&world.failed(post("first")).await, "Slack.Unauthorized", &[]);
    assert_eq!(
        (world.secrets.reads(), world.slack.requests().len()),
        (1, 1),
        "it was just read, and is the same"
    );

    world.store(slack::TOKEN, "slack.com");
    world.call(post("second"), 60).await.unwrap();

    assert_eq!(world.messages(), ["second"]);
    assert_eq!((world.secrets.reads(), world.slack.requests().len()), (2, 3));
}

#[tokio::test]
async fn f27_a_secret_that_is_refused_and_is_still_the_stored_one_is_told() {
    let world = World::new().await;
    world.store(ROTATED, "slack.com");
    assert_refused(&world.failed(post("first")).await, "Slack.Unauthorized", &[]);

    let error = world.failed_at(post("second"), 60).await;

    assert_refused(&error, "Slack.Unauthorized", &["invalid_auth"]);
    assert_eq!((world.secrets.reads(), world.slack.requests().len()), (2, 2));
    assert!(!Log::text().contains(ROTATED), "{}", Log::text());
}

#[tokio::test]
async fn f27_a_secret_that_was_rotated_goes_to_the_hosts_that_were_stored_with_it() {
    let world = World::new().await;
    world.store(ROTATED, "slack.com");
    assert_refused(&world.failed(post("first")).await, "Slack.Unauthorized", &[]);
    world.store(slack::TOKEN, "slack.example.com");

    let error = world.failed_at(post("second"), 60).await;

    assert_refused(&error, "Integration.Invalid", &["slack.com"]);
    assert!(
        world
            .slack
            .requests()
            .iter()
            .all(|request| request.bearer() == Some(ROTATED))
    );
}

#[tokio::test]
async fn i5_a_secret_goes_to_no_host_but_those_that_it_was_stored_for() {
    let world = World::new().await;
    world.store(slack::TOKEN, "slack.example.com");

    let error = world.failed(post("t")).await;

    assert_refused(&error, "Integration.Invalid", &["slack.com"]);
    assert_eq!(world.slack.requests().len(), 0);
}

#[tokio::test]
async fn f28_an_integration_that_is_not_there_or_of_another_type_is_told_with_what_to_do() {
    let world = World::new().await;
    let mut input = post("t");
    input["integration"] = "other".into();
    let absent = world.failed(input).await;
    assert_refused(
        &absent,
        "Integration.NotFound",
        &["`pagerflow integration add other --type slack`"],
    );

    let of_jira = r#"{"type":"jira","secret":"xoxb-rotated-away-1","fields":{},"hosts":["slack.com"]}"#;
    world.secrets.put(SECRET, of_jira);
    let error = world.failed(post("t")).await;

    assert_refused(&error, "Integration.Invalid", &["jira"]);
    assert_eq!(world.slack.requests().len(), 0);
}

#[tokio::test]
async fn f28_hosts_that_cannot_be_hosts_are_told_with_what_to_do() {
    let world = World::new().await;
    let at_an_address = r#"{"type":"slack","secret":"xoxb-1","fields":{},"hosts":["127.0.0.1"]}"#;
    world.secrets.put(SECRET, at_an_address);

    let error = world.failed(post("t")).await;

    assert_refused(
        &error,
        "Integration.Invalid",
        &["`pagerflow integration set-token ops`"],
    );
    assert_eq!(world.slack.requests().len(), 0);
}
