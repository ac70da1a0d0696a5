//! How far one Plan looks ahead.
//!
//! A Plan may run on through many steps that need nobody else, and reads beforehand, in one call, the results that any of
//! them refers to. Both are bounded: DynamoDB reads and writes at most 100 items in a call. A longer run of such steps
//! goes on in the next Plan.

use crate::{
    definition::{Definition, StepKind},
    ids::{StepId, StepPath},
    template::Reference,
};
use std::collections::BTreeSet;

/// The most steps that one Plan runs through.
const STEPS: usize = 25;

/// The most results that one Plan reads.
const RESULTS: usize = 75;

/// The steps that one Plan may run through, and the results that they refer to.
#[derive(Debug, Default)]
pub(super) struct Window {
    pub(super) steps: Vec<StepPath>,
    pub(super) results: BTreeSet<StepPath>,
}

pub(super) fn from(definition: &Definition, first: &StepPath) -> Window {
    let mut window = Window::default();
    let mut next = Some(first.clone());
    while let Some(path) = next {
        let Some(step) = definition.step(&path) else { break };
        let wanted = step
            .expressions()
            .flat_map(|expression| expression.references())
            .filter_map(Reference::step);
        let paths = wanted.filter_map(|id| definition.path_of(&id.parse::<StepId>().ok()?));
        let mut results = window.results.clone();
        // What a step of this same window gives is not read: it is not written yet.
        results.extend(paths.filter(|path| !window.steps.contains(path)));
        if !window.steps.is_empty() && (window.steps.len() >= STEPS || results.len() > RESULTS) {
            break;
        }
        window.results = results;
        window.steps.push(path.clone());
        let stops_here = step.condition.is_none() && !matches!(step.kind, StepKind::Set(_));
        next = if stops_here { None } else { definition.following(&path) };
    }
    window
}
