//! How much memory a definition takes, against the weight by which caches keep it.

use super::ALLOCATOR;
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::Arc;
use workflow::{
    action::{ActionSpec, Catalog},
    definition::Definition,
};

#[expect(clippy::unwrap_used, reason = "the committed actions can be read")]
fn catalog() -> Catalog {
    let actions = include_str!("../../../../schema/actions.json");
    let actions = serde_json::from_str::<Vec<ActionSpec>>(actions).unwrap();
    actions.into_iter().map(Arc::new).collect()
}

fn steps(count: usize, step: impl Fn(usize) -> Value) -> Value {
    json!({"name": "w", "steps": (0..count).map(step).collect::<Vec<_>>()})
}

fn resolve(number: usize) -> Value {
    json!({"id": format!("s{number}"), "if": "event.incident.urgency == \"high\" and event.incident.number > 3",
           "uses": "pagerduty.resolve_incident", "with": {
               "integration": "prod", "incident_id": "{{ event.incident.id }}", "from": "oncall@example.com",
               "note": "Closed {{ event.incident.title }} by {{ run.id }}."}})
}

#[rstest]
#[case::smallest(steps(1, |_| json!({"stop": "done"})))]
#[case::many_short_steps(steps(4_999, |_| json!({"wait": "1s"})))]
#[case::many_variables(steps(1_000, |number| json!({"set": {"a": number, "b": [1, 2, 3], "c": "{{ 1 }}"}})))]
#[case::many_actions(steps(1_000, resolve))]
#[case::many_expressions(steps(2_000, |_| json!({"set": {"a": "{{ event.id }}{{ run.id }}{{ event.type }}{{ run.workflow }}"}})))]
#[case::short_conditions(steps(4_999, |_| json!({"if": "run.id != ''", "wait": "1s"})))]
#[case::defaults(steps(2_000, |_| json!({"set": {"a": "{{ event.data.a.b.c.d | d(1) }}"}})))]
#[case::choices(steps(200, |_| json!({"choose": vec![json!({"when": "run.id == \"x\"", "steps": [{"wait": "1s"}]}); 20]})))]
#[case::one_long_text(steps(1, |_| json!({"set": {"a": "x".repeat(900_000)}})))]
#[case::one_long_list(steps(1, |_| json!({"set": {"a": vec![1; 200_000]}})))]
fn a_definition_weighs_at_least_what_it_takes_and_not_a_hundred_times_as_much(#[case] source: Value) {
    let text = source.to_string();
    drop(source);
    let warm = Definition::from_source("name: w\nsteps: [{ wait: 1s }]\n", &catalog()).unwrap();
    let before = ALLOCATOR.current_usage();
    let definition = Definition::from_source(&text, &catalog()).unwrap_or_else(|problems| panic!("{problems}"));
    let taken = ALLOCATOR.current_usage().saturating_sub(before);
    let weight = definition.weight();
    drop(warm);
    assert!(
        taken <= weight,
        "{taken} bytes are taken, and the weight is {weight}, of {} bytes of JSON",
        text.len()
    );
    assert!(
        weight <= 100 * taken.max(8_192),
        "{taken} bytes are taken, and the weight is {weight}"
    );
}
