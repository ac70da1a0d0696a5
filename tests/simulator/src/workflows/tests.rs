//! What the generator promises.

use super::*;
use pagerduty::actions::{Action, catalog};
use std::collections::BTreeSet;
use workflow::definition::{ConcurrencyPolicy, OnLaneFailure, Step, StepKind, Wait};

const STYLE: Style = Style {
    mood: Mood::Wild,
    steps: 12,
    lanes: 30,
    depth: 4,
    events: &["incident.triggered"],
    queues: false,
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

#[test]
fn every_part_of_the_language_comes_up() {
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
        met.extend(definition.timeout.is_some().then_some("timeout of a workflow"));
        met.extend((!definition.on_failure.is_empty()).then_some("on_failure"));
        for (path, step) in definition.walk() {
            met.extend(words(step));
            met.extend((path.indices().len() >= 7).then_some("nested three times"));
        }
    }
    let all = [
        "acknowledge",
        "acknowledge alert",
        "add note",
        "add responders",
        "choose",
        "choose: default",
        "concurrency: cancel",
        "concurrency: skip",
        "concurrency: wait",
        "continue_on_error",
        "create",
        "else",
        "fail",
        "for_each",
        "get",
        "if",
        "inputs",
        "lane's output",
        "max_concurrency",
        "nested three times",
        "on",
        "on_failure",
        "on_lane_failure: cancel",
        "on_lane_failure: finish",
        "on_lane_failure: ignore",
        "parallel",
        "resolve",
        "resolve alert",
        "retry",
        "run_workflow",
        "send change",
        "set",
        "steps",
        "stop",
        "timeout",
        "timeout of a workflow",
        "trigger alert",
        "update",
        "wait",
        "wait until",
    ];
    assert_eq!(met, BTreeSet::from(all));
}

fn words(step: &Step) -> Vec<&'static str> {
    let mut words = Vec::new();
    words.extend(step.condition.is_some().then_some("if"));
    words.extend(step.retry.is_some().then_some("retry"));
    words.extend(step.timeout.is_some().then_some("timeout"));
    words.extend(step.continue_on_error.then_some("continue_on_error"));
    match &step.kind {
        StepKind::Action { uses, .. } => words.push(match Action::parse(&uses.name) {
            Some(Action::CreateIncident) => "create",
            Some(Action::ResolveIncident) => "resolve",
            Some(Action::AcknowledgeIncident) => "acknowledge",
            Some(Action::UpdateIncident) => "update",
            Some(Action::AddNote) => "add note",
            Some(Action::AddResponders) => "add responders",
            Some(Action::GetIncident) => "get",
            Some(Action::TriggerAlert) => "trigger alert",
            Some(Action::AcknowledgeAlert) => "acknowledge alert",
            Some(Action::ResolveAlert) => "resolve alert",
            Some(Action::SendChangeEvent) => "send change",
            _ => panic!("{uses} is not simulated"),
        }),
        StepKind::Wait(Wait::For(_)) => words.push("wait"),
        StepKind::Wait(Wait::Until(_)) => words.push("wait until"),
        StepKind::Set(_) => words.push("set"),
        StepKind::Block { otherwise, .. } => {
            words.push("steps");
            words.extend((!otherwise.is_empty()).then_some("else"));
        }
        StepKind::Choose { default, .. } => {
            words.push("choose");
            words.extend((!default.is_empty()).then_some("choose: default"));
        }
        StepKind::Parallel { lanes, on_lane_failure } => {
            words.push("parallel");
            words.extend(
                lanes
                    .iter()
                    .any(|lane| lane.output.is_some())
                    .then_some("lane's output"),
            );
            words.push(policy(*on_lane_failure));
        }
        StepKind::ForEach {
            output,
            max_concurrency,
            on_lane_failure,
            ..
        } => {
            words.push("for_each");
            words.extend(output.is_some().then_some("lane's output"));
            words.extend(max_concurrency.is_some().then_some("max_concurrency"));
            words.push(policy(*on_lane_failure));
        }
        StepKind::Stop { .. } => words.push("stop"),
        StepKind::Fail { .. } => words.push("fail"),
        StepKind::RunWorkflow { .. } => words.push("run_workflow"),
    }
    words
}

fn policy(policy: OnLaneFailure) -> &'static str {
    match policy {
        OnLaneFailure::Finish => "on_lane_failure: finish",
        OnLaneFailure::Cancel => "on_lane_failure: cancel",
        OnLaneFailure::Ignore => "on_lane_failure: ignore",
    }
}
