//! The inputs of a run: what it was given, and the defaults for the rest.

use super::Failure;
use crate::{
    action::{type_of, unknown_field},
    definition::{Definition, InputKind},
    error_name::ErrorName,
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
                type_of(value),
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
        }
    }
}
