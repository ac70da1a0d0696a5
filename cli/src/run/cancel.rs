//! `pagerflow run cancel`.

use super::{known, view};
use crate::{
    error::Error,
    known::unknown_run,
    output::{Notices, Screen, View},
    stack::Stack,
};
use platform::table::CancelRequest;
use serde::Serialize;
use workflow::ids::RunId;

/// A run that was asked to end.
#[derive(Debug, Serialize)]
pub(super) struct Cancelling {
    run: RunId,
    cancels: bool,
}

pub(super) async fn cancel(run: RunId, stack: &Stack, notices: Notices) -> Result<Cancelling, Error> {
    known(&run, stack, notices).await?;
    match stack.table.cancel_run(&run).await? {
        CancelRequest::Unknown => Err(unknown_run(&run, stack).await),
        CancelRequest::Ended(status) => Err(Error::Invalid(format!(
            "the run {run} has {} already",
            view::words(status)
        ))),
        CancelRequest::Accepted => Ok(Cancelling { run, cancels: true }),
    }
}

impl View for Cancelling {
    fn text(&self, _: Screen) -> String {
        let run = &self.run;
        format!("The run {run} ends before its next step. Follow it with `pagerflow run watch {run}`.")
    }
}
