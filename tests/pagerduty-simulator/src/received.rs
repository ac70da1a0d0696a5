//! The memory of a request, with what is secret in it hidden.

use http::StatusCode;
use http::header::AUTHORIZATION;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::clock::milliseconds;
use crate::exchange::Request;
use crate::faults::Fault;
use crate::secret::REDACTED;

/// Where requests carry the values of custom headers, which can be credentials.
const CUSTOM_HEADERS: [&str; 2] = [
    "/webhook_subscription/delivery_method/custom_headers",
    "/extension/config/headers",
];

/// A request, the status that its sender saw, and the fault that it had, for people and tests to read. The body of the answer is not kept: that of a new
/// subscription has its signing secret.
pub(crate) fn received(request: &Request, status: Option<StatusCode>, fault: Option<&Fault>, now: Timestamp) -> Value {
    let mut received = json!({
        "at": milliseconds(now),
        "method": request.method.as_str(),
        "path": request.path,
        "query": request.query,
        "headers": headers(request),
        "body": body(request),
        "status": status.map(|status| status.as_u16()),
    });
    if let (Some(fields), Some(fault)) = (received.as_object_mut(), fault) {
        fields.insert("fault".to_owned(), json!(fault));
    }
    received
}

fn headers(request: &Request) -> Map<String, Value> {
    let shown = |name: &http::HeaderName, value: &http::HeaderValue| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        if name == AUTHORIZATION {
            without_token(&text)
        } else {
            text
        }
    };
    request
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), json!(shown(name, value))))
        .collect()
}

/// The form of the credentials without the credentials.
fn without_token(authorization: &str) -> String {
    let form = ["Token token=", "Bearer "]
        .into_iter()
        .find(|form| authorization.starts_with(form));
    format!("{}{REDACTED}", form.unwrap_or_default())
}

/// The body as JSON, as text if it is none, and `null` if it is empty.
fn body(request: &Request) -> Value {
    if request.body.is_empty() {
        return Value::Null;
    }
    let mut body =
        serde_json::from_slice(&request.body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&request.body)));
    if let Some(key) = body.get_mut("routing_key") {
        *key = json!(REDACTED);
    }
    for list in CUSTOM_HEADERS {
        for header in body
            .pointer_mut(list)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            if let Some(value) = header.get_mut("value") {
                *value = json!(REDACTED);
            }
        }
    }
    body
}
