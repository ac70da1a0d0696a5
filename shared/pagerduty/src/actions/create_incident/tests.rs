use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::{
    client::REQUEST_TIME_LIMIT,
    scripted::{Answer, PagerDuty, token},
};

const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

fn input(extra: &Value) -> CreateIncidentInput {
    let mut input = json!({
        "integration": "prod",
        "title": "Memory pressure",
        "service": "PSVC001",
        "escalation_policy": "PEPOL01",
        "from": "oncall@example.com",
    });
    input
        .as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    serde_json::from_value(input).unwrap()
}

fn keyed(attempt: Option<u32>) -> CreateIncidentInput {
    input(&json!({"idempotency_key": "pgf-key-1", "attempt": attempt}))
}

fn incident(id: &str, status: &str) -> Value {
    json!({
        "id": id, "type": "incident", "incident_number": 19, "title": "Memory pressure", "status": status,
        "created_at": "2026-11-20T09:30:00Z", "incident_key": "pgf-key-1",
        "service": {"id": "PSVC001", "type": "service_reference"},
    })
}

fn created() -> Answer {
    Answer::json(201, &json!({"incident": incident("PINC001", "triggered")}))
}

fn found(incidents: &[Value]) -> Answer {
    Answer::json(
        200,
        &json!({"incidents": incidents, "limit": 100, "offset": 0, "more": false, "total": null}),
    )
}

fn key_taken() -> Answer {
    Answer::json(
        400,
        &json!({"error": {
            "message": "Arguments Caused Error",
            "code": 2002,
            "errors": ["Open incident with matching dedup key already exists on this service"],
        }}),
    )
}

async fn run_at(pagerduty: &PagerDuty, input: &CreateIncidentInput) -> Result<CreatedIncident, Error> {
    run(&pagerduty.client, &token(), input, NOW).await
}

#[tokio::test]
async fn a_first_attempt_is_one_request_in_pagerdutys_form() {
    let pagerduty = PagerDuty::that_answers([created()]).await;

    let output = run_at(&pagerduty, &keyed(Some(1))).await.unwrap();

    assert_eq!(
        serde_json::to_value(output).unwrap(),
        json!({
            "created_at": "2026-11-20T09:30:00Z", "incident_id": "PINC001", "title": "Memory pressure",
            "incident_number": 19, "status": "triggered",
        })
    );
    let [request] = pagerduty.requests().try_into().unwrap();
    assert_eq!(request.line(), "POST /incidents");
    assert_eq!(request.uri.query(), None);
    assert_eq!(request.header("authorization"), Some("Token token=example-token"));
    assert_eq!(
        request.header("accept"),
        Some("application/vnd.pagerduty+json;version=2")
    );
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("from"), Some("oncall@example.com"));
    assert_eq!(
        request.json(),
        json!({"incident": {
            "type": "incident",
            "title": "Memory pressure",
            "service": {"id": "PSVC001", "type": "service_reference"},
            "escalation_policy": {"id": "PEPOL01", "type": "escalation_policy_reference"},
            "incident_key": "pgf-key-1",
        }})
    );
}

#[tokio::test]
async fn without_a_key_nothing_is_looked_up_and_pagerduty_makes_the_key() {
    let pagerduty = PagerDuty::that_answers([created()]).await;

    run_at(&pagerduty, &input(&json!({"attempt": 2}))).await.unwrap();

    let [request] = pagerduty.requests().try_into().unwrap();
    assert_eq!(request.line(), "POST /incidents");
    assert_eq!(request.json()["incident"].get("incident_key"), None);
}

#[rstest]
#[case::second_attempt(Some(2))]
#[case::unknown_attempt(None)]
#[tokio::test]
async fn a_later_attempt_adopts_what_an_earlier_one_created_even_if_it_is_resolved(#[case] attempt: Option<u32>) {
    let pagerduty = PagerDuty::that_answers([found(&[incident("PINC001", "resolved")])]).await;

    let output = run_at(&pagerduty, &keyed(attempt)).await.unwrap();

    assert_eq!(
        (output.incident_id.as_str(), output.status),
        ("PINC001", IncidentStatus::Resolved)
    );
    assert_eq!(pagerduty.lines(), ["GET /incidents"]);
}

#[tokio::test]
async fn f13_a_late_repeat_of_a_first_attempt_finds_what_the_call_before_it_created_and_somebody_has_resolved() {
    let pagerduty = PagerDuty::that_answers([found(&[incident("PINC001", "resolved")])]).await;
    let late = NOW + SignedDuration::from_secs(30);

    let output = run_at(
        &pagerduty,
        &input(&json!({"idempotency_key": "pgf-key-1", "attempt": 1, "deadline": late})),
    )
    .await
    .unwrap();

    assert_eq!(output.incident_id.as_str(), "PINC001");
    assert_eq!(pagerduty.lines(), ["GET /incidents"]);
}

#[tokio::test]
async fn a_later_attempt_creates_what_no_earlier_one_did() {
    let pagerduty = PagerDuty::that_answers([found(&[]), created()]).await;

    let output = run_at(&pagerduty, &keyed(Some(2))).await.unwrap();

    assert_eq!(output.incident_id.as_str(), "PINC001");
    assert_eq!(pagerduty.lines(), ["GET /incidents", "POST /incidents"]);
}

#[tokio::test]
async fn a_taken_key_leads_to_the_incident_that_has_it() {
    let pagerduty = PagerDuty::that_answers([key_taken(), found(&[incident("PINC001", "acknowledged")])]).await;

    let output = run_at(&pagerduty, &keyed(Some(1))).await.unwrap();

    assert_eq!(
        (output.incident_id.as_str(), output.status),
        ("PINC001", IncidentStatus::Acknowledged)
    );
    assert_eq!(pagerduty.lines(), ["POST /incidents", "GET /incidents"]);
}

#[tokio::test]
async fn an_open_incident_is_adopted_rather_than_an_older_resolved_one() {
    let incidents = [
        incident("PINC003", "resolved"),
        incident("PINC002", "triggered"),
        incident("PINC001", "resolved"),
    ];
    let pagerduty = PagerDuty::that_answers([found(&incidents)]).await;

    assert_eq!(
        run_at(&pagerduty, &keyed(None)).await.unwrap().incident_id.as_str(),
        "PINC002"
    );
}

#[tokio::test]
async fn among_resolved_incidents_the_newest_is_adopted() {
    let incidents = [incident("PINC003", "resolved"), incident("PINC001", "resolved")];
    let pagerduty = PagerDuty::that_answers([found(&incidents)]).await;

    assert_eq!(
        run_at(&pagerduty, &keyed(None)).await.unwrap().incident_id.as_str(),
        "PINC003"
    );
}

#[tokio::test]
async fn an_incident_that_pagerduty_does_not_show_yet_is_left_to_a_later_attempt() {
    let pagerduty = PagerDuty::that_answers([found(&[]), key_taken(), found(&[])]).await;

    let error = run_at(&pagerduty, &keyed(Some(2))).await.unwrap_err();

    assert_eq!(
        error,
        Error::OutcomeUnknown {
            failure: Failure::NotVisibleYet
        }
    );
    assert!(error.to_string().contains("a later attempt finds it"), "{error}");
    assert_eq!(
        pagerduty.lines(),
        ["GET /incidents", "POST /incidents", "GET /incidents"]
    );
}

#[tokio::test]
async fn the_incident_of_somebody_else_is_never_adopted() {
    let mut other_service = incident("PINC008", "triggered");
    other_service["service"]["id"] = json!("PSVC002");
    let mut other_key = incident("PINC009", "triggered");
    other_key["incident_key"] = json!("another");
    let pagerduty = PagerDuty::that_answers([found(&[other_service, other_key]), created()]).await;

    assert_eq!(
        run_at(&pagerduty, &keyed(Some(2))).await.unwrap().incident_id.as_str(),
        "PINC001"
    );
}

#[rstest]
#[case::no_words(Answer::empty(400))]
#[case::other_words(Answer::json(400, &json!({"error": {"message": "Arguments Caused Error", "code": 2002, "errors": ["Service not found"]}})))]
#[tokio::test]
async fn another_refusal_is_an_error_and_is_not_repeated(#[case] answer: Answer) {
    let pagerduty = PagerDuty::that_answers([answer]).await;

    let error = run_at(&pagerduty, &keyed(Some(1))).await.unwrap_err();

    assert_eq!(error.name(), "PagerDuty.InvalidRequest");
    assert_eq!(pagerduty.lines(), ["POST /incidents"]);
}

#[rstest]
#[case::server_fault(Answer::empty(503))]
#[case::gateway(Answer::Text(502, &[("content-type", "text/html")], "<html>Bad Gateway</html>".into()))]
#[case::took_too_long(Answer::empty(408))]
#[case::success_without_an_incident(Answer::json(201, &json!({})))]
#[tokio::test]
async fn without_a_clear_answer_the_outcome_is_unknown_and_nothing_is_repeated(#[case] answer: Answer) {
    let pagerduty = PagerDuty::that_answers([answer]).await;

    let error = run_at(&pagerduty, &keyed(Some(1))).await.unwrap_err();

    assert_eq!(error.name(), "PagerDuty.OutcomeUnknown");
    assert_eq!(pagerduty.lines(), ["POST /incidents"]);
}

#[tokio::test]
async fn a_look_up_that_fails_keeps_the_incident_from_being_created_twice() {
    let pagerduty = PagerDuty::that_answers([Answer::empty(500)]).await;

    let error = run_at(&pagerduty, &keyed(Some(2))).await.unwrap_err();

    assert_eq!(error.name(), "PagerDuty.Unavailable");
    assert_eq!(pagerduty.lines(), ["GET /incidents"]);
}

#[tokio::test]
async fn after_the_deadline_nothing_is_sent() {
    let pagerduty = PagerDuty::that_answers([created()]).await;
    let late = CreateIncidentInput {
        deadline: Some(NOW - SignedDuration::from_secs(1)),
        ..keyed(Some(1))
    };

    let error = run_at(&pagerduty, &late).await.unwrap_err();

    assert_eq!(error.name(), "Step.DeadlineExceeded");
    assert!(pagerduty.requests().is_empty());
}

#[tokio::test]
async fn a_request_is_given_up_at_the_deadline() {
    let pagerduty = PagerDuty::that_answers([found(&[]), Answer::Silence]).await;
    let soon = CreateIncidentInput {
        deadline: Some(NOW + SignedDuration::from_secs(1)),
        ..keyed(Some(1))
    };

    let well_before_the_usual_limit = REQUEST_TIME_LIMIT / 2;
    let outcome = tokio::time::timeout(well_before_the_usual_limit, run_at(&pagerduty, &soon))
        .await
        .unwrap();

    assert_eq!(
        outcome,
        Err(Error::OutcomeUnknown {
            failure: Failure::TimedOut
        })
    );
}

#[tokio::test]
async fn a_hostile_title_stays_a_title() {
    let pagerduty = PagerDuty::that_answers([created()]).await;
    let hostile = input(&json!({"title": "x\r\nFrom: evil@example.com\",\"service\":{\"id\":\"EVIL\"}"}));

    run_at(&pagerduty, &hostile).await.unwrap();

    let [request] = pagerduty.requests().try_into().unwrap();
    assert_eq!(request.header("from"), Some("oncall@example.com"));
    let body = request.json();
    assert_eq!(
        body["incident"]["title"],
        "x  From: evil@example.com\",\"service\":{\"id\":\"EVIL\"}"
    );
    assert_eq!(body["incident"]["service"]["id"], "PSVC001");
}

#[rstest]
#[case::unknown_field(json!({"titel": "x"}), "unknown field `titel`")]
#[case::empty_title(json!({"title": " "}), "the title is empty")]
#[case::bad_service(json!({"service": "../x"}), "not a valid service id")]
#[case::bad_from(json!({"from": "PUSER01"}), "not a valid user e-mail")]
#[case::empty_key(json!({"idempotency_key": ""}), "not a valid idempotency key")]
#[case::wrong_type(json!({"attempt": -1}), "invalid value")]
fn input_is_checked_before_anything_happens(#[case] change: Value, #[case] message: &str) {
    let mut given = serde_json::to_value(input(&json!({}))).unwrap();
    given
        .as_object_mut()
        .unwrap()
        .extend(change.as_object().unwrap().clone());

    let error = serde_json::from_value::<CreateIncidentInput>(given)
        .unwrap_err()
        .to_string();

    assert!(error.contains(message), "{error}");
}

#[test]
fn the_sample_input_is_valid() {
    let sample = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../events/create-incident.json"
    ));

    assert!(serde_json::from_str::<CreateIncidentInput>(sample).is_ok());
}
