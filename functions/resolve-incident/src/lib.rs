//! The action `pagerduty.resolve_incident` as a function that a state machine can call.
//!
//! The rules of the action, also how it takes a repeat, are in [`pagerduty::actions::resolve_incident`].

use jiff::Timestamp;
use pagerduty::actions::resolve_incident::{ResolveIncidentInput, ResolvedIncident, run};
use platform::{
    action::{PagerDuty, integration, read_input},
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
) -> Result<ResolvedIncident, TaskError> {
    let answer = answer(pagerduty, input, now).await;
    match &answer {
        Ok(incident) => tracing::info!(incident = %incident.incident_id, "incident resolved"),
        Err(error) => tracing::warn!(error = %error, "incident not resolved"),
    }
    answer
}

async fn answer<S: SecretStore>(
    pagerduty: &PagerDuty<S>,
    input: Value,
    now: Timestamp,
) -> Result<ResolvedIncident, TaskError> {
    let input: ResolveIncidentInput = read_input(Action::ResolveIncident, input)?;
    let integration = integration(&input.integration)?;
    pagerduty
        .call(&integration, now, async |client, token| {
            run(client, token, &input, now).await
        })
        .await
}

#[cfg(test)]
mod tests;
