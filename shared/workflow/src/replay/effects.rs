//! The effects of a run outside of itself, and those of them that a replay would have again.

use super::{
    Past, PastStep,
    keeping::{Places, counterpart},
};
use crate::{
    action::{ActionSpec, Replayed},
    definition::{Definition, Step},
    error_name::{ErrorName, FailureClass},
    ids::{LanePath, RunId, Section, StepPath, WorkflowId},
    planner::{Failure, Outcome},
};
use std::sync::Arc;

/// Something that a step of a run did, or may have done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastEffect {
    /// The lane of the step.
    pub lane: LanePath,
    /// The step, in the version of the run.
    pub path: StepPath,
    /// The step's name for people.
    pub step: String,
    /// The effect.
    pub deed: Deed,
    /// The certainty of the effect.
    pub happened: Happened,
    /// The treatment by a replay.
    pub again: Again,
}

/// An effect of a step outside of its run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// It calls an action.
    Action(Arc<ActionSpec>),
    /// It runs another workflow.
    Run {
        /// The workflow.
        workflow: WorkflowId,
        run: RunId,
    },
}

/// The certainty of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// It did.
    Yes,
    /// It is not known: an answer went missing.
    Perhaps,
}

/// The treatment of an effect by a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// Nothing: the step is kept.
    Kept,
    /// Nothing: the version of the replay does not have the step.
    Gone,
    /// It does it again, which changes nothing.
    Harmless,
    /// It does it a second time.
    Twice,
    /// It does it a second time, and that can page or notify people twice.
    PagesTwice,
    /// It does it again if it fails too, because the step belongs to `on_failure`.
    IfItFails,
}

impl Again {
    /// True if a person should think before.
    #[must_use]
    pub fn is_serious(self) -> bool {
        matches!(self, Self::Twice | Self::PagesTwice | Self::IfItFails)
    }
}

pub(super) fn of(past: &Past<'_>, version: &Definition, places: &Places) -> Vec<PastEffect> {
    let effects = past.steps.iter().filter_map(|step| {
        let (deed, happened) = done(past.definition, step)?;
        let again = again(past.definition, version, places, step, &deed);
        Some(PastEffect {
            lane: step.lane.clone(),
            path: step.path.clone(),
            step: past.definition.name_in_any_lane(&step.path),
            deed,
            happened,
            again,
        })
    });
    effects.collect()
}

/// The effect that a step had or may have had; none if it certainly had none, or only read, or had it in another run.
fn done(definition: &Definition, step: &PastStep) -> Option<(Deed, Happened)> {
    if step.kept {
        return None;
    }
    let written = definition.step(&step.path)?;
    if let Some(call) = written.action().filter(|call| !call.uses.only_reads()) {
        let happened = action_happened(step)?;
        return Some((Deed::Action(Arc::clone(&call.uses)), happened));
    }
    let deed = Deed::Run {
        workflow: written.workflow()?.workflow.clone(),
        run: step.run.clone()?,
    };
    Some((deed, Happened::Yes))
}

fn action_happened(step: &PastStep) -> Option<Happened> {
    let result = step.result.as_ref();
    if result.is_some_and(|result| result.outcome == Outcome::Success) {
        return Some(Happened::Yes);
    }
    let is_unknown = |error: &Option<String>| error.as_deref().is_none_or(leaves_open);
    step.attempts.iter().any(is_unknown).then_some(Happened::Perhaps)
}

/// True if after an error of this name an action may have been done.
fn leaves_open(name: &str) -> bool {
    // With these a step is cut short, whatever its attempt came to.
    let cut_short = [ErrorName::RunCancelled, ErrorName::LaneCancelled];
    let unknown = Failure::from_text(name, "").class() == FailureClass::UnknownOutcome;
    unknown || cut_short.iter().any(|cut| cut.as_str() == name)
}

/// True if the action of a step has an input.
fn has_input(definition: &Definition, path: &StepPath, input: &str) -> bool {
    let call = definition.step(path).and_then(Step::action);
    call.is_some_and(|call| call.with.contains_key(input))
}

fn again(definition: &Definition, version: &Definition, places: &Places, step: &PastStep, deed: &Deed) -> Again {
    // The step of the main lane in which it happened.
    let lanes: Vec<_> = step.lane.outwards().collect();
    let outermost = lanes.iter().rev().nth(1).and_then(LanePath::opener);
    let top = outermost.map_or(&step.path, |(_, fork, _)| fork);
    if top.section() == Section::OnFailure {
        return Again::IfItFails;
    }
    let number = top.indices().first().copied().unwrap_or_default();
    if places.contains_key(&number) {
        return Again::Kept;
    }
    if counterpart(definition, number, version).is_none() {
        return Again::Gone;
    }
    let Deed::Action(action) = deed else {
        return Again::Twice;
    };
    match action.replayed() {
        Replayed::Harmless => Again::Harmless,
        Replayed::TwiceWith { input } if !has_input(definition, &step.path, &input) => Again::Harmless,
        Replayed::Twice | Replayed::TwiceWith { .. } => Again::Twice,
        Replayed::PagesTwice => Again::PagesTwice,
    }
}
