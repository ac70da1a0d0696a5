//! What a replay of a run keeps, and which effects it would have a second time. Pure, so that it can be shown before anything
//! is started.
//!
//! # The rule
//! A replay is a run of its own: its steps get effect keys of their own, so nothing that it does is taken for what the run
//! did which it repeats. It begins with the first step, or with another step of the main lane that is in no other step. The
//! steps before that one are *kept*: the replay takes over their results and calls nothing for them. All others are done
//! again, whatever became of them; a step that opens lanes is kept or repeated with all its lanes.
//!
//! With another version of the workflow a step is kept if that version has it too: under the same id, or at the same place if
//! it has none, and built from the same kinds of steps.

mod effects;
mod keeping;

pub use effects::{Again, Deed, Happened, PastEffect};

use crate::{
    definition::Definition,
    ids::{LanePath, RunId, StepPath, VariableName},
    planner::{Failure, StepResult},
    run::KeptStep,
    step_name::{StepName, UnknownName},
};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The most that a replay may take over, in bytes of JSON. It travels in the input of an execution, beside an event of half
/// that size.
const KEPT_BYTES: usize = 96 * 1024;

/// A run that is to be repeated, as its journal tells of it.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    /// The version that it was pinned to.
    pub definition: &'a Definition,
    /// Its steps: those of the main lane, and as many of other lanes as are known.
    pub steps: &'a [PastStep],
    /// The value of `run` in its expressions.
    pub run: &'a Value,
    /// Its event, as expressions saw it; null if it had none.
    pub event: &'a Value,
    /// Its inputs, as it was given them.
    pub inputs: &'a Map<String, Value>,
}

/// A step of a run, as its journal tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct PastStep {
    /// The lane that it stands in.
    pub lane: LanePath,
    pub path: StepPath,
    /// The result; none if it has not ended.
    pub result: Option<StepResult>,
    /// The time when it ended.
    pub ended_at: Option<Timestamp>,
    /// Its attempts, each with the name of its error, if one is known.
    pub attempts: Vec<Option<String>>,
    /// The run that it started.
    pub run: Option<RunId>,
    /// True if the run had taken its result over from another one.
    pub kept: bool,
}

/// A step with which a replay can begin, as people name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start<'a> {
    /// The first one.
    Beginning,
    /// That of a name.
    Step(&'a StepName),
}

/// A replay as it would be.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// The step with which it begins; none if that is the first one.
    pub from: Option<StepPath>,
    /// The results that it takes over, by their paths in the version that it is pinned to.
    pub kept: BTreeMap<StepPath, KeptStep>,
    /// The variables as the kept steps have set them.
    pub variables: BTreeMap<VariableName, Value>,
    /// The effects of the run outside of itself, in the order of its steps.
    pub effects: Vec<PastEffect>,
}

/// The reason a run cannot be repeated so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// There is no such step.
    #[error(transparent)]
    NoStep(#[from] UnknownName),
    /// The step belongs to `on_failure`.
    #[error("{step} belongs to `on_failure`, which runs only after a failure; begin with one of `steps`")]
    OnFailure { step: String },
    /// The step stands in another one.
    #[error("{step} stands inside {outer}, which is done as a whole; begin with that one: --from {from}")]
    Inside {
        step: String,
        /// The step around it.
        outer: String,
        /// The name of that step.
        from: StepName,
    },
    /// A step before it has no result to keep.
    #[error(
        "{step} comes before the one to begin with, and has no result that could be kept: {why}; begin with it or earlier: --from {from}"
    )]
    NotKept {
        step: String,
        why: &'static str,
        /// Its name.
        from: StepName,
    },
    /// There is more to keep than an execution takes.
    #[error(
        "the results of the steps before have {bytes} bytes, and a replay can keep {KEPT_BYTES}; begin with an earlier step"
    )]
    TooLarge {
        /// The size.
        bytes: usize,
    },
    /// A variable cannot be set again as it was.
    #[error("the variables of {step} cannot be found again: {problem}; begin with an earlier step")]
    Variables {
        step: String,
        /// The problem.
        problem: String,
    },
    /// The inputs do not fit the version.
    #[error("{0}")]
    Inputs(String),
}

/// The replay of a run that begins with a step of a version.
///
/// # Errors
/// There is no such step, it cannot be begun with, or the run's inputs do not fit the version.
pub fn replay(past: &Past<'_>, version: &Definition, from: Start<'_>) -> Result<Replay, ReplayError> {
    let inputs = crate::planner::resolve_inputs(version, past.inputs);
    inputs.map_err(|Failure { message, .. }| ReplayError::Inputs(message))?;
    let first = match from {
        Start::Beginning => 0,
        Start::Step(name) => keeping::first_step(version, name)?,
    };
    let places = keeping::places(past, version, first)?;
    let (kept, variables) = keeping::keep(past, &places)?;
    let bytes = serde_json::to_string(&(&kept, &variables)).map_or(usize::MAX, |text| text.len());
    if bytes > KEPT_BYTES {
        return Err(ReplayError::TooLarge { bytes });
    }
    Ok(Replay {
        from: (first > 0).then(|| StepPath::top(crate::ids::Section::Steps, first)),
        kept,
        variables,
        effects: effects::of(past, version, &places),
    })
}

#[cfg(test)]
mod tests;
