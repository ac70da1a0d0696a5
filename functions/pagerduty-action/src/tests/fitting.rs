//! What only decorates stops no action: it arrives without it, and the answer says so.

use super::*;
use crate::tests::world::example_with;
use rstest::rstest;
use serde_json::json;

fn body(world: &World) -> Value {
    world.requests().last().unwrap()["body"].clone()
}

#[tokio::test]
async fn an_alert_arrives_whatever_is_wrong_with_what_decorates_it() {
    let world = World::new().await;
    let mut input = example(Action::TriggerAlert);
    input["severity"] = json!("fatal");
    input["dedup_key"] = json!("k".repeat(300));
    input["client"] = json!("Kapacitor");
    input["client_url"] = json!("http://[::]:9092/kapacitor/v1");
    input["links"] =
        json!([{"href": "javascript:alert(1)"}, {"href": "http://prometheus-0:9090/graph"}, {"text": "nowhere"}]);
    input["timestamp"] = json!("just now");
    input["custom_details"] = json!({"firing": "alert line\n".repeat(60_000), "host": "web-1"});

    let output = world.done(&input).await;

    let sent = body(&world);
    assert_eq!(sent["payload"]["severity"], "critical");
    assert_eq!(sent["client_url"], "http://[::]:9092/kapacitor/v1");
    assert_eq!(sent["links"], json!([{"href": "http://prometheus-0:9090/graph"}]));
    assert_eq!(sent["payload"]["timestamp"], Value::Null);
    assert_eq!(sent["payload"]["custom_details"]["host"], "web-1");
    assert!(
        sent["payload"]["custom_details"]["firing"]
            .as_str()
            .unwrap()
            .ends_with("… [cut]")
    );
    assert_eq!(sent["dedup_key"], output["dedup_key"]);
    let adjusted: Vec<&str> = output["adjusted"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for field in [
        "severity",
        "dedup_key",
        "links[0]",
        "links[2]",
        "timestamp",
        "custom_details",
    ] {
        let told = adjusted
            .iter()
            .filter(|said| said.starts_with(&format!("`{field}` was ")))
            .count();
        assert_eq!(told, 1, "{field}: {adjusted:?}");
    }
    assert_eq!(adjusted.len(), 6, "{adjusted:?}");
}

#[tokio::test]
async fn an_alert_of_a_long_key_is_the_same_alert_for_all_three_actions() {
    let world = World::new().await;
    let key = json!("disk of web-1, ".repeat(40));
    let mut sent = Vec::new();
    for action in [Action::TriggerAlert, Action::AcknowledgeAlert, Action::ResolveAlert] {
        world.done(&example_with(action, "dedup_key", key.clone())).await;
        sent.push(body(&world)["dedup_key"].clone());
    }
    assert_eq!(sent, vec![sent[0].clone(); 3]);
    assert!(sent[0].as_str().unwrap().starts_with("disk of web-1, disk"));
}

#[rstest]
#[case::note_is_cut(Action::AddNote, "note", json!("😀\n".repeat(20_000)), "`note` was cut: it is longer than 65000 bytes")]
#[case::title_is_cut(Action::UpdateIncident, "title", json!("x".repeat(2_000)), "`title` was cut: it is longer than 1024 characters")]
#[case::people_are_asked(
    Action::AddResponders, "message", json!(" "), "`message` was replaced by `Please help with this incident.`: it is empty"
)]
#[case::limit(Action::ListIncidents, "limit", json!(101), "`limit` was left out: it must be a whole number from 1 to 100")]
#[case::t3_from(
    Action::GetIncident, "from", json!("a@b.c\r\nX-Evil: 1"),
    "`from` was left out: it must be the e-mail address by which a user logs in to PagerDuty"
)]
#[case::p1_requester(
    Action::AddResponders, "requester", json!("../../users"),
    "`requester` was left out: it must be the id of a thing in PagerDuty, such as `PWIXJZS`: letters and digits only"
)]
#[case::no_list(
    Action::SendChangeEvent, "links", json!("https://example.com"), "`links` was left out: it is text, but must be a list of maps"
)]
#[tokio::test]
async fn what_decorates_is_made_to_fit_and_the_answer_says_so(
    #[case] action: Action,
    #[case] field: &str,
    #[case] value: Value,
    #[case] sentence: &str,
) {
    let world = World::for_action(action).await;

    let output = world.done(&example_with(action, field, value)).await;

    assert_eq!(output["adjusted"], json!([sentence]));
}

#[tokio::test]
async fn where_nothing_was_changed_the_answer_says_nothing_of_it() {
    for action in actions() {
        let world = World::for_action(action).await;
        assert_eq!(world.done(&example(action)).await.get("adjusted"), None, "{action}");
    }
}
