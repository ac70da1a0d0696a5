use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::slack::{Slack, TOKEN};

pub(crate) const SECRET: &str = TOKEN;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("xoxb-another-token", "Unauthorized"));

pub(crate) async fn contract(secret: &str) -> Contract<Slack> {
    Contract::start("slack", Slack::default(), &[], secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("test_token", json!({}))
}

pub(crate) async fn every_action(slack: &Contract<Slack>) {
    assert_eq!(slack.perform("test_token", json!({})).await["team"], "Acme");

    let blocks = json!([{"type": "section", "text": {"type": "mrkdwn", "text": "*down*"}}]);
    let posted = slack
        .perform("post_message", json!({"channel": "C1", "text": "a \"quoted\" {{ text }}\n<&>", "blocks": blocks, "unfurl_links": false}))
        .await;
    let ts = posted["ts"].clone();
    let message = slack.server.vendor(|slack| slack.messages[0].clone());
    assert_eq!(message["text"], "a \"quoted\" {{ text }}\n<&>");
    assert_eq!((&message["blocks"], &message["unfurl_links"]), (&blocks, &json!(false)));

    slack.perform("reply", json!({"channel": "C1", "thread": ts, "text": "Looking."})).await;
    let reply = slack.server.vendor(|slack| slack.messages[1].clone());
    assert_eq!(reply["thread_ts"], ts);
    assert!(reply.get("blocks").is_none(), "what is left out is not sent: {reply}");

    slack.perform("update_message", json!({"channel": "C1", "ts": ts, "text": "Resolved."})).await;
    // The second one is there already, which is no failure.
    for _ in 0..2 {
        slack.perform("add_reaction", json!({"channel": "C1", "ts": ts, "emoji": "eyes"})).await;
    }
    let message = slack.server.vendor(|slack| slack.messages[0].clone());
    assert_eq!((&message["text"], &message["reactions"]), (&json!("Resolved."), &json!(["eyes"])));

    let opened = slack.perform("open_channel", json!({"name": "inc-7", "private": true})).await;
    let channel = opened["id"].clone();
    assert_eq!(opened["name"], "inc-7");
    let user = slack.perform("find_user_by_email", json!({"email": "jane@example.com"})).await;
    for _ in 0..2 {
        slack.perform("invite", json!({"channel": channel, "user": user["id"]})).await;
    }
    slack.perform("set_topic", json!({"channel": channel, "topic": "acknowledged"})).await;
    for _ in 0..2 {
        slack.perform("archive_channel", json!({"channel": channel})).await;
    }
    let made = slack.server.vendor(|slack| slack.channels.last().cloned().unwrap());
    assert_eq!((&made["members"], &made["topic"]["value"], &made["is_archived"]), (&json!(["U1"]), &json!("acknowledged"), &json!(true)));

    // 250 of them, which are two pages; the archived one is not among them.
    let channels = slack.perform("list_channels", json!({})).await;
    assert_eq!(channels["channels"].as_array().unwrap().len(), 250);
    assert_eq!(slack.perform("list_users", json!({})).await["users"][1]["name"], "joe");

    let reply = json!({"channel": "C2", "thread": "1", "text": "All.", "blocks": blocks, "broadcast": true});
    slack.perform("reply", reply).await;
    let reply = slack.server.vendor(|slack| slack.messages[2].clone());
    assert_eq!((&reply["blocks"], &reply["reply_broadcast"]), (&blocks, &json!(true)));
    slack.perform("update_message", json!({"channel": "C2", "ts": reply["ts"], "text": "New.", "blocks": []})).await;
    assert_eq!(slack.server.vendor(|slack| slack.messages[2]["blocks"].clone()), json!([]));
    slack.perform("list_channels", json!({"types": "public_channel"})).await;
    assert_eq!(slack.server.requests().last().unwrap().query("types"), Some("public_channel"));
}

#[tokio::test]
async fn errors_in_a_200_have_slacks_names() {
    let slack = contract(SECRET).await;
    let post = json!({"channel": "C999", "text": "down"});
    slack.refused("post_message", post).await.is("NotFound", "channel_not_found");
    slack.refused("open_channel", json!({"name": "incidents"})).await.is("InvalidRequest", "name_taken");
    slack.refused("find_user_by_email", json!({"email": "nobody@example.com"})).await.is("NotFound", "users_not_found");
    slack.refused("invite", json!({"channel": "C1", "user": "U999"})).await.is("NotFound", "user_not_found");
}

#[tokio::test]
async fn an_error_of_slacks_own_leaves_open_whether_it_was_done() {
    let slack = contract(SECRET).await;
    slack.server.answer_next(vendors::Answer::json(200, json!({"ok": false, "error": "fatal_error"})));
    slack.refused("post_message", json!({"channel": "C1", "text": "down"})).await.is("OutcomeUnknown", "fatal_error");
}
