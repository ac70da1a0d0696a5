//! `PUT /incidents/{id}`.

use jiff::SignedDuration;
use pagerduty_simulator::{RepeatedStatus, Seed};
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, MANAGER, column, error, event, event_types, invalid, text};

fn log_types(desk: &mut Desk, incident: &Value) -> Vec<String> {
    let (_, body) = desk.get(&format!("/incidents/{}/log_entries", text(&incident["id"])));
    column(&body["log_entries"], "/type")
        .into_iter()
        .map(|kind| text(kind).to_owned())
        .collect()
}

#[test]
fn resolving_takes_the_incident_off_everybodys_hands() {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));
    desk.wait(SignedDuration::from_mins(10));

    let resolved = desk.change(&created, json!({"status": "resolved"}));

    assert_eq!(resolved["status"], "resolved");
    assert_eq!(resolved["assignments"], json!([]));
    assert_eq!(resolved["resolved_at"], "2026-03-01T08:10:00Z");
    assert_eq!(resolved["updated_at"], "2026-03-01T08:10:00Z");
    assert_eq!(resolved["last_status_change_at"], "2026-03-01T08:10:00Z");
    assert_eq!(resolved["last_status_change_by"]["id"], "PUS1A7C");
    assert_eq!(resolved["created_at"], "2026-03-01T08:00:00Z");
    assert_eq!(
        log_types(&mut desk, &created),
        ["resolve_log_entry", "trigger_log_entry"]
    );
}

#[test]
fn a_resolution_goes_into_the_log_and_not_into_the_notes() {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));
    let path = format!("/incidents/{}", text(&created["id"]));

    desk.change(&created, json!({"status": "resolved", "resolution": "restarted"}));

    assert_eq!(
        desk.get(&format!("{path}/log_entries")).1["log_entries"][0]["note"],
        "restarted"
    );
    assert_eq!(desk.get(&format!("{path}/notes")).1, json!({"notes": []}));
}

#[rstest]
#[case(json!({"resolution": "restarted"}))]
#[case(json!({"resolution": "restarted", "status": "acknowledged"}))]
fn a_resolution_needs_the_status_resolved(#[case] fields: Value) {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));

    let answer = desk.update(&created, fields);

    assert_eq!(
        answer,
        (400, invalid("resolution can only be given with the status resolved"))
    );
}

#[rstest]
#[case("resolved", 1001, "Incident Already Resolved")]
#[case("acknowledged", 1002, "Incident Already Acknowledged")]
fn the_same_status_again_is_refused_by_default(#[case] status: &str, #[case] code: u32, #[case] message: &str) {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));
    desk.change(&created, json!({"status": status}));

    assert_eq!(
        desk.update(&created, json!({"status": status})),
        (400, error(message, code, &[]))
    );
}

#[rstest]
#[case("resolved")]
#[case("acknowledged")]
fn the_same_status_again_changes_nothing_where_it_is_accepted(#[case] status: &str) {
    let mut desk = Desk::with_seed(Seed {
        repeated_status: RepeatedStatus::Accepted,
        ..Seed::default()
    });
    let created = desk.create(json!({}));
    let first = desk.change(&created, json!({"status": status}));
    desk.wait(SignedDuration::from_secs(5));

    assert_eq!(desk.change(&created, json!({"status": status})), first);
}

#[test]
fn the_acknowledger_is_the_user_of_from() {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));
    desk = desk.from(MANAGER);

    let acknowledged = desk.change(&created, json!({"status": "acknowledged"}));

    assert_eq!(acknowledged["status"], "acknowledged");
    assert_eq!(
        column(&acknowledged["acknowledgements"], "/acknowledger/id"),
        ["PUS2B8D"]
    );
}

#[test]
fn a_second_person_can_acknowledge_as_well() {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));
    desk.change(&created, json!({"status": "acknowledged"}));
    desk = desk.from(MANAGER);

    let acknowledged = desk.change(&created, json!({"status": "acknowledged"}));

    assert_eq!(
        column(&acknowledged["acknowledgements"], "/acknowledger/id"),
        ["PUS1A7C", "PUS2B8D"]
    );
}

#[test]
fn triggered_takes_an_acknowledgement_back() {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));
    desk.change(&created, json!({"status": "acknowledged"}));

    let triggered = desk.change(&created, json!({"status": "triggered"}));

    assert_eq!(
        (&triggered["status"], &triggered["acknowledgements"]),
        (&json!("triggered"), &json!([]))
    );
    assert_eq!(log_types(&mut desk, &created)[0], "unacknowledge_log_entry");
}

#[rstest]
#[case("triggered", &["reopen_log_entry"])]
#[case("acknowledged", &["acknowledge_log_entry", "reopen_log_entry"])]
fn another_status_reopens_a_resolved_incident(#[case] status: &str, #[case] newest: &[&str]) {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));
    desk.change(&created, json!({"status": "resolved"}));

    let reopened = desk.change(&created, json!({"status": status}));

    assert_eq!(reopened["status"], status);
    assert!(reopened.get("resolved_at").is_none());
    assert_eq!(column(&reopened["assignments"], "/assignee/id"), ["PUS1A7C"]);
    assert_eq!(log_types(&mut desk, &created)[..newest.len()], *newest);
}

#[test]
fn an_unknown_status_is_refused() {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));

    let (status, body) = desk.update(&created, json!({"status": "closed"}));

    assert_eq!((status, &body["error"]["code"]), (400, &json!(2001)));
}

#[rstest]
#[case::no_wrapper(json!({"status": "resolved"}), "incident cannot be empty")]
#[case::no_type(json!({"incident": {"status": "resolved"}}), "type must be incident or incident_reference")]
fn a_body_without_wrapper_or_type_is_refused(#[case] body: Value, #[case] explanation: &str) {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));

    let answer = desk.put(&format!("/incidents/{}", text(&created["id"])), &body);

    assert_eq!(answer, (400, invalid(explanation)));
}

#[test]
fn an_unknown_incident_is_not_found() {
    let (status, body) = Desk::new().update(&json!({"id": "PNOSUCH"}), json!({"status": "resolved"}));

    assert_eq!((status, &body["error"]["code"]), (404, &json!(2100)));
}

#[test]
fn an_incident_is_written_by_its_id_and_not_by_its_number() {
    let mut desk = Desk::new();
    desk.create(json!({}));

    assert_eq!(desk.update(&json!({"id": "1"}), json!({"status": "resolved"})).0, 404);
}

#[test]
fn title_urgency_and_priority_can_change_at_once() {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));
    desk.wait(SignedDuration::from_secs(3));

    let changed = desk.change(
        &created,
        json!({"title": "Memory at 99 %", "urgency": "low", "priority": {"id": "PPRI2P2", "type": "priority_reference"}}),
    );

    assert_eq!(
        (&changed["title"], &changed["urgency"]),
        (&json!("Memory at 99 %"), &json!("low"))
    );
    assert_eq!(changed["priority"]["name"], "P2");
    assert_eq!(changed["updated_at"], "2026-03-01T08:00:03Z");
    assert_eq!(changed["last_status_change_at"], "2026-03-01T08:00:00Z");
}

#[rstest]
#[case(json!("P1"), Some("PPRI1P1"))]
#[case(json!("P9"), None)]
fn a_priority_can_be_given_by_name(#[case] priority: Value, #[case] id: Option<&str>) {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));

    let (_, body) = desk.update(&created, json!({"priority": priority}));

    match id {
        Some(id) => assert_eq!(body["incident"]["priority"]["id"], id),
        None => assert_eq!(body["error"]["code"], 1020),
    }
}

#[test]
fn a_policy_or_a_user_can_take_over() {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));

    let delegated = desk.change(
        &created,
        json!({"escalation_policy": {"id": "PT31ZQB", "type": "escalation_policy_reference"}}),
    );
    let reassigned = desk.change(
        &created,
        json!({"assignments": [{"assignee": {"id": "PUS1A7C", "type": "user_reference"}}]}),
    );

    assert_eq!(column(&delegated["assignments"], "/assignee/id"), ["PUS2B8D"]);
    assert_eq!(delegated["escalation_policy"]["id"], "PT31ZQB");
    assert_eq!(column(&reassigned["assignments"], "/assignee/id"), ["PUS1A7C"]);
    assert_eq!(reassigned["assigned_via"], "direct_assignment");
}

#[test]
fn a_policy_and_a_user_exclude_each_other() {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));

    let (status, _) = desk.update(
        &created,
        json!({
            "escalation_policy": {"id": "PT31ZQB", "type": "escalation_policy_reference"},
            "assignments": [{"assignee": {"id": "PUS1A7C", "type": "user_reference"}}],
        }),
    );

    assert_eq!(status, 400);
}

#[test]
fn escalating_asks_the_people_of_that_level() {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));

    let escalated = desk.change(&created, json!({"escalation_level": 2}));

    assert_eq!(column(&escalated["assignments"], "/assignee/id"), ["PUS2B8D"]);
}

#[rstest]
#[case(json!(0))]
#[case(json!(3))]
fn there_is_no_escalating_to_a_level_that_is_not_there(#[case] level: Value) {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));

    let (status, body) = desk.update(&created, json!({"escalation_level": level}));

    assert_eq!((status, &body["error"]["code"]), (400, &json!(1006)));
}

#[rstest]
#[case(json!({"escalation_level": 1}), 1006)]
#[case(json!({"assignments": [{"assignee": {"id": "PUS1A7C", "type": "user_reference"}}]}), 1011)]
fn a_resolved_incident_gets_no_new_people(#[case] fields: Value, #[case] code: u32) {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));
    desk.change(&created, json!({"status": "resolved"}));

    let (status, body) = desk.update(&created, fields);

    assert_eq!((status, &body["error"]["code"]), (400, &json!(code)));
}

#[test]
fn a_refused_change_changes_nothing() {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));
    desk.wait(SignedDuration::from_secs(1));

    desk.update(&created, json!({"title": "New", "urgency": "medium"}));

    assert_eq!(
        desk.get(&format!("/incidents/{}", text(&created["id"]))).1["incident"],
        created
    );
}

#[test]
fn several_people_can_take_over_at_once() {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));

    let reassigned = desk.change(
        &created,
        json!({"assignments": [
            {"assignee": {"id": "PUS2B8D", "type": "user_reference"}},
            {"assignee": {"id": "PUS1A7C", "type": "user_reference"}},
        ]}),
    );

    assert_eq!(
        column(&reassigned["assignments"], "/assignee/id"),
        ["PUS2B8D", "PUS1A7C"]
    );
}

#[test]
fn whoever_reopens_an_incident_by_acknowledging_it_has_it() {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));
    desk.change(&created, json!({"status": "resolved"}));
    desk = desk.from(MANAGER);

    let reopened = desk.change(&created, json!({"status": "acknowledged"}));

    assert_eq!(column(&reopened["assignments"], "/assignee/id"), ["PUS2B8D"]);
}

#[test]
fn type_service_and_conference_bridge_can_change_and_webhooks_tell_it() {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));
    desk.subscribe(json!({"type": "account_reference"}));

    let changed = desk.change(
        &created,
        json!({
            "incident_type": {"name": "major_incident"},
            "conference_bridge": {"conference_number": "+1 415-555-1212", "conference_url": "https://meet.example.com/1"},
            "service": {"id": "PSVC8R2", "type": "service_reference"},
        }),
    );

    assert_eq!(
        (&changed["incident_type"]["name"], &changed["service"]["id"]),
        (&json!("major_incident"), &json!("PSVC8R2"))
    );
    assert_eq!(
        changed["conference_bridge"]["conference_url"],
        "https://meet.example.com/1"
    );
    let parcels = desk.deliver(202);
    assert_eq!(
        event_types(&parcels),
        [
            "incident.incident_type.changed",
            "incident.conference_bridge.updated",
            "incident.service_updated"
        ]
    );
    assert_eq!(event(&parcels[0])["data"]["incident_type"]["name"], "major_incident");
    let bridge = &event(&parcels[1])["data"];
    assert_eq!(
        (&bridge["type"], &bridge["incident"]["id"]),
        (&json!("incident_conference_bridge"), &created["id"])
    );
    assert_eq!(
        (&bridge["conference_numbers"][0]["number"], &bridge["conference_url"]),
        (&json!("+1 415-555-1212"), &json!("https://meet.example.com/1"))
    );
}

#[test]
fn a_bridge_without_a_number_has_no_numbers_in_webhooks() {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));
    desk.subscribe(json!({"type": "account_reference"}));

    desk.change(
        &created,
        json!({"conference_bridge": {"conference_url": "https://meet.example.com/1"}}),
    );

    assert_eq!(event(&desk.deliver(202)[0])["data"]["conference_numbers"], Value::Null);
}

#[rstest]
#[case::unknown_type(json!({"incident_type": {"name": "fire"}}), 2001)]
#[case::type_that_is_out_of_use(json!({"incident_type": {"name": "retired_incident"}}), 2001)]
#[case::unknown_service(json!({"service": {"id": "PNO", "type": "service_reference"}}), 2002)]
#[case::unknown_assignee(json!({"assignments": [{"assignee": {"id": "PNO", "type": "user_reference"}}]}), 1007)]
#[case::unknown_policy(json!({"escalation_policy": {"id": "PNO", "type": "escalation_policy_reference"}}), 1014)]
fn what_the_account_does_not_have_is_refused(#[case] fields: Value, #[case] code: u32) {
    let mut desk = Desk::new();
    let created = desk.create(json!({}));

    let (status, body) = desk.update(&created, fields);

    assert_eq!((status, &body["error"]["code"]), (400, &json!(code)));
}
