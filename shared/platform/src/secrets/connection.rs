//! The secret with which an action connects to PagerDuty.
//!
//! It holds the account's region and default user beside the token, although these are no secrets: so an action needs
//! one call and no access to the table.

use super::{SecretCache, SecretError, SecretNames, SecretStore};
use crate::task::TaskError;
use jiff::Timestamp;
use pagerduty::client::{ApiToken, ServiceRegion, TokenKind};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use workflow::{error_name::ErrorName, ids::IntegrationAlias};

/// What an action needs to connect to a PagerDuty account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The token.
    pub token: ApiToken,
    /// The region in which the account lives.
    pub service_region: ServiceRegion,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    token: SecretString,
    token_kind: TokenKind,
    service_region: ServiceRegion,
    #[serde(default)]
    #[expect(dead_code, reason = "it is for people, and the drop-downs of From users")]
    default_from: Option<String>,
}

#[derive(Serialize)]
struct ToStore<'a> {
    token: &'a str,
    token_kind: TokenKind,
    service_region: ServiceRegion,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_from: Option<&'a str>,
}

impl Connection {
    /// The value of the secret of a connection.
    ///
    /// # Errors
    /// The token cannot be one.
    pub fn secret_value(
        token: &SecretString,
        token_kind: TokenKind,
        service_region: ServiceRegion,
        default_from: Option<&str>,
    ) -> Result<SecretString, String> {
        ApiToken::new(token_kind, token.clone()).map_err(|error| error.to_string())?;
        let stored = ToStore {
            token: token.expose_secret(),
            token_kind,
            service_region,
            default_from,
        };
        serde_json::to_string(&stored)
            .map(SecretString::from)
            .map_err(|error| error.to_string())
    }

    fn parse(name: &str, secret: &SecretString) -> Result<Self, SecretError> {
        let invalid = |reason: &str| SecretError::Invalid {
            name: name.to_owned(),
            reason: reason.to_owned(),
        };
        // The parser's own words could quote the secret, so only their category is told.
        let stored: Stored = serde_json::from_str(secret.expose_secret()).map_err(|error| {
            invalid(match error.classify() {
                serde_json::error::Category::Data => {
                    "its JSON does not have the fields `token`, `token_kind` and `service_region`"
                }
                _ => "it is not JSON",
            })
        })?;
        let token = ApiToken::new(stored.token_kind, stored.token).map_err(|error| invalid(&error.to_string()))?;
        Ok(Self {
            token,
            service_region: stored.service_region,
        })
    }
}

/// The connections of all integrations.
#[derive(Debug)]
pub struct Connections<S> {
    cache: SecretCache<S>,
    names: SecretNames,
}

impl<S: SecretStore> Connections<S> {
    /// Connections whose secrets are in a store.
    pub fn new(store: S, names: SecretNames) -> Self {
        Self {
            cache: SecretCache::new(store),
            names,
        }
    }

    /// The connection of an integration.
    ///
    /// # Errors
    /// `Integration.NotFound`, `Integration.Invalid` or `Integration.Unavailable`.
    pub async fn get(&self, integration: &IntegrationAlias, now: Timestamp) -> Result<Connection, TaskError> {
        let name = self.names.api_token(integration);
        let secret = self.cache.get(&name, now).await;
        secret
            .and_then(|secret| Connection::parse(&name, &secret))
            .map_err(|error| task_error(integration, &error))
    }

    /// The connection after PagerDuty refused the token: read again, if it was not just read.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn refreshed(&self, integration: &IntegrationAlias, now: Timestamp) -> Result<Connection, TaskError> {
        let name = self.names.api_token(integration);
        let secret = self.cache.refreshed(&name, now).await;
        secret
            .and_then(|secret| Connection::parse(&name, &secret))
            .map_err(|error| task_error(integration, &error))
    }
}

fn task_error(integration: &IntegrationAlias, error: &SecretError) -> TaskError {
    let name = match error {
        SecretError::NotFound(_) => ErrorName::IntegrationNotFound,
        SecretError::Invalid { .. } => ErrorName::IntegrationInvalid,
        SecretError::Unavailable { .. } => ErrorName::IntegrationUnavailable,
    };
    let command = format!("pagerflow integration add {integration}");
    TaskError::new(
        name,
        format!("integration `{integration}`: {}", error.told_with(&command)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    struct Store(&'static str);

    impl SecretStore for Store {
        async fn read(&self, name: &str) -> Result<SecretString, SecretError> {
            if self.0.is_empty() {
                Err(SecretError::NotFound(name.to_owned()))
            } else {
                Ok(self.0.into())
            }
        }
    }

    async fn connect(stored: &'static str) -> Result<Connection, TaskError> {
        let connections = Connections::new(Store(stored), SecretNames::new("pagerflow"));
        connections.get(&"prod".parse().unwrap(), Timestamp::UNIX_EPOCH).await
    }

    #[tokio::test]
    async fn what_is_stored_reads_back() {
        let value =
            Connection::secret_value(&"tok3n".into(), TokenKind::ApiToken, ServiceRegion::Eu, Some("a@b.c")).unwrap();
        let connection = Connection::parse("n", &value).unwrap();
        assert_eq!(connection.service_region, ServiceRegion::Eu);
    }

    #[rstest]
    #[case("", "Integration.NotFound", "pagerflow/api-token/prod")]
    #[case("s3cret", "Integration.Invalid", "it is not JSON")]
    #[case(r#"{"token":"s3cret"}"#, "Integration.Invalid", "does not have the fields")]
    #[case(
        r#"{"token":"s3cret","token_kind":"s3cret","service_region":"us"}"#,
        "Integration.Invalid",
        "does not have the fields"
    )]
    #[case(
        r#"{"token":"","token_kind":"api_token","service_region":"us"}"#,
        "Integration.Invalid",
        "empty"
    )]
    #[tokio::test]
    async fn f28_a_secret_that_cannot_be_used_says_what_to_do_and_nothing_of_itself(
        #[case] stored: &'static str,
        #[case] name: &str,
        #[case] said: &str,
    ) {
        let error = connect(stored).await.unwrap_err();
        assert_eq!(error.failure().name, name);
        assert!(error.to_string().contains(said), "{error}");
        assert!(
            error.to_string().contains("`pagerflow integration add prod`"),
            "{error}"
        );
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
    }
}
