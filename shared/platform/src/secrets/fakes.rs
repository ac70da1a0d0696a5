//! A store for tests.

use super::{SecretError, SecretStore, SecretWriter, WriteError};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Mutex;

/// A store of one secret, into which other people write as well.
#[derive(Default)]
pub(super) struct SharedSecret {
    value: Mutex<Option<SecretString>>,
    /// What others write over our next writes, the last one first.
    others: Mutex<Vec<SecretString>>,
    writes: Mutex<usize>,
}

impl SharedSecret {
    pub(super) fn holding(value: &str) -> Self {
        Self {
            value: Mutex::new(Some(value.into())),
            ..Self::default()
        }
    }

    /// Others write these over our next writes, one over each, the last one first.
    pub(super) fn others_write(&self, values: impl IntoIterator<Item = SecretString>) {
        self.others.lock().unwrap().extend(values);
    }

    pub(super) fn value(&self) -> Option<SecretString> {
        self.value.lock().unwrap().clone()
    }

    pub(super) fn writes(&self) -> usize {
        *self.writes.lock().unwrap()
    }
}

impl SecretStore for SharedSecret {
    async fn read(&self, name: &str) -> Result<SecretString, SecretError> {
        match self.value() {
            None => Err(SecretError::NotFound(name.to_owned())),
            Some(value) if value.expose_secret().is_empty() => Err(SecretError::Invalid {
                name: name.to_owned(),
                reason: "it is empty".to_owned(),
            }),
            Some(value) => Ok(value),
        }
    }
}

impl SecretWriter for SharedSecret {
    async fn write(&self, _: &str, _: &str, value: &SecretString) -> Result<(), WriteError> {
        *self.writes.lock().unwrap() += 1;
        let other = self.others.lock().unwrap().pop();
        *self.value.lock().unwrap() = Some(other.unwrap_or_else(|| value.clone()));
        Ok(())
    }
}
