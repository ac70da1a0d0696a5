//! A request and its answer, free of any server.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// A request, as the rules see it.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    /// The path from the root, without the query.
    pub path: String,
    /// The query, decoded, in the order in which it came. Arrays are repeated names that end in `[]`.
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers and body to `target`, a path that may have a query.
    pub fn new(method: Method, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method,
            path: path.to_owned(),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers: HeaderMap::new(),
            body: Vec::new(),
        }
    }

    /// The same request with one more header. A value that can not be sent is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.append(name, value);
        }
        self
    }

    /// The same request with a JSON body and its `Content-Type`.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        self.headers
            .insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.body = body.to_string().into_bytes();
        self
    }

    /// The text of a header; none if it is absent or not ASCII.
    pub(crate) fn header_text(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The first value of a parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// All values of an array in the query, `name` being written with its `[]`.
    pub(crate) fn parameters<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        self.query
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The body as a JSON object.
    ///
    /// Without `Content-Type: application/json` PagerDuty does not read a body at all and says "params must be a Hash".
    /// That it says the same of a body that is no JSON object is UNVERIFIED.
    pub(crate) fn json_object(&self) -> Result<Map<String, Value>, Refusal> {
        let media_type = self
            .header_text(&http::header::CONTENT_TYPE)
            .and_then(|value| value.split(';').next());
        if !media_type.is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json")) {
            return Err(Refusal::invalid("params must be a Hash"));
        }
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(object)) => Ok(object),
            _ => Err(Refusal::invalid("params must be a Hash")),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    /// The headers besides those that a server adds by itself.
    pub headers: Vec<(HeaderName, String)>,
    pub body: Body,
}

/// The body of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// None.
    Empty,
    Json(Value),
    /// A plain text.
    Text(String),
}

impl Body {
    /// The JSON; null for any other body.
    #[must_use]
    pub fn into_json(self) -> Value {
        match self {
            Self::Json(value) => value,
            Self::Empty | Self::Text(_) => Value::Null,
        }
    }

    /// The bytes with their media type; none where there is no body.
    #[must_use]
    pub fn into_bytes(self) -> Option<(&'static str, Vec<u8>)> {
        match self {
            Self::Empty => None,
            Self::Json(value) => Some(("application/json", value.to_string().into_bytes())),
            Self::Text(text) => Some(("text/plain", text.into_bytes())),
        }
    }
}

impl Answer {
    /// An answer with a JSON body.
    pub(crate) fn json(status: StatusCode, body: Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Json(body),
        }
    }

    /// An answer with a text that is not JSON.
    pub(crate) fn text(status: StatusCode, text: &str) -> Self {
        Self {
            body: Body::Text(text.to_owned()),
            ..Self::empty(status)
        }
    }

    /// An answer without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Empty,
        }
    }
}
