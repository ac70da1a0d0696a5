//! Runs as people look at them.

use super::{StoreError, Table, keys, record, text, unavailable};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use workflow::ids::{LanePath, RunId, StepPath, WorkflowId, WorkflowVersion};

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunView {
    /// Its id.
    pub run: RunId,
    /// The workflow.
    pub workflow: WorkflowId,
    /// The version that it is pinned to.
    pub version: WorkflowVersion,
    /// PagerDuty's id of the event that started it.
    pub event_id: String,
    /// The type of that event.
    pub event_type: String,
    /// The incident that the event is about.
    #[serde(default)]
    pub incident_id: Option<String>,
    /// The title of that incident.
    #[serde(default)]
    pub incident_title: Option<String>,
    /// The ARN of its execution.
    pub execution: String,
    /// How it stands.
    pub status: RunStatus,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it must have ended.
    pub deadline: Timestamp,
    /// When it ended.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<ErrorView>,
    /// The steps that it has come to, in order.
    #[serde(default)]
    pub steps: Vec<StepView>,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// It goes on.
    Running,
    /// All its steps were done or skipped.
    Succeeded,
    /// A step failed.
    Failed,
}

/// Why something failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorView {
    /// The stable name.
    pub name: String,
    /// What happened and what to do.
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
    /// What it does.
    pub title: String,
    /// How it stands.
    pub state: StepState,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// Until when it waits.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Its rendered input.
    #[serde(default, deserialize_with = "json_text")]
    pub input: Option<Value>,
    /// What it gave.
    #[serde(default, deserialize_with = "json_text")]
    pub outputs: Option<Value>,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<ErrorView>,
    /// The attempts of its action.
    #[serde(default)]
    pub attempts: Vec<AttemptView>,
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// An attempt is being made.
    Running,
    /// It waits, as it was told to.
    Waiting,
    /// An attempt failed, and another will follow.
    Retrying,
    /// It did what it was to do.
    Success,
    /// It could not.
    Failure,
    /// Its condition did not hold.
    Skipped,
}

/// An attempt of a step's action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptView {
    /// Which one, counted from 1.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When its answer came.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<ErrorView>,
}

/// Reads JSON that is kept as text, so that its numbers stay as they were.
fn json_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    text.map(|text| serde_json::from_str(&text).map_err(serde::de::Error::custom))
        .transpose()
}

impl Table {
    /// A run with the steps of its main lane.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub async fn run(&self, run: &RunId) -> Result<Option<RunView>, StoreError> {
        let (pk, sk) = keys::run(run);
        let Some(item) = self.get("read the run", &pk, sk).await? else {
            return Ok(None);
        };
        let mut view: RunView = record("run", item)?;
        let (pk, _) = keys::lane(run, &LanePath::main());
        let mut steps = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :step)")
            .expression_attribute_values(":pk", text(pk))
            .expression_attribute_values(":step", text(keys::STEP))
            .into_paginator()
            .items()
            .send();
        while let Some(item) = steps.next().await {
            let item = item.map_err(|error| unavailable("read the steps of the run", &error))?;
            view.steps.push(record("step of a run", item)?);
        }
        Ok(Some(view))
    }
}
