//! What the generator promises.

use super::*;
use crate::coverage::Construct;
use platform::catalog;
use std::collections::BTreeSet;
use strum::VariantArray;
use workflow::definition::ConcurrencyPolicy;

const STYLE: Style = Style {
    mood: Mood::Wild,
    steps: 12,
    lanes: 30,
    depth: 4,
    events: &["incident.triggered"],
    queues: false,
    systems: true,
};

fn families(count: u64, mood: Mood) -> impl Iterator<Item = Definition> {
    let style = Style { mood, ..STYLE };
    (0..count)
        .flat_map(move |seed| family(&mut Rng::with_seed(seed), style))
        .map(|written| written.definition)
}

#[test]
fn the_same_seed_gives_the_same_workflows() {
    let sources = |seed| -> Vec<String> {
        let written = family(&mut Rng::with_seed(seed), STYLE).into_iter();
        written.map(|written| written.source).collect()
    };
    assert_eq!(sources(7), sources(7));
    assert_ne!(sources(7), sources(8));
}

#[test]
fn every_workflow_is_valid_and_reads_back_as_it_was_stored() {
    for definition in families(300, Mood::Wild).chain(families(100, Mood::Patient)) {
        assert_eq!(Definition::from_json(&definition.to_json(), catalog()), Ok(definition));
    }
}

#[test]
fn an_edited_workflow_keeps_its_name_and_inputs() {
    for seed in 0..50 {
        let before = family(&mut Rng::with_seed(seed), STYLE).remove(0).definition;
        let after = edited(&mut Rng::with_seed(seed + 1), STYLE, &before).definition;
        assert_eq!((after.name, after.inputs), (before.name, before.inputs));
    }
}

/// What is not of a step, but of its place, of a run or of how the engine does it.
const OF_RUNS: &[Construct] = &[
    Construct::OnlyWhile,
    Construct::Message,
    Construct::Output,
    Construct::OnFailure,
    Construct::InLane,
    Construct::InLanes,
    Construct::InCalledRun,
    Construct::Inputs,
    Construct::Replay,
    Construct::Schedule,
    Construct::RunTimeout,
    Construct::WaitsForTurn,
    Construct::SkipsTurn,
    Construct::CancelsOlder,
    Construct::Queues,
    Construct::FirstPlan,
    Construct::FirstPlanOfLane,
    Construct::LastPlan,
    Construct::Handoff,
];

#[test]
fn every_part_of_a_step_comes_up() {
    let met: BTreeSet<Construct> = families(400, Mood::Wild)
        .flat_map(|definition| {
            let steps = definition.walk().flat_map(|(_, step)| Construct::of(step));
            steps.collect::<Vec<_>>()
        })
        .collect();
    let all = Construct::VARIANTS.iter().copied();
    assert_eq!(met, all.filter(|construct| !OF_RUNS.contains(construct)).collect());
}

#[test]
fn every_part_of_a_workflow_comes_up() {
    let mut met: BTreeSet<&str> = BTreeSet::new();
    for definition in families(400, Mood::Wild) {
        let policy = definition.concurrency.as_ref().map(|concurrency| concurrency.policy);
        met.extend(policy.map(|policy| match policy {
            ConcurrencyPolicy::Wait => "concurrency: wait",
            ConcurrencyPolicy::Skip => "concurrency: skip",
            ConcurrencyPolicy::Cancel => "concurrency: cancel",
        }));
        met.extend(definition.trigger.is_some().then_some("on"));
        met.extend((!definition.inputs.is_empty()).then_some("inputs"));
        met.extend(definition.timeout.is_some().then_some("timeout"));
        met.extend((!definition.on_failure.is_empty()).then_some("on_failure"));
        for (path, step) in definition.walk() {
            met.extend((path.indices().len() >= 7).then_some("nested three times"));
            let outputs = (0..).zip(step.lists()).filter_map(|(list, _)| step.lane_output(list));
            met.extend(outputs.map(|_| "output of a lane"));
        }
    }
    let all = [
        "concurrency: cancel",
        "concurrency: skip",
        "concurrency: wait",
        "inputs",
        "nested three times",
        "on",
        "on_failure",
        "output of a lane",
        "timeout",
    ];
    assert_eq!(met, BTreeSet::from(all));
}
