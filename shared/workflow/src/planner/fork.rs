//! The lanes that a step opens, and the run that a step waits for.
//!
//! Lanes are opened in batches of at most 40, or of what `max_concurrency` says: a batch begins when the one before has
//! ended as a whole. What the lanes give is gathered in the cursor as long as it is small; each lane's own end stays in
//! the table.

use super::{
    Command, Failure, Fork, LaneEnd, Outcome, Pending, StepChange, Tally,
    going::{Outputs, Planner, json_size},
    handoff::{self, STARTS, rest},
    lane::Cancelled,
    later,
    needs::lanes_of,
};
use crate::{
    definition::{Step, limits},
    error_name::ErrorName,
    ids::{LanePath, StepPath},
    run::Part,
    steps::OnLaneFailure,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How much of what the lanes give is gathered, in bytes of JSON. It travels through the state of the execution.
const GATHERED_BYTES: usize = 16 * 1024;

/// The most that the executions of a batch may take in the command that starts them, in bytes of JSON.
const BATCH_BYTES: usize = 40 * 1024;

impl Planner<'_> {
    /// Opens so many lanes of a step.
    pub(crate) fn open_lanes(&mut self, path: &StepPath, step: &Step, count: usize) -> Option<Command> {
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
            to: count.min(self.batch_size(path, step)),
            ..Fork::new(path, count, self.situation.now, self.deadline_of(step))
        };
        Some(self.start_unended(fork))
    }

    /// The number of lanes of a step that run at the same time: fewer than the author allows where each takes much room in the state.
    fn batch_size(&self, path: &StepPath, step: &Step) -> u32 {
        let most = step.lanes().and_then(|lanes| lanes.at_once);
        let most = most.unwrap_or(limits::CONCURRENT_LANES);
        let part = Part {
            lane: self.cursor.lane.child(path.clone(), 0),
            generation: 0,
            attempt: STARTS,
        };
        let size = json_size(&handoff::execution(self.situation.input, part));
        let room = u32::try_from(BATCH_BYTES / size.max(1)).unwrap_or(u32::MAX);
        most.min(room).max(1)
    }

    /// The time when a step that begins now must have ended.
    pub(crate) fn deadline_of(&self, step: &Step) -> Timestamp {
        match step.timeout {
            Some(timeout) => later(self.situation.now, timeout.duration()).min(self.cursor.deadline),
            None => self.cursor.deadline,
        }
    }

    /// Starts an execution for each lane of the batch that has not ended.
    pub(super) fn start_unended(&mut self, fork: Fork) -> Command {
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
        let ends = match sabotage::breaks(sabotage::Break::UnendedIsSuccess) && fork.attempt > 0 {
            true => ends
                .into_iter()
                .map(|(index, key, end)| (index, key, end.or(Some(done()))))
                .collect(),
            false => ends,
        };
        let is_unended = ends.iter().any(|(_, _, end)| end.is_none());
        let has_rested = fork.resting_until.take().is_some();
        if fork.attempt == 0 {
            fork.attempt = 1;
            self.round_begins(&mut fork);
            return self.start(fork);
        }
        if has_rested && is_unended {
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
            None if fork.rounds.is_some() => self.round_ended(fork, told),
            None => self.batch_ended(fork, told),
        }
    }

    fn start(&mut self, fork: Fork) -> Command {
        let Some(run) = fork.run.clone() else {
            return self.start_unended(fork);
        };
        let step = self.situation.definition.step(&fork.step);
        let Some(call) = step.and_then(Step::workflow) else {
            return self.lost(&fork.step);
        };
        let opened_at = fork.opened_at.unwrap_or(self.situation.now);
        match call.inputs(&self.context.at(opened_at)) {
            Ok(inputs) => self.start_run(fork, run, inputs),
            Err(failure) => {
                let next = self.step_failed(&fork.step, None, Outputs::none(), failure);
                self.then(next)
            }
        }
    }

    fn batch_ended(&mut self, mut fork: Fork, ends: Vec<(u32, LaneEnd)>) -> Command {
        let path = fork.step.clone();
        for (index, end) in ends {
            fork.tally.count(index, &end);
            fork.tally.gather(&end);
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
}

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
    pub(super) fn count(&mut self, index: u32, end: &LaneEnd) {
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
    }

    fn gather(&mut self, end: &LaneEnd) {
        if !self.lanes_cut {
            self.lanes.push(end.told());
            if json_size(&self.lanes) > GATHERED_BYTES {
                self.lanes.clear();
                self.lanes_cut = true;
            }
        }
    }
}
