//! The versions of a workflow.

use super::{
    super::{Item, Items, Projection, Query, Read, StoreError, Table, items::Range, keys, number, record, text},
    ApplyError, LARGEST_UNPACKED, LARGEST_VERSION, NewVersion, VersionSource, pinned,
};
use crate::body::{self, DamagedBody};
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use jiff::Timestamp;
use serde::Deserialize;
use workflow::{
    definition::Definition,
    ids::{WorkflowId, WorkflowVersion},
};

/// The facts about a version, besides its definition.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct VersionRecord {
    /// Its number.
    pub version: WorkflowVersion,
    /// The time when it was applied.
    pub created_at: Timestamp,
    /// The AWS identity that applied it; none if it was unknown.
    #[serde(default)]
    pub applied_by: Option<String>,
    /// The digest of its definition.
    pub digest: String,
}

/// The attribute with the definition, and those with the text of its author and with the actions that it uses, if there are any besides
/// PagerDuty's.
const DEFINITION: &str = "definition";
const SOURCE: &str = "source";
const ACTIONS: &str = "actions";

/// The attributes of an item that make a [`VersionRecord`].
const RECORD: Projection = Projection(&["version", "created_at", "applied_by", "digest"]);

/// The item of a new version.
pub(super) fn item(new: &NewVersion<'_>, version: WorkflowVersion, now: Timestamp) -> Result<Item, ApplyError> {
    let definition = new.definition.to_json().to_string();
    let actions = pinned::written(new.definition).map_err(|error| unreadable(error.to_string()))?;
    let actions = actions.unwrap_or_default();
    let largest = definition.len().max(new.source.len()).max(actions.len());
    if largest > LARGEST_UNPACKED {
        return Err(ApplyError::TooLargeUnpacked(largest));
    }
    let parts = [
        (DEFINITION, definition.as_str()),
        (SOURCE, new.source),
        (ACTIONS, &actions),
    ];
    let parts = parts.map(|(name, text)| (name, body::compress(text.as_bytes())));
    let size = parts.iter().map(|(_, part)| part.len()).sum();
    if size > LARGEST_VERSION {
        return Err(ApplyError::TooLarge(size));
    }
    let mut item = keys::version(&new.definition.name, version).attributes();
    item.insert("version".into(), number(version.0));
    for (name, part) in parts {
        if name != ACTIONS || !actions.is_empty() {
            item.insert(name.into(), AttributeValue::B(Blob::new(part)));
        }
    }
    item.insert("digest".into(), text(new.definition.digest()));
    item.insert("created_at".into(), text(now.to_string()));
    if let Some(applied_by) = new.applied_by {
        item.insert("applied_by".into(), text(applied_by));
    }
    Ok(item)
}

impl<I: Items> Table<I> {
    /// The versions of a workflow, the newest first.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub async fn versions(&self, id: &WorkflowId) -> Result<Vec<VersionRecord>, StoreError> {
        let items = self.query(versions_of(id)).await?.into_iter();
        items.map(|item| record("version of a workflow", item)).collect()
    }

    /// The number of the newest version; 0 if there is none.
    pub(super) async fn latest_version(&self, id: &WorkflowId) -> Result<WorkflowVersion, StoreError> {
        let limit = Some(1);
        let page = self
            .items
            .query(&Query {
                limit,
                ..versions_of(id)
            })
            .await?;
        let newest = page.items.into_iter().next();
        let newest = newest.map(|item| record::<VersionRecord>("version of a workflow", item));
        Ok(newest.transpose()?.map_or(WorkflowVersion(0), |newest| newest.version))
    }

    /// The text of the author of a version, with names and comments.
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
        let source = decompressed(&item, SOURCE)?;
        String::from_utf8(source)
            .map(Some)
            .map_err(|error| unreadable(error.to_string()))
    }

    async fn version_item(&self, id: &WorkflowId, version: WorkflowVersion) -> Result<Option<Item>, StoreError> {
        self.get(Read::Version, &keys::version(id, version)).await
    }
}

impl<I: Items> VersionSource for Table<I> {
    async fn version(&self, id: &WorkflowId, version: WorkflowVersion) -> Result<Option<Definition>, StoreError> {
        let Some(item) = self.version_item(id, version).await? else {
            return Ok(None);
        };
        let json = decompressed(&item, DEFINITION)?;
        let json = serde_json::from_slice(&json).map_err(|error| unreadable(error.to_string()))?;
        let actions = match item.contains_key(ACTIONS) {
            true => Some(decompressed(&item, ACTIONS)?),
            false => None,
        };
        let catalog = pinned::catalog(actions.as_deref()).map_err(|error| unreadable(error.to_string()))?;
        Definition::from_json(&json, &catalog)
            .map(Some)
            .map_err(|problems| unreadable(problems.to_string()))
    }
}

/// The versions of a workflow, the newest first.
fn versions_of(id: &WorkflowId) -> Query {
    Query {
        range: Range::BeginsWith(keys::VERSION),
        is_descending: true,
        projection: Some(RECORD),
        ..Query::partition(Read::Versions, keys::versions(id))
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
