//! Integrations, as people see them. What an action needs stands in the secret.

use super::{Read, StoreError, Table, item, keys, record, text, unavailable};
use aws_sdk_dynamodb::types::ReturnValue;
use jiff::Timestamp;
use pagerduty::client::ServiceRegion;
use serde::{Deserialize, Serialize};
use workflow::ids::IntegrationAlias;

/// An integration: a named PagerDuty account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntegrationRecord {
    /// Its alias.
    pub alias: IntegrationAlias,
    /// The region in which the account lives.
    pub service_region: ServiceRegion,
    /// The user whom a step acts for if it names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_from: Option<String>,
    /// When it was last stored.
    pub updated_at: Timestamp,
}

impl Table {
    /// Stores an integration, over the one of the same alias.
    ///
    /// # Errors
    /// DynamoDB did not take it.
    pub async fn put_integration(&self, integration: &IntegrationRecord) -> Result<(), StoreError> {
        let (pk, sk) = keys::integration(&integration.alias);
        let item = item("integration", pk, &sk, integration)?;
        let request = self.client.put_item().table_name(&self.name).set_item(Some(item));
        request
            .send()
            .await
            .map(|_| ())
            .map_err(|error| unavailable("store the integration", &error))
    }

    /// The integration of an alias.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub async fn integration(&self, alias: &IntegrationAlias) -> Result<Option<IntegrationRecord>, StoreError> {
        let (pk, sk) = keys::integration(alias);
        self.get(Read::Integration, pk, &sk)
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
        let (pk, sk) = keys::integration(alias);
        let request = self.client.delete_item().table_name(&self.name);
        let request = request.key("pk", text(pk)).key("sk", text(sk));
        let removed = request.return_values(ReturnValue::AllOld).send().await;
        let removed = removed.map_err(|error| unavailable("remove the integration", &error))?;
        Ok(removed.attributes.is_some_and(|attributes| !attributes.is_empty()))
    }
}
