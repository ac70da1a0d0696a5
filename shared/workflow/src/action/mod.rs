//! The actions that a step may use: what each takes, what it gives, and what a repeat of it would do.
//!
//! An action is data, so that a definition can be checked before it is stored and an input before it is sent. The language knows no
//! action by itself: the reader of a definition gives it a [`Catalog`].
//!
//! # Layout
//! - `answer` — what a function of an action answers: outputs, or that it is not done yet.
//! - `catalog` — the actions that there are, by name.
//! - `fields` — the types of inputs and outputs, and how a value is checked.
//! - `fit` — what becomes of a value that a system would refuse.
//! - `pattern` — the form that a text must have.
//! - `requests` — the requests that a call has made.
//! - `rules` — what several inputs say about each other.
//! - `thing` — the things whose names people may write.

mod answer;
mod catalog;
mod fields;
mod fit;
mod pattern;
mod requests;
mod rules;
mod thing;

pub use answer::{Answer, LOOK, LOOK_BYTES};
pub use catalog::Catalog;
pub(crate) use catalog::Near;
pub use fields::{Field, FieldKind, LINK, Longest, OnNull};
pub use fit::{Adjustment, Unfit};
pub use pattern::{InvalidPattern, Pattern};
pub use requests::{NoRequests, Request, RequestEnd, Requests, Unanswered};
pub use rules::Rule;
pub use thing::Thing;

pub use fields::unknown_field;
pub(crate) use fields::{nearest, nearest_three, nearest_three_short, type_of};

use crate::ids::IntegrationTypeName;
use fields::is_default;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{borrow::Cow, fmt};

/// A text of a specification: a literal of the program, or one that was read.
pub type Text = Cow<'static, str>;

/// All that is known of an action. A version of a workflow has it along, so it is read as tolerantly as all that is stored: fields that
/// this release does not know are passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionSpec {
    /// The name in `uses`.
    pub name: Text,
    /// The system that it acts on, as people call it.
    pub system: Text,
    /// The type of the integrations that it acts through, where that is not the beginning of its name.
    #[serde(default, skip_serializing_if = "is_default")]
    pub integration: Option<Text>,
    /// The summary, in one line.
    pub summary: Text,
    /// The inputs.
    pub inputs: Vec<Field>,
    /// The rules between its inputs.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rules: Vec<Rule>,
    /// The outputs.
    pub outputs: Vec<Field>,
    /// The effect outside of the run.
    pub effect: Effect,
    /// The effect of a repeat.
    pub repeat: Repeat,
    /// The effect of one more call by a replay of the run, which has other idempotency keys, where `repeat` does not say it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub replayed: Option<Replayed>,
    /// The reason a repeat does that, for people.
    pub on_repeat: Text,
    /// The function that performs it: its name in the template, of its state in the state machine, and the type of its commands.
    pub function: Text,
    /// The time that one attempt may take, in seconds. It is longer than the time-out of the function itself, so that it
    /// only ends an attempt of which Lambda has lost track.
    pub timeout_seconds: u32,
    /// The longest time that what it starts may take until it is looked at no more, in seconds, where a call may answer before that has
    /// ended. A step's `timeout` takes its place.
    #[serde(default, skip_serializing_if = "is_default")]
    pub job_seconds: Option<u32>,
    /// An input that shows its use: the fields of `with` as a person writes them in YAML.
    pub example: Text,
    /// The part of its connector that performs it, if its function does not have it: that of a connector of the user's own. It
    /// travels with each call.
    #[serde(default, skip_serializing_if = "is_default")]
    pub connector: Option<Value>,
}

/// The input of a call that fits, and what was changed so that it does.
#[derive(Debug, Clone, PartialEq)]
pub struct Admitted {
    pub input: Value,
    /// The adjustments.
    pub adjusted: Vec<Adjustment>,
}

/// The effect of an action outside of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing: it only reads.
    Reads,
    /// It opens an incident, under the idempotency key unless the author gives it another.
    CreatesIncident,
    /// It changes an incident which was there before, and events follow.
    ChangesIncident {
        /// The input that has its id.
        incident: Text,
        /// The types of the events that follow.
        events: Vec<Text>,
    },
    /// Something that starts no workflow by an event about an incident, or does so in a way that no mark is needed for.
    Other,
}

/// The effect of a repeat of an action, which decides about the next step after an unknown outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// Nothing: it only reads.
    IsHarmless,
    /// Nothing, unless something else was done in between: what is set is set already. So there is none as long as the request before
    /// can still be carried out, because late it would undo what a later step does.
    SetsState {
        /// The time when that is over.
        settling: Settling,
    },
    /// A second effect, unless the action first looks for the effect key of the first.
    NeedsLook {
        /// The time when a look can be relied on.
        settling: Settling,
    },
    /// A second effect that cannot be prevented, such as paging people twice: after an unknown outcome the step fails.
    IsForbidden {
        /// The place where a person sees if it was done, as the end of "look in …".
        look: Text,
    },
}

/// The effect of calling an action once more in a replay of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replayed {
    /// Nothing that was not so before.
    Harmless,
    /// The same a second time.
    Twice,
    /// The same a second time if the step has this input, and else nothing.
    TwiceWith {
        /// The name of the input.
        input: Text,
    },
    /// The same a second time, which can page or notify people again.
    PagesTwice,
}

/// The time that it takes until a request is carried out, or never will be, and until a look shows what it has done. A look that comes
/// earlier finds nothing, and the thing would be made twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settling {
    /// The time after it was sent in which a request can still be carried out, in seconds: also when its caller has given up.
    pub carried_out_seconds: u32,
    /// The time for which a new thing may stay unseen, in seconds.
    pub shown_seconds: u32,
}

impl Settling {
    /// The time from when a request was sent at the latest, in seconds.
    #[must_use]
    pub fn longest_seconds(self) -> u32 {
        self.carried_out_seconds.saturating_add(self.shown_seconds)
    }
}

impl fmt::Display for ActionSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl ActionSpec {
    /// The effect of calling the action once more in a replay of the run.
    #[must_use]
    pub fn replayed(&self) -> Replayed {
        match (&self.replayed, &self.repeat) {
            (Some(replayed), _) => replayed.clone(),
            (None, Repeat::IsHarmless | Repeat::SetsState { .. }) => Replayed::Harmless,
            // It looks for what has its own key, and the replay has another one.
            (None, Repeat::NeedsLook { .. }) => Replayed::Twice,
            (None, Repeat::IsForbidden { .. }) => Replayed::PagesTwice,
        }
    }

    /// True if it does nothing outside of the run.
    #[must_use]
    pub fn only_reads(&self) -> bool {
        self.effect == Effect::Reads
    }

    /// The type of the integrations that it acts through: mostly the first part of its name, `slack` of `slack.post_message`. None where it
    /// acts through none.
    #[must_use]
    pub fn integration_type(&self) -> Option<IntegrationTypeName> {
        let takes_one = self.inputs.iter().any(|field| field.kind == FieldKind::Integration);
        match &self.integration {
            _ if !takes_one => None,
            Some(other) => other.parse().ok(),
            None => IntegrationTypeName::of_action(&self.name),
        }
    }

    /// The input of that name.
    #[must_use]
    pub fn input(&self, name: &str) -> Option<&Field> {
        self.inputs.iter().find(|field| field.name == name)
    }

    /// The output of that name.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<&Field> {
        self.outputs.iter().find(|field| field.name == name)
    }

    /// Makes the input of a call fit, so that what only decorates cannot make it fail, and checks the rest as
    /// [`Self::check_input`] does. Every input passes here before an action is called: where it goes on from a run to a
    /// function, the second time changes nothing.
    ///
    /// `room` is the most that it may take, in bytes of JSON.
    ///
    /// # Errors
    /// The problems, each a sentence that names its field.
    pub fn admit(&self, input: Value, also_known: &[&str], room: usize) -> Result<Admitted, Vec<String>> {
        let Value::Object(fields) = input else {
            return Err(vec![format!("the input of {} is not an object", self.name)]);
        };
        let (fields, adjusted) = fit::fit(self, fields, room);
        let input = Value::Object(fields);
        if let Err(mut problems) = self.check_input(&input, also_known) {
            // An input that is missed may be one that did not fit.
            let of_rules = |name: &str| {
                self.rules
                    .iter()
                    .any(|rule| rule.fields().iter().any(|field| field == name))
            };
            let missed = adjusted.iter().filter(|adjustment| of_rules(adjustment.input()));
            problems.extend(missed.map(ToString::to_string));
            return Err(problems);
        }
        match fit::largest(&input, room) {
            None => Ok(Admitted { input, adjusted }),
            Some(name) => Err(vec![format!(
                "the input has more than {room} bytes, most of them in `{name}`, which cannot be cut; shorten it, for example \
                 with `[:1000]`"
            )]),
        }
    }

    /// Checks a rendered input: what is missing, not known, of the wrong type, or does not go together. All problems at
    /// once. A field that is null counts as left out, unless it narrows what is listed.
    ///
    /// `also_known` names further fields that the caller deals with.
    ///
    /// # Errors
    /// The problems, each a sentence that names its field.
    pub fn check_input(&self, input: &Value, also_known: &[&str]) -> Result<(), Vec<String>> {
        let Some(fields) = input.as_object() else {
            return Err(vec![format!("the input of {} is not an object", self.name)]);
        };
        let is_given = |name: &str| fields.get(name).is_some_and(|value| !value.is_null());
        let missing = self
            .inputs
            .iter()
            .filter(|field| !field.optional && !is_given(&field.name))
            .map(|field| format!("`{}` is missing: {}", field.name, field.summary));
        let wrong = fields.iter().filter_map(|(name, value)| match self.input(name) {
            None if also_known.contains(&name.as_str()) => None,
            None => Some(unknown_field(name, self.inputs.iter().map(|field| &*field.name))),
            Some(field) if value.is_null() => match field.null {
                OnNull::LeaveOut => None,
                OnNull::Refuse => Some(format!(
                    "`{name}` is null, and without it everything would be listed; give it a default, or give the step an `if`"
                )),
            },
            Some(field) => field.check(value).err().map(|problem| format!("`{name}` {problem}")),
        });
        let at_odds = self.rules.iter().filter_map(|rule| rule.check(is_given).err());
        let problems: Vec<String> = missing.chain(wrong).chain(at_odds).collect();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

#[cfg(test)]
pub(crate) mod tests;
