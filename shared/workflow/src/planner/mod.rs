//! What a lane does next: a pure function of the definition, the cursor, the answer to the last command and what has been
//! read of the journal.
//!
//! # How a lane moves
//! [`plan`] takes in the answer to the last command, then runs on through all steps that need no one else (conditions,
//! variables, choices) until it comes to one that does, and returns the [`Command`] for it together with what is to be
//! written into the journal. What it returns depends on what it is given alone: time is passed in, and where chance would
//! be wanted (jitter) a hash of the effect key stands in for it. So a Plan that is repeated gives the same command.
//!
//! # Lanes
//! A run is a tree of lanes. A step that opens lanes gives the command to start an execution for each, waits until all of
//! these have ended, and reads from the table how. What happens to such an execution does not matter: a lane whose
//! execution was lost is given to another one, which takes it over where the journal says that it stands.
//!
//! The rounds of a `repeat` are lanes, too: one at a time, with a wait between.
//!
//! An execution whose history has become long hands its lane on in the same way, and waits for the one that goes on.
//!
//! # Repeats
//! A step that calls an action has attempts. All of them carry the same effect key. What follows a failed attempt is
//! decided in `retry` from the failure's class and from what a repeat of the action would do.
//!
//! An attempt can start what goes on after its call. Then the lane looks at it until it has ended: see `job`.

mod approval;
mod attempts;
mod command;
mod cursor;
mod ending;
mod failure;
mod fork;
mod fresh;
mod going;
mod guard;
mod handoff;
mod inputs;
mod job;
mod lane;
mod lock;
mod needs;
mod only_while;
mod replay;
mod retry;
mod rounds;
mod start;
mod turn;
mod waiting;
mod wanted;
mod watching;
mod window;

pub use approval::{ApprovalChange, Asking, Closed};
pub use attempts::INPUT_BYTES;
pub use command::{ChildExecution, Command, Wake};
pub use cursor::{Attempts, Cursor, FailedStep, Fork, Item, Pending, Rounds, Tally};
pub use ending::MARKS_BYTES;
pub use failure::{Answer, Failure};
pub use fresh::FreshIds;
pub use guard::{Counted, LOOP_DEPTH, Marker, OwnChange, Trail, incident_of, own_key_of, period_of};
pub use inputs::resolve as resolve_inputs;
pub use job::Job;
pub use lane::{CancelMark, LaneEnd, LaneKey};
pub use lock::LONGEST_QUEUE;
pub use lock::{Lock, LockView};
pub use needs::{Needs, concurrency_key, needs};
pub use retry::MOST_ATTEMPTS;
pub use waiting::{Slice, WaitChange, WaitKey, has_been_ended};
pub use wanted::{Availability, OLDEST_EVENT};
pub use watching::{Watching, events_wanted};

use crate::{
    action::{Adjustment, Catalog, Requests},
    approval::Decision,
    definition::Definition,
    ids::{ApprovalId, EffectKey, LanePath, RunId, StepId, StepPath, VariableName, WorkflowId},
    run::RunInput,
    watch::{IncidentEvent, WatchChange},
};
pub(crate) use going::{Outputs, Planner, VARIABLES_BYTES, json_size, template_failure};
use jiff::{SignedDuration, Timestamp};
pub(crate) use lane::Cancelled;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// All that the planner decides from.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The actions that leave marks about incidents. Those that the definition uses it has itself.
    pub catalog: &'a Catalog,
    /// The version of the workflow that the run is pinned to.
    pub definition: &'a Definition,
    /// The input of the execution.
    pub input: &'a RunInput,
    /// The time when the execution was started.
    pub started_at: Timestamp,
    /// The event, as expressions see it; null if there is none.
    pub event: &'a Value,
    /// The claim of the execution to its lane.
    pub standing: Standing<'a>,
    /// The answer to the last command, if that was an action.
    pub answer: Option<&'a Answer>,
    /// The requests that the last command has made, as far as they are known.
    pub requests: &'a Requests,
    /// The answers to [`needs`], as far as there are any.
    pub known: &'a Known,
    /// The reason the run cannot do its steps, if something outside of the definition is in the way.
    pub trouble: Option<&'a Failure>,
    /// The time.
    pub now: Timestamp,
    /// The time by the clock of the planner's caller. A Plan that is made again and again, because it cannot be written, has the same
    /// `now` each time. It serves for nothing but what must not be taken for earlier than it is.
    pub own_clock: Timestamp,
}

/// The claim of an execution to its lane.
#[derive(Debug, Clone, Copy)]
pub enum Standing<'a> {
    /// It begins the main lane of a run.
    BeginsRun,
    /// It begins a lane that this other one has opened.
    BeginsLane(&'a Cursor),
    /// It goes on with what its last Plan gave it.
    GoesOn(&'a Cursor),
    /// It takes the lane over from another execution, which left it here.
    TakesOver(&'a Cursor),
}

/// The state that a Plan was read with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    /// Results of steps, with the lanes that they are in.
    pub results: BTreeMap<(LanePath, StepPath), StepResult>,
    /// The ends of lanes; those that have not ended are not here.
    pub lanes: BTreeMap<LaneKey, LaneEnd>,
    /// The availability of workflows; those that never were are not here.
    pub workflows: BTreeMap<WorkflowId, Availability>,
    /// The lock of the run's concurrency key.
    pub lock: LockView,
    /// The cancelled part of the run.
    pub cancelled: BTreeSet<CancelMark>,
    /// The trail of the incident that the event is about.
    pub trail: Trail,
    /// The decision about the approval that the lane has asked for, if there is one.
    pub decisions: BTreeMap<ApprovalId, Decision>,
    /// The events that the lane waits for, in their order.
    pub events: Vec<IncidentEvent>,
}

/// The decision of the planner.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The state of the lane now.
    pub cursor: Cursor,
    /// The next command.
    pub command: Command,
    /// The changes to write into the journal; none if the lane is another execution's.
    pub changes: Option<Changes>,
}

/// The changes to write beside the cursor.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// Of steps of the lane: one change for each.
    pub steps: BTreeMap<StepPath, StepRecord>,
    /// The variables that each `set` of this Plan has set. A journal does not keep them; a rehearsal shows them.
    pub set: BTreeMap<StepPath, BTreeMap<VariableName, Value>>,
    /// The end of the lane, if it has ended.
    pub end: Option<LaneEnd>,
    /// Lanes that this one has opened and that are given up, with their end.
    pub lost: BTreeMap<LanePath, LaneEnd>,
    /// The lanes of this run to cancel.
    pub cancels: BTreeSet<CancelMark>,
    /// Other runs that are to be cancelled.
    pub cancels_runs: BTreeSet<RunId>,
    pub lock: Option<Lock>,
    /// The change of the lane's wait.
    pub wait: Option<WaitChange>,
    /// The changes of the approvals that the lane asks for.
    pub approvals: Vec<ApprovalChange>,
    /// The changes of the incident that the lane watches.
    pub watches: Vec<WatchChange>,
    /// A marker for the incident that the command changes.
    pub marker: Option<Marker>,
    /// The run, if it is to be counted for its incident.
    pub counted: Option<Counted>,
}

/// The outcome of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It did what it was to do.
    Success,
    /// It could not.
    Failure,
    /// Its condition did not hold, or the run did not come to it.
    Skipped,
}

/// The result of a step, as expressions see it under `steps.<id>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepResult {
    /// Its outcome.
    pub outcome: Outcome,
    /// The outputs.
    pub outputs: Value,
    /// The reason it failed, if it did: `name` and `message`.
    pub error: Option<StepError>,
    /// The names of the outputs that were too large to be kept.
    #[serde(skip)]
    pub cut: BTreeSet<String>,
}

/// The reason a step failed, as expressions see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepError {
    /// The stable name.
    pub name: String,
    /// The error and its remedy.
    pub message: String,
}

/// A change of a step, to be written into the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRecord {
    /// The step's id, if it has one.
    pub id: Option<StepId>,
    /// The title, in a word or two.
    pub title: String,
    /// The time when this happened.
    pub at: Timestamp,
    /// The change.
    pub change: StepChange,
    /// The call of its action that has ended with it.
    pub call: Option<EndedCall>,
}

/// A call of an action that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedCall {
    /// The attempt that it belongs to, counted from 1.
    pub attempt: u32,
    /// The number of looks of the attempt, this one included; 0 for a call that does something.
    pub looks: u32,
    /// The requests that it made.
    pub requests: Requests,
}

/// A change of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum StepChange {
    /// The steps in it have begun, or its lanes, or the run that it starts.
    Entered {
        /// The number of lanes that it opens, if it does.
        lanes: Option<u32>,
        /// The run that it starts.
        run: Option<RunId>,
    },
    Waiting {
        /// Until when.
        until: Timestamp,
    },
    /// It has looked at what it waits for, and goes on waiting.
    Looked {
        /// The attempt with which the look has ended, counted from 1.
        number: u32,
        /// The end of the wait.
        until: Timestamp,
    },
    /// An attempt of its action is about to be made. The first one begins the list of them anew.
    AttemptStarted {
        /// The number of the attempt, counted from 1.
        number: u32,
        /// The input as it is sent.
        input: Value,
        /// The changes to the rendered input that make the system take it.
        adjusted: Vec<Adjustment>,
        effect_key: EffectKey,
    },
    /// The job that an attempt has started has not ended, or could not be looked at. Another look will follow.
    NotYet {
        /// The reason the look failed, if it did.
        failure: Option<Failure>,
        /// The time of the next look.
        next: Timestamp,
    },
    /// An attempt failed, and another will follow.
    AttemptFailed {
        /// The number of the attempt.
        number: u32,
        /// The reason.
        failure: Failure,
        /// The time when the next one is made.
        retry_at: Timestamp,
    },
    /// It ended.
    Finished {
        result: StepResult,
        /// The attempt that ended with it, if one did.
        attempt: Option<EndedAttempt>,
    },
    /// Another run did it, and this one, which is a replay of that, takes over its result.
    Kept { result: StepResult },
}

/// An attempt that ended together with its step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedAttempt {
    /// The number, counted from 1.
    pub number: u32,
    /// The reason it failed, if it did. The step may have failed for another reason, such as that it was cancelled.
    pub error: Option<StepError>,
}

/// Decides what comes next.
#[must_use]
pub fn plan(situation: &Situation<'_>) -> Plan {
    if let Standing::GoesOn(cursor) = situation.standing
        && let Some(Pending::Handoff { .. }) = &cursor.pending
    {
        return handoff::watch(situation, cursor);
    }
    let mut planner = Planner::new(situation);
    let command = planner.take_up();
    planner.finish(command)
}

/// Ends a run that cannot go on and whose definition or event cannot be read.
#[must_use]
pub fn fail(input: &RunInput, standing: Standing<'_>, started_at: Timestamp, failure: Failure) -> Plan {
    let cursor = match standing {
        Standing::GoesOn(cursor) | Standing::TakesOver(cursor) => cursor.clone(),
        Standing::BeginsRun => start::first_cursor(LanePath::main(), started_at, started_at, started_at),
        Standing::BeginsLane(opener) => {
            let lane = input.lane();
            start::first_cursor(lane, opener.started_at, opener.deadline, opener.run_deadline)
        }
    };
    let command = ending::command_of_failure(input, &failure);
    Plan {
        cursor: cursor.advanced(),
        command,
        changes: Some(Changes {
            end: Some(LaneEnd::Failure { failure }),
            ..Changes::default()
        }),
    }
}

/// A time so much later; the end of time if there is none.
pub(crate) fn later(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
