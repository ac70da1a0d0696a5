//! The action `pagerduty.resolve_incident` as a function that a state machine can call.
//!
//! The rules of the action, also how it takes a repeat, are in [`pagerduty::actions::resolve_incident`].

use jiff::Timestamp;
use pagerduty::actions::{IncidentOutput, resolve_incident::run};
use platform::{
    action::{Done, PagerDuty, input_of},
    secrets::SecretStore,
    task::TaskError,
};
use serde_json::Value;
use workflow::action::Action;

/// Resolves an incident.
///
/// # Errors
/// `Input.Invalid`, the errors of the integration, and those of PagerDuty.
pub async fn handle<S: SecretStore>(
    pagerduty: &PagerDuty<S>,
    input: Value,
    now: Timestamp,
) -> Result<Done<IncidentOutput>, TaskError> {
    pagerduty
        .perform(
            Action::ResolveIncident,
            input_of(input),
            now,
            async |client, token, input| run(client, token, input, now).await,
        )
        .await
}

#[cfg(test)]
mod tests;
