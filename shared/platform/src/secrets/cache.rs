//! A cache before a store of secrets.
//!
//! A secret is kept for five minutes. When the store is out of reach, the last known one is served beyond that: an outage
//! of Secrets Manager must not stop the response to an incident. A caller whose secret was refused may ask for a fresh one.
//!
//! A secret that was refused is read again at most once in a few seconds: a wrong signature must not make a call for each
//! request. The answer says if it is as old as that, because then the refusal may be wrong. In an outage
//! the store is tried once in half a minute, so that not every request waits for its time-out.

use super::{SecretError, SecretStore};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

const KEPT_FOR: SignedDuration = SignedDuration::from_mins(5);

/// The time after which a secret that was refused is read again.
const REFUSED_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(5);

/// The time after which a store that did not answer is asked again.
const ASKED_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(30);

/// The number of secrets that are kept: of Secrets Manager's largest, 64 KiB, they take 16 MB. An integration has one of each kind.
const KEPT_AT_MOST: usize = 256;

#[derive(Debug, Clone)]
struct Kept {
    secret: SecretString,
    read_at: Timestamp,
    /// The time when the store was last asked. Later than `read_at` where it did not answer.
    asked_at: Timestamp,
}

impl Kept {
    fn serves_without_asking(&self, age: SignedDuration, now: Timestamp) -> bool {
        let did_not_answer = self.asked_at > self.read_at;
        now.duration_since(self.read_at) < age
            || (did_not_answer && now.duration_since(self.asked_at) < ASKED_AGAIN_AFTER)
    }
}

/// A secret that was read after the kept one was refused.
#[derive(Debug, Clone)]
pub struct Refreshed<T> {
    /// The secret.
    pub secret: T,
    /// True if it was read after the refusal. If not, the store may have another one by now.
    pub is_current: bool,
}

impl<T> Refreshed<T> {
    /// The same, with what is made of the secret.
    pub(super) fn try_map<U, E>(self, make: impl FnOnce(T) -> Result<U, E>) -> Result<Refreshed<U>, E> {
        Ok(Refreshed {
            secret: make(self.secret)?,
            is_current: self.is_current,
        })
    }
}

/// A cache before a store of secrets.
#[derive(Debug)]
pub struct SecretCache<S> {
    store: S,
    kept: Mutex<HashMap<String, Kept>>,
}

impl<S: SecretStore> SecretCache<S> {
    /// An empty cache.
    pub fn new(store: S) -> Self {
        Self {
            store,
            kept: Mutex::new(HashMap::new()),
        }
    }

    /// The secret, at most five minutes old, or older while the store is out of reach.
    ///
    /// # Errors
    /// It is not there, or the store is out of reach and it was never read.
    pub async fn get(&self, name: &str, now: Timestamp) -> Result<SecretString, SecretError> {
        let (secret, _) = self.younger_than(name, KEPT_FOR, now).await?;
        Ok(secret)
    }

    /// The secret after the kept one was refused, at most a few seconds old, or older while the store is out of reach.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn refreshed(&self, name: &str, now: Timestamp) -> Result<Refreshed<SecretString>, SecretError> {
        let (secret, read_at) = self.younger_than(name, REFUSED_AGAIN_AFTER, now).await?;
        Ok(Refreshed {
            secret,
            is_current: read_at >= now,
        })
    }

    /// The secret, and when it was read.
    async fn younger_than(
        &self,
        name: &str,
        age: SignedDuration,
        now: Timestamp,
    ) -> Result<(SecretString, Timestamp), SecretError> {
        let kept = self.lock().get(name).cloned();
        if let Some(kept) = &kept
            && kept.serves_without_asking(age, now)
        {
            return Ok((kept.secret.clone(), kept.read_at));
        }
        match (self.store.read(name).await, kept) {
            (Ok(secret), _) => {
                let fresh = Kept {
                    secret: secret.clone(),
                    read_at: now,
                    asked_at: now,
                };
                let mut all = self.lock();
                if all.len() >= KEPT_AT_MOST && !all.contains_key(name) {
                    let oldest = all
                        .iter()
                        .min_by_key(|(_, kept)| kept.read_at)
                        .map(|(name, _)| name.clone());
                    oldest.and_then(|oldest| all.remove(&oldest));
                }
                all.insert(name.to_owned(), fresh);
                Ok((secret, now))
            }
            (Err(SecretError::Unavailable { cause, .. }), Some(kept)) => {
                tracing::warn!(
                    secret = name,
                    %cause,
                    "secret is served from the cache because it could not be read"
                );
                let served = (kept.secret.clone(), kept.read_at);
                self.lock().insert(name.to_owned(), Kept { asked_at: now, ..kept });
                Ok(served)
            }
            (Err(error), _) => {
                // A secret that was deleted must not live on here.
                self.lock().remove(name);
                Err(error)
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

    #[derive(Default)]
    struct Store {
        reads: AtomicU32,
        answer: Mutex<Option<SecretError>>,
    }

    impl SecretStore for &Store {
        async fn read(&self, _: &str) -> Result<SecretString, SecretError> {
            let number = self.reads.fetch_add(1, SeqCst) + 1;
            match self.answer.lock().unwrap().clone() {
                Some(error) => Err(error),
                None => Ok(format!("secret {number}").into()),
            }
        }
    }

    impl Store {
        fn fails(&self, error: Option<SecretError>) {
            *self.answer.lock().unwrap() = error;
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn unavailable() -> SecretError {
        SecretError::Unavailable {
            name: "n".into(),
            cause: "down".into(),
        }
    }

    #[tokio::test]
    async fn many_names_do_not_fill_the_memory_and_the_oldest_makes_room() {
        let store = Store::default();
        let cache = SecretCache::new(&store);
        for number in 0..2 * KEPT_AT_MOST {
            let name = number.to_string();
            cache.get(&name, at(i64::try_from(number).unwrap())).await.unwrap();
        }
        assert_eq!(cache.lock().len(), KEPT_AT_MOST);
        assert!(cache.lock().contains_key(&(2 * KEPT_AT_MOST - 1).to_string()));
    }

    async fn get(cache: &SecretCache<&Store>, seconds: i64) -> Result<String, SecretError> {
        cache
            .get("n", at(seconds))
            .await
            .map(|secret| secret.expose_secret().to_owned())
    }

    #[tokio::test]
    async fn a_secret_is_read_once_in_five_minutes() {
        let store = Store::default();
        let cache = SecretCache::new(&store);
        assert_eq!(get(&cache, 0).await.unwrap(), "secret 1");
        assert_eq!(get(&cache, 299).await.unwrap(), "secret 1");
        assert_eq!(get(&cache, 300).await.unwrap(), "secret 2");
    }

    #[tokio::test]
    async fn f25_a_warm_cache_outlives_an_outage_and_a_cold_one_says_unavailable() {
        let store = Store::default();
        let cache = SecretCache::new(&store);
        store.fails(Some(unavailable()));
        assert_eq!(get(&cache, 0).await, Err(unavailable()));
        store.fails(None);
        let first = get(&cache, 1).await.unwrap();
        store.fails(Some(unavailable()));
        assert_eq!(get(&cache, 100_000).await.unwrap(), first);
        assert_eq!(store.reads.load(SeqCst), 3);
    }

    #[tokio::test]
    async fn f25_during_an_outage_the_store_is_tried_once_in_half_a_minute() {
        let store = Store::default();
        let cache = SecretCache::new(&store);
        let first = get(&cache, 0).await.unwrap();
        store.fails(Some(unavailable()));

        for second in 300..360 {
            assert_eq!(get(&cache, second).await.unwrap(), first);
            let refreshed = cache.refreshed("n", at(second)).await.unwrap();
            assert_eq!(refreshed.secret.expose_secret(), first);
            assert!(!refreshed.is_current);
        }
        assert_eq!(store.reads.load(SeqCst), 3, "one before the outage, two in its minute");

        store.fails(None);
        assert_eq!(get(&cache, 360).await.unwrap(), "secret 4");
        assert_eq!(get(&cache, 659).await.unwrap(), "secret 4");
    }

    #[tokio::test]
    async fn f26_a_refused_secret_is_read_again_but_not_for_each_who_asks() {
        let store = Store::default();
        let cache = SecretCache::new(&store);
        get(&cache, 0).await.unwrap();
        let mut current = Vec::new();
        for second in 1..=10 {
            current.push(cache.refreshed("n", at(second)).await.unwrap().is_current);
        }
        assert_eq!(store.reads.load(SeqCst), 3);
        let wanted = (1..=10).map(|second| second % 5 == 0);
        assert_eq!(current, wanted.collect::<Vec<_>>(), "an answer says that it is older");
        let last = cache.refreshed("n", at(11)).await.unwrap();
        assert_eq!(last.secret.expose_secret(), "secret 3");
    }

    #[tokio::test]
    async fn f28_a_deleted_secret_is_not_served_from_the_cache() {
        let store = Store::default();
        let cache = SecretCache::new(&store);
        get(&cache, 0).await.unwrap();
        store.fails(Some(SecretError::NotFound("n".into())));
        assert_eq!(get(&cache, 300).await, Err(SecretError::NotFound("n".into())));
        store.fails(Some(unavailable()));
        assert_eq!(get(&cache, 301).await, Err(unavailable()));
    }
}
