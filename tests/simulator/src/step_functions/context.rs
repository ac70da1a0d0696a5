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
    /// How often the state was retried.
    pub(super) retries: u32,
    /// The item of the innermost Map.
    pub(super) item: Option<Item<'a>>,
}

/// One item of a Map.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) index: usize,
    pub(super) value: &'a Value,
}

/// A field of the context object (developer guide, "Accessing execution data from the Context object",
/// `input-output-contextobject.html`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContextField {
    ExecutionId,
    ExecutionInput,
    ExecutionName,
    ExecutionStartTime,
    StateMachineId,
    StateEnteredTime,
    StateName,
    StateRetryCount,
    MapItemIndex,
    MapItemValue,
}

impl ContextField {
    const ALL: [(&'static str, Self); 10] = [
        ("Execution.Id", Self::ExecutionId),
        ("Execution.Input", Self::ExecutionInput),
        ("Execution.Name", Self::ExecutionName),
        ("Execution.StartTime", Self::ExecutionStartTime),
        ("StateMachine.Id", Self::StateMachineId),
        ("State.EnteredTime", Self::StateEnteredTime),
        ("State.Name", Self::StateName),
        ("State.RetryCount", Self::StateRetryCount),
        ("Map.Item.Index", Self::MapItemIndex),
        ("Map.Item.Value", Self::MapItemValue),
    ];

    /// The field at the start of a path, and the rest of the path.
    pub(super) fn parse(path: &str) -> Option<(Self, &str)> {
        Self::ALL.into_iter().find_map(|(name, field)| {
            let rest = path.strip_prefix(name)?;
            (rest.is_empty() || rest.starts_with(['.', '['])).then_some((field, rest))
        })
    }

    /// Whether a path can go on below the field.
    pub(super) fn is_document(self) -> bool {
        matches!(self, Self::ExecutionInput | Self::MapItemValue)
    }

    /// Reads the field; nothing, if it is the item of a Map and there is no Map.
    pub(super) fn with<T>(self, context: &Context<'_>, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let execution = context.execution;
        match self {
            Self::ExecutionInput => read(&execution.input),
            Self::MapItemValue => read(context.item?.value),
            Self::ExecutionId => read(&execution.arn.to_string().into()),
            Self::ExecutionName => read(&execution.name.as_str().into()),
            Self::ExecutionStartTime => read(&text(execution.started_at).into()),
            Self::StateMachineId => read(&execution.state_machine.to_string().into()),
            Self::StateEnteredTime => read(&text(context.entered_at).into()),
            Self::StateName => read(&context.state.into()),
            Self::StateRetryCount => read(&context.retries.into()),
            Self::MapItemIndex => read(&context.item?.index.into()),
        }
    }
}

fn text(time: Timestamp) -> String {
    format!("{time:.3}")
}
