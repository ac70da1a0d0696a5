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

/// Which way a Choice goes with one rule.
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
#[case::an_equal_boolean(json!({"Variable": "$.x", "BooleanEquals": false}), json!({"x": false}), "holds")]
#[case::a_text_for_a_boolean(json!({"Variable": "$.x", "BooleanEquals": true}), json!({"x": "true"}), "does not hold")]
#[case::an_equal_number(json!({"Variable": "$.x", "NumericEquals": 1}), json!({"x": 1}), "holds")]
#[case::an_equal_number_written_differently(json!({"Variable": "$.x", "NumericEquals": 1}), json!({"x": 1.0}), "holds")]
#[case::another_number(json!({"Variable": "$.x", "NumericEquals": 1}), json!({"x": 2}), "does not hold")]
#[case::present(json!({"Variable": "$.x", "IsPresent": true}), json!({"x": null}), "holds")]
#[case::not_present(json!({"Variable": "$.x.y", "IsPresent": true}), json!({"x": 1}), "does not hold")]
#[case::absent(json!({"Variable": "$.x", "IsPresent": false}), json!({}), "holds")]
#[case::not(json!({"Not": {"Variable": "$.x", "StringEquals": "a"}}), json!({"x": "b"}), "holds")]
#[case::all(
    json!({"And": [{"Variable": "$.x", "IsPresent": true}, {"Variable": "$.x", "StringEquals": "a"}]}),
    json!({"x": "a"}),
    "holds"
)]
#[case::not_all(
    json!({"And": [{"Variable": "$.x", "IsPresent": true}, {"Variable": "$.x", "StringEquals": "a"}]}),
    json!({}),
    "does not hold"
)]
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
            {"Variable": "$.x", "IsPresent": true, "Next": "C"},
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
        "A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": true, "Next": "B"}]},
        "B": {"Type": "Succeed"},
    }));
    let (execution, told) = execute_with(&definition, json!({}), Outside::of(echo()));
    assert_eq!(execution.error.as_deref(), Some("States.NoChoiceMatched"));
    assert_eq!(
        told.history("run"),
        ["ExecutionStarted", "ChoiceStateEntered", "ExecutionFailed"]
    );
}

#[rstest]
#[case::seconds(json!({"Seconds": 90}), 90.0)]
#[case::no_seconds(json!({"Seconds": 0}), 0.0)]
#[case::seconds_by_a_path(json!({"SecondsPath": "$.seconds"}), 30.0)]
#[case::a_time_without_its_milliseconds(json!({"TimestampPath": "$.later"}), 3600.0)]
#[case::a_time_in_another_zone(json!({"TimestampPath": "$.zone"}), 60.0)]
#[case::a_time_that_has_passed(json!({"TimestampPath": "$.earlier"}), 0.0)]
#[case::a_time_of_another_age(json!({"TimestampPath": "$.ages"}), 0.0)]
#[case::a_time_of_the_context(json!({"TimestampPath": "$$.Execution.StartTime"}), 0.0)]
fn a_wait_takes_its_time(#[case] fields: Value, #[case] seconds: f64) {
    let input = json!({
        "seconds": 30,
        "later": "2026-11-05T10:00:00.250Z",
        "zone": "2026-11-05T10:01:00+01:00",
        "earlier": "2026-11-04T00:00:00Z",
        "ages": "1900-01-01T00:00:00Z",
    });
    let definition = one(merged(json!({"Type": "Wait"}), fields));
    let (execution, told) = execute_with(&definition, input.clone(), Outside::of(echo()));
    assert_eq!(execution.output, Some(input));
    assert_eq!(told.seconds(EventKind::StateExited(StateType::Wait)), [seconds]);
}

#[rstest]
#[case::no_time(json!({"TimestampPath": "$.x"}), json!({"x": "tomorrow"}))]
#[case::a_number_as_a_time(json!({"TimestampPath": "$.x"}), json!({"x": 1_700_000_000}))]
#[case::negative_seconds(json!({"SecondsPath": "$.x"}), json!({"x": -1}))]
#[case::half_a_second(json!({"SecondsPath": "$.x"}), json!({"x": 0.5}))]
#[case::seconds_as_a_text(json!({"SecondsPath": "$.x"}), json!({"x": "1"}))]
#[case::a_missing_time(json!({"TimestampPath": "$.x"}), json!({}))]
fn a_wait_without_a_time_fails_the_execution(#[case] fields: Value, #[case] input: Value) {
    let definition = one(merged(json!({"Type": "Wait"}), fields));
    assert_eq!(execute(&definition, input).error.as_deref(), Some("States.Runtime"));
}

#[test]
fn waiting_for_most_of_a_year_takes_no_time() {
    let started = std::time::Instant::now();
    let definition = one(json!({"Type": "Wait", "Seconds": 364 * 86_400}));
    let execution = execute(&definition, json!({}));
    assert_eq!(execution.stopped_at.unwrap().to_string(), "2027-11-04T09:00:00Z");
    assert!(started.elapsed() < Duration::from_secs(10));
}
