//! Workflows and their versions.
//!
//! A version is immutable. To apply a definition is to write the next version and to make it the active one, in one
//! transaction that fails if somebody else applied in between.

use super::{Item, StoreError, Table, item, keys, number, record, text, unavailable};
use crate::body::{self, DamagedBody};
use aws_sdk_dynamodb::{
    primitives::Blob,
    types::{AttributeValue, Put, TransactWriteItem},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use workflow::{
    definition::{Definition, Filters},
    ids::{IntegrationAlias, WorkflowId, WorkflowVersion},
    run::WebhookKind,
};

/// A workflow: what the ingress needs of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "StoredWorkflow", into = "StoredWorkflow")]
pub struct WorkflowRecord {
    /// Its id.
    pub workflow: WorkflowId,
    /// Whether events start runs of it.
    pub state: WorkflowState,
    /// The version that new runs are pinned to.
    pub active_version: WorkflowVersion,
    /// Which webhooks start it; none if only people and other workflows do.
    pub trigger: Option<TriggerRecord>,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Which webhooks start a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerRecord {
    /// The integration whose signing secrets its webhooks are checked with.
    pub integration: IntegrationAlias,
    /// The form of webhook that its URL takes.
    pub webhook: WebhookKind,
    /// The types of events that start a run.
    pub events: Vec<String>,
    /// The incidents that it is for.
    pub filters: Filters,
    /// The condition that an event must meet.
    pub when: Option<String>,
}

/// A workflow as it is stored: the fields of the trigger stand beside the others.
#[derive(Serialize, Deserialize)]
struct StoredWorkflow {
    workflow: WorkflowId,
    state: WorkflowState,
    active_version: WorkflowVersion,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    integration: Option<IntegrationAlias>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    webhook: Option<WebhookKind>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    events: Vec<String>,
    #[serde(default, skip_serializing_if = "Filters::is_empty")]
    filters: Filters,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    when: Option<String>,
    updated_at: Timestamp,
}

impl From<StoredWorkflow> for WorkflowRecord {
    fn from(stored: StoredWorkflow) -> Self {
        let trigger = match (stored.integration, stored.webhook) {
            (Some(integration), Some(webhook)) => Some(TriggerRecord {
                integration,
                webhook,
                events: stored.events,
                filters: stored.filters,
                when: stored.when,
            }),
            _ => None,
        };
        Self {
            workflow: stored.workflow,
            state: stored.state,
            active_version: stored.active_version,
            trigger,
            updated_at: stored.updated_at,
        }
    }
}

impl From<WorkflowRecord> for StoredWorkflow {
    fn from(record: WorkflowRecord) -> Self {
        let trigger = record.trigger;
        Self {
            workflow: record.workflow,
            state: record.state,
            active_version: record.active_version,
            integration: trigger.as_ref().map(|trigger| trigger.integration.clone()),
            webhook: trigger.as_ref().map(|trigger| trigger.webhook),
            events: trigger
                .as_ref()
                .map(|trigger| trigger.events.clone())
                .unwrap_or_default(),
            filters: trigger
                .as_ref()
                .map(|trigger| trigger.filters.clone())
                .unwrap_or_default(),
            when: trigger.and_then(|trigger| trigger.when),
            updated_at: record.updated_at,
        }
    }
}

/// Whether events start runs of a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkflowState {
    /// They do.
    Enabled,
    /// They are accepted and ignored.
    Disabled,
    /// The workflow is gone. Its record stays, so that its rightful sender is not told 401, which would make PagerDuty
    /// disable the subscription.
    Deleted,
}

/// A definition was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It is a new version.
    New(WorkflowVersion),
    /// It is what was active already.
    Unchanged(WorkflowVersion),
}

/// A definition was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Somebody else changed the workflow at the same time.
    #[error("somebody else changed the workflow {0} at the same time; look at their change and apply yours again")]
    Conflict(WorkflowId),
    /// The definition is too large for one item of the table.
    #[error("the definition takes {0} bytes compressed; at most {LARGEST_VERSION} can be stored")]
    TooLarge(usize),
    /// The table could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// DynamoDB takes 400 KB in an item.
const LARGEST_VERSION: usize = 350 * 1024;

impl Table {
    /// The workflow of an id.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub async fn workflow(&self, id: &WorkflowId) -> Result<Option<WorkflowRecord>, StoreError> {
        let (pk, sk) = keys::workflow(id);
        self.get("read the workflow", &pk, sk)
            .await?
            .map(|item| record("workflow", item))
            .transpose()
    }

    /// Makes a definition the active version of its workflow.
    ///
    /// # Errors
    /// Somebody else changed the workflow at the same time, the definition is too large, or DynamoDB failed.
    pub async fn apply_workflow(
        &self,
        definition: &Definition,
        source: &str,
        now: Timestamp,
    ) -> Result<Applied, ApplyError> {
        let id = &definition.name;
        let current = self.workflow(id).await?;
        if let Some(record) = current.as_ref().filter(|record| record.state == WorkflowState::Enabled) {
            let active = self.version(id, record.active_version).await?;
            if active.as_ref() == Some(definition) {
                return Ok(Applied::Unchanged(record.active_version));
            }
        }
        let active_version = current.as_ref().map(|record| record.active_version);
        let version = WorkflowVersion(active_version.map_or(1, |version| version.0.saturating_add(1)));
        let stored = body::compress(definition.to_json().to_string().as_bytes());
        let source = body::compress(source.as_bytes());
        let size = stored.len() + source.len();
        if size > LARGEST_VERSION {
            return Err(ApplyError::TooLarge(size));
        }
        let (pk, sk) = keys::version(id, version);
        let mut version_item: Item = Self::key(&pk, &sk);
        version_item.insert("version".into(), number(version.0));
        version_item.insert("definition".into(), AttributeValue::B(Blob::new(stored)));
        version_item.insert("source".into(), AttributeValue::B(Blob::new(source)));
        version_item.insert("created_at".into(), text(now.to_string()));
        let trigger = definition.trigger.as_ref().map(|trigger| TriggerRecord {
            integration: trigger.pagerduty.integration.clone(),
            webhook: trigger.pagerduty.webhook,
            events: trigger.pagerduty.events.clone(),
            filters: trigger.pagerduty.filters.clone(),
            when: trigger.pagerduty.when.as_ref().map(|when| when.source().to_owned()),
        });
        let record = WorkflowRecord {
            workflow: id.clone(),
            state: WorkflowState::Enabled,
            active_version: version,
            trigger,
            updated_at: now,
        };
        let (pk, sk) = keys::workflow(id);
        let mut put_record = Put::builder()
            .table_name(&self.name)
            .set_item(Some(item("workflow", &pk, sk, &record)?));
        put_record = match active_version {
            None => put_record.condition_expression("attribute_not_exists(pk)"),
            Some(active) => put_record
                .condition_expression("active_version = :active")
                .expression_attribute_values(":active", number(active.0)),
        };
        let put_version = Put::builder()
            .table_name(&self.name)
            .set_item(Some(version_item))
            .condition_expression("attribute_not_exists(pk)");
        let writes = [put_version.build(), put_record.build()].map(|put| {
            put.map(|put| TransactWriteItem::builder().put(put).build())
                .map_err(|error| StoreError::Unavailable {
                    operation: "store the workflow",
                    cause: error.to_string(),
                })
        });
        let writes = writes.into_iter().collect::<Result<Vec<_>, _>>()?;
        match self
            .client
            .transact_write_items()
            .set_transact_items(Some(writes))
            .send()
            .await
        {
            Ok(_) => Ok(Applied::New(version)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_transaction_canceled_exception()) =>
            {
                Err(ApplyError::Conflict(id.clone()))
            }
            Err(error) => Err(unavailable("store the workflow", &error).into()),
        }
    }

    /// Enables, disables or deletes a workflow. Gives whether there is one.
    ///
    /// # Errors
    /// DynamoDB failed.
    pub async fn set_workflow_state(
        &self,
        id: &WorkflowId,
        state: WorkflowState,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let state: AttributeValue =
            serde_dynamo::to_attribute_value(state).map_err(|error| StoreError::Unreadable {
                what: "workflow",
                cause: error.to_string(),
            })?;
        let (pk, sk) = keys::workflow(id);
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(Self::key(&pk, sk)))
            .condition_expression("attribute_exists(pk)")
            .update_expression("SET #state = :state, updated_at = :now")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", state)
            .expression_attribute_values(":now", text(now.to_string()));
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(false)
            }
            Err(error) => Err(unavailable("change the workflow", &error)),
        }
    }
}

/// Where versions of workflows are.
pub trait VersionSource: Sync {
    /// The definition of a version.
    ///
    /// # Errors
    /// DynamoDB did not answer, or the definition cannot be read by this release.
    fn version(
        &self,
        workflow: &WorkflowId,
        version: WorkflowVersion,
    ) -> impl Future<Output = Result<Option<Definition>, StoreError>> + Send;
}

impl VersionSource for Table {
    async fn version(&self, id: &WorkflowId, version: WorkflowVersion) -> Result<Option<Definition>, StoreError> {
        let (pk, sk) = keys::version(id, version);
        let Some(mut item) = self.get("read the version of the workflow", &pk, &sk).await? else {
            return Ok(None);
        };
        let unreadable = |cause: String| StoreError::Unreadable {
            what: "version of a workflow",
            cause,
        };
        let Some(AttributeValue::B(stored)) = item.remove("definition") else {
            return Err(unreadable("it has no definition".to_owned()));
        };
        let json = body::decompress(stored.as_ref()).map_err(|error: DamagedBody| unreadable(error.to_string()))?;
        let json = serde_json::from_slice(&json).map_err(|error| unreadable(error.to_string()))?;
        Definition::from_json(&json)
            .map(Some)
            .map_err(|problems| unreadable(problems.to_string()))
    }
}

/// Versions of workflows, each read once: they never change.
#[derive(Debug)]
pub struct Versions<S> {
    source: S,
    kept: Mutex<HashMap<(WorkflowId, WorkflowVersion), Arc<Definition>>>,
}

/// How many versions are kept in memory.
const KEPT_AT_MOST: usize = 200;

impl<S: VersionSource> Versions<S> {
    /// Versions of a source.
    pub fn new(source: S) -> Self {
        Self {
            source,
            kept: Mutex::new(HashMap::new()),
        }
    }

    /// The definition of a version.
    ///
    /// # Errors
    /// As [`VersionSource::version`].
    pub async fn get(
        &self,
        workflow: &WorkflowId,
        version: WorkflowVersion,
    ) -> Result<Option<Arc<Definition>>, StoreError> {
        let name = (workflow.clone(), version);
        if let Some(kept) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&name) {
            return Ok(Some(kept.clone()));
        }
        let Some(definition) = self.source.version(workflow, version).await? else {
            return Ok(None);
        };
        let definition = Arc::new(definition);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_AT_MOST {
            kept.clear();
        }
        kept.insert(name, definition.clone());
        Ok(Some(definition))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn stored() -> Value {
        json!({
            "workflow": "w", "state": "enabled", "active_version": 3, "integration": "prod", "webhook": "v3",
            "events": ["incident.triggered"], "updated_at": "2026-11-22T10:00:00Z"
        })
    }

    #[test]
    fn a_trigger_without_filters_is_stored_as_it_was_before_there_were_any() {
        let record: WorkflowRecord = serde_json::from_value(stored()).unwrap();

        assert!(record.trigger.as_ref().unwrap().filters.is_empty());
        assert_eq!(json!(record), stored());
    }

    #[test]
    fn the_filters_of_a_trigger_are_stored_with_it() {
        let mut with_filters = stored();
        with_filters["filters"] = json!({"services": ["PSVC1"], "urgency": "low"});

        let record: WorkflowRecord = serde_json::from_value(with_filters.clone()).unwrap();

        assert_eq!(record.trigger.as_ref().unwrap().filters.services, ["PSVC1"]);
        assert_eq!(json!(record), with_filters);
    }
}
