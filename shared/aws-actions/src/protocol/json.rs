//! JSON in a POST: the operation is named by a header, and all members are in the body.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>

use super::{Request, Unreadable, json_body};
use crate::{
    input::Fields,
    model::{Operation, Protocol, Service, ShapeId},
};
use serde_json::{Map, Value};

pub(super) fn request(service: &Service<'_>, operation: &Operation<'_>, input: &Fields<'_>) -> Request {
    let mut request = Request::of(operation);
    let name = if operation.sent_name.is_empty() {
        operation.name
    } else {
        operation.sent_name
    };
    request.header("x-amz-target", format!("{}.{name}", service.target_prefix));
    let version = match service.protocol {
        Protocol::Json10 => "1.0",
        _ => "1.1",
    };
    request.header("content-type", format!("application/x-amz-json-{version}"));
    if service.query_compatible {
        request.header("x-amzn-query-mode", "true");
    }
    let body = json_body::fields(service, service.members(operation.input), input);
    request.body = Value::Object(body).to_string().into_bytes();
    request
}

pub(super) fn answer(service: &Service<'_>, output: ShapeId, body: &[u8]) -> Result<Map<String, Value>, Unreadable> {
    match body.is_empty() {
        true => Ok(Map::new()),
        false => json_body::read(service, output, body),
    }
}
