//! The Map state.

use super::*;

fn map(processor: Value, more: Value) -> Value {
    merged(
        json!({
            "Type": "Map",
            "ItemsPath": "$.items",
            "MaxConcurrency": 40,
            "ItemProcessor": merged(processor, json!({"ProcessorConfig": {"Mode": "INLINE"}})),
        }),
        more,
    )
}

/// A processor with one state, `I`.
fn each(mut state: Value) -> Value {
    state["End"] = true.into();
    json!({"StartAt": "I", "States": {"I": state}})
}

fn items(count: usize) -> Value {
    json!({"items": (0..count).collect::<Vec<_>>()})
}

#[test]
fn a_map_gives_one_result_for_each_item_in_their_order() {
    let functions = Script(|_: &str, payload: Value| {
        let time = Duration::from_secs(10 - payload.as_u64().unwrap());
        Box::pin(async move {
            tokio::time::sleep(time).await;
            Ok(json!(payload.as_u64().unwrap() * 2))
        }) as BoxFuture<'static, Answer>
    });
    let definition = one(map(each(lambda(json!({}))), json!({})));
    let (execution, _) = execute_with(&definition, items(3), Outside::of(functions));
    assert_eq!(
        execution.output,
        Some(json!([{"result": 0}, {"result": 2}, {"result": 4}]))
    );
}

#[test]
fn a_map_has_these_events() {
    let definition = one(map(each(json!({"Type": "Pass"})), json!({"MaxConcurrency": 1})));
    let (execution, told) = execute_with(&definition, items(2), Outside::of(echo()));
    assert_eq!(
        told.history("run"),
        [
            "ExecutionStarted",
            "MapStateEntered",
            "MapStateStarted",
            "MapIterationStarted",
            "PassStateEntered",
            "PassStateExited",
            "MapIterationSucceeded",
            "MapIterationStarted",
            "PassStateEntered",
            "PassStateExited",
            "MapIterationSucceeded",
            "MapStateSucceeded",
            "MapStateExited",
            "ExecutionSucceeded"
        ]
    );
    assert_eq!((execution.events, execution.transitions), (14, 3));
}

#[test]
fn a_map_of_nothing_gives_nothing() {
    let definition = one(map(each(json!({"Type": "Pass"})), json!({})));
    let (execution, told) = execute_with(&definition, items(0), Outside::of(echo()));
    assert_eq!(execution.output, Some(json!([])));
    assert_eq!(
        told.history("run"),
        [
            "ExecutionStarted",
            "MapStateEntered",
            "MapStateStarted",
            "MapStateSucceeded",
            "MapStateExited",
            "ExecutionSucceeded"
        ]
    );
}

#[test]
fn forty_iterations_run_at_once_and_the_next_one_waits() {
    for (max_concurrency, expected) in [(40, 40), (0, 40), (100, 40), (3, 3)] {
        let map = map(
            each(json!({"Type": "Wait", "Seconds": 10})),
            json!({"MaxConcurrency": max_concurrency}),
        );
        let (_, told) = execute_with(&one(map), items(41), Outside::of(echo()));
        let starts = told.seconds(EventKind::MapIterationStarted);
        assert!(starts[..expected].iter().all(|&start| start == 0.0), "{starts:?}");
        assert!(starts[expected..].iter().all(|&start| start >= 10.0), "{starts:?}");
        assert_eq!(starts.len(), 41);
    }
}

#[test]
fn the_next_iteration_starts_when_any_ends() {
    let map = map(
        each(json!({"Type": "Wait", "SecondsPath": "$"})),
        json!({"MaxConcurrency": 2}),
    );
    let (_, told) = execute_with(&one(map), json!({"items": [10, 1, 1, 1]}), Outside::of(echo()));
    assert_eq!(told.seconds(EventKind::MapIterationStarted), [0.0, 0.0, 1.0, 2.0]);
}

#[test]
fn an_item_selector_makes_the_input_of_an_iteration() {
    let selector = json!({"x.$": "$.a", "i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value.n"});
    let processor = each(json!({"Type": "Pass", "Parameters": {"in.$": "$", "item.$": "$$.Map.Item.Value"}}));
    let definition = one(map(processor, json!({"ItemSelector": selector})));
    assert_eq!(
        execute(&definition, json!({"a": 1, "items": [{"n": 5}, {"n": 6}]})).output,
        Some(json!([
            {"in": {"x": 1, "i": 0, "v": 5}, "item": {"n": 5}},
            {"in": {"x": 1, "i": 1, "v": 6}, "item": {"n": 6}},
        ]))
    );
}

#[test]
fn a_map_can_discard_its_result() {
    let definition = one(map(
        each(json!({"Type": "Pass"})),
        json!({"ResultSelector": {}, "ResultPath": null}),
    ));
    assert_eq!(execute(&definition, items(2)).output, Some(items(2)));
}

#[test]
fn a_map_needs_an_array() {
    let definition = one(map(each(json!({"Type": "Pass"})), json!({})));
    let (execution, told) = execute_with(&definition, json!({"items": {}}), Outside::of(echo()));
    assert_eq!(execution.error.as_deref(), Some("States.Runtime"));
    assert_eq!(
        told.history("run"),
        ["ExecutionStarted", "MapStateEntered", "ExecutionFailed"]
    );
}

#[test]
fn one_iteration_that_fails_fails_the_map_and_aborts_the_others() {
    let processor = json!({"StartAt": "I", "States": {
        "I": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "J"}], "Default": "K"},
        "J": {"Type": "Fail", "Error": "E", "Cause": "c"},
        "K": {"Type": "Wait", "Seconds": 10, "End": true},
    }});
    let (execution, told) = execute_with(&one(map(processor, json!({}))), items(3), Outside::of(echo()));
    assert_eq!(
        (execution.error.as_deref(), execution.cause.as_deref()),
        (Some("E"), Some("c"))
    );
    assert_eq!(
        told.history("run"),
        [
            "ExecutionStarted",
            "MapStateEntered",
            "MapStateStarted",
            "MapIterationStarted",
            "MapIterationStarted",
            "MapIterationStarted",
            "ChoiceStateEntered",
            "ChoiceStateExited",
            "WaitStateEntered",
            "ChoiceStateEntered",
            "ChoiceStateExited",
            "FailStateEntered",
            "MapIterationFailed",
            "WaitStateAborted",
            "MapIterationAborted",
            "MapIterationAborted",
            "MapStateFailed",
            "ExecutionFailed"
        ]
    );
    assert_eq!(told.seconds(EventKind::ExecutionFailed), [0.0]);
}

#[test]
fn a_map_is_retried_as_a_whole_and_caught() {
    let definition = states(json!({
        "A": map(
            json!({"StartAt": "I", "States": {"I": {"Type": "Fail", "Error": "E", "Cause": "c"}}}),
            json!({
                "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}],
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}],
                "End": true,
            }),
        ),
        "B": {"Type": "Succeed"},
    }));
    let (execution, told) = execute_with(&definition, items(1), Outside::of(echo()));
    assert_eq!(execution.output, Some(json!({"Error": "E", "Cause": "c"})));
    assert_eq!(
        told.history("run"),
        [
            "ExecutionStarted",
            "MapStateEntered",
            "MapStateStarted",
            "MapIterationStarted",
            "FailStateEntered",
            "MapIterationFailed",
            "MapStateStarted",
            "MapIterationStarted",
            "FailStateEntered",
            "MapIterationFailed",
            "MapStateFailed",
            "MapStateExited",
            "SucceedStateEntered",
            "SucceedStateExited",
            "ExecutionSucceeded"
        ]
    );
    assert_eq!(told.seconds(EventKind::MapStateStarted), [0.0, 1.0]);
}

#[test]
fn an_iteration_that_catches_its_error_ends_no_other() {
    let processor = json!({"StartAt": "I", "States": {
        "I": lambda(json!({"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "J"}], "End": true})),
        "J": {"Type": "Pass", "Result": "caught", "End": true},
    }});
    let functions = answering(|_, payload| {
        if payload == json!(1) {
            Err(failure("E"))
        } else {
            Ok(payload)
        }
    });
    let definition = one(map(processor, json!({})));
    let (execution, _) = execute_with(&definition, items(3), Outside::of(functions));
    assert_eq!(execution.output, Some(json!([{"result": 0}, "caught", {"result": 2}])));
}

#[test]
fn a_succeed_ends_only_its_iteration() {
    let processor = json!({"StartAt": "I", "States": {"I": {"Type": "Succeed"}}});
    assert_eq!(
        execute(&one(map(processor, json!({}))), items(2)).output,
        Some(json!([0, 1]))
    );
}

#[test]
fn maps_can_stand_in_maps() {
    let inner = merged(
        map(
            json!({"StartAt": "J", "States": {"J": {"Type": "Pass", "Parameters": {"i.$": "$$.Map.Item.Index"}, "End": true}}}),
            json!({}),
        ),
        json!({"ItemsPath": "$"}),
    );
    assert_eq!(
        execute(&one(map(each(inner), json!({}))), json!({"items": [[7, 8], [9]]})).output,
        Some(json!([[{"i": 0}, {"i": 1}], [{"i": 0}]]))
    );
}
