//! The two things after a Plan is written: it wakes the lanes and runs that can go on, and a lane that begins to wait looks once more for
//! what may have ended the wait.

use crate::{
    handler::{Obstacle, Runner},
    state::Next,
};
use jiff::Timestamp;
use platform::{
    executions::{ExecutionViews, Executions, Wakes},
    table::{
        Bodies, StoreError, VersionSource, Waiting, Waits,
        journal::{Journal, Question},
    },
    wake,
};
use serde::Deserialize;
use serde_json::Value;
use workflow::{
    ids::{ApprovalId, RunId},
    planner::{CancelMark, Changes, Cursor, Needs, Pending, events_wanted, has_been_ended},
    run::RunInput,
    watch::Wanted,
};

impl<V, B, J, E> Runner<V, B, J, E>
where
    V: VersionSource,
    B: Bodies,
    J: Journal + Waits,
    E: Executions + ExecutionViews + Wakes,
{
    /// Wakes the lanes that a Plan has cancelled, and the run that can go on when this one has ended. All of it stands in the table, so
    /// a failed wake is logged and does not fail the run.
    pub(crate) async fn wake_others(
        &self,
        input: &RunInput,
        cursor: &Cursor,
        changes: &Changes,
        may_hold_key: bool,
        now: Timestamp,
    ) {
        let own = &input.run.id;
        let whole = CancelMark::run();
        // Before the lanes, of which there may be hundreds.
        let is_end_of_run = changes.end.is_some() && cursor.lane.is_main();
        if is_end_of_run && may_hold_key {
            log_failure(own, wake::next_in_line(own, &self.journal, &self.executions, now).await);
        }
        let lanes = changes.cancels.iter().map(|mark| (own, mark));
        let runs = changes.cancels_runs.iter().map(|run| (run, &whole));
        for (run, mark) in lanes.chain(runs) {
            log_failure(run, wake::cancelled(run, mark, &self.journal, &self.executions).await);
        }
    }

    /// Looks once more whether something ends a wait that has just been written.
    pub(crate) async fn look_again(
        &self,
        input: &RunInput,
        handover: &Value,
        concurrency_key: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if handover.pointer("/command/wait").is_none() || sabotage::breaks(sabotage::Break::NoSecondLook) {
            return Ok(());
        }
        let Ok(Next { cursor, .. }) = Next::deserialize(handover) else {
            return Ok(());
        };
        let run = &input.run.id;
        let events = match &cursor.watching {
            Some(_) => self.events_wanted(input, &cursor).await?,
            None => None,
        };
        let question = Question {
            run,
            workflow: &input.run.workflow,
            needs: &Needs {
                lock: matches!(cursor.pending, Some(Pending::Lock { .. })),
                approval: match &cursor.pending {
                    Some(Pending::Approval { step, .. }) => Some(ApprovalId::of(run, &cursor.lane, step)),
                    _ => None,
                },
                events,
                ..Needs::default()
            },
            concurrency_key,
            incident: None,
            own_key: None,
            now,
        };
        let known = self.journal.known(&question).await?;
        if has_been_ended(run, &cursor, &known) {
            let waiting = Waiting {
                run: run.clone(),
                plan: cursor.plans,
                lane: cursor.lane,
            };
            log_failure(run, wake::lane(&waiting, &self.journal, &self.executions).await);
        }
        Ok(())
    }

    /// The events that a lane waits for. The definition is at hand, unless the Plan was made by another environment of the function.
    async fn events_wanted(&self, input: &RunInput, cursor: &Cursor) -> Result<Option<Wanted>, StoreError> {
        match self.definition(input).await {
            Ok(definition) => Ok(events_wanted(&definition, cursor)),
            Err(Obstacle::Store(error)) => Err(error),
            // The next Plan ends the run for it.
            Err(Obstacle::Run(_)) => Ok(None),
        }
    }
}

fn log_failure(run: &RunId, woken: Result<(), wake::Unwoken>) {
    if let Err(error) = woken {
        tracing::warn!(%run, %error, "not woken");
    }
}
