//! The journal of a run: what each Plan decided, written before anything is done about it.
//!
//! # The protocol
//! A Plan reads what it needs (one call), decides, and writes its decision (one call): a transaction over the lane, the
//! steps that changed, and the run where it starts or ends. The lane holds the number of its last Plan, the execution
//! that owns it, and what that Plan handed to the state machine. The write is fenced by number and owner:
//!
//! ```text
//! Plan 7: lane {plans: 6, owner: E} --write if plans = 6 and owner = E--> {plans: 7, owner: E, handover: H7}
//! ```
//!
//! - The function ends after the write, before its answer arrives: Step Functions repeats Plan 7. The write is refused
//!   and shows the lane as it is, `plans: 7` of the same owner. So this Plan is already written, and the repeat gives H7, to
//!   the byte, whatever it had decided itself. An answer that came twice and differed is thereby ignored the second time.
//! - Another execution tries: the owner differs, nothing is written, and it gives up with `Run.Superseded`.
//! - Another execution takes the lane over, because the one before was lost or its history is long: it names that one as
//!   the owner that it expects, and is the owner from then on. Whatever the one before still does is refused.
//!
//! The first Plan makes the lane; its condition is that there is none. The last one writes how the lane ended, and an
//! ended lane takes no Plan any more; neither does an ended run.

mod open;
mod read;
mod trail;
mod write;

pub use write::Verdict;

pub(super) use open::{ORDER as OPEN_ORDER, PARTITION as OPEN_PARTITION};
pub(super) use read::{deadline, lock};
pub(super) use write::cancel;

use super::{Items, StoreError, Table};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use workflow::{
    ids::{RunId, WorkflowId},
    planner::{Changes, Cursor, Failure, Known, LaneEnd, LaneKey, Needs},
    run::RunInput,
};

/// A lane as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct LaneRecord {
    /// Its last Plan; none if the lane was given up before its first one.
    pub last: Option<LastPlan>,
    /// Its outcome, if it has ended.
    pub end: Option<LaneEnd>,
}

/// The last Plan of a lane.
#[derive(Debug, Clone, PartialEq)]
pub struct LastPlan {
    /// The execution that made it: its ARN.
    pub owner: String,
    /// The state of the lane since then.
    pub cursor: Cursor,
    /// The answer to the state machine, as JSON text.
    pub handover: String,
}

/// The question to the table for a Plan.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    pub run: &'a RunId,
    pub workflow: &'a WorkflowId,
    /// The needs of the Plan.
    pub needs: &'a Needs,
    /// The concurrency key of the run. Without one no lock is read.
    pub concurrency_key: Option<&'a str>,
    /// The id of the incident that the run's event is about. Without one no trail is read.
    pub incident: Option<&'a str>,
    /// Its key, if a run may have given it out.
    pub own_key: Option<&'a str>,
    /// The time.
    pub now: Timestamp,
}

/// A Plan to be written.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The input of the execution that makes the Plan.
    pub input: &'a RunInput,
    /// The summary of the event that started the run; none if a person started it.
    pub event: Option<&'a EventSummary>,
    /// The execution that makes the Plan: its ARN.
    pub execution: &'a str,
    /// The execution that it takes the lane over from, if it does so with this Plan.
    pub previous_owner: Option<&'a str>,
    /// The time when the execution was started.
    pub started_at: Timestamp,
    /// The time.
    pub now: Timestamp,
    /// The state of the lane after the Plan.
    pub cursor: &'a Cursor,
    /// The decisions.
    pub changes: &'a Changes,
    /// The concurrency key of the run; there is one where the changes have a lock.
    pub concurrency_key: Option<&'a str>,
    /// The answer to the state machine, as JSON text.
    pub handover: &'a str,
}

/// The summary of the event that started a run, for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventSummary {
    /// PagerDuty's id of the event.
    pub id: String,
    pub event_type: String,
    /// The id of the incident that it is about.
    pub incident_id: Option<String>,
    pub incident_title: Option<String>,
}

/// The outcome of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// The Plan was written.
    Now,
    /// This Plan had been written before; this is what it handed over.
    Before {
        /// The JSON text.
        handover: String,
    },
    /// Another execution holds the lane, a later Plan was made, or the lane or its run has ended.
    Superseded,
}

/// The end of a run whose execution ended otherwise than by a Plan.
#[derive(Debug, Clone, Copy)]
pub struct OutsideEnd<'a> {
    /// The input of the execution. If it has a part, that is the main lane of a run that a step called; the run ends
    /// only if the execution still owns that lane.
    pub input: &'a RunInput,
    /// Its ARN.
    pub execution: &'a str,
    /// The time when it was started.
    pub started_at: Timestamp,
    /// The time when it ended.
    pub ended_at: Timestamp,
    /// The reason, for people.
    pub failure: &'a Failure,
}

/// A run of which no end is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRun {
    /// Its id.
    pub run: RunId,
    /// The execution that made its first Plan: its ARN.
    pub execution: String,
    /// True if a step of another run called it.
    pub is_called: bool,
    /// The time when it was started.
    pub started_at: Timestamp,
}

/// The known part of a run's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunKnown {
    /// There is no record of the run: it has made no Plan, or it was deleted after its time to live.
    Nothing,
    /// No end of it is known.
    Open(OpenRun),
    /// It has ended.
    Ended,
}

/// The store of journals.
pub trait Journal: Sync {
    /// Reads lanes, as far as there are any. One call.
    ///
    /// # Errors
    /// DynamoDB did not answer, or a lane cannot be read by this release.
    fn lanes(
        &self,
        keys: &BTreeSet<LaneKey>,
    ) -> impl Future<Output = Result<BTreeMap<LaneKey, LaneRecord>, StoreError>> + Send;

    /// Reads what a Plan needs. One call; two more where the Plan needs the lock, because only the lock tells which runs
    /// are to be looked at; one more for each page of the events of an incident, where the lane waits for them.
    ///
    /// # Errors
    /// DynamoDB did not answer, or an item cannot be read by this release.
    fn known(&self, question: &Question<'_>) -> impl Future<Output = Result<Known, StoreError>> + Send;

    /// Writes a Plan. One call.
    ///
    /// # Errors
    /// DynamoDB did not answer, or another changed a lock or ended a lane that the Plan was about to give up; the
    /// Plan may be made again.
    fn write(&self, entry: &Entry<'_>) -> impl Future<Output = Result<Written, StoreError>> + Send;

    /// Writes the final record of a run whose execution ended from outside, and cancels what may still go on of it. Gives
    /// whether that was needed: a run that has ended, or that another execution goes on with, does not change. Two
    /// calls, which may be repeated.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    fn end_from_outside(&self, end: &OutsideEnd<'_>) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The end of a run, if it is known. One call.
    ///
    /// # Errors
    /// DynamoDB did not answer, or the item cannot be read by this release.
    fn run_known(&self, run: &RunId) -> impl Future<Output = Result<RunKnown, StoreError>> + Send;

    /// The runs of which no end is known and that were started before a time, from an index: what has just begun or ended may be
    /// seen a moment late.
    ///
    /// # Errors
    /// As [`Self::run_known`].
    fn open_runs(&self, before: Timestamp) -> impl Future<Output = Result<Vec<OpenRun>, StoreError>> + Send;
}

impl<I: Items> Journal for Table<I> {
    async fn lanes(&self, keys: &BTreeSet<LaneKey>) -> Result<BTreeMap<LaneKey, LaneRecord>, StoreError> {
        read::lanes(self, keys).await
    }

    async fn known(&self, question: &Question<'_>) -> Result<Known, StoreError> {
        read::known(self, question).await
    }

    async fn write(&self, entry: &Entry<'_>) -> Result<Written, StoreError> {
        write::plan(self, entry).await
    }

    async fn end_from_outside(&self, end: &OutsideEnd<'_>) -> Result<bool, StoreError> {
        write::end_from_outside(self, end).await
    }

    async fn run_known(&self, run: &RunId) -> Result<RunKnown, StoreError> {
        open::run(self, run).await
    }

    async fn open_runs(&self, before: Timestamp) -> Result<Vec<OpenRun>, StoreError> {
        open::runs(self, before).await
    }
}

#[cfg(test)]
mod tests;
