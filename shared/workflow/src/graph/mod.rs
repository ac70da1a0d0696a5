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
    definition::{Definition, Retry, Step},
    template::{Expression, Template},
};
use serde_json::Value;

/// The longest text that is shown of anything, in characters.
const LONGEST_TEXT: usize = 100;

/// A workflow, for drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// The trigger.
    pub trigger: Vec<String>,
    pub steps: Vec<Node>,
    /// The steps for when a run fails.
    pub on_failure: Vec<Node>,
}

/// A step, for drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The step's id.
    pub id: Option<String>,
    /// The title, in a line.
    pub title: String,
    /// The condition without which it is skipped.
    pub condition: Option<String>,
    /// Further remarks of its author.
    pub notes: Vec<String>,
    /// The line to the next node.
    pub form: Form,
    /// The lists of steps in it.
    pub lists: Vec<List>,
}

/// A list of steps in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// The label: the condition, or the role.
    pub label: String,
    pub steps: Vec<Node>,
}

/// The kind of line from a step to the next.
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
    /// It does its one list in rounds.
    Rounds,
    /// It ends the lane.
    Stop,
    Fail,
}

impl Graph {
    /// The graph of a definition.
    #[must_use]
    pub fn of(definition: &Definition) -> Self {
        let trigger = definition.trigger.as_ref();
        let trigger = trigger.map(|trigger| trigger.behaviour().lines());
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

fn nodes(steps: &[Step]) -> Vec<Node> {
    steps.iter().map(node).collect()
}

fn node(step: &Step) -> Node {
    let picture = step.kind.behaviour().picture(step);
    let lists = picture.labels.into_iter().zip(step.lists());
    let lists = lists.filter(|(_, steps)| !steps.is_empty()).map(|(label, steps)| List {
        label: one_line(&label),
        steps: nodes(steps),
    });
    let retry = step.retry.as_ref().map(retry);
    let timeout = step.timeout.map(|timeout| format!("timeout {timeout}"));
    let goes_on = step.continue_on_error.then(|| "continue_on_error".to_owned());
    Node {
        id: step.id.as_ref().map(ToString::to_string),
        title: one_line(&picture.title),
        condition: step.condition.as_ref().map(source),
        lists: lists.collect(),
        notes: [retry, timeout, goes_on]
            .into_iter()
            .flatten()
            .chain(picture.notes)
            .collect(),
        form: picture.form,
    }
}

fn retry(retry: &Retry) -> String {
    match retry.max_attempts {
        1 => "no retry".to_owned(),
        attempts => format!("at most {attempts} attempts"),
    }
}

/// The source of an expression, in a line.
pub(crate) fn source(expression: &Expression) -> String {
    one_line(expression.source())
}

/// A template as it is written.
pub(crate) fn text(template: &Template) -> String {
    match template.to_json() {
        Value::String(text) => text,
        value => value.to_string(),
    }
}

/// A text in one line, cut where people would not read on.
pub(crate) fn one_line(text: &str) -> String {
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
