//! The status of an answer, read as the answer to the question that decides what happens next: did the system do anything?

use reqwest::StatusCode;

/// The effect of a request, which decides what a missing answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It only reads: nothing changes, with or without an answer.
    Read,
    /// It changes something: without an answer, the outcome is unknown.
    Write,
}

/// The meaning of the status of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was done.
    Done,
    /// The answer is elsewhere. Redirects are never followed, so it is not known whether anything was done.
    Redirected,
    /// Nothing was done: the secret is not accepted (401).
    Unauthorized,
    /// Nothing was done: the secret, its user or the account's plan does not allow it (402, 403).
    Forbidden,
    /// Nothing was done: there is no such thing (404).
    NotFound,
    /// Nothing was done: too many requests (429).
    RateLimited,
    /// Nothing was done: the system does not accept what was asked, and would refuse it again (another 4xx).
    Refused,
    /// The system, or something in front of it, has a fault of its own (408, 5xx): of a change it is not known whether it was done.
    Fault,
}

impl Verdict {
    /// The verdict of a status.
    #[must_use]
    pub fn of(status: StatusCode) -> Self {
        match status {
            status if status.is_success() => Self::Done,
            status if status.is_redirection() => Self::Redirected,
            StatusCode::UNAUTHORIZED => Self::Unauthorized,
            StatusCode::PAYMENT_REQUIRED | StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited,
            StatusCode::REQUEST_TIMEOUT => Self::Fault,
            status if status.is_client_error() => Self::Refused,
            _ => Self::Fault,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(200, Verdict::Done)]
    #[case(202, Verdict::Done)]
    #[case(204, Verdict::Done)]
    #[case(301, Verdict::Redirected)]
    #[case(400, Verdict::Refused)]
    #[case(401, Verdict::Unauthorized)]
    #[case(402, Verdict::Forbidden)]
    #[case(403, Verdict::Forbidden)]
    #[case(404, Verdict::NotFound)]
    #[case(408, Verdict::Fault)]
    #[case(409, Verdict::Refused)]
    #[case(413, Verdict::Refused)]
    #[case(422, Verdict::Refused)]
    #[case(429, Verdict::RateLimited)]
    #[case(500, Verdict::Fault)]
    #[case(502, Verdict::Fault)]
    #[case(503, Verdict::Fault)]
    #[case(504, Verdict::Fault)]
    #[case::an_informational_answer_that_never_ends(100, Verdict::Fault)]
    #[case::beyond_http(599, Verdict::Fault)]
    fn a_status_says_whether_anything_was_done(#[case] status: u16, #[case] verdict: Verdict) {
        assert_eq!(Verdict::of(StatusCode::from_u16(status).unwrap()), verdict);
    }
}
