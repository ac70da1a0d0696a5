//! Large runs. Those that take long without the optimiser are run by `cargo xtask simulate`.

use crate::simulation::{
    large::{Cost, items, steps, waits},
    storm::storm,
};

/// One read and one write for each Plan, a second look for each that waits, and what a new execution and a new environment have to
/// read first.
fn calls_are_bounded(cost: &Cost, waits: u64) -> bool {
    cost.store_calls <= 2 * cost.plans + waits + 4 * cost.executions + 2
}

#[test]
fn a_plan_makes_as_many_calls_in_a_long_run_as_in_a_short_one() {
    for count in [10, 100, 1_000] {
        let cost = waits(count).unwrap();
        assert!(calls_are_bounded(&cost, count.into()), "{count} steps: {cost}");
        assert!(cost.plans >= u64::from(count), "{count} steps: {cost}");
    }
}

#[test]
fn f39_a_list_of_many_items_is_gone_through() {
    let cost = items(300).unwrap();
    assert_eq!((cost.created, cost.executions), (300, 301));
    assert!(calls_are_bounded(&cost, 0), "{cost}");
}

#[test]
fn f34_a_workflow_of_many_steps_goes_on_in_other_executions() {
    let cost = steps(900).unwrap();
    assert_eq!(cost.created, 900);
    assert!(cost.executions > 1 && cost.most_events < 6_000, "{cost}");
    assert!(calls_are_bounded(&cost, 0), "{cost}");
}

/// A tenth of both, the webhooks of a minute and PagerDuty's limit; `cargo xtask simulate` has the whole.
#[test]
fn f44_an_alert_storm_loses_and_doubles_nothing_and_stays_within_pagerdutys_rate_limit() {
    let storm = storm(500, 96).unwrap();

    assert_eq!(storm.created, 500, "{storm}");
    assert!(storm.most_in_a_minute <= 96, "{storm}");
    // Each run that has to wait asks once more; what is turned away must not grow with how many wait.
    assert!(storm.turned_away < storm.carried_out, "{storm}");
    // Two requests for each run after the first minute: a look for what an attempt before may have left, and the incident.
    assert!(storm.took.as_secs() <= 60 * (2 * 500 / 96 + 2), "{storm}");
}
