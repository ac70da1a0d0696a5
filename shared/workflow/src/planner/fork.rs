//! Steps that open lanes, and the step that runs another workflow.
//!
//! Lanes are opened in batches of at most 40, or of what `max_concurrency` says: a batch begins when the one before has
//! ended as a whole. What the lanes give is gathered in the cursor as long as it is small; each lane's own end stays in
//! the table.

use super::{
    Availability, ChildExecution, Command, Failure, Fork, LaneEnd, Outcome, Pending, StepChange, Tally,
    going::{Outputs, Planner, json_size, template_failure},
    handoff::{self, STARTS, rest},
    lane::Cancelled,
    later,
    needs::lanes_of,
    start::NESTING,
};
use crate::{
    definition::{OnLaneFailure, Step, StepKind, limits},
    error_name::ErrorName,
    ids::{InputName, LanePath, RunId, StepPath, WorkflowId},
    run::{CalledBy, Part, RunIdentity, RunInput, RunTrigger},
    template::Template,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// How much of what the lanes give is gathered, in bytes of JSON. It travels through the state of the execution.
const GATHERED_BYTES: usize = 16 * 1024;

/// How much the executions of a batch may take in the command that starts them, in bytes of JSON.
const BATCH_BYTES: usize = 40 * 1024;

/// The most that the inputs of a run may take that a step starts, in bytes of JSON.
const INPUTS_BYTES: usize = 32 * 1024;

impl Planner<'_> {
    /// Opens the lanes of a `parallel` or a `for_each`.
    pub(super) fn open_lanes(&mut self, path: &StepPath, step: &Step) -> Option<Command> {
        let count = match &step.kind {
            StepKind::Parallel { lanes, .. } => lanes.len(),
            StepKind::ForEach { items, .. } => match items.evaluate(&self.context) {
                Ok(Value::Array(items)) if items.len() <= limits::ITEMS => items.len(),
                // What PagerDuty or an earlier step leaves out has no items.
                Ok(Value::Null) => 0,
                Ok(Value::Array(items)) => {
                    let message = format!(
                        "the list has {} items; at most {} are allowed",
                        items.len(),
                        limits::ITEMS
                    );
                    return self.step_failed(
                        path,
                        None,
                        Outputs::none(),
                        Failure::new(ErrorName::InputInvalid, message),
                    );
                }
                Ok(other) => {
                    let message = format!("`for_each` needs a list, but got {}", crate::action::type_of(&other));
                    return self.step_failed(
                        path,
                        None,
                        Outputs::none(),
                        Failure::new(ErrorName::InputInvalid, message),
                    );
                }
                Err(error) => return self.step_failed(path, None, Outputs::none(), template_failure(&error)),
            },
            _ => 0,
        };
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        if count == 0 {
            self.step_done(path, Outcome::Success, outputs(&Tally::default(), 0), None);
            return None;
        }
        self.record(
            path,
            StepChange::Entered {
                lanes: Some(count),
                run: None,
            },
        );
        let fork = Fork {
            step: path.clone(),
            count,
            from: 0,
            to: count.min(self.batch_size(path, step)),
            attempt: 1,
            resting_until: None,
            deadline: self.fork_deadline(step),
            run: None,
            tally: Tally::default(),
        };
        Some(self.start_unended(fork))
    }

    /// How many lanes of a step run at the same time: fewer than the author allows where each takes much room in the state.
    fn batch_size(&self, path: &StepPath, step: &Step) -> u32 {
        let most = match &step.kind {
            StepKind::ForEach {
                max_concurrency: Some(most),
                ..
            } => *most,
            _ => limits::CONCURRENT_LANES,
        };
        let part = Part {
            lane: self.cursor.lane.child(path.clone(), 0),
            generation: 0,
            attempt: STARTS,
        };
        let size = json_size(&handoff::execution(self.situation.input, part));
        let room = u32::try_from(BATCH_BYTES / size.max(1)).unwrap_or(u32::MAX);
        most.min(room).max(1)
    }

    fn fork_deadline(&self, step: &Step) -> Timestamp {
        match step.timeout {
            Some(timeout) => later(self.situation.now, timeout.duration()).min(self.cursor.deadline),
            None => self.cursor.deadline,
        }
    }

    /// Starts an execution for each lane of the batch that has not ended.
    fn start_unended(&mut self, fork: Fork) -> Command {
        let input = self.situation.input;
        let lanes = lanes_of(input, &self.cursor.lane, &fork);
        let unended = lanes.filter(|(_, key)| !self.situation.known.lanes.contains_key(key));
        let part = |lane: LanePath| Part {
            lane,
            generation: 0,
            attempt: fork.attempt,
        };
        let executions = unended
            .map(|(_, key)| handoff::execution(input, part(key.lane)))
            .collect();
        self.cursor.pending = Some(Pending::Fork(Box::new(fork)));
        Command::Fork { executions }
    }

    /// Goes on with a fork when the executions of its batch have ended.
    pub(super) fn join(&mut self, mut fork: Fork) -> Command {
        let path = fork.step.clone();
        if self.cancelled != Cancelled::No {
            return self.cancel_step(&path, None);
        }
        let lanes: Vec<_> = lanes_of(self.situation.input, &self.cursor.lane, &fork).collect();
        let ends: Vec<_> = lanes
            .iter()
            .map(|(index, key)| (*index, key.clone(), self.situation.known.lanes.get(key).cloned()))
            .collect();
        #[cfg(feature = "sabotage")]
        let ends = match sabotage::breaks(sabotage::Break::UnendedIsSuccess) && fork.attempt > 0 {
            true => ends
                .into_iter()
                .map(|(index, key, end)| (index, key, end.or(Some(done()))))
                .collect(),
            false => ends,
        };
        let is_unended = ends.iter().any(|(_, _, end)| end.is_none());
        // A batch that has not been started, or whose lanes are to be started again after a rest.
        if fork.attempt == 0 || (fork.resting_until.take().is_some() && is_unended) {
            fork.attempt = fork.attempt.max(1);
            return self.start(fork);
        }
        if is_unended && fork.attempt < STARTS {
            let until = later(self.situation.now, rest(fork.attempt)).min(fork.deadline);
            fork.attempt = fork.attempt.saturating_add(1);
            fork.resting_until = Some(until);
            self.cursor.pending = Some(Pending::Fork(Box::new(fork)));
            return Command::wait(until);
        }
        let mut told = Vec::new();
        for (index, key, end) in ends {
            let end = match end {
                Some(end) => end,
                None => {
                    let end = LaneEnd::Failure {
                        failure: handoff::lost(fork.attempt),
                    };
                    match fork.run {
                        Some(_) => self.changes.cancels_runs.insert(key.run),
                        None => self.changes.lost.insert(key.lane, end.clone()).is_none(),
                    };
                    end
                }
            };
            told.push((index, end));
        }
        match fork.run.clone() {
            Some(run) => {
                let failure = told.first().and_then(|(_, end)| end.failure());
                self.run_ended(&path, &run, failure)
            }
            None => self.batch_ended(fork, told),
        }
    }

    fn start(&mut self, fork: Fork) -> Command {
        let Some(run) = fork.run.clone() else {
            return self.start_unended(fork);
        };
        let step = self.situation.definition.step(&fork.step);
        let Some(StepKind::RunWorkflow { with, .. }) = step.map(|step| &step.kind) else {
            return self.lost(&fork.step);
        };
        match self.render_inputs(with) {
            Ok(inputs) => self.start_execution_of(fork, run, inputs),
            Err(failure) => {
                let next = self.step_failed(&fork.step, None, Outputs::none(), failure);
                self.then(next)
            }
        }
    }

    fn batch_ended(&mut self, mut fork: Fork, ends: Vec<(u32, LaneEnd)>) -> Command {
        let path = fork.step.clone();
        for (index, end) in ends {
            fork.tally.add(index, &end);
        }
        let Some(step) = self.situation.definition.step(&path) else {
            return self.lost(&path);
        };
        let policy = self.policy_of(&path);
        let goes_on = fork.to < fork.count && !(policy == OnLaneFailure::Cancel && fork.tally.failed > 0);
        let has_time = self.situation.now < fork.deadline;
        if goes_on && has_time {
            fork.from = fork.to;
            fork.to = fork.count.min(fork.from.saturating_add(self.batch_size(&path, step)));
            fork.attempt = 0;
            if self.is_full() {
                return self.hand_off(Some(Pending::Fork(Box::new(fork))));
            }
            fork.attempt = 1;
            return self.start_unended(fork);
        }
        let outputs = outputs(&fork.tally, fork.count);
        let lanes = &fork.tally;
        let failure = if goes_on {
            let message = format!(
                "the step's time was over at {}, when {} of {} lanes had not begun; give it, or the workflow, a longer \
                 `timeout`, or let more lanes run at the same time",
                fork.deadline,
                fork.count - fork.to,
                fork.count
            );
            Some(Failure::new(ErrorName::StepTimedOut, message))
        } else if lanes.failed + lanes.cancelled == 0 || policy == OnLaneFailure::Ignore {
            None
        } else {
            Some(self.lanes_failure(&path, lanes, fork.count))
        };
        let next = match failure {
            None => {
                self.step_done(&path, Outcome::Success, outputs, None);
                None
            }
            Some(failure) => self.step_failed(&path, None, outputs, failure),
        };
        self.then(next)
    }

    /// Starts a run of another workflow.
    pub(super) fn start_run(
        &mut self,
        path: &StepPath,
        step: &Step,
        workflow: &WorkflowId,
        with: &BTreeMap<InputName, Template>,
    ) -> Option<Command> {
        let inputs = match self.render_inputs(with) {
            Ok(inputs) => inputs,
            Err(failure) => return self.step_failed(path, None, Outputs::none(), failure),
        };
        let Some(&Availability::Enabled(version)) = self.situation.known.workflows.get(workflow) else {
            let message = format!("there is no workflow {workflow} that is enabled; apply or enable it");
            return self.step_failed(
                path,
                None,
                Outputs::none(),
                Failure::new(ErrorName::WorkflowNotFound, message),
            );
        };
        let caller = self.situation.input;
        if caller.called_by.as_ref().is_some_and(|by| by.nesting >= NESTING) {
            let message = format!(
                "{NESTING} runs have called each other already; look which `run_workflow` of {workflow} leads back to it"
            );
            return self.step_failed(
                path,
                None,
                Outputs::none(),
                Failure::new(ErrorName::RunLoopStopped, message),
            );
        }
        let run = RunIdentity {
            id: RunId::for_step(&self.effect_key(path)),
            workflow: workflow.clone(),
            version,
            depth: self.depth(),
        };
        self.record(
            path,
            StepChange::Entered {
                lanes: None,
                run: Some(run.id.clone()),
            },
        );
        let fork = Fork {
            step: path.clone(),
            count: 1,
            from: 0,
            to: 1,
            attempt: 1,
            resting_until: None,
            deadline: self.fork_deadline(step),
            run: Some(run.clone()),
            tally: Tally::default(),
        };
        Some(self.start_execution_of(fork, run, inputs))
    }

    fn render_inputs(&self, with: &BTreeMap<InputName, Template>) -> Result<Map<String, Value>, Failure> {
        let mut inputs = Map::new();
        for (name, template) in with {
            let value = template
                .evaluate(&self.context)
                .map_err(|error| template_failure(&error))?;
            inputs.insert(name.to_string(), value);
        }
        match json_size(&inputs) > INPUTS_BYTES {
            true => Err(Failure::new(
                ErrorName::InputInvalid,
                format!("the rendered inputs have more than {INPUTS_BYTES} bytes; hand on less"),
            )),
            false => Ok(inputs),
        }
    }

    fn start_execution_of(&mut self, fork: Fork, run: RunIdentity, inputs: Map<String, Value>) -> Command {
        let caller = self.situation.input;
        let part = Part {
            lane: LanePath::main(),
            generation: 0,
            attempt: fork.attempt,
        };
        let called_by = CalledBy {
            run: caller.run.id.clone(),
            lane: self.cursor.lane.clone(),
            step: fork.step.clone(),
            nesting: caller.called_by.as_ref().map_or(0, |by| by.nesting).saturating_add(1),
            deadline: fork.deadline,
        };
        let execution = ChildExecution {
            name: part.execution_name(&run.id),
            input: RunInput {
                run,
                trigger: caller.trigger.as_ref().map(RunTrigger::with_stored_body),
                inputs,
                called_by: Some(called_by),
                part: Some(part),
                replay_of: None,
            },
        };
        self.cursor.pending = Some(Pending::Fork(Box::new(fork)));
        Command::Fork {
            executions: vec![execution],
        }
    }

    fn lanes_failure(&self, fork: &StepPath, tally: &Tally, count: u32) -> Failure {
        let first = match &tally.first_failure {
            Some((index, failure)) => {
                let lane = self.cursor.lane.child(fork.clone(), *index);
                let lane = self.situation.definition.lane_name(&lane);
                format!("; the first, `{lane}`: {}: {}", failure.name, failure.message)
            }
            None => String::new(),
        };
        let cancelled = match tally.cancelled {
            0 => String::new(),
            cancelled => format!(", {cancelled} were cancelled"),
        };
        let message = format!("{} of {count} lanes failed{cancelled}{first}", tally.failed);
        Failure::new(ErrorName::LaneFailed, message)
    }

    fn run_ended(&mut self, path: &StepPath, run: &RunIdentity, failure: Option<&Failure>) -> Command {
        let outputs = Outputs::from(json!({ "run_id": run.id }));
        let next = match failure {
            None => {
                self.step_done(path, Outcome::Success, outputs, None);
                None
            }
            Some(failure) => {
                let message = format!(
                    "the run {} of the workflow {} failed with {}: {}",
                    run.id, run.workflow, failure.name, failure.message
                );
                self.step_failed(path, None, outputs, Failure::new(ErrorName::RunFailed, message))
            }
        };
        self.then(next)
    }
}

#[cfg(feature = "sabotage")]
fn done() -> LaneEnd {
    LaneEnd::Success { output: Value::Null }
}

fn outputs(tally: &Tally, count: u32) -> Outputs {
    let ended = tally.succeeded + tally.failed + tally.cancelled;
    let mut values = json!({
        "count": count,
        "succeeded": tally.succeeded,
        "failed": tally.failed,
        "cancelled": tally.cancelled + count.saturating_sub(ended),
    });
    let mut cut = BTreeSet::new();
    if tally.lanes_cut {
        cut.insert("lanes".to_owned());
    } else if let Some(fields) = values.as_object_mut() {
        fields.insert("lanes".to_owned(), Value::Array(tally.lanes.clone()));
    }
    Outputs { values, cut }
}

impl Tally {
    fn add(&mut self, index: u32, end: &LaneEnd) {
        match end {
            LaneEnd::Success { .. } | LaneEnd::Skipped { .. } => self.succeeded += 1,
            LaneEnd::Failure { .. } => self.failed += 1,
            LaneEnd::Cancelled { .. } => self.cancelled += 1,
        }
        if let (LaneEnd::Failure { failure }, None) = (end, &self.first_failure) {
            // It travels with the cursor, and a person reads no more of it.
            let message = failure.message.chars().take(500).collect();
            self.first_failure = Some((
                index,
                Failure {
                    message,
                    ..failure.clone()
                },
            ));
        }
        if !self.lanes_cut {
            self.lanes.push(end.told());
            if json_size(&self.lanes) > GATHERED_BYTES {
                self.lanes.clear();
                self.lanes_cut = true;
            }
        }
    }
}
