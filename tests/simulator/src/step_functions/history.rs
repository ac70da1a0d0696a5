//! The history of an execution: its events, which are counted.

use super::execution::ExecutionArn;
use jiff::Timestamp;
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the Amazon States Language")]
pub enum StateType {
    Task,
    Choice,
    Wait,
    Map,
    Pass,
    Succeed,
    Fail,
}

/// An event in the history of an execution.
///
/// All of these are counted, as AWS does. The sequences are those of real executions that LocalStack's tests recorded:
/// - the start and the end of the execution;
/// - each state entered, and each state left. A state that fails without a catcher, and a Fail, are never left;
/// - a Lambda invocation: `TaskScheduled`, `TaskStarted`, and `TaskSucceeded`, `TaskFailed` or `TaskTimedOut`, again for each
///   retry;
/// - a child execution: the same, with `TaskSubmitted` once it started;
/// - a Map: `MapStateStarted`, one event for the start and one for the end of each iteration, and
///   `MapStateSucceeded` or `MapStateFailed`. The events of the states inside are counted for the same execution. Where one
///   iteration fails, each other that runs has two events: its state's abort, and its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the API's HistoryEvent")]
pub enum EventKind {
    ExecutionStarted,
    ExecutionSucceeded,
    ExecutionFailed,
    ExecutionTimedOut,
    ExecutionAborted,
    StateEntered(StateType),
    StateExited(StateType),
    StateAborted(StateType),
    TaskScheduled,
    TaskStarted,
    TaskSubmitted,
    TaskSubmitFailed,
    TaskSucceeded,
    TaskFailed,
    TaskTimedOut,
    MapStateStarted,
    MapStateSucceeded,
    MapStateFailed,
    MapIterationStarted,
    MapIterationSucceeded,
    MapIterationFailed,
    MapIterationAborted,
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StateEntered(kind) => write!(f, "{kind:?}StateEntered"),
            Self::StateExited(kind) => write!(f, "{kind:?}StateExited"),
            Self::StateAborted(kind) => write!(f, "{kind:?}StateAborted"),
            kind => write!(f, "{kind:?}"),
        }
    }
}

/// One event as it happens. The simulation keeps no histories; an observer that wants one collects these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEvent {
    pub execution: ExecutionArn,
    /// Its number in the execution's history, from 1.
    pub id: u32,
    /// The time when it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// The state it is about; empty for events of the execution itself.
    pub state: String,
    /// The iteration of a Map it is about.
    pub iteration: Option<usize>,
}
