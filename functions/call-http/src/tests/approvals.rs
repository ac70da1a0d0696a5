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

/// A message about an approval that the planner gives these buttons.
fn asking(buttons: &[&str]) -> Value {
    let mut input = post("Restart *web*?");
    input["approval"] = json!({"id": APPROVAL, "buttons": buttons});
    input
}

#[tokio::test]
async fn a_message_about_an_approval_has_buttons_where_their_answers_would_be_taken() {
    let world = World::new().await;
    world.store_signed();

    let output = world.done(asking(&["restart", "leave it"])).await;

    let blocks = world.blocks();
    assert_eq!(blocks[0]["text"]["text"], "Restart *web*?");
    let elements = blocks[1]["elements"].as_array().unwrap();
    let texts: Vec<&Value> = elements.iter().map(|element| &element["text"]["text"]).collect();
    assert_eq!(texts, ["restart", "leave it", "Open the page"]);
    let answer = blocks[1]["block_id"].as_str().unwrap();
    let page = elements[2]["url"].as_str().unwrap();
    assert!(answer.starts_with(&format!("{APPROVAL}.")), "{answer}");
    assert!(
        page.starts_with(&format!("https://example.com/approvals/{APPROVAL}.")) && !page.ends_with(answer),
        "{page}"
    );
    assert_eq!(
        world.messages(),
        ["Restart *web*?"],
        "the text is what notifications show"
    );
    assert!(!output.to_string().contains(answer), "{output}");
}

#[tokio::test]
async fn where_no_button_is_enough_the_message_has_the_one_that_opens_the_page() {
    let world = World::new().await;
    world.store_signed();
    world.done(asking(&[])).await;
    let blocks = world.blocks();
    let elements = blocks[1]["elements"].as_array().unwrap();
    assert_eq!(
        (elements.len(), &elements[0]["text"]["text"]),
        (1, &json!("Open the page"))
    );
}

#[tokio::test]
async fn without_a_signing_secret_a_message_about_an_approval_stays_as_it_is() {
    let world = World::new().await;
    world.done(asking(&["restart"])).await;
    assert_eq!(world.blocks(), Value::Null);
}

#[tokio::test]
async fn what_slack_quotes_of_a_message_comes_back_without_what_an_answer_brings_back() {
    let world = World::new().await;
    world.store_signed();
    world.done(asking(&["restart"])).await;
    let answer = world.blocks()[1]["block_id"].as_str().unwrap().to_owned();
    let refusal = json!({"ok": false, "error": format!("bad block {answer}")});
    world.slack.answer_next(vendors::Answer::json(200, refusal));
    let error = world.failed(asking(&["restart"])).await;
    assert!(!error.error_message.contains(&answer), "{}", error.error_message);
}
