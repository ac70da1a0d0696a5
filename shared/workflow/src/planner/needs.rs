//! The reads of a Plan before it decides. All of them follow from the definition and the cursor, so they are made in one call.

use super::{
    Cursor, Failure, LaneKey, Pending, Situation, Standing, guard, inputs, only_while, watching,
    window::{self, Place, Window},
};
use crate::{
    definition::{Definition, Step},
    error_name::ErrorName,
    ids::{ApprovalId, LanePath, StepId, StepPath, WorkflowId},
    run::RunInput,
    template::Context,
    watch,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The reads for a Plan, besides the marks of cancelled lanes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Results of steps, with the lanes that they are in.
    pub results: BTreeSet<(LanePath, StepPath)>,
    /// Lanes of which must be known whether they have ended.
    pub lanes: BTreeSet<LaneKey>,
    /// Workflows of which must be known whether runs of them may begin.
    pub workflows: BTreeSet<WorkflowId>,
    /// True if the lock of the run's concurrency key is needed.
    pub lock: bool,
    /// True if must be known what became of the incident that the event is about.
    pub trail: bool,
    /// The approval of which must be known whether there is a decision.
    pub approval: Option<ApprovalId>,
    /// The events of the incident that the lane watches.
    pub events: Option<watch::Wanted>,
}

/// The reads for a Plan.
#[must_use]
pub fn needs(definition: &Definition, input: &RunInput, standing: Standing<'_>) -> Needs {
    let here = input.lane();
    let mut needs = Needs {
        trail: guard::watches(input, standing),
        // Whether the run is still wanted.
        workflows: guard::watches(input, standing)
            .then(|| input.run.workflow.clone())
            .into_iter()
            .collect(),
        ..Needs::default()
    };
    let mut referred;
    let places;
    match standing {
        Standing::GoesOn(cursor) | Standing::TakesOver(cursor) => {
            if let (Standing::GoesOn(_), Some(Pending::Handoff { .. })) = (standing, &cursor.pending) {
                needs.lanes.insert(LaneKey {
                    run: input.run.id.clone(),
                    lane: here,
                });
                return needs;
            }
            let asking = cursor.asking.as_ref();
            needs.events = watching::events_wanted(definition, cursor);
            needs.approval = asking.map(|asking| ApprovalId::of(&input.run.id, &here, &asking.step));
            let pending = awaited(cursor);
            if let Some(Pending::Fork(fork)) = pending {
                needs.lanes = lanes_of(input, &here, fork).map(|(_, key)| key).collect();
            }
            needs.lock = match pending {
                Some(Pending::Lock { .. }) => true,
                Some(Pending::Action(attempts)) => only_while::precedes_turn(definition, &attempts.step),
                _ => false,
            };
            let window = outlook(definition, cursor);
            referred = window.referred;
            places = window.places;
        }
        Standing::BeginsRun | Standing::BeginsLane(_) => {
            let first = match standing {
                Standing::BeginsRun => only_while::first_of_run(definition, input),
                _ => window::first_of(definition, &here),
            };
            let looks_first = first
                .as_ref()
                .is_some_and(|first| only_while::precedes_turn(definition, first));
            let window = window::from(definition, &here, first.map_or(Place::End, Place::Step));
            referred = window.referred;
            places = window.places;
            match standing {
                Standing::BeginsLane(opener) => referred.extend(of_items(definition, &here, opener)),
                _ => needs.lock = definition.concurrency.is_some() && !looks_first,
            }
        }
    }
    needs.results = referred
        .into_values()
        .map(|path| (definition.lane_of(&path, &here), path))
        .collect();
    for place in places {
        if let Place::Step(path) = place
            && let Some(call) = definition.step(&path).and_then(Step::workflow)
        {
            needs.workflows.insert(call.workflow.clone());
        }
    }
    // Before its first Plan a lane has no results of its own.
    if let Standing::BeginsRun | Standing::BeginsLane(_) = standing {
        needs.results.retain(|(lane, _)| *lane != input.lane());
    }
    needs
}

/// The subject that the lane waits for, seen through a handoff.
fn awaited(cursor: &Cursor) -> Option<&Pending> {
    match &cursor.pending {
        Some(Pending::Handoff { resume, .. }) => resume.as_deref(),
        pending => pending.as_ref(),
    }
}

/// The steps that a lane may come to in its next Plan.
pub(super) fn outlook(definition: &Definition, cursor: &Cursor) -> Window {
    let behind = |step: &StepPath| window::after(definition, &cursor.lane, step).to;
    let place = match awaited(cursor) {
        Some(Pending::Wait { step, .. } | Pending::Approval { step, .. }) => behind(step),
        Some(Pending::Action(attempts)) => behind(&attempts.step),
        Some(Pending::Watch { step, .. }) => {
            let mut window = window::from(definition, &cursor.lane, behind(step));
            // Its condition is evaluated for each event.
            if let Some(step) = definition.step(step) {
                window.referred.extend(window::referred(definition, step.expressions()));
            }
            return window;
        }
        Some(Pending::Fork(fork)) => {
            let mut window = window::from(definition, &cursor.lane, behind(&fork.step));
            // The inputs of the run that it starts are rendered anew when that has to be started anew.
            if fork.run.is_some()
                && let Some(step) = definition.step(&fork.step)
            {
                window.referred.extend(window::referred(definition, step.expressions()));
            }
            return window;
        }
        // A retry renders its own input again.
        Some(Pending::Backoff { attempts, .. }) => Place::Step(attempts.step.clone()),
        None | Some(Pending::Lock { .. } | Pending::Handoff { .. }) => match &cursor.next {
            Some(path) => Place::Step(path.clone()),
            None => Place::End,
        },
    };
    window::from(definition, &cursor.lane, place)
}

/// The steps that the list of the `for_each` refers to which has opened a lane.
pub(super) fn of_items(definition: &Definition, lane: &LanePath, opener: &Cursor) -> BTreeMap<StepId, StepPath> {
    let fork = match (&opener.pending, lane.opener()) {
        (Some(Pending::Fork(_)), Some((_, fork, _))) => definition.step(fork),
        _ => None,
    };
    match fork.and_then(Step::items) {
        Some(items) => window::referred(definition, items.expressions().into_iter()),
        None => BTreeMap::new(),
    }
}

/// The lanes of the batch that runs, with their numbers.
pub(super) fn lanes_of<'a>(
    input: &'a RunInput,
    here: &'a LanePath,
    fork: &'a super::Fork,
) -> impl Iterator<Item = (u32, LaneKey)> + 'a {
    (fork.from..fork.to).map(move |index| {
        let key = match &fork.run {
            Some(run) => LaneKey {
                run: run.id.clone(),
                lane: LanePath::main(),
            },
            None => LaneKey {
                run: input.run.id.clone(),
                lane: here.child(fork.step.clone(), index),
            },
        };
        (index, key)
    })
}

/// The concurrency key of a run, if its workflow has one and it gives something to tell runs apart by; see
/// [`Template::evaluate_key`](crate::template::Template::evaluate_key). The inputs of the run are in the cursor of its lane, once it has
/// one: an execution that goes on with the lane of another is not given them again.
///
/// # Errors
/// The key cannot be evaluated.
pub fn concurrency_key(
    definition: &Definition,
    input: &RunInput,
    cursor: Option<&Cursor>,
    started_at: Timestamp,
    event: &Value,
) -> Result<Option<String>, Failure> {
    let Some(concurrency) = &definition.concurrency else {
        return Ok(None);
    };
    let inputs = match cursor {
        Some(cursor) => cursor.inputs.clone(),
        None => inputs::resolve(definition, &input.inputs)?,
    };
    let run = json!({
        "id": input.run.id,
        "workflow": input.run.workflow,
        "version": input.run.version,
        "started_at": started_at,
    });
    // Each Plan finds the key again, and must find the same: it has the time when the run began.
    let context = Context::new(event.clone(), run, Value::Object(inputs), started_at).with_declared(&definition.inputs);
    if sabotage::breaks(sabotage::Break::NullIsKey) {
        return Ok(concurrency.key.evaluate(&context).ok().map(|key| key.to_string()));
    }
    concurrency
        .key
        .evaluate_key(&context)
        .map_err(|error| Failure::new(ErrorName::TemplateError, format!("the key of `concurrency`: {error}")))
}

impl Situation<'_> {
    /// The concurrency key of the run.
    pub(super) fn concurrency_key(&self, cursor: &Cursor) -> Result<Option<String>, Failure> {
        concurrency_key(self.definition, self.input, Some(cursor), cursor.started_at, self.event)
    }
}
