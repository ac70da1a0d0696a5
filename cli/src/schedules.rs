//! Schedules of workflows in EventBridge Scheduler, which follow the table.
//!
//! A command writes the table first. What it leaves undone here when it breaks off, the same command does when it is given again, and
//! meanwhile the runner goes by the table.

mod eventbridge;

pub(crate) use eventbridge::EventBridgeScheduler;

use crate::{error::Error, stack::Stack};
use platform::{
    schedules::{Schedule, ScheduleTarget, SchedulerError, Schedules},
    table::{StoreError, Table, WorkflowRecord, WorkflowState, items::Items},
};
use workflow::ids::WorkflowId;

/// The number of times that a workflow is looked at that others keep changing.
const LOOKED_AT_MOST: usize = 5;

/// The table has a workflow as it is to be, and EventBridge Scheduler not yet.
#[derive(Debug, thiserror::Error)]
#[error(
    "the table has the workflow {workflow} as it is to be, but its schedule is not changed yet: {cause}\n\
     Meanwhile nothing starts that the table does not want, and nothing at times that are new. Run the same command again, or \
     `{}`.", mend(workflow, *state)
)]
pub(crate) struct NotFollowed {
    workflow: WorkflowId,
    state: WorkflowState,
    #[source]
    cause: Box<Error>,
}

/// Has EventBridge Scheduler follow what the table says of a workflow, which was given that state.
pub(crate) async fn follow(workflow: &WorkflowId, state: WorkflowState, stack: &Stack) -> Result<(), Error> {
    let followed = async {
        let record = stack.table.workflow(workflow).await?;
        if let Some(record) = record.filter(|record| record.schedule.was_ever()) {
            let (schedules, target) = stack.schedules().await?;
            bring(&record, &stack.table, &schedules, &target).await?;
        }
        Ok(())
    };
    followed.await.map_err(|cause: Error| {
        Error::NotFollowed(NotFollowed {
            workflow: workflow.clone(),
            state,
            cause: Box::new(cause),
        })
    })
}

/// The command that makes the schedule of a workflow of that state follow the table.
pub(crate) fn mend(workflow: &WorkflowId, state: WorkflowState) -> String {
    match state {
        WorkflowState::Enabled => format!("pagerflow workflow enable {workflow}"),
        WorkflowState::Disabled => format!("pagerflow workflow disable {workflow}"),
        WorkflowState::Deleted => format!("pagerflow workflow delete {workflow} --yes"),
    }
}

/// A schedule does not follow the table.
#[derive(Debug, thiserror::Error)]
enum BringError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Scheduler(#[from] SchedulerError),
    #[error("others keep changing the workflow at the same time")]
    Contended,
}

impl From<BringError> for Error {
    fn from(error: BringError) -> Self {
        match error {
            BringError::Store(error) => error.into(),
            BringError::Scheduler(error) => error.into(),
            BringError::Contended => Self::Invalid(error.to_string()),
        }
    }
}

/// Brings the schedule of a workflow to where its record in the table is. The table is looked at again after that: of two commands
/// at the same time the one that is earlier in the table must not be the later one here.
async fn bring<I: Items>(
    record: &WorkflowRecord,
    table: &Table<I>,
    schedules: &impl Schedules,
    target: &ScheduleTarget,
) -> Result<(), BringError> {
    let id = &record.workflow;
    let mut seen = record.clone();
    for _ in 0..LOOKED_AT_MOST {
        match Schedule::of(&seen, target) {
            Some(wanted) => {
                // An update may begin the count of a rate anew.
                if schedules.get(id.as_str()).await?.as_ref() != Some(&wanted) {
                    schedules.put(id, &wanted).await?;
                }
            }
            None => schedules.remove(id).await?,
        }
        match table.workflow(id).await? {
            Some(now) if now.updated_at != seen.updated_at => seen = now,
            _ => return Ok(()),
        }
    }
    Err(BringError::Contended)
}

#[cfg(test)]
pub(crate) mod tests;
