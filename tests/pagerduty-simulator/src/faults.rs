//! Misbehaviour on request: which calls fail, and how.
//!
//! A script has [rules](FaultRule), which are read in order for each call. A rule that matches the call counts it; the first
//! one whose turn it is decides what happens. A call that no rule is for fares as ever.

mod bodies;

use std::time::Duration;

use http::{HeaderName, StatusCode, header};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::exchange::{Answer, Request};
use crate::refusal::Refusal;
pub use bodies::FaultBody;

/// The calls that have a fault.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// The method; none for any.
    #[serde(default)]
    pub method: Option<String>,
    /// The path, where `*` stands for one segment of any kind, and a last segment `**` for any number of them:
    /// `/incidents/*/notes`, `/**`.
    pub path: String,
    /// How many matching calls go well before.
    #[serde(default)]
    pub skip: u32,
    /// The number of matching calls that have the fault; none for all that come.
    #[serde(default = "FaultRule::once")]
    pub times: Option<u32>,
    pub fault: Fault,
}

/// What goes wrong with a call. Where nothing else is said, the call is not carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It is answered with this status and body.
    Answer {
        status: u16,
        #[serde(default)]
        body: FaultBody,
        /// Whether the call is carried out all the same.
        #[serde(default)]
        when: When,
    },
    /// It is answered with 429. With the seconds until the limit is reset PagerDuty's three headers and its body come as well. Without there is
    /// neither: PagerDuty documents that such answers occur.
    RateLimited {
        #[serde(default)]
        reset_seconds: Option<u32>,
    },
    /// It is carried out, and the answer comes late.
    Slow {
        /// By how many milliseconds.
        milliseconds: u32,
    },
    /// The connection is reset.
    Reset(When),
    /// It is carried out, and the connection ends in the middle of the answer's body.
    Truncated,
    /// It is carried out, and answered with 200 and a page of HTML.
    NotJson,
    /// 302 to this address.
    Redirect {
        /// The address.
        location: String,
    },
    /// It is carried out, and lists do not show what is younger than this.
    Stale { seconds: u32 },
}

/// Whether a call with a fault is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// It is not.
    #[default]
    BeforeEffect,
    /// It is, and nobody hears of it.
    AfterEffect,
}

/// What a caller sees.
#[derive(Debug)]
pub struct Reaction {
    /// The time that it takes.
    pub delay: Duration,
    /// What comes then.
    pub outcome: Outcome,
}

/// What comes back of a call.
#[derive(Debug)]
pub enum Outcome {
    Answered(Transmission),
    /// An answer whose body ends in the middle.
    Truncated(Transmission),
    /// Nothing: the connection is reset.
    Reset,
}

/// An answer as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmission {
    pub status: StatusCode,
    /// The headers besides those that a server adds by itself.
    pub headers: Vec<(HeaderName, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// The rules that are to come.
#[derive(Debug, Default)]
pub(crate) struct Script {
    rules: Vec<FaultRule>,
}

impl FaultRule {
    #[expect(clippy::unnecessary_wraps, reason = "serde wants a value of the field's type")]
    fn once() -> Option<u32> {
        Some(1)
    }

    /// The next call with this method and path has a fault.
    pub fn next(method: &http::Method, path: impl Into<String>, fault: Fault) -> Self {
        Self {
            method: Some(method.to_string()),
            path: path.into(),
            skip: 0,
            times: Self::once(),
            fault,
        }
    }

    /// All calls with this method and path have a fault.
    pub fn all(method: &http::Method, path: impl Into<String>, fault: Fault) -> Self {
        Self {
            times: None,
            ..Self::next(method, path, fault)
        }
    }

    fn matches(&self, request: &Request) -> bool {
        let method = self.method.as_deref();
        method.is_none_or(|method| request.method.as_str().eq_ignore_ascii_case(method))
            && path_matches(&self.path, &request.path)
    }

    /// Counts a call, and says whether it has the fault.
    fn count(&mut self) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        match &mut self.times {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => true,
        }
    }
}

fn path_matches(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    for wanted in pattern.split('/') {
        if wanted == "**" {
            return true;
        }
        match segments.next() {
            Some(segment) if wanted == "*" || wanted == segment => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

impl Script {
    pub(crate) fn add(&mut self, rule: FaultRule) {
        self.rules.push(rule);
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// The rules that are to come, in order.
    pub(crate) fn rules(&self) -> &[FaultRule] {
        &self.rules
    }

    /// The fault of a call, if it has one. A rule that is through is forgotten.
    pub(crate) fn fault(&mut self, request: &Request) -> Option<Fault> {
        let mut matching = self.rules.iter_mut().filter(|rule| rule.matches(request));
        let fault = matching.find_map(|rule| rule.count().then(|| rule.fault.clone()));
        self.rules.retain(|rule| rule.times != Some(0));
        fault
    }
}

impl Fault {
    /// True if the call is carried out.
    pub(crate) fn has_effect(&self) -> bool {
        match self {
            Self::Answer { when, .. } | Self::Reset(when) => *when == When::AfterEffect,
            Self::RateLimited { .. } | Self::Redirect { .. } => false,
            Self::Slow { .. } | Self::Truncated | Self::NotJson | Self::Stale { .. } => true,
        }
    }

    /// How far lists lag behind, if this fault is about that.
    pub(crate) fn lag(&self) -> Option<SignedDuration> {
        match self {
            Self::Stale { seconds } => Some(SignedDuration::from_secs(i64::from(*seconds))),
            _ => None,
        }
    }

    /// What the caller sees. `answer` is there if the call was carried out.
    pub(crate) fn reaction(&self, answer: Option<Answer>) -> Reaction {
        let answer = answer.map_or_else(|| Transmission::empty(StatusCode::OK), Transmission::from);
        let outcome = match self {
            Self::Answer { status, body, .. } => Outcome::Answered(body.with_status(*status)),
            Self::RateLimited { reset_seconds } => Outcome::Answered(rate_limited(*reset_seconds)),
            Self::Reset(_) => Outcome::Reset,
            Self::Truncated => Outcome::Truncated(answer),
            Self::NotJson => Outcome::Answered(FaultBody::Html.with_status(200)),
            Self::Redirect { location } => Outcome::Answered(Transmission {
                headers: vec![(header::LOCATION, location.clone())],
                ..Transmission::empty(StatusCode::FOUND)
            }),
            Self::Slow { .. } | Self::Stale { .. } => Outcome::Answered(answer),
        };
        let delay = match self {
            Self::Slow { milliseconds } => Duration::from_millis((*milliseconds).into()),
            _ => Duration::ZERO,
        };
        Reaction { delay, outcome }
    }
}

fn rate_limited(reset_seconds: Option<u32>) -> Transmission {
    let Some(reset) = reset_seconds else {
        return Transmission::empty(StatusCode::TOO_MANY_REQUESTS);
    };
    let mut answer = Refusal::RateLimited.answer();
    answer.headers.extend([
        (HeaderName::from_static("ratelimit-limit"), "960".to_owned()),
        (HeaderName::from_static("ratelimit-remaining"), "0".to_owned()),
        (HeaderName::from_static("ratelimit-reset"), reset.to_string()),
    ]);
    answer.into()
}

impl Reaction {
    /// What the caller of a call without a fault sees.
    pub(crate) fn plain(answer: Answer) -> Self {
        Self {
            delay: Duration::ZERO,
            outcome: Outcome::Answered(answer.into()),
        }
    }

    /// The status that the caller sees, if any.
    pub(crate) fn status(&self) -> Option<StatusCode> {
        match &self.outcome {
            Outcome::Answered(answer) | Outcome::Truncated(answer) => Some(answer.status),
            Outcome::Reset => None,
        }
    }
}

impl Transmission {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// The body as JSON, if it is.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

impl From<Answer> for Transmission {
    fn from(answer: Answer) -> Self {
        let mut headers = answer.headers;
        let body = answer.body.into_bytes().map_or_else(Vec::new, |(media_type, bytes)| {
            headers.push((header::CONTENT_TYPE, media_type.to_owned()));
            bytes
        });
        Self {
            status: answer.status,
            headers,
            body,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("/incidents", "/incidents", true)]
    #[case("/incidents", "/incidents/P1", false)]
    #[case("/incidents/*", "/incidents/P1", true)]
    #[case("/incidents/*", "/incidents/P1/notes", false)]
    #[case("/incidents/*/notes", "/incidents/P1/notes", true)]
    #[case("/incidents/**", "/incidents/P1/notes", true)]
    #[case("/**", "/users/me", true)]
    #[case("/*", "/users/me", false)]
    fn a_star_is_one_segment_and_two_are_any_number(#[case] pattern: &str, #[case] path: &str, #[case] matches: bool) {
        assert_eq!(path_matches(pattern, path), matches);
    }

    #[test]
    fn a_rule_in_json_says_no_more_than_it_needs() {
        let rule: FaultRule = serde_json::from_value(serde_json::json!({
            "path": "/incidents", "fault": {"reset": "after_effect"},
        }))
        .unwrap();

        assert_eq!((rule.method, rule.skip, rule.times), (None, 0, Some(1)));
        assert_eq!(rule.fault, Fault::Reset(When::AfterEffect));
    }
}
