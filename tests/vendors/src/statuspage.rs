//! The API of Atlassian Statuspage: <https://developer.statuspage.io/>.

use crate::{Answer, Request, Vendor};
use serde_json::{Value, json};

/// An API key.
pub const KEY: &str = "not-a-real-statuspage-key";

/// The page `kctbh9vrtdwd` with 120 components, of which `ftgks51sfs2d` is the first.
#[derive(Debug)]
pub struct Statuspage {
    /// The incidents, the newest first.
    pub incidents: Vec<Value>,
    /// The components.
    pub components: Vec<Value>,
}

impl Default for Statuspage {
    fn default() -> Self {
        let component = |number: usize| {
            let id = if number == 1 {
                "ftgks51sfs2d".to_owned()
            } else {
                format!("component{number}")
            };
            json!({"id": id, "name": format!("Component {number}"), "status": "operational"})
        };
        Self {
            incidents: Vec::new(),
            components: (1..=120).map(component).collect(),
        }
    }
}

const STATES: [&str; 5] = [
    "operational",
    "under_maintenance",
    "degraded_performance",
    "partial_outage",
    "major_outage",
];
const STATUSES: [&str; 4] = ["investigating", "identified", "monitoring", "resolved"];

fn error(status: u16, message: &str) -> Answer {
    Answer::json(status, json!({"message": message}))
}

impl Vendor for Statuspage {
    const NAMES: &'static [&'static str] = &[
        "body",
        "component",
        "component_ids",
        "components*",
        "deliver_notifications",
        "impact_override",
        "incident",
        "limit",
        "metadata*",
        "name",
        "page",
        "per_page",
        "status",
    ];

    fn answer(&mut self, request: &Request) -> Answer {
        if request
            .header("authorization")
            .and_then(|value| value.strip_prefix("OAuth "))
            != Some(KEY)
        {
            return error(401, "Could not authenticate");
        }
        let (method, segments) = request.route();
        let ["v1", "pages", "kctbh9vrtdwd", rest @ ..] = segments.as_slice() else {
            return error(404, "The requested resource could not be found.");
        };
        let body = request.json();
        match (method, rest) {
            ("GET", ["components"]) => page(request, "per_page", &self.components),
            ("PATCH", ["components", id]) => {
                let Some(component) = self.components.iter_mut().find(|component| component["id"] == *id) else {
                    return error(404, "The requested resource could not be found.");
                };
                match body["component"]["status"]
                    .as_str()
                    .filter(|state| STATES.contains(state))
                {
                    Some(state) => {
                        component["status"] = json!(state);
                        Answer::json(200, component.clone())
                    }
                    None => error(422, "Status is not included in the list"),
                }
            }
            ("GET", ["incidents"]) => page(request, "limit", &self.incidents),
            ("GET", ["incidents", "unresolved"]) => {
                let open = self
                    .incidents
                    .iter()
                    .filter(|incident| incident["status"] != "resolved");
                page(request, "per_page", &open.cloned().collect::<Vec<_>>())
            }
            ("POST", ["incidents"]) => self.create(&body["incident"]),
            (method, ["incidents", id]) => {
                let Some(incident) = self.incidents.iter_mut().find(|incident| incident["id"] == *id) else {
                    return error(404, "The requested resource could not be found.");
                };
                match method {
                    "GET" => Answer::json(200, incident.clone()),
                    "PATCH" | "PUT" => match update(incident, &body["incident"]) {
                        Ok(()) => Answer::json(200, incident.clone()),
                        Err(refused) => refused,
                    },
                    _ => error(404, "The requested resource could not be found."),
                }
            }
            _ => error(404, "The requested resource could not be found."),
        }
    }

    /// Also with the status 420. It says nothing about how long.
    fn too_many_requests(&self) -> (Answer, u64) {
        (
            Answer::json(420, json!({"error": "Too many requests"})).header("retry-after", 60),
            60,
        )
    }
}

impl Statuspage {
    fn create(&mut self, wanted: &Value) -> Answer {
        let Some(name) = wanted["name"].as_str().filter(|name| !name.is_empty()) else {
            return error(422, "Name can't be blank");
        };
        let id = format!("incident{}", self.incidents.len() + 1);
        let mut incident = json!({
            "id": id, "name": name, "status": "investigating", "impact": "none", "shortlink": format!("https://stspg.io/{id}"),
            "metadata": wanted["metadata"], "component_ids": wanted["component_ids"], "incident_updates": [],
        });
        match update(&mut incident, wanted) {
            Ok(()) => {
                self.incidents.insert(0, incident.clone());
                Answer::json(201, incident)
            }
            Err(refused) => refused,
        }
    }
}

fn update(incident: &mut Value, wanted: &Value) -> Result<(), Answer> {
    if let Some(status) = wanted["status"].as_str() {
        if !STATUSES.contains(&status) {
            return Err(error(422, "Status is not included in the list"));
        }
        incident["status"] = json!(status);
    }
    if wanted["components"].as_object().is_some_and(|components| {
        components
            .values()
            .any(|state| !state.as_str().is_some_and(|state| STATES.contains(&state)))
    }) {
        return Err(error(422, "Component status is not included in the list"));
    }
    if let Some(impact) = wanted["impact_override"].as_str() {
        incident["impact"] = json!(impact);
    }
    let update = json!({"body": wanted["body"], "status": incident["status"], "deliver_notifications": wanted["deliver_notifications"]});
    if let Some(updates) = incident["incident_updates"].as_array_mut() {
        updates.insert(0, update);
    }
    Ok(())
}

/// Pages are counted from 1, and have 100 entries at most.
fn page(request: &Request, size: &str, all: &[Value]) -> Answer {
    let size = request.number(size).unwrap_or(100).min(100);
    let number = request.number("page").unwrap_or(1).max(1);
    Answer::json(
        200,
        json!(all.iter().skip((number - 1) * size).take(size).collect::<Vec<_>>()),
    )
}
