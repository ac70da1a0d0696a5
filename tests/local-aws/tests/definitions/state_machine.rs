//! What the definition of the state machine promises. That it fits the code is tested beside the code.

use std::collections::BTreeSet;

use platform::catalog;
use serde_json::{Value, json};

use crate::files::{fields, functions, state_machine, template};

#[test]
fn plan_is_retried_after_everything_that_may_pass() {
    let machine = state_machine();
    let retries = machine["States"]["Plan"]["Retry"].as_array().unwrap();

    let [permanent, out_of_reach, others] = retries.as_slice() else {
        panic!("{retries:?}")
    };
    assert_eq!(permanent["MaxAttempts"], 0);
    let names: Vec<&str> = texts(&out_of_reach["ErrorEquals"]);
    assert!(names.contains(&"Store.Unavailable") && names.contains(&"Lambda.TooManyRequestsException"));
    assert_eq!(others["ErrorEquals"], json!(["States.ALL"]));
    assert!((3300.0..=4500.0).contains(&mean_span(out_of_reach)));
    assert!((180.0..=420.0).contains(&mean_span(others)));
}

fn texts(names: &Value) -> Vec<&str> {
    names.as_array().unwrap().iter().filter_map(Value::as_str).collect()
}

/// The time for which a retrier goes on, in seconds: with full jitter an interval is half of what it may be, on average.
fn mean_span(retrier: &Value) -> f64 {
    let number = |field: &str| retrier[field].as_f64().unwrap();
    let (mut total, mut interval) = (0.0, number("IntervalSeconds"));
    for _ in 0..retrier["MaxAttempts"].as_u64().unwrap() {
        total += interval / 2.0;
        interval = (interval * number("BackoffRate")).min(number("MaxDelaySeconds"));
    }
    total
}

#[test]
fn every_state_says_what_it_is_for() {
    let machine = state_machine();

    for (name, state) in fields(&machine, "/States") {
        assert!(state["Comment"].is_string(), "{name}");
    }
}

#[test]
fn the_template_fills_in_every_function() {
    let text = state_machine().to_string();
    let used: BTreeSet<&str> = text
        .split("${")
        .skip(1)
        .filter_map(|part| part.split('}').next())
        .collect();

    let template = template();
    let given = fields(&template, "/Resources/StateMachine/Properties/DefinitionSubstitutions");

    assert_eq!(used, given.keys().map(String::as_str).collect());
}

#[test]
fn the_state_machine_calls_the_runner_and_every_function_of_actions() {
    let template = template();
    let given = fields(&template, "/Resources/StateMachine/Properties/DefinitionSubstitutions");
    let called: BTreeSet<String> = given.keys().filter(|name| name.ends_with("Arn")).cloned().collect();

    let actions = catalog().functions().into_iter();
    let expected = actions.chain(["WorkflowRunner"]).map(|name| format!("{name}Arn"));
    assert_eq!(called, expected.collect());
    let deployed: BTreeSet<String> = functions().into_iter().collect();
    let actions = catalog().functions().into_iter();
    let expected = actions
        .chain(["WorkflowRunner", "WebhookIngress", "Approvals"])
        .map(str::to_owned);
    assert_eq!(deployed, expected.collect(), "the functions of the template");
}
