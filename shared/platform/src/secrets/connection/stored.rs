//! A connection as its secret holds it: JSON.

use super::Connection;
use crate::secrets::SecretError;
use pagerduty::{
    client::{ApiToken, RoutingKey, ServiceRegion, TokenKind},
    ids::UserEmail,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use workflow::ids::RoutingKeyName;

/// The stored content.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored {
    pub(super) token: SecretString,
    pub(super) token_kind: TokenKind,
    pub(super) service_region: ServiceRegion,
    #[serde(default)]
    pub(super) default_from: Option<String>,
    #[serde(default)]
    pub(super) routing_keys: BTreeMap<RoutingKeyName, SecretString>,
}

#[derive(Serialize)]
struct ToStore<'a> {
    token: &'a str,
    token_kind: TokenKind,
    service_region: ServiceRegion,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_from: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    routing_keys: BTreeMap<&'a RoutingKeyName, &'a str>,
}

impl Stored {
    /// Reads the value of the secret.
    pub(super) fn parse(name: &str, secret: &SecretString) -> Result<Self, SecretError> {
        // The parser's own words could quote the secret, so only their category is told.
        serde_json::from_str(secret.expose_secret()).map_err(|error| {
            let reason = match error.classify() {
                serde_json::error::Category::Data => {
                    "its JSON does not have the fields `token`, `token_kind` and `service_region`, or has others than \
                     these, `default_from` and `routing_keys`"
                }
                _ => "it is not JSON",
            };
            invalid(name, reason.to_owned())
        })
    }

    /// The value of the secret.
    pub(super) fn value(&self) -> Result<SecretString, String> {
        let to_store = ToStore {
            token: self.token.expose_secret(),
            token_kind: self.token_kind,
            service_region: self.service_region,
            default_from: self.default_from.as_deref(),
            routing_keys: self
                .routing_keys
                .iter()
                .map(|(name, key)| (name, key.expose_secret()))
                .collect(),
        };
        serde_json::to_string(&to_store)
            .map(SecretString::from)
            .map_err(|error| error.to_string())
    }

    /// The stored content, checked.
    pub(super) fn connection(self, name: &str) -> Result<Connection, SecretError> {
        let token = ApiToken::new(self.token_kind, self.token).map_err(|error| invalid(name, error.to_string()))?;
        let default_from = self.default_from.map(UserEmail::try_from).transpose();
        let default_from = default_from.map_err(|_| invalid(name, "its `default_from` is no e-mail".to_owned()))?;
        let routing_keys = self.routing_keys.into_iter().map(|(key_name, key)| {
            let key = RoutingKey::new(key);
            match key {
                Ok(key) => Ok((key_name, key)),
                Err(error) => Err(invalid(name, format!("the routing key `{key_name}`: {error}"))),
            }
        });
        Ok(Connection {
            token,
            service_region: self.service_region,
            default_from,
            routing_keys: routing_keys.collect::<Result<_, _>>()?,
        })
    }
}

fn invalid(name: &str, reason: String) -> SecretError {
    SecretError::Invalid {
        name: name.to_owned(),
        reason,
    }
}
