//! Lists incidents, newest first.

use jiff::Timestamp;
use workflow::action::{ActionSpec, Unfit};

use super::super::{
    call::Call,
    contract::{action, fields, input},
    output::{IncidentOutput, id, that_fit},
};
use crate::{
    client::{ApiToken, Client, IncidentFilter},
    error::Error,
    given::{self, ListLimit},
    ids::{IdList, IncidentKey, ServiceId, TeamId},
    incident::{Incident, Urgency},
};

input! {
    /// The incidents to list. A missing filter leaves none out.
    rest Input {
        statuses: Option<Vec<given::IncidentStatus>> => "only those with one of these", narrowing();
        services: Option<IdList<ServiceId>> => "only those of these services, by id", narrowing();
        teams: Option<IdList<TeamId>> => "only those of these teams, by id", narrowing();
        urgencies: Option<Vec<given::Urgency>> => "only those of one of these", narrowing();
        // As the key of the alert or the incident was replaced.
        incident_key: Option<IncidentKey> => "only those with this key, or with an alert of this dedup key", narrowing(), unfit(Unfit::Hash);
        // PagerDuty looks back for a month without it, and at six months at most.
        since: Option<Timestamp> => "only those made from this time on", narrowing();
        until: Option<Timestamp> => "only those made before this time, at most six months after `since`", narrowing();
        limit: Option<ListLimit> => "how many at most, 1 to 100; 25 if it does not say", unfit(Unfit::LeaveOut);
    }
}

fields! {
    /// The incidents, newest first.
    Output {
        incidents: Vec<ListedIncident> => "the incidents";
        more: bool => "whether there are more than these";
    }
}

fields! {
    /// One of them. What PagerDuty did not say is null.
    ListedIncident {
        ..incident: IncidentOutput;
        urgency: Option<Urgency> => "high or low";
        priority: Option<String> => "the id of its priority", id();
        service: Option<String> => "the id of its service", id();
        incident_key: Option<String> => "its key; null where it came from an alert";
        created_at: Option<Timestamp> => "when it was made, RFC 3339";
        resolved_at: Option<Timestamp> => "when it was resolved, RFC 3339; null while it is not";
        html_url: Option<String> => "where people see it";
    }
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

/// The contract.
pub fn spec() -> ActionSpec {
    ActionSpec {
        summary: "Lists incidents, of the last month if it does not say since when.".into(),
        example: "integration: prod
statuses: [triggered, acknowledged]
services: [PWIXJZS]
limit: 10
"
        .into(),
        ..action::<Input, Output>("pagerduty.list_incidents")
    }
}

/// Runs one attempt. `now` is the time of day at which it begins.
///
/// # Errors
/// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
pub async fn run(client: &Client, token: &ApiToken, input: &Input, now: Timestamp) -> Result<Output, Error> {
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
    Ok(Output { incidents, more })
}
