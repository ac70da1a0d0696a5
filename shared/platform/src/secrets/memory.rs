//! Secrets in memory, for tests and simulations.

use super::{CurrentSecret, SecretError, SecretStore, SecretVersion, SecretWriter, WriteError};
use secrecy::{ExposeSecret, SecretString};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Secrets in memory. Clones are the same secrets.
#[derive(Debug, Clone, Default)]
pub struct SecretsInMemory(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    secrets: BTreeMap<String, CurrentSecret>,
    /// The values that others write before our next writes, the last one first.
    others: Vec<SecretString>,
    refuses_writes: bool,
    reads: usize,
    writes: usize,
}

impl State {
    fn put(&mut self, name: &str, value: SecretString) {
        let before = self.secrets.get(name).map_or("0", |secret| &secret.version.0);
        let number: u32 = before.parse().unwrap_or_default();
        let version = SecretVersion((number + 1).to_string());
        self.secrets.insert(name.to_owned(), CurrentSecret { version, value });
    }
}

impl SecretsInMemory {
    /// One secret.
    #[must_use]
    pub fn holding(name: &str, value: impl Into<SecretString>) -> Self {
        let secrets = Self::default();
        secrets.put(name, value);
        secrets
    }

    /// Stores a secret, as another program does.
    pub fn put(&self, name: &str, value: impl Into<SecretString>) {
        self.state().put(name, value.into());
    }

    /// Has others write these values, one just before each of our next writes, the last one first.
    pub fn others_write(&self, values: impl IntoIterator<Item = SecretString>) {
        self.state().others.extend(values);
    }

    /// Refuses writes from now on, or takes them again.
    pub fn refuse_writes(&self, refuses: bool) {
        self.state().refuses_writes = refuses;
    }

    /// The value of a secret.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<SecretString> {
        self.state().secrets.get(name).map(|secret| secret.value.clone())
    }

    /// The number of reads of secrets, without those before a write.
    #[must_use]
    pub fn reads(&self) -> usize {
        self.state().reads
    }

    /// The number of writes that were tried.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.state().writes
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SecretStore for SecretsInMemory {
    async fn read(&self, name: &str) -> Result<SecretString, SecretError> {
        let mut state = self.state();
        state.reads += 1;
        match state.secrets.get(name) {
            None => Err(SecretError::NotFound(name.to_owned())),
            Some(secret) if secret.value.expose_secret().is_empty() => Err(SecretError::Invalid {
                name: name.to_owned(),
                reason: "it is empty".to_owned(),
            }),
            Some(secret) => Ok(secret.value.clone()),
        }
    }
}

impl SecretWriter for SecretsInMemory {
    async fn current(&self, name: &str) -> Result<CurrentSecret, SecretError> {
        let current = self.state().secrets.get(name).cloned();
        current.ok_or_else(|| SecretError::NotFound(name.to_owned()))
    }

    async fn replace(
        &self,
        name: &str,
        _: &str,
        value: &SecretString,
        over: Option<&SecretVersion>,
    ) -> Result<bool, WriteError> {
        let mut state = self.state();
        if state.refuses_writes {
            return Err(WriteError {
                name: name.to_owned(),
                cause: "access denied".into(),
            });
        }
        state.writes += 1;
        if let Some(other) = state.others.pop() {
            state.put(name, other);
        }
        let is_current = state.secrets.get(name).map(|secret| &secret.version) == over;
        if is_current {
            state.put(name, value.clone());
        }
        Ok(is_current)
    }
}
