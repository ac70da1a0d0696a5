//! Waking lanes that wait, when there is something for them.
//!
//! Who has something for a lane writes it first and calls these functions then. What they do is the fast way only: a lane that is not
//! woken finds what was written when its slice of the wait is over.

use crate::{
    executions::{WakeError, Wakes},
    table::{Signalled, StoreError, Waiting, Waits},
};
use jiff::Timestamp;
use workflow::{
    ids::{LanePath, RunId},
    planner::CancelMark,
};

/// A lane may not have been woken. It goes on a quarter of an hour later at most, or six hours if it waits for more than a day.
#[derive(Debug, thiserror::Error)]
pub enum Unwoken {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    StepFunctions(#[from] WakeError),
}

/// Wakes the lanes of a run that are cancelled by a mark.
///
/// # Errors
/// A lane may not have been woken. All were tried.
pub async fn cancelled(
    run: &RunId,
    mark: &CancelMark,
    waits: &impl Waits,
    executions: &impl Wakes,
) -> Result<(), Unwoken> {
    let mut outcome = Ok(());
    for waiting in waits.waits(run).await? {
        if mark.covers(&waiting.lane) {
            outcome = outcome.and(lane(&waiting, waits, executions).await);
        }
    }
    outcome
}

/// Wakes the run whose turn it is when a run has ended, if both are of one concurrency key.
///
/// # Errors
/// It may not have been woken.
pub async fn next_in_line(
    ended: &RunId,
    waits: &impl Waits,
    executions: &impl Wakes,
    now: Timestamp,
) -> Result<(), Unwoken> {
    let Some(next) = waits.next_in_line(ended, now).await? else {
        return Ok(());
    };
    let main = LanePath::main();
    for waiting in waits.waits(&next).await? {
        // It has no other lane before its turn.
        if waiting.lane == main {
            lane(&waiting, waits, executions).await?;
        }
    }
    Ok(())
}

/// Wakes a lane.
///
/// # Errors
/// It may not have been woken.
pub async fn lane(waiting: &Waiting, waits: &impl Waits, executions: &impl Wakes) -> Result<(), Unwoken> {
    if sabotage::breaks(sabotage::Break::NobodyWakes) {
        return Ok(());
    }
    if let Signalled::Parked(token) = waits.signal(waiting).await? {
        executions.wake(&token).await?;
    }
    Ok(())
}
