//! The workflow language: what a definition says, how it is read, checked and written again.
//!
//! There is one grammar, `decode`. It reads a [`Node`], a tree of values that know where they stand; `source`
//! makes one from a person's YAML or JSON, `node` from stored JSON. All problems are collected, none ends the
//! reading; `check` then looks at what the parts say about each other.

mod check;
mod decode;
mod encode;
mod length;
mod node;
mod problem;
mod source;

pub use length::Length;
pub use node::{Node, Position};
pub use problem::{Problem, Problems};

use crate::{
    action::Action,
    ids::{IntegrationAlias, StepId, StepPath, VariableName, WorkflowId},
    run::WebhookKind,
    template::{Expression, Template},
};
use std::collections::BTreeMap;

/// The types of events that PagerDuty sends, as V3 names them.
///
/// Source: PagerDuty's documentation of V3 webhooks; the last two stand only in the list for Slack connections.
pub const EVENT_TYPES: &[&str] = &[
    "incident.triggered",
    "incident.acknowledged",
    "incident.unacknowledged",
    "incident.resolved",
    "incident.reopened",
    "incident.escalated",
    "incident.delegated",
    "incident.reassigned",
    "incident.priority_updated",
    "incident.service_updated",
    "incident.incident_type.changed",
    "incident.annotated",
    "incident.conference_bridge.updated",
    "incident.custom_field_values.updated",
    "incident.responder.added",
    "incident.responder.replied",
    "incident.role.assigned",
    "incident.status_update_published",
    "incident.task.created",
    "incident.task.updated",
    "incident.task.completed",
    "incident.action_invocation.created",
    "incident.action_invocation.updated",
    "incident.action_invocation.terminated",
    "incident.workflow.started",
    "incident.workflow.completed",
    "service.created",
    "service.updated",
    "service.deleted",
    "service.custom_field_values.updated",
    "incident.title_updated",
    "incident.urgency_updated",
];

/// The fields of `event` that expressions may name. What is below `data` is PagerDuty's own.
pub const EVENT_FIELDS: &[&str] = &[
    "id",
    "type",
    "resource_type",
    "occurred_at",
    "agent",
    "client",
    "incident",
    "data",
];

/// The fields of `event.incident`.
pub const EVENT_INCIDENT_FIELDS: &[&str] = &[
    "id",
    "number",
    "title",
    "status",
    "urgency",
    "incident_key",
    "created_at",
    "html_url",
    "service",
    "escalation_policy",
    "priority",
    "teams",
    "assignees",
    "resolve_reason",
];

/// The fields of `run`.
pub const RUN_FIELDS: &[&str] = &["id", "workflow", "version", "started_at"];

/// Bounds of a definition. What is over them is refused when it is saved.
pub mod limits {
    /// A definition's source, in bytes.
    pub const SOURCE_BYTES: usize = 256 * 1024;
    /// Lists and maps within each other.
    pub const DEPTH: usize = 32;
    /// Steps of a workflow.
    pub const STEPS: usize = 5_000;
    /// Results that one step may refer to; all of them are read in one call.
    pub const REFERENCES_PER_STEP: usize = 25;
    /// The longest wait and the longest run, in seconds: 364 days, because Step Functions ends an execution after one
    /// year.
    pub const LONGEST_SECONDS: i64 = 364 * 24 * 60 * 60;
    /// How long a run may take if its workflow does not say, in seconds: a day.
    pub const DEFAULT_TIMEOUT_SECONDS: i64 = 24 * 60 * 60;
}

/// A workflow as it is defined.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// Its name, which is its id.
    pub name: WorkflowId,
    /// What it is for, in a person's words.
    pub description: Option<String>,
    /// What starts it.
    pub trigger: Trigger,
    /// How long a run may take.
    pub timeout: Option<Length>,
    /// What it does, in order. Never empty.
    pub steps: Vec<Step>,
}

/// What starts a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    /// A webhook of PagerDuty.
    pub pagerduty: PagerDutyTrigger,
}

/// A webhook of PagerDuty as a trigger.
#[derive(Debug, Clone, PartialEq)]
pub struct PagerDutyTrigger {
    /// The integration whose signing secrets the webhook is checked with.
    pub integration: IntegrationAlias,
    /// The form of webhook that the URL takes. It takes one only: a V2 webhook is not signed, so whoever holds the API
    /// key could get round the signature by sending one.
    pub webhook: WebhookKind,
    /// The types of events that start a run. Never empty.
    pub events: Vec<String>,
    /// A condition over `event`; without one every event of these types starts a run.
    pub when: Option<Expression>,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The id by which later steps refer to it.
    pub id: Option<StepId>,
    /// The step is skipped when this is false.
    pub condition: Option<Expression>,
    /// What it does.
    pub kind: StepKind,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// Calls an action.
    Action {
        /// Which.
        uses: Action,
        /// Its input.
        with: BTreeMap<String, Template>,
    },
    /// Waits.
    Wait(Length),
    /// Sets variables.
    Set(BTreeMap<VariableName, Template>),
}

impl Definition {
    /// Reads a person's definition from YAML or JSON, and checks it.
    ///
    /// # Errors
    /// All problems that were found, in the order of the source.
    pub fn from_source(source: &str) -> Result<Self, Problems> {
        Self::from_node(&source::parse(source)?)
    }

    /// Reads a stored definition from the JSON that [`Self::to_json`] gave.
    ///
    /// # Errors
    /// All problems that were found.
    pub fn from_json(stored: &serde_json::Value) -> Result<Self, Problems> {
        Self::from_node(&Node::from_json(stored))
    }

    fn from_node(node: &Node) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let decoded = decode::definition(node, &mut problems);
        if let Some(decoded) = &decoded {
            check::definition(decoded, &mut problems);
        }
        match decoded {
            Some(decoded) if problems.is_empty() => Ok(decoded.definition),
            _ => Err(problems.in_order()),
        }
    }

    /// The definition as JSON, in the words of the language.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        encode::definition(self)
    }

    /// The step at a path.
    #[must_use]
    pub fn step(&self, path: &StepPath) -> Option<&Step> {
        match path.indices() {
            [index] => self.steps.get(usize::try_from(*index).ok()?),
            _ => None,
        }
    }

    /// The path of the step that follows the one at `path` in its list, if there is one.
    #[must_use]
    pub fn following(&self, path: &StepPath) -> Option<StepPath> {
        let [index] = path.indices() else { return None };
        let next = StepPath::top(index.checked_add(1)?);
        self.step(&next).is_some().then_some(next)
    }

    /// The path of the step of an id.
    #[must_use]
    pub fn path_of(&self, id: &StepId) -> Option<StepPath> {
        let index = self.steps.iter().position(|step| step.id.as_ref() == Some(id))?;
        Some(StepPath::top(u32::try_from(index).ok()?))
    }
}

impl Step {
    /// The expressions and templates of the step.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let templates: Box<dyn Iterator<Item = &Template>> = match &self.kind {
            StepKind::Action { with, .. } => Box::new(with.values()),
            StepKind::Set(variables) => Box::new(variables.values()),
            StepKind::Wait(_) => Box::new(std::iter::empty()),
        };
        self.condition.iter().chain(templates.flat_map(Template::expressions))
    }

    /// The step in a word or two, as a person would call it: its action, `wait 10m` or `set`.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.kind {
            StepKind::Action { uses, .. } => uses.to_string(),
            StepKind::Wait(length) => format!("wait {length}"),
            StepKind::Set(_) => "set".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
