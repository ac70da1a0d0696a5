//! What the ingress reads: a workflow's trigger and an API key, in one call.

use super::{ApiKeyRecord, StoreError, Table, WorkflowRecord, keys, record};
use crate::api_key::KeyId;
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use workflow::ids::WorkflowId;

/// A workflow and an API key, as far as there are such.
#[derive(Debug, Clone, Default)]
pub struct TriggerRecords {
    /// The workflow.
    pub workflow: Option<WorkflowRecord>,
    /// The key.
    pub key: Option<ApiKeyRecord>,
}

/// Where workflows and keys are.
pub trait TriggerSource: Sync {
    /// Reads both, in one call.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    fn read(
        &self,
        workflow: &WorkflowId,
        key: &KeyId,
    ) -> impl Future<Output = Result<TriggerRecords, StoreError>> + Send;
}

impl TriggerSource for Table {
    async fn read(&self, workflow: &WorkflowId, key: &KeyId) -> Result<TriggerRecords, StoreError> {
        let (workflow_pk, workflow_sk) = keys::workflow(workflow);
        let (key_pk, key_sk) = keys::api_key(key);
        let wanted = vec![Self::key(&workflow_pk, workflow_sk), Self::key(&key_pk, key_sk)];
        let mut records = TriggerRecords::default();
        for item in self.get_all("read the trigger", wanted, None).await? {
            match item.get("sk").and_then(|sk| sk.as_s().ok()).map(String::as_str) {
                Some(sk) if sk == workflow_sk => records.workflow = Some(record("workflow", item)?),
                Some(sk) if sk == key_sk => records.key = Some(record("API key", item)?),
                _ => {}
            }
        }
        Ok(records)
    }
}

/// How long a trigger is kept, and so how long a revoked key may still work.
const KEPT_FOR: SignedDuration = SignedDuration::from_secs(10);

/// How old a trigger may be that is used because DynamoDB is out of reach.
const STALE_FOR: SignedDuration = SignedDuration::from_mins(15);

/// How many triggers are kept. A stranger who makes up well-formed keys must not fill the memory.
const KEPT_AT_MOST: usize = 1_000;

type Kept = HashMap<(WorkflowId, KeyId), (Arc<TriggerRecords>, Timestamp)>;

/// A cache before a source of triggers.
#[derive(Debug)]
pub struct TriggerCache<T> {
    source: T,
    kept: Mutex<Kept>,
}

impl<T: TriggerSource> TriggerCache<T> {
    /// An empty cache.
    pub fn new(source: T) -> Self {
        Self {
            source,
            kept: Mutex::new(HashMap::new()),
        }
    }

    /// A workflow and a key, at most ten seconds old; or at most a quarter of an hour, while DynamoDB is out of reach.
    ///
    /// # Errors
    /// DynamoDB is out of reach and they were not read in the last quarter of an hour.
    pub async fn get(
        &self,
        workflow: &WorkflowId,
        key: &KeyId,
        now: Timestamp,
    ) -> Result<Arc<TriggerRecords>, StoreError> {
        let name = (workflow.clone(), key.clone());
        let kept = self.lock().get(&name).cloned();
        if let Some((records, read_at)) = &kept
            && now.duration_since(*read_at) < KEPT_FOR
        {
            return Ok(records.clone());
        }
        match (self.source.read(workflow, key).await, kept) {
            (Ok(records), _) => {
                let records = Arc::new(records);
                let mut all = self.lock();
                if all.len() >= KEPT_AT_MOST {
                    all.retain(|_, (_, read_at)| now.duration_since(*read_at) < KEPT_FOR);
                }
                if all.len() < KEPT_AT_MOST {
                    all.insert(name, (records.clone(), now));
                }
                Ok(records)
            }
            (Err(error), Some((records, read_at))) if now.duration_since(read_at) < STALE_FOR => {
                tracing::warn!(workflow = %workflow, %error, "trigger is served from the cache because it could not be read");
                Ok(records)
            }
            (Err(error), _) => Err(error),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

    #[derive(Default)]
    struct Source {
        reads: AtomicU32,
        down: AtomicBool,
    }

    impl TriggerSource for &Source {
        async fn read(&self, _: &WorkflowId, _: &KeyId) -> Result<TriggerRecords, StoreError> {
            self.reads.fetch_add(1, SeqCst);
            if self.down.load(SeqCst) {
                return Err(StoreError::Unavailable {
                    operation: "read",
                    cause: "throttled".into(),
                });
            }
            Ok(TriggerRecords::default())
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn key() -> KeyId {
        "abcdefghij12".to_owned().try_into().unwrap()
    }

    #[tokio::test]
    async fn a_trigger_is_read_once_in_ten_seconds() {
        let source = Source::default();
        let cache = TriggerCache::new(&source);
        for second in [0, 5, 9, 10] {
            cache.get(&"w".parse().unwrap(), &key(), at(second)).await.unwrap();
        }
        assert_eq!(source.reads.load(SeqCst), 2);
    }

    #[tokio::test]
    async fn f23_a_throttled_table_is_bridged_for_a_quarter_of_an_hour_and_no_longer() {
        let source = Source::default();
        let cache = TriggerCache::new(&source);
        let workflow = "w".parse().unwrap();
        cache.get(&workflow, &key(), at(0)).await.unwrap();
        source.down.store(true, SeqCst);
        assert!(cache.get(&workflow, &key(), at(800)).await.is_ok());
        assert!(cache.get(&workflow, &key(), at(900)).await.is_err());
        assert!(cache.get(&"cold".parse().unwrap(), &key(), at(1)).await.is_err());
    }

    #[tokio::test]
    async fn made_up_names_do_not_fill_the_memory() {
        let source = Source::default();
        let cache = TriggerCache::new(&source);
        for number in 0..2_000 {
            cache
                .get(&format!("w{number}").parse().unwrap(), &key(), at(0))
                .await
                .unwrap();
        }
        assert!(cache.lock().len() <= KEPT_AT_MOST);
    }
}
