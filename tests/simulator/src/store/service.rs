//! The table of a simulation: its items, and what is done to it without a function.

use super::{
    log::Change,
    tables::{Done, End, Plan, Question as AskedFor, Tables},
    way::{StoreFault, StoreOdds, Way},
};
use crate::{
    reference::Place,
    step_functions::Clock,
    world::{API_KEY, BEGIN, Chance, Mishaps, Trace},
};
use futures_util::FutureExt;
use jiff::Timestamp;
use platform::{
    api_key::{ApiKey, KeyId},
    awaited::AwaitedEvent,
    table::{
        ApiKeyRecord, Bodies, CancelRequest, Cancellation, IncidentEvents, KeyScope, KeyState, NewVersion, RunView,
        Signalled, StepView, StoreError, Table, TriggerRecords, TriggerSource, VersionSource, Waiting, Waits,
        WorkflowRecord, WorkflowSource, WorkflowState,
        items::{Item, ItemMap, Key, Memory},
        journal::{Entry, Journal, LaneRecord, OpenRun, OutsideEnd, Question, RunKnown, Written},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::Notify;
use workflow::{
    approval::Decision,
    definition::Definition,
    ids::{IntegrationAlias, LanePath, RunId, WorkflowId, WorkflowVersion},
    planner::{CancelMark, Known, LaneKey},
    watch::Watch,
};

/// The views of runs for people.
#[derive(Debug, Clone, Default)]
pub struct Views {
    pub runs: BTreeMap<RunId, RunView>,
    /// The steps of each lane, in order.
    pub steps: BTreeMap<LaneKey, Vec<StepView>>,
}

/// The table. Clones are the same table.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) clock: Clock,
    pub(super) trace: Trace,
    pub(super) mishaps: Mishaps,
    pub(super) chance: Chance,
    pub(super) odds: StoreOdds,
    /// Faults of the next writes of Plans, before chance has a say, each after so many others.
    pub(super) script: Mutex<Vec<(u32, StoreFault)>>,
    pub(super) items: Memory,
    /// A witness's notes of the writes that were done.
    tables: Mutex<Tables>,
    /// The items before each of the last writes, if a read may see them.
    pub(super) past: Mutex<VecDeque<(Timestamp, ItemMap)>>,
    /// The items of runs before each write, for the index of open runs, which is behind.
    pub(super) past_runs: Mutex<Vec<Before>>,
    /// Until when the indexes take no writes.
    pub(super) throttled_until: Mutex<Option<Timestamp>>,
    pub(super) calls: AtomicU64,
    /// Tells that an approval was asked for.
    pub(super) asked: Notify,
}

/// An item as it was before a write.
#[derive(Debug)]
pub(super) struct Before {
    pub(super) at: Timestamp,
    pub(super) key: Key,
    pub(super) item: Option<Arc<Item>>,
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
                items: Memory::default(),
                tables: Mutex::default(),
                past: Mutex::default(),
                past_runs: Mutex::default(),
                throttled_until: Mutex::default(),
                calls: AtomicU64::new(0),
                asked: Notify::new(),
            }),
        }
    }

    /// Looks at what was written.
    pub fn with<R>(&self, look: impl FnOnce(&Tables) -> R) -> R {
        look(&self.tables())
    }

    /// Has the write of a Plan fail that comes after `skip` others.
    pub fn let_write_fail(&self, skip: u32, fault: StoreFault) {
        lock(&self.inner.script).push((skip, fault));
    }

    /// The number of calls.
    #[must_use]
    pub fn call_count(&self) -> u64 {
        self.inner.calls.load(Ordering::Relaxed)
    }

    /// Stores a version of a workflow and makes it the active one, as `pagerflow workflow apply` does.
    pub fn apply(&self, definition: &Definition) {
        let now = self.inner.clock.now();
        let seen = self.workflow(&definition.name);
        let source = "";
        let new = NewVersion {
            definition,
            source,
            applied_by: None,
        };
        let table = self.in_peace();
        let applied = self.at_once(table.apply_workflow(seen.as_ref(), &new, now));
        let Some(version) = applied.map(|applied| applied.version) else {
            return;
        };
        let mut tables = self.tables();
        let id = definition.name.clone();
        tables.versions.insert((id.clone(), version), definition.clone());
        tables.note(now, Change::Applied { workflow: id, version });
    }

    /// Lets no more runs of a workflow start.
    pub fn disable(&self, workflow: &WorkflowId) {
        let now = self.inner.clock.now();
        self.at_once(
            self.in_peace()
                .set_workflow_state(workflow, WorkflowState::Disabled, now),
        );
        self.tables().note(now, Change::Disabled(workflow.clone()));
    }

    #[must_use]
    pub fn workflow(&self, workflow: &WorkflowId) -> Option<WorkflowRecord> {
        self.at_once(self.in_peace().workflow(workflow)).flatten()
    }

    /// The compressed body of a run, if it is in the table.
    #[must_use]
    pub fn body_of(&self, run: &RunId) -> Option<Vec<u8>> {
        self.at_once(self.in_peace().body(run)).flatten()
    }

    /// The views of all runs and steps for people.
    #[must_use]
    pub fn views(&self, tables: &Tables) -> Views {
        let table = self.in_peace();
        let runs = tables.runs.keys().filter_map(|run| {
            let view = at_once(table.run(run)).ok().flatten()?;
            Some((run.clone(), view))
        });
        let lanes = tables.lanes.keys().map(|lane| {
            let steps = at_once(table.lane_steps(&lane.run, &lane.lane)).unwrap_or_default();
            (lane.clone(), steps)
        });
        Views {
            runs: runs.collect(),
            steps: lanes.collect(),
        }
    }

    /// Cancels a run, as `pagerflow run cancel` does. One that has no record, or has ended, is not cancelled.
    pub fn cancel_run(&self, run: &RunId) {
        let asked = Cancellation {
            by: None,
            at: self.inner.clock.now(),
            reason: None,
        };
        let request = self.at_once(self.in_peace().cancel_run(run, &asked));
        self.inner
            .trace
            .say(format_args!("somebody cancels {run}: {request:?}"));
        if request == Some(CancelRequest::Accepted) {
            let now = self.inner.clock.now();
            self.tables().cancel(now, run, CancelMark::run());
        }
    }

    /// Does what the state machine does when a lane begins to wait.
    pub fn park(&self, pk: &str, sk: &str, plan: &str, token: &str) -> bool {
        self.at_once(self.in_peace().park(pk, sk, plan, token)) == Some(true)
    }

    /// The approvals that were asked for since this was called last; waits until there is one.
    pub(crate) async fn questions(&self) -> Vec<AskedFor> {
        loop {
            let asked = self.inner.asked.notified();
            let questions = std::mem::take(&mut self.tables().questions);
            if !questions.is_empty() {
                return questions;
            }
            asked.await;
        }
    }

    /// Notes that an approval was decided.
    pub(crate) fn note_decision(&self, of: &AskedFor, decision: &Decision) {
        let change = Change::Decided {
            lane: of.lane.clone(),
            step: of.step.clone(),
            decision: decision.clone(),
        };
        self.tables().note(self.now(), change);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The step that an effect key belongs to.
    #[must_use]
    pub fn place_of(&self, effect_key: &str) -> Option<Place> {
        self.tables().effects.get(effect_key).cloned()
    }

    /// The answer of items in memory. An error is a mistake.
    fn at_once<T, E: fmt::Display>(&self, answer: impl Future<Output = Result<T, E>>) -> Option<T> {
        let answer = at_once(answer);
        answer.map_err(|mistake| self.tables().mistakes.push(mistake)).ok()
    }

    pub(super) fn tables(&self) -> MutexGuard<'_, Tables> {
        lock(&self.inner.tables)
    }

    /// The table without the way to it.
    pub(crate) fn in_peace(&self) -> Table<Memory> {
        Table::over(self.inner.items.clone())
    }

    /// The table as functions reach it.
    fn table(&self) -> Table<Way> {
        Table::over(Way::to(self, None))
    }

    /// The same, for a write of the journal.
    fn table_to_write(&self, done: Done) -> Table<Way> {
        Table::over(Way::to(self, Some(done)))
    }
}

/// The answer of items in memory, which comes at once.
fn at_once<T, E: fmt::Display>(answer: impl Future<Output = Result<T, E>>) -> Result<T, String> {
    let answer = answer.now_or_never().ok_or("items in memory do not answer at once")?;
    answer.map_err(|error| error.to_string())
}

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

/// The one API key opens the URLs of all workflows and of the integration, which no real one does.
impl TriggerSource for Store {
    async fn read(&self, workflow: &WorkflowId, key: &KeyId) -> Result<TriggerRecords, StoreError> {
        let records = self.table().read(workflow, key).await?;
        let key = api_key(key).map(|key| {
            let scope = KeyScope::Workflow(workflow.clone());
            ApiKeyRecord { scope, ..key }
        });
        Ok(TriggerRecords { key, ..records })
    }

    async fn read_key(&self, key: &KeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        self.table().read_key(key).await?;
        Ok(api_key(key))
    }

    async fn read_routes(&self, integration: &IntegrationAlias) -> Result<Vec<WorkflowRecord>, StoreError> {
        self.table().read_routes(integration).await
    }
}

impl WorkflowSource for Store {
    async fn workflow(&self, id: &WorkflowId) -> Result<Option<WorkflowRecord>, StoreError> {
        self.table().workflow(id).await
    }
}

impl VersionSource for Store {
    async fn version(&self, workflow: &WorkflowId, version: WorkflowVersion) -> Result<Option<Definition>, StoreError> {
        self.table().version(workflow, version).await
    }
}

impl Bodies for Store {
    async fn put_body(&self, run: &RunId, compressed: Vec<u8>, ends_by: Timestamp) -> Result<(), StoreError> {
        self.table().put_body(run, compressed, ends_by).await
    }

    async fn body(&self, run: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        self.table().body(run).await
    }
}

impl Waits for Store {
    async fn waits(&self, run: &RunId) -> Result<Vec<Waiting>, StoreError> {
        self.table().waits(run).await
    }

    async fn wait_of(&self, run: &RunId, lane: &LanePath) -> Result<Option<Waiting>, StoreError> {
        self.table().wait_of(run, lane).await
    }

    async fn signal(&self, waiting: &Waiting) -> Result<Signalled, StoreError> {
        self.table().signal(waiting).await
    }

    async fn next_in_line(&self, ended: &RunId, now: Timestamp) -> Result<Option<RunId>, StoreError> {
        self.table().next_in_line(ended, now).await
    }
}

impl IncidentEvents for Store {
    async fn put_event(&self, event: &AwaitedEvent, now: Timestamp) -> Result<(), StoreError> {
        self.table().put_event(event, now).await?;
        let change = Change::Heard {
            watch: event.watch.clone(),
            place: event.place(),
            event_type: event.event.event_type.clone(),
        };
        self.tables().note(self.now(), change);
        Ok(())
    }

    async fn watchers(&self, watch: &Watch) -> Result<Vec<LaneKey>, StoreError> {
        self.table().watchers(watch).await
    }
}

impl Journal for Store {
    async fn run_known(&self, run: &RunId) -> Result<RunKnown, StoreError> {
        self.table().run_known(run).await
    }

    async fn open_runs(&self, before: Timestamp) -> Result<Vec<OpenRun>, StoreError> {
        self.table().open_runs(before).await
    }

    async fn lanes(&self, keys: &BTreeSet<LaneKey>) -> Result<BTreeMap<LaneKey, LaneRecord>, StoreError> {
        self.table().lanes(keys).await
    }

    async fn known(&self, question: &Question<'_>) -> Result<Known, StoreError> {
        self.table().known(question).await
    }

    async fn write(&self, entry: &Entry<'_>) -> Result<Written, StoreError> {
        let plan = Done::Plan(Box::new(Plan::of(entry)));
        self.table_to_write(plan).write(entry).await
    }

    async fn end_from_outside(&self, end: &OutsideEnd<'_>) -> Result<bool, StoreError> {
        let done = Done::End(Box::new(End::of(end)));
        self.table_to_write(done).end_from_outside(end).await
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
