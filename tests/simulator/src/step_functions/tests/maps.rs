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
        let map = map(each(lambda(json!({}))), json!({"MaxConcurrency": max_concurrency}));
        let (_, told) = execute_with(&one(map), items(41), Outside::of(slow(Duration::from_secs(10))));
        let starts = told.seconds(EventKind::MapIterationStarted);
        assert!(starts[..expected].iter().all(|&start| start == 0.0), "{starts:?}");
        assert!(starts[expected..].iter().all(|&start| start >= 10.0), "{starts:?}");
        assert_eq!(starts.len(), 41);
    }
}

#[test]
fn the_next_iteration_starts_when_any_ends() {
    let functions = Script(|_: &str, payload: Value| {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(payload.as_u64().unwrap())).await;
            Ok(payload)
        }) as BoxFuture<'static, Answer>
    });
    let map = map(each(lambda(json!({}))), json!({"MaxConcurrency": 2}));
    let (_, told) = execute_with(&one(map), json!({"items": [10, 1, 1, 1]}), Outside::of(functions));
    assert_eq!(told.seconds(EventKind::MapIterationStarted), [0.0, 0.0, 1.0, 2.0]);
}

#[test]
fn a_map_can_discard_its_result() {
    let definition = one(map(each(json!({"Type": "Pass"})), json!({"ResultPath": null})));
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
        "I": {"Type": "Choice", "Choices": [{"Variable": "$", "StringEquals": "fail", "Next": "J"}], "Default": "K"},
        "J": {"Type": "Fail", "Error": "E", "Cause": "c"},
        "K": wait(json!({"TimestampPath": "$", "End": true})),
    }});
    let input = json!({"items": [after(10), "fail", after(10)]});
    let (execution, told) = execute_with(&one(map(processor, json!({}))), input, Outside::of(echo()));
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
            json!({"StartAt": "J", "States": {"J": {"Type": "Pass", "Result": "inner", "ResultPath": "$.r", "End": true}}}),
            json!({}),
        ),
        json!({"ItemsPath": "$"}),
    );
    assert_eq!(
        execute(
            &one(map(each(inner), json!({}))),
            json!({"items": [[{"n": 7}, {"n": 8}], [{"n": 9}]]})
        )
        .output,
        Some(json!([[{"n": 7, "r": "inner"}, {"n": 8, "r": "inner"}], [{"n": 9, "r": "inner"}]]))
    );
}
