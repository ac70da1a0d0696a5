use jiff::SignedDuration;
use provider::http::REQUEST_TIME_LIMIT;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::scripted::{Answer, PagerDuty, token};

const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

fn input(extra: &Value) -> Input {
    serde_json::from_value(given(extra)).unwrap()
}

fn given(extra: &Value) -> Value {
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
    input
}

fn keyed(attempt: Option<u32>) -> Input {
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

async fn run_at(pagerduty: &PagerDuty, input: &Input) -> Result<Output, Error> {
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
    let late = Input {
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
    let soon = Input {
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
    let mut given = given(&json!({}));
    given
        .as_object_mut()
        .unwrap()
        .extend(change.as_object().unwrap().clone());

    let error = serde_json::from_value::<Input>(given).unwrap_err().to_string();

    assert!(error.contains(message), "{error}");
}

#[test]
fn the_sample_input_is_valid() {
    let sample = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../events/create-incident.json"
    ));

    assert!(serde_json::from_str::<Input>(sample).is_ok());
}

// A key of the user's own.

/// Half an hour after [`CREATED`].
const INTENDED: &str = "2026-11-20T10:00:00.7Z";
const CREATED: &str = "2026-11-20T09:30:00Z";

fn own_key(attempt: Option<u32>, extra: &Value) -> Input {
    let mut given = given(extra);
    given["incident_key"] = json!("disk full: web-1");
    given["idempotency_key"] = json!("pgf-key-1");
    given["attempt"] = json!(attempt);
    given["intended_at"] = json!(INTENDED);
    serde_json::from_value(given).unwrap()
}

fn with_own_key(status: &str, created_at: &str) -> Value {
    let mut incident = incident("PINC002", status);
    incident["incident_key"] = json!("disk full: web-1");
    incident["created_at"] = json!(created_at);
    incident
}

#[tokio::test]
async fn an_incident_has_the_users_key_instead_of_the_steps() {
    let pagerduty = PagerDuty::that_answers([created()]).await;

    run_at(&pagerduty, &own_key(Some(1), &json!({}))).await.unwrap();

    let [request] = pagerduty.requests().try_into().unwrap();
    assert_eq!(request.json()["incident"]["incident_key"], "disk full: web-1");
}

#[rstest]
#[case::first_attempt(Some(1), vec![key_taken(), found(&[with_own_key("triggered", CREATED)])])]
#[case::first_attempt_however_young(Some(1), vec![key_taken(), found(&[with_own_key("triggered", INTENDED)])])]
#[case::later_attempt(Some(2), vec![found(&[with_own_key("acknowledged", CREATED)])])]
#[tokio::test]
async fn an_open_incident_with_the_users_key_that_is_not_ours_is_adopted_only_on_request(
    #[case] attempt: Option<u32>,
    #[case] answers: Vec<Answer>,
) {
    let failing = PagerDuty::that_answers(answers.clone()).await;
    let error = run_at(&failing, &own_key(attempt, &json!({}))).await.unwrap_err();
    assert_eq!(error.name(), "PagerDuty.InvalidRequest");
    assert!(error.to_string().contains("PINC002"), "{error}");
    assert!(error.to_string().contains("`on_existing: adopt`"), "{error}");

    let adopting = PagerDuty::that_answers(answers).await;
    let adopted = run_at(&adopting, &own_key(attempt, &json!({"on_existing": "adopt"}))).await;
    assert_eq!(adopted.unwrap().incident_id.as_str(), "PINC002");
}

#[rstest]
#[case::f6_open("triggered", INTENDED)]
#[case::f6_in_the_same_second("triggered", "2026-11-20T10:00:00Z")]
#[case::f41_by_a_clock_that_is_a_little_behind("triggered", "2026-11-20T09:59:56Z")]
#[case::f7_resolved_in_between("resolved", "2026-11-20T10:00:02Z")]
#[tokio::test]
async fn a_later_attempt_adopts_what_is_younger_than_the_first(#[case] status: &str, #[case] created_at: &str) {
    let pagerduty = PagerDuty::that_answers([found(&[with_own_key(status, created_at)])]).await;

    let adopted = run_at(&pagerduty, &own_key(Some(2), &json!({}))).await.unwrap();

    assert_eq!(
        (adopted.incident_id.as_str(), adopted.status.as_str()),
        ("PINC002", status)
    );
    assert_eq!(pagerduty.lines(), ["GET /incidents"]);
}

#[tokio::test]
async fn f7_ours_that_was_resolved_comes_before_anothers_that_is_open() {
    let mut ours = with_own_key("resolved", INTENDED);
    ours["id"] = json!("PINC003");
    let pagerduty = PagerDuty::that_answers([found(&[with_own_key("triggered", CREATED), ours])]).await;

    let adopted = run_at(&pagerduty, &own_key(Some(2), &json!({}))).await.unwrap();

    assert_eq!(adopted.incident_id.as_str(), "PINC003");
}

#[tokio::test]
async fn a_resolved_incident_from_before_does_not_keep_the_users_key() {
    let pagerduty = PagerDuty::that_answers([found(&[with_own_key("resolved", CREATED)]), created()]).await;

    run_at(&pagerduty, &own_key(Some(2), &json!({}))).await.unwrap();

    assert_eq!(pagerduty.lines(), ["GET /incidents", "POST /incidents"]);
}

#[tokio::test]
async fn f8_an_incident_with_the_users_key_that_is_not_shown_yet_leaves_the_outcome_unknown() {
    let pagerduty = PagerDuty::that_answers([found(&[]), key_taken(), found(&[])]).await;

    let error = run_at(&pagerduty, &own_key(Some(2), &json!({}))).await.unwrap_err();

    assert_eq!(error.name(), "PagerDuty.OutcomeUnknown");
}

#[tokio::test]
async fn a_later_attempt_that_can_not_tell_whose_an_incident_is_does_nothing() {
    let pagerduty = PagerDuty::that_answers([created()]).await;
    let unknown = Input {
        intended_at: None,
        ..own_key(Some(2), &json!({}))
    };

    let error = run_at(&pagerduty, &unknown).await.unwrap_err();

    assert_eq!(error.name(), "Input.Invalid");
    assert!(error.to_string().contains("`intended_at`"), "{error}");
    assert!(pagerduty.requests().is_empty());
}

#[tokio::test]
async fn all_that_can_be_given_is_in_the_request() {
    let pagerduty = PagerDuty::that_answers([created()]).await;
    let mut given = given(&json!({
        "assignee": "PUSER01", "urgency": "low", "priority": "PPRIO01", "body": "The heap grows.",
        "incident_type": "major_incident",
        "conference_bridge": {"conference_number": "+1 415-555-1212,,1#", "conference_url": "https://example.com/call"},
    }));
    given["escalation_policy"] = Value::Null;
    given["from"] = Value::Null;

    run_at(&pagerduty, &serde_json::from_value(given).unwrap())
        .await
        .unwrap();

    let [request] = pagerduty.requests().try_into().unwrap();
    assert_eq!(
        request.json(),
        json!({"incident": {
            "type": "incident", "title": "Memory pressure", "service": {"id": "PSVC001", "type": "service_reference"},
            "assignments": [{"assignee": {"id": "PUSER01", "type": "user_reference"}}], "urgency": "low",
            "priority": {"id": "PPRIO01", "type": "priority_reference"},
            "body": {"type": "incident_body", "details": "The heap grows."},
            "incident_type": {"name": "major_incident"},
            "conference_bridge": {
                "conference_number": "+1 415-555-1212,,1#", "conference_url": "https://example.com/call",
            },
        }})
    );
    assert_eq!(request.header("from"), None);
}

#[tokio::test]
async fn nobody_is_both_assigned_and_called_by_a_policy() {
    let pagerduty = PagerDuty::that_answers([created()]).await;

    let error = run_at(&pagerduty, &input(&json!({"assignee": "PUSER01"}))).await;

    assert_eq!(error.unwrap_err().name(), "Input.Invalid");
    assert!(pagerduty.requests().is_empty());
}
