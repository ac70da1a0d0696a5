//! What the state machine is told to do.

use crate::{action::Action, run::RunInput};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// A command. The state machine routes on its `type`.
///
/// An execution may outlive a deployment and meet a newer definition of the state machine, so types and fields are only
/// ever added.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Call an action. The type is the action's name.
    Action {
        /// Which.
        action: Action,
        /// Its input, complete.
        input: Value,
        /// How long the call may take, in seconds.
        timeout_seconds: u32,
    },
    /// Come back at a time.
    Wait {
        /// When.
        until: Timestamp,
    },
    /// Start executions, and come back when all of them have ended. What they give is in the table.
    Fork {
        /// The executions, at most 40.
        executions: Vec<ChildExecution>,
    },
    /// Come back at once.
    Continue,
    /// The execution has done its part; of the execution that bears the run's name: the run has succeeded.
    Succeed {
        /// The output of the execution.
        output: Value,
    },
    /// The run has failed.
    Fail {
        /// The name of the error.
        error: String,
        /// What happened and what to do.
        cause: String,
    },
}

/// An execution that another one starts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChildExecution {
    /// Its name.
    pub name: String,
    /// Its input.
    pub input: RunInput,
}

/// Step Functions takes at most 32 KiB of cause; a person reads much less.
const CAUSE_CHARACTERS: usize = 4_000;

impl Command {
    /// The types of commands that are not actions.
    pub const CONTROL_TYPES: &'static [&'static str] = &["wait", "fork", "continue", "succeed", "fail"];

    /// The type that the state machine routes on.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Action { action, .. } => action.spec().name,
            Self::Wait { .. } => "wait",
            Self::Fork { .. } => "fork",
            Self::Continue => "continue",
            Self::Succeed { .. } => "succeed",
            Self::Fail { .. } => "fail",
        }
    }

    /// How many events the history of an execution gets by a Plan and the command that it gives, if nothing is tried
    /// again: five for a Task, two for any other state, ten for each iteration of a Map.
    pub(super) fn events(&self) -> u32 {
        const PLAN_AND_ROUTE: u32 = 7;
        let own = match self {
            Self::Action { .. } => 5,
            Self::Wait { .. } => 2,
            Self::Fork { executions } => u32::try_from(executions.len())
                .unwrap_or(u32::MAX)
                .saturating_mul(10)
                .saturating_add(4),
            Self::Continue => 0,
            Self::Succeed { .. } | Self::Fail { .. } => 2,
        };
        PLAN_AND_ROUTE.saturating_add(own)
    }
}

impl Serialize for Command {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = self.type_name();
        let command = match self {
            Self::Action {
                input, timeout_seconds, ..
            } => {
                json!({ "type": kind, "input": input, "timeout_seconds": timeout_seconds })
            }
            Self::Wait { until } => json!({ "type": kind, "until": until }),
            Self::Fork { executions } => json!({ "type": kind, "executions": executions }),
            Self::Continue => json!({ "type": kind }),
            Self::Succeed { output } => json!({ "type": kind, "output": output }),
            Self::Fail { error, cause } => {
                let cause: String = cause.chars().take(CAUSE_CHARACTERS).collect();
                json!({ "type": kind, "error": error, "cause": cause })
            }
        };
        command.serialize(serializer)
    }
}
