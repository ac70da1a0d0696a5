//! The alert API of Opsgenie: <https://docs.opsgenie.com/docs/alert-api>. Requests that change something are done a moment later.

use crate::{Answer, Request, Vendor};
use serde_json::{Value, json};

/// The key of an API integration.
pub const KEY: &str = "not-a-real-opsgenie-key";

/// An account.
#[derive(Debug, Default)]
pub struct Opsgenie {
    /// The alerts, the newest first.
    pub alerts: Vec<Value>,
    requests: usize,
}

impl Vendor for Opsgenie {
    const NAMES: &'static [&'static str] = &[
        "alias",
        "description",
        "details*",
        "identifierType",
        "limit",
        "message",
        "name",
        "id",
        "note",
        "offset",
        "priority",
        "query",
        "responders",
        "source",
        "tags",
        "type",
        "user",
    ];

    fn answer(&mut self, request: &Request) -> Answer {
        if request
            .header("authorization")
            .and_then(|value| value.strip_prefix("GenieKey "))
            != Some(KEY)
        {
            return Answer::json(
                401,
                json!({"message": "Could not authenticate", "took": 0.0, "requestId": "r"}),
            );
        }
        let (method, segments) = request.route();
        let body = request.json();
        match (method, segments.as_slice()) {
            ("GET", ["v2", "alerts"]) => self.list(request),
            ("POST", ["v2", "alerts"]) => self.create(&body),
            (method, ["v2", "alerts", identifier, rest @ ..]) => {
                let field = match request.query("identifierType") {
                    None | Some("id") => "id",
                    Some("alias") => "alias",
                    Some("tiny") => "tinyId",
                    Some(_) => return unprocessable("identifierType", "must be one of [id, alias, tiny]"),
                };
                let found = self.alerts.iter_mut().find(|alert| alert[field] == *identifier);
                match (method, rest, found) {
                    ("GET", [], Some(alert)) => {
                        Answer::json(200, json!({"data": alert, "took": 0.1, "requestId": "r"}))
                    }
                    ("GET", [], None) => Answer::json(
                        404,
                        json!({"message": "Alert does not exist", "took": 0.1, "requestId": "r"}),
                    ),
                    // It is accepted also where there is no such alert.
                    ("POST", ["acknowledge"], found) => {
                        if let Some(alert) = found {
                            alert["acknowledged"] = json!(true);
                        }
                        self.accepted()
                    }
                    ("POST", ["close"], found) => {
                        if let Some(alert) = found {
                            alert["status"] = json!("closed");
                        }
                        self.accepted()
                    }
                    ("POST", ["notes"], found) => {
                        let Some(note) = body["note"].as_str().filter(|note| !note.is_empty()) else {
                            return unprocessable("note", "Note can not be empty.");
                        };
                        if let Some(notes) = found.and_then(|alert| alert["notes"].as_array_mut()) {
                            notes.push(json!(note));
                        }
                        self.accepted()
                    }
                    _ => Answer::json(404, json!({"message": "No such resource"})),
                }
            }
            _ => Answer::json(404, json!({"message": "No such resource"})),
        }
    }

    /// <https://docs.opsgenie.com/docs/api-rate-limiting>
    fn too_many_requests(&self) -> (Answer, u64) {
        let body = json!({"message": "You are making too many requests!", "took": 0.0, "requestId": "r"});
        let answer = Answer::json(429, body)
            .header("x-ratelimit-state", "THROTTLED")
            .header("x-ratelimit-reason", "ACCOUNT");
        (answer.header("x-ratelimit-period-in-sec", 60), 60)
    }
}

fn unprocessable(field: &str, error: &str) -> Answer {
    let message = "Request body is not processable. Please check the errors.";
    Answer::json(
        422,
        json!({"message": message, "errors": {field: error}, "took": 0.0, "requestId": "r"}),
    )
}

impl Opsgenie {
    fn accepted(&mut self) -> Answer {
        self.requests += 1;
        Answer::json(
            202,
            json!({"result": "Request will be processed", "took": 0.3, "requestId": format!("request-{}", self.requests)}),
        )
    }

    fn create(&mut self, body: &Value) -> Answer {
        let Some(message) = body["message"].as_str().filter(|message| !message.is_empty()) else {
            return unprocessable("message", "Message can not be empty.");
        };
        if message.chars().count() > 130 {
            return unprocessable("message", "Message can not be longer than 130 characters.");
        }
        if let Some(priority) = body["priority"].as_str()
            && !["P1", "P2", "P3", "P4", "P5"].contains(&priority)
        {
            return unprocessable("priority", "Priority must be one of [P1, P2, P3, P4, P5]");
        }
        let is_responder = |responder: &Value| {
            responder["type"].is_string() && (responder["id"].is_string() || responder["name"].is_string())
        };
        if body["responders"]
            .as_array()
            .is_some_and(|responders| !responders.iter().all(is_responder))
        {
            return unprocessable("responders", "Responders must have a type, and an id or a name.");
        }
        let id = format!("alert-{}", self.alerts.len() + 1);
        let alias = body["alias"].as_str().unwrap_or(&id);
        // At most one alert of an alias is open: https://support.atlassian.com/opsgenie/docs/what-is-alert-de-duplication/
        match self.alerts.iter_mut().find(|alert| alert["alias"] == alias && alert["status"] == "open") {
            Some(alert) => alert["count"] = json!(alert["count"].as_u64().unwrap_or(0) + 1),
            None => self.alerts.insert(
                0,
                json!({
                    "id": id, "tinyId": "1", "alias": alias, "message": message, "priority": body["priority"], "status": "open",
                    "acknowledged": false, "count": 1, "notes": [],
                }),
            ),
        }
        self.accepted()
    }

    fn list(&self, request: &Request) -> Answer {
        let is_open = match request.query("query") {
            None => None,
            Some("status: open") => Some(true),
            Some(_) => return unprocessable("query", "Query is not valid"),
        };
        let limit = match request.number("limit") {
            Some(limit) if !(1..=100).contains(&limit) => return unprocessable("limit", "must be between 1 and 100"),
            limit => limit.unwrap_or(20),
        };
        let matching = self
            .alerts
            .iter()
            .filter(|alert| is_open.is_none_or(|open| (alert["status"] == "open") == open));
        let shown: Vec<&Value> = matching
            .skip(request.number("offset").unwrap_or(0))
            .take(limit)
            .collect();
        Answer::json(200, json!({"data": shown, "paging": {}, "took": 0.1, "requestId": "r"}))
    }
}
