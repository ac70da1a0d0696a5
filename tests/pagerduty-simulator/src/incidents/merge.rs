//! `PUT /incidents/{id}/merge`.

use http::StatusCode;
use serde_json::{Value, json};

use super::transitions::Transition;
use super::{Agent, Incident, Status, shapes};
use crate::access::Call;
use crate::account::Account;
use crate::exchange::Answer;
use crate::fields;
use crate::refusal::Refusal;

/// The most alerts that an incident can have.
const MOST_ALERTS: usize = 1000;

/// Merges incidents into an open one: it gets their alerts, and they are resolved. All of them or none. The answer has no
/// more than a reference to the incident. The words of the refusals are UNVERIFIED, and so is that a source which has no
/// alerts is accepted: PagerDuty documents that for incidents which people opened.
pub(crate) fn merge(account: &mut Account, call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.writer()?;
    let body = call.request.json_object()?;
    let agent = Agent::User(call.requester(account)?);
    let target = account.incident(id)?.clone();
    let listed = fields::array(&body, "source_incidents")?.filter(|sources| !sources.is_empty());
    let listed = listed.ok_or_else(|| Refusal::invalid("source_incidents cannot be empty"))?;
    let mut sources: Vec<Incident> = Vec::new();
    for row in listed {
        let source = source(account, &target, row)?;
        // Whoever is named twice is merged once.
        if sources.iter().all(|other| other.id != source.id) {
            sources.push(source);
        }
    }
    if target.status == Status::Resolved {
        return Err(Refusal::arguments(
            "Incidents can not be merged into a resolved incident",
        ));
    }
    let alerts: Vec<_> = sources.iter().flat_map(|source| source.alerts.clone()).collect();
    if target.alerts.len().saturating_add(alerts.len()) > MOST_ALERTS {
        return Err(Refusal::arguments(format!(
            "An incident can not have more than {MOST_ALERTS} alerts"
        )));
    }
    let target_id = target.id.clone();
    for incident in sources {
        Transition {
            account,
            incident,
            agent: agent.clone(),
            now: call.now,
        }
        .merge_into(target_id.clone());
    }
    Transition {
        account,
        incident: target,
        agent,
        now: call.now,
    }
    .absorb(alerts);
    let incident = account.incident(id)?;
    Ok(Answer::json(
        StatusCode::OK,
        json!({"incident": shapes::incident_reference(account, incident)}),
    ))
}

fn source(account: &Account, target: &Incident, listed: &Value) -> Result<Incident, Refusal> {
    let listed = listed
        .as_object()
        .ok_or_else(|| Refusal::invalid("source_incidents must each be an object"))?;
    let id = fields::referred(listed, "source_incidents", "incident")?;
    let incident = account.incident(id).map_err(|_| Refusal::IncidentNotFound)?;
    if incident.id == target.id {
        return Err(Refusal::arguments("An incident can not be merged into itself"));
    }
    if incident.merged_into.is_some() {
        return Err(Refusal::AlreadyMerged);
    }
    Ok(incident.clone())
}
