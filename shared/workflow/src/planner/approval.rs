//! Approvals that a lane asks for.
//!
//! The Plan that comes to an approval writes the question into the table. Then the lane sends the messages about it, which are steps like
//! any other, comes back to the approval and waits. A decision is written into the same item, and ends the wait as any signal does. The
//! end of the time is written into that item, too, on condition that there is no decision. So there is one or the other, and a decision that
//! a person was thanked for is never passed over.

use super::{Cancelled, Command, Outcome, Outputs, Pending, Planner, StepChange, later};
use crate::{
    approval::{Decision, LINK, Question},
    definition::Length,
    ids::{ApprovalId, StepPath},
    steps::StepKind,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An approval that a lane has asked for and of which no decision is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asking {
    pub step: StepPath,
    /// The end of the time for a decision.
    pub until: Timestamp,
}

/// The change of an approval in a Plan.
#[derive(Debug, Clone, PartialEq)]
pub enum ApprovalChange {
    /// A question is asked.
    Asked {
        id: ApprovalId,
        step: StepPath,
        question: Box<Question>,
    },
    /// No decision is waited for any more. It is written only if there is none.
    Closed { id: ApprovalId, reason: Closed },
}

/// The reason for which no decision is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Closed {
    /// The time was over.
    TimedOut,
    /// The run or the lane was cancelled.
    Cancelled,
    /// The lane has ended otherwise: a message could not be sent, or its time was over.
    Failed,
}

/// The fields of an approval that the messages about it see.
pub(super) fn shown(until: Timestamp) -> Value {
    json!({ "link": LINK, "until": until })
}

impl<'a> Planner<'a> {
    /// A time so much later than this Plan, but not after the end of the lane.
    pub(crate) fn time_after(&self, length: Length) -> Timestamp {
        later(self.situation.now, length.duration()).min(self.cursor.deadline)
    }

    /// True if the lane has asked for this approval and comes back to it.
    pub(crate) fn is_asking(&self, path: &StepPath) -> bool {
        self.cursor.asking.as_ref().is_some_and(|asking| asking.step == *path)
    }

    /// Asks for an approval. The messages that follow see its link.
    pub(crate) fn ask(&mut self, path: &StepPath, question: Question) {
        let until = question.until;
        self.cursor.asking = Some(Asking {
            step: path.clone(),
            until,
        });
        self.context.set_approval(shown(until));
        self.record(path, StepChange::Waiting { until });
        self.changes.approvals.push(ApprovalChange::Asked {
            id: self.approval_id(path),
            step: path.clone(),
            question: Box::new(question),
        });
    }

    fn approval_id(&self, path: &StepPath) -> ApprovalId {
        ApprovalId::of(&self.situation.input.run.id, &self.cursor.lane, path)
    }

    /// The approval that the step at a path is a message about, if it is one, as the function that sends it gets it: its id, and the
    /// choices that can be made by buttons of the message.
    pub(super) fn approval_of_message(&self, path: &StepPath) -> Option<Value> {
        let (around, _) = path.parent()?;
        if !self.is_asking(&around) {
            return None;
        }
        let buttons = match self.situation.definition.step(&around).map(|step| &step.kind) {
            Some(StepKind::Approval(approval)) => approval.buttons(self),
            _ => &[],
        };
        Some(json!({ "id": self.approval_id(&around), "buttons": buttons }))
    }

    /// The decision about an approval, if one is known.
    fn decision(&self, path: &StepPath) -> Option<&'a Decision> {
        self.situation.known.decisions.get(&self.approval_id(path))
    }

    /// True if the decision is known that the lane waits for.
    pub(super) fn is_decided(&self) -> bool {
        match &self.cursor.pending {
            Some(Pending::Approval { step, .. }) => self.decision(step).is_some(),
            _ => false,
        }
    }

    /// Waits for the decision, if it is not known yet.
    pub(crate) fn await_decision(&mut self, path: &StepPath) -> Option<Command> {
        let until = self
            .cursor
            .asking
            .as_ref()
            .map_or(self.situation.now, |asking| asking.until);
        if self.decision(path).is_some() || until <= self.situation.now {
            return self.decision_or_end(path, until);
        }
        self.cursor.pending = Some(Pending::Approval {
            step: path.clone(),
            until,
        });
        Some(Command::wait(until))
    }

    /// Goes on with the decision, or when the time for it is over.
    pub(super) fn decision_or_end(&mut self, path: &StepPath, until: Timestamp) -> Option<Command> {
        if self.cancelled != Cancelled::No {
            return Some(self.cancel_step(path, None));
        }
        let ended = match self.decision(path) {
            Some(decision) => Ok(decision.outputs()),
            None if until >= self.cursor.deadline => Err(self.time_over()),
            None => match self.situation.definition.step(path).map(|step| &step.kind) {
                Some(StepKind::Approval(approval)) => approval.timed_out(self.situation.now),
                _ => return Some(self.lost(path)),
            },
        };
        self.close_approval(Closed::TimedOut);
        match ended {
            Ok(outputs) => {
                self.step_done(path, Outcome::Success, Outputs::from(outputs), None);
                None
            }
            Err(failure) => self.step_failed(path, None, Outputs::none(), failure),
        }
    }

    /// Gives an approval up that the lane has asked for, because its step or the lane has ended.
    pub(super) fn give_approval_up(&mut self) {
        self.close_approval(match self.cancelled {
            Cancelled::No => Closed::Failed,
            Cancelled::WithItsRun | Cancelled::WithTheLanesBesideIt => Closed::Cancelled,
        });
    }

    /// Notes that no decision is waited for any more, unless there is one.
    fn close_approval(&mut self, reason: Closed) {
        let Some(asking) = self.cursor.asking.take() else {
            return;
        };
        if self.decision(&asking.step).is_some() {
            return;
        }
        let closed = self.approval_id(&asking.step);
        let is_asked_now =
            |change: &ApprovalChange| matches!(change, ApprovalChange::Asked { id, .. } if *id == closed);
        match self.changes.approvals.iter().position(is_asked_now) {
            // It is not written, so no person has seen it.
            Some(at) => drop(self.changes.approvals.remove(at)),
            None => self
                .changes
                .approvals
                .push(ApprovalChange::Closed { id: closed, reason }),
        }
    }
}
