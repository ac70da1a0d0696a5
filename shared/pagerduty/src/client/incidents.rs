//! Incidents: creating, reading and changing them.

use provider::verdict::Effect;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Account, Entries, MAX_ANSWER, member};
use crate::{
    error::Error,
    given::{self, EscalationLevel, ListLimit, WebAddress},
    ids::{EscalationPolicyId, IncidentId, IncidentKey, PriorityId, ServiceId, TeamId, UserEmail, UserId},
    incident::{Incident, IncidentStatus},
};

/// An incident that is to be created.
#[derive(Debug, Clone, Copy)]
pub struct NewIncident<'a> {
    pub title: &'a str,
    pub service: &'a ServiceId,
    /// Whom it is for, instead of the service's own escalation policy.
    pub responsible: Option<Responsible<'a>>,
    /// While an incident with this key is open on the service, PagerDuty refuses to create another.
    pub incident_key: Option<&'a IncidentKey>,
    /// The urgency, instead of that of the service.
    pub urgency: Option<given::Urgency>,
    /// The priority.
    pub priority: Option<&'a PriorityId>,
    /// The body beside the title. PagerDuty documents that it takes text only.
    pub body: Option<&'a str>,
    /// The name of its incident type.
    pub incident_type: Option<&'a str>,
    /// The conference bridge.
    pub conference_bridge: Option<&'a ConferenceBridge>,
}

impl<'a> NewIncident<'a> {
    /// An incident of which nothing else is said.
    #[must_use]
    pub const fn new(title: &'a str, service: &'a ServiceId) -> Self {
        Self {
            title,
            service,
            responsible: None,
            incident_key: None,
            urgency: None,
            priority: None,
            body: None,
            incident_type: None,
            conference_bridge: None,
        }
    }

    fn to_json(self) -> Value {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        put("type", json!("incident"));
        put("title", json!(self.title));
        put("service", reference(self.service, "service_reference"));
        match self.responsible {
            Some(Responsible::EscalationPolicy(policy)) => {
                put("escalation_policy", reference(policy, "escalation_policy_reference"));
            }
            Some(Responsible::User(user)) => {
                put("assignments", assignments(std::slice::from_ref(user)));
            }
            None => {}
        }
        if let Some(key) = self.incident_key {
            put("incident_key", json!(key));
        }
        if let Some(urgency) = self.urgency {
            put("urgency", json!(urgency));
        }
        if let Some(priority) = self.priority {
            put("priority", reference(priority, "priority_reference"));
        }
        if let Some(body) = self.body {
            put("body", json!({ "type": "incident_body", "details": body }));
        }
        if let Some(name) = self.incident_type {
            put("incident_type", json!({ "name": name }));
        }
        if let Some(bridge) = self.conference_bridge {
            put("conference_bridge", json!(bridge));
        }
        Value::Object(fields)
    }
}

/// Whom an incident is for. PagerDuty takes one or the other.
#[derive(Debug, Clone, Copy)]
pub enum Responsible<'a> {
    /// Those whom a policy names.
    EscalationPolicy(&'a EscalationPolicyId),
    /// One user. An incident that its creator assigns to himself is acknowledged from the start.
    User(&'a UserId),
}

/// The conference bridge of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConferenceBridge {
    /// The number to dial, with the codes that follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conference_number: Option<String>,
    /// The address to open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conference_url: Option<WebAddress>,
}

/// The changes of an incident; the rest stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct IncidentUpdate<'a> {
    /// The status. Anything but `resolved` reopens an incident that is resolved.
    pub status: Option<&'a IncidentStatus>,
    pub title: Option<&'a str>,
    /// The urgency.
    pub urgency: Option<given::Urgency>,
    /// The priority.
    pub priority: Option<&'a PriorityId>,
    /// Those whom it is assigned to from now on. They are told.
    pub assignees: Option<&'a [UserId]>,
    /// The level of its escalation policy that is called now.
    pub escalation_level: Option<EscalationLevel>,
    /// The escalation policy that it follows from now on, from its first level.
    pub escalation_policy: Option<&'a EscalationPolicyId>,
}

impl IncidentUpdate<'_> {
    fn to_json(self) -> Value {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        put("type", json!("incident_reference"));
        if let Some(status) = self.status {
            put("status", json!(status));
        }
        if let Some(title) = self.title {
            put("title", json!(title));
        }
        if let Some(urgency) = self.urgency {
            put("urgency", json!(urgency));
        }
        if let Some(priority) = self.priority {
            put("priority", reference(priority, "priority_reference"));
        }
        if let Some(users) = self.assignees {
            put("assignments", assignments(users));
        }
        if let Some(level) = self.escalation_level {
            put("escalation_level", json!(level));
        }
        if let Some(policy) = self.escalation_policy {
            put("escalation_policy", reference(policy, "escalation_policy_reference"));
        }
        Value::Object(fields)
    }
}

/// The incidents that are asked for. A list that is empty leaves none out.
#[derive(Debug, Clone, Copy, Default)]
pub struct IncidentFilter<'a> {
    /// Their statuses.
    pub statuses: &'a [given::IncidentStatus],
    /// The services that they are for.
    pub services: &'a [ServiceId],
    /// The teams that they are for.
    pub teams: &'a [TeamId],
    /// Their urgencies.
    pub urgencies: &'a [given::Urgency],
    /// Their key, or the dedup key of one of their alerts.
    pub key: Option<&'a IncidentKey>,
    /// Created at this time or later. Without it PagerDuty looks back for a month; it looks at six months at most.
    pub since: Option<Timestamp>,
    /// Created before this time.
    pub until: Option<Timestamp>,
    /// The limit.
    pub limit: ListLimit,
}

fn reference(id: &impl Serialize, kind: &str) -> Value {
    json!({ "id": id, "type": kind })
}

fn assignments(users: &[UserId]) -> Value {
    let assignment = |user| json!({ "assignee": reference(user, "user_reference") });
    users.iter().map(assignment).collect()
}

impl Account<'_> {
    /// `POST /incidents`. `from` is the user who counts as its creator.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::OutcomeUnknown`] where it may have been created.
    pub async fn create_incident(
        &self,
        from: Option<&UserEmail>,
        incident: NewIncident<'_>,
    ) -> Result<Incident, Error> {
        let body = json!({ "incident": incident.to_json() });
        let answer = self.write(Method::POST, &["incidents"], from, &body).await?;
        member(Effect::Write, answer, "incident")
    }

    /// `GET /incidents/{id}`.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
    pub async fn get_incident(&self, id: &IncidentId) -> Result<Incident, Error> {
        let answer = self.read(&["incidents", id.as_str()], &[], MAX_ANSWER).await?;
        member(Effect::Read, answer, "incident")
    }

    /// `GET /incidents` by key: the newest hundred incidents of a service with this key, open or not, newest first.
    ///
    /// Key and service are looked at again in the answer, because PagerDuty also finds incidents by the key of one of
    /// their alerts and ignores filters that it does not know.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
    pub async fn find_incidents_by_key(&self, service: &ServiceId, key: &IncidentKey) -> Result<Vec<Incident>, Error> {
        // Without `date_range` PagerDuty looks back for a month only, and without `statuses[]` its default may change.
        let query = [
            ("incident_key", key.as_str()),
            ("service_ids[]", service.as_str()),
            ("statuses[]", "triggered"),
            ("statuses[]", "acknowledged"),
            ("statuses[]", "resolved"),
            ("date_range", "all"),
            ("sort_by", "created_at:desc"),
            ("limit", "100"),
        ];
        let answer = self.read(&["incidents"], &query, MAX_ANSWER).await?;
        let mut incidents: Vec<Incident> = member(Effect::Read, answer, "incidents")?;
        incidents.retain(|incident| {
            incident.incident_key.as_deref() == Some(key.as_str())
                && incident
                    .service
                    .as_ref()
                    .is_some_and(|found| found.id == service.as_str())
        });
        Ok(incidents)
    }

    /// `GET /incidents`, newest first.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
    pub async fn list_incidents(&self, filter: IncidentFilter<'_>) -> Result<Entries<Incident>, Error> {
        let limit = filter.limit.get().to_string();
        let since = filter.since.map(|time| time.to_string());
        let until = filter.until.map(|time| time.to_string());
        let mut query = vec![("sort_by", "created_at:desc"), ("limit", limit.as_str())];
        query.extend(filter.statuses.iter().map(|status| ("statuses[]", status.into_str())));
        query.extend(filter.services.iter().map(|id| ("service_ids[]", id.as_str())));
        query.extend(filter.teams.iter().map(|id| ("team_ids[]", id.as_str())));
        query.extend(
            filter
                .urgencies
                .iter()
                .map(|urgency| ("urgencies[]", urgency.into_str())),
        );
        query.extend(filter.key.map(|key| ("incident_key", key.as_str())));
        query.extend(since.iter().map(|time| ("since", time.as_str())));
        query.extend(until.iter().map(|time| ("until", time.as_str())));
        let answer = self.read(&["incidents"], &query, MAX_ANSWER).await?;
        Entries::read(answer, "incidents", Incident::from_json)
    }

    /// `PUT /incidents/{id}`.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::OutcomeUnknown`] where it may have changed.
    pub async fn update_incident(
        &self,
        from: Option<&UserEmail>,
        id: &IncidentId,
        update: IncidentUpdate<'_>,
    ) -> Result<Incident, Error> {
        let body = json!({ "incident": update.to_json() });
        let answer = self
            .write(Method::PUT, &["incidents", id.as_str()], from, &body)
            .await?;
        member(Effect::Write, answer, "incident")
    }

    /// `POST /incidents/{id}/snooze`, in whole seconds. Only an incident that is acknowledged can be snoozed.
    ///
    /// # Errors
    /// As [`Self::update_incident`].
    pub async fn snooze_incident(
        &self,
        from: Option<&UserEmail>,
        id: &IncidentId,
        length: Duration,
    ) -> Result<Incident, Error> {
        let body = json!({ "duration": length.as_secs() });
        let answer = self
            .write(Method::POST, &["incidents", id.as_str(), "snooze"], from, &body)
            .await?;
        member(Effect::Write, answer, "incident")
    }

    /// `PUT /incidents/{id}/merge`: the sources are resolved, and their alerts belong to the target from then on.
    /// PagerDuty answers with no more than a reference to the target.
    ///
    /// # Errors
    /// As [`Self::update_incident`].
    pub async fn merge_incidents(
        &self,
        from: Option<&UserEmail>,
        target: &IncidentId,
        sources: &[&IncidentId],
    ) -> Result<(), Error> {
        let sources: Vec<Value> = sources.iter().map(|id| reference(id, "incident_reference")).collect();
        let body = json!({ "source_incidents": sources });
        self.write(Method::PUT, &["incidents", target.as_str(), "merge"], from, &body)
            .await
            .map(drop)
    }
}
