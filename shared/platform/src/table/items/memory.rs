//! Items in memory, under the rules of DynamoDB as far as a table like ours can meet them.
//!
//! Conditions and updates mean what they mean there: all writes of a transaction are made or none, an update makes an item
//! that is not there, a set is never empty. What DynamoDB refuses whatever is in the table is refused as
//! [`Malformed`]. (AWS, *Amazon DynamoDB Developer Guide*: condition, update and key condition expressions; quotas of
//! transactions and items.)

use super::{Assign, Cancelled, Item, Items, Key, Page, Projection, Query, Range, Single, Transacted, Update, Write};
use crate::table::{Read, StoreError, transaction::Refusal};
use aws_sdk_dynamodb::types::AttributeValue;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Writes in one transaction, at most.
const TRANSACTION_WRITES: usize = 100;

/// Bytes of one item, at most.
pub(in crate::table) const ITEM_BYTES: usize = 400 * 1024;

/// A request that DynamoDB would refuse whenever it is made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("ValidationException: {0}")]
pub struct Malformed(String);

/// Items by their keys.
#[derive(Debug, Clone, Default)]
pub struct ItemMap(BTreeMap<Key, Arc<Item>>);

impl ItemMap {
    /// The items of a partition, in order.
    fn partition(&self, pk: &str) -> Vec<&Arc<Item>> {
        let from = self.0.range(Key::new(pk, "")..);
        let items = from.take_while(|(key, _)| key.pk == pk);
        items.map(|(_, item)| item).collect()
    }

    /// The items whose partition begins so, as a map of their own.
    #[must_use]
    pub fn beginning_with(&self, start: &str) -> Self {
        let from = self.0.range(Key::new(start, "")..);
        let items = from.take_while(|(key, _)| key.pk.starts_with(start));
        Self(items.map(|(key, item)| (key.clone(), item.clone())).collect())
    }

    /// The keys of the items, in order.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.0.keys()
    }

    /// Puts an item as it was back, or takes it away.
    pub fn restore(&mut self, key: Key, item: Option<Arc<Item>>) {
        match item {
            Some(item) => self.0.insert(key, item),
            None => self.0.remove(&key),
        };
    }

    /// The item of a key.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Arc<Item>> {
        self.0.get(key)
    }

    /// Reads items, as far as they are there.
    #[must_use]
    pub fn get_all(&self, keys: &[Key], projection: Option<Projection>) -> Vec<Item> {
        let found = keys.iter().filter_map(|key| self.0.get(key));
        found.map(|item| projected(item, projection)).collect()
    }

    /// Reads a page.
    #[must_use]
    pub fn query(&self, query: &Query) -> Page {
        let sk = query.index.map_or("sk", |index| index.sk);
        let order = |item: &Item| text_of(item, sk).cloned().unwrap_or_default();
        let mut items: Vec<&Arc<Item>> = match query.index {
            None => self.partition(&query.partition),
            Some(index) => {
                let is_in = |item: &&Arc<Item>| text_of(item, index.pk) == Some(&query.partition);
                let mut items: Vec<_> = self.0.values().filter(is_in).collect();
                items.sort_by_key(|item| order(item));
                items
            }
        };
        items.retain(|item| {
            let order = order(item);
            match &query.range {
                Range::All => true,
                Range::BeginsWith(start) => order.starts_with(start),
                Range::Before(end) => order < *end,
                Range::From(start) => order >= *start,
                Range::Between(start, end) => (start..=end).contains(&&order),
            }
        });
        if query.is_descending {
            items.reverse();
        }
        if let Some(after) = query.after.as_ref().and_then(Key::of) {
            let position = items.iter().position(|item| Key::of(item).as_ref() == Some(&after));
            items.drain(..position.map_or(0, |position| position + 1));
        }
        let limit = query.limit.and_then(|limit| usize::try_from(limit).ok());
        let next = limit.filter(|limit| *limit < items.len()).and_then(|limit| {
            items.truncate(limit);
            Some(Key::of(items.last()?)?.attributes())
        });
        let passes = |item: &&Arc<Item>| {
            let wanted = query.filter.as_ref();
            wanted.is_none_or(|(name, value)| item.get(*name) == Some(value))
        };
        let items = items.into_iter().filter(passes);
        Page {
            items: items.map(|item| projected(item, query.projection)).collect(),
            next,
        }
    }

    /// Writes one item, if its condition holds.
    ///
    /// # Errors
    /// DynamoDB would never take the write.
    pub fn write(&mut self, write: &Write) -> Result<Single, Malformed> {
        let key = key_of(write)?;
        let before = self.0.get(&key);
        if !holds(write, before) {
            let item = before.map(|item| Item::clone(item)).unwrap_or_default();
            return Ok(Single::Refused { item });
        }
        let after = after(write, before).map_err(Malformed)?;
        let item = match write {
            Write::Delete(_) => before.map(|item| Item::clone(item)),
            Write::Update(_) => after.clone(),
            Write::Put { .. } => None,
        };
        self.restore(key, after.map(Arc::new));
        Ok(Single::Done { item })
    }

    /// Makes all writes or none. `in_the_way` says what keeps one of them from being made besides its condition, as a code of
    /// DynamoDB.
    ///
    /// # Errors
    /// DynamoDB would never take the transaction.
    pub fn transact(
        &mut self,
        writes: &[Write],
        in_the_way: impl Fn(usize) -> Option<&'static str>,
    ) -> Result<Transacted, Malformed> {
        if writes.is_empty() || writes.len() > TRANSACTION_WRITES {
            return Err(Malformed(format!("a transaction has {} writes", writes.len())));
        }
        let mut keys = BTreeSet::new();
        let mut made = Vec::with_capacity(writes.len());
        let mut refusals = Vec::with_capacity(writes.len());
        let (mut wrong, mut is_refused) = (None, false);
        for (position, write) in writes.iter().enumerate() {
            let key = key_of(write)?;
            if !keys.insert(key.clone()) {
                return Err(Malformed(format!("a transaction writes {key:?} twice")));
            }
            let before = self.0.get(&key);
            let mut refusal = match in_the_way(position) {
                Some(code) => Some(Refusal::of(code)),
                None => (!holds(write, before)).then(|| Refusal {
                    item: match write {
                        Write::Update(_) => before.map(|item| Item::clone(item)),
                        Write::Put { .. } | Write::Delete(_) => None,
                    },
                    ..Refusal::of("ConditionalCheckFailed")
                }),
            };
            is_refused |= refusal.is_some();
            if refusal.is_none() {
                match after(write, before) {
                    Ok(after) => made.push((key, after.map(Arc::new))),
                    Err(problem) => {
                        wrong = Some(Malformed(problem));
                        refusal = Some(Refusal::of("ValidationError"));
                    }
                }
            }
            refusals.push(refusal.unwrap_or_else(|| Refusal::of("None")));
        }
        match wrong {
            Some(wrong) if !is_refused => return Err(wrong),
            None if !is_refused => {}
            _ => return Ok(Transacted::Cancelled(Cancelled(refusals))),
        }
        for (key, after) in made {
            self.restore(key, after);
        }
        Ok(Transacted::Done)
    }
}

fn text_of<'a>(item: &'a Item, name: &str) -> Option<&'a String> {
    item.get(name).and_then(|value| value.as_s().ok())
}

fn projected(item: &Item, projection: Option<Projection>) -> Item {
    match projection {
        None => item.clone(),
        Some(Projection(names)) => {
            let kept = names.iter().filter_map(|name| item.get_key_value(*name));
            kept.map(|(name, value)| (name.clone(), value.clone())).collect()
        }
    }
}

fn key_of(write: &Write) -> Result<Key, Malformed> {
    let key = write.key().ok_or_else(|| Malformed("an item has no key".to_owned()))?;
    // The limits of DynamoDB on partition and sort keys, in bytes.
    if key.pk.len() > 2_048 || key.sk.len() > 1_024 {
        return Err(Malformed(format!("the key {key:?} is too long")));
    }
    Ok(key)
}

fn holds(write: &Write, before: Option<&Arc<Item>>) -> bool {
    let tests = write.condition().iter();
    tests.clone().all(|test| test.holds(before.map(|item| &**item)))
}

/// The item that a write leaves, if any, or what is wrong with the write.
fn after(write: &Write, before: Option<&Arc<Item>>) -> Result<Option<Item>, String> {
    let item = match write {
        Write::Delete(_) => return Ok(None),
        Write::Put { item, .. } => item.clone(),
        Write::Update(update) => updated(update, before)?,
    };
    let size = size(&item);
    if size > ITEM_BYTES {
        return Err(format!("an item has {size} bytes"));
    }
    Ok(Some(item))
}

fn updated(update: &Update, before: Option<&Arc<Item>>) -> Result<Item, String> {
    let mut item = before.map_or_else(|| update.key.attributes(), |item| Item::clone(item));
    let mut paths = BTreeSet::new();
    for assign in &update.assigns {
        let path = match assign {
            Assign::SetInList { list, index, field, .. } => format!("{list}[{index}].{field}"),
            Assign::Set(name, _)
            | Assign::SetOnce(name, _)
            | Assign::Append(name, _)
            | Assign::Remove(name)
            | Assign::AddTexts(name, _)
            | Assign::Increment(name) => (*name).to_owned(),
        };
        let overlaps =
            |other: &String| other.starts_with(&format!("{path}[")) || path.starts_with(&format!("{other}["));
        if paths.iter().any(overlaps) || !paths.insert(path.clone()) {
            return Err(format!("two paths of the update overlap at {path}"));
        }
        change(&mut item, assign)?;
    }
    Ok(item)
}

fn change(item: &mut Item, assign: &Assign) -> Result<(), String> {
    match assign {
        Assign::Set(name, value) => {
            item.insert((*name).to_owned(), value.clone());
        }
        Assign::SetOnce(name, value) => {
            item.entry((*name).to_owned()).or_insert_with(|| value.clone());
        }
        Assign::Remove(name) => {
            item.remove(*name);
        }
        Assign::Append(name, value) => {
            let list = item.entry((*name).to_owned());
            match list.or_insert_with(|| AttributeValue::L(Vec::new())) {
                AttributeValue::L(list) => list.push(value.clone()),
                _ => return Err(format!("{name} is no list")),
            }
        }
        Assign::SetInList {
            list,
            index,
            field,
            value,
        } => {
            let place = usize::try_from(*index).ok();
            let entry = match (item.get_mut(*list), place) {
                (Some(AttributeValue::L(list)), Some(place)) => list.get_mut(place),
                _ => None,
            };
            let Some(AttributeValue::M(entry)) = entry else {
                return Err(format!("the path {list}[{index}].{field} is not in the item"));
            };
            entry.insert((*field).to_owned(), value.clone());
        }
        Assign::AddTexts(_, texts) if texts.is_empty() => return Err("a set is empty".to_owned()),
        Assign::AddTexts(name, texts) => {
            let set = item.entry((*name).to_owned());
            let AttributeValue::Ss(set) = set.or_insert_with(|| AttributeValue::Ss(Vec::new())) else {
                return Err(format!("{name} is no set of texts"));
            };
            for text in texts {
                if !set.contains(text) {
                    set.push(text.clone());
                }
            }
        }
        Assign::Increment(name) => {
            let count = match item.get(*name) {
                None => 0,
                Some(AttributeValue::N(count)) => count.parse::<u64>().map_err(|error| error.to_string())?,
                Some(_) => return Err(format!("{name} is no number")),
            };
            item.insert((*name).to_owned(), AttributeValue::N((count + 1).to_string()));
        }
    }
    Ok(())
}

/// The bytes of an item as DynamoDB counts, about: of names and values.
pub(in crate::table) fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + bytes(value)).sum()
}

/// The bytes of a value.
fn bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
        AttributeValue::B(blob) => blob.as_ref().len(),
        AttributeValue::Ss(texts) | AttributeValue::Ns(texts) => texts.iter().map(|text| 1 + text.len()).sum(),
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + bytes(value)).sum::<usize>(),
        AttributeValue::M(fields) => {
            let fields = fields.iter().map(|(name, value)| 1 + name.len() + bytes(value));
            3 + fields.sum::<usize>()
        }
        _ => 1,
    }
}

/// Items in memory. Clones are the same items.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<ItemMap>>);

impl Memory {
    /// The items, to be looked at or changed.
    pub fn items(&self) -> MutexGuard<'_, ItemMap> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Malformed {
    /// As the failure of an operation.
    #[must_use]
    pub fn failure(&self, operation: &'static str) -> StoreError {
        StoreError::Unavailable {
            operation,
            cause: self.to_string().into(),
        }
    }
}

impl Items for Memory {
    async fn get(&self, _: Read, key: &Key) -> Result<Option<Item>, StoreError> {
        Ok(self.items().get(key).map(|item| Item::clone(item)))
    }

    async fn get_all(&self, _: Read, keys: Vec<Key>, projection: Option<Projection>) -> Result<Vec<Item>, StoreError> {
        Ok(self.items().get_all(&keys, projection))
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        Ok(self.items().query(query))
    }

    async fn write(&self, operation: &'static str, write: Write) -> Result<Single, StoreError> {
        let done = self.items().write(&write);
        done.map_err(|malformed| malformed.failure(operation))
    }

    async fn transact(&self, operation: &'static str, writes: Vec<Write>) -> Result<Transacted, StoreError> {
        let done = self.items().transact(&writes, |_| None);
        done.map_err(|malformed| malformed.failure(operation))
    }

    async fn pause(&self, _: Duration) {}
}

#[cfg(test)]
mod tests;
