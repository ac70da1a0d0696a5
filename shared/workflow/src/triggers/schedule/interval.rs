//! Lengths between two runs.

use super::ScheduleError;
use crate::definition::Length;
use std::fmt;

/// A length between two runs: whole minutes, from one minute to [`Interval::LONGEST_DAYS`] days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval(Length);

impl Interval {
    /// The longest, in days. What is rarer has a day and a time, which a cron expression says.
    pub const LONGEST_DAYS: i64 = 31;

    /// A length of that many minutes.
    ///
    /// # Errors
    /// It is not whole minutes, or too short or too long.
    pub fn new(length: Length) -> Result<Self, ScheduleError> {
        let seconds = length.duration().as_secs();
        match seconds % 60 == 0 && seconds <= Self::LONGEST_DAYS * 24 * 60 * 60 {
            true => Ok(Self(length)),
            false => Err(ScheduleError::Interval { length }),
        }
    }

    /// The length.
    #[must_use]
    pub fn length(self) -> Length {
        self.0
    }

    pub(super) fn minutes(self) -> i64 {
        self.0.duration().as_mins()
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
