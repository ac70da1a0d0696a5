//! Reads an incident as it is now.

use std::mem::take;

use jiff::Timestamp;
use serde::Serialize;

use super::{call::Call, input::action_input, lists::list_incidents::ListedIncident, output::id};
use crate::{
    client::{ApiToken, Client},
    error::Error,
    ids::IncidentId,
    incident::Incident,
};

action_input! {
    /// What is to be read.
    GetIncidentInput {
        /// The incident.
        incident_id: IncidentId,
    }
}

/// An incident. What PagerDuty did not say is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundIncident {
    /// What a list says of it too.
    #[serde(flatten)]
    pub listed: ListedIncident,
    /// The id of its escalation policy.
    pub escalation_policy: Option<String>,
    /// The ids of those whom it is assigned to; none when it is resolved.
    pub assignees: Vec<String>,
}

impl From<Incident> for FoundIncident {
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

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
pub async fn run(
    client: &Client,
    token: &ApiToken,
    input: &GetIncidentInput,
    now: Timestamp,
) -> Result<FoundIncident, Error> {
    let call = Call::new(client, token, input.deadline, now)?;
    Ok(call.account()?.get_incident(&input.incident_id).await?.into())
}
