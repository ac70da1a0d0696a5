//! Deliveries of webhook subscriptions: `{"event": {…}}`, exactly one event each.

use serde_json::{Map, Value};

use super::{Client, Event, EventIncident, Generation, Unreadable, json};
use crate::lenient;

/// Reads one delivery.
///
/// # Errors
/// Where the body has no event that could be told from others: see [`Unreadable`]. Unknown event types, unknown
/// fields, nulls and missing optional fields are no reason.
pub fn parse(body: &[u8]) -> Result<Event, Unreadable> {
    let mut delivery = json::read_object(body)?;
    let mut event = match delivery.remove("event") {
        Some(event @ Value::Object(_)) => event,
        _ => return Err(no_event(&delivery)),
    };
    let data = event.get_mut("data").map(Value::take).unwrap_or_default();
    Ok(Event {
        id: lenient::text(&event, "id").ok_or(Unreadable::NoEventId)?.try_into()?,
        event_type: lenient::text(&event, "event_type").ok_or(Unreadable::NoEventType)?,
        resource_type: lenient::text(&event, "resource_type"),
        occurred_at: lenient::time(&event, "occurred_at"),
        agent: lenient::reference(&event, "agent"),
        client: event.get("client").and_then(Client::from_json),
        incident: incident(&data)?,
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

/// Where the incident stands depends on the type of the data, not on the type of the event: see "Event Data Types" in
/// PagerDuty's documentation of V3 webhooks. Role assignments are a list, each with its incident.
fn incident(data: &Value) -> Result<Option<EventIncident>, Unreadable> {
    if data.get("type").and_then(Value::as_str) == Some("incident") {
        return EventIncident::from_v3(data).map(Some).ok_or(Unreadable::NoIncidentId);
    }
    let reference = data
        .get("incident")
        .or_else(|| data.pointer("/incident_role_assignments/0/incident"));
    Ok(reference.and_then(EventIncident::from_reference))
}
