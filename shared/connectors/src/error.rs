//! Errors of calls, under stable names.
//!
//! The variants follow the one question that decides what happens next: did the system do anything? A refusal and
//! [`Error::Unavailable`] mean no. [`Error::OutcomeUnknown`] means that a request that changes something went out and no clear answer
//! came back. Display and Debug of every error are safe to print: they hold the words of the system, cut and cleaned, and never a secret,
//! a request or a raw answer.

use crate::account::InvalidAccount;
use provider::deadline::Missed;
use std::{fmt, time::Duration};
use workflow::error_name::{ErrorName, NamedError, SystemError, SystemName};

/// The most of the system's text that is kept, in characters.
pub(crate) const LONGEST_TEXT: usize = 300;

/// The longest code that is kept, in characters.
pub(crate) const LONGEST_CODE: usize = 80;

/// The system and the action that an error is about, as people call them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The system.
    pub system: String,
    /// The name of the action, such as `slack.post_message`.
    pub action: String,
}

/// A call that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system does not accept the secret.
    #[error("{0}")]
    Unauthorized(Box<Refusal>),
    /// The secret, its user or the account's plan does not allow it.
    #[error("{0}")]
    Forbidden(Box<Refusal>),
    /// There is no such thing in the account.
    #[error("{0}")]
    NotFound(Box<Refusal>),
    /// The system does not accept what was asked; the same request would be refused again.
    #[error("{0}")]
    InvalidRequest(Box<Refusal>),
    /// Too many requests.
    #[error("{refusal}")]
    RateLimited {
        /// The refusal.
        refusal: Box<Refusal>,
        /// The time for which it asks us to wait, in seconds, from 1 to 300. `None` where it did not say.
        retry_after_seconds: Option<u64>,
    },
    /// The system could not be reached, or could not answer a question. The request changed nothing.
    #[error("{}: {} is not available: {failure}. The request changed nothing, so it is safe to try again", subject.action, subject.system)]
    Unavailable {
        /// The system and the action.
        subject: Box<Subject>,
        /// The failure.
        failure: Failure,
    },
    /// A change was asked for and no clear answer came, so that it may have happened or not.
    #[error("{}: it is not known whether {} did it: {failure}. Look in {} before you do it again", subject.action, subject.system, subject.system)]
    OutcomeUnknown {
        /// The system and the action.
        subject: Box<Subject>,
        /// The failure.
        failure: Failure,
    },
    /// The job was started and has failed.
    #[error("{}: {} has begun it, and it did not end well{}", subject.action, subject.system, words_of(message.as_ref()))]
    JobFailed {
        /// The system and the action.
        subject: Box<Subject>,
        /// The words of the system.
        message: Option<String>,
    },
    /// The deadline passed before the next request was sent.
    #[error("{}: the deadline has passed, and nothing more was sent to {}; give the step more time", .0.action, .0.system)]
    DeadlineExceeded(Box<Subject>),
    /// So little time was left that this call may be a late double of one that was answered long since.
    #[error(
        "{}: less than 50 s were left until the deadline, so this may be a late double of an earlier call, which would do it twice; \
         nothing was sent to {}. Give the step at least a minute", .0.action, .0.system
    )]
    BegunLate(Box<Subject>),
    /// The input cannot be used.
    #[error("{}: {problem}", subject.action)]
    Input {
        /// The system and the action.
        subject: Box<Subject>,
        /// The problem and its remedy.
        problem: String,
    },
    /// The account cannot be used.
    #[error("{}: {problem}", subject.action)]
    Account {
        /// The system and the action.
        subject: Box<Subject>,
        /// The problem and its remedy.
        problem: String,
    },
}

fn words_of(message: Option<&String>) -> String {
    message.map_or_else(String::new, |message| format!(": {}", message.trim_end_matches('.')))
}

/// The end of an exchange that broke off without a clear answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// No connection came about.
    #[error("no connection could be made ({0})")]
    Connect(String),
    /// The time limit of the request passed.
    #[error("no answer came in time")]
    TimedOut,
    /// The connection broke.
    #[error("the connection broke before the answer was complete ({0})")]
    Broken(String),
    /// The system reported a fault of its own.
    #[error("{0}")]
    Fault(Box<Refusal>),
    /// The system, or something in front of it, sent us elsewhere. Redirects are never followed.
    #[error("the answer was a redirect ({0}), which is not followed; check the address of the system")]
    Redirected(u16),
    /// The next page of a list is at another host.
    #[error("the next page of the list is at another address, which is not followed")]
    PageElsewhere,
    /// The answer is larger than what is accepted.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The number of bytes that are accepted.
        limit: usize,
    },
    /// The answer is a success, but not in a form that could be understood.
    #[error("the answer is a success that cannot be read ({0})")]
    Unreadable(String),
}

/// An answer other than success, in the words of the system. All texts are cut and free of control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The system and the action.
    pub subject: Subject,
    /// The HTTP status.
    pub status: u16,
    /// The system's own name of the error.
    pub code: Option<String>,
    /// The system's words.
    pub message: Option<String>,
}

/// Without a full stop at its end, so that it can stand inside another sentence.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} answered {}",
            self.subject.action, self.subject.system, self.status
        )?;
        match (&self.message, &self.code) {
            (None, None) => f.write_str(" without saying why"),
            (None, Some(code)) => write!(f, ": {code}"),
            (Some(message), None) => write!(f, ": {}", message.trim_end_matches('.')),
            (Some(message), Some(code)) => write!(f, ": {} ({code})", message.trim_end_matches('.')),
        }
    }
}

/// The time in which a system may still carry out a request that was sent, even if its caller has given up. Hardly any system documents
/// it; half a minute is more than any gateway that we know of waits for what is behind it.
pub(crate) const CARRIED_OUT_WITHIN: Duration = Duration::from_secs(30);

/// The time that a system may need to show new data. Hardly any system documents it; clients that read at once miss their own writes for a few seconds.
pub(crate) const SHOWN_WITHIN: Duration = Duration::from_secs(10);

impl Failure {
    /// The time after a change broke off in this way after which a look shows if it was made.
    fn settled_after(&self) -> Duration {
        let may_go_on = match self {
            Self::TimedOut | Self::Broken(_) => true,
            // A gateway that no longer waits for what is behind it, or has lost the connection to it.
            Self::Fault(refusal) => matches!(refusal.status, 502 | 504),
            _ => false,
        };
        match may_go_on {
            true => CARRIED_OUT_WITHIN + SHOWN_WITHIN,
            false => SHOWN_WITHIN,
        }
    }
}

impl Error {
    /// The error's name, on which retries, catches and people match. Names never change.
    #[must_use]
    pub fn name(&self) -> NamedError {
        let (subject, error) = match self {
            Self::Unauthorized(refusal) => (&refusal.subject, SystemError::Unauthorized),
            Self::Forbidden(refusal) => (&refusal.subject, SystemError::Forbidden),
            Self::NotFound(refusal) => (&refusal.subject, SystemError::NotFound),
            Self::InvalidRequest(refusal) => (&refusal.subject, SystemError::InvalidRequest),
            Self::RateLimited { refusal, .. } => (&refusal.subject, SystemError::RateLimited),
            Self::Unavailable { subject, .. } => (&**subject, SystemError::Unavailable),
            Self::OutcomeUnknown { subject, .. } => (&**subject, SystemError::OutcomeUnknown),
            Self::JobFailed { subject, .. } => (&**subject, SystemError::JobFailed),
            Self::DeadlineExceeded(_) | Self::BegunLate(_) => return ErrorName::StepDeadlineExceeded.into(),
            Self::Input { .. } => return ErrorName::InputInvalid.into(),
            Self::Account { .. } => return ErrorName::IntegrationInvalid.into(),
        };
        NamedError::System(SystemName::of(&subject.system), error)
    }

    /// The time for which the system asks us to wait before the next attempt, in seconds, from 1 to 300.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        match self {
            Self::RateLimited {
                retry_after_seconds, ..
            } => *retry_after_seconds,
            _ => None,
        }
    }

    /// After how many seconds a look shows what a request of unknown outcome has done.
    #[must_use]
    pub fn settled_after_seconds(&self) -> Option<u64> {
        match self {
            Self::OutcomeUnknown { failure, .. } => Some(failure.settled_after().as_secs()),
            _ => None,
        }
    }
}

impl Subject {
    pub(crate) fn missed(&self, missed: Missed) -> Error {
        match missed {
            Missed::Over => Error::DeadlineExceeded(Box::new(self.clone())),
            Missed::BegunLate => Error::BegunLate(Box::new(self.clone())),
        }
    }

    pub(crate) fn input(&self, problem: impl Into<String>) -> Error {
        Error::Input {
            subject: Box::new(self.clone()),
            problem: problem.into(),
        }
    }

    pub(crate) fn account(&self, problem: &InvalidAccount) -> Error {
        Error::Account {
            subject: Box::new(self.clone()),
            problem: format!("the integration cannot be used: {problem}"),
        }
    }
}
