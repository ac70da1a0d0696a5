//! A second, simple reading of the workflow language: it goes through the steps by plain recursion, with no planner, no
//! cursor and no journal. What the engine did is compared with it.
//!
//! It does nothing by itself. What became of an action, and what else only the world can know, it asks a [`Witness`].
//!
//! # Layout
//! - `run`: runs and what surrounds their steps: inputs, `on_failure`, the workflows that they call.
//! - `lane`: steps.
//! - `values`: what expressions see.

mod lane;
mod run;
mod values;

#[cfg(test)]
mod tests;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use workflow::{
    action::ActionSpec,
    approval::Decision,
    definition::Definition,
    ids::{LanePath, RunId, StepPath, WorkflowId, WorkflowVersion},
    planner::{Failure, StepResult},
    run::RunInput,
};

/// A step of a run: which run, which lane, which step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub run: RunId,
    pub lane: LanePath,
    pub step: StepPath,
}

/// Who knows what only the world can know.
pub trait Witness {
    /// What became of an action.
    ///
    /// # Errors
    /// Why it failed.
    fn action(&self, place: &Place, action: &ActionSpec, input: &Value) -> Result<Value, Failure>;

    /// What a step that waits for something about an incident gave, or why it failed.
    fn waited(&self, place: &Place) -> Result<Value, Failure>;

    /// The decision about the approval of a step; none if the time for it was over.
    fn decision(&self, place: &Place) -> Option<Decision>;

    /// The time when a step ended for whose approval the time was over.
    fn timed_out_at(&self, place: &Place) -> Value;

    /// The names of the outputs that were too large to be kept of a step that opened lanes.
    fn cut(&self, place: &Place) -> BTreeSet<String>;

    /// What the step gave, of a step whose lanes were cancelled: how far each of them came is chance.
    fn cancelled(&self, place: &Place) -> Option<StepResult>;

    /// The version of a workflow that a run is pinned to which a step started; none if the workflow could not be run then.
    fn version(&self, run: &RunId) -> Option<WorkflowVersion>;
}

/// What a run is to come to.
#[derive(Debug, Default)]
pub struct Course {
    /// The results of steps.
    pub results: BTreeMap<Place, StepResult>,
    /// The rendered inputs of the actions that are attempted.
    pub inputs: BTreeMap<Place, Value>,
    /// The ends of runs: well, or with the name of an error.
    pub ends: BTreeMap<RunId, Result<(), String>>,
    /// The steps whose lanes were cancelled. What is in these lanes is chance.
    pub chance: BTreeSet<Place>,
    /// The runs that steps start, each with its step.
    pub callers: BTreeMap<RunId, Place>,
}

impl Course {
    /// True if a place is in a lane that was cancelled, or in a run that such a lane started.
    #[must_use]
    pub fn is_chance(&self, place: &Place) -> bool {
        let is_in = |fork: &Place| {
            let mut lanes = place.lane.outwards();
            fork.run == place.run
                && lanes.any(|lane| {
                    let opener = lane.opener();
                    opener.is_some_and(|(opener, step, _)| opener == fork.lane && *step == fork.step)
                })
        };
        self.chance.iter().any(is_in) || self.is_chance_run(&place.run)
    }

    /// True if a lane that was cancelled started a run.
    #[must_use]
    pub fn is_chance_run(&self, run: &RunId) -> bool {
        self.callers.get(run).is_some_and(|caller| self.is_chance(caller))
    }
}

/// The versions of workflows.
pub type Library = BTreeMap<(WorkflowId, WorkflowVersion), Definition>;

/// What a run is to come to, with the runs that it starts.
///
/// `started_at` is when its execution was started, and `event` what expressions see under that name.
#[must_use]
pub fn course(
    library: &Library,
    witness: &dyn Witness,
    input: &RunInput,
    started_at: impl Fn(&RunId) -> Option<jiff::Timestamp>,
    event: &Value,
) -> Course {
    let mut course = Course::default();
    let world = run::World {
        library,
        witness,
        started_at: &started_at,
        event,
    };
    world.run(&mut course, input);
    course
}

/// The concurrency key of a run, if it has one.
#[must_use]
pub fn concurrency_key(
    library: &Library,
    input: &RunInput,
    started_at: jiff::Timestamp,
    event: &Value,
) -> Option<String> {
    struct Nobody;
    impl Witness for Nobody {
        fn action(&self, _: &Place, _: &ActionSpec, _: &Value) -> Result<Value, Failure> {
            Ok(Value::Null)
        }
        fn waited(&self, _: &Place) -> Result<Value, Failure> {
            Ok(Value::Null)
        }
        fn decision(&self, _: &Place) -> Option<Decision> {
            None
        }
        fn timed_out_at(&self, _: &Place) -> Value {
            Value::Null
        }
        fn cut(&self, _: &Place) -> BTreeSet<String> {
            BTreeSet::new()
        }
        fn cancelled(&self, _: &Place) -> Option<StepResult> {
            None
        }
        fn version(&self, _: &RunId) -> Option<WorkflowVersion> {
            None
        }
    }
    let definition = library.get(&(input.run.workflow.clone(), input.run.version))?;
    let world = run::World {
        library,
        witness: &Nobody,
        started_at: &|_| Some(started_at),
        event,
    };
    run::Run {
        world: &world,
        input,
        definition,
    }
    .concurrency_key()
}
