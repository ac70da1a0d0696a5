//! All workflows.

use super::{
    super::{Items, Read, StoreError, Table, keys},
    WorkflowRecord,
};

impl<I: Items> Table<I> {
    /// All workflows, by their names, also those that were deleted.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub async fn workflows(&self) -> Result<Vec<WorkflowRecord>, StoreError> {
        self.partition(Read::Workflows, "workflow", keys::WORKFLOWS).await
    }
}
