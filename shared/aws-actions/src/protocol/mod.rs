//! The protocols: how a request is written, and how an answer is read.
//!
//! # Layout
//! - here — the parts of a request, and what all protocols have in common.
//! - `json` — JSON in a POST.
//! - `query` — forms in a POST, also EC2's; answered with XML.
//! - `rest` — members in the path, the query, headers and the status.
//! - `rest_json`, `rest_xml` — bodies of requests by path.
//! - `json_body`, `xml` — values in JSON and in XML.
//! - `error` — what an answer says that went wrong.

mod error;
mod json;
mod json_body;
mod query;
mod rest;
mod rest_json;
mod rest_xml;
pub(crate) mod xml;

use crate::{
    input::{Datum, Fields},
    model::{Operation, Protocol, Service, Shape, ShapeId, TimeFormat},
    time,
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use http::{HeaderMap, Method};
use serde_json::{Map, Value};
use std::fmt::Write as _;

pub(crate) use error::{Told, is_late_error, read as read_error};

/// The depth of an answer that is read. No model is as deep.
const DEEPEST: usize = 64;

/// A request before it has a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// The path, encoded.
    pub(crate) path: String,
    /// The query, encoded; empty for none.
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    fn of(operation: &Operation<'_>) -> Self {
        Self {
            method: operation.method.parse().unwrap_or(Method::POST),
            path: operation.uri.to_owned(),
            query: String::new(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    fn header(&mut self, name: &str, value: impl Into<String>) {
        self.headers.push((name.to_owned(), value.into()));
    }

    fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }
}

/// An answer that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("it is not JSON: {0}")]
    Json(String),
    #[error("it is not XML: {0}")]
    Xml(String),
    #[error("it is not text in UTF-8")]
    Text,
    #[error("it is not {0}")]
    Shape(&'static str),
    #[error("it has more than {DEEPEST} levels")]
    Deep,
}

/// Writes a request.
///
/// # Errors
/// A sentence about a value that has no place in a request.
pub(crate) fn request(service: &Service<'_>, operation: &Operation<'_>, input: &Fields<'_>) -> Result<Request, String> {
    match service.protocol {
        Protocol::Json10 | Protocol::Json11 => Ok(json::request(service, operation, input)),
        Protocol::Query | Protocol::Ec2 => Ok(query::request(service, operation, input)),
        Protocol::RestJson => rest_json::request(service, operation, input),
        Protocol::RestXml => rest_xml::request(service, operation, input),
    }
}

/// Reads the answer of an operation that was carried out.
pub(crate) fn answer(
    service: &Service<'_>,
    operation: &Operation<'_>,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Map<String, Value>, Unreadable> {
    let Some(output) = operation.output else {
        return Ok(Map::new());
    };
    match service.protocol {
        Protocol::Json10 | Protocol::Json11 => json::answer(service, output, body),
        Protocol::Query | Protocol::Ec2 => query::answer(service, operation, output, body),
        Protocol::RestJson => rest::answer(service, output, (status, headers, body), &rest_json::Json),
        Protocol::RestXml => rest_xml::answer(service, operation, output, (status, headers, body)),
    }
}

/// A simple value as text. What is not simple is none.
fn text(service: &Service<'_>, shape: ShapeId, datum: &Datum<'_>, of_times: TimeFormat) -> String {
    match datum {
        Datum::Text(text) => text.to_string(),
        Datum::Integer(number) => number.to_string(),
        Datum::Float(number) => float(*number),
        Datum::Boolean(value) => value.to_string(),
        Datum::Time(time) => time::written(*time, format_of(service, shape).unwrap_or(of_times)),
        Datum::Bytes(bytes) => BASE64.encode(bytes),
        Datum::Json(value) => json_text(value),
        Datum::Structure(_) | Datum::List(_) | Datum::Map(_) => String::new(),
    }
}

/// JSON that is sent as text. What is text already is taken for such JSON.
fn json_text(json: &Value) -> String {
    match json {
        Value::String(text) => text.clone(),
        json => json.to_string(),
    }
}

fn format_of(service: &Service<'_>, shape: ShapeId) -> Option<TimeFormat> {
    match service.shape(shape) {
        Shape::Timestamp(format) => *format,
        _ => None,
    }
}

/// A number as AWS writes it.
fn float(number: f64) -> String {
    match number {
        number if number.is_nan() => "NaN".to_owned(),
        number if number.is_infinite() && number < 0.0 => "-Infinity".to_owned(),
        number if number.is_infinite() => "Infinity".to_owned(),
        number => number.to_string(),
    }
}

/// A simple value that an answer has as text. Text that is not of its type stays text: nothing is lost by what a service does
/// differently from its model.
fn of_text(shape: &Shape<'_>, text: &str) -> Value {
    let trimmed = text.trim();
    match shape {
        Shape::Integer => trimmed.parse::<i64>().map_or_else(|_| text.into(), Value::from),
        Shape::Float => match trimmed.parse::<f64>() {
            Ok(number) if number.is_finite() => number.into(),
            _ => text.into(),
        },
        Shape::Boolean => match trimmed {
            "true" => true.into(),
            "false" => false.into(),
            _ => text.into(),
        },
        Shape::Timestamp(_) => time::shown(text),
        Shape::JsonText => {
            let decoded = BASE64.decode(trimmed).ok();
            let json = decoded.and_then(|json| serde_json::from_slice(&json).ok());
            json.unwrap_or_else(|| text.into())
        }
        _ => text.into(),
    }
}

/// Percent-encodes what is not unreserved, as signatures count it.
pub(crate) fn encode(text: &str, keeps_slashes: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            b'/' if keeps_slashes => encoded.push('/'),
            byte => {
                // Writing to a String cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod synthetic;
