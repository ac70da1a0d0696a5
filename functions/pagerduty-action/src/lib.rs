//! All actions but creating and resolving an incident, as one function that a state machine can call.
//!
//! Its input has the fields of the action and `action`, the action's full name. The rules of each action, also how it
//! takes a repeat, are in [`pagerduty::actions`].

use jiff::Timestamp;
use pagerduty::{
    Error,
    actions::{
        acknowledge_incident, add_note, add_responders,
        alerts::{acknowledge_alert, resolve_alert, send_change_event, trigger_alert},
        escalate_incident, get_incident,
        lists::{list_alerts, list_incidents, list_log_entries, list_notes, list_oncalls},
        merge_incidents, post_status_update, reassign_incident, run_incident_workflow, set_custom_fields,
        snooze_incident, update_incident,
    },
    client::{ApiToken, Client, Events, RoutingKey},
};
use platform::{
    action::{PagerDuty, input_of},
    secrets::SecretStore,
    task::TaskError,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use workflow::{
    action::{Action, Function},
    error_name::ErrorName,
};

/// Performs the action that the input names.
///
/// # Errors
/// `Input.Invalid`, the errors of the integration, and those of PagerDuty.
pub async fn handle<S: SecretStore>(
    pagerduty: &PagerDuty<S>,
    input: Value,
    now: Timestamp,
) -> Result<Value, TaskError> {
    let input = input_of(input);
    let action = named(&input).inspect_err(|error| tracing::warn!(%error, "action failed"))?;
    let call = Call {
        pagerduty,
        action,
        input,
        now,
    };
    match action {
        Action::AcknowledgeIncident => call.rest(acknowledge_incident::run).await,
        Action::UpdateIncident => call.rest(update_incident::run).await,
        Action::ReassignIncident => call.rest(reassign_incident::run).await,
        Action::EscalateIncident => call.rest(escalate_incident::run).await,
        Action::SnoozeIncident => call.rest(snooze_incident::run).await,
        Action::MergeIncidents => call.rest(merge_incidents::run).await,
        Action::AddNote => call.rest(add_note::run).await,
        Action::PostStatusUpdate => call.rest(post_status_update::run).await,
        Action::AddResponders => call.rest(add_responders::run).await,
        Action::SetCustomFields => call.rest(set_custom_fields::run).await,
        Action::RunIncidentWorkflow => call.rest(run_incident_workflow::run).await,
        Action::GetIncident => call.rest(get_incident::run).await,
        Action::ListIncidents => call.rest(list_incidents::run).await,
        Action::ListAlerts => call.rest(list_alerts::run).await,
        Action::ListNotes => call.rest(list_notes::run).await,
        Action::ListLogEntries => call.rest(list_log_entries::run).await,
        Action::ListOncalls => call.rest(list_oncalls::run).await,
        Action::TriggerAlert => call.event(trigger_alert::run).await,
        Action::AcknowledgeAlert => call.event(acknowledge_alert::run).await,
        Action::ResolveAlert => call.event(resolve_alert::run).await,
        Action::SendChangeEvent => call.event(send_change_event::run).await,
        Action::CreateIncident | Action::ResolveIncident => Err(not_ours(action.spec().name)),
    }
}

/// The action that an input names.
fn named(input: &Value) -> Result<Action, TaskError> {
    let name = input.get("action").and_then(Value::as_str).unwrap_or_default();
    let ours = |action: &Action| action.spec().function == Function::PagerDutyAction;
    Action::parse(name).filter(ours).ok_or_else(|| not_ours(name))
}

fn not_ours(name: &str) -> TaskError {
    let known: Vec<&str> = Function::PagerDutyAction
        .actions()
        .map(|action| action.spec().name)
        .collect();
    TaskError::new(
        ErrorName::InputInvalid,
        format!(
            "`action` is {name:?}, which this function does not perform; it performs {}",
            known.join(", ")
        ),
    )
}

struct Call<'a, S> {
    pagerduty: &'a PagerDuty<S>,
    action: Action,
    input: Value,
    now: Timestamp,
}

impl<S: SecretStore> Call<'_, S> {
    /// Performs an action of the REST API.
    async fn rest<I: DeserializeOwned, T: Serialize>(
        self,
        run: impl AsyncFn(&Client, &ApiToken, &I, Timestamp) -> Result<T, Error>,
    ) -> Result<Value, TaskError> {
        let Self {
            pagerduty,
            action,
            input,
            now,
        } = self;
        let output = pagerduty.perform(action, input, now, async |client, token, input| {
            run(client, token, input, now).await
        });
        json(action, &output.await?)
    }

    /// Performs an action of the Events API.
    async fn event<I: DeserializeOwned, T: Serialize>(
        self,
        run: impl AsyncFn(&Events, &RoutingKey, &I, Timestamp) -> Result<T, Error>,
    ) -> Result<Value, TaskError> {
        let Self {
            pagerduty,
            action,
            input,
            now,
        } = self;
        let output = pagerduty.perform_event(action, input, now, async |events, key, input| {
            run(events, key, input, now).await
        });
        json(action, &output.await?)
    }
}

fn json(action: Action, output: &impl Serialize) -> Result<Value, TaskError> {
    // Outputs are made of texts, numbers and lists, so that this never fails; if it did, the action would be done all the
    // same.
    serde_json::to_value(output).map_err(|error| {
        TaskError::new(
            ErrorName::PagerDutyOutcomeUnknown,
            format!("{action} was done, but what it gave cannot be written: {error}"),
        )
    })
}

#[cfg(test)]
mod tests;
