//! One request and its answer, and what the answer means for what we know.

use super::{hide::Hidden, wait};
use crate::{
    connector::{Class, Connector, ErrorRules},
    error::{Error, Failure, LONGEST_CODE, LONGEST_TEXT, Refusal, Subject},
};
use jiff::Timestamp;
use provider::{
    shown::shown,
    transport::{Answer, Interruption, Request, Transport},
    verdict::{Effect, Verdict},
};
use reqwest::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderMap},
};
use serde_json::{Map, Value};
use workflow::template::Context;

/// The most of a cause's text that is kept, in characters.
const LONGEST_CAUSE: usize = 200;

/// A successful answer, without secrets.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    pub(super) status: u16,
    /// The headers, as expressions see them.
    pub(super) headers: Value,
    /// Parsed JSON, or text; null for none.
    pub(super) body: Value,
    /// The header `link`.
    pub(super) link: Option<String>,
}

/// The context of an exchange: the call that it is a part of.
#[derive(Clone, Copy)]
pub(super) struct Exchange<'a> {
    pub(super) connector: &'a Connector,
    pub(super) errors: &'a ErrorRules,
    pub(super) subject: &'a Subject,
    pub(super) effect: Effect,
    /// The fields of the integration, as expressions see them.
    pub(super) fields: &'a Value,
    pub(super) hidden: &'a Hidden,
    pub(super) now: Timestamp,
}

impl Exchange<'_> {
    /// Sends a request and reads a successful answer.
    pub(super) async fn send(&self, transport: &dyn Transport, request: Request) -> Result<Answered, Error> {
        let limit = request.answer_limit;
        let answer = transport
            .send(request)
            .await
            .map_err(|interruption| self.interrupted(&interruption, limit))?;
        self.read(answer, limit)
    }

    fn read(&self, answer: Answer, limit: usize) -> Result<Answered, Error> {
        let verdict = Verdict::of(answer.status);
        if verdict == Verdict::Redirected {
            return Err(self.unclear(Failure::Redirected(answer.status.as_u16())));
        }
        let bytes = match answer.body {
            Err(interruption) if verdict == Verdict::Done => return Err(self.interrupted(&interruption, limit)),
            // Of a refusal the status alone decides what is known; a body that breaks off only costs its words.
            body => body.unwrap_or_default(),
        };
        let body = match parse(&answer.headers, &bytes) {
            Ok(body) => self.hidden.json(body),
            Err(problem) if verdict == Verdict::Done => return Err(self.unreadable(problem)),
            Err(_) => Value::Null,
        };
        let headers = self.hidden.json(seen(&answer.headers));
        let link = answer.headers.get("link").and_then(|link| link.to_str().ok());
        let answered = Answered {
            status: answer.status.as_u16(),
            link: link.map(str::to_owned),
            headers,
            body,
        };
        let is_failure = match verdict {
            Verdict::Done => self.is_failure_all_the_same(&answered)?,
            _ => true,
        };
        match is_failure {
            true => Err(self.refused(answer.status, verdict, &answered, &answer.headers)),
            false => Ok(answered),
        }
    }

    fn context(&self, answered: &Answered) -> Context {
        let values = [
            ("integration", self.fields.clone()),
            ("status", answered.status.into()),
            ("headers", answered.headers.clone()),
            ("body", answered.body.clone()),
        ];
        Context::of_values(values, self.now)
    }

    fn is_failure_all_the_same(&self, answered: &Answered) -> Result<bool, Error> {
        let Some(when) = &self.errors.when else {
            return Ok(false);
        };
        match when.evaluate(&self.context(answered)) {
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(Value::Null) => Ok(false),
            Ok(_) => Err(self.unreadable("the connector's `errors.when` is neither true nor false")),
            Err(error) => Err(self.unreadable(error)),
        }
    }

    fn refused(&self, status: StatusCode, verdict: Verdict, answered: &Answered, headers: &HeaderMap) -> Error {
        let rules = self.errors;
        let context = self.context(answered);
        let text = |template: Option<&workflow::template::Template>| match template?.evaluate(&context) {
            Ok(Value::String(text)) if !text.trim().is_empty() => Some(text),
            Ok(value @ (Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_))) => {
                Some(value.to_string())
            }
            _ => None,
        };
        let code = text(rules.code.as_ref());
        let class = code.as_ref().and_then(|code| rules.classes.get(code));
        let message = text(rules.message.as_ref()).or_else(|| words(&answered.body));
        let refusal = Box::new(Refusal {
            subject: self.subject.clone(),
            status: status.as_u16(),
            code: code.map(|code| shown(&code, LONGEST_CODE)),
            message: message.map(|message| shown(&message, LONGEST_TEXT)),
        });
        let retry_after_seconds = wait::seconds(&self.connector.rate_limit, headers, self.now);
        match (class, verdict) {
            (Some(Class::Unauthorized), _) | (None, Verdict::Unauthorized) => Error::Unauthorized(refusal),
            (Some(Class::Forbidden), _) | (None, Verdict::Forbidden) => Error::Forbidden(refusal),
            (Some(Class::NotFound), _) | (None, Verdict::NotFound) => Error::NotFound(refusal),
            (Some(Class::RateLimited), _) | (None, Verdict::RateLimited) => Error::RateLimited {
                refusal,
                retry_after_seconds,
            },
            // What says in its body that it failed has been read: nothing was done.
            (Some(Class::InvalidRequest), _) | (None, Verdict::Refused | Verdict::Done) => {
                Error::InvalidRequest(refusal)
            }
            (Some(Class::Unavailable), _) => Error::Unavailable {
                subject: Box::new(self.subject.clone()),
                failure: Failure::Fault(refusal),
            },
            (Some(Class::Unknown), _) | (None, Verdict::Fault | Verdict::Redirected) => {
                self.unclear(Failure::Fault(refusal))
            }
        }
    }

    /// The error for a request that went out and got no clear answer.
    pub(super) fn unclear(&self, failure: Failure) -> Error {
        let subject = Box::new(self.subject.clone());
        match self.effect {
            Effect::Read => Error::Unavailable { subject, failure },
            Effect::Write => Error::OutcomeUnknown { subject, failure },
        }
    }

    /// The error for a successful answer that is not what it should be.
    pub(super) fn unreadable(&self, problem: impl std::fmt::Display) -> Error {
        self.unclear(Failure::Unreadable(shown(&problem.to_string(), LONGEST_CAUSE)))
    }

    fn interrupted(&self, interruption: &Interruption, limit: usize) -> Error {
        let cause = |cause: &str| shown(&self.hidden.text(cause.to_owned()), LONGEST_CAUSE);
        self.unclear(match interruption {
            // Nothing was sent, so nothing was changed either.
            Interruption::Connect(why) => {
                return Error::Unavailable {
                    subject: Box::new(self.subject.clone()),
                    failure: Failure::Connect(cause(why)),
                };
            }
            // It would be refused again: the address is the integration's or the connector's.
            Interruption::Refused(why) => {
                return Error::Account {
                    subject: Box::new(self.subject.clone()),
                    problem: format!("nothing was sent to {}: {}", self.subject.system, cause(why)),
                };
            }
            Interruption::TimedOut => Failure::TimedOut,
            Interruption::Broken(why) => Failure::Broken(cause(why)),
            Interruption::TooLarge => Failure::TooLarge { limit },
        })
    }
}

/// The body as JSON, or as text where it is none; null for nothing.
fn parse(headers: &HeaderMap, bytes: &[u8]) -> Result<Value, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    let media_type = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let says_json = media_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("json"));
    let looks_like_json = bytes.trim_ascii_start().starts_with(b"{") || bytes.trim_ascii_start().starts_with(b"[");
    match serde_json::from_slice(bytes) {
        Ok(value) if says_json || looks_like_json => Ok(value),
        Err(error) if says_json => Err(format!("it says that it is JSON: {error}")),
        _ => Ok(Value::String(String::from_utf8_lossy(bytes).into_owned())),
    }
}

/// The headers as expressions see them: by their names in lower case.
fn seen(headers: &HeaderMap) -> Value {
    let mut seen = Map::new();
    for name in headers.keys() {
        let values = headers.get_all(name).iter();
        let values: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        seen.insert(name.as_str().to_owned(), values.join(", ").into());
    }
    Value::Object(seen)
}

/// The words of a refusal, where the connector does not say where they stand: in the places that most systems use.
fn words(body: &Value) -> Option<String> {
    const PLACES: [&str; 9] = [
        "/message",
        "/error/message",
        "/error_description",
        "/error",
        "/detail",
        "/title",
        "/errors/0/message",
        "/errors/0/detail",
        "/errors/0",
    ];
    let text = |value: &Value| Some(value.as_str()?.trim().to_owned()).filter(|text| !text.is_empty());
    if let Value::String(plain) = body {
        // A page of a gateway says nothing to people.
        let is_for_people = plain.len() <= 2 * LONGEST_TEXT && !plain.contains(['<', '\0']);
        return text(body).filter(|_| is_for_people);
    }
    PLACES.iter().find_map(|place| text(body.pointer(place)?))
}

#[cfg(test)]
mod tests;
