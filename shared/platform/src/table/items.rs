//! The low port of the table: what it is asked, whatever keeps the items.
//!
//! All that is stored is read and written through [`Items`]: in DynamoDB ([`DynamoDb`]), or in memory ([`Memory`]) for dry runs,
//! simulations and tests. A condition is written once, as [`Test`]s. DynamoDB gets it as an expression, and memory evaluates it.

mod dynamodb;
mod memory;
mod write;

pub use dynamodb::DynamoDb;
#[cfg(test)]
pub(super) use memory::{ITEM_BYTES, size};
pub use memory::{ItemMap, Malformed, Memory};
pub use write::{Assign, Test, Update, Write};

use super::{Read, StoreError, transaction::Refusal};
use aws_sdk_dynamodb::types::AttributeValue;
use std::{collections::HashMap, fmt, time::Duration};

pub type Item = HashMap<String, AttributeValue>;

/// The key of an item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Its partition.
    pub pk: String,
    /// Its place in the partition.
    pub sk: String,
}

impl Key {
    pub(super) fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self {
            pk: pk.into(),
            sk: sk.into(),
        }
    }

    /// The attributes that are the key.
    pub(super) fn attributes(&self) -> Item {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.pk.clone())),
            ("sk".to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }

    /// The key of an item; none if the item was read without it.
    pub(super) fn of(item: &Item) -> Option<Self> {
        let text = |name| item.get(name).and_then(|value| value.as_s().ok());
        Some(Self::new(text("pk")?, text("sk")?))
    }
}

/// The attributes of items that are read.
#[derive(Debug, Clone, Copy)]
pub struct Projection(pub(super) &'static [&'static str]);

/// An index, and the attributes that are its key.
#[derive(Debug, PartialEq, Eq)]
pub struct Index {
    pub(super) name: &'static str,
    pub(super) pk: &'static str,
    pub(super) sk: &'static str,
}

/// A part of a partition, by the sort keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Range {
    All,
    BeginsWith(&'static str),
    Before(String),
    From(String),
    /// Between two keys, both included.
    Between(String, String),
}

/// A question for items of one partition.
#[derive(Debug, Clone)]
pub struct Query {
    pub(super) read: Read,
    /// The table itself if none.
    pub(super) index: Option<&'static Index>,
    pub(super) partition: String,
    pub(super) range: Range,
    pub(super) is_descending: bool,
    /// The number of items that are looked at.
    pub(super) limit: Option<i32>,
    /// The value that an attribute must have; items with another one are left out of the page.
    pub(super) filter: Option<(&'static str, AttributeValue)>,
    pub(super) projection: Option<Projection>,
    /// The place after which the page begins: [`Page::next`] of the page before.
    pub(super) after: Option<Item>,
}

impl Query {
    /// All items of a partition of the table, in order.
    pub(super) fn partition(read: Read, pk: impl Into<String>) -> Self {
        Self {
            read,
            index: None,
            partition: pk.into(),
            range: Range::All,
            is_descending: false,
            limit: None,
            filter: None,
            projection: None,
            after: None,
        }
    }

    /// The kind of read.
    #[must_use]
    pub fn read(&self) -> Read {
        self.read
    }
}

/// A page of an answer.
#[derive(Debug, Clone, Default)]
pub struct Page {
    pub items: Vec<Item>,
    /// The beginning of the next page, if there may be one.
    pub next: Option<Item>,
}

/// The outcome of the write of one item.
#[derive(Debug, Clone, PartialEq)]
pub enum Single {
    /// It was done.
    Done {
        /// The item that a [`Write::Delete`] removed, or that a [`Write::Update`] left.
        item: Option<Item>,
    },
    /// Its condition does not hold.
    Refused {
        /// The item as it is; empty if it is not there.
        item: Item,
    },
}

/// The outcome of a transaction.
#[derive(Debug, Clone, PartialEq)]
pub enum Transacted {
    /// All its writes were done.
    Done,
    /// None was.
    Cancelled(Cancelled),
}

/// A transaction that was cancelled: what was wrong with each of its writes, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Cancelled(pub(super) Vec<Refusal>);

/// The store of items.
///
/// Each function is one call, but for [`Self::get_all`] of more than 100 items. It fails if the call was not answered or is refused
/// for good. Whether a read must see the last write is said by its kind ([`Read::consistency`]).
pub trait Items: fmt::Debug + Clone + Send + Sync {
    /// Reads an item, if it is there.
    fn get(&self, read: Read, key: &Key) -> impl Future<Output = Result<Option<Item>, StoreError>> + Send;

    /// Reads items, as far as they are there, in no order.
    fn get_all(
        &self,
        read: Read,
        keys: Vec<Key>,
        projection: Option<Projection>,
    ) -> impl Future<Output = Result<Vec<Item>, StoreError>> + Send;

    /// Reads a page of a partition.
    fn query(&self, query: &Query) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// Writes one item. The operation is named for the error, after "failed to".
    fn write(&self, operation: &'static str, write: Write) -> impl Future<Output = Result<Single, StoreError>> + Send;

    /// Makes all writes or none.
    fn transact(
        &self,
        operation: &'static str,
        writes: Vec<Write>,
    ) -> impl Future<Output = Result<Transacted, StoreError>> + Send;

    /// Waits before a transaction is made again.
    fn pause(&self, time: Duration) -> impl Future<Output = ()> + Send;
}
