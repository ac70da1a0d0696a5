//! What webhooks tell of, and its names in both generations.

use crate::ids::{PolicyId, UserId};
use crate::incidents::Note;
use crate::incidents::custom_fields::FieldValues;
use crate::incidents::status_updates::StatusUpdate;
use crate::incidents::workflows::WorkflowInstance;

/// Something that happened to an incident, and that webhooks tell of.
///
/// A new title or urgency is none of them: PagerDuty documents no webhook for either.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Triggered,
    Acknowledged,
    Unacknowledged,
    Resolved,
    Reopened,
    Escalated,
    Delegated,
    Reassigned,
    PriorityUpdated,
    IncidentTypeChanged,
    ServiceUpdated,
    ConferenceBridgeUpdated,
    CustomFieldValuesUpdated {
        /// What the changed fields were before.
        former: FieldValues,
    },
    ResponderAdded(Responder),
    StatusUpdatePublished(StatusUpdate),
    WorkflowStarted(WorkflowInstance),
    WorkflowCompleted(WorkflowInstance),
    Annotated(Note),
}

/// Somebody who is asked to join an incident.
#[derive(Debug, Clone)]
pub(crate) struct Responder {
    pub(crate) user: UserId,
    /// The escalation policy by which they are asked.
    pub(crate) policy: Option<PolicyId>,
    pub(crate) message: String,
}

/// All events that a V3 subscription can name.
pub(crate) const SUBSCRIBABLE: [&str; 30] = [
    "incident.acknowledged",
    "incident.action_invocation.created",
    "incident.action_invocation.terminated",
    "incident.action_invocation.updated",
    "incident.annotated",
    "incident.conference_bridge.updated",
    "incident.custom_field_values.updated",
    "incident.delegated",
    "incident.escalated",
    "incident.incident_type.changed",
    "incident.priority_updated",
    "incident.reassigned",
    "incident.reopened",
    "incident.resolved",
    "incident.responder.added",
    "incident.responder.replied",
    "incident.role.assigned",
    "incident.service_updated",
    "incident.status_update_published",
    "incident.task.completed",
    "incident.task.created",
    "incident.task.updated",
    "incident.triggered",
    "incident.unacknowledged",
    "incident.workflow.completed",
    "incident.workflow.started",
    "service.created",
    "service.custom_field_values.updated",
    "service.deleted",
    "service.updated",
];

impl Event {
    /// The `event_type` of V3.
    pub(crate) fn v3_type(&self) -> &'static str {
        match self {
            Self::Triggered => "incident.triggered",
            Self::Acknowledged => "incident.acknowledged",
            Self::Unacknowledged => "incident.unacknowledged",
            Self::Resolved => "incident.resolved",
            Self::Reopened => "incident.reopened",
            Self::Escalated => "incident.escalated",
            Self::Delegated => "incident.delegated",
            Self::Reassigned => "incident.reassigned",
            Self::PriorityUpdated => "incident.priority_updated",
            Self::IncidentTypeChanged => "incident.incident_type.changed",
            Self::ServiceUpdated => "incident.service_updated",
            Self::ConferenceBridgeUpdated => "incident.conference_bridge.updated",
            Self::CustomFieldValuesUpdated { .. } => "incident.custom_field_values.updated",
            Self::ResponderAdded(_) => "incident.responder.added",
            Self::StatusUpdatePublished(_) => "incident.status_update_published",
            Self::WorkflowStarted(_) => "incident.workflow.started",
            Self::WorkflowCompleted(_) => "incident.workflow.completed",
            Self::Annotated(_) => "incident.annotated",
        }
    }

    /// The `event` of V2, which has fewer kinds.
    pub(crate) fn v2_type(&self) -> Option<&'static str> {
        match self {
            Self::Triggered => Some("incident.trigger"),
            Self::Acknowledged => Some("incident.acknowledge"),
            Self::Unacknowledged => Some("incident.unacknowledge"),
            Self::Resolved => Some("incident.resolve"),
            Self::Escalated => Some("incident.escalate"),
            Self::Delegated => Some("incident.delegate"),
            Self::Reassigned => Some("incident.assign"),
            Self::Annotated(_) => Some("incident.annotate"),
            _ => None,
        }
    }
}
