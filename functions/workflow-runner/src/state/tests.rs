//! What Step Functions leaves of an action, and what the planner gets to hear of it.

use super::*;
use rstest::rstest;
use serde_json::json;
use workflow::error_name::FailureClass;

const START: &str = "2026-11-20T09:30:01Z";

/// The answer in a state with this `result`.
fn answer(result: &Value) -> Option<Answer> {
    answer_and_requests(result).map(|(answer, _)| answer)
}

fn answer_and_requests(result: &Value) -> Option<(Answer, Requests)> {
    let state: State = serde_json::from_value(json!({
        "run": {"id": "r", "workflow": "w", "version": 1, "depth": 0},
        "cause": {"hand": {}},
        "next": {
            "cursor": {
                "lane": "main", "plans": 1, "started_at": START, "deadline": START, "run_deadline": START,
            },
            "command": {"type": "CreateIncident", "action": "pagerduty.create_incident", "input": {}, "timeout_seconds": 60},
            "result": result,
        },
    }))
    .unwrap();
    state.next.unwrap().answer()
}

fn failure(error: &str, cause: &str) -> Failure {
    match answer(&json!({"Error": error, "Cause": cause})) {
        Some(Answer::Failure(failure)) => failure,
        other => panic!("no failure: {other:?}"),
    }
}

#[test]
fn an_output_is_a_success() {
    let output = json!({"incident_id": "Q1", "incident_number": 7});

    assert_eq!(answer(&json!({"output": output})), Some(Answer::Success(output)));
}

#[test]
fn what_a_function_says_beside_the_outputs_is_no_output() {
    let requests: Requests = "POST ci.example.com 201 in 143 ms".parse().unwrap();
    let done = action::Answer::done(json!({"id": "7"})).with_requests(requests.clone());
    let not_yet = action::Answer::Pending {
        look: json!({"id": "7"}),
        after_seconds: 10,
        requests: requests.clone(),
    };

    let [done, not_yet] = [done, not_yet].map(|said| answer_and_requests(&json!({"output": said.payload()})));

    assert_eq!(done, Some((Answer::Success(json!({"id": "7"})), requests.clone())));
    let pending = Answer::Pending {
        look: json!({"id": "7"}),
        after_seconds: 10,
    };
    assert_eq!(not_yet, Some((pending, requests)));
}

#[test]
fn the_requests_of_a_call_that_failed_are_read_from_behind_its_message() {
    let cause = json!({
        "errorType": "Slack.RateLimited",
        "errorMessage": "Slack asks to wait [retry after 20 s] [requests: POST slack.com 429 in 80 ms]",
    });

    let result = json!({"Error": "Slack.RateLimited", "Cause": cause.to_string()});

    let failure = Failure::from_text("Slack.RateLimited", "Slack asks to wait [retry after 20 s]");
    let requests = "POST slack.com 429 in 80 ms".parse().unwrap();
    assert_eq!(answer_and_requests(&result), Some((Answer::Failure(failure), requests)));
}

#[rstest]
#[case::none(Value::Null)]
#[case::empty(json!({}))]
fn without_an_output_and_an_error_there_is_no_answer(#[case] result: Value) {
    assert_eq!(answer(&result), None);
}

#[test]
fn an_error_of_a_function_is_read_from_the_json_of_its_cause() {
    let cause =
        r#"{"errorType":"PagerDuty.NotFound","errorMessage":"PagerDuty knows no such incident","stackTrace":[]}"#;

    let failure = failure("PagerDuty.NotFound", cause);

    assert_eq!(
        failure,
        Failure::from_text("PagerDuty.NotFound", "PagerDuty knows no such incident")
    );
    assert_eq!(failure.class(), FailureClass::NotFound);
}

#[test]
fn f3_the_wait_that_pagerduty_asks_for_comes_through() {
    let cause = r#"{"errorType":"PagerDuty.RateLimited","errorMessage":"too many requests [retry after 20 s]"}"#;

    let failure = failure("PagerDuty.RateLimited", cause);

    assert_eq!(
        (failure.message.as_str(), failure.retry_after_seconds),
        ("too many requests", Some(20))
    );
}

#[rstest]
#[case::f10_time_out("States.Timeout", "", "the function ended without an answer")]
#[case::f10_killed(
    "Runtime.ExitError",
    r#"{"errorType":"Runtime.ExitError","errorMessage":"Runtime exited with error: signal: killed"}"#,
    "Runtime exited with error: signal: killed"
)]
#[case::service_error(
    "Lambda.SdkClientException",
    "Unable to reach the service",
    "Unable to reach the service"
)]
#[case::json_of_another_kind("Lambda.Unknown", r#"{"reason":"?"}"#, r#"{"reason":"?"}"#)]
fn an_error_that_is_not_ours_is_an_unknown_outcome_in_its_own_words(
    #[case] error: &str,
    #[case] cause: &str,
    #[case] message: &str,
) {
    let failure = failure(error, cause);

    assert_eq!(failure, Failure::from_text(error, message));
    assert_eq!(failure.class(), FailureClass::UnknownOutcome);
}

#[test]
fn an_error_without_a_cause_is_a_failure_too() {
    let expected = Failure::from_text("States.Timeout", "the function ended without an answer");

    assert_eq!(
        answer(&json!({"Error": "States.Timeout"})),
        Some(Answer::Failure(expected))
    );
}

#[test]
fn a_cause_that_nobody_could_read_is_cut() {
    assert_eq!(
        failure("Lambda.Unknown", &"é".repeat(50_000)).message.chars().count(),
        1_000
    );
}
