//! The problems of a definition.

use super::{Position, node::Path};
use std::fmt;

/// The number of problems that are told. A source of a megabyte can have more than anybody reads.
const MOST: usize = 100;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// Line of the source, counted from 1.
    pub line: Option<usize>,
    /// Column of the source, counted from 1.
    pub column: Option<usize>,
    /// The way to it, such as `steps[2].with.title`.
    pub path: String,
    /// The problem and its remedy.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, "{line}:{column}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// All that is wrong with a definition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds one.
    pub(super) fn add(&mut self, at: Option<Position>, path: Path<'_>, message: impl Into<String>) {
        if !self.is_full() {
            self.add_at(at, path.to_string(), message);
        }
    }

    /// Adds one at a place whose path was written out.
    pub(super) fn add_at(&mut self, at: Option<Position>, path: String, message: impl Into<String>) {
        if self.is_full() {
            return;
        }
        self.0.push(Problem {
            line: at.map(|at| at.line),
            column: at.map(|at| at.column),
            path,
            message: message.into(),
        });
    }

    /// Only one.
    pub(super) fn single(at: Option<Position>, message: impl Into<String>) -> Self {
        let mut problems = Self::default();
        problems.add(at, Path::Root, message);
        problems
    }

    /// True if no more are told, so that there is no need to look for more.
    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problems.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// Sorted as they stand in the source.
    pub(crate) fn in_order(mut self) -> Self {
        self.0.sort_by_key(|problem| (problem.line, problem.column));
        if self.is_full() {
            self.0.push(Problem {
                line: None,
                column: None,
                path: String::new(),
                message: format!("these are {MOST} problems, and there may be more; correct these first"),
            });
        }
        self
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
