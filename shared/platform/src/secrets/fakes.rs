//! A store for tests.

use super::{CurrentSecret, SecretError, SecretStore, SecretVersion, SecretWriter, WriteError};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Mutex;

/// A store of one secret, into which other people write as well.
#[derive(Default)]
pub(super) struct SharedSecret {
    value: Mutex<Option<SecretString>>,
    /// What others write before our next writes, the last one first.
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

    /// Others write these after we have read and before our next writes, one before each, the last one first.
    pub(super) fn others_write(&self, values: impl IntoIterator<Item = SecretString>) {
        self.others.lock().unwrap().extend(values);
    }

    pub(super) fn value(&self) -> Option<SecretString> {
        self.value.lock().unwrap().clone()
    }

    /// Each write makes another.
    fn version(&self) -> SecretVersion {
        SecretVersion(self.writes().to_string())
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
    async fn current(&self, name: &str) -> Result<CurrentSecret, SecretError> {
        let value = self.value().ok_or_else(|| SecretError::NotFound(name.to_owned()))?;
        Ok(CurrentSecret {
            version: self.version(),
            value,
        })
    }

    async fn replace(
        &self,
        _: &str,
        _: &str,
        value: &SecretString,
        over: Option<&SecretVersion>,
    ) -> Result<bool, WriteError> {
        let before = self.value().map(|_| self.version());
        assert_eq!(over, before.as_ref(), "it is replaced as it was read");
        *self.writes.lock().unwrap() += 1;
        let other = self.others.lock().unwrap().pop();
        let is_ours = other.is_none();
        *self.value.lock().unwrap() = Some(other.unwrap_or_else(|| value.clone()));
        Ok(is_ours)
    }
}
