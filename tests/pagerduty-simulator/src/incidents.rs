//! Incidents: their records, and the requests about them.

pub(crate) mod alerts;
pub(crate) mod create;
pub(crate) mod custom_fields;
pub(crate) mod list;
pub(crate) mod merge;
pub(crate) mod notes;
pub(crate) mod responder_requests;
pub(crate) mod shapes;
pub(crate) mod snooze;
pub(crate) mod status_updates;
pub(crate) mod transitions;
pub(crate) mod update;
pub(crate) mod workflows;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::directory::Urgency;
use crate::ids::{FieldId, IncidentId, LogEntryId, NoteId, PolicyId, PriorityId, ServiceId, UserId};
use crate::refusal::Refusal;
use alerts::Alert;

#[derive(Debug, Clone)]
pub(crate) struct Incident {
    pub(crate) id: IncidentId,
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) key: IncidentKey,
    pub(crate) service: ServiceId,
    pub(crate) status: Status,
    pub(crate) urgency: Urgency,
    pub(crate) priority: Option<PriorityId>,
    pub(crate) policy: PolicyId,
    pub(crate) assigned_via: AssignedVia,
    pub(crate) assignments: Vec<Holding>,
    pub(crate) acknowledgements: Vec<Holding>,
    pub(crate) details: Option<String>,
    pub(crate) incident_type: String,
    pub(crate) conference_bridge: Option<Value>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) resolved_at: Option<Timestamp>,
    pub(crate) reopened_at: Option<Timestamp>,
    pub(crate) last_status_change_at: Timestamp,
    /// None for the service itself, which is where an incident comes from.
    pub(crate) last_status_change_by: Option<UserId>,
    pub(crate) snoozed_until: Option<Timestamp>,
    /// The incident that this one was merged into.
    pub(crate) merged_into: Option<IncidentId>,
    pub(crate) alerts: Vec<Alert>,
    pub(crate) custom_fields: BTreeMap<FieldId, Value>,
    pub(crate) log: Vec<LogEntry>,
    pub(crate) notes: Vec<Note>,
}

impl Incident {
    /// True if this is its `incident_key`, or the dedup key of one of its alerts.
    pub(crate) fn has_key(&self, key: &str) -> bool {
        self.key.as_str() == key || self.alerts.iter().any(|alert| alert.key == key)
    }
}

/// What makes an incident the same as another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IncidentKey {
    /// The `incident_key` of an incident that was made through REST.
    Incident(String),
    /// The dedup key of the alert from which an incident came. In webhooks such an incident has no `incident_key`.
    Alert(String),
}

impl IncidentKey {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Incident(key) | Self::Alert(key) => key,
        }
    }
}

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Somebody is called.
    Triggered,
    /// A person works on it.
    Acknowledged,
    /// It is over.
    Resolved,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Triggered => "triggered",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }

    /// The refusal of a word that is no status. 1003 is documented for it; that it is 2001 is what others have seen, and the words
    /// are UNVERIFIED.
    pub(crate) fn refused() -> Refusal {
        Refusal::invalid("Status is invalid")
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        [Self::Triggered, Self::Acknowledged, Self::Resolved]
            .into_iter()
            .find(|status| status.name() == name)
    }
}

/// The source of the assignees of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AssignedVia {
    EscalationPolicy,
    DirectAssignment,
}

impl AssignedVia {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::EscalationPolicy => "escalation_policy",
            Self::DirectAssignment => "direct_assignment",
        }
    }
}

/// A user who has an incident, or has acknowledged it, since a point in time.
#[derive(Debug, Clone)]
pub(crate) struct Holding {
    pub(crate) at: Timestamp,
    pub(crate) user: UserId,
}

/// Who did something.
#[derive(Debug, Clone)]
pub(crate) enum Agent {
    /// A person, or somebody who acts for them through the API.
    User(UserId),
    /// A monitoring tool, by way of an integration of the service.
    Integration {
        /// The integration's name.
        name: String,
        /// The name of the tool, and its web address, if it gave them.
        client: Option<(String, Option<String>)>,
    },
    /// PagerDuty itself, or a request that names nobody.
    Nobody,
}

impl Agent {
    /// The person, if it is one.
    pub(crate) fn user(&self) -> Option<&UserId> {
        match self {
            Self::User(user) => Some(user),
            Self::Integration { .. } | Self::Nobody => None,
        }
    }
}

/// An entry of an incident's log.
#[derive(Debug, Clone)]
pub(crate) struct LogEntry {
    pub(crate) id: LogEntryId,
    pub(crate) kind: LogEntryKind,
    pub(crate) at: Timestamp,
    pub(crate) agent: Agent,
    pub(crate) note: Option<String>,
}

/// What an entry of the log tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogEntryKind {
    Trigger,
    Acknowledge,
    Unacknowledge,
    Resolve,
    Reopen,
    Assign,
    Delegate,
    Escalate,
    Annotate,
    PriorityChange,
    UrgencyChange,
    TitleChange,
    ServiceChange,
    TypeChange,
    BridgeChange,
    FieldsChange,
    Snooze,
    Merge,
    StatusUpdate,
    RespondersRequest,
    WorkflowStart,
    WorkflowCompletion,
}

#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) id: NoteId,
    pub(crate) user: UserId,
    pub(crate) content: String,
    pub(crate) created_at: Timestamp,
}
