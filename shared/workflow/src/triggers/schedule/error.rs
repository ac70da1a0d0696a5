//! What can be wrong with a schedule.

use super::Interval;
use crate::definition::Length;

/// The reason a text is not a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// A word for a whole expression.
    #[error("`{word}` is not taken; write {}", instead(*.meant))]
    Macro {
        word: String,
        /// The five fields that it stands for, if it stands for any.
        meant: Option<&'static str>,
    },
    /// An expression of EventBridge Scheduler or EventBridge.
    #[error("`{text}` is an expression of AWS; write {}", instead(None))]
    OfAws { text: String },
    /// Too few or too many fields.
    #[error("has {}, but must have 5: minute, hour, day of the month, month and day of the week, as in `0 9 * * mon-fri`{}",
        fields(*.count), of_more(*.count))]
    Fields { count: usize },
    /// A character that only other kinds of cron know.
    #[error("the {field} `{text}`: `{character}` is not taken; {}", of_character(*.character))]
    Character {
        field: &'static str,
        text: String,
        character: char,
    },
    /// No value.
    #[error("the {field} `{text}`: `{part}` is neither a number from {least} to {greatest}{}", .names)]
    NoValue {
        field: &'static str,
        text: String,
        part: String,
        least: u8,
        greatest: u8,
        /// What else it can be.
        names: &'static str,
    },
    /// A number that is too small or too great.
    #[error("the {field} `{text}`: {value} is out of range; it goes from {least} to {greatest}")]
    OutOfRange {
        field: &'static str,
        text: String,
        value: String,
        least: u8,
        greatest: u8,
    },
    /// A range that ends before it begins.
    #[error("the {field} `{text}`: the range `{range}` goes backwards; write the two parts of it, as in `{instead}`")]
    Backwards {
        field: &'static str,
        text: String,
        range: String,
        instead: String,
    },
    /// A step of no length, or that is not a number.
    #[error(
        "the {field} `{text}`: `{step}` is not a step; write a number from 1 to {greatest} after the `/`, as in `*/5`"
    )]
    Step {
        field: &'static str,
        text: String,
        step: String,
        greatest: u8,
    },
    /// A step from a single value.
    #[error("the {field} `{text}`: a step needs a range before it; write `{value}-{greatest}/{step}`")]
    StepOfValue {
        field: &'static str,
        text: String,
        value: String,
        step: String,
        greatest: u8,
    },
    /// Both days.
    #[error(
        "names a day of the month (`{of_month}`) and a day of the week (`{of_week}`); EventBridge Scheduler cannot say that. Write `*` for \
         one of them; for what is due on either, apply two workflows, and for what is due on both, ask in `if` for the other one"
    )]
    BothDays { of_month: String, of_week: String },
    /// A day that no month of it has.
    #[error("is never due: no month of it has a day {day}")]
    Never { day: u8 },
    /// Too many values.
    #[error(
        "takes {length} characters in the words of EventBridge Scheduler, which takes {most}; name fewer values, or apply two workflows"
    )]
    TooLong { length: usize, most: usize },
    /// An interval.
    #[error(
        "{length} is not taken; it must be whole minutes, from 1m to {}d",
        Interval::LONGEST_DAYS
    )]
    Interval { length: Length },
}

fn instead(meant: Option<&'static str>) -> String {
    match meant {
        Some(meant) => format!("`{meant}`"),
        None => "the five fields minute, hour, day of the month, month and day of the week, as in `0 9 * * mon-fri`"
            .to_owned(),
    }
}

fn fields(count: usize) -> String {
    match count {
        0 => "no fields".to_owned(),
        1 => "1 field".to_owned(),
        count => format!("{count} fields"),
    }
}

fn of_more(count: usize) -> &'static str {
    match count {
        6 | 7 => "; leave out seconds and years, which other kinds of cron have",
        _ => "",
    }
}

fn of_character(character: char) -> &'static str {
    match character {
        '?' => "write `*`",
        _ => "write the days as numbers or names",
    }
}
