//! The words of the language.

use super::super::{ConcurrencyPolicy, InputKind};

/// The types of inputs.
pub(in crate::definition) const INPUT_KINDS: &[(&str, InputKind)] = &[
    ("text", InputKind::Text),
    ("integer", InputKind::Integer),
    ("number", InputKind::Number),
    ("boolean", InputKind::Boolean),
    ("list", InputKind::List),
    ("map", InputKind::Map),
    ("time", InputKind::Time),
    ("duration", InputKind::Duration),
];

/// The policies of `concurrency`.
pub(in crate::definition) const POLICIES: &[(&str, ConcurrencyPolicy)] = &[
    ("wait", ConcurrencyPolicy::Wait),
    ("skip", ConcurrencyPolicy::Skip),
    ("cancel", ConcurrencyPolicy::Cancel),
];

/// The word of a thing.
pub(crate) fn of<T: Copy + PartialEq>(meaning: T, words: &[(&'static str, T)]) -> &'static str {
    let word = words.iter().find(|(_, known)| *known == meaning);
    word.map_or("", |(word, _)| word)
}
