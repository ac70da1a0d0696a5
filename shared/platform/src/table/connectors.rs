//! Connectors of the user's own, in versions.
//!
//! A version is immutable. The item in the partition of all connectors has the newest version whole, so that one query reads all that
//! definitions are checked with. One that was removed keeps its item: the numbers of its versions go on when it is added again.

use super::{
    Item, Items, Key, Query, Read, StoreError, Table, Write,
    items::{Single, Test},
    keys, number, record, text,
};
use crate::body;
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use workflow::ids::IntegrationTypeName;

/// The largest source that is ever unpacked, in bytes: twice what the format allows.
const LARGEST_SOURCE: usize = 256 * 1024;

/// The attribute with the source.
const SOURCE: &str = "source";

/// The number of a version of a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConnectorVersion(pub u32);

impl fmt::Display for ConnectorVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

/// A version of a connector of the user's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorRecord {
    /// The name, which is also the type of its integrations.
    pub connector: IntegrationTypeName,
    /// The number of the version.
    pub version: ConnectorVersion,
    /// The file, as its author wrote it.
    pub source: String,
    /// The time when the version was added.
    pub added_at: Timestamp,
    /// The AWS identity that added it; none if it was unknown.
    pub added_by: Option<String>,
    /// The time when the connector was removed, if it was.
    pub removed_at: Option<Timestamp>,
}

impl ConnectorRecord {
    /// True if it was removed.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        self.removed_at.is_some()
    }
}

/// All of a [`ConnectorRecord`] but its source, as it is stored.
#[derive(Deserialize)]
struct Facts {
    connector: IntegrationTypeName,
    version: ConnectorVersion,
    added_at: Timestamp,
    #[serde(default)]
    added_by: Option<String>,
    #[serde(default)]
    removed_at: Option<Timestamp>,
}

/// A version to add.
#[derive(Debug, Clone, Copy)]
pub struct NewConnector<'a> {
    /// The name of the connector.
    pub connector: &'a IntegrationTypeName,
    /// The file.
    pub source: &'a str,
    /// The AWS identity that adds it, if it is known.
    pub added_by: Option<&'a str>,
}

/// A change of a connector was not made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorChangeError {
    /// It was changed since it was looked at.
    #[error(
        "somebody else changed the connector {0} at the same time, and nothing was changed\nLook at it with `pagerflow connector show {0}`, \
         and try again."
    )]
    Conflict(IntegrationTypeName),
    /// The table could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<I: Items> Table<I> {
    /// The newest versions of all connectors, by name; those that were removed are left out.
    ///
    /// # Errors
    /// DynamoDB did not answer, or an item has a form that this release does not know.
    pub async fn connectors(&self) -> Result<Vec<ConnectorRecord>, StoreError> {
        let items = self.query(Query::partition(Read::Connectors, keys::CONNECTORS)).await?;
        let all = items.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(all.into_iter().filter(|record| !record.is_removed()).collect())
    }

    /// The newest version of a connector, which may have been removed.
    ///
    /// # Errors
    /// DynamoDB did not answer, or the item has a form that this release does not know.
    pub async fn connector(&self, name: &IntegrationTypeName) -> Result<Option<ConnectorRecord>, StoreError> {
        let item = self.get(Read::Connector, &keys::connector(name)).await?;
        item.as_ref().map(read).transpose()
    }

    /// A version of a connector.
    ///
    /// # Errors
    /// DynamoDB did not answer, or the item has a form that this release does not know.
    pub async fn connector_version(
        &self,
        name: &IntegrationTypeName,
        version: ConnectorVersion,
    ) -> Result<Option<ConnectorRecord>, StoreError> {
        let key = keys::connector_version(name, version.0);
        let item = self.get(Read::ConnectorVersion, &key).await?;
        item.as_ref().map(read).transpose()
    }

    /// Adds a version of a connector, which becomes the newest. `seen` is the connector as the caller has looked at it.
    ///
    /// # Errors
    /// The connector was changed since `seen` was read, or DynamoDB failed.
    pub async fn add_connector(
        &self,
        seen: Option<&ConnectorRecord>,
        new: &NewConnector<'_>,
        now: Timestamp,
    ) -> Result<ConnectorVersion, ConnectorChangeError> {
        let name = new.connector;
        let version = ConnectorVersion(seen.map_or(0, |seen| seen.version.0).saturating_add(1));
        let put = |key: &Key, condition| Write::Put {
            item: item(key, new, version, now),
            condition,
        };
        let writes = vec![
            put(&keys::connector_version(name, version.0), vec![Test::ABSENT]),
            put(&keys::connector(name), as_seen(seen)),
        ];
        match self.transact("store the connector", writes).await? {
            true => Ok(version),
            false => Err(ConnectorChangeError::Conflict(name.clone())),
        }
    }

    /// Removes a connector. Its versions stay, and so do the parts of them that versions of workflows have along.
    ///
    /// # Errors
    /// The connector was changed since `seen` was read, or DynamoDB failed.
    pub async fn remove_connector(&self, seen: &ConnectorRecord, now: Timestamp) -> Result<(), ConnectorChangeError> {
        let name = &seen.connector;
        let new = NewConnector {
            connector: name,
            source: &seen.source,
            added_by: seen.added_by.as_deref(),
        };
        let mut item = item(&keys::connector(name), &new, seen.version, seen.added_at);
        item.insert("removed_at".into(), text(now.to_string()));
        let put = Write::Put {
            item,
            condition: as_seen(Some(seen)),
        };
        match self.items.write("remove the connector", put).await? {
            Single::Done { .. } => Ok(()),
            Single::Refused { .. } => Err(ConnectorChangeError::Conflict(name.clone())),
        }
    }
}

/// The condition that a connector is as it was seen. A version is added once, and after it was removed only with another number.
fn as_seen(seen: Option<&ConnectorRecord>) -> Vec<Test> {
    match seen {
        None => vec![Test::ABSENT],
        Some(seen) => {
            let removed = match seen.removed_at {
                Some(at) => Test::Is("removed_at", text(at.to_string())),
                None => Test::HasNot("removed_at"),
            };
            vec![Test::Is("version", number(seen.version.0)), removed]
        }
    }
}

fn item(key: &Key, new: &NewConnector<'_>, version: ConnectorVersion, added_at: Timestamp) -> Item {
    let mut item = key.attributes();
    item.insert("connector".into(), text(new.connector.as_str()));
    item.insert("version".into(), number(version.0));
    item.insert("added_at".into(), text(added_at.to_string()));
    let source = body::compress(new.source.as_bytes());
    item.insert(SOURCE.into(), AttributeValue::B(Blob::new(source)));
    if let Some(added_by) = new.added_by {
        item.insert("added_by".into(), text(added_by));
    }
    item
}

fn read(item: &Item) -> Result<ConnectorRecord, StoreError> {
    const WHAT: &str = "connector";
    let unreadable = |cause: String| StoreError::Unreadable { what: WHAT, cause };
    let Some(AttributeValue::B(source)) = item.get(SOURCE) else {
        return Err(unreadable("it has no source".to_owned()));
    };
    let source = body::decompress_at_most(source.as_ref(), LARGEST_SOURCE);
    let source = source.map_err(|error| unreadable(error.to_string()))?;
    let source = String::from_utf8(source).map_err(|error| unreadable(error.to_string()))?;
    let mut facts = item.clone();
    facts.remove(SOURCE);
    let facts: Facts = record(WHAT, facts)?;
    Ok(ConnectorRecord {
        connector: facts.connector,
        version: facts.version,
        source,
        added_at: facts.added_at,
        added_by: facts.added_by,
        removed_at: facts.removed_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::items::Memory;

    fn desk() -> IntegrationTypeName {
        "desk".parse().unwrap()
    }

    fn at(minute: u32) -> Timestamp {
        format!("2026-11-22T10:{minute:02}:00Z").parse().unwrap()
    }

    async fn add(
        table: &Table<Memory>,
        seen: Option<&ConnectorRecord>,
        source: &str,
        minute: u32,
    ) -> Result<ConnectorVersion, ConnectorChangeError> {
        let name = desk();
        let new = NewConnector {
            connector: &name,
            source,
            added_by: Some("arn:aws:iam::123456789012:user/olivia"),
        };
        table.add_connector(seen, &new, at(minute)).await
    }

    #[tokio::test]
    async fn a_version_never_changes_and_the_newest_is_in_the_list() {
        let table = Table::over(Memory::default());
        assert_eq!(add(&table, None, "one", 0).await.unwrap(), ConnectorVersion(1));
        let seen = table.connector(&desk()).await.unwrap();
        assert_eq!(add(&table, seen.as_ref(), "two", 1).await.unwrap(), ConnectorVersion(2));

        let newest = table.connectors().await.unwrap();
        assert_eq!(newest.len(), 1);
        assert_eq!(
            (newest[0].source.as_str(), newest[0].version),
            ("two", ConnectorVersion(2))
        );
        let first = table
            .connector_version(&desk(), ConnectorVersion(1))
            .await
            .unwrap()
            .unwrap();
        assert_eq!((first.source.as_str(), first.added_at), ("one", at(0)));
        assert_eq!(first.added_by.as_deref(), Some("arn:aws:iam::123456789012:user/olivia"));
        assert_eq!(
            table.connector_version(&desk(), ConnectorVersion(3)).await.unwrap(),
            None
        );
    }

    #[tokio::test]
    async fn of_two_who_add_at_once_the_second_is_told() {
        let table = Table::over(Memory::default());
        add(&table, None, "one", 0).await.unwrap();
        let seen = table.connector(&desk()).await.unwrap();
        add(&table, seen.as_ref(), "two", 1).await.unwrap();
        for seen in [None, seen.as_ref()] {
            let refused = add(&table, seen, "mine", 2).await.unwrap_err();
            assert!(matches!(refused, ConnectorChangeError::Conflict(_)), "{refused}");
        }
        let removed = table.remove_connector(seen.as_ref().unwrap(), at(3)).await.unwrap_err();
        assert!(
            removed.to_string().contains("pagerflow connector show desk"),
            "{removed}"
        );
        assert_eq!(table.connector(&desk()).await.unwrap().unwrap().source, "two");
    }

    #[tokio::test]
    async fn one_that_was_removed_is_in_no_list_and_its_versions_are_counted_on() {
        let table = Table::over(Memory::default());
        add(&table, None, "one", 0).await.unwrap();
        let seen = table.connector(&desk()).await.unwrap().unwrap();
        table.remove_connector(&seen, at(1)).await.unwrap();
        assert_eq!(table.connectors().await.unwrap(), []);
        assert!(
            table.remove_connector(&seen, at(2)).await.is_err(),
            "it was removed already"
        );
        let removed = table.connector(&desk()).await.unwrap().unwrap();
        assert!(removed.is_removed());
        assert_eq!(
            add(&table, Some(&removed), "again", 3).await.unwrap(),
            ConnectorVersion(2)
        );
        let again = &table.connectors().await.unwrap()[0];
        assert_eq!((again.source.as_str(), again.removed_at), ("again", None));
    }
}
