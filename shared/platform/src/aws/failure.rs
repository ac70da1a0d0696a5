//! The reason AWS did not do as it was asked: in words that people read, and as a kind, which says what helps.
//!
//! The SDK's own errors say "dispatch failure" and "service error", and the debug form that some of them carry is a request with
//! its body. Nothing else looks into them.

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use std::error::Error;

/// The kind of failure of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsFailureKind {
    /// No credentials were found.
    NoCredentials,
    /// No region is set.
    NoRegion,
    /// The endpoint is not a URL.
    BadEndpoint,
    /// No connection came about, or it broke.
    Unreachable,
    /// No answer came in time.
    TimedOut,
    /// Something that is not AWS answered.
    NotAws,
    /// The credentials were valid once.
    Expired,
    /// AWS does not know the credentials.
    Unrecognized,
    /// The caller has not the right.
    Denied,
    /// The thing does not exist in this account and region.
    Missing,
    /// Too much was asked at once, or another was at it: a moment later it may go well.
    Throttled,
    /// A fault of AWS's own.
    Down,
    /// The clock of the caller is wrong.
    WrongClock,
    /// Another refusal.
    Refused,
}

/// The reason AWS did not do as it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct AwsFailure {
    kind: AwsFailureKind,
    words: String,
    #[source]
    detail: Option<Detail>,
}

/// The SDK's text, for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
struct Detail(String);

/// The codes of services that mean the same, by AWS's documentation of errors that are common to all, and of each service's own.
const CODES: &[(AwsFailureKind, &[&str])] = &[
    (
        AwsFailureKind::Expired,
        &[
            "ExpiredToken",
            "ExpiredTokenException",
            "RequestExpired",
            "TokenRefreshRequired",
        ],
    ),
    (
        AwsFailureKind::Unrecognized,
        &[
            "AuthFailure",
            "IncompleteSignature",
            "IncompleteSignatureException",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "InvalidToken",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        ],
    ),
    (
        AwsFailureKind::Denied,
        &[
            "AccessDenied",
            "AccessDeniedException",
            "AuthorizationError",
            "KMSAccessDeniedException",
            "KmsAccessDeniedException",
            "NotAuthorized",
            "OptInRequired",
            "UnauthorizedOperation",
        ],
    ),
    (
        AwsFailureKind::Missing,
        &[
            "AWS.SimpleQueueService.NonExistentQueue",
            "ExecutionDoesNotExist",
            "QueueDoesNotExist",
            "ResourceNotFound",
            "ResourceNotFoundException",
            "StateMachineDoesNotExist",
            "TableNotFoundException",
        ],
    ),
    (
        AwsFailureKind::Throttled,
        &[
            "LimitExceededException",
            "PriorRequestNotComplete",
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
            "RequestThrottled",
            "RequestThrottledException",
            "SlowDown",
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "TooManyRequestsException",
            "TransactionConflictException",
            "TransactionInProgressException",
        ],
    ),
    (
        AwsFailureKind::Down,
        &[
            "InternalError",
            "InternalFailure",
            "InternalServerError",
            "InternalServiceError",
            "ServiceUnavailable",
            "ServiceUnavailableException",
        ],
    ),
    (
        AwsFailureKind::WrongClock,
        &["RequestInTheFuture", "RequestTimeTooSkewed"],
    ),
];

/// Texts of the SDK's errors when a request could not even be made. It has no types for these.
const NOT_MADE: &[(AwsFailureKind, &[&str])] = &[
    (
        AwsFailureKind::Expired,
        &["session has expired", "token has expired", "token is expired"],
    ),
    (
        AwsFailureKind::NoCredentials,
        &[
            "loading credentials",
            "no credentials",
            "credential provider",
            "identity",
            "auth scheme",
        ],
    ),
    (
        AwsFailureKind::NoRegion,
        &[
            "missing signing region",
            "Missing Region",
            "egion must be set",
            "no region",
        ],
    ),
    (
        AwsFailureKind::BadEndpoint,
        &[
            "failed to apply endpoint",
            "endpoint was not a valid",
            "invalid uri",
            "invalid format",
            "relative URL",
            "missing scheme",
        ],
    ),
];

impl AwsFailure {
    /// The failure in an error of the SDK.
    #[must_use]
    pub fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        let chain = chain(error);
        let (kind, words) = match error {
            SdkError::TimeoutError(_) => (AwsFailureKind::TimedOut, no_answer()),
            SdkError::ConstructionFailure(_) => not_made(&chain, AwsFailureKind::Refused),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => (AwsFailureKind::TimedOut, no_answer()),
            SdkError::DispatchFailure(_) => not_made(&chain, AwsFailureKind::Unreachable),
            SdkError::ResponseError(answer) => unreadable(answer.raw()),
            SdkError::ServiceError(answer) => answered(answer.err(), answer.raw()),
            _ => (AwsFailureKind::Refused, "the request failed".to_owned()),
        };
        Self {
            kind,
            words,
            detail: Some(Detail(chain.join(": "))),
        }
    }

    /// A refusal that is over a moment later, in our words.
    pub(crate) fn passing(words: String) -> Self {
        Self {
            kind: AwsFailureKind::Throttled,
            ..Self::from(words)
        }
    }

    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> AwsFailureKind {
        self.kind
    }
}

/// A refusal that is known without asking AWS.
impl From<String> for AwsFailure {
    fn from(words: String) -> Self {
        Self {
            kind: AwsFailureKind::Refused,
            words,
            detail: None,
        }
    }
}

impl From<&str> for AwsFailure {
    fn from(words: &str) -> Self {
        Self::from(words.to_owned())
    }
}

/// The texts of an error and its causes, from the outside in. Some repeat their cause's words in their own.
fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if !words.iter().any(|said| said.contains(&text)) {
            words.push(text);
        }
        cause = error.source();
    }
    words
}

fn no_answer() -> String {
    "no answer came in time".to_owned()
}

/// A request that was not made, or not as a whole.
fn not_made(chain: &[String], otherwise: AwsFailureKind) -> (AwsFailureKind, String) {
    let says = |phrases: &&[&str]| {
        chain
            .iter()
            .any(|said| phrases.iter().any(|phrase| said.contains(phrase)))
    };
    let known = NOT_MADE.iter().find(|(_, phrases)| says(phrases));
    let kind = known.map_or(otherwise, |(kind, _)| *kind);
    let words = match kind {
        AwsFailureKind::Expired => "the AWS session has expired".to_owned(),
        AwsFailureKind::NoCredentials => "there are no AWS credentials".to_owned(),
        AwsFailureKind::NoRegion => "no AWS region is set".to_owned(),
        AwsFailureKind::BadEndpoint => "the endpoint is not a URL".to_owned(),
        AwsFailureKind::Unreachable => format!("no connection to AWS: {}", innermost(chain)),
        _ => "the request could not be made".to_owned(),
    };
    (kind, words)
}

/// The last cause, which is the system's own word, such as "Connection refused".
fn innermost(chain: &[String]) -> &str {
    let last = chain.iter().rev().find(|said| !said.is_empty());
    last.map_or("the connection broke", String::as_str)
}

fn unreadable(answer: &HttpResponse) -> (AwsFailureKind, String) {
    let status = answer.status();
    let words = format!("the answer is not one of AWS's (status {})", status.as_u16());
    match status.is_server_error() {
        true => (AwsFailureKind::Down, words),
        false => (AwsFailureKind::NotAws, words),
    }
}

/// A refusal of a service, in its own words.
fn answered(error: &impl ProvideErrorMetadata, answer: &HttpResponse) -> (AwsFailureKind, String) {
    let Some(code) = error.code() else {
        return unreadable(answer);
    };
    let known = CODES.iter().find(|(_, codes)| codes.contains(&code));
    let is_down = answer.status().is_server_error();
    let otherwise = if is_down {
        AwsFailureKind::Down
    } else {
        AwsFailureKind::Refused
    };
    let kind = known.map_or(otherwise, |(kind, _)| *kind);
    let kind = match error.message() {
        // It has a code of its own for that in a few services only.
        Some(message) if kind == AwsFailureKind::Unrecognized && message.contains("Signature expired") => {
            AwsFailureKind::WrongClock
        }
        _ => kind,
    };
    let words = match error.message().map(|message| message.trim().trim_end_matches('.')) {
        Some(message) if !message.is_empty() => format!("{message} ({code})"),
        _ => code.to_owned(),
    };
    (kind, words)
}
