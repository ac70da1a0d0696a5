//! Webhooks: who gets them, and their bytes.

pub(crate) mod event;
pub(crate) mod extensions;
pub(crate) mod signature;
pub(crate) mod subscriptions;
pub(crate) mod v2;
pub(crate) mod v3;

use std::fmt;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::account::Account;
use crate::fields::{self, Object};
use crate::ids::{HookId, WebhookId};
use crate::incidents::{Agent, Incident};
use crate::refusal::Refusal;
use crate::secret::{REDACTED, Secret};
use event::Event;

/// A webhook, ready to be sent: the same bytes, headers and id at each attempt.
#[derive(Clone)]
pub struct Webhook {
    /// Its id, sent as `x-webhook-id`.
    pub id: WebhookId,
    /// The subscription or extension that it is for.
    pub hook: HookId,
    /// The incident, or whatever else it is about. Webhooks of one hook about one resource are delivered in order.
    pub resource: String,
    /// Its type: `incident.triggered` in V3, `incident.trigger` in V2.
    pub event_type: String,
    /// Where it goes.
    pub url: String,
    /// The headers that PagerDuty sets.
    pub headers: Vec<(String, String)>,
    /// The headers that the account's owner wanted to be sent as well.
    pub custom_headers: Vec<CustomHeader>,
    /// The body, byte for byte.
    pub body: String,
}

impl fmt::Debug for Webhook {
    /// Leaves the body out: in V2 it shows the values of custom headers.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Webhook")
            .field("id", &self.id)
            .field("hook", &self.hook)
            .field("resource", &self.resource)
            .field("event_type", &self.event_type)
            .field("url", &self.url)
            .field("headers", &self.headers)
            .field("custom_headers", &self.custom_headers)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// A header that the owner of a subscription or an extension wants to be sent with each webhook.
#[derive(Debug, Clone)]
pub struct CustomHeader {
    pub name: String,
    /// Its value, which can be a credential.
    pub value: Secret,
}

impl CustomHeader {
    /// Reads the list of custom headers in a request. A name must be one that HTTP allows, and occur once.
    fn list(fields: &Object, name: &str) -> Result<Vec<Self>, Refusal> {
        let mut headers: Vec<Self> = Vec::new();
        for row in fields::array(fields, name)?.into_iter().flatten() {
            let refused = || Refusal::invalid(format!("{name} must each have a name and a value"));
            let row = row.as_object().ok_or_else(refused)?;
            let header = fields::text(row, "name")?.ok_or_else(refused)?;
            let value = fields::text(row, "value")?.ok_or_else(refused)?;
            if http::HeaderName::try_from(header).is_err() || http::HeaderValue::try_from(value).is_err() {
                return Err(Refusal::invalid(format!("{name} must be valid HTTP headers")));
            }
            if headers.iter().any(|other| other.name.eq_ignore_ascii_case(header)) {
                return Err(Refusal::invalid(format!("{name} must have unique names")));
            }
            headers.push(Self {
                name: header.to_owned(),
                value: Secret::new(value),
            });
        }
        Ok(headers)
    }

    /// The header as the API shows it once it is stored: without its value.
    fn redacted(&self) -> Value {
        json!({"name": self.name, "value": REDACTED})
    }
}

impl Account {
    /// Sends what has happened to an incident to all whom it concerns.
    pub(crate) fn publish(&mut self, incident: &Incident, event: &Event, agent: &Agent, now: Timestamp) {
        let v3 = v3::webhooks(self, incident, event, agent, now);
        let v2 = v2::webhooks(self, incident, event, now);
        self.outgoing.extend(v3);
        self.outgoing.extend(v2);
    }
}

/// True if something that was switched off until a point in time is on by now.
fn is_on(disabled_until: Option<Timestamp>, now: Timestamp) -> bool {
    disabled_until.is_none_or(|until| until <= now)
}
