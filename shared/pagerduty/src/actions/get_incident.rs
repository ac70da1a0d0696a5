//! Reads an incident as it is now.

use std::mem::take;

use jiff::Timestamp;
use workflow::action::ActionSpec;

use super::{
    call::Call,
    contract::{action, fields, input},
    lists::list_incidents::ListedIncident,
    output::id,
};
use crate::{
    client::{ApiToken, Client},
    error::Error,
    ids::IncidentId,
    incident::Incident,
};

input! {
    /// An incident to read.
    rest Input {
        incident_id: IncidentId => "the id of the incident";
    }
}

fields! {
    /// An incident. What PagerDuty did not say is null.
    Output {
        ..listed: ListedIncident;
        escalation_policy: Option<String> => "the id of its escalation policy", id();
        assignees: Vec<String> => "the ids of the users who have it; none when it is resolved";
    }
}

impl From<Incident> for Output {
    fn from(mut incident: Incident) -> Self {
        Self {
            escalation_policy: id(incident.escalation_policy.take()),
            assignees: take(&mut incident.assignees)
                .into_iter()
                .map(|assignee| assignee.id)
                .collect(),
            listed: incident.into(),
        }
    }
}

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Reads an incident as it is now.".into(),
        example: "integration: prod
incident_id: \"{{ event.incident.id }}\"
"
        .into(),
        ..action::<Input, Output>("pagerduty.get_incident")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
pub async fn run(client: &Client, token: &ApiToken, input: &Input, now: Timestamp) -> Result<Output, Error> {
    let call = Call::new(client, token, input.deadline, now)?;
    Ok(call.account()?.get_incident(&input.incident_id).await?.into())
}
