//! When DynamoDB may delete an item of a run.

use jiff::{SignedDuration, Timestamp};

/// How long a run can be looked at after it has ended at the latest. Step Functions keeps executions as long.
const RETENTION: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The time to live of all items of a run, in seconds since 1970.
///
/// It is counted from the run's deadline and written with each item, so that the end of a run need not touch them all;
/// no item can go before its run has ended.
pub(super) fn of_run(deadline: Timestamp) -> i64 {
    deadline.checked_add(RETENTION).unwrap_or(Timestamp::MAX).as_second()
}

/// The time to live of an item of a run whose deadline is not known, when it is written: that of the longest run.
pub(super) fn of_any(now: Timestamp) -> i64 {
    let longest = SignedDuration::from_secs(workflow::definition::limits::LONGEST_SECONDS);
    of_run(now.checked_add(longest).unwrap_or(Timestamp::MAX))
}

/// How long it is known what runs did to an incident. PagerDuty repeats a delivery for two days.
const INCIDENT_RETENTION: SignedDuration = SignedDuration::from_hours(3 * 24);

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
    now.checked_add(INCIDENT_RETENTION)
        .unwrap_or(Timestamp::MAX)
        .as_second()
}
