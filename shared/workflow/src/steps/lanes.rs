//! The common parts of the steps that open lanes.

use super::{Lanes, Picture, numbered_list};
use crate::{
    definition::{
        decode::{Reading, Words, value},
        encode::{Fields, word},
        node::Path,
    },
    graph::Form,
    step_name::{STEPS, Turn, counted},
    types::{Kind, Type, Words as KnownWords, result_error},
};

/// The effect of a failed lane on the others and on the step that opened it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnLaneFailure {
    /// The others go on to their ends; then the step fails.
    #[default]
    Finish,
    /// The others are cancelled, each before its next step, and the step fails.
    Cancel,
    /// The others go on, and the step succeeds; its outputs tell which lanes failed.
    Ignore,
}

/// The words of `on_lane_failure`.
pub(crate) const ON_LANE_FAILURE: &[(&str, OnLaneFailure)] = &[
    ("finish", OnLaneFailure::Finish),
    ("cancel", OnLaneFailure::Cancel),
    ("ignore", OnLaneFailure::Ignore),
];

pub(super) fn on_lane_failure(words: &Words<'_>, step: Path<'_>, reading: &mut Reading<'_>) -> OnLaneFailure {
    let node = words.get("on_lane_failure");
    let policy = node.and_then(|node| value::word(node, step.field("on_lane_failure"), ON_LANE_FAILURE, reading));
    policy.unwrap_or_default()
}

pub(super) fn add_on_lane_failure(policy: OnLaneFailure, fields: &mut Fields) {
    let said = (policy != OnLaneFailure::default()).then(|| word(policy, ON_LANE_FAILURE));
    fields.add_if("on_lane_failure", said);
}

/// The turn to one lane of a step that does one list of steps again and again, or to that list in all of them.
pub(super) fn turn_of_counted(lane: Option<u32>) -> Turn {
    lane.map_or_else(|| Turn::Name(STEPS.to_owned()), |lane| Turn::Item(counted(lane)))
}

/// The list that a turn of such a step leads to: it has one.
pub(super) fn list_of_counted(turn: &Turn) -> Option<u32> {
    match turn {
        Turn::Item(_) => Some(0),
        Turn::Name(name) if name == STEPS => Some(0),
        turn => numbered_list(turn, 1),
    }
}

/// The outputs of a step that opens lanes: how many there were, how many of them succeeded, failed and were cancelled, and for each
/// its `outcome`, `output` and `error`.
pub(super) const OUTPUTS: &[&str] = &["count", "succeeded", "failed", "cancelled", EACH];

/// The output with an entry for each lane.
const EACH: &str = "lanes";

/// The type of one of [`OUTPUTS`], from the types of what the lanes hand out.
pub(super) fn output(name: &str, given: &[Type]) -> Type {
    if name != EACH {
        return Kind::Integer.into();
    }
    let outcome = KnownWords::ours(&["success", "failure", "cancelled"]);
    let output =
        Type::any_of(given.iter().cloned()).or_null("only a lane that succeeded, and has an `output`, gives one");
    Type::list(Type::record([
        ("outcome", Kind::Words(outcome).into()),
        ("output", output),
        ("error", result_error()),
    ]))
}

impl Lanes<'_> {
    /// The picture of a step that opens them.
    pub(super) fn picture(self, title: String, labels: Vec<String>) -> Picture {
        let at_once = self.at_once.map(|most| format!("at most {most} at a time"));
        let on_failure = match self.on_failure {
            OnLaneFailure::Finish => None,
            OnLaneFailure::Cancel => Some("a failed lane cancels the others".to_owned()),
            OnLaneFailure::Ignore => Some("a failed lane is ignored".to_owned()),
        };
        Picture {
            form: Form::Lanes,
            title,
            labels,
            notes: at_once.into_iter().chain(on_failure).collect(),
        }
    }
}

#[cfg(any(test, feature = "schema"))]
pub(super) mod schema {
    use schemars::JsonSchema;

    /// The effect of a failed lane.
    #[derive(JsonSchema)]
    #[schemars(rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its schema is used")]
    pub(in super::super) enum OnLaneFailure {
        /// The others go on to their ends; then the step fails.
        Finish,
        /// The others are cancelled, each before its next step, and the step fails.
        Cancel,
        /// The others go on, and the step succeeds; its outputs tell which lanes failed.
        Ignore,
    }
}
