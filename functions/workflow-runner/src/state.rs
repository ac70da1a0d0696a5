//! The messages between the state machine and the runner.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use workflow::{
    action::{self, Requests},
    planner::{Answer, Command, Cursor, Failure},
    run::{Part, RunCause, RunIdentity, RunInput},
};

/// The payload of a Plan.
#[derive(Debug, Deserialize)]
pub(crate) struct PlanRequest {
    /// The execution, from the context object of Step Functions.
    pub(crate) execution: Execution,
    /// When the execution came to this Plan: the time at which it is made, however often it is tried. It is the clock of Step
    /// Functions, the one clock that all executions share, and the one that ends waits. Those of functions differ.
    pub(crate) entered_at: Timestamp,
    /// The state of the execution.
    pub(crate) state: State,
}

/// The execution that asks.
#[derive(Debug, Deserialize)]
pub(crate) struct Execution {
    pub(crate) arn: String,
    /// The time when it was started.
    pub(crate) started_at: Timestamp,
}

/// The state of an execution: its input, and what the last Plan handed over.
#[derive(Debug, Deserialize)]
#[serde(from = "Fields")]
pub(crate) struct State {
    pub(crate) input: RunInput,
    pub(crate) next: Option<Next>,
}

/// The state as it is sent: the fields of the input stand beside those that the state machine adds.
#[derive(Deserialize)]
struct Fields {
    run: RunIdentity,
    cause: RunCause,
    #[serde(default)]
    inputs: Map<String, Value>,
    #[serde(default)]
    part: Option<Part>,
    #[serde(default)]
    next: Option<Next>,
}

impl From<Fields> for State {
    fn from(fields: Fields) -> Self {
        Self {
            input: RunInput {
                run: fields.run,
                cause: fields.cause,
                inputs: fields.inputs,
                part: fields.part,
            },
            next: fields.next,
        }
    }
}

/// The part of the last Plan's answer that the next one needs, and the result of its action.
#[derive(Debug, Deserialize)]
pub(crate) struct Next {
    pub(crate) cursor: Cursor,
    #[serde(default)]
    result: Option<ActionResult>,
}

/// The result of the state of an action: its output, or the error that Step Functions caught.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ActionResult {
    output: Option<Value>,
    #[serde(rename = "Error")]
    error: Option<String>,
    #[serde(rename = "Cause")]
    cause: Option<String>,
}

/// The error of a Lambda function as it stands in the cause.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cause {
    error_message: String,
}

impl Next {
    /// The answer to the last command, if that was an action, and the requests that it made.
    pub(crate) fn answer(&self) -> Option<(Answer, Requests)> {
        let result = self.result.as_ref()?;
        let Some(name) = &result.error else {
            let answer = action::Answer::read(result.output.clone()?);
            let requests = answer.requests().clone();
            return Some((answer.into(), requests));
        };
        let cause = result.cause.as_deref().unwrap_or_default();
        let (message, requests) = match serde_json::from_str::<Cause>(cause) {
            Ok(cause) => {
                let (message, requests) = Requests::take_from(&cause.error_message);
                // Ours are shorter; a panic's can be anything.
                (message.chars().take(4_000).collect(), requests)
            }
            Err(_) if cause.is_empty() => ("the function ended without an answer".to_owned(), Requests::default()),
            Err(_) => (cause.chars().take(1_000).collect(), Requests::default()),
        };
        let failure = Failure::from_text(name, &message);
        Some((Answer::Failure(failure), requests))
    }
}

/// The answer of a Plan to the state machine.
#[derive(Debug, Serialize)]
pub(crate) struct Handover<'a> {
    /// The state of the lane; none of a lane that was given up before it began.
    pub(crate) cursor: Option<&'a Cursor>,
    pub(crate) command: &'a Command,
}

#[cfg(test)]
mod tests;
