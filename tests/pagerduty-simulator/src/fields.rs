//! Reading the fields of a request's body.

use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// A field; `null` counts as absent.
pub(crate) fn present<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}

/// A field that must be text if it is there.
pub(crate) fn text<'a>(object: &'a Object, name: &str) -> Result<Option<&'a str>, Refusal> {
    let refused = || Refusal::invalid(format!("{name} must be a string"));
    present(object, name)
        .map(|value| value.as_str().ok_or_else(refused))
        .transpose()
}

/// A field that must be `true` or `false` if it is there.
pub(crate) fn boolean(object: &Object, name: &str) -> Result<Option<bool>, Refusal> {
    let refused = || Refusal::invalid(format!("{name} must be a boolean"));
    present(object, name)
        .map(|value| value.as_bool().ok_or_else(refused))
        .transpose()
}

/// A field that must be an object if it is there.
pub(crate) fn object<'a>(parent: &'a Object, name: &str) -> Result<Option<&'a Object>, Refusal> {
    let refused = || Refusal::invalid(format!("{name} must be an object"));
    present(parent, name)
        .map(|value| value.as_object().ok_or_else(refused))
        .transpose()
}

/// A field that must be an array if it is there.
pub(crate) fn array<'a>(parent: &'a Object, name: &str) -> Result<Option<&'a Vec<Value>>, Refusal> {
    let refused = || Refusal::invalid(format!("{name} must be an array"));
    present(parent, name)
        .map(|value| value.as_array().ok_or_else(refused))
        .transpose()
}

/// The id in a field that must be a reference, if it is there: an object with an id and one of two types, the kind
/// itself (`service`) or a reference to it (`service_reference`).
pub(crate) fn reference<'a>(parent: &'a Object, name: &str, kind: &str) -> Result<Option<&'a str>, Refusal> {
    object(parent, name)?
        .map(|fields| referred(fields, name, kind))
        .transpose()
}

/// The id in an object that must be a reference.
pub(crate) fn referred<'a>(fields: &'a Object, name: &str, kind: &str) -> Result<&'a str, Refusal> {
    let found = text(fields, "type")?.unwrap_or_default();
    if found != kind && found.strip_suffix("_reference") != Some(kind) {
        return Err(Refusal::invalid(format!("{name} must have the type {kind}_reference")));
    }
    text(fields, "id")?.ok_or_else(|| Refusal::invalid(format!("{name} must have an id")))
}

/// Refuses an object whose `type` is absent or none of `allowed`.
///
/// PagerDuty documents `type` as required. That it refuses a body without, and in which words, is UNVERIFIED.
pub(crate) fn require_type(fields: &Object, allowed: &[&str]) -> Result<(), Refusal> {
    match text(fields, "type")? {
        Some(found) if allowed.contains(&found) => Ok(()),
        _ => Err(Refusal::invalid(format!("type must be {}", allowed.join(" or ")))),
    }
}

/// A web address to which webhooks can be sent.
pub(crate) fn web_address<'a>(fields: &'a Object, name: &str) -> Result<&'a str, Refusal> {
    text(fields, name)?
        .filter(|url| url.starts_with("http://") || url.starts_with("https://"))
        .filter(|url| url.parse::<http::Uri>().is_ok_and(|uri| uri.host().is_some()))
        .ok_or_else(|| Refusal::invalid(format!("{name} must be an http or https URL")))
}
