//! AWS as it is when nothing has to be asked: what the functions call knows one workflow, and takes whatever it is given.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use jiff::Timestamp;
use platform::{
    api_key::KeyId,
    awaited::AwaitedEvent,
    dead_letters::{DeadLetter, DeadLetters, QueueError},
    executions::{
        DescribeError, ExecutionView, ExecutionViews, Executions, FailedExecution, StartError, Started, WakeError,
        Wakes,
    },
    secrets::{SecretError, SecretStore},
    start_buffer::{BufferError, StartBuffer},
    table::{
        ApiKeyRecord, Bodies, Signalled, StoreError, TaskToken, TriggerRecords, TriggerSource, VersionSource, Waiting,
        Waits, WorkflowRecord, WorkflowSource,
        journal::{Entry, Journal, LaneRecord, OpenRun, OutsideEnd, Question, RunKnown, Written},
    },
};
use secrecy::SecretString;
use workflow::{
    definition::Definition,
    ids::{IntegrationAlias, LanePath, RunId, WorkflowId, WorkflowVersion},
    planner::{Known, LaneKey},
    run::RunInput,
};

/// A table, Secrets Manager, Step Functions and the queues, of one workflow. Each call of it is one request to AWS: the tests
/// of the functions see to that with the SDK's own clients.
#[derive(Debug, Clone)]
pub(crate) struct Nothing {
    pub(crate) workflow: WorkflowRecord,
    /// The workflows that the URL of an integration leads to.
    pub(crate) routes: Vec<WorkflowRecord>,
    pub(crate) definition: Option<Definition>,
    pub(crate) key: Option<ApiKeyRecord>,
    pub(crate) signing_secrets: SecretString,
    /// True if the run of each delivery was started before.
    pub(crate) is_repeated: bool,
    pub(crate) calls: Calls,
}

/// The number of times that AWS was called. Clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls(Arc<AtomicU32>);

impl Calls {
    fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// The calls since this was last asked.
    pub(crate) fn take(&self) -> u32 {
        self.0.swap(0, Ordering::Relaxed)
    }
}

impl TriggerSource for Nothing {
    async fn read(&self, _: &WorkflowId, _: &KeyId) -> Result<TriggerRecords, StoreError> {
        self.calls.count();
        Ok(TriggerRecords {
            workflow: Some(self.workflow.clone()),
            key: self.key.clone(),
        })
    }

    async fn read_key(&self, _: &KeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        self.calls.count();
        Ok(self.key.clone())
    }

    async fn read_routes(&self, _: &IntegrationAlias) -> Result<Vec<WorkflowRecord>, StoreError> {
        self.calls.count();
        Ok(self.routes.clone())
    }
}

impl SecretStore for Nothing {
    async fn read(&self, _: &str) -> Result<SecretString, SecretError> {
        self.calls.count();
        Ok(self.signing_secrets.clone())
    }
}

impl Executions for Nothing {
    async fn start(&self, input: &RunInput) -> Result<Started, StartError> {
        self.calls.count();
        // The input becomes JSON on its way to Step Functions, and so it does here.
        std::hint::black_box(serde_json::to_string(input).unwrap_or_default());
        Ok(match self.is_repeated {
            true => Started::Before,
            false => Started::Now,
        })
    }
}

impl ExecutionViews for Nothing {
    async fn execution(&self, _: &str) -> Result<Option<ExecutionView>, DescribeError> {
        self.calls.count();
        Ok(None)
    }

    async fn failed_since(&self, _: Timestamp) -> Result<Vec<FailedExecution>, DescribeError> {
        self.calls.count();
        Ok(Vec::new())
    }
}

impl StartBuffer for Nothing {
    async fn put(&self, _: &[&RunInput]) -> Result<(), BufferError> {
        self.calls.count();
        Ok(())
    }

    async fn put_events(&self, _: &[&AwaitedEvent]) -> Result<(), BufferError> {
        self.calls.count();
        Ok(())
    }
}

impl DeadLetters for Nothing {
    async fn put(&self, _: &DeadLetter<'_>) -> Result<(), QueueError> {
        self.calls.count();
        Ok(())
    }
}

impl Bodies for Nothing {
    async fn put_body(&self, _: &RunId, _: Vec<u8>, _: Timestamp) -> Result<(), StoreError> {
        self.calls.count();
        Ok(())
    }

    async fn body(&self, _: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        self.calls.count();
        Ok(None)
    }
}

impl WorkflowSource for Nothing {
    async fn workflow(&self, _: &WorkflowId) -> Result<Option<WorkflowRecord>, StoreError> {
        self.calls.count();
        Ok(Some(self.workflow.clone()))
    }
}

impl VersionSource for Nothing {
    async fn version(&self, _: &WorkflowId, _: WorkflowVersion) -> Result<Option<Definition>, StoreError> {
        self.calls.count();
        Ok(self.definition.clone())
    }
}

impl Wakes for Nothing {
    async fn wake(&self, _: &TaskToken) -> Result<(), WakeError> {
        self.calls.count();
        Ok(())
    }
}

impl Waits for Nothing {
    async fn waits(&self, _: &RunId) -> Result<Vec<Waiting>, StoreError> {
        self.calls.count();
        Ok(Vec::new())
    }

    async fn wait_of(&self, _: &RunId, _: &LanePath) -> Result<Option<Waiting>, StoreError> {
        self.calls.count();
        Ok(None)
    }

    async fn signal(&self, _: &Waiting) -> Result<Signalled, StoreError> {
        self.calls.count();
        Ok(Signalled::IsOver)
    }

    async fn next_in_line(&self, _: &RunId, _: Timestamp) -> Result<Option<RunId>, StoreError> {
        self.calls.count();
        Ok(None)
    }
}

impl Journal for Nothing {
    async fn lanes(&self, _: &BTreeSet<LaneKey>) -> Result<BTreeMap<LaneKey, LaneRecord>, StoreError> {
        self.calls.count();
        Ok(BTreeMap::new())
    }

    async fn known(&self, _: &Question<'_>) -> Result<Known, StoreError> {
        self.calls.count();
        Ok(Known::default())
    }

    async fn write(&self, _: &Entry<'_>) -> Result<Written, StoreError> {
        self.calls.count();
        Ok(Written::Now)
    }

    async fn end_from_outside(&self, _: &OutsideEnd<'_>) -> Result<bool, StoreError> {
        self.calls.count();
        Ok(false)
    }

    async fn run_known(&self, _: &RunId) -> Result<RunKnown, StoreError> {
        self.calls.count();
        Ok(RunKnown::Ended)
    }

    async fn open_runs(&self, _: Timestamp) -> Result<Vec<OpenRun>, StoreError> {
        self.calls.count();
        Ok(Vec::new())
    }
}

impl webhook_ingress::Ports for Nothing {
    type Triggers = Self;
    type Secrets = Self;
    type Executions = Self;
    type StartBuffer = Self;
    type Bodies = Self;
    type DeadLetters = Self;
}
