//! Splunk's HTTP Event Collector:
//! <https://help.splunk.com/en/splunk-enterprise/get-started/get-data-in/10.0/get-data-with-http-event-collector>.

use crate::{Answer, Request, Vendor};
use serde_json::{Value, json};

/// A token.
pub const TOKEN: &str = "00000000-0000-0000-0000-000000000000";

/// A collector whose token may write to the index `main`.
#[derive(Debug, Default)]
pub struct Collector {
    /// The events, each with what belongs to it.
    pub events: Vec<Value>,
}

/// The answer of a collector that has no room for more.
#[must_use]
pub fn busy() -> Answer {
    says(503, 9, "Server is busy")
}

fn says(status: u16, code: u16, text: &str) -> Answer {
    Answer::json(status, json!({"text": text, "code": code}))
}

impl Vendor for Collector {
    const NAMES: &'static [&'static str] = &["event*", "fields*", "host", "index", "source", "sourcetype", "time"];

    fn answer(&mut self, request: &Request) -> Answer {
        let (method, segments) = request.route();
        match (method, segments.as_slice()) {
            ("GET", ["services", "collector", "health"]) => return says(200, 17, "HEC is healthy"),
            ("POST", ["services", "collector", "event"]) => {}
            _ => return says(404, 404, "The requested URL was not found on this server."),
        }
        match request
            .header("authorization")
            .and_then(|value| value.strip_prefix("Splunk "))
        {
            Some(TOKEN) => {}
            Some(_) => return says(403, 4, "Invalid token"),
            None => return says(401, 2, "Token is required"),
        }
        let body = request.json();
        if body["event"].is_null() {
            return says(400, 12, "Event field is required");
        }
        if body["event"] == "" || body["event"].as_object().is_some_and(serde_json::Map::is_empty) {
            return says(400, 13, "Event field cannot be blank");
        }
        if body["index"].as_str().is_some_and(|index| index != "main") {
            return says(400, 7, "Incorrect index");
        }
        self.events.push(body);
        says(200, 0, "Success")
    }
}
