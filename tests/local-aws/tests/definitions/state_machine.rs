//! What the definition of the state machine promises. That it fits the code is tested beside the code.

use std::collections::BTreeSet;

use serde_json::json;

use crate::files::{fields, state_machine, template};

#[test]
fn plan_is_retried_after_everything_that_may_pass() {
    let machine = state_machine();
    let retries = machine["States"]["Plan"]["Retry"].as_array().unwrap();

    let [permanent, passing] = retries.as_slice() else {
        panic!("{retries:?}")
    };
    assert_eq!(permanent["MaxAttempts"], 0);
    assert_eq!(passing["ErrorEquals"], json!(["States.ALL"]));
    let (mut total, mut interval) = (0.0, passing["IntervalSeconds"].as_f64().unwrap());
    for _ in 0..passing["MaxAttempts"].as_u64().unwrap() {
        total += interval;
        interval =
            (interval * passing["BackoffRate"].as_f64().unwrap()).min(passing["MaxDelaySeconds"].as_f64().unwrap());
    }
    assert!((180.0..=420.0).contains(&total), "{total} s of attempts");
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
