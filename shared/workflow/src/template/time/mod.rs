//! Times and durations in expressions: `now`, `time(…)`, `duration(…)`, and what is done with them.
//!
//! Both have whole seconds, so that what is written and read back is the same. In an expression they are values of kinds of their own,
//! which are never compared with text or numbers; what an expression gives is JSON, and there they are text.
//!
//! The names of time zones and their rules come with the program, whatever the machine has: a Plan that is made again on another one
//! must give the same.
//!
//! # Layout
//! - `instant` — a time.
//! - `duration` — a length of time between two of them.
//! - `zone` — time zones.
//! - `format` — the text of a time as a person reads it.
//! - `business_hours` — hours of certain days.
//! - `operators` — sums, differences and comparisons.
//! - `functions` — the names by which expressions use all this.

mod business_hours;
mod duration;
mod format;
mod functions;
mod instant;
mod operators;
mod zone;

pub(crate) use business_hours::{Days, Hours, WEEKDAYS};
pub(crate) use duration::Duration;
pub(crate) use format::Format;
pub(super) use functions::prepare;
pub(crate) use instant::Time;
pub(super) use operators::{Comparison, Operator, compared, negated, operation};
pub(crate) use zone::Zone;

use minijinja::{Value, value::ValueKind};

/// The reason a time cannot be read, computed or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TimeError {
    #[error("{} is not a time; write it like 2026-11-30T08:00:00Z", shown(.text))]
    NotATime { text: String },
    #[error(
        "{} names no time zone; write it like 2026-11-30T08:00:00Z, or give the zone, as in \
         `time('2026-11-30T08:00', zone='Europe/Berlin')`", shown(.text)
    )]
    NoZone { text: String },
    #[error("{given} is not a time: a time is text like 2026-11-30T08:00:00Z, or a number of seconds since 1970")]
    NoTimeOf { given: &'static str },
    #[error(
        "{seconds} seconds since 1970 are outside of the years 0 to 9999; if they are milliseconds, divide by 1000"
    )]
    SecondsOutOfRange { seconds: String },
    #[error("the time is outside of the years 0 to 9999")]
    TimeOutOfRange,
    #[error("{} is not a duration; write it in whole seconds or more, like 30s, 15m, 1h30m or 2d", shown(.text))]
    NotADuration { text: String },
    #[error("{given} is not a duration: a duration is text like 30s, 15m, 1h30m or 2d")]
    NoDurationOf { given: &'static str },
    #[error("the duration is longer than 10,000 years")]
    DurationOutOfRange,
    #[error("unknown time zone {}; {hint}", shown(.name))]
    UnknownZone { name: String, hint: String },
    #[error("{} is not a range of hours; write it like 09:00-17:00", shown(.text))]
    NotHours { text: String },
    #[error("the range {} has no length; the whole day is 00:00-24:00", shown(.text))]
    NoHours { text: String },
    #[error("{} is not a day of the week; write days like mon-fri or mon,wed,sat-sun", shown(.text))]
    NotDays { text: String },
    #[error("the format {} cannot be used: {reason}; write it like `%Y-%m-%d %H:%M`", shown(.format))]
    Format { format: String, reason: String },
    #[error("the format has more than {most} characters")]
    LongFormat { most: usize },
    #[error("`{operator}` cannot be used with {left} and {right}; {advice}")]
    Operands {
        operator: &'static str,
        left: &'static str,
        right: &'static str,
        advice: &'static str,
    },
    #[error("{left} and {right} cannot be compared; {advice}")]
    Comparison {
        left: &'static str,
        right: &'static str,
        advice: &'static str,
    },
    #[error("{sought} can only be looked for in a list")]
    Membership { sought: &'static str },
    #[error("`-` cannot be used with a time alone; it takes a duration, or two times")]
    Negation,
    #[error("`{filter}` takes a time, but got {given}; make a time of text with `time(…)`")]
    NotForFilter { filter: &'static str, given: &'static str },
    #[error("`seconds` takes a duration, but got {given}")]
    NoSecondsOf { given: &'static str },
    #[error("`{name}` must be text, but is {given}")]
    Argument { name: &'static str, given: &'static str },
}

/// The beginning of a text, in quotes.
fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let beginning: String = text.chars().take(MOST).collect();
    let rest = if beginning.len() < text.len() { "…" } else { "" };
    format!("`{beginning}{rest}`")
}

/// What to do about values that are not of one kind.
pub(crate) const ONE_KIND: &str = "make a time of text with `time(…)`, write a duration as `duration('15m')`, and take the seconds of one with `| seconds`";

/// What `+` takes.
pub(crate) const SUMS: &str = "it takes a time and a duration, or two durations, such as `duration('15m')`";

/// What `-` takes.
pub(crate) const DIFFERENCES: &str =
    "it takes two times, a time and a duration, or two durations, such as `duration('15m')`";

/// What `*` takes.
pub(crate) const PRODUCTS: &str = "it takes a duration and a number";

/// A time or a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Temporal {
    Time(Time),
    Duration(Duration),
}

impl Temporal {
    /// The time or the duration that a value is.
    pub(super) fn of(value: &Value) -> Option<Self> {
        let time = value.downcast_object_ref::<Time>().copied().map(Self::Time);
        time.or_else(|| value.downcast_object_ref::<Duration>().copied().map(Self::Duration))
    }

    /// The words for it, with an article.
    fn words(self) -> &'static str {
        match self {
            Self::Time(_) => "a time",
            Self::Duration(_) => "a duration",
        }
    }
}

impl From<Temporal> for Value {
    fn from(temporal: Temporal) -> Self {
        match temporal {
            Temporal::Time(time) => Self::from_object(time),
            Temporal::Duration(duration) => Self::from_object(duration),
        }
    }
}

/// The words for a value, with an article.
fn words_of(value: &Value) -> &'static str {
    match (Temporal::of(value), value.kind()) {
        (Some(temporal), _) => temporal.words(),
        (None, ValueKind::None) => "null",
        (None, ValueKind::Bool) => "true or false",
        (None, ValueKind::Number) => "a number",
        (None, ValueKind::String) => "text",
        (None, ValueKind::Seq | ValueKind::Iterable) => "a list",
        (None, ValueKind::Map) => "a map",
        (None, _) => "something else",
    }
}

#[cfg(test)]
mod tests;
