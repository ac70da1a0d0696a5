//! Every change of the table, in order.

use crate::reference::Place;
use jiff::Timestamp;
use workflow::{
    approval::Decision,
    ids::{RunId, StepPath, WorkflowId, WorkflowVersion},
    planner::{CancelMark, LaneEnd, LaneKey, Lock, StepRecord},
    watch::{EventPlace, Watch},
};

/// A change of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Logged {
    /// When it was done, by the clock of the world.
    pub at: Timestamp,
    /// What was done.
    pub change: Change,
}

/// What was done to the table.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A Plan was written.
    Planned {
        lane: LaneKey,
        /// The Plan's number in the lane.
        number: u64,
        /// The execution that made it.
        owner: String,
        /// What was handed to the state machine.
        handover: String,
    },
    /// A step changed, with the Plan before.
    Step {
        /// The step.
        place: Place,
        /// The way.
        record: StepRecord,
    },
    LaneEnded {
        lane: LaneKey,
        /// The way.
        end: LaneEnd,
    },
    RunBegan(RunId),
    RunEnded {
        run: RunId,
        /// `succeeded`, `failed`, `cancelled` or `skipped`.
        status: &'static str,
        /// True if by the end of its execution and not by a Plan.
        from_outside: bool,
    },
    /// Something of a run was cancelled.
    Cancelled {
        run: RunId,
        /// What of it.
        mark: CancelMark,
    },
    /// An approval was decided.
    Decided {
        lane: LaneKey,
        step: StepPath,
        decision: Decision,
    },
    /// An event of an incident was kept, where it was not before.
    Heard {
        watch: Watch,
        place: EventPlace,
        event_type: String,
    },
    /// A lock was written.
    Locked {
        workflow: WorkflowId,
        /// The concurrency key.
        key: String,
        lock: Lock,
    },
    /// A version of a workflow became active.
    Applied {
        workflow: WorkflowId,
        version: WorkflowVersion,
    },
    /// A workflow can not be run any more.
    Disabled(WorkflowId),
}
