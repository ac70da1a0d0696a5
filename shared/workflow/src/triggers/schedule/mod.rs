//! `on.schedule`: the times of a cron expression, or every so often.
//!
//! The times are sent by Amazon EventBridge Scheduler, which has a language of its own. What is said of it here is the word of its user guide
//! (pages `schedule-types` and `managing-schedule`), not compared with a real account.
//!
//! # Layout
//! - `cron` — the five fields: reading, and the times and days they mean.
//! - `error` — what can be wrong with them.
//! - `expression` — the same in the words of EventBridge Scheduler.
//! - `interval` — lengths between two runs.
//! - `set` — the values of a field.
//! - `times` — the times when a schedule is due, and those that summer time skips.
//! - `trigger` — the trigger in the language.

mod cron;
mod error;
mod expression;
mod interval;
mod set;
mod times;
mod trigger;

pub use cron::Cron;
pub use error::ScheduleError;
pub use interval::Interval;
pub use times::Times;
pub(super) use trigger::event;
pub use trigger::{EVENT_TYPE, ScheduleTrigger, event_value};

use crate::template::time::{TimeError, Zone};

/// The times when a workflow is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// Those that the clocks of a zone show.
    Cron {
        /// The times.
        expression: Cron,
        /// The zone.
        zone: ScheduleZone,
    },
    /// Every so often. EventBridge Scheduler counts from when the schedule was made.
    Every(Interval),
}

/// The time zone of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleZone(Zone);

impl ScheduleZone {
    /// UTC.
    #[must_use]
    pub fn utc() -> Self {
        Self(Zone::utc())
    }

    /// The zone of a name of the IANA, such as `Europe/Berlin`.
    ///
    /// # Errors
    /// There is none, with the one that was probably meant.
    pub fn named(name: &str) -> Result<Self, String> {
        Zone::named(name)
            .map(Self)
            .map_err(|error: TimeError| error.to_string())
    }

    /// Its name, as the IANA writes it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rules().iana_name().unwrap_or("UTC")
    }

    /// Its rules.
    #[must_use]
    pub fn rules(&self) -> &jiff::tz::TimeZone {
        self.0.rules()
    }
}

impl Schedule {
    /// The zone whose clocks it goes by: UTC for one that goes by none.
    #[must_use]
    pub fn zone(&self) -> ScheduleZone {
        match self {
            Self::Cron { zone, .. } => zone.clone(),
            Self::Every(_) => ScheduleZone::utc(),
        }
    }
}

impl std::fmt::Display for Schedule {
    /// As people read it: `0 9 * * mon-fri in Europe/Berlin`, `every 15m`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cron { expression, zone } => write!(f, "{expression} in {}", zone.name()),
            Self::Every(interval) => write!(f, "every {interval}"),
        }
    }
}

#[cfg(test)]
mod tests;
