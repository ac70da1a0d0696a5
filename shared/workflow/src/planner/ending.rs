//! The failure of steps and the end of lanes.

use super::{
    CancelMark, Command, FailedStep, Failure, LaneEnd, Outcome,
    going::{LastAttempt, Outputs, Planner, json_size, template_failure},
    lane::Cancelled,
    window,
};
use crate::{
    definition::Step,
    error_name::ErrorName,
    ids::{Section, StepPath},
    run::RunInput,
    steps::{OnLaneFailure, RepeatStep, RoundEnd},
};
use serde_json::{Value, json};

/// The most that a lane may give to the step that opened it, in bytes of JSON.
const LANE_OUTPUT_BYTES: usize = 8 * 1024;

/// The most that the marks of a run may have together, in bytes. Lanes that end at the same moment do not see each other's.
pub const MARKS_BYTES: usize = 256 * 1024;

/// What an execution is told when its run or lane did not succeed. An execution that another one started always succeeds:
/// what became of its lane is in the table.
pub(super) fn command_of_failure(input: &RunInput, failure: &Failure) -> Command {
    match input.part {
        Some(_) => done(input, "failure"),
        None => Command::Fail {
            error: failure.name.clone(),
            cause: failure.message.clone(),
        },
    }
}

pub(super) fn done(input: &RunInput, outcome: &str) -> Command {
    Command::Succeed {
        output: json!({ "run": input.run.id, "outcome": outcome }),
    }
}

impl Planner<'_> {
    /// Notes that a step failed. Gives the command that ends the lane, or none if the lane goes on: behind the step or a
    /// block around it, because it may fail, or with `on_failure`.
    pub(crate) fn step_failed(
        &mut self,
        path: &StepPath,
        attempt: Option<LastAttempt>,
        outputs: Outputs,
        failure: Failure,
    ) -> Option<Command> {
        let failure = failure.shortened();
        let name = self.situation.definition.name_of(&self.cursor.lane, path);
        let attempts = match &attempt {
            Some(LastAttempt { number, .. }) if *number > 1 => format!(" failed after {number} attempts"),
            _ => " failed".to_owned(),
        };
        let attempt = attempt.and_then(LastAttempt::ended);
        self.finished(path, Outcome::Failure, outputs, Some(&failure), attempt);
        let failure = Failure {
            message: format!("{name}{attempts}: {}", failure.message),
            ..failure
        };
        let mut failed = path.clone();
        loop {
            let step = self.situation.definition.step(&failed);
            if step.is_some_and(|step| step.continue_on_error) {
                self.go_past(&failed);
                return None;
            }
            let Some(block) = window::around(&self.cursor.lane, &failed) else {
                return self.lane_failed(Some(name), failure);
            };
            self.finished(&block, Outcome::Failure, Outputs::none(), Some(&failure), None);
            failed = block;
        }
    }

    /// Lets the lane fail: with `on_failure`, if it is the main lane and has not come to that yet.
    pub(super) fn lane_failed(&mut self, step: Option<String>, failure: Failure) -> Option<Command> {
        self.give_approval_up();
        self.stop_watching();
        if sabotage::breaks(sabotage::Break::NoOnFailure) {
            return Some(self.end_failed(failure));
        }
        let definition = self.situation.definition;
        if !self.cursor.lane.is_main() || definition.on_failure.is_empty() || self.cursor.failed.is_some() {
            return Some(self.end_failed(failure));
        }
        self.context.set_failure(json!({
            "step": step,
            "name": failure.name,
            "message": failure.message,
        }));
        self.cursor.failed = Some(FailedStep { step, failure });
        self.cursor.deadline = self.cursor.run_deadline;
        self.cursor.next = Some(StepPath::top(Section::OnFailure, 0));
        None
    }

    /// Lets the run fail for a reason that no step has.
    pub(super) fn run_failed(&mut self, failure: Failure) -> Command {
        let next = self.lane_failed(None, failure);
        self.then(next)
    }

    pub(super) fn out_of_time(&mut self) -> Option<Command> {
        let failure = self.time_over();
        self.lane_failed(None, failure)
    }

    pub(crate) fn time_over(&self) -> Failure {
        let deadline = self.cursor.deadline;
        match self.cursor.lane.is_main() {
            true => Failure::new(
                ErrorName::RunDeadlineExceeded,
                format!(
                    "the run's time was over at {deadline}, before its last step; give the workflow a longer `timeout`"
                ),
            ),
            false => Failure::new(
                ErrorName::StepTimedOut,
                format!(
                    "the lane's time was over at {deadline}, before its last step; give the step that opened it, or the \
                     workflow, a longer `timeout`"
                ),
            ),
        }
    }

    /// The lane has come to its end.
    pub(super) fn lane_done(&mut self) -> Command {
        if let Some(failed) = self.cursor.failed.clone().filter(|_| self.cursor.lane.is_main()) {
            return self.end_with(LaneEnd::Failure {
                failure: failed.failure,
            });
        }
        let output = match window::round_of(self.situation.definition, &self.cursor.lane) {
            None => self.lane_output(),
            Some(repeat) => self.round_output(repeat),
        };
        match output {
            Ok(output) => self.end_with(LaneEnd::Success { output }),
            Err(failure) => self.end_failed(failure),
        }
    }

    fn lane_output(&self) -> Result<Value, Failure> {
        let Some(output) = window::output_of(self.situation.definition, &self.cursor.lane) else {
            return Ok(Value::Null);
        };
        if let Some(failure) = self.lost_part(output.expressions().into_iter()) {
            return Err(failure);
        }
        match output.evaluate(&self.context) {
            Ok(output) if json_size(&output) > LANE_OUTPUT_BYTES => {
                let message =
                    format!("the output of the lane has more than {LANE_OUTPUT_BYTES} bytes; let it give less");
                Err(Failure::new(ErrorName::StepOutputTooLarge, message))
            }
            Ok(output) => Ok(output),
            Err(error) => {
                let failure = template_failure(&error);
                let message = format!("the output of the lane: {}", failure.message);
                Err(Failure { message, ..failure })
            }
        }
    }

    fn round_output(&self, repeat: &RepeatStep) -> Result<Value, Failure> {
        if let Some(failure) = self.lost_part(repeat.until.iter()) {
            return Err(failure);
        }
        let until = repeat.until.as_ref().map(|until| until.holds(&self.context));
        let until = until.transpose().map_err(|error| {
            let failure = template_failure(&error);
            let message = format!("the `until` of the round: {}", failure.message);
            Failure { message, ..failure }
        })?;
        let round = RoundEnd {
            until: until.unwrap_or_default(),
            output: self.lane_output()?,
        };
        Ok(round.into_output())
    }

    /// Ends the lane at a `stop`.
    pub(crate) fn stop(&mut self, path: &StepPath, reason: &Value) -> Command {
        self.finished(
            path,
            Outcome::Success,
            Outputs::from(json!({ "reason": reason })),
            None,
            None,
        );
        let mut inner = path.clone();
        while let Some(block) = window::around(&self.cursor.lane, &inner) {
            self.finished(&block, Outcome::Success, Outputs::none(), None, None);
            inner = block;
        }
        self.cursor.next = None;
        match self.cursor.failed.clone().filter(|_| self.cursor.lane.is_main()) {
            Some(failed) => self.end_with(LaneEnd::Failure {
                failure: failed.failure,
            }),
            None => self.end_with(LaneEnd::Success { output: Value::Null }),
        }
    }

    pub(super) fn end_failed(&mut self, failure: Failure) -> Command {
        let failure = match self.cursor.failed.clone().filter(|_| self.cursor.lane.is_main()) {
            Some(first) => first.failure.with_advice(&format!(
                "besides, `on_failure` did not get to its end: {}",
                failure.message
            )),
            None => failure,
        };
        if let Some((opener, fork, _)) = self.cursor.lane.opener()
            && self.policy_of(fork) == OnLaneFailure::Cancel
        {
            // The marks of a run are one item. Beyond that the lanes beside it go on to their ends.
            let marked: usize = self
                .situation
                .known
                .cancelled
                .iter()
                .map(|mark| mark.as_str().len())
                .sum();
            let mark = CancelMark::lanes_of(&opener, fork);
            if marked + mark.as_str().len() <= MARKS_BYTES {
                self.changes.cancels.insert(mark);
            }
        }
        self.end_with(LaneEnd::Failure { failure })
    }

    pub(super) fn policy_of(&self, fork: &StepPath) -> OnLaneFailure {
        let lanes = self.situation.definition.step(fork).and_then(Step::lanes);
        lanes.map(|lanes| lanes.on_failure).unwrap_or_default()
    }

    pub(super) fn end_cancelled(&mut self) -> Command {
        let failure = self.cancellation();
        self.end_with(LaneEnd::Cancelled { failure })
    }

    fn cancellation(&self) -> Failure {
        match self.cancelled {
            Cancelled::WithTheLanesBesideIt => {
                Failure::new(ErrorName::LaneCancelled, "cancelled, because a lane beside it failed")
            }
            Cancelled::WithItsRun | Cancelled::No => Failure::new(ErrorName::RunCancelled, "the run was cancelled"),
        }
    }

    /// Ends the lane at a step that is cut short, because the lane is cancelled.
    pub(crate) fn cancel_step(&mut self, path: &StepPath, attempt: Option<LastAttempt>) -> Command {
        let failure = self.cancellation();
        let attempt = attempt.and_then(LastAttempt::ended);
        self.finished(path, Outcome::Failure, Outputs::none(), Some(&failure), attempt);
        self.end_with(LaneEnd::Cancelled { failure })
    }

    pub(super) fn end_with(&mut self, end: LaneEnd) -> Command {
        self.cursor.pending = None;
        self.give_approval_up();
        self.stop_watching();
        let input = self.situation.input;
        let command = match end.failure() {
            Some(failure) => command_of_failure(input, failure),
            None => done(input, end.outcome()),
        };
        self.changes.end = Some(end);
        command
    }
}
