//! The secret with which an action connects to PagerDuty.
//!
//! It holds the account's region and default user beside the token, although these are no secrets, and the routing keys of
//! the Events API: so an action needs one call and no access to the table.

mod change;
mod stored;

pub use change::{
    ConnectionSettings, DefaultUser, NewConnection, SettingsChange, StoredConnection, add_routing_key, read_settings,
    remove_routing_key, store_connection,
};

use self::stored::Stored;
use super::{SecretCache, SecretError, SecretNames, SecretStore};
use crate::task::TaskError;
use jiff::Timestamp;
use pagerduty::{
    client::{ApiToken, RoutingKey, ServiceRegion, TokenKind},
    ids::UserEmail,
};
use secrecy::SecretString;
use std::collections::BTreeMap;
use workflow::ids::{IntegrationAlias, RoutingKeyName};

/// The data that an action needs to connect to a PagerDuty account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    pub token: ApiToken,
    /// The region in which the account lives.
    pub service_region: ServiceRegion,
    /// The user whom a step acts for if it names none.
    pub default_from: Option<UserEmail>,
    routing_keys: BTreeMap<RoutingKeyName, RoutingKey>,
}

impl Connection {
    /// The value of the secret of a connection that has no routing keys.
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
        Stored {
            token: token.clone(),
            token_kind,
            service_region,
            default_from: default_from.map(str::to_owned),
            routing_keys: BTreeMap::new(),
        }
        .value()
    }

    /// A connection without routing keys.
    #[must_use]
    pub fn new(token: ApiToken, service_region: ServiceRegion, default_from: Option<UserEmail>) -> Self {
        Self {
            token,
            service_region,
            default_from,
            routing_keys: BTreeMap::new(),
        }
    }

    /// The routing key of the Events API that is kept under a name.
    #[must_use]
    pub fn routing_key(&self, name: &RoutingKeyName) -> Option<&RoutingKey> {
        self.routing_keys.get(name)
    }

    /// The names under which routing keys are kept.
    pub fn routing_key_names(&self) -> impl Iterator<Item = &RoutingKeyName> {
        self.routing_keys.keys()
    }

    fn parse(name: &str, secret: &SecretString) -> Result<Self, SecretError> {
        Stored::parse(name, secret)?.connection(name)
    }
}

/// The connection in a store, past every cache.
///
/// # Errors
/// It is not there, cannot be used, or is not to be had now.
pub async fn read_connection(store: &impl SecretStore, name: &str) -> Result<Connection, SecretError> {
    Connection::parse(name, &store.read(name).await?)
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
        let refreshed = self.cache.refreshed(&name, now).await;
        refreshed
            .and_then(|refreshed| Connection::parse(&name, &refreshed.secret))
            .map_err(|error| task_error(integration, &error))
    }
}

fn task_error(integration: &IntegrationAlias, error: &SecretError) -> TaskError {
    let add = format!("pagerflow integration add {integration}");
    let set_token = format!("pagerflow integration set-token {integration}");
    error.of_integration(integration, &add, &set_token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::SecretsInMemory;
    use rstest::rstest;

    /// The connection of a secret with this content; of none if that is empty.
    async fn connect(stored: &str) -> Result<Connection, TaskError> {
        let secrets = match stored {
            "" => SecretsInMemory::default(),
            stored => SecretsInMemory::holding("pagerflow/api-token/prod", stored),
        };
        let connections = Connections::new(secrets, SecretNames::new("pagerflow"));
        connections.get(&"prod".parse().unwrap(), Timestamp::UNIX_EPOCH).await
    }

    #[tokio::test]
    async fn what_is_stored_reads_back() {
        let value =
            Connection::secret_value(&"tok3n".into(), TokenKind::ApiToken, ServiceRegion::Eu, Some("a@b.c")).unwrap();
        let connection = Connection::parse("n", &value).unwrap();
        assert_eq!(connection.service_region, ServiceRegion::Eu);
        assert_eq!(connection.default_from, Some("a@b.c".parse().unwrap()));
        assert_eq!(connection.routing_keys.len(), 0);
    }

    #[test]
    fn routing_keys_may_be_left_out() {
        let stored = r#"{"token":"tok3n","token_kind":"api_token","service_region":"us","default_from":"a@b.c"}"#;
        assert!(Connection::parse("n", &stored.into()).is_ok());
    }

    #[tokio::test]
    async fn routing_keys_are_read_by_their_names_and_printed_nowhere() {
        let connection = connect(
            r#"{"token":"tok3n","token_kind":"api_token","service_region":"us",
                "routing_keys":{"checkout":"R0123456789ABCDEFGHIJ0123456789Z"}}"#,
        )
        .await
        .unwrap();
        let key = RoutingKey::new("R0123456789ABCDEFGHIJ0123456789Z".into()).unwrap();
        assert_eq!(connection.routing_key(&"checkout".parse().unwrap()), Some(&key));
        assert!(!format!("{connection:?}").contains("R0123456789"));
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
    #[case(
        r#"{"token":"s3cret","token_kind":"api_token","service_region":"us","default_from":"s3cret"}"#,
        "Integration.Invalid",
        "`default_from` is no e-mail"
    )]
    #[case(
        r#"{"token":"s3cret","token_kind":"api_token","service_region":"us","routing_keys":{"checkout":"s3cret"}}"#,
        "Integration.Invalid",
        "the routing key `checkout`: a routing key has 32 characters"
    )]
    #[case(
        r#"{"token":"s3cret","token_kind":"api_token","service_region":"us","routing_keys":{"S3CRET":"s3cret"}}"#,
        "Integration.Invalid",
        "does not have the fields"
    )]
    #[tokio::test]
    async fn f28_a_secret_that_cannot_be_used_says_what_to_do_and_nothing_of_itself(
        #[case] stored: &str,
        #[case] name: &str,
        #[case] said: &str,
    ) {
        let error = connect(stored).await.unwrap_err();
        assert_eq!(error.failure().name, name);
        assert!(error.to_string().contains(said), "{error}");
        let command = match name {
            "Integration.NotFound" => "`pagerflow integration add prod`",
            _ => "`pagerflow integration set-token prod`",
        };
        assert!(error.to_string().contains(command), "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
    }
}
