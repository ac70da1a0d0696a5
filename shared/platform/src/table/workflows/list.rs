//! All workflows.

use super::{
    super::{StoreError, Table, keys, record, text, unavailable},
    WorkflowRecord,
};

impl Table {
    /// All workflows, by their names, also those that were deleted.
    ///
    /// It reads the whole table, because each workflow has a partition of its own and no index tells of workflows. That finds
    /// every workflow there is, whichever release stored it, and only people ask for it, rarely.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub async fn workflows(&self) -> Result<Vec<WorkflowRecord>, StoreError> {
        let mut items = self
            .client
            .scan()
            .table_name(&self.name)
            .consistent_read(true)
            .filter_expression("sk = :workflow")
            .expression_attribute_values(":workflow", text(keys::WORKFLOW))
            .into_paginator()
            .items()
            .send();
        let mut found: Vec<WorkflowRecord> = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| unavailable("list the workflows", &error))?;
            found.push(record("workflow", item)?);
        }
        found.sort_by(|one, other| one.workflow.cmp(&other.workflow));
        Ok(found)
    }
}
