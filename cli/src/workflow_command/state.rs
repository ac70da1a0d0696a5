//! `pagerflow workflow enable`, `disable` and `delete`.

use crate::{
    error::Error,
    known,
    output::{Screen, View},
    schedules,
    stack::Stack,
};
use jiff::Timestamp;
use platform::table::{StateError, WorkflowState};
use serde::Serialize;
use workflow::ids::WorkflowId;

/// A workflow whose state was set.
#[derive(Debug, Serialize)]
pub(super) struct Changed {
    workflow: WorkflowId,
    state: WorkflowState,
}

pub(super) async fn set(workflow: WorkflowId, state: WorkflowState, stack: &Stack) -> Result<Changed, Error> {
    match stack.table.set_workflow_state(&workflow, state, Timestamp::now()).await {
        Ok(()) => {
            schedules::follow(&workflow, state, stack).await?;
            Ok(Changed { workflow, state })
        }
        Err(StateError::Unknown(_)) => Err(known::unknown_workflow(&workflow, stack).await),
        Err(error) => Err(error.into()),
    }
}

impl View for Changed {
    fn text(&self, _: Screen) -> String {
        let Self { workflow, state } = self;
        match state {
            WorkflowState::Enabled => format!("{workflow} is {state}."),
            WorkflowState::Disabled | WorkflowState::Deleted => {
                format!("{workflow} is {state}. Its events are accepted and ignored, from at most ten seconds on.")
            }
        }
    }
}
