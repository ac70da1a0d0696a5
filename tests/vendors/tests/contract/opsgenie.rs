use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::opsgenie::{KEY, Opsgenie};

pub(crate) const SECRET: &str = KEY;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("another-key", "Unauthorized"));

pub(crate) async fn contract(secret: &str) -> Contract<Opsgenie> {
    Contract::start("opsgenie", Opsgenie::default(), &[("host", "api.eu.opsgenie.com")], secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("test_key", json!({}))
}

pub(crate) async fn every_action(opsgenie: &Contract<Opsgenie>) {
    opsgenie.perform("test_key", json!({})).await;
    let input = json!({"message": "Checkout is down", "priority": "P1", "responders": [{"type": "team", "name": "Database"}]});
    let made = opsgenie.attempt("create_alert", input.clone(), "key-1", 1).await.unwrap();
    assert_eq!(made["alias"], "key-1");
    let again = opsgenie.attempt("create_alert", input, "key-1", 2).await.unwrap();
    assert_eq!(again["alias"], "key-1");
    assert_eq!(opsgenie.server.vendor(|opsgenie| opsgenie.alerts.len()), 1, "a repeat makes no second alert");

    opsgenie.perform("create_alert", json!({"message": "Search is down", "alias": "search"})).await;
    opsgenie.perform("acknowledge_alert", json!({"alert": "search"})).await;
    opsgenie.perform("add_note", json!({"alert": "search", "text": "Looking."})).await;
    let alert = opsgenie.perform("get_alert", json!({"alert": "search"})).await;
    assert_eq!((&alert["status"], &alert["acknowledged"]), (&json!("open"), &json!(true)));
    opsgenie.perform("close_alert", json!({"alert": alert["id"], "by": "id"})).await;
    let kept = opsgenie.server.vendor(|opsgenie| opsgenie.alerts[0].clone());
    assert_eq!((&kept["status"], &kept["notes"]), (&json!("closed"), &json!(["Looking."])));
    let open = opsgenie.perform("list_alerts", json!({"query": "status: open"})).await;
    assert_eq!(open["alerts"].as_array().unwrap().len(), 1);
    for number in 0..120 {
        opsgenie.perform("create_alert", json!({"message": format!("Alert {number}")})).await;
    }
    let all = opsgenie.perform("list_alerts", json!({})).await;
    assert_eq!(all["alerts"].as_array().unwrap().len(), 122);

    let input = json!({"message": "Down", "alias": "full", "description": "Since 8.", "tags": ["checkout"], "details": {"region": "eu"}});
    opsgenie.perform("create_alert", input).await;
    let kept = opsgenie.server.vendor(|opsgenie| opsgenie.alerts[0].clone());
    assert_eq!(opsgenie.perform("get_alert", json!({"alert": kept["id"], "by": "id"})).await["id"], kept["id"]);
    opsgenie.perform("acknowledge_alert", json!({"alert": kept["id"], "by": "id"})).await;
    opsgenie.perform("add_note", json!({"alert": kept["id"], "by": "id", "text": "Seen."})).await;
    let kept = opsgenie.server.vendor(|opsgenie| opsgenie.alerts[0].clone());
    assert_eq!((&kept["acknowledged"], &kept["notes"]), (&json!(true), &json!(["Seen."])));
}

#[tokio::test]
async fn what_opsgenie_refuses_is_told_in_its_words() {
    let opsgenie = contract(SECRET).await;
    let input = json!({"message": "Down", "responders": [{"name": "Database"}]});
    opsgenie.refused("create_alert", input).await.is("InvalidRequest", "responders: Responders must have a type");
    opsgenie.refused("get_alert", json!({"alert": "none"})).await.is("NotFound", "Alert does not exist");
}
