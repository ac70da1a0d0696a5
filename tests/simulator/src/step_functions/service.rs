//! The API of the service.

use super::{
    clock::Clock,
    definition::Definition,
    execution::{Execution, ExecutionArn, StateMachineArn},
    interpreter,
    ledger::Ledger,
    limits::{CAUSE_CHARACTERS, DATA_BYTES, ERROR_CHARACTERS, NAME_CHARACTERS, NAME_FORBIDDEN},
    outside::Outside,
};
use serde_json::Value;
use std::sync::Arc;

/// The reason an execution does not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// `InvalidName`.
    #[error(
        "the execution name {name:?} is not allowed; use 1 to {NAME_CHARACTERS} characters, without white space, control characters and {NAME_FORBIDDEN}"
    )]
    InvalidName { name: String },
    /// The input is too large for the API.
    #[error("the execution's input has {bytes} bytes of the {DATA_BYTES} that are allowed; pass a reference instead")]
    InputTooLarge { bytes: usize },
    /// `ExecutionAlreadyExists`.
    #[error("Execution Already Exists: '{arn}'; use another name, or treat it as done")]
    AlreadyExists {
        /// The execution that has the name.
        arn: ExecutionArn,
    },
}

/// The reason an execution is not stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AbortError {
    /// `ExecutionDoesNotExist`.
    #[error("Execution Does Not Exist: '{arn}'; stop one that was started")]
    DoesNotExist {
        /// The execution that was asked for.
        arn: ExecutionArn,
    },
    /// The error name or the cause is longer than the API takes.
    #[error("the error name has more than {ERROR_CHARACTERS} characters, or the cause more than {CAUSE_CHARACTERS}")]
    TextTooLong,
}

/// `TaskDoesNotExist`, or `TaskTimedOut`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no task waits for this token; take that as done")]
pub struct TaskDoesNotExist;

/// Step Functions with one state machine. Clones are the same service.
///
/// A panic in the outside world (a function, an observer) is raised again by the next call of any method here, by whoever waits
/// for an execution, and at the latest when a clone is dropped.
#[derive(Debug, Clone)]
pub struct StepFunctions {
    ledger: Arc<Ledger>,
}

impl StepFunctions {
    /// A service without executions.
    #[must_use]
    pub fn new(state_machine: StateMachineArn, definition: Definition, clock: Clock, outside: Outside) -> Self {
        Self {
            ledger: Arc::new(Ledger::new(state_machine, definition, clock, outside)),
        }
    }

    /// Starts an execution. To be called inside the runtime of the simulation; nothing of the execution has run when this
    /// returns.
    ///
    /// With the name and the input of an execution that runs, this is that execution (API reference,
    /// `API_StartExecution.html`).
    ///
    /// # Errors
    /// The name or the input is not allowed, or the name belongs to another execution that runs or ended less than 90 days ago.
    pub fn start_execution(&self, name: &str, input: Value) -> Result<ExecutionArn, StartError> {
        self.ledger.raise_panic();
        let execution = interpreter::start(&self.ledger, name, input, None)?;
        Ok(self.ledger.identity(execution).arn.clone())
    }

    /// Ends a task that waits for its token.
    ///
    /// # Errors
    /// None waits for it, any more or at all.
    pub fn send_task_success(&self, token: &str, output: Value) -> Result<(), TaskDoesNotExist> {
        self.ledger.raise_panic();
        match self.ledger.succeed(token, output) {
            true => Ok(()),
            false => Err(TaskDoesNotExist),
        }
    }

    /// Stops an execution and, as far as no fault prevents it, the executions that its Tasks wait for. An execution that has
    /// ended stays as it is.
    ///
    /// # Errors
    /// There is no such execution, or a text is too long.
    pub fn abort(&self, arn: &ExecutionArn, error: Option<&str>, cause: Option<&str>) -> Result<(), AbortError> {
        self.ledger.raise_panic();
        self.ledger.abort(arn, error, cause)?;
        self.ledger.raise_panic();
        Ok(())
    }

    /// The execution as it stands; the newest, where a name was used again.
    #[must_use]
    pub fn describe(&self, arn: &ExecutionArn) -> Option<Execution> {
        self.ledger.raise_panic();
        self.ledger.find(arn).map(|execution| self.ledger.describe(execution))
    }

    /// All executions, in the order in which they started.
    #[must_use]
    pub fn executions(&self) -> Vec<Execution> {
        self.ledger.raise_panic();
        self.ledger.all()
    }

    /// Waits until the execution has ended, and gives it; nothing, if there is none.
    pub async fn ended(&self, arn: &ExecutionArn) -> Option<Execution> {
        self.ledger.raise_panic();
        let execution = self.ledger.find(arn)?;
        tokio::select! {
            biased;
            () = self.ledger.panicked() => self.ledger.raise_panic(),
            () = self.ledger.ended(execution) => {}
        }
        Some(self.ledger.describe(execution))
    }
}

impl Drop for StepFunctions {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.ledger.raise_panic_once();
        }
    }
}
