//! A workflow as people look at it: one model of its steps, and what draws it.
//!
//! - [`Graph`] — the steps with what they are called, and the lists of steps in them.
//! - `outline` — numbered lines.
//! - `tree` — a tree of box characters, for a terminal.
//! - `mermaid` — a flowchart in the language of Mermaid, for documents.

mod mermaid;
mod outline;
mod tree;

use crate::{
    definition::{Definition, OnLaneFailure, PagerDutyTrigger, ParallelLane, Retry, Step, StepKind, Urgency, Wait},
    run::WebhookKind,
    template::{Expression, Template},
};
use serde_json::Value;

/// The longest text that is shown of anything, in characters.
const LONGEST_TEXT: usize = 100;

/// A workflow, for drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// What starts it.
    pub trigger: Vec<String>,
    /// Its steps.
    pub steps: Vec<Node>,
    /// The steps for when a run fails.
    pub on_failure: Vec<Node>,
}

/// A step, for drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The step's id.
    pub id: Option<String>,
    /// What it does, in a line.
    pub title: String,
    /// The condition without which it is skipped.
    pub condition: Option<String>,
    /// What else its author said about it.
    pub notes: Vec<String>,
    /// How it leads on.
    pub form: Form,
    /// The lists of steps in it.
    pub lists: Vec<List>,
}

/// A list of steps in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// When, or as what, it is done.
    pub label: String,
    /// The steps.
    pub steps: Vec<Node>,
}

/// How a step leads on to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// It does something.
    Task,
    /// It lets time pass.
    Wait,
    /// It runs another workflow.
    Workflow,
    /// It does its one list.
    Group,
    /// It does at most one of its lists.
    Choice,
    /// It does all of its lists at the same time, or one of them for each item.
    Lanes,
    /// It ends the lane.
    Stop,
    /// It fails.
    Fail,
}

impl Graph {
    /// The graph of a definition.
    #[must_use]
    pub fn of(definition: &Definition) -> Self {
        let trigger = definition.trigger.as_ref();
        let trigger = trigger.map(|trigger| trigger_lines(&trigger.pagerduty));
        Self {
            trigger: trigger.unwrap_or_else(|| vec!["started by people and by other workflows".to_owned()]),
            steps: nodes(&definition.steps),
            on_failure: nodes(&definition.on_failure),
        }
    }

    /// The steps as numbered lines.
    #[must_use]
    pub fn outline(&self) -> String {
        outline::written(self)
    }

    /// The workflow as a tree of box characters.
    #[must_use]
    pub fn tree(&self) -> String {
        tree::drawn(self)
    }

    /// The workflow as a flowchart of Mermaid.
    #[must_use]
    pub fn mermaid(&self) -> String {
        mermaid::written(self)
    }
}

/// What starts a workflow, a line each: the events first, then what they must meet.
fn trigger_lines(trigger: &PagerDutyTrigger) -> Vec<String> {
    let version = match trigger.webhook {
        WebhookKind::V3 => "",
        WebhookKind::V2 => " (V2)",
    };
    let filters = &trigger.filters;
    let urgency = filters.urgency.map(|urgency| match urgency {
        Urgency::High => vec!["high".to_owned()],
        Urgency::Low => vec!["low".to_owned()],
    });
    let filters = [
        ("service", &filters.services),
        ("team", &filters.teams),
        ("priority", &filters.priorities),
        ("urgency", &urgency.unwrap_or_default()),
    ];
    let filters = filters
        .into_iter()
        .filter(|(_, entries)| !entries.is_empty())
        .map(|(what, entries)| one_line(&format!("{what} {}", entries.join(" or "))));
    let events = format!("{} of {}{version}", trigger.events.join(", "), trigger.integration);
    let when = trigger.when.as_ref().map(|when| format!("when {}", source(when)));
    let only_while = trigger.only_while.as_ref();
    let only_while = only_while.map(|only_while| format!("only while {}", only_while.words()));
    std::iter::once(events)
        .chain(filters)
        .chain(when)
        .chain(only_while)
        .collect()
}

fn nodes(steps: &[Step]) -> Vec<Node> {
    steps.iter().map(node).collect()
}

fn node(step: &Step) -> Node {
    let (form, title) = title(step);
    Node {
        id: step.id.as_ref().map(ToString::to_string),
        title: one_line(&title),
        condition: step.condition.as_ref().map(source),
        notes: notes(step),
        form,
        lists: lists(step),
    }
}

fn title(step: &Step) -> (Form, String) {
    match &step.kind {
        StepKind::Wait(Wait::Until(time)) => (Form::Wait, format!("wait until {}", text(time))),
        StepKind::Wait(Wait::For(_)) => (Form::Wait, step.title()),
        StepKind::Set(variables) => {
            let names: Vec<_> = variables.keys().map(|name| name.as_str()).collect();
            (Form::Task, format!("set {}", names.join(", ")))
        }
        StepKind::Block { .. } => match step.condition {
            Some(_) => (Form::Choice, step.title()),
            None => (Form::Group, step.title()),
        },
        StepKind::Choose { .. } => (Form::Choice, step.title()),
        StepKind::Parallel { .. } => (Form::Lanes, step.title()),
        StepKind::ForEach { items, .. } => (Form::Lanes, format!("for_each {}", text(items))),
        StepKind::Stop { reason } => (Form::Stop, format!("stop: {}", text(reason))),
        StepKind::Fail { message } => (Form::Fail, format!("fail: {}", text(message))),
        StepKind::RunWorkflow { .. } => (Form::Workflow, step.title()),
        StepKind::Action { .. } => (Form::Task, step.title()),
    }
}

fn lists(step: &Step) -> Vec<List> {
    let labels: Vec<String> = match &step.kind {
        StepKind::Block { .. } => match step.condition {
            Some(_) => vec!["then".to_owned(), "else".to_owned()],
            None => vec![String::new()],
        },
        StepKind::Choose { branches, .. } => {
            let branches = branches.iter().map(|branch| format!("when {}", source(&branch.when)));
            branches.chain(["default".to_owned()]).collect()
        }
        StepKind::Parallel { lanes, .. } => (1..).zip(lanes).map(|(number, lane)| label(number, lane)).collect(),
        StepKind::ForEach { .. } => vec!["each item".to_owned()],
        _ => Vec::new(),
    };
    let lists = labels.into_iter().zip(step.lists());
    lists
        .filter(|(_, steps)| !steps.is_empty())
        .map(|(label, steps)| List {
            label: one_line(&label),
            steps: nodes(steps),
        })
        .collect()
}

fn label(number: usize, lane: &ParallelLane) -> String {
    match &lane.name {
        Some(name) => format!("lane {name}"),
        None => format!("lane {number}"),
    }
}

fn notes(step: &Step) -> Vec<String> {
    let retry = step.retry.as_ref().map(retry);
    let timeout = step.timeout.map(|timeout| format!("timeout {timeout}"));
    let goes_on = step.continue_on_error.then(|| "continue_on_error".to_owned());
    let (at_once, on_lane_failure) = match &step.kind {
        StepKind::Parallel { on_lane_failure, .. } => (None, *on_lane_failure),
        StepKind::ForEach {
            max_concurrency,
            on_lane_failure,
            ..
        } => (*max_concurrency, *on_lane_failure),
        _ => (None, OnLaneFailure::default()),
    };
    let at_once = at_once.map(|most| format!("at most {most} at a time"));
    let on_lane_failure = match on_lane_failure {
        OnLaneFailure::Finish => None,
        OnLaneFailure::Cancel => Some("a failed lane cancels the others".to_owned()),
        OnLaneFailure::Ignore => Some("a failed lane is ignored".to_owned()),
    };
    [retry, timeout, goes_on, at_once, on_lane_failure]
        .into_iter()
        .flatten()
        .collect()
}

fn retry(retry: &Retry) -> String {
    match retry.max_attempts {
        1 => "no retry".to_owned(),
        attempts => format!("at most {attempts} attempts"),
    }
}

fn source(expression: &Expression) -> String {
    one_line(expression.source())
}

fn text(template: &Template) -> String {
    match template.to_json() {
        Value::String(text) => text,
        value => value.to_string(),
    }
}

/// A text in one line, cut where nobody would read on.
fn one_line(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

impl Node {
    /// The id, if it has one, and what it does.
    fn heading(&self) -> String {
        match &self.id {
            Some(id) => format!("{id}: {}", self.title),
            None => self.title.clone(),
        }
    }

    /// Its condition and notes.
    fn remarks(&self) -> impl Iterator<Item = String> {
        let condition = self.condition.iter().map(|condition| format!("if {condition}"));
        let notes = (!self.notes.is_empty()).then(|| self.notes.join(", "));
        condition.chain(notes)
    }
}

#[cfg(test)]
mod tests;
