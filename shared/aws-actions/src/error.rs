//! Errors of AWS, and their classes.

use crate::{SYSTEM, model::Service, protocol};
use workflow::error_name::{NamedError, SystemError, SystemName};

pub use workflow::error_name::SystemError as Kind;

/// The most characters of a message that are kept.
const LONGEST_MESSAGE: usize = 1_000;

/// An error of a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}{}", .code.as_ref().map(|code| format!("{code}: ")).unwrap_or_default(), shown_id(.request_id.as_deref()))]
pub struct AwsError {
    /// The conclusion about what was done.
    pub kind: Kind,
    /// The service's own name of the error: `ClusterNotFoundException`.
    pub code: Option<String>,
    /// The service's words, cut and cleaned.
    pub message: String,
    /// The status.
    pub status: u16,
    /// The id of the request, by which AWS Support finds it.
    pub request_id: Option<String>,
}

fn shown_id(id: Option<&str>) -> String {
    id.map(|id| format!(" (request {id})")).unwrap_or_default()
}

/// Codes with which services ask for a pause. Nothing was done.
///
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
const THROTTLING: &[&str] = &[
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

/// Codes of requests whose credentials or signature are not taken.
///
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>
const UNAUTHORIZED: &[&str] = &[
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// Codes of requests that the credentials do not allow.
const FORBIDDEN: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "Client.UnauthorizedOperation",
    "ForbiddenException",
    "NotAuthorized",
    "OptInRequired",
    "SubscriptionRequiredException",
    "UnauthorizedOperation",
];

/// Parts of the codes of things that there are not.
const NOT_FOUND: &[&str] = &["NotFound", "NoSuch", "DoesNotExist", "NonExistent", "NotExist"];

/// Codes of faults that services have with a status that says otherwise.
const FAULTS: &[&str] = &[
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "Unavailable",
];

impl AwsError {
    /// The service's own words.
    pub(crate) fn told(service: &Service<'_>, only_reads: bool, status: u16, told: protocol::Told) -> Self {
        let code = told.code.as_deref().unwrap_or_default();
        let kind = kind(service, only_reads, status, code);
        let message = told
            .message
            .unwrap_or_else(|| format!("{} answered with status {status}", service.title));
        Self {
            kind,
            message: cleaned(&message),
            code: told.code.map(|code| cleaned(&code)),
            status,
            request_id: told.request_id.map(|id| cleaned(&id)),
        }
    }

    /// The failure of an operation that AWS has carried out.
    pub(crate) fn of_outcome(kind: Kind, code: Option<&str>, message: &str) -> Self {
        Self {
            kind,
            code: code.map(cleaned),
            message: cleaned(message),
            status: 200,
            request_id: None,
        }
    }

    /// An answer that says that all went well, and cannot be read.
    pub(crate) fn unreadable(only_reads: bool, status: u16, problem: &protocol::Unreadable) -> Self {
        Self {
            kind: if only_reads {
                Kind::Unavailable
            } else {
                Kind::OutcomeUnknown
            },
            code: None,
            // The problem quotes the answer.
            message: cleaned(&format!("the answer cannot be read: {problem}")),
            status,
            request_id: None,
        }
    }

    /// The name of the error in workflows: `AWS.NotFound`.
    #[must_use]
    pub fn name(&self) -> NamedError {
        NamedError::System(SystemName::known(SYSTEM), self.kind)
    }

    /// True if the service asks for a pause.
    #[must_use]
    pub fn is_throttling(&self) -> bool {
        self.kind == SystemError::RateLimited
    }

    /// True if nothing was done and a later request may succeed.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self.kind, SystemError::RateLimited | SystemError::Unavailable)
    }
}

fn kind(service: &Service<'_>, only_reads: bool, status: u16, code: &str) -> Kind {
    let is_one_of = |codes: &[&str]| codes.contains(&code);
    let of_fault = if only_reads {
        Kind::Unavailable
    } else {
        Kind::OutcomeUnknown
    };
    match status {
        _ if is_one_of(THROTTLING) || service.throttling.contains(&code) => Kind::RateLimited,
        429 => Kind::RateLimited,
        _ if is_one_of(UNAUTHORIZED) => Kind::Unauthorized,
        _ if is_one_of(FORBIDDEN) => Kind::Forbidden,
        _ if is_one_of(FAULTS) => of_fault,
        // S3 says where a bucket is, or that something is as it was, and has done nothing.
        304 => Kind::InvalidRequest,
        300..=399 if code == "TemporaryRedirect" => Kind::Unavailable,
        300..=399 if !code.is_empty() => Kind::InvalidRequest,
        300..=399 | 408 | 500.. => of_fault,
        401 => Kind::Unauthorized,
        403 => Kind::Forbidden,
        404 => Kind::NotFound,
        _ if NOT_FOUND.iter().any(|part| code.contains(part)) => Kind::NotFound,
        400..=499 => Kind::InvalidRequest,
        _ => of_fault,
    }
}

/// Words of a service, on one line and not too long.
fn cleaned(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
