//! The schedule in the record of a workflow: what EventBridge Scheduler and the runner need of it without the definition.

use serde::{Deserialize, Serialize};
use workflow::triggers::{ScheduleTrigger, Trigger};

/// The schedule of a workflow, now and before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum WorkflowSchedule {
    /// It never had one: EventBridge Scheduler has none of it, and need not be asked.
    #[default]
    Never,
    /// A version before had one, which EventBridge Scheduler may still have.
    Ended,
    /// The active version has one.
    Current(ScheduleRecord),
}

/// The times of a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleRecord {
    /// The expression, as EventBridge Scheduler takes it.
    pub expression: String,
    /// The time zone of the expression.
    pub timezone: String,
    /// True if a time is made up for that was missed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub catch_up: bool,
    /// The times as the definition has them, for people.
    pub shown: String,
}

impl From<&ScheduleTrigger> for ScheduleRecord {
    fn from(trigger: &ScheduleTrigger) -> Self {
        let schedule = &trigger.schedule;
        Self {
            expression: schedule.expression(),
            timezone: schedule.zone().name().to_owned(),
            catch_up: trigger.catch_up,
            shown: schedule.to_string(),
        }
    }
}

impl WorkflowSchedule {
    /// The schedule of a version with this trigger that comes after a version with that schedule.
    pub(super) fn of(trigger: Option<&Trigger>, before: Option<&Self>) -> Self {
        match (trigger.and_then(Trigger::schedule), before) {
            (Some(schedule), _) => Self::Current(schedule.into()),
            (None, None | Some(Self::Never)) => Self::Never,
            (None, Some(Self::Ended | Self::Current(_))) => Self::Ended,
        }
    }

    /// The schedule of the active version.
    #[must_use]
    pub fn current(&self) -> Option<&ScheduleRecord> {
        match self {
            Self::Current(schedule) => Some(schedule),
            Self::Never | Self::Ended => None,
        }
    }

    /// True if EventBridge Scheduler may have a schedule of the workflow.
    #[must_use]
    pub fn was_ever(&self) -> bool {
        *self != Self::Never
    }
}
