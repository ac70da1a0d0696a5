//! Ends of runs that no Plan wrote.
//!
//! The planner writes the end of a run into the journal. Where an execution ends otherwise (a person stops it, its time is over,
//! no Plan comes about) it must come from elsewhere. EventBridge tells the runner of such ends, but now and then it does not: its reference
//! gives these events the delivery type "best effort" (page `events-ref-states`). So code that meets a run without an end asks Step
//! Functions, and a schedule has the runner ask about all of them.

use crate::{
    executions::{DescribeError, ExecutionView, ExecutionViews, Wakes},
    table::{
        StoreError, Waits,
        journal::{Journal, OpenRun, OutsideEnd},
    },
    wake,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use workflow::{
    error_name::ErrorName,
    ids::LanePath,
    planner::{CancelMark, Failure, LaneKey},
    run::RunInput,
};

/// The end of a run was not written, and it is not known whether that is needed.
#[derive(Debug, thiserror::Error)]
pub enum RunEndError {
    /// Step Functions did not tell of the execution.
    #[error(transparent)]
    Execution(#[from] DescribeError),
    /// The table did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The execution was told of without its input.
    #[error(
        "what is told about {execution} lacks the execution's input, so its run is not known; look at the execution"
    )]
    NoInput {
        /// Its ARN.
        execution: String,
    },
}

/// Writes the final record of the run whose execution has ended, if it has none, and wakes those whom that concerns. Gives whether that
/// was needed.
///
/// # Errors
/// The execution has no input, or the table did not answer.
pub async fn record(
    execution: &str,
    view: &ExecutionView,
    journal: &(impl Journal + Waits),
    executions: &impl Wakes,
    now: Timestamp,
) -> Result<bool, RunEndError> {
    let Some(input) = &view.input else {
        return Err(RunEndError::NoInput {
            execution: execution.to_owned(),
        });
    };
    let input: RunInput = match serde_json::from_str(input) {
        Ok(input) => input,
        Err(error) => {
            tracing::warn!(execution, %error, "an execution ended that was no run");
            return Ok(false);
        }
    };
    let (run, workflow, event_id, status) = (
        &input.run.id,
        &input.run.workflow,
        input.event_id(),
        view.status.as_str(),
    );
    if !bears_run(&input) {
        // The execution that started it waits for it, and finds that its lane has not ended.
        let lane = input.lane();
        tracing::info!(%run, %workflow, event_id, %lane, execution, status, "an execution of a lane ended");
        return Ok(false);
    }
    let failure = failure(execution, view);
    let end = OutsideEnd {
        input: &input,
        execution,
        started_at: view.started_at,
        ended_at: view.ended_at.unwrap_or(now),
        failure: &failure,
    };
    let written = journal.end_from_outside(&end).await?;
    if written {
        let error = &failure.message;
        tracing::error!(%run, %workflow, event_id, execution, status, error, "run ended from outside");
        let lanes = Box::pin(wake::cancelled(run, &CancelMark::run(), journal, executions)).await;
        let next = Box::pin(wake::next_in_line(run, journal, executions, now)).await;
        for error in [lanes, next].into_iter().filter_map(Result::err) {
            tracing::warn!(%run, %error, "not woken");
        }
    }
    Ok(written)
}

/// How old a run is before anybody asks: its end is usually told within seconds, and Step Functions tells of a new execution a
/// moment late.
pub const YOUNG: SignedDuration = SignedDuration::from_mins(1);

/// Asks Step Functions about a run without an end, and writes its final record if its execution has ended. Gives whether
/// that was needed. A run that is [`YOUNG`], or of whose execution Step Functions knows nothing, is taken to go on.
///
/// # Errors
/// Step Functions or the table did not answer.
pub async fn reconcile(
    run: &OpenRun,
    executions: &(impl ExecutionViews + Wakes),
    journal: &(impl Journal + Waits),
    now: Timestamp,
) -> Result<bool, RunEndError> {
    if now.duration_since(run.started_at) < YOUNG {
        return Ok(false);
    }
    let execution = match run.is_called {
        false => run.execution.clone(),
        // It has no execution of its own name; the one that owns its main lane bears it.
        true => {
            let main = LaneKey {
                run: run.run.clone(),
                lane: LanePath::main(),
            };
            let lanes = journal.lanes(&BTreeSet::from([main.clone()])).await?;
            match lanes.get(&main).and_then(|lane| lane.last.as_ref()) {
                Some(last) => last.owner.clone(),
                None => return Ok(false),
            }
        }
    };
    let Some(view) = executions.execution(&execution).await? else {
        return Ok(false);
    };
    // An execution that succeeds has written the end of its part before, or another execution goes on with it.
    if view.is_running || view.status == "SUCCEEDED" {
        return Ok(false);
    }
    record(&execution, &view, journal, executions, now).await
}

/// True if a run ends with an execution: the one that bears the run's name, and of a run that a step called any that does its
/// main lane. Such a run has no execution of its own name, and its caller may have ended together with it.
fn bears_run(input: &RunInput) -> bool {
    match &input.part {
        None => true,
        Some(part) => part.lane.is_main() && input.called_by().is_some(),
    }
}

fn failure(execution: &str, view: &ExecutionView) -> Failure {
    let what = match view.status.as_str() {
        "ABORTED" => "the execution was stopped in Step Functions",
        "TIMED_OUT" => "Step Functions ended the execution, because its time was over",
        _ => "the execution failed, and the planner could not go on with it",
    };
    let said = view.error.iter().flat_map(|(name, cause)| [name, cause]);
    let said: Vec<&str> = said.map(String::as_str).filter(|text| !text.is_empty()).collect();
    let why = match said.as_slice() {
        [] => String::new(),
        said => format!(" ({})", said.join(": ").chars().take(1_000).collect::<String>()),
    };
    Failure::new(
        ErrorName::RunAborted,
        format!("{what}{why}; look at the execution {execution}"),
    )
}
