//! The DynamoDB table.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | workflow: active version, trigger | `WORKFLOWS` | `<id>` |
//! | version of a workflow | `WORKFLOW#<id>` | `VERSION#<number>` |
//! | route: an enabled workflow that the URL of an integration leads to | `ROUTES#<alias>` | `<workflow id>` |
//! | API key | `KEYS` | `<key id>` |
//! | integration | `INTEGRATIONS` | `<alias>` |
//! | run | `RUN#<run id>` | `RUN` |
//! | lane of a run | `LANE#<run id>#<lane>`, with a hash for a very long path | `LANE` |
//! | step of a lane | as its lane | `STEP#<path>` |
//! | what of a run is cancelled | `CANCEL#<run id>` | `CANCEL` |
//! | body of a delivery that is too large for an execution's input, or that several executions need | `BODY#<run id>` | `BODY` |
//! | lock of a concurrency key | `LOCK#<workflow>#<hash of the key>` | `LOCK` |
//! | changes that runs made to an incident; also that a run creates one, by the key that it gives it | `INCIDENT#<id>`, `INCIDENT#<key>` | `CHANGES` |
//! | how many runs of a workflow began for an incident in ten minutes | `INCIDENT#<id>` | `RUNS#<workflow>#<period>` |
//!
//! What people set up has one partition for each kind, so that a list of it is one consistent query that reads what it
//! shows. Nothing ever scans the table: at ten thousand runs a day it has gigabytes of runs. These partitions are written
//! by people, and read by the functions a few hundred times a second at most.
//!
//! Each lane has a partition of its own, so that many lanes of one run do not share one partition's write rate. The
//! index `runs-by-workflow` lists the runs of a workflow by time, `runs-by-day` all runs; both have a few shards for each
//! day. Only run items are in them, and these change when a run starts and when it ends.

mod api_keys;
mod bodies;
mod condition;
mod expiry;
mod integrations;
mod inventory;
pub mod journal;
mod read;
mod record_cache;
mod routes;
mod run_list;
mod runs;
mod transaction;
mod triggers;
mod workflows;

pub use api_keys::{ApiKeyRecord, KeyScope, KeyState};
pub use bodies::{Bodies, BodyCache};
pub use condition::TableCondition;
pub use expiry::{NotRetention, Retention};
pub use integrations::IntegrationRecord;
pub use inventory::Inventory;
pub use read::{Consistency, Read};
pub use run_list::RunQuery;
pub use runs::{AttemptView, CancelRequest, ErrorView, RunStatus, RunView, StepState, StepView};
pub use transaction::Reason;
pub use triggers::{TriggerCache, TriggerRecords, TriggerSource};
pub use workflows::{
    Applied, ApplyError, NewVersion, StateError, TriggerCondition, TriggerRecord, VersionRecord, VersionSource,
    Versions, WorkflowRecord, WorkflowState,
};

use crate::aws::AwsFailure;
use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    types::{AttributeValue, KeysAndAttributes},
};
use std::collections::HashMap;

/// An item as the SDK has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The table.
#[derive(Debug, Clone)]
pub struct Table {
    client: aws_sdk_dynamodb::Client,
    name: String,
    retention: Retention,
}

/// The table could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// DynamoDB did not answer, or refused.
    #[error("DynamoDB failed to {operation}: {cause}")]
    Unavailable {
        /// What was to be done.
        operation: &'static str,
        /// Why.
        #[source]
        cause: AwsFailure,
    },
    /// An item has a form that this release does not know.
    #[error("an item of the table cannot be read ({what}): {cause}; was it written by a newer release?")]
    Unreadable {
        /// Which kind of item.
        what: &'static str,
        /// What is wrong.
        cause: String,
    },
}

impl Table {
    /// A table of that name. Runs are kept for the default time.
    #[must_use]
    pub fn new(client: aws_sdk_dynamodb::Client, name: String) -> Self {
        Self {
            client,
            name,
            retention: Retention::default(),
        }
    }

    /// The same table; what is written from now on is kept so long.
    #[must_use]
    pub fn keeping(self, retention: Retention) -> Self {
        Self { retention, ..self }
    }

    fn key(pk: &str, sk: &str) -> Item {
        HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
    }

    async fn get(&self, read: Read, pk: &str, sk: &str) -> Result<Option<Item>, StoreError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(Self::key(pk, sk)))
            .consistent_read(read.is_consistent());
        // Boxed, because the SDK's futures are so deep that the compiler gives up on the functions that await this one.
        let answer = Box::pin(request.send()).await;
        let output = answer.map_err(|error| unavailable(read.words(), &error))?;
        Ok(output.item)
    }

    /// Reads a partition as records, all pages of it.
    async fn partition<T: serde::de::DeserializeOwned>(
        &self,
        read: Read,
        what: &'static str,
        pk: &str,
    ) -> Result<Vec<T>, StoreError> {
        let mut items = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(read.is_consistent())
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(pk))
            .into_paginator()
            .items()
            .send();
        let mut records = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| unavailable(read.words(), &error))?;
            records.push(record(what, item)?);
        }
        Ok(records)
    }

    /// Reads items, 100 in one call, or only some attributes of them. Those that DynamoDB put off are read in further calls.
    async fn get_all(
        &self,
        read: Read,
        mut keys: Vec<Item>,
        projection: Option<Projection>,
    ) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        while !keys.is_empty() {
            let rest = keys.split_off(keys.len().min(READ_AT_ONCE));
            items.extend(self.get_batch(read, keys, projection).await?);
            keys = rest;
        }
        Ok(items)
    }

    async fn get_batch(
        &self,
        read: Read,
        keys: Vec<Item>,
        projection: Option<Projection>,
    ) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut wanted = keys;
        for _ in 0..4 {
            if wanted.is_empty() {
                break;
            }
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(std::mem::take(&mut wanted)))
                .set_projection_expression(projection.map(Projection::expression))
                .set_expression_attribute_names(projection.map(Projection::names))
                .consistent_read(read.is_consistent())
                .build()
                .map_err(|error| StoreError::Unavailable {
                    operation: read.words(),
                    cause: error.to_string().into(),
                })?;
            let request = self.client.batch_get_item().request_items(&self.name, keys);
            let answer = Box::pin(request.send()).await;
            let output = answer.map_err(|error| unavailable(read.words(), &error))?;
            items.extend(
                output
                    .responses
                    .into_iter()
                    .flat_map(|mut tables| tables.remove(&self.name))
                    .flatten(),
            );
            wanted = output
                .unprocessed_keys
                .and_then(|mut tables| tables.remove(&self.name))
                .map(|left| left.keys)
                .unwrap_or_default();
        }
        if wanted.is_empty() {
            return Ok(items);
        }
        Err(StoreError::Unavailable {
            operation: read.words(),
            cause: "DynamoDB throttles: some items were put off four times".into(),
        })
    }
}

/// How many items DynamoDB reads in one call.
const READ_AT_ONCE: usize = 100;

/// The attributes of items that are read.
#[derive(Debug, Clone, Copy)]
struct Projection(&'static [&'static str]);

impl Projection {
    /// Names are given as placeholders, because many of ours are reserved words of DynamoDB.
    fn expression(self) -> String {
        let names: Vec<_> = self.0.iter().map(|name| format!("#{name}")).collect();
        names.join(", ")
    }

    fn names(self) -> HashMap<String, String> {
        let names = self.0.iter().map(|name| (format!("#{name}"), (*name).to_owned()));
        names.collect()
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
fn item<T: serde::Serialize>(what: &'static str, pk: &str, sk: &str, record: &T) -> Result<Item, StoreError> {
    let mut item: Item = serde_dynamo::to_item(record).map_err(|error| StoreError::Unreadable {
        what,
        cause: error.to_string(),
    })?;
    item.extend(Table::key(pk, sk));
    Ok(item)
}

#[cfg(test)]
mod tests;

/// The keys of the items.
mod keys {
    use crate::api_key::KeyId;
    use workflow::{
        fingerprint::fingerprint,
        ids::{IntegrationAlias, LanePath, RunId, StepPath, WorkflowId, WorkflowVersion},
    };

    pub(super) const WORKFLOWS: &str = "WORKFLOWS";

    pub(super) fn workflow(id: &WorkflowId) -> (&'static str, String) {
        (WORKFLOWS, id.to_string())
    }

    pub(super) fn versions(id: &WorkflowId) -> String {
        format!("WORKFLOW#{id}")
    }

    pub(super) const VERSION: &str = "VERSION#";

    pub(super) fn version(id: &WorkflowId, version: WorkflowVersion) -> (String, String) {
        (versions(id), format!("{VERSION}{:010}", version.0))
    }

    pub(super) fn routes(alias: &IntegrationAlias) -> String {
        format!("ROUTES#{alias}")
    }

    pub(super) fn route(alias: &IntegrationAlias, workflow: &WorkflowId) -> (String, String) {
        (routes(alias), workflow.to_string())
    }

    pub(super) const API_KEYS: &str = "KEYS";

    pub(super) fn api_key(id: &KeyId) -> (&'static str, String) {
        (API_KEYS, id.to_string())
    }

    pub(super) const INTEGRATIONS: &str = "INTEGRATIONS";

    pub(super) fn integration(alias: &IntegrationAlias) -> (&'static str, String) {
        (INTEGRATIONS, alias.to_string())
    }

    pub(super) fn run(id: &RunId) -> (String, &'static str) {
        (format!("RUN#{id}"), "RUN")
    }

    pub(super) fn body(id: &RunId) -> (String, &'static str) {
        (format!("BODY#{id}"), "BODY")
    }

    pub(super) fn cancel(id: &RunId) -> (String, &'static str) {
        (format!("CANCEL#{id}"), "CANCEL")
    }

    /// A concurrency key can be any text, and as long as people like. Its hash is neither.
    pub(super) fn lock(workflow: &WorkflowId, concurrency_key: &str) -> (String, &'static str) {
        let hash = fingerprint("lock", &[concurrency_key]);
        (format!("LOCK#{workflow}#{hash}"), "LOCK")
    }

    pub(super) fn incident_changes(incident: &str) -> (String, &'static str) {
        (format!("INCIDENT#{incident}"), "CHANGES")
    }

    pub(super) fn incident_runs(incident: &str, workflow: &WorkflowId, period: i64) -> (String, String) {
        (format!("INCIDENT#{incident}"), format!("RUNS#{workflow}#{period}"))
    }

    /// DynamoDB takes 2,048 bytes of partition key. Lanes within lanes within lanes have longer paths.
    const LONGEST_LANE: usize = 1_024;

    pub(super) fn lane(run: &RunId, lane: &LanePath) -> (String, &'static str) {
        let path = lane.to_string();
        let name = if path.len() > LONGEST_LANE {
            fingerprint("lane", &[&path])
        } else {
            path
        };
        (format!("LANE#{run}#{name}"), "LANE")
    }

    pub(super) const STEP: &str = "STEP#";

    pub(super) fn step(path: &StepPath) -> String {
        format!("{STEP}{path}")
    }
}
