//! Waking lanes that wait, when there is something for them.
//!
//! Callers first write what the lane is to find, and call these functions then. A wake is only the fast way: a lane that is not woken
//! finds what was written when its slice of the wait is over.

use crate::{
    executions::{WakeError, Wakes},
    table::{Signalled, StoreError, Waiting, Waits},
};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use workflow::{
    ids::{LanePath, RunId},
    planner::{CancelMark, LaneKey},
};

/// The number of lanes that are woken at the same time.
const AT_ONCE: usize = 16;

/// The most lanes of a run that are woken for one mark: a function has 30 s, and some 20 ms for each. A run of which more lanes wait finds
/// out about the others when their slices are over.
const MOST: usize = 2_000;

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
    let waiting = waits.waits(run).await?.into_iter();
    let waiting = waiting.filter(|waiting| mark.covers(&waiting.lane)).take(MOST);
    let wakes = stream::iter(waiting).map(async |waiting| lane(&waiting, waits, executions).await);
    let woken: Vec<Result<(), Unwoken>> = wakes.buffer_unordered(AT_ONCE).collect().await;
    woken.into_iter().collect()
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
    // It has no other lane before its turn.
    match waits.wait_of(&next, &LanePath::main()).await? {
        Some(waiting) => lane(&waiting, waits, executions).await,
        None => Ok(()),
    }
}

/// Wakes the lane that has asked for an approval, now that it is decided.
///
/// # Errors
/// It may not have been woken.
pub async fn decided(run: &RunId, lane: &LanePath, waits: &impl Waits, executions: &impl Wakes) -> Result<(), Unwoken> {
    // Before it waits it sends its messages, and looks when it begins to wait.
    if_waiting(run, lane, waits, executions).await
}

/// Wakes the lanes that watch an incident, now that an event of it is there. Those that do not wait yet look when they begin to.
///
/// # Errors
/// A lane may not have been woken. All were tried.
pub async fn watchers(lanes: &[LaneKey], waits: &impl Waits, executions: &impl Wakes) -> Result<(), Unwoken> {
    let wakes = stream::iter(lanes).map(async |lane| if_waiting(&lane.run, &lane.lane, waits, executions).await);
    let woken: Vec<Result<(), Unwoken>> = wakes.buffer_unordered(AT_ONCE).collect().await;
    woken.into_iter().collect()
}

async fn if_waiting(run: &RunId, lane: &LanePath, waits: &impl Waits, executions: &impl Wakes) -> Result<(), Unwoken> {
    match waits.wait_of(run, lane).await? {
        Some(waiting) => self::lane(&waiting, waits, executions).await,
        None => Ok(()),
    }
}

/// Wakes a lane.
///
/// # Errors
/// It may not have been woken.
pub async fn lane(waiting: &Waiting, waits: &impl Waits, executions: &impl Wakes) -> Result<(), Unwoken> {
    if sabotage::breaks(sabotage::Break::NoWake) {
        return Ok(());
    }
    if let Signalled::Parked(token) = waits.signal(waiting).await? {
        executions.wake(&token).await?;
    }
    Ok(())
}
