//! An account of PagerDuty that accepts whatever it is asked, and remembers the requests.
//!
//! Any id exists in it. What it answers has the form that PagerDuty documents; what it cannot know, such as who is on call,
//! it leaves empty.

mod incidents;
mod routes;

use crate::report::Request as Sent;
use incidents::Incidents;
use jiff::Timestamp;
use pagerduty::webhook::EventIncident;
use provider::transport::{Answer, Interruption, Request, Sending, Transport};
use reqwest::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};
use serde_json::{Value, json};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
pub(crate) struct Account {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    now: Timestamp,
    incidents: Incidents,
    /// The fate of the next request.
    fault: Option<Fault>,
    sent: Vec<Sent>,
}

/// The fate of a request instead of being carried out and answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is refused with a status.
    Refused(StatusCode),
    /// It does not arrive.
    Unreachable,
    /// It is carried out, and the answer never comes.
    AnswerLost,
}

/// For how long an account whose rate limit is used up wants to be left alone, in seconds.
const RATE_LIMIT_RESET: &str = "30";

impl Account {
    pub(crate) fn new() -> Self {
        let state = State {
            now: Timestamp::UNIX_EPOCH,
            incidents: Incidents::default(),
            fault: None,
            sent: Vec::new(),
        };
        Self {
            state: Mutex::new(state),
        }
    }

    /// Lets the account know an incident as an event tells of it.
    pub(crate) fn knows(&self, incident: &EventIncident) {
        self.lock().incidents.knows(incident);
    }

    /// Changes an incident as an event of this type tells.
    pub(crate) fn happens(&self, incident: &str, event_type: &str, now: Timestamp) {
        let status = match event_type {
            "incident.acknowledged" => "acknowledged",
            "incident.resolved" => "resolved",
            "incident.triggered" | "incident.unacknowledged" | "incident.reopened" => "triggered",
            _ => return,
        };
        let change = serde_json::json!({ "status": status });
        self.lock().incidents.change(incident, &change, now);
    }

    /// Sets the time, and what becomes of the next request.
    pub(crate) fn prepare(&self, now: Timestamp, fault: Option<Fault>) {
        let mut state = self.lock();
        state.now = now;
        state.fault = fault;
    }

    /// The requests since this was last asked.
    pub(crate) fn take_sent(&self) -> Vec<Sent> {
        std::mem::take(&mut self.lock().sent)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Account {
    fn send(&self, request: Request) -> Sending<'_> {
        Box::pin(async move { self.lock().receive(&request) })
    }
}

impl State {
    fn receive(&mut self, request: &Request) -> Result<Answer, Interruption> {
        let body = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let outcome = match self.fault.take() {
            Some(Fault::Unreachable) => Err(Interruption::Connect("made to fail".to_owned())),
            Some(Fault::Refused(status)) => Ok((status, refusal(status))),
            Some(Fault::AnswerLost) => {
                let _lost = self.carry_out(request, &body);
                Err(Interruption::TimedOut)
            }
            None => Ok(self.carry_out(request, &body)),
        };
        let from = request.headers.get("from").and_then(|from| from.to_str().ok());
        self.sent.push(Sent {
            system: pagerduty::SYSTEM.to_owned(),
            method: request.method.to_string(),
            host: request.url.host_str().unwrap_or_default().to_owned(),
            path: shown_path(request),
            from: from.map(str::to_owned),
            body: without_routing_key(body),
            status: outcome.as_ref().ok().map(|(status, _)| status.as_u16()),
        });
        outcome.map(|(status, body)| answer(status, &body))
    }

    fn carry_out(&mut self, request: &Request, body: &Value) -> (StatusCode, Value) {
        let segments: Vec<&str> = request.url.path().split('/').filter(|part| !part.is_empty()).collect();
        let query: Vec<(String, String)> = request.url.query_pairs().into_owned().collect();
        routes::carry_out(&mut self.incidents, self.now, &request.method, &segments, &query, body)
    }
}

/// The path with its query, as a person reads it.
fn shown_path(request: &Request) -> String {
    let query: Vec<String> = request
        .url
        .query_pairs()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    match query.is_empty() {
        true => request.url.path().to_owned(),
        false => format!("{}?{}", request.url.path(), query.join("&")),
    }
}

/// A body as people may see it: the key in it is none, but people should not have to think about that.
fn without_routing_key(mut body: Value) -> Value {
    if let Some(key) = body.get_mut("routing_key") {
        *key = json!("***");
    }
    body
}

fn answer(status: StatusCode, body: &Value) -> Answer {
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    if status == StatusCode::TOO_MANY_REQUESTS {
        headers.insert("ratelimit-reset", HeaderValue::from_static(RATE_LIMIT_RESET));
    }
    Answer {
        status,
        headers,
        body: Ok(body.to_string().into_bytes()),
    }
}

/// A refusal in the words of PagerDuty's documentation, and why it came.
fn refusal(status: StatusCode) -> Value {
    let (message, code) = match status {
        StatusCode::UNAUTHORIZED => ("Authentication failed", 2006),
        StatusCode::FORBIDDEN => ("Access Denied", 2010),
        StatusCode::NOT_FOUND => ("Not Found", 2100),
        StatusCode::TOO_MANY_REQUESTS => ("Rate Limit Exceeded", 2020),
        _ => ("Invalid Input Provided", 2001),
    };
    json!({ "error": { "message": message, "code": code, "errors": ["made to fail in a rehearsal"] } })
}
