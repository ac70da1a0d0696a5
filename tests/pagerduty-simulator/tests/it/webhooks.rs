//! What V3 webhooks say, and to whom.

use jiff::SignedDuration;
use pagerduty_simulator::{Parcel, Secret, ServiceId, Trigger, sign};
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, MANAGER, event, event_types, header, text};

fn account() -> Value {
    json!({"type": "account_reference"})
}

fn only(parcels: Vec<Parcel>) -> Parcel {
    let [parcel] = <[Parcel; 1]>::try_from(parcels).unwrap();
    parcel
}

#[test]
fn a_new_incident_is_told_in_one_event() {
    let mut desk = Desk::new();
    desk.subscribe(account());
    let incident = desk.create(
        json!({"incident_key": "run-1", "urgency": "low", "priority": {"id": "PPRI1P1", "type": "priority_reference"}}),
    );

    let event = event(&only(desk.deliver(202)));

    assert_eq!(event["event_type"], "incident.triggered");
    assert_eq!(event["resource_type"], "incident");
    assert_eq!(event["occurred_at"], "2026-03-01T08:00:00.000Z");
    assert_eq!(event["agent"]["id"], "PUS1A7C");
    assert_eq!(event["agent"]["type"], "user_reference");
    assert_eq!(event["client"], Value::Null);
    let data = &event["data"];
    assert_eq!(data["type"], "incident");
    assert_eq!(data["id"], incident["id"]);
    assert_eq!(data["number"], 1);
    assert_eq!(data["status"], "triggered");
    assert_eq!(data["incident_key"], "run-1");
    assert_eq!(data["created_at"], "2026-03-01T08:00:00Z");
    assert_eq!(data["reopened_at"], Value::Null);
    assert_eq!(data["title"], "Memory at 97 %");
    assert_eq!(data["service"]["summary"], "CloudWatch-Memory-Alert");
    assert_eq!(data["assignees"][0]["id"], "PUS1A7C");
    assert_eq!(data["escalation_policy"]["id"], "PT20YPA");
    assert_eq!(data["teams"][0]["id"], "PGT4K7L");
    assert_eq!(data["priority"]["type"], "priority_reference");
    assert_eq!(data["urgency"], "low");
    assert_eq!(data["conference_bridge"], Value::Null);
    assert_eq!(data["resolve_reason"], Value::Null);
    assert_eq!(data["incident_type"], json!({"name": "incident_default"}));
    assert!(data.get("incident_number").is_none() && data.get("body").is_none());
}

#[test]
fn a_webhook_has_pagerdutys_headers_and_the_subscriptions_own() {
    let mut desk = Desk::new();
    let subscription = desk.subscribe(account());
    desk.create(json!({}));

    let parcel = only(desk.deliver(202));

    assert_eq!(header(&parcel, "content-type"), Some("application/json"));
    assert_eq!(header(&parcel, "accept"), Some("application/json"));
    assert_eq!(header(&parcel, "user-agent"), Some("PagerDuty-Webhook/V3.0"));
    assert_eq!(header(&parcel, "x-webhook-id"), Some(parcel.webhook.as_str()));
    assert_eq!(header(&parcel, "x-webhook-subscription"), subscription["id"].as_str());
    assert_eq!(header(&parcel, "x-api-key"), Some("sesame"));
    assert_eq!(parcel.url, "http://receiver.example.com/hook");
}

#[test]
fn a_webhook_is_signed_with_its_subscriptions_secret() {
    let mut desk = Desk::new();
    let secrets = [desk.subscribe(account()), desk.subscribe(account())]
        .map(|subscription| Secret::new(text(&subscription["delivery_method"]["secret"])));
    desk.create(json!({}));

    let parcels = desk.deliver(202);

    let signatures: Vec<_> = parcels
        .iter()
        .map(|parcel| header(parcel, "x-pagerduty-signature"))
        .collect();
    let expected = [0, 1].map(|index| sign(&secrets[index], parcels[index].body.as_bytes()));
    assert_eq!(signatures, [Some(expected[0].as_str()), Some(expected[1].as_str())]);
    assert_ne!(expected[0], expected[1]);
}

#[test]
fn two_subscriptions_get_the_same_event_in_webhooks_of_their_own() {
    let mut desk = Desk::new();
    desk.subscribe(account());
    desk.subscribe(json!({"type": "service_reference", "id": "PWIXJZS"}));
    desk.create(json!({}));

    let parcels = desk.deliver(202);

    assert_eq!(parcels[0].body, parcels[1].body);
    assert_ne!(parcels[0].webhook, parcels[1].webhook);
}

#[rstest]
#[case::account(json!({"type": "account_reference"}), 2)]
#[case::service(json!({"type": "service_reference", "id": "PSVC8R2"}), 1)]
#[case::other_service(json!({"type": "service_reference", "id": "PSVC5M4"}), 0)]
#[case::team(json!({"type": "team_reference", "id": "PGT9S2M"}), 1)]
fn a_subscription_is_told_of_its_scope(#[case] filter: Value, #[case] expected: usize) {
    let mut desk = Desk::new();
    desk.subscribe(filter);
    desk.create(json!({}));
    desk.create(json!({"service": {"id": "PSVC8R2", "type": "service_reference"}}));

    assert_eq!(desk.deliver(202).len(), expected);
}

#[rstest]
#[case::acknowledge(&[json!({"status": "acknowledged"})], &["incident.acknowledged"])]
#[case::unacknowledge(
    &[json!({"status": "acknowledged"}), json!({"status": "triggered"})],
    &["incident.acknowledged", "incident.unacknowledged"]
)]
#[case::resolve(&[json!({"status": "resolved"})], &["incident.resolved"])]
#[case::reopen(
    &[json!({"status": "resolved"}), json!({"status": "acknowledged"})],
    &["incident.resolved", "incident.reopened", "incident.acknowledged"]
)]
#[case::escalate(&[json!({"escalation_level": 2})], &["incident.escalated"])]
#[case::delegate(
    &[json!({"escalation_policy": {"id": "PT31ZQB", "type": "escalation_policy_reference"}})],
    &["incident.delegated"]
)]
#[case::reassign(
    &[json!({"assignments": [{"assignee": {"id": "PUS2B8D", "type": "user_reference"}}]})],
    &["incident.reassigned"]
)]
#[case::priority(&[json!({"priority": "P2"})], &["incident.priority_updated"])]
#[case::the_same_priority_again(
    &[json!({"priority": "P2"}), json!({"priority": "P2"})],
    &["incident.priority_updated"]
)]
#[case::title_and_urgency(&[json!({"title": "New", "urgency": "low"})], &[])]
#[case::already_triggered(&[json!({"status": "triggered"})], &[])]
fn a_change_is_told(#[case] changes: &[Value], #[case] expected: &[&str]) {
    let mut desk = Desk::new();
    desk.subscribe(account());
    let incident = desk.create(json!({}));
    desk.deliver(202);

    for change in changes {
        desk.change(&incident, change.clone());
    }

    assert_eq!(event_types(&desk.deliver(202)), expected);
}

#[test]
fn each_event_shows_the_incident_as_it_was_then() {
    let mut desk = Desk::new();
    desk.subscribe(account());
    desk.create(json!({"assignments": [{"assignee": {"id": "PUS1A7C", "type": "user_reference"}}]}));

    let events: Vec<Value> = desk.deliver(202).iter().map(event).collect();

    assert_eq!(events[0]["event_type"], "incident.triggered");
    assert_eq!(events[0]["data"]["status"], "triggered");
    assert_eq!(events[1]["event_type"], "incident.acknowledged");
    assert_eq!(events[1]["data"]["status"], "acknowledged");
}

#[test]
fn a_reopened_incident_says_since_when() {
    let mut desk = Desk::new();
    desk.subscribe(account());
    let incident = desk.create(json!({}));
    desk.change(&incident, json!({"status": "resolved"}));
    desk.deliver(202);
    desk.wait(SignedDuration::from_secs(30));
    desk.change(&incident, json!({"status": "triggered"}));

    let event = event(&only(desk.deliver(202)));

    assert_eq!(event["event_type"], "incident.reopened");
    assert_eq!(event["data"]["reopened_at"], "2026-03-01T08:00:30Z");
    assert_eq!(event["data"]["created_at"], "2026-03-01T08:00:00Z");
}

#[test]
fn a_resolved_incident_has_no_assignees() {
    let mut desk = Desk::new();
    desk.subscribe(account());
    let incident = desk.create(json!({}));
    desk.deliver(202);
    desk = desk.from(MANAGER);
    desk.change(&incident, json!({"status": "resolved", "resolution": "restarted"}));

    let event = event(&only(desk.deliver(202)));

    assert_eq!(event["data"]["assignees"], json!([]));
    assert_eq!(event["agent"]["id"], "PUS2B8D");
    assert!(!event.to_string().contains("restarted"), "a resolution is not told");
}

#[rstest]
#[case::short("Looking into it", 15, false)]
#[case::long(&"é".repeat(20_001), 20_000, true)]
fn a_note_is_told_and_cut_when_it_is_long(#[case] content: &str, #[case] characters: usize, #[case] trimmed: bool) {
    let mut desk = Desk::new();
    desk.subscribe(account());
    let incident = desk.create(json!({}));
    desk.deliver(202);
    let (_, note) = desk.post(
        &format!("/incidents/{}/notes", text(&incident["id"])),
        &json!({"note": {"content": content}}),
    );

    let event = event(&only(desk.deliver(202)));

    assert_eq!(event["event_type"], "incident.annotated");
    assert_eq!(event["data"]["type"], "incident_note");
    assert_eq!(event["data"]["id"], note["note"]["id"]);
    assert_eq!(event["data"]["incident"]["id"], incident["id"]);
    assert_eq!(event["data"]["incident"]["summary"], "Memory at 97 %");
    assert_eq!(text(&event["data"]["content"]).chars().count(), characters);
    assert_eq!(event["data"]["trimmed"], json!(trimmed));
}

#[test]
fn an_incident_of_a_monitoring_tool_has_no_key_and_another_agent() {
    let mut desk = Desk::new();
    desk.subscribe(account());
    let mut trigger = Trigger::new("Disk full", ServiceId::new("PWIXJZS"));
    trigger.key = Some("disk-a".to_owned());
    let opened = desk.pagerduty.trigger(trigger, desk.now).unwrap();

    let event = event(&only(desk.deliver(202)));

    assert_eq!(event["data"]["incident_key"], Value::Null);
    assert_eq!(event["agent"]["type"], "inbound_integration_reference");
    assert_eq!(event["client"]["name"], "CloudWatch");
    assert_eq!(opened["incident"]["incident_key"], "disk-a");
    assert_eq!(
        opened["incident"]["alert_counts"],
        json!({"all": 1, "triggered": 1, "resolved": 0})
    );
}

#[test]
fn an_incident_of_a_person_has_a_key_and_that_person_as_agent() {
    let mut desk = Desk::new();
    desk.subscribe(account());
    let mut trigger = Trigger::new("Strange noises", ServiceId::new("PWIXJZS"));
    trigger.from = Some(MANAGER.to_owned());
    desk.pagerduty.trigger(trigger, desk.now).unwrap();

    let event = event(&only(desk.deliver(202)));

    assert_eq!(text(&event["data"]["incident_key"]).len(), 32);
    assert_eq!(event["agent"]["id"], "PUS2B8D");
    assert_eq!(event["client"], Value::Null);
}

#[rstest]
#[case::no_title(" ", "PWIXJZS", None, 2001)]
#[case::unknown_service("Disk full", "PNOSUCH", None, 2002)]
#[case::service_out_of_use("Disk full", "PSVC3D1", None, 2001)]
#[case::unknown_person("Disk full", "PWIXJZS", Some("nobody@example.com"), 1008)]
fn nobody_opens_an_incident_against_the_rules(
    #[case] title: &str,
    #[case] service: &str,
    #[case] from: Option<&str>,
    #[case] code: u32,
) {
    let mut desk = Desk::new();
    let mut trigger = Trigger::new(title, ServiceId::new(service));
    trigger.from = from.map(str::to_owned);

    let refusal = desk.pagerduty.trigger(trigger, desk.now).unwrap_err();

    assert_eq!(refusal.code(), code);
}
