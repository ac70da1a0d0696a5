//! What happened in a rehearsal, as a tree. Its JSON is what `pagerflow workflow test --output json` prints; fields are only
//! ever added to it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use workflow::{
    ids::{RunId, StepId, StepPath, VariableName, WorkflowId},
    planner::StepError,
    step_name::{LaneName, StepName},
};

pub use platform::table::{RunStatus, StepState};

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The workflow.
    pub workflow: WorkflowId,
    /// The runs that started, in the order in which they did. Those that steps started stand with their steps.
    pub runs: Vec<Run>,
    /// Why events started none.
    pub not_started: Vec<NotStarted>,
    /// How much of AWS the runs took.
    #[serde(skip)]
    pub took: Took,
}

/// How much of AWS runs take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Took {
    /// Plans.
    pub plans: u64,
    /// Calls of actions.
    pub calls: u64,
    /// Waits, those before another attempt among them.
    pub waits: u64,
    /// Executions that others started: of lanes, of runs, and those that lanes were handed on to.
    pub executions: u64,
}

/// An event that starts no run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotStarted {
    /// The reason as a word, such as `condition`; `unreadable` if the delivery cannot be read.
    pub reason: String,
    /// The reason in a sentence.
    pub message: String,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// Its id. Of a run for an event it is the very id that the run on AWS would have.
    pub run: RunId,
    /// The workflow.
    pub workflow: WorkflowId,
    /// The event that started it.
    pub event: Option<Event>,
    /// The inputs that it was given.
    pub inputs: Map<String, Value>,
    /// How it ended.
    pub status: RunStatus,
    /// Why it failed or was cancelled.
    pub error: Option<StepError>,
    /// Why it was skipped.
    pub reason: Option<String>,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The steps that it came to.
    pub steps: Vec<Step>,
}

/// The event that started a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// PagerDuty's id of it.
    pub id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The incident that it is about.
    pub incident_id: Option<String>,
    /// The title of that incident.
    pub incident_title: Option<String>,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Its name.
    pub path: StepName,
    /// Its place in the workflow.
    #[serde(skip)]
    pub place: StepPath,
    /// Its id.
    pub id: Option<StepId>,
    /// What it does, in a word or two.
    pub title: String,
    /// How it ended.
    pub state: StepState,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The input of its action as it is sent.
    pub input: Option<Value>,
    /// What of the rendered input was changed so that PagerDuty takes it, in sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub adjusted: Vec<String>,
    /// The variables that it set.
    pub variables: BTreeMap<VariableName, Value>,
    /// The attempts of its action.
    pub attempts: Vec<Attempt>,
    /// What it gave.
    pub outputs: Option<Value>,
    /// Why it failed.
    pub error: Option<StepError>,
    /// The steps in it that were come to.
    pub steps: Vec<Step>,
    /// The lanes that it opened.
    pub lanes: Vec<Lane>,
    /// The run that it started.
    pub run: Option<Box<Run>>,
}

/// An attempt of a step's action.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attempt {
    /// Which, counted from 1.
    pub number: u32,
    /// When it was made.
    pub started_at: Timestamp,
    /// What was sent to PagerDuty.
    pub requests: Vec<Request>,
    /// Why it failed.
    pub error: Option<StepError>,
    /// When the next one is made, if one is.
    pub retry_at: Option<Timestamp>,
}

/// A request to PagerDuty.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// Its method.
    pub method: String,
    /// The host.
    pub host: String,
    /// The path, with its query as people read it.
    pub path: String,
    /// The user in whose name it is made.
    pub from: Option<String>,
    /// The body; null if there is none.
    pub body: Value,
    /// The status of the answer; null if none came.
    pub status: Option<u16>,
}

/// A lane.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lane {
    /// Its name.
    pub path: LaneName,
    /// Its number, counted from 1.
    pub number: u32,
    /// What its author calls it, if it is one of a `parallel`.
    pub name: Option<String>,
    /// Its item, if it is one of a `for_each`.
    pub item: Option<Value>,
    /// `success`, `failure` or `cancelled`; none if it did not end.
    pub outcome: Option<&'static str>,
    /// Why it failed or was cancelled.
    pub error: Option<StepError>,
    /// The steps that it came to.
    pub steps: Vec<Step>,
}

/// How a rehearsal ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// No run started.
    NotStarted,
    /// All runs did nothing, because of their concurrency key or the status of their incident.
    Skipped,
    /// A run succeeded, and none failed.
    Succeeded,
    /// A run was cancelled, and none failed.
    Cancelled,
    /// A run failed, or the delivery cannot be read.
    Failed,
}

impl Report {
    /// How it ended: as the worst of its runs did.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let unreadable = self.not_started.iter().any(|it| it.reason == UNREADABLE);
        let of_runs = self.runs.iter().map(|run| match run.status {
            RunStatus::Succeeded => Outcome::Succeeded,
            RunStatus::Skipped => Outcome::Skipped,
            RunStatus::Cancelled => Outcome::Cancelled,
            RunStatus::Failed | RunStatus::Running => Outcome::Failed,
        });
        let worst = of_runs.max().unwrap_or(Outcome::NotStarted);
        if unreadable { Outcome::Failed } else { worst }
    }

    /// How many requests were sent to PagerDuty.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.runs.iter().map(Run::requests).sum()
    }
}

/// The reason of a delivery that cannot be read.
pub(crate) const UNREADABLE: &str = "unreadable";

impl Run {
    /// How many requests were sent to PagerDuty, also by the runs that its steps started.
    #[must_use]
    pub fn requests(&self) -> usize {
        requests(&self.steps)
    }
}

fn requests(steps: &[Step]) -> usize {
    let of_step = |step: &Step| {
        let own: usize = step.attempts.iter().map(|attempt| attempt.requests.len()).sum();
        let of_lanes: usize = step.lanes.iter().map(|lane| requests(&lane.steps)).sum();
        own + requests(&step.steps) + of_lanes + step.run.as_ref().map_or(0, |run| run.requests())
    };
    steps.iter().map(of_step).sum()
}
