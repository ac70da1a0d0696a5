//! After a Plan is written: those whom it concerns are woken, and a lane that begins to wait looks whether there is something for it.

use crate::{handler::Runner, state::Next};
use jiff::Timestamp;
use platform::{
    executions::Wakes,
    table::{
        StoreError, Waiting, Waits,
        journal::{Journal, Question},
    },
    wake,
};
use serde::Deserialize;
use serde_json::Value;
use workflow::{
    ids::RunId,
    planner::{CancelMark, Changes, Cursor, Needs, Pending, has_been_ended},
    run::RunInput,
};

impl<V, B, J: Journal + Waits, E: Wakes> Runner<V, B, J, E> {
    /// Wakes the lanes that a Plan has cancelled, and the run that its end lets go on. The table says all that; so a run does not fail
    /// because nobody could be woken.
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
        // It is one, and those of which there may be hundreds must not keep it from its turn.
        let is_end_of_run = changes.end.is_some() && cursor.lane.is_main();
        if is_end_of_run && may_hold_key {
            told(own, wake::next_in_line(own, &self.journal, &self.executions, now).await);
        }
        let lanes = changes.cancels.iter().map(|mark| (own, mark));
        let runs = changes.cancels_runs.iter().map(|run| (run, &whole));
        for (run, mark) in lanes.chain(runs) {
            told(run, wake::cancelled(run, mark, &self.journal, &self.executions).await);
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
        let question = Question {
            run,
            workflow: &input.run.workflow,
            needs: &Needs {
                lock: matches!(cursor.pending, Some(Pending::Lock { .. })),
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
            told(run, wake::lane(&waiting, &self.journal, &self.executions).await);
        }
        Ok(())
    }
}

fn told(run: &RunId, woken: Result<(), wake::Unwoken>) {
    if let Err(error) = woken {
        tracing::warn!(%run, %error, "not woken");
    }
}
