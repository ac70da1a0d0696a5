//! Large runs. Those that take long without the optimiser are run by `cargo xtask simulate`.

use crate::simulation::large::{Cost, items, steps, waits};

/// One read and one write for each Plan, and what a new execution and a new environment have to read first.
fn calls_are_bounded(cost: &Cost) -> bool {
    cost.store_calls <= 2 * cost.plans + 4 * cost.executions + 2
}

#[test]
fn a_plan_makes_as_many_calls_in_a_long_run_as_in_a_short_one() {
    for count in [10, 100, 1_000] {
        let cost = waits(count).unwrap();
        assert!(calls_are_bounded(&cost), "{count} steps: {cost}");
        assert!(cost.plans >= u64::from(count), "{count} steps: {cost}");
    }
}

#[test]
fn f39_a_list_of_many_items_is_gone_through() {
    let cost = items(300).unwrap();
    assert_eq!((cost.created, cost.executions), (300, 301));
    assert!(calls_are_bounded(&cost), "{cost}");
}

#[test]
fn f34_a_workflow_of_many_steps_goes_on_in_other_executions() {
    let cost = steps(900).unwrap();
    assert_eq!(cost.created, 900);
    assert!(cost.executions > 1 && cost.most_events < 6_000, "{cost}");
    assert!(calls_are_bounded(&cost), "{cost}");
}
