//! Reads the rules of a Choice.

use super::{
    Rule, Unsupported,
    fields::{self, Fields},
};
use serde_json::Value;

/// A rule with the state that follows.
pub(super) fn choice(place: String, value: &Value) -> Result<(Rule, String), Unsupported> {
    let mut fields = Fields::of(place, value)?;
    let rule = Rule {
        variable: fields::path(fields.place("Variable"), fields.required("Variable")?)?,
        equals: fields.text("StringEquals")?.to_owned(),
    };
    let next = fields.text("Next")?.to_owned();
    fields.finish()?;
    Ok((rule, next))
}
