//! The look ahead of one Plan.
//!
//! A Plan may run on through many steps that need no one else, and reads beforehand, in one call, the results that any of
//! them refers to. Both are bounded: DynamoDB reads and writes at most 100 items in a call. A longer run of such steps
//! goes on in the next Plan.

use crate::{
    definition::{Definition, Step},
    ids::{LanePath, Section, StepId, StepPath},
    steps::RepeatStep,
    template::{Expression, Reference, Template},
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The most steps that one Plan runs through.
const STEPS: usize = 25;

/// The most results that one Plan reads. With the 40 lanes of a batch, the marks and the lane itself that is within what
/// DynamoDB reads in one call.
const RESULTS: usize = 50;

/// A place of a lane between two steps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Before a step.
    Step(StepPath),
    /// Behind its last one.
    End,
}

/// The steps that one Plan may run through, and the results that they refer to.
#[derive(Debug, Default)]
pub(super) struct Window {
    pub(super) places: BTreeSet<Place>,
    /// The steps that are referred to, by id.
    pub(super) referred: BTreeMap<StepId, StepPath>,
}

/// The place that follows a step in its lane once the step is done. On the way the blocks that end with the step are
/// left.
pub(super) struct Way {
    pub(super) left: Vec<StepPath>,
    pub(super) to: Place,
}

pub(super) fn after(definition: &Definition, lane: &LanePath, path: &StepPath) -> Way {
    let mut left = Vec::new();
    let mut path = path.clone();
    loop {
        if let Some(next) = definition.following(&path) {
            return Way {
                left,
                to: Place::Step(next),
            };
        }
        match around(lane, &path) {
            Some(block)
                if definition
                    .step(&block)
                    .is_some_and(|step| step.kind.behaviour().comes_back()) =>
            {
                return Way {
                    left,
                    to: Place::Step(block),
                };
            }
            Some(block) => {
                left.push(block.clone());
                path = block;
            }
            None => {
                let to = match path.section() {
                    Section::OnlyWhile => Place::Step(StepPath::top(Section::Steps, 0)),
                    Section::Steps | Section::OnFailure => Place::End,
                };
                return Way { left, to };
            }
        }
    }
}

/// The step around a step, if it is in the same lane.
pub(super) fn around(lane: &LanePath, path: &StepPath) -> Option<StepPath> {
    let (outer, _) = path.parent()?;
    match lane.opener() {
        Some((_, fork, _)) if *fork == outer => None,
        _ => Some(outer),
    }
}

/// The first step of a lane.
pub(super) fn first_of(definition: &Definition, lane: &LanePath) -> Option<StepPath> {
    match lane.opener() {
        None => Some(StepPath::top(Section::Steps, 0)),
        Some((_, fork, index)) => {
            let list = definition.step(fork)?.lane_list(index)?;
            Some(fork.inside(list, 0))
        }
    }
}

/// The expressions of the output of a lane.
pub(super) fn output_of<'a>(definition: &'a Definition, lane: &LanePath) -> Option<&'a Template> {
    let (_, fork, index) = lane.opener()?;
    let step = definition.step(fork)?;
    step.lane_output(step.lane_list(index)?)
}

/// The step that a lane is a round of.
pub(super) fn round_of<'a>(definition: &'a Definition, lane: &LanePath) -> Option<&'a RepeatStep> {
    let (_, fork, _) = lane.opener()?;
    definition.step(fork)?.rounds()
}

/// The ids of steps that expressions refer to, with the paths of these steps.
pub(super) fn referred<'a>(
    definition: &Definition,
    expressions: impl Iterator<Item = &'a Expression>,
) -> BTreeMap<StepId, StepPath> {
    let references = expressions.flat_map(Expression::references);
    let ids: BTreeSet<StepId> = references
        .filter_map(Reference::step)
        .filter_map(|id| id.parse().ok())
        .collect();
    ids.into_iter()
        .filter_map(|id| {
            let path = definition.path_of(&id)?;
            Some((id, path))
        })
        .collect()
}

pub(super) fn from(definition: &Definition, lane: &LanePath, first: Place) -> Window {
    let mut window = Window::default();
    let mut coming = VecDeque::from([first]);
    while let Some(place) = coming.pop_front() {
        if window.places.contains(&place) {
            continue;
        }
        let wanted = match &place {
            Place::Step(path) => match definition.step(path) {
                Some(step) => referred(definition, step.expressions()),
                None => continue,
            },
            Place::End => {
                let until = round_of(definition, lane).and_then(|repeat| repeat.until.as_ref());
                let output = output_of(definition, lane);
                let output = output.into_iter().flat_map(Template::expressions);
                referred(definition, until.into_iter().chain(output))
            }
        };
        let mut all = window.referred.clone();
        all.extend(wanted);
        if !window.places.is_empty() && (window.places.len() >= STEPS || all.len() > RESULTS) {
            break;
        }
        window.referred = all;
        if let Place::Step(path) = &place
            && let Some(step) = definition.step(path)
        {
            coming.extend(successors(definition, lane, path, step));
        }
        window.places.insert(place);
    }
    window
}

/// The places that a lane can come to from before a step without help from outside.
fn successors(definition: &Definition, lane: &LanePath, path: &StepPath, step: &Step) -> Vec<Place> {
    let first_in = |list: u32| {
        let inside = path.inside(list, 0);
        definition.step(&inside).map(|_| Place::Step(inside))
    };
    let behaviour = step.kind.behaviour();
    let mut places: Vec<Place> = match behaviour.lanes() {
        Some(_) => Vec::new(),
        None => (0..).zip(step.lists()).filter_map(|(list, _)| first_in(list)).collect(),
    };
    let goes_past = step.condition.is_some() || step.continue_on_error || behaviour.can_pass_at_once();
    if goes_past {
        places.push(after(definition, lane, path).to);
    }
    places
}
