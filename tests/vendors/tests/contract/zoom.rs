use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::zoom::{ACCOUNT, CLIENT, SECRET as CLIENT_SECRET, Zoom};

pub(crate) const SECRET: &str = CLIENT_SECRET;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("another-client-secret", "Unauthorized"));

pub(crate) async fn contract(secret: &str) -> Contract<Zoom> {
    let fields = [("account_id", ACCOUNT), ("client_id", CLIENT)];
    Contract::start("zoom", Zoom::default(), &fields, secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("list_users", json!({}))
}

pub(crate) async fn every_action(zoom: &Contract<Zoom>) {
    let users = zoom.perform("list_users", json!({})).await;
    assert_eq!(users["users"].as_array().unwrap().len(), 310);

    let input = json!({"user": "oncall@acme.example", "topic": "Checkout is down", "record": "cloud"});
    let made = zoom.perform("create_meeting", input).await;
    let meeting = json!({"meeting": made["id"]});
    let kept = zoom.server.vendor(|zoom| zoom.meetings[0].clone());
    assert_eq!((&kept["settings"]["auto_recording"], &kept["duration"]), (&json!("cloud"), &json!(60)));
    assert_eq!(zoom.perform("get_meeting", meeting.clone()).await["join_url"], made["join_url"]);
    zoom.perform("end_meeting", meeting.clone()).await;
    assert_eq!(zoom.server.vendor(|zoom| zoom.meetings[0]["ended"].clone()), true);
    zoom.perform("delete_meeting", meeting.clone()).await;
    zoom.refused("get_meeting", meeting).await.is("NotFound", "Meeting does not exist");
    assert_eq!(zoom.server.vendor(|zoom| zoom.tokens), 1, "one access token does for all");

    let input = json!({"user": "oncall@acme.example", "topic": "Down", "agenda": "Get it up.", "duration": 30});
    zoom.perform("create_meeting", input).await;
    let kept = zoom.server.vendor(|zoom| zoom.meetings[0].clone());
    assert_eq!((&kept["agenda"], &kept["duration"]), (&json!("Get it up."), &json!(30)));
}

#[tokio::test]
async fn an_access_token_that_was_revoked_is_bought_anew() {
    let zoom = contract(SECRET).await;
    zoom.perform("list_users", json!({})).await;
    zoom.server.vendor(|zoom| zoom.tokens += 1);
    zoom.perform("list_users", json!({})).await;
    assert_eq!(zoom.server.vendor(|zoom| zoom.tokens), 3);
}

#[tokio::test]
async fn a_user_that_is_not_there_is_not_found() {
    let zoom = contract(SECRET).await;
    let input = json!({"user": "none@acme.example", "topic": "Down"});
    zoom.refused("create_meeting", input).await.is("NotFound", "User does not exist");
}
