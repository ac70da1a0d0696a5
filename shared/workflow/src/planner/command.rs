//! What the state machine is told to do.

use crate::action::Action;
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
    /// Come back at once.
    Continue,
    /// The run has succeeded.
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

/// Step Functions takes at most 32 KiB of cause; a person reads much less.
const CAUSE_CHARACTERS: usize = 4_000;

impl Command {
    /// The types of commands that are not actions.
    pub const CONTROL_TYPES: &'static [&'static str] = &["wait", "continue", "succeed", "fail"];

    /// The type that the state machine routes on.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Action { action, .. } => action.spec().name,
            Self::Wait { .. } => "wait",
            Self::Continue => "continue",
            Self::Succeed { .. } => "succeed",
            Self::Fail { .. } => "fail",
        }
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
