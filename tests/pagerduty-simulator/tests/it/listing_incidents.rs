//! `GET /incidents` and `GET /incidents/{id}`.

use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, column, error, text};

fn numbers(desk: &mut Desk, query: &str) -> Vec<u64> {
    let (status, body) = desk.get(&format!("/incidents?{query}"));
    assert_eq!(status, 200, "{body}");
    column(&body["incidents"], "/incident_number")
        .into_iter()
        .filter_map(Value::as_u64)
        .collect()
}

/// Three incidents: 1 triggered, 2 acknowledged with low urgency on another service, 3 resolved.
fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.create(json!({"incident_key": "one"}));
    let second = desk.create(json!({
        "incident_key": "two",
        "urgency": "low",
        "service": {"id": "PSVC8R2", "type": "service_reference"},
    }));
    let third = desk.create(json!({"incident_key": "three"}));
    desk.change(&second, json!({"status": "acknowledged"}));
    desk.change(&third, json!({"status": "resolved"}));
    desk
}

#[rstest]
#[case::no_filter("", &[1, 2, 3])]
#[case::key("incident_key=three", &[3])]
#[case::unknown_key("incident_key=four", &[])]
#[case::empty_key_is_no_filter("incident_key=", &[1, 2, 3])]
#[case::key_on_its_service("incident_key=two&service_ids%5B%5D=PSVC8R2", &[2])]
#[case::key_on_another_service("incident_key=two&service_ids[]=PWIXJZS", &[])]
#[case::services("service_ids[]=PWIXJZS&service_ids[]=PSVC8R2", &[1, 2, 3])]
#[case::status("statuses[]=triggered", &[1])]
#[case::statuses("statuses[]=resolved&statuses[]=acknowledged", &[2, 3])]
#[case::urgency("urgencies[]=low", &[2])]
#[case::team("team_ids[]=PGT9S2M", &[2])]
#[case::user_of_open_incidents("user_ids[]=PUS1A7C", &[1])]
#[case::a_filter_that_is_not_known_is_ignored("priorities[]=PPRI1P1", &[1, 2, 3])]
fn incidents_are_filtered(#[case] query: &str, #[case] expected: &[u64]) {
    assert_eq!(numbers(&mut desk(), query), expected);
}

#[rstest]
#[case::oldest_first("created_at:asc", &[1, 2, 3])]
#[case::ascending_unless_asked_otherwise("created_at", &[1, 2, 3])]
#[case::newest_first("created_at:desc", &[3, 2, 1])]
#[case::by_number("incident_number:desc", &[3, 2, 1])]
#[case::of_two_fields_the_first_goes_before("urgency:desc,created_at:desc", &[2, 3, 1])]
#[case::a_field_that_is_not_known_is_ignored("title:desc", &[1, 2, 3])]
fn incidents_are_sorted_as_asked(#[case] sort_by: &str, #[case] expected: &[u64]) {
    let mut desk = Desk::new();
    for urgency in ["high", "low", "high"] {
        desk.create(json!({ "urgency": urgency }));
        desk.wait(SignedDuration::from_secs(1));
    }

    assert_eq!(numbers(&mut desk, &format!("sort_by={sort_by}")), expected);
}

#[test]
fn the_newest_incidents_are_on_the_first_page_of_a_list_from_the_newest_on() {
    let mut desk = desk();

    assert_eq!(numbers(&mut desk, "sort_by=incident_number:desc&limit=2"), [3, 2]);
}

#[test]
fn the_alert_key_of_a_monitoring_tool_is_found_like_an_incident_key() {
    let mut desk = Desk::new();
    let mut trigger = pagerduty_simulator::Trigger::new("Disk full", pagerduty_simulator::ServiceId::new("PWIXJZS"));
    trigger.key = Some("disk-a".to_owned());
    desk.pagerduty.trigger(trigger, desk.now).unwrap();

    assert_eq!(numbers(&mut desk, "incident_key=disk-a"), [1]);
}

#[rstest]
#[case::a_month_by_default("", &[2])]
#[case::all("date_range=all", &[1, 2])]
#[case::since("since=2026-02-27T00:00:00Z&until=2026-04-15T00:00:00Z", &[1, 2])]
#[case::until("since=2026-02-27T00:00:00Z&until=2026-03-02T00:00:00Z", &[1])]
fn incidents_are_of_the_last_month_unless_asked_otherwise(#[case] query: &str, #[case] expected: &[u64]) {
    let mut desk = Desk::new();
    desk.create(json!({}));
    desk.wait(SignedDuration::from_hours(31 * 24));
    desk.create(json!({}));

    assert_eq!(numbers(&mut desk, query), expected);
}

#[test]
fn no_more_than_six_months_can_be_asked_for() {
    let answer = Desk::new().get("/incidents?since=2025-01-01T00:00:00Z&until=2026-01-01T00:00:00Z");

    assert_eq!(answer, (400, error("Invalid Query Date Range", 2005, &[])));
}

#[rstest]
#[case::no_time("since=yesterday")]
#[case::wrong_way_round("since=2026-02-02T00:00:00Z&until=2026-02-01T00:00:00Z")]
fn times_that_make_no_sense_are_refused(#[case] query: &str) {
    let (status, body) = Desk::new().get(&format!("/incidents?{query}"));

    assert_eq!((status, &body["error"]["code"]), (400, &json!(2004)));
}

#[rstest]
#[case::body("body", "/body/type", "incident_body")]
#[case::service("services", "/service/type", "service")]
#[case::policy("escalation_policies", "/escalation_policy/type", "escalation_policy")]
#[case::log_entry("first_trigger_log_entries", "/first_trigger_log_entry/type", "trigger_log_entry")]
#[case::assignee("assignees", "/assignments/0/assignee/type", "user")]
#[case::user("users", "/assignments/0/assignee/type", "user")]
fn what_is_included_comes_in_full(#[case] include: &str, #[case] place: &str, #[case] kind: &str) {
    let mut desk = Desk::new();
    let incident = desk.create(json!({"body": {"type": "incident_body", "details": "d"}}));
    assert_ne!(incident.pointer(place).and_then(Value::as_str), Some(kind));

    for path in ["/incidents".to_owned(), format!("/incidents/{}", text(&incident["id"]))] {
        let (_, body) = desk.get(&format!("{path}?include[]={include}"));
        let incident = body.get("incident").unwrap_or(&body["incidents"][0]);
        assert_eq!(incident.pointer(place).and_then(Value::as_str), Some(kind), "{path}");
    }
}

#[test]
fn a_new_incident_may_not_be_known_at_once() {
    let mut desk = Desk::new();
    desk.pagerduty.set_incident_lag(SignedDuration::from_secs(5));
    let incident = desk.create(json!({}));
    let path = format!("/incidents/{}", text(&incident["id"]));

    assert_eq!(desk.get(&path).0, 404);
    assert_eq!(desk.update(&incident, json!({"status": "resolved"})).0, 404);
    assert_eq!(
        desk.post(&format!("{path}/notes"), &json!({"note": {"content": "x"}}))
            .0,
        404
    );
    desk.wait(SignedDuration::from_secs(5));
    assert_eq!(desk.update(&incident, json!({"status": "resolved"})).0, 200);
}

#[test]
fn a_list_is_paginated() {
    let mut desk = desk();

    let (_, body) = desk.get("/incidents?limit=2&offset=0&total=true");

    assert_eq!(
        (&body["limit"], &body["offset"], &body["more"], &body["total"]),
        (&json!(2), &json!(0), &json!(true), &json!(3))
    );
    assert_eq!(numbers(&mut desk, "limit=2&offset=2"), [3]);
}

#[test]
fn a_list_ends_at_row_ten_thousand() {
    let (status, body) = Desk::new().get("/incidents?limit=100&offset=9950");

    assert_eq!(status, 400);
    assert!(text(&body["error"]["errors"][0]).starts_with("Offset+limit exceeds maximum allowed value of 10000."));
}

#[test]
fn one_incident_is_found_by_id_and_by_number() {
    let mut desk = desk();

    let by_number = desk.get("/incidents/2").1;
    let by_id = desk
        .get(&format!("/incidents/{}", text(&by_number["incident"]["id"])))
        .1;

    assert_eq!(by_number, by_id);
    assert_eq!(by_id["incident"]["incident_key"], "two");
}

#[test]
fn an_unknown_incident_is_not_found() {
    assert_eq!(Desk::new().get("/incidents/9").0, 404);
    assert_eq!(Desk::new().get("/incidents/PNOSUCH").0, 404);
    assert_eq!(Desk::new().get("/incidents/PNOSUCH/notes").0, 404);
}

#[test]
fn the_overview_of_a_log_has_what_is_important() {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));
    let path = format!("/incidents/{}", text(&incident["id"]));
    desk.post(&format!("{path}/notes"), &json!({"note": {"content": "Looking"}}));
    desk.change(&incident, json!({"status": "acknowledged"}));

    let (_, all) = desk.get(&format!("{path}/log_entries"));
    let (_, overview) = desk.get(&format!("{path}/log_entries?is_overview=true"));

    assert_eq!(all["log_entries"].as_array().unwrap().len(), 3);
    assert_eq!(
        column(&overview["log_entries"], "/type"),
        ["acknowledge_log_entry", "trigger_log_entry"]
    );
}
