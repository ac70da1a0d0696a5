//! What can happen to an incident, and what follows from it: a log entry, times, and webhooks.

use jiff::Timestamp;
use serde_json::Value;

use super::custom_fields::FieldValues;
use super::status_updates::StatusUpdate;
use super::workflows::WorkflowInstance;
use super::{Agent, AssignedVia, Holding, Incident, LogEntry, LogEntryKind, Note, Status};
use crate::account::Account;
use crate::directory::Urgency;
use crate::ids::{IncidentId, NoteId, PolicyId, PriorityId, ServiceId, UserId};
use crate::webhooks::event::{Event, Responder};

/// One thing that somebody does to an incident at one time. Each method is one transition: it changes the incident, writes
/// its log, stores it in the account and sends the webhooks, so that each webhook shows the incident as it was then.
#[derive(Debug)]
pub(crate) struct Transition<'a> {
    pub(crate) account: &'a mut Account,
    pub(crate) incident: Incident,
    pub(crate) agent: Agent,
    pub(crate) now: Timestamp,
}

impl Transition<'_> {
    /// An integration acknowledges in nobody's name.
    pub(crate) fn acknowledge(&mut self) {
        if self.incident.status != Status::Acknowledged {
            self.change_status(Status::Acknowledged);
        }
        if let Some(user) = self.agent.user() {
            self.incident.acknowledgements.push(Holding {
                at: self.now,
                user: user.clone(),
            });
        }
        self.record(LogEntryKind::Acknowledge, Some(&Event::Acknowledged));
    }

    pub(crate) fn unacknowledge(&mut self) {
        self.change_status(Status::Triggered);
        self.incident.acknowledgements.clear();
        self.record(LogEntryKind::Unacknowledge, Some(&Event::Unacknowledged));
    }

    /// A resolution goes into the log entry and nowhere else: neither the notes nor the webhook show it.
    pub(crate) fn resolve(&mut self, resolution: Option<String>) {
        self.change_status(Status::Resolved);
        self.incident.acknowledgements.clear();
        self.incident.assignments.clear();
        self.incident.resolved_at = Some(self.now);
        for alert in &mut self.incident.alerts {
            alert.resolve(self.now);
        }
        self.record_with_note(LogEntryKind::Resolve, resolution, Some(&Event::Resolved));
    }

    /// Reopens an incident for whoever is on call, or for the person who reopens it by acknowledging it.
    pub(crate) fn reopen(&mut self, for_themselves: bool) {
        self.change_status(Status::Triggered);
        self.incident.resolved_at = None;
        self.incident.reopened_at = Some(self.now);
        self.incident.merged_into = None;
        match self.agent.user() {
            Some(user) if for_themselves => self.assign(vec![user.clone()]),
            _ => self.assign_level(1),
        }
        self.record(LogEntryKind::Reopen, Some(&Event::Reopened));
    }

    pub(crate) fn retitle(&mut self, title: String) {
        self.incident.title = title;
        self.record(LogEntryKind::TitleChange, None);
    }

    pub(crate) fn change_urgency(&mut self, urgency: Urgency) {
        self.incident.urgency = urgency;
        self.record(LogEntryKind::UrgencyChange, None);
    }

    pub(crate) fn change_priority(&mut self, priority: PriorityId) {
        self.incident.priority = Some(priority);
        self.record(LogEntryKind::PriorityChange, Some(&Event::PriorityUpdated));
    }

    pub(crate) fn change_type(&mut self, name: String) {
        self.incident.incident_type = name;
        self.record(LogEntryKind::TypeChange, Some(&Event::IncidentTypeChanged));
    }

    pub(crate) fn change_bridge(&mut self, bridge: Value) {
        self.incident.conference_bridge = Some(bridge);
        self.record(LogEntryKind::BridgeChange, Some(&Event::ConferenceBridgeUpdated));
    }

    pub(crate) fn move_to(&mut self, service: ServiceId) {
        self.incident.service = service;
        self.record(LogEntryKind::ServiceChange, Some(&Event::ServiceUpdated));
    }

    pub(crate) fn set_fields(&mut self, changed: FieldValues) {
        let former = changed
            .keys()
            .map(|id| {
                (
                    id.clone(),
                    self.incident.custom_fields.get(id).cloned().unwrap_or_default(),
                )
            })
            .collect();
        self.incident.custom_fields.extend(changed);
        self.record(
            LogEntryKind::FieldsChange,
            Some(&Event::CustomFieldValuesUpdated { former }),
        );
    }

    pub(crate) fn delegate(&mut self, policy: PolicyId) {
        self.incident.policy = policy;
        self.assign_level(1);
        self.record(LogEntryKind::Delegate, Some(&Event::Delegated));
    }

    pub(crate) fn reassign(&mut self, assignees: Vec<UserId>) {
        self.assign(assignees);
        self.record(LogEntryKind::Assign, Some(&Event::Reassigned));
    }

    pub(crate) fn escalate(&mut self, level: usize) {
        self.assign_level(level);
        self.record(LogEntryKind::Escalate, Some(&Event::Escalated));
    }

    /// PagerDuty documents no webhook for a snooze.
    pub(crate) fn snooze(&mut self, until: Timestamp) {
        self.incident.snoozed_until = Some(until);
        self.record(LogEntryKind::Snooze, None);
    }

    /// Resolves the incident as one that goes on in another one. Its alerts are the other one's by then.
    pub(crate) fn merge_into(&mut self, target: IncidentId) {
        self.incident.alerts.clear();
        self.incident.merged_into = Some(target);
        if self.incident.status != Status::Resolved {
            self.resolve(None);
        } else {
            self.account.store(self.incident.clone());
        }
    }

    /// Takes over what incidents that were merged into this one bring along.
    pub(crate) fn absorb(&mut self, alerts: Vec<super::alerts::Alert>) {
        self.incident.alerts.extend(alerts);
        self.record(LogEntryKind::Merge, None);
    }

    pub(crate) fn publish_status(&mut self, update: StatusUpdate) {
        let message = update.message.clone();
        self.record_with_note(
            LogEntryKind::StatusUpdate,
            Some(message),
            Some(&Event::StatusUpdatePublished(update)),
        );
    }

    pub(crate) fn add_responder(&mut self, responder: Responder) {
        let message = responder.message.clone();
        self.record_with_note(
            LogEntryKind::RespondersRequest,
            Some(message),
            Some(&Event::ResponderAdded(responder)),
        );
    }

    /// Starts a workflow of PagerDuty's on the incident. What its steps would do is not played: it is complete at once.
    pub(crate) fn run_workflow(&mut self, instance: &WorkflowInstance) {
        let id = instance.workflow.to_string();
        self.record_with_note(
            LogEntryKind::WorkflowStart,
            Some(id.clone()),
            Some(&Event::WorkflowStarted(instance.clone())),
        );
        self.record_with_note(
            LogEntryKind::WorkflowCompletion,
            Some(id),
            Some(&Event::WorkflowCompleted(instance.clone())),
        );
    }

    /// Adds a note in the name of a user.
    pub(crate) fn annotate(&mut self, user: UserId, content: String) -> Note {
        let id = NoteId::new(self.account.ids.object());
        let note = Note {
            id,
            user,
            content,
            created_at: self.now,
        };
        self.incident.notes.push(note.clone());
        self.record_with_note(
            LogEntryKind::Annotate,
            Some(note.content.clone()),
            Some(&Event::Annotated(note.clone())),
        );
        note
    }

    /// Another status ends a snooze.
    fn change_status(&mut self, status: Status) {
        self.incident.status = status;
        self.incident.snoozed_until = None;
        self.incident.last_status_change_at = self.now;
        self.incident.last_status_change_by = self.agent.user().cloned();
    }

    fn assign(&mut self, users: Vec<UserId>) {
        let at = self.now;
        self.incident.assigned_via = AssignedVia::DirectAssignment;
        self.incident.assignments = users.into_iter().map(|user| Holding { at, user }).collect();
    }

    fn assign_level(&mut self, level: usize) {
        self.incident.assigned_via = AssignedVia::EscalationPolicy;
        self.incident.assignments = self.account.on_call(&self.incident.policy, level, self.now);
    }

    fn record(&mut self, kind: LogEntryKind, event: Option<&Event>) {
        self.record_with_note(kind, None, event);
    }

    fn record_with_note(&mut self, kind: LogEntryKind, note: Option<String>, event: Option<&Event>) {
        self.account
            .record(&mut self.incident, kind, &self.agent, note, event, self.now);
    }
}

impl Account {
    /// Writes what has happened to an incident into its log, stores the incident and sends the webhooks.
    pub(crate) fn record(
        &mut self,
        incident: &mut Incident,
        kind: LogEntryKind,
        agent: &Agent,
        note: Option<String>,
        event: Option<&Event>,
        now: Timestamp,
    ) {
        self.count(incident, kind, agent, note.as_deref(), now);
        incident.updated_at = now;
        incident.log.push(LogEntry {
            id: self.ids.log_entry(),
            kind,
            at: now,
            agent: agent.clone(),
            note,
        });
        self.store(incident.clone());
        if let Some(event) = event {
            self.publish(incident, event, agent, now);
        }
    }

    /// Who gets an incident at a level of an escalation policy.
    pub(crate) fn on_call(&self, policy: &PolicyId, level: usize, now: Timestamp) -> Vec<Holding> {
        let users = self.policy(policy).map_or(&[][..], |policy| policy.on_call(level));
        users
            .iter()
            .map(|user| Holding {
                at: now,
                user: user.clone(),
            })
            .collect()
    }
}
