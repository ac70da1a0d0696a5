//! Expressions and templates: text with `{{ … }}` over the event, the variables and the results so far.
//!
//! They are minijinja, strict. What a system or a user wrote is only ever data: a template comes from the definition
//! alone, is rendered once, and its result is a typed value that is never read as a template again.
//!
//! What "strict" means here: a name that is not there is an error, also in a comparison, and never an empty text. Null
//! is a value like any other, and has no fields: of an incident without a priority, `event.incident.priority` is null
//! and `event.incident.priority.summary` is an error, so a condition tests the one before it uses the other.
//!
//! In text, null is nothing: people never read `None` or `null`. A key (of concurrency, of an incident, of an alert) in which
//! an expression gives null is no key at all: with `svc-` for each of them, things would be one that have nothing to do with
//! each other. See [`Template::evaluate_key`].
//!
//! The crate has no clock: `now` is a part of the [`Context`]. `time` has times and durations.

mod bounds;
mod builtins;
mod context;
mod engine;
mod filters;
mod json;
mod names;
mod nulls;
mod program;
mod reference;
mod roots;
mod syntax;
pub(crate) mod time;
mod weight;

pub use builtins::{Builtin, FILTERS, FUNCTIONS, TESTS};
pub use context::Context;
pub use engine::TemplateError;
pub use reference::Reference;

use engine::Given;
use minijinja::machinery::ast::{Expr, Stmt};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A piece of a definition that is evaluated when a step runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    source: String,
    form: Form,
    references: BTreeSet<Reference>,
    /// The source that is evaluated, where it is another one: see [`syntax::lenient`].
    lenient: Option<String>,
}

/// The parts of an expression.
#[derive(Debug)]
pub(crate) enum Parsed<'a> {
    /// One expression.
    Value(Expr<'a>),
    /// Text with expressions in it.
    Text(Stmt<'a>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One expression. Its value keeps its type.
    Value,
    /// Text with expressions in it. Its value is text.
    Text,
}

impl Expression {
    /// Reads a condition: an expression, with or without `{{ }}` around it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn condition(source: &str) -> Result<Self, TemplateError> {
        bounds::check(source)?;
        if let Some((source, parsed)) = syntax::only_expression(source) {
            return Ok(Self::of(source, &parsed));
        }
        let source = source.trim();
        Ok(Self::of(source, &Parsed::Value(syntax::expression(source)?)))
    }

    /// The expression that was read from this source.
    fn of(source: &str, parsed: &Parsed<'_>) -> Self {
        Self {
            form: match parsed {
                Parsed::Value(_) => Form::Value,
                Parsed::Text(_) => Form::Text,
            },
            references: names::of(parsed),
            lenient: syntax::lenient(source, parsed),
            source: source.to_owned(),
        }
    }

    /// The same expression, in which a field that is missing is null, also in a map or a list that is missing itself. It is for answers
    /// of a system, which leave out what they have no value for.
    #[must_use]
    pub fn null_where_missing(self) -> Self {
        let lenient = self
            .parsed()
            .and_then(|parsed| syntax::null_where_missing(&self.source, &parsed));
        Self {
            lenient: lenient.or(self.lenient),
            ..self
        }
    }

    /// The text to evaluate.
    fn program(&self) -> &str {
        self.lenient.as_deref().unwrap_or(&self.source)
    }

    /// The names that it refers to.
    #[must_use]
    pub fn references(&self) -> &BTreeSet<Reference> {
        &self.references
    }

    /// True if its value depends on the time at which it is evaluated.
    pub(crate) fn refers_to_now(&self) -> bool {
        let mut references = self.references.iter();
        references.any(|reference| reference.parts().first() == Some(&"now"))
    }

    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// True if its value is text in any case.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.form == Form::Text
    }

    /// The parts; none if its source is not of the language, which it cannot be.
    pub(crate) fn parsed(&self) -> Option<Parsed<'_>> {
        match self.form {
            Form::Value => syntax::expression(&self.source).ok().map(Parsed::Value),
            Form::Text => syntax::text(&self.source).ok().map(Parsed::Text),
        }
    }

    /// Its value.
    ///
    /// # Errors
    /// A name that is not defined, an operation that the types do not allow, a result that is too large, or a
    /// computation that takes too long.
    pub fn evaluate(&self, context: &Context) -> Result<Value, TemplateError> {
        self.given(context).map(|given| given.value)
    }

    fn given(&self, context: &Context) -> Result<Given<Value>, TemplateError> {
        match self.form {
            Form::Value => engine::evaluate(self, context),
            Form::Text => {
                let Given { value, lacks_something } = engine::render(self, context)?;
                Ok(Given {
                    value: Value::String(value),
                    lacks_something,
                })
            }
        }
    }

    /// See [`Template::evaluate_item`].
    fn evaluate_item(&self, context: &Context, index: usize) -> Result<Option<Value>, TemplateError> {
        match self.form {
            Form::Value => engine::evaluate_item(self, context, index),
            Form::Text => Ok(None),
        }
    }

    /// Its value as a condition, which must be true or false.
    ///
    /// # Errors
    /// As [`Self::evaluate`]; a value that is neither true nor false.
    pub fn holds(&self, context: &Context) -> Result<bool, TemplateError> {
        match self.evaluate(context)? {
            Value::Bool(holds) => Ok(holds),
            other => Err(TemplateError::new(format!(
                "the condition `{}` gives {}, but must give true or false; compare it, for example with `!= none`",
                self.source,
                crate::action::type_of(&other)
            ))),
        }
    }
}

/// A value of a definition with templates in it.
#[derive(Debug, Clone, PartialEq)]
pub enum Template {
    /// A value that is the same in every run.
    Literal(Value),
    /// A text with `{{ }}` in it.
    Expression(Expression),
    /// A list of them.
    List(Vec<Template>),
    /// A map of them.
    Map(BTreeMap<String, Template>),
}

impl Template {
    /// Reads a text: a literal, one expression, or text with expressions in it.
    ///
    /// # Errors
    /// What is wrong with the expressions.
    pub fn from_text(source: &str) -> Result<Self, TemplateError> {
        if !["{{", "{%", "{#"].iter().any(|open| source.contains(open)) {
            return Ok(Self::Literal(Value::String(source.to_owned())));
        }
        bounds::check(source)?;
        Ok(Self::Expression(match syntax::only_expression(source) {
            Some((source, parsed)) => Expression::of(source, &parsed),
            None => Expression::of(source, &Parsed::Text(syntax::text(source)?)),
        }))
    }

    /// The same with each expression as [`Expression::null_where_missing`] has it.
    #[must_use]
    pub fn null_where_missing(self) -> Self {
        match self {
            Self::Literal(value) => Self::Literal(value),
            Self::Expression(expression) => Self::Expression(expression.null_where_missing()),
            Self::List(items) => Self::List(items.into_iter().map(Self::null_where_missing).collect()),
            Self::Map(fields) => {
                let fields = fields.into_iter();
                Self::Map(fields.map(|(name, field)| (name, field.null_where_missing())).collect())
            }
        }
    }

    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        match self {
            Self::Literal(_) => Vec::new(),
            Self::Expression(expression) => vec![expression],
            Self::List(items) => items.iter().flat_map(Self::expressions).collect(),
            Self::Map(fields) => fields.values().flat_map(Self::expressions).collect(),
        }
    }

    /// True if its value depends on the time at which it is evaluated.
    pub(crate) fn refers_to_now(&self) -> bool {
        let expressions = self.expressions();
        expressions.iter().any(|expression| expression.refers_to_now())
    }

    /// Its value.
    ///
    /// # Errors
    /// As [`Expression::evaluate`].
    pub fn evaluate(&self, context: &Context) -> Result<Value, TemplateError> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Expression(expression) => expression.evaluate(context),
            Self::List(items) => items.iter().map(|item| item.evaluate(context)).collect(),
            Self::Map(fields) => fields
                .iter()
                .map(|(name, field)| Ok((name.clone(), field.evaluate(context)?)))
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
        }
    }

    /// Its value as a key, by which people tell things apart. Text stays as it is; anything else is written as JSON.
    ///
    /// None if it gives nothing to tell things apart by: null, blank text, an empty list or map; a list with such an entry;
    /// text in which an expression gives null.
    ///
    /// # Errors
    /// As [`Expression::evaluate`].
    pub fn evaluate_key(&self, context: &Context) -> Result<Option<String>, TemplateError> {
        let given = match self {
            Self::Expression(expression) => expression.given(context)?,
            other => Given {
                value: other.evaluate(context)?,
                lacks_something: false,
            },
        };
        Ok(key_of(&given.value).filter(|_| !given.lacks_something))
    }

    /// Its value as a time: a duration is the time so long after now.
    ///
    /// # Errors
    /// As [`Expression::evaluate`]; a time outside of the years that there are.
    pub(crate) fn evaluate_time(&self, context: &Context) -> Result<Value, TemplateError> {
        match self {
            Self::Expression(expression) if expression.form == Form::Value => {
                engine::evaluate_time(expression, context)
            }
            other => other.evaluate(context),
        }
    }

    /// The `index`-th item of the list that it gives, counted from 0, without making the others; none if there are fewer,
    /// or if it gives no list.
    ///
    /// # Errors
    /// As [`Expression::evaluate`].
    pub fn evaluate_item(&self, context: &Context, index: usize) -> Result<Option<Value>, TemplateError> {
        match self {
            Self::Literal(value) => Ok(value.get(index).cloned()),
            Self::Expression(expression) => expression.evaluate_item(context, index),
            Self::List(items) => items.get(index).map(|item| item.evaluate(context)).transpose(),
            Self::Map(_) => Ok(None),
        }
    }

    /// The template as it stands in a definition.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Literal(value) => value.clone(),
            Self::Expression(Expression {
                source,
                form: Form::Value,
                ..
            }) => format!("{{{{ {} }}}}", source.trim()).into(),
            Self::Expression(Expression {
                source,
                form: Form::Text,
                ..
            }) => source.clone().into(),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Map(fields) => fields
                .iter()
                .map(|(name, field)| (name.clone(), field.to_json()))
                .collect(),
        }
    }
}

/// A value as a key, if it tells things apart.
fn key_of(value: &Value) -> Option<String> {
    let tells_apart = match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(entries) => !entries.is_empty() && entries.iter().all(|entry| key_of(entry).is_some()),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    };
    tells_apart.then(|| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

#[cfg(test)]
mod manual;
#[cfg(test)]
mod tests;
