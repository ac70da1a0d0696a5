//! The table, in memory: the shipped code of the journal, of workflows and of bodies, and beside it what a report shows of what
//! was written.

mod tables;

pub(crate) use tables::{Asked, Attempt, Step, Tables};

use jiff::Timestamp;
use platform::{
    awaited::AwaitedEvent,
    executions::{
        DescribeError, ExecutionView, ExecutionViews, Executions, FailedExecution, StartError, Started, WakeError,
        Wakes,
    },
    table::{
        ApplyError, ApprovalView, Approvals, Bodies, Decided, IncidentEvents, NewVersion, Signalled, StoreError, Table,
        TaskToken, VersionSource, Waiting, Waits, WorkflowRecord, WorkflowSource,
        items::Memory,
        journal::{Entry, Journal, LaneRecord, OpenRun, OutsideEnd, Question, RunKnown, Written},
    },
};
use secrecy::ExposeSecret;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};
use workflow::{
    approval::Decision,
    definition::Definition,
    ids::{ApprovalId, LanePath, RunId, WorkflowId, WorkflowVersion},
    planner::{Known, LaneKey},
    run::RunInput,
    watch::Watch,
};

/// The version that all workflows of a rehearsal have.
pub(crate) const VERSION: WorkflowVersion = WorkflowVersion(1);

/// The table. Clones are the same table.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    table: Table<Memory>,
    tables: Arc<Mutex<Tables>>,
    /// The tokens of the waits that were ended early and whose executions do not go on yet.
    woken: Arc<Mutex<Vec<String>>>,
}

impl Store {
    /// A table with these workflows.
    pub(crate) async fn new(definitions: Vec<Definition>) -> Result<Self, ApplyError> {
        let table = Table::over(Memory::default());
        for definition in &definitions {
            let source = "";
            let new = NewVersion {
                definition,
                source,
                applied_by: None,
            };
            table.apply_workflow(None, &new, Timestamp::UNIX_EPOCH).await?;
        }
        Ok(Self {
            table,
            tables: Arc::new(Mutex::new(Tables::new(definitions))),
            woken: Arc::default(),
        })
    }

    /// Does what the state machine does when a lane begins to wait. Gives whether it waits.
    pub(crate) async fn park(&self, wait: &Parking, token: &str) -> Result<bool, StoreError> {
        self.table.park(&wait.pk, &wait.sk, &wait.plan, token).await
    }

    /// The tokens of the waits that were ended early since this was asked for last.
    pub(crate) fn take_woken(&self) -> Vec<String> {
        std::mem::take(&mut self.woken.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn with<R>(&self, action: impl FnOnce(&mut Tables) -> R) -> R {
        action(&mut self.tables.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl WorkflowSource for Store {
    async fn workflow(&self, id: &WorkflowId) -> Result<Option<WorkflowRecord>, StoreError> {
        self.table.workflow(id).await
    }
}

impl VersionSource for Store {
    async fn version(&self, workflow: &WorkflowId, version: WorkflowVersion) -> Result<Option<Definition>, StoreError> {
        self.table.version(workflow, version).await
    }
}

impl Bodies for Store {
    async fn put_body(&self, run: &RunId, compressed: Vec<u8>, ends_by: Timestamp) -> Result<(), StoreError> {
        self.table.put_body(run, compressed, ends_by).await
    }

    async fn body(&self, run: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        self.table.body(run).await
    }
}

impl Executions for Store {
    /// A rehearsal has no start-buffer, so this is not asked for.
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

    /// No schedule calls, so this is not asked for.
    async fn failed_since(&self, _: Timestamp) -> Result<Vec<FailedExecution>, DescribeError> {
        Ok(Vec::new())
    }
}

/// The item of a wait, as a command names it.
#[derive(Debug)]
pub(crate) struct Parking {
    pub(crate) pk: String,
    pub(crate) sk: String,
    /// The number of the Plan, as text.
    pub(crate) plan: String,
}

impl Wakes for Store {
    async fn wake(&self, token: &TaskToken) -> Result<(), WakeError> {
        let token = token.0.expose_secret().to_owned();
        self.woken.lock().unwrap_or_else(PoisonError::into_inner).push(token);
        Ok(())
    }
}

impl Waits for Store {
    async fn waits(&self, run: &RunId) -> Result<Vec<Waiting>, StoreError> {
        self.table.waits(run).await
    }

    async fn wait_of(&self, run: &RunId, lane: &LanePath) -> Result<Option<Waiting>, StoreError> {
        self.table.wait_of(run, lane).await
    }

    async fn signal(&self, waiting: &Waiting) -> Result<Signalled, StoreError> {
        self.table.signal(waiting).await
    }

    async fn next_in_line(&self, ended: &RunId, now: Timestamp) -> Result<Option<RunId>, StoreError> {
        self.table.next_in_line(ended, now).await
    }
}

impl Approvals for Store {
    async fn approval(&self, id: &ApprovalId) -> Result<Option<ApprovalView>, StoreError> {
        self.table.approval(id).await
    }

    async fn decide(&self, approval: &ApprovalId, decision: &Decision) -> Result<Decided, StoreError> {
        self.table.decide(approval, decision).await
    }
}

impl IncidentEvents for Store {
    async fn put_event(&self, event: &AwaitedEvent, now: Timestamp) -> Result<(), StoreError> {
        self.table.put_event(event, now).await
    }

    async fn watchers(&self, watch: &Watch) -> Result<Vec<LaneKey>, StoreError> {
        self.table.watchers(watch).await
    }
}

impl Journal for Store {
    async fn run_known(&self, run: &RunId) -> Result<RunKnown, StoreError> {
        self.table.run_known(run).await
    }

    async fn open_runs(&self, before: Timestamp) -> Result<Vec<OpenRun>, StoreError> {
        self.table.open_runs(before).await
    }

    async fn lanes(&self, keys: &BTreeSet<LaneKey>) -> Result<BTreeMap<LaneKey, LaneRecord>, StoreError> {
        self.table.lanes(keys).await
    }

    async fn known(&self, question: &Question<'_>) -> Result<Known, StoreError> {
        self.table.known(question).await
    }

    async fn write(&self, entry: &Entry<'_>) -> Result<Written, StoreError> {
        let written = self.table.write(entry).await?;
        if written == Written::Now {
            self.with(|tables| tables.take_in(entry));
        }
        Ok(written)
    }

    async fn end_from_outside(&self, end: &OutsideEnd<'_>) -> Result<bool, StoreError> {
        let is_written = self.table.end_from_outside(end).await?;
        if is_written {
            self.with(|tables| tables.end(end));
        }
        Ok(is_written)
    }
}
