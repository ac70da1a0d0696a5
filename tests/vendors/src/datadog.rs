//! Datadog's API: <https://docs.datadoghq.com/api/latest/>.

use crate::{Answer, Request, Vendor, is_number};
use serde_json::{Value, json};

/// A personal access token: <https://docs.datadoghq.com/account_management/personal-access-tokens/>.
pub const TOKEN: &str = "ddpat_not_a_real_token";

/// An account with 130 monitors, of which 12345678 is the first.
#[derive(Debug)]
pub struct Datadog {
    monitors: Vec<Value>,
    /// The downtimes, each with `id` and `attributes`.
    pub downtimes: Vec<Value>,
}

impl Default for Datadog {
    fn default() -> Self {
        let monitor = |number: usize| {
            json!({
                "id": 12_345_677 + number, "name": format!("Monitor {number}"), "overall_state": "OK", "query": "avg(last_5m):avg:system.load.1{*} > 4",
                "tags": if number == 1 { json!(["service:checkout"]) } else { json!([]) }, "type": "metric alert",
            })
        };
        Self {
            monitors: (1..=130).map(monitor).collect(),
            downtimes: Vec::new(),
        }
    }
}

fn error(status: u16, message: &str) -> Answer {
    Answer::json(status, json!({"errors": [message]}))
}

impl Vendor for Datadog {
    const NAMES: &'static [&'static str] = &[
        "attributes",
        "data",
        "display_timezone",
        "end",
        "from",
        "message",
        "monitor_id",
        "monitor_identifier",
        "monitor_tags",
        "name",
        "page",
        "page_size",
        "query",
        "schedule",
        "scope",
        "start",
        "to",
        "type",
    ];

    fn answer(&mut self, request: &Request) -> Answer {
        if request.bearer() != Some(TOKEN) {
            return error(401, "Unauthorized");
        }
        let (method, segments) = request.route();
        match (method, segments.as_slice()) {
            ("GET", ["api", "v1", "monitor"]) => self.list(request),
            ("GET", ["api", "v1", "monitor", id]) => {
                match self.monitors.iter().find(|monitor| is_number(&monitor["id"], id)) {
                    Some(monitor) => Answer::json(200, monitor.clone()),
                    None => error(404, "Monitor not found"),
                }
            }
            ("GET", ["api", "v1", "query"]) => {
                let (Some(from), Some(to)) = (request.number("from"), request.number("to")) else {
                    return error(400, "from and to must be seconds since the epoch");
                };
                if from >= to || request.query("query").is_none() {
                    return error(400, "Invalid query");
                }
                let points = json!([[from * 1000, 0.5], [to * 1000, 0.7]]);
                Answer::json(
                    200,
                    json!({"status": "ok", "series": [{"scope": "service:checkout", "metric": "system.load.1", "pointlist": points}]}),
                )
            }
            ("POST", ["api", "v2", "downtime"]) => self.create_downtime(&request.json()["data"]),
            ("DELETE", ["api", "v2", "downtime", id]) => {
                match self.downtimes.iter_mut().find(|downtime| downtime["id"] == *id) {
                    Some(downtime) => {
                        downtime["attributes"]["status"] = json!("canceled");
                        Answer::empty(204)
                    }
                    None => error(404, "Downtime not found"),
                }
            }
            _ => error(404, "Not Found"),
        }
    }

    /// <https://docs.datadoghq.com/api/latest/rate-limits/>
    fn too_many_requests(&self) -> (Answer, u64) {
        let answer = error(429, "Too many requests");
        (
            answer
                .header("x-ratelimit-limit", 100)
                .header("x-ratelimit-period", 60)
                .header("x-ratelimit-remaining", 0)
                .header("x-ratelimit-reset", 14),
            14,
        )
    }
}

impl Datadog {
    /// <https://docs.datadoghq.com/api/latest/monitors/#get-all-monitors>: pages are counted from 0.
    fn list(&self, request: &Request) -> Answer {
        let wanted = request
            .query("monitor_tags")
            .map(|tags| tags.split(',').map(|tag| json!(tag)).collect::<Vec<_>>());
        let has = |monitor: &&Value| {
            let tags = monitor["tags"].as_array().cloned().unwrap_or_default();
            wanted
                .as_ref()
                .is_none_or(|wanted| wanted.iter().all(|tag| tags.contains(tag)))
                && request
                    .query("name")
                    .is_none_or(|name| monitor["name"].as_str().is_some_and(|given| given.contains(name)))
        };
        let matching = self.monitors.iter().filter(has);
        let shown: Vec<&Value> = match request.number("page") {
            Some(page) => {
                let size = request.number("page_size").unwrap_or(100).min(1000);
                matching.skip(page * size).take(size).collect()
            }
            None => matching.collect(),
        };
        Answer::json(200, json!(shown))
    }

    /// <https://docs.datadoghq.com/api/latest/downtimes/#schedule-a-downtime>
    fn create_downtime(&mut self, data: &Value) -> Answer {
        let attributes = &data["attributes"];
        if data["type"] != "downtime" {
            return error(400, "Invalid type");
        }
        let identifier = &attributes["monitor_identifier"];
        let by_id = identifier["monitor_id"].is_i64();
        let by_tags = identifier["monitor_tags"]
            .as_array()
            .is_some_and(|tags| !tags.is_empty());
        if by_id == by_tags {
            return error(400, "monitor_identifier must have one of monitor_id and monitor_tags");
        }
        if !attributes["scope"].is_string() {
            return error(400, "scope is required");
        }
        let is_time = |time: &Value| time.is_null() || time.as_str().is_some_and(|time| time.ends_with('Z'));
        let schedule = &attributes["schedule"];
        if !(schedule.is_null() || schedule.is_object()) || !is_time(&schedule["start"]) || !is_time(&schedule["end"]) {
            return error(400, "Invalid schedule");
        }
        let id = format!("{:08}-1234-1234-1234-123456789123", self.downtimes.len() + 1);
        let mut attributes = attributes.clone();
        attributes["status"] = json!("active");
        let downtime = json!({"id": id, "type": "downtime", "attributes": attributes});
        self.downtimes.push(downtime.clone());
        Answer::json(200, json!({"data": downtime}))
    }
}
