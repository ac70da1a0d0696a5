//! `pagerflow run cancel`.

use super::{known, view};
use crate::{
    error::Error,
    known::unknown_run,
    output::{Notices, Screen, View},
    stack::Stack,
};
use jiff::Timestamp;
use platform::{
    table::{CancelRequest, Cancellation},
    wake,
};
use serde::Serialize;
use workflow::{ids::RunId, planner::CancelMark};

/// A run that was asked to end.
#[derive(Debug, Serialize)]
pub(super) struct Cancelling {
    run: RunId,
    cancels: bool,
}

pub(super) async fn cancel(
    run: RunId,
    reason: Option<String>,
    stack: &Stack,
    notices: Notices,
) -> Result<Cancelling, Error> {
    known(&run, stack, notices).await?;
    let asked = Cancellation {
        by: stack.caller().await,
        at: Timestamp::now(),
        reason,
    };
    match stack.table.cancel_run(&run, &asked).await? {
        CancelRequest::Unknown => return Err(unknown_run(&run, stack).await),
        CancelRequest::Ended(status) => {
            return Err(Error::Invalid(format!(
                "the run {run} has {} already",
                view::words(status)
            )));
        }
        CancelRequest::Accepted => {}
    }
    let whole = CancelMark::run();
    if let Err(error) = wake::cancelled(&run, &whole, &stack.table, &stack.state_machine).await {
        notices.warn(&format!(
            "the run {run} is asked to end, and not all of its lanes could be woken: {error}; one that waits ends within a quarter of an hour, or six hours if it waits \
             for more than a day"
        ));
    }
    Ok(Cancelling { run, cancels: true })
}

impl View for Cancelling {
    fn text(&self, _: Screen) -> String {
        let run = &self.run;
        format!(
            "The run {run} ends: at once if it waits, or else before its next step. Follow it with `pagerflow run watch {run}`."
        )
    }
}
