//! Remedies for errors.

use super::{ErrorName, NamedError};
use std::borrow::Cow;

/// The remedy for an error of this name, which may be one of Step Functions or Lambda.
#[must_use]
pub fn remedy(name: &str) -> Cow<'static, str> {
    match NamedError::parse(name) {
        Some(error) => error.remedy(),
        None => {
            "A function or Step Functions ended the call without an answer. Look where the step acts whether it was done, and in the log of the function why it ended; then replay the run."
                .into()
        }
    }
}

/// True if a replay after an error of this name goes on only with another version of the workflow.
#[must_use]
pub fn needs_another_version(name: &str) -> bool {
    remedy(name).contains("--latest")
}

impl ErrorName {
    /// The remedy, in a sentence or two.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::IntegrationNotFound => {
                "Add the integration with `pagerflow integration add ALIAS --type TYPE`, and replay the run."
            }
            Self::IntegrationInvalid => {
                "Store what the integration needs again: its secret with `pagerflow integration set-token ALIAS`, a routing key of PagerDuty with `pagerflow integration routing-key add ALIAS`; then replay the run."
            }
            Self::IntegrationUnavailable => {
                "Secrets Manager did not answer. Check that the function's role may read the secret and its key, and replay the run."
            }
            Self::InputInvalid => {
                "The input is not what is wanted; the message names each field. Change the workflow or the inputs, and replay the run with --latest, or start it again."
            }
            Self::TemplateError => {
                "An expression could not be evaluated. Change it, for example by testing first whether the value is there, apply the workflow, and replay the run with --latest."
            }
            Self::StepDeadlineExceeded => {
                "The call was held up until its time was over, and did nothing. Replay the run from that step."
            }
            Self::StepTimedOut => {
                "Give the step, or the one around it, a longer `timeout`, apply the workflow, and replay the run from there with --latest."
            }
            Self::StepFailed => "The workflow says so itself: its `fail` step gives the reason.",
            Self::StepOutputTooLarge => "Ask for less, for example with a smaller `limit`, or refer to another output.",
            Self::LaneFailed => {
                "Look at a lane that failed with `pagerflow run show RUN --lane LANE`; its own error says what to do."
            }
            Self::LaneLost => {
                "The lane's executions ended from outside. Look at them in Step Functions, and replay the run."
            }
            Self::LaneCancelled => "A lane beside it failed. Look at that one.",
            Self::RunQueueFull => {
                "Too many runs wait for the same concurrency key. Look at the one that holds it, or use the policy `skip` or `cancel`."
            }
            Self::RunCancelled => {
                "A person, or a newer run of the same concurrency key, cancelled it. Replay it if it is wanted after all."
            }
            Self::RunAborted => {
                "Its execution was ended from outside. Look at the execution for who did it and why, and replay the run."
            }
            Self::RunFailed => "Look at the run that the step started; its own error says what to do.",
            Self::RunDeadlineExceeded => {
                "Give the workflow a longer `timeout`, apply it, and replay the run with --latest."
            }
            Self::RunLoopStopped => {
                "The workflow starts itself. Keep what it does out of its trigger, with `when`, before you enable it again."
            }
            Self::RunSuperseded => "Another execution goes on with it; there is nothing to do.",
            Self::RunUnknownCommand => {
                "The state machine is older than the functions. Deploy the whole stack, and replay the run."
            }
            Self::EventUnreadable => {
                "The event cannot be read any more. Start the run by hand with `pagerflow run start`, if the workflow can do without it."
            }
            Self::WorkflowNotFound => "Apply the workflow, or enable it, and replay the run with --latest.",
            Self::WorkflowInvalid => {
                "This release reads the stored workflow otherwise than the one that began the run. Apply it again, and replay the run with --latest."
            }
            Self::StoreUnavailable => {
                "DynamoDB did not answer. Check the table and the function's role, and replay the run."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error_name::SystemName;

    #[test]
    fn every_error_has_a_remedy_of_its_own_that_is_a_sentence() {
        let all: Vec<_> = NamedError::all([SystemName::known("PagerDuty")]).collect();
        for name in &all {
            let text = name.remedy();
            assert!(text.ends_with('.') && text.len() > 20, "{name}: {text}");
            let same = all.iter().filter(|other| other.remedy() == text);
            assert_eq!(same.count(), 1, "{text}");
        }
    }

    #[test]
    fn an_error_that_is_not_ours_says_where_to_look() {
        assert!(remedy("Sandbox.Timedout").contains("Look where the step acts"));
    }
}
