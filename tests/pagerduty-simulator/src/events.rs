//! The Events API v2: what monitoring tools and pipelines send. It has no tokens; a routing key in the body says where an
//! event goes.
//!
//! PagerDuty documents the answers 202, 400 and 429, and real bodies of the first two are known. UNVERIFIED are the words
//! for an unknown routing key, for a wrong `event_action` and for too many events, and that too large a body gets 413.

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::account::Account;
use crate::clock::milliseconds;
use crate::exchange::{Answer, Request};
use crate::fields::{self, Object};
use crate::ids::{AlertId, ServiceId};
use crate::incidents::alerts::{Alert, Severity};
use crate::incidents::create::{Draft, Responders};
use crate::incidents::transitions::Transition;
use crate::incidents::{Agent, Incident, IncidentKey, Status};

/// The length of every routing key, in characters.
const ROUTING_KEY_LENGTH: usize = 32;
/// The longest summary, in characters.
const LONGEST_SUMMARY: usize = 1024;
/// The longest dedup key, in characters.
const LONGEST_DEDUP_KEY: usize = 255;
/// The most links or images of an event.
const MOST_LINKS: usize = 50;
/// The largest body, in bytes.
const LARGEST_BODY: usize = 512 * 1024;

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Alert,
    Change,
}

/// The reason an event is not taken.
#[derive(Debug)]
enum Rejection {
    /// The body is no JSON object.
    Unrecognized,
    /// Values are missing or wrong, with a sentence for each.
    Invalid(Vec<String>),
    /// There are too many links or images.
    TooMany(String),
    TooLarge,
    TooOften,
}

impl Rejection {
    fn answer(self) -> Answer {
        let invalid = |errors: Vec<String>| json!({"status": "invalid event", "message": "Event object is invalid", "errors": errors});
        let (status, body) = match self {
            Self::Unrecognized => (
                StatusCode::BAD_REQUEST,
                json!({
                    "status": "Unrecognized object",
                    "message": "Event object format is unrecognized",
                    "errors": ["JSON parse error"],
                }),
            ),
            Self::Invalid(errors) => (StatusCode::BAD_REQUEST, invalid(errors)),
            Self::TooMany(explanation) => (StatusCode::BAD_REQUEST, json!({"error": [explanation]})),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                invalid(vec![format!("Event object exceeds {LARGEST_BODY} bytes")]),
            ),
            Self::TooOften => (
                StatusCode::TOO_MANY_REQUESTS,
                json!({"status": "throttle exceeded", "message": "Request Limit Exceeded", "errors": []}),
            ),
        };
        Answer::json(status, body)
    }
}

/// Whether a request is one of the Events API, and which.
pub(crate) fn kind(request: &Request) -> Option<Kind> {
    match (&request.method, request.path.as_str()) {
        (&Method::POST, "/v2/enqueue") => Some(Kind::Alert),
        (&Method::POST, "/v2/change/enqueue") => Some(Kind::Change),
        _ => None,
    }
}

/// Where the routing key of an event stands in the account's list, if it has it.
pub(crate) fn key_of(account: &Account, request: &Request) -> Option<usize> {
    kind(request)?;
    let event: Value = serde_json::from_slice(&request.body).ok()?;
    position(account, event.get("routing_key")?.as_str()?)
}

fn position(account: &Account, routing_key: &str) -> Option<usize> {
    account
        .routing_keys
        .iter()
        .position(|row| row.key.expose() == routing_key && account.service(&row.service).is_some())
}

/// Takes an event. 202 says no more than that it is well-formed: what it can not do anything for is dropped silently.
pub(crate) fn accept(account: &mut Account, kind: Kind, request: &Request, now: Timestamp) -> Answer {
    match take(account, kind, request, now) {
        Ok(body) => Answer::json(StatusCode::ACCEPTED, body),
        Err(rejection) => rejection.answer(),
    }
}

fn take(account: &mut Account, kind: Kind, request: &Request, now: Timestamp) -> Result<Value, Rejection> {
    if request.body.len() > LARGEST_BODY {
        return Err(Rejection::TooLarge);
    }
    let Ok(Value::Object(event)) = serde_json::from_slice(&request.body) else {
        return Err(Rejection::Unrecognized);
    };
    let key = required(&event, "routing_key", "routing_key")?;
    if key.chars().count() != ROUTING_KEY_LENGTH {
        return Err(Rejection::Invalid(vec![format!(
            "Length of 'routing_key' is incorrect (should be {ROUTING_KEY_LENGTH} characters)"
        )]));
    }
    let key = position(account, key).ok_or_else(|| invalid("'routing_key' is invalid"))?;
    let limit = account.events_per_minute;
    if account
        .event_rates
        .get_mut(key)
        .is_some_and(|window| window.count(limit, now).exceeded)
    {
        return Err(Rejection::TooOften);
    }
    for list in ["links", "images"] {
        let rows = event.get(list).and_then(Value::as_array).map_or(0, Vec::len);
        if rows > MOST_LINKS {
            return Err(Rejection::TooMany(format!(
                "{list} should have at most {MOST_LINKS} item(s)"
            )));
        }
    }
    match kind {
        Kind::Alert => alert(account, key, &event, now),
        Kind::Change => change(account, &event, now),
    }
}

fn alert(account: &mut Account, integration: usize, event: &Object, now: Timestamp) -> Result<Value, Rejection> {
    let action = required(event, "event_action", "event_action")?;
    let dedup_key = dedup_key(event)?;
    let dedup_key = match (action, dedup_key) {
        ("trigger", key) => {
            let signal = Signal::read(event)?;
            let key = key.unwrap_or_else(|| account.ids.incident_key());
            account.trigger_alert(integration, &key, signal, now);
            key
        }
        ("acknowledge" | "resolve", None) => return Err(invalid("'dedup_key' is missing or blank")),
        ("acknowledge", Some(key)) => {
            account.acknowledge_alert(integration, &key, now);
            key
        }
        ("resolve", Some(key)) => {
            account.resolve_alert(integration, &key, now);
            key
        }
        _ => return Err(invalid("'event_action' is not one of: trigger, acknowledge, resolve")),
    };
    let mut taken = event.clone();
    taken.remove("routing_key");
    let service = account.routing_keys.get(integration).map(|row| &row.service);
    taken.insert("service".to_owned(), json!(service));
    taken.insert("dedup_key".to_owned(), json!(dedup_key));
    taken.insert("received_at".to_owned(), json!(milliseconds(now)));
    account.alert_events.push(Value::Object(taken));
    Ok(json!({"status": "success", "message": "Event processed", "dedup_key": dedup_key}))
}

/// A change event opens nothing and calls nobody. It is remembered, without its routing key.
fn change(account: &mut Account, event: &Object, now: Timestamp) -> Result<Value, Rejection> {
    let payload = payload(event)?;
    summary(payload)?;
    let mut event = event.clone();
    event.remove("routing_key");
    event.insert("received_at".to_owned(), json!(milliseconds(now)));
    account.change_events.push(Value::Object(event));
    Ok(json!({"status": "success", "message": "Change event processed"}))
}

/// What an event says that triggers an alert.
#[derive(Debug)]
struct Signal {
    summary: String,
    severity: Severity,
    details: Value,
    client: Option<String>,
    client_url: Option<String>,
}

impl Signal {
    fn read(event: &Object) -> Result<Self, Rejection> {
        let payload = payload(event)?;
        let summary = summary(payload)?;
        required(payload, "source", "payload.source")?;
        let severity = required(payload, "severity", "payload.severity")?;
        let severity = Severity::of(severity).ok_or_else(|| {
            invalid("'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')")
        })?;
        let text = |name: &str| fields::text(event, name).ok().flatten().map(str::to_owned);
        Ok(Self {
            summary: summary.to_owned(),
            severity,
            details: payload.get("custom_details").cloned().unwrap_or(json!({})),
            client: text("client"),
            client_url: text("client_url"),
        })
    }
}

fn payload(event: &Object) -> Result<&Map<String, Value>, Rejection> {
    let payload = event.get("payload").and_then(Value::as_object);
    payload.ok_or_else(|| invalid("'payload' is missing or blank"))
}

fn summary(payload: &Object) -> Result<&str, Rejection> {
    let summary = required(payload, "summary", "payload.summary")?;
    if summary.chars().count() > LONGEST_SUMMARY {
        // The misspelling is PagerDuty's.
        return Err(Rejection::Invalid(vec![format!(
            "'summary' is too long (maiximum is {LONGEST_SUMMARY} characters)"
        )]));
    }
    Ok(summary)
}

fn dedup_key(event: &Object) -> Result<Option<String>, Rejection> {
    let key = event
        .get("dedup_key")
        .and_then(Value::as_str)
        .filter(|key| !key.is_empty());
    match key {
        Some(key) if key.chars().count() > LONGEST_DEDUP_KEY => Err(Rejection::Invalid(vec![format!(
            "'dedup_key' is too long (maximum is {LONGEST_DEDUP_KEY} characters)"
        )])),
        key => Ok(key.map(str::to_owned)),
    }
}

fn required<'a>(object: &'a Object, name: &str, shown: &str) -> Result<&'a str, Rejection> {
    let found = object.get(name).and_then(Value::as_str);
    found
        .filter(|text| !text.trim().is_empty())
        .ok_or_else(|| Rejection::Invalid(vec![format!("'{shown}' is missing or blank")]))
}

fn invalid(explanation: &str) -> Rejection {
    Rejection::Invalid(vec![explanation.to_owned()])
}

impl Account {
    /// Opens an incident for an alert, unless an alert with this key is open already: then the event belongs to that one
    /// and changes nothing. What PagerDuty would open no incident for is dropped.
    fn trigger_alert(&mut self, integration: usize, key: &str, signal: Signal, now: Timestamp) {
        if self.open_alert(integration, key).is_some() {
            return;
        }
        let Some(routing_key) = self.routing_keys.get(integration).cloned() else {
            return;
        };
        let Some(service) = self.service(&routing_key.service).cloned() else {
            return;
        };
        let alert = Alert {
            id: AlertId::new(self.ids.object()),
            key: key.to_owned(),
            integration: Some(integration),
            sender: routing_key.name.clone(),
            summary: signal.summary.clone(),
            severity: signal.severity,
            details: signal.details,
            created_at: now,
            resolved_at: None,
        };
        let draft = Draft {
            title: signal.summary,
            service,
            key: Some(IncidentKey::Alert(key.to_owned())),
            alert: Some(alert),
            urgency: None,
            priority: None,
            responders: Responders::OfService,
            details: None,
            incident_type: None,
            conference_bridge: None,
        };
        let agent = Agent::Integration {
            name: routing_key.name,
            client: signal.client.map(|name| (name, signal.client_url)),
        };
        // Nobody is told that there is no incident: 202 says that the event was taken.
        let _opened = self.open(draft, agent, now);
    }

    fn acknowledge_alert(&mut self, integration: usize, key: &str, now: Timestamp) {
        if let Some(mut transition) = self.with_open_alert(integration, key, now)
            && transition.incident.status == Status::Triggered
        {
            transition.acknowledge();
        }
    }

    /// Resolves an alert, and with the last one its incident.
    fn resolve_alert(&mut self, integration: usize, key: &str, now: Timestamp) {
        let Some(mut transition) = self.with_open_alert(integration, key, now) else {
            return;
        };
        let alerts = &mut transition.incident.alerts;
        for alert in alerts.iter_mut().filter(|alert| alert.key == key) {
            alert.resolve(now);
        }
        if alerts.iter().any(Alert::is_open) {
            let incident = transition.incident.clone();
            self.store(incident);
        } else {
            transition.resolve(None);
        }
    }

    /// The incident with the open alert of this key that came by this integration.
    fn open_alert(&self, integration: usize, key: &str) -> Option<&Incident> {
        let service: &ServiceId = &self.routing_keys.get(integration)?.service;
        self.incidents.iter().find(|incident| {
            &incident.service == service
                && incident.status != Status::Resolved
                && incident.alerts.iter().any(|alert| {
                    alert.key == key && alert.is_open() && alert.integration.is_none_or(|own| own == integration)
                })
        })
    }

    fn with_open_alert(&mut self, integration: usize, key: &str, now: Timestamp) -> Option<Transition<'_>> {
        let incident = self.open_alert(integration, key)?.clone();
        let name = self.routing_keys.get(integration)?.name.clone();
        Some(Transition {
            account: self,
            incident,
            agent: Agent::Integration { name, client: None },
            now,
        })
    }
}
