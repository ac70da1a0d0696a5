//! Starts one of PagerDuty's own incident workflows on an incident.
//!
//! It runs again each time, with whatever it does, so an attempt of which it is not known whether it was made is never
//! repeated.

use jiff::Timestamp;
use serde::Serialize;

use super::{call::Call, input::action_input};
use crate::{
    client::{ApiToken, Client},
    error::Error,
    ids::{IncidentId, IncidentWorkflowId},
};

action_input! {
    /// What is to be started on what.
    RunIncidentWorkflowInput {
        /// The incident.
        incident_id: IncidentId,
        /// The incident workflow, which needs a manual trigger.
        incident_workflow: IncidentWorkflowId,
    }
}

/// The incident workflow, which now runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StartedWorkflow {
    /// The incident.
    pub incident_id: IncidentId,
    /// The id of this run of the workflow. Null only where PagerDuty did not say.
    pub instance_id: Option<String>,
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::BegunLate`]; [`Error::OutcomeUnknown`], after which a person has to look.
pub async fn run(
    client: &Client,
    token: &ApiToken,
    input: &RunIncidentWorkflowInput,
    now: Timestamp,
) -> Result<StartedWorkflow, Error> {
    let call = Call::reaching_people(client, token, input.deadline, now)?;
    let started = call
        .account()?
        .start_incident_workflow(
            &input.incident_workflow,
            &input.incident_id,
            input.idempotency_key.as_ref(),
        )
        .await?;
    Ok(StartedWorkflow {
        incident_id: input.incident_id.clone(),
        instance_id: started.id,
    })
}
