//! Items in memory answer as a DynamoDB API does: every call goes to both, and the answers must be alike. Simulations and dry
//! runs stand on this.

use aws_sdk_dynamodb::types::AttributeValue;
use platform::table::{
    Read, StoreError,
    items::{DynamoDb, Item, Items, Key, Memory, Page, Projection, Query, Single, Transacted, Write},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// Items in DynamoDB, with those of the same calls in memory beside them.
#[derive(Debug, Clone)]
pub(crate) struct Both {
    dynamodb: DynamoDb,
    /// The other items; none where there are other writers, or several calls are made at once.
    memory: Option<Arc<Mutex<Memory>>>,
}

impl Both {
    /// DynamoDB, and an empty memory.
    pub(crate) fn beside(dynamodb: DynamoDb) -> Self {
        let memory = Some(Arc::default());
        Self { dynamodb, memory }
    }

    /// DynamoDB alone.
    pub(crate) fn alone(dynamodb: DynamoDb) -> Self {
        let memory = None;
        Self { dynamodb, memory }
    }
}

/// The items, with their sets and themselves in one order.
fn ordered(items: Vec<Item>) -> Vec<Item> {
    let mut items = items;
    for value in items.iter_mut().flat_map(|item| item.values_mut()) {
        if let AttributeValue::Ss(texts) = value {
            texts.sort();
        }
    }
    let text = |item: &Item, name| item.get(name).and_then(|value| value.as_s().ok().cloned());
    items.sort_by_key(|item| (text(item, "pk"), text(item, "sk")));
    items
}

impl Items for Both {
    async fn get(&self, read: Read, key: &Key) -> Result<Option<Item>, StoreError> {
        let found = self.dynamodb.get(read, key).await?;
        if let Some(memory) = &self.memory {
            let other = memory.lock().await.get(read, key).await?;
            let items = |item: &Option<Item>| ordered(item.iter().cloned().collect());
            assert_eq!(items(&found), items(&other), "{key:?}");
        }
        Ok(found)
    }

    async fn get_all(
        &self,
        read: Read,
        keys: Vec<Key>,
        projection: Option<Projection>,
    ) -> Result<Vec<Item>, StoreError> {
        let found = self.dynamodb.get_all(read, keys.clone(), projection).await?;
        if let Some(memory) = &self.memory {
            let other = memory.lock().await.get_all(read, keys.clone(), projection).await?;
            assert_eq!(ordered(found.clone()), ordered(other), "{keys:?}");
        }
        Ok(found)
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        let found = self.dynamodb.query(query).await?;
        if let Some(memory) = &self.memory {
            let other = memory.lock().await.query(query).await?;
            // The items of a page come in order.
            assert_eq!(found.items.len(), other.items.len(), "{query:?}");
            for (one, other) in found.items.iter().zip(other.items) {
                assert_eq!(ordered(vec![one.clone()]), ordered(vec![other]), "{query:?}");
            }
        }
        Ok(found)
    }

    async fn write(&self, operation: &'static str, write: Write) -> Result<Single, StoreError> {
        let Some(memory) = &self.memory else {
            return self.dynamodb.write(operation, write).await;
        };
        let memory = memory.lock().await;
        let done = self.dynamodb.write(operation, write.clone()).await?;
        let other = memory.write(operation, write.clone()).await?;
        assert_eq!(done, other, "{write:?}");
        Ok(done)
    }

    async fn transact(&self, operation: &'static str, writes: Vec<Write>) -> Result<Transacted, StoreError> {
        let Some(memory) = &self.memory else {
            return self.dynamodb.transact(operation, writes).await;
        };
        let memory = memory.lock().await;
        let done = self.dynamodb.transact(operation, writes.clone()).await?;
        let other = memory.transact(operation, writes.clone()).await?;
        assert_eq!(done, other, "{writes:?}");
        Ok(done)
    }

    async fn pause(&self, time: Duration) {
        self.dynamodb.pause(time).await;
    }
}
