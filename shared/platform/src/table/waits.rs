//! Lanes that wait, and the signals that wake them.
//!
//! The item of a lane that waits is written by the Plan that hands out the command to wait, and emptied by the Plan that goes on. In
//! between, Step Functions itself puts its token into it, unless a signal was there before. No function may delete items.

use super::{
    Items, Query, Read, Single, StoreError, Table, Write,
    items::{Key, Test, Update},
    journal, keys, number, record, text,
};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use workflow::{
    ids::{LanePath, RunId},
    planner::WaitKey,
};

/// The attributes of a wait that the state machine touches, besides the key. Its definition and its rights name the same.
pub(super) const PLAN: &str = "plan";
pub(super) const SIGNAL: &str = "sig";
pub(super) const TOKEN: &str = "tok";

/// A lane that waits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Waiting {
    pub run: RunId,
    pub lane: LanePath,
    /// The number of the Plan that has it wait.
    pub plan: u64,
}

/// The token of a state that waits: who has it can end that state, and nothing else.
#[derive(Debug, Clone)]
pub struct TaskToken(pub SecretString);

/// The outcome of a signal.
#[derive(Debug, Clone)]
pub enum Signalled {
    /// The state waits, and has this token.
    Parked(TaskToken),
    /// The state does not wait yet. It finds the signal when it begins to.
    Unparked,
    /// A later Plan was made. It has looked for what the signal is about.
    IsOver,
}

/// The store of waits.
pub trait Waits: Sync {
    /// The lanes of a run that wait. One call for each page of them.
    ///
    /// # Errors
    /// DynamoDB did not answer, or an item cannot be read by this release.
    fn waits(&self, run: &RunId) -> impl Future<Output = Result<Vec<Waiting>, StoreError>> + Send;

    /// The wait of a lane, if it waits. One call.
    ///
    /// # Errors
    /// As [`Self::waits`].
    fn wait_of(&self, run: &RunId, lane: &LanePath)
    -> impl Future<Output = Result<Option<Waiting>, StoreError>> + Send;

    /// Signals a lane that waits. One call.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    fn signal(&self, waiting: &Waiting) -> impl Future<Output = Result<Signalled, StoreError>> + Send;

    /// The run whose turn it is by the end of a run, if that has stood in the lock of a concurrency key. Three calls; one if it has
    /// not.
    ///
    /// # Errors
    /// As [`Self::waits`].
    fn next_in_line(
        &self,
        ended: &RunId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<RunId>, StoreError>> + Send;
}

fn key(key: &WaitKey) -> Key {
    Key::new(key.pk(), key.sk())
}

/// Has a lane wait. What was there before is of an earlier wait.
pub(super) fn begin(waiting: &Waiting, expires_at: i64) -> Write {
    let mut update = Update::new(key(&WaitKey::of(&waiting.run, &waiting.lane)));
    update.set("run", text(waiting.run.as_str()));
    update.set("lane", text(waiting.lane.to_string()));
    update.set(PLAN, number(waiting.plan));
    update.set("expires_at", number(expires_at));
    update.remove(SIGNAL);
    update.remove(TOKEN);
    update.into()
}

/// The lane waits no longer.
pub(super) fn end(run: &RunId, lane: &LanePath, expires_at: i64) -> Write {
    let mut update = Update::new(key(&WaitKey::of(run, lane)));
    update.set("expires_at", number(expires_at));
    update.remove(PLAN);
    update.remove(SIGNAL);
    update.remove(TOKEN);
    update.into()
}

impl<I: Items> Table<I> {
    /// Does what the state machine does when a lane begins to wait, for those who play the state machine: puts its token into the item.
    /// Gives whether it could: not if there is a signal already, or the Plan is not the last one.
    ///
    /// # Errors
    /// The table did not answer.
    pub async fn park(&self, pk: &str, sk: &str, plan: &str, token: &str) -> Result<bool, StoreError> {
        let mut update = Update::new(Key::new(pk, sk));
        update.require(Test::Is(PLAN, AttributeValue::N(plan.to_owned())));
        update.require(Test::HasNot(SIGNAL));
        update.set(TOKEN, text(token));
        let parked = self.items.write("park an execution", update.into()).await?;
        Ok(matches!(parked, Single::Done { .. }))
    }
}

impl<I: Items> Waits for Table<I> {
    async fn waits(&self, run: &RunId) -> Result<Vec<Waiting>, StoreError> {
        let items = self
            .query(Query::partition(Read::Waits, WaitKey::partition(run)))
            .await?;
        let waiting = items.into_iter().filter(|item| item.contains_key(PLAN));
        waiting.map(|item| record("wait of a lane", item)).collect()
    }

    async fn wait_of(&self, run: &RunId, lane: &LanePath) -> Result<Option<Waiting>, StoreError> {
        let item = self.get(Read::Waits, &key(&WaitKey::of(run, lane))).await?;
        let waiting = item.filter(|item| item.contains_key(PLAN));
        waiting.map(|item| record("wait of a lane", item)).transpose()
    }

    async fn signal(&self, waiting: &Waiting) -> Result<Signalled, StoreError> {
        let mut update = Update::new(key(&WaitKey::of(&waiting.run, &waiting.lane)));
        update.require(Test::Is(PLAN, number(waiting.plan)));
        update.set(SIGNAL, AttributeValue::Bool(true));
        Ok(match self.items.write("signal a lane", update.into()).await? {
            Single::Refused { .. } => Signalled::IsOver,
            Single::Done { item } => match item.and_then(|mut item| item.remove(TOKEN)) {
                Some(AttributeValue::S(token)) => Signalled::Parked(TaskToken(token.into())),
                _ => Signalled::Unparked,
            },
        })
    }

    async fn next_in_line(&self, ended: &RunId, now: Timestamp) -> Result<Option<RunId>, StoreError> {
        let Some(lock) = self.run_alone(ended).await?.and_then(|run| run.lock) else {
            return Ok(None);
        };
        let view = journal::lock(self, &keys::lock_at(lock), now).await?;
        Ok(view.next_in_line().cloned())
    }
}

#[cfg(test)]
mod tests;
