//! A request as a vendor sees it.

use axum::http::{HeaderMap, Method, Uri, header};
use data_encoding::BASE64;
use serde_json::Value;
use std::fmt;

/// A request that came in.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// The host that was asked for.
    pub host: String,
    /// The segments of the path, decoded one by one, so that a `/` in a segment is no separator.
    pub segments: Vec<String>,
    /// The fields of the query, in their order.
    pub query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    /// A request of a method to an address. The headers have the host, where the address has none.
    #[must_use]
    pub fn new(method: &Method, uri: &Uri, headers: HeaderMap, body: Vec<u8>) -> Self {
        let segments = uri.path().split('/').skip(1).map(decoded).collect();
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .or(uri.host());
        Self {
            method: method.to_string(),
            host: host.unwrap_or_default().to_owned(),
            segments,
            query: pairs(uri.query().unwrap_or_default().as_bytes()),
            headers,
            body,
        }
    }

    /// The method and the segments of the path, to be matched.
    #[must_use]
    pub fn route(&self) -> (&str, Vec<&str>) {
        (&self.method, self.segments.iter().map(String::as_str).collect())
    }

    /// A header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A field of the query.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        let (_, value) = self.query.iter().find(|(field, _)| field == name)?;
        Some(value)
    }

    /// A whole number of the query.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<usize> {
        self.query(name)?.parse().ok()
    }

    /// The token of `authorization: Bearer …`.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    /// The user and the password of `authorization: Basic …`, with a colon between them.
    #[must_use]
    pub fn basic(&self) -> Option<String> {
        let encoded = self.header("authorization")?.strip_prefix("Basic ")?;
        String::from_utf8(BASE64.decode(encoded.as_bytes()).ok()?).ok()
    }

    /// The body of this media type as JSON; null where it is of another type, or none.
    #[must_use]
    pub fn json_of(&self, media_type: &str) -> Value {
        match self.is_of(media_type) {
            true => serde_json::from_slice(&self.body).unwrap_or_default(),
            false => Value::Null,
        }
    }

    /// The body as JSON of whatever type; null where it is none.
    pub(crate) fn any_json(&self) -> Value {
        let is_json = self.header("content-type").is_some_and(|given| given.contains("json"));
        is_json
            .then(|| serde_json::from_slice(&self.body).ok())
            .flatten()
            .unwrap_or_default()
    }

    /// The body as `application/json`.
    #[must_use]
    pub fn json(&self) -> Value {
        self.json_of("application/json")
    }

    /// The body as it came.
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The fields of a form.
    #[must_use]
    pub fn form(&self) -> Vec<(String, String)> {
        match self.is_of("application/x-www-form-urlencoded") {
            true => pairs(&self.body),
            false => Vec::new(),
        }
    }

    fn is_of(&self, media_type: &str) -> bool {
        let given = self.header("content-type").unwrap_or_default();
        given.split(';').next().is_some_and(|given| given.trim() == media_type)
    }
}

/// As a person writes it: `GET /path`.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} /{}", self.method, self.segments.join("/"))
    }
}

/// The field of a form.
#[must_use]
pub fn field<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let (_, value) = form.iter().find(|(field, _)| field == name)?;
    Some(value)
}

/// True if a number of an answer is what a path has.
#[must_use]
pub fn is_number(value: &Value, text: &str) -> bool {
    text.parse::<u64>().is_ok_and(|number| *value == number)
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

/// Decodes `%41` and the like. A `+` stays one: that it means a space holds for forms alone.
fn decoded(segment: &str) -> String {
    let escaped = segment.replace('+', "%2B");
    let mut pairs = form_urlencoded::parse(escaped.as_bytes());
    // A `=` or `&` in a segment would make it two.
    match escaped.contains(['=', '&']) {
        true => segment.to_owned(),
        false => pairs
            .next()
            .map(|(segment, _)| segment.into_owned())
            .unwrap_or_default(),
    }
}
