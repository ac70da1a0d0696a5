//! One request and its answer, and what the answer means for what we know.

use reqwest::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderMap},
};
use serde_json::Value;

use provider::{
    rate_limit::RateLimit,
    transport::{Interruption, Request, Transport},
    verdict::{Effect, Verdict},
};

use crate::{
    error::{Api, Error, Failure, Refusal, shown_cause},
    json,
};

/// The error for a request that went out and got no clear answer.
pub(super) fn unclear(effect: Effect, failure: Failure) -> Error {
    match effect {
        Effect::Read => Error::Unavailable { failure },
        Effect::Write => Error::OutcomeUnknown { failure },
    }
}

/// A successful answer.
#[derive(Debug)]
pub(super) struct Answered {
    /// Its JSON.
    pub(super) body: Value,
    /// The rate limit in it.
    pub(super) rate_limit: RateLimit,
}

/// Sends a request and reads a successful answer.
pub(super) async fn exchange(
    api: Api,
    effect: Effect,
    transport: &dyn Transport,
    request: Request,
) -> Result<Answered, Error> {
    let limit = request.answer_limit;
    let interrupted = |interruption| interrupted(effect, interruption, limit);
    let answer = transport.send(request).await.map_err(interrupted)?;
    let status = answer.status;
    let rate_limit = RateLimit::read(&answer.headers);
    let verdict = Verdict::of(status);
    if verdict == Verdict::Redirected {
        return Err(unclear(effect, Failure::Redirected(status.as_u16())));
    }
    if verdict != Verdict::Done {
        let body = match answer.body {
            // 400 is also what PagerDuty answers when the thing is done already. Only its words tell that apart, so
            // without them it is not known.
            Err(interruption) if status == StatusCode::BAD_REQUEST => return Err(interrupted(interruption)),
            Ok(body) if status == StatusCode::BAD_REQUEST && is_damaged(&answer.headers, &body) => {
                return Err(unclear(
                    effect,
                    Failure::Broken("its answer 400 cannot be read".to_owned()),
                ));
            }
            // Of any other the status alone decides what is known; a body that breaks off only costs its words.
            body => body.unwrap_or_default(),
        };
        return Err(refused(
            effect,
            verdict,
            Refusal::read(api, status.as_u16(), &body),
            rate_limit.reset_seconds,
        ));
    }
    let body = answer.body.map_err(interrupted)?;
    // PagerDuty documents no body for these two; with any other status an answer without one broke off.
    if body.is_empty() && matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
        let body = Value::Null;
        return Ok(Answered { body, rate_limit });
    }
    let body = json::read(&body).map_err(|error| unclear(effect, Failure::unreadable(&error)))?;
    Ok(Answered { body, rate_limit })
}

/// True if a body says that it is JSON and is not.
fn is_damaged(headers: &HeaderMap, body: &[u8]) -> bool {
    let says_json = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.contains("json"));
    says_json && json::read(body).is_err()
}

fn interrupted(effect: Effect, interruption: Interruption, limit: usize) -> Error {
    unclear(
        effect,
        match interruption {
            // Nothing was sent, so nothing was changed either.
            Interruption::Connect(cause) => {
                return Error::Unavailable {
                    failure: Failure::Connect(shown_cause(&cause)),
                };
            }
            Interruption::Refused(reason) => return Error::NotSent(shown_cause(&reason)),
            Interruption::TimedOut => Failure::TimedOut,
            Interruption::Broken(cause) => Failure::Broken(shown_cause(&cause)),
            Interruption::TooLarge => Failure::TooLarge { limit },
        },
    )
}

fn refused(effect: Effect, verdict: Verdict, refusal: Refusal, retry_after_seconds: Option<u64>) -> Error {
    match verdict {
        Verdict::Unauthorized => Error::Unauthorized(refusal),
        Verdict::Forbidden => Error::Forbidden(refusal),
        Verdict::NotFound => Error::NotFound(refusal),
        Verdict::RateLimited => Error::RateLimited {
            refusal,
            retry_after_seconds,
        },
        Verdict::Refused => Error::InvalidRequest(refusal),
        Verdict::Fault | Verdict::Done | Verdict::Redirected => unclear(effect, Failure::Fault(refusal)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::{Method, header::HeaderValue};
    use rstest::rstest;

    use super::*;
    use provider::transport::{Answer, Sending};

    /// A transport with which every request fares alike.
    #[derive(Debug)]
    struct Always(Result<Answer, Interruption>);

    impl Transport for Always {
        fn send(&self, _: Request) -> Sending<'_> {
            Box::pin(async { self.0.clone() })
        }
    }

    async fn error(effect: Effect, outcome: Result<Answer, Interruption>) -> Error {
        let request = Request {
            method: Method::GET,
            url: "https://api.pagerduty.com/incidents".parse().unwrap(),
            headers: HeaderMap::new(),
            body: Vec::new(),
            time_limit: Duration::from_secs(1),
            answer_limit: 10,
        };
        exchange(Api::Rest, effect, &Always(outcome), request)
            .await
            .unwrap_err()
    }

    fn without_body(status: StatusCode, interruption: Interruption) -> Answer {
        Answer {
            status,
            headers: HeaderMap::new(),
            body: Err(interruption),
        }
    }

    #[rstest]
    #[case::connect(Interruption::Connect("refused".into()), "PagerDuty.Unavailable")]
    #[case::timed_out(Interruption::TimedOut, "PagerDuty.OutcomeUnknown")]
    #[case::broken(Interruption::Broken("reset".into()), "PagerDuty.OutcomeUnknown")]
    #[case::too_large(Interruption::TooLarge, "PagerDuty.OutcomeUnknown")]
    #[tokio::test]
    async fn only_a_write_that_was_never_sent_surely_changed_nothing(
        #[case] interruption: Interruption,
        #[case] write: &str,
    ) {
        assert_eq!(
            error(Effect::Read, Err(interruption.clone())).await.name(),
            "PagerDuty.Unavailable"
        );
        assert_eq!(error(Effect::Write, Err(interruption)).await.name(), write);
    }

    #[rstest]
    #[case(Effect::Read)]
    #[case(Effect::Write)]
    #[tokio::test]
    async fn what_must_not_be_sent_is_not_tried_again(#[case] effect: Effect) {
        let refused = Interruption::Refused("the address 10.0.0.1 is private".to_owned());
        let error = error(effect, Err(refused)).await;
        assert_eq!(error.name(), "PagerDuty.InvalidRequest");
        assert_eq!(
            error.to_string(),
            "nothing was sent to PagerDuty: the address 10.0.0.1 is private"
        );
    }

    #[rstest]
    #[case::success(200, "PagerDuty.OutcomeUnknown")]
    #[case::unauthorized(401, "PagerDuty.Unauthorized")]
    #[case::rate_limited(429, "PagerDuty.RateLimited")]
    #[tokio::test]
    async fn a_refusal_whose_words_are_missing_is_a_refusal_all_the_same(#[case] status: u16, #[case] name: &str) {
        let answer = without_body(StatusCode::from_u16(status).unwrap(), Interruption::TimedOut);

        assert_eq!(error(Effect::Write, Ok(answer)).await.name(), name);
    }

    #[rstest]
    #[case::cut(Err(Interruption::Broken("reset".into())))]
    #[case::shortened(Ok(br#"{"error":{"message":"Incident Already Res"#.to_vec()))]
    #[tokio::test]
    async fn a_400_whose_words_are_lost_may_mean_that_the_thing_is_done_already(
        #[case] body: Result<Vec<u8>, Interruption>,
    ) {
        let answer = Answer {
            status: StatusCode::BAD_REQUEST,
            headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
            body,
        };

        assert_eq!(
            error(Effect::Write, Ok(answer)).await.name(),
            "PagerDuty.OutcomeUnknown"
        );
    }

    #[rstest]
    #[case::raw_tab(b"{\"error\":{\"code\":1001,\"message\":\"Incident\tAlready Resolved\"}}")]
    #[case::byte_order_mark(b"\xef\xbb\xbf{\"error\":{\"code\":1001,\"message\":\"Incident Already Resolved\"}}")]
    #[case::half_a_character(b"{\"error\":{\"code\":1001,\"message\":\"Incident Already Resolved \\ud83d\"}}")]
    #[tokio::test]
    async fn a_400_with_an_odd_character_keeps_its_meaning(#[case] body: &[u8]) {
        let answer = Answer {
            status: StatusCode::BAD_REQUEST,
            headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
            body: Ok(body.to_vec()),
        };

        let Error::InvalidRequest(refusal) = error(Effect::Write, Ok(answer)).await else {
            panic!()
        };
        assert!(refusal.is_already_resolved(), "{refusal}");
    }

    #[tokio::test]
    async fn a_success_with_odd_characters_is_one() {
        let answer = Answer {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Ok(b"\xef\xbb\xbf{\"note\": {\"content\": \"a\tb \\ud83d\", \"size\": 1e999, \"size\": 2}}".to_vec()),
        };
        let request = Request {
            method: Method::GET,
            url: "https://api.pagerduty.com/incidents".parse().unwrap(),
            headers: HeaderMap::new(),
            body: Vec::new(),
            time_limit: Duration::from_secs(1),
            answer_limit: 100,
        };

        let answered = exchange(Api::Rest, Effect::Write, &Always(Ok(answer)), request).await;

        let expected = serde_json::json!({"note": {"content": "a\tb \u{fffd}", "size": 2}});
        assert_eq!(answered.unwrap().body, expected);
    }

    #[tokio::test]
    async fn a_cause_is_cut_and_made_safe() {
        let cause = format!("\u{1b}[31m{}", "x".repeat(10_000));

        let text = error(Effect::Read, Err(Interruption::Broken(cause))).await.to_string();

        assert!(text.len() < 1000 && !text.contains(char::is_control), "{text}");
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
        let refusal = Refusal::read(Api::Rest, status, b"");
        let verdict = Verdict::of(StatusCode::from_u16(status).unwrap());
        assert_eq!(refused(Effect::Read, verdict, refusal.clone(), None).name(), read);
        assert_eq!(refused(Effect::Write, verdict, refusal, None).name(), write);
    }
}
