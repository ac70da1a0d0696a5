//! The actions on AWS, as one function that a state machine can call.
//!
//! Its input has the fields of the action and `action`, the action's full name, such as `aws.ecs.update_service`. What each action takes
//! and gives, and how it takes a repeat, the model of its service says.

use aws_actions::{Action, FACES};
use jiff::Timestamp;
use platform::{
    action::{AwsAccounts, input_of, not_performed},
    secrets::SecretStore,
    task::TaskError,
};
use serde_json::Value;
use workflow::action::Answer;

/// Performs the action that the input names.
///
/// # Errors
/// `Input.Invalid`, the errors of the integration, and those of AWS.
pub async fn handle<S: SecretStore>(
    accounts: &AwsAccounts<S>,
    input: Value,
    now: Timestamp,
) -> Result<Answer, TaskError> {
    let input = input_of(input);
    let action = named(&input).inspect_err(|error| tracing::warn!(%error, "action failed"))?;
    accounts.perform(&action, input, now).await
}

/// The action that an input names. Only the model of its service is read.
fn named(input: &Value) -> Result<Action, TaskError> {
    let name = input.get("action").and_then(Value::as_str).unwrap_or_default();
    Action::named(name).ok_or_else(|| {
        let service = name.split('.').nth(1).unwrap_or_default();
        let of_service: Vec<_> = Action::of_service(service).map(|action| action.name()).collect();
        let known = match of_service.is_empty() {
            true => {
                let faces = FACES.iter().flat_map(|prefix| Action::faces(prefix));
                let services = aws_actions::services().map(|service| format!("aws.{service}.…"));
                faces.map(|action| action.name()).chain(services).collect()
            }
            false => of_service,
        };
        not_performed(name, known)
    })
}

#[cfg(test)]
mod tests;
