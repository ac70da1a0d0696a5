//! Executions, and what is told of them.

use super::{
    limits::{DATA_BYTES, HISTORY_EVENTS},
    status_change::StatusChange,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{fmt, sync::Arc};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StateMachineArn(String);

impl StateMachineArn {
    /// The ARN of the state machine `name` in a made-up account.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self(format!("arn:aws:states:us-east-1:000000000000:stateMachine:{name}"))
    }

    /// The ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn execution(&self, name: &str) -> ExecutionArn {
        ExecutionArn(format!(
            "{}:{name}",
            self.0.replacen(":stateMachine:", ":execution:", 1)
        ))
    }
}

impl fmt::Display for StateMachineArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExecutionArn(String);

impl ExecutionArn {
    /// The ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExecutionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The status of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It runs.
    Running,
    /// It reached an end.
    Succeeded,
    /// A state failed and nothing caught it, or a limit was passed.
    Failed,
    /// It ran longer than the state machine's `TimeoutSeconds`, or than a year.
    TimedOut,
    /// It was stopped.
    Aborted,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
        })
    }
}

/// What an execution is from its start on.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) arn: ExecutionArn,
    pub(super) name: String,
    pub(super) state_machine: StateMachineArn,
    pub(super) input: Value,
    pub(super) input_text: String,
    pub(super) started_at: Timestamp,
    pub(super) parent: Option<ExecutionArn>,
}

/// An execution as it stands.
#[derive(Debug, Clone)]
pub struct Execution {
    pub(super) identity: Arc<Identity>,
    /// Whether it runs, and how it ended.
    pub status: Status,
    /// What it gave, if it succeeded.
    pub output: Option<Value>,
    /// The error name, if it failed or was stopped with one.
    pub error: Option<String>,
    /// The cause, if it failed or was stopped with one.
    pub cause: Option<String>,
    /// The time when it ended.
    pub stopped_at: Option<Timestamp>,
    /// Events in its history so far. [`EventKind`](super::EventKind) says what is counted.
    pub events: u32,
    /// State transitions so far: each state that was entered, and each retry.
    pub transitions: u32,
    /// Retries so far.
    pub retries: u32,
    /// The limits of AWS that it ran into.
    pub limit_violations: Vec<LimitViolation>,
}

impl Execution {
    pub(super) fn started(identity: Arc<Identity>) -> Self {
        Self {
            identity,
            status: Status::Running,
            output: None,
            error: None,
            cause: None,
            stopped_at: None,
            events: 0,
            transitions: 0,
            retries: 0,
            limit_violations: Vec::new(),
        }
    }

    #[must_use]
    pub fn arn(&self) -> &ExecutionArn {
        &self.identity.arn
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.identity.name
    }

    #[must_use]
    pub fn input(&self) -> &Value {
        &self.identity.input
    }

    /// The time when it started.
    #[must_use]
    pub fn started_at(&self) -> Timestamp {
        self.identity.started_at
    }

    /// The execution whose Task started it, if one did.
    #[must_use]
    pub fn parent(&self) -> Option<&ExecutionArn> {
        self.identity.parent.as_ref()
    }

    pub(super) fn change(&self) -> StatusChange {
        let identity = &self.identity;
        StatusChange {
            execution_arn: identity.arn.clone(),
            name: identity.name.clone(),
            state_machine_arn: identity.state_machine.clone(),
            status: self.status,
            input: identity.input_text.clone(),
            output: self.output.as_ref().map(Value::to_string),
            error: self.error.clone(),
            cause: self.cause.clone(),
            started_at: identity.started_at,
            stopped_at: self.stopped_at,
        }
    }

    /// What `DescribeExecution` answers, as the result or the cause of a Task that waited for the execution. The task
    /// `startExecution.sync:2` gives the output of a success as JSON, not as text (recorded by LocalStack's tests against
    /// AWS; for a failure only the text form of `startExecution.sync` is recorded).
    pub(super) fn description(&self) -> Value {
        let mut description = json!({
            "ExecutionArn": self.arn().as_str(),
            "InputDetails": {"Included": true},
            "Name": self.name(),
            "StartDate": self.started_at().as_millisecond(),
            "StateMachineArn": self.identity.state_machine.as_str(),
            "Status": self.status.to_string(),
            "StopDate": self.stopped_at.map(Timestamp::as_millisecond),
        });
        if let Value::Object(fields) = &mut description {
            if self.status == Status::Succeeded {
                fields.insert("Input".to_owned(), self.input().clone());
                fields.insert("Output".to_owned(), self.output.clone().unwrap_or_default());
                fields.insert("OutputDetails".to_owned(), json!({"Included": true}));
            } else {
                fields.insert("Input".to_owned(), self.identity.input_text.as_str().into());
            }
            for (name, text) in [("Error", &self.error), ("Cause", &self.cause)] {
                if let Some(text) = text {
                    fields.insert(name.to_owned(), text.as_str().into());
                }
            }
        }
        description
    }
}

/// A limit of AWS that an execution ran into.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitViolation {
    /// Its history is full, so it failed.
    #[error("the history has {HISTORY_EVENTS} events")]
    History,
    /// Data were larger than a task or a state may take or give.
    #[error("{what} of state '{state}' has {bytes} bytes of the {DATA_BYTES} that are allowed")]
    Data {
        state: String,
        /// Which of its data.
        what: Data,
        bytes: usize,
    },
    /// It ran for a year.
    #[error("it ran for a year")]
    Duration,
    /// A Wait of more than 68 years.
    #[error("the wait of state '{state}' is too long")]
    Wait { state: String },
    /// The error name of its failure was cut.
    #[error("the error name was cut")]
    ErrorCut,
    /// The cause of its failure was cut.
    #[error("the cause was cut")]
    CauseCut,
}

/// The data of a state, as they are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// The state's input.
    Input,
    /// A task's parameters.
    Parameters,
    /// A task's result.
    Result,
    /// The state's output.
    Output,
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => "the input",
            Self::Parameters => "the parameters",
            Self::Result => "the result",
            Self::Output => "the output",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_has_the_arn_of_its_machine_and_name() {
        assert_eq!(
            StateMachineArn::of("m").execution("e").as_str(),
            "arn:aws:states:us-east-1:000000000000:execution:m:e"
        );
    }
}
