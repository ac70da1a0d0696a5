//! A length of time between two times.

use super::TimeError;
use crate::definition::length_of;
use jiff::SignedDuration;
use minijinja::value::{DynObject, Object, ObjectRepr};
use std::{cmp::Ordering, fmt, sync::Arc};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The longest duration, in seconds: 10,000 years, which is more than there is between two times.
const LONGEST: i64 = 3_652_500 * 24 * 60 * 60;

/// The farthest that a time relative to now can be away, in seconds: 100 years, so that it is a time whenever now is.
const FARTHEST: u64 = 36_525 * DAY;

/// A duration in whole seconds. It may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Duration(i64);

impl Duration {
    /// The duration of so many seconds.
    ///
    /// # Errors
    /// It is too long.
    pub(super) fn of_seconds(seconds: i128) -> Result<Self, TimeError> {
        let seconds = i64::try_from(seconds).map_err(|_| TimeError::DurationOutOfRange)?;
        match (-LONGEST..=LONGEST).contains(&seconds) {
            true => Ok(Self(seconds)),
            false => Err(TimeError::DurationOutOfRange),
        }
    }

    /// Reads a duration as a `wait` has it, but also none and a negative one.
    ///
    /// # Errors
    /// It is something else, has parts of seconds, or is too long.
    pub(crate) fn read(text: &str) -> Result<Self, TimeError> {
        let read = length_of(text).filter(|length| length.subsec_nanos() == 0);
        let length = read.ok_or_else(|| TimeError::NotADuration { text: text.to_owned() })?;
        Self::of_seconds(length.as_secs().into())
    }

    /// Reads the duration from now to a time that is relative to it: with a sign, as in `-24h` and `+30m`.
    pub(crate) fn from_now(text: &str) -> Option<Self> {
        let text = text.trim();
        let duration = Self::read(text).ok().filter(|_| text.starts_with(['-', '+']))?;
        (duration.0.unsigned_abs() <= FARTHEST).then_some(duration)
    }

    /// Both together.
    ///
    /// # Errors
    /// It is too long.
    pub(super) fn plus(self, other: Self) -> Result<Self, TimeError> {
        Self::of_seconds(i128::from(self.0) + i128::from(other.0))
    }

    /// This without the other.
    ///
    /// # Errors
    /// It is too long.
    pub(super) fn minus(self, other: Self) -> Result<Self, TimeError> {
        self.plus(other.negated())
    }

    /// As long, in the other direction.
    pub(super) fn negated(self) -> Self {
        Self(-self.0)
    }

    /// So many times this. Parts of seconds are cut off.
    ///
    /// # Errors
    /// It is too long.
    pub(super) fn times(self, factor: f64) -> Result<Self, TimeError> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "whole numbers of this size are floats exactly"
        )]
        let seconds = self.0 as f64 * factor;
        // Also refuses what is no number.
        if !(-1e12..=1e12).contains(&seconds) {
            return Err(TimeError::DurationOutOfRange);
        }
        #[expect(clippy::cast_possible_truncation, reason = "the range is that of a whole number")]
        let seconds = seconds.trunc() as i64;
        Self::of_seconds(seconds.into())
    }

    /// The number of seconds.
    pub(super) fn seconds(self) -> i64 {
        self.0
    }

    pub(super) fn signed(self) -> SignedDuration {
        SignedDuration::from_secs(self.0)
    }
}

impl fmt::Display for Duration {
    /// As people write it, and as it is read back: `1h30m`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0.unsigned_abs();
        if left == 0 {
            return f.write_str("0s");
        }
        if self.0 < 0 {
            f.write_str("-")?;
        }
        for (length, unit) in [(DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (1, "s")] {
            if left >= length {
                write!(f, "{}{unit}", left / length)?;
                left %= length;
            }
        }
        Ok(())
    }
}

impl Object for Duration {
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
