use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::{
    Answer,
    statuspage::{KEY, Statuspage},
};

pub(crate) const SECRET: &str = KEY;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("another-key", "Unauthorized"));

pub(crate) async fn contract(secret: &str) -> Contract<Statuspage> {
    Contract::start("statuspage", Statuspage::default(), &[("page", "kctbh9vrtdwd")], secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("list_components", json!({}))
}

pub(crate) async fn every_action(statuspage: &Contract<Statuspage>) {
    let components = statuspage.perform("list_components", json!({})).await;
    assert_eq!(components["components"].as_array().unwrap().len(), 120);

    let input = json!({"name": "Checkout is slow", "text": "We look into it.", "components": {"ftgks51sfs2d": "degraded_performance"}});
    let made = statuspage.attempt("create_incident", input.clone(), "key-1", 1).await.unwrap();
    let incident = statuspage.server.vendor(|statuspage| statuspage.incidents[0].clone());
    assert_eq!((&incident["status"], &incident["component_ids"]), (&json!("investigating"), &json!(["ftgks51sfs2d"])));
    assert_eq!(incident["incident_updates"][0]["body"], "We look into it.");
    // Another one, in front of it.
    statuspage.perform("create_incident", json!({"name": "Search is slow"})).await;

    let found = statuspage.attempt("create_incident", input, "key-1", 2).await.unwrap();
    assert_eq!(found, made, "a repeat finds what was made");
    assert_eq!(statuspage.server.vendor(|statuspage| statuspage.incidents.len()), 2);
    assert_eq!(statuspage.attempt("find_by_key", json!({}), "key-1", 1).await.unwrap(), made);

    let id = made["id"].clone();
    let update = json!({"incident": id, "status": "resolved", "text": "Back to normal.", "notify": false});
    assert_eq!(statuspage.perform("update_incident", update).await["status"], "resolved");
    assert_eq!(statuspage.perform("get_incident", json!({"incident": id})).await["name"], "Checkout is slow");
    let open = statuspage.perform("list_unresolved_incidents", json!({})).await;
    assert_eq!(open["incidents"].as_array().unwrap().len(), 1);
    statuspage.perform("update_component", json!({"component": "ftgks51sfs2d", "status": "major_outage"})).await;
    assert_eq!(statuspage.server.vendor(|statuspage| statuspage.components[0]["status"].clone()), "major_outage");

    let input = json!({"name": "Payments fail", "status": "identified", "impact": "critical", "notify": false});
    let made = statuspage.perform("create_incident", input).await;
    let incident = statuspage.server.vendor(|statuspage| statuspage.incidents[0].clone());
    assert_eq!((&incident["status"], &incident["impact"]), (&json!("identified"), &json!("critical")));
    assert_eq!(incident["incident_updates"][0]["deliver_notifications"], false);
    let update = json!({"incident": made["id"], "impact": "minor", "components": {"ftgks51sfs2d": "operational"}});
    statuspage.perform("update_incident", update).await;
    assert_eq!(statuspage.server.vendor(|statuspage| statuspage.incidents[0]["impact"].clone()), "minor");
}

#[tokio::test]
async fn what_statuspage_refuses_is_told_in_its_words() {
    let statuspage = contract(SECRET).await;
    let input = json!({"name": "Slow", "components": {"ftgks51sfs2d": "on_fire"}});
    statuspage.refused("create_incident", input).await.is("InvalidRequest", "Component status is not included in the list");
    statuspage.refused("get_incident", json!({"incident": "none"})).await.is("NotFound", "could not be found");
}

#[tokio::test]
async fn both_statuses_for_too_many_requests_are_known() {
    let statuspage = contract(SECRET).await;
    statuspage.server.answer_next(Answer::json(429, json!({"error": "Too many requests"})));
    statuspage.refused("list_components", json!({})).await.is("RateLimited", "Too many requests");
}
