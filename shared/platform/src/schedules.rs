//! Schedules of workflows: the entry of each in EventBridge Scheduler, and the message that it sends when one is due.
//!
//! The table decides, and a schedule only says when. A message names the workflow, the version that the schedule was written for and
//! the time; the function that takes it looks the workflow up. So a schedule that is behind the table, because a command broke off
//! between the two, starts nothing that the table does not want.

use crate::{
    aws::AwsFailure,
    table::{ScheduleRecord, WorkflowRecord, WorkflowState},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use workflow::ids::{WorkflowId, WorkflowVersion};

/// The delay after which a time is missed, unless the schedule catches up. It leaves room for a throttle or a short outage; a longer
/// one must not start what was meant for another hour.
pub const MISSED_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// The seconds for which EventBridge Scheduler tries to send a message: until it is missed, or, where it is caught up, the most that it
/// takes.
///
/// Source: EventBridge Scheduler's API reference, page `API_RetryPolicy`.
const RETRY: i32 = 15 * 60;
const LONGEST_RETRY: i32 = 24 * 60 * 60;

/// The word in the input of a target that EventBridge Scheduler replaces by the time of the schedule.
///
/// Source: EventBridge Scheduler's user guide, page `managing-schedule-context-attributes`.
const SCHEDULED_TIME: &str = "<aws.scheduler.scheduled-time>";

/// A schedule is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DueSchedule {
    /// The workflow that the schedule is of.
    pub schedule: WorkflowId,
    /// The active version when the schedule was written.
    pub version: WorkflowVersion,
    /// The time at which it was due.
    pub scheduled_at: ScheduledTime,
}

/// The time at which a schedule was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ScheduledTime {
    /// The time, as EventBridge Scheduler puts it in: RFC 3339 in UTC. (By its user guide; not tried on AWS.)
    At(Timestamp),
    /// The word that stands for the time. A schedule is written with it, and the local AWS sends it as it is.
    Placeholder,
}

impl FromStr for ScheduledTime {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        match text {
            SCHEDULED_TIME => Ok(Self::Placeholder),
            time => time.parse().map(Self::At),
        }
    }
}

impl TryFrom<String> for ScheduledTime {
    type Error = jiff::Error;

    fn try_from(text: String) -> Result<Self, jiff::Error> {
        text.parse()
    }
}

impl From<ScheduledTime> for String {
    fn from(time: ScheduledTime) -> Self {
        time.to_string()
    }
}

impl fmt::Display for ScheduledTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(time) => write!(f, "{time}"),
            Self::Placeholder => f.write_str(SCHEDULED_TIME),
        }
    }
}

/// The place that the schedules of a stack send to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleTarget {
    /// The ARN of the start-buffer.
    pub queue: String,
    /// The ARN of its dead-letter queue, for what cannot be sent.
    pub dead_letters: String,
    /// The ARN of the role in which EventBridge Scheduler sends.
    pub role: String,
}

/// A schedule in EventBridge Scheduler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The times.
    pub expression: String,
    /// The time zone of the expression.
    pub timezone: String,
    /// True if it is exact to the minute, and not some time later.
    pub is_exact: bool,
    pub is_enabled: bool,
    /// The place that it sends to.
    pub target: ScheduleTarget,
    /// The message.
    pub input: String,
    /// The time for which a message is tried that cannot be sent, in seconds.
    pub retry_seconds: i32,
}

impl Schedule {
    /// The entry of a workflow in EventBridge Scheduler, if it should have one.
    #[must_use]
    pub fn of(workflow: &WorkflowRecord, target: &ScheduleTarget) -> Option<Self> {
        let is_enabled = match workflow.state {
            WorkflowState::Enabled => true,
            WorkflowState::Disabled => false,
            WorkflowState::Deleted => return None,
        };
        let ScheduleRecord {
            expression,
            timezone,
            catch_up,
            shown: _,
        } = workflow.schedule.current()?;
        Some(Self {
            expression: expression.clone(),
            timezone: timezone.clone(),
            is_exact: true,
            is_enabled,
            target: target.clone(),
            input: input(&workflow.workflow, workflow.active_version),
            retry_seconds: if *catch_up { LONGEST_RETRY } else { RETRY },
        })
    }

    /// The points in which it is not as it is to be, each in a few words.
    #[must_use]
    pub fn differences(&self, wanted: &Self) -> Vec<String> {
        let differs = |what: &str, is: &dyn fmt::Display, wanted: &dyn fmt::Display| {
            let (is, wanted) = (is.to_string(), wanted.to_string());
            (is != wanted).then(|| format!("{what} {is} instead of {wanted}"))
        };
        let word = |is_so: bool, yes: &'static str, no: &'static str| if is_so { yes } else { no };
        let state = |schedule: &Self| word(schedule.is_enabled, "enabled", "disabled");
        let window = |schedule: &Self| word(schedule.is_exact, "none", "flexible");
        let retry = |schedule: &Self| format!("{} s", schedule.retry_seconds);
        let (is, to_be) = (&self.target, &wanted.target);
        [
            differs("the state is", &state(self), &state(wanted)),
            differs("the times are", &self.expression, &wanted.expression),
            differs("the time zone is", &self.timezone, &wanted.timezone),
            differs("the message is", &self.input, &wanted.input),
            differs("the target is", &is.queue, &to_be.queue),
            differs("the role is", &is.role, &to_be.role),
            differs("the dead-letter queue is", &is.dead_letters, &to_be.dead_letters),
            differs("the time window is", &window(self), &window(wanted)),
            differs("what cannot be sent is tried for", &retry(self), &retry(wanted)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// EventBridge Scheduler did not do as it was asked.
#[derive(Debug, thiserror::Error)]
#[error("EventBridge Scheduler failed to {operation}: {cause}")]
pub struct SchedulerError {
    /// The operation.
    pub operation: &'static str,
    /// The reason.
    #[source]
    pub cause: AwsFailure,
}

/// The schedules of a stack. That of a workflow has the name of the workflow, which always fits.
pub trait Schedules: Sync {
    /// A schedule, if there is one of that name.
    ///
    /// # Errors
    /// EventBridge Scheduler did not answer, or the caller may not ask.
    fn get(&self, name: &str) -> impl Future<Output = Result<Option<Schedule>, SchedulerError>> + Send;

    /// Makes the schedule of a workflow, or replaces it.
    ///
    /// # Errors
    /// EventBridge Scheduler did not answer, or refused. To put it again does no harm.
    fn put(
        &self,
        workflow: &WorkflowId,
        schedule: &Schedule,
    ) -> impl Future<Output = Result<(), SchedulerError>> + Send;

    /// Removes the schedule of a workflow, if there is one.
    ///
    /// # Errors
    /// As [`Self::put`].
    fn remove(&self, workflow: &WorkflowId) -> impl Future<Output = Result<(), SchedulerError>> + Send;

    /// The names of all schedules of the stack.
    ///
    /// # Errors
    /// As [`Self::get`].
    fn names(&self) -> impl Future<Output = Result<Vec<String>, SchedulerError>> + Send;
}

/// The message of the schedule of a version.
fn input(workflow: &WorkflowId, version: WorkflowVersion) -> String {
    // The same text as serde makes of the message, which cannot fail here: an id needs no escapes.
    let (version, time) = (version.0, ScheduledTime::Placeholder);
    format!(r#"{{"schedule":"{workflow}","version":{version},"scheduled_at":"{time}"}}"#)
}

#[cfg(test)]
mod tests;
