//! What the ingress reads: for the URL of a workflow its trigger and an API key, in one call; for that of an integration the
//! key, and then the routes.

use super::{
    ApiKeyRecord, Items, Key, Read, StoreError, Table, WorkflowRecord, keys, record,
    record_cache::{RecordCache, Weight},
};
use crate::api_key::KeyId;
use jiff::Timestamp;
use std::sync::Arc;
use workflow::ids::{IntegrationAlias, WorkflowId};

/// A workflow and an API key, as far as there are such.
#[derive(Debug, Clone, Default)]
pub struct TriggerRecords {
    pub workflow: Option<WorkflowRecord>,
    pub key: Option<ApiKeyRecord>,
}

impl Weight for TriggerRecords {
    fn weight(&self) -> usize {
        self.workflow.weight() + self.key.weight()
    }
}

/// The source of workflows and keys.
pub trait TriggerSource: Sync {
    /// Reads both, in one call.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    fn read(
        &self,
        workflow: &WorkflowId,
        key: &KeyId,
    ) -> impl Future<Output = Result<TriggerRecords, StoreError>> + Send;

    /// Reads a key alone.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    fn read_key(&self, key: &KeyId) -> impl Future<Output = Result<Option<ApiKeyRecord>, StoreError>> + Send;

    /// Reads the enabled workflows that the URL of an integration leads to, and those that wait for its events. These have no trigger.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    fn read_routes(
        &self,
        integration: &IntegrationAlias,
    ) -> impl Future<Output = Result<Vec<WorkflowRecord>, StoreError>> + Send;
}

impl<I: Items> TriggerSource for Table<I> {
    async fn read(&self, workflow: &WorkflowId, key: &KeyId) -> Result<TriggerRecords, StoreError> {
        let (of_workflow, of_key) = (keys::workflow(workflow), keys::api_key(key));
        let wanted = vec![of_workflow.clone(), of_key.clone()];
        let mut records = TriggerRecords::default();
        for item in self.items.get_all(Read::Trigger, wanted, None).await? {
            match Key::of(&item) {
                Some(key) if key == of_workflow => records.workflow = Some(record("workflow", item)?),
                Some(key) if key == of_key => records.key = Some(record("API key", item)?),
                _ => {}
            }
        }
        Ok(records)
    }

    async fn read_key(&self, key: &KeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        self.api_key(key).await
    }

    async fn read_routes(&self, integration: &IntegrationAlias) -> Result<Vec<WorkflowRecord>, StoreError> {
        self.routes(integration).await
    }
}

/// A cache before a source of triggers. All that it gives is at most ten seconds old; or at most a quarter of an hour, while
/// DynamoDB is out of reach.
#[derive(Debug)]
pub struct TriggerCache<T> {
    source: T,
    triggers: RecordCache<(WorkflowId, KeyId), TriggerRecords>,
    keys: RecordCache<KeyId, Option<ApiKeyRecord>>,
    routes: RecordCache<IntegrationAlias, Vec<WorkflowRecord>>,
}

impl<T: TriggerSource> TriggerCache<T> {
    /// An empty cache.
    pub fn new(source: T) -> Self {
        Self {
            source,
            triggers: RecordCache::new("trigger"),
            keys: RecordCache::new("API key"),
            routes: RecordCache::new("routes"),
        }
    }

    /// A workflow and a key.
    ///
    /// # Errors
    /// DynamoDB is out of reach and they were not read in the last quarter of an hour.
    pub async fn get(
        &self,
        workflow: &WorkflowId,
        key: &KeyId,
        now: Timestamp,
    ) -> Result<Arc<TriggerRecords>, StoreError> {
        let name = (workflow.clone(), key.clone());
        self.triggers.get(name, now, self.source.read(workflow, key)).await
    }

    /// A key, if there is one.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn key(&self, key: &KeyId, now: Timestamp) -> Result<Arc<Option<ApiKeyRecord>>, StoreError> {
        self.keys.get(key.clone(), now, self.source.read_key(key)).await
    }

    /// The enabled workflows that the URL of an integration leads to, and those that wait for its events. These have no trigger.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn routes(
        &self,
        integration: &IntegrationAlias,
        now: Timestamp,
    ) -> Result<Arc<Vec<WorkflowRecord>>, StoreError> {
        let read = self.source.read_routes(integration);
        self.routes.get(integration.clone(), now, read).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;
    use serde_json::{Value, json};

    fn stored_workflow(id: &str) -> Value {
        json!({
            "pk": {"S": "ROUTES#prod"}, "sk": {"S": id}, "workflow": {"S": id}, "state": {"S": "enabled"},
            "active_version": {"N": "1"}, "integration": {"S": "prod"}, "webhook": {"S": "v3"},
            "events": {"L": [{"S": "incident.triggered"}]}, "updated_at": {"S": "2026-11-20T09:30:00Z"},
        })
    }

    #[tokio::test]
    async fn all_pages_of_routes_are_read_once_in_ten_seconds() {
        let (dynamodb, table) = Scripted::answering([
            json!({"Items": [stored_workflow("a")], "LastEvaluatedKey": {"pk": {"S": "ROUTES#prod"}, "sk": {"S": "a"}}}),
            json!({"Items": [stored_workflow("b")]}),
        ])
        .await;
        let cache = TriggerCache::new(table);
        let alias = "prod".parse().unwrap();

        for _ in 0..2 {
            let routes = cache.routes(&alias, Timestamp::UNIX_EPOCH).await.unwrap();
            let ids: Vec<_> = routes.iter().map(|record| record.workflow.as_str()).collect();
            assert_eq!(ids, ["a", "b"]);
        }

        let asked = dynamodb.asked();
        assert_eq!(asked.len(), 2);
        assert_eq!(asked[0].0, "Query");
        assert_eq!(
            asked[0].1["ExpressionAttributeValues"],
            json!({":pk": {"S": "ROUTES#prod"}})
        );
    }

    #[tokio::test]
    async fn a_workflow_and_a_key_are_read_in_one_call() {
        let mut item = stored_workflow("a");
        item["pk"] = json!({"S": "WORKFLOWS"});
        let answer = json!({"Responses": {"table": [item]}, "UnprocessedKeys": {}});
        let (dynamodb, table) = Scripted::answering([answer]).await;
        let cache = TriggerCache::new(table);
        let key = "abcdefghij12".parse().unwrap();

        let records = cache
            .get(&"a".parse().unwrap(), &key, Timestamp::UNIX_EPOCH)
            .await
            .unwrap();

        assert!(records.workflow.is_some() && records.key.is_none());
        assert_eq!(dynamodb.asked().len(), 1);
    }
}
