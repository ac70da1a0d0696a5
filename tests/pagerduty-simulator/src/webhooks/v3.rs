//! Webhooks of a V3 subscription: one event each, signed.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Webhook;
use super::event::Event;
use super::signature::sign;
use super::subscriptions::Subscription;
use crate::account::Account;
use crate::clock::{milliseconds, seconds};
use crate::directory::shapes::{
    API, policy_reference, priority_reference, reference, service_reference, team_references, user_reference,
};
use crate::ids::WebhookId;
use crate::incidents::{Agent, Incident, IncidentKey, custom_fields, shapes};

/// How much of a note a webhook carries, in characters. PagerDuty cuts long ones and says so in `trimmed`; where it cuts
/// is UNVERIFIED.
const LONGEST_NOTE: usize = 20_000;

/// The webhooks that tell the subscriptions of an event: each has an id of its own, the event's id is the same in all.
pub(crate) fn webhooks(
    account: &mut Account,
    incident: &Incident,
    event: &Event,
    agent: &Agent,
    now: Timestamp,
) -> Vec<Webhook> {
    let event_id = event_id(account, event, now);
    let envelope = Envelope {
        id: &event_id,
        event_type: event.v3_type(),
        resource_type: "incident",
        occurred_at: now,
        agent: shapes::agent(account, incident, agent),
        client: client(event, agent),
        data: data(account, incident, event),
    };
    let body = envelope.body();
    let wanted: Vec<Subscription> = account
        .subscriptions
        .iter()
        .filter(|subscription| subscription.wants(account, incident, event.v3_type(), now))
        .cloned()
        .collect();
    wanted
        .iter()
        .map(|subscription| {
            let id = account.ids.webhook();
            webhook(subscription, id, incident.id.as_str(), event.v3_type(), body.clone())
        })
        .collect()
}

/// The events of incident workflows have ids of another form than all others.
fn event_id(account: &mut Account, event: &Event, now: Timestamp) -> String {
    match event {
        Event::WorkflowStarted(_) | Event::WorkflowCompleted(_) => account.ids.decimal_event(),
        _ => account.ids.event(now),
    }
}

/// The webhook by which PagerDuty tries a subscription out.
pub(crate) fn ping(account: &mut Account, subscription: &Subscription, now: Timestamp) -> Webhook {
    let event_type = "pagey.ping";
    let id = account.ids.event(now);
    let envelope = Envelope {
        id: &id,
        event_type,
        resource_type: "pagey",
        occurred_at: now,
        agent: Value::Null,
        client: Value::Null,
        data: json!({"message": "Hello from your friend Pagey!", "type": "ping"}),
    };
    let body = envelope.body();
    webhook(
        subscription,
        account.ids.webhook(),
        subscription.id.as_str(),
        event_type,
        body,
    )
}

/// What is around the data of every V3 event.
#[derive(Debug)]
struct Envelope<'a> {
    id: &'a str,
    event_type: &'a str,
    resource_type: &'a str,
    occurred_at: Timestamp,
    agent: Value,
    client: Value,
    data: Value,
}

impl Envelope<'_> {
    fn body(&self) -> String {
        json!({"event": {
            "id": self.id,
            "event_type": self.event_type,
            "resource_type": self.resource_type,
            "occurred_at": milliseconds(self.occurred_at),
            "agent": self.agent,
            "client": self.client,
            "data": self.data,
        }})
        .to_string()
    }
}

fn webhook(subscription: &Subscription, id: WebhookId, resource: &str, event_type: &str, body: String) -> Webhook {
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("accept", "application/json".to_owned()),
        ("user-agent", "PagerDuty-Webhook/V3.0".to_owned()),
        ("x-webhook-id", id.to_string()),
        ("x-webhook-subscription", subscription.id.to_string()),
        ("x-pagerduty-signature", sign(&subscription.secret, body.as_bytes())),
    ];
    Webhook {
        id,
        hook: subscription.id.clone(),
        resource: resource.to_owned(),
        event_type: event_type.to_owned(),
        url: subscription.url.clone(),
        headers: headers.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        custom_headers: subscription.custom_headers.clone(),
        body,
    }
}

/// The monitoring tool behind an incident; nothing for what people do.
fn client(event: &Event, agent: &Agent) -> Value {
    match (event, agent) {
        (
            Event::Triggered,
            Agent::Integration {
                client: Some((name, url)),
                ..
            },
        ) => json!({"name": name, "url": url}),
        _ => Value::Null,
    }
}

fn data(account: &Account, incident: &Incident, event: &Event) -> Value {
    match event {
        Event::Annotated(note) => {
            let content: String = note.content.chars().take(LONGEST_NOTE).collect();
            json!({
                "type": "incident_note",
                "id": note.id,
                "incident": incident_reference(account, incident),
                "trimmed": content.len() < note.content.len(),
                "content": content,
            })
        }
        Event::ConferenceBridgeUpdated => conference_bridge(account, incident),
        Event::CustomFieldValuesUpdated { former } => json!({
            "type": "incident_field_values",
            "incident": incident_reference(account, incident),
            "custom_fields": custom_fields::in_webhooks(account, &incident.custom_fields),
            "changed_custom_fields": custom_fields::in_webhooks(account, former),
        }),
        Event::ResponderAdded(responder) => json!({
            "type": "incident_responder",
            "incident": incident_reference(account, incident),
            "user": user_reference(account, &responder.user),
            "escalation_policy": responder.policy.as_ref().map(|policy| policy_reference(account, policy)),
            "message": responder.message,
            "state": "pending",
        }),
        Event::StatusUpdatePublished(update) => {
            let message: String = update.message.chars().take(LONGEST_NOTE).collect();
            json!({
                "type": "incident_status_update",
                "id": update.id,
                "incident": incident_reference(account, incident),
                "trimmed": message.len() < update.message.len(),
                "message": message,
            })
        }
        Event::WorkflowStarted(instance) | Event::WorkflowCompleted(instance) => {
            let (workflow, trigger) = instance.references(account);
            json!({
                "type": "incident_workflow_instance",
                "id": instance.id,
                "summary": "Manually Started",
                "incident_workflow": workflow,
                "workflow_trigger": trigger,
                "incident": incident_reference(account, incident),
                "service": service_reference(account, &incident.service),
            })
        }
        _ => incident_data(account, incident),
    }
}

/// A bridge, with its number in a list; the label is UNVERIFIED.
fn conference_bridge(account: &Account, incident: &Incident) -> Value {
    let bridge = incident.conference_bridge.as_ref();
    let part = |name: &str| {
        bridge
            .and_then(|bridge| bridge.get(name))
            .filter(|value| !value.is_null())
    };
    json!({
        "type": "incident_conference_bridge",
        "incident": incident_reference(account, incident),
        "conference_numbers": part("conference_number").map(|number| [json!({"label": "", "number": number})]),
        "conference_url": part("conference_url"),
    })
}

/// An incident as V3 shows it: with its number as `number`, without its body, and without a key if an alert opened it.
fn incident_data(account: &Account, incident: &Incident) -> Value {
    let assignees: Vec<Value> = incident
        .assignments
        .iter()
        .map(|assignment| user_reference(account, &assignment.user))
        .collect();
    let key = match &incident.key {
        IncidentKey::Incident(key) => Some(key),
        IncidentKey::Alert(_) => None,
    };
    json!({
        "id": incident.id,
        "type": "incident",
        "self": format!("{API}/incidents/{}", incident.id),
        "html_url": account.page(&format!("incidents/{}", incident.id)),
        "number": incident.number,
        "status": incident.status.name(),
        "incident_key": key,
        "created_at": seconds(incident.created_at),
        "reopened_at": incident.reopened_at.map(seconds),
        "title": incident.title,
        "service": service_reference(account, &incident.service),
        "assignees": assignees,
        "escalation_policy": policy_reference(account, &incident.policy),
        "teams": team_references(account, shapes::teams(account, incident)),
        "priority": incident.priority.as_ref().map(|id| priority_reference(account, id)),
        "urgency": incident.urgency.name(),
        "conference_bridge": incident.conference_bridge,
        "resolve_reason": resolve_reason(account, incident),
        "incident_type": {"name": incident.incident_type},
    })
}

/// The reason an incident was resolved, if it was because it goes on in another one.
fn resolve_reason(account: &Account, incident: &Incident) -> Value {
    let target = incident
        .merged_into
        .as_ref()
        .and_then(|id| account.incident(id.as_str()).ok());
    target.map_or(
        Value::Null,
        |target| json!({"type": "merge_resolve_reason", "incident": incident_reference(account, target)}),
    )
}

/// A reference to an incident. In webhooks its summary is the bare title.
fn incident_reference(account: &Account, incident: &Incident) -> Value {
    let page = account.page(&format!("incidents/{}", incident.id));
    reference(
        "incident_reference",
        incident.id.as_str(),
        "incidents",
        Some(&page),
        &incident.title,
    )
}
