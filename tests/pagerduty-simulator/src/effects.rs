//! What has happened to the incidents of an account, as the account itself counts it.

use jiff::Timestamp;

use crate::account::Account;
use crate::ids::{IncidentId, ServiceId, UserId, WorkflowId};
use crate::incidents::{Agent, Incident, LogEntryKind, Status};

/// One thing that happened to an incident, whoever did it and whatever they were told about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The time.
    pub at: Timestamp,
    /// The incident that it happened to.
    pub incident: IncidentId,
    /// The user who did it, or in whose name it was done; none for a monitoring tool.
    pub by: Option<UserId>,
    /// What happened.
    pub kind: EffectKind,
}

/// What happened to an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EffectKind {
    /// It was created, and somebody was called.
    Created {
        /// Its `incident_key`, or the dedup key of its alert.
        key: String,
        service: ServiceId,
        /// Its title at that time.
        title: String,
    },
    /// It got this status. An acknowledgement by a further user counts too.
    Status(Status),
    /// It got a note with this text.
    Note(String),
    /// It got a status update with this text.
    StatusUpdate(String),
    /// Somebody was asked to join, with this message.
    ResponderRequest(String),
    /// It was snoozed.
    Snooze,
    /// Another incident was merged into it.
    Merge,
    /// An incident workflow with this id was started on it.
    Workflow(WorkflowId),
    /// Custom fields of it got other values.
    CustomFields,
    /// Its title, urgency, priority, type, service, conference bridge or responders changed.
    Other,
}

impl Account {
    pub(crate) fn count(
        &mut self,
        incident: &Incident,
        entry: LogEntryKind,
        agent: &Agent,
        note: Option<&str>,
        now: Timestamp,
    ) {
        let kind = match entry {
            LogEntryKind::Trigger => EffectKind::Created {
                key: incident.key.as_str().to_owned(),
                service: incident.service.clone(),
                title: incident.title.clone(),
            },
            LogEntryKind::Acknowledge => EffectKind::Status(Status::Acknowledged),
            LogEntryKind::Unacknowledge | LogEntryKind::Reopen => EffectKind::Status(Status::Triggered),
            LogEntryKind::Resolve => EffectKind::Status(Status::Resolved),
            LogEntryKind::Annotate => EffectKind::Note(note.unwrap_or_default().to_owned()),
            LogEntryKind::StatusUpdate => EffectKind::StatusUpdate(note.unwrap_or_default().to_owned()),
            LogEntryKind::RespondersRequest => EffectKind::ResponderRequest(note.unwrap_or_default().to_owned()),
            LogEntryKind::Snooze => EffectKind::Snooze,
            LogEntryKind::Merge => EffectKind::Merge,
            LogEntryKind::WorkflowStart => EffectKind::Workflow(WorkflowId::new(note.unwrap_or_default())),
            LogEntryKind::FieldsChange => EffectKind::CustomFields,
            LogEntryKind::WorkflowCompletion => return,
            LogEntryKind::Assign
            | LogEntryKind::Delegate
            | LogEntryKind::Escalate
            | LogEntryKind::PriorityChange
            | LogEntryKind::UrgencyChange
            | LogEntryKind::TitleChange
            | LogEntryKind::ServiceChange
            | LogEntryKind::TypeChange
            | LogEntryKind::BridgeChange => EffectKind::Other,
        };
        let by = agent.user().cloned();
        self.effects.push(Effect {
            at: now,
            incident: incident.id.clone(),
            by,
            kind,
        });
    }
}
