//! The actions of all connectors, as one function that a state machine can call.
//!
//! Its input has the fields of the action and `action`, the action's full name, such as `slack.post_message`. What each action takes and gives,
//! and how it takes a repeat, its connector says.

use connectors::{Action, Connector, shipped, shipped_connector};
use jiff::Timestamp;
use platform::{
    action::{Connectors, input_of},
    secrets::SecretStore,
    task::TaskError,
};
use serde_json::Value;
use workflow::{action::Answer, error_name::ErrorName};

/// Performs the action that the input names.
///
/// # Errors
/// `Input.Invalid`, the errors of the integration, and those of the system.
pub async fn handle<S: SecretStore>(
    connectors: &Connectors<S>,
    input: Value,
    now: Timestamp,
) -> Result<Answer, TaskError> {
    let input = input_of(input);
    let (connector, action) = named(&input).inspect_err(|error| tracing::warn!(%error, "action failed"))?;
    connectors.perform(connector, action, input, now).await
}

/// The action that an input names, and its connector. Only this one is read.
fn named(input: &Value) -> Result<(&'static Connector, &'static Action), TaskError> {
    let name = input.get("action").and_then(Value::as_str).unwrap_or_default();
    let (prefix, rest) = name.split_once('.').unwrap_or((name, ""));
    let connector = shipped_connector(prefix).ok_or_else(|| unknown(name, shipped().map(str::to_owned)))?;
    let mut actions = connector.actions().filter(|action| !action.is_internal());
    let action = actions.find(|action| action.name() == rest);
    let action = action.ok_or_else(|| {
        let actions = connector.actions().filter(|action| !action.is_internal());
        unknown(name, actions.map(|action| action.spec().to_string()))
    })?;
    Ok((connector, action))
}

fn unknown(name: &str, known: impl Iterator<Item = String>) -> TaskError {
    TaskError::new(
        ErrorName::InputInvalid,
        format!(
            "`action` is {name:?}, which this function does not perform; it performs {}",
            known.collect::<Vec<_>>().join(", ")
        ),
    )
}

#[cfg(test)]
mod tests;
