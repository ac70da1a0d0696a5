//! The contract between the definition of the state machine and this code.

use crate::state::PlanRequest;
use platform::catalog;
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, sync::Arc};
use strum::VariantArray;
use workflow::{
    action::ActionSpec,
    definition::limits,
    error_name::{ErrorName, FailureClass, NamedError},
    ids::LanePath,
    planner::{ChildExecution, Command, Slice, WaitKey, Wake},
    run::{Part, RunCause, RunIdentity, RunInput},
};

fn states() -> Value {
    let definition: Value = serde_json::from_str(include_str!("../../../statemachine/workflow.asl.json")).unwrap();
    definition["States"].clone()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// The name of the state that a type of command leads to.
fn next(states: &Value, command: &str) -> String {
    let choice = list(&states["Route"]["Choices"])
        .iter()
        .find(|choice| choice["StringEquals"] == command);
    text(&choice.unwrap_or_else(|| panic!("nothing leads on from {command}"))["Next"]).to_owned()
}

/// The names in all `ErrorEquals` of a list of Retry or Catch.
fn names(rules: &Value) -> Vec<&str> {
    list(rules)
        .iter()
        .flat_map(|rule| list(&rule["ErrorEquals"]))
        .map(text)
        .collect()
}

/// One command of each type.
fn commands() -> Vec<Command> {
    let action = |action: &Arc<ActionSpec>| Command::Action {
        action: Arc::clone(action),
        input: json!({}),
        timeout_seconds: 60,
    };
    let until = "2026-11-20T09:30:00Z".parse().unwrap();
    let waits = Slice::VARIANTS.iter().map(|slice| Command::Await {
        slice: *slice,
        wait: WaitKey::of(&"r".parse().unwrap(), &LanePath::main()),
        plan: 7,
        until: Wake::not_before(until),
    });
    let control = [
        Command::Wait {
            until: Wake::not_before(until),
        },
        Command::Fork {
            executions: vec![child()],
        },
        Command::Continue,
        Command::Succeed { output: json!({}) },
        Command::Fail {
            error: "e".into(),
            cause: "c".into(),
        },
    ];
    catalog().actions().map(action).chain(waits).chain(control).collect()
}

/// An execution that another one starts.
fn child() -> ChildExecution {
    let part = Part {
        lane: LanePath::main(),
        generation: 1,
        attempt: 1,
    };
    let run: RunIdentity =
        serde_json::from_value(json!({"id": "r", "workflow": "w", "version": 1, "depth": 0})).unwrap();
    ChildExecution {
        name: part.execution_name(&run.id),
        input: RunInput {
            run,
            cause: RunCause::Hand { by: None },
            inputs: Map::new(),
            part: Some(part),
        },
    }
}

/// All texts in a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn the_machine_knows_each_type_of_command_and_no_other() {
    let states = states();
    let known: BTreeSet<&str> = list(&states["Route"]["Choices"])
        .iter()
        .map(|choice| text(&choice["StringEquals"]))
        .collect();

    assert_eq!(
        known,
        catalog()
            .functions()
            .into_iter()
            .chain(Command::control_types())
            .collect()
    );
    assert_eq!(
        known,
        commands().iter().map(Command::type_name).collect(),
        "there is a sample of each"
    );
    assert!(
        list(&states["Route"]["Choices"])
            .iter()
            .all(|choice| choice["Variable"] == "$.next.command.type")
    );
}

#[test]
fn a_command_has_every_field_that_its_state_reads() {
    let states = states();
    for command in commands() {
        let state = &states[next(&states, command.type_name())];
        // A wait that cannot be written is one without a token.
        let instead = list(&state["Catch"]).iter().map(|catch| text(&catch["Next"]));
        let instead = instead.filter(|name| *name != "Plan").map(|name| &states[name]);
        let fields = json!(command);
        let mut read = BTreeSet::new();
        for path in std::iter::once(state).chain(instead).flat_map(texts) {
            let Some(path) = path.strip_prefix("$.next.command.") else {
                continue;
            };
            let pointer = format!("/{}", path.replace('.', "/"));
            assert!(fields.pointer(&pointer).is_some(), "{} has no {path}", command.name());
            read.insert(path.split('.').next().unwrap());
        }
        // And the other way round: every field is read.
        let unread: Vec<_> = fields
            .as_object()
            .unwrap()
            .keys()
            .filter(|field| !read.contains(field.as_str()))
            .collect();
        assert_eq!(unread, ["type"], "{}", command.name());
    }
}

#[test]
fn every_error_that_the_machine_matches_on_exists() {
    for (name, state) in states().as_object().unwrap() {
        for error in names(&state["Retry"]).into_iter().chain(names(&state["Catch"])) {
            let of_aws = ["States.", "Lambda.", "DynamoDb."]
                .iter()
                .any(|service| error.starts_with(service));
            assert!(
                of_aws || NamedError::parse(error).is_some(),
                "{name} matches on {error}"
            );
        }
    }
}

#[test]
fn the_function_of_an_action_has_the_state_of_its_name_and_no_other_task_is_there_but_the_plan() {
    let states = states();
    let tasks: BTreeSet<&str> = states
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, state)| state["Type"] == "Task")
        .map(|(name, _)| name.as_str())
        .collect();

    let waits = slices().map(|(name, _)| name);
    let waits: Vec<&str> = waits.collect();
    let others = waits.iter().copied().chain(["Plan"]);
    assert_eq!(tasks, catalog().functions().into_iter().chain(others).collect());
    for name in catalog().functions() {
        assert_eq!(next(&states, name), name);
        let called = &states[name]["Parameters"]["FunctionName"];
        assert_eq!(*called, format!("${{{name}Arn}}"));
    }
}

#[test]
fn an_action_is_retried_only_when_nothing_ran_and_the_planner_hears_of_every_other_end() {
    let states = states();
    for name in catalog().functions() {
        let state = &states[name];
        assert_eq!(names(&state["Retry"]), ["Lambda.TooManyRequestsException"], "{name}");
        assert_eq!(names(&state["Catch"]), ["States.ALL"], "{name}");
        for end in [state, &state["Catch"][0]] {
            assert_eq!(
                (&end["ResultPath"], &end["Next"]),
                (&json!("$.next.result"), &json!("Plan")),
                "{name}"
            );
        }
        assert_eq!(state["ResultSelector"], json!({"output.$": "$.Payload"}), "{name}");
    }
}

/// The state of each slice, and its length in seconds.
fn slices() -> impl Iterator<Item = (&'static str, i64)> {
    let names = ["Await1s", "Await5s", "Await30s", "Await3m", "Await15m", "Await6h"];
    assert_eq!(names.len(), Slice::VARIANTS.len());
    let lengths = Slice::VARIANTS.iter().map(|slice| slice.length().as_secs());
    names.into_iter().zip(lengths)
}

#[test]
fn a_slice_has_a_state_that_waits_so_long_and_puts_its_token_into_the_item_of_the_wait() {
    let states = states();
    for ((name, seconds), slice) in slices().zip(Slice::VARIANTS) {
        let state = &states[name];
        assert_eq!(next(&states, slice.into_str()), name);
        assert_eq!(state["TimeoutSeconds"], seconds, "{name}");
        assert_eq!(
            state["Resource"], "arn:${Partition}:states:::aws-sdk:dynamodb:updateItem.waitForTaskToken",
            "{name}"
        );
        // What `Table::park` does, which simulations and dry runs do in its place.
        let parameters = &state["Parameters"];
        assert_eq!(parameters["UpdateExpression"], "SET tok = :token", "{name}");
        assert_eq!(
            parameters["ConditionExpression"], "#plan = :plan AND attribute_not_exists(sig)",
            "{name}"
        );
        assert_eq!(
            parameters["ExpressionAttributeNames"],
            json!({"#plan": "plan"}),
            "{name}"
        );
        assert_eq!(
            parameters["ExpressionAttributeValues"][":token"]["S.$"], "$$.Task.Token",
            "{name}"
        );
        assert_eq!(parameters["TableName"], "${TableName}", "{name}");
    }
}

#[test]
fn whatever_ends_a_slice_the_planner_decides_and_one_that_cannot_be_written_is_waited_for_without_a_token() {
    let states = states();
    for (name, _) in slices() {
        let state = &states[name];
        let [ended, others] = list(&state["Catch"]) else {
            panic!("{name}: {}", state["Catch"])
        };
        assert_eq!(
            names(&json!([ended])),
            ["States.Timeout", "DynamoDb.ConditionalCheckFailedException"],
            "{name}"
        );
        // A Plan after each failure would be made again at once, for as long as the table refuses.
        assert_eq!(
            (names(&json!([others])), &others["Next"]),
            (vec!["States.ALL"], &json!("Wait")),
            "{name}"
        );
        for end in [state, ended] {
            assert_eq!(end["Next"], "Plan", "{name}");
        }
        for end in [state, ended, others] {
            assert!(
                end.as_object().unwrap()["ResultPath"].is_null(),
                "{name}: nothing of it stays in the state"
            );
        }
    }
}

/// The states of an iteration of the fork.
fn iteration() -> Value {
    states()["Fork"]["ItemProcessor"]["States"].clone()
}

#[test]
fn a_fork_starts_each_execution_of_its_command_on_the_same_state_machine_and_waits_for_it() {
    let fork = states()["Fork"].clone();
    assert_eq!(fork["ItemsPath"], "$.next.command.executions");
    assert_eq!(fork["ItemProcessor"]["ProcessorConfig"], json!({"Mode": "INLINE"}));
    assert_eq!(
        fork["MaxConcurrency"],
        limits::CONCURRENT_LANES,
        "the planner starts no more"
    );

    let start = &iteration()[text(&fork["ItemProcessor"]["StartAt"])];
    assert_eq!(
        start["Resource"],
        "arn:${Partition}:states:::states:startExecution.sync:2"
    );
    assert_eq!(start["Parameters"]["StateMachineArn.$"], "$$.StateMachine.Id");
    let item = json!(child());
    let read: BTreeSet<&str> = texts(&start["Parameters"])
        .into_iter()
        .filter_map(|text| text.strip_prefix("$."))
        .collect();
    let fields: BTreeSet<&str> = item.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(read, fields);
}

#[test]
fn an_execution_that_fails_ends_no_other_and_nothing_of_it_stays_in_the_state() {
    let iteration = iteration();
    let start = &iteration["StartExecution"];
    let catch = list(&start["Catch"]);
    assert_eq!(names(&start["Catch"]), ["States.ALL"]);
    assert_eq!((&catch[0]["Next"], &start["Next"]), (&json!("Ended"), &json!("Ended")));
    assert_eq!(
        iteration["Ended"],
        json!({"Comment": iteration["Ended"]["Comment"], "Type": "Pass", "Result": {}, "End": true})
    );
    for state in [start, &catch[0], &states()["Fork"]] {
        assert!(state.as_object().unwrap()["ResultPath"].is_null(), "{state}");
    }
}

#[test]
fn only_the_start_of_an_execution_is_retried_and_not_an_execution_that_failed() {
    for name in names(&iteration()["StartExecution"]["Retry"]) {
        assert!(name.starts_with("StepFunctions."), "{name}");
    }
}

#[test]
fn a_plan_is_retried_after_everything_but_what_would_fail_again() {
    let states = states();
    let [permanent, out_of_reach, others] = list(&states["Plan"]["Retry"]) else {
        panic!("{}", states["Plan"]["Retry"])
    };

    assert_eq!(permanent["MaxAttempts"], 0);
    for name in names(&json!([permanent])) {
        assert_eq!(
            ErrorName::parse(name).map(ErrorName::class),
            Some(FailureClass::Permanent),
            "{name}"
        );
    }
    for name in [ErrorName::RunSuperseded, ErrorName::InputInvalid] {
        assert!(
            names(&json!([permanent])).contains(&name.as_str()),
            "a Plan that ends with {name} would do so again"
        );
    }
    assert!(names(&json!([out_of_reach])).contains(&ErrorName::StoreUnavailable.as_str()));
    assert_eq!(names(&json!([others])), ["States.ALL"]);
    assert!(others["MaxAttempts"].as_u64().unwrap() > 0);
}

#[test]
fn a_plan_gets_what_it_reads() {
    let states = states();
    let mut payload = states["Plan"]["Parameters"]["Payload"].clone();
    let state = json!({
        "run": {"id": "r", "workflow": "w", "version": 1, "depth": 0},
        "cause": {"event": {"webhook": "v3", "event_id": "e", "event_type": "incident.triggered", "body": {"in": "table"}}},
    });
    fill_in(&mut payload, &state);

    let request: PlanRequest = serde_json::from_value(payload).unwrap();

    assert_eq!(
        request.execution.arn,
        "arn:aws:states:eu-west-1:123456789012:execution:workflow:r"
    );
    assert_eq!(
        request.execution.started_at,
        "2026-11-20T09:30:01.123Z".parse().unwrap()
    );
    assert_eq!(request.state.input.run.id.as_str(), "r");
}

#[test]
fn a_plan_takes_the_input_of_an_execution_that_a_fork_started() {
    let mut payload = states()["Plan"]["Parameters"]["Payload"].clone();
    let child = child().input;
    fill_in(&mut payload, &json!(child));

    let request: PlanRequest = serde_json::from_value(payload).unwrap();

    assert_eq!(request.state.input, child);
}

/// Puts values in the place of paths, as Step Functions does.
fn fill_in(template: &mut Value, state: &Value) {
    let Some(fields) = template.as_object_mut() else { return };
    for (name, mut value) in std::mem::take(fields) {
        match name.strip_suffix(".$") {
            None => {
                fill_in(&mut value, state);
                fields.insert(name, value);
            }
            Some(name) => {
                let filled = match text(&value) {
                    "$" => state.clone(),
                    "$$.Execution.Id" => json!("arn:aws:states:eu-west-1:123456789012:execution:workflow:r"),
                    "$$.Execution.StartTime" => json!("2026-11-20T09:30:01.123Z"),
                    "$$.State.EnteredTime" => json!("2026-11-20T09:30:02.456Z"),
                    other => panic!("{other} is no path that this test knows"),
                };
                fields.insert(name.to_owned(), filled);
            }
        }
    }
}
