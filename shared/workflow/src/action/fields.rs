//! Inputs and outputs, their types, and how a value is checked.

use super::Thing;
use crate::{
    definition::Length,
    ids::is_label,
    template::{Context, Template, TemplateError},
};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::fmt;

/// The most ids or words that a list may have. PagerDuty's own bounds of such lists are higher, or not documented.
const LIST_ENTRIES: usize = 100;

/// The longest URL that is taken, in bytes.
const URL_BYTES: usize = 2048;

/// An input or output of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: FieldKind,
    /// Of an input: whether it may be left out. Of an output: whether it can be null.
    pub optional: bool,
    /// What it is, in one line.
    pub summary: &'static str,
    /// The things whose names people may write in its place, if it is an input with their ids or e-mail addresses.
    pub names: Option<Thing>,
}

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Any text.
    Text,
    /// Text by which PagerDuty takes things for one. One in which an expression gives null counts as left out.
    Key,
    /// One of a few words.
    OneOf(&'static [&'static str]),
    /// A whole number.
    Integer,
    /// A whole number from 1 to at most this.
    Count {
        /// The largest.
        most: u32,
    },
    /// True or false.
    Boolean,
    /// The alias of an integration.
    Integration,
    /// The name under which an integration keeps something.
    Name,
    /// The id of a thing in PagerDuty: ASCII letters and digits.
    PagerDutyId,
    /// Ids of things in PagerDuty, 1 to 100.
    PagerDutyIds,
    /// The e-mail address by which a user logs in to PagerDuty.
    UserEmail,
    /// Some of a few words, at least one.
    Words(&'static [&'static str]),
    /// A length of time such as `4h`, one second to at most this many seconds.
    Length {
        /// The longest, in seconds.
        longest: i64,
    },
    /// A time in RFC 3339.
    Time,
    /// A URL that begins with `https://`.
    Url,
    /// A map with any fields.
    Map {
        /// Whether it may be empty.
        may_be_empty: bool,
    },
    /// A list of anything.
    List,
    /// A map with these fields.
    Object(&'static [Field]),
    /// A list of maps with these fields.
    Entries(&'static [Field]),
}

impl Field {
    pub(super) const fn required(name: &'static str, kind: FieldKind, summary: &'static str) -> Self {
        Self {
            name,
            kind,
            optional: false,
            summary,
            names: None,
        }
    }

    pub(super) const fn optional(name: &'static str, kind: FieldKind, summary: &'static str) -> Self {
        Self {
            name,
            kind,
            optional: true,
            summary,
            names: None,
        }
    }

    /// The field, in which people may write the names of these things.
    pub(super) const fn naming(self, thing: Thing) -> Self {
        Self {
            names: Some(thing),
            ..self
        }
    }
}

impl FieldKind {
    /// Checks a value.
    ///
    /// # Errors
    /// The end of a sentence that starts with the field's name.
    pub fn check(self, value: &Value) -> Result<(), String> {
        let text = value.as_str();
        let of_type = |is_so: bool| match is_so {
            true => Ok(()),
            false => Err(format!("is {}, but must be {}", type_of(value), self.wanted())),
        };
        let of_form = |is_so: bool| match is_so {
            true => Ok(()),
            false => Err(format!("must be {}", self.wanted())),
        };
        match self {
            Self::Text | Self::Key => of_type(text.is_some()),
            Self::Integer => of_type(value.is_i64() || value.is_u64()),
            Self::Boolean => of_type(value.is_boolean()),
            Self::List => of_type(value.is_array()),
            Self::Map { may_be_empty } => match value {
                Value::Object(fields) if fields.is_empty() && !may_be_empty => {
                    Err("is empty; it must have at least one field".to_owned())
                }
                value => of_type(value.is_object()),
            },
            Self::Count { most } => of_form(
                value
                    .as_u64()
                    .is_some_and(|count| (1..=u64::from(most)).contains(&count)),
            ),
            Self::Integration | Self::Name => of_form(text.is_some_and(is_label)),
            Self::PagerDutyId => of_form(text.is_some_and(is_pagerduty_id)),
            Self::UserEmail => of_form(text.is_some_and(is_email)),
            Self::Url => of_form(text.is_some_and(is_url)),
            Self::Time => of_form(text.is_some_and(|text| text.parse::<Timestamp>().is_ok())),
            Self::OneOf(words) => match text {
                Some(word) if words.contains(&word) => Ok(()),
                Some(word) => Err(format!("must be {}{}", self.wanted(), did_you_mean(word, words))),
                None => of_type(false),
            },
            Self::Length { longest } => {
                let length = text.map(Length::parse);
                match length {
                    Some(Ok(length)) => of_form(length.duration().as_secs() <= longest),
                    _ => of_form(false),
                }
            }
            Self::PagerDutyIds => check_list(value, Self::PagerDutyId).map_err(|problem| self.not_a_list(problem)),
            Self::Words(words) => check_list(value, Self::OneOf(words)).map_err(|problem| self.not_a_list(problem)),
            Self::Entries(fields) => {
                let items = value.as_array();
                of_type(items.is_some())?;
                items.into_iter().flatten().enumerate().try_for_each(|(index, item)| {
                    let checked = Self::Object(fields).check(item);
                    checked.map_err(|problem| format!("has an entry {index} that {problem}"))
                })
            }
            Self::Object(fields) => {
                let Value::Object(given) = value else {
                    return of_type(false);
                };
                match problems_of(fields, given) {
                    problems if problems.is_empty() => Ok(()),
                    problems => Err(format!("has problems: {}", problems.join("; "))),
                }
            }
        }
    }

    /// What a template gives, as the type has it.
    ///
    /// # Errors
    /// As [`Template::evaluate`].
    pub fn render(self, template: &Template, context: &Context) -> Result<Value, TemplateError> {
        match self {
            Self::Key => Ok(template.evaluate_key(context)?.map_or(Value::Null, Value::String)),
            kind => Ok(kind.from_rendered(template.evaluate(context)?)),
        }
    }

    /// What a template gave, as the type has it where there is only one way to take it: `title: "{{ item }}"` is text to
    /// its author whatever the item is, and `limit: "{{ a }}{{ b }}"` a number.
    ///
    /// Null counts as left out: a field of a map, and an entry of a list whose entries are of one type. So
    /// `users: ["{{ vars.first }}", "{{ vars.second }}"]` may be one user. In free lists and maps it stays.
    fn from_rendered(self, value: Value) -> Value {
        match (self, value) {
            (Self::Text, value @ (Value::Number(_) | Value::Bool(_))) => Value::String(value.to_string()),
            (Self::Integer | Self::Count { .. }, Value::String(text)) => match text.trim().parse::<i64>() {
                Ok(number) => number.into(),
                Err(_) => Value::String(text),
            },
            (Self::Boolean, Value::String(text)) => match text.trim() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => Value::String(text),
            },
            (kind, Value::Array(entries)) => match kind.of_entries() {
                Some(of_entries) => {
                    let entries = entries.into_iter().filter(|entry| !entry.is_null());
                    entries.map(|entry| of_entries.from_rendered(entry)).collect()
                }
                None => Value::Array(entries),
            },
            (Self::Object(fields), Value::Object(given)) => given
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| {
                    let value = match fields.iter().find(|field| field.name == name) {
                        Some(field) => field.kind.from_rendered(value),
                        None => value,
                    };
                    (name, value)
                })
                .collect(),
            (_, value) => value,
        }
    }

    /// The type of what is in it, if it is a list whose entries are all of one type.
    #[must_use]
    pub fn of_entries(self) -> Option<Self> {
        match self {
            Self::PagerDutyIds => Some(Self::PagerDutyId),
            Self::Words(words) => Some(Self::OneOf(words)),
            Self::Entries(fields) => Some(Self::Object(fields)),
            _ => None,
        }
    }

    /// Whether it is a list, the entries of which have no names.
    #[must_use]
    pub fn is_list(self) -> bool {
        matches!(
            self,
            Self::List | Self::PagerDutyIds | Self::Words(_) | Self::Entries(_)
        )
    }

    /// Whether a value of it has nothing in it that an expression could name.
    #[must_use]
    pub fn is_single(self) -> bool {
        !self.is_list() && !matches!(self, Self::Map { .. } | Self::Object(_))
    }

    /// The type in words, with an article and an example where that helps.
    pub(crate) fn wanted(self) -> String {
        match self {
            Self::Text | Self::Key => "text".to_owned(),
            Self::Integer => "a whole number".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::List => "a list".to_owned(),
            Self::Map { .. } | Self::Object(_) => "a map".to_owned(),
            Self::Entries(_) => "a list of maps".to_owned(),
            Self::Count { most: u32::MAX } => "a whole number from 1 on".to_owned(),
            Self::Count { most } => format!("a whole number from 1 to {most}"),
            Self::Integration => "the alias of an integration, such as `prod`".to_owned(),
            Self::Name => "a name such as `checkout`: lower-case letters, digits and '-'".to_owned(),
            Self::PagerDutyId => {
                "the id of a thing in PagerDuty, such as `PWIXJZS`: letters and digits only".to_owned()
            }
            Self::PagerDutyIds => {
                format!("a list of ids of things in PagerDuty, 1 to {LIST_ENTRIES}, such as `[PWIXJZS]`")
            }
            Self::UserEmail => "the e-mail address by which a user logs in to PagerDuty".to_owned(),
            Self::Url => "a URL that begins with `https://`".to_owned(),
            Self::Time => "a time in RFC 3339, such as `2027-01-31T09:00:00Z`".to_owned(),
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
            Self::Words(words) => format!("a list of some of {}", words.join(", ")),
            Self::Length { longest } => {
                let longest = Length::from_seconds(longest).map_or_else(String::new, |length| length.to_string());
                format!("a length of time such as 30m or 4h, from 1s to {longest}")
            }
        }
    }

    fn not_a_list(self, problem: ListProblem) -> String {
        match problem {
            ListProblem::OfList => format!("must be {}", self.wanted()),
            ListProblem::OfEntry(index, problem) => format!("has an entry {index} that {problem}"),
        }
    }
}

enum ListProblem {
    OfList,
    /// The index of the entry, from 0, and the end of a sentence.
    OfEntry(usize, String),
}

fn check_list(value: &Value, of: FieldKind) -> Result<(), ListProblem> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if items.is_empty() || items.len() > LIST_ENTRIES {
        return Err(ListProblem::OfList);
    }
    items.iter().enumerate().try_for_each(|(index, item)| {
        let checked = of.check(item);
        checked.map_err(|problem| ListProblem::OfEntry(index, problem))
    })
}

/// What is wrong with the fields of a map.
fn problems_of(known: &'static [Field], given: &Map<String, Value>) -> Vec<String> {
    let missing = known
        .iter()
        .filter(|field| !field.optional && given.get(field.name).is_none_or(Value::is_null))
        .map(|field| format!("`{}` is missing: {}", field.name, field.summary));
    let wrong = given
        .iter()
        .filter_map(|(name, value)| match known.iter().find(|field| field.name == name) {
            None => Some(unknown_field(name, known.iter().map(|field| field.name))),
            Some(_) if value.is_null() => None,
            Some(field) => field
                .kind
                .check(value)
                .err()
                .map(|problem| format!("`{name}` {problem}")),
        });
    missing.chain(wrong).collect()
}

impl fmt::Display for FieldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Key => f.write_str("key"),
            Self::OneOf(words) => f.write_str(&words.join(", ")),
            Self::Integer => f.write_str("whole number"),
            Self::Count { most: u32::MAX } => f.write_str("whole number from 1 on"),
            Self::Count { most } => write!(f, "whole number from 1 to {most}"),
            Self::Boolean => f.write_str("true or false"),
            Self::Integration => f.write_str("integration alias"),
            Self::Name => f.write_str("name"),
            Self::PagerDutyId => f.write_str("PagerDuty id"),
            Self::PagerDutyIds => f.write_str("list of PagerDuty ids"),
            Self::UserEmail => f.write_str("e-mail address"),
            Self::Words(words) => write!(f, "list of {}", words.join(", ")),
            Self::Length { .. } => f.write_str("length of time"),
            Self::Time => f.write_str("time"),
            Self::Url => f.write_str("https URL"),
            Self::Map { .. } | Self::Object(_) => f.write_str("map"),
            Self::List => f.write_str("list"),
            Self::Entries(_) => f.write_str("list of maps"),
        }
    }
}

/// Whether a text can be the id of a thing in PagerDuty. Old ids have 7 characters and start with P, newer ones 14 and
/// start with Q; PagerDuty says no more of their form, so neither is asked for.
fn is_pagerduty_id(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Whether a text can be sent as the From header: one `@` with something on each side, and printable ASCII only.
fn is_email(text: &str) -> bool {
    text.len() <= 254
        && text.bytes().all(|b| b.is_ascii_graphic())
        && matches!(text.split_once('@'), Some((user, host)) if !user.is_empty() && !host.is_empty() && !host.contains('@'))
}

/// Whether a text is a URL that people can be sent to: of HTTPS, with a host, and without spaces.
fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").unwrap_or_default();
    text.len() <= URL_BYTES
        && rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
        && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// The type of a value, in words with an article.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// Says that a field is not known, with the nearest known one.
pub(crate) fn unknown_field<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let shown: String = name.chars().take(80).collect();
    match nearest(name, known.clone()) {
        Some(near) => format!("`{shown}` is not known; did you mean `{near}`?"),
        None => format!(
            "`{shown}` is not known; known are {}",
            known.collect::<Vec<_>>().join(", ")
        ),
    }
}

fn did_you_mean(word: &str, words: &[&str]) -> String {
    match nearest(word, words.iter().copied()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => String::new(),
    }
}

/// The known words that are most like `word`, as a question. It is for words of which there are too many to list.
pub(crate) fn nearest_three<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let mut alike: Vec<(f64, &str)> = known
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0));
    let alike: Vec<String> = alike
        .iter()
        .take(3)
        .map(|(_, candidate)| format!("`{candidate}`"))
        .collect();
    match alike.as_slice() {
        [before @ .., last] if !before.is_empty() => format!("did you mean {} or {last}?", before.join(", ")),
        all => format!("did you mean {}?", all.concat()),
    }
}

/// The known word that `word` was probably meant to be.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const ALIKE: f64 = 0.8;
    known
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests;
