//! All that people have set up, at once.

use super::{ApiKeyRecord, IntegrationRecord, Items, StoreError, Table, WorkflowRecord};
use futures_util::future::try_join3;

/// Integrations, workflows and API keys.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inventory {
    /// The integrations, by alias.
    pub integrations: Vec<IntegrationRecord>,
    /// The workflows, also those that were deleted, by id.
    pub workflows: Vec<WorkflowRecord>,
    /// The API keys, also those that were revoked, by id.
    pub keys: Vec<ApiKeyRecord>,
}

impl<I: Items> Table<I> {
    /// Reads the partitions of these, at once.
    ///
    /// # Errors
    /// DynamoDB did not answer, or an item has a form that this release does not know.
    pub async fn inventory(&self) -> Result<Inventory, StoreError> {
        let (integrations, workflows, mut keys) =
            try_join3(self.integrations(), self.workflows(), self.api_keys()).await?;
        keys.sort_by(|one, other| one.key_id.cmp(&other.key_id));
        Ok(Inventory {
            integrations,
            workflows,
            keys,
        })
    }
}
