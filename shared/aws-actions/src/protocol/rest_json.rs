//! Requests by path with JSON bodies.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html>

use super::{
    Request, Unreadable, json_body,
    rest::{self, Body, Rest},
};
use crate::{
    input::{Datum, Fields},
    model::{Operation, Service, Shape, ShapeId},
};
use serde_json::Value;

pub(super) fn request(service: &Service<'_>, operation: &Operation<'_>, input: &Fields<'_>) -> Result<Request, String> {
    let Rest {
        mut request,
        payload,
        fields,
        has_body,
    } = rest::request(service, operation, input)?;
    let content_type = match payload {
        Some((_, Some(Datum::Bytes(bytes)))) => {
            request.body.clone_from(bytes);
            "application/octet-stream"
        }
        Some((_, Some(Datum::Text(text)))) => {
            request.body = text.as_bytes().to_vec();
            "text/plain"
        }
        Some((member, Some(datum))) => {
            request.body = json_body::value(service, member.shape, datum).to_string().into_bytes();
            "application/json"
        }
        Some((member, None)) if matches!(service.shape(member.shape), Shape::Structure(_)) => {
            request.body = b"{}".to_vec();
            "application/json"
        }
        None if has_body => {
            let fields = json_body::fields(service, service.members(operation.input), &fields);
            request.body = Value::Object(fields).to_string().into_bytes();
            "application/json"
        }
        Some((_, None)) | None => return Ok(request),
    };
    if !request.has_header("content-type") {
        request.header("content-type", content_type);
    }
    Ok(request)
}

/// A JSON body of an answer.
pub(super) struct Json;

impl Body for Json {
    fn read(&self, service: &Service<'_>, shape: ShapeId, body: &[u8]) -> Result<Value, Unreadable> {
        json_body::shown(service, shape, json_body::parse(body)?, 0)
    }
}
