//! The time after which DynamoDB may delete an item.
//!
//! An item gets its time to live when it is written, because the end of a run must not have to touch all of them: it is
//! counted from when the run must have ended. What people set up has none.

use jiff::{SignedDuration, Timestamp};
use std::str::FromStr;

/// The time for which runs are kept after they must have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention(SignedDuration);

/// A text is not a retention.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a number of days from 1 to {LONGEST_DAYS}")]
pub struct NotRetention(String);

/// The most days that runs are kept. The template has the same bound.
const LONGEST_DAYS: u16 = 3_650;

/// Step Functions keeps executions as long.
impl Default for Retention {
    fn default() -> Self {
        Self(days(90))
    }
}

impl FromStr for Retention {
    type Err = NotRetention;
    fn from_str(text: &str) -> Result<Self, NotRetention> {
        let number = text.parse::<u16>().ok();
        let number = number.filter(|number| (1..=LONGEST_DAYS).contains(number));
        let number = number.ok_or_else(|| NotRetention(text.to_owned()))?;
        Ok(Self(days(number.into())))
    }
}

impl Retention {
    /// As long as an item is kept that expires then and belongs to a run of this deadline.
    pub(super) fn of_item(expires_at: i64, deadline: Timestamp) -> Self {
        let seconds = expires_at.saturating_sub(deadline.as_second()).max(0);
        Self(SignedDuration::from_secs(seconds))
    }

    /// The time to live of an item of a run, or of several, that must all have ended by then.
    pub(super) fn of_run(self, deadline: Timestamp) -> i64 {
        after(deadline, self.0)
    }
}

/// The time for which the changes of runs to an incident are known. PagerDuty repeats a delivery for two days.
const INCIDENT_DAYS: i64 = 3;

/// How long it is known that a run created an incident: people may come back to it, and start runs by it, for as long as it is open.
const CREATED_INCIDENT_RETENTION: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The time to live of what is known of an incident that a run creates.
pub(super) fn of_created_incident(now: Timestamp) -> i64 {
    now.checked_add(CREATED_INCIDENT_RETENTION)
        .unwrap_or(Timestamp::MAX)
        .as_second()
}

/// The time to live of what is known of an incident, when it is written.
pub(super) fn of_incident(now: Timestamp) -> i64 {
    after(now, days(INCIDENT_DAYS))
}

/// The time for which an event of an incident is kept for the runs that wait for it.
const EVENT_DAYS: i64 = 1;

/// The time to live of an event of an incident, when it comes.
pub(super) fn of_event(now: Timestamp) -> i64 {
    after(now, days(EVENT_DAYS))
}

/// The time for which a revoked key can be seen.
const REVOKED_KEY_DAYS: i64 = 90;

/// The time to live of a key that is revoked. A key that is not there is refused as one that is revoked.
pub(super) fn of_revoked_key(now: Timestamp) -> i64 {
    after(now, days(REVOKED_KEY_DAYS))
}

const fn days(number: i64) -> SignedDuration {
    SignedDuration::from_hours(number * 24)
}

fn after(time: Timestamp, length: SignedDuration) -> i64 {
    time.checked_add(length).unwrap_or(Timestamp::MAX).as_second()
}

#[cfg(test)]
mod tests;
