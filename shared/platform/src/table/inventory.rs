//! What people have set up, all of it at once.

use super::{ApiKeyRecord, IntegrationRecord, StoreError, Table, WorkflowRecord, keys, record, text, unavailable};

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

impl Table {
    /// Reads the whole table: no index tells of these, and only people ask for them, rarely.
    ///
    /// # Errors
    /// DynamoDB did not answer, or an item has a form that this release does not know.
    pub async fn inventory(&self) -> Result<Inventory, StoreError> {
        let mut items = self
            .client
            .scan()
            .table_name(&self.name)
            .consistent_read(true)
            .filter_expression("sk IN (:integration, :workflow, :key)")
            .expression_attribute_values(":integration", text(keys::INTEGRATION))
            .expression_attribute_values(":workflow", text(keys::WORKFLOW))
            .expression_attribute_values(":key", text(keys::API_KEY))
            .into_paginator()
            .items()
            .send();
        let mut found = Inventory::default();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| unavailable("read what is set up", &error))?;
            let sk = item.get("sk").and_then(|sk| sk.as_s().ok()).map(String::as_str);
            match sk {
                Some(keys::INTEGRATION) => found.integrations.push(record("integration", item)?),
                Some(keys::WORKFLOW) => found.workflows.push(record("workflow", item)?),
                Some(keys::API_KEY) => found.keys.push(record("API key", item)?),
                _ => {}
            }
        }
        found.integrations.sort_by(|one, other| one.alias.cmp(&other.alias));
        found.workflows.sort_by(|one, other| one.workflow.cmp(&other.workflow));
        found.keys.sort_by(|one, other| one.key_id.cmp(&other.key_id));
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use crate::scripted::Scripted;
    use serde_json::json;

    #[tokio::test]
    async fn what_is_set_up_is_found_on_all_pages_and_sorted() {
        let integration = |alias: &str| {
            json!({
                "pk": {"S": format!("INTEGRATION#{alias}")}, "sk": {"S": "INTEGRATION"}, "alias": {"S": alias},
                "service_region": {"S": "us"}, "updated_at": {"S": "2026-11-20T09:30:00Z"},
            })
        };
        let workflow = json!({
            "pk": {"S": "WORKFLOW#w"}, "sk": {"S": "WORKFLOW"}, "workflow": {"S": "w"}, "state": {"S": "enabled"},
            "active_version": {"N": "1"}, "updated_at": {"S": "2026-11-20T09:30:00Z"},
        });
        let key = json!({
            "pk": {"S": "KEY#aaaaaaaaaaaa"}, "sk": {"S": "KEY"}, "key_id": {"S": "aaaaaaaaaaaa"}, "name": {"S": "n"},
            "integration": {"S": "prod"}, "sha256": {"S": "0".repeat(64)}, "state": {"S": "active"},
            "created_at": {"S": "2026-11-20T09:30:00Z"},
        });
        let (dynamodb, table) = Scripted::answering([
            json!({"Items": [integration("staging"), workflow], "LastEvaluatedKey": {"pk": {"S": "p"}, "sk": {"S": "s"}}}),
            json!({"Items": [key, integration("prod")]}),
        ])
        .await;

        let found = table.inventory().await.unwrap();

        let aliases: Vec<_> = found.integrations.iter().map(|it| it.alias.as_str()).collect();
        assert_eq!(aliases, ["prod", "staging"]);
        assert_eq!((found.workflows.len(), found.keys.len()), (1, 1));
        assert_eq!(dynamodb.asked().len(), 2);
    }
}
