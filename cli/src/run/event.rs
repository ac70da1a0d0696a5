//! The event that started a run, as it was delivered.

use crate::{error::Error, stack::Stack};
use platform::{
    body,
    executions::ExecutionViews,
    table::{Bodies, RunView},
};
use workflow::{
    ids::RunId,
    run::{RunBody, RunEvent, RunInput},
};

/// The input that a run was started with.
pub(super) async fn input(view: &RunView, stack: &Stack) -> Result<RunInput, Error> {
    let execution = stack.state_machine.execution(&view.execution).await?;
    let input = execution.and_then(|execution| execution.input).ok_or_else(|| {
        Error::NotFound(format!(
            "Step Functions does not know the execution of the run {} any more: it keeps them for 90 days; so its event and \
             inputs are not known\nStart a run by hand with `pagerflow run start {}`.",
            view.run, view.workflow
        ))
    })?;
    serde_json::from_str(&input).map_err(|error| {
        Error::Invalid(format!(
            "the input of the run {} cannot be read: {error}\nUse a `pagerflow` of the release that is deployed.",
            view.run
        ))
    })
}

/// The compressed body of the delivery that started a run.
pub(super) async fn compressed(run: &RunId, event: &RunEvent, stack: &Stack) -> Result<Vec<u8>, Error> {
    match &event.body {
        RunBody::Input { data } => body::from_text(data).map_err(|error| Error::Invalid(error.to_string())),
        RunBody::Table {} => stack.table.body(run).await?.ok_or_else(|| {
            Error::NotFound(format!(
                "the body of the event of the run {run} is not in the table any more"
            ))
        }),
    }
}

/// The body of the delivery that started a run: JSON, as PagerDuty sent it.
pub(super) async fn event(view: &RunView, stack: &Stack) -> Result<String, Error> {
    let input = input(view, stack).await?;
    let of_run = input.event().ok_or_else(|| {
        let by = match input.scheduled_at() {
            Some(due) => format!("it was started by a schedule, due at {due}"),
            None => "it was started by hand".to_owned(),
        };
        Error::NotFound(format!("no event started the run {}: {by}", view.run))
    })?;
    let bytes = body::decompress(&compressed(&view.run, of_run, stack).await?);
    let bytes = bytes.map_err(|error| Error::Invalid(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| Error::Invalid(format!("the event is no text: {error}")))
}
