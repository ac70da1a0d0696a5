//! Lists incidents, newest first.

use jiff::Timestamp;
use serde::Serialize;

use super::super::{
    call::Call,
    input::action_input,
    output::{IncidentOutput, id, that_fit},
};
use crate::{
    client::{ApiToken, Client, IncidentFilter},
    error::Error,
    given::{self, ListLimit},
    ids::{IdList, IncidentKey, ServiceId, TeamId},
    incident::{Incident, Urgency},
};

action_input! {
    /// Which incidents are asked for. What is missing leaves none out.
    ListIncidentsInput {
        /// Where they stand.
        statuses: Option<Vec<given::IncidentStatus>>,
        /// The services that they are for.
        services: Option<IdList<ServiceId>>,
        /// The teams that they are for.
        teams: Option<IdList<TeamId>>,
        /// How urgent they are.
        urgencies: Option<Vec<given::Urgency>>,
        /// Their key, or the dedup key of one of their alerts.
        incident_key: Option<IncidentKey>,
        /// Created at this time or later. Without it PagerDuty looks back for a month; it looks at six months at most.
        since: Option<Timestamp>,
        /// Created before this time.
        until: Option<Timestamp>,
        /// How many; 25 where it is missing.
        limit: Option<ListLimit>,
    }
}

/// The incidents, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Incidents {
    /// The incidents.
    pub incidents: Vec<ListedIncident>,
    /// Whether there are more.
    pub more: bool,
}

/// One of them. What PagerDuty did not say is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedIncident {
    /// What every action says of an incident.
    #[serde(flatten)]
    pub incident: IncidentOutput,
    /// How urgent it is.
    pub urgency: Option<Urgency>,
    /// The id of its priority, if it has one.
    pub priority: Option<String>,
    /// The id of its service.
    pub service: Option<String>,
    /// Its key. PagerDuty documents that an incident which came from an alert has none.
    pub incident_key: Option<String>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When it was resolved; null while it is not.
    pub resolved_at: Option<Timestamp>,
    /// Where a person can look at it.
    pub html_url: Option<String>,
}

impl From<Incident> for ListedIncident {
    fn from(mut incident: Incident) -> Self {
        Self {
            urgency: incident.urgency.take(),
            priority: id(incident.priority.take()),
            service: id(incident.service.take()),
            incident_key: incident.incident_key.take(),
            created_at: incident.created_at,
            resolved_at: incident.resolved_at,
            html_url: incident.html_url.take(),
            incident: IncidentOutput::short(incident),
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
    input: &ListIncidentsInput,
    now: Timestamp,
) -> Result<Incidents, Error> {
    let call = Call::new(client, token, input.deadline, now)?;
    let filter = IncidentFilter {
        statuses: input.statuses.as_deref().unwrap_or_default(),
        services: input.services.as_ref().map(AsRef::as_ref).unwrap_or_default(),
        teams: input.teams.as_ref().map(AsRef::as_ref).unwrap_or_default(),
        urgencies: input.urgencies.as_deref().unwrap_or_default(),
        key: input.incident_key.as_ref(),
        since: input.since,
        until: input.until,
        limit: input.limit.unwrap_or_default(),
    };
    let found = call.account()?.list_incidents(filter).await?;
    let (incidents, more) = that_fit(found.list.into_iter().map(ListedIncident::from), found.more);
    Ok(Incidents { incidents, more })
}
