//! Paths into a state's input and into the context object.

use super::context::{Context, ContextField};
use serde_json::{Map, Value};
use std::fmt;

/// A path that selects one value: `$`, `$.a.b`, or a field of the context object such as `$$.Execution.Id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    text: String,
    root: Root,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Root {
    /// The names of the fields.
    Input(Vec<String>),
    Context(ContextField),
}

/// The reason a path cannot be simulated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    /// It does not begin with `$`.
    #[error("is an intrinsic function or no path at all; only paths that begin with $ are simulated")]
    NoPath,
    /// It has something else than fields.
    #[error("has more than fields, such as an index, a filter or a wildcard")]
    Form,
    /// It names a field of the context object that is not simulated.
    #[error("names a field of the context object that is not simulated")]
    Context,
    /// It is a `ResultPath` that is no `$.a.b`.
    #[error("cannot be written to: a ResultPath has only fields, of the state's input")]
    NotWritable,
}

impl Path {
    /// The whole input.
    pub(super) fn root() -> Self {
        Self {
            text: "$".to_owned(),
            root: Root::Input(Vec::new()),
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, PathProblem> {
        let root = match text.strip_prefix("$$.") {
            Some(field) => Root::Context(ContextField::parse(field).ok_or(PathProblem::Context)?),
            None => Root::Input(fields(text.strip_prefix('$').ok_or(PathProblem::NoPath)?)?),
        };
        Ok(Self {
            text: text.to_owned(),
            root,
        })
    }

    /// What the path finds.
    pub(super) fn find(&self, input: &Value, context: &Context<'_>) -> Option<Value> {
        match &self.root {
            Root::Input(fields) => fields.iter().try_fold(input, |value, name| value.get(name)).cloned(),
            Root::Context(field) => field.read(context),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The names in `.a.b`.
fn fields(path: &str) -> Result<Vec<String>, PathProblem> {
    let mut names = path.split('.');
    if names.next() != Some("") {
        return Err(PathProblem::Form);
    }
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    names
        .map(|name| match !name.is_empty() && name.chars().all(plain) {
            true => Ok(name.to_owned()),
            false => Err(PathProblem::Form),
        })
        .collect()
}

/// Where a result goes in a state's input: `$`, or fields below it, which are made where they are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResultPath {
    text: String,
    fields: Vec<String>,
}

impl ResultPath {
    pub(super) fn root() -> Self {
        Self {
            text: "$".to_owned(),
            fields: Vec::new(),
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, PathProblem> {
        let path = Path::parse(text)?;
        match path.root {
            Root::Input(fields) => Ok(Self {
                text: path.text,
                fields,
            }),
            Root::Context(_) => Err(PathProblem::NotWritable),
        }
    }

    /// `input` with `result` in its place.
    ///
    /// # Errors
    /// The path runs through something that is no object.
    pub(super) fn put(&self, mut input: Value, result: Value) -> Result<Value, String> {
        let mut place = &mut input;
        for field in &self.fields {
            let Value::Object(object) = place else {
                return Err(format!(
                    "Unable to apply ReferencePath {} to the state's input: '{field}' would be a field of something that is no object",
                    self.text
                ));
            };
            place = object.entry(field.clone()).or_insert_with(|| Value::Object(Map::new()));
        }
        *place = result;
        Ok(input)
    }
}
