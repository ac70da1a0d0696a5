//! What can happen to an incident, and what follows from it: a log entry, times, and webhooks.

use jiff::Timestamp;

use super::{Agent, AssignedVia, Holding, Incident, LogEntry, LogEntryKind, Note, Status};
use crate::account::Account;
use crate::directory::Urgency;
use crate::ids::{NoteId, PolicyId, PriorityId, UserId};
use crate::webhooks::event::Event;

/// One thing that a user does to an incident at one time. Each method is one transition: it changes the incident, writes
/// its log, stores it in the account and sends the webhooks, so that each webhook shows the incident as it was then.
#[derive(Debug)]
pub(crate) struct Transition<'a> {
    pub(crate) account: &'a mut Account,
    pub(crate) incident: Incident,
    pub(crate) user: UserId,
    pub(crate) now: Timestamp,
}

impl Transition<'_> {
    pub(crate) fn acknowledge(&mut self) {
        if self.incident.status != Status::Acknowledged {
            self.change_status(Status::Acknowledged);
        }
        self.incident.acknowledgements.push(Holding {
            at: self.now,
            user: self.user.clone(),
        });
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
        self.record_with_note(LogEntryKind::Resolve, resolution, Some(&Event::Resolved));
    }

    pub(crate) fn reopen(&mut self) {
        self.change_status(Status::Triggered);
        self.incident.resolved_at = None;
        self.incident.reopened_at = Some(self.now);
        self.assign_level(1);
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

    pub(crate) fn delegate(&mut self, policy: PolicyId) {
        self.incident.policy = policy;
        self.assign_level(1);
        self.record(LogEntryKind::Delegate, Some(&Event::Delegated));
    }

    pub(crate) fn reassign(&mut self, assignee: UserId) {
        self.incident.assigned_via = AssignedVia::DirectAssignment;
        self.incident.assignments = vec![Holding {
            at: self.now,
            user: assignee,
        }];
        self.record(LogEntryKind::Assign, Some(&Event::Reassigned));
    }

    pub(crate) fn escalate(&mut self, level: usize) {
        self.assign_level(level);
        self.record(LogEntryKind::Escalate, Some(&Event::Escalated));
    }

    pub(crate) fn annotate(&mut self, content: String) -> Note {
        let id = NoteId::new(self.account.ids.object());
        let note = Note {
            id,
            user: self.user.clone(),
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

    fn change_status(&mut self, status: Status) {
        self.incident.status = status;
        self.incident.last_status_change_at = self.now;
        self.incident.last_status_change_by = Some(self.user.clone());
    }

    fn assign_level(&mut self, level: usize) {
        self.incident.assigned_via = AssignedVia::EscalationPolicy;
        self.incident.assignments = self.account.on_call(&self.incident.policy, level, self.now);
    }

    fn record(&mut self, kind: LogEntryKind, event: Option<&Event>) {
        self.record_with_note(kind, None, event);
    }

    fn record_with_note(&mut self, kind: LogEntryKind, note: Option<String>, event: Option<&Event>) {
        let agent = Agent::User(self.user.clone());
        self.account
            .record(&mut self.incident, kind, &agent, note, event, self.now);
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
