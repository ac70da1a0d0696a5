//! A time.

use super::{Duration, TimeError, Zone};
use jiff::{Timestamp, civil::DateTime};
use minijinja::value::{DynObject, Object, ObjectRepr};
use std::{cmp::Ordering, fmt, sync::Arc};

/// The beginning of the year 0, in seconds since 1970: RFC 3339 has no earlier years.
const FIRST_SECOND: i64 = -62_167_219_200;

/// A time in whole seconds, in the years 0 to 9999. What is finer is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(Timestamp);

impl Time {
    /// The whole second of a time.
    ///
    /// # Errors
    /// It is before the year 0.
    fn new(at: Timestamp) -> Result<Self, TimeError> {
        let second = at.as_second() - i64::from(at.subsec_nanosecond() < 0);
        match second < FIRST_SECOND {
            true => Err(TimeError::TimeOutOfRange),
            false => Timestamp::from_second(second)
                .map(Self)
                .map_err(|_| TimeError::TimeOutOfRange),
        }
    }

    /// The time that expressions see as `now`. A clock is never outside of the years that there are, so the beginning of 1970 stands
    /// for what cannot be.
    pub(crate) fn of_clock(now: Timestamp) -> Self {
        Self::new(now).unwrap_or(Self(Timestamp::UNIX_EPOCH))
    }

    /// Reads a time from RFC 3339.
    ///
    /// # Errors
    /// It is something else, or has no offset from UTC.
    pub(crate) fn read(text: &str) -> Result<Self, TimeError> {
        match instant(text) {
            Some(at) => Self::new(at),
            None if civil(text).is_some() => Err(TimeError::NoZone { text: text.to_owned() }),
            None => Err(TimeError::NotATime { text: text.to_owned() }),
        }
    }

    /// Reads a time, which is in this zone unless it says otherwise. A time of day that the zone leaves out in spring comes as much later
    /// as the clock is put forward; of one that comes twice in autumn the first is taken.
    ///
    /// # Errors
    /// It is no time.
    pub(crate) fn read_in(text: &str, zone: &Zone) -> Result<Self, TimeError> {
        if let Some(at) = instant(text) {
            return Self::new(at);
        }
        let Some(civil) = civil(text) else {
            return Err(TimeError::NotATime { text: text.to_owned() });
        };
        let at = zone.rules().to_ambiguous_timestamp(civil).compatible();
        at.map_err(|_| TimeError::TimeOutOfRange).and_then(Self::new)
    }

    /// The time so many seconds after the beginning of 1970.
    ///
    /// # Errors
    /// It is out of range.
    pub(crate) fn of_seconds(seconds: f64) -> Result<Self, TimeError> {
        let out_of_range = || TimeError::SecondsOutOfRange {
            seconds: seconds.to_string(),
        };
        // In this range each whole number is one of these floats exactly.
        if !(-1e12..=1e12).contains(&seconds) {
            return Err(out_of_range());
        }
        #[expect(clippy::cast_possible_truncation, reason = "the range is that of a whole number")]
        let whole = seconds.floor() as i64;
        let at = Timestamp::from_second(whole).map_err(|_| out_of_range())?;
        Self::new(at).map_err(|_| out_of_range())
    }

    /// So much later.
    ///
    /// # Errors
    /// It is out of range.
    pub(crate) fn plus(self, by: Duration) -> Result<Self, TimeError> {
        let at = self.0.checked_add(by.signed());
        at.map_err(|_| TimeError::TimeOutOfRange).and_then(Self::new)
    }

    /// So much earlier.
    ///
    /// # Errors
    /// It is out of range.
    pub(crate) fn minus(self, by: Duration) -> Result<Self, TimeError> {
        let at = self.0.checked_sub(by.signed());
        at.map_err(|_| TimeError::TimeOutOfRange).and_then(Self::new)
    }

    /// The duration from another time to this one.
    ///
    /// # Errors
    /// None that can come to pass: all times are within the longest duration of each other.
    pub(crate) fn since(self, other: Self) -> Result<Duration, TimeError> {
        Duration::of_seconds(i128::from(self.0.as_second()) - i128::from(other.0.as_second()))
    }

    pub(super) fn timestamp(self) -> Timestamp {
        self.0
    }
}

/// The time that a text names by itself.
fn instant(text: &str) -> Option<Timestamp> {
    // A zone in brackets belongs to another standard, and would be read over.
    let text = text.trim();
    (!text.contains('[')).then(|| text.parse().ok()).flatten()
}

/// The date and the time of day that a text names, in no zone.
fn civil(text: &str) -> Option<DateTime> {
    let text = text.trim();
    (!text.contains('[')).then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Object for Time {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        Some((**self).cmp(other.downcast_ref::<Self>()?))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}
