//! Secrets Manager.

use super::{
    chance::Chance,
    fault::{Fault, Mishaps},
};
use pagerduty::client::{ServiceRegion, TokenKind};
use pagerduty_simulator::Seed;
use platform::secrets::{Connection, SecretError, SecretNames, SecretStore, SigningSecrets};
use secrecy::SecretString;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::time::sleep;

/// Secrets Manager. Clones are the same.
#[derive(Debug, Clone)]
pub struct Secrets {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    kept: BTreeMap<String, SecretString>,
    /// Those of the integration, under the name of their secret.
    signing: (String, Mutex<SigningSecrets>),
    mishaps: Mishaps,
    chance: Chance,
    faults: f64,
}

impl Secrets {
    /// What the names of all secrets begin with.
    pub const PREFIX: &str = "pagerflow";

    /// What nobody must ever see: the token in the secret. It is a word that nothing else contains.
    pub const CANARY: &str = Seed::ACCOUNT_TOKEN;

    /// What the deliveries are signed with that a scenario makes up itself.
    pub const SIGNING: &str = "made-up-signing-secret";

    /// The secrets of the integration `prod`. `faults` is the share of the reads that fail, from 0 to 1.
    ///
    /// # Panics
    /// If the token is none, which is a mistake of this code.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the token is a constant")]
    pub fn new(mishaps: Mishaps, chance: Chance, faults: f64) -> Self {
        let names = SecretNames::new(Self::PREFIX);
        let token = SecretString::from(Self::CANARY);
        let default_from = Some("oncall@example.com");
        let value =
            Connection::secret_value(&token, TokenKind::ApiToken, ServiceRegion::Us, default_from).expect("a token");
        let alias = "prod".parse().expect("an alias");
        let name = names.api_token(&alias);
        let mut signing = SigningSecrets::default();
        signing.add("made-up", Self::SIGNING.into());
        Self {
            inner: Arc::new(Inner {
                signing: (names.signing_secrets(&alias), Mutex::new(signing)),
                kept: BTreeMap::from([(name, value)]),
                mishaps,
                chance,
                faults,
            }),
        }
    }

    /// Adds what PagerDuty signs with for a subscription.
    pub fn add_signing_secret(&self, secret: SecretString) {
        self.signing().add("subscribed", secret);
    }

    fn signing(&self) -> MutexGuard<'_, SigningSecrets> {
        self.inner.signing.1.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SecretStore for Secrets {
    async fn read(&self, name: &str) -> Result<SecretString, SecretError> {
        let inner = &self.inner;
        sleep(inner.chance.millis(5..=40)).await;
        if inner.chance.happens(inner.faults) {
            inner.mishaps.note_here(Fault::SecretsUnavailable);
            return Err(SecretError::Unavailable {
                name: name.to_owned(),
                cause: "InternalServiceError".into(),
            });
        }
        if *name == inner.signing.0 {
            let value = self.signing().secret_value();
            return value.map_err(|reason| SecretError::Invalid {
                name: name.to_owned(),
                reason,
            });
        }
        let kept = inner.kept.get(name).cloned();
        kept.ok_or_else(|| SecretError::NotFound(name.to_owned()))
    }
}
