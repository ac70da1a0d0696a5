use proptest::prelude::*;
use rstest::rstest;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::*;
use crate::ids::EventId;

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/", $name))
    };
}

const TRIGGERED: &str = sample!("pagerduty/webhook-v3-incident-triggered.json");
const RESOLVED: &str = sample!("pagerduty/webhook-v3-incident-resolved.json");
const ANNOTATED: &str = sample!("pagerduty/webhook-v3-incident-annotated.json");
const PING: &str = sample!("pagerduty/webhook-v3-ping.json");
const V2_TRIGGER: &str = sample!("pagerduty/webhook-v2-incident-trigger.json");
const V1: &str = r#"{"messages": [{"type": "incident.trigger", "data": {"incident": {"id": "PINC001"}}}]}"#;

fn v3(body: &Value) -> Result<Event, Unreadable> {
    v3::parse(body.to_string().as_bytes())
}

fn v2(body: &Value) -> v2::Messages {
    v2::parse(body.to_string().as_bytes()).unwrap()
}

/// The reason a V2 delivery was not read as a whole.
fn unreadable(body: &[u8]) -> Unreadable {
    match v2::parse(body) {
        Ok(messages) => messages.unreadable.unwrap(),
        Err(unreadable) => unreadable,
    }
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn only(messages: v2::Messages) -> v2::Message {
    assert_eq!(messages.unreadable, None);
    let [message] = messages.read.try_into().unwrap();
    message
}

// --- V3 ---

#[test]
fn a_triggered_incident_is_told_in_full() {
    let event = v3::parse(TRIGGERED.as_bytes()).unwrap();

    let reference = |kind: &str, id: &str, summary: &str, html_url: Value, self_url: &str| json!({"id": id, "type": kind, "summary": summary, "html_url": html_url, "self_url": self_url});
    let mut told = serde_json::to_value(&event).unwrap();
    assert_eq!(told["data"].take(), value(TRIGGERED)["event"]["data"]);
    assert_eq!(
        told,
        json!({
            "id": "01EXAMPLETRIGGERED00000001",
            "type": "incident.triggered",
            "resource_type": "incident",
            "occurred_at": "2099-11-20T09:30:00.482Z",
            "agent": reference("inbound_integration_reference", "PINTEG1", "Amazon CloudWatch", Value::Null,
                "https://api.pagerduty.com/services/PSVCWEB/integrations/PINTEG1"),
            "client": {"name": "Amazon CloudWatch", "url": "https://console.example.com/alarms/memory-web-1"},
            "incident": {
                "id": "Q1MEMORYALERT1",
                "number": 1207,
                "title": "Memory above 90 % on web-1",
                "status": "triggered",
                "urgency": "high",
                "incident_key": "memory-web-1",
                "created_at": "2026-11-20T09:30:00Z",
                "html_url": "https://acme.pagerduty.com/incidents/Q1MEMORYALERT1",
                "service": reference("service_reference", "PSVCWEB", "CloudWatch-Memory-Alert",
                    json!("https://acme.pagerduty.com/service-directory/PSVCWEB"),
                    "https://api.pagerduty.com/services/PSVCWEB"),
                "escalation_policy": reference("escalation_policy_reference", "PEPOL01", "Platform on call",
                    json!("https://acme.pagerduty.com/escalation_policies/PEPOL01"),
                    "https://api.pagerduty.com/escalation_policies/PEPOL01"),
                "priority": reference("priority_reference", "PPRIO02", "P2",
                    json!("https://acme.pagerduty.com/account/incident_priorities"),
                    "https://api.pagerduty.com/priorities/PPRIO02"),
                "teams": [reference("team_reference", "PTEAM01", "Platform",
                    json!("https://acme.pagerduty.com/teams/PTEAM01"),
                    "https://api.pagerduty.com/teams/PTEAM01")],
                "assignees": [reference("user_reference", "PUSER01", "Ada Example",
                    json!("https://acme.pagerduty.com/users/PUSER01"),
                    "https://api.pagerduty.com/users/PUSER01")],
                "resolve_reason": null,
            },
            "note": null,
            "data": null,
        })
    );
}

#[test]
fn a_resolved_incident_has_nobody_assigned() {
    let incident = v3::parse(RESOLVED.as_bytes()).unwrap().incident.unwrap();

    assert_eq!(incident.assignees, Some(vec![]));
    assert_eq!(incident.status.unwrap().as_str(), "resolved");
}

#[test]
fn a_note_points_at_its_incident_and_what_it_does_not_tell_is_null() {
    let event = v3::parse(ANNOTATED.as_bytes()).unwrap();

    assert_eq!(event.note.as_deref(), Some("Restarted the worker on web-1."));
    assert_eq!(
        serde_json::to_value(event.incident).unwrap(),
        json!({
            "id": "Q1MEMORYALERT1", "title": "Memory above 90 % on web-1",
            "html_url": "https://acme.pagerduty.com/incidents/Q1MEMORYALERT1",
            "number": null, "status": null, "urgency": null, "incident_key": null, "created_at": null, "service": null,
            "escalation_policy": null, "priority": null, "teams": null, "assignees": null, "resolve_reason": null,
        })
    );
}

#[test]
fn a_ping_is_recognised_and_has_no_incident() {
    let ping = v3::parse(PING.as_bytes()).unwrap();

    assert!(ping.is_ping());
    assert_eq!((ping.agent, ping.client, ping.incident), (None, None, None));
    assert!(!v3::parse(RESOLVED.as_bytes()).unwrap().is_ping());
}

#[test]
fn the_incident_of_a_role_assignment_is_found_in_its_list() {
    let event = v3(
        &json!({"event": {"id": "1", "event_type": "incident.role.assigned", "data": {
            "type": "incident_role_assignment",
            "incident_role_assignments": [{"id": "R1", "incident": {"id": "PINC001", "summary": "Disk full"}}],
        }}}),
    )
    .unwrap();

    assert_eq!(event.incident.unwrap().id.as_str(), "PINC001");
}

#[rstest]
#[case::service(json!({"id": "PSVC001", "type": "service"}))]
#[case::no_assignments(json!({"type": "incident_role_assignment", "incident_role_assignments": []}))]
#[case::reference_without_an_id(json!({"type": "incident_note", "incident": {"id": null}}))]
#[case::null(Value::Null)]
#[case::text(json!("surprise"))]
#[case::type_of_another_kind(json!({"id": "PINC001", "type": 7}))]
fn an_event_about_something_else_has_no_incident(#[case] data: Value) {
    let event = v3(&json!({"event": {"id": "1", "event_type": "service.updated", "data": data}})).unwrap();

    assert_eq!((event.incident, event.data), (None, data));
}

/// The data of each type, as PagerDuty's documentation of V3 webhooks tells its fields. All of them are about `Q1`.
fn data_of(data_type: &str) -> Value {
    let pointer = |kind: &str, id: &str| {
        json!({"id": id, "type": kind, "summary": "of an example", "html_url": null,
               "self": format!("https://api.pagerduty.com/{kind}/{id}")})
    };
    let incident = pointer("incident_reference", "Q1");
    let user = pointer("user_reference", "PUSER01");
    let field = |value: Value| {
        json!({"id": "PFIELD1", "type": "field_value", "name": "region", "data_type": "string",
               "field_type": "single_value", "value": value})
    };
    match data_type {
        "incident" => json!({"id": "Q1", "type": data_type, "number": 7, "title": "Disk full", "status": "triggered",
            "urgency": "low", "service": pointer("service_reference", "PSVC001"), "assignees": [user], "teams": [],
            "escalation_policy": pointer("escalation_policy_reference", "PEPOL01"), "priority": null,
            "conference_bridge": null, "resolve_reason": null, "incident_type": {"name": "incident_default"}}),
        "incident_note" | "incident_status_update" => json!({"incident": incident, "id": "PNOTE01", "type": data_type,
            "content": "Looking into it", "message": "We are on it", "trimmed": false}),
        "incident_conference_bridge" => json!({"incident": incident, "type": data_type, "conference_numbers": null,
            "conference_url": "https://meet.example.com/7"}),
        "incident_field_values" => json!({"incident": incident, "type": data_type,
            "custom_fields": [field(json!(["eu"]))], "changed_custom_fields": [field(Value::Null)]}),
        "incident_responder" => json!({"incident": incident, "type": data_type, "user": user,
            "escalation_policy": null, "message": "Please help", "state": "pending"}),
        "incident_role_assignment" => json!({"type": data_type, "incident_role_assignments": [{
            "id": "PROLE01", "type": data_type, "incident": incident, "assignee": user, "old_assignee": null,
            "role": {"id": "PR1", "type": "role_reference"}, "status": "assigned"}]}),
        "incident_task" => json!({"incident": incident, "id": "PTASK01", "type": data_type, "name": "Call the bank",
            "description": null, "summary": "Call the bank", "status": "todo", "assignees": [user]}),
        "incident_action_invocation" => json!({"incident": incident, "id": "PINV001", "type": data_type,
            "self": null, "html_url": null, "action": pointer("action_reference", "PACT001"), "state": "created"}),
        "incident_workflow_instance" => json!({"incident": incident, "id": "PWFI001", "type": data_type,
            "summary": "Major incident", "incident_workflow": pointer("incident_workflow_reference", "PIWF001"),
            "workflow_trigger": pointer("workflow_trigger_reference", "PTRIG01"),
            "service": pointer("service_reference", "PSVC001")}),
        "service" => json!({"id": "PSVC001", "type": data_type, "self": null, "html_url": null, "summary": "Shop",
            "alert_creation": "create_alerts_and_incidents", "teams": []}),
        "service_field_values" => json!({"service": pointer("service_reference", "PSVC001"), "type": data_type,
            "custom_fields": [field(json!(1))], "changed_custom_fields": []}),
        other => panic!("{other}"),
    }
}

#[rstest]
#[case("incident", &["incident.triggered", "incident.acknowledged", "incident.unacknowledged", "incident.resolved",
    "incident.reopened", "incident.escalated", "incident.delegated", "incident.reassigned",
    "incident.priority_updated", "incident.service_updated", "incident.incident_type.changed"])]
#[case("incident_note", &["incident.annotated"])]
#[case("incident_conference_bridge", &["incident.conference_bridge.updated"])]
#[case("incident_field_values", &["incident.custom_field_values.updated"])]
#[case("incident_responder", &["incident.responder.added", "incident.responder.replied"])]
#[case("incident_role_assignment", &["incident.role.assigned"])]
#[case("incident_status_update", &["incident.status_update_published"])]
#[case("incident_task", &["incident.task.created", "incident.task.updated", "incident.task.completed"])]
#[case("incident_action_invocation", &["incident.action_invocation.created", "incident.action_invocation.updated",
    "incident.action_invocation.terminated"])]
#[case("incident_workflow_instance", &["incident.workflow.started", "incident.workflow.completed"])]
fn the_incident_of_every_type_of_event_is_found_by_the_type_of_its_data(
    #[case] data_type: &str,
    #[case] event_types: &[&str],
) {
    let data = data_of(data_type);
    // What an event is called says nothing of where its incident is.
    for event_type in event_types.iter().chain(&["incident.invented_tomorrow"]) {
        let event = v3(&json!({"event": {
            "id": "1", "event_type": event_type, "resource_type": "incident", "agent": null, "client": null,
            "occurred_at": "2026-11-20T09:30:00.482Z", "data": data,
        }}))
        .unwrap();

        assert_eq!((event.event_type.as_str(), &event.data), (*event_type, &data));
        assert_eq!(event.incident.unwrap().id.as_str(), "Q1", "{event_type}");
        let is_note = data_type == "incident_note";
        assert_eq!(event.note.as_deref(), is_note.then_some("Looking into it"));
    }
}

#[rstest]
#[case("service", &["service.created", "service.updated", "service.deleted"])]
#[case("service_field_values", &["service.custom_field_values.updated"])]
fn an_event_of_a_service_has_no_incident(#[case] data_type: &str, #[case] event_types: &[&str]) {
    let data = data_of(data_type);
    for event_type in event_types {
        let event =
            v3(&json!({"event": {"id": "1", "event_type": event_type, "resource_type": "service", "data": data}}))
                .unwrap();

        assert_eq!(event.resource_type.as_deref(), Some("service"));
        assert_eq!((event.incident, event.data), (None, data.clone()));
    }
}

#[test]
fn b32_data_of_a_type_that_comes_tomorrow_still_points_at_its_incident() {
    let event = v3(&json!({"event": {"id": "1", "event_type": "incident.x", "data": {
        "type": "incident_invention", "id": "PINV", "incident": {"id": "Q1", "type": "incident_reference"},
    }}}))
    .unwrap();

    assert_eq!(event.incident.unwrap().id.as_str(), "Q1");
}

#[test]
fn an_event_of_only_id_and_type_is_enough() {
    let event = v3(&json!({"event": {"id": "1", "event_type": "incident.invented_tomorrow"}})).unwrap();

    assert_eq!(event.event_type, "incident.invented_tomorrow");
    assert_eq!(
        (event.resource_type, event.occurred_at, event.data),
        (None, None, Value::Null)
    );
}

#[rstest]
#[case::occurred_at_is_garbage("occurred_at", json!("yesterday"))]
#[case::occurred_at_is_a_number("occurred_at", json!(1_700_000_000))]
#[case::agent_is_a_text("agent", json!("somebody"))]
#[case::client_is_a_text("client", json!("a program"))]
#[case::unknown_field("schema", json!({"__proto__": {"constructor": [null]}}))]
fn odd_fields_do_no_harm(#[case] field: &str, #[case] odd: Value) {
    let mut body = value(TRIGGERED);
    body["event"][field] = odd;

    let event = v3(&body).unwrap();

    assert_eq!(event.incident.unwrap().id.as_str(), "Q1MEMORYALERT1");
}

#[test]
fn every_single_field_of_an_incident_may_be_missing_null_or_odd() {
    let fields: Vec<String> = value(TRIGGERED)["event"]["data"]
        .as_object()
        .unwrap()
        .keys()
        .filter(|key| *key != "id")
        .cloned()
        .collect();

    for field in fields.iter().filter(|field| *field != "type") {
        for odd in [
            None,
            Some(Value::Null),
            Some(json!(-1.5)),
            Some(json!("x")),
            Some(json!({})),
            Some(json!([null])),
        ] {
            let mut body = value(TRIGGERED);
            let data = body["event"]["data"].as_object_mut().unwrap();
            match odd {
                None => drop(data.remove(field)),
                Some(odd) => drop(data.insert(field.clone(), odd)),
            }
            let event = v3(&body).unwrap_or_else(|error| panic!("{field}: {error}"));
            assert_eq!(event.incident.unwrap().id.as_str(), "Q1MEMORYALERT1");
        }
    }
}

#[test]
fn a_time_with_an_offset_is_brought_to_utc() {
    let mut body = value(TRIGGERED);
    body["event"]["occurred_at"] = json!("2026-11-20T04:30:00-05:00");

    assert_eq!(
        v3(&body).unwrap().occurred_at.unwrap().to_string(),
        "2026-11-20T09:30:00Z"
    );
}

#[test]
fn ids_that_differ_by_case_or_normal_form_stay_different() {
    let id = |id: &str| v3(&json!({"event": {"id": id, "event_type": "x"}})).unwrap().id;

    assert_ne!(id("01abc"), id("01ABC"));
    assert_ne!(id("\u{e9}"), id("e\u{301}"));
    assert_eq!(id("a/b:c*?"), "a/b:c*?".parse::<EventId>().unwrap());
}

#[rstest]
#[case::missing(json!({"event_type": "x"}), Unreadable::NoEventId)]
#[case::null(json!({"id": null, "event_type": "x"}), Unreadable::NoEventId)]
#[case::number(json!({"id": 7, "event_type": "x"}), Unreadable::NoEventId)]
#[case::no_type(json!({"id": "1"}), Unreadable::NoEventType)]
#[case::type_is_null(json!({"id": "1", "event_type": null}), Unreadable::NoEventType)]
#[case::incident_without_an_id(json!({"id": "1", "event_type": "x", "data": {"type": "incident"}}), Unreadable::NoIncidentId)]
#[case::hostile_incident_id(json!({"id": "1", "event_type": "x", "data": {"type": "incident", "id": "../users"}}), Unreadable::NoIncidentId)]
fn an_event_that_could_not_be_told_from_others_is_unreadable(#[case] event: Value, #[case] expected: Unreadable) {
    assert_eq!(v3(&json!({ "event": event })), Err(expected));
}

#[rstest]
#[case::empty("")]
#[case::too_long(&"x".repeat(1025))]
fn an_event_id_that_can_not_be_used_is_named(#[case] id: &str) {
    assert!(matches!(
        v3(&json!({"event": {"id": id, "event_type": "x"}})),
        Err(Unreadable::BadEventId(_))
    ));
}

#[rstest]
#[case::the_event(r#"{"event": {"id": "1"}, "event": {"id": "2", "event_type": "x"}}"#)]
#[case::the_id(r#"{"event": {"id": "1", "event_type": "x", "\u0069d": "2"}}"#)]
fn of_a_field_that_is_there_twice_the_last_counts(#[case] body: &str) {
    assert_eq!(v3::parse(body.as_bytes()).unwrap().id.as_str(), "2");
}

#[rstest]
#[case::empty_object("{}", Unreadable::NoEvent)]
#[case::event_is_null(r#"{"event": null}"#, Unreadable::NoEvent)]
#[case::event_is_a_text(r#"{"event": "incident.trigger"}"#, Unreadable::NoEvent)]
#[case::odd_message(r#"{"messages": [7]}"#, Unreadable::NoEvent)]
#[case::v2_of_no_message(
    r#"{"messages": []}"#,
    Unreadable::OtherGeneration { expected: Generation::V3, found: Generation::V2 }
)]
#[case::v2(V2_TRIGGER, Unreadable::OtherGeneration { expected: Generation::V3, found: Generation::V2 })]
#[case::v1(V1, Unreadable::OtherGeneration { expected: Generation::V3, found: Generation::V1 })]
fn another_shape_on_a_v3_endpoint_is_named(#[case] body: &str, #[case] expected: Unreadable) {
    assert_eq!(v3::parse(body.as_bytes()), Err(expected));
}

#[test]
fn a_v1_delivery_is_refused_with_what_to_do() {
    let reason = v2::parse(V1.as_bytes()).unwrap_err().to_string();

    assert_eq!(
        reason,
        "this is a V1 delivery, but the endpoint expects V2; PagerDuty ended V1, so make a V3 webhook subscription instead"
    );
}

// --- V2 ---

#[test]
fn a_v2_message_becomes_the_same_event() {
    let event = only(v2::parse(V2_TRIGGER.as_bytes()).unwrap()).event;
    let from_v3 = v3::parse(TRIGGERED.as_bytes()).unwrap();

    assert_eq!(event.event_type, "incident.triggered");
    assert_eq!(event.id.as_str(), "5b1f7a52-c5f1-11f0-9d6a-0242ac110002");
    assert_eq!(event.resource_type, from_v3.resource_type);
    assert_eq!(event.occurred_at.unwrap().to_string(), "2099-11-20T09:30:00Z");
    assert_eq!(event.agent, from_v3.agent);
    let mut expected = from_v3.incident.unwrap();
    // V2 has no address of a priority.
    expected.priority.as_mut().unwrap().html_url = None;
    assert_eq!(event.incident, Some(expected));
}

/// The note of a V2 message stands in its log entry.
#[test]
fn a_v2_note_becomes_the_same_event() {
    let mut body = value(V2_TRIGGER);
    let message = &mut body["messages"][0];
    message["event"] = json!("incident.annotate");
    message["log_entries"][0]["type"] = json!("annotate_log_entry");
    message["log_entries"][0]["channel"] = json!({"type": "note", "summary": "Restarted the worker on web-1."});

    let event = only(v2(&body)).event;

    let from_v3 = v3::parse(ANNOTATED.as_bytes()).unwrap();
    assert_eq!(event.event_type, from_v3.event_type);
    assert_eq!(event.note, from_v3.note);
    let id = |event: Event| event.incident.unwrap().id;
    assert_eq!(id(event), id(from_v3));
}

#[test]
fn a_merge_is_told_alike_by_both_generations() {
    let (mut of_v3, mut of_v2) = (value(RESOLVED), value(V2_TRIGGER));
    let into = json!({"id": "Q1OTHER", "type": "incident_reference", "summary": "Web is down", "html_url": null, "self": null});
    of_v3["event"]["data"]["resolve_reason"] = json!({"type": "merge_resolve_reason", "incident": into});
    of_v2["messages"][0]["incident"]["resolve_reason"] = json!("merged");

    let reason = |event: Event| event.incident.unwrap().resolve_reason.unwrap();
    let (of_v3, of_v2) = (reason(v3(&of_v3).unwrap()), reason(only(v2(&of_v2)).event));
    assert_eq!(of_v3.kind.as_deref(), Some("merge_resolve_reason"));
    assert_eq!(of_v3.kind, of_v2.kind);
    assert_eq!(of_v3.incident.unwrap().id, "Q1OTHER");

    let mut in_words = value(V2_TRIGGER);
    in_words["messages"][0]["incident"]["resolve_reason"] = json!("Fixed by hand");
    assert_eq!(reason(only(v2(&in_words)).event).text.as_deref(), Some("Fixed by hand"));
}

#[test]
fn the_data_of_a_v2_event_is_its_incident_with_the_log_entries() {
    let mut data = only(v2::parse(V2_TRIGGER.as_bytes()).unwrap()).event.data;

    let message = &value(V2_TRIGGER)["messages"][0];
    assert_eq!(
        data.as_object_mut().unwrap().remove("log_entries"),
        Some(message["log_entries"].clone())
    );
    assert_eq!(data, message["incident"]);
}

#[rstest]
#[case("incident.trigger", "incident.triggered")]
#[case("incident.acknowledge", "incident.acknowledged")]
#[case("incident.unacknowledge", "incident.unacknowledged")]
#[case("incident.resolve", "incident.resolved")]
#[case("incident.assign", "incident.reassigned")]
#[case("incident.escalate", "incident.escalated")]
#[case("incident.delegate", "incident.delegated")]
#[case("incident.annotate", "incident.annotated")]
#[case("incident.invented_tomorrow", "incident.invented_tomorrow")]
fn a_v2_event_goes_by_its_v3_name(#[case] v2_name: &str, #[case] v3_name: &str) {
    let mut body = value(V2_TRIGGER);
    body["messages"][0]["event"] = json!(v2_name);

    assert_eq!(only(v2(&body)).event.event_type, v3_name);
}

#[test]
fn what_is_kept_of_a_message_reads_the_same_and_holds_no_secret() {
    let message = only(v2::parse(V2_TRIGGER.as_bytes()).unwrap());

    assert!(V2_TRIGGER.contains("this-is-where-pagerduty-repeats-the-api-key"));
    let kept = message.sanitised.to_string();
    assert!(!kept.contains("x-api-key") && !kept.contains("this-is-where") && !kept.contains("hooks.example.com"));
    assert_eq!(only(v2::parse(kept.as_bytes()).unwrap()), message);

    let mut expected = value(V2_TRIGGER);
    let webhook = expected["messages"][0]["webhook"].as_object_mut().unwrap();
    webhook.remove("config");
    webhook.remove("endpoint_url");
    assert_eq!(message.sanitised, expected);
}

#[rstest]
#[case::without_an_id(V2_TRIGGER.replacen(r#""id""#, r#""di""#, 1))]
#[case::cut_off(V2_TRIGGER.trim_end_matches(['\n', '}']).to_owned())]
#[case::followed_by_another(format!("{V2_TRIGGER}{{}}"))]
#[case::in_a_list(format!("[{V2_TRIGGER}]"))]
fn what_is_kept_of_an_unreadable_delivery_holds_no_secret_either(#[case] body: String) {
    unreadable(body.as_bytes());

    let kept = String::from_utf8(v2::sanitise(body.as_bytes())).unwrap();

    assert!(kept.contains("incident.trigger"), "{kept}");
    assert!(!kept.contains("x-api-key") && !kept.contains("this-is-where") && !kept.contains("hooks.example.com"));
}

/// The sample with something else in the place of the field names that give its secrets away.
fn with_names(change: fn(&str) -> String) -> String {
    ["config", "endpoint_url", "headers"]
        .iter()
        .fold(V2_TRIGGER.to_owned(), |body, name| {
            body.replace(&format!("\"{name}\""), &change(name))
        })
}

fn utf16(bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    V2_TRIGGER.encode_utf16().flat_map(bytes).collect()
}

#[rstest]
#[case::escaped(with_names(|name| format!("\"\\u{:04x}{}\"", name.as_bytes()[0], &name[1..])).into_bytes())]
#[case::in_capitals(with_names(|name| format!("\"{}\"", name.to_uppercase())).into_bytes())]
#[case::in_single_quotes(with_names(|name| format!("'{name}'")).into_bytes())]
#[case::without_quotes(with_names(|name| format!("{name} ")).into_bytes())]
#[case::cut_off_and_escaped_itself(with_names(|name| format!("\\\"{name}\\\"")).into_bytes())]
#[case::utf16_of_one_kind(utf16(u16::to_le_bytes))]
#[case::utf16_of_the_other_kind(utf16(u16::to_be_bytes))]
fn a_delivery_that_is_no_json_ends_before_the_configuration_however_it_is_written(#[case] mut body: Vec<u8>) {
    body.push(b'}');
    unreadable(&body);

    let kept: Vec<u8> = v2::sanitise(&body).into_iter().filter(|byte| *byte != 0).collect();
    let kept = String::from_utf8_lossy(&kept);

    assert!(kept.contains("incident.trigger"), "{kept}");
    assert!(!kept.contains("x-api-key") && !kept.contains("this-is-where") && !kept.contains("hooks.example.com"));
}

#[rstest]
#[case::a_list(|message: &mut Value| message["webhook"] = json!([message["webhook"]]))]
#[case::deeper(|message: &mut Value| message["webhook"] = json!({"webhook": message["webhook"]}))]
#[case::beside(|message: &mut Value| message["headers"] = message["webhook"]["config"]["headers"].clone())]
fn the_configuration_is_not_kept_wherever_it_stands_in_a_message(#[case] change: fn(&mut Value)) {
    let mut body = value(V2_TRIGGER);
    let message = &mut body["messages"][0];
    change(message);
    message["id"] = Value::Null;

    let kept = String::from_utf8(v2::sanitise(body.to_string().as_bytes())).unwrap();

    assert!(kept.contains("incident.trigger"), "{kept}");
    assert!(!kept.contains("x-api-key") && !kept.contains("this-is-where"), "{kept}");
}

#[test]
fn a_body_that_repeats_no_configuration_is_kept_as_it_came() {
    for body in [b"{} {}".as_slice(), b"\xff", b"", TRIGGERED.as_bytes()] {
        assert_eq!(v2::sanitise(body), body);
    }
}

#[test]
fn each_of_several_messages_is_an_event_of_its_own() {
    let mut body = value(V2_TRIGGER);
    let mut second = body["messages"][0].clone();
    second["id"] = json!("second");
    body["messages"].as_array_mut().unwrap().push(second);

    let messages = v2(&body);

    assert_eq!((messages.read.len(), messages.unreadable), (2, None));
    assert_eq!(messages.read[1].event.id.as_str(), "second");
    assert_eq!(messages.read[1].sanitised["messages"].as_array().unwrap().len(), 1);
}

#[test]
fn a_delivery_without_messages_tells_nothing() {
    assert_eq!(v2(&json!({"messages": []})), v2::Messages::default());
}

#[test]
fn of_ten_thousand_messages_the_first_hundred_are_taken_and_the_rest_is_told() {
    let message = value(V2_TRIGGER)["messages"][0].clone();
    let body = json!({"messages": vec![message; 10_000]});

    let messages = v2(&body);

    assert_eq!(messages.read.len(), v2::MAX_MESSAGES);
    let found = 10_000;
    let limit = v2::MAX_MESSAGES;
    assert_eq!(messages.unreadable, Some(Unreadable::TooManyMessages { found, limit }));
}

#[rstest]
#[case::no_incident("incident", Unreadable::NoIncidentId)]
#[case::no_id("id", Unreadable::NoEventId)]
#[case::no_event("event", Unreadable::NoEventType)]
fn an_unreadable_message_is_told_and_does_not_hold_up_the_others(#[case] missing: &str, #[case] reason: Unreadable) {
    let mut body = value(V2_TRIGGER);
    let messages = body["messages"].as_array_mut().unwrap();
    let mut broken = messages[0].clone();
    broken.as_object_mut().unwrap().remove(missing);
    messages.extend([broken, messages[0].clone()]);

    let messages = v2(&body);

    assert_eq!(messages.read.len(), 2);
    let reason = Box::new(reason);
    assert_eq!(messages.unreadable, Some(Unreadable::Message { position: 2, reason }));
}

#[rstest]
#[case::nothing("{}", Unreadable::NoEvent)]
#[case::messages_are_no_list(r#"{"messages": {}}"#, Unreadable::NoEvent)]
#[case::v3(TRIGGERED, Unreadable::OtherGeneration { expected: Generation::V2, found: Generation::V3 })]
#[case::v1(V1, Unreadable::OtherGeneration { expected: Generation::V2, found: Generation::V1 })]
fn another_shape_on_a_v2_endpoint_is_named(#[case] body: &str, #[case] expected: Unreadable) {
    assert_eq!(v2::parse(body.as_bytes()), Err(expected));
}

#[test]
fn of_two_shapes_in_one_body_the_endpoints_kind_wins() {
    let mut both = value(V2_TRIGGER);
    both["event"] = value(TRIGGERED)["event"].clone();

    assert_eq!(v3(&both).unwrap().id.as_str(), "01EXAMPLETRIGGERED00000001");
    assert_eq!(
        only(v2(&both)).event.id.as_str(),
        "5b1f7a52-c5f1-11f0-9d6a-0242ac110002"
    );
}

// --- both ---

#[rstest]
#[case::lone_surrogate("Deploy failed \\ud83d", "Deploy failed \u{fffd}")]
#[case::escaped_control_characters("NUL \\u0000 and \\u001b[31mred", "NUL \0 and \u{1b}[31mred")]
#[case::raw_control_characters("tab \t and \u{1b}[31mred", "tab \t and \u{1b}[31mred")]
fn an_odd_character_costs_no_event_of_either_generation(#[case] written: &str, #[case] title: &str) {
    let v3_body = TRIGGERED.replacen("Memory", written, 1);
    let v2_body = V2_TRIGGER.replace("Memory", written);
    let title_of = |event: Event| event.incident.unwrap().title.unwrap();

    assert!(v3_body != TRIGGERED && v2_body != V2_TRIGGER);
    let v3_title = title_of(v3::parse(v3_body.as_bytes()).unwrap());
    assert!(v3_title.contains(title), "{v3_title:?}");
    let message = only(v2::parse(v2_body.as_bytes()).unwrap());
    let kept = message.sanitised.to_string();
    assert_eq!(
        only(v2::parse(kept.as_bytes()).unwrap()),
        message,
        "what is kept reads the same"
    );
    let v2_title = title_of(message.event);
    assert!(v2_title.contains(title), "{v2_title:?}");
}

#[test]
fn what_is_kept_of_a_delivery_with_odd_characters_has_no_configuration_either() {
    let body = b"\xef\xbb\xbf{\"messages\": [{\"title\": \"a\tb \\ud83d\", \"webhook\": {\"config\": {\"headers\": \"s3cret\"}}}]}";

    let kept = String::from_utf8(v2::sanitise(body)).unwrap();

    assert!(kept.contains("a\\tb \u{fffd}") && !kept.contains("s3cret"), "{kept}");
}

#[test]
fn the_samples_for_the_ingress_hold_the_same_deliveries_and_a_real_signature() {
    let ingress = value(sample!("webhook-ingress-v3.json"));
    let body = ingress["body"].as_str().unwrap();
    let secret = SecretString::from("example-signing-secret");

    assert_eq!(value(body), value(TRIGGERED));
    let header = ingress["headers"]["x-pagerduty-signature"].as_str().unwrap();
    assert_eq!(
        signature::verify(header, body.as_bytes(), [&secret].into_iter()),
        Ok(())
    );

    let ingress = value(sample!("webhook-ingress-v2.json"));
    assert_eq!(value(ingress["body"].as_str().unwrap()), value(V2_TRIGGER));
}

/// JSON in the rough shape of a delivery, so that the parsers get past its envelope.
fn delivery() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        Just(json!("incident")),
    ];
    let name = prop_oneof![
        Just("event".to_owned()),
        Just("messages".to_owned()),
        Just("id".to_owned()),
        Just("event_type".to_owned()),
        Just("data".to_owned()),
        Just("type".to_owned()),
        Just("incident".to_owned()),
        Just("webhook".to_owned()),
        Just("assignments".to_owned()),
        Just("log_entries".to_owned()),
        ".*",
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(body: Vec<u8>) {
        let _ = (v3::parse(&body), v2::parse(&body));
    }

    #[test]
    fn no_json_makes_a_parser_panic(body in delivery()) {
        let _ = (v3(&body), v2::parse(body.to_string().as_bytes()));
    }

    #[test]
    fn no_cut_or_changed_delivery_makes_a_parser_panic(index in 0..TRIGGERED.len(), byte: u8, cut: bool) {
        for sample in [TRIGGERED, V2_TRIGGER] {
            let mut body = sample.as_bytes().to_vec();
            if cut { body.truncate(index) } else { body[index] = byte }
            let _ = (v3::parse(&body), v2::parse(&body));
        }
    }

    #[test]
    fn what_is_kept_of_any_message_reads_the_same(webhook in delivery(), log_entries in delivery(), title in ".*") {
        let body = json!({"messages": [{
            "id": "1", "event": "incident.trigger", "webhook": webhook, "log_entries": log_entries,
            "incident": {"id": "PINC001", "title": title},
        }]});
        let message = only(v2(&body));

        prop_assert_eq!(only(v2(&message.sanitised)), message);
    }
}
