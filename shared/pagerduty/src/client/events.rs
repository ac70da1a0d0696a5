//! PagerDuty's Events API v2, by which monitoring tells of alerts and changes.
//!
//! It knows no token and no user: the routing key in the body is all that it asks for. So it has a client of its own, by
//! which a token of the REST API can not get there. PagerDuty accepts an event (202) before it works on it, so a success
//! says that the event arrived and not that there is an incident.

use provider::verdict::Effect;
use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use reqwest::{
    Method,
    header::{self, HeaderMap, HeaderValue},
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{BaseUrl, MAX_ANSWER, REQUEST_TIME_LIMIT, Request, RoutingKey, Transport, exchange::exchange};
use crate::{
    error::{Api, Error},
    lenient,
};

/// Requests to one address of PagerDuty's Events API.
#[derive(Debug, Clone)]
pub struct Events {
    transport: Arc<dyn Transport>,
    base_url: BaseUrl,
    time_limit: Duration,
}

/// An event about an alert.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "event_action")]
pub enum AlertEvent<'a> {
    /// Something is wrong.
    Trigger(NewAlert<'a>),
    /// A person works on it.
    Acknowledge {
        /// The key of the alert.
        dedup_key: &'a str,
    },
    /// It is over.
    Resolve {
        /// The key of the alert.
        dedup_key: &'a str,
    },
}

/// An alert that is to be opened, or added to if one with its key is open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NewAlert<'a> {
    /// The dedup key. Without one PagerDuty makes one up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dedup_key: Option<&'a str>,
    /// The problem.
    pub payload: AlertPayload<'a>,
    /// The name of the sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<&'a str>,
    /// The page of the sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_url: Option<&'a str>,
    /// Links for people. PagerDuty documents that it keeps 50.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub links: &'a [Link],
}

/// The content of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AlertPayload<'a> {
    /// The problem in a line; PagerDuty takes 1 to 1024 characters.
    pub summary: &'a str,
    /// The source of the problem: a host, a service.
    pub source: &'a str,
    /// The severity, in PagerDuty's word.
    pub severity: &'a str,
    /// The time when it was noticed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// The part that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<&'a str>,
    /// The group of the part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<&'a str>,
    /// The class of the fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<&'a str>,
    /// Anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_details: Option<&'a Map<String, Value>>,
}

/// A change that people may want to know of, such as a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Change<'a> {
    /// The content.
    pub payload: ChangePayload<'a>,
    /// Links for people.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub links: &'a [Link],
}

/// The content of a change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ChangePayload<'a> {
    /// The change in a line; PagerDuty takes 1 to 1024 characters.
    pub summary: &'a str,
    /// The place of the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'a str>,
    /// The time when it was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// Anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_details: Option<&'a Map<String, Value>>,
}

/// Something to open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Its address.
    pub href: String,
    /// Its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// The answer of the Events API to an event that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// In its words.
    pub message: Option<String>,
    /// The key of the alert; a change has none.
    pub dedup_key: Option<String>,
}

impl Events {
    /// Takes what carries the requests, usually an [`HttpTransport`](provider::http::HttpTransport), and the address.
    pub fn new(transport: Arc<dyn Transport>, base_url: BaseUrl) -> Self {
        Self {
            transport,
            base_url,
            time_limit: REQUEST_TIME_LIMIT,
        }
    }

    /// Shortens (or extends) the time that each request may take; without it that is [`REQUEST_TIME_LIMIT`].
    #[must_use]
    pub fn with_time_limit(&self, time_limit: Duration) -> Self {
        Self {
            time_limit,
            ..self.clone()
        }
    }

    /// `POST /v2/enqueue`. A second trigger with the key of an open alert opens nothing; PagerDuty drops what is to be
    /// acknowledged or resolved and is not open, without saying so.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] or [`Error::RateLimited`]; [`Error::OutcomeUnknown`] where it may have arrived.
    pub async fn send(&self, key: &RoutingKey, event: &AlertEvent<'_>) -> Result<Taken, Error> {
        self.post(&["v2", "enqueue"], key, event).await
    }

    /// `POST /v2/change/enqueue`. Each one is shown, also a second one of the same words.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn send_change(&self, key: &RoutingKey, change: &Change<'_>) -> Result<Taken, Error> {
        self.post(&["v2", "change", "enqueue"], key, change).await
    }

    async fn post(&self, path: &[&str], key: &RoutingKey, event: &impl Serialize) -> Result<Taken, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut body = json!(event);
        if let Some(fields) = body.as_object_mut() {
            fields.insert("routing_key".to_owned(), json!(key.expose()));
        }
        let request = Request {
            method: Method::POST,
            url: self.base_url.join(path),
            headers,
            body: body.to_string().into_bytes(),
            time_limit: self.time_limit,
            answer_limit: MAX_ANSWER,
        };
        let answer = exchange(Api::Events, Effect::Write, &*self.transport, request)
            .await?
            .body;
        Ok(Taken {
            message: lenient::text(&answer, "message"),
            dedup_key: lenient::text(&answer, "dedup_key"),
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::scripted::{Answer, PagerDuty, ROUTING_KEY, SOON, routing_key};

    fn resolve() -> AlertEvent<'static> {
        AlertEvent::Resolve {
            dedup_key: "disk-web-1",
        }
    }

    fn taken() -> Answer {
        Answer::json(
            202,
            &json!({"status": "success", "message": "Event processed", "dedup_key": "disk-web-1"}),
        )
    }

    #[tokio::test]
    async fn an_event_has_its_key_in_the_body_and_neither_token_nor_user() {
        let pagerduty = PagerDuty::that_answers([taken()]).await;

        let answer = pagerduty.events().send(&routing_key(), &resolve()).await.unwrap();

        assert_eq!(answer.dedup_key.as_deref(), Some("disk-web-1"));
        let [request] = pagerduty.requests().try_into().unwrap();
        assert_eq!(request.line(), "POST /v2/enqueue");
        assert_eq!(
            request.json(),
            json!({"routing_key": ROUTING_KEY, "event_action": "resolve", "dedup_key": "disk-web-1"})
        );
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!((request.header("authorization"), request.header("from")), (None, None));
    }

    #[rstest]
    #[case::invalid(
        400,
        json!({"status": "invalid event", "message": "Event object is invalid", "errors": ["'payload.source' is missing or blank"]}),
        "PagerDuty.InvalidRequest",
        "Event object is invalid; 'payload.source' is missing or blank"
    )]
    #[case::too_many(
        429,
        json!({"status": "throttle exceeded", "message": "Request Limit Exceeded", "errors": []}),
        "PagerDuty.RateLimited",
        "Request Limit Exceeded"
    )]
    #[case::fault(500, json!({}), "PagerDuty.OutcomeUnknown", "answered 500")]
    #[case::key_of_no_use(403, json!({}), "PagerDuty.Forbidden", "Check the routing key")]
    #[tokio::test]
    async fn a_refusal_keeps_the_words_of_the_events_api(
        #[case] status: u16,
        #[case] body: Value,
        #[case] name: &str,
        #[case] words: &str,
    ) {
        let pagerduty = PagerDuty::that_answers([Answer::json(status, &body)]).await;

        let error = pagerduty.events().send(&routing_key(), &resolve()).await.unwrap_err();

        assert_eq!(error.name(), name);
        assert!(error.to_string().contains(words), "{error}");
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed_with_the_key() {
        let elsewhere = Answer::Text(307, &[("location", "https://elsewhere.example.com/")], String::new());
        let pagerduty = PagerDuty::that_answers([elsewhere]).await;

        let error = pagerduty.events().send(&routing_key(), &resolve()).await.unwrap_err();

        assert_eq!(error.name(), "PagerDuty.OutcomeUnknown");
        assert_eq!(pagerduty.requests().len(), 1);
    }

    #[tokio::test]
    async fn no_error_shows_the_routing_key() {
        let pagerduty = PagerDuty::that_answers([Answer::empty(400), Answer::empty(503), Answer::Silence]).await;
        let events = pagerduty.events().with_time_limit(SOON);

        for _ in 0..3 {
            let error = events.send(&routing_key(), &resolve()).await.unwrap_err();
            assert!(!format!("{error} {error:?} {events:?}").contains(ROUTING_KEY));
        }
    }
}
