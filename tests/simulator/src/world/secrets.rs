//! Secrets Manager.

use super::{
    chance::Chance,
    fault::{Fault, Mishaps},
    ingress::API_KEY,
};
use crate::systems::{JIRA_SITE, SLACK_HOST};
use pagerduty_simulator::Seed;
use platform::secrets::{SecretError, SecretNames, SecretStore, SigningSecrets};
use secrecy::SecretString;
use serde_json::json;
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

/// A routing key of the Events API.
#[derive(Debug, Clone, Copy)]
pub struct RoutingKey {
    /// The name by which workflows call it.
    pub name: &'static str,
    /// The key itself.
    pub key: &'static str,
    /// The service to which PagerDuty brings what comes with it; none where PagerDuty does not know it any more.
    pub service: Option<&'static str>,
}

impl Secrets {
    /// What the names of all secrets begin with.
    pub const PREFIX: &str = "pagerflow";

    /// The routing keys of the integration.
    pub const ROUTING_KEYS: [RoutingKey; 3] = [
        RoutingKey {
            name: "platform",
            key: Seed::ROUTING_KEY,
            service: Some("PWIXJZS"),
        },
        RoutingKey {
            name: "checkout",
            key: Seed::CHECKOUT_ROUTING_KEY,
            service: Some("PSVC8R2"),
        },
        RoutingKey {
            name: "retired",
            key: "9e8d7c6b5a4f30211203f4e5d6c7b8a9",
            service: None,
        },
    ];

    /// What the deliveries are signed with that a scenario makes up itself.
    pub const SIGNING: &str = "made-up-signing-secret";

    /// The integrations with Slack and Jira.
    pub const SLACK: &str = "chat";
    /// The same of Jira.
    pub const JIRA: &str = "desk";

    /// The secrets of the integration `prod`, and of those with other systems. `faults` is the share of the reads that fail, from 0 to 1.
    ///
    /// # Panics
    /// If the alias is none, which is a mistake of this code.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the aliases and types are constants")]
    pub fn new(mishaps: Mishaps, chance: Chance, faults: f64) -> Self {
        let keys = Self::ROUTING_KEYS.map(|key| (key.name, key.key));
        let value = json!({
            "token": Seed::ACCOUNT_TOKEN,
            "token_kind": "api_token",
            "service_region": "us",
            "default_from": "oncall@example.com",
            "routing_keys": BTreeMap::from(keys),
        });
        let value = SecretString::from(value.to_string());
        let names = SecretNames::new(Self::PREFIX);
        let alias = "prod".parse().expect("an alias");
        let systems = [
            ("slack", Self::SLACK, vendors::slack::TOKEN, json!({}), SLACK_HOST),
            (
                "jira",
                Self::JIRA,
                vendors::jira::TOKEN,
                json!({"site": JIRA_SITE, "email": vendors::jira::EMAIL}),
                JIRA_SITE,
            ),
        ];
        let systems = systems.map(|(type_name, alias, secret, fields, host)| {
            let value = json!({"type": type_name, "secret": secret, "fields": fields, "hosts": [host]});
            let type_name = type_name.parse().expect("a type");
            let name = names.integration(&type_name, &alias.parse().expect("an alias"));
            (name, SecretString::from(value.to_string()))
        });
        let name = names.api_token(&alias);
        let mut signing = SigningSecrets::default();
        signing.add("made-up", Self::SIGNING.into());
        Self {
            inner: Arc::new(Inner {
                signing: (names.signing_secrets(&alias), Mutex::new(signing)),
                kept: BTreeMap::from_iter(
                    systems
                        .into_iter()
                        .chain([(name, value), (names.approval_links(), Self::SIGNING.repeat(4).into())]),
                ),
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

    /// True if a token, a routing key, a signing secret or the API key stands in a text, where nobody must ever see them. Nothing
    /// else contains such words.
    #[must_use]
    pub fn are_said_in(text: &str) -> bool {
        let keys = Self::ROUTING_KEYS.into_iter().map(|key| key.key);
        let tokens = [Seed::ACCOUNT_TOKEN, vendors::slack::TOKEN, vendors::jira::TOKEN];
        keys.chain(tokens)
            .chain([Self::SIGNING, API_KEY])
            .any(|secret| text.contains(secret))
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
