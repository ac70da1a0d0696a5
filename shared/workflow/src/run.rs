//! The input that a run is started with.
//!
//! It is byte-stable: two deliveries of one event to one version of a workflow give the same bytes. So it holds no
//! clock time and nothing of the delivery, and its fields are written in the order in which they stand here.
//!
//! Fields that a reader does not know are passed over: while a new release is deployed, the one that writes an input may be
//! newer than the one that reads it.

use crate::{
    fingerprint::fingerprint,
    ids::{LanePath, RunId, StepPath, VariableName, WorkflowId, WorkflowVersion},
    planner::{Outcome, StepError, StepResult},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Deref,
    sync::Arc,
};

/// The input of an execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInput {
    /// The run.
    pub run: RunIdentity,
    /// The cause of the run.
    pub cause: RunCause,
    /// The inputs that the run was started with.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub inputs: Map<String, Value>,
    /// The part of the run that the execution does, if another execution started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

/// The cause of a run. A run that a step or a replay starts has the event of the run before it, if that had one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunCause {
    /// An event that the workflow's trigger lets through.
    Event(RunEvent),
    /// A time of the workflow's schedule.
    Schedule {
        /// The time at which it was due, however late it begins.
        scheduled_at: Timestamp,
    },
    /// A person started it.
    Hand {
        /// The person: an ARN, as far as it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// A step of another run calls it.
    Called {
        /// The step.
        by: CalledBy,
        /// The subject of the run that calls.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event: Option<Subject>,
    },
    /// A person repeats another run.
    Replay {
        /// The other run.
        of: ReplayOf,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event: Option<Subject>,
    },
}

/// The subject of a run, which expressions see as `event`: the run has it from its trigger, or from the run that calls it or that it
/// repeats.
///
/// The two are told apart by their fields, so that inputs which earlier releases have written are read as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Subject {
    /// An event that was delivered.
    Event(RunEvent),
    /// A time of a schedule.
    Schedule {
        /// The time at which it was due.
        scheduled_at: Timestamp,
    },
}

impl Subject {
    /// The same for an execution that finds the body of the event in the table.
    #[must_use]
    pub fn with_stored_body(&self) -> Self {
        match self {
            Self::Event(event) => Self::Event(event.with_stored_body()),
            Self::Schedule { scheduled_at } => Self::Schedule {
                scheduled_at: *scheduled_at,
            },
        }
    }
}

impl RunCause {
    /// The cause for an execution that does a part of the run: it finds the body of the event in the table. Only the one that
    /// begins the main lane takes over what a replay keeps; the others find it there too.
    #[must_use]
    pub fn handed_on(&self, lane: &LanePath) -> Self {
        let stored = |event: &Option<Subject>| event.as_ref().map(Subject::with_stored_body);
        match self {
            Self::Event(event) => Self::Event(event.with_stored_body()),
            Self::Schedule { scheduled_at } => Self::Schedule {
                scheduled_at: *scheduled_at,
            },
            Self::Hand { by } => Self::Hand { by: by.clone() },
            Self::Called { by, event } => Self::Called {
                by: by.clone(),
                event: stored(event),
            },
            Self::Replay { of, event } => Self::Replay {
                of: match lane.is_main() {
                    true => of.clone(),
                    false => ReplayOf {
                        by: of.by.clone(),
                        ..ReplayOf::nothing(of.run.clone(), of.number)
                    },
                },
                event: stored(event),
            },
        }
    }
}

impl RunInput {
    /// The lane that the execution does.
    #[must_use]
    pub fn lane(&self) -> LanePath {
        self.part.as_ref().map(|part| part.lane.clone()).unwrap_or_default()
    }

    /// The event that the run is about, if it is about one that was delivered.
    #[must_use]
    pub fn event(&self) -> Option<&RunEvent> {
        match &self.cause {
            RunCause::Event(event) => Some(event),
            RunCause::Schedule { .. } | RunCause::Hand { .. } => None,
            RunCause::Called { event, .. } | RunCause::Replay { event, .. } => match event {
                Some(Subject::Event(event)) => Some(event),
                Some(Subject::Schedule { .. }) | None => None,
            },
        }
    }

    /// The time of a schedule that the run is about, if it is about one.
    #[must_use]
    pub fn scheduled_at(&self) -> Option<Timestamp> {
        match &self.cause {
            RunCause::Schedule { scheduled_at } => Some(*scheduled_at),
            RunCause::Event(_) | RunCause::Hand { .. } => None,
            RunCause::Called { event, .. } | RunCause::Replay { event, .. } => match event {
                Some(Subject::Schedule { scheduled_at }) => Some(*scheduled_at),
                Some(Subject::Event(_)) | None => None,
            },
        }
    }

    /// The subject for a run that this one calls, or that repeats it. It finds the body of the event in the table.
    #[must_use]
    pub fn subject(&self) -> Option<Subject> {
        match &self.cause {
            RunCause::Event(event) => Some(Subject::Event(event.with_stored_body())),
            RunCause::Schedule { scheduled_at } => Some(Subject::Schedule {
                scheduled_at: *scheduled_at,
            }),
            RunCause::Hand { .. } => None,
            RunCause::Called { event, .. } | RunCause::Replay { event, .. } => {
                event.as_ref().map(Subject::with_stored_body)
            }
        }
    }

    /// The system's id of the event that the run is about, if it is about one.
    #[must_use]
    pub fn event_id(&self) -> Option<&str> {
        self.event().map(|event| event.event_id.as_str())
    }

    /// True if the workflow's trigger has started the run, and neither a step nor a person.
    #[must_use]
    pub fn is_started_by_trigger(&self) -> bool {
        matches!(self.cause, RunCause::Event(_) | RunCause::Schedule { .. })
    }

    /// The step that calls the run.
    #[must_use]
    pub fn called_by(&self) -> Option<&CalledBy> {
        match &self.cause {
            RunCause::Called { by, .. } => Some(by),
            RunCause::Event(_) | RunCause::Schedule { .. } | RunCause::Hand { .. } | RunCause::Replay { .. } => None,
        }
    }

    /// The person who has started the run, or the run that calls it: an ARN, as far as one is known.
    #[must_use]
    pub fn started_by(&self) -> Option<&str> {
        match &self.cause {
            RunCause::Event(_) | RunCause::Schedule { .. } => None,
            RunCause::Hand { by } => by.as_deref(),
            RunCause::Called { by, .. } => by.started_by.as_deref(),
            RunCause::Replay { of, .. } => of.by.as_deref(),
        }
    }

    /// The run that it repeats.
    #[must_use]
    pub fn replay_of(&self) -> Option<&ReplayOf> {
        match &self.cause {
            RunCause::Replay { of, .. } => Some(of),
            RunCause::Event(_) | RunCause::Schedule { .. } | RunCause::Hand { .. } | RunCause::Called { .. } => None,
        }
    }
}

/// The step of another run that started a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalledBy {
    pub run: RunId,
    /// The lane that the step stands in.
    pub lane: LanePath,
    pub step: StepPath,
    /// The number of runs that have called each other, this one included.
    pub nesting: u32,
    /// The time when the step must have ended, and so the run.
    pub deadline: Timestamp,
    /// The person who has started the run that calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_by: Option<String>,
}

/// The caller of an action, for the log of its function. It changes nothing about what is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    pub run: RunId,
    pub workflow: WorkflowId,
    /// The lane that the step stands in.
    pub lane: LanePath,
    pub step: StepPath,
    /// The system's id of the event that started the run, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
}

/// The run that another one repeats, and what that takes over of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayOf {
    pub run: RunId,
    /// The how-manieth replay of it this is, counted from 1.
    pub number: u32,
    /// The person who repeats it: an ARN, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The step with which the replay begins; none if that is the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<StepPath>,
    /// The results of the steps before it, by their paths in the version that the replay is pinned to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kept: BTreeMap<StepPath, KeptStep>,
    /// The variables as those steps have set them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<VariableName, Value>,
}

impl ReplayOf {
    /// A replay from the first step on, which keeps nothing.
    #[must_use]
    pub fn nothing(run: RunId, number: u32) -> Self {
        Self {
            run,
            number,
            by: None,
            from: None,
            kept: BTreeMap::new(),
            variables: BTreeMap::new(),
        }
    }
}

/// The result of a step that a replay takes over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptStep {
    /// Its outcome.
    pub outcome: Outcome,
    /// The outputs.
    pub outputs: Value,
    /// The reason it failed, if it did and was allowed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<StepError>,
    /// The names of the outputs that were too large to be kept.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub cut: BTreeSet<String>,
}

impl From<&StepResult> for KeptStep {
    fn from(result: &StepResult) -> Self {
        Self {
            outcome: result.outcome,
            outputs: result.outputs.clone(),
            error: result.error.clone(),
            cut: result.cut.clone(),
        }
    }
}

impl From<&KeptStep> for StepResult {
    fn from(kept: &KeptStep) -> Self {
        Self {
            outcome: kept.outcome,
            outputs: kept.outputs.clone(),
            error: kept.error.clone(),
            cut: kept.cut.clone(),
        }
    }
}

/// The part of a run that an execution does: a lane, from its start or from where another execution left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub lane: LanePath,
    /// The number of executions that handed the lane on before, each when its history became long.
    pub generation: u32,
    /// The how-manieth start of this execution it is, counted from 1.
    pub attempt: u32,
}

impl Part {
    /// The name of the execution: a hash, so that the start of the same part is refused the second time.
    #[must_use]
    pub fn execution_name(&self, run: &RunId) -> String {
        let (generation, attempt) = (self.generation.to_string(), self.attempt.to_string());
        let attempt = match sabotage::breaks(sabotage::Break::SameNameAgain) {
            true => String::new(),
            false => attempt,
        };
        fingerprint(
            "execution",
            &[run.as_str(), &self.lane.to_string(), &generation, &attempt],
        )
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunIdentity {
    /// The run's id, and the name of its execution.
    pub id: RunId,
    pub workflow: WorkflowId,
    /// The version that the run is pinned to.
    pub version: WorkflowVersion,
    /// The number of our runs between this one and an event from outside.
    pub depth: u32,
}

/// An event that a run is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEvent {
    /// The form of the delivery.
    pub webhook: WebhookKind,
    /// The system's id of the event.
    pub event_id: String,
    /// The type of the event, such as `incident.triggered`.
    pub event_type: String,
    /// The delivery's body.
    pub body: RunBody,
    /// The reason the trigger's `when` could not be evaluated. Such a run fails in its first Plan, where people see it,
    /// instead of the event being dropped unseen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter_error: Option<String>,
}

/// The two forms in which an event can come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebhookKind {
    /// A V3 webhook subscription: signed.
    V3,
    /// The Generic V2 Webhook extension: not signed.
    V2,
}

impl RunEvent {
    /// The same for an execution that finds the body in the table.
    #[must_use]
    pub fn with_stored_body(&self) -> Self {
        Self {
            body: RunBody::Table {},
            ..self.clone()
        }
    }
}

/// The place of the body of the delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "in", rename_all = "snake_case")]
pub enum RunBody {
    /// Here: DEFLATE, then base64.
    Input {
        /// The compressed body.
        data: PackedBody,
    },
    /// In the table, as an item of its own under the run's id, because it is too large for the input.
    Table {},
}

/// A compressed body as text. The runs of one event share one: an event can start a thousand of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct PackedBody(Arc<str>);

impl From<String> for PackedBody {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl Deref for PackedBody {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Serialize for PackedBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}
