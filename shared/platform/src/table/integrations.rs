//! Integrations, as people see them. What an action needs stands in the secret.

use super::{Items, Read, Single, StoreError, Table, Write, item, keys, record};
use jiff::Timestamp;
use pagerduty::client::ServiceRegion;
use serde::{Deserialize, Serialize};
use workflow::ids::IntegrationAlias;

/// An integration: a named PagerDuty account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntegrationRecord {
    pub alias: IntegrationAlias,
    /// The region in which the account lives.
    pub service_region: ServiceRegion,
    /// The user whom a step acts for if it names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_from: Option<String>,
    /// The time when it was last stored.
    pub updated_at: Timestamp,
}

impl<I: Items> Table<I> {
    /// Stores an integration, over the one of the same alias.
    ///
    /// # Errors
    /// DynamoDB did not take it.
    pub async fn put_integration(&self, integration: &IntegrationRecord) -> Result<(), StoreError> {
        let item = item("integration", &keys::integration(&integration.alias), integration)?;
        let condition = Vec::new();
        let put = Write::Put { item, condition };
        self.items.write("store the integration", put).await?;
        Ok(())
    }

    /// The integration of an alias.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub async fn integration(&self, alias: &IntegrationAlias) -> Result<Option<IntegrationRecord>, StoreError> {
        self.get(Read::Integration, &keys::integration(alias))
            .await?
            .map(|item| record("integration", item))
            .transpose()
    }

    /// All integrations, by their aliases.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub async fn integrations(&self) -> Result<Vec<IntegrationRecord>, StoreError> {
        self.partition(Read::Integrations, "integration", keys::INTEGRATIONS)
            .await
    }

    /// Removes an integration. Gives whether there was one.
    ///
    /// # Errors
    /// DynamoDB did not take it.
    pub async fn remove_integration(&self, alias: &IntegrationAlias) -> Result<bool, StoreError> {
        let delete = Write::Delete(keys::integration(alias));
        let removed = self.items.write("remove the integration", delete).await?;
        Ok(matches!(removed, Single::Done { item: Some(_) }))
    }
}
