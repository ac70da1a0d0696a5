//! minijinja as this project uses it.

use super::{
    Context, Expression, Form, Parsed, filters, nulls, program, syntax,
    time::{self, Temporal},
    weight,
};
use minijinja::{
    Environment, ErrorKind, Output, State, UndefinedBehavior,
    machinery::{parse, parse_expr},
    syntax::SyntaxConfig,
    value::ValueKind,
};
use serde_json::Value;
use std::{
    io::{self, Write},
    sync::{Arc, LazyLock},
};

/// The most that an evaluation may compute, in minijinja's instructions: far more than a template that a person wrote needs.
const FUEL: u64 = 100_000;

/// The largest result of one expression, in bytes: as much as the body of an event may have, so that whatever an event brings
/// can be given to an action, which keeps as much of it as there is room for.
const LARGEST_RESULT: usize = 384 * 1024;

/// The name under which a rendering notes that it came to a null, or to an empty list or map.
const CAME_TO_NOTHING: &str = "came to nothing";

/// A value that an expression or a text gave.
#[derive(Debug)]
pub(super) struct Given<T> {
    pub(super) value: T,
    /// True if an expression in it gave nothing: null, or in a text an empty list or map.
    pub(super) lacks_something: bool,
}

/// The reason a template cannot be read or evaluated.
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

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_formatter(print);
    // It prints all that is in sight, which no workflow needs and a log should not hold.
    environment.remove_global("debug");
    // What changes over the turns of a loop can nest into itself without end, and to print it would exhaust the stack.
    environment.remove_global("namespace");
    environment.add_filter("default", filters::default);
    environment.add_filter("d", filters::default);
    environment.add_filter("tojson", filters::tojson);
    environment.add_filter("pprint", filters::pprint);
    environment.add_filter("map", filters::map);
    time::prepare(&mut environment);
    program::prepare(&mut environment);
    environment.add_filter(syntax::FIELD, filters::field);
    environment
});

/// Writes what a `{{ }}` in a text gives: nothing for null, and otherwise as JSON has it, but text without quotes. minijinja
/// itself would write `None`, `True` and `{'a': None}`, which readers of an incident do not expect.
fn print(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &minijinja::Value) -> Result<(), minijinja::Error> {
    let fail = |error: std::fmt::Error| minijinja::Error::new(ErrorKind::WriteFailure, error.to_string());
    match value.kind() {
        ValueKind::None => {
            state.set_temp(CAME_TO_NOTHING, true.into());
            Ok(())
        }
        ValueKind::String if value.as_str() == Some(nulls::MARK) => out.write_str(nulls::MARK_ALONE).map_err(fail),
        ValueKind::Bool => out
            .write_str(if value.is_true() { "true" } else { "false" })
            .map_err(fail),
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => {
            if value.len() == Some(0) {
                state.set_temp(CAME_TO_NOTHING, true.into());
            }
            weight::check(state, value)?;
            serde_json::to_writer(Pieces(out), value).map_err(|error| match error.is_io() {
                true => fail(std::fmt::Error),
                false => minijinja::Error::new(ErrorKind::BadSerialization, error.to_string()),
            })
        }
        _ => minijinja::escape_formatter(out, state, value),
    }
}

/// An output of text as one of bytes. JSON is written in pieces that are text each.
struct Pieces<'o, 'w>(&'o mut Output<'w>);

impl Write for Pieces<'_, '_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(piece).map_err(io::Error::other)?;
        self.0.write_str(text).map_err(io::Error::other)?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn evaluate(expression: &Expression, context: &Context) -> Result<Given<Value>, TemplateError> {
    given(expression, context, &value_of(expression, context, context.values())?)
}

/// The value as a time: a duration is the time so long after now.
pub(super) fn evaluate_time(expression: &Expression, context: &Context) -> Result<Value, TemplateError> {
    let value = value_of(expression, context, context.values())?;
    match Temporal::of(&value) {
        Some(Temporal::Duration(duration)) => match context.now().plus(duration) {
            Ok(time) => Ok(Value::String(time.to_string())),
            Err(error) => Err(TemplateError::new(format!("`{}`: {error}", expression.source))),
        },
        Some(Temporal::Time(_)) | None => given(expression, context, &value).map(|given| given.value),
    }
}

fn given(expression: &Expression, context: &Context, value: &minijinja::Value) -> Result<Given<Value>, TemplateError> {
    let value = to_json(&expression.source, value)?;
    let lacks_something = value.is_null();
    match value {
        Value::String(text) => {
            let given = nulls::without_null(text, context, |marked| {
                Some(value_of(expression, context, marked).ok()?.as_str()?.to_owned())
            });
            Ok(Given {
                value: Value::String(given.value),
                lacks_something: given.lacks_something,
            })
        }
        value => Ok(Given { value, lacks_something }),
    }
}

/// The `index`-th item of a list, counted from 0.
pub(super) fn evaluate_item(
    expression: &Expression,
    context: &Context,
    index: usize,
) -> Result<Option<Value>, TemplateError> {
    let list = value_of(expression, context, context.values())?;
    // Neither the characters of a text nor the keys of a map are items.
    let is_list = matches!(list.kind(), ValueKind::Seq | ValueKind::Iterable);
    let item = is_list.then(|| list.try_iter().ok()?.nth(index)).flatten();
    item.map(|item| to_json(&expression.source, &item)).transpose()
}

/// Runs an expression or a text.
fn run(expression: &Expression, context: &Context, values: &Arc<Value>) -> Result<program::Run, TemplateError> {
    let source = expression.program();
    let parsed = match expression.form {
        Form::Value => parse_expr(source).map(Parsed::Value),
        Form::Text => parse(source, "template", SyntaxConfig::default()).map(Parsed::Text),
    };
    parsed
        .and_then(|parsed| program::run(&ENVIRONMENT, source, &parsed, context.seen(values), CAME_TO_NOTHING))
        .map_err(|error| TemplateError::of_evaluation(expression, &error, context))
}

fn value_of(
    expression: &Expression,
    context: &Context,
    values: &Arc<Value>,
) -> Result<minijinja::Value, TemplateError> {
    match run(expression, context, values)?.value {
        Some(value) if !value.is_undefined() => Ok(value),
        _ => Err(TemplateError::of_evaluation(
            expression,
            &ErrorKind::UndefinedError.into(),
            context,
        )),
    }
}

fn to_json(source: &str, value: &minijinja::Value) -> Result<Value, TemplateError> {
    weight::check_result(value).map_err(|error| TemplateError::of(source, &error))?;
    let value = serde_json::to_value(value)
        .map_err(|error| TemplateError::new(format!("`{source}` gives no value of JSON: {error}")))?;
    let mut size = Counter { bytes: 0 };
    serde_json::to_writer(&mut size, &value).map_err(|_| TemplateError::new(format!("`{source}`: {}", too_large())))?;
    Ok(value)
}

pub(super) fn render(expression: &Expression, context: &Context) -> Result<Given<String>, TemplateError> {
    let text = text_of(expression, context, context.values())?;
    let rest = nulls::without_null(text.value, context, |marked| {
        Some(text_of(expression, context, marked).ok()?.value)
    });
    Ok(Given {
        lacks_something: text.lacks_something || rest.lacks_something,
        ..rest
    })
}

fn text_of(expression: &Expression, context: &Context, values: &Arc<Value>) -> Result<Given<String>, TemplateError> {
    let run = run(expression, context, values)?;
    if run.text.len() > LARGEST_RESULT {
        return Err(TemplateError::new(format!("`{}`: {}", expression.source, too_large())));
    }
    Ok(Given {
        value: run.text,
        lacks_something: run.has_set,
    })
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
