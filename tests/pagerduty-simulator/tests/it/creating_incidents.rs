//! `POST /incidents`.

use jiff::SignedDuration;
use pagerduty_simulator::{IncidentIdForm, Seed};
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, MANAGER, column, error, incident, invalid, text};

fn refused(fields: Value) -> (u16, Value) {
    Desk::new().post("/incidents", &incident(fields))
}

#[test]
fn an_incident_is_answered_in_full() {
    let mut desk = Desk::new();

    let (status, body) = desk.post(
        "/incidents",
        &incident(json!({"urgency": "low", "incident_key": "run-1"})),
    );

    let incident = &body["incident"];
    assert_eq!(status, 201);
    assert_eq!(incident["type"], "incident");
    assert_eq!(incident["incident_number"], 1);
    assert_eq!(incident["title"], "Memory at 97 %");
    assert_eq!(incident["description"], "Memory at 97 %");
    assert_eq!(incident["summary"], "[#1] Memory at 97 %");
    assert_eq!(incident["status"], "triggered");
    assert_eq!(incident["urgency"], "low");
    assert_eq!(incident["incident_key"], "run-1");
    assert_eq!(incident["created_at"], "2026-03-01T08:00:00Z");
    assert_eq!(incident["updated_at"], "2026-03-01T08:00:00Z");
    assert_eq!(incident["last_status_change_at"], "2026-03-01T08:00:00Z");
    assert_eq!(incident["last_status_change_by"]["type"], "service_reference");
    assert_eq!(incident["priority"], Value::Null);
    assert_eq!(incident["resolve_reason"], Value::Null);
    assert_eq!(
        incident["alert_counts"],
        json!({"all": 0, "triggered": 0, "resolved": 0})
    );
    assert_eq!(incident["incident_type"], json!({"name": "incident_default"}));
    assert_eq!(
        incident["first_trigger_log_entry"]["type"],
        "trigger_log_entry_reference"
    );
    assert!(incident.get("body").is_none(), "the body is not echoed");
}

#[test]
fn links_name_pagerdutys_own_host_and_the_accounts_pages() {
    let incident = Desk::new().create(json!({}));

    let id = text(&incident["id"]);
    assert_eq!(
        incident["self"],
        json!(format!("https://api.pagerduty.com/incidents/{id}"))
    );
    assert_eq!(
        incident["html_url"],
        json!(format!("https://example.pagerduty.com/incidents/{id}"))
    );
    assert_eq!(
        incident["service"],
        json!({
            "id": "PWIXJZS",
            "type": "service_reference",
            "summary": "CloudWatch-Memory-Alert",
            "self": "https://api.pagerduty.com/services/PWIXJZS",
            "html_url": "https://example.pagerduty.com/service-directory/PWIXJZS",
        })
    );
}

#[test]
fn ids_of_both_lengths_occur_and_numbers_count_up() {
    let mut desk = Desk::new();

    let incidents = [desk.create(json!({})), desk.create(json!({}))];

    assert_eq!(
        incidents.each_ref().map(|incident| text(&incident["id"]).len()),
        [14, 7]
    );
    assert_eq!(
        incidents.each_ref().map(|incident| incident["incident_number"].clone()),
        [json!(1), json!(2)]
    );
}

#[test]
fn without_responders_the_services_policy_is_asked() {
    let incident = Desk::new().create(json!({}));

    assert_eq!(incident["escalation_policy"]["id"], "PT20YPA");
    assert_eq!(incident["assigned_via"], "escalation_policy");
    assert_eq!(column(&incident["assignments"], "/assignee/id"), ["PUS1A7C"]);
    assert_eq!(column(&incident["teams"], "/id"), ["PGT4K7L"]);
}

#[test]
fn a_given_policy_overrides_the_services() {
    let policy = json!({"id": "PT31ZQB", "type": "escalation_policy_reference"});

    let incident = Desk::new().create(json!({"escalation_policy": policy}));

    assert_eq!(incident["escalation_policy"]["id"], "PT31ZQB");
    assert_eq!(column(&incident["assignments"], "/assignee/id"), ["PUS2B8D"]);
}

fn assigned_to(users: &[&str]) -> Value {
    users
        .iter()
        .map(|id| json!({"assignee": {"id": id, "type": "user_reference"}}))
        .collect()
}

#[test]
fn a_given_assignee_gets_the_incident() {
    let incident = Desk::new().create(json!({"assignments": assigned_to(&["PUS2B8D"])}));

    assert_eq!(incident["assigned_via"], "direct_assignment");
    assert_eq!(column(&incident["assignments"], "/assignee/id"), ["PUS2B8D"]);
    assert_eq!(incident["status"], "triggered");
}

#[test]
fn whoever_assigns_an_incident_to_themselves_has_acknowledged_it() {
    let mut desk = Desk::new().from(MANAGER);

    let incident = desk.create(json!({"assignments": assigned_to(&["PUS2B8D"])}));

    assert_eq!(incident["status"], "acknowledged");
    assert_eq!(column(&incident["acknowledgements"], "/acknowledger/id"), ["PUS2B8D"]);
    assert_eq!(incident["last_status_change_by"]["id"], "PUS2B8D");
}

#[test]
fn a_policy_and_an_assignee_exclude_each_other() {
    let policy = json!({"id": "PT20YPA", "type": "escalation_policy_reference"});

    let answer = refused(json!({"escalation_policy": policy, "assignments": assigned_to(&["PUS2B8D"])}));

    assert_eq!(
        answer,
        (
            400,
            invalid("Only one of escalation_policy and assignments can be given")
        )
    );
}

#[test]
fn there_is_only_one_assignee() {
    let answer = refused(json!({"assignments": assigned_to(&["PUS1A7C", "PUS2B8D"])}));

    assert_eq!(answer, (400, invalid("Only one assignee can be given")));
}

#[rstest]
#[case::no_wrapper(json!({"title": "Memory"}))]
#[case::wrapper_is_no_object(json!({"incident": "Memory"}))]
#[case::no_title(json!({"incident": {"type": "incident"}}))]
#[case::empty_title(json!({"incident": {"type": "incident", "title": "  "}}))]
fn without_wrapper_or_title_the_title_is_said_to_be_empty(#[case] body: Value) {
    let answer = Desk::new().post("/incidents", &body);

    assert_eq!(answer, (400, invalid("Title cannot be empty.")));
}

#[rstest]
#[case(1024, 201)]
#[case(1025, 400)]
fn a_title_has_at_most_1024_characters(#[case] length: usize, #[case] status: u16) {
    assert_eq!(refused(json!({"title": "é".repeat(length)})).0, status);
}

#[rstest]
#[case(json!(null))]
#[case(json!("incident_reference"))]
fn the_type_must_be_incident(#[case] kind: Value) {
    assert_eq!(refused(json!({"type": kind})), (400, invalid("type must be incident")));
}

#[rstest]
#[case::absent(json!(null), invalid("Service cannot be empty."))]
#[case::of_another_type(json!({"id": "PWIXJZS", "type": "user_reference"}), invalid("service must have the type service_reference"))]
#[case::without_type(json!({"id": "PWIXJZS"}), invalid("service must have the type service_reference"))]
#[case::unknown(
    json!({"id": "PNOSUCH", "type": "service_reference"}),
    error("Arguments Caused Error", 2002, &["Service not found"])
)]
fn a_service_must_be_there(#[case] service: Value, #[case] expected: Value) {
    assert_eq!(refused(json!({"service": service})), (400, expected));
}

#[rstest]
#[case::disabled("PSVC3D1")]
#[case::in_maintenance("PSVC5M4")]
fn a_service_out_of_use_takes_no_incident(#[case] service: &str) {
    let answer = refused(json!({"service": {"id": service, "type": "service_reference"}}));

    assert_eq!(answer, (400, invalid("Incident could not be created")));
}

#[rstest]
#[case::policy(json!({"escalation_policy": {"id": "PNOSUCH", "type": "escalation_policy_reference"}}), 1014)]
#[case::nobody_on_call(json!({"escalation_policy": {"id": "PT42ARC", "type": "escalation_policy_reference"}}), 1015)]
#[case::assignee(json!({"assignments": [{"assignee": {"id": "PNOSUCH", "type": "user_reference"}}]}), 1007)]
#[case::priority(json!({"priority": {"id": "PNOSUCH", "type": "priority_reference"}}), 1020)]
fn what_an_incident_refers_to_must_be_there(#[case] fields: Value, #[case] code: u32) {
    let (status, body) = refused(fields);

    assert_eq!((status, &body["error"]["code"]), (400, &json!(code)));
}

#[rstest]
#[case::urgency(json!({"urgency": "medium"}), "Urgency must be high or low")]
#[case::key(json!({"incident_key": 7}), "incident_key must be a string")]
#[case::details_are_an_object(
    json!({"body": {"type": "incident_body", "details": {"host": "a"}}}),
    "Body details must be a string"
)]
#[case::body_without_type(json!({"body": {"details": "text"}}), "type must be incident_body")]
fn a_value_of_the_wrong_kind_is_refused(#[case] fields: Value, #[case] explanation: &str) {
    assert_eq!(refused(fields), (400, invalid(explanation)));
}

#[test]
fn optional_fields_are_kept() {
    let incident = Desk::new().create(json!({
        "priority": {"id": "PPRI1P1", "type": "priority_reference"},
        "incident_type": {"name": "major_incident"},
        "conference_bridge": {"conference_number": "+1 555 0100", "conference_url": "https://meet.example.com/1"},
    }));

    assert_eq!(incident["priority"]["name"], "P1");
    assert_eq!(incident["priority"]["type"], "priority");
    assert_eq!(incident["incident_type"]["name"], "major_incident");
    assert_eq!(
        incident["conference_bridge"]["conference_url"],
        "https://meet.example.com/1"
    );
}

#[test]
fn details_are_shown_only_to_whoever_includes_the_body() {
    let mut desk = Desk::new();
    let created = desk.create(json!({"body": {"type": "incident_body", "details": "host a"}}));
    let path = format!("/incidents/{}", text(&created["id"]));

    let without = desk.get(&path).1;
    let with = desk.get(&format!("{path}?include%5B%5D=body")).1;

    assert!(without["incident"].get("body").is_none());
    assert_eq!(
        with["incident"]["body"],
        json!({"type": "incident_body", "details": "host a"})
    );
}

#[test]
fn unknown_fields_are_ignored() {
    assert_eq!(refused(json!({"colour": "red"})).0, 201);
}

mod incident_key {
    use super::*;

    #[test]
    fn of_an_open_incident_on_the_same_service_is_refused() {
        let mut desk = Desk::new();
        desk.create(json!({"incident_key": "run-1"}));

        let answer = desk.post("/incidents", &incident(json!({"incident_key": "run-1"})));

        let expected = "Open incident with matching dedup key already exists on this service";
        assert_eq!(answer, (400, error("Arguments Caused Error", 2002, &[expected])));
    }

    #[test]
    fn of_an_acknowledged_incident_is_refused_as_well() {
        let mut desk = Desk::new();
        let first = desk.create(json!({"incident_key": "run-1"}));
        desk.change(&first, json!({"status": "acknowledged"}));

        assert_eq!(
            desk.post("/incidents", &incident(json!({"incident_key": "run-1"}))).0,
            400
        );
    }

    #[test]
    fn of_a_resolved_incident_can_be_used_again() {
        let mut desk = Desk::new();
        let first = desk.create(json!({"incident_key": "run-1"}));
        desk.change(&first, json!({"status": "resolved"}));

        let second = desk.create(json!({"incident_key": "run-1"}));

        assert_ne!(first["id"], second["id"]);
    }

    #[test]
    fn is_one_services_own() {
        let mut desk = Desk::new();
        desk.create(json!({"incident_key": "run-1"}));

        desk.create(json!({"incident_key": "run-1", "service": {"id": "PSVC8R2", "type": "service_reference"}}));
    }

    #[rstest]
    #[case::absent(json!({}))]
    #[case::empty(json!({"incident_key": ""}))]
    fn is_made_when_none_is_given(#[case] fields: Value) {
        let mut desk = Desk::new();

        let keys =
            [desk.create(fields.clone()), desk.create(fields)].map(|made| text(&made["incident_key"]).to_owned());

        assert_eq!(keys.each_ref().map(String::len), [32, 32]);
        assert_ne!(keys[0], keys[1]);
    }
}

#[test]
fn a_refused_request_leaves_nothing_behind() {
    let mut desk = Desk::new();
    desk.post("/incidents", &incident(json!({"urgency": "medium"})));
    desk.wait(SignedDuration::from_secs(1));

    assert_eq!(desk.pagerduty.incidents(), json!([]));
    assert_eq!(desk.create(json!({}))["incident_number"], 1);
}

#[rstest]
#[case::both(IncidentIdForm::Both, [14, 7])]
#[case::old(IncidentIdForm::Old, [7, 7])]
#[case::new(IncidentIdForm::New, [14, 14])]
fn ids_have_the_form_that_the_seed_wants(#[case] form: IncidentIdForm, #[case] lengths: [usize; 2]) {
    let mut desk = Desk::with_seed(Seed {
        incident_ids: form,
        ..Seed::default()
    });

    let ids = [(); 2].map(|()| desk.create(json!({}))["id"].clone());

    assert_eq!(ids.map(|id| text(&id).len()), lengths);
}

#[rstest]
#[case("fire")]
#[case("retired_incident")]
fn a_type_that_the_account_does_not_use_is_refused(#[case] name: &str) {
    let answer = Desk::new().post("/incidents", &incident(json!({"incident_type": {"name": name}})));

    assert_eq!(answer, (400, invalid("Incident type is invalid")));
}
