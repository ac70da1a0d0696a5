//! Deliveries of webhook subscriptions: `{"event": {…}}`, exactly one event each.

use serde_json::{Map, Value};

use super::{Client, Event, EventIncident, Generation, Unreadable, read_object};
use crate::lenient;

/// Reads one delivery.
///
/// # Errors
/// Where the body has no event that could be told from others: see [`Unreadable`]. Unknown event types, unknown
/// fields, nulls and missing optional fields are no reason.
pub fn parse(body: &[u8]) -> Result<Event, Unreadable> {
    let mut delivery = read_object(body)?;
    let mut event = match delivery.remove("event") {
        Some(event @ Value::Object(_)) => event,
        _ => return Err(no_event(&delivery)),
    };
    let data = event.get_mut("data").map(Value::take).unwrap_or_default();
    let data_type = DataType::of(&data);
    Ok(Event {
        id: lenient::text(&event, "id").ok_or(Unreadable::NoEventId)?.try_into()?,
        event_type: lenient::text(&event, "event_type").ok_or(Unreadable::NoEventType)?,
        resource_type: lenient::text(&event, "resource_type"),
        occurred_at: lenient::time(&event, "occurred_at"),
        agent: lenient::reference(&event, "agent"),
        client: event.get("client").and_then(Client::from_json),
        incident: data_type.incident(&data)?,
        note: data_type.note(&data),
        data,
    })
}

fn no_event(delivery: &Map<String, Value>) -> Unreadable {
    match Generation::of(delivery) {
        Some(found) => Unreadable::OtherGeneration {
            expected: Generation::V3,
            found,
        },
        None => Unreadable::NoEvent,
    }
}

/// The kind of an event's data, by its `data.type`.
///
/// The type of the data says where the incident stands, the type of the event does not. Source: "Event Data Types" in
/// PagerDuty's documentation of V3 webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DataType {
    /// The incident itself.
    Incident,
    Note,
    /// A list of assignments, each with its incident.
    RoleAssignment,
    /// A service, or its custom fields: there is no incident.
    Service,
    /// The greeting of a test.
    Ping,
    /// What points at its incident: a responder, a status update, a conference bridge, custom fields, a task, an
    /// action or workflow that runs on the incident, and whatever PagerDuty will add.
    Other,
}

impl DataType {
    fn of(data: &Value) -> Self {
        match data.get("type").and_then(Value::as_str) {
            Some("incident") => Self::Incident,
            Some("incident_note") => Self::Note,
            Some("incident_role_assignment") => Self::RoleAssignment,
            Some("service" | "service_field_values") => Self::Service,
            Some("ping") => Self::Ping,
            _ => Self::Other,
        }
    }

    fn incident(self, data: &Value) -> Result<Option<EventIncident>, Unreadable> {
        let reference = match self {
            Self::Incident => return EventIncident::from_v3(data).map(Some).ok_or(Unreadable::NoIncidentId),
            Self::RoleAssignment => data.pointer("/incident_role_assignments/0/incident"),
            Self::Note | Self::Other => data.get("incident"),
            Self::Service | Self::Ping => None,
        };
        Ok(reference.and_then(EventIncident::from_reference))
    }

    fn note(self, data: &Value) -> Option<String> {
        (self == Self::Note).then(|| lenient::text(data, "content")).flatten()
    }
}
