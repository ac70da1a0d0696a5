//! Hours of certain days, such as 09:00-17:00 from Monday to Friday.

use super::{Time, TimeError, Zone};
use jiff::civil::Weekday;

/// The days of a week as expressions name them, from Monday.
pub(crate) const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The minutes of a day.
const DAY: u16 = 24 * 60;

/// Hours of a day, in minutes from midnight by the clock. The end is no part of them. Hours that end before they begin go on to the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hours {
    from: u16,
    to: u16,
}

impl Hours {
    /// Reads hours, such as `09:00-17:00`.
    ///
    /// # Errors
    /// It is something else, or has no length.
    pub(crate) fn read(text: &str) -> Result<Self, TimeError> {
        let ends = text.split_once('-');
        let ends = ends.and_then(|(from, to)| Some((minutes(from)?, minutes(to)?)));
        match ends {
            Some((from, to)) if from < DAY && from == to => Err(TimeError::NoHours { text: text.to_owned() }),
            Some((from, to)) if from < DAY => Ok(Self { from, to }),
            _ => Err(TimeError::NotHours { text: text.to_owned() }),
        }
    }

    /// True if a time is in these hours of one of these days. What comes after midnight belongs to the day before.
    pub(crate) fn include(self, time: Time, days: Days, zone: &Zone) -> bool {
        let shown = zone.shows(time);
        let minute =
            u16::try_from(shown.hour()).unwrap_or_default() * 60 + u16::try_from(shown.minute()).unwrap_or_default();
        let today = shown.weekday();
        match self.from < self.to {
            true => days.include(today) && (self.from..self.to).contains(&minute),
            false => {
                (days.include(today) && minute >= self.from) || (days.include(today.previous()) && minute < self.to)
            }
        }
    }
}

/// The minutes from midnight to a time of day, such as `09:00`. `24:00` is the end of the day.
fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |digits: &str, most: u16| {
        let is_number = matches!(digits.len(), 1 | 2) && digits.bytes().all(|digit| digit.is_ascii_digit());
        let number = is_number.then(|| digits.parse::<u16>().ok()).flatten();
        number.filter(|number| *number <= most)
    };
    let minute = number(minute, 59).filter(|_| minute.len() == 2)?;
    let minutes = number(hour, 24)? * 60 + minute;
    (minutes <= DAY).then_some(minutes)
}

/// Days of a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Days([bool; 7]);

impl Days {
    pub(crate) const ALL: Self = Self([true; 7]);

    /// Reads days, such as `mon-fri,sun`. A range may go over the end of the week.
    ///
    /// # Errors
    /// Something in it is no day.
    pub(crate) fn read(text: &str) -> Result<Self, TimeError> {
        let day = |name: &str| {
            let name = name.trim();
            let number = WEEKDAYS.iter().position(|known| known.eq_ignore_ascii_case(name));
            number.ok_or_else(|| TimeError::NotDays { text: name.to_owned() })
        };
        let mut days = Self([false; 7]);
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (day(first)?, day(last)?);
            let length = (last + 7 - first) % 7;
            for number in first..=first + length {
                if let Some(included) = days.0.get_mut(number % 7) {
                    *included = true;
                }
            }
        }
        Ok(days)
    }

    fn include(self, day: Weekday) -> bool {
        self.0.get(number_of(day)).copied().unwrap_or_default()
    }
}

/// The number of a day in [`WEEKDAYS`].
pub(super) fn number_of(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or_default()
}
