//! `/extensions` of the kind Generic V2.

use http::Method;
use jiff::SignedDuration;
use pagerduty_simulator::Seed;
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, column, error, invalid, merge, text};

fn extension(fields: Value) -> Value {
    let mut extension = json!({
        "name": "Pager hook",
        "endpoint_url": "http://receiver.example.com/v2",
        "extension_schema": {"id": "PJFWPEP", "type": "extension_schema_reference"},
        "extension_objects": [{"id": "PWIXJZS", "type": "service_reference"}],
        "config": {"headers": [{"name": "x-api-key", "value": "sesame"}]},
    });
    merge(&mut extension, fields);
    json!({"extension": extension})
}

fn created(desk: &mut Desk) -> Value {
    let (status, body) = desk.post("/extensions", &extension(json!({})));
    assert_eq!(status, 201, "{body}");
    body["extension"].clone()
}

#[test]
fn an_extension_is_created_listed_read_and_deleted() {
    let mut desk = Desk::new();
    let created = created(&mut desk);
    let path = format!("/extensions/{}", text(&created["id"]));

    assert_eq!(desk.get(&path).1["extension"], created);
    assert_eq!(
        column(&desk.get("/extensions").1["extensions"], "/id"),
        [&created["id"]]
    );
    assert_eq!(
        desk.get("/extensions?extension_object_id=PSVC8R2").1["extensions"],
        json!([])
    );
    assert_eq!(desk.delete(&path), (204, Value::Null));
    assert_eq!(desk.get(&path).0, 404);
}

#[rstest]
#[case::name(json!({"name": ""}), invalid("Name cannot be empty."))]
#[case::address(json!({"endpoint_url": "ftp://example.com"}), invalid("endpoint_url must be an http or https URL"))]
#[case::schema(
    json!({"extension_schema": {"id": "PF9KMXH", "type": "extension_schema_reference"}}),
    invalid("extension_schema must be PJFWPEP (Generic V2 Webhook)")
)]
#[case::no_service(json!({"extension_objects": []}), invalid("extension_objects cannot be empty"))]
#[case::unknown_service(
    json!({"extension_objects": [{"id": "PNOSUCH", "type": "service_reference"}]}),
    error("Arguments Caused Error", 2002, &["Service not found"])
)]
fn an_extension_is_checked(#[case] fields: Value, #[case] expected: Value) {
    assert_eq!(Desk::new().post("/extensions", &extension(fields)), (400, expected));
}

#[test]
fn three_refused_webhooks_switch_an_extension_off_until_it_is_enabled() {
    let mut desk = Desk::new();
    let created = created(&mut desk);
    let path = format!("/extensions/{}", text(&created["id"]));
    for _ in 0..3 {
        desk.create(json!({}));
        desk.deliver(410);
    }

    let off = desk.get(&path).1["extension"].clone();
    let (status, on) = desk.send(&desk.request(Method::POST, &format!("{path}/enable")));

    assert_eq!(off["temporarily_disabled"], json!(true));
    assert_eq!(off["temporarily_disabled_until"], "2026-03-02T08:00:00Z");
    assert_eq!((status, &on["extension"]["temporarily_disabled"]), (200, &json!(false)));
}

#[test]
fn a_message_carries_the_full_incident_and_service() {
    let mut desk = Desk::new();
    let extension = created(&mut desk);
    let incident = desk.create(json!({"body": {"type": "incident_body", "details": "host a"}}));

    let parcels = desk.deliver(202);

    let body: Value = serde_json::from_str(&parcels[0].body).unwrap();
    let message = &body["messages"][0];
    assert_eq!((parcels.len(), body["messages"].as_array().unwrap().len()), (1, 1));
    assert_eq!(message["event"], "incident.trigger");
    assert_eq!(message["created_on"], "2026-03-01T08:00:00Z");
    assert_eq!(message["incident"]["id"], incident["id"]);
    assert_eq!(message["incident"]["incident_number"], 1);
    assert_eq!(message["incident"]["service"]["type"], "service");
    assert_eq!(message["incident"]["service"]["status"], "critical");
    for place in ["/metadata", "/service/metadata"] {
        assert_eq!(message["incident"].pointer(place), Some(&json!({})), "{place}");
    }
    for place in [
        "/alert_grouping",
        "/basic_alert_grouping",
        "/service/alert_grouping",
        "/service/alert_grouping_timeout",
    ] {
        assert_eq!(message["incident"].pointer(place), Some(&Value::Null), "{place}");
    }
    assert_eq!(message["webhook"]["id"], extension["id"]);
    assert_eq!(
        message["webhook"]["config"]["headers"],
        json!([{"name": "x-api-key", "value": "sesame"}])
    );
    assert_eq!(message["log_entries"][0]["type"], "trigger_log_entry");
    assert_eq!(message["log_entries"][0]["channel"]["details"], "host a");
}

#[test]
fn a_message_is_not_signed_and_its_id_is_in_the_header() {
    let mut desk = Desk::new();
    created(&mut desk);
    desk.create(json!({}));

    let parcels = desk.deliver(202);

    let body: Value = serde_json::from_str(&parcels[0].body).unwrap();
    let header = |name: &'static str| crate::desk::header(&parcels[0], name);
    assert_eq!(header("x-webhook-id"), body["messages"][0]["id"].as_str());
    assert_eq!(header("user-agent"), Some("PagerDuty-Webhook/V2.0"));
    assert_eq!(header("content-type"), Some("application/json"));
    assert_eq!(header("x-api-key"), Some("sesame"));
    assert_eq!(header("x-pagerduty-signature"), None);
}

#[test]
fn v2_has_its_own_names_for_events_and_knows_fewer() {
    let mut desk = Desk::new();
    created(&mut desk);
    let incident = desk.create(json!({}));
    desk.change(&incident, json!({"priority": "P1"}));
    desk.change(&incident, json!({"status": "acknowledged"}));
    desk.change(&incident, json!({"status": "triggered"}));
    desk.change(&incident, json!({"escalation_level": 2}));
    desk.change(
        &incident,
        json!({"assignments": [{"assignee": {"id": "PUS1A7C", "type": "user_reference"}}]}),
    );
    desk.change(
        &incident,
        json!({"escalation_policy": {"id": "PT31ZQB", "type": "escalation_policy_reference"}}),
    );
    desk.post(
        &format!("/incidents/{}/notes", text(&incident["id"])),
        &json!({"note": {"content": "hm"}}),
    );
    desk.change(&incident, json!({"status": "resolved"}));
    desk.change(&incident, json!({"status": "triggered"}));

    let events: Vec<Value> = desk
        .deliver(202)
        .iter()
        .map(|parcel| serde_json::from_str::<Value>(&parcel.body).unwrap()["messages"][0]["event"].clone())
        .collect();

    assert_eq!(
        events,
        [
            "incident.trigger",
            "incident.acknowledge",
            "incident.unacknowledge",
            "incident.escalate",
            "incident.assign",
            "incident.delegate",
            "incident.annotate",
            "incident.resolve",
        ]
    );
}

#[test]
fn an_extension_is_told_only_of_its_services() {
    let mut desk = Desk::new();
    created(&mut desk);

    desk.create(json!({"service": {"id": "PSVC8R2", "type": "service_reference"}}));

    assert!(desk.deliver(202).is_empty());
}

fn messages(desk: &mut Desk) -> Vec<Value> {
    let parcels = desk.deliver(202);
    let bodies = parcels
        .iter()
        .map(|parcel| serde_json::from_str::<Value>(&parcel.body).unwrap());
    bodies.map(|body| body["messages"][0].clone()).collect()
}

#[test]
fn a_merged_incident_is_resolved_and_says_so() {
    let mut desk = Desk::new();
    let (target, source) = (desk.create(json!({})), desk.create(json!({})));
    created(&mut desk);

    desk.put(
        &format!("/incidents/{}/merge", text(&target["id"])),
        &json!({"source_incidents": [{"id": source["id"], "type": "incident_reference"}]}),
    );

    let messages = messages(&mut desk);
    assert_eq!(messages.len(), 1);
    assert_eq!(
        (&messages[0]["event"], &messages[0]["incident"]["id"]),
        (&json!("incident.resolve"), &source["id"])
    );
    assert_eq!(messages[0]["incident"]["resolve_reason"], "merged");
}

#[test]
fn the_end_of_a_snooze_has_no_agent() {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));
    desk.change(&incident, json!({"status": "acknowledged"}));
    desk.post(
        &format!("/incidents/{}/snooze", text(&incident["id"])),
        &json!({"duration": 60}),
    );
    created(&mut desk);
    desk.wait(SignedDuration::from_secs(60));

    let messages = messages(&mut desk);

    assert_eq!(messages[0]["event"], "incident.unacknowledge");
    assert_eq!(messages[0]["log_entries"][0]["agent"], Value::Null);
}

#[test]
fn an_alert_is_named_with_its_key() {
    let mut desk = Desk::new();
    created(&mut desk);

    desk.post(
        "/v2/enqueue",
        &json!({
            "routing_key": Seed::ROUTING_KEY, "event_action": "trigger", "dedup_key": "disk",
            "payload": {"summary": "Disk full", "source": "db-1", "severity": "critical"},
        }),
    );

    assert_eq!(
        messages(&mut desk)[0]["incident"]["alerts"],
        json!([{"alert_key": "disk"}])
    );
}

#[test]
fn v2_does_not_tell_of_what_only_v3_knows() {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));
    created(&mut desk);

    desk.change(
        &incident,
        json!({"priority": "P1", "incident_type": {"name": "major_incident"}}),
    );
    desk.post(
        &format!("/incidents/{}/status_updates", text(&incident["id"])),
        &json!({"message": "On it"}),
    );

    assert_eq!(messages(&mut desk), [Value::Null; 0]);
}
