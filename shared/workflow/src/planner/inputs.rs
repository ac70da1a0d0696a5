//! The inputs of a run: what it was given, and the defaults for the rest.

use super::Failure;
use crate::{
    action::{type_of, unknown_field},
    definition::{Definition, InputKind},
    error_name::ErrorName,
    template::time::{Duration, Temporal, Time},
};
use serde_json::{Map, Value};

/// The inputs of a run.
///
/// # Errors
/// `Input.Invalid`, with all that is wrong at once.
pub fn resolve(definition: &Definition, given: &Map<String, Value>) -> Result<Map<String, Value>, Failure> {
    let mut problems: Vec<String> = Vec::new();
    for name in given.keys() {
        if !definition.inputs.keys().any(|known| known.as_str() == name) {
            let known = definition.inputs.keys().map(|known| known.as_str());
            problems.push(unknown_field(name, known));
        }
    }
    let mut inputs = Map::new();
    for (name, input) in &definition.inputs {
        let given = given.get(name.as_str()).filter(|value| !value.is_null());
        match (given, &input.default) {
            (Some(value), _) if !input.kind.takes(value) => problems.push(format!(
                "`{name}` is {}, but must be {}",
                written(input.kind, value),
                input.kind.words()
            )),
            (Some(value), _) | (None, Some(value)) => {
                inputs.insert(name.to_string(), value.clone());
            }
            (None, None) => problems.push(match &input.description {
                Some(description) => format!("`{name}` is missing: {description}"),
                None => format!("`{name}` is missing"),
            }),
        }
    }
    match problems.is_empty() {
        true => Ok(inputs),
        false => Err(Failure::new(
            ErrorName::InputInvalid,
            format!("the inputs of the run cannot be used: {}", problems.join("; ")),
        )),
    }
}

/// A value as an error names it: by its type, unless it is a text of the wrong form.
fn written(kind: InputKind, value: &Value) -> String {
    match (kind, value) {
        (InputKind::Time | InputKind::Duration, Value::String(text)) => {
            format!("`{}`", text.chars().take(60).collect::<String>())
        }
        (_, value) => type_of(value).to_owned(),
    }
}

impl InputKind {
    /// True if a value is of the type.
    #[must_use]
    pub fn takes(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::List => value.is_array(),
            Self::Map => value.is_object(),
            Self::Time | Self::Duration => value.as_str().is_some_and(|text| self.temporal(text).is_some()),
        }
    }

    /// The time or the duration that a text is to expressions; none if the type is another, or the text is of another.
    pub(crate) fn temporal(self, text: &str) -> Option<Temporal> {
        match self {
            Self::Time => Time::read(text).ok().map(Temporal::Time),
            Self::Duration => Duration::read(text).ok().map(Temporal::Duration),
            Self::Text | Self::Integer | Self::Number | Self::Boolean | Self::List | Self::Map => None,
        }
    }

    /// The type in words, with an article.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Time => "a time like 2026-11-30T08:00:00Z",
            Self::Duration => "a duration like 30s, 15m, 1h30m or 2d",
        }
    }
}
