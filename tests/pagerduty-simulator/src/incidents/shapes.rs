//! How incidents, notes and log entries look in answers.

use serde_json::{Map, Value, json};

use super::{Agent, Holding, Incident, LogEntry, LogEntryKind, Note};
use crate::account::Account;
use crate::clock::seconds;
use crate::directory::shapes::{
    API, policy_reference, priority, reference, service_reference, team_references, user_reference,
};
use crate::ids::TeamId;

/// An incident as REST answers and V2 webhooks show it.
pub(crate) fn incident(account: &Account, incident: &Incident) -> Value {
    let mut fields = Map::new();
    for part in [
        identity(account, incident),
        course(account, incident),
        responders(account, incident),
    ] {
        fields.extend(part);
    }
    if let Some(resolved_at) = incident.resolved_at {
        fields.insert("resolved_at".to_owned(), json!(seconds(resolved_at)));
    }
    Value::Object(fields)
}

fn identity(account: &Account, incident: &Incident) -> Map<String, Value> {
    let first = incident.log.first();
    object(json!({
        "id": incident.id,
        "type": "incident",
        "summary": summary(incident),
        "self": format!("{API}/incidents/{}", incident.id),
        "html_url": account.page(&format!("incidents/{}", incident.id)),
        "incident_number": incident.number,
        "incident_key": incident.key.as_str(),
        "title": incident.title,
        "description": incident.title,
        "service": service_reference(account, &incident.service),
        "impacted_services": [service_reference(account, &incident.service)],
        "incident_type": {"name": incident.incident_type},
        "conference_bridge": incident.conference_bridge,
        "first_trigger_log_entry": first.map(|entry| log_entry_reference(account, incident, entry)),
        "alert_counts": alert_counts(incident),
        "is_mergeable": true,
    }))
}

fn course(account: &Account, incident: &Incident) -> Map<String, Value> {
    let changed_by = incident.last_status_change_by.as_ref();
    object(json!({
        "status": incident.status.name(),
        "urgency": incident.urgency.name(),
        "priority": incident_priority(account, incident),
        "created_at": seconds(incident.created_at),
        "updated_at": seconds(incident.updated_at),
        "last_status_change_at": seconds(incident.last_status_change_at),
        "last_status_change_by": changed_by.map_or_else(
            || service_reference(account, &incident.service),
            |user| user_reference(account, user),
        ),
        "resolve_reason": resolve_reason(account, incident),
        "pending_actions": pending_actions(incident),
    }))
}

fn responders(account: &Account, incident: &Incident) -> Map<String, Value> {
    let held = |holdings: &[Holding], role: &str| -> Vec<Value> {
        let held = |holding: &Holding| json!({"at": seconds(holding.at), role: user_reference(account, &holding.user)});
        holdings.iter().map(held).collect()
    };
    object(json!({
        "assignments": held(&incident.assignments, "assignee"),
        "assigned_via": incident.assigned_via.name(),
        "acknowledgements": held(&incident.acknowledgements, "acknowledger"),
        "escalation_policy": policy_reference(account, &incident.policy),
        "teams": team_references(account, teams(account, incident)),
        "incidents_responders": [],
        "responder_requests": [],
        "subscriber_requests": [],
    }))
}

/// The teams of an incident: those of its escalation policy.
pub(crate) fn teams<'a>(account: &'a Account, incident: &Incident) -> &'a [TeamId] {
    account.policy(&incident.policy).map_or(&[][..], |policy| &policy.teams)
}

/// The full priority of an incident, or `null`.
fn incident_priority(account: &Account, incident: &Incident) -> Value {
    let found = incident.priority.as_ref().and_then(|id| account.priority(id));
    found.map_or(Value::Null, |found| priority(account, found))
}

fn alert_counts(incident: &Incident) -> Value {
    let all = incident.alerts.len();
    let triggered = incident.alerts.iter().filter(|alert| alert.is_open()).count();
    json!({"all": all, "triggered": triggered, "resolved": all - triggered})
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

/// The end of a snooze is an action that is to come.
fn pending_actions(incident: &Incident) -> Value {
    let awakening = incident
        .snoozed_until
        .map(|until| json!({"type": "unacknowledge", "at": seconds(until)}));
    awakening.into_iter().collect()
}

/// A reference to an incident, whose summary has the number.
pub(crate) fn incident_reference(account: &Account, incident: &Incident) -> Value {
    reference(
        "incident_reference",
        incident.id.as_str(),
        "incidents",
        Some(&account.page(&format!("incidents/{}", incident.id))),
        &summary(incident),
    )
}

/// What an incident is called in lists: its number and title.
pub(crate) fn summary(incident: &Incident) -> String {
    format!("[#{}] {}", incident.number, incident.title)
}

pub(crate) fn note(account: &Account, note: &Note) -> Value {
    json!({
        "id": note.id,
        "user": user_reference(account, &note.user),
        "channel": {"summary": "The PagerDuty website or APIs"},
        "content": note.content,
        "created_at": seconds(note.created_at),
        "updated_at": seconds(note.created_at),
    })
}

/// An entry of an incident's log. The first trigger entry carries the details of the incident's body.
pub(crate) fn log_entry(account: &Account, incident: &Incident, entry: &LogEntry) -> Value {
    let mut fields = object(log_entry_reference(account, incident, entry));
    fields.extend(object(json!({
        "type": entry.kind.type_name(),
        "created_at": seconds(entry.at),
        "agent": agent(account, incident, &entry.agent),
        "channel": channel(incident, entry),
        "service": service_reference(account, &incident.service),
        "incident": incident_reference(account, incident),
        "teams": team_references(account, teams(account, incident)),
        "contexts": [],
    })));
    if let Some(note) = &entry.note {
        let name = if entry.kind.has_note() { "note" } else { "message" };
        fields.insert(name.to_owned(), json!(note));
    }
    if entry.kind == LogEntryKind::Trigger {
        fields.insert("event_details".to_owned(), json!({"description": incident.title}));
    }
    Value::Object(fields)
}

fn channel(incident: &Incident, entry: &LogEntry) -> Value {
    match (entry.kind, &entry.agent) {
        (LogEntryKind::Trigger, agent) => json!({
            "type": if matches!(agent, Agent::User(_)) { "web_trigger" } else { "api" },
            "summary": incident.title,
            "subject": incident.title,
            "details": incident.details,
            "details_omitted": false,
            "body_omitted": false,
        }),
        (LogEntryKind::Annotate, _) => json!({"type": "note", "summary": entry.note}),
        _ => json!({"type": "website"}),
    }
}

fn log_entry_reference(account: &Account, incident: &Incident, entry: &LogEntry) -> Value {
    let page = account.page(&format!("incidents/{}/log_entries/{}", incident.id, entry.id));
    let kind = format!("{}_reference", entry.kind.type_name());
    reference(
        &kind,
        entry.id.as_str(),
        "log_entries",
        Some(&page),
        &entry_summary(account, entry),
    )
}

fn entry_summary(account: &Account, entry: &LogEntry) -> String {
    let by = match &entry.agent {
        Agent::User(id) => account.user(id).map_or("", |user| &user.name),
        Agent::Integration { name, .. } => name,
        Agent::Nobody => "PagerDuty",
    };
    match (entry.kind, &entry.agent) {
        (LogEntryKind::Trigger, Agent::User(_)) => "Triggered through the website.".to_owned(),
        (LogEntryKind::Trigger, _) => format!("Triggered through {by}."),
        (kind, _) => format!("{} by {by}.", kind.past_tense()),
    }
}

/// Who did something, as log entries and webhooks name them.
pub(crate) fn agent(account: &Account, incident: &Incident, agent: &Agent) -> Value {
    match agent {
        Agent::User(id) => user_reference(account, id),
        // An integration belongs to its service; its own id is derived from the service's, so that it is always the same.
        Agent::Integration { name, .. } => integration(account, incident, name),
        Agent::Nobody => Value::Null,
    }
}

/// The integration of an incident's service by which a monitoring tool of this name sends alerts.
pub(crate) fn integration(account: &Account, incident: &Incident, name: &str) -> Value {
    let id = format!("{}I", incident.service);
    let page = account.page(&format!("services/{}/integrations/{id}", incident.service));
    let path = format!("services/{}/integrations", incident.service);
    reference("inbound_integration_reference", &id, &path, Some(&page), name)
}

/// Real log entries are known of the kinds that people trigger, acknowledge, resolve, assign and annotate with; the names of
/// the others are UNVERIFIED.
impl LogEntryKind {
    /// True if a text of the entry is a note, and not a message to somebody.
    fn has_note(self) -> bool {
        matches!(self, Self::Annotate | Self::Resolve)
    }

    /// True if the entry is in the overview of a log, which has the important changes only. Which ones these are is
    /// UNVERIFIED.
    pub(crate) fn is_important(self) -> bool {
        !matches!(
            self,
            Self::Annotate | Self::FieldsChange | Self::TitleChange | Self::BridgeChange | Self::StatusUpdate
        )
    }

    fn type_name(self) -> &'static str {
        match self {
            Self::Trigger => "trigger_log_entry",
            Self::Acknowledge => "acknowledge_log_entry",
            Self::Unacknowledge => "unacknowledge_log_entry",
            Self::Resolve => "resolve_log_entry",
            Self::Reopen => "reopen_log_entry",
            Self::Assign => "assign_log_entry",
            Self::Delegate => "delegate_log_entry",
            Self::Escalate => "escalate_log_entry",
            Self::Annotate => "annotate_log_entry",
            Self::PriorityChange => "priority_change_log_entry",
            Self::UrgencyChange => "urgency_change_log_entry",
            Self::TitleChange | Self::ServiceChange | Self::TypeChange | Self::BridgeChange => {
                "field_value_change_log_entry"
            }
            Self::FieldsChange => "custom_field_value_change_log_entry",
            Self::Snooze => "snooze_log_entry",
            Self::Merge => "merge_log_entry",
            Self::StatusUpdate => "status_update_log_entry",
            Self::RespondersRequest => "responder_request_log_entry",
            Self::WorkflowStart => "incident_workflow_start_log_entry",
            Self::WorkflowCompletion => "incident_workflow_completion_log_entry",
        }
    }

    fn past_tense(self) -> &'static str {
        match self {
            Self::Trigger => "Triggered",
            Self::Acknowledge => "Acknowledged",
            Self::Unacknowledge => "Unacknowledged",
            Self::Resolve => "Resolved",
            Self::Reopen => "Reopened",
            Self::Assign => "Reassigned",
            Self::Delegate => "Delegated",
            Self::Escalate => "Escalated",
            Self::Annotate => "Annotated",
            Self::PriorityChange => "Priority changed",
            Self::UrgencyChange => "Urgency changed",
            Self::TitleChange => "Title changed",
            Self::ServiceChange => "Service changed",
            Self::TypeChange => "Incident type changed",
            Self::BridgeChange => "Conference bridge changed",
            Self::FieldsChange => "Custom fields changed",
            Self::Snooze => "Snoozed",
            Self::Merge => "Merged",
            Self::StatusUpdate => "Status update published",
            Self::RespondersRequest => "Responders requested",
            Self::WorkflowStart => "Incident workflow started",
            Self::WorkflowCompletion => "Incident workflow completed",
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
