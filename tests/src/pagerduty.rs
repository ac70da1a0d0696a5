//! The simulated PagerDuty, over its REST API and the simulator's control API.

use crate::Error;
use serde_json::{Value, json};
use std::{
    thread,
    time::{Duration, Instant},
};

/// The time that an answer may take. The simulator runs on this machine.
const TIMEOUT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);

/// The simulated PagerDuty at a URL.
#[derive(Debug, Clone)]
pub struct PagerDuty {
    url: String,
}

/// A webhook subscription, as the answer to its creation tells it. Its secret is told only once.
#[derive(Clone)]
pub struct Subscription {
    pub id: String,
    /// The secret with which its deliveries are signed.
    pub secret: String,
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl PagerDuty {
    /// The API token of the account that the simulator starts with.
    pub const TOKEN: &str = "sim-account-token-01";
    /// A user who may do everything.
    pub const ON_CALL: &str = "oncall@example.com";
    /// A service whose incidents start the workflows of the demo and the tests.
    pub const MONITORED_SERVICE: &str = "PWIXJZS";
    /// A service that tickets are opened on.
    pub const TICKET_SERVICE: &str = "PSVC8R2";
    /// The escalation policy of both.
    pub const ESCALATION_POLICY: &str = "PT20YPA";

    /// The simulator at a URL.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into() }
    }

    /// Lets PagerDuty take as many requests of a token as come, and forget what it knows so far.
    ///
    /// # Errors
    /// The simulator did not answer, or refused.
    pub fn lift_rate_limit(&self) -> Result<(), Error> {
        let path = "/_simulator/seed";
        let request = agent().post(self.path(path)).header("authorization", authorization());
        let answer = request.send_json(json!({ "requests_per_minute": u32::MAX }));
        answer
            .map(|_| ())
            .map_err(|source| failed(&format!("POST {path}"), source))
    }

    /// Subscribes `url` to `events` of a service, as a person would in PagerDuty. Deliveries carry the API key.
    ///
    /// # Errors
    /// The simulator did not answer, or refused.
    pub fn subscribe(&self, url: &str, service: &str, events: &[&str], api_key: &str) -> Result<Subscription, Error> {
        let answer = self.post(
            "/webhook_subscriptions",
            &json!({"webhook_subscription": {
                "type": "webhook_subscription",
                "description": "Pagerflow",
                "events": events,
                "filter": {"type": "service_reference", "id": service},
                "delivery_method": {
                    "type": "http_delivery_method",
                    "url": url,
                    "custom_headers": [{"name": "x-api-key", "value": api_key}],
                },
            }}),
        )?;
        Ok(Subscription {
            id: text(&answer, "/webhook_subscription/id", "subscription id")?,
            secret: text(
                &answer,
                "/webhook_subscription/delivery_method/secret",
                "signing secret",
            )?,
        })
    }

    /// Adds a Generic V2 Webhook extension to a service. Deliveries carry the API key, and no signature.
    ///
    /// # Errors
    /// The simulator did not answer, or refused.
    pub fn extend(&self, url: &str, service: &str, api_key: &str) -> Result<String, Error> {
        let answer = self.post(
            "/extensions",
            &json!({"extension": {
                "name": "Pagerflow",
                "endpoint_url": url,
                "extension_schema": {"id": "PJFWPEP", "type": "extension_schema_reference"},
                "extension_objects": [{"id": service, "type": "service_reference"}],
                "config": {"headers": [{"name": "x-api-key", "value": api_key}]},
            }}),
        )?;
        text(&answer, "/extension/id", "extension id")
    }

    /// Removes a webhook subscription.
    ///
    /// # Errors
    /// The simulator did not answer, or refused.
    pub fn unsubscribe(&self, subscription: &str) -> Result<(), Error> {
        let request = agent().delete(self.path(&format!("/webhook_subscriptions/{subscription}")));
        let request = request.header("authorization", authorization());
        request
            .call()
            .map(|_| ())
            .map_err(|source| failed("DELETE /webhook_subscriptions", source))
    }

    /// Has PagerDuty send a ping to a webhook subscription.
    ///
    /// # Errors
    /// The simulator did not answer, or refused.
    pub fn ping(&self, subscription: &str) -> Result<(), Error> {
        let request = agent().post(self.path(&format!("/webhook_subscriptions/{subscription}/ping")));
        let request = request.header("authorization", authorization());
        request
            .send_empty()
            .map(|_| ())
            .map_err(|source| failed("POST /webhook_subscriptions", source))
    }

    /// Opens an incident as a monitoring tool does, and gives its id. Its webhooks go out at once.
    ///
    /// # Errors
    /// The simulator did not answer, or refused.
    pub fn trigger(&self, title: &str, service: &str) -> Result<String, Error> {
        let answer = self.post("/_simulator/incidents", &json!({"title": title, "service": service}))?;
        text(&answer, "/incident/id", "incident")
    }

    /// Resolves an incident as a person does.
    ///
    /// # Errors
    /// The simulator did not answer, or refused.
    pub fn resolve(&self, incident: &str) -> Result<(), Error> {
        let request = agent().put(self.path(&format!("/incidents/{incident}")));
        let request = request
            .header("authorization", authorization())
            .header("from", Self::ON_CALL);
        let resolved = json!({"incident": {"type": "incident_reference", "status": "resolved"}});
        request
            .send_json(resolved)
            .map(|_| ())
            .map_err(|source| failed("PUT /incidents", source))
    }

    /// All incidents as PagerDuty has them now: `incident`, and its `notes` and `log_entries`.
    ///
    /// # Errors
    /// The simulator did not answer.
    pub fn incidents(&self) -> Result<Vec<Value>, Error> {
        Ok(list(self.get("/_simulator/incidents")?, "incidents"))
    }

    /// The incidents whose title holds a text.
    ///
    /// # Errors
    /// The simulator did not answer.
    pub fn incidents_titled(&self, part: &str) -> Result<Vec<Value>, Error> {
        let titled = |entry: &Value| {
            entry
                .pointer("/incident/title")
                .and_then(Value::as_str)
                .is_some_and(|title| title.contains(part))
        };
        Ok(self.incidents()?.into_iter().filter(titled).collect())
    }

    /// The requests that PagerDuty has received, without those of people who look at it.
    ///
    /// # Errors
    /// The simulator did not answer.
    pub fn requests(&self) -> Result<Vec<Value>, Error> {
        Ok(list(self.get("/_simulator/requests")?, "requests"))
    }

    /// The first delivery to a URL that tells of an incident, once it has been answered.
    ///
    /// # Errors
    /// There is none within the time.
    pub fn delivery(&self, url: &str, incident: &str, within: Duration) -> Result<Value, Error> {
        let deadline = Instant::now() + within;
        loop {
            let deliveries = list(self.get("/_simulator/deliveries")?, "deliveries");
            let answered = deliveries.into_iter().find(|delivery| {
                delivery.get("url").is_some_and(|to| to == url)
                    && delivery
                        .get("body")
                        .and_then(Value::as_str)
                        .is_some_and(|body| body.contains(incident))
                    && delivery.pointer("/attempts/0").is_some()
            });
            match answered {
                Some(delivery) => return Ok(delivery),
                None if Instant::now() > deadline => {
                    return Err(Error::TimedOut {
                        what: "the delivery of the webhook",
                        seconds: within.as_secs(),
                    });
                }
                None => thread::sleep(POLL),
            }
        }
    }

    /// Sends copies of a delivery at once and gives the answer to each: `status` and `body`. The copies are as the
    /// delivery was, but for what `changes` says: `headers` to replace, or to leave out where null, and `body`.
    ///
    /// # Errors
    /// The simulator did not answer.
    pub fn redeliver(&self, delivery: &str, times: u32, changes: &Value) -> Result<Vec<Value>, Error> {
        let mut redelivery = changes.clone();
        if let Some(fields) = redelivery.as_object_mut() {
            fields.insert("times".to_owned(), json!(times));
        }
        let answer = self.post(&format!("/_simulator/deliveries/{delivery}/redeliver"), &redelivery)?;
        Ok(list(answer, "answers"))
    }

    fn path(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn get(&self, path: &str) -> Result<Value, Error> {
        let request = agent().get(self.path(path)).header("authorization", authorization());
        read(request.call(), &format!("GET {path}"))
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, Error> {
        let request = agent().post(self.path(path)).header("authorization", authorization());
        let request = request.header("from", "manager@example.com");
        read(request.send_json(body), &format!("POST {path}"))
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .proxy(None)
        .timeout_global(Some(TIMEOUT))
        .build()
        .new_agent()
}

fn authorization() -> String {
    format!("Token token={}", PagerDuty::TOKEN)
}

fn failed(request: &str, source: ureq::Error) -> Error {
    Error::Simulator {
        request: request.to_owned(),
        source: Box::new(source),
    }
}

fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>, request: &str) -> Result<Value, Error> {
    answer
        .and_then(|mut answer| answer.body_mut().read_json())
        .map_err(|source| failed(request, source))
}

fn list(mut answer: Value, name: &str) -> Vec<Value> {
    match answer.get_mut(name).map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

fn text(answer: &Value, pointer: &str, missing: &'static str) -> Result<String, Error> {
    let text = answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| Error::Answer {
        from: "the PagerDuty simulator",
        missing,
        answer: answer.to_string(),
    })
}
