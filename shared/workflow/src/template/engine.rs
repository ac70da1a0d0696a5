//! minijinja as this project uses it.

use super::{Context, Expression, Reference, json, syntax};
use minijinja::{
    Environment, ErrorKind, State, UndefinedBehavior, filters,
    value::{Kwargs, Rest, ValueKind},
};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    io::{self, Write},
    sync::LazyLock,
};

/// How much an evaluation may compute, in minijinja's instructions: far more than a template that a person wrote needs.
const FUEL: u64 = 100_000;

/// The largest result of one expression, in bytes. Step Functions hands on 256 KiB in all.
const LARGEST_RESULT: usize = 64 * 1024;

/// Why a template cannot be read or evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TemplateError(String);

impl TemplateError {
    /// An error that says this.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// The error of evaluating an expression. minijinja says that something is undefined; the context knows what there is
    /// instead.
    fn of_evaluation(expression: &Expression, error: &minijinja::Error, context: &Context) -> Self {
        let mut references = expression.references.iter();
        let missing = references.find_map(|reference| context.require(reference).err());
        match error.kind() {
            ErrorKind::UndefinedError => missing.unwrap_or_else(|| Self::of(&expression.source, error)),
            _ => Self::of(&expression.source, error),
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

/// What a filter gives.
type Filtered = Result<minijinja::Value, minijinja::Error>;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    // It prints all that is in sight, which no workflow needs and a log should not hold.
    environment.remove_global("debug");
    // What changes over the turns of a loop can nest into itself without end, and to print it would exhaust the stack.
    environment.remove_global("namespace");
    environment.add_filter("default", default);
    environment.add_filter("d", default);
    environment.add_filter("tojson", tojson);
    environment.add_filter(syntax::FIELD, field);
    environment
});

/// minijinja's `default`, also for null: what PagerDuty left out is null here, and people mean both.
fn default(state: &State<'_, '_>, value: &minijinja::Value, arguments: Rest<minijinja::Value>) -> Filtered {
    match value.is_none() {
        true => filters::default(state, &minijinja::Value::UNDEFINED, arguments),
        false => filters::default(state, value, arguments),
    }
}

/// A field of a map or an entry of a list; undefined if there is none, or nothing that it could be in.
fn field(value: &minijinja::Value, name: &minijinja::Value) -> minijinja::Value {
    value.get_item(name).unwrap_or(minijinja::Value::UNDEFINED)
}

/// minijinja's `tojson` without its escapes for HTML, which people would read in notes.
fn tojson(
    state: &State<'_, '_>,
    value: &minijinja::Value,
    indent: Option<minijinja::Value>,
    arguments: Kwargs,
) -> Filtered {
    /// How much JSON may be written for one instruction, in bytes.
    const BYTES_PER_FUEL: usize = 64;
    let written = filters::tojson(value, indent, arguments)?;
    let written = written.as_str().unwrap_or_default();
    state.consume_fuel(u64::try_from(written.len() / BYTES_PER_FUEL).unwrap_or(u64::MAX))?;
    let mut readable = String::with_capacity(written.len());
    let mut rest = written;
    // In JSON a backslash always stands with the character that it escapes, so two of them are taken together.
    while let Some((before, escaped)) = rest.split_once('\\') {
        readable.push_str(before);
        let html = [("u003c", '<'), ("u003e", '>'), ("u0026", '&'), ("u0027", '\'')];
        match html
            .iter()
            .find_map(|(code, character)| Some((escaped.strip_prefix(code)?, *character)))
        {
            Some((after, character)) => {
                readable.push(character);
                rest = after;
            }
            None => {
                let (first, after) = escaped.split_at(escaped.chars().next().map_or(0, char::len_utf8));
                readable.push('\\');
                readable.push_str(first);
                rest = after;
            }
        }
    }
    readable.push_str(rest);
    Ok(readable.into())
}

/// What stands within `{{ }}` if that is all there is. Its value then keeps its type.
pub(super) fn only_expression(source: &str) -> Option<&str> {
    let inner = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    // The dashes say what happens to the space around the braces; there is none here.
    let inner = inner.strip_prefix('-').unwrap_or(inner);
    let inner = inner.strip_suffix('-').unwrap_or(inner).trim();
    // `{{ a }} and {{ b }}` begins and ends alike, but what is between is no expression.
    syntax::expression(inner).is_ok().then_some(inner)
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

pub(super) fn evaluate(expression: &Expression, context: &Context) -> Result<Value, TemplateError> {
    to_json(&expression.source, &value_of(expression, context)?)
}

/// The `index`-th item of a list, counted from 0.
pub(super) fn evaluate_item(
    expression: &Expression,
    context: &Context,
    index: usize,
) -> Result<Option<Value>, TemplateError> {
    let list = value_of(expression, context)?;
    // Neither the characters of a text nor the keys of a map are items.
    let is_list = matches!(list.kind(), ValueKind::Seq | ValueKind::Iterable);
    let item = is_list.then(|| list.try_iter().ok()?.nth(index)).flatten();
    item.map(|item| to_json(&expression.source, &item)).transpose()
}

fn value_of(expression: &Expression, context: &Context) -> Result<minijinja::Value, TemplateError> {
    let fail = |error: minijinja::Error| TemplateError::of_evaluation(expression, &error, context);
    let program = ENVIRONMENT.compile_expression(expression.program()).map_err(fail)?;
    let value = program.eval(json::value(context.values())).map_err(fail)?;
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

pub(super) fn render(expression: &Expression, context: &Context) -> Result<String, TemplateError> {
    let fail = |error: minijinja::Error| TemplateError::of_evaluation(expression, &error, context);
    let template = ENVIRONMENT.template_from_str(expression.program()).map_err(fail)?;
    let mut text = Capped { bytes: Vec::new() };
    template
        .render_captured_to(json::value(context.values()), &mut text)
        .map_err(fail)?;
    String::from_utf8(text.bytes).map_err(|_| TemplateError::new(format!("`{}` gives no text", expression.source)))
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
