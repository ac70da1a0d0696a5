//! PagerDuty's REST API and its Events API, as far as Pagerflow uses them.
//!
//! A [`Client`] belongs to one address and is made once; an [`Account`] adds the token and a time limit and is made for
//! every use, so that a refreshed token needs no new client. Each method is one request and repeats nothing. Ids in a
//! path come from the checked types of [`ids`](crate::ids), everything else travels as typed JSON, as an escaped query
//! or, for the user's e-mail, as a checked header. [`Events`] is the same for the Events API.

mod alerts;
mod base_url;
mod custom_fields;
mod events;
mod exchange;
mod incident_workflows;
mod incidents;
mod lists;
mod log_entries;
mod notes;
mod oncalls;
mod responders;
mod routing_key;
mod status_updates;
mod token;
mod users;
mod webhook_subscriptions;

use std::{sync::Arc, time::Duration};

use reqwest::{
    Method,
    header::{self, HeaderMap, HeaderValue},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use alerts::Alert;
pub use base_url::{BaseUrl, InvalidBaseUrl, ServiceRegion};
pub use custom_fields::FieldValue;
pub use events::{AlertEvent, AlertPayload, Change, ChangePayload, Events, Link, NewAlert, Taken};
pub use incident_workflows::WorkflowInstance;
pub use incidents::{ConferenceBridge, IncidentFilter, IncidentUpdate, NewIncident, Responsible};
pub use lists::{ListPage, MAX_PAGE};
pub use log_entries::LogEntry;
pub use notes::{Note, WrittenNote};
pub use oncalls::{Oncall, OncallFilter};
pub use responders::{NewResponderRequest, ResponderRequest};
pub use routing_key::{InvalidRoutingKey, RoutingKey};
pub use status_updates::{NewStatusUpdate, StatusUpdate};
pub use token::{ApiToken, InvalidToken, TokenKind};
pub(crate) use webhook_subscriptions::LIST as SUBSCRIPTIONS;
pub use webhook_subscriptions::{
    CreatedWebhookSubscription, MAX_SUBSCRIPTIONS_OF_A_SCOPE, NewWebhookSubscription, SubscriptionScope,
    WebhookSubscription,
};

use self::exchange::{Answered, exchange, unclear};
use crate::{
    error::{Api, Error, Failure},
    ids::UserEmail,
};
use provider::{
    http::REQUEST_TIME_LIMIT,
    transport::{Request, Transport},
    verdict::Effect,
};

/// The media type that asks for version 2 of the REST API.
const MEDIA_TYPE: &str = "application/vnd.pagerduty+json;version=2";

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 2 * 1024 * 1024;

/// Requests to one address of PagerDuty's REST API.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    base_url: BaseUrl,
}

impl Client {
    /// Takes what carries the requests, usually an [`HttpTransport`](provider::http::HttpTransport), and the address.
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

/// The first entries of a list that an action reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Entries<T> {
    /// Its entries. Those that could not be read are left out.
    pub list: Vec<T>,
    /// True if PagerDuty has more of them.
    pub more: bool,
}

impl<T> Entries<T> {
    fn read(answer: Value, name: &str, entry: impl Fn(&Value) -> Option<T>) -> Result<Self, Error> {
        let more = answer.get("more").and_then(Value::as_bool).unwrap_or(false);
        let entries: Vec<Value> = member(Effect::Read, answer, name)?;
        Ok(Self {
            list: entries.iter().filter_map(entry).collect(),
            more,
        })
    }
}

/// One account of PagerDuty.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    client: &'a Client,
    token: &'a ApiToken,
    time_limit: Duration,
}

impl Account<'_> {
    /// Shortens (or extends) the time that each request may take; without it that is [`REQUEST_TIME_LIMIT`].
    #[must_use]
    pub fn with_time_limit(self, time_limit: Duration) -> Self {
        Self { time_limit, ..self }
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
        exchange(Api::Rest, Effect::Read, &*self.client.transport, request).await
    }

    /// `from` is the user who counts as the one who did it. The token of a user needs none; with another one, PagerDuty
    /// refuses most changes without it.
    async fn write(
        &self,
        method: Method,
        path: &[&str],
        from: Option<&UserEmail>,
        body: &Value,
    ) -> Result<Value, Error> {
        let mut headers = self.headers();
        // Never fails: the address was checked. Without it PagerDuty answers 400, which is the right error.
        if let Some(Ok(from)) = from.map(|from| HeaderValue::from_str(from.as_str())) {
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
        let answered = exchange(Api::Rest, Effect::Write, &*self.client.transport, request).await?;
        Ok(answered.body)
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(MEDIA_TYPE));
        // PagerDuty's description of its API demands it of every request, also of those without a body.
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // Never fails: the token was checked. Without it PagerDuty answers 401, which is the right error.
        if let Ok(value) = self.token.authorization() {
            headers.insert(header::AUTHORIZATION, value);
        }
        headers
    }
}

fn member<T: DeserializeOwned>(effect: Effect, mut answer: Value, name: &str) -> Result<T, Error> {
    let member = answer.get_mut(name).map(Value::take).unwrap_or_default();
    serde_json::from_value(member).map_err(|error| unclear(effect, Failure::unreadable(&error)))
}

#[cfg(test)]
mod tests;
