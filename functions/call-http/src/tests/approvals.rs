//! Messages about approvals.

use super::*;
use action_tests::assert_refused;
use serde_json::json;
use workflow::approval;

const APPROVAL: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

#[tokio::test]
async fn the_link_of_an_approval_is_in_its_message_and_does_not_come_back_to_the_run() {
    let world = World::new().await;
    let text = format!("Decide: {}", approval::LINK);
    let mut input = post(&text);
    input["approval"] = json!(APPROVAL);

    let output = world.done(input.clone()).await;

    let sent = &world.messages()[0];
    let link = format!("Decide: https://example.com/approvals/{APPROVAL}.");
    assert!(sent.starts_with(&link), "{sent}");
    assert!(!output.to_string().contains("example.com"), "{output}");

    input["approval"] = json!("../secrets");
    assert_refused(
        &world.failed(input).await,
        "Input.Invalid",
        &["not the id of an approval"],
    );
}

#[tokio::test]
async fn a_message_that_is_about_no_approval_gets_no_link_whatever_it_says() {
    let world = World::new().await;
    let text = format!("Decide: {}", approval::LINK);

    world.done(post(&text)).await;

    assert_eq!(world.messages(), [text]);
}
