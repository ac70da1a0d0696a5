//! Payload templates: `Parameters` and `ResultSelector`.

use super::{
    context::Context,
    failure::TaskFailure,
    path::{Path, PathProblem},
};
use serde_json::{Map, Value};

/// JSON in which a field `"name.$"` is a path whose value becomes the field `"name"`.
#[derive(Debug, Clone)]
pub(super) enum Template {
    Literal(Value),
    Object(Vec<(String, Template)>),
    Array(Vec<Template>),
    Path { field: String, path: Path },
}

/// The reason a template cannot be simulated: what is wrong, and at which field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TemplateProblem {
    pub(super) field: String,
    pub(super) kind: TemplateProblemKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TemplateProblemKind {
    Path(String, PathProblem),
    NoText,
    Twice,
}

impl Template {
    pub(super) fn parse(value: &Value) -> Result<Self, TemplateProblem> {
        match value {
            Value::Object(object) => object
                .iter()
                .map(|(key, value)| Self::field(object, key, value))
                .collect::<Result<_, _>>()
                .map(Self::Object),
            Value::Array(items) => items.iter().map(Self::parse).collect::<Result<_, _>>().map(Self::Array),
            literal => Ok(Self::Literal(literal.clone())),
        }
    }

    fn field(object: &Map<String, Value>, key: &str, value: &Value) -> Result<(String, Self), TemplateProblem> {
        let problem = |kind| TemplateProblem {
            field: key.to_owned(),
            kind,
        };
        let Some(name) = key.strip_suffix(".$") else {
            return Ok((key.to_owned(), Self::parse(value)?));
        };
        if object.contains_key(name) {
            return Err(problem(TemplateProblemKind::Twice));
        }
        let text = value.as_str().ok_or_else(|| problem(TemplateProblemKind::NoText))?;
        let path = Path::parse(text).map_err(|error| problem(TemplateProblemKind::Path(text.to_owned(), error)))?;
        Ok((
            name.to_owned(),
            Self::Path {
                field: key.to_owned(),
                path,
            },
        ))
    }

    /// The JSON that the template makes of an input.
    ///
    /// A path that finds nothing is `States.Runtime`, which nobody can catch. The Amazon States Language calls it
    /// `States.ParameterPathFailure`; real executions fail with `States.Runtime` (recorded by LocalStack's tests against
    /// AWS: "The JSONPath … specified for the field … could not be found in the input").
    pub(super) fn fill(&self, input: &Value, context: &Context<'_>) -> Result<Value, TaskFailure> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Array(items) => items
                .iter()
                .map(|item| item.fill(input, context))
                .collect::<Result<_, _>>()
                .map(Value::Array),
            Self::Object(fields) => fields
                .iter()
                .map(|(name, field)| Ok((name.clone(), field.fill(input, context)?)))
                .collect::<Result<_, _>>()
                .map(Value::Object),
            Self::Path { field, path } => path.find(input, context).ok_or_else(|| {
                TaskFailure::runtime(
                    context.state,
                    format_args!(
                        "The JSONPath '{path}' specified for the field '{field}' could not be found in the input"
                    ),
                )
            }),
        }
    }
}
