//! Inputs and outputs, their types, and how a value is checked.

use super::{Pattern, Text, Thing, Unfit};
use crate::{
    definition::Length,
    ids::is_label,
    template::{
        Context, Template, TemplateError,
        time::{Duration, Time},
    },
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    sync::LazyLock,
};

/// The most ids or words that a list can have.
const LIST_ENTRIES: usize = 100;

/// The longest URL that is taken, in bytes.
const URL_BYTES: usize = 2048;

/// A link in a list of links. Without an address there is nothing to open; without a text people see the address.
pub static LINK: LazyLock<Vec<Field>> = LazyLock::new(|| {
    vec![
        Field::required("href", FieldKind::Link, "the address that it opens"),
        Field::optional("text", FieldKind::Text, "the words that people see").unfit(Unfit::LeaveOut),
    ]
});

/// An input or output of an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    pub name: Text,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// Of an input: whether it may be left out. Of an output: whether it can be null.
    #[serde(default, skip_serializing_if = "is_default")]
    pub optional: bool,
    /// The summary, in one line.
    pub summary: Text,
    /// The things whose names people may write in its place, if it is an input with their ids or e-mail addresses.
    #[serde(default, skip_serializing_if = "is_default")]
    pub names: Option<Thing>,
    /// Of an input: what becomes of a value that is known at run time only and does not fit.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unfit: Unfit,
    /// Of an input: what null means.
    #[serde(default, skip_serializing_if = "is_default")]
    pub null: OnNull,
    /// Of an input that is text: the form that it must have.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pattern: Option<Pattern>,
}

/// True if a value goes without saying.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The meaning of null in an input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnNull {
    /// It is not there.
    #[default]
    LeaveOut,
    /// The step fails. The input narrows what is listed: without it everything would be.
    Refuse,
}

/// The most that a text may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Longest {
    /// So many characters.
    Characters(usize),
    /// So many bytes in UTF-8.
    Bytes(usize),
    /// As many as a run has room for.
    Unlimited,
}

/// The type of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Any text.
    Text,
    /// Text that is not blank.
    Prose(Longest),
    /// A key by which a system takes several things for one: one line. A key in which an expression gives null counts as left out.
    Key {
        /// The longest, in bytes.
        longest: usize,
    },
    /// One of a few words.
    OneOf(Vec<Text>),
    /// A whole number.
    Integer,
    /// A number.
    Number,
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
    /// The id of a thing in this system: ASCII letters and digits.
    Id(Text),
    /// Ids of things in this system, 1 to 100.
    Ids(Text),
    /// The e-mail address by which a user logs in to this system.
    UserEmail(Text),
    /// Some of a few words, at least one.
    Words(Vec<Text>),
    /// A length of time such as `4h`, one second to at most this many seconds.
    Length {
        /// The longest, in seconds.
        longest: i64,
    },
    /// A time in RFC 3339. In a workflow an input may be relative to now: `-24h`, or a duration.
    Time,
    /// A URL that begins with `https://`.
    Url,
    /// A URL that begins with `https://` or `http://`.
    Link,
    /// Links for people: maps with `href` and `text`.
    Links {
        /// The most that there can be.
        most: usize,
    },
    /// A map with any fields.
    Map {
        /// True if it may be empty.
        may_be_empty: bool,
    },
    /// A list of anything.
    List,
    /// Any value at all.
    Any,
    /// A map with these fields.
    Object(Vec<Field>),
    /// A list of maps with these fields.
    Entries(Vec<Field>),
}

impl Field {
    /// A field that is always there.
    #[must_use]
    pub fn required(name: &'static str, kind: FieldKind, summary: impl Into<Text>) -> Self {
        Self {
            name: name.into(),
            kind,
            optional: false,
            summary: summary.into(),
            names: None,
            unfit: Unfit::default(),
            null: OnNull::default(),
            pattern: None,
        }
    }

    /// An input that may be left out, or an output that can be null.
    #[must_use]
    pub fn optional(name: &'static str, kind: FieldKind, summary: impl Into<Text>) -> Self {
        Self {
            optional: true,
            ..Self::required(name, kind, summary)
        }
    }

    /// The field, in which people may write the names of these things.
    #[must_use]
    pub fn naming(self, thing: Thing) -> Self {
        Self {
            names: Some(thing),
            ..self
        }
    }

    /// The field, which narrows what is listed: a null must not widen it.
    #[must_use]
    pub fn narrowing(self) -> Self {
        Self {
            null: OnNull::Refuse,
            ..self
        }
    }

    /// The field, with what becomes of a value that does not fit.
    #[must_use]
    pub fn unfit(self, unfit: Unfit) -> Self {
        Self { unfit, ..self }
    }

    /// Checks a value: its type, and its form.
    ///
    /// # Errors
    /// The end of a sentence that begins with the name of the field.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        self.kind.check(value)?;
        match (&self.pattern, value.as_str()) {
            (Some(pattern), Some(text)) if !pattern.is_match(text) => {
                Err(format!("is not of the form that it has: `{pattern}`"))
            }
            _ => Ok(()),
        }
    }

    /// True if the action does what is asked of it without the input: an expression that fails there stops nothing. A key is
    /// no decoration: without it, one thing would become two.
    #[must_use]
    pub fn only_decorates(&self) -> bool {
        self.optional && matches!(self.unfit, Unfit::LeaveOut | Unfit::Cut | Unfit::LeaveOutEntries)
    }
}

impl FieldKind {
    /// Checks a value.
    ///
    /// # Errors
    /// The end of a sentence that starts with the field's name.
    pub fn check(&self, value: &Value) -> Result<(), String> {
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
            Self::Text => of_type(text.is_some()),
            Self::Prose(longest) => match text {
                None => of_type(false),
                Some(text) if text.trim().is_empty() => Err("is empty".to_owned()),
                Some(text) if longest.takes(text) => Ok(()),
                Some(_) => Err(format!("is longer than {longest}")),
            },
            Self::Key { longest } => of_form(text.is_some_and(|text| is_key(text, *longest))),
            Self::Integer => of_type(value.is_i64() || value.is_u64()),
            Self::Number => of_type(value.is_number()),
            Self::Any => Ok(()),
            Self::Boolean => of_type(value.is_boolean()),
            Self::List => of_type(value.is_array()),
            Self::Map { may_be_empty } => match value {
                Value::Object(fields) if fields.is_empty() && !*may_be_empty => {
                    Err("is empty; it must have at least one field".to_owned())
                }
                value => of_type(value.is_object()),
            },
            Self::Count { most } => of_form(
                value
                    .as_u64()
                    .is_some_and(|count| (1..=u64::from(*most)).contains(&count)),
            ),
            Self::Integration | Self::Name => of_form(text.is_some_and(is_label)),
            Self::Id(_) => of_form(text.is_some_and(is_plain_id)),
            Self::UserEmail(_) => of_form(text.is_some_and(is_email)),
            Self::Url => of_form(text.is_some_and(|text| is_url(text, &["https://"]))),
            Self::Link => of_form(text.is_some_and(|text| is_url(text, &["https://", "http://"]))),
            Self::Time => match text {
                Some(text) if text.parse::<Timestamp>().is_ok() => Ok(()),
                Some(text) if Duration::from_now(text).is_some() => Err(
                    "is relative to now, which only a step of a workflow can be; give a time in RFC 3339, such as \
                     `2027-01-31T09:00:00Z`"
                        .to_owned(),
                ),
                Some(text) if Duration::from_now(&format!("+{text}")).is_some() => Err(format!(
                    "has no sign; write `-{text}` for a time before now, or `+{text}` for one after it"
                )),
                _ => of_form(false),
            },
            Self::OneOf(words) => match text {
                Some(word) if words.iter().any(|known| known == word) => Ok(()),
                Some(word) => Err(format!("must be {}{}", self.wanted(), did_you_mean(word, words))),
                None => of_type(false),
            },
            Self::Length { longest } => {
                let length = text.map(Length::parse);
                match length {
                    Some(Ok(length)) => of_form(length.duration().as_secs() <= *longest),
                    _ => of_form(false),
                }
            }
            Self::Ids(system) => {
                check_list(value, &Self::Id(system.clone())).map_err(|problem| self.not_a_list(problem))
            }
            Self::Words(words) => {
                check_list(value, &Self::OneOf(words.clone())).map_err(|problem| self.not_a_list(problem))
            }
            Self::Links { most } if value.as_array().is_some_and(|links| links.len() > *most) => {
                Err(format!("has more than {most} entries"))
            }
            Self::Links { .. } => check_entries(&LINK, value),
            Self::Entries(fields) => check_entries(fields, value),
            Self::Object(fields) => check_object(fields, value),
        }
    }

    /// The result of a template, as the type has it.
    ///
    /// # Errors
    /// As [`Template::evaluate`].
    pub fn render(&self, template: &Template, context: &Context) -> Result<Value, TemplateError> {
        match self {
            Self::Key { .. } => Ok(template.evaluate_key(context)?.map_or(Value::Null, Value::String)),
            Self::Time => Ok(self.absolute(template.evaluate_time(context)?, context.now())),
            kind => Ok(kind.absolute(kind.from_rendered(template.evaluate(context)?), context.now())),
        }
    }

    /// Checks a value that is written in a definition: in it, times may be relative to now.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub(crate) fn check_written(&self, value: Value) -> Result<(), String> {
        self.check(&self.absolute(value, Time::of_clock(Timestamp::UNIX_EPOCH)))
    }

    /// The value with times in the place of those that are relative to now, such as `-24h`.
    fn absolute(&self, value: Value, now: Time) -> Value {
        match (self, value) {
            (Self::Time, Value::String(text)) => {
                let time = Duration::from_now(&text).and_then(|duration| now.plus(duration).ok());
                Value::String(time.map_or(text, |time| time.to_string()))
            }
            (Self::Object(fields), Value::Object(given)) => {
                let given = given.into_iter().map(|(name, value)| {
                    let value = match fields.iter().find(|field| field.name == name.as_str()) {
                        Some(field) => field.kind.absolute(value, now),
                        None => value,
                    };
                    (name, value)
                });
                Value::Object(given.collect())
            }
            (Self::Entries(fields), Value::Array(entries)) => {
                let of_entries = Self::Object(fields.clone());
                entries
                    .into_iter()
                    .map(|entry| of_entries.absolute(entry, now))
                    .collect()
            }
            (_, value) => value,
        }
    }

    /// What a template gave, as the type has it where there is only one way to take it: `title: "{{ item }}"` is text to
    /// its author whatever the item is, and `limit: "{{ a }}{{ b }}"` a number.
    ///
    /// Null counts as left out: a field of a map, and an entry of a list whose entries are of one type. So
    /// `users: ["{{ vars.first }}", "{{ vars.second }}"]` may be one user. In free lists and maps it stays.
    #[must_use]
    pub fn from_rendered(&self, value: Value) -> Value {
        match (self, value) {
            (Self::Text | Self::Prose(_) | Self::Key { .. }, value @ (Value::Number(_) | Value::Bool(_))) => {
                Value::String(value.to_string())
            }
            (Self::Integer | Self::Count { .. }, Value::String(text)) => match text.trim().parse::<i64>() {
                Ok(number) => number.into(),
                Err(_) => Value::String(text),
            },
            (Self::Number, Value::String(text)) => match text.trim().parse::<serde_json::Number>() {
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
                    let value = match fields.iter().find(|field| field.name == name.as_str()) {
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
    pub fn of_entries(&self) -> Option<Self> {
        match self {
            Self::Ids(system) => Some(Self::Id(system.clone())),
            Self::Words(words) => Some(Self::OneOf(words.clone())),
            Self::Entries(fields) => Some(Self::Object(fields.clone())),
            Self::Links { .. } => Some(Self::Object(LINK.clone())),
            _ => None,
        }
    }

    /// True if it is a list, the entries of which have no names.
    #[must_use]
    pub fn is_list(&self) -> bool {
        matches!(
            self,
            Self::List | Self::Ids(_) | Self::Words(_) | Self::Entries(_) | Self::Links { .. }
        )
    }

    /// True if a value of it has nothing in it that an expression could name.
    #[must_use]
    pub fn is_single(&self) -> bool {
        !self.is_list() && !matches!(self, Self::Map { .. } | Self::Object(_) | Self::Any)
    }

    /// The type in words, with an article and an example where that helps.
    pub(crate) fn wanted(&self) -> String {
        match self {
            Self::Text | Self::Prose(_) => "text".to_owned(),
            Self::Key { longest } => format!(
                "a key of 1 to {longest} bytes, without line breaks and control characters, and without spaces at its ends"
            ),
            Self::Integer => "a whole number".to_owned(),
            Self::Number => "a number".to_owned(),
            Self::Any => "a value".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::List => "a list".to_owned(),
            Self::Map { .. } | Self::Object(_) => "a map".to_owned(),
            Self::Entries(_) | Self::Links { .. } => "a list of maps".to_owned(),
            Self::Count { most } if *most == u32::MAX => "a whole number from 1 on".to_owned(),
            Self::Count { most } => format!("a whole number from 1 to {most}"),
            Self::Integration => "the alias of an integration, such as `prod`".to_owned(),
            Self::Name => "a name such as `checkout`: lower-case letters, digits and '-'".to_owned(),
            Self::Id(system) => {
                format!("the id of a thing in {system}, such as `PWIXJZS`: letters and digits only")
            }
            Self::Ids(system) => {
                format!("a list of ids of things in {system}, 1 to {LIST_ENTRIES}, such as `[PWIXJZS]`")
            }
            Self::UserEmail(system) => format!("the e-mail address by which a user logs in to {system}"),
            Self::Url => "a URL that begins with `https://`".to_owned(),
            Self::Link => "a URL that begins with `https://` or `http://`".to_owned(),
            Self::Time => {
                "a time in RFC 3339, such as `2027-01-31T09:00:00Z`, or one relative to now, such as `-24h` or `+30m`"
                    .to_owned()
            }
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
            Self::Words(words) => format!("a list of some of {}", words.join(", ")),
            Self::Length { longest } => {
                let longest = Length::from_seconds(*longest).map_or_else(String::new, |length| length.to_string());
                format!("a length of time such as 30m or 4h, from 1s to {longest}")
            }
        }
    }

    fn not_a_list(&self, problem: ListProblem) -> String {
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

fn check_entries(fields: &[Field], value: &Value) -> Result<(), String> {
    let Value::Array(items) = value else {
        return Err(format!("is {}, but must be a list of maps", type_of(value)));
    };
    items.iter().enumerate().try_for_each(|(index, item)| {
        let checked = check_object(fields, item);
        checked.map_err(|problem| format!("has an entry {index} that {problem}"))
    })
}

pub(super) fn check_object(fields: &[Field], value: &Value) -> Result<(), String> {
    let Value::Object(given) = value else {
        return Err(format!("is {}, but must be a map", type_of(value)));
    };
    match problems_of(fields, given) {
        problems if problems.is_empty() => Ok(()),
        problems => Err(format!("has problems: {}", problems.join("; "))),
    }
}

fn check_list(value: &Value, of: &FieldKind) -> Result<(), ListProblem> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if items.is_empty() || items.len() > LIST_ENTRIES {
        return Err(ListProblem::OfList);
    }
    items.iter().enumerate().try_for_each(|(index, item)| {
        let checked = of.check(item);
        checked.map_err(|problem| ListProblem::OfEntry(index, problem))
    })
}

/// The problems of the fields of a map.
fn problems_of(known: &[Field], given: &Map<String, Value>) -> Vec<String> {
    let missing = known
        .iter()
        .filter(|field| !field.optional && given.get(&*field.name).is_none_or(Value::is_null))
        .map(|field| format!("`{}` is missing: {}", field.name, field.summary));
    let wrong = given.iter().filter_map(
        |(name, value)| match known.iter().find(|field| field.name == name.as_str()) {
            None => Some(unknown_field(name, known.iter().map(|field| &*field.name))),
            Some(_) if value.is_null() => None,
            Some(field) => field
                .kind
                .check(value)
                .err()
                .map(|problem| format!("`{name}` {problem}")),
        },
    );
    missing.chain(wrong).collect()
}

impl fmt::Display for FieldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text | Self::Prose(Longest::Unlimited) => f.write_str("text"),
            Self::Prose(longest) => write!(f, "text of at most {longest}"),
            Self::Key { longest } => write!(f, "key of at most {longest} bytes"),
            Self::OneOf(words) => f.write_str(&words.join(", ")),
            Self::Integer => f.write_str("whole number"),
            Self::Number => f.write_str("number"),
            Self::Any => f.write_str("any value"),
            Self::Count { most } if *most == u32::MAX => f.write_str("whole number from 1 on"),
            Self::Count { most } => write!(f, "whole number from 1 to {most}"),
            Self::Boolean => f.write_str("true or false"),
            Self::Integration => f.write_str("integration alias"),
            Self::Name => f.write_str("name"),
            Self::Id(system) => write!(f, "{system} id"),
            Self::Ids(system) => write!(f, "list of {system} ids"),
            Self::UserEmail(_) => f.write_str("e-mail address"),
            Self::Words(words) => write!(f, "list of {}", words.join(", ")),
            Self::Length { .. } => f.write_str("length of time"),
            Self::Time => f.write_str("time"),
            Self::Url => f.write_str("https URL"),
            Self::Link => f.write_str("https or http URL"),
            Self::Links { most } => write!(f, "list of at most {most} links"),
            Self::Map { .. } | Self::Object(_) => f.write_str("map"),
            Self::List => f.write_str("list"),
            Self::Entries(_) => f.write_str("list of maps"),
        }
    }
}

/// True if a text can be an id that is safe in a path or a query as it stands.
fn is_plain_id(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// True if a text can be sent as the From header: one `@` with something on each side, and printable ASCII only.
fn is_email(text: &str) -> bool {
    text.len() <= 254
        && text.bytes().all(|b| b.is_ascii_graphic())
        && matches!(text.split_once('@'), Some((user, host)) if !user.is_empty() && !host.is_empty() && !host.contains('@'))
}

/// True if a text is kept as a key just as it is, so that it is found again.
fn is_key(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && text.trim() == text && !text.contains(char::is_control)
}

/// True if a text is a URL that people can be sent to: of one of these schemes, with a host, and without spaces.
fn is_url(text: &str, schemes: &[&str]) -> bool {
    let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
    let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    text.len() <= URL_BYTES
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
        && authority.is_some_and(is_authority)
}

/// True if a text is the host of a URL, with a port where it names one.
fn is_authority(text: &str) -> bool {
    let text = text.rsplit_once('@').map_or(text, |(_, host)| host);
    let is_port =
        |port: &str| port.is_empty() || (port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok());
    if let Some((address, rest)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        let port = rest.strip_prefix(':').unwrap_or(rest);
        return address.parse::<Ipv6Addr>().is_ok() && (rest.is_empty() || rest.starts_with(':')) && is_port(port);
    }
    let (host, port) = text.split_once(':').unwrap_or((text, ""));
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    // A name does not end in a number; what does is an address.
    let is_address = last.starts_with("0x") || last.bytes().all(|b| b.is_ascii_digit());
    host.starts_with(char::is_alphanumeric)
        && host.chars().all(is_of_name)
        && (!is_address || host.parse::<Ipv4Addr>().is_ok())
        && is_port(port)
}

impl Longest {
    /// True if a text is short enough.
    pub(super) fn takes(self, text: &str) -> bool {
        match self {
            Self::Characters(most) => text.chars().nth(most).is_none(),
            Self::Bytes(most) => text.len() <= most,
            Self::Unlimited => true,
        }
    }
}

impl fmt::Display for Longest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Characters(most) => write!(f, "{most} characters"),
            Self::Bytes(most) => write!(f, "{most} bytes"),
            Self::Unlimited => f.write_str("there is room for"),
        }
    }
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
#[must_use]
pub fn unknown_field<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let shown: String = name.chars().take(80).collect();
    match nearest(name, known.clone()) {
        Some(near) => format!("`{shown}` is not known; did you mean `{near}`?"),
        None => format!(
            "`{shown}` is not known; known are {}",
            known.collect::<Vec<_>>().join(", ")
        ),
    }
}

fn did_you_mean(word: &str, words: &[Text]) -> String {
    match nearest(word, words.iter().map(|word| &**word)) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => String::new(),
    }
}

/// The known words that are most like `word`, as a question, each with what is shown for it. It is for words of which there are too many
/// to list.
pub(crate) fn nearest_three<'a>(word: &str, known: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut alike: Vec<(f64, &str)> = known
        .map(|(candidate, shown)| (strsim::jaro_winkler(word, candidate), shown))
        .collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0));
    did_you_mean_one_of(alike.into_iter().map(|(_, shown)| shown))
}

/// As [`nearest_three`], of words of a few letters: what counts is the number of letters that are wrong, or stand in each other's place.
pub(crate) fn nearest_three_short<'a>(word: &str, known: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut alike: Vec<(usize, &str)> = known
        .map(|(candidate, shown)| (strsim::osa_distance(word, candidate), shown))
        .collect();
    alike.sort_by_key(|(distance, _)| *distance);
    did_you_mean_one_of(alike.into_iter().map(|(_, shown)| shown))
}

/// A question with the first three.
fn did_you_mean_one_of<'a>(alike: impl Iterator<Item = &'a str>) -> String {
    let alike: Vec<String> = alike.take(3).map(|candidate| format!("`{candidate}`")).collect();
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
