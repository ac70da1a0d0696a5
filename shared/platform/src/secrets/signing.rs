//! The secrets with which PagerDuty signs V3 webhooks.
//!
//! PagerDuty makes one for each webhook subscription and shows it once, so an integration has a list by subscription.
//! A delivery names its subscription in a header that is not signed; the name is only a hint, so all live secrets
//! are tried.

use super::{
    ChangeError, Refreshed, SecretCache, SecretError, SecretNames, SecretStore, SecretWriter,
    change::{Change, change},
};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use workflow::ids::IntegrationAlias;

/// The description of the secret in Secrets Manager.
const DESCRIPTION: &str = "Pagerflow: the secrets with which PagerDuty signs webhooks";

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
        if !self.has(subscription, &secret) {
            let secrets = self.by_subscription.entry(subscription.to_owned()).or_default();
            secrets.push(secret);
        }
    }

    /// Removes all secrets of a subscription. Gives whether it had any.
    pub fn remove(&mut self, subscription: &str) -> bool {
        self.by_subscription.remove(subscription).is_some()
    }

    /// The subscriptions that have a secret.
    pub fn subscriptions(&self) -> impl Iterator<Item = &str> {
        self.by_subscription.keys().map(String::as_str)
    }

    fn has(&self, subscription: &str, secret: &SecretString) -> bool {
        let mut known = self.by_subscription.get(subscription).into_iter().flatten();
        known.any(|known| known.expose_secret() == secret.expose_secret())
    }

    /// All secrets.
    pub fn iter(&self) -> impl Iterator<Item = &SecretString> {
        self.by_subscription.values().flatten()
    }
}

/// A signing secret was added to those that are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// The reason what was stored could not be used, and was therefore replaced.
    pub replaced: Option<SecretError>,
}

/// Adds the signing secret of a subscription to those of an integration.
///
/// What is stored and cannot be used is replaced.
///
/// # Errors
/// The store does not answer, or others keep changing the secret.
pub async fn add_signing_secret(
    store: &impl SecretWriter,
    name: &str,
    subscription: &str,
    secret: &SecretString,
) -> Result<Added, ChangeError> {
    let mut replaced = None;
    change(store, name, DESCRIPTION, |before| {
        let mut secrets = match before.map(|before| SigningSecrets::parse(name, before)) {
            None => SigningSecrets::default(),
            Some(Ok(secrets)) => secrets,
            Some(Err(unusable)) => {
                replaced = Some(unusable);
                SigningSecrets::default()
            }
        };
        secrets.add(subscription, secret.clone());
        Ok(Change::Store(secrets.secret_value().map_err(ChangeError::Json)?, ()))
    })
    .await?;
    Ok(Added { replaced })
}

/// Removes the signing secrets of a subscription. Gives those that are left, or none if the subscription has no secret.
///
/// # Errors
/// The store does not answer, what is stored cannot be used, or others keep changing the secret.
pub async fn remove_signing_secrets(
    store: &impl SecretWriter,
    name: &str,
    subscription: &str,
) -> Result<Option<SigningSecrets>, ChangeError> {
    change(store, name, DESCRIPTION, |before| {
        let Some(before) = before else {
            return Ok(Change::Nothing(None));
        };
        let mut secrets = SigningSecrets::parse(name, before)?;
        if !secrets.remove(subscription) {
            return Ok(Change::Nothing(None));
        }
        let value = secrets.secret_value().map_err(ChangeError::Json)?;
        Ok(Change::Store(value, Some(secrets)))
    })
    .await
}

/// The signing secrets that are stored under a name; none if nothing is.
///
/// # Errors
/// The store does not answer, or what is stored cannot be used.
pub async fn read_signing_secrets(store: &impl SecretStore, name: &str) -> Result<SigningSecrets, ChangeError> {
    let stored = store.read(name).await;
    match stored.and_then(|stored| SigningSecrets::parse(name, &stored)) {
        Err(SecretError::NotFound(_)) => Ok(SigningSecrets::default()),
        read => Ok(read?),
    }
}

/// The signing secrets of an integration are not to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "integration `{integration}`: {}",
    cause.told_with(&format!("pagerflow integration signing-secret add {integration} --subscription …"))
)]
pub struct SigningSecretsError {
    pub integration: IntegrationAlias,
    /// The reason.
    pub cause: SecretError,
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
    pub async fn get(
        &self,
        integration: &IntegrationAlias,
        now: Timestamp,
    ) -> Result<SigningSecrets, SigningSecretsError> {
        let name = self.names.signing_secrets(integration);
        let kept = self.cache.get(&name, now).await;
        let kept = kept.map_err(|cause| unusable(integration, cause))?;
        match SigningSecrets::parse(&name, &kept) {
            // It may have been mended by now.
            Err(SecretError::Invalid { .. }) => Ok(self.refreshed(integration, now).await?.secret),
            secrets => secrets.map_err(|cause| unusable(integration, cause)),
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
    ) -> Result<Refreshed<SigningSecrets>, SigningSecretsError> {
        let name = self.names.signing_secrets(integration);
        let read = self.cache.refreshed(&name, now).await;
        read.and_then(|read| read.try_map(|secret| SigningSecrets::parse(&name, &secret)))
            .map_err(|cause| unusable(integration, cause))
    }
}

fn unusable(integration: &IntegrationAlias, cause: SecretError) -> SigningSecretsError {
    SigningSecretsError {
        integration: integration.clone(),
        cause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::{SecretsInMemory, change::CHANGED_AT_MOST};
    use rstest::rstest;

    const NAME: &str = "pagerflow/signing-secrets/prod";

    fn secrets(store: &SecretsInMemory) -> Vec<String> {
        told(&SigningSecrets::parse(NAME, &store.value(NAME).unwrap()).unwrap())
    }

    fn told(secrets: &SigningSecrets) -> Vec<String> {
        secrets.iter().map(|secret| secret.expose_secret().to_owned()).collect()
    }

    fn value(subscription: &str, secret: &str) -> SecretString {
        let mut secrets = SigningSecrets::default();
        secrets.add(subscription, secret.into());
        secrets.secret_value().unwrap()
    }

    #[test]
    fn secrets_are_kept_by_subscription_and_added_once() {
        let mut secrets = SigningSecrets::default();
        secrets.add("P1", "a".into());
        secrets.add("P1", "b".into());
        secrets.add("P2", "c".into());
        secrets.add("P1", "a".into());
        let read = SigningSecrets::parse("n", &secrets.secret_value().unwrap()).unwrap();
        assert_eq!(told(&read), ["a", "b", "c"]);
        assert!(!format!("{read:?}").contains("\"a\""));
    }

    #[test]
    fn a_malformed_secret_is_told_without_showing_it() {
        let error = SigningSecrets::parse("n", &"s3cret".into()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }

    #[rstest]
    #[case::missing(SecretsInMemory::default(), "there is no secret")]
    #[case::empty(SecretsInMemory::holding(NAME, ""), "it is empty")]
    #[case::malformed(SecretsInMemory::holding(NAME, "s3cret"), "it is not JSON")]
    #[tokio::test]
    async fn f28_secrets_that_cannot_be_used_are_told_with_the_command_that_stores_them(
        #[case] store: SecretsInMemory,
        #[case] said: &str,
    ) {
        let source = SigningSecretsSource::new(store, SecretNames::new("pagerflow"));

        let error = source.get(&"prod".parse().unwrap(), Timestamp::UNIX_EPOCH).await;

        let error = error.unwrap_err().to_string();
        assert!(error.contains(NAME) && error.contains(said), "{error}");
        assert!(
            error.contains("`pagerflow integration signing-secret add prod"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_secret_is_added_to_those_that_are_stored() {
        let store = SecretsInMemory::default();

        add_signing_secret(&store, NAME, "P1", &"a".into()).await.unwrap();
        let added = add_signing_secret(&store, NAME, "P2", &"b".into()).await.unwrap();

        assert_eq!(added, Added { replaced: None });
        assert_eq!(secrets(&store), ["a", "b"]);
        assert_eq!(store.writes(), 2);
    }

    #[tokio::test]
    async fn a_signing_secret_is_added_to_those_that_others_have_added_meanwhile() {
        let store = SecretsInMemory::default();
        store.others_write([value("P2", "theirs")]);

        add_signing_secret(&store, NAME, "P1", &"ours".into()).await.unwrap();

        assert_eq!(secrets(&store), ["ours", "theirs"]);
    }

    #[tokio::test]
    async fn whoever_is_always_forestalled_is_told_so() {
        let store = SecretsInMemory::default();
        store.others_write(vec![value("P2", "theirs"); 100]);

        let error = add_signing_secret(&store, NAME, "P1", &"ours".into()).await;

        assert_eq!(error, Err(ChangeError::Contended(NAME.to_owned())));
        assert_eq!(store.writes(), CHANGED_AT_MOST);
    }

    #[tokio::test]
    async fn the_secrets_of_one_subscription_are_removed_and_those_of_others_stay() {
        let store = SecretsInMemory::default();
        for (subscription, secret) in [("P1", "a"), ("P1", "b"), ("P2", "c")] {
            add_signing_secret(&store, NAME, subscription, &secret.into())
                .await
                .unwrap();
        }

        let left = remove_signing_secrets(&store, NAME, "P1").await.unwrap().unwrap();

        assert_eq!(left.subscriptions().collect::<Vec<_>>(), ["P2"]);
        assert_eq!(secrets(&store), ["c"]);
    }

    #[tokio::test]
    async fn to_remove_what_is_not_there_writes_nothing() {
        let store = SecretsInMemory::default();
        assert!(remove_signing_secrets(&store, NAME, "P1").await.unwrap().is_none());
        assert_eq!(store.writes(), 0);
    }

    #[tokio::test]
    async fn a_removal_that_is_written_over_is_made_again() {
        let mut both = SigningSecrets::default();
        both.add("P1", "a".into());
        both.add("P2", "theirs".into());
        let store = SecretsInMemory::holding(NAME, value("P1", "a"));
        store.others_write([both.secret_value().unwrap()]);

        remove_signing_secrets(&store, NAME, "P1").await.unwrap();

        assert_eq!(secrets(&store), ["theirs"]);
    }

    #[tokio::test]
    async fn f28_nothing_is_removed_from_what_cannot_be_used() {
        let store = SecretsInMemory::holding(NAME, "s3cret");
        let error = remove_signing_secrets(&store, NAME, "P1").await.unwrap_err();
        assert!(
            matches!(error, ChangeError::Read(SecretError::Invalid { .. })),
            "{error}"
        );
        assert_eq!(store.writes(), 0);
    }

    #[rstest]
    #[case::empty("")]
    #[case::malformed("s3cret")]
    #[tokio::test]
    async fn f28_what_cannot_be_used_is_replaced_and_told(#[case] stored: &str) {
        let store = SecretsInMemory::holding(NAME, stored);

        let added = add_signing_secret(&store, NAME, "P1", &"a".into()).await.unwrap();

        let replaced = added.replaced.unwrap();
        assert!(matches!(replaced, SecretError::Invalid { .. }), "{replaced}");
        assert_eq!(secrets(&store), ["a"]);
    }
}
