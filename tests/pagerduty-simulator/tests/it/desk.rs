//! A desk from which a test talks to a PagerDuty without a network.

use http::Method;
use http::header::{AUTHORIZATION, FROM, HeaderName};
use jiff::{SignedDuration, Timestamp};
use pagerduty_simulator::{DeliveryPolicy, Ids, PagerDuty, Parcel, Reply, Request, Seed};
use serde_json::{Value, json};

pub(crate) const ONCALL: &str = "oncall@example.com";
pub(crate) const MANAGER: &str = "manager@example.com";
pub(crate) const STAKEHOLDER: &str = "stakeholder@example.com";

/// A PagerDuty, a time, and the credentials with which it is asked.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) pagerduty: PagerDuty,
    pub(crate) now: Timestamp,
    authorization: String,
    from: Option<String>,
}

impl Desk {
    /// The default account, asked with its own token on behalf of the user on call.
    pub(crate) fn new() -> Self {
        Self::with_seed(Seed::default())
    }

    pub(crate) fn with_seed(seed: Seed) -> Self {
        let now = "2026-03-01T08:00:00Z".parse().unwrap();
        let pagerduty = PagerDuty::new(seed, Ids::from_seed(1), DeliveryPolicy::default(), now).unwrap();
        Self {
            pagerduty,
            now,
            authorization: account_token(),
            from: Some(ONCALL.to_owned()),
        }
    }

    pub(crate) fn authorized(mut self, authorization: &str) -> Self {
        self.authorization = authorization.to_owned();
        self
    }

    pub(crate) fn from(mut self, email: &str) -> Self {
        self.from = Some(email.to_owned());
        self
    }

    pub(crate) fn without_from(mut self) -> Self {
        self.from = None;
        self
    }

    pub(crate) fn wait(&mut self, duration: SignedDuration) {
        self.now += duration;
    }

    pub(crate) fn request(&self, method: Method, target: &str) -> Request {
        let request = Request::new(method, target).header(AUTHORIZATION, &self.authorization);
        match &self.from {
            Some(email) => request.header(FROM, email),
            None => request,
        }
    }

    /// Sends a request; gives the status and the body of the answer.
    pub(crate) fn send(&mut self, request: &Request) -> (u16, Value) {
        let answer = self.pagerduty.receive(request, self.now);
        (answer.status.as_u16(), answer.body.into_json())
    }

    pub(crate) fn get(&mut self, target: &str) -> (u16, Value) {
        self.send(&self.request(Method::GET, target))
    }

    pub(crate) fn post(&mut self, target: &str, body: &Value) -> (u16, Value) {
        self.send(&self.request(Method::POST, target).json(body))
    }

    pub(crate) fn put(&mut self, target: &str, body: &Value) -> (u16, Value) {
        self.send(&self.request(Method::PUT, target).json(body))
    }

    pub(crate) fn delete(&mut self, target: &str) -> (u16, Value) {
        self.send(&self.request(Method::DELETE, target))
    }

    /// Creates an incident with a few fields beside those that it must have, and gives it as it was answered.
    pub(crate) fn create(&mut self, fields: Value) -> Value {
        let (status, body) = self.post("/incidents", &incident(fields));
        assert_eq!(status, 201, "{body}");
        body["incident"].clone()
    }

    /// Changes an incident, which must succeed, and gives it as it was answered.
    pub(crate) fn change(&mut self, incident: &Value, fields: Value) -> Value {
        let (status, body) = self.update(incident, fields);
        assert_eq!(status, 200, "{body}");
        body["incident"].clone()
    }

    /// Asks for a change of an incident.
    pub(crate) fn update(&mut self, incident: &Value, fields: Value) -> (u16, Value) {
        let mut wrapped = json!({"type": "incident_reference"});
        merge(&mut wrapped, fields);
        self.put(
            &format!("/incidents/{}", text(&incident["id"])),
            &json!({"incident": wrapped}),
        )
    }

    /// Subscribes a receiver to all events that incidents of these tests can have, and gives the subscription.
    pub(crate) fn subscribe(&mut self, filter: Value) -> Value {
        let (status, body) = self.post("/webhook_subscriptions", &subscription(filter));
        assert_eq!(status, 200, "{body}");
        body["webhook_subscription"].clone()
    }

    /// Delivers all that is due to a receiver that answers with `status`, and gives what was delivered.
    pub(crate) fn deliver(&mut self, status: u16) -> Vec<Parcel> {
        let mut delivered = Vec::new();
        loop {
            let parcels = self.pagerduty.take_due(self.now);
            if parcels.is_empty() {
                return delivered;
            }
            for parcel in parcels {
                self.pagerduty.report(&parcel.webhook, answered(status), self.now);
                delivered.push(parcel);
            }
        }
    }
}

pub(crate) fn account_token() -> String {
    format!("Token token={}", Seed::ACCOUNT_TOKEN)
}

pub(crate) fn answered(status: u16) -> Reply {
    Reply::Answered {
        status,
        body: String::new(),
    }
}

/// A body that creates an incident.
pub(crate) fn incident(fields: Value) -> Value {
    let mut incident = json!({
        "type": "incident",
        "title": "Memory at 97 %",
        "service": {"id": "PWIXJZS", "type": "service_reference"},
    });
    merge(&mut incident, fields);
    json!({"incident": incident})
}

/// A body that creates a webhook subscription.
pub(crate) fn subscription(filter: Value) -> Value {
    let mut subscription = json!({
        "type": "webhook_subscription",
        "delivery_method": {
            "type": "http_delivery_method",
            "url": "http://receiver.example.com/hook",
            "custom_headers": [{"name": "x-api-key", "value": "sesame"}],
        },
        "events": [
            "incident.triggered", "incident.acknowledged", "incident.unacknowledged", "incident.resolved",
            "incident.reopened", "incident.escalated", "incident.delegated", "incident.reassigned",
            "incident.priority_updated", "incident.annotated", "incident.incident_type.changed",
            "incident.service_updated", "incident.conference_bridge.updated", "incident.custom_field_values.updated",
            "incident.responder.added", "incident.status_update_published", "incident.workflow.started",
            "incident.workflow.completed",
        ],
    });
    subscription["filter"] = filter;
    json!({"webhook_subscription": subscription})
}

/// Sets fields of an object.
pub(crate) fn merge(object: &mut Value, fields: Value) {
    if let (Value::Object(object), Value::Object(fields)) = (object, fields) {
        object.extend(fields);
    }
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// The values of one field in an array of objects.
pub(crate) fn column<'a>(array: &'a Value, pointer: &str) -> Vec<&'a Value> {
    array
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row.pointer(pointer).unwrap_or(&Value::Null))
        .collect()
}

/// A header of a parcel.
pub(crate) fn header<'a>(parcel: &'a Parcel, name: &'static str) -> Option<&'a str> {
    parcel
        .headers
        .get(HeaderName::from_static(name))
        .map(|value| value.to_str().unwrap())
}

/// The V3 event in a parcel.
pub(crate) fn event(parcel: &Parcel) -> Value {
    serde_json::from_str::<Value>(&parcel.body).unwrap()["event"].clone()
}

/// The types of the V3 events in parcels.
pub(crate) fn event_types(parcels: &[Parcel]) -> Vec<String> {
    parcels
        .iter()
        .map(|parcel| text(&event(parcel)["event_type"]).to_owned())
        .collect()
}

/// The common envelope of an error.
pub(crate) fn error(message: &str, code: u32, errors: &[&str]) -> Value {
    json!({"error": {"message": message, "code": code, "errors": errors}})
}

/// A value or combination of values that is refused as invalid input.
pub(crate) fn invalid(explanation: &str) -> Value {
    error("Invalid Input Provided", 2001, &[explanation])
}
