//! Reads an incident as it is now.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    call::Call,
    input::action_input,
    output::{id, short},
};
use crate::{
    client::{ApiToken, Client},
    error::Error,
    ids::IncidentId,
    incident::{Incident, IncidentStatus, Urgency},
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
    /// Its id.
    pub incident_id: IncidentId,
    /// Its title.
    pub title: Option<String>,
    /// The number that people use.
    pub incident_number: Option<u64>,
    /// Where it stands.
    pub status: IncidentStatus,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// How urgent it is.
    pub urgency: Option<Urgency>,
    /// The id of its priority, if it has one.
    pub priority: Option<String>,
    /// The id of its service.
    pub service: Option<String>,
    /// The id of its escalation policy.
    pub escalation_policy: Option<String>,
    /// The ids of those whom it is assigned to; none when it is resolved.
    pub assignees: Vec<String>,
    /// Its key.
    pub incident_key: Option<String>,
    /// Where a person can look at it.
    pub html_url: Option<String>,
}

impl From<Incident> for FoundIncident {
    fn from(incident: Incident) -> Self {
        Self {
            incident_id: incident.id,
            title: incident.title.map(short),
            incident_number: incident.number,
            status: incident.status,
            created_at: incident.created_at,
            urgency: incident.urgency,
            priority: id(incident.priority),
            service: id(incident.service),
            escalation_policy: id(incident.escalation_policy),
            assignees: incident.assignees.into_iter().map(|assignee| assignee.id).collect(),
            incident_key: incident.incident_key,
            html_url: incident.html_url,
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
