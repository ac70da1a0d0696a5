//! What each type of state does.

use super::*;
use rstest::rstest;

#[test]
fn a_lambda_task_has_these_events() {
    let (execution, told) = execute_with(&one(lambda(json!({}))), json!({}), Outside::of(echo()));
    assert_eq!(
        told.history("run"),
        [
            "ExecutionStarted",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded"
        ]
    );
    assert_eq!((execution.events, execution.transitions), (7, 1));
}

#[test]
fn states_follow_each_other() {
    let definition = states(json!({
        "A": {"Type": "Pass", "Result": 1, "ResultPath": "$.a", "Next": "B"},
        "B": {"Type": "Pass", "Result": 2, "ResultPath": "$.b", "Next": "C"},
        "C": {"Type": "Succeed", "OutputPath": "$.b"},
    }));
    let (execution, told) = execute_with(&definition, json!({}), Outside::of(echo()));
    assert_eq!(execution.output, Some(json!(2)));
    assert_eq!(execution.transitions, 3);
    assert_eq!(
        told.history("run"),
        [
            "ExecutionStarted",
            "PassStateEntered",
            "PassStateExited",
            "PassStateEntered",
            "PassStateExited",
            "SucceedStateEntered",
            "SucceedStateExited",
            "ExecutionSucceeded"
        ]
    );
}

#[rstest]
#[case::literal(json!({"Error": "E", "Cause": "c"}), Some("E"), Some("c"))]
#[case::by_paths(json!({"ErrorPath": "$.e", "CausePath": "$.c"}), Some("E2"), Some("c2"))]
#[case::silent(json!({}), None, None)]
fn a_fail_fails(#[case] fields: Value, #[case] error: Option<&str>, #[case] cause: Option<&str>) {
    let definition = states(json!({"A": merged(json!({"Type": "Fail"}), fields)}));
    let (execution, told) = execute_with(&definition, json!({"e": "E2", "c": "c2"}), Outside::of(echo()));
    assert_eq!(execution.status, Status::Failed);
    assert_eq!((execution.error.as_deref(), execution.cause.as_deref()), (error, cause));
    assert_eq!(
        told.history("run"),
        ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]
    );
}

#[rstest]
#[case::that_is_missing(json!({}))]
#[case::that_is_no_text(json!({"e": 1}))]
fn a_fail_needs_its_error(#[case] input: Value) {
    let definition = states(json!({"A": {"Type": "Fail", "ErrorPath": "$.e"}}));
    assert_eq!(execute(&definition, input).error.as_deref(), Some("States.Runtime"));
}

/// The way that a Choice goes with one rule.
fn chosen(rule: Value, input: Value) -> Result<&'static str, String> {
    let definition = states(json!({
        "A": {"Type": "Choice", "Choices": [merged(rule, json!({"Next": "B"}))], "Default": "C"},
        "B": {"Type": "Pass", "Result": "holds", "End": true},
        "C": {"Type": "Pass", "Result": "does not hold", "End": true},
    }));
    let execution = execute(&definition, input);
    match execution.output {
        Some(output) if output == "holds" => Ok("holds"),
        Some(_) => Ok("does not hold"),
        None => Err(execution.error.unwrap()),
    }
}

#[rstest]
#[case::an_equal_text(json!({"Variable": "$.x", "StringEquals": "a"}), json!({"x": "a"}), "holds")]
#[case::another_text(json!({"Variable": "$.x", "StringEquals": "a"}), json!({"x": "b"}), "does not hold")]
#[case::a_number_for_a_text(json!({"Variable": "$.x", "StringEquals": "1"}), json!({"x": 1}), "does not hold")]
#[case::null_for_a_text(json!({"Variable": "$.x", "StringEquals": "a"}), json!({"x": null}), "does not hold")]
fn a_rule(#[case] rule: Value, #[case] input: Value, #[case] expected: &str) {
    assert_eq!(chosen(rule, input), Ok(expected));
}

#[test]
fn a_choice_of_a_missing_variable_fails_the_execution() {
    assert_eq!(
        chosen(json!({"Variable": "$.x", "StringEquals": "a"}), json!({})),
        Err("States.Runtime".to_owned())
    );
}

#[test]
fn the_first_rule_that_holds_wins_and_the_input_goes_on() {
    let definition = states(json!({
        "A": {"Type": "Choice", "Choices": [
            {"Variable": "$.x", "StringEquals": "b", "Next": "B"},
            {"Variable": "$.x", "StringEquals": "a", "Next": "C"},
            {"Variable": "$.x", "StringEquals": "a", "Next": "B"},
        ]},
        "B": {"Type": "Fail"},
        "C": {"Type": "Succeed"},
    }));
    assert_eq!(execute(&definition, json!({"x": "a"})).output, Some(json!({"x": "a"})));
}

#[test]
fn a_choice_without_a_way_out_fails_the_execution() {
    let definition = states(json!({
        "A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "StringEquals": "a", "Next": "B"}]},
        "B": {"Type": "Succeed"},
    }));
    let (execution, told) = execute_with(&definition, json!({"x": "b"}), Outside::of(echo()));
    assert_eq!(execution.error.as_deref(), Some("States.NoChoiceMatched"));
    assert_eq!(
        told.history("run"),
        ["ExecutionStarted", "ChoiceStateEntered", "ExecutionFailed"]
    );
}

#[rstest]
#[case::without_its_milliseconds("2026-11-05T10:00:00.250Z", 3600.0)]
#[case::in_another_zone("2026-11-05T10:01:00+01:00", 60.0)]
#[case::that_has_passed("2026-11-04T00:00:00Z", 0.0)]
#[case::of_another_age("1900-01-01T00:00:00Z", 0.0)]
fn a_wait_lasts_until_a_time(#[case] until: &str, #[case] seconds: f64) {
    let input = json!({"until": until});
    let (execution, told) = execute_with(&one(wait(json!({}))), input.clone(), Outside::of(echo()));
    assert_eq!(execution.output, Some(input));
    assert_eq!(told.seconds(EventKind::StateExited(StateType::Wait)), [seconds]);
}

#[test]
fn a_wait_can_read_its_time_from_the_context() {
    let definition = one(wait(json!({"TimestampPath": "$$.Execution.StartTime"})));
    let (_, told) = execute_with(&definition, json!({}), Outside::of(echo()));
    assert_eq!(told.seconds(EventKind::StateExited(StateType::Wait)), [0.0]);
}

#[rstest]
#[case::no_time(json!({"until": "tomorrow"}))]
#[case::a_number_as_a_time(json!({"until": 1_700_000_000}))]
#[case::a_missing_time(json!({}))]
fn a_wait_without_a_time_fails_the_execution(#[case] input: Value) {
    let execution = execute(&one(wait(json!({}))), input);
    assert_eq!(execution.error.as_deref(), Some("States.Runtime"));
}

#[test]
fn waiting_for_most_of_a_year_takes_no_time() {
    let started = std::time::Instant::now();
    let execution = execute(&one(wait(json!({}))), json!({"until": after(364 * 86_400)}));
    assert_eq!(execution.stopped_at.unwrap().to_string(), "2027-11-04T09:00:00Z");
    assert!(started.elapsed() < Duration::from_secs(10));
}
