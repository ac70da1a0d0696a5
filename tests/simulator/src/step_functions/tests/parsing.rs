//! The definitions that are simulated.

use super::*;
use rstest::rstest;
use std::collections::BTreeMap;

fn shipped() -> Value {
    let text = include_str!("../../../../../statemachine/workflow.asl.json");
    serde_json::from_str(text).unwrap()
}

/// A substitution for every placeholder of the shipped file, whichever they are.
fn substitutions(definition: &Value) -> BTreeMap<String, String> {
    let mut substitutions = BTreeMap::new();
    while let Err(missing) = substitute(definition, &substitutions) {
        let value = match missing.name.strip_suffix("Arn") {
            Some(function) => format!("arn:aws:lambda:us-east-1:000000000000:function:{function}"),
            None => "aws".to_owned(),
        };
        substitutions.insert(missing.name, value);
    }
    substitutions
}

fn problem(definition: &Value) -> String {
    Definition::parse(definition).unwrap_err().to_string()
}

/// A machine whose only state makes its output by a template.
fn selecting(template: &Value) -> Value {
    one(lambda(json!({"ResultSelector": template})))
}

/// A Map over the whole input, with more fields.
fn map(more: Value) -> Value {
    let processor = json!({
        "ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "I", "States": {"I": {"Type": "Succeed"}},
    });
    merged(json!({"Type": "Map", "ItemProcessor": processor}), more)
}

#[test]
fn the_shipped_definition_is_simulated_as_a_whole() {
    let definition = shipped();
    let definition = substitute(&definition, &substitutions(&definition)).unwrap();
    assert_eq!(Definition::parse(&definition).err(), None);
}

#[test]
fn a_placeholder_is_replaced_wherever_it_stands() {
    let substitutions = BTreeMap::from([("A".to_owned(), "1".to_owned()), ("B".to_owned(), "2".to_owned())]);
    assert_eq!(
        substitute(&json!({"x": ["${A}-${B}-${A}", 3]}), &substitutions),
        Ok(json!({"x": ["1-2-1", 3]}))
    );
}

#[test]
fn a_placeholder_without_a_substitution_is_refused() {
    let error = substitute(&json!(["${A}"]), &BTreeMap::new()).unwrap_err();
    assert_eq!(error.to_string(), "the placeholder ${A} has no substitution; add one");
}

#[test]
fn comments_may_stand_anywhere() {
    let definition = json!({"Comment": "c", "StartAt": "A", "States": {"A": lambda(json!({
        "Comment": "c",
        "Retry": [{"Comment": "c", "ErrorEquals": ["E"]}],
        "Catch": [{"Comment": "c", "ErrorEquals": ["E"], "Next": "B"}],
        "Next": "B",
    })), "B": {"Comment": "c", "Type": "Succeed"}}});
    assert_eq!(Definition::parse(&definition).err(), None);
}

#[rstest]
#[case::of_the_machine(json!({"QueryLanguage": "JSONata"}), "QueryLanguage")]
#[case::with_a_version(json!({"Version": "1.0"}), "Version")]
#[case::with_a_timeout(json!({"TimeoutSeconds": 60}), "TimeoutSeconds")]
fn an_unknown_field_of_the_machine_is_refused(#[case] more: Value, #[case] field: &str) {
    let definition = merged(one(json!({"Type": "Pass"})), more);
    assert_eq!(
        problem(&definition),
        format!("the definition: has the field {field}, which is not simulated here")
    );
}

#[rstest]
#[case::a_parallel(json!({"Type": "Parallel", "Branches": []}), "A.Type: is not Task, Choice, Wait, Map, Pass, Succeed or Fail")]
#[case::no_type(json!({}), "A: needs the field Type")]
#[case::a_heartbeat(lambda(json!({"HeartbeatSeconds": 5})), "A: has the field HeartbeatSeconds, which is not simulated here")]
#[case::variables(json!({"Type": "Pass", "Assign": {}}), "A: has the field Assign, which is not simulated here")]
#[case::an_input_path(lambda(json!({"InputPath": "$"})), "A: has the field InputPath, which is not simulated here")]
#[case::an_output_path_of_a_task(lambda(json!({"OutputPath": "$"})), "A: has the field OutputPath, which is not simulated here")]
#[case::parameters_of_a_pass(json!({"Type": "Pass", "Parameters": {}}), "A: has the field Parameters, which is not simulated here")]
#[case::another_resource(
    lambda(json!({"Resource": "arn:aws:states:::sqs:sendMessage"})),
    "A.Resource: is not arn:aws:states:::lambda:invoke, arn:aws:states:::states:startExecution.sync:2 or \
     arn:aws:states:::aws-sdk:dynamodb:updateItem.waitForTaskToken"
)]
#[case::another_parameter(
    lambda(json!({"Parameters": {"FunctionName": "f", "Payload": {}, "InvocationType": "Event"}})),
    "A.Parameters: has the field InvocationType, which is not simulated here"
)]
#[case::a_missing_parameter(lambda(json!({"Parameters": {"Payload": {}}})), "A.Parameters: needs the field FunctionName")]
#[case::a_child_without_a_name(
    child(json!({"Parameters": {"StateMachineArn": "m", "Input": {}}})),
    "A.Parameters: needs the field Name"
)]
#[case::two_timeouts(
    lambda(json!({"TimeoutSeconds": 1, "TimeoutSecondsPath": "$.t"})),
    "A: has TimeoutSeconds and TimeoutSecondsPath, which exclude each other"
)]
#[case::a_timeout_of_zero(lambda(json!({"TimeoutSeconds": 0})), "A.TimeoutSeconds: is not an integer from 1 to 99999999")]
#[case::a_distributed_map(
    json!({"Type": "Map", "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED"}}}),
    "A.ItemProcessor.ProcessorConfig.Mode: is not INLINE"
)]
#[case::an_old_iterator(json!({"Type": "Map", "Iterator": {}}), "A: needs the field ItemProcessor")]
#[case::a_wait_for_nothing(json!({"Type": "Wait"}), "A: needs the field TimestampPath")]
#[case::a_wait_of_a_length(json!({"Type": "Wait", "Seconds": 1}), "A: needs the field TimestampPath")]
#[case::two_waits(
    json!({"Type": "Wait", "TimestampPath": "$.t", "SecondsPath": "$.s"}),
    "A: has the field SecondsPath, which is not simulated here"
)]
#[case::a_map_with_a_retrier(map(json!({"Retry": []})), "A: has the field Retry, which is not simulated here")]
#[case::a_map_with_a_catcher(map(json!({"Catch": []})), "A: has the field Catch, which is not simulated here")]
#[case::a_map_that_makes_items(map(json!({"ItemSelector": {}})), "A: has the field ItemSelector, which is not simulated here")]
#[case::a_map_that_makes_its_result(
    map(json!({"ResultSelector": {}})),
    "A: has the field ResultSelector, which is not simulated here"
)]
fn an_unknown_state_is_refused(#[case] state: Value, #[case] expected: &str) {
    assert_eq!(problem(&one(state)), expected);
}

#[rstest]
#[case::both_errors(
    json!({"Type": "Fail", "Error": "E", "ErrorPath": "$.e"}),
    "A: has Error and ErrorPath, which exclude each other"
)]
#[case::an_end_of_a_fail(json!({"Type": "Fail", "End": true}), "A: has the field End, which is not simulated here")]
#[case::no_end(json!({"Type": "Pass"}), "A: needs the field Next or End")]
#[case::an_end_that_is_none(json!({"Type": "Pass", "End": false}), "A.End: is not true")]
#[case::no_choices(json!({"Type": "Choice", "Choices": []}), "A: needs the field Choices")]
fn an_unknown_end_is_refused(#[case] state: Value, #[case] expected: &str) {
    assert_eq!(problem(&states(json!({"A": state}))), expected);
}

#[rstest]
#[case::a_filter("$.a[?(@.b)]")]
#[case::a_slice("$.a[0:2]")]
#[case::a_wildcard("$.a[*]")]
#[case::a_descent("$..a")]
#[case::a_quoted_field("$['a']")]
#[case::an_index("$.a[0]")]
#[case::an_empty_field("$.a.")]
#[case::a_function_of_the_path("$.a.length()")]
fn a_path_with_more_than_fields_is_refused(#[case] path: &str) {
    assert_eq!(
        problem(&selecting(&json!({"x.$": path}))),
        format!("A.ResultSelector.x.$: the path {path} has more than fields, such as an index, a filter or a wildcard")
    );
}

#[rstest]
#[case::a_function(
    "States.UUID()",
    "is an intrinsic function or no path at all; only paths that begin with $ are simulated"
)]
#[case::a_text(
    "x",
    "is an intrinsic function or no path at all; only paths that begin with $ are simulated"
)]
#[case::the_whole_context("$$", "has more than fields, such as an index, a filter or a wildcard")]
#[case::a_redrive_count(
    "$$.Execution.RedriveCount",
    "names a field of the context object that is not simulated"
)]
#[case::a_longer_name("$$.Execution.Identity", "names a field of the context object that is not simulated")]
#[case::a_field_of_a_text("$$.Execution.Id.x", "names a field of the context object that is not simulated")]
fn an_unknown_reference_is_refused(#[case] path: &str, #[case] expected: &str) {
    assert_eq!(
        problem(&selecting(&json!({"a": {"x.$": path}}))),
        format!("A.ResultSelector.x.$: the path {path} {expected}")
    );
}

#[test]
fn a_field_and_a_path_of_one_name_are_refused() {
    assert_eq!(
        problem(&selecting(&json!({"x": 1, "x.$": "$"}))),
        "A.ResultSelector.x.$: has x and x.$, which exclude each other"
    );
}

#[test]
fn a_result_path_that_cannot_be_written_is_refused() {
    assert_eq!(
        problem(&one(json!({"Type": "Pass", "ResultPath": "$$.Execution.Id"}))),
        "A.ResultPath: the path $$.Execution.Id cannot be written to: a ResultPath has only fields, of the state's input"
    );
}

#[rstest]
#[case::an_interval_of_zero(json!({"IntervalSeconds": 0}), "IntervalSeconds: is not an integer from 1 to 99999999")]
#[case::an_interval_too_long(json!({"IntervalSeconds": 100_000_000}), "IntervalSeconds: is not an integer from 1 to 99999999")]
#[case::a_shrinking_interval(json!({"BackoffRate": 0.9}), "BackoffRate: is not a number of at least 1")]
#[case::a_maximal_delay_of_zero(json!({"MaxDelaySeconds": 0}), "MaxDelaySeconds: is not an integer from 1 to 31622399")]
#[case::a_maximal_delay_too_long(json!({"MaxDelaySeconds": 31_622_400}), "MaxDelaySeconds: is not an integer from 1 to 31622399")]
#[case::too_many_attempts(json!({"MaxAttempts": 100_000_000}), "MaxAttempts: is not an integer from 0 to 99999999")]
#[case::another_jitter(json!({"JitterStrategy": "SOME"}), "JitterStrategy: is not FULL or NONE")]
fn a_retrier_out_of_range_is_refused(#[case] more: Value, #[case] expected: &str) {
    let retrier = merged(json!({"ErrorEquals": ["E"]}), more);
    let definition = one(lambda(json!({"Retry": [retrier]})));
    assert_eq!(problem(&definition), format!("A.Retry[0].{expected}"));
}

#[rstest]
#[case::not_alone(json!([{"ErrorEquals": ["States.ALL", "E"], "Next": "B"}]), "A.Catch[0]")]
#[case::not_last(json!([{"ErrorEquals": ["States.ALL"], "Next": "B"}, {"ErrorEquals": ["E"], "Next": "B"}]), "A.Catch[0]")]
fn states_all_stands_alone_and_last(#[case] catch: Value, #[case] place: &str) {
    let expected = format!("{place}: has States.ALL, which has to stand alone, in the last entry");
    let definition = states(json!({"A": lambda(json!({"Catch": catch, "End": true})), "B": {"Type": "Succeed"}}));
    assert_eq!(problem(&definition), expected);

    let mut retry = catch;
    for retrier in retry.as_array_mut().unwrap() {
        retrier.as_object_mut().unwrap().remove("Next");
    }
    assert_eq!(
        problem(&one(lambda(json!({"Retry": retry})))),
        expected.replace("Catch", "Retry")
    );
}

#[test]
fn a_handler_names_errors() {
    let definition = one(lambda(json!({"Retry": [{"ErrorEquals": []}]})));
    assert_eq!(problem(&definition), "A.Retry[0]: needs the field ErrorEquals");
}

#[rstest]
#[case::a_next(json!({"A": {"Type": "Pass", "Next": "X"}}), "A")]
#[case::a_default(json!({"A": {"Type": "Choice", "Choices": [{"Variable": "$", "StringEquals": "a", "Next": "B"}], "Default": "X"}, "B": {"Type": "Succeed"}}), "A")]
#[case::a_choice(json!({"A": {"Type": "Choice", "Choices": [{"Variable": "$", "StringEquals": "a", "Next": "X"}]}}), "A")]
#[case::a_catcher(json!({"A": lambda(json!({"Catch": [{"ErrorEquals": ["E"], "Next": "X"}], "End": true}))}), "A")]
fn a_state_that_is_named_exists(#[case] of: Value, #[case] place: &str) {
    assert_eq!(
        problem(&states(of)),
        format!("{place}: names the state X, which does not exist")
    );
}

#[test]
fn the_first_state_exists() {
    let definition = json!({"StartAt": "X", "States": {"A": {"Type": "Succeed"}}});
    assert_eq!(
        problem(&definition),
        "the definition.States: names the state X, which does not exist"
    );
}

#[test]
fn every_state_can_be_reached() {
    let definition = states(json!({"A": {"Type": "Succeed"}, "B": {"Type": "Succeed"}}));
    assert_eq!(
        problem(&definition),
        "the definition.States: the state B cannot be reached"
    );
}

#[test]
fn a_map_is_no_way_to_a_state_outside() {
    let definition = states(json!({
        "A": {"Type": "Map", "End": true, "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "I",
            "States": {"I": {"Type": "Pass", "Next": "B"}},
        }},
        "B": {"Type": "Succeed"},
    }));
    assert_eq!(problem(&definition), "I: names the state B, which does not exist");
}

#[test]
fn names_of_states_are_unique_even_inside_a_map() {
    let definition = one(json!({"Type": "Map", "ItemProcessor": {
        "ProcessorConfig": {"Mode": "INLINE"},
        "StartAt": "A",
        "States": {"A": {"Type": "Succeed"}},
    }}));
    assert_eq!(problem(&definition), "A.ItemProcessor.States: the state A exists twice");
}

#[test]
fn a_name_of_a_state_is_not_too_long() {
    let name = "n".repeat(81);
    let definition = json!({"StartAt": name, "States": {name.clone(): {"Type": "Succeed"}}});
    assert_eq!(
        problem(&definition),
        format!("{name}: is not a name of 1 to 80 characters")
    );
}

#[rstest]
#[case::an_or(json!({"Or": []}), "A.Choices[0]: needs the field Variable")]
#[case::another_comparison(json!({"Variable": "$.x", "StringMatches": "a*"}), "A.Choices[0]: needs the field StringEquals")]
#[case::a_test_of_presence(json!({"Variable": "$.x", "IsPresent": true}), "A.Choices[0]: needs the field StringEquals")]
#[case::two_comparisons(
    json!({"Variable": "$.x", "StringEquals": "a", "NumericEquals": 1}),
    "A.Choices[0]: has the field NumericEquals, which is not simulated here"
)]
#[case::a_number_for_a_text(json!({"Variable": "$.x", "StringEquals": 1}), "A.Choices[0].StringEquals: is not a text")]
fn an_unknown_rule_is_refused(#[case] rule: Value, #[case] expected: &str) {
    let rule = merged(rule, json!({"Next": "B"}));
    let definition = states(json!({"A": {"Type": "Choice", "Choices": [rule]}, "B": {"Type": "Succeed"}}));
    assert_eq!(problem(&definition), expected);
}
