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

/// The report of a rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub workflow: WorkflowId,
    /// The runs that started, in the order in which they did. Those that steps started stand with their steps.
    pub runs: Vec<Run>,
    /// The reason events started none.
    pub not_started: Vec<NotStarted>,
    /// The approvals whose time ran out because they had no answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<Unanswered>,
    /// The use of AWS by the runs.
    #[serde(skip)]
    pub took: Took,
}

/// The use of AWS by runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Took {
    pub plans: u64,
    /// Calls of actions.
    pub calls: u64,
    /// Waits, those before another attempt among them.
    pub waits: u64,
    /// Executions that others started: of lanes, of runs, and those that lanes were handed on to.
    pub executions: u64,
}

/// An approval that had no answer. One of a `for_each` stands here once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unanswered {
    pub workflow: WorkflowId,
    /// The name of its step.
    pub step: StepName,
    /// The answers to choose from.
    pub choices: Vec<String>,
}

/// An event that starts no run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotStarted {
    /// The reason as a word, such as `condition`; `unreadable` if the delivery cannot be read.
    pub reason: String,
    /// The reason in a sentence.
    pub message: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// Its id. Of a run for an event or a time of a schedule it is the very id that the run on AWS would have.
    pub run: RunId,
    pub workflow: WorkflowId,
    /// The event that started it.
    pub event: Option<Event>,
    /// The time at which its schedule was due, if one started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<Timestamp>,
    /// The inputs that it was given.
    pub inputs: Map<String, Value>,
    /// Its outcome.
    pub status: RunStatus,
    /// The reason it failed or was cancelled.
    pub error: Option<StepError>,
    /// The reason it was skipped.
    pub reason: Option<String>,
    /// The time when it started.
    pub started_at: Timestamp,
    /// The time when it ended.
    pub ended_at: Option<Timestamp>,
    /// The steps that it came to.
    pub steps: Vec<Step>,
}

/// The event that started a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// PagerDuty's id of it.
    pub id: String,
    #[serde(rename = "type")]
    pub event_type: String,
    /// The incident that it is about.
    pub incident_id: Option<String>,
    pub incident_title: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Its name.
    pub path: StepName,
    /// Its place in the workflow.
    #[serde(skip)]
    pub place: StepPath,
    pub id: Option<StepId>,
    /// The title, in a word or two.
    pub title: String,
    /// Its outcome.
    pub state: StepState,
    /// The time when it began.
    pub started_at: Timestamp,
    /// The time when it ended.
    pub ended_at: Option<Timestamp>,
    /// The input of its action as it is sent.
    pub input: Option<Value>,
    /// The changes to the rendered input that make the system take it, in sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub adjusted: Vec<String>,
    /// Remarks about it, in sentences: where its outcome depends on the dry run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// The variables that it set.
    pub variables: BTreeMap<VariableName, Value>,
    /// The attempts of its action.
    pub attempts: Vec<Attempt>,
    /// The outputs.
    pub outputs: Option<Value>,
    /// The reason it failed.
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
    /// The number, counted from 1.
    pub number: u32,
    /// The time when it was made.
    pub started_at: Timestamp,
    /// The requests to the system.
    pub requests: Vec<Request>,
    /// The reason it failed.
    pub error: Option<StepError>,
    /// The time of the next one, if there is one.
    pub retry_at: Option<Timestamp>,
}

/// A request to a system.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// The system, as people call it.
    pub system: String,
    pub method: String,
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

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lane {
    /// Its name.
    pub path: LaneName,
    /// Its number, counted from 1.
    pub number: u32,
    /// The name that its author gave it, if it is one of a `parallel`.
    pub name: Option<String>,
    /// Its item, if it is one of a `for_each`.
    pub item: Option<Value>,
    /// `success`, `failure` or `cancelled`; none if it did not end.
    pub outcome: Option<&'static str>,
    /// The reason it failed or was cancelled.
    pub error: Option<StepError>,
    /// The steps that it came to.
    pub steps: Vec<Step>,
}

/// The outcome of a rehearsal, in one word.
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
    /// The outcome: that of the worst of its runs.
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

    /// The number of requests that were sent.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.runs.iter().map(Run::requests).sum()
    }
}

/// The reason of a delivery that cannot be read.
pub(crate) const UNREADABLE: &str = "unreadable";

impl Run {
    /// The number of requests that were sent, also by the runs that its steps started.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests_by_system().values().sum()
    }

    /// The same for each system.
    #[must_use]
    pub fn requests_by_system(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        count_requests(&self.steps, &mut counts);
        counts
    }
}

fn count_requests<'a>(steps: &'a [Step], counts: &mut BTreeMap<&'a str, usize>) {
    for step in steps {
        for request in step.attempts.iter().flat_map(|attempt| &attempt.requests) {
            *counts.entry(request.system.as_str()).or_default() += 1;
        }
        count_requests(&step.steps, counts);
        step.lanes.iter().for_each(|lane| count_requests(&lane.steps, counts));
        if let Some(run) = &step.run {
            count_requests(&run.steps, counts);
        }
    }
}
