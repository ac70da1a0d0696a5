//! The table, in memory, with the conditions of the real one. It remembers what it was asked, and fails on request.

use jiff::Timestamp;
use platform::table::{
    Bodies, StoreError, VersionSource,
    journal::{Entry, EventSummary, Journal, Written},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};
use workflow::{
    definition::Definition,
    ids::{LanePath, RunId, StepPath, WorkflowId, WorkflowVersion},
    planner::{RunEnd, StepChange, StepRecord, StepResult},
};

/// A call to the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Version,
    Body,
    Results,
    Write,
}

/// The table. Its clones share one state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(crate) struct State {
    /// The versions, or why one cannot be read.
    pub(crate) versions: BTreeMap<(WorkflowId, WorkflowVersion), Result<Definition, String>>,
    pub(crate) bodies: BTreeMap<RunId, Vec<u8>>,
    pub(crate) runs: BTreeMap<RunId, RunItem>,
    pub(crate) lanes: BTreeMap<(RunId, LanePath), Lane>,
    /// What is out of reach.
    pub(crate) down: Option<Call>,
    calls: Vec<Call>,
}

/// The item of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunItem {
    pub(crate) event: EventSummary,
    pub(crate) end: Option<RunEnd>,
}

/// A lane and its steps.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lane {
    pub(crate) plans: u64,
    owner: String,
    handover: String,
    /// What was written of steps, in order.
    pub(crate) steps: Vec<(StepPath, StepRecord)>,
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
                Some(down) if down == call => Err(StoreError::Unavailable {
                    operation: "do it",
                    cause: "ThrottlingException".into(),
                }),
                _ => Ok(()),
            }
        })
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
    async fn put_body(&self, _: &RunId, _: Vec<u8>, _: Timestamp) -> Result<(), StoreError> {
        panic!("the runner stores no bodies");
    }

    async fn body(&self, run: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        self.call(Call::Body)?;
        Ok(self.with(|state| state.bodies.get(run).cloned()))
    }
}

impl Journal for Store {
    async fn results(
        &self,
        run: &RunId,
        lane: &LanePath,
        steps: &BTreeSet<StepPath>,
    ) -> Result<BTreeMap<StepPath, StepResult>, StoreError> {
        self.call(Call::Results)?;
        Ok(self.with(|state| {
            let lane = state.lanes.get(&(run.clone(), lane.clone()));
            let records = lane
                .into_iter()
                .flat_map(|lane| &lane.steps)
                .filter(|(path, _)| steps.contains(path));
            let results = records.filter_map(|(path, record)| match &record.change {
                StepChange::Finished { result, .. } => Some((path.clone(), result.clone())),
                _ => None,
            });
            results.collect()
        }))
    }

    async fn write(&self, entry: &Entry<'_>) -> Result<Written, StoreError> {
        self.call(Call::Write)?;
        Ok(self.with(|state| state.write(entry)))
    }
}

impl State {
    fn write(&mut self, entry: &Entry<'_>) -> Written {
        let (run, cursor) = (&entry.run.id, &entry.plan.cursor);
        let key = (run.clone(), cursor.lane.clone());
        let mut steps = match self.lanes.get(&key) {
            None if cursor.plans == 1 => Vec::new(),
            Some(lane) if lane.plans + 1 == cursor.plans && lane.owner == entry.execution => lane.steps.clone(),
            Some(lane) if lane.plans == cursor.plans && lane.owner == entry.execution => {
                return Written::Before {
                    handover: lane.handover.clone(),
                };
            }
            _ => return Written::Superseded,
        };
        steps.extend(
            entry
                .plan
                .steps
                .iter()
                .map(|(path, record)| (path.clone(), record.clone())),
        );
        let (owner, handover) = (entry.execution.to_owned(), entry.handover.to_owned());
        self.lanes.insert(
            key,
            Lane {
                plans: cursor.plans,
                owner,
                handover,
                steps,
            },
        );
        if cursor.plans == 1 || entry.plan.end.is_some() {
            let item = RunItem {
                event: entry.event.clone(),
                end: entry.plan.end.clone(),
            };
            self.runs.insert(run.clone(), item);
        }
        Written::Now
    }
}
