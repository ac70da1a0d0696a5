//! The incidents of the account.

use jiff::Timestamp;
use pagerduty::webhook::EventIncident;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Incidents as the REST API has them, and their notes.
#[derive(Debug, Default)]
pub(super) struct Incidents {
    by_id: BTreeMap<String, Map<String, Value>>,
    /// The ids in the order in which the incidents came to be known.
    order: Vec<String>,
    notes: BTreeMap<String, Vec<Value>>,
    created: u64,
    highest_number: u64,
    /// The number of things other than incidents that were made.
    others: u64,
}

impl Incidents {
    /// Lets the account know an incident as an event tells of it.
    pub(super) fn knows(&mut self, incident: &EventIncident) {
        let id = incident.id.to_string();
        self.highest_number = self.highest_number.max(incident.number.unwrap_or(0));
        let number = incident.number.unwrap_or_else(|| self.next_number());
        let reference = |thing: &Option<pagerduty::reference::Reference>, kind: &str| {
            thing.as_ref().map(|thing| {
                let summary = thing.summary.as_deref();
                json!({ "id": thing.id, "type": kind, "summary": summary, "name": summary })
            })
        };
        let mut known = blank(&id, number, incident.created_at.unwrap_or(Timestamp::UNIX_EPOCH));
        let told = [
            ("title", json!(incident.title)),
            ("status", json!(incident.status)),
            ("urgency", json!(incident.urgency)),
            ("incident_key", json!(incident.incident_key)),
            ("html_url", json!(incident.html_url)),
            ("service", json!(reference(&incident.service, "service_reference"))),
            (
                "escalation_policy",
                json!(reference(&incident.escalation_policy, "escalation_policy_reference")),
            ),
            ("priority", json!(reference(&incident.priority, "priority"))),
        ];
        known.extend(
            told.into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.to_owned(), value)),
        );
        self.insert(id, known);
    }

    /// The incident of an id. One that was not known is a triggered one.
    pub(super) fn get(&mut self, id: &str, now: Timestamp) -> &mut Map<String, Value> {
        if !self.by_id.contains_key(id) {
            let number = self.next_number();
            self.insert(id.to_owned(), blank(id, number, now));
        }
        self.by_id.entry(id.to_owned()).or_default()
    }

    /// Opens an incident as the wish says; none if one of the same key is open on the same service.
    pub(super) fn open(&mut self, wish: &Value, now: Timestamp) -> Option<Value> {
        let field = |name: &str| wish.get(name).filter(|value| !value.is_null());
        let key = field("incident_key").and_then(Value::as_str);
        let service = wish.pointer("/service/id");
        let is_taken = |incident: &Map<String, Value>| {
            let its_key = incident.get("incident_key").and_then(Value::as_str);
            let its_service = incident.get("service").and_then(|service| service.get("id"));
            key.is_some() && its_key == key && its_service == service && status(incident) != "resolved"
        };
        if self.by_id.values().any(is_taken) {
            return None;
        }
        self.created = self.created.saturating_add(1);
        let number = self.next_number();
        // As long as the ids that PagerDuty gives.
        let id = format!("QREHEARSED{:04}", self.created);
        let mut incident = blank(&id, number, now);
        for name in [
            "title",
            "urgency",
            "incident_key",
            "service",
            "escalation_policy",
            "priority",
            "incident_type",
        ] {
            if let Some(value) = field(name) {
                incident.insert(name.to_owned(), value.clone());
            }
        }
        if key.is_none() {
            incident.insert(
                "incident_key".to_owned(),
                json!(format!("rehearsed-{:04}", self.created)),
            );
        }
        if let Some(assignments) = field("assignments") {
            incident.insert("assignments".to_owned(), assignments.clone());
        }
        self.insert(id, incident.clone());
        Some(Value::Object(incident))
    }

    /// Changes an incident as the wish says.
    pub(super) fn change(&mut self, id: &str, wish: &Value, now: Timestamp) -> Value {
        let incident = self.get(id, now);
        for name in [
            "title",
            "status",
            "urgency",
            "priority",
            "assignments",
            "escalation_policy",
        ] {
            if let Some(value) = wish.get(name).filter(|value| !value.is_null()) {
                incident.insert(name.to_owned(), value.clone());
            }
        }
        if status(incident) == "resolved" {
            incident.insert("assignments".to_owned(), json!([]));
            incident.insert("resolved_at".to_owned(), json!(now));
        } else {
            incident.remove("resolved_at");
        }
        incident.insert("updated_at".to_owned(), json!(now));
        Value::Object(incident.clone())
    }

    /// The incidents that a query asks for, newest first.
    pub(super) fn find(&self, query: &[(String, String)]) -> Vec<Value> {
        let wanted = |name: &str| -> Vec<&str> {
            let values = query.iter().filter(|(given, _)| given == name);
            values.map(|(_, value)| value.as_str()).collect()
        };
        let passes = |name: &str, value: Option<&Value>| {
            let wanted = wanted(name);
            wanted.is_empty()
                || value
                    .and_then(Value::as_str)
                    .is_some_and(|value| wanted.contains(&value))
        };
        let ids = self.order.iter().rev();
        let incidents = ids.filter_map(|id| self.by_id.get(id)).filter(|incident| {
            passes("incident_key", incident.get("incident_key"))
                && passes("statuses[]", incident.get("status"))
                && passes("urgencies[]", incident.get("urgency"))
                && passes(
                    "service_ids[]",
                    incident.get("service").and_then(|service| service.get("id")),
                )
        });
        incidents.cloned().map(Value::Object).collect()
    }

    /// Leaves a note.
    pub(super) fn note(&mut self, id: &str, content: &Value, now: Timestamp) -> Value {
        let note = json!({
            "id": self.other_id("NOTE"),
            "content": content,
            "created_at": now,
            "user": { "id": "PREHEARSAL", "type": "user_reference", "summary": "Rehearsal" },
        });
        self.notes.entry(id.to_owned()).or_default().push(note.clone());
        note
    }

    /// The notes of an incident.
    pub(super) fn notes(&self, id: &str) -> &[Value] {
        self.notes.get(id).map(Vec::as_slice).unwrap_or_default()
    }

    /// An id for something that is no incident.
    pub(super) fn other_id(&mut self, kind: &str) -> String {
        self.others = self.others.saturating_add(1);
        format!("Q{kind}{:04}", self.others)
    }

    fn next_number(&mut self) -> u64 {
        self.highest_number = self.highest_number.saturating_add(1);
        self.highest_number
    }

    fn insert(&mut self, id: String, incident: Map<String, Value>) {
        if self.by_id.insert(id.clone(), incident).is_none() {
            self.order.push(id);
        }
    }
}

fn status(incident: &Map<String, Value>) -> &str {
    incident.get("status").and_then(Value::as_str).unwrap_or_default()
}

/// A triggered incident of which no more is known than that it is there.
fn blank(id: &str, number: u64, now: Timestamp) -> Map<String, Value> {
    let title = format!("Incident {id}");
    Map::from_iter(
        [
            ("id", json!(id)),
            ("type", json!("incident")),
            ("incident_number", json!(number)),
            ("title", json!(title)),
            ("status", json!("triggered")),
            ("urgency", json!("high")),
            ("created_at", json!(now)),
            ("incident_key", Value::Null),
            (
                "html_url",
                json!(format!("https://example.pagerduty.com/incidents/{id}")),
            ),
            (
                "service",
                json!({ "id": "PREHEARSAL", "type": "service_reference", "summary": "Rehearsal" }),
            ),
            (
                "escalation_policy",
                json!({ "id": "PREHEARSAL", "type": "escalation_policy_reference", "summary": "Rehearsal" }),
            ),
            ("priority", Value::Null),
            ("assignments", json!([])),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    )
}
