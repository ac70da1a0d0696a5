//! Documents that people write in YAML or JSON, besides definitions: read by the same parser, with the place of each problem.

use crate::definition::source;
pub use crate::definition::{
    Node, Position, Problem, Problems,
    decode::{
        Fields, ProblemSink,
        value::{items, text, whole_number, word},
    },
    node::{Content, Entry, Path},
};
use serde_json::Value;

/// Reads one document; `what` is the noun for it, and `read` makes of its root what it means.
///
/// # Errors
/// All problems that were found, in the order of the source.
pub fn read<T>(source: &str, what: &str, read: impl FnOnce(&Node, &mut Problems) -> Option<T>) -> Result<T, Problems> {
    collected(&source::document(source, what)?, read)
}

/// Reads a document that was kept as JSON, in the same way; its problems have no places.
///
/// # Errors
/// All problems that were found.
pub fn read_json<T>(document: &Value, read: impl FnOnce(&Node, &mut Problems) -> Option<T>) -> Result<T, Problems> {
    collected(&Node::from_json(document), read)
}

fn collected<T>(root: &Node, read: impl FnOnce(&Node, &mut Problems) -> Option<T>) -> Result<T, Problems> {
    let mut problems = Problems::default();
    match read(root, &mut problems) {
        Some(read) if problems.is_empty() => Ok(read),
        _ => Err(problems.in_order()),
    }
}
