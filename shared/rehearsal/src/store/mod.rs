//! The table, in memory.
//!
//! It keeps what the runner asks it to keep, under the conditions of the real table as far as they can fail here: nothing is
//! asked twice and nothing gets lost, but executions hand lanes on and take them over.

mod tables;

pub(crate) use tables::{Attempt, Step, Tables};

use jiff::Timestamp;
use platform::{
    executions::{DescribeError, ExecutionView, ExecutionViews, Executions, FailedExecution, StartError, Started},
    table::{
        Bodies, StoreError, VersionSource,
        journal::{Entry, Journal, LaneRecord, OpenRun, OutsideEnd, Question, RunKnown, Written},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};
use workflow::{
    definition::Definition,
    ids::{RunId, WorkflowId, WorkflowVersion},
    planner::{Known, LaneKey},
    run::RunInput,
};

/// The version that all workflows of a rehearsal have.
pub(crate) const VERSION: WorkflowVersion = WorkflowVersion(1);

/// The table. Clones are the same table.
#[derive(Debug, Clone)]
pub(crate) struct Store(Arc<Mutex<Tables>>);

impl Store {
    pub(crate) fn new(definitions: impl IntoIterator<Item = Definition>) -> Self {
        Self(Arc::new(Mutex::new(Tables::new(definitions))))
    }

    pub(crate) fn with<R>(&self, action: impl FnOnce(&mut Tables) -> R) -> R {
        action(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl VersionSource for Store {
    async fn version(&self, workflow: &WorkflowId, version: WorkflowVersion) -> Result<Option<Definition>, StoreError> {
        Ok(self.with(|tables| tables.definition(workflow).filter(|_| version == VERSION).cloned()))
    }
}

impl Bodies for Store {
    async fn put_body(&self, run: &RunId, compressed: Vec<u8>, _: Timestamp) -> Result<(), StoreError> {
        self.with(|tables| tables.put_body(run, compressed));
        Ok(())
    }

    async fn body(&self, run: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.with(|tables| tables.body(run)))
    }
}

impl Executions for Store {
    /// A rehearsal has no start-buffer, so nobody asks for this.
    async fn start(&self, input: &RunInput) -> Result<Started, StartError> {
        Err(StartError::Refused {
            run: input.run.id.clone(),
            cause: "a rehearsal has no start-buffer".into(),
        })
    }
}

impl ExecutionViews for Store {
    /// In a rehearsal an execution goes on for as long as its run does.
    async fn execution(&self, _: &str) -> Result<Option<ExecutionView>, DescribeError> {
        Ok(None)
    }

    /// No schedule calls, so nobody asks for this.
    async fn failed_since(&self, _: Timestamp) -> Result<Vec<FailedExecution>, DescribeError> {
        Ok(Vec::new())
    }
}

impl Journal for Store {
    async fn run_known(&self, run: &RunId) -> Result<RunKnown, StoreError> {
        Ok(self.with(|tables| tables.run_known(run)))
    }

    /// No schedule calls, so nobody asks for this.
    async fn open_runs(&self, _: Timestamp) -> Result<Vec<OpenRun>, StoreError> {
        Ok(Vec::new())
    }

    async fn lanes(&self, keys: &BTreeSet<LaneKey>) -> Result<BTreeMap<LaneKey, LaneRecord>, StoreError> {
        Ok(self.with(|tables| tables.lane_records(keys)))
    }

    async fn known(&self, question: &Question<'_>) -> Result<Known, StoreError> {
        Ok(self.with(|tables| tables.known(question)))
    }

    async fn write(&self, entry: &Entry<'_>) -> Result<Written, StoreError> {
        Ok(self.with(|tables| tables.write(entry)))
    }

    async fn end_from_outside(&self, end: &OutsideEnd<'_>) -> Result<bool, StoreError> {
        Ok(self.with(|tables| tables.end_from_outside(end)))
    }
}
