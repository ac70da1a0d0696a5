//! The answers of the account.

use super::incidents::Incidents;
use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Carries out a request and answers it.
pub(super) fn carry_out(
    incidents: &mut Incidents,
    now: Timestamp,
    method: &Method,
    path: &[&str],
    query: &[(String, String)],
    body: &Value,
) -> (StatusCode, Value) {
    const OK: StatusCode = StatusCode::OK;
    const CREATED: StatusCode = StatusCode::CREATED;
    const ACCEPTED: StatusCode = StatusCode::ACCEPTED;
    let wish = |name: &str| body.get(name).unwrap_or(&Value::Null);
    match (method.as_str(), path) {
        ("POST", ["incidents"]) => match incidents.open(wish("incident"), now) {
            Some(incident) => (CREATED, json!({ "incident": incident })),
            None => (
                StatusCode::BAD_REQUEST,
                json!({ "error": {
                    "message": "Arguments Caused Error",
                    "code": 2002,
                    "errors": ["Open incident with matching dedup key already exists on this service"],
                } }),
            ),
        },
        ("GET", ["incidents"]) => (OK, listed("incidents", &incidents.find(query))),
        ("GET", ["incidents", id]) => (OK, json!({ "incident": incidents.get(id, now) })),
        ("PUT", ["incidents", id]) => (OK, json!({ "incident": incidents.change(id, wish("incident"), now) })),
        ("GET", ["incidents", id, "notes"]) => (OK, json!({ "notes": incidents.notes(id) })),
        ("POST", ["incidents", id, "notes"]) => {
            let content = wish("note").get("content").cloned().unwrap_or_default();
            (OK, json!({ "note": incidents.note(id, &content, now) }))
        }
        ("POST", ["incidents", id, "snooze"]) => (CREATED, json!({ "incident": incidents.get(id, now) })),
        ("PUT", ["incidents", id, "merge"]) => {
            let sources = wish("source_incidents").as_array().cloned().unwrap_or_default();
            for source in sources.iter().filter_map(|source| source.get("id")?.as_str()) {
                incidents.change(source, &json!({ "status": "resolved" }), now);
            }
            (OK, json!({ "incident": incidents.get(id, now) }))
        }
        ("POST", ["incidents", _, "status_updates"]) => {
            let id = incidents.other_id("UPDATE");
            let update = json!({ "id": id, "message": wish("message"), "created_at": now });
            (OK, json!({ "status_update": update }))
        }
        ("POST", ["incidents", id, "responder_requests"]) => {
            let request = json!({
                "incident": { "id": id, "type": "incident_reference" },
                "message": wish("message"),
                "requested_at": now,
                "responder_request_targets": wish("responder_request_targets"),
            });
            (OK, json!({ "responder_request": request }))
        }
        ("PUT", ["incidents", _, "custom_fields", "values"]) => {
            (CREATED, json!({ "custom_fields": wish("custom_fields") }))
        }
        ("GET", ["incidents", _, list @ ("alerts" | "log_entries")]) => (OK, listed(list, &[])),
        ("GET", ["oncalls"]) => (OK, listed("oncalls", &[])),
        ("POST", ["incident_workflows", workflow, "instances"]) => {
            let instance = json!({
                "id": incidents.other_id("INSTANCE"),
                "type": "incident_workflow_instance",
                "incident_workflow": { "id": workflow, "type": "incident_workflow_reference" },
            });
            (CREATED, json!({ "incident_workflow_instance": instance }))
        }
        ("GET", ["users", "me"]) => (OK, json!({ "user": user(&Value::Null) })),
        ("GET", ["users"]) => {
            let email = query.iter().find(|(name, _)| name == "query");
            (OK, listed("users", &[user(&json!(email.map(|(_, email)| email)))]))
        }
        ("POST", ["v2", "enqueue"]) => {
            let answer = json!({ "status": "success", "message": "Event processed", "dedup_key": wish("dedup_key") });
            (ACCEPTED, answer)
        }
        ("POST", ["v2", "change", "enqueue"]) => (
            ACCEPTED,
            json!({ "status": "success", "message": "Change event processed" }),
        ),
        _ => (
            StatusCode::NOT_FOUND,
            json!({ "error": { "message": "Not Found", "code": 2100, "errors": ["a rehearsal knows no such request"] } }),
        ),
    }
}

/// The last page of a list.
fn listed(name: &str, entries: &[Value]) -> Value {
    json!({ name: entries, "limit": 100, "offset": 0, "more": false, "total": null })
}

fn user(email: &Value) -> Value {
    json!({ "id": "PREHEARSAL", "type": "user", "name": "Rehearsal", "summary": "Rehearsal", "email": email })
}
