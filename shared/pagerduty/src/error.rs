//! Errors of requests to PagerDuty, under stable names.
//!
//! The variants follow the one question that decides what happens next: did PagerDuty do anything? A refusal
//! (`Unauthorized` to `RateLimited`) and [`Error::Unavailable`] mean no. [`Error::OutcomeUnknown`] means that a request
//! that changes something went out and no clear answer came back; it may only be repeated by a way that recognises the
//! first attempt's work. Display and Debug of every error are safe to print: they hold PagerDuty's words, cut and
//! cleaned, and never a token, a request or a raw answer.

mod advice;
mod refusal;

pub use refusal::{Api, Refusal, Scopes};

use std::{fmt::Display, time::Duration};
use workflow::error_name::{ErrorName, NamedError, SystemError, SystemName};

use crate::{
    ids::{IncidentId, UserEmail},
    incident::IncidentStatus,
};
use provider::{deadline::Missed, shown::shown};

/// The name of an error of PagerDuty.
pub fn named(error: SystemError) -> NamedError {
    NamedError::System(SystemName::known(crate::SYSTEM), error)
}

/// A request to PagerDuty, or an action, that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// PagerDuty does not accept the token.
    #[error("{0}")]
    Unauthorized(Refusal),
    /// The token, the user or the account's plan does not allow it.
    #[error("{0}")]
    Forbidden(Refusal),
    /// There is no such object in the account.
    #[error("{0}")]
    NotFound(Refusal),
    /// PagerDuty does not accept what was asked; the same request would be refused again.
    #[error("{0}")]
    InvalidRequest(Refusal),
    /// The request may not be sent to this address, and would not be sent the next time.
    #[error("nothing was sent to PagerDuty: {0}")]
    NotSent(String),
    /// Too many requests.
    #[error("{refusal}")]
    RateLimited {
        /// The refusal.
        refusal: Refusal,
        /// The time for which it asks us to wait, in seconds, from 1 to 300. `None` where it did not say.
        retry_after_seconds: Option<u64>,
    },
    /// PagerDuty could not be reached, or could not answer a question. The request changed nothing.
    #[error("PagerDuty is not available: {failure}. The request changed nothing, so it is safe to try again")]
    Unavailable {
        /// The failure.
        failure: Failure,
    },
    /// A change was asked for and no clear answer came, so that it may have happened or not.
    #[error("it is not known whether PagerDuty did it: {failure}. Look in PagerDuty before you do it again")]
    OutcomeUnknown {
        /// The failure.
        failure: Failure,
    },
    /// The deadline passed before the next request was sent.
    #[error("the deadline has passed, and nothing more was sent to PagerDuty; give the step more time")]
    DeadlineExceeded,
    /// So little time was left that this call may be a late double of one that was answered long since.
    #[error(
        "less than 50 s were left until the deadline, so this may be a late double of an earlier call, which would reach \
         people twice; nothing was sent to PagerDuty. Give the step at least a minute"
    )]
    BegunLate,
    /// Acknowledging the incident would reopen it.
    #[error(
        "incident {incident_id} is already resolved, so it was not acknowledged: PagerDuty would reopen it. If it has to \
         be worked on again, create a new incident"
    )]
    AlreadyResolved { incident_id: IncidentId },
    /// An incident with the key that the user gave was there before.
    #[error(
        "incident {incident_id} with this incident key was open on the service before; nothing was created. Give \
         `on_existing: adopt` to go on with that incident, or use another key"
    )]
    KeyInUse { incident_id: IncidentId },
    /// No user has this e-mail.
    #[error(
        "no user of the account logs in with {email}, the e-mail given as `from`; use the login e-mail of an active user, \
         or give the user's id as `requester`"
    )]
    NoSuchUser {
        /// The e-mail.
        email: UserEmail,
    },
    /// The token is the account's, so it does not say who asks.
    #[error(
        "it is not known who asks for help, because the token is no user's; give `requester`, a user's id, or `from`"
    )]
    NobodyAsks,
    /// The fields of the input do not go together.
    #[error("the input can not be used: {0}")]
    Input(&'static str),
    /// The incident is resolved, but its note is not there, or it is not known whether it is.
    #[error("incident {incident_id} IS resolved, but its note is missing: {reason}")]
    NoteMissing {
        incident_id: IncidentId,
        /// The reason the note is missing.
        reason: Box<Error>,
    },
}

/// The end of an exchange with PagerDuty that broke off without a clear answer.
///
/// Its text is part of the [`Error`]'s, and the cause's text part of its own, so that a person reads everything in one
/// place and nothing twice.
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
    /// PagerDuty reported a fault of its own.
    #[error("{0}")]
    Fault(Refusal),
    /// PagerDuty, or something in front of it, sent us elsewhere. Redirects are never followed.
    #[error("the answer was a redirect ({0}), which is not followed; check the address of PagerDuty's API")]
    Redirected(u16),
    /// The answer is larger than what is accepted.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The number of bytes that are accepted.
        limit: usize,
    },
    /// The answer is a success, but not in a form that could be understood.
    #[error("PagerDuty reported success with an answer that can not be read ({0})")]
    Unreadable(String),
    /// PagerDuty says that an incident with our key is open, but does not show it yet.
    #[error(
        "an incident with this key is already open on the service, but PagerDuty does not show it yet; \
         with the same idempotency key, a later attempt finds it"
    )]
    NotVisibleYet,
    /// PagerDuty took the incident to be resolved, but it is not, perhaps because it was reopened meanwhile.
    #[error("PagerDuty took the incident to be resolved, but it is {0} now")]
    NotResolved(IncidentStatus),
    /// PagerDuty reported success, but the incident is not acknowledged.
    #[error("PagerDuty reported success, but the incident is {0}")]
    NotAcknowledged(IncidentStatus),
}

/// The time in which PagerDuty may still carry out a request that was sent, even if its caller has given up. Not documented; half
/// a minute is more than any gateway that we know of waits for what is behind it.
pub const CARRIED_OUT_WITHIN: Duration = Duration::from_secs(30);

/// The time that PagerDuty may need to show new data. Not documented; clients that read at once miss their own writes for a few seconds.
pub const SHOWN_WITHIN: Duration = Duration::from_secs(10);

/// The most of a cause's text that is kept, in characters.
const MAX_CAUSE: usize = 200;

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

    /// An answer that is not what it should be. The parser's text can quote the answer, so it is cut.
    pub(crate) fn unreadable(error: &impl Display) -> Self {
        Self::Unreadable(shown_cause(&error.to_string()))
    }
}

/// A cause in the words of a library, safe to print.
pub(crate) fn shown_cause(text: &str) -> String {
    shown(text, MAX_CAUSE)
}

impl From<Missed> for Error {
    fn from(missed: Missed) -> Self {
        match missed {
            Missed::Over => Self::DeadlineExceeded,
            Missed::BegunLate => Self::BegunLate,
        }
    }
}

impl Error {
    /// The error's name, on which retries, catches and people match. Names never change.
    pub fn name(&self) -> NamedError {
        let error = match self {
            Self::Unauthorized(_) => SystemError::Unauthorized,
            Self::Forbidden(_) => SystemError::Forbidden,
            Self::NotFound(_) | Self::NoSuchUser { .. } => SystemError::NotFound,
            Self::InvalidRequest(_) | Self::NotSent(_) | Self::KeyInUse { .. } => SystemError::InvalidRequest,
            Self::RateLimited { .. } => SystemError::RateLimited,
            Self::Unavailable { .. } => SystemError::Unavailable,
            Self::OutcomeUnknown { .. } => SystemError::OutcomeUnknown,
            Self::AlreadyResolved { .. } => SystemError::AlreadyResolved,
            Self::DeadlineExceeded | Self::BegunLate => return ErrorName::StepDeadlineExceeded.into(),
            Self::NobodyAsks | Self::Input(_) => return ErrorName::InputInvalid.into(),
            Self::NoteMissing { reason, .. } => return reason.name(),
        };
        named(error)
    }

    /// The time for which PagerDuty asks us to wait before the next attempt, in seconds, from 1 to 300.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        match self {
            Self::RateLimited {
                retry_after_seconds, ..
            } => *retry_after_seconds,
            Self::NoteMissing { reason, .. } => reason.retry_after_seconds(),
            _ => None,
        }
    }

    /// After how many seconds a look shows what a request of unknown outcome has done.
    pub fn settled_after_seconds(&self) -> Option<u64> {
        match self {
            Self::OutcomeUnknown { failure } => Some(failure.settled_after().as_secs()),
            Self::NoteMissing { reason, .. } => reason.settled_after_seconds(),
            _ => None,
        }
    }
}
