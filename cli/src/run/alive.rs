//! Runs that seem to go on: whether they do.
//!
//! EventBridge may fail to tell of the end of an execution, and such a run would go on for ever by its record. So a command that shows, ends or
//! repeats a run that seems to go on asks Step Functions first.

use crate::{error::Error, output::Notices, stack::Stack};
use jiff::Timestamp;
use platform::{
    run_end::reconcile,
    table::{RunStatus, RunView, journal::OpenRun},
};

/// The number of runs that are looked up in Step Functions concurrently.
pub(crate) const AT_ONCE: usize = 16;

/// The run as it stands. Its end is written down if its execution has ended unnoticed. Where Step Functions does not tell, the
/// run is taken to go on, and that is said.
pub(crate) async fn reconciled(view: RunView, stack: &Stack, notices: Notices) -> Result<RunView, Error> {
    if view.status != RunStatus::Running {
        return Ok(view);
    }
    let open = OpenRun {
        run: view.run.clone(),
        execution: view.execution.clone(),
        is_called: view.called_by.is_some(),
        started_at: view.started_at,
    };
    match reconcile(&open, &stack.state_machine, &stack.table, Timestamp::now()).await {
        Ok(true) => Ok(stack.table.run(&view.run).await?.unwrap_or(view)),
        Ok(false) => Ok(view),
        Err(error) => {
            notices.warn(&format!(
                "it is not known whether the run {} goes on: {error}",
                view.run
            ));
            Ok(view)
        }
    }
}
