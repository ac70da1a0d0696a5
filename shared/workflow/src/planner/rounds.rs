//! The rounds of a `repeat`: lanes that come one after the other, with a wait between them.
//!
//! A round is a batch of one lane. Between two rounds the batch is one that is yet to begin, and rests until it is time. What a round
//! gives is not gathered: the cursor has the output of the last one.

use super::{
    Command, Failure, Fork, LaneEnd, Outcome, Pending, Rounds, StepChange,
    going::{Outputs, Planner},
    later,
};
use crate::{
    definition::Step,
    error_name::ErrorName,
    ids::StepPath,
    steps::{EndedBy, OnLaneFailure, RepeatStep, RoundEnd},
};
use serde_json::Value;

impl Planner<'_> {
    /// Begins the first of at most so many rounds of a step.
    pub(crate) fn open_rounds(&mut self, path: &StepPath, step: &Step, count: u32) -> Command {
        let now = self.situation.now;
        let mut fork = Fork {
            rounds: Some(Rounds {
                began_at: now,
                output: Value::Null,
            }),
            ..Fork::new(path, count, now, self.deadline_of(step))
        };
        self.round_begins(&mut fork);
        self.start_unended(fork)
    }

    /// Notes that a round begins, if the lanes are rounds.
    pub(super) fn round_begins(&mut self, fork: &mut Fork) {
        let Some(rounds) = &mut fork.rounds else { return };
        rounds.began_at = self.situation.now;
        let lanes = Some(fork.to);
        self.record(&fork.step, StepChange::Entered { lanes, run: None });
    }

    /// Goes on when a round has ended: with the next one, after a rest if it is too early for that, or with what follows the step.
    pub(super) fn round_ended(&mut self, mut fork: Fork, ends: Vec<(u32, LaneEnd)>) -> Command {
        let path = fork.step.clone();
        let step = self.situation.definition.step(&path).and_then(Step::rounds);
        let (Some(step), Some(mut rounds)) = (step, fork.rounds.take()) else {
            return self.lost(&path);
        };
        let mut until = false;
        let mut failed = None;
        for (index, end) in ends {
            fork.tally.count(index, &end);
            match end {
                LaneEnd::Success { output } => {
                    let round = RoundEnd::of_output(&output);
                    until = round.until;
                    if !round.output.is_null() {
                        rounds.output = round.output;
                    }
                }
                LaneEnd::Failure { failure } | LaneEnd::Cancelled { failure } => failed = Some(failure),
                LaneEnd::Skipped { .. } => {}
            }
        }
        let failed = failed.filter(|_| step.on_lane_failure != OnLaneFailure::Ignore);
        let next_at = later(rounds.began_at, step.every.duration()).max(self.situation.now);
        let ended_by = if failed.is_some() {
            EndedBy::Failure
        } else if until && !sabotage::breaks(sabotage::Break::DeafToUntil) {
            EndedBy::Until
        } else if fork.to >= fork.count {
            EndedBy::AtMost
        } else if next_at >= fork.deadline {
            EndedBy::Timeout
        } else {
            fork.rounds = Some(rounds);
            return self.next_round(fork, next_at);
        };
        let outputs = Outputs::from(RepeatStep::outputs(
            fork.to,
            fork.tally.failed,
            ended_by,
            &rounds.output,
        ));
        let failure = match (ended_by, failed) {
            (EndedBy::Failure, Some(failure)) => self.round_failure(&fork, &failure),
            (EndedBy::Timeout, _) => Failure::new(
                ErrorName::StepTimedOut,
                format!(
                    "the step's time is over at {}, before the next of its {} rounds, number {}, could begin at {next_at}; give it, or \
                     the workflow, a longer `timeout`, or let there be fewer rounds or a shorter `every`",
                    fork.deadline,
                    fork.count,
                    fork.to.saturating_add(1),
                ),
            ),
            _ => {
                self.step_done(&path, Outcome::Success, outputs, None);
                return self.go_on();
            }
        };
        let next = self.step_failed(&path, None, outputs, failure);
        self.then(next)
    }

    /// Goes on with the next round, now or at a later time.
    fn next_round(&mut self, mut fork: Fork, at: jiff::Timestamp) -> Command {
        fork.from = fork.to;
        fork.to = fork.from.saturating_add(1);
        fork.attempt = 0;
        if at > self.situation.now {
            self.record(&fork.step, StepChange::Waiting { until: at });
            fork.resting_until = Some(at);
        }
        if self.is_full() {
            return self.hand_off(Some(Pending::Fork(Box::new(fork))));
        }
        if fork.resting_until.is_some() {
            self.cursor.pending = Some(Pending::Fork(Box::new(fork)));
            return Command::wait(at);
        }
        fork.attempt = 1;
        self.round_begins(&mut fork);
        self.start_unended(fork)
    }

    fn round_failure(&self, fork: &Fork, failure: &Failure) -> Failure {
        let lane = self.cursor.lane.child(fork.step.clone(), fork.from);
        let lane = self.situation.definition.lane_name(&lane);
        let message = format!(
            "its round `{lane}` of at most {} failed: {}: {}",
            fork.count, failure.name, failure.message
        );
        Failure::new(ErrorName::LaneFailed, message)
    }
}
