//! One delivery, signed as PagerDuty signs.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::json;
use sha2::Sha256;

/// The body of the event of a number. It is the same in each of its deliveries.
pub(crate) fn body(event: u32, begun: Timestamp) -> String {
    titled(&format!("Memory above 90 % on host {event}"), &event.to_string(), begun)
}

/// The body of an event that tells of an incident of this title. Its ids end with `id`.
pub(crate) fn titled(title: &str, id: &str, begun: Timestamp) -> String {
    let incident = json!({
        "id": format!("QSTORM{id}"), "type": "incident", "title": title,
        "status": "triggered", "urgency": "high", "incident_key": null,
        "service": {"id": "PWIXJZS", "type": "service_reference", "summary": "CloudWatch-Memory-Alert"},
    });
    let event = json!({
        "id": format!("01STORM{id}"), "event_type": "incident.triggered", "resource_type": "incident",
        "occurred_at": begun, "agent": null, "client": null, "data": incident,
    });
    json!({ "event": event }).to_string()
}

/// The header `X-PagerDuty-Signature`.
pub(crate) fn signature(secret: &str, body: &str) -> String {
    // HMAC takes a key of any length, so there is nothing that could fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(body.as_bytes());
    format!("v1={}", HEXLOWER.encode(&mac.finalize().into_bytes()))
}
