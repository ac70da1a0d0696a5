//! The secrets with which PagerDuty signs V3 webhooks.
//!
//! PagerDuty makes one for each webhook subscription and shows it once, so an integration has a list by subscription.
//! A delivery names its subscription in a header that is not signed; the name is only a hint, so all live secrets
//! are tried.

use super::{SecretCache, SecretError, SecretNames, SecretStore};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use workflow::ids::IntegrationAlias;

/// The signing secrets of an integration.
#[derive(Debug, Clone, Default)]
pub struct SigningSecrets {
    by_subscription: BTreeMap<String, Vec<SecretString>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    subscriptions: BTreeMap<String, Vec<SecretString>>,
}

#[derive(Serialize)]
struct ToStore<'a> {
    subscriptions: BTreeMap<&'a str, Vec<&'a str>>,
}

impl SigningSecrets {
    /// Reads the value of the secret.
    ///
    /// # Errors
    /// It has another form.
    pub fn parse(name: &str, secret: &SecretString) -> Result<Self, SecretError> {
        let stored: Stored = serde_json::from_str(secret.expose_secret()).map_err(|_| SecretError::Invalid {
            name: name.to_owned(),
            reason: "it is not JSON with the field `subscriptions`".to_owned(),
        })?;
        Ok(Self {
            by_subscription: stored.subscriptions,
        })
    }

    /// The value of the secret.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn secret_value(&self) -> Result<SecretString, String> {
        let subscriptions = self.by_subscription.iter().map(|(subscription, secrets)| {
            (
                subscription.as_str(),
                secrets.iter().map(ExposeSecret::expose_secret).collect(),
            )
        });
        serde_json::to_string(&ToStore {
            subscriptions: subscriptions.collect(),
        })
        .map(SecretString::from)
        .map_err(|error| error.to_string())
    }

    /// Adds a secret of a subscription; the ones that it has stay valid.
    pub fn add(&mut self, subscription: &str, secret: SecretString) {
        let secrets = self.by_subscription.entry(subscription.to_owned()).or_default();
        if !secrets
            .iter()
            .any(|known| known.expose_secret() == secret.expose_secret())
        {
            secrets.push(secret);
        }
    }

    /// All secrets.
    pub fn iter(&self) -> impl Iterator<Item = &SecretString> {
        self.by_subscription.values().flatten()
    }
}

/// The signing secrets of all integrations.
#[derive(Debug)]
pub struct SigningSecretsSource<S> {
    cache: SecretCache<S>,
    names: SecretNames,
}

impl<S: SecretStore> SigningSecretsSource<S> {
    /// Signing secrets that are in a store.
    pub fn new(store: S, names: SecretNames) -> Self {
        Self {
            cache: SecretCache::new(store),
            names,
        }
    }

    /// The signing secrets of an integration.
    ///
    /// # Errors
    /// They are not there, not readable, or not to be had now.
    pub async fn get(&self, integration: &IntegrationAlias, now: Timestamp) -> Result<SigningSecrets, SecretError> {
        let name = self.names.signing_secrets(integration);
        match SigningSecrets::parse(&name, &self.cache.get(&name, now).await?) {
            // Somebody may have mended it by now.
            Err(SecretError::Invalid { .. }) => self.refreshed(integration, now).await,
            secrets => secrets,
        }
    }

    /// The signing secrets after none of the known ones fitted: read again, if they were not just read.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn refreshed(
        &self,
        integration: &IntegrationAlias,
        now: Timestamp,
    ) -> Result<SigningSecrets, SecretError> {
        let name = self.names.signing_secrets(integration);
        SigningSecrets::parse(&name, &self.cache.refreshed(&name, now).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_kept_by_subscription_and_added_once() {
        let mut secrets = SigningSecrets::default();
        secrets.add("P1", "a".into());
        secrets.add("P1", "b".into());
        secrets.add("P2", "c".into());
        secrets.add("P1", "a".into());
        let read = SigningSecrets::parse("n", &secrets.secret_value().unwrap()).unwrap();
        assert_eq!(
            read.iter().map(ExposeSecret::expose_secret).collect::<Vec<_>>(),
            ["a", "b", "c"]
        );
        assert!(!format!("{read:?}").contains("\"a\""));
    }

    #[test]
    fn a_malformed_secret_is_told_without_showing_it() {
        let error = SigningSecrets::parse("n", &"s3cret".into()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }
}
