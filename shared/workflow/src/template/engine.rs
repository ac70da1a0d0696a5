//! minijinja as this project uses it.

use super::{Context, Reference, json};
use minijinja::{Environment, ErrorKind, UndefinedBehavior, value::ValueKind};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    io::{self, Write},
    sync::LazyLock,
};

/// How much an evaluation may compute, in minijinja's instructions: far more than a template that a person wrote needs.
const FUEL: u64 = 100_000;

/// The largest result of one expression, in bytes: as much as the body of an event may have, so that whatever an event brings
/// can be given to an action, which keeps as much of it as there is room for.
const LARGEST_RESULT: usize = 384 * 1024;

/// Why a template cannot be read or evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(String);

impl TemplateError {
    /// An error that says this.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// The error of evaluating `source`. minijinja says that something is undefined; the context knows what there is
    /// instead.
    fn of_evaluation(
        source: &str,
        error: &minijinja::Error,
        references: &BTreeSet<Reference>,
        context: &Context,
    ) -> Self {
        let missing = || references.iter().find_map(|reference| context.require(reference).err());
        match error.kind() {
            ErrorKind::UndefinedError => missing().unwrap_or_else(|| Self::of(source, error)),
            _ => Self::of(source, error),
        }
    }

    fn of(source: &str, error: &minijinja::Error) -> Self {
        let shown: String = source.chars().take(120).collect();
        let detail = match (error.kind(), error.detail()) {
            (ErrorKind::OutOfFuel, _) => "it takes too long to compute".to_owned(),
            (ErrorKind::WriteFailure, _) => too_large(),
            (kind, Some(detail)) => format!("{kind}: {detail}"),
            (kind, None) => kind.to_string(),
        };
        Self(format!("`{shown}`: {detail}"))
    }
}

fn too_large() -> String {
    format!("the result has more than {LARGEST_RESULT} bytes")
}

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    // It prints all that is in sight, which no workflow needs and a log should not hold.
    environment.remove_global("debug");
    // What changes over the turns of a loop can nest into itself without end, and to print it would exhaust the stack.
    environment.remove_global("namespace");
    environment
});

/// What stands within `{{ }}` if that is all there is. Its value then keeps its type.
pub(super) fn only_expression(source: &str) -> Option<&str> {
    let inner = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    // The dashes say what happens to the space around the braces; there is none here.
    let inner = inner.strip_prefix('-').unwrap_or(inner);
    let inner = inner.strip_suffix('-').unwrap_or(inner).trim();
    // `{{ a }} and {{ b }}` begins and ends alike, but what is between is no expression.
    ENVIRONMENT.compile_expression(inner).is_ok().then_some(inner)
}

pub(super) fn references_of_expression(source: &str) -> Result<BTreeSet<Reference>, TemplateError> {
    let expression = ENVIRONMENT
        .compile_expression(source)
        .map_err(|error| TemplateError::of(source, &error))?;
    Ok(references(expression.undeclared_variables(true)))
}

pub(super) fn references_of_text(source: &str) -> Result<BTreeSet<Reference>, TemplateError> {
    let template = ENVIRONMENT
        .template_from_str(source)
        .map_err(|error| TemplateError::of(source, &error))?;
    Ok(references(template.undeclared_variables(true)))
}

fn references(names: impl IntoIterator<Item = String>) -> BTreeSet<Reference> {
    let is_function = |name: &str| ENVIRONMENT.globals().any(|(global, _)| global == name);
    names
        .into_iter()
        .filter(|name| !is_function(name))
        .map(|name| Reference::from_dotted(&name))
        .collect()
}

pub(super) fn evaluate(
    source: &str,
    references: &BTreeSet<Reference>,
    context: &Context,
) -> Result<Value, TemplateError> {
    to_json(source, &value_of(source, references, context)?)
}

/// The `index`-th item of a list, counted from 0.
pub(super) fn evaluate_item(
    source: &str,
    references: &BTreeSet<Reference>,
    context: &Context,
    index: usize,
) -> Result<Option<Value>, TemplateError> {
    let list = value_of(source, references, context)?;
    // Neither the characters of a text nor the keys of a map are items.
    let is_list = matches!(list.kind(), ValueKind::Seq | ValueKind::Iterable);
    let item = is_list.then(|| list.try_iter().ok()?.nth(index)).flatten();
    item.map(|item| to_json(source, &item)).transpose()
}

fn value_of(
    source: &str,
    references: &BTreeSet<Reference>,
    context: &Context,
) -> Result<minijinja::Value, TemplateError> {
    let fail = |error: minijinja::Error| TemplateError::of_evaluation(source, &error, references, context);
    let expression = ENVIRONMENT.compile_expression(source).map_err(fail)?;
    let value = expression.eval(json::value(context.values())).map_err(fail)?;
    match value.is_undefined() {
        true => Err(fail(ErrorKind::UndefinedError.into())),
        false => Ok(value),
    }
}

fn to_json(source: &str, value: &minijinja::Value) -> Result<Value, TemplateError> {
    let value = serde_json::to_value(value)
        .map_err(|error| TemplateError::new(format!("`{source}` gives no value of JSON: {error}")))?;
    let mut size = Counter { bytes: 0 };
    serde_json::to_writer(&mut size, &value).map_err(|_| TemplateError::new(format!("`{source}`: {}", too_large())))?;
    Ok(value)
}

pub(super) fn render(
    source: &str,
    references: &BTreeSet<Reference>,
    context: &Context,
) -> Result<String, TemplateError> {
    let fail = |error: minijinja::Error| TemplateError::of_evaluation(source, &error, references, context);
    let template = ENVIRONMENT.template_from_str(source).map_err(fail)?;
    let mut text = Capped { bytes: Vec::new() };
    template
        .render_captured_to(json::value(context.values()), &mut text)
        .map_err(fail)?;
    String::from_utf8(text.bytes).map_err(|_| TemplateError::new(format!("`{source}` gives no text")))
}

/// Collects a text and fails as soon as it is too large, before it is all in memory.
struct Capped {
    bytes: Vec<u8>,
}

impl Write for Capped {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + piece.len() > LARGEST_RESULT {
            return Err(io::Error::other(too_large()));
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts the bytes of a value and fails as soon as there are too many.
struct Counter {
    bytes: usize,
}

impl Write for Counter {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.bytes += piece.len();
        if self.bytes > LARGEST_RESULT {
            Err(io::Error::other(too_large()))
        } else {
            Ok(piece.len())
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
