//! What AWS does not allow.

use super::*;
use crate::step_functions::limits::{CAUSE_CHARACTERS, DATA_BYTES, HISTORY_EVENTS};
use rstest::rstest;

/// A text whose JSON has so many bytes.
fn text(bytes: usize) -> Value {
    "x".repeat(bytes - 2).into()
}

#[test]
fn a_history_that_is_full_fails_the_execution() {
    let definition = states(json!({"A": {
        "Type": "Choice", "Choices": [{"Variable": "$.x", "StringEquals": "a", "Next": "A"}],
    }}));
    let (execution, told) = execute_with(&definition, json!({"x": "a"}), Outside::of(echo()));
    assert_eq!(execution.status, Status::Failed);
    assert_eq!(execution.error.as_deref(), Some("States.Runtime"));
    assert_eq!(
        execution.cause.as_deref(),
        Some("The execution reached the maximum number of history events (25000).")
    );
    assert_eq!(execution.events, HISTORY_EVENTS);
    assert_eq!(execution.limit_violations, [LimitViolation::History]);
    // So it was recorded on AWS: event 24,999 is the machine's last, and the next is the failure.
    assert_eq!(told.history("run")[24_998..], ["ChoiceStateExited", "ExecutionFailed"]);
}

/// Passes one after the other, with two events each.
fn passes(count: usize) -> Value {
    let name = |index: usize| format!("S{index:05}");
    let all = (0..count).map(|index| {
        let state = if index + 1 == count {
            json!({"Type": "Pass", "End": true})
        } else {
            json!({"Type": "Pass", "Next": name(index + 1)})
        };
        (name(index), state)
    });
    states(Value::Object(all.collect()))
}

#[test]
fn an_execution_may_succeed_with_the_last_event() {
    // Its start, 24,998 events of states, its success.
    let execution = execute(&passes(12_499), json!({}));
    assert_eq!(execution.events, HISTORY_EVENTS);
    assert_eq!(execution.status, Status::Succeeded);
    assert_eq!(execution.limit_violations, []);
}

#[rstest]
#[case::a_second_less(365 * 86_400 - 1, Status::Succeeded)]
#[case::all_of_it(365 * 86_400, Status::TimedOut)]
fn an_execution_runs_for_less_than_a_year(#[case] seconds: i64, #[case] status: Status) {
    let execution = execute(&one(wait(json!({}))), json!({"until": after(seconds)}));
    assert_eq!(execution.status, status);
    assert_eq!((execution.error, execution.cause), (None, None));
    let violations: &[_] = match status {
        Status::TimedOut => &[LimitViolation::Duration],
        _ => &[],
    };
    assert_eq!(execution.limit_violations, violations);
}

#[test]
fn a_wait_of_more_than_68_years_is_too_long() {
    let execution = execute(&one(wait(json!({}))), json!({"until": "2095-01-01T00:00:00Z"}));
    assert_eq!(execution.error.as_deref(), Some("States.Runtime"));
    let state = "A".to_owned();
    assert_eq!(execution.limit_violations, [LimitViolation::Wait { state }]);
}

#[rstest]
#[case::as_much_as_is_allowed(DATA_BYTES, true)]
#[case::one_byte_more(DATA_BYTES + 1, false)]
fn the_input_of_an_execution_is_measured(#[case] bytes: usize, #[case] allowed: bool) {
    simulate(async {
        let (service, _) = service(&one(json!({"Type": "Pass"})), Outside::of(echo()));
        let started = service.start_execution("run", text(bytes));
        assert_eq!(started.err(), (!allowed).then_some(StartError::InputTooLarge { bytes }));
    });
}

#[test]
fn data_are_measured_in_bytes_not_in_characters() {
    simulate(async {
        let (service, _) = service(&one(json!({"Type": "Pass"})), Outside::of(echo()));
        let input = Value::from("é".repeat(DATA_BYTES / 2));
        assert!(service.start_execution("run", input).is_err());
    });
}

#[test]
fn a_state_takes_and_gives_as_much_as_is_allowed() {
    let execution = execute(&one(json!({"Type": "Pass"})), text(DATA_BYTES));
    assert_eq!(execution.status, Status::Succeeded);
    assert_eq!(execution.limit_violations, []);
}

/// Which of a state's data were too large.
fn too_large(definition: &Value, input: Value, outside: Outside) -> Data {
    let (execution, _) = execute_with(definition, input, outside);
    assert_eq!(execution.error.as_deref(), Some("States.DataLimitExceeded"));
    match &execution.limit_violations[..] {
        [LimitViolation::Data { state, what, bytes }] if state == "A" && *bytes > DATA_BYTES => *what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_parameters_of_a_task_are_measured() {
    let task = lambda(json!({"Parameters": {"FunctionName": "f", "Payload": {"a.$": "$", "b.$": "$"}}}));
    let what = too_large(&one(task), text(140_000), Outside::of(echo()));
    assert_eq!(what, Data::Parameters);
}

#[test]
fn the_result_of_a_function_is_measured() {
    let functions = answering(|_, _| Ok(text(DATA_BYTES)));
    let what = too_large(&one(lambda(json!({}))), json!({}), Outside::of(functions));
    assert_eq!(what, Data::Result);
}

#[test]
fn the_result_of_a_map_is_measured() {
    let map = json!({"Type": "Map", "ItemProcessor": {
        "ProcessorConfig": {"Mode": "INLINE"},
        "StartAt": "I",
        "States": {"I": {"Type": "Pass", "Result": text(140_000), "End": true}},
    }});
    assert_eq!(too_large(&one(map), json!([1, 2]), Outside::of(echo())), Data::Result);
}

#[test]
fn the_output_of_a_state_is_measured() {
    let pass = json!({"Type": "Pass", "Result": text(140_000), "ResultPath": "$.b"});
    let what = too_large(&one(pass), json!({"a": text(140_000)}), Outside::of(echo()));
    assert_eq!(what, Data::Output);
}

#[rstest]
#[case::by_all("States.ALL", Status::Failed)]
#[case::by_its_name("States.DataLimitExceeded", Status::Succeeded)]
fn too_large_data_are_caught(#[case] error: &str, #[case] status: Status) {
    let definition = states(json!({
        "A": lambda(json!({"Catch": [{"ErrorEquals": [error], "Next": "B"}], "End": true})),
        "B": {"Type": "Succeed"},
    }));
    let functions = answering(|_, _| Ok(text(DATA_BYTES)));
    let (execution, _) = execute_with(&definition, json!({}), Outside::of(functions));
    assert_eq!(execution.status, status);
}

#[test]
fn the_texts_of_a_failure_are_cut() {
    let functions = answering(|_, _| Err(TaskFailure::new("e".repeat(257), "c".repeat(CAUSE_CHARACTERS + 1))));
    let (execution, _) = execute_with(&one(lambda(json!({}))), json!({}), Outside::of(functions));
    assert_eq!(execution.error, Some("e".repeat(256)));
    assert_eq!(execution.cause, Some("c".repeat(CAUSE_CHARACTERS)));
    assert_eq!(
        execution.limit_violations,
        [LimitViolation::ErrorCut, LimitViolation::CauseCut]
    );
}

#[rstest]
#[case::empty("", false)]
#[case::one_character("r", true)]
#[case::eighty_characters(
    "n123456789n123456789n123456789n123456789n123456789n123456789n123456789n123456789",
    true
)]
#[case::eighty_one_characters(
    "n123456789n123456789n123456789n123456789n123456789n123456789n123456789n1234567890",
    false
)]
#[case::signs("run-1_a.b=c@d!e+f'(g)", true)]
#[case::white_space("a b", false)]
#[case::a_colon("a:b", false)]
#[case::a_slash("a/b", false)]
#[case::a_bracket("a[b", false)]
#[case::a_wildcard("a*b", false)]
#[case::a_control_character("a\u{7f}b", false)]
#[case::letters_of_any_language("übung", true)]
fn a_name_is_checked(#[case] name: &str, #[case] allowed: bool) {
    simulate(async {
        let (service, _) = service(&one(json!({"Type": "Pass"})), Outside::of(echo()));
        let started = service.start_execution(name, json!({}));
        let name = name.to_owned();
        assert_eq!(started.err(), (!allowed).then_some(StartError::InvalidName { name }));
    });
}
