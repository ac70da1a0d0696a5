//! Triggers, which start workflows: a file or folder for each kind.
//!
//! A kind is a type with the two traits `Grammar` (how it is written) and `Behaviour` (what is known of its events, and how it is
//! drawn), and a line of the registry below. People and other workflows can start any workflow, without a trigger.

pub mod pagerduty;
pub mod schedule;

pub use pagerduty::event::{FIELDS as EVENT_FIELDS, INCIDENT_FIELDS as EVENT_INCIDENT_FIELDS};
pub use pagerduty::{Filters, IncidentStatus, OnlyWhile, PagerDutyTrigger, Urgency};
pub use schedule::ScheduleTrigger;

use crate::{
    definition::{
        Node,
        decode::{Fields, Reading},
        node::Path,
    },
    template::Expression,
    types::{Facts, Type},
};
use serde_json::{Map, Value};
use std::fmt;

#[cfg(any(test, feature = "schema"))]
use schemars::{JsonSchema, Schema, SchemaGenerator};

macro_rules! trigger_kinds {
    ($($(#[$doc:meta])* $kind:ident($trigger:ident),)*) => {
        /// The trigger of a workflow: a variant for each kind.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(clippy::large_enum_variant, reason = "a definition has one trigger at most")]
        pub enum Trigger {
            $($(#[$doc])* $kind($trigger),)*
        }

        impl Trigger {
            /// The behaviour of the kind.
            pub(crate) fn behaviour(&self) -> &dyn Behaviour {
                match self {
                    $(Self::$kind(trigger) => trigger,)*
                }
            }

            /// The word of the kind.
            #[must_use]
            pub fn word(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => $trigger::WORD,)*
                }
            }

            /// The trigger in the words of the language.
            pub(crate) fn encode(&self) -> Value {
                let said = match self {
                    $(Self::$kind(trigger) => trigger.encode(),)*
                };
                Value::Object(Map::from_iter([(self.word().to_owned(), said)]))
            }
        }

        /// The kinds, in the order in which messages list them.
        pub(crate) const KINDS: &[KindOfTrigger] = &[$(KindOfTrigger {
            word: $trigger::WORD,
            summary: $trigger::SUMMARY,
            decode: |node, path, reading| $trigger::decode(node, path, reading).map(Trigger::$kind),
            #[cfg(any(test, feature = "schema"))]
            schema: <$trigger as Grammar>::Schema::json_schema,
        },)*];
    };
}

trigger_kinds! {
    /// A webhook of PagerDuty.
    PagerDuty(PagerDutyTrigger),
    /// A schedule.
    Schedule(ScheduleTrigger),
}

/// A kind of trigger, as the grammar and the JSON Schema see it.
pub(crate) struct KindOfTrigger {
    /// [`Grammar::WORD`].
    pub(crate) word: &'static str,
    /// [`Grammar::SUMMARY`].
    pub(crate) summary: &'static str,
    /// [`Grammar::decode`].
    pub(crate) decode: fn(&Node, Path<'_>, &mut Reading<'_>) -> Option<Trigger>,
    /// [`Grammar::Schema`].
    #[cfg(any(test, feature = "schema"))]
    pub(crate) schema: fn(&mut SchemaGenerator) -> Schema,
}

/// The grammar of a kind of trigger.
pub(crate) trait Grammar: Sized {
    /// The word under `on`.
    const WORD: &'static str;

    /// A few words that name it, for a message that it is missing.
    const SUMMARY: &'static str;

    /// A type with one field, the word; its comment is what an editor shows.
    #[cfg(any(test, feature = "schema"))]
    type Schema: JsonSchema;

    /// Reads what stands under the word. `None` if it cannot be read; the problem has been noted then.
    fn decode(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Self>;

    /// The value under the word, so that [`Self::decode`] gives the same again.
    fn encode(&self) -> Value;
}

/// The events of a kind of trigger, and its picture.
pub(crate) trait Behaviour: fmt::Debug {
    /// The type of `event` in the runs that it starts, where the type of the event is one of those that `is_possible` lets through.
    fn event(&self, is_possible: &dyn Fn(&str) -> bool) -> Type;

    /// The facts that hold for the event in every run that it starts.
    fn facts(&self) -> Facts;

    /// The condition over `event`, with the word that it stands under.
    fn condition(&self) -> Option<(&'static str, &Expression)> {
        None
    }

    /// The guard against late events.
    fn only_while(&self) -> Option<&OnlyWhile> {
        None
    }

    /// Lines for a picture: what starts a run first, then what that must meet.
    fn lines(&self) -> Vec<String>;
}

impl Trigger {
    /// The webhook of PagerDuty, if it is one.
    #[must_use]
    pub fn pagerduty(&self) -> Option<&PagerDutyTrigger> {
        match self {
            Self::PagerDuty(trigger) => Some(trigger),
            Self::Schedule(_) => None,
        }
    }

    /// The schedule, if it is one.
    #[must_use]
    pub fn schedule(&self) -> Option<&ScheduleTrigger> {
        match self {
            Self::Schedule(trigger) => Some(trigger),
            Self::PagerDuty(_) => None,
        }
    }

    /// The guard against late events.
    #[must_use]
    pub fn only_while(&self) -> Option<&OnlyWhile> {
        self.behaviour().only_while()
    }
}

/// The type of `event` in the runs of a workflow, where the type of the event is one of those that `is_possible` lets through. One
/// without a trigger sees the event of whatever runs it.
pub(crate) fn event(trigger: Option<&Trigger>, is_possible: &dyn Fn(&str) -> bool) -> Type {
    match trigger {
        Some(trigger) => trigger.behaviour().event(is_possible),
        None => match pagerduty::event::names().any(is_possible) {
            true => pagerduty::event::any(),
            false => schedule::event(),
        },
    }
}

/// Reads `on`.
pub(crate) fn decode(node: &Node, path: Path<'_>, reading: &mut Reading<'_>) -> Option<Trigger> {
    let mut fields = Fields::of(node, &path, reading)?;
    let found: Vec<(&KindOfTrigger, &Node)> = KINDS
        .iter()
        .filter_map(|kind| fields.optional(kind.word).map(|node| (kind, node)))
        .collect();
    let trigger = match found.as_slice() {
        [(kind, node)] => (kind.decode)(node, path.field(kind.word), reading),
        [] => {
            let kinds = KINDS
                .iter()
                .map(|kind| format!("`{}` is missing: {}", kind.word, kind.summary));
            reading.problem(node.at, path, kinds.collect::<Vec<_>>().join("; or "));
            None
        }
        [_, _, ..] => {
            let message = "a workflow has one trigger; give another workflow the other one";
            reading.problem(node.at, path, message);
            None
        }
    };
    fields.refuse_others(reading);
    trigger
}
