//! Failures of states, and what `ErrorEquals` says of them.

use super::limits::{CAUSE_CHARACTERS, ERROR_CHARACTERS};
use serde_json::{Value, json};

/// Every error that a retrier or a catcher can take.
pub(super) const ALL: &str = "States.ALL";
/// Every such error but a time-out.
pub(super) const TASK_FAILED: &str = "States.TaskFailed";
/// A Task took longer than its `TimeoutSeconds`.
pub(super) const TIMEOUT: &str = "States.Timeout";
/// What nobody can catch: mostly a path that finds nothing.
pub(super) const RUNTIME: &str = "States.Runtime";
/// Data larger than [`DATA_BYTES`](super::limits::DATA_BYTES).
pub(super) const DATA_LIMIT_EXCEEDED: &str = "States.DataLimitExceeded";
/// A `ResultPath` that does not fit the state's input.
pub(super) const RESULT_PATH_MATCH_FAILURE: &str = "States.ResultPathMatchFailure";
/// A Choice without a rule for its input, and without a Default.
pub(super) const NO_CHOICE_MATCHED: &str = "States.NoChoiceMatched";
/// What the service answers a nested `StartExecution` that it throttles. `ThrottlingException` is none of the exceptions
/// that the API models, and such a one surfaces under the name of the service's general exception. UNVERIFIED: AWS has no
/// list of these names; this one is matched by published solutions of AWS.
pub(super) const THROTTLED: &str = "StepFunctions.AWSStepFunctionsException";
/// A nested `StartExecution` with the name of another execution.
pub(super) const EXECUTION_ALREADY_EXISTS: &str = "StepFunctions.ExecutionAlreadyExistsException";
/// A nested `StartExecution` with a name that is not allowed.
pub(super) const INVALID_NAME: &str = "StepFunctions.InvalidNameException";
/// A nested `StartExecution` of a state machine that is not this one.
pub(super) const STATE_MACHINE_DOES_NOT_EXIST: &str = "StepFunctions.StateMachineDoesNotExistException";

/// The reason a task failed: an error name, such as a Lambda function's `errorType`, and a cause, such as its whole error as JSON
/// text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {cause}")]
pub struct TaskFailure {
    /// The error name that `ErrorEquals` is compared with.
    pub error: String,
    /// The cause; empty if there is none.
    pub cause: String,
}

impl TaskFailure {
    /// A failure.
    pub fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            cause: cause.into(),
        }
    }

    /// A `StartExecution` from within a state machine that the service throttled.
    #[must_use]
    pub fn throttled() -> Self {
        Self::new(
            THROTTLED,
            "Rate exceeded (Service: AWSStepFunctions; Status Code: 400; Error Code: ThrottlingException)",
        )
    }

    pub(super) fn runtime(state: &str, cause: impl std::fmt::Display) -> Self {
        Self::new(
            RUNTIME,
            format!("An error occurred while executing the state '{state}'. {cause}"),
        )
    }

    /// What a catcher puts into the state's output.
    pub(super) fn error_output(&self) -> Value {
        json!({"Error": self.error, "Cause": self.cause})
    }

    /// The failure with its texts cut to what AWS keeps of them.
    pub(super) fn cut(self) -> Self {
        Self {
            error: cut(self.error, ERROR_CHARACTERS),
            cause: cut(self.cause, CAUSE_CHARACTERS),
        }
    }
}

fn cut(mut text: String, characters: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(characters) {
        text.truncate(end);
    }
    text
}

/// True if a name in `ErrorEquals` takes an error.
///
/// AWS's developer guide, "Handling errors in Step Functions workflows" (`concepts-error-handling.html`):
/// - `States.Runtime` always fails the execution, whatever a retrier or catcher names;
/// - `States.ALL` takes everything else but `States.DataLimitExceeded`, which only its own name takes;
/// - `States.TaskFailed` takes what `States.ALL` takes, but for `States.Timeout`.
///
/// Recordings of real executions by LocalStack's tests agree on the first. They differ on the second: there `States.ALL`
/// caught a Lambda function's result that was too large. The documented, stricter rule is played.
pub(super) fn takes(name: &str, error: &str) -> bool {
    match (name, error) {
        (_, RUNTIME) => false,
        (ALL | TASK_FAILED, DATA_LIMIT_EXCEEDED) => false,
        (ALL, _) => true,
        (TASK_FAILED, error) => error != TIMEOUT,
        (name, error) => name == error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::its_own_name("A.B", "A.B", true)]
    #[case::another_name("A.B", "A.C", false)]
    #[case::names_are_case_sensitive("A.B", "a.b", false)]
    #[case::all_takes_a_custom_error(ALL, "A.B", true)]
    #[case::all_takes_a_timeout(ALL, TIMEOUT, true)]
    #[case::all_takes_a_task_failure(ALL, TASK_FAILED, true)]
    #[case::all_takes_no_runtime_error(ALL, RUNTIME, false)]
    #[case::all_takes_no_data_limit(ALL, DATA_LIMIT_EXCEEDED, false)]
    #[case::task_failed_takes_a_custom_error(TASK_FAILED, "A.B", true)]
    #[case::task_failed_takes_no_timeout(TASK_FAILED, TIMEOUT, false)]
    #[case::task_failed_takes_no_runtime_error(TASK_FAILED, RUNTIME, false)]
    #[case::task_failed_takes_no_data_limit(TASK_FAILED, DATA_LIMIT_EXCEEDED, false)]
    #[case::a_runtime_error_is_never_taken(RUNTIME, RUNTIME, false)]
    #[case::a_data_limit_is_taken_by_its_name(DATA_LIMIT_EXCEEDED, DATA_LIMIT_EXCEEDED, true)]
    fn error_equals(#[case] name: &str, #[case] error: &str, #[case] taken: bool) {
        assert_eq!(takes(name, error), taken);
    }

    #[test]
    fn texts_are_cut_by_characters_not_by_bytes() {
        let failure = TaskFailure::new("é".repeat(300), "ü".repeat(40_000)).cut();
        assert_eq!(failure.error, "é".repeat(256));
        assert_eq!(failure.cause, "ü".repeat(32_768));
    }
}
