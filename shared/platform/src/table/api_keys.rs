//! API keys, as hashes.

use super::{StoreError, Table, item, keys, unavailable};
use crate::api_key::{ApiKey, KeyHash, KeyId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use workflow::ids::WorkflowId;

/// What is stored of an API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyRecord {
    /// Its id.
    pub key_id: KeyId,
    /// What it is called, for people.
    pub name: String,
    /// The workflow whose webhook it opens.
    pub workflow: WorkflowId,
    /// The hash of the key.
    pub sha256: KeyHash,
    /// Whether it is valid.
    pub state: KeyState,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Whether a key is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// It is.
    Active,
    /// It is not any more.
    Revoked,
}

impl ApiKeyRecord {
    /// Whether `key` is this key, is valid and opens the webhook of `workflow`. The hash is compared first and in any
    /// case, so that all wrong keys take as long.
    #[must_use]
    pub fn admits(&self, key: &ApiKey, workflow: &WorkflowId) -> bool {
        let matches = key.matches(&self.sha256);
        matches && self.state == KeyState::Active && &self.workflow == workflow
    }
}

impl Table {
    /// Stores a new key.
    ///
    /// # Errors
    /// DynamoDB did not take it.
    pub async fn put_api_key(&self, key: &ApiKeyRecord) -> Result<(), StoreError> {
        let (pk, sk) = keys::api_key(&key.key_id);
        let item = item("API key", &pk, sk, key)?;
        let request = self.client.put_item().table_name(&self.name).set_item(Some(item));
        // Sixty bits of id do not collide by chance; if they do, the older key must not be lost.
        let request = request.condition_expression("attribute_not_exists(pk)");
        request
            .send()
            .await
            .map(|_| ())
            .map_err(|error| unavailable("store the API key", &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b6_b7_a_key_opens_its_own_workflow_while_it_is_active() {
        let (key, other) = (ApiKey::generate().unwrap(), ApiKey::generate().unwrap());
        let workflow: WorkflowId = "memory-alert".parse().unwrap();
        let record = ApiKeyRecord {
            key_id: key.id().clone(),
            name: "n".into(),
            workflow: workflow.clone(),
            sha256: key.hash(),
            state: KeyState::Active,
            created_at: Timestamp::UNIX_EPOCH,
        };
        assert!(record.admits(&key, &workflow));
        assert!(!record.admits(&other, &workflow));
        assert!(!record.admits(&key, &"other".parse().unwrap()));
        assert!(
            !ApiKeyRecord {
                state: KeyState::Revoked,
                ..record
            }
            .admits(&key, &workflow)
        );
    }
}
