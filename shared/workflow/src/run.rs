//! The input that a run is started with.
//!
//! It is byte-stable: two deliveries of one event to one version of a workflow give the same bytes. So it holds no
//! clock time and nothing of the delivery, and its fields are written in the order in which they stand here.

use crate::ids::{RunId, WorkflowId, WorkflowVersion};
use serde::{Deserialize, Serialize};

/// The input of the execution of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunInput {
    /// What is run.
    pub run: RunIdentity,
    /// What started it.
    pub trigger: RunTrigger,
}

/// Which run this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunIdentity {
    /// The run's id, and the name of its execution.
    pub id: RunId,
    /// The workflow.
    pub workflow: WorkflowId,
    /// The version that the run is pinned to.
    pub version: WorkflowVersion,
    /// How many runs of ours stand between this one and an event from outside.
    pub depth: u32,
}

/// What started a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunTrigger {
    /// The form of the delivery.
    pub webhook: WebhookKind,
    /// PagerDuty's id of the event.
    pub event_id: String,
    /// The type of the event, such as `incident.triggered`.
    pub event_type: String,
    /// The delivery's body.
    pub body: RunBody,
    /// Why the trigger's `when` could not be evaluated. Such a run fails in its first step, where people see it,
    /// instead of the event being dropped unseen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter_error: Option<String>,
}

/// The two forms of webhooks that PagerDuty sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebhookKind {
    /// A V3 webhook subscription: signed.
    V3,
    /// The Generic V2 Webhook extension: not signed.
    V2,
}

/// Where the body of the delivery is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "in", rename_all = "snake_case", deny_unknown_fields)]
pub enum RunBody {
    /// Here: DEFLATE, then base64.
    Input {
        /// The compressed body.
        data: String,
    },
    /// In the table, as an item of its own under the run's id, because it is too large for the input.
    Table {},
}
