//! Paths into a state's input and into the context object.

use super::context::{Context, ContextField};
use serde_json::{Map, Value};
use std::fmt;

/// A path that selects one value: `$`, `$.a.b[0]`, or a field of the context object such as `$$.Execution.Id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    text: String,
    root: Root,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Root {
    Input,
    Context(ContextField),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(String),
    Index(usize),
}

/// Why a path cannot be simulated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    /// It does not begin with `$`.
    #[error("is an intrinsic function or no path at all; only paths that begin with $ are simulated")]
    NoPath,
    /// It has something else than fields and indices.
    #[error("has more than fields and indices, such as a filter, a wildcard or a slice")]
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
            root: Root::Input,
            steps: Vec::new(),
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, PathProblem> {
        let (root, steps) = if let Some(rest) = text.strip_prefix("$$.") {
            let (field, rest) = ContextField::parse(rest).ok_or(PathProblem::Context)?;
            let steps = steps(rest)?;
            if !steps.is_empty() && !field.is_document() {
                return Err(PathProblem::Context);
            }
            (Root::Context(field), steps)
        } else {
            let rest = text.strip_prefix('$').ok_or(PathProblem::NoPath)?;
            (Root::Input, steps(rest)?)
        };
        Ok(Self {
            text: text.to_owned(),
            root,
            steps,
        })
    }

    /// What the path finds.
    pub(super) fn find(&self, input: &Value, context: &Context<'_>) -> Option<Value> {
        match &self.root {
            Root::Input => walk(input, &self.steps).cloned(),
            Root::Context(field) => field.with(context, |value| walk(value, &self.steps).cloned()),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn walk<'a>(value: &'a Value, steps: &[Step]) -> Option<&'a Value> {
    steps.iter().try_fold(value, |value, step| match step {
        Step::Field(name) => value.as_object()?.get(name),
        Step::Index(index) => value.as_array()?.get(*index),
    })
}

fn steps(mut rest: &str) -> Result<Vec<Step>, PathProblem> {
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(field) = rest.strip_prefix('.') {
            let end = field.find(['.', '[']).unwrap_or(field.len());
            let (name, after) = field.split_at(end);
            let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
            if name.is_empty() || !name.chars().all(plain) {
                return Err(PathProblem::Form);
            }
            steps.push(Step::Field(name.to_owned()));
            rest = after;
        } else {
            let (index, after) = rest
                .strip_prefix('[')
                .and_then(|index| index.split_once(']'))
                .ok_or(PathProblem::Form)?;
            if !index.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(PathProblem::Form);
            }
            steps.push(Step::Index(index.parse().map_err(|_| PathProblem::Form)?));
            rest = after;
        }
    }
    Ok(steps)
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
        if path.root != Root::Input {
            return Err(PathProblem::NotWritable);
        }
        let fields = path
            .steps
            .into_iter()
            .map(|step| match step {
                Step::Field(name) => Ok(name),
                Step::Index(_) => Err(PathProblem::NotWritable),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            text: path.text,
            fields,
        })
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
