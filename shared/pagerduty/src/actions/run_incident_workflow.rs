//! Starts one of PagerDuty's own incident workflows on an incident.
//!
//! It runs again each time, with whatever it does, so an attempt of which it is not known whether it was made is never
//! repeated.

use jiff::Timestamp;
use workflow::action::{ActionSpec, Repeat};

use super::{
    call::Call,
    contract::{action, changes_incident, fields, input},
};
use crate::{
    client::{ApiToken, Client},
    error::Error,
    ids::{IncidentId, IncidentWorkflowId},
};

input! {
    /// The incident workflow to start, and the incident to start it on.
    rest Input {
        incident_id: IncidentId => "the id of the incident";
        incident_workflow: IncidentWorkflowId => "the id of the incident workflow";
    }
}

fields! {
    /// The incident workflow, which now runs.
    Output {
        incident_id: IncidentId => "its id";
        instance_id: Option<String> => "the id of the incident workflow's instance", id();
    }
}

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Runs an incident workflow of PagerDuty, one with a manual trigger, for an incident.".into(),
        effect: changes_incident(&["incident.workflow.started", "incident.workflow.completed"]),
        repeat: Repeat::IsForbidden {
            look: "whether the incident's timeline says that the incident workflow was started".into(),
        },
        on_repeat: "It would run a second time.".into(),
        example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
incident_workflow: PSFEVL7
"
        .into(),
        ..action::<Input, Output>("pagerduty.run_incident_workflow")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::BegunLate`]; [`Error::OutcomeUnknown`], after which a person has to look.
pub async fn run(client: &Client, token: &ApiToken, input: &Input, now: Timestamp) -> Result<Output, Error> {
    let call = Call::reaching_people(client, token, input.deadline, now)?;
    let started = call
        .account()?
        .start_incident_workflow(
            &input.incident_workflow,
            &input.incident_id,
            input.idempotency_key.as_ref(),
        )
        .await?;
    Ok(Output {
        incident_id: input.incident_id.clone(),
        instance_id: started.id,
    })
}
