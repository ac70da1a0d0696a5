//! Reading a field of PagerDuty's JSON: what is missing, null or of an unexpected type is simply not known.

use jiff::Timestamp;
use serde_json::Value;

use crate::reference::Reference;

pub(crate) fn text(object: &Value, field: &str) -> Option<String> {
    object.get(field)?.as_str().map(str::to_owned)
}

pub(crate) fn number(object: &Value, field: &str) -> Option<u64> {
    object.get(field)?.as_u64()
}

/// PagerDuty writes times in RFC 3339, mostly with `Z`; its documentation also has samples with an offset.
pub(crate) fn time(object: &Value, field: &str) -> Option<Timestamp> {
    object.get(field)?.as_str()?.parse().ok()
}

pub(crate) fn reference(object: &Value, field: &str) -> Option<Reference> {
    Reference::from_json(object.get(field)?)
}

/// `None` where there is no list at all, which is not the same as an empty one.
pub(crate) fn references(object: &Value, field: &str) -> Option<Vec<Reference>> {
    Some(
        object
            .get(field)?
            .as_array()?
            .iter()
            .filter_map(Reference::from_json)
            .collect(),
    )
}
