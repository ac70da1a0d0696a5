//! Approvals: questions to people, the people who may decide, and their decisions.
//!
//! A step asks a [`Question`]. A [`Decision`] is checked here against the question, whichever way it comes: by the link of the approval, by
//! the command, or by a button of a message in Slack. The first one stands.

mod approver;
mod choice;

pub use approver::{Approver, Decider, NotAnApprover, SlackUser};
pub(crate) use choice::FAIL;
pub use choice::{Choice, NotAChoice};

use crate::{
    action::unknown_field,
    characters::steers,
    definition::{Input, InputKind},
    ids::InputName,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The text that stands for the link of an approval in the messages about it. The function that sends a message puts the link there, so
/// that neither the state of a run nor its journal has a link by which one can decide.
pub const LINK: &str = "[link of the approval]";

/// The most characters that are kept of the name of a person.
const NAME_CHARACTERS: usize = 200;

/// The most characters of a text in a form.
const TEXT_CHARACTERS: usize = 2_000;

/// A question to people, as a step asks it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    pub message: String,
    /// The answers to choose from, in the order of the author. Never empty.
    pub choices: Vec<Choice>,
    /// The fields to fill in, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub form: BTreeMap<InputName, Input>,
    /// The people who may decide; empty for all who have the link or the rights to the stack.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<Approver>,
    /// The person that must not decide, because that person has started the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_by: Option<String>,
    /// The end of the time for a decision.
    pub until: Timestamp,
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    pub choice: Choice,
    /// The person: an ARN, the name that was typed on the page of the link, or the id and the name of a user of Slack.
    pub by: String,
    pub via: Via,
    pub at: Timestamp,
    /// The answers to the form.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub form: Map<String, Value>,
}

/// The way that a decision came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Via {
    /// The link in a message.
    Link,
    /// `pagerflow approval decide`.
    Command,
    /// A button of a message in Slack.
    Slack,
}

/// A decision as a person gives it.
#[derive(Debug, Clone)]
pub struct Answer {
    pub choice: String,
    /// The form, as text. A field that is empty counts as left out.
    pub form: BTreeMap<String, String>,
}

/// The reason a decision is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{given:?} is none of the choices, which are {choices}")]
    NotAChoice { given: String, choices: String },
    #[error("the form is not filled in as asked: {}", .0.join("; "))]
    Form(Vec<String>),
    #[error(transparent)]
    Approver(#[from] NotAnApprover),
    #[error("the time for a decision was over at {until}")]
    TooLate { until: Timestamp },
}

impl Decision {
    /// The outputs of the step that has asked.
    #[must_use]
    pub fn outputs(&self) -> Value {
        json!({ "choice": self.choice, "by": self.by, "via": self.via, "at": self.at, "form": self.form })
    }
}

impl Question {
    /// The decision that an answer makes.
    ///
    /// # Errors
    /// The time is over, the person may not decide, or the answer is not one to the question.
    pub fn decide(&self, answer: &Answer, decider: &Decider, now: Timestamp) -> Result<Decision, Refusal> {
        if now >= self.until {
            return Err(Refusal::TooLate { until: self.until });
        }
        approver::admit(&self.approvers, self.not_by.as_deref(), decider)?;
        let choice = self
            .choices
            .iter()
            .find(|choice| choice.as_str() == answer.choice.trim());
        let choice = choice.ok_or_else(|| Refusal::NotAChoice {
            given: answer.choice.chars().take(80).collect(),
            choices: self.choices_in_words(),
        })?;
        Ok(Decision {
            choice: choice.clone(),
            by: name_of(decider),
            via: decider.via(),
            at: now,
            form: self.fill_in(&answer.form)?,
        })
    }

    /// True if the link alone is enough to decide. If not, a decision takes the command, which knows the caller.
    #[must_use]
    pub fn takes_links(&self) -> bool {
        let link = Decider::Link { name: String::new() };
        approver::admit(&self.approvers, self.not_by.as_deref(), &link).is_ok()
    }

    /// True if a button of a message in Slack can be enough to decide, for one user at least.
    #[must_use]
    pub fn takes_buttons(&self) -> bool {
        are_enough(&self.approvers, self.not_by.as_deref(), &self.form)
    }

    /// True if the command can be enough to decide, for one caller at least.
    #[must_use]
    pub fn takes_commands(&self) -> bool {
        let mut approvers = self.approvers.iter();
        self.approvers.is_empty() || approvers.any(|approver| matches!(approver, Approver::Arn(_)))
    }

    /// `restart` or `leave`.
    #[must_use]
    pub fn choices_in_words(&self) -> String {
        let choices: Vec<String> = self.choices.iter().map(|choice| format!("`{choice}`")).collect();
        match choices.as_slice() {
            [before @ .., last] if !before.is_empty() => format!("{} or {last}", before.join(", ")),
            all => all.concat(),
        }
    }

    /// The typed values of a form.
    fn fill_in(&self, given: &BTreeMap<String, String>) -> Result<Map<String, Value>, Refusal> {
        let mut problems: Vec<String> = Vec::new();
        for name in given.keys() {
            if !self.form.keys().any(|known| known.as_str() == name) {
                problems.push(unknown_field(name, self.form.keys().map(InputName::as_str)));
            }
        }
        let mut filled = Map::new();
        for (name, field) in &self.form {
            let text = given.get(name.as_str()).map(|text| text.trim()).unwrap_or_default();
            let value = match text {
                // A box that is not ticked is not sent.
                "" if field.kind == InputKind::Boolean && field.default.is_none() => Ok(Value::Bool(false)),
                "" => field.default.clone().ok_or_else(|| "is missing".to_owned()),
                text => read(field.kind, text),
            };
            match value {
                Ok(value) => {
                    filled.insert(name.to_string(), value);
                }
                Err(problem) => problems.push(format!("`{name}` {problem}")),
            }
        }
        match problems.is_empty() {
            true => Ok(filled),
            false => Err(Refusal::Form(problems)),
        }
    }
}

/// True if buttons in Slack can be enough: a user there may decide, and the form needs nothing that a person types.
pub(crate) fn are_enough(approvers: &[Approver], not_by: Option<&str>, form: &BTreeMap<InputName, Input>) -> bool {
    let mut of_slack = approvers
        .iter()
        .filter(|approver| matches!(approver, Approver::Slack(_) | Approver::Link));
    not_by.is_none() && (approvers.is_empty() || of_slack.next().is_some()) && !needs_typing(form)
}

/// True if a form has a field that a person has to fill in.
pub(crate) fn needs_typing(form: &BTreeMap<InputName, Input>) -> bool {
    form.values()
        .any(|field| field.default.is_none() && field.kind != InputKind::Boolean)
}

/// The name under which a decision is kept: what was typed, in one line.
fn name_of(decider: &Decider) -> String {
    let name = decider.name();
    let visible = name.chars().filter(|c| !steers(*c));
    visible.take(NAME_CHARACTERS).collect()
}

/// A value of a type, as it is typed into a form.
fn read(kind: InputKind, text: &str) -> Result<Value, String> {
    let read = match kind {
        InputKind::Text if text.chars().count() > TEXT_CHARACTERS => {
            return Err(format!("has more than {TEXT_CHARACTERS} characters"));
        }
        InputKind::Text | InputKind::Time | InputKind::Duration => Some(Value::from(text)),
        InputKind::Boolean => match text {
            "true" | "on" | "yes" => Some(Value::Bool(true)),
            "false" | "off" | "no" => Some(Value::Bool(false)),
            _ => None,
        },
        InputKind::Integer | InputKind::Number | InputKind::List | InputKind::Map => serde_json::from_str(text).ok(),
    };
    read.filter(|value| kind.takes(value))
        .ok_or_else(|| format!("must be {}", kind.words()))
}

#[cfg(test)]
mod tests;
