//! Cron expressions of five fields, as crontab(5) has them: `0 9 * * mon-fri`.

use super::{ScheduleError, set::Set};
use std::{fmt, ops::RangeInclusive};

/// The names of months.
const MONTHS: &[(&str, u8)] = &[
    ("jan", 1),
    ("feb", 2),
    ("mar", 3),
    ("apr", 4),
    ("may", 5),
    ("jun", 6),
    ("jul", 7),
    ("aug", 8),
    ("sep", 9),
    ("oct", 10),
    ("nov", 11),
    ("dec", 12),
];

/// The names of the days of the week.
const WEEKDAYS: &[(&str, u8)] = &[
    ("sun", 0),
    ("mon", 1),
    ("tue", 2),
    ("wed", 3),
    ("thu", 4),
    ("fri", 5),
    ("sat", 6),
];

/// Sunday, as the last day of a week.
const LAST_SUNDAY: u8 = 7;

/// The words that stand for a whole expression elsewhere.
const MACROS: &[(&str, &str)] = &[
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// The days of each month in a leap year.
const DAYS_OF_MONTHS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// A cron expression that is due at some time, and that EventBridge Scheduler can say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    /// The text of its author, with one space between two fields.
    text: String,
    pub(super) minutes: Set,
    pub(super) hours: Set,
    pub(super) days: Days,
    pub(super) months: Set,
}

/// The days of a cron expression. Classic cron takes days of the month and of the week together and means either, which EventBridge
/// Scheduler cannot say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Days {
    Every,
    /// From 1 to 31.
    OfMonth(Set),
    /// From 0, which is Sunday, to 6.
    OfWeek(Set),
}

/// A field of a cron expression.
struct Field {
    /// Its name, for messages.
    name: &'static str,
    range: RangeInclusive<u8>,
    names: &'static [(&'static str, u8)],
    /// The names, for messages.
    or_names: &'static str,
}

const MINUTE: Field = Field {
    name: "minute",
    range: 0..=59,
    names: &[],
    or_names: " nor `*`",
};
const HOUR: Field = Field {
    name: "hour",
    range: 0..=23,
    names: &[],
    or_names: " nor `*`",
};
const DAY_OF_MONTH: Field = Field {
    name: "day of the month",
    range: 1..=31,
    names: &[],
    or_names: " nor `*`",
};
const MONTH: Field = Field {
    name: "month",
    range: 1..=12,
    names: MONTHS,
    or_names: ", nor one of jan to dec, nor `*`",
};
const DAY_OF_WEEK: Field = Field {
    name: "day of the week",
    range: 0..=LAST_SUNDAY,
    names: WEEKDAYS,
    or_names: ", nor one of sun to sat, nor `*`",
};

impl Cron {
    /// Reads an expression of five fields.
    ///
    /// # Errors
    /// What is wrong with it, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let text = text.trim().to_lowercase();
        if text.starts_with('@') {
            let meant = MACROS.iter().find(|(word, _)| *word == text).map(|(_, meant)| *meant);
            return Err(ScheduleError::Macro {
                word: short(&text),
                meant,
            });
        }
        if ["cron(", "rate(", "at("].iter().any(|start| text.starts_with(start)) {
            return Err(ScheduleError::OfAws { text: short(&text) });
        }
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day_of_month, month, day_of_week] = fields.as_slice() else {
            return Err(ScheduleError::Fields { count: fields.len() });
        };
        let minutes = MINUTE.read(minute)?;
        let hours = HOUR.read(hour)?;
        let of_month = DAY_OF_MONTH.read(day_of_month)?;
        let months = MONTH.read(month)?;
        let of_week = days_of_week(DAY_OF_WEEK.read(day_of_week)?);
        let days = match (*day_of_month, *day_of_week) {
            ("*", "*") => Days::Every,
            ("*", _) if of_week.has_all(0..=6) => Days::Every,
            ("*", _) => Days::OfWeek(of_week),
            (_, "*") if of_month.has_all(1..=31) => Days::Every,
            (_, "*") => Days::OfMonth(of_month),
            _ => {
                return Err(ScheduleError::BothDays {
                    of_month: short(day_of_month),
                    of_week: short(day_of_week),
                });
            }
        };
        let cron = Self {
            text: fields.join(" "),
            minutes,
            hours,
            days,
            months,
        };
        cron.refuse_never()?;
        cron.refuse_too_long()?;
        Ok(cron)
    }

    /// The text, with one space between two fields.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A month of those that has the first of its days, or it is due in no year.
    fn refuse_never(&self) -> Result<(), ScheduleError> {
        let Days::OfMonth(days) = self.days else { return Ok(()) };
        let Some(day) = days.least() else { return Ok(()) };
        let mut months = (1_u8..).zip(DAYS_OF_MONTHS);
        let has_day = |(month, length): (u8, u8)| self.months.has_all(month..=month) && day <= length;
        match months.any(has_day) {
            true => Ok(()),
            false => Err(ScheduleError::Never { day }),
        }
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The days of the week with both Sundays as 0.
fn days_of_week(days: Set) -> Set {
    days.values().map(|day| day % LAST_SUNDAY).collect()
}

impl Field {
    /// The values of a text: parts with a comma between them.
    fn read(&self, text: &str) -> Result<Set, ScheduleError> {
        let foreign = text.chars().find(|character| matches!(character, '?' | '#'));
        if let Some(character) = foreign {
            return Err(ScheduleError::Character {
                field: self.name,
                text: short(text),
                character,
            });
        }
        let mut set = Set::default();
        for part in text.split(',') {
            self.part(text, part)?.for_each(|value| set.insert(value));
        }
        Ok(set)
    }

    /// The values of a part: `*`, a value or a range, with or without a step.
    fn part(&self, text: &str, part: &str) -> Result<impl Iterator<Item = u8> + use<>, ScheduleError> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        let greatest = *self.range.end();
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (*self.range.start(), greatest),
            Some((from, to)) => (self.value(text, from)?, self.end_of_range(text, to)?),
            None => {
                let value = self.value(text, range)?;
                if let Some(step) = step {
                    return Err(ScheduleError::StepOfValue {
                        field: self.name,
                        text: short(text),
                        value: short(range),
                        step: short(step),
                        greatest,
                    });
                }
                (value, value)
            }
        };
        if from > to {
            let (least, range) = (self.range.start(), short(range));
            let (begin, end) = range.split_once('-').unwrap_or((&range, ""));
            return Err(ScheduleError::Backwards {
                field: self.name,
                text: short(text),
                instead: format!("{begin}-{greatest},{least}-{end}"),
                range,
            });
        }
        let step = match step {
            None => 1,
            Some(step) => self.step(text, step)?,
        };
        Ok((from..=to).step_by(step.into()))
    }

    fn step(&self, text: &str, step: &str) -> Result<u8, ScheduleError> {
        let greatest = *self.range.end();
        let number = digits(step).and_then(|step| step.parse::<u8>().ok());
        number
            .filter(|step| (1..=greatest).contains(step))
            .ok_or_else(|| ScheduleError::Step {
                field: self.name,
                text: short(text),
                step: short(step),
                greatest,
            })
    }

    /// A value that ends a range: there `sun` is the last day of the week, as in `fri-sun`.
    fn end_of_range(&self, text: &str, value: &str) -> Result<u8, ScheduleError> {
        match (self.range.end(), value) {
            (&LAST_SUNDAY, "sun") => Ok(LAST_SUNDAY),
            _ => self.value(text, value),
        }
    }

    /// A number or a name.
    fn value(&self, text: &str, value: &str) -> Result<u8, ScheduleError> {
        if let Some((_, number)) = self.names.iter().find(|(name, _)| *name == value) {
            return Ok(*number);
        }
        let (least, greatest) = (*self.range.start(), *self.range.end());
        let Some(digits) = digits(value) else {
            return Err(ScheduleError::NoValue {
                field: self.name,
                text: short(text),
                part: short(value),
                least,
                greatest,
                names: self.or_names,
            });
        };
        let number = digits.parse::<u8>().ok();
        number
            .filter(|number| self.range.contains(number))
            .ok_or_else(|| ScheduleError::OutOfRange {
                field: self.name,
                text: short(text),
                value: short(value),
                least,
                greatest,
            })
    }
}

/// A text of digits alone.
fn digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

/// The beginning of a text, for a message.
fn short(text: &str) -> String {
    const MOST: usize = 60;
    text.chars().take(MOST).collect()
}
