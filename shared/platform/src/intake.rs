//! The outcome of an authentic delivery: runs, or a reason why there are none.

mod filters;

use crate::{
    awaited::AwaitedEvent,
    body,
    table::{TriggerRecord, WorkflowRecord, WorkflowState},
};
use jiff::{SignedDuration, Timestamp};
use pagerduty::{
    actions::resolve_incident::is_note_of_a_run,
    webhook::{Event, Unreadable, v2, v3},
};
use serde::Serialize;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, OnceLock},
};
use workflow::{
    definition::limits::run_timeout,
    ids::{IntegrationAlias, RunId, WorkflowVersion},
    planner::OLDEST_EVENT,
    run::{PackedBody, RunBody, RunCause, RunEvent, RunIdentity, RunInput, WebhookKind},
    template::Context,
    triggers::schedule,
    watch::Watch,
};

/// The largest body of a delivery that is read, in bytes. PagerDuty drops what is larger than 256 KB.
pub const LARGEST_BODY: usize = 384 * 1024;

/// How much of a body may ride in the input of an execution, in bytes, compressed and as text. The input travels through
/// the whole run, whose state holds 256 KiB in all.
pub const LARGEST_BODY_IN_INPUT: usize = 128 * 1024;

/// The time for which a run may wait for its start: the queues of the start-buffer keep it for two weeks.
const LONGEST_START: SignedDuration = SignedDuration::from_hours(14 * 24);

/// The reason an authentic event starts no run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ignored {
    /// PagerDuty tests the subscription.
    Ping,
    WorkflowDisabled,
    /// The workflow was deleted.
    WorkflowDeleted,
    /// The workflow does not ask for events of this type.
    EventType,
    /// The workflow is for other services.
    Service,
    /// The workflow is for other teams.
    Team,
    /// The workflow is for other priorities.
    Priority,
    /// The workflow is for the other urgency.
    Urgency,
    /// The workflow's condition does not hold.
    Condition,
    /// The event happened more than a week ago.
    TooOld,
    /// The event tells of a note that a run has left. It would start the workflow that wrote it again.
    OwnNote,
    /// The delivery has no message.
    NoMessage,
    /// No webhook starts the workflow.
    NoTrigger,
    /// No webhook of the integration starts the workflow. It waits for events of incidents.
    OnlyWaits,
    /// The URL of the integration leads to no workflow.
    NoWorkflow,
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ping => "ping",
            Self::WorkflowDisabled => "the workflow is disabled",
            Self::WorkflowDeleted => "the workflow was deleted",
            Self::EventType => "the workflow does not ask for events of this type",
            Self::Service => "the workflow is for other services",
            Self::Team => "the workflow is for other teams",
            Self::Priority => "the workflow is for other priorities",
            Self::Urgency => "the workflow is for the other urgency",
            Self::Condition => "the condition of the workflow's trigger does not hold",
            Self::OwnNote => "a run of Pagerflow has written this note",
            Self::TooOld => "the event happened more than a week ago",
            Self::NoMessage => "the delivery has no message",
            Self::NoTrigger => "no webhook starts the workflow",
            Self::OnlyWaits => {
                "the workflow waits for events of incidents, and no webhook of the integration starts it"
            }
            Self::NoWorkflow => "no enabled workflow takes V3 webhooks of the integration",
        })
    }
}

/// The outcome of one event.
#[derive(Debug, Clone, PartialEq)]
pub enum Admission {
    /// A run starts.
    Start(Box<Admitted>),
    /// None does.
    Ignore(Ignored),
}

/// A run that is to be started.
#[derive(Debug, Clone, PartialEq)]
pub struct Admitted {
    /// The input of its execution.
    pub input: RunInput,
    /// The compressed body, if it is too large for the input and must be stored beside the run. The runs of one event share
    /// it.
    pub large_body: Option<Arc<[u8]>>,
    /// The time when the run has ended at the latest: it may wait for its start as long as the queues of the start-buffer keep it.
    pub ends_by: Timestamp,
}

/// One event of a delivery and the bytes that tell of it alone.
#[derive(Debug)]
struct Told<'a> {
    event: Event,
    body: std::borrow::Cow<'a, [u8]>,
    packed: OnceLock<Packed>,
    seen: OnceLock<Result<Context, String>>,
}

/// The bytes of an event in the form in which its runs get them.
#[derive(Debug, Clone)]
enum Packed {
    /// In their input.
    Input(PackedBody),
    /// Beside them, because they are too large for that.
    Table(Arc<[u8]>),
}

impl<'a> Told<'a> {
    fn new(event: Event, body: impl Into<std::borrow::Cow<'a, [u8]>>) -> Self {
        Self {
            event,
            body: body.into(),
            packed: OnceLock::new(),
            seen: OnceLock::new(),
        }
    }

    /// The bytes, packed once for all workflows.
    fn packed(&self) -> &Packed {
        self.packed.get_or_init(|| {
            let compressed = body::compress_quickly(&self.body);
            let text = body::to_text(&compressed);
            match text.len() <= LARGEST_BODY_IN_INPUT {
                true => Packed::Input(text.into()),
                false => Packed::Table(compressed.into()),
            }
        })
    }

    /// The context of all workflows' conditions on the event, at this time.
    fn seen(&self, now: Timestamp) -> Result<Context, String> {
        let seen = self
            .seen
            .get_or_init(|| event_value(&self.event).map(|event| Context::of_event(event, now)));
        match seen {
            Ok(context) => Ok(context.at(now)),
            Err(problem) => Err(problem.clone()),
        }
    }
}

/// The events of a delivery. They are read once, for all workflows that they are handed to.
#[derive(Debug)]
pub struct Events<'a> {
    webhook: WebhookKind,
    told: Vec<Told<'a>>,
    unreadable: Option<Unreadable>,
}

impl<'a> Events<'a> {
    /// Reads a delivery.
    ///
    /// # Errors
    /// The body is not a delivery of this kind.
    pub fn read(webhook: WebhookKind, body: &'a [u8]) -> Result<Self, Unreadable> {
        Ok(match webhook {
            WebhookKind::V3 => Self {
                webhook,
                told: vec![Told::new(v3::parse(body)?, body)],
                unreadable: None,
            },
            WebhookKind::V2 => {
                let messages = v2::parse(body)?;
                let told = messages
                    .read
                    .into_iter()
                    .map(|message| Told::new(message.event, message.sanitised.to_string().into_bytes()));
                Self {
                    webhook,
                    told: told.collect(),
                    unreadable: messages.unreadable,
                }
            }
        })
    }

    /// The reason the delivery has more in it than these events. It must be kept then.
    #[must_use]
    pub fn unreadable(&self) -> Option<&Unreadable> {
        self.unreadable.as_ref()
    }

    /// Decides on each event for a trigger of a workflow that takes deliveries of this kind.
    #[must_use]
    pub fn admit(&self, workflow: &WorkflowRecord, trigger: &TriggerRecord, now: Timestamp) -> Vec<Admission> {
        if self.told.is_empty() && self.unreadable.is_none() {
            return vec![Admission::Ignore(Ignored::NoMessage)];
        }
        self.told
            .iter()
            .map(|told| decide(workflow, trigger, told, now))
            .collect()
    }

    /// The outcome of each event for a workflow that no delivery of this kind starts, and that waits for events.
    #[must_use]
    pub fn pass_by(&self) -> Vec<Admission> {
        let reason = |told: &Told<'_>| match told.event.is_ping() {
            true => Ignored::Ping,
            false => Ignored::OnlyWaits,
        };
        self.told.iter().map(|told| Admission::Ignore(reason(told))).collect()
    }

    /// The events about incidents of an integration that are of these types. Notes of runs are not among them: a run that waits for a
    /// note would find its own.
    #[must_use]
    pub fn awaited(&self, integration: &IntegrationAlias, types: &BTreeSet<&str>, now: Timestamp) -> Vec<AwaitedEvent> {
        let awaited = |told: &Told<'_>| {
            let event = &told.event;
            let is_wanted = types.contains(event.event_type.as_str())
                && !is_too_old(event, now)
                && !event.note.as_deref().is_some_and(is_note_of_a_run);
            let incident = event.incident.as_ref().filter(|_| is_wanted)?;
            // What has no id of an incident's form is none that a run could watch.
            let watch = Watch::new(integration.clone(), &incident.id.to_string()).ok()?;
            let body = match told.packed() {
                Packed::Input(data) => RunBody::Input { data: data.clone() },
                Packed::Table(_) => RunBody::Table {},
            };
            Some(AwaitedEvent {
                watch,
                occurred_at: event.occurred_at.unwrap_or(now),
                event: RunEvent {
                    webhook: self.webhook,
                    event_id: event.id.to_string(),
                    event_type: event.event_type.clone(),
                    body,
                    filter_error: None,
                },
            })
        };
        self.told.iter().filter_map(awaited).collect()
    }

    /// Decides on each event as it would have been decided when it happened, which is at this time if it does not say. So none is too old.
    #[must_use]
    pub fn admit_as_it_happened(
        &self,
        workflow: &WorkflowRecord,
        trigger: &TriggerRecord,
        otherwise: Timestamp,
    ) -> Vec<Admission> {
        if self.told.is_empty() && self.unreadable.is_none() {
            return vec![Admission::Ignore(Ignored::NoMessage)];
        }
        self.told
            .iter()
            .map(|told| decide(workflow, trigger, told, told.event.occurred_at.unwrap_or(otherwise)))
            .collect()
    }
}

/// Reads a delivery to a trigger of a workflow and decides on each of its events.
///
/// # Errors
/// The body is not a delivery of the kind that the trigger takes.
pub fn admit(
    workflow: &WorkflowRecord,
    trigger: &TriggerRecord,
    body: &[u8],
    now: Timestamp,
) -> Result<Vec<Admission>, Unreadable> {
    Ok(Events::read(trigger.webhook, body)?.admit(workflow, trigger, now))
}

/// The event that a run was started for, read from the stored body again.
///
/// # Errors
/// The body is damaged, or this release cannot read it.
pub fn stored_event(event: &RunEvent, large_body: Option<&[u8]>) -> Result<Event, String> {
    let compressed = match (&event.body, large_body) {
        (RunBody::Input { data }, _) => body::from_text(data).map_err(|error| error.to_string())?,
        (RunBody::Table {}, Some(stored)) => stored.to_vec(),
        (RunBody::Table {}, None) => return Err("its body is not in the table any more".to_owned()),
    };
    let body = body::decompress(&compressed).map_err(|error| error.to_string())?;
    let mut events = Events::read(event.webhook, &body).map_err(|error| error.to_string())?;
    events
        .told
        .pop()
        .map(|told| told.event)
        .ok_or_else(|| "it has no message".to_owned())
}

/// An event as expressions see it.
///
/// # Errors
/// It cannot be written as JSON.
pub fn event_value(event: &Event) -> Result<Value, String> {
    serde_json::to_value(event).map_err(|error| error.to_string())
}

/// The `event` of a run as expressions see it: the delivered event that was read for it, or the time of a schedule. Null for a run that is about
/// neither.
///
/// # Errors
/// It cannot be written as JSON.
pub fn subject_value(input: &RunInput, event: Option<&Event>) -> Result<Value, String> {
    match (event, input.scheduled_at()) {
        (Some(event), _) => event_value(event),
        (None, Some(scheduled_at)) => Ok(schedule::event_value(scheduled_at)),
        (None, None) => Ok(Value::Null),
    }
}

fn decide(workflow: &WorkflowRecord, trigger: &TriggerRecord, told: &Told<'_>, now: Timestamp) -> Admission {
    let event = &told.event;
    let reason = match workflow.state {
        _ if event.is_ping() => Some(Ignored::Ping),
        WorkflowState::Disabled => Some(Ignored::WorkflowDisabled),
        WorkflowState::Deleted => Some(Ignored::WorkflowDeleted),
        WorkflowState::Enabled if !trigger.events.contains(&event.event_type) => Some(Ignored::EventType),
        WorkflowState::Enabled if is_too_old(event, now) => Some(Ignored::TooOld),
        WorkflowState::Enabled if event.note.as_deref().is_some_and(is_note_of_a_run) => Some(Ignored::OwnNote),
        WorkflowState::Enabled => filters::refusal(&trigger.filters, event),
    };
    if let Some(reason) = reason {
        return Admission::Ignore(reason);
    }
    let filter_error = match condition(trigger, told, now) {
        Ok(true) => None,
        Ok(false) => return Admission::Ignore(Ignored::Condition),
        // It is not known whether this event was wanted. A run that fails is seen; an event that is dropped is not.
        Err(error) => Some(error),
    };
    let (body, large_body) = match told.packed().clone() {
        Packed::Input(data) => (RunBody::Input { data }, None),
        Packed::Table(compressed) => (RunBody::Table {}, Some(compressed)),
    };
    let input = RunInput {
        run: identity(workflow, event, workflow.active_version),
        cause: RunCause::Event(RunEvent {
            webhook: trigger.webhook,
            event_id: event.id.to_string(),
            event_type: event.event_type.clone(),
            body,
            filter_error,
        }),
        inputs: serde_json::Map::new(),
        part: None,
    };
    let ends_by = now
        .checked_add(LONGEST_START)
        .and_then(|begun| begun.checked_add(run_timeout(workflow.timeout)));
    Admission::Start(Box::new(Admitted {
        input,
        large_body,
        ends_by: ends_by.unwrap_or(Timestamp::MAX),
    }))
}

fn identity(workflow: &WorkflowRecord, event: &Event, version: WorkflowVersion) -> RunIdentity {
    RunIdentity {
        id: RunId::for_event(&workflow.workflow, &event.id.to_string()),
        workflow: workflow.workflow.clone(),
        version,
        // What the event may follow from, only the first Plan can tell: the ingress has no call for it, and what the key of the
        // incident says can be said by every sender of an alert.
        depth: 0,
    }
}

fn condition(trigger: &TriggerRecord, told: &Told<'_>, now: Timestamp) -> Result<bool, String> {
    let Some(when) = &trigger.when else { return Ok(true) };
    when.holds(&told.seen(now)?).map_err(|error| error.to_string())
}

fn is_too_old(event: &Event, now: Timestamp) -> bool {
    event
        .occurred_at
        .is_some_and(|occurred_at| now.duration_since(occurred_at) > OLDEST_EVENT)
}

#[cfg(test)]
mod tests;
