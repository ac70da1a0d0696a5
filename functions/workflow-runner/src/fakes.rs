//! The table, in memory, with the conditions of the real one, and what starts runs. It remembers what it was asked, and fails
//! on request.

use jiff::Timestamp;
use platform::{
    executions::{DescribeError, ExecutionView, ExecutionViews, Executions, FailedExecution, StartError, Started},
    table::{
        Bodies, StoreError, VersionSource,
        journal::{
            Entry, EventSummary, Journal, LaneRecord, LastPlan, OpenRun, OutsideEnd, Question, RunKnown, Written,
        },
    },
    telemetry,
};
use serde_json::Value;
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Mutex, Once},
};
use workflow::{
    definition::Definition,
    ids::{RunId, StepPath, WorkflowId, WorkflowVersion},
    planner::{
        Availability, CancelMark, Failure, Known, LaneEnd, LaneKey, Lock, LockView, OwnChange, StepChange, StepRecord,
        StepResult, Trail, period_of,
    },
    run::RunInput,
};

/// A call to AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Version,
    Body,
    PutBody,
    Lanes,
    Known,
    /// The two calls more that the lock takes.
    Lock,
    Write,
    EndFromOutside,
    RunKnown,
    OpenRuns,
    Start,
    Execution,
    Failures,
}

/// The table. Its clones share one state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(crate) struct State {
    /// The versions, or why one cannot be read.
    pub(crate) versions: BTreeMap<(WorkflowId, WorkflowVersion), Result<Definition, String>>,
    /// Whether runs of workflows may begin.
    pub(crate) workflows: BTreeMap<WorkflowId, Availability>,
    pub(crate) bodies: BTreeMap<RunId, Vec<u8>>,
    pub(crate) runs: BTreeMap<RunId, RunItem>,
    pub(crate) lanes: BTreeMap<LaneKey, Lane>,
    pub(crate) marks: BTreeMap<RunId, BTreeSet<CancelMark>>,
    pub(crate) locks: BTreeMap<(WorkflowId, String), Lock>,
    /// The changes that runs made to incidents, by depth.
    pub(crate) changes: BTreeMap<String, BTreeMap<u32, OwnChange>>,
    /// How many runs of a workflow began for an incident in a period.
    pub(crate) runs_of_incidents: BTreeMap<(String, WorkflowId, i64), u32>,
    /// The runs that were started.
    pub(crate) started: Vec<RunInput>,
    /// What Step Functions knows of executions, by their ARN.
    pub(crate) executions: BTreeMap<String, ExecutionView>,
    /// Whether Step Functions never answers.
    pub(crate) hangs: bool,
    /// What is out of reach.
    pub(crate) down: Option<Call>,
    /// What somebody else does between the next read and the write that follows it.
    pub(crate) meddles: Option<fn(&mut Self)>,
    calls: Vec<Call>,
}

/// The item of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunItem {
    pub(crate) event: Option<EventSummary>,
    pub(crate) execution: String,
    pub(crate) started_at: Timestamp,
    pub(crate) called_by: Option<RunId>,
    pub(crate) end: Option<RunEnd>,
}

/// How a run ended.
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
    pub(crate) handover: String,
    /// What was written of steps, in order.
    pub(crate) steps: Vec<(StepPath, StepRecord)>,
    pub(crate) end: Option<LaneEnd>,
}

impl Lane {
    fn result(&self, path: &StepPath) -> Option<StepResult> {
        let of_step = self.steps.iter().rev().filter(|(of, _)| of == path);
        of_step
            .filter_map(|(_, record)| match &record.change {
                StepChange::Finished { result, .. } => Some(result.clone()),
                _ => None,
            })
            .next()
    }

    fn record(&self) -> LaneRecord {
        let cursor =
            serde_json::from_str(&self.handover).map(|mut handover: serde_json::Value| handover["cursor"].take());
        let last = cursor.ok().map(|cursor| LastPlan {
            owner: self.owner.clone(),
            cursor: serde_json::from_value(cursor).unwrap(),
            handover: self.handover.clone(),
        });
        LaneRecord {
            last,
            end: self.end.clone(),
        }
    }
}

impl Store {
    /// Looks at the state, or changes it.
    pub(crate) fn with<R>(&self, action: impl FnOnce(&mut State) -> R) -> R {
        action(&mut self.0.lock().unwrap())
    }

    /// The calls since this was last asked.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        self.with(|state| std::mem::take(&mut state.calls))
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

fn unavailable() -> StoreError {
    StoreError::Unavailable {
        operation: "do it",
        cause: "ThrottlingException".into(),
    }
}

impl VersionSource for Store {
    async fn version(&self, workflow: &WorkflowId, version: WorkflowVersion) -> Result<Option<Definition>, StoreError> {
        self.call(Call::Version)?;
        let found = self.with(|state| state.versions.get(&(workflow.clone(), version)).cloned());
        found.transpose().map_err(|cause| StoreError::Unreadable {
            what: "version of a workflow",
            cause,
        })
    }
}

impl Bodies for Store {
    async fn put_body(&self, run: &RunId, compressed: Vec<u8>, _: Timestamp) -> Result<(), StoreError> {
        self.call(Call::PutBody)?;
        self.with(|state| {
            state.bodies.entry(run.clone()).or_insert(compressed);
        });
        Ok(())
    }

    async fn body(&self, run: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        self.call(Call::Body)?;
        Ok(self.with(|state| state.bodies.get(run).cloned()))
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

impl RunItem {
    fn open(&self, run: &RunId) -> Option<OpenRun> {
        self.end.is_none().then(|| OpenRun {
            run: run.clone(),
            execution: self.execution.clone(),
            is_called: self.called_by.is_some(),
            started_at: self.started_at,
        })
    }
}

impl Journal for Store {
    async fn run_known(&self, run: &RunId) -> Result<RunKnown, StoreError> {
        self.call(Call::RunKnown)?;
        Ok(self.with(|state| match state.runs.get(run) {
            None => RunKnown::Nothing,
            Some(item) => item.open(run).map_or(RunKnown::Ended, RunKnown::Open),
        }))
    }

    async fn open_runs(&self, before: Timestamp) -> Result<Vec<OpenRun>, StoreError> {
        self.call(Call::OpenRuns)?;
        Ok(self.with(|state| {
            let open = state.runs.iter().filter_map(|(run, item)| item.open(run));
            open.filter(|open| open.started_at < before).collect()
        }))
    }

    async fn lanes(&self, keys: &BTreeSet<LaneKey>) -> Result<BTreeMap<LaneKey, LaneRecord>, StoreError> {
        self.call(Call::Lanes)?;
        Ok(self.with(|state| {
            let found = keys
                .iter()
                .filter_map(|key| Some((key.clone(), state.lanes.get(key)?.record())));
            found.collect()
        }))
    }

    async fn known(&self, question: &Question<'_>) -> Result<Known, StoreError> {
        self.call(Call::Known)?;
        let reads_lock = question.needs.lock && question.concurrency_key.is_some();
        if reads_lock {
            self.call(Call::Lock)?;
        }
        Ok(self.with(|state| {
            let known = state.known(question);
            if let Some(meddle) = state.meddles.take() {
                meddle(state);
            }
            known
        }))
    }

    async fn write(&self, entry: &Entry<'_>) -> Result<Written, StoreError> {
        self.call(Call::Write)?;
        self.with(|state| state.write(entry))
    }

    async fn end_from_outside(&self, end: &OutsideEnd<'_>) -> Result<bool, StoreError> {
        self.call(Call::EndFromOutside)?;
        Ok(self.with(|state| {
            let main = LaneKey {
                run: end.input.run.id.clone(),
                lane: workflow::ids::LanePath::main(),
            };
            let mut lane = state.lanes.get(&main).cloned();
            if end.input.part.is_some() {
                match &mut lane {
                    Some(lane) if lane.owner == end.execution && lane.end.is_none() => {
                        lane.end = Some(LaneEnd::Failure {
                            failure: end.failure.clone(),
                        });
                    }
                    _ => return false,
                }
            }
            let item = state.runs.entry(end.input.run.id.clone()).or_insert_with(|| RunItem {
                event: None,
                execution: end.execution.to_owned(),
                started_at: end.started_at,
                called_by: None,
                end: None,
            });
            if item.end.is_some() {
                return false;
            }
            item.end = Some(RunEnd::FromOutside(end.failure.clone()));
            state.lanes.extend(lane.map(|lane| (main, lane)));
            state.cancel(&end.input.run.id, [CancelMark::run()]);
            true
        }))
    }
}

impl State {
    fn cancel(&mut self, run: &RunId, marks: impl IntoIterator<Item = CancelMark>) {
        self.marks.entry(run.clone()).or_default().extend(marks);
    }

    fn known(&self, question: &Question<'_>) -> Known {
        let needs = question.needs;
        let lane = |key: &LaneKey| self.lanes.get(key);
        let results = needs.results.iter().filter_map(|(path, step)| {
            let key = LaneKey {
                run: question.run.clone(),
                lane: path.clone(),
            };
            Some(((path.clone(), step.clone()), lane(&key)?.result(step)?))
        });
        let ends = needs.lanes.iter();
        let workflows = needs.workflows.iter();
        Known {
            results: results.collect(),
            lanes: ends
                .filter_map(|key| Some((key.clone(), lane(key)?.end.clone()?)))
                .collect(),
            workflows: workflows
                .filter_map(|id| Some((id.clone(), *self.workflows.get(id)?)))
                .collect(),
            lock: match question.concurrency_key.filter(|_| needs.lock) {
                Some(key) => self.lock(question.workflow, key),
                None => LockView::default(),
            },
            cancelled: self.marks.get(question.run).cloned().unwrap_or_default(),
            trail: question
                .incident
                .filter(|_| needs.trail)
                .map_or_else(Trail::default, |incident| {
                    let runs = |period| {
                        let name = (incident.to_owned(), question.workflow.clone(), period);
                        self.runs_of_incidents.get(&name).copied().unwrap_or_default()
                    };
                    let period = period_of(question.now);
                    let changes = |name| self.changes.get(name).cloned().unwrap_or_default();
                    Trail {
                        changes: changes(incident),
                        creations: question.own_key.map(changes).unwrap_or_default(),
                        runs: runs(period),
                        runs_before: runs(period - 1),
                    }
                }),
        }
    }

    fn lock(&self, workflow: &WorkflowId, key: &str) -> LockView {
        let lock = self.locks.get(&(workflow.clone(), key.to_owned()));
        let lock = lock.cloned().unwrap_or_default();
        let goes_on = |run: &RunId| self.runs.get(run).is_some_and(|item| item.end.is_none());
        let ended = lock.runs_to_look_at().into_iter().filter(|run| !goes_on(run));
        LockView {
            ended: ended.collect(),
            lock,
        }
    }

    fn write(&mut self, entry: &Entry<'_>) -> Result<Written, StoreError> {
        let (run, cursor, changes) = (&entry.input.run.id, entry.cursor, entry.changes);
        let key = |lane: &workflow::ids::LanePath| LaneKey {
            run: run.clone(),
            lane: lane.clone(),
        };
        let own = key(&cursor.lane);
        let expected_owner = entry.previous_owner.unwrap_or(entry.execution);
        let mut lane = match self.lanes.get(&own) {
            None if cursor.plans == 1 => Lane::default(),
            Some(lane) if lane.plans + 1 == cursor.plans && lane.owner == expected_owner && lane.end.is_none() => {
                lane.clone()
            }
            Some(lane) if lane.plans == cursor.plans && lane.owner == entry.execution => {
                let handover = lane.handover.clone();
                return Ok(Written::Before { handover });
            }
            _ => return Ok(Written::Superseded),
        };
        let is_main = cursor.lane.is_main();
        let run_item = self.runs.get(run);
        let refused = match (is_main, cursor.plans) {
            (true, 1) => run_item.is_some(),
            (true, _) => changes.end.is_some() && run_item.is_none_or(|item| item.end.is_some()),
            (false, _) => false,
        };
        if refused {
            return Ok(Written::Superseded);
        }
        let has_ended =
            |lane: &workflow::ids::LanePath| self.lanes.get(&key(lane)).is_some_and(|lane| lane.end.is_some());
        if changes.lost.keys().any(has_ended) {
            return Err(unavailable());
        }
        if let (Some(lock), Some(name)) = (&changes.lock, entry.concurrency_key) {
            let name = (entry.input.run.workflow.clone(), name.to_owned());
            let version = self.locks.get(&name).map_or(0, |lock| lock.version);
            if lock.version != version + 1 {
                return Err(unavailable());
            }
            self.locks.insert(name, lock.clone());
        }
        if let Some(marker) = &changes.marker {
            let of_incident = self.changes.entry(marker.incident.clone()).or_default();
            of_incident.insert(marker.depth, marker.change.clone());
        }
        if let Some(counted) = &changes.counted {
            let name = (
                counted.incident.clone(),
                entry.input.run.workflow.clone(),
                counted.period,
            );
            *self.runs_of_incidents.entry(name).or_default() += 1;
        }

        lane.plans = cursor.plans;
        lane.owner = entry.execution.to_owned();
        lane.handover = entry.handover.to_owned();
        lane.end = changes.end.clone();
        let steps = changes.steps.iter();
        lane.steps
            .extend(steps.map(|(path, record)| (path.clone(), record.clone())));
        self.lanes.insert(own, lane);
        for (lane, end) in &changes.lost {
            self.lanes.entry(key(lane)).or_default().end = Some(end.clone());
        }
        let marks: Vec<_> = changes.cancels.iter().cloned().collect();
        self.cancel(run, marks);
        for other in &changes.cancels_runs {
            self.cancel(other, [CancelMark::run()]);
        }
        if is_main && cursor.plans == 1 {
            let item = RunItem {
                event: entry.event.cloned(),
                execution: entry.execution.to_owned(),
                started_at: entry.started_at,
                called_by: entry.input.called_by().map(|by| by.run.clone()),
                end: None,
            };
            self.runs.insert(run.clone(), item);
        }
        if let (true, Some(end), Some(item)) = (is_main, &changes.end, self.runs.get_mut(run)) {
            item.end = Some(RunEnd::OfMainLane(end.clone()));
        }
        Ok(Written::Now)
    }
}

thread_local! {
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What is logged and measured. Each test has a thread, and so a log, of its own.
#[derive(Debug)]
pub(crate) struct Log;

impl Log {
    /// Records what is logged from now on, in all threads: a place that logs before somebody listens is remembered as
    /// one that nobody listens to.
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
