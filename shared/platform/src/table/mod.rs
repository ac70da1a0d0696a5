//! The DynamoDB table.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | workflow: active version, trigger | `WORKFLOWS` | `<id>` |
//! | version of a workflow | `WORKFLOW#<id>` | `VERSION#<number>` |
//! | route: an enabled workflow that the URL of an integration leads to, or that waits for its events | `ROUTES#<alias>` | `<workflow id>` |
//! | API key | `KEYS` | `<key id>` |
//! | integration | `INTEGRATIONS` | `<alias>` |
//! | connector of the user's own: its newest version | `CONNECTORS` | `<name>` |
//! | version of a connector | `CONNECTOR#<name>` | `VERSION#<number>` |
//! | run | `RUN#<run id>` | `RUN` |
//! | lane of a run | `LANE#<run id>#<lane>`, with a hash for a very long path | `LANE` |
//! | step of a lane | as its lane | `STEP#<path>` |
//! | what of a run is cancelled | `CANCEL#<run id>` | `CANCEL` |
//! | body of a delivery that is too large for an execution's input, or that several executions need | `BODY#<run id>` | `BODY` |
//! | lock of a concurrency key | `LOCK#<workflow>#<hash of the key>` | `LOCK` |
//! | lane that waits, or has waited | `WAIT#<run id>` | `<lane>`, or its hash |
//! | approval that a step has asked for | `APPROVAL#<id>` | `APPROVAL` |
//! | event of an incident that a workflow waits for | `INCIDENT#<alias>#<id>` | `EVENT#<time>#<event id>` |
//! | lane that watches an incident | `INCIDENT#<alias>#<id>` | `WATCH#<run id>#<lane>` |
//! | changes that runs made to an incident; also that a run creates one, by the key that it gives it | `INCIDENT#<id>`, `INCIDENT#<key>` | `CHANGES` |
//! | how many runs of a workflow began for an incident in ten minutes | `INCIDENT#<id>` | `RUNS#<workflow>#<period>` |
//!
//! What people set up has one partition for each kind, so that a list of it is one consistent query that reads what it
//! shows. Nothing ever scans the table: at ten thousand runs a day it has gigabytes of runs. These partitions are written
//! by people, and read by the functions a few hundred times a second at most.
//!
//! Each lane has a partition of its own, so that many lanes of one run do not share one partition's write rate. The
//! index `runs-by-workflow` lists the runs of a workflow by time, `runs-by-day` all runs; both have a few shards for each
//! day. Only run items are in these two, and they change when a run starts and when it ends. The index
//! `open-runs` has what is open: runs of which no end is known, and approvals that wait for a decision.

mod api_keys;
mod approvals;
mod bodies;
mod condition;
mod connectors;
mod expiry;
mod incidents;
mod integrations;
mod inventory;
pub mod items;
pub mod journal;
mod read;
mod record_cache;
mod routes;
mod run_list;
mod runs;
mod transaction;
mod triggers;
mod waits;
mod workflows;

pub use api_keys::{ApiKeyRecord, KeyScope, KeyState};
pub use approvals::{ApprovalState, ApprovalView, Approvals, Decided};
pub use bodies::{Bodies, BodyCache};
pub use condition::TableCondition;
pub use connectors::{ConnectorChangeError, ConnectorRecord, ConnectorVersion, NewConnector};
pub use expiry::{NotRetention, Retention};
pub use incidents::{IncidentEvents, WATCHERS};
pub use integrations::{ConnectorAccount, IntegrationKind, IntegrationRecord, PutIntegration};
pub use inventory::Inventory;
pub use read::{Consistency, Read};
pub use run_list::RunQuery;
pub use runs::{
    AttemptView, CancelRequest, Cancellation, ErrorView, LooksView, QueuePlace, RunStatus, RunView, StepState, StepView,
};
pub use transaction::Reason;
pub use triggers::{TriggerCache, TriggerRecords, TriggerSource};
pub use waits::{Signalled, TaskToken, Waiting, Waits};
pub use workflows::{
    Applied, ApplyError, AwaitedTypes, NewVersion, ScheduleRecord, StateError, TriggerCondition, TriggerRecord,
    VersionRecord, VersionSource, Versions, WorkflowRecord, WorkflowSchedule, WorkflowSource, WorkflowState,
};

use crate::aws::AwsFailure;
use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    types::AttributeValue,
};
use items::{DynamoDb, Index, Item, Items, Key, Projection, Query, Single, Write};

/// The table, wherever its items are.
#[derive(Debug, Clone)]
pub struct Table<I = DynamoDb> {
    items: I,
    retention: Retention,
}

/// The table could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// DynamoDB did not answer, or refused.
    #[error("DynamoDB failed to {operation}: {cause}")]
    Unavailable {
        /// The operation.
        operation: &'static str,
        /// The reason.
        #[source]
        cause: AwsFailure,
    },
    /// An item has a form that this release does not know.
    #[error("an item of the table cannot be read ({what}): {cause}; was it written by a newer release?")]
    Unreadable {
        /// The kind of item.
        what: &'static str,
        /// The problem.
        cause: String,
    },
}

impl Table {
    /// A table of DynamoDB of that name. Runs are kept for the default time.
    #[must_use]
    pub fn new(client: aws_sdk_dynamodb::Client, name: String) -> Self {
        Self::over(DynamoDb::new(client, name))
    }
}

impl<I: Items> Table<I> {
    /// A table of these items. Runs are kept for the default time.
    #[must_use]
    pub fn over(items: I) -> Self {
        Self {
            items,
            retention: Retention::default(),
        }
    }

    /// The same table; what is written from now on is kept so long.
    #[must_use]
    pub fn keeping(self, retention: Retention) -> Self {
        Self { retention, ..self }
    }

    async fn get(&self, read: Read, key: &Key) -> Result<Option<Item>, StoreError> {
        self.items.get(read, key).await
    }

    /// Reads all pages of an answer.
    async fn query(&self, mut query: Query) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        loop {
            let page = self.items.query(&query).await?;
            items.extend(page.items);
            let Some(next) = page.next else { return Ok(items) };
            query.after = Some(next);
        }
    }

    /// Reads a partition as records.
    async fn partition<T: serde::de::DeserializeOwned>(
        &self,
        read: Read,
        what: &'static str,
        pk: &str,
    ) -> Result<Vec<T>, StoreError> {
        let items = self.query(Query::partition(read, pk)).await?;
        items.into_iter().map(|item| record(what, item)).collect()
    }
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn unavailable<E>(operation: &'static str, error: &SdkError<E>) -> StoreError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    StoreError::Unavailable {
        operation,
        cause: AwsFailure::of(error),
    }
}

/// Reads an item as a record.
fn record<T: serde::de::DeserializeOwned>(what: &'static str, item: Item) -> Result<T, StoreError> {
    serde_dynamo::from_item(item).map_err(|error| StoreError::Unreadable {
        what,
        cause: error.to_string(),
    })
}

/// Writes a record as an item under a key.
fn item<T: serde::Serialize>(what: &'static str, key: &Key, record: &T) -> Result<Item, StoreError> {
    let mut item: Item = serde_dynamo::to_item(record).map_err(|error| StoreError::Unreadable {
        what,
        cause: error.to_string(),
    })?;
    item.extend(key.attributes());
    Ok(item)
}

#[cfg(test)]
mod tests;

/// The keys of the items.
mod keys {
    use super::Key;
    use crate::api_key::KeyId;
    use workflow::{
        fingerprint::fingerprint,
        ids::{
            ApprovalId, IntegrationAlias, IntegrationTypeName, LanePath, RunId, StepPath, WorkflowId, WorkflowVersion,
        },
        watch::Watch,
    };

    pub(super) const WORKFLOWS: &str = "WORKFLOWS";

    pub(super) fn workflow(id: &WorkflowId) -> Key {
        Key::new(WORKFLOWS, id.as_str())
    }

    pub(super) fn versions(id: &WorkflowId) -> String {
        format!("WORKFLOW#{id}")
    }

    pub(super) const VERSION: &str = "VERSION#";

    pub(super) fn version(id: &WorkflowId, version: WorkflowVersion) -> Key {
        Key::new(versions(id), format!("{VERSION}{:010}", version.0))
    }

    pub(super) fn routes(alias: &IntegrationAlias) -> String {
        format!("ROUTES#{alias}")
    }

    pub(super) fn route(alias: &IntegrationAlias, workflow: &WorkflowId) -> Key {
        Key::new(routes(alias), workflow.as_str())
    }

    pub(super) const API_KEYS: &str = "KEYS";

    pub(super) fn api_key(id: &KeyId) -> Key {
        Key::new(API_KEYS, id.as_str())
    }

    pub(super) const INTEGRATIONS: &str = "INTEGRATIONS";

    pub(super) fn integration(alias: &IntegrationAlias) -> Key {
        Key::new(INTEGRATIONS, alias.as_str())
    }

    pub(super) const CONNECTORS: &str = "CONNECTORS";

    pub(super) fn connector(name: &IntegrationTypeName) -> Key {
        Key::new(CONNECTORS, name.as_str())
    }

    pub(super) fn connector_version(name: &IntegrationTypeName, version: u32) -> Key {
        Key::new(format!("CONNECTOR#{name}"), format!("{VERSION}{version:010}"))
    }

    pub(super) fn run(id: &RunId) -> Key {
        Key::new(format!("RUN#{id}"), "RUN")
    }

    pub(super) fn approval(id: &ApprovalId) -> Key {
        Key::new(format!("APPROVAL#{id}"), "APPROVAL")
    }

    pub(super) fn body(id: &RunId) -> Key {
        Key::new(format!("BODY#{id}"), "BODY")
    }

    pub(super) fn cancel(id: &RunId) -> Key {
        Key::new(format!("CANCEL#{id}"), "CANCEL")
    }

    /// A concurrency key can be any text, and as long as people like. Its hash is neither.
    pub(super) fn lock(workflow: &WorkflowId, concurrency_key: &str) -> Key {
        let hash = fingerprint("lock", &[concurrency_key]);
        lock_at(format!("LOCK#{workflow}#{hash}"))
    }

    /// The lock in a partition.
    pub(super) fn lock_at(pk: String) -> Key {
        Key::new(pk, "LOCK")
    }

    pub(super) fn incident_changes(incident: &str) -> Key {
        Key::new(format!("INCIDENT#{incident}"), "CHANGES")
    }

    /// The partition of what is known of an incident for the lanes that watch it.
    pub(super) fn incident_watch(watch: &Watch) -> String {
        format!("INCIDENT#{}#{}", watch.integration, watch.incident())
    }

    pub(super) fn incident_runs(incident: &str, workflow: &WorkflowId, period: i64) -> Key {
        Key::new(format!("INCIDENT#{incident}"), format!("RUNS#{workflow}#{period}"))
    }

    /// DynamoDB takes 2,048 bytes of partition key. Lanes within lanes within lanes have longer paths.
    const LONGEST_LANE: usize = 1_024;

    pub(super) fn lane(run: &RunId, lane: &LanePath) -> Key {
        let path = lane.to_string();
        let name = if path.len() > LONGEST_LANE {
            fingerprint("lane", &[&path])
        } else {
            path
        };
        Key::new(format!("LANE#{run}#{name}"), "LANE")
    }

    pub(super) const STEP: &str = "STEP#";

    pub(super) fn step(run: &RunId, of: &LanePath, path: &StepPath) -> Key {
        Key::new(lane(run, of).pk, format!("{STEP}{path}"))
    }
}
