//! The fields of a map: each known one is read once, and each other one is a problem.

use super::{
    super::{
        Node, Step,
        node::{Content, Entry, Path},
    },
    ProblemSink, Reading, step_list,
};
use crate::action::{nearest, unknown_field};

/// The fields of a map that is being read.
#[derive(Debug)]
pub struct Fields<'a> {
    node: &'a Node,
    path: &'a Path<'a>,
    entries: &'a [Entry],
    asked: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The fields of a node that must be a map.
    pub fn of(node: &'a Node, path: &'a Path<'a>, sink: &mut impl ProblemSink) -> Option<Self> {
        let Content::Map(entries) = &node.content else {
            let message = format!("must be a map, but is {}", node.type_name());
            sink.problem(node.at, *path, message);
            return None;
        };
        Some(Self {
            node,
            path,
            entries,
            asked: Vec::new(),
        })
    }

    /// The node of a field that may be left out.
    pub fn optional(&mut self, name: &'static str) -> Option<&'a Node> {
        self.asked.push(name);
        self.entries
            .iter()
            .find(|entry| entry.key == name)
            .map(|entry| &entry.value)
    }

    /// The node of a field that must be there; `what` says what it is.
    pub fn required(&mut self, name: &'static str, what: &str, sink: &mut impl ProblemSink) -> Option<&'a Node> {
        let node = self.optional(name);
        if node.is_none() {
            sink.problem(self.node.at, *self.path, format!("`{name}` is missing: {what}"));
        }
        node
    }

    /// A field that may be left out, read with `read`. `None` also when it is wrong.
    pub fn read<T, S: ProblemSink>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&'a Node, Path<'_>, &mut S) -> Option<T>,
        sink: &mut S,
    ) -> Option<T> {
        let node = self.optional(name)?;
        read(node, self.path.field(name), sink)
    }

    /// The field `steps` of a branch or a lane.
    pub(crate) fn steps(&mut self, reading: &mut Reading<'_>) -> Vec<Step> {
        let node = self.required("steps", "what is done", reading);
        reading.has_gaps |= node.is_none();
        node.map(|node| step_list(node, self.path.field("steps"), reading))
            .unwrap_or_default()
    }

    /// The way to the map.
    pub(crate) fn path(&self) -> &'a Path<'a> {
        self.path
    }

    /// The map.
    pub(crate) fn node(&self) -> &'a Node {
        self.node
    }

    /// True if an unknown field is nearly one of `words`.
    pub(crate) fn has_near_miss(&self, words: &[&str]) -> bool {
        let mut others = self
            .entries
            .iter()
            .filter(|entry| !self.asked.contains(&entry.key.as_str()));
        others.any(|entry| {
            let near = nearest(&entry.key, self.asked.iter().copied());
            near.is_some_and(|near| words.contains(&near))
        })
    }

    /// Reports the fields that are not known.
    pub fn refuse_others(self, sink: &mut impl ProblemSink) {
        for entry in self.entries {
            if sink.is_full() {
                return;
            }
            if !self.asked.contains(&entry.key.as_str()) {
                let message = unknown_field(&entry.key, self.asked.iter().copied());
                sink.problem(entry.key_at, *self.path, message);
            }
        }
    }
}
