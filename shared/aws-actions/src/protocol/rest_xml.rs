//! Requests by path with XML bodies.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html>

use super::{
    Request, Unreadable,
    rest::{self, Body, Rest},
    xml,
};
use crate::{
    input::{Datum, Fields},
    model::{Operation, Service, ShapeId},
    name::snake_case,
};
use http::HeaderMap;
use serde_json::{Map, Value};

/// The operation whose answer is the text of its root element, which no model can say.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html>
const TEXT_AT_ROOT: &str = "GetBucketLocation";

pub(super) fn request(service: &Service<'_>, operation: &Operation<'_>, input: &Fields<'_>) -> Result<Request, String> {
    let Rest {
        mut request,
        payload,
        fields,
        has_body: _,
    } = rest::request(service, operation, input)?;
    let root = (operation.root, operation.root_namespace);
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
            request.body = xml::document(service, member.shape, datum, root).into_bytes();
            "application/xml"
        }
        None if !fields.is_empty() => {
            let input = operation.input.ok_or("the operation takes no input")?;
            request.body = xml::document(service, input, &Datum::Structure(fields), root).into_bytes();
            "application/xml"
        }
        Some((_, None)) | None => return Ok(request),
    };
    if !request.has_header("content-type") {
        request.header("content-type", content_type);
    }
    Ok(request)
}

pub(super) fn answer(
    service: &Service<'_>,
    operation: &Operation<'_>,
    output: ShapeId,
    (status, headers, body): (u16, &HeaderMap, &[u8]),
) -> Result<Map<String, Value>, Unreadable> {
    if operation.name == TEXT_AT_ROOT && !body.is_empty() {
        let text = std::str::from_utf8(body).map_err(|_| Unreadable::Text)?;
        let location = xml::text(xml::parse(text)?.root_element());
        let member = service.members(Some(output)).iter().find(|_| !location.is_empty());
        let field = member.map(|member| (snake_case(member.name), location.into()));
        return Ok(field.into_iter().collect());
    }
    rest::answer(service, output, (status, headers, body), &Xml)
}

/// An XML body of an answer.
struct Xml;

impl Body for Xml {
    fn read(&self, service: &Service<'_>, shape: ShapeId, body: &[u8]) -> Result<Value, Unreadable> {
        let text = std::str::from_utf8(body).map_err(|_| Unreadable::Text)?;
        xml::value(service, shape, xml::parse(text)?.root_element(), 0)
    }
}
