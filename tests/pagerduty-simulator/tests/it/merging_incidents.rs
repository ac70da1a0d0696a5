//! `PUT /incidents/{id}/merge`.

use pagerduty_simulator::{EffectKind, Seed};
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, column, error, event, event_types, invalid, text};

fn merge(desk: &mut Desk, target: &Value, sources: &[&Value]) -> (u16, Value) {
    let sources: Vec<Value> = sources
        .iter()
        .map(|source| json!({"id": source["id"], "type": "incident_reference"}))
        .collect();
    desk.put(
        &format!("/incidents/{}/merge", text(&target["id"])),
        &json!({"source_incidents": sources}),
    )
}

/// The incident that an alert with this key opens.
fn alert(desk: &mut Desk, key: &str) -> Value {
    let event = json!({
        "routing_key": Seed::ROUTING_KEY, "event_action": "trigger", "dedup_key": key,
        "payload": {"summary": "Disk full", "source": "db-1", "severity": "critical"},
    });
    assert_eq!(desk.post("/v2/enqueue", &event).0, 202);
    desk.get(&format!("/incidents?incident_key={key}")).1["incidents"][0].clone()
}

#[test]
fn the_target_gets_the_alerts_and_the_sources_are_resolved() {
    let mut desk = Desk::new();
    let target = desk.create(json!({}));
    let (one, other) = (alert(&mut desk, "one"), alert(&mut desk, "other"));

    let (status, body) = merge(&mut desk, &target, &[&one, &other]);

    assert_eq!(status, 200);
    assert_eq!(
        (
            &body["incident"]["id"],
            &body["incident"]["type"],
            body["incident"].get("status")
        ),
        (&target["id"], &json!("incident_reference"), None)
    );
    let (_, alerts) = desk.get(&format!("/incidents/{}/alerts", text(&target["id"])));
    assert_eq!(column(&alerts["alerts"], "/alert_key"), ["one", "other"]);
    let (_, body) = desk.get(&format!("/incidents/{}", text(&one["id"])));
    assert_eq!(body["incident"]["status"], "resolved");
    assert_eq!(body["incident"]["resolve_reason"]["type"], "merge_resolve_reason");
    assert_eq!(body["incident"]["resolve_reason"]["incident"]["id"], target["id"]);
    assert_eq!(desk.pagerduty.effects().last().unwrap().kind, EffectKind::Merge);
}

#[test]
fn a_source_tells_by_webhook_who_merged_it_and_into_what() {
    let mut desk = Desk::new();
    let (target, source) = (desk.create(json!({})), desk.create(json!({})));
    desk.subscribe(json!({"type": "account_reference"}));

    merge(&mut desk, &target, &[&source]);

    let parcels = desk.deliver(202);
    assert_eq!(event_types(&parcels), ["incident.resolved"]);
    let event = event(&parcels[0]);
    assert_eq!(
        (&event["data"]["id"], &event["agent"]["id"]),
        (&source["id"], &json!("PUS1A7C"))
    );
    assert_eq!(event["data"]["resolve_reason"]["type"], "merge_resolve_reason");
    assert_eq!(event["data"]["resolve_reason"]["incident"]["id"], target["id"]);
}

#[test]
fn a_source_that_was_merged_before_is_refused() {
    let mut desk = Desk::new();
    let (target, source) = (desk.create(json!({})), desk.create(json!({})));
    merge(&mut desk, &target, &[&source]);

    let again = merge(&mut desk, &target, &[&source]);

    assert_eq!(again, (400, error("Incident Already Merged", 1019, &[])));
}

#[test]
fn nothing_is_merged_into_a_resolved_incident_or_into_itself() {
    let mut desk = Desk::new();
    let (target, source) = (desk.create(json!({})), desk.create(json!({})));

    assert_eq!(merge(&mut desk, &target, &[&target]).0, 400);
    desk.change(&target, json!({"status": "resolved"}));
    assert_eq!(merge(&mut desk, &target, &[&source]).0, 400);
    let (_, body) = desk.get(&format!("/incidents/{}", text(&source["id"])));
    assert_eq!(body["incident"]["status"], "triggered");
}

#[test]
fn one_unknown_source_is_enough_to_merge_none() {
    let mut desk = Desk::new();
    let (target, source) = (desk.create(json!({})), desk.create(json!({})));

    let (status, body) = merge(&mut desk, &target, &[&source, &json!({"id": "PNOSUCH"})]);

    assert_eq!((status, &body["error"]["code"]), (404, &json!(5001)));
    let (_, body) = desk.get(&format!("/incidents/{}", text(&source["id"])));
    assert_eq!(body["incident"]["status"], "triggered");
}

#[rstest]
#[case::absent(json!({}), "source_incidents cannot be empty")]
#[case::empty(json!({"source_incidents": []}), "source_incidents cannot be empty")]
#[case::no_type(json!({"source_incidents": [{"id": "P1"}]}), "source_incidents must have the type incident_reference")]
fn sources_are_references(#[case] body: Value, #[case] explanation: &str) {
    let mut desk = Desk::new();
    let target = desk.create(json!({}));

    let answer = desk.put(&format!("/incidents/{}/merge", text(&target["id"])), &body);

    assert_eq!(answer, (400, invalid(explanation)));
}

#[test]
fn a_source_that_is_named_twice_is_merged_once() {
    let mut desk = Desk::new();
    let (target, source) = (desk.create(json!({})), desk.create(json!({})));
    desk.subscribe(json!({"type": "account_reference"}));

    let (status, _) = merge(&mut desk, &target, &[&source, &source]);

    assert_eq!(
        (status, event_types(&desk.deliver(202))),
        (200, vec!["incident.resolved".to_owned()])
    );
}
