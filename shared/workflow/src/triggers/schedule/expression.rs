//! Schedules in the words of EventBridge Scheduler.
//!
//! Source: its user guide, page `schedule-types`, and its API reference, page `API_CreateSchedule`. A cron expression has six fields, the
//! sixth being the year; one of the two fields of days must be `?`; the week begins with Sunday, which is 1, and days have names.
//!
//! Every step and every list is written out: how far a step may be combined with a range, the guide does not say.

use super::{Cron, Interval, Schedule, ScheduleError, cron::Days, set::Set};
use std::ops::RangeInclusive;

/// The characters that an expression may have.
const LONGEST: usize = 256;

/// The days of the week, from Sunday on.
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

impl Schedule {
    /// The expression for EventBridge Scheduler, such as `cron(0 9 ? * MON-FRI *)` or `rate(15 minutes)`. A cron expression goes with the
    /// [zone](Self::zone).
    #[must_use]
    pub fn expression(&self) -> String {
        match self {
            Self::Cron { expression, .. } => expression.of_scheduler(),
            Self::Every(interval) => interval.of_scheduler(),
        }
    }
}

impl Cron {
    fn of_scheduler(&self) -> String {
        let number = |value: u8| value.to_string();
        let minutes = field(self.minutes, 0..=59, number);
        let hours = field(self.hours, 0..=23, number);
        let months = field(self.months, 1..=12, number);
        let (of_month, of_week) = match self.days {
            Days::Every => ("*".to_owned(), "?".to_owned()),
            Days::OfMonth(days) => (field(days, 1..=31, number), "?".to_owned()),
            Days::OfWeek(days) => {
                let name = |day: u8| WEEKDAYS.get(usize::from(day)).copied().unwrap_or("SUN").to_owned();
                ("?".to_owned(), field(days, 0..=6, name))
            }
        };
        format!("cron({minutes} {hours} {of_month} {months} {of_week} *)")
    }

    /// An expression that lists many values in several fields may be too long.
    pub(super) fn refuse_too_long(&self) -> Result<(), ScheduleError> {
        let length = self.of_scheduler().len();
        match length > LONGEST {
            true => Err(ScheduleError::TooLong { length, most: LONGEST }),
            false => Ok(()),
        }
    }
}

impl Interval {
    fn of_scheduler(self) -> String {
        let minutes = self.minutes();
        let (count, unit) = match (minutes % (24 * 60), minutes % 60) {
            (0, _) => (minutes / (24 * 60), "day"),
            (_, 0) => (minutes / 60, "hour"),
            _ => (minutes, "minute"),
        };
        let plural = if count == 1 { "" } else { "s" };
        format!("rate({count} {unit}{plural})")
    }
}

/// A field: all, a range, or a list.
fn field(set: Set, all: RangeInclusive<u8>, word: impl Fn(u8) -> String) -> String {
    if set.has_all(all) {
        return "*".to_owned();
    }
    let values: Vec<u8> = set.values().collect();
    match values.as_slice() {
        [first, .., last] if values.len() > 2 && set.has_all(*first..=*last) => {
            format!("{}-{}", word(*first), word(*last))
        }
        values => {
            let words: Vec<String> = values.iter().map(|value| word(*value)).collect();
            words.join(",")
        }
    }
}
