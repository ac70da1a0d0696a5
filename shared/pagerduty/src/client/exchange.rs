//! One request and its answer, and what the answer means for what we know.

use reqwest::{RequestBuilder, Response, StatusCode, header::HeaderMap};
use serde_json::Value;

use crate::error::{Error, Failure, Refusal, root_cause};

/// Whether a request changes something, and with it what a missing answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It only asks.
    Read,
    /// It changes something.
    Write,
}

impl Effect {
    /// The error for a request that went out and got no clear answer.
    pub(super) fn unclear(self, failure: Failure) -> Error {
        match self {
            Self::Read => Error::Unavailable { failure },
            Self::Write => Error::OutcomeUnknown { failure },
        }
    }
}

/// The longest wait that PagerDuty's `ratelimit-reset` may ask for, in seconds.
const MAX_RETRY_AFTER: u64 = 300;

/// Sends a request and reads the JSON of a successful answer of at most `limit` bytes.
pub(super) async fn exchange(effect: Effect, request: RequestBuilder, limit: usize) -> Result<Value, Error> {
    let response = request.send().await.map_err(|error| broken_off(effect, &error))?;
    let status = response.status();
    if status.is_redirection() {
        return Err(effect.unclear(Failure::Redirected(status.as_u16())));
    }
    if !status.is_success() {
        let retry_after_seconds = retry_after(response.headers());
        // The status alone decides what is known, so a body that breaks off only costs PagerDuty's words.
        let body = read(effect, response, limit).await.unwrap_or_default();
        return Err(refused(
            effect,
            Refusal::read(status.as_u16(), &body),
            retry_after_seconds,
        ));
    }
    let body = read(effect, response, limit).await?;
    serde_json::from_slice(&body).map_err(|error| effect.unclear(Failure::unreadable(&error)))
}

async fn read(effect: Effect, mut response: Response, limit: usize) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken_off(effect, &error))? {
        if body.len() + chunk.len() > limit {
            return Err(effect.unclear(Failure::TooLarge { limit }));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn broken_off(effect: Effect, error: &reqwest::Error) -> Error {
    if error.is_connect() || error.is_builder() {
        return Error::Unavailable {
            failure: Failure::Connect(root_cause(error)),
        };
    }
    effect.unclear(if error.is_timeout() {
        Failure::TimedOut
    } else {
        Failure::Broken(root_cause(error))
    })
}

fn refused(effect: Effect, refusal: Refusal, retry_after_seconds: Option<u64>) -> Error {
    match StatusCode::from_u16(refusal.status) {
        Ok(StatusCode::UNAUTHORIZED) => Error::Unauthorized(refusal),
        Ok(StatusCode::FORBIDDEN | StatusCode::PAYMENT_REQUIRED) => Error::Forbidden(refusal),
        Ok(StatusCode::NOT_FOUND) => Error::NotFound(refusal),
        Ok(StatusCode::TOO_MANY_REQUESTS) => Error::RateLimited {
            refusal,
            retry_after_seconds,
        },
        Ok(StatusCode::REQUEST_TIMEOUT) => effect.unclear(Failure::Fault(refusal)),
        Ok(status) if status.is_client_error() => Error::InvalidRequest(refusal),
        _ => effect.unclear(Failure::Fault(refusal)),
    }
}

/// PagerDuty gives the seconds until its limit is reset; it documents no `Retry-After`.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let seconds = headers.get("ratelimit-reset")?.to_str().ok()?.trim();
    if seconds.is_empty() || !seconds.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // Only a number with too many digits does not parse.
    Some(seconds.parse().unwrap_or(MAX_RETRY_AFTER).clamp(1, MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::usual("20", Some(20))]
    #[case::now("0", Some(1))]
    #[case::far("999999", Some(300))]
    #[case::absurd("99999999999999999999999999", Some(300))]
    #[case::negative("-1", None)]
    #[case::word("abc", None)]
    #[case::fraction("1.5", None)]
    #[case::empty("", None)]
    fn the_wait_that_pagerduty_asks_for_is_clamped(#[case] header: &'static str, #[case] expected: Option<u64>) {
        let headers = HeaderMap::from_iter([("ratelimit-reset".parse().unwrap(), HeaderValue::from_static(header))]);

        assert_eq!(retry_after(&headers), expected);
    }

    #[test]
    fn without_the_header_the_wait_is_not_known() {
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[rstest]
    #[case(400, "PagerDuty.InvalidRequest", "PagerDuty.InvalidRequest")]
    #[case(401, "PagerDuty.Unauthorized", "PagerDuty.Unauthorized")]
    #[case(402, "PagerDuty.Forbidden", "PagerDuty.Forbidden")]
    #[case(403, "PagerDuty.Forbidden", "PagerDuty.Forbidden")]
    #[case(404, "PagerDuty.NotFound", "PagerDuty.NotFound")]
    #[case(408, "PagerDuty.Unavailable", "PagerDuty.OutcomeUnknown")]
    #[case(413, "PagerDuty.InvalidRequest", "PagerDuty.InvalidRequest")]
    #[case(429, "PagerDuty.RateLimited", "PagerDuty.RateLimited")]
    #[case(500, "PagerDuty.Unavailable", "PagerDuty.OutcomeUnknown")]
    #[case(503, "PagerDuty.Unavailable", "PagerDuty.OutcomeUnknown")]
    #[case(599, "PagerDuty.Unavailable", "PagerDuty.OutcomeUnknown")]
    fn a_status_has_one_name_for_a_read_and_one_for_a_write(
        #[case] status: u16,
        #[case] read: &str,
        #[case] write: &str,
    ) {
        assert_eq!(refused(Effect::Read, Refusal::read(status, b""), None).name(), read);
        assert_eq!(refused(Effect::Write, Refusal::read(status, b""), None).name(), write);
    }
}
