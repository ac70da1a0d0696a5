//! The way to the items and back: what goes wrong on it, and how far behind a read may be.

use super::{
    log::{Change, Logged},
    service::{Before, Store, lock},
    tables::{Done, Tables},
};
use crate::{reference::Place, world::Fault};
use jiff::{SignedDuration, Timestamp};
use platform::table::{
    Consistency, Read, StoreError,
    items::{Item, ItemMap, Items, Key, Malformed, Page, Projection, Query, Single, Transacted, Write},
};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::time::sleep;
use workflow::planner::LaneKey;

/// How likely faults of the table are.
#[derive(Debug, Clone, Copy, Default)]
pub struct StoreOdds {
    /// The share of the calls that have a fault, from 0 to 1.
    pub faults: f64,
    /// The share of the writes of runs that begin a time in which the indexes are throttled.
    pub index: f64,
}

/// A fault of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFault {
    Refused,
    /// It is done, and not answered.
    Unanswered,
    /// It is not answered, and done so much later.
    Late(Duration),
    /// It takes so much longer.
    Slow(Duration),
    /// Another writer writes an item of the transaction at this moment.
    Conflict(Contended),
    /// An index takes no writes.
    IndexThrottled,
}

/// The item of a transaction that another writer writes at the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contended {
    /// The first one: of a Plan, the lane.
    Lane,
    /// The run, if the transaction writes it, or else the last one.
    Run,
    /// The last one.
    Other,
}

/// How many states of the items are kept for reads that may be stale.
const PAST_STATES: usize = 8;

/// How old is what a stale read sees, at most.
const STALE_FOR: SignedDuration = SignedDuration::from_secs(5);

/// Whether a call changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Read,
    Write,
    /// A write of several items, or none.
    Transaction,
}

impl StoreFault {
    fn as_mishap(self) -> Fault {
        match self {
            Self::Refused => Fault::StoreRefused,
            Self::Unanswered => Fault::StoreUnanswered,
            Self::Late(_) => Fault::StoreLate,
            Self::Slow(_) => Fault::StoreSlow,
            Self::Conflict(_) => Fault::StoreConflict,
            Self::IndexThrottled => Fault::IndexThrottled,
        }
    }

    /// The write of a transaction that cannot be made, and why, as a code of DynamoDB.
    fn in_the_way(self, writes: &[Write]) -> Option<(usize, &'static str)> {
        const CONFLICT: &str = "TransactionConflict";
        let last = writes.len().saturating_sub(1);
        let run = writes.iter().position(is_of_a_run);
        match self {
            Self::Conflict(Contended::Lane) => Some((0, CONFLICT)),
            Self::Conflict(Contended::Run) => Some((run.unwrap_or(last), CONFLICT)),
            Self::Conflict(Contended::Other) => Some((last, CONFLICT)),
            Self::IndexThrottled => run.map(|run| (run, "ThrottlingError")),
            Self::Refused | Self::Unanswered | Self::Late(_) | Self::Slow(_) => None,
        }
    }
}

/// True if a write changes the indexes.
fn is_of_a_run(write: &Write) -> bool {
    write.key().is_some_and(|key| key.pk.starts_with(RUNS))
}

/// The beginning of the partitions of runs.
const RUNS: &str = "RUN#";

/// The way of a call to the table.
#[derive(Debug, Clone)]
pub(super) struct Way {
    store: Store,
    /// The note that the witness takes if the transaction is made.
    done: Option<Arc<Done>>,
}

impl Way {
    pub(super) fn to(store: &Store, done: Option<Done>) -> Self {
        Self {
            store: store.clone(),
            done: done.map(Arc::new),
        }
    }

    /// The fault of a call, if it has one.
    fn fault(&self, effect: Effect) -> Option<StoreFault> {
        self.fault_at(self.store.inner.odds.faults, effect)
    }

    fn fault_at(&self, share: f64, effect: Effect) -> Option<StoreFault> {
        let inner = &self.store.inner;
        inner.calls.fetch_add(1, Ordering::Relaxed);
        let chance = &inner.chance;
        if !chance.happens(share) {
            return None;
        }
        let seconds = |range| chance.millis(range);
        Some(match (chance.number(0..=7), effect) {
            (0, _) => StoreFault::Slow(seconds(500..=8_000)),
            (1..=2, Effect::Write | Effect::Transaction) => StoreFault::Unanswered,
            (3, Effect::Write | Effect::Transaction) => StoreFault::Late(seconds(50..=20_000)),
            (4, Effect::Transaction) => StoreFault::Conflict(Contended::Lane),
            (5, Effect::Transaction) => StoreFault::Conflict(Contended::Run),
            (6, Effect::Transaction) => StoreFault::Conflict(Contended::Other),
            _ => StoreFault::Refused,
        })
    }

    /// The fault that a test wants for the write of a Plan.
    fn scripted(&self) -> Option<StoreFault> {
        let is_plan = self.done.as_deref().is_some_and(|done| matches!(done, Done::Plan(_)));
        if !is_plan {
            return None;
        }
        let mut script = lock(&self.store.inner.script);
        let due = script.iter().position(|(skip, _)| *skip == 0);
        for (skip, _) in script.iter_mut() {
            *skip = skip.saturating_sub(1);
        }
        due.map(|due| script.remove(due).1)
    }

    fn fault_of_transaction(&self, writes: &[Write]) -> Option<StoreFault> {
        let fault = self.fault(Effect::Transaction);
        let fault = self.scripted().or(fault);
        if fault.is_some() || !writes.iter().any(is_of_a_run) {
            return fault;
        }
        let (now, chance) = (self.now(), &self.store.inner.chance);
        let mut until = lock(&self.store.inner.throttled_until);
        if until.is_none_or(|until| until < now) && chance.happens(self.store.inner.odds.index) {
            let length = SignedDuration::from_secs(i64::try_from(chance.number(1..=20)).unwrap_or(1));
            *until = now.checked_add(length).ok();
        }
        until
            .is_some_and(|until| now <= until)
            .then_some(StoreFault::IndexThrottled)
    }

    /// A call: there, the effect, and back.
    async fn call<T: Send + 'static>(
        &self,
        operation: &'static str,
        fault: Option<StoreFault>,
        act: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = &self.store.inner;
        if let Some(fault) = fault {
            inner.mishaps.note_here(fault.as_mishap());
            inner.trace.say(format_args!("table: {operation}: {fault:?}"));
        }
        let unavailable = |cause: &str| {
            Err(StoreError::Unavailable {
                operation,
                cause: cause.into(),
            })
        };
        sleep(inner.chance.millis(1..=6)).await;
        match fault {
            Some(StoreFault::Refused) => {
                sleep(inner.chance.millis(1..=6)).await;
                return unavailable("ThrottlingException");
            }
            Some(StoreFault::Late(by)) => {
                let way = self.clone();
                // It goes on whatever becomes of the caller.
                drop(tokio::spawn(async move {
                    sleep(by).await;
                    drop(act(&way));
                }));
                return unavailable("timeout");
            }
            Some(StoreFault::Slow(by)) => sleep(by).await,
            // The transaction itself sees to these.
            Some(StoreFault::Conflict(_) | StoreFault::IndexThrottled) => {}
            Some(StoreFault::Unanswered) | None => {}
        }
        let result = act(self);
        sleep(inner.chance.millis(1..=6)).await;
        match fault {
            Some(StoreFault::Unanswered) => unavailable("connection reset"),
            _ => result,
        }
    }

    /// A read, of the items as a read of this kind sees them.
    async fn read<T: Send + 'static>(
        &self,
        read: Read,
        look: impl FnOnce(&ItemMap) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let share = match read {
            // A look at the open runs reads four shards, and fails if one of them does: the share is that of the whole look.
            Read::OpenRuns => self.store.inner.odds.faults / 4.0,
            _ => self.store.inner.odds.faults,
        };
        let fault = self.fault_at(share, Effect::Read);
        self.call("read", fault, move |way| Ok(way.seen_by(read, look))).await
    }

    fn seen_by<T>(&self, read: Read, look: impl FnOnce(&ItemMap) -> T) -> T {
        let inner = &self.store.inner;
        if read == Read::OpenRuns {
            return look(&self.indexed_runs());
        }
        if read.consistency() == Consistency::Eventual && inner.chance.happens(0.5) {
            let now = self.now();
            let past = lock(&inner.past);
            let mut young = past.iter().filter(|(at, _)| now.duration_since(*at) <= STALE_FOR);
            if let Some((_, items)) = young.next() {
                return look(items);
            }
        }
        look(&inner.items.items())
    }

    /// The runs as the index has them. Of that it is not known how far behind it is.
    fn indexed_runs(&self) -> ItemMap {
        let inner = &self.store.inner;
        let behind = match inner.chance.happens(0.3) {
            true => SignedDuration::from_secs(i64::try_from(inner.chance.number(1..=60)).unwrap_or(1)),
            false => SignedDuration::ZERO,
        };
        let seen = self.now() - behind;
        let mut runs = inner.items.items().beginning_with(RUNS);
        let past = lock(&inner.past_runs);
        for before in past.iter().rev().take_while(|before| before.at > seen) {
            runs.restore(before.key.clone(), before.item.clone());
        }
        runs
    }

    /// Keeps what reads may see of the items for a while after they are written.
    fn remember(&self, writes: &[Write]) {
        let inner = &self.store.inner;
        let (now, items) = (self.now(), inner.items.items());
        if READS.iter().any(|read| read.consistency() == Consistency::Eventual) {
            let mut past = lock(&inner.past);
            past.push_back((now, items.clone()));
            if past.len() > PAST_STATES {
                past.pop_front();
            }
        }
        let runs = writes.iter().filter(|write| is_of_a_run(write));
        let runs = runs.filter_map(Write::key).map(|key| Before {
            at: now,
            item: items.get(&key).cloned(),
            key,
        });
        lock(&inner.past_runs).extend(runs);
    }

    fn make(
        &self,
        operation: &'static str,
        writes: &[Write],
        fault: Option<StoreFault>,
    ) -> Result<Transacted, StoreError> {
        let obstacle = fault.and_then(|fault| fault.in_the_way(writes));
        let in_the_way = |place| obstacle.filter(|(of, _)| *of == place).map(|(_, code)| code);
        self.remember(writes);
        let made = self.store.inner.items.items().transact(writes, in_the_way);
        let made = made.map_err(|malformed| self.mistake(operation, &malformed))?;
        if let (Transacted::Done, Some(done)) = (&made, &self.done) {
            let mut tables = self.store.tables();
            let from = tables.log.len();
            tables.take_in(self.now(), done);
            if !tables.questions.is_empty() {
                self.store.inner.asked.notify_one();
            }
            self.say(&tables, from);
        }
        Ok(made)
    }

    /// A request that DynamoDB would have refused for good: no simulation may have one.
    fn mistake(&self, operation: &'static str, malformed: &Malformed) -> StoreError {
        self.store.tables().mistakes.push(malformed.to_string());
        malformed.failure(operation)
    }

    fn now(&self) -> Timestamp {
        self.store.inner.clock.now()
    }

    /// Says in the trace what was added to the log.
    fn say(&self, tables: &Tables, from: usize) {
        for Logged { change, .. } in tables.log.iter().skip(from) {
            let trace = &self.store.inner.trace;
            match change {
                Change::Planned {
                    lane, number, handover, ..
                } => {
                    let LaneKey { run, lane } = lane;
                    let command = handover.split_once("\"command\":").map_or("", |(_, command)| command);
                    trace.say(format_args!("table: {run} {lane} plan {number}: {command}"));
                }
                Change::Step { place, record } => {
                    let Place { run, lane, step } = place;
                    trace.say(format_args!("table: {run} {lane} step {step}: {:?}", record.change));
                }
                Change::LaneEnded { lane, end } => {
                    let LaneKey { run, lane } = lane;
                    trace.say(format_args!("table: {run} {lane} ends: {end:?}"));
                }
                other => trace.say(format_args!("table: {other:?}")),
            }
        }
    }
}

/// The kinds of reads that functions make, but for the index.
const READS: [Read; 10] = [
    Read::Version,
    Read::Body,
    Read::Lanes,
    Read::Known,
    Read::Lock,
    Read::Waits,
    Read::IncidentEvents,
    Read::Watchers,
    Read::Ended,
    Read::Trigger,
];

impl Items for Way {
    async fn get(&self, read: Read, key: &Key) -> Result<Option<Item>, StoreError> {
        let key = key.clone();
        let found = self.read(read, move |items| items.get(&key).cloned()).await?;
        Ok(found.map(Arc::unwrap_or_clone))
    }

    async fn get_all(
        &self,
        read: Read,
        keys: Vec<Key>,
        projection: Option<Projection>,
    ) -> Result<Vec<Item>, StoreError> {
        self.read(read, move |items| items.get_all(&keys, projection)).await
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        let query = query.clone();
        self.read(query.read(), move |items| items.query(&query)).await
    }

    async fn write(&self, operation: &'static str, write: Write) -> Result<Single, StoreError> {
        let fault = self.fault(Effect::Write);
        let act = move |way: &Self| {
            way.remember(std::slice::from_ref(&write));
            let written = way.store.inner.items.items().write(&write);
            written.map_err(|malformed| way.mistake(operation, &malformed))
        };
        self.call(operation, fault, act).await
    }

    async fn transact(&self, operation: &'static str, writes: Vec<Write>) -> Result<Transacted, StoreError> {
        let writes = sabotaged(writes);
        let fault = self.fault_of_transaction(&writes);
        let act = move |way: &Self| way.make(operation, &writes, fault);
        self.call(operation, fault, act).await
    }

    async fn pause(&self, time: Duration) {
        sleep(time).await;
    }
}

/// The writes without the conditions that a deliberate break takes away.
fn sabotaged(writes: Vec<Write>) -> Vec<Write> {
    use sabotage::{Break, breaks};
    let (fence, end) = (breaks(Break::WriteWithoutFence), breaks(Break::EndTwice));
    let is_broken = |write: &Write| {
        let key = write.key();
        key.is_some_and(|key| (fence && key.sk == "LANE") || (end && key.pk.starts_with(RUNS)))
    };
    let writes = writes.into_iter();
    let writes = writes.map(|write| match is_broken(&write) {
        true => write.without_condition(),
        false => write,
    });
    writes.collect()
}
