//! The actions of all connectors, as one function that a state machine can call.
//!
//! Its input has the fields of the action and `action`, the action's full name, such as `slack.post_message`. What each action takes and gives,
//! and how it takes a repeat, its connector says: one of those that come with the program, or one of the user's own, of which the call has
//! the part along that it needs, in the field `connector`.

use connectors::{Action, Connector, shipped, shipped_connector};
use jiff::Timestamp;
use platform::{
    action::{Connectors, input_of, not_performed},
    secrets::SecretStore,
    task::TaskError,
};
use serde_json::Value;
use workflow::action::Answer;

/// The field with the part of a connector that this function does not have.
const CONNECTOR: &str = "connector";

/// Performs the action that the input names.
///
/// # Errors
/// `Input.Invalid`, the errors of the integration, and those of the system.
pub async fn handle<S: SecretStore>(
    connectors: &Connectors<S>,
    input: Value,
    now: Timestamp,
) -> Result<Answer, TaskError> {
    let mut input = input_of(input);
    let part = input.as_object_mut().and_then(|fields| fields.remove(CONNECTOR));
    let own = part.map(|part| connectors.own(&part)).transpose();
    let own = own.inspect_err(|error| tracing::warn!(%error, "action failed"))?;
    let named = named(&input, own.as_deref());
    let (connector, action) = named.inspect_err(|error| tracing::warn!(%error, "action failed"))?;
    connectors.perform(connector, action, input, now).await
}

/// The action that an input names, and its connector: the one that came with it, or else one of the program, of which only this one is read.
fn named<'a>(input: &Value, own: Option<&'a Connector>) -> Result<(&'a Connector, &'a Action), TaskError> {
    let name = input.get("action").and_then(Value::as_str).unwrap_or_default();
    let (prefix, rest) = name.split_once('.').unwrap_or((name, ""));
    let connector = match own {
        Some(own) => Some(own).filter(|own| own.name().as_str() == prefix),
        None => shipped_connector(prefix),
    };
    let known = || match own {
        Some(own) => vec![own.name().to_string()],
        None => shipped().map(str::to_owned).collect(),
    };
    let connector = connector.ok_or_else(|| not_performed(name, known()))?;
    let mut actions = connector.actions().filter(|action| !action.is_internal());
    let action = actions.find(|action| action.name() == rest);
    let action = action.ok_or_else(|| {
        let actions = connector.actions().filter(|action| !action.is_internal());
        not_performed(name, actions.map(|action| action.spec().to_string()))
    })?;
    Ok((connector, action))
}

#[cfg(test)]
mod tests;
