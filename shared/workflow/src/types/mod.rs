//! The types of what expressions see, so that a definition that is saved does not fail on the first event.
//!
//! A type says what a value can be, and why it can be null or missing. What is known of nothing (what is below `event.data`, the
//! fields of free maps) has the type [`Kind::Unknown`] and is never complained about.
//!
//! # Layout
//! - `condition` — what is known of values where a condition holds, or does not.
//! - `infer` — the type of an expression, and what is wrong with it.
//! - `filter` — the types that filters take and give.
//! - `time` — times and durations, and the arguments of what works on them.

mod condition;
mod filter;
mod infer;
mod time;

pub(crate) use condition::Facts;
pub(crate) use infer::{Doubt, Finding, Roots, Severity, facts_of_condition, nulls_of, of_condition, of_template};

use crate::{
    action::{Field, FieldKind, LINK},
    definition::InputKind,
    template::time::{Duration, Time},
};
use serde_json::Value;
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

/// The type of a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Type {
    /// The kind of value, apart from null.
    pub kind: Kind,
    /// The reason there may be no value.
    pub absence: Option<Absence>,
}

/// A kind of value.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Anything.
    Unknown,
    /// Nothing but null; [`Type::absence`] says why.
    Null,
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    Number,
    Text,
    /// One of a few words.
    Words(Words),
    List(Box<Type>),
    /// A map with known fields.
    Record(Arc<Record>),
    /// A map with any fields.
    Map,
    /// A time, within an expression. What an expression gives is JSON, and there it is text.
    Time,
    /// A duration, within an expression.
    Duration,
}

impl From<InputKind> for Kind {
    fn from(kind: InputKind) -> Self {
        match kind {
            InputKind::Text => Self::Text,
            InputKind::Integer => Self::Integer,
            InputKind::Number => Self::Number,
            InputKind::Boolean => Self::Boolean,
            InputKind::List => Self::List(Box::new(Type::UNKNOWN)),
            InputKind::Map => Self::Map,
            InputKind::Time => Self::Time,
            InputKind::Duration => Self::Duration,
        }
    }
}

/// A few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The words.
    pub known: Vec<Cow<'static, str>>,
    /// True if they are ours. A system may add to its own.
    pub are_ours: bool,
}

/// The reason there may be no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absence {
    /// It can be null.
    Null(Cow<'static, str>),
    /// It can be missing altogether, such as the first entry of a list.
    Missing(Cow<'static, str>),
}

impl Absence {
    /// The reason, as a sentence without its end.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Null(reason) | Self::Missing(reason) => reason,
        }
    }
}

/// The fields of a map.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    /// The fields, in the order in which people read them.
    pub fields: Vec<(Cow<'static, str>, Type)>,
    /// Names that people write, and the field that they mean.
    pub meant: &'static [(&'static str, &'static str)],
}

impl Record {
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Type> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, of)| of)
    }
}

impl From<Kind> for Type {
    fn from(kind: Kind) -> Self {
        Self { kind, absence: None }
    }
}

impl Type {
    /// Anything.
    pub(crate) const UNKNOWN: Self = Self {
        kind: Kind::Unknown,
        absence: None,
    };

    /// A list of these.
    #[must_use]
    pub fn list(of: Self) -> Self {
        Kind::List(Box::new(of)).into()
    }

    /// A map with these fields.
    #[must_use]
    pub fn record<N: Into<Cow<'static, str>>>(fields: impl IntoIterator<Item = (N, Self)>) -> Self {
        let fields = fields.into_iter().map(|(name, of)| (name.into(), of)).collect();
        Kind::Record(Arc::new(Record { fields, meant: &[] })).into()
    }

    /// Always null, for this reason.
    #[must_use]
    pub fn null(reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: Kind::Null,
            absence: Some(Absence::Null(reason.into())),
        }
    }

    /// The same, but it can be null for this reason.
    #[must_use]
    pub fn or_null(self, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            absence: Some(Absence::Null(reason.into())),
            ..self
        }
    }

    /// The same, but it can be missing for this reason.
    #[must_use]
    pub fn or_missing(self, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            absence: Some(Absence::Missing(reason.into())),
            ..self
        }
    }

    /// The same, but it is there.
    pub(crate) fn present(self) -> Self {
        match self.kind {
            Kind::Null => self,
            kind => kind.into(),
        }
    }

    /// The type of the value as the next expression reads it: as JSON, in which times and durations are text.
    pub(crate) fn stored(self) -> Self {
        let kind = match self.kind {
            Kind::Time | Kind::Duration => Kind::Text,
            Kind::List(of) => Kind::List(Box::new(of.stored())),
            Kind::Record(record) => {
                let fields = record.fields.iter();
                Kind::Record(Arc::new(Record {
                    fields: fields.map(|(name, of)| (name.clone(), of.clone().stored())).collect(),
                    meant: record.meant,
                }))
            }
            kind => kind,
        };
        Self { kind, ..self }
    }

    /// The type of a value.
    pub(crate) fn of_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::null("it is null here"),
            Value::Bool(_) => Kind::Boolean.into(),
            Value::Number(number) if number.is_f64() => Kind::Number.into(),
            Value::Number(_) => Kind::Integer.into(),
            Value::String(_) => Kind::Text.into(),
            Value::Array(items) => Self::list(Self::any_of(items.iter().map(Self::of_value))),
            Value::Object(fields) => {
                Self::record(fields.iter().map(|(name, value)| (name.clone(), Self::of_value(value))))
            }
        }
    }

    /// The type of what an action gives.
    pub(crate) fn of_output(field: &Field) -> Self {
        let of = Self::of_field_kind(&field.kind);
        match field.optional {
            true => of.or_null(format!("it is null where there is none ({})", field.summary)),
            false => of,
        }
    }

    fn of_field_kind(kind: &FieldKind) -> Self {
        let record =
            |fields: &[Field]| Self::record(fields.iter().map(|field| (field.name.clone(), Self::of_output(field))));
        match kind {
            FieldKind::Integer | FieldKind::Count { .. } => Kind::Integer.into(),
            FieldKind::Number => Kind::Number.into(),
            FieldKind::Any => Self::UNKNOWN,
            FieldKind::Boolean => Kind::Boolean.into(),
            FieldKind::Ids(_) | FieldKind::Words(_) => Self::list(Kind::Text.into()),
            FieldKind::Map { .. } => Kind::Map.into(),
            FieldKind::List => Self::list(Self::UNKNOWN),
            FieldKind::Links { .. } => Self::list(record(&LINK)),
            FieldKind::Object(fields) => record(fields),
            FieldKind::Entries(fields) => Self::list(record(fields)),
            FieldKind::Text
            | FieldKind::Prose(_)
            | FieldKind::Key { .. }
            | FieldKind::Link
            | FieldKind::OneOf(_)
            | FieldKind::Integration
            | FieldKind::Name
            | FieldKind::Id(_)
            | FieldKind::UserEmail(_)
            | FieldKind::Length { .. }
            | FieldKind::Time
            | FieldKind::Url => Kind::Text.into(),
        }
    }

    /// The type of a value that has one of two types.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let absence = self.absence.clone().or_else(|| other.absence.clone());
        let kind = match (self.kind, other.kind) {
            (Kind::Null, kind) | (kind, Kind::Null) => kind,
            (one, other) if one == other => one,
            (Kind::Integer | Kind::Number, Kind::Integer | Kind::Number) => Kind::Number,
            (Kind::Words(one), Kind::Words(other)) => Kind::Words(one.and(&other)),
            (Kind::Text | Kind::Words(_), Kind::Text | Kind::Words(_)) => Kind::Text,
            (Kind::List(one), Kind::List(other)) => Kind::List(Box::new(one.or(*other))),
            (Kind::Record(one), Kind::Record(other)) => one.or(&other),
            _ => Kind::Unknown,
        };
        Self { kind, absence }
    }

    /// The type of a value that has one of these types; anything if there are none.
    pub(crate) fn any_of(types: impl IntoIterator<Item = Self>) -> Self {
        types.into_iter().reduce(Self::or).unwrap_or(Self::UNKNOWN)
    }

    /// The words for it, with an article.
    #[must_use]
    pub fn words(&self) -> Cow<'static, str> {
        match &self.kind {
            Kind::Unknown => "a value".into(),
            Kind::Null => "null".into(),
            Kind::Boolean => "true or false".into(),
            Kind::Integer => "a whole number".into(),
            Kind::Number => "a number".into(),
            Kind::Text | Kind::Words(_) => "text".into(),
            Kind::List(_) => "a list".into(),
            Kind::Record(_) | Kind::Map => "a map".into(),
            Kind::Time => "a time".into(),
            Kind::Duration => "a duration".into(),
        }
    }

    /// The check of a value against the type. Errors name the way to the value that does not fit.
    ///
    /// # Errors
    /// The way to what has another type, and what it should be.
    pub fn admits(&self, value: &Value) -> Result<(), String> {
        self.admits_at(value, "")
    }

    fn admits_at(&self, value: &Value, way: &str) -> Result<(), String> {
        let is_so = match (&self.kind, value) {
            (_, Value::Null) => matches!(self.kind, Kind::Unknown | Kind::Null) || self.absence.is_some(),
            (Kind::Unknown, _) | (Kind::Map, Value::Object(_)) => true,
            (Kind::Boolean, value) => value.is_boolean(),
            (Kind::Integer, value) => value.is_i64() || value.is_u64(),
            (Kind::Number, value) => value.is_number(),
            (Kind::Text, value) => value.is_string(),
            (Kind::Time, value) => value.as_str().is_some_and(|text| Time::read(text).is_ok()),
            (Kind::Duration, value) => value.as_str().is_some_and(|text| Duration::read(text).is_ok()),
            (Kind::Words(words), Value::String(word)) => words.known.iter().any(|known| known == word),
            (Kind::List(of), Value::Array(items)) => {
                let mut items = items.iter().enumerate();
                return items.try_for_each(|(index, item)| of.admits_at(item, &format!("{way}[{index}]")));
            }
            (Kind::Record(record), Value::Object(fields)) => {
                for name in fields.keys() {
                    if record.field(name).is_none() {
                        return Err(format!("{way}.{name} has no type"));
                    }
                }
                return record
                    .fields
                    .iter()
                    .try_for_each(|(name, of)| match fields.get(name.as_ref()) {
                        Some(value) => of.admits_at(value, &format!("{way}.{name}")),
                        None => Err(format!("{way}.{name} is missing")),
                    });
            }
            _ => false,
        };
        match is_so {
            true => Ok(()),
            false => Err(format!("{way} is {value}, but should be {}", self.words())),
        }
    }
}

impl Words {
    /// Words of ours.
    pub(crate) fn ours(known: &[&'static str]) -> Self {
        Self {
            known: known.iter().copied().map(Cow::Borrowed).collect(),
            are_ours: true,
        }
    }

    /// Words of a system.
    pub(crate) fn theirs(known: impl IntoIterator<Item = impl Into<Cow<'static, str>>>) -> Self {
        Self {
            known: known.into_iter().map(Into::into).collect(),
            are_ours: false,
        }
    }

    /// These and the others.
    fn and(mut self, other: &Self) -> Self {
        let more = other.known.iter().filter(|word| !self.known.contains(word));
        let more: Vec<_> = more.cloned().collect();
        self.known.extend(more);
        self.are_ours &= other.are_ours;
        self
    }
}

impl Record {
    /// The type of a value that is one of two maps: a field that only one of them has can be missing.
    fn or(&self, other: &Self) -> Kind {
        let mut fields: BTreeMap<Cow<'static, str>, Type> = BTreeMap::new();
        for (name, of) in &self.fields {
            let joined = match other.field(name) {
                Some(other) => of.clone().or(other.clone()),
                None => of.clone().or_missing("not every such map has it"),
            };
            fields.insert(name.clone(), joined);
        }
        for (name, of) in &other.fields {
            let missing = || of.clone().or_missing("not every such map has it");
            fields.entry(name.clone()).or_insert_with(missing);
        }
        // As the first has them, which is as people read them.
        let of_first = self.fields.iter().filter_map(|(name, _)| fields.remove_entry(name));
        let mut ordered: Vec<_> = of_first.collect();
        ordered.extend(fields);
        Kind::Record(Arc::new(Self {
            fields: ordered,
            meant: if self.meant.is_empty() { other.meant } else { self.meant },
        }))
    }
}

/// The type of the `error` of a result.
pub(crate) fn result_error() -> Type {
    let error = [("name", Kind::Text.into()), ("message", Kind::Text.into())];
    Type::record(error).or_null("only what failed has an error")
}

#[cfg(test)]
mod tests;
