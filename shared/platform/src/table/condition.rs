//! The condition of the table, compared with the template.

use super::{StoreError, Table, unavailable};
use aws_sdk_dynamodb::types::{PointInTimeRecoveryStatus, TableStatus, TimeToLiveStatus};

/// The attribute by which DynamoDB removes items of old runs.
const EXPIRES_AT: &str = "expires_at";

/// The state of the table, as far as each question was answered.
#[derive(Debug)]
pub struct TableCondition {
    pub name: String,
    /// Readable and writable or not. [`StoreError::Unavailable`] where it is not there.
    pub is_active: Result<bool, StoreError>,
    /// Time to live on or not, which removes items of old runs.
    pub is_time_to_live_on: Result<bool, StoreError>,
    /// Point-in-time recovery on or not.
    pub is_point_in_time_recovery_on: Result<bool, StoreError>,
}

impl Table {
    /// Looks at the table itself, not at what is in it.
    pub async fn condition(&self) -> TableCondition {
        TableCondition {
            name: self.items.name.clone(),
            is_active: self.can_be_used().await,
            is_time_to_live_on: self.removes_expired_items().await,
            is_point_in_time_recovery_on: self.can_be_restored().await,
        }
    }

    async fn can_be_used(&self) -> Result<bool, StoreError> {
        let answer = self
            .items
            .client
            .describe_table()
            .table_name(&self.items.name)
            .send()
            .await;
        let table = answer.map_err(|error| unavailable("describe the table", &error))?.table;
        let status = table.and_then(|table| table.table_status);
        // An update of an index or of the capacity leaves the table usable.
        Ok(matches!(status, Some(TableStatus::Active | TableStatus::Updating)))
    }

    async fn removes_expired_items(&self) -> Result<bool, StoreError> {
        let answer = self
            .items
            .client
            .describe_time_to_live()
            .table_name(&self.items.name)
            .send()
            .await;
        let answer = answer.map_err(|error| unavailable("describe the table's time to live", &error))?;
        let description = answer.time_to_live_description;
        Ok(description.is_some_and(|it| {
            let status = it.time_to_live_status;
            it.attribute_name.as_deref() == Some(EXPIRES_AT)
                && matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling))
        }))
    }

    async fn can_be_restored(&self) -> Result<bool, StoreError> {
        let request = self
            .items
            .client
            .describe_continuous_backups()
            .table_name(&self.items.name);
        let answer = request.send().await;
        let answer = answer.map_err(|error| unavailable("describe the table's backups", &error))?;
        let recovery = answer
            .continuous_backups_description
            .and_then(|backups| backups.point_in_time_recovery_description)
            .and_then(|recovery| recovery.point_in_time_recovery_status);
        Ok(recovery == Some(PointInTimeRecoveryStatus::Enabled))
    }
}

#[cfg(test)]
mod tests {
    use crate::scripted::Scripted;
    use serde_json::json;

    #[tokio::test]
    async fn a_table_as_the_template_makes_it_is_in_order() {
        let (dynamodb, table) = Scripted::answering([
            json!({"Table": {"TableStatus": "ACTIVE"}}),
            json!({"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}}),
            json!({"ContinuousBackupsDescription": {
                "ContinuousBackupsStatus": "ENABLED",
                "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"},
            }}),
        ])
        .await;

        let condition = table.condition().await;

        assert!(condition.is_active.unwrap());
        assert!(condition.is_time_to_live_on.unwrap());
        assert!(condition.is_point_in_time_recovery_on.unwrap());
        let asked: Vec<_> = dynamodb.asked().into_iter().map(|(operation, _)| operation).collect();
        assert_eq!(
            asked,
            ["DescribeTable", "DescribeTimeToLive", "DescribeContinuousBackups"]
        );
    }

    #[tokio::test]
    async fn what_is_off_is_told_as_off_and_what_another_attribute_expires_as_well() {
        let (_, table) = Scripted::answering([
            json!({"Table": {"TableStatus": "DELETING"}}),
            json!({"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "another"}}),
            json!({"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED"}}),
        ])
        .await;

        let condition = table.condition().await;

        assert!(!condition.is_active.unwrap());
        assert!(!condition.is_time_to_live_on.unwrap());
        assert!(!condition.is_point_in_time_recovery_on.unwrap());
    }

    #[tokio::test]
    async fn what_dynamodb_does_not_answer_is_an_error_and_not_off() {
        let (_, table) = Scripted::answering([
            Scripted::condition_failed(),
            Scripted::condition_failed(),
            Scripted::condition_failed(),
        ])
        .await;

        let condition = table.condition().await;

        assert!(condition.is_active.is_err());
        assert!(condition.is_time_to_live_on.is_err());
        assert!(condition.is_point_in_time_recovery_on.is_err());
    }
}
