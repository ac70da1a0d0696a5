//! The reason a definition cannot be simulated.

use crate::step_functions::path::PathProblem;

/// A definition that cannot be simulated. Either AWS refuses it too, or the interpreter has to learn something first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct Unsupported {
    /// The state, and the field in it.
    pub place: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a part of a definition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It has another JSON type or another value than is simulated.
    #[error("is not {expected}")]
    NotA {
        /// What is simulated.
        expected: String,
    },
    /// A field is missing.
    #[error("needs the field {field}")]
    Missing {
        /// The field, or several of which it needs one.
        field: String,
    },
    /// A field is not simulated.
    #[error("has the field {field}, which is not simulated here")]
    Field { field: String },
    /// Two fields exclude each other.
    #[error("has {0} and {1}, which exclude each other")]
    Both(String, String),
    /// A path is not simulated.
    #[error("the path {path} {problem}")]
    Path {
        path: String,
        /// What is wrong with it.
        problem: PathProblem,
    },
    /// A state does not exist.
    #[error("names the state {0}, which does not exist")]
    NoState(String),
    /// A state is never reached.
    #[error("the state {0} cannot be reached")]
    Unreachable(String),
    /// A state's name is used twice, be it inside a Map.
    #[error("the state {0} exists twice")]
    Twice(String),
    /// `States.ALL` with other names, or not in the last place.
    #[error("has States.ALL, which has to stand alone, in the last entry")]
    AllNotLast,
}
