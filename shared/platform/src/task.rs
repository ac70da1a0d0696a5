//! Errors as Step Functions and people see them.

use crate::table::StoreError;
use lambda_runtime::Diagnostic;
use std::fmt;
use workflow::{
    action::Requests,
    error_name::{ErrorName, NamedError},
    planner::Failure,
};

/// The reason a task failed: a stable name and words.
///
/// Its name becomes the `errorType` of the function and so the error that a state machine matches on. Without this type
/// the runtime would put the name of a Rust type there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskError {
    failure: Failure,
    /// The requests that were made.
    requests: Requests,
}

impl TaskError {
    /// A failure of one of our names. The message says what failed and what to do.
    #[must_use]
    pub fn new(name: impl Into<NamedError>, message: impl Into<String>) -> Self {
        Failure::new(name, message).into()
    }

    /// A failure after which another attempt makes no sense before so many seconds.
    fn after(wait: Option<u64>, name: NamedError, message: String) -> Self {
        let failure = Failure {
            retry_after_seconds: wait.and_then(|seconds| u32::try_from(seconds).ok()),
            ..Failure::new(name, message)
        };
        failure.into()
    }

    #[must_use]
    pub fn failure(&self) -> &Failure {
        &self.failure
    }

    /// The requests that were made before it failed.
    #[must_use]
    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    /// The same after these requests.
    #[must_use]
    pub fn having_made(self, requests: Requests) -> Self {
        Self { requests, ..self }
    }
}

impl From<Failure> for TaskError {
    fn from(failure: Failure) -> Self {
        let requests = Requests::default();
        Self { failure, requests }
    }
}

impl From<StoreError> for TaskError {
    fn from(error: StoreError) -> Self {
        Self::new(ErrorName::StoreUnavailable, error.to_string())
    }
}

impl From<&pagerduty::Error> for TaskError {
    fn from(error: &pagerduty::Error) -> Self {
        let wait = error.retry_after_seconds().or_else(|| error.settled_after_seconds());
        Self::after(wait, error.name(), error.to_string())
    }
}

impl From<&connectors::Error> for TaskError {
    fn from(error: &connectors::Error) -> Self {
        let wait = error.retry_after_seconds().or_else(|| error.settled_after_seconds());
        Self::after(wait, error.name(), error.to_string())
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.failure.name, self.failure.to_text())
    }
}

impl std::error::Error for TaskError {}

impl From<TaskError> for Diagnostic {
    fn from(error: TaskError) -> Self {
        let failure = error.failure.of_an_answer();
        Self {
            error_message: error.requests.put_behind(failure.to_text()),
            error_type: failure.name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::f3_with_a_time(Some(20), Some(20))]
    #[case::f4_without_a_time(None, None)]
    fn the_planner_is_told_of_a_rate_limit_and_how_long_to_wait(
        #[case] asked: Option<u64>,
        #[case] expected: Option<u32>,
    ) {
        let refused = pagerduty::Error::RateLimited {
            refusal: pagerduty::error::Refusal {
                api: pagerduty::error::Api::Rest,
                status: 429,
                code: None,
                message: None,
                details: vec![],
                scopes: None,
            },
            retry_after_seconds: asked,
        };

        let diagnostic = Diagnostic::from(TaskError::from(&refused));

        let failure = Failure::from_text(&diagnostic.error_type, &diagnostic.error_message);
        assert_eq!(
            (failure.name.as_str(), failure.retry_after_seconds),
            ("PagerDuty.RateLimited", expected)
        );
    }

    #[test]
    fn a_state_machine_sees_our_name_and_the_time_to_wait() {
        let failure = Failure {
            name: "PagerDuty.RateLimited".into(),
            message: "PagerDuty asks to wait".into(),
            retry_after_seconds: Some(20),
        };
        let diagnostic = Diagnostic::from(TaskError::from(failure.clone()));
        assert_eq!(diagnostic.error_type, "PagerDuty.RateLimited");
        assert_eq!(
            Failure::from_text(&diagnostic.error_type, &diagnostic.error_message),
            failure
        );
    }
}
