//! Webhooks of a Generic V2 extension: one message each, not signed.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Webhook;
use super::event::Event;
use super::extensions::{Extension, GENERIC_V2};
use crate::account::Account;
use crate::clock::seconds;
use crate::directory::Service;
use crate::directory::shapes::{API, reference, service, service_reference};
use crate::incidents::{Incident, shapes};

/// The webhooks that tell the extensions of an event; none for events that V2 does not know.
///
/// Real samples are known for trigger, acknowledge, resolve and assign. That the other events look the same is
/// UNVERIFIED.
pub(crate) fn webhooks(account: &mut Account, incident: &Incident, event: &Event, now: Timestamp) -> Vec<Webhook> {
    let Some(event_type) = event.v2_type() else {
        return Vec::new();
    };
    let wanted: Vec<Extension> = account
        .extensions
        .iter()
        .filter(|extension| extension.wants(incident, now))
        .cloned()
        .collect();
    wanted
        .iter()
        .map(|extension| webhook(account, extension, incident, event_type, now))
        .collect()
}

fn webhook(
    account: &mut Account,
    extension: &Extension,
    incident: &Incident,
    event_type: &str,
    now: Timestamp,
) -> Webhook {
    let id = account.ids.webhook();
    let body = json!({"messages": [{
        "id": id,
        "event": event_type,
        "created_on": seconds(now),
        "incident": full_incident(account, incident),
        "webhook": origin(account, extension, incident),
        "log_entries": incident.log.last().map(|entry| vec![shapes::log_entry(account, incident, entry)]),
        "account_features": {"response_automation": true},
        "account_id": "PSIMACC",
    }]});
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("accept", "application/json".to_owned()),
        ("user-agent", "PagerDuty-Webhook/V2.0".to_owned()),
        ("x-webhook-id", id.to_string()),
    ];
    Webhook {
        id,
        hook: extension.id.clone(),
        resource: incident.id.to_string(),
        event_type: event_type.to_owned(),
        url: extension.url.clone(),
        headers: headers.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        custom_headers: extension.custom_headers.clone(),
        body: body.to_string(),
    }
}

/// An incident as V2 shows it: as REST does, but with the full service, and with its alerts.
fn full_incident(account: &Account, incident: &Incident) -> Value {
    let mut shape = shapes::incident(account, incident);
    if let (Some(fields), Some(found)) = (shape.as_object_mut(), account.service(&incident.service)) {
        fields.insert("service".to_owned(), full_service(account, found));
        fields.insert("alerts".to_owned(), json!(alerts(incident)));
        fields.insert("metadata".to_owned(), json!({}));
        fields.insert("basic_alert_grouping".to_owned(), Value::Null);
        fields.insert("alert_grouping".to_owned(), Value::Null);
        if incident.merged_into.is_some() {
            fields.insert("resolve_reason".to_owned(), json!("merged"));
        }
        fields.insert("external_references".to_owned(), json!([]));
    }
    shape
}

/// A service as V2 shows it: with fields that REST does not have, or has no more.
fn full_service(account: &Account, found: &Service) -> Value {
    let mut shape = service(account, found);
    if let Some(fields) = shape.as_object_mut() {
        fields.insert("metadata".to_owned(), json!({}));
        for name in ["alert_grouping", "alert_grouping_timeout", "response_play"] {
            fields.insert(name.to_owned(), Value::Null);
        }
    }
    shape
}

fn alerts(incident: &Incident) -> Vec<Value> {
    incident
        .alerts
        .iter()
        .map(|alert| json!({"alert_key": alert.key}))
        .collect()
}

/// The extension that sends a message. Its `config` shows the custom headers with their values, as the real one does.
fn origin(account: &Account, extension: &Extension, incident: &Incident) -> Value {
    let headers: Vec<Value> = extension
        .custom_headers
        .iter()
        .map(|header| json!({"name": header.name, "value": header.value.expose()}))
        .collect();
    json!({
        "id": extension.id,
        "type": "webhook",
        "summary": extension.name,
        "self": format!("{API}/webhooks/{}", extension.id),
        "html_url": null,
        "name": extension.name,
        "description": null,
        "endpoint_url": extension.url,
        "webhook_object": service_reference(account, &incident.service),
        "config": {"headers": headers},
        "outbound_integration":
            reference("outbound_integration_reference", GENERIC_V2, "outbound_integrations", None, "Generic V2 Webhook"),
        "accounts_addon": null,
    })
}
