//! All actions but creating and resolving an incident, as one function that a state machine can call.
//!
//! Its input has the fields of the action and `action`, the action's full name. The rules of each action, also how it
//! takes a repeat, are in [`pagerduty::actions`].

use jiff::Timestamp;
use pagerduty::actions::Action;
use platform::{
    action::{PagerDuty, input_of, not_performed},
    secrets::SecretStore,
    task::TaskError,
};
use serde_json::Value;
use workflow::action::Answer;

/// The name of this function in the template.
const FUNCTION: &str = "PagerDutyAction";

/// Performs the action that the input names.
///
/// # Errors
/// `Input.Invalid`, the errors of the integration, and those of PagerDuty.
pub async fn handle<S: SecretStore>(
    pagerduty: &PagerDuty<S>,
    input: Value,
    now: Timestamp,
) -> Result<Answer, TaskError> {
    let input = input_of(input);
    let action = named(&input).inspect_err(|error| tracing::warn!(%error, "action failed"))?;
    pagerduty.perform(action, input, now).await
}

/// The actions of this function.
fn ours() -> impl Iterator<Item = Action> {
    let all = Action::ALL.iter().copied();
    all.filter(|action| action.spec().function == FUNCTION)
}

/// The action that an input names.
fn named(input: &Value) -> Result<Action, TaskError> {
    let name = input.get("action").and_then(Value::as_str).unwrap_or_default();
    let action = ours().find(|action| action.spec().name == name);
    action.ok_or_else(|| not_performed(name, ours().map(|action| action.to_string())))
}

#[cfg(test)]
mod tests;
