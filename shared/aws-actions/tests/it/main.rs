//! The crate as others use it, with the models that it ships.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test may fail like the test itself; the lints are lifted only inside of test functions"
)]

mod answers;
mod endpoints;
mod errors;
mod faces;
mod pages;
mod requests;
mod signatures;
mod specs;
mod waits;

use aws_actions::{AwsError, InvalidInput, Operation, Place, operation};
use http::{HeaderMap, HeaderName, Request};
use serde_json::{Map, Value};

/// The operation of an action.
fn of(action: &str) -> Operation {
    operation(action).unwrap_or_else(|| panic!("no operation {action}"))
}

/// The fields of a JSON object.
fn fields(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn ireland() -> Place {
    Place::region("eu-west-1").unwrap()
}

/// The request of an action in Ireland.
fn request(action: &str, input: &Value) -> Result<Request<Vec<u8>>, InvalidInput> {
    of(action).request(&fields(input), Some("run-1/step-2"), &ireland())
}

/// A request as it goes over the line.
fn shown(request: &Request<Vec<u8>>) -> String {
    let mut lines = vec![format!("{} {}", request.method(), request.uri())];
    let mut headers: Vec<String> = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    lines.extend(headers);
    if !request.body().is_empty() {
        lines.push(String::new());
        let body = String::from_utf8_lossy(request.body()).into_owned();
        match request.headers()["content-type"].to_str().unwrap() {
            "application/x-www-form-urlencoded" => lines.extend(body.split('&').map(str::to_owned)),
            _ => lines.push(body),
        }
    }
    lines.join("\n")
}

/// The outputs of an action for an answer, without those that are null.
fn answer(action: &str, status: u16, headers: &[(&str, &str)], body: &str) -> Result<Value, AwsError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }
    let outputs = of(action).answer(status, &map, body.as_bytes())?;
    Ok(outputs.into_iter().filter(|(_, value)| !value.is_null()).collect())
}
