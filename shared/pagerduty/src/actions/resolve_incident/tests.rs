use jiff::SignedDuration;
use proptest::prelude::*;
use provider::http::REQUEST_TIME_LIMIT;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::{
    actions::note::{marker, text},
    scripted::{Answer, PagerDuty, token},
};

const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

fn input(extra: &Value) -> Input {
    let mut input = json!({"integration": "prod", "incident_id": "PINC001", "from": "oncall@example.com"});
    input
        .as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    serde_json::from_value(input).unwrap()
}

fn with_note(attempt: Option<u32>) -> Input {
    input(&json!({"note": "Back to normal.", "idempotency_key": "pgf-key-1", "attempt": attempt}))
}

fn incident(status: &str) -> Answer {
    Answer::json(
        200,
        &json!({"incident": {"id": "PINC001", "incident_number": 19, "title": "Memory pressure", "status": status}}),
    )
}

fn already_resolved() -> Answer {
    Answer::json(
        400,
        &json!({"error": {"message": "Incident Already Resolved", "code": 1001}}),
    )
}

fn note_added() -> Answer {
    Answer::json(200, &json!({"note": {"id": "PNOTE01", "content": "x"}}))
}

fn notes(contents: &[&str]) -> Answer {
    let notes: Vec<_> = contents
        .iter()
        .map(|content| json!({"id": "PNOTE01", "content": content}))
        .collect();
    Answer::json(200, &json!({ "notes": notes }))
}

async fn run_at(pagerduty: &PagerDuty, input: &Input) -> Result<IncidentOutput, Error> {
    run(&pagerduty.client, &token(), input, NOW).await
}

#[tokio::test]
async fn resolving_is_one_request_in_pagerdutys_form() {
    let pagerduty = PagerDuty::that_answers([incident("resolved")]).await;

    let output = run_at(&pagerduty, &input(&json!({}))).await.unwrap();

    assert_eq!(
        serde_json::to_value(output).unwrap(),
        json!({"incident_id": "PINC001", "title": "Memory pressure", "incident_number": 19, "status": "resolved"})
    );
    let [request] = pagerduty.requests().try_into().unwrap();
    assert_eq!(request.line(), "PUT /incidents/PINC001");
    assert_eq!(request.header("authorization"), Some("Token token=example-token"));
    assert_eq!(
        request.header("accept"),
        Some("application/vnd.pagerduty+json;version=2")
    );
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("from"), Some("oncall@example.com"));
    assert_eq!(
        request.json(),
        json!({"incident": {"type": "incident_reference", "status": "resolved"}})
    );
}

#[tokio::test]
async fn a_note_is_added_after_the_resolving_with_a_marker_of_its_key() {
    let pagerduty = PagerDuty::that_answers([incident("resolved"), note_added()]).await;

    run_at(&pagerduty, &with_note(Some(1))).await.unwrap();

    let [_, request] = pagerduty.requests().try_into().unwrap();
    assert_eq!(request.line(), "POST /incidents/PINC001/notes");
    assert_eq!(request.header("authorization"), Some("Token token=example-token"));
    assert_eq!(
        request.header("accept"),
        Some("application/vnd.pagerduty+json;version=2")
    );
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("from"), Some("oncall@example.com"));
    assert_eq!(
        request.json(),
        json!({"note": {"content": "Back to normal.\n\n[pagerflow 4UVGNH5ZIPJPY]"}})
    );
}

#[rstest]
#[case::second_attempt(Some(2))]
#[case::unknown_attempt(None)]
#[tokio::test]
async fn a_later_attempt_writes_no_note_that_is_already_there(#[case] attempt: Option<u32>) {
    let written = format!("Back to normal.\n\n{}", marker(&"pgf-key-1".parse().unwrap()));
    let pagerduty =
        PagerDuty::that_answers([already_resolved(), incident("resolved"), notes(&["Mine.", &written])]).await;

    run_at(&pagerduty, &with_note(attempt)).await.unwrap();

    assert_eq!(
        pagerduty.lines(),
        [
            "PUT /incidents/PINC001",
            "GET /incidents/PINC001",
            "GET /incidents/PINC001/notes"
        ]
    );
}

#[tokio::test]
async fn a_later_attempt_writes_the_note_that_is_missing() {
    let other = format!("Back to normal.\n\n{}", marker(&"pgf-key-2".parse().unwrap()));
    let pagerduty =
        PagerDuty::that_answers([incident("resolved"), notes(&["Back to normal.", &other]), note_added()]).await;

    run_at(&pagerduty, &with_note(Some(2))).await.unwrap();

    assert_eq!(pagerduty.lines().last().unwrap(), "POST /incidents/PINC001/notes");
}

#[tokio::test]
async fn without_a_key_the_note_has_no_marker_and_is_not_looked_for() {
    let pagerduty = PagerDuty::that_answers([incident("resolved"), note_added()]).await;

    run_at(&pagerduty, &input(&json!({"note": "Back to normal."})))
        .await
        .unwrap();

    let [_, request] = pagerduty.requests().try_into().unwrap();
    assert_eq!(request.json(), json!({"note": {"content": "Back to normal."}}));
}

#[rstest]
#[case::empty("")]
#[case::blank(" \n\t")]
#[tokio::test]
async fn a_blank_note_counts_as_none(#[case] note: &str) {
    let pagerduty = PagerDuty::that_answers([incident("resolved")]).await;

    run_at(&pagerduty, &input(&json!({ "note": note }))).await.unwrap();

    assert_eq!(pagerduty.lines(), ["PUT /incidents/PINC001"]);
}

#[rstest]
#[case::by_code(already_resolved())]
#[case::by_words(Answer::json(400, &json!({"error": {"message": "Arguments Caused Error", "errors": ["Incident is already RESOLVED"]}})))]
#[tokio::test]
async fn an_incident_that_is_already_resolved_is_a_success(#[case] refusal: Answer) {
    let pagerduty = PagerDuty::that_answers([refusal, incident("resolved")]).await;

    let output = run_at(&pagerduty, &input(&json!({}))).await.unwrap();

    assert_eq!(output.status, IncidentStatus::Resolved);
    assert_eq!(pagerduty.lines(), ["PUT /incidents/PINC001", "GET /incidents/PINC001"]);
}

#[tokio::test]
async fn an_incident_that_was_reopened_after_it_was_found_resolved_is_tried_again() {
    let pagerduty = PagerDuty::that_answers([already_resolved(), incident("acknowledged")]).await;

    assert_eq!(
        run_at(&pagerduty, &input(&json!({}))).await.unwrap_err().name(),
        "PagerDuty.OutcomeUnknown"
    );
}

#[tokio::test]
async fn success_without_effect_is_an_unknown_outcome() {
    let pagerduty = PagerDuty::that_answers([incident("acknowledged")]).await;

    assert_eq!(
        run_at(&pagerduty, &with_note(Some(1))).await.unwrap_err().name(),
        "PagerDuty.OutcomeUnknown"
    );
    assert_eq!(
        pagerduty.lines(),
        ["PUT /incidents/PINC001"],
        "no note on what is not resolved"
    );
}

#[tokio::test]
async fn an_unknown_incident_is_not_found() {
    let not_found = Answer::json(404, &json!({"error": {"message": "Not Found", "code": 2100}}));
    let pagerduty = PagerDuty::that_answers([not_found]).await;

    let error = run_at(&pagerduty, &with_note(Some(1))).await.unwrap_err();

    assert_eq!(error.name(), "PagerDuty.NotFound");
    assert!(error.to_string().contains("Check the id"), "{error}");
}

#[rstest]
#[case::rate_limit(Answer::Text(429, &[("ratelimit-reset", "7")], String::new()), "PagerDuty.RateLimited", Some(7))]
#[case::server_fault(Answer::empty(500), "PagerDuty.OutcomeUnknown", None)]
#[case::forbidden(Answer::empty(403), "PagerDuty.Forbidden", None)]
#[tokio::test]
async fn a_missing_note_says_that_the_incident_is_resolved_and_keeps_the_reasons_name(
    #[case] answer: Answer,
    #[case] name: &str,
    #[case] retry_after_seconds: Option<u64>,
) {
    let pagerduty = PagerDuty::that_answers([incident("resolved"), answer]).await;

    let error = run_at(&pagerduty, &with_note(Some(1))).await.unwrap_err();

    assert_eq!(error.name(), name);
    assert_eq!(error.retry_after_seconds(), retry_after_seconds);
    assert!(
        error
            .to_string()
            .starts_with("incident PINC001 IS resolved, but its note is missing: "),
        "{error}"
    );
}

#[tokio::test]
async fn notes_that_can_not_be_read_keep_the_note_from_being_written_twice() {
    let pagerduty = PagerDuty::that_answers([incident("resolved"), Answer::empty(500)]).await;

    let error = run_at(&pagerduty, &with_note(Some(2))).await.unwrap_err();

    assert_eq!(error.name(), "PagerDuty.Unavailable");
    assert_eq!(
        pagerduty.lines(),
        ["PUT /incidents/PINC001", "GET /incidents/PINC001/notes"]
    );
}

#[tokio::test]
async fn after_the_deadline_nothing_is_sent() {
    let pagerduty = PagerDuty::that_answers([incident("resolved")]).await;
    let late = Input {
        deadline: Some(NOW - SignedDuration::from_secs(1)),
        ..with_note(Some(1))
    };

    assert_eq!(
        run_at(&pagerduty, &late).await.unwrap_err().name(),
        "Step.DeadlineExceeded"
    );
    assert!(pagerduty.requests().is_empty());
}

#[tokio::test]
async fn a_note_is_given_up_at_the_deadline() {
    let pagerduty = PagerDuty::that_answers([incident("resolved"), notes(&[]), Answer::Silence]).await;
    let soon = Input {
        deadline: Some(NOW + SignedDuration::from_secs(1)),
        ..with_note(Some(1))
    };

    let well_before_the_usual_limit = REQUEST_TIME_LIMIT / 2;
    let outcome = tokio::time::timeout(well_before_the_usual_limit, run_at(&pagerduty, &soon))
        .await
        .unwrap();

    let reason = Box::new(Error::OutcomeUnknown {
        failure: Failure::TimedOut,
    });
    assert_eq!(
        outcome,
        Err(Error::NoteMissing {
            incident_id: "PINC001".parse().unwrap(),
            reason
        })
    );
}

#[rstest]
#[case::climbing("../../users")]
#[case::query("P1?x")]
#[case::line_break("P1\r\nFrom: evil@example.com")]
fn a_malformed_incident_id_never_gets_as_far_as_a_request(#[case] id: &str) {
    let given = json!({"integration": "prod", "incident_id": id, "from": "oncall@example.com"});

    let error = serde_json::from_value::<Input>(given).unwrap_err().to_string();

    assert!(error.contains("not a valid incident id"), "{error}");
}

#[test]
fn a_note_keeps_its_lines_and_loses_control_characters() {
    assert_eq!(text("  one\n\ttwo\u{1b}[0m\r\nthree "), "one\n\ttwo [0m \nthree");
}

proptest! {
    #[test]
    fn every_note_fits_into_pagerdutys_limit(note in prop::collection::vec("[aé😀\n]", 0..400), times in 1..400_usize) {
        let content = format!("{}\n\n{}", text(&note.concat().repeat(times)), marker(&"k".parse().unwrap()));

        prop_assert!(content.len() <= 65_535);
    }
}

#[test]
fn the_sample_input_is_valid() {
    let sample = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../events/resolve-incident.json"
    ));

    assert!(serde_json::from_str::<Input>(sample).is_ok());
}

#[test]
fn a_note_of_a_run_is_known_by_its_marker() {
    let key: crate::ids::IdempotencyKey = "pgf-0-example".parse().unwrap();
    let ours = format!("Closed by the runbook\n\n{}", marker(&key));

    assert!(is_note_of_a_run(&ours));
    // PagerDuty may cut blank space.
    assert!(is_note_of_a_run(&format!("{ours}\n")));
    for note in [
        "",
        "]",
        "Closed",
        "[pagerflow ]",
        "[pagerflow abcdefghijklm]",
        "[pagerflow is down]",
    ] {
        assert!(!is_note_of_a_run(note), "{note}");
    }
    let marker = marker(&key);
    for quoted in [
        format!("{ours} is what it said"),
        format!("It said: {marker}"),
        format!("> Closed by the runbook\n>\n> {marker}"),
        format!("{ours}\n\nThat was wrong, I look again"),
        format!("\"{ours}\""),
        format!("{marker}{marker}"),
    ] {
        assert!(!is_note_of_a_run(&quoted), "somebody quotes it: {quoted}");
    }
}
