//! API keys, as hashes.

use super::{
    Items, Read, Single, StoreError, Table, Write, expiry, item,
    items::{Test, Update},
    keys, number, record,
    record_cache::Weight,
    text,
};
use crate::api_key::{ApiKey, KeyHash, KeyId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use workflow::ids::{IntegrationAlias, WorkflowId};

/// The stored part of an API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredKey", into = "StoredKey")]
pub struct ApiKeyRecord {
    pub key_id: KeyId,
    /// The name, for people.
    pub name: String,
    /// The URL that it opens.
    pub scope: KeyScope,
    /// The hash of the key.
    pub sha256: KeyHash,
    /// The state.
    pub state: KeyState,
    /// The time when it was made.
    pub created_at: Timestamp,
    /// The time when it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl Weight for ApiKeyRecord {
    fn weight(&self) -> usize {
        1024 + self.name.len()
    }
}

/// The one URL that a key opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyScope {
    Workflow(WorkflowId),
    /// That of an integration, which hands events to all workflows that ask for them.
    Integration(IntegrationAlias),
}

impl KeyScope {
    /// The path of the URL.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Workflow(workflow) => format!("/webhooks/{workflow}"),
            Self::Integration(alias) => format!("/integrations/{alias}/webhooks"),
        }
    }
}

impl fmt::Display for KeyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workflow(workflow) => write!(f, "workflow {workflow}"),
            Self::Integration(alias) => write!(f, "integration {alias}"),
        }
    }
}

/// The state of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// It is.
    Active,
    /// It is not any more.
    Revoked,
}

/// A key as it is stored: the field that is there tells what kind of scope it has.
#[derive(Serialize, Deserialize)]
struct StoredKey {
    key_id: KeyId,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    workflow: Option<WorkflowId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    integration: Option<IntegrationAlias>,
    sha256: KeyHash,
    state: KeyState,
    created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Timestamp>,
}

impl TryFrom<StoredKey> for ApiKeyRecord {
    type Error = &'static str;
    fn try_from(stored: StoredKey) -> Result<Self, &'static str> {
        let scope = match (stored.workflow, stored.integration) {
            (Some(workflow), None) => KeyScope::Workflow(workflow),
            (None, Some(alias)) => KeyScope::Integration(alias),
            _ => return Err("a key has either the field `workflow` or the field `integration`"),
        };
        Ok(Self {
            key_id: stored.key_id,
            name: stored.name,
            scope,
            sha256: stored.sha256,
            state: stored.state,
            created_at: stored.created_at,
            revoked_at: stored.revoked_at,
        })
    }
}

impl From<ApiKeyRecord> for StoredKey {
    fn from(record: ApiKeyRecord) -> Self {
        let (workflow, integration) = match record.scope {
            KeyScope::Workflow(workflow) => (Some(workflow), None),
            KeyScope::Integration(alias) => (None, Some(alias)),
        };
        Self {
            key_id: record.key_id,
            name: record.name,
            workflow,
            integration,
            sha256: record.sha256,
            state: record.state,
            created_at: record.created_at,
            revoked_at: record.revoked_at,
        }
    }
}

impl ApiKeyRecord {
    /// True if `key` is this key, is valid and opens the URL of `scope`. The hash is compared first and in any case, so
    /// that all wrong keys take as long.
    #[must_use]
    pub fn admits(&self, key: &ApiKey, scope: &KeyScope) -> bool {
        let matches = key.matches(&self.sha256);
        matches && self.state == KeyState::Active && &self.scope == scope
    }
}

/// Storing a key, after "failed to".
const STORE_KEY: &str = "store the API key";

impl<I: Items> Table<I> {
    /// Stores a new key.
    ///
    /// # Errors
    /// DynamoDB did not take it.
    pub async fn put_api_key(&self, key: &ApiKeyRecord) -> Result<(), StoreError> {
        let item = item("API key", &keys::api_key(&key.key_id), key)?;
        // Sixty bits of id do not collide by chance; if they do, the older key must not be lost.
        let condition = vec![Test::ABSENT];
        let put = Write::Put {
            item: item.clone(),
            condition,
        };
        match self.items.write(STORE_KEY, put).await? {
            Single::Done { .. } => Ok(()),
            // The answer to the first try was lost, and the SDK made another one.
            Single::Refused { item: stored } if stored == item => Ok(()),
            Single::Refused { .. } => Err(StoreError::Unavailable {
                operation: STORE_KEY,
                cause: "another key has its id".into(),
            }),
        }
    }

    /// The key of an id.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub async fn api_key(&self, id: &KeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        let item = self.get(Read::ApiKey, &keys::api_key(id)).await?;
        item.map(|item| record("API key", item)).transpose()
    }

    /// All keys, the oldest first.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub async fn api_keys(&self) -> Result<Vec<ApiKeyRecord>, StoreError> {
        let mut found: Vec<ApiKeyRecord> = self.partition(Read::ApiKeys, "API key", keys::API_KEYS).await?;
        found.sort_by(|one, other| (one.created_at, &one.key_id).cmp(&(other.created_at, &other.key_id)));
        Ok(found)
    }

    /// Revokes a key. Gives whether there is one. A key that was revoked before keeps the time at which it was. It can be seen for
    /// three months.
    ///
    /// # Errors
    /// DynamoDB failed.
    pub async fn revoke_api_key(&self, id: &KeyId, now: Timestamp) -> Result<bool, StoreError> {
        let mut update = Update::new(keys::api_key(id));
        update.require(Test::PRESENT);
        update.set("state", text("revoked"));
        update.set_once("revoked_at", text(now.to_string()));
        update.set_once("expires_at", number(expiry::of_revoked_key(now)));
        let revoked = self.items.write("revoke the API key", update.into()).await?;
        Ok(matches!(revoked, Single::Done { .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;
    use rstest::rstest;
    use serde_json::{Value, json};

    fn workflow(id: &str) -> KeyScope {
        KeyScope::Workflow(id.parse().unwrap())
    }

    fn integration(alias: &str) -> KeyScope {
        KeyScope::Integration(alias.parse().unwrap())
    }

    fn record_of(key: &ApiKey, scope: KeyScope) -> ApiKeyRecord {
        ApiKeyRecord {
            key_id: key.id().clone(),
            name: "n".into(),
            scope,
            sha256: key.hash(),
            state: KeyState::Active,
            created_at: Timestamp::UNIX_EPOCH,
            revoked_at: None,
        }
    }

    /// A key as an item of DynamoDB.
    fn stored(id: &str, created_at: &str, scope: (&str, &str)) -> Value {
        let mut item = json!({
            "pk": {"S": "KEYS"}, "sk": {"S": id},
            "key_id": {"S": id}, "name": {"S": "PagerDuty"}, "sha256": {"S": "0".repeat(64)},
            "state": {"S": "active"}, "created_at": {"S": created_at},
        });
        item[scope.0] = json!({"S": scope.1});
        item
    }

    #[rstest]
    #[case(workflow("memory-alert"))]
    #[case(integration("memory-alert"))]
    fn b6_b7_a_key_opens_its_own_url_while_it_is_active(#[case] scope: KeyScope) {
        let (key, other) = (ApiKey::generate().unwrap(), ApiKey::generate().unwrap());
        let record = record_of(&key, scope.clone());

        assert!(record.admits(&key, &scope));
        assert!(!record.admits(&other, &scope));
        for another in [
            workflow("memory-alert"),
            workflow("other"),
            integration("memory-alert"),
            integration("other"),
        ] {
            assert_eq!(record.admits(&key, &another), another == scope, "{another}");
        }
        let state = KeyState::Revoked;
        assert!(!ApiKeyRecord { state, ..record }.admits(&key, &scope));
    }

    #[tokio::test]
    async fn keys_are_found_on_all_pages_and_listed_by_age() {
        let (dynamodb, table) = Scripted::answering([
            json!({"Items": [stored("bbbbbbbbbbbb", "2026-11-20T09:30:00Z", ("workflow", "memory-alert"))],
                   "LastEvaluatedKey": {"pk": {"S": "KEYS"}, "sk": {"S": "bbbbbbbbbbbb"}}}),
            json!({"Items": [stored("aaaaaaaaaaaa", "2026-11-19T09:30:00Z", ("integration", "prod"))]}),
        ])
        .await;

        let found = table.api_keys().await.unwrap();

        let found: Vec<_> = found.iter().map(|key| (key.key_id.as_str(), &key.scope)).collect();
        assert_eq!(
            found,
            [
                ("aaaaaaaaaaaa", &integration("prod")),
                ("bbbbbbbbbbbb", &workflow("memory-alert"))
            ]
        );
        let asked = dynamodb.asked();
        assert_eq!(asked.len(), 2);
        assert_eq!(asked[1].1["ExclusiveStartKey"]["sk"]["S"], "bbbbbbbbbbbb");
    }

    #[rstest]
    #[case::of_a_workflow(workflow("memory-alert"), "workflow", "memory-alert")]
    #[case::of_an_integration(integration("prod"), "integration", "prod")]
    #[tokio::test]
    async fn a_key_is_stored_with_the_one_field_that_tells_its_scope(
        #[case] scope: KeyScope,
        #[case] field: &str,
        #[case] value: &str,
    ) {
        let (dynamodb, table) = Scripted::answering([json!({})]).await;
        let key = ApiKey::generate().unwrap();

        table.put_api_key(&record_of(&key, scope)).await.unwrap();

        let (operation, request) = dynamodb.asked().remove(0);
        let item = request["Item"].as_object().unwrap();
        assert_eq!(operation, "PutItem");
        assert_eq!(item[field], json!({"S": value}));
        assert!(!(item.contains_key("workflow") && item.contains_key("integration")));
        assert!(!request.to_string().contains(key.expose()), "only its hash is stored");
    }

    #[rstest]
    #[case::neither("name")]
    #[case::both("integration")]
    #[tokio::test]
    async fn a_key_whose_scope_is_not_clear_is_not_read(#[case] further: &str) {
        let mut item = stored("aaaaaaaaaaaa", "2026-11-19T09:30:00Z", (further, "prod"));
        if further == "integration" {
            item["workflow"] = json!({"S": "memory-alert"});
        }
        let (_, table) = Scripted::answering([json!({ "Item": item })]).await;

        let error = table.api_key(&"aaaaaaaaaaaa".parse().unwrap()).await.unwrap_err();

        assert!(matches!(error, StoreError::Unreadable { .. }), "{error}");
    }

    #[tokio::test]
    async fn b7_a_key_is_revoked_if_it_is_there_and_keeps_the_time_at_which_it_was() {
        let (dynamodb, table) = Scripted::answering([json!({}), Scripted::condition_failed()]).await;
        let id = "aaaaaaaaaaaa".parse().unwrap();

        assert!(table.revoke_api_key(&id, Timestamp::UNIX_EPOCH).await.unwrap());
        assert!(!table.revoke_api_key(&id, Timestamp::UNIX_EPOCH).await.unwrap());

        let (operation, request) = dynamodb.asked().remove(0);
        assert_eq!(operation, "UpdateItem");
        assert_eq!(request["ConditionExpression"], "attribute_exists(#pk)");
        assert_eq!(request["ExpressionAttributeValues"][":state"], json!({"S": "revoked"}));
        assert_eq!(json!(KeyState::Revoked), "revoked");
        let update = request["UpdateExpression"].as_str().unwrap();
        assert!(
            update.contains("#revoked_at = if_not_exists(#revoked_at, :revoked_at)"),
            "{update}"
        );
    }
}
