//! The words of the language.

use super::super::{ConcurrencyPolicy, IncidentStatus, InputKind, OnLaneFailure, Urgency};

/// The words that say what a step does. `steps` is one too, where it does not belong to `for_each`.
pub(in crate::definition) const KINDS: &[&str] = &[
    "uses",
    "wait",
    "set",
    "steps",
    "choose",
    "parallel",
    "for_each",
    "stop",
    "fail",
    "run_workflow",
];

/// The words that go with some of those only.
pub(in crate::definition) const COMPANIONS: &[(&str, &[&str])] = &[
    ("with", &["uses", "run_workflow"]),
    ("retry", &["uses"]),
    ("timeout", &["uses", "parallel", "for_each", "run_workflow"]),
    ("else", &["steps"]),
    ("default", &["choose"]),
    ("on_lane_failure", &["parallel", "for_each"]),
    ("max_concurrency", &["for_each"]),
    ("output", &["for_each"]),
];

/// The types of inputs.
pub(in crate::definition) const INPUT_KINDS: &[(&str, InputKind)] = &[
    ("text", InputKind::Text),
    ("integer", InputKind::Integer),
    ("number", InputKind::Number),
    ("boolean", InputKind::Boolean),
    ("list", InputKind::List),
    ("map", InputKind::Map),
];

/// The policies of `concurrency`.
pub(in crate::definition) const POLICIES: &[(&str, ConcurrencyPolicy)] = &[
    ("wait", ConcurrencyPolicy::Wait),
    ("skip", ConcurrencyPolicy::Skip),
    ("cancel", ConcurrencyPolicy::Cancel),
];

/// The urgencies of incidents.
pub(in crate::definition) const URGENCIES: &[(&str, Urgency)] = &[("high", Urgency::High), ("low", Urgency::Low)];

/// The statuses of incidents.
pub(in crate::definition) const STATUSES: &[(&str, IncidentStatus)] = &[
    ("triggered", IncidentStatus::Triggered),
    ("acknowledged", IncidentStatus::Acknowledged),
    ("resolved", IncidentStatus::Resolved),
];

/// What a failed lane means.
pub(in crate::definition) const ON_LANE_FAILURE: &[(&str, OnLaneFailure)] = &[
    ("finish", OnLaneFailure::Finish),
    ("cancel", OnLaneFailure::Cancel),
    ("ignore", OnLaneFailure::Ignore),
];

/// The word of a thing.
pub(in crate::definition) fn of<T: Copy + PartialEq>(meaning: T, words: &[(&'static str, T)]) -> &'static str {
    let word = words.iter().find(|(_, known)| *known == meaning);
    word.map_or("", |(word, _)| word)
}
