//! Runs as people look at them.

use super::{
    Bodies, Item, Items, Query, Read, Retention, StoreError, Table,
    items::{Range, Test, Update},
    journal, keys, record,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use workflow::{
    action::Requests,
    error_name::ErrorName,
    ids::{LanePath, RunId, StepPath, WorkflowId, WorkflowVersion},
    planner::{CancelMark, Outcome, StepResult},
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunView {
    /// Its id.
    pub run: RunId,
    pub workflow: WorkflowId,
    /// The version that it is pinned to.
    pub version: WorkflowVersion,
    /// PagerDuty's id of the event that started it; none if a person did.
    #[serde(default)]
    pub event_id: Option<String>,
    #[serde(default)]
    pub event_type: Option<String>,
    /// The incident that the event is about.
    #[serde(default)]
    pub incident_id: Option<String>,
    #[serde(default)]
    pub incident_title: Option<String>,
    /// The time at which the schedule was due that started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<Timestamp>,
    /// The run whose step started it.
    #[serde(default)]
    pub called_by: Option<RunId>,
    /// The run that it repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_of: Option<RunId>,
    /// The ARN of its execution.
    pub execution: String,
    /// Its state.
    pub status: RunStatus,
    /// The time when it was started.
    pub started_at: Timestamp,
    /// The time when it must have ended.
    pub deadline: Timestamp,
    /// The time when it ended.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// The reason it failed.
    #[serde(default)]
    pub error: Option<ErrorView>,
    /// The reason it did nothing, if it was skipped.
    #[serde(default)]
    pub reason: Option<String>,
    /// The person that has asked it to end, if one has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel: Option<Cancellation>,
    /// The partition of the lock of its concurrency key, if it has stood in it.
    #[serde(default, skip_serializing)]
    pub(super) lock: Option<String>,
    /// True if it waits there for its turn.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub queued: bool,
    /// The steps of its main lane that it has come to, in order.
    #[serde(default)]
    pub steps: Vec<StepView>,
}

/// The request of a person that a run ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    /// The person: an ARN, as far as it is known.
    #[serde(default)]
    pub by: Option<String>,
    pub at: Timestamp,
    #[serde(default)]
    pub reason: Option<String>,
}

/// The place of a run among those that wait for a concurrency key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueuePlace {
    /// The run that holds the key, if one does.
    pub behind: Option<RunId>,
    /// The place, from 1.
    pub place: usize,
    /// The number of runs that wait.
    pub of: usize,
}

/// The state of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum RunStatus {
    /// It goes on.
    Running,
    /// All its steps were done or skipped.
    Succeeded,
    /// A step failed, or its execution ended from outside.
    Failed,
    /// It was cancelled.
    Cancelled,
    /// It did nothing: another run held its concurrency key, or `only_while` does not ask for its incident's status.
    Skipped,
}

/// The reason something failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorView {
    /// The stable name.
    pub name: String,
    /// The error and its remedy.
    pub message: String,
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepView {
    /// Its place in the workflow.
    pub path: StepPath,
    /// Its id, if it has one.
    #[serde(default)]
    pub id: Option<String>,
    /// The title.
    pub title: String,
    /// Its state.
    pub state: StepState,
    /// The time when it began.
    pub started_at: Timestamp,
    /// The time when it ended.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// Until when it waits.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Its input as it was sent.
    #[serde(default, deserialize_with = "json_text")]
    pub input: Option<Value>,
    /// The changes to the rendered input that make PagerDuty take it, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjusted: Vec<String>,
    /// The outputs.
    #[serde(default, deserialize_with = "json_text")]
    pub outputs: Option<Value>,
    /// The names of the outputs that were too large to be kept.
    #[serde(default)]
    pub cut: BTreeSet<String>,
    /// The number of lanes that it opens.
    #[serde(default)]
    pub lanes: Option<u32>,
    /// The run that it started.
    #[serde(default)]
    pub run: Option<RunId>,
    /// The reason it failed.
    #[serde(default)]
    pub error: Option<ErrorView>,
    /// The attempts of its action.
    #[serde(default)]
    pub attempts: Vec<AttemptView>,
    /// True if the run, a replay, took its result over from the run that it repeats.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kept: bool,
}

/// The state of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum StepState {
    /// An attempt is being made, or the steps in it run.
    Running,
    /// It waits, as it was told to.
    Waiting,
    /// An attempt failed, and another will follow.
    Retrying,
    /// It did what it was to do.
    Success,
    /// It could not.
    Failure,
    /// It was cut short, because its run or its lane was cancelled.
    Cancelled,
    /// Its condition did not hold.
    Skipped,
}

impl StepState {
    /// The state of a step that has ended.
    #[must_use]
    pub fn of(result: &StepResult) -> Self {
        let cancellations = [ErrorName::RunCancelled, ErrorName::LaneCancelled].map(ErrorName::as_str);
        match result.outcome {
            Outcome::Success => Self::Success,
            Outcome::Skipped => Self::Skipped,
            Outcome::Failure => match &result.error {
                Some(error) if cancellations.contains(&error.name.as_str()) => Self::Cancelled,
                _ => Self::Failure,
            },
        }
    }

    /// True if it goes on.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Running | Self::Waiting | Self::Retrying)
    }
}

/// An attempt of a step's action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptView {
    /// The number, counted from 1.
    pub number: u32,
    /// The time when it began.
    pub started_at: Timestamp,
    /// The time when its answer came.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// The reason it failed.
    #[serde(default)]
    pub error: Option<ErrorView>,
    /// The requests that it made; those of looks are with the looks.
    #[serde(default, deserialize_with = "requests", skip_serializing_if = "Requests::is_empty")]
    pub requests: Requests,
    /// The looks at what it has started, if it has started something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looks: Option<LooksView>,
}

impl StepView {
    /// The looks at what its last attempt has started, if it has started something and was looked at.
    #[must_use]
    pub fn looks(&self) -> Option<&LooksView> {
        self.attempts.last()?.looks.as_ref()
    }
}

/// The looks at what an attempt has started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LooksView {
    /// The number of looks.
    pub number: u32,
    /// The reason the last one failed, if it did and the attempt goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorView>,
    /// The requests of the last one.
    #[serde(default, deserialize_with = "requests", skip_serializing_if = "Requests::is_empty")]
    pub requests: Requests,
}

/// Reads requests that are kept as text. What cannot be read is left out: nothing depends on it.
fn requests<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Requests, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(text.parse().unwrap_or_default())
}

/// Reads JSON that is kept as text, so that its numbers stay as they were.
fn json_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    text.map(|text| serde_json::from_str(&text).map_err(serde::de::Error::custom))
        .transpose()
}

/// The outcome of a request to cancel a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelRequest {
    /// Each of its lanes ends before its next step.
    Accepted,
    /// It has ended already, like this.
    Ended(RunStatus),
    /// There is no such run.
    Unknown,
}

impl<I: Items> Table<I> {
    /// A run with the steps of its main lane.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub async fn run(&self, run: &RunId) -> Result<Option<RunView>, StoreError> {
        let Some(mut view) = self.run_alone(run).await? else {
            return Ok(None);
        };
        view.steps = self.lane_steps(run, &LanePath::main()).await?;
        Ok(Some(view))
    }

    /// Stores the compressed body of a replay, which must have ended by then. It is kept as long after that as the run that is
    /// repeated.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub async fn put_body_of_replay(
        &self,
        of: &RunId,
        replay: &RunId,
        compressed: Vec<u8>,
        ends_by: Timestamp,
    ) -> Result<(), StoreError> {
        let item = self.get(Read::Run, &keys::run(of)).await?.unwrap_or_default();
        let table = self.clone().keeping(retention(&item));
        table.put_body(replay, compressed, ends_by).await
    }

    pub(super) async fn run_alone(&self, run: &RunId) -> Result<Option<RunView>, StoreError> {
        let item = self.get(Read::Run, &keys::run(run)).await?;
        item.map(|item| record("run", item)).transpose()
    }

    /// The steps that a lane of a run has come to, in order.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub async fn lane_steps(&self, run: &RunId, lane: &LanePath) -> Result<Vec<StepView>, StoreError> {
        let query = Query {
            range: Range::BeginsWith(keys::STEP),
            ..Query::partition(Read::Steps, keys::lane(run, lane).pk)
        };
        let items = self.query(query).await?.into_iter();
        let steps: Result<Vec<StepView>, _> = items.map(|item| record("step of a run", item)).collect();
        let mut steps = steps?;
        // By the text of its path, the look at the incident would come last.
        steps.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(steps)
    }

    /// Asks a run to end. No call of an action is broken off: each lane ends before its next step. Lanes that wait are still to be
    /// [woken](crate::wake::cancelled). The first who asked stands in the run.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub async fn cancel_run(&self, run: &RunId, asked: &Cancellation) -> Result<CancelRequest, StoreError> {
        let Some(item) = self.get(Read::Run, &keys::run(run)).await? else {
            return Ok(CancelRequest::Unknown);
        };
        let retention = retention(&item);
        let view: RunView = record("run", item)?;
        if view.status != RunStatus::Running {
            return Ok(CancelRequest::Ended(view.status));
        }
        let whole = CancelMark::run();
        let mark = journal::cancel(run, std::iter::once(&whole), retention.of_run(view.deadline));
        let mut asks = Update::new(keys::run(run));
        let asked = serde_dynamo::to_attribute_value(asked).map_err(|error| StoreError::Unreadable {
            what: "request to cancel a run",
            cause: error.to_string(),
        })?;
        asks.set_once("cancel", asked);
        asks.require(Test::HasNot("ended_at"));
        if self.transact("cancel the run", vec![asks.into(), mark]).await? {
            return Ok(CancelRequest::Accepted);
        }
        // It has ended between the look and the write.
        let ended = self.run_alone(run).await?;
        Ok(ended.map_or(CancelRequest::Unknown, |view| CancelRequest::Ended(view.status)))
    }

    /// The places of those of some runs that wait for a concurrency key. Two calls for each key.
    ///
    /// # Errors
    /// DynamoDB did not answer, or an item cannot be read by this release.
    pub async fn queue_places(
        &self,
        runs: impl Iterator<Item = &RunView>,
        now: Timestamp,
    ) -> Result<BTreeMap<RunId, QueuePlace>, StoreError> {
        let mut waiting: BTreeMap<&str, Vec<&RunId>> = BTreeMap::new();
        for view in runs.filter(|view| view.queued && view.status == RunStatus::Running) {
            let lock = view.lock.as_deref().unwrap_or_default();
            waiting.entry(lock).or_default().push(&view.run);
        }
        let mut places = BTreeMap::new();
        for (lock, runs) in waiting {
            let view = journal::lock(self, &keys::lock_at(lock.to_owned()), now).await?;
            for run in runs {
                if let Some((place, of)) = view.place_of(run) {
                    let behind = view.other_holder(run).cloned();
                    places.insert(run.clone(), QueuePlace { behind, place, of });
                }
            }
        }
        Ok(places)
    }
}

/// The time for which the stack keeps runs, by one of them: a person's command is not told what the functions are.
fn retention(run: &Item) -> Retention {
    let expires_at = run.get("expires_at").and_then(|value| value.as_n().ok()?.parse().ok());
    match (expires_at, journal::deadline(run)) {
        (Some(expires_at), Some(deadline)) => Retention::of_item(expires_at, deadline),
        _ => Retention::default(),
    }
}
