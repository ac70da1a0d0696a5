//! The context object: what `$$` paths read.

use super::execution::Identity;
use jiff::Timestamp;
use serde_json::Value;

/// Where a state stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) execution: &'a Identity,
    pub(super) state: &'a str,
    pub(super) entered_at: Timestamp,
    /// The token of the task, where it waits for that.
    pub(super) token: Option<&'a str>,
}

/// A field of the context object (developer guide, "Accessing execution data from the Context object",
/// `input-output-contextobject.html`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContextField {
    ExecutionId,
    ExecutionStartTime,
    StateMachineId,
    StateEnteredTime,
    TaskToken,
}

impl ContextField {
    /// The field of a path, without the `$$.` before it.
    pub(super) fn parse(path: &str) -> Option<Self> {
        Some(match path {
            "Execution.Id" => Self::ExecutionId,
            "Execution.StartTime" => Self::ExecutionStartTime,
            "StateMachine.Id" => Self::StateMachineId,
            "State.EnteredTime" => Self::StateEnteredTime,
            "Task.Token" => Self::TaskToken,
            _ => return None,
        })
    }

    /// The value of the field; none if there is no such thing in this state.
    pub(super) fn read(self, context: &Context<'_>) -> Option<Value> {
        let execution = context.execution;
        Some(match self {
            Self::ExecutionId => execution.arn.to_string().into(),
            Self::ExecutionStartTime => text(execution.started_at).into(),
            Self::StateMachineId => execution.state_machine.to_string().into(),
            Self::StateEnteredTime => text(context.entered_at).into(),
            Self::TaskToken => context.token?.into(),
        })
    }
}

fn text(time: Timestamp) -> String {
    format!("{time:.3}")
}
