//! What PagerDuty answers when it does not do as it was asked.

use http::StatusCode;
use serde_json::{Value, json};

use crate::exchange::Answer;

/// A refused request. The variants carry PagerDuty's documented codes; the text of a variant is its `error.message`.
///
/// The statuses, messages and codes of [`Refusal::Invalid`], [`Refusal::Arguments`], [`Refusal::FromMissing`],
/// [`Refusal::RequesterNotFound`], [`Refusal::NotFound`], [`Refusal::RateLimited`] and [`Refusal::IdentityUnknown`] are
/// those of real answers. Of the others the code and its meaning are documented, which is taken for the message: that real
/// answers word it so is UNVERIFIED.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A token that is not known.
    #[error("Authentication failed")]
    Unauthenticated,
    /// No credentials, or none in a form that is known: the answer is a plain text.
    #[error("HTTP Token: Access denied.")]
    NoCredentials,
    /// The token may read, but not write.
    #[error("Access Denied")]
    AccessDenied,
    /// The user named by `From` may only read.
    #[error("Requester not authorized to perform action")]
    RequesterNotAuthorized,
    /// The user named by `From` does not exist.
    #[error("Requester User Not Found")]
    RequesterNotFound,
    /// The request acts for a user and names none.
    #[error("You must specify a user's email address in the \"From\" header to perform this action")]
    FromMissing,
    /// `GET /users/me` with a token that is nobody's.
    #[error(
        "Because this request was made using an account-level access token, we were unable to determine the user's \
         identity. Please use a user-level token."
    )]
    IdentityUnknown,
    /// No such path or object.
    #[error("Not Found")]
    NotFound,
    /// A value is missing, of the wrong type or out of range.
    #[error("Invalid Input Provided")]
    Invalid(String),
    /// The values are well-formed, but can not be acted upon.
    #[error("Arguments Caused Error")]
    Arguments(String),
    /// A list was asked for beyond its 10,000th row.
    #[error("Arguments Caused Error")]
    BeyondLastRow,
    /// The incident is resolved already.
    #[error("Incident Already Resolved")]
    AlreadyResolved,
    /// The incident is acknowledged by this user already.
    #[error("Incident Already Acknowledged")]
    AlreadyAcknowledged,
    /// The path is known, but not with this method.
    #[error("Method Not Allowed")]
    MethodNotAllowed,
    /// `since` or `until` is no time, or they are the wrong way round.
    #[error("Invalid time values in 'since' and/or 'until' parameters")]
    InvalidTimes,
    /// `since` and `until` are too far apart.
    #[error("Invalid Query Date Range")]
    InvalidDateRange,
    /// The incident has no such escalation level, or is resolved.
    #[error("Cannot Escalate")]
    CannotEscalate,
    /// The assignee does not exist.
    #[error("Assigned To User Not Found")]
    AssigneeNotFound,
    /// A resolved incident has no assignee.
    #[error("Cannot process reassign action")]
    CannotReassign,
    /// The escalation policy does not exist.
    #[error("Escalation Policy Not Found")]
    PolicyNotFound,
    /// Nobody is on call at the first level of the escalation policy.
    #[error("Escalation Policy Has No User On Call")]
    NobodyOnCall,
    /// Only an acknowledged incident can be snoozed.
    #[error("Incident is not Acknowledged")]
    NotAcknowledged,
    /// A snooze is shorter than a second or longer than seven days.
    #[error("Snooze Duration is Invalid")]
    InvalidSnooze,
    /// The incident was merged into another one before.
    #[error("Incident Already Merged")]
    AlreadyMerged,
    /// `requester_id` is missing.
    #[error("You must specify a requester_id to perform this action")]
    RequesterIdMissing,
    /// A user who is named in the body does not exist.
    #[error("User not found")]
    UserNotFound,
    /// An incident that is named in the body does not exist.
    #[error("Incident Not Found")]
    IncidentNotFound,
    /// The OAuth token lacks a scope.
    #[error("Access Denied")]
    ScopeMissing {
        /// The scope that the request needs.
        required: &'static str,
        /// The scopes that the token has, with blanks between them.
        held: String,
    },
    /// The priority does not exist.
    #[error("Invalid Priority")]
    InvalidPriority,
    /// The account's plan does not include what was asked for.
    #[error("Missing Account Ability")]
    AbilityMissing,
    /// The scope has its ten webhook subscriptions.
    #[error("Subscription Limit Exceeded")]
    SubscriptionLimit,
    /// Too many requests with this token in this minute.
    #[error("Rate Limit Exceeded")]
    RateLimited,
}

impl Refusal {
    /// A refusal of a value, with the sentence that explains it.
    pub(crate) fn invalid(explanation: impl Into<String>) -> Self {
        Self::Invalid(explanation.into())
    }

    /// A refusal of well-formed arguments, with the sentence that explains it.
    pub(crate) fn arguments(explanation: impl Into<String>) -> Self {
        Self::Arguments(explanation.into())
    }

    /// PagerDuty's number for this error.
    pub fn code(&self) -> u32 {
        match self {
            Self::AlreadyResolved => 1001,
            Self::AlreadyAcknowledged => 1002,
            Self::CannotEscalate => 1006,
            Self::AssigneeNotFound => 1007,
            Self::RequesterNotFound => 1008,
            Self::CannotReassign => 1011,
            Self::NotAcknowledged => 1012,
            Self::InvalidSnooze => 1013,
            Self::PolicyNotFound => 1014,
            Self::NobodyOnCall => 1015,
            Self::RequesterNotAuthorized => 1018,
            Self::AlreadyMerged => 1019,
            Self::InvalidPriority => 1020,
            Self::Invalid(_) | Self::BeyondLastRow | Self::IdentityUnknown => 2001,
            Self::Arguments(_) => 2002,
            Self::InvalidTimes => 2004,
            Self::InvalidDateRange => 2005,
            Self::Unauthenticated | Self::NoCredentials => 2006,
            // That a 405 has this code is UNVERIFIED: it is documented as "Account Not Found".
            Self::MethodNotAllowed => 2007,
            Self::AccessDenied | Self::ScopeMissing { .. } => 2010,
            Self::RequesterIdMissing => 2011,
            Self::UserNotFound => 2013,
            Self::AbilityMissing => 2014,
            Self::FromMissing => 2016,
            Self::SubscriptionLimit => 2019,
            Self::RateLimited => 2020,
            Self::NotFound => 2100,
            Self::IncidentNotFound => 5001,
        }
    }

    /// The status that it is answered with.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated | Self::NoCredentials => StatusCode::UNAUTHORIZED,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::AbilityMissing => StatusCode::PAYMENT_REQUIRED,
            Self::AccessDenied | Self::RequesterNotAuthorized | Self::ScopeMissing { .. } => StatusCode::FORBIDDEN,
            Self::NotFound | Self::IncidentNotFound => StatusCode::NOT_FOUND,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The answer, in the shape in which this error comes: most have the common envelope, with or without `errors`.
    pub fn answer(&self) -> Answer {
        let message = self.to_string();
        let code = self.code();
        let body = match self {
            Self::NoCredentials => return Answer::text(self.status(), &format!("{message}\n")),
            Self::IdentityUnknown => json!({"error": message}),
            Self::SubscriptionLimit => json!({"errors": {"code": code, "detail": message}}),
            Self::ScopeMissing { required, held } => json!({"error": {
                "message": message,
                "code": code,
                "required_scopes": required,
                "token_scopes": held,
            }}),
            Self::FromMissing | Self::NotFound | Self::RateLimited | Self::Unauthenticated | Self::MethodNotAllowed => {
                json!({"error": {"message": message, "code": code}})
            }
            _ => json!({"error": {"message": message, "code": code, "errors": self.explanations()}}),
        };
        Answer::json(self.status(), body)
    }

    fn explanations(&self) -> Vec<Value> {
        match self {
            Self::Invalid(explanation) | Self::Arguments(explanation) => vec![json!(explanation)],
            Self::BeyondLastRow => vec![json!(
                "Offset+limit exceeds maximum allowed value of 10000. Please try to refine your search"
            )],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::exchange::Body;

    #[rstest]
    #[case::invalid(
        Refusal::invalid("Title cannot be empty."),
        400,
        json!({"error": {"message": "Invalid Input Provided", "code": 2001, "errors": ["Title cannot be empty."]}})
    )]
    #[case::arguments(
        Refusal::arguments("Service not found"),
        400,
        json!({"error": {"message": "Arguments Caused Error", "code": 2002, "errors": ["Service not found"]}})
    )]
    #[case::requester_not_found(
        Refusal::RequesterNotFound,
        400,
        json!({"error": {"message": "Requester User Not Found", "code": 1008, "errors": []}})
    )]
    #[case::from_missing(
        Refusal::FromMissing,
        400,
        json!({"error": {
            "message": "You must specify a user's email address in the \"From\" header to perform this action",
            "code": 2016
        }})
    )]
    #[case::not_found(Refusal::NotFound, 404, json!({"error": {"message": "Not Found", "code": 2100}}))]
    #[case::rate_limited(Refusal::RateLimited, 429, json!({"error": {"message": "Rate Limit Exceeded", "code": 2020}}))]
    #[case::error_is_a_string(
        Refusal::IdentityUnknown,
        400,
        json!({"error": "Because this request was made using an account-level access token, we were unable to \
            determine the user's identity. Please use a user-level token."})
    )]
    #[case::errors_is_an_object(
        Refusal::SubscriptionLimit,
        400,
        json!({"errors": {"code": 2019, "detail": "Subscription Limit Exceeded"}})
    )]
    fn a_refusal_has_the_shape_of_the_real_answer(#[case] refusal: Refusal, #[case] status: u16, #[case] body: Value) {
        let answer = refusal.answer();

        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.body, Body::Json(body));
    }
}
