//! Bodies of deliveries that are too large for the input of an execution.

use super::{Items, Read, StoreError, Table, Write, items::Test, keys, number};
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use jiff::Timestamp;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use workflow::ids::RunId;

/// The store of large bodies.
pub trait Bodies: Sync {
    /// Stores a compressed body under the run that it starts. If the run has a body already, that one stays: the run may be
    /// under way, and another body under the same event's id is a redelivery that was changed. `ends_by` is when
    /// the run must have ended.
    ///
    /// # Errors
    /// DynamoDB did not take it.
    fn put_body(
        &self,
        run: &RunId,
        compressed: Vec<u8>,
        ends_by: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The compressed body of a run.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    fn body(&self, run: &RunId) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;
}

/// Bodies, the last few of which are kept: each Plan of a run reads its body, and it never changes.
#[derive(Debug)]
pub struct BodyCache<B> {
    source: B,
    kept: Mutex<VecDeque<(RunId, Arc<Vec<u8>>)>>,
}

/// The number of bodies that are kept. One is half a megabyte at most.
const KEPT_AT_MOST: usize = 8;

impl<B: Bodies> BodyCache<B> {
    /// Bodies of a source.
    pub fn new(source: B) -> Self {
        Self {
            source,
            kept: Mutex::default(),
        }
    }

    /// The compressed body of a run.
    ///
    /// # Errors
    /// As [`Bodies::body`].
    pub async fn get(&self, run: &RunId) -> Result<Option<Arc<Vec<u8>>>, StoreError> {
        let kept = self
            .lock()
            .iter()
            .find(|(of, _)| of == run)
            .map(|(_, body)| body.clone());
        if kept.is_some() {
            return Ok(kept);
        }
        let Some(body) = self.source.body(run).await?.map(Arc::new) else {
            return Ok(None);
        };
        self.keep(run, body.clone());
        Ok(Some(body))
    }

    /// Stores a compressed body under a run, unless it is known to be there.
    ///
    /// # Errors
    /// As [`Bodies::put_body`].
    pub async fn put(&self, run: &RunId, compressed: Vec<u8>, ends_by: Timestamp) -> Result<(), StoreError> {
        if self.lock().iter().any(|(of, _)| of == run) {
            return Ok(());
        }
        self.source.put_body(run, compressed.clone(), ends_by).await?;
        self.keep(run, Arc::new(compressed));
        Ok(())
    }

    fn keep(&self, run: &RunId, body: Arc<Vec<u8>>) {
        let mut kept = self.lock();
        if kept.len() >= KEPT_AT_MOST {
            kept.pop_front();
        }
        kept.push_back((run.clone(), body));
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(RunId, Arc<Vec<u8>>)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I: Items> Bodies for Table<I> {
    async fn put_body(&self, run: &RunId, compressed: Vec<u8>, ends_by: Timestamp) -> Result<(), StoreError> {
        let mut item = keys::body(run).attributes();
        item.insert("body".to_owned(), AttributeValue::B(Blob::new(compressed)));
        item.insert("expires_at".to_owned(), number(self.retention.of_run(ends_by)));
        let condition = vec![Test::ABSENT];
        let put = Write::Put { item, condition };
        // A body that is there already stays.
        self.items.write("store the body of the delivery", put).await?;
        Ok(())
    }

    async fn body(&self, run: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        let item = self.get(Read::Body, &keys::body(run)).await?;
        match item.and_then(|mut item| item.remove("body")) {
            Some(AttributeValue::B(body)) => Ok(Some(body.into_inner())),
            _ => Ok(None),
        }
    }
}
