//! Every change of the table, in order.

use crate::reference::Place;
use jiff::Timestamp;
use workflow::{
    ids::{RunId, WorkflowId, WorkflowVersion},
    planner::{CancelMark, LaneEnd, LaneKey, Lock, StepRecord},
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
        /// The lane.
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
        /// How.
        record: StepRecord,
    },
    /// A lane ended.
    LaneEnded {
        /// The lane.
        lane: LaneKey,
        /// How.
        end: LaneEnd,
    },
    /// A run began.
    RunBegan(RunId),
    /// A run ended.
    RunEnded {
        /// The run.
        run: RunId,
        /// `succeeded`, `failed`, `cancelled` or `skipped`.
        status: &'static str,
        /// Whether by the end of its execution and not by a Plan.
        from_outside: bool,
    },
    /// Something of a run was cancelled.
    Cancelled {
        /// The run.
        run: RunId,
        /// What of it.
        mark: CancelMark,
    },
    /// A lock was written.
    Locked {
        /// The workflow.
        workflow: WorkflowId,
        /// The concurrency key.
        key: String,
        /// The lock.
        lock: Lock,
    },
    /// A version of a workflow became active.
    Applied {
        /// The workflow.
        workflow: WorkflowId,
        /// The version.
        version: WorkflowVersion,
    },
    /// A workflow can not be run any more.
    Disabled(WorkflowId),
}
