//! PagerDuty's REST API and its Events API, as far as Pagerflow uses them.
//!
//! A [`Client`] belongs to one address and is made once; an [`Account`] adds the token and a time limit and is made for
//! every use, so that a refreshed token needs no new client. Each method is one request and repeats nothing. Ids in a
//! path come from the checked types of [`ids`](crate::ids), everything else travels as typed JSON, as an escaped query
//! or, for the user's e-mail, as a checked header. [`Events`] is the same for the Events API.

mod base_url;
mod events;
mod exchange;
mod http_transport;
mod lists;
mod rate_limit;
mod routing_key;
mod token;
mod transport;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use reqwest::{
    Method,
    header::{self, HeaderMap, HeaderValue},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub use base_url::{BaseUrl, InvalidBaseUrl, ServiceRegion};
pub use events::{AlertEvent, AlertPayload, Change, ChangePayload, Events, Link, NewAlert, Taken};
pub use http_transport::{ConnectionError, HttpTransport, REQUEST_TIME_LIMIT};
pub use lists::{ListPage, MAX_PAGE};
pub use rate_limit::RateLimit;
pub use routing_key::{InvalidRoutingKey, RoutingKey};
pub use token::{ApiToken, InvalidToken, TokenKind};
pub use transport::{Answer, Interruption, Request, Sending, Transport};

use self::exchange::{Answered, Effect, exchange};
use crate::{
    error::{Error, Failure},
    ids::{EscalationPolicyId, IdempotencyKey, IncidentId, ServiceId, UserEmail},
    incident::{Incident, IncidentStatus},
    lenient,
};

/// The media type that asks for version 2 of the REST API.
const MEDIA_TYPE: &str = "application/vnd.pagerduty+json;version=2";

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 2 * 1024 * 1024;

/// The largest list of notes that is read, in bytes. PagerDuty sends up to 2000 notes at once.
const MAX_NOTES_ANSWER: usize = 16 * 1024 * 1024;

/// Requests to one address of PagerDuty's REST API.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    base_url: BaseUrl,
}

impl Client {
    /// Takes what carries the requests, usually an [`HttpTransport`], and the address.
    pub fn new(transport: Arc<dyn Transport>, base_url: BaseUrl) -> Self {
        Self { transport, base_url }
    }

    /// The account that a token opens.
    pub fn account<'a>(&'a self, token: &'a ApiToken) -> Account<'a> {
        Account {
            client: self,
            token,
            time_limit: REQUEST_TIME_LIMIT,
        }
    }
}

/// One account of PagerDuty.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    client: &'a Client,
    token: &'a ApiToken,
    time_limit: Duration,
}

/// An incident that is to be created.
#[derive(Debug, Clone, Copy)]
pub struct NewIncident<'a> {
    /// Its title.
    pub title: &'a str,
    /// The service that it is for.
    pub service: &'a ServiceId,
    /// The escalation policy that it follows instead of the service's own.
    pub escalation_policy: &'a EscalationPolicyId,
    /// While an incident with this key is open on the service, PagerDuty refuses to create another.
    pub incident_key: Option<&'a IdempotencyKey>,
}

/// A note on an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// Its id.
    pub id: Option<String>,
    /// What it says.
    pub content: String,
    /// When it was written.
    pub created_at: Option<Timestamp>,
}

impl Note {
    fn from_json(object: &Value) -> Option<Self> {
        Some(Self {
            id: lenient::text(object, "id"),
            content: lenient::text(object, "content")?,
            created_at: lenient::time(object, "created_at"),
        })
    }
}

impl Account<'_> {
    /// Shortens (or extends) the time that each request may take; without it that is [`REQUEST_TIME_LIMIT`].
    #[must_use]
    pub fn with_time_limit(self, time_limit: Duration) -> Self {
        Self { time_limit, ..self }
    }

    /// `POST /incidents`. `from` is the user who counts as its creator.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::OutcomeUnknown`] where it may have been created.
    pub async fn create_incident(&self, from: &UserEmail, incident: NewIncident<'_>) -> Result<Incident, Error> {
        let mut wanted = json!({
            "type": "incident",
            "title": incident.title,
            "service": { "id": incident.service, "type": "service_reference" },
            "escalation_policy": { "id": incident.escalation_policy, "type": "escalation_policy_reference" },
        });
        if let (Some(key), Some(fields)) = (incident.incident_key, wanted.as_object_mut()) {
            fields.insert("incident_key".to_owned(), json!(key));
        }
        let answer = self
            .write(Method::POST, &["incidents"], from, &json!({ "incident": wanted }))
            .await?;
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
    pub async fn find_incidents_by_key(
        &self,
        service: &ServiceId,
        key: &IdempotencyKey,
    ) -> Result<Vec<Incident>, Error> {
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

    /// `PUT /incidents/{id}` with another status. Anything but `resolved` reopens an incident that is resolved.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::OutcomeUnknown`] where the status may have changed.
    pub async fn set_status(
        &self,
        from: &UserEmail,
        id: &IncidentId,
        status: &IncidentStatus,
    ) -> Result<Incident, Error> {
        let body = json!({ "incident": { "type": "incident_reference", "status": status } });
        let answer = self
            .write(Method::PUT, &["incidents", id.as_str()], from, &body)
            .await?;
        member(Effect::Write, answer, "incident")
    }

    /// `GET /incidents/{id}/notes`: all of them, PagerDuty does not page this list.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::Unavailable`] where PagerDuty could not answer.
    pub async fn notes(&self, id: &IncidentId) -> Result<Vec<Note>, Error> {
        let answer = self
            .read(&["incidents", id.as_str(), "notes"], &[], MAX_NOTES_ANSWER)
            .await?;
        let notes: Vec<Value> = member(Effect::Read, answer, "notes")?;
        Ok(notes.iter().filter_map(Note::from_json).collect())
    }

    /// `POST /incidents/{id}/notes`. PagerDuty accepts a second note with the same text.
    ///
    /// # Errors
    /// Any of [`Error`]'s refusals; [`Error::OutcomeUnknown`] where the note may have been added.
    pub async fn add_note(&self, from: &UserEmail, id: &IncidentId, content: &str) -> Result<(), Error> {
        let body = json!({ "note": { "content": content } });
        self.write(Method::POST, &["incidents", id.as_str(), "notes"], from, &body)
            .await
            .map(drop)
    }

    async fn read(&self, path: &[&str], query: &[(&str, &str)], limit: usize) -> Result<Value, Error> {
        self.ask(path, query, limit).await.map(|answered| answered.body)
    }

    async fn ask(&self, path: &[&str], query: &[(&str, &str)], limit: usize) -> Result<Answered, Error> {
        let mut url = self.client.base_url.join(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = Request {
            method: Method::GET,
            url,
            headers: self.headers(),
            body: Vec::new(),
            time_limit: self.time_limit,
            answer_limit: limit,
        };
        exchange(Effect::Read, &*self.client.transport, request).await
    }

    async fn write(&self, method: Method, path: &[&str], from: &UserEmail, body: &Value) -> Result<Value, Error> {
        let mut headers = self.headers();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // Never fails: the address was checked. Without it PagerDuty answers 400, which is the right error.
        if let Ok(from) = HeaderValue::from_str(from.as_str()) {
            headers.insert(header::FROM, from);
        }
        let request = Request {
            method,
            url: self.client.base_url.join(path),
            headers,
            body: body.to_string().into_bytes(),
            time_limit: self.time_limit,
            answer_limit: MAX_ANSWER,
        };
        let answered = exchange(Effect::Write, &*self.client.transport, request).await?;
        Ok(answered.body)
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(MEDIA_TYPE));
        // Never fails: the token was checked. Without it PagerDuty answers 401, which is the right error.
        if let Ok(value) = self.token.authorization() {
            headers.insert(header::AUTHORIZATION, value);
        }
        headers
    }
}

fn member<T: DeserializeOwned>(effect: Effect, mut answer: Value, name: &str) -> Result<T, Error> {
    let member = answer.get_mut(name).map(Value::take).unwrap_or_default();
    serde_json::from_value(member).map_err(|error| effect.unclear(Failure::unreadable(&error)))
}

#[cfg(test)]
mod tests;
