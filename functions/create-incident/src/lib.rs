//! The action `pagerduty.create_incident` as a function that a state machine can call.
//!
//! The rules of the action, also how it takes a repeat, are in [`pagerduty::actions::create_incident`].

use jiff::Timestamp;
use pagerduty::actions::{Action, Performer, create_incident};
use platform::{
    action::{PagerDuty, input_of},
    secrets::SecretStore,
    task::TaskError,
};
use serde_json::Value;
use workflow::action::Answer;

/// Creates an incident.
///
/// # Errors
/// `Input.Invalid`, the errors of the integration, and those of PagerDuty.
pub async fn handle<S: SecretStore>(
    pagerduty: &PagerDuty<S>,
    input: Value,
    now: Timestamp,
) -> Result<Answer, TaskError> {
    let attempt = pagerduty.attempt(Action::CreateIncident, input_of(input), now);
    attempt.rest(create_incident::run).await
}

#[cfg(test)]
mod tests;
