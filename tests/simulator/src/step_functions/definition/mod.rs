//! The definition of a state machine: the parts of the Amazon States Language that are simulated.

mod fields;
mod flow;
mod parse;
mod problem;
mod rules;
mod substitution;

pub use problem::{Problem, Unsupported};
pub use substitution::{SubstitutionError, substitute};

use super::{
    history::StateType,
    path::{Path, ResultPath},
    retry::Retrier,
    template::Template,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// A definition that can be simulated as a whole.
#[derive(Debug, Clone)]
pub struct Definition {
    pub(super) machine: Machine,
}

impl Definition {
    /// Reads a definition in which nothing is left to substitute.
    ///
    /// Checked besides: every state that is named exists, every state can be reached, names are unique, and `States.ALL`
    /// stands alone and last.
    ///
    /// # Errors
    /// The first state, field or path that is not simulated, or not valid on AWS either.
    pub fn parse(definition: &Value) -> Result<Self, Unsupported> {
        parse::definition(definition)
    }
}

/// States, and where they start: a whole state machine, or what a Map does with each item.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    pub(super) start_at: String,
    pub(super) states: BTreeMap<String, State>,
}

#[derive(Debug, Clone)]
pub(super) enum State {
    Task(Box<Task>),
    Choice(Choice),
    Wait(Wait),
    Map(Box<Map>),
    Pass(Pass),
    Succeed { output: Path },
    Fail { error: Text, cause: Text },
}

impl State {
    pub(super) fn kind(&self) -> StateType {
        match self {
            Self::Task(_) => StateType::Task,
            Self::Choice(_) => StateType::Choice,
            Self::Wait(_) => StateType::Wait,
            Self::Map(_) => StateType::Map,
            Self::Pass(_) => StateType::Pass,
            Self::Succeed { .. } => StateType::Succeed,
            Self::Fail { .. } => StateType::Fail,
        }
    }
}

/// What follows a state.
#[derive(Debug, Clone)]
pub(super) enum Transition {
    Next(String),
    End,
}

/// `ResultPath`.
#[derive(Debug, Clone)]
pub(super) enum ResultPlace {
    Path(ResultPath),
    /// `null`: the result is discarded.
    Nowhere,
}

#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) call: Call,
    pub(super) timeout: Timeout,
    pub(super) result_selector: Option<Template>,
    pub(super) result_place: ResultPlace,
    pub(super) handlers: Handlers,
    pub(super) next: Transition,
}

/// What a Task does.
#[derive(Debug, Clone)]
pub(super) enum Call {
    /// `arn:aws:states:::lambda:invoke`.
    Lambda { function: Template, payload: Template },
    /// `arn:aws:states:::states:startExecution.sync:2`.
    Child {
        state_machine: Template,
        name: Template,
        input: Template,
    },
    /// `arn:aws:states:::aws-sdk:dynamodb:updateItem.waitForTaskToken`.
    Await { parameters: Template },
}

#[derive(Debug, Clone)]
pub(super) enum Timeout {
    Seconds(u64),
    Path(Path),
}

/// What is done with errors.
#[derive(Debug, Clone)]
pub(super) struct Handlers {
    pub(super) retry: Vec<Retrier>,
    pub(super) catch: Vec<Catcher>,
}

#[derive(Debug, Clone)]
pub(super) struct Catcher {
    pub(super) errors: Vec<String>,
    pub(super) result_place: ResultPlace,
    pub(super) next: String,
}

#[derive(Debug, Clone)]
pub(super) struct Choice {
    /// Each rule with the state that follows.
    pub(super) choices: Vec<(Rule, String)>,
    pub(super) default: Option<String>,
}

/// A `StringEquals`.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) variable: Path,
    pub(super) equals: String,
}

#[derive(Debug, Clone)]
pub(super) struct Wait {
    /// `TimestampPath`.
    pub(super) until: Path,
    pub(super) next: Transition,
}

#[derive(Debug, Clone)]
pub(super) struct Map {
    pub(super) items: Path,
    pub(super) at_once: usize,
    pub(super) processor: Machine,
    pub(super) result_place: ResultPlace,
    pub(super) next: Transition,
}

#[derive(Debug, Clone)]
pub(super) struct Pass {
    /// None: the input.
    pub(super) result: Option<Value>,
    pub(super) result_place: ResultPlace,
    pub(super) next: Transition,
}

/// `Error` or `Cause` of a Fail.
#[derive(Debug, Clone)]
pub(super) enum Text {
    None,
    Literal(String),
    Path { field: &'static str, path: Path },
}
