//! What a state takes, and what it gives.

use super::*;
use rstest::rstest;

fn pass(fields: Value) -> Value {
    one(merged(json!({"Type": "Pass"}), fields))
}

/// A Task whose output is what a template makes of the input.
fn filled(template: &Value) -> Value {
    one(lambda(
        json!({"Parameters": {"FunctionName": "f", "Payload": template}}),
    ))
}

#[rstest]
#[case::everything("$", json!({"a": {"b": null}}))]
#[case::a_field("$.a", json!({"b": null}))]
#[case::a_field_of_a_field("$.a.b", Value::Null)]
fn a_path_finds_a_value(#[case] path: &str, #[case] found: Value) {
    let execution = execute(&filled(&json!({"x.$": path})), json!({"a": {"b": null}}));
    assert_eq!(execution.output, Some(json!({"result": {"x": found}})));
}

#[rstest]
#[case::a_field("$.b")]
#[case::a_field_of_a_number("$.a.b")]
#[case::a_field_of_an_array("$.l.b")]
fn a_path_that_finds_nothing_fails_the_execution(#[case] path: &str) {
    let execution = execute(&filled(&json!({"x.$": path})), json!({"a": 1, "l": [{"b": 2}]}));
    assert_eq!(execution.status, Status::Failed);
    assert_eq!(execution.error.as_deref(), Some("States.Runtime"));
    let cause = execution.cause.unwrap();
    assert!(
        cause.contains(&format!("'{path}' specified for the field 'x.$' could not be found")),
        "{cause}"
    );
}

#[test]
fn a_path_that_finds_nothing_is_caught_by_nobody() {
    let definition = states(json!({
        "A": lambda(json!({
            "Parameters": {"FunctionName": "f", "Payload": {"x.$": "$.missing"}},
            "Retry": [{"ErrorEquals": ["States.ALL"]}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}],
            "End": true,
        })),
        "B": {"Type": "Succeed"},
    }));
    let execution = execute(&definition, json!({}));
    assert_eq!(execution.error.as_deref(), Some("States.Runtime"));
    assert_eq!(execution.retries, 0);
}

#[test]
fn the_context_object_says_what_runs() {
    let definition = filled(&json!({
        "id.$": "$$.Execution.Id",
        "start.$": "$$.Execution.StartTime",
        "machine.$": "$$.StateMachine.Id",
        "entered.$": "$$.State.EnteredTime",
    }));
    assert_eq!(
        execute(&definition, json!({})).output,
        Some(json!({"result": {
            "id": "arn:aws:states:us-east-1:000000000000:execution:pagerflow:run",
            "start": "2026-11-05T09:00:00.000Z",
            "machine": "arn:aws:states:us-east-1:000000000000:stateMachine:pagerflow",
            "entered": "2026-11-05T09:00:00.000Z",
        }}))
    );
}

#[test]
fn templates_fill_objects_and_arrays() {
    let definition = filled(&json!({"a": [{"b.$": "$.x"}, 2, "$.x"], "c": {"d": null}}));
    assert_eq!(
        execute(&definition, json!({"x": 1})).output,
        Some(json!({"result": {"a": [{"b": 1}, 2, "$.x"], "c": {"d": null}}}))
    );
}

#[rstest]
#[case::by_default(json!({}), json!("result"))]
#[case::at_the_root(json!({"ResultPath": "$"}), json!("result"))]
#[case::in_a_field(json!({"ResultPath": "$.r"}), json!({"a": {"b": 1}, "r": "result"}))]
#[case::over_a_field(json!({"ResultPath": "$.a"}), json!({"a": "result"}))]
#[case::beside_a_field(json!({"ResultPath": "$.a.c"}), json!({"a": {"b": 1, "c": "result"}}))]
#[case::in_fields_that_are_made(json!({"ResultPath": "$.x.y"}), json!({"a": {"b": 1}, "x": {"y": "result"}}))]
#[case::nowhere(json!({"ResultPath": null}), json!({"a": {"b": 1}}))]
fn a_result_goes_where_the_result_path_says(#[case] fields: Value, #[case] output: Value) {
    let definition = pass(merged(json!({"Result": "result"}), fields));
    assert_eq!(execute(&definition, json!({"a": {"b": 1}})).output, Some(output));
}

#[rstest]
#[case::below_a_number(json!({"a": 1}))]
#[case::below_a_text(json!({"a": "x"}))]
#[case::in_an_array(json!([]))]
fn a_result_path_that_does_not_fit_fails_the_state(#[case] input: Value) {
    let definition = pass(json!({"Result": 1, "ResultPath": "$.a.b"}));
    assert_eq!(
        execute(&definition, input).error.as_deref(),
        Some("States.ResultPathMatchFailure")
    );
}

#[test]
fn an_output_path_that_finds_nothing_fails_the_execution() {
    let definition = states(json!({"A": {"Type": "Succeed", "OutputPath": "$.missing"}}));
    assert_eq!(execute(&definition, json!({})).error.as_deref(), Some("States.Runtime"));
}

#[test]
fn a_task_can_keep_its_input_beside_its_result() {
    let definition = one(lambda(json!({"ResultPath": "$.r"})));
    assert_eq!(
        execute(&definition, json!({"a": 1})).output,
        Some(json!({"a": 1, "r": {"result": {"a": 1}}}))
    );
}

#[test]
fn a_function_is_told_what_the_parameters_say() {
    let definition = one(lambda(json!({
        "Parameters": {"FunctionName.$": "$.f", "Payload": {"x.$": "$.a", "machine.$": "$$.StateMachine.Id"}},
    })));
    let functions = answering(|function, payload| Ok(json!([function, payload])));
    let (execution, _) = execute_with(&definition, json!({"f": "one", "a": 1}), Outside::of(functions));
    assert_eq!(
        execution.output,
        Some(json!({"result": ["one", {"x": 1, "machine": machine().as_str()}]}))
    );
}

#[test]
fn an_invocation_gives_the_payload_among_metadata() {
    let mut task = lambda(json!({}));
    task.as_object_mut().unwrap().remove("ResultSelector");
    let output = execute(&one(task), json!({"a": 1})).output.unwrap();
    assert_eq!(output["Payload"], json!({"a": 1}));
    assert_eq!(output["StatusCode"], 200);
    assert_eq!(output["ExecutedVersion"], "$LATEST");
    assert_eq!(output["SdkHttpMetadata"]["HttpStatusCode"], 200);
}
