//! The bodies that errors really have: PagerDuty's own, in all their shapes, and those of gateways before it.

use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Transmission;

/// The body of an answer that a fault gives. The messages and codes in PagerDuty's shapes are those of the status.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultBody {
    /// `{"error": {"message", "code", "errors": […]}}`, as documented.
    #[default]
    ErrorsList,
    /// The same with a text as `errors`.
    ErrorsText,
    /// The same with an object as `errors`: lists of messages by field.
    ErrorsMap,
    /// The same without `errors`.
    NoErrors,
    /// `{"error": "…"}`.
    ErrorText,
    /// `{"error": ["…"]}`.
    ErrorList,
    /// A page of HTML.
    Html,
    /// Nothing at all.
    Empty,
    Json(Value),
    Text(String),
}

impl FaultBody {
    /// The answer with this body. A status that HTTP does not have becomes 500.
    pub(super) fn with_status(&self, status: u16) -> Transmission {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (message, code) = words(status);
        let envelope = |errors: Value| json!({"error": {"message": message, "code": code, "errors": errors}});
        let html = format!("<html><head><title>{status}</title></head><body></body></html>");
        let (media_type, body) = match self {
            Self::ErrorsList => json_body(&envelope(json!([message]))),
            Self::ErrorsText => json_body(&envelope(json!(message))),
            Self::ErrorsMap => json_body(&envelope(json!({"incident": [message]}))),
            Self::NoErrors => json_body(&json!({"error": {"message": message, "code": code}})),
            Self::ErrorText => json_body(&json!({"error": message})),
            Self::ErrorList => json_body(&json!({"error": [message]})),
            Self::Html => ("text/html", html),
            Self::Empty => return Transmission::empty(status),
            Self::Json(value) => json_body(value),
            Self::Text(text) => ("text/plain", text.clone()),
        };
        Transmission {
            headers: vec![(header::CONTENT_TYPE, media_type.to_owned())],
            body: body.into_bytes(),
            ..Transmission::empty(status)
        }
    }
}

fn json_body(value: &Value) -> (&'static str, String) {
    ("application/json", value.to_string())
}

/// PagerDuty's message and code for a status. Those of 401, 402, 403 and 5xx are documented as a meaning of the code only:
/// their words are UNVERIFIED.
fn words(status: StatusCode) -> (&'static str, u32) {
    match status.as_u16() {
        401 => ("Authentication failed", 2006),
        402 => ("Missing Account Ability", 2014),
        403 => ("Access Denied", 2010),
        404 => ("Not Found", 2100),
        408 => ("Timeout", 2016),
        429 => ("Rate Limit Exceeded", 2020),
        500..=599 => ("Internal Error", 2000),
        _ => ("Invalid Input Provided", 2001),
    }
}
