//! The table, with its items in memory, and what starts runs. It remembers what it was asked, and fails on request.

use futures_util::FutureExt;
use jiff::Timestamp;
use platform::{
    awaited::AwaitedEvent,
    executions::{
        DescribeError, ExecutionView, ExecutionViews, Executions, FailedExecution, StartError, Started, WakeError,
        Wakes,
    },
    table::{
        Bodies, IncidentEvents, NewVersion, Read, Signalled, StoreError, Table, TaskToken, VersionSource, Waiting,
        Waits, WorkflowRecord, WorkflowSource, WorkflowState,
        items::{Item, Items, Key, Memory, Page, Projection, Query, Single, Transacted, Write},
        journal::{Entry, EventSummary, Journal, LaneRecord, OpenRun, OutsideEnd, Question, RunKnown, Written},
    },
    telemetry,
};
use secrecy::ExposeSecret;
use serde_json::Value;
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt, io,
    sync::{Arc, Mutex, Once},
    time::Duration,
};
use workflow::{
    definition::Definition,
    ids::{LanePath, RunId, StepPath, WorkflowId, WorkflowVersion},
    planner::{CancelMark, Changes, Cursor, Failure, Known, LaneEnd, LaneKey, Needs, StepRecord},
    run::RunInput,
    watch::Watch,
};

/// A call to AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Workflow,
    Version,
    Body,
    PutBody,
    Lanes,
    LaneAgain,
    Known,
    Lock,
    /// The runs that a lock names.
    Ended,
    Write,
    EndFromOutside,
    Run,
    OpenRuns,
    Start,
    Execution,
    Failures,
    Waits,
    Signal,
    Wake,
    PutEvent,
    Events,
    Watchers,
}

/// The table. Its clones share one state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    items: Memory,
    state: Arc<Mutex<State>>,
}

/// A change by another writer between the next read of a Plan and the write that follows it.
struct Meddles(Box<dyn FnOnce(&Store) + Send>);

impl fmt::Debug for Meddles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meddles")
    }
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// The one version of each workflow, or why it cannot be read.
    pub(crate) versions: BTreeMap<WorkflowId, Result<Definition, String>>,
    /// The runs as they were written.
    pub(crate) runs: BTreeMap<RunId, RunItem>,
    /// The lanes as they were written.
    pub(crate) lanes: BTreeMap<LaneKey, Lane>,
    /// The runs that were started.
    pub(crate) started: Vec<RunInput>,
    /// What Step Functions knows of executions, by their ARN.
    pub(crate) executions: BTreeMap<String, ExecutionView>,
    /// True if Step Functions never answers.
    pub(crate) hangs: bool,
    /// The tokens of the executions that were woken.
    pub(crate) woken: Vec<String>,
    /// What is out of reach.
    pub(crate) down: Option<Call>,
    meddles: Option<Meddles>,
    calls: Vec<Call>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunItem {
    pub(crate) event: Option<EventSummary>,
    pub(crate) execution: String,
    pub(crate) started_at: Timestamp,
    pub(crate) called_by: Option<RunId>,
    pub(crate) end: Option<RunEnd>,
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RunEnd {
    OfMainLane(LaneEnd),
    FromOutside(Failure),
}

/// A lane and its steps.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Lane {
    pub(crate) plans: u64,
    pub(crate) owner: String,
    /// What was written of steps, in order.
    pub(crate) steps: Vec<(StepPath, StepRecord)>,
    pub(crate) end: Option<LaneEnd>,
}

impl Store {
    /// Looks at the state, or changes it.
    pub(crate) fn with<R>(&self, action: impl FnOnce(&mut State) -> R) -> R {
        action(&mut self.state.lock().unwrap())
    }

    /// The calls since this was last asked.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        self.with(|state| std::mem::take(&mut state.calls))
    }

    /// The table for another writer: its calls are not recorded.
    pub(crate) fn table(&self) -> Table<Memory> {
        Table::over(self.items.clone())
    }

    /// Makes a definition the version of its workflow, which is enabled.
    pub(crate) fn apply(&self, definition: Definition) {
        let table = self.table();
        let seen = at_once(table.workflow(&definition.name));
        let new = NewVersion {
            definition: &definition,
            source: "",
            applied_by: None,
        };
        at_once(table.apply_workflow(seen.as_ref(), &new, Timestamp::UNIX_EPOCH));
        self.with(|state| state.versions.insert(definition.name.clone(), Ok(definition)));
    }

    pub(crate) fn set_state(&self, workflow: &WorkflowId, state: WorkflowState) {
        at_once(self.table().set_workflow_state(workflow, state, Timestamp::UNIX_EPOCH));
    }

    pub(crate) fn body_of(&self, run: &RunId) -> Option<Vec<u8>> {
        at_once(self.table().body(run))
    }

    /// The cancelled part of a run.
    pub(crate) fn marks(&self, run: &RunId) -> BTreeSet<CancelMark> {
        let question = Question {
            run,
            workflow: &"w".parse().unwrap(),
            needs: &Needs::default(),
            concurrency_key: None,
            incident: None,
            own_key: None,
            now: Timestamp::UNIX_EPOCH,
        };
        at_once(self.table().known(&question)).cancelled
    }

    /// Removes the items whose partitions begin so.
    pub(crate) fn lose(&self, start: &str) {
        let mut items = self.items.items();
        for key in items.beginning_with(start).keys() {
            items.restore(key.clone(), None);
        }
    }

    /// True if there is an item whose partition begins so.
    pub(crate) fn has(&self, start: &str) -> bool {
        self.items.items().beginning_with(start).keys().next().is_some()
    }

    /// Makes a change by another writer between the next read of a Plan and the write that follows it.
    pub(crate) fn meddle(&self, meddle: impl FnOnce(&Self) + Send + 'static) {
        self.with(|state| state.meddles = Some(Meddles(Box::new(meddle))));
    }

    /// Writes a Plan of another execution, with the concurrency key `a`.
    pub(crate) fn write_plan(
        &self,
        input: &RunInput,
        execution: &str,
        before: Option<&str>,
        plan: (&Cursor, &Changes),
    ) {
        let (cursor, changes) = plan;
        let entry = Entry {
            input,
            event: None,
            execution,
            previous_owner: before,
            started_at: cursor.started_at,
            now: cursor.started_at,
            cursor,
            changes,
            concurrency_key: Some("a"),
            handover: &serde_json::json!({ "cursor": cursor }).to_string(),
        };
        assert_eq!(at_once(self.table().write(&entry)), Written::Now);
        self.with(|state| state.take_in(&entry));
    }

    fn call(&self, call: Call) -> Result<(), StoreError> {
        self.with(|state| {
            state.calls.push(call);
            match state.down {
                Some(down) if down == call => Err(unavailable()),
                _ => Ok(()),
            }
        })
    }
}

/// Where a lane stands after a Plan.
pub(crate) fn cursor(lane: &LanePath, plans: u64) -> Cursor {
    let time = "2026-11-20T10:00:00Z";
    let cursor = serde_json::json!({
        "lane": lane, "plans": plans, "started_at": time, "deadline": time, "run_deadline": time, "events": 1,
    });
    serde_json::from_value(cursor).unwrap()
}

/// The answer of what waits for nothing and does not fail.
pub(crate) fn at_once<T, E: fmt::Debug>(answer: impl Future<Output = Result<T, E>>) -> T {
    answer.now_or_never().unwrap().unwrap()
}

fn unavailable() -> StoreError {
    StoreError::Unavailable {
        operation: "do it",
        cause: "ThrottlingException".into(),
    }
}

impl WorkflowSource for Store {
    async fn workflow(&self, id: &WorkflowId) -> Result<Option<WorkflowRecord>, StoreError> {
        self.call(Call::Workflow)?;
        self.table().workflow(id).await
    }
}

impl VersionSource for Store {
    async fn version(&self, workflow: &WorkflowId, _: WorkflowVersion) -> Result<Option<Definition>, StoreError> {
        self.call(Call::Version)?;
        let found = self.with(|state| state.versions.get(workflow).cloned());
        found.transpose().map_err(|cause| StoreError::Unreadable {
            what: "version of a workflow",
            cause,
        })
    }
}

impl Bodies for Store {
    async fn put_body(&self, run: &RunId, compressed: Vec<u8>, ends_by: Timestamp) -> Result<(), StoreError> {
        Table::over(self.clone()).put_body(run, compressed, ends_by).await
    }

    async fn body(&self, run: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        Table::over(self.clone()).body(run).await
    }
}

fn call_of(read: Read) -> Call {
    match read {
        Read::Body => Call::Body,
        Read::Lanes => Call::Lanes,
        Read::LaneAgain => Call::LaneAgain,
        Read::Known => Call::Known,
        Read::Lock => Call::Lock,
        Read::Ended => Call::Ended,
        Read::Run => Call::Run,
        Read::OpenRuns => Call::OpenRuns,
        Read::Waits => Call::Waits,
        Read::IncidentEvents => Call::Events,
        Read::Watchers => Call::Watchers,
        other => panic!("the runner makes no read of {other:?}"),
    }
}

impl Items for Store {
    async fn get(&self, read: Read, key: &Key) -> Result<Option<Item>, StoreError> {
        self.call(call_of(read))?;
        self.items.get(read, key).await
    }

    async fn get_all(
        &self,
        read: Read,
        keys: Vec<Key>,
        projection: Option<Projection>,
    ) -> Result<Vec<Item>, StoreError> {
        self.call(call_of(read))?;
        self.items.get_all(read, keys, projection).await
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        self.call(call_of(query.read()))?;
        self.items.query(query).await
    }

    async fn write(&self, operation: &'static str, write: Write) -> Result<Single, StoreError> {
        self.call(match operation {
            "signal a lane" => Call::Signal,
            "keep the event of the incident" => Call::PutEvent,
            _ => Call::PutBody,
        })?;
        self.items.write(operation, write).await
    }

    async fn transact(&self, operation: &'static str, writes: Vec<Write>) -> Result<Transacted, StoreError> {
        self.call(match operation {
            "write the end of the run" => Call::EndFromOutside,
            _ => Call::Write,
        })?;
        self.items.transact(operation, writes).await
    }

    async fn pause(&self, time: Duration) {
        self.items.pause(time).await;
    }
}

impl Executions for Store {
    async fn start(&self, input: &RunInput) -> Result<Started, StartError> {
        self.call(Call::Start).map_err(|error| StartError::OutOfReach {
            run: input.run.id.clone(),
            cause: error.to_string().into(),
        })?;
        if self.with(|state| state.hangs) {
            std::future::pending::<()>().await;
        }
        Ok(self.with(|state| {
            if state.started.iter().any(|started| started.run.id == input.run.id) {
                return Started::Before;
            }
            state.started.push(input.clone());
            Started::Now
        }))
    }
}

impl ExecutionViews for Store {
    async fn execution(&self, arn: &str) -> Result<Option<ExecutionView>, DescribeError> {
        self.call(Call::Execution)
            .map_err(|error| DescribeError::new(arn, error.to_string().into()))?;
        Ok(self.with(|state| state.executions.get(arn).cloned()))
    }

    async fn failed_since(&self, since: Timestamp) -> Result<Vec<FailedExecution>, DescribeError> {
        self.call(Call::Failures)
            .map_err(|error| DescribeError::new("executions", error.to_string().into()))?;
        Ok(self.with(|state| {
            let ended = state
                .executions
                .iter()
                .filter(|(_, view)| !view.is_running && view.started_at >= since);
            let failed = ended.map(|(arn, _)| FailedExecution {
                arn: arn.clone(),
                name: arn.rsplit(':').next().unwrap_or_default().to_owned(),
            });
            failed.collect()
        }))
    }
}

impl Wakes for Store {
    async fn wake(&self, token: &TaskToken) -> Result<(), WakeError> {
        self.call(Call::Wake)
            .map_err(|error| WakeError::new(error.to_string().into()))?;
        self.with(|state| state.woken.push(token.0.expose_secret().to_owned()));
        Ok(())
    }
}

impl Waits for Store {
    async fn waits(&self, run: &RunId) -> Result<Vec<Waiting>, StoreError> {
        Table::over(self.clone()).waits(run).await
    }

    async fn wait_of(&self, run: &RunId, lane: &LanePath) -> Result<Option<Waiting>, StoreError> {
        Table::over(self.clone()).wait_of(run, lane).await
    }

    async fn signal(&self, waiting: &Waiting) -> Result<Signalled, StoreError> {
        Table::over(self.clone()).signal(waiting).await
    }

    async fn next_in_line(&self, ended: &RunId, now: Timestamp) -> Result<Option<RunId>, StoreError> {
        Table::over(self.clone()).next_in_line(ended, now).await
    }
}

impl IncidentEvents for Store {
    async fn put_event(&self, event: &AwaitedEvent, now: Timestamp) -> Result<(), StoreError> {
        Table::over(self.clone()).put_event(event, now).await
    }

    async fn watchers(&self, watch: &Watch) -> Result<Vec<LaneKey>, StoreError> {
        Table::over(self.clone()).watchers(watch).await
    }
}

impl Journal for Store {
    async fn run_known(&self, run: &RunId) -> Result<RunKnown, StoreError> {
        Table::over(self.clone()).run_known(run).await
    }

    async fn open_runs(&self, before: Timestamp) -> Result<Vec<OpenRun>, StoreError> {
        Table::over(self.clone()).open_runs(before).await
    }

    async fn lanes(&self, keys: &BTreeSet<LaneKey>) -> Result<BTreeMap<LaneKey, LaneRecord>, StoreError> {
        Table::over(self.clone()).lanes(keys).await
    }

    async fn known(&self, question: &Question<'_>) -> Result<Known, StoreError> {
        let known = Table::over(self.clone()).known(question).await?;
        if let Some(Meddles(meddle)) = self.with(|state| state.meddles.take()) {
            meddle(self);
        }
        Ok(known)
    }

    async fn write(&self, entry: &Entry<'_>) -> Result<Written, StoreError> {
        let written = Table::over(self.clone()).write(entry).await?;
        if written == Written::Now {
            self.with(|state| state.take_in(entry));
        }
        Ok(written)
    }

    async fn end_from_outside(&self, end: &OutsideEnd<'_>) -> Result<bool, StoreError> {
        let is_written = Table::over(self.clone()).end_from_outside(end).await?;
        if is_written {
            self.with(|state| state.end(end));
        }
        Ok(is_written)
    }
}

impl State {
    /// Takes in a Plan that was written.
    fn take_in(&mut self, entry: &Entry<'_>) {
        let (run, cursor, changes) = (&entry.input.run.id, entry.cursor, entry.changes);
        let key = |lane: &LanePath| LaneKey {
            run: run.clone(),
            lane: lane.clone(),
        };
        let lane = self.lanes.entry(key(&cursor.lane)).or_default();
        lane.plans = cursor.plans;
        lane.owner = entry.execution.to_owned();
        lane.end = changes.end.clone();
        let steps = changes.steps.iter();
        lane.steps
            .extend(steps.map(|(path, record)| (path.clone(), record.clone())));
        for (lost, end) in &changes.lost {
            self.lanes.entry(key(lost)).or_default().end = Some(end.clone());
        }
        if !cursor.lane.is_main() {
            return;
        }
        let item = self.runs.entry(run.clone()).or_insert_with(|| RunItem {
            event: entry.event.cloned(),
            execution: entry.execution.to_owned(),
            started_at: entry.started_at,
            called_by: entry.input.called_by().map(|by| by.run.clone()),
            end: None,
        });
        item.end = changes.end.clone().map(RunEnd::OfMainLane);
    }

    /// Takes in the end of a run from outside.
    fn end(&mut self, end: &OutsideEnd<'_>) {
        let run = &end.input.run.id;
        let item = self.runs.entry(run.clone()).or_insert_with(|| RunItem {
            event: None,
            execution: end.execution.to_owned(),
            started_at: end.started_at,
            called_by: None,
            end: None,
        });
        item.end = Some(RunEnd::FromOutside(end.failure.clone()));
        if end.input.part.is_some() {
            let main = LaneKey {
                run: run.clone(),
                lane: LanePath::main(),
            };
            self.lanes.entry(main).or_default().end = Some(LaneEnd::Failure {
                failure: end.failure.clone(),
            });
        }
    }
}

thread_local! {
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What is logged and measured. Each test has a thread, and so a log, of its own.
#[derive(Debug)]
pub(crate) struct Log;

impl Log {
    /// Records what is logged from now on, in all threads: a place that logs before there is a listener is remembered as
    /// one without.
    pub(crate) fn record() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let subscriber = telemetry::subscriber("trace".parse().unwrap(), || Self);
            tracing::subscriber::set_global_default(subscriber).unwrap();
        });
    }

    /// The lines of JSON that this test has logged so far and that have a field.
    pub(crate) fn lines_with(field: &str) -> Vec<Value> {
        let bytes = LOGGED.with_borrow(Vec::clone);
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let lines = lines.map(|line| serde_json::from_slice(line).unwrap());
        lines.filter(|line: &Value| line.get(field).is_some()).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
