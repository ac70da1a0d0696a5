//! The HTTP API of Grafana: <https://grafana.com/docs/grafana/latest/developer-resources/api-reference/http-api/>, and the API of its
//! Alertmanager: <https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>.

use crate::{Answer, Request, Vendor};
use serde_json::{Value, json};

/// The token of a service account.
pub const TOKEN: &str = "glsa_not_a_real_token";

/// A Grafana with one alert, of the service `checkout`, and the dashboard `jcIIG-07z`.
#[derive(Debug, Default)]
pub struct Grafana {
    /// The annotations as they were asked for.
    pub annotations: Vec<Value>,
    /// The silences, each with `id` and `status.state`.
    pub silences: Vec<Value>,
}

fn error(status: u16, id: &str, message: &str) -> Answer {
    Answer::json(
        status,
        json!({"message": message, "messageId": id, "statusCode": status, "traceID": ""}),
    )
}

impl Vendor for Grafana {
    const NAMES: &'static [&'static str] = &[
        "comment",
        "createdBy",
        "dashboardUID",
        "endsAt",
        "filter",
        "isEqual",
        "isRegex",
        "matchers",
        "name",
        "panelId",
        "startsAt",
        "tags",
        "text",
        "time",
        "timeEnd",
        "value",
    ];

    fn answer(&mut self, request: &Request) -> Answer {
        if request.bearer() != Some(TOKEN) {
            return error(401, "api-key.invalid", "Invalid API key");
        }
        let (method, segments) = request.route();
        let ["api", rest @ ..] = segments.as_slice() else {
            return error(404, "notFound", "Not found");
        };
        let body = request.json();
        match (method, rest) {
            ("POST", ["annotations"]) => {
                if body["text"].as_str().is_none_or(str::is_empty) {
                    return error(400, "", "Failed to save annotation");
                }
                if !["time", "timeEnd", "panelId"]
                    .iter()
                    .all(|name| body[*name].is_null() || body[*name].is_i64())
                {
                    return error(400, "", "bad request data");
                }
                if body["dashboardUID"].as_str().is_some_and(|uid| uid != "jcIIG-07z") {
                    return error(404, "", "Dashboard not found");
                }
                self.annotations.push(body);
                Answer::json(
                    200,
                    json!({"message": "Annotation added", "id": self.annotations.len()}),
                )
            }
            ("GET", ["alertmanager", "grafana", "api", "v2", "alerts"]) => {
                let alert = json!({"labels": {"alertname": "Slow", "service": "checkout"}, "annotations": {}, "startsAt": "2026-11-30T08:00:00Z", "status": {"state": "active"}});
                match request.query("filter") {
                    None | Some("service=\"checkout\"") => Answer::json(200, json!([alert])),
                    Some(filter) if filter.contains('=') => Answer::json(200, json!([])),
                    Some(filter) => Answer::json(400, json!(format!("bad matcher format: {filter}"))),
                }
            }
            ("GET", ["alertmanager", "grafana", "api", "v2", "silences"]) => Answer::json(200, json!(self.silences)),
            ("POST", ["alertmanager", "grafana", "api", "v2", "silences"]) => self.silence(body),
            ("DELETE", ["alertmanager", "grafana", "api", "v2", "silence", id]) => {
                match self.silences.iter_mut().find(|silence| silence["id"] == *id) {
                    Some(silence) => {
                        silence["status"]["state"] = json!("expired");
                        Answer::json(200, json!({"message": "silence deleted"}))
                    }
                    None => error(404, "alerting.notifications.silences.notFound", "silence not found"),
                }
            }
            _ => error(404, "notFound", "Not found"),
        }
    }
}

impl Grafana {
    fn silence(&mut self, mut body: Value) -> Answer {
        let is_matcher = |matcher: &Value| {
            matcher["name"].is_string() && matcher["value"].is_string() && matcher["isRegex"].is_boolean()
        };
        let matchers = body["matchers"].as_array();
        if !matchers.is_some_and(|matchers| !matchers.is_empty() && matchers.iter().all(is_matcher)) {
            return error(
                400,
                "",
                "unable to create silence: invalid silence: invalid label matcher",
            );
        }
        let is_time = |time: &Value| time.as_str().is_some_and(|time| time.contains('T'));
        if !is_time(&body["startsAt"])
            || !is_time(&body["endsAt"])
            || body["startsAt"].as_str() >= body["endsAt"].as_str()
        {
            return error(400, "", "unable to create silence: start time must be before end time");
        }
        if !body["comment"].is_string() || !body["createdBy"].is_string() {
            return error(400, "", "bad request data");
        }
        let id = format!("512860da-74f3-43c9-8833-{:012}", self.silences.len() + 1);
        body["id"] = json!(id);
        body["status"] = json!({"state": "active"});
        self.silences.push(body);
        Answer::json(202, json!({"silenceID": id}))
    }
}
