//! Runs that seem to go on: whether they do.

use jiff::{SignedDuration, Timestamp};
use platform::{
    executions::{ExecutionViews, Wakes},
    run_end::{self, YOUNG, reconcile},
    table::{
        Waits,
        journal::{Journal, OpenRun, RunKnown},
    },
    task::TaskError,
};
use std::time::Duration;
use tokio::time::Instant;
use workflow::{error_name::ErrorName, ids::RunId};

/// The time that it takes at most to look at all open runs: the function has 30 s. Those that are left have their turn an hour later.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// How long ago an execution may have been started that has failed in its first Plan: that is tried for an hour or two, and some looks
/// may come to nothing.
const FIRST_PLAN: SignedDuration = SignedDuration::from_hours(12);

/// The number of times that the schedule calls, for the order in which runs are looked at.
const PERIOD_SECONDS: i64 = 3600;

/// Looks at all runs of which no end is known, and writes the ends of those whose execution has ended. Gives how many that were.
///
/// # Errors
/// `Store.Unavailable`, if the runs cannot be listed. One run of which nothing can be found out does not keep the others from
/// theirs.
pub(crate) async fn look_at_all(
    journal: &(impl Journal + Waits),
    executions: &(impl ExecutionViews + Wakes),
    now: Timestamp,
) -> Result<usize, TaskError> {
    if sabotage::breaks(sabotage::Break::NoFinalRecord) || sabotage::breaks(sabotage::Break::NoSchedule) {
        return Ok(0);
    }
    let begun = Instant::now();
    let mut runs = journal
        .open_runs(now.checked_sub(YOUNG).unwrap_or(now))
        .await
        .map_err(|error| TaskError::new(ErrorName::StoreUnavailable, error.to_string()))?;
    // Where there are more than there is time for, each call begins with others.
    let first = usize::try_from(now.as_second() / PERIOD_SECONDS).unwrap_or_default();
    if !runs.is_empty() {
        let first = first.wrapping_mul(997) % runs.len();
        runs.rotate_left(first);
    }
    let (mut looked_at, mut ended) = (0_usize, 0_usize);
    for run in &runs {
        if begun.elapsed() >= TIME_LIMIT {
            break;
        }
        looked_at += 1;
        ended += usize::from(has_ended(run, journal, executions, now).await);
    }
    let unseen = begun_never(journal, executions, now).await;
    tracing::info!(open = runs.len(), looked_at, ended, unseen, "looked at the open runs");
    Ok(ended + unseen)
}

/// Writes the ends of runs whose execution failed before their first Plan, so that the table knows nothing of them. Gives how many
/// that were.
async fn begun_never(
    journal: &(impl Journal + Waits),
    executions: &(impl ExecutionViews + Wakes),
    now: Timestamp,
) -> usize {
    let since = now.checked_sub(FIRST_PLAN).unwrap_or(now);
    let failed = match executions.failed_since(since).await {
        Ok(failed) => failed,
        Err(error) => {
            tracing::warn!(%error, "it is not known which executions failed");
            return 0;
        }
    };
    let mut ended = 0;
    for execution in failed {
        let Ok(run) = execution.name.parse::<RunId>() else {
            continue;
        };
        match journal.run_known(&run).await {
            Ok(RunKnown::Nothing) => {}
            _ => continue,
        }
        let recorded = match executions.execution(&execution.arn).await {
            Ok(Some(view)) => run_end::record(&execution.arn, &view, journal, executions, now).await,
            Ok(None) => Ok(false),
            Err(error) => Err(error.into()),
        };
        match recorded {
            Ok(was_needed) => ended += usize::from(was_needed),
            Err(error) => tracing::warn!(execution = execution.arn, %error, "the end of the execution was not written"),
        }
    }
    ended
}

/// Whether a run is over that keeps another one waiting, as far as can be found out.
pub(crate) async fn is_over(
    run: &RunId,
    journal: &(impl Journal + Waits),
    executions: &(impl ExecutionViews + Wakes),
    now: Timestamp,
) -> bool {
    match journal.run_known(run).await {
        Ok(RunKnown::Open(open)) => has_ended(&open, journal, executions, now).await,
        // It has ended meanwhile, or long since.
        Ok(RunKnown::Ended | RunKnown::Nothing) => true,
        Err(error) => {
            tracing::warn!(%run, %error, "it is not known whether the run goes on");
            false
        }
    }
}

async fn has_ended(
    run: &OpenRun,
    journal: &(impl Journal + Waits),
    executions: &(impl ExecutionViews + Wakes),
    now: Timestamp,
) -> bool {
    let ended = reconcile(run, executions, journal, now).await;
    ended.unwrap_or_else(|error| {
        tracing::warn!(run = %run.run, %error, "it is not known whether the run goes on");
        false
    })
}
