//! The run of a schedule that is due.
//!
//! The message of EventBridge Scheduler only says when. Which version runs, and whether one runs at all, the table says: a schedule is
//! written after the table, and may be behind it.

use jiff::{SignedDuration, Timestamp};
use platform::{
    schedules::{DueSchedule, MISSED_AFTER, ScheduledTime},
    table::{ScheduleRecord, StoreError, VersionSource, Versions, WorkflowRecord, WorkflowSource, WorkflowState},
};
use serde_json::Map;
use workflow::{
    ids::{RunId, WorkflowVersion},
    planner::OLDEST_EVENT,
    run::{RunCause, RunIdentity, RunInput},
    triggers::Trigger,
};

/// The reason a schedule that is due starts nothing. None of them is an error: the table has changed since, or the time is over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotStarted {
    #[error("there is no such workflow")]
    Unknown,
    #[error("the workflow is {0}")]
    NotEnabled(WorkflowState),
    #[error("its active version {0} has no schedule")]
    NoSchedule(WorkflowVersion),
    #[error("the schedule is of {of}, and {active} is active, which is not due then")]
    OtherTimes {
        of: WorkflowVersion,
        active: WorkflowVersion,
    },
    #[error("the time was {} min ago, and the schedule does not catch up", .0.as_mins())]
    Missed(SignedDuration),
    #[error("the time was more than a week ago")]
    TooOld,
}

/// A message that no decision can be made of.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScheduleError {
    /// The table did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Neither EventBridge Scheduler nor SQS says when it was due.
    #[error("the message has neither the time of the schedule nor the time at which it was sent")]
    NoTime,
}

/// The input of the run of a schedule that is due; or the reason why it starts none. `sent_at` is when SQS took the message.
pub(crate) async fn run<V: VersionSource>(
    due: &DueSchedule,
    sent_at: Option<Timestamp>,
    workflows: &impl WorkflowSource,
    versions: &Versions<V>,
    now: Timestamp,
) -> Result<Result<RunInput, NotStarted>, ScheduleError> {
    let scheduled_at = time(due.scheduled_at, sent_at)?;
    let Some(workflow) = workflows.workflow(&due.schedule).await? else {
        return Ok(Err(NotStarted::Unknown));
    };
    let schedule = match wanted(&workflow) {
        Ok(schedule) => schedule,
        Err(reason) => return Ok(Err(reason)),
    };
    let active = workflow.active_version;
    if active != due.version {
        let definition = versions.get(&workflow.workflow, active).await?;
        let trigger = definition.as_ref().and_then(|definition| definition.trigger.as_ref());
        let is_due = trigger
            .and_then(Trigger::schedule)
            .is_some_and(|trigger| trigger.schedule.is_due_at(minute(scheduled_at)));
        if !is_due {
            let of = due.version;
            return Ok(Err(NotStarted::OtherTimes { of, active }));
        }
    }
    if let Some(reason) = over(schedule, now.duration_since(scheduled_at)) {
        return Ok(Err(reason));
    }
    Ok(Ok(RunInput {
        run: RunIdentity {
            id: run_of(&workflow, scheduled_at),
            workflow: workflow.workflow,
            version: active,
            depth: 0,
        },
        cause: RunCause::Schedule { scheduled_at },
        inputs: Map::new(),
        part: None,
    }))
}

/// The time at which a schedule was due. The local AWS does not put it in, and sends within ten seconds of it; so there it is the
/// minute in which the message was sent.
fn time(scheduled_at: ScheduledTime, sent_at: Option<Timestamp>) -> Result<Timestamp, ScheduleError> {
    match scheduled_at {
        ScheduledTime::At(time) => Ok(time),
        ScheduledTime::Placeholder => sent_at.map(minute).ok_or(ScheduleError::NoTime),
    }
}

/// The run of a time: the same for each version.
fn run_of(workflow: &WorkflowRecord, scheduled_at: Timestamp) -> RunId {
    let run = RunId::for_schedule(&workflow.workflow, scheduled_at);
    match sabotage::breaks(sabotage::Break::ScheduleOfVersion) {
        true => RunId::for_replay(&run, workflow.active_version.0),
        false => run,
    }
}

/// The minute that a time is in.
fn minute(time: Timestamp) -> Timestamp {
    let second = time.as_second();
    Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(time)
}

/// The schedule by which a workflow is started, if one does.
fn wanted(workflow: &WorkflowRecord) -> Result<&ScheduleRecord, NotStarted> {
    match workflow.state {
        WorkflowState::Enabled => {}
        state @ (WorkflowState::Disabled | WorkflowState::Deleted) => return Err(NotStarted::NotEnabled(state)),
    }
    let schedule = workflow.schedule.current();
    schedule.ok_or(NotStarted::NoSchedule(workflow.active_version))
}

/// The reason a time that is so long ago starts nothing any more, if it does not.
fn over(schedule: &ScheduleRecord, ago: SignedDuration) -> Option<NotStarted> {
    if ago > OLDEST_EVENT {
        return Some(NotStarted::TooOld);
    }
    (!schedule.catch_up && ago > MISSED_AFTER).then_some(NotStarted::Missed(ago))
}
