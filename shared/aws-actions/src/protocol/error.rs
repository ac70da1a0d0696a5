//! Errors in answers.

use super::xml;
use crate::model::{Protocol, Service};
use http::HeaderMap;
use roxmltree::Node;
use serde_json::Value;

/// A service's reason for not carrying out a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// The code, such as `ClusterNotFoundException`.
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) request_id: Option<String>,
}

/// Headers that have the id of a request.
const REQUEST_IDS: [&str; 3] = ["x-amzn-requestid", "x-amz-request-id", "x-amz-requestid"];

/// Reads what a service says. Something in front of it, such as a load balancer, may have answered in its place, so nothing is
/// taken for granted.
pub(crate) fn read(service: &Service<'_>, headers: &HeaderMap, body: &[u8]) -> Told {
    let text = String::from_utf8_lossy(body);
    let mut told = match service.protocol {
        Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => of_json(headers, &text),
        Protocol::Query | Protocol::Ec2 | Protocol::RestXml => of_xml(&text),
    };
    if service.query_compatible
        && let Some(code) =
            header(headers, "x-amzn-query-error").and_then(|code| code.split(';').next().map(str::to_owned))
    {
        told.code = Some(code);
    }
    told.request_id = told
        .request_id
        .or_else(|| REQUEST_IDS.iter().find_map(|name| header(headers, name)));
    told
}

/// The error in a body of XML whose status says that all went well, as S3 sends it where it notices late.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>
pub(crate) fn is_late_error(service: &Service<'_>, body: &[u8]) -> bool {
    if service.protocol != Protocol::RestXml || body.len() > 10_000 {
        return false;
    }
    let text = String::from_utf8_lossy(body);
    text.trim_start().starts_with('<')
        && xml::parse(&text).is_ok_and(|document| document.root_element().has_tag_name("Error"))
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn of_json(headers: &HeaderMap, text: &str) -> Told {
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    let field = |names: &[&str]| {
        let found = names.iter().find_map(|name| body.get(*name));
        found.and_then(Value::as_str).map(str::to_owned)
    };
    let code = header(headers, "x-amzn-errortype").or_else(|| field(&["__type", "code", "Code"]));
    Told {
        code: code.map(|code| bare(&code).to_owned()),
        message: field(&["message", "Message", "errorMessage"]),
        request_id: None,
    }
}

/// A code without its namespace in front, and without the address behind.
fn bare(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or(code);
    code.rsplit_once('#').map_or(code, |(_, bare)| bare)
}

fn of_xml(text: &str) -> Told {
    let Ok(document) = xml::parse(text) else {
        return Told::default();
    };
    let root = document.root_element();
    let error = [&["Errors", "Error"][..], &["Error"], &[]]
        .into_iter()
        .find_map(|path| path.iter().try_fold(root, |node, name| xml::child(node, name)));
    let field = |node: Option<Node<'_, '_>>, name: &str| {
        let text = xml::text(xml::child(node?, name)?);
        (!text.is_empty()).then_some(text)
    };
    let request_id = ["RequestId", "RequestID"]
        .into_iter()
        .find_map(|name| field(Some(root), name).or_else(|| field(error, name)));
    Told {
        code: field(error, "Code"),
        message: field(error, "Message"),
        request_id,
    }
}
