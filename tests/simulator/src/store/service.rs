//! The way to the table and back.

use super::{
    log::{Change, Logged},
    tables::{Obstacle, Tables, Write, unavailable},
};
use crate::{
    reference::Place,
    step_functions::Clock,
    world::{API_KEY, BEGIN, Chance, Fault, Mishaps, Trace},
};
use jiff::{SignedDuration, Timestamp};
use platform::{
    api_key::{ApiKey, KeyId},
    table::{
        ApiKeyRecord, Bodies, Consistency, KeyScope, KeyState, Read, Reason, StoreError, TriggerRecord, TriggerRecords,
        TriggerSource, VersionSource, WorkflowRecord, WorkflowState,
        journal::{Entry, Journal, LaneRecord, OpenRun, OutsideEnd, Question, RunKnown, Written},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::sleep;
use workflow::{
    definition::Definition,
    ids::{IntegrationAlias, RunId, WorkflowId, WorkflowVersion},
    planner::{CancelMark, Known, LaneKey},
};

/// How likely faults of the table are.
#[derive(Debug, Clone, Copy, Default)]
pub struct StoreOdds {
    /// The share of the calls that have a fault, from 0 to 1.
    pub faults: f64,
    /// The share of the writes of runs that begin a time in which the indexes are throttled.
    pub index: f64,
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFault {
    /// It is refused.
    Refused,
    /// It is done, and not answered.
    Unanswered,
    /// It is not answered, and done so much later.
    Late(Duration),
    /// It takes so much longer.
    Slow(Duration),
    /// Somebody else writes an item of the transaction at this moment.
    Conflict(Contended),
    /// An index takes no writes.
    IndexThrottled,
}

/// Which item of a transaction somebody else writes at the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contended {
    /// The lane.
    Lane,
    /// The run, if the transaction writes it, or else another item.
    Run,
    /// Another item.
    Other,
}

/// How many states of the table are kept for reads that may be stale.
const PAST_STATES: usize = 8;

/// How old is what a stale read sees, at most.
const STALE_FOR: SignedDuration = SignedDuration::from_secs(5);

/// The table. Clones are the same table.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    trace: Trace,
    mishaps: Mishaps,
    chance: Chance,
    odds: StoreOdds,
    /// Faults of the next calls, before chance has a say.
    script: Mutex<Vec<Scripted>>,
    tables: Mutex<Tables>,
    /// What the table was before each of the last writes, if a read may see it.
    past: Mutex<VecDeque<(Timestamp, Tables)>>,
    /// What the workflows were before each of the last changes, for reads that may be stale.
    past_workflows: Mutex<VecDeque<(Timestamp, BTreeMap<WorkflowId, WorkflowRecord>)>>,
    /// Until when the indexes take no writes.
    throttled_until: Mutex<Option<Timestamp>>,
    calls: Mutex<BTreeMap<&'static str, u64>>,
}

impl StoreFault {
    /// Which write of a transaction is in the way, and why.
    fn obstacle(self) -> Option<Obstacle> {
        let conflict = Reason::of(Some("TransactionConflict"));
        Some(match self {
            Self::Conflict(Contended::Lane) => Obstacle::Lane(conflict),
            Self::Conflict(Contended::Run) => Obstacle::Run(conflict),
            Self::Conflict(Contended::Other) => Obstacle::Other,
            Self::IndexThrottled => Obstacle::Run(Reason::of(Some("ThrottlingError"))),
            Self::Refused | Self::Unanswered | Self::Late(_) | Self::Slow(_) => return None,
        })
    }
}

/// A fault that a test wants.
#[derive(Debug, Clone)]
struct Scripted {
    operation: &'static str,
    skip: u32,
    fault: StoreFault,
}

/// Whether a call changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Read,
    Write,
    /// A write of several items, or none.
    Transaction,
}

impl Store {
    /// An empty table.
    #[must_use]
    pub fn new(clock: Clock, trace: Trace, mishaps: Mishaps, chance: Chance, odds: StoreOdds) -> Self {
        Self {
            inner: Arc::new(Inner {
                clock,
                trace,
                mishaps,
                chance,
                odds,
                script: Mutex::default(),
                tables: Mutex::default(),
                past: Mutex::default(),
                past_workflows: Mutex::default(),
                throttled_until: Mutex::default(),
                calls: Mutex::default(),
            }),
        }
    }

    /// Looks at the table as it is.
    pub fn with<R>(&self, look: impl FnOnce(&Tables) -> R) -> R {
        look(&self.tables())
    }

    /// Has the call of an operation fail that comes after `skip` others of it: `lanes`, `known`, `write`, `end`, `version` or
    /// `body`.
    pub fn let_fail(&self, operation: &'static str, skip: u32, fault: StoreFault) {
        lock(&self.inner.script).push(Scripted { operation, skip, fault });
    }

    /// How often each operation was called.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.inner.calls).clone()
    }

    /// How many calls there were.
    #[must_use]
    pub fn call_count(&self) -> u64 {
        lock(&self.inner.calls).values().sum()
    }

    /// Stores a version of a workflow and makes it the active one, as `pagerflow workflow apply` does.
    pub fn apply(&self, definition: &Definition) -> WorkflowVersion {
        let now = self.inner.clock.now();
        let mut tables = self.tables();
        self.remember_workflows(&tables);
        let id = definition.name.clone();
        let version = tables
            .workflows
            .get(&id)
            .map_or(1, |record| record.active_version.0 + 1);
        let version = WorkflowVersion(version);
        let trigger = definition
            .trigger
            .as_ref()
            .and_then(workflow::triggers::Trigger::pagerduty);
        let trigger = trigger.map(TriggerRecord::from);
        let record = WorkflowRecord {
            workflow: id.clone(),
            state: WorkflowState::Enabled,
            active_version: version,
            trigger,
            timeout: None,
            updated_at: now,
        };
        tables.workflows.insert(id.clone(), record);
        tables.versions.insert((id.clone(), version), definition.clone());
        tables.note(now, Change::Applied { workflow: id, version });
        version
    }

    /// Lets no more runs of a workflow start.
    pub fn disable(&self, workflow: &WorkflowId) {
        let now = self.inner.clock.now();
        let mut tables = self.tables();
        self.remember_workflows(&tables);
        if let Some(record) = tables.workflows.get_mut(workflow) {
            record.state = WorkflowState::Disabled;
        }
        tables.note(now, Change::Disabled(workflow.clone()));
    }

    /// What the ingress reads of a workflow.
    #[must_use]
    pub fn workflow(&self, workflow: &WorkflowId) -> Option<WorkflowRecord> {
        self.tables().workflows.get(workflow).cloned()
    }

    /// Cancels a run, as a person does.
    pub fn cancel_run(&self, run: &RunId) {
        let now = self.inner.clock.now();
        self.tables().cancel(now, run, CancelMark::run());
        self.inner.trace.say(format_args!("somebody cancels {run}"));
    }

    /// The step that an effect key belongs to.
    #[must_use]
    pub fn place_of(&self, effect_key: &str) -> Option<Place> {
        self.tables().effects.get(effect_key).cloned()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        lock(&self.inner.tables)
    }

    fn fault(&self, operation: &'static str, effect: Effect) -> Option<StoreFault> {
        *lock(&self.inner.calls).entry(operation).or_default() += 1;
        let mut script = lock(&self.inner.script);
        let mut scripted = None;
        for (position, fault) in script.iter_mut().enumerate() {
            if fault.operation == operation {
                match fault.skip {
                    0 => scripted = scripted.or(Some(position)),
                    _ => fault.skip -= 1,
                }
            }
        }
        if let Some(position) = scripted {
            return Some(script.remove(position).fault);
        }
        let chance = &self.inner.chance;
        if !chance.happens(self.inner.odds.faults) {
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

    /// A call: there, the effect, and back.
    async fn call<T: Send + 'static>(
        &self,
        operation: &'static str,
        effect: Effect,
        act: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let fault = self.fault(operation, effect);
        self.call_with(operation, fault, act).await
    }

    async fn call_with<T: Send + 'static>(
        &self,
        operation: &'static str,
        fault: Option<StoreFault>,
        act: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = &self.inner;
        if let Some(fault) = fault {
            inner.mishaps.note_here(match fault {
                StoreFault::Refused => Fault::StoreRefused,
                StoreFault::Unanswered => Fault::StoreUnanswered,
                StoreFault::Late(_) => Fault::StoreLate,
                StoreFault::Slow(_) => Fault::StoreSlow,
                StoreFault::Conflict(_) => Fault::StoreConflict,
                StoreFault::IndexThrottled => Fault::IndexThrottled,
            });
            inner.trace.say(format_args!("table: {operation} {fault:?}"));
        }
        sleep(inner.chance.millis(1..=6)).await;
        match fault {
            Some(StoreFault::Refused) => {
                sleep(inner.chance.millis(1..=6)).await;
                return Err(unavailable("ThrottlingException"));
            }
            Some(StoreFault::Late(by)) => {
                let store = self.clone();
                // It goes on whatever becomes of the caller.
                drop(tokio::spawn(async move {
                    sleep(by).await;
                    drop(act(&store));
                }));
                return Err(unavailable("timeout"));
            }
            Some(StoreFault::Slow(by)) => sleep(by).await,
            // The transaction itself sees to these.
            Some(StoreFault::Conflict(_) | StoreFault::IndexThrottled) => {}
            Some(StoreFault::Unanswered) | None => {}
        }
        let result = act(self);
        sleep(inner.chance.millis(1..=6)).await;
        match fault {
            Some(StoreFault::Unanswered) => Err(unavailable("connection reset")),
            _ => result,
        }
    }

    /// The fault of a transaction. `writes_run` says whether it changes the indexes.
    fn fault_of_transaction(&self, operation: &'static str, writes_run: bool) -> Option<StoreFault> {
        let fault = self.fault(operation, Effect::Transaction);
        if fault.is_some() || !writes_run {
            return fault;
        }
        let (now, chance) = (self.now(), &self.inner.chance);
        let mut until = lock(&self.inner.throttled_until);
        if until.is_none_or(|until| until < now) && chance.happens(self.inner.odds.index) {
            let length = SignedDuration::from_secs(i64::try_from(chance.number(1..=20)).unwrap_or(1));
            *until = now.checked_add(length).ok();
        }
        until
            .is_some_and(|until| now <= until)
            .then_some(StoreFault::IndexThrottled)
    }

    fn remember_workflows(&self, tables: &Tables) {
        let mut past = lock(&self.inner.past_workflows);
        past.push_back((self.now(), tables.workflows.clone()));
        if past.len() > PAST_STATES {
            past.pop_front();
        }
    }

    /// A workflow as the ingress sees it: its read may be stale.
    fn trigger_of(&self, workflow: &WorkflowId) -> Option<WorkflowRecord> {
        if Read::Trigger.consistency() == Consistency::Eventual && self.inner.chance.happens(0.5) {
            let now = self.now();
            let past = lock(&self.inner.past_workflows);
            let mut young = past.iter().filter(|(at, _)| now.duration_since(*at) <= STALE_FOR);
            if let Some((_, workflows)) = young.next() {
                return workflows.get(workflow).cloned();
            }
        }
        self.tables().workflows.get(workflow).cloned()
    }

    /// Reads the table as a read of this kind sees it.
    fn read<R>(&self, read: Read, look: impl FnOnce(&Tables) -> R) -> R {
        if read.consistency() == Consistency::Eventual && self.inner.chance.happens(0.5) {
            let now = self.now();
            let past = lock(&self.inner.past);
            let mut young = past.iter().filter(|(at, _)| now.duration_since(*at) <= STALE_FOR);
            if let Some((_, tables)) = young.next() {
                return look(tables);
            }
        }
        look(&self.tables())
    }

    /// The table, to be written.
    fn written(&self) -> MutexGuard<'_, Tables> {
        let tables = self.tables();
        if READS.iter().any(|read| read.consistency() == Consistency::Eventual) {
            let mut past = lock(&self.inner.past);
            past.push_back((self.now(), tables.clone()));
            if past.len() > PAST_STATES {
                past.pop_front();
            }
        }
        tables
    }

    fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Tells the trace what was added to the log.
    fn tell(&self, tables: &Tables, from: usize) {
        for Logged { change, .. } in tables.log.iter().skip(from) {
            let trace = &self.inner.trace;
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

/// The kinds of reads that a Plan makes.
const READS: [Read; 4] = [Read::Version, Read::Body, Read::Lanes, Read::Known];

/// What the table has of the one API key.
fn api_key(key: &KeyId) -> Option<ApiKeyRecord> {
    let known = ApiKey::parse(API_KEY).ok().filter(|known| known.id() == key)?;
    Some(ApiKeyRecord {
        key_id: known.id().clone(),
        name: "pagerduty".to_owned(),
        scope: KeyScope::Integration("prod".parse().ok()?),
        sha256: known.hash(),
        state: KeyState::Active,
        created_at: BEGIN,
        revoked_at: None,
    })
}

impl TriggerSource for Store {
    async fn read(&self, workflow: &WorkflowId, key: &KeyId) -> Result<TriggerRecords, StoreError> {
        let (workflow, key) = (workflow.clone(), key.clone());
        self.call("trigger", Effect::Read, move |store| {
            let key = api_key(&key).map(|key| {
                let scope = KeyScope::Workflow(workflow.clone());
                ApiKeyRecord { scope, ..key }
            });
            let workflow = store.trigger_of(&workflow);
            Ok(TriggerRecords { workflow, key })
        })
        .await
    }

    async fn read_key(&self, key: &KeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        let key = key.clone();
        self.call("key", Effect::Read, move |_| Ok(api_key(&key))).await
    }

    async fn read_routes(&self, _: &IntegrationAlias) -> Result<Vec<WorkflowRecord>, StoreError> {
        self.call("routes", Effect::Read, |store| {
            let tables = store.tables();
            let is_open =
                |workflow: &&WorkflowRecord| workflow.trigger.is_some() && workflow.state == WorkflowState::Enabled;
            Ok(tables.workflows.values().filter(is_open).cloned().collect())
        })
        .await
    }
}

impl VersionSource for Store {
    async fn version(&self, workflow: &WorkflowId, version: WorkflowVersion) -> Result<Option<Definition>, StoreError> {
        let key = (workflow.clone(), version);
        self.call("version", Effect::Read, move |store| {
            Ok(store.read(Read::Version, |tables| tables.versions.get(&key).cloned()))
        })
        .await
    }
}

impl Bodies for Store {
    async fn put_body(&self, run: &RunId, compressed: Vec<u8>, _: Timestamp) -> Result<(), StoreError> {
        let run = run.clone();
        self.call("put_body", Effect::Write, move |store| {
            store.written().bodies.entry(run).or_insert(compressed);
            Ok(())
        })
        .await
    }

    async fn body(&self, run: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        let run = run.clone();
        self.call("body", Effect::Read, move |store| {
            Ok(store.read(Read::Body, |tables| tables.bodies.get(&run).cloned()))
        })
        .await
    }
}

impl Journal for Store {
    async fn run_known(&self, run: &RunId) -> Result<RunKnown, StoreError> {
        let run = run.clone();
        self.call("run", Effect::Read, move |store| Ok(store.tables().run_known(&run)))
            .await
    }

    async fn open_runs(&self, before: Timestamp) -> Result<Vec<OpenRun>, StoreError> {
        self.call("open_runs", Effect::Read, move |store| {
            // Of the index it is not known how far behind it is.
            let behind = match store.inner.chance.happens(0.3) {
                true => SignedDuration::from_secs(i64::try_from(store.inner.chance.number(1..=60)).unwrap_or(1)),
                false => SignedDuration::ZERO,
            };
            Ok(store.tables().open_runs(before, store.now() - behind))
        })
        .await
    }

    async fn lanes(&self, keys: &BTreeSet<LaneKey>) -> Result<BTreeMap<LaneKey, LaneRecord>, StoreError> {
        let keys = keys.clone();
        self.call("lanes", Effect::Read, move |store| {
            Ok(store.read(Read::Lanes, |tables| tables.lane_records(&keys)))
        })
        .await
    }

    async fn known(&self, question: &Question<'_>) -> Result<Known, StoreError> {
        let (run, workflow, needs) = (question.run.clone(), question.workflow.clone(), question.needs.clone());
        let (key, now) = (question.concurrency_key.map(str::to_owned), question.now);
        let incident = question.incident.map(str::to_owned);
        let own_key = question.own_key.map(str::to_owned);
        self.call("known", Effect::Read, move |store| {
            let question = Question {
                run: &run,
                workflow: &workflow,
                needs: &needs,
                concurrency_key: key.as_deref(),
                incident: incident.as_deref(),
                own_key: own_key.as_deref(),
                now,
            };
            Ok(store.read(Read::Known, |tables| tables.known(&question)))
        })
        .await
    }

    async fn write(&self, entry: &Entry<'_>) -> Result<Written, StoreError> {
        let write = Write::of(entry);
        let fault = self.fault_of_transaction("write", write.touches_run());
        self.call_with("write", fault, move |store| {
            let now = store.now();
            let mut tables = store.written();
            let from = tables.log.len();
            let written = tables.plan(now, &write, fault.and_then(StoreFault::obstacle));
            store.tell(&tables, from);
            written
        })
        .await
    }

    async fn end_from_outside(&self, end: &OutsideEnd<'_>) -> Result<bool, StoreError> {
        let (input, execution, failure) = (end.input.clone(), end.execution.to_owned(), end.failure.clone());
        let (started_at, ended_at) = (end.started_at, end.ended_at);
        let fault = self.fault_of_transaction("end", true);
        self.call_with("end", fault, move |store| {
            let now = store.now();
            let mut tables = store.written();
            let from = tables.log.len();
            let was_needed = tables.end_from_outside(
                now,
                fault.and_then(StoreFault::obstacle),
                &OutsideEnd {
                    input: &input,
                    execution: &execution,
                    started_at,
                    ended_at,
                    failure: &failure,
                },
            );
            store.tell(&tables, from);
            was_needed
        })
        .await
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
