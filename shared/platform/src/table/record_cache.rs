//! A cache of what is read of the table.

use super::StoreError;
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The time for which a record is kept, and so how long a revoked key may still work.
const KEPT_FOR: SignedDuration = SignedDuration::from_secs(10);

/// The age that a record may have while DynamoDB is out of reach.
const STALE_FOR: SignedDuration = SignedDuration::from_mins(15);

/// The time for which a record that could not be read again is served without another try: in an outage not every delivery waits for
/// the time-out of DynamoDB.
const ASKED_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(5);

/// The most memory of the records of a kind, in bytes. Made-up keys of a well-formed kind must not fill it.
const KEPT_AT_MOST: usize = 16 * 1024 * 1024;

/// The pause before another try to make room.
const TIDIED_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(1);

/// The size of a record's name and place in the cache.
const PLACE: usize = 512;

/// Something that takes memory.
pub(super) trait Weight {
    /// About how many bytes it takes; rather too many.
    fn weight(&self) -> usize;
}

impl<T: Weight> Weight for Option<T> {
    fn weight(&self) -> usize {
        self.as_ref().map_or(0, T::weight)
    }
}

impl<T: Weight> Weight for Vec<T> {
    fn weight(&self) -> usize {
        self.iter().map(T::weight).sum()
    }
}

#[derive(Debug)]
struct Kept<K, V> {
    records: HashMap<K, Read<V>>,
    weight: usize,
    /// The time when room was last made. To look for old records costs more the more there are, and is in vain a moment later.
    tidied_at: Timestamp,
}

impl<K: Eq + Hash, V: Weight> Kept<K, V> {
    /// Keeps what was read, where there is room. What is old makes room; what was read just now stays.
    fn keep(&mut self, name: K, read: Read<V>) {
        let now = read.read_at;
        let weight = |read: &Read<V>| read.record.weight() + PLACE;
        if let Some(before) = self.records.remove(&name) {
            self.weight -= weight(&before);
        }
        if self.weight + weight(&read) > KEPT_AT_MOST && now.duration_since(self.tidied_at) >= TIDIED_AGAIN_AFTER {
            self.tidied_at = now;
            self.records
                .retain(|_, read| now.duration_since(read.read_at) < KEPT_FOR);
            self.weight = self.records.values().map(weight).sum();
        }
        if self.weight + weight(&read) <= KEPT_AT_MOST {
            self.weight += weight(&read);
            self.records.insert(name, read);
        }
    }
}

#[derive(Debug)]
struct Read<V> {
    record: Arc<V>,
    read_at: Timestamp,
    /// The time when DynamoDB was last asked in vain, since then.
    failed_at: Option<Timestamp>,
}

impl<V> Clone for Read<V> {
    fn clone(&self) -> Self {
        Self {
            record: self.record.clone(),
            ..*self
        }
    }
}

impl<V> Read<V> {
    fn serves_without_asking(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.read_at);
        let just_failed = self
            .failed_at
            .is_some_and(|failed_at| now.duration_since(failed_at) < ASKED_AGAIN_AFTER);
        age < KEPT_FOR || (just_failed && age < STALE_FOR)
    }
}

/// Records of one kind by their names.
#[derive(Debug)]
pub(super) struct RecordCache<K, V> {
    what: &'static str,
    kept: Mutex<Kept<K, V>>,
}

impl<K: Eq + Hash + fmt::Debug, V: Weight> RecordCache<K, V> {
    /// An empty cache. `what` names the kind of record in logs.
    pub(super) fn new(what: &'static str) -> Self {
        Self {
            what,
            kept: Mutex::new(Kept {
                records: HashMap::new(),
                weight: 0,
                tidied_at: Timestamp::MIN,
            }),
        }
    }

    /// The record of a name, at most ten seconds old, or else as `read` gives it; or at most a quarter of an hour old, where
    /// that fails.
    ///
    /// # Errors
    /// That of `read`, where no record is kept that is young enough.
    pub(super) async fn get(
        &self,
        name: K,
        now: Timestamp,
        read: impl Future<Output = Result<V, StoreError>>,
    ) -> Result<Arc<V>, StoreError> {
        let kept = self.lock().records.get(&name).cloned();
        if let Some(kept) = &kept
            && kept.serves_without_asking(now)
        {
            return Ok(kept.record.clone());
        }
        match (read.await, kept) {
            (Ok(record), _) => {
                let record = Arc::new(record);
                let read = Read {
                    record: record.clone(),
                    read_at: now,
                    failed_at: None,
                };
                self.lock().keep(name, read);
                Ok(record)
            }
            (Err(error), Some(kept)) if now.duration_since(kept.read_at) < STALE_FOR => {
                tracing::warn!(what = self.what, ?name, %error, "served from the cache because it could not be read");
                // It may have been removed meanwhile to make room; then it stays so.
                if let Some(kept) = self.lock().records.get_mut(&name) {
                    kept.failed_at = Some(now);
                }
                Ok(kept.record)
            }
            (Err(error), _) => Err(error),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept<K, V>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

    impl Weight for () {
        fn weight(&self) -> usize {
            0
        }
    }

    /// A record of so many bytes.
    struct Large(usize);

    impl Weight for Large {
        fn weight(&self) -> usize {
            self.0
        }
    }

    #[derive(Default)]
    struct Source {
        reads: AtomicU32,
        down: AtomicBool,
    }

    impl Source {
        async fn read(&self) -> Result<(), StoreError> {
            self.reads.fetch_add(1, SeqCst);
            if self.down.load(SeqCst) {
                return Err(StoreError::Unavailable {
                    operation: "read",
                    cause: "throttled".into(),
                });
            }
            Ok(())
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[tokio::test]
    async fn b7_a_record_is_read_once_in_ten_seconds() {
        let source = Source::default();
        let cache = RecordCache::new("record");
        for second in [0, 5, 9, 10] {
            cache.get("w", at(second), source.read()).await.unwrap();
        }
        assert_eq!(source.reads.load(SeqCst), 2);
    }

    #[tokio::test]
    async fn f23_a_throttled_table_is_bridged_for_a_quarter_of_an_hour_and_no_longer() {
        let source = Source::default();
        let cache = RecordCache::new("record");
        cache.get("w", at(0), source.read()).await.unwrap();
        source.down.store(true, SeqCst);
        assert!(cache.get("w", at(800), source.read()).await.is_ok());
        assert!(cache.get("w", at(900), source.read()).await.is_err());
        assert!(cache.get("cold", at(1), source.read()).await.is_err());
    }

    #[tokio::test]
    async fn f23_while_the_table_is_out_of_reach_it_is_asked_once_in_five_seconds() {
        let source = Source::default();
        let cache = RecordCache::new("record");
        cache.get("w", at(0), source.read()).await.unwrap();
        source.down.store(true, SeqCst);
        for second in [10, 11, 14, 15] {
            cache.get("w", at(second), source.read()).await.unwrap();
        }
        assert_eq!(source.reads.load(SeqCst), 1 + 2);

        source.down.store(false, SeqCst);
        cache.get("w", at(20), source.read()).await.unwrap();
        assert_eq!(source.reads.load(SeqCst), 1 + 3);
    }

    #[tokio::test]
    async fn f23_a_record_that_gets_too_old_is_not_served_because_it_was_just_asked_for() {
        let source = Source::default();
        let cache = RecordCache::new("record");
        cache.get("w", at(0), source.read()).await.unwrap();
        source.down.store(true, SeqCst);
        cache.get("w", at(899), source.read()).await.unwrap();

        assert!(cache.get("w", at(900), source.read()).await.is_err());
    }

    #[tokio::test]
    async fn made_up_names_do_not_fill_the_memory() {
        let source = Source::default();
        let cache = RecordCache::new("record");
        for number in 0..100_000 {
            cache.get(number, at(0), source.read()).await.unwrap();
        }
        assert!(cache.lock().records.len() * PLACE <= KEPT_AT_MOST);
    }

    #[tokio::test]
    async fn records_have_so_many_bytes_together_however_large_each_is_and_what_is_old_makes_room() {
        let cache = RecordCache::new("record");
        let get = async |name: u32, second: i64, bytes: usize| {
            cache.get(name, at(second), async { Ok(Large(bytes)) }).await.unwrap();
        };
        for name in 0..40 {
            get(name, 0, 1024 * 1024).await;
        }
        assert_eq!(cache.lock().records.len(), 15);
        get(40, 20, 15 * 1024 * 1024).await;
        get(41, 20, KEPT_AT_MOST).await;
        let kept = cache.lock();
        let names: Vec<u32> = kept.records.keys().copied().collect();
        assert_eq!((names, kept.weight), (vec![40], 15 * 1024 * 1024 + PLACE));
    }

    #[tokio::test]
    async fn a_record_that_is_read_again_counts_once() {
        let source = Source::default();
        let cache = RecordCache::new("record");
        for second in 0..100 {
            cache.get("w", at(second * 10), source.read()).await.unwrap();
        }
        assert_eq!(cache.lock().weight, PLACE);
    }
}
