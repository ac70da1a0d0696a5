//! The versions of a workflow.

use super::{
    super::{Item, Projection, Read, StoreError, Table, keys, number, record, text, unavailable},
    ApplyError, LARGEST_UNPACKED, LARGEST_VERSION, NewVersion, VersionSource,
};
use crate::body::{self, DamagedBody};
use crate::catalog;
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use jiff::Timestamp;
use serde::Deserialize;
use workflow::{
    definition::Definition,
    ids::{WorkflowId, WorkflowVersion},
};

/// What is known of a version, besides what it does.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct VersionRecord {
    /// Its number.
    pub version: WorkflowVersion,
    /// When it was applied.
    pub created_at: Timestamp,
    /// The AWS identity that applied it; none if it was unknown.
    #[serde(default)]
    pub applied_by: Option<String>,
    /// The digest of its definition.
    pub digest: String,
}

/// What of an item makes a [`VersionRecord`].
const RECORD: Projection = Projection(&["version", "created_at", "applied_by", "digest"]);

/// The item of a new version.
pub(super) fn item(new: &NewVersion<'_>, version: WorkflowVersion, now: Timestamp) -> Result<Item, ApplyError> {
    let definition = new.definition.to_json().to_string();
    if definition.len().max(new.source.len()) > LARGEST_UNPACKED {
        return Err(ApplyError::TooLargeUnpacked(definition.len().max(new.source.len())));
    }
    let definition = body::compress(definition.as_bytes());
    let source = body::compress(new.source.as_bytes());
    let size = definition.len() + source.len();
    if size > LARGEST_VERSION {
        return Err(ApplyError::TooLarge(size));
    }
    let (pk, sk) = keys::version(&new.definition.name, version);
    let mut item: Item = Table::key(&pk, &sk);
    item.insert("version".into(), number(version.0));
    item.insert("definition".into(), AttributeValue::B(Blob::new(definition)));
    item.insert("source".into(), AttributeValue::B(Blob::new(source)));
    item.insert("digest".into(), text(new.definition.digest()));
    item.insert("created_at".into(), text(now.to_string()));
    if let Some(applied_by) = new.applied_by {
        item.insert("applied_by".into(), text(applied_by));
    }
    Ok(item)
}

impl Table {
    /// The versions of a workflow, the newest first.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub async fn versions(&self, id: &WorkflowId) -> Result<Vec<VersionRecord>, StoreError> {
        let mut items = self.versions_query(id).into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| unavailable(Read::Versions.words(), &error))?;
            found.push(record("version of a workflow", item)?);
        }
        Ok(found)
    }

    /// The number of the newest version; 0 if there is none.
    pub(super) async fn latest_version(&self, id: &WorkflowId) -> Result<WorkflowVersion, StoreError> {
        let request = self.versions_query(id).limit(1);
        let answer = Box::pin(request.send()).await;
        let output = answer.map_err(|error| unavailable(Read::Versions.words(), &error))?;
        let newest = output.items.unwrap_or_default().into_iter().next();
        let newest = newest.map(|item| record::<VersionRecord>("version of a workflow", item));
        Ok(newest.transpose()?.map_or(WorkflowVersion(0), |newest| newest.version))
    }

    fn versions_query(&self, id: &WorkflowId) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.name)
            .consistent_read(Read::Versions.is_consistent())
            .scan_index_forward(false)
            .key_condition_expression("pk = :pk AND begins_with(sk, :version)")
            .expression_attribute_values(":pk", text(keys::versions(id)))
            .expression_attribute_values(":version", text(keys::VERSION))
            .projection_expression(RECORD.expression())
            .set_expression_attribute_names(Some(RECORD.names()))
    }

    /// What the author of a version wrote, with names and comments.
    ///
    /// # Errors
    /// DynamoDB did not answer, or the text is damaged.
    pub async fn version_source(
        &self,
        id: &WorkflowId,
        version: WorkflowVersion,
    ) -> Result<Option<String>, StoreError> {
        let Some(item) = self.version_item(id, version).await? else {
            return Ok(None);
        };
        let source = decompressed(&item, "source")?;
        String::from_utf8(source)
            .map(Some)
            .map_err(|error| unreadable(error.to_string()))
    }

    async fn version_item(&self, id: &WorkflowId, version: WorkflowVersion) -> Result<Option<Item>, StoreError> {
        let (pk, sk) = keys::version(id, version);
        self.get(Read::Version, &pk, &sk).await
    }
}

impl VersionSource for Table {
    async fn version(&self, id: &WorkflowId, version: WorkflowVersion) -> Result<Option<Definition>, StoreError> {
        let Some(item) = self.version_item(id, version).await? else {
            return Ok(None);
        };
        let json = decompressed(&item, "definition")?;
        let json = serde_json::from_slice(&json).map_err(|error| unreadable(error.to_string()))?;
        Definition::from_json(&json, catalog())
            .map(Some)
            .map_err(|problems| unreadable(problems.to_string()))
    }
}

fn decompressed(item: &Item, attribute: &str) -> Result<Vec<u8>, StoreError> {
    let Some(AttributeValue::B(stored)) = item.get(attribute) else {
        return Err(unreadable(format!("it has no {attribute}")));
    };
    body::decompress_at_most(stored.as_ref(), LARGEST_UNPACKED)
        .map_err(|error: DamagedBody| unreadable(error.to_string()))
}

fn unreadable(cause: String) -> StoreError {
    StoreError::Unreadable {
        what: "version of a workflow",
        cause,
    }
}
