//! The secret with which an action connects to PagerDuty.
//!
//! It holds the account's region and default user beside the token, although these are no secrets: so an action needs
//! one call and no access to the table. The routing keys of the Events API are in it too.

use super::{ChangeError, SecretCache, SecretError, SecretNames, SecretStore, SecretWriter, signing::CHANGED_AT_MOST};
use crate::task::TaskError;
use jiff::Timestamp;
use pagerduty::{
    client::{ApiToken, RoutingKey, ServiceRegion, TokenKind},
    ids::UserEmail,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use std::collections::BTreeMap;
use workflow::{
    error_name::ErrorName,
    ids::{IntegrationAlias, RoutingKeyName},
};

/// What people are shown of the secret in Secrets Manager.
const DESCRIPTION: &str = "Pagerflow: a PagerDuty API token";

/// What an action needs to connect to a PagerDuty account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The token.
    pub token: ApiToken,
    /// The region in which the account lives.
    pub service_region: ServiceRegion,
    /// The user whom an action is done for if its input names none.
    pub default_from: Option<UserEmail>,
    routing_keys: BTreeMap<RoutingKeyName, RoutingKey>,
}

/// The secret as it is stored. Only [`write`] makes JSON of it.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    #[serde(serialize_with = "exposed")]
    token: SecretString,
    token_kind: TokenKind,
    service_region: ServiceRegion,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default_from: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", serialize_with = "exposed_map")]
    routing_keys: BTreeMap<RoutingKeyName, SecretString>,
}

fn exposed<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

fn exposed_map<S: Serializer>(
    secrets: &BTreeMap<RoutingKeyName, SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(secrets.len()))?;
    for (name, secret) in secrets {
        map.serialize_entry(name, secret.expose_secret())?;
    }
    map.end()
}

impl Stored {
    fn read(name: &str, secret: &SecretString) -> Result<Self, SecretError> {
        // The parser's own words could quote the secret, so only their category is told.
        serde_json::from_str(secret.expose_secret()).map_err(|error| SecretError::Invalid {
            name: name.to_owned(),
            reason: match error.classify() {
                serde_json::error::Category::Data => {
                    "its JSON does not have the fields `token`, `token_kind` and `service_region`"
                }
                _ => "it is not JSON",
            }
            .to_owned(),
        })
    }

    fn value(&self) -> Result<SecretString, String> {
        serde_json::to_string(self)
            .map(SecretString::from)
            .map_err(|error| error.to_string())
    }
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
        let stored = Stored {
            token: token.clone(),
            token_kind,
            service_region,
            default_from: default_from.map(str::to_owned),
            routing_keys: BTreeMap::new(),
        };
        stored.value()
    }

    /// The routing key of a name.
    #[must_use]
    pub fn routing_key(&self, name: &RoutingKeyName) -> Option<&RoutingKey> {
        self.routing_keys.get(name)
    }

    fn parse(name: &str, secret: &SecretString) -> Result<Self, SecretError> {
        let invalid = |reason: String| SecretError::Invalid {
            name: name.to_owned(),
            reason,
        };
        let stored = Stored::read(name, secret)?;
        let token = ApiToken::new(stored.token_kind, stored.token).map_err(|error| invalid(error.to_string()))?;
        let default_from = stored.default_from.map(|email| email.parse::<UserEmail>()).transpose();
        let routing_keys = stored.routing_keys.into_iter().map(|(key_name, key)| {
            let key = RoutingKey::new(key).map_err(|error| invalid(format!("its routing key `{key_name}`: {error}")));
            key.map(|key| (key_name, key))
        });
        Ok(Self {
            token,
            service_region: stored.service_region,
            default_from: default_from.map_err(|error| invalid(format!("its `default_from`: {error}")))?,
            routing_keys: routing_keys.collect::<Result<_, _>>()?,
        })
    }
}

/// Stores a connection over the one that is there, if any, whose routing keys stay.
///
/// # Errors
/// The store does not answer.
pub async fn store_connection(store: &impl SecretWriter, name: &str, value: &SecretString) -> Result<(), ChangeError> {
    let mut new = Stored::read(name, value)?;
    match store.read(name).await.and_then(|old| Stored::read(name, &old)) {
        Ok(old) => new.routing_keys = old.routing_keys,
        Err(SecretError::NotFound(_) | SecretError::Invalid { .. }) => {}
        Err(error @ SecretError::Unavailable { .. }) => return Err(error.into()),
    }
    let value = new.value().map_err(ChangeError::Json)?;
    Ok(store.write(name, DESCRIPTION, &value).await?)
}

/// Changes the routing keys of a connection: adds one under a name, or removes it if none is given. Gives whether the
/// name had one before.
///
/// A write is not conditional, so it is looked afterwards whether somebody else wrote over it.
///
/// # Errors
/// The store does not answer, what is stored cannot be used, or others keep writing over the change.
pub async fn change_routing_key(
    store: &impl SecretWriter,
    name: &str,
    key_name: &RoutingKeyName,
    key: Option<&SecretString>,
) -> Result<bool, ChangeError> {
    let mut had = None;
    for _ in 0..CHANGED_AT_MOST {
        let mut stored = Stored::read(name, &store.read(name).await?)?;
        let exposed = |key: Option<&SecretString>| key.map(|key| key.expose_secret().to_owned());
        let there = stored.routing_keys.get(key_name);
        had = had.or(Some(there.is_some()));
        if exposed(there) == exposed(key) {
            return Ok(had == Some(true));
        }
        match key {
            Some(key) => stored.routing_keys.insert(key_name.clone(), key.clone()),
            None => stored.routing_keys.remove(key_name),
        };
        let value = stored.value().map_err(ChangeError::Json)?;
        store.write(name, DESCRIPTION, &value).await?;
    }
    Err(ChangeError::Contended(name.to_owned()))
}

/// The names of the routing keys of a connection.
///
/// # Errors
/// The store does not answer, or what is stored cannot be used.
pub async fn routing_key_names(store: &impl SecretStore, name: &str) -> Result<Vec<RoutingKeyName>, ChangeError> {
    let stored = Stored::read(name, &store.read(name).await?)?;
    Ok(stored.routing_keys.into_keys().collect())
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
    use crate::secrets::WriteError;
    use rstest::rstest;
    use std::sync::Mutex;

    const NAME: &str = "pagerflow/api-token/prod";
    const KEY: &str = "0123456789abcdef0123456789abcdef";

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
        assert_eq!(connection.default_from, "a@b.c".parse().ok());
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
        r#"{"token":"s3cret","token_kind":"api_token","service_region":"us","routing_keys":{"checkout":"s3cret"}}"#,
        "Integration.Invalid",
        "its routing key `checkout`: a routing key has 32 characters"
    )]
    #[case(
        r#"{"token":"s3cret","token_kind":"api_token","service_region":"us","default_from":"nobody"}"#,
        "Integration.Invalid",
        "its `default_from`"
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

    /// A store of one secret, into which other people write as well.
    struct Shared {
        value: Mutex<SecretString>,
        /// What others write over our next writes, the last one first.
        others: Mutex<Vec<SecretString>>,
    }

    impl Shared {
        fn new(others: Vec<SecretString>) -> Self {
            Self {
                value: Mutex::new(plain()),
                others: Mutex::new(others),
            }
        }

        fn connection(&self) -> Connection {
            Connection::parse(NAME, &self.value.lock().unwrap()).unwrap()
        }
    }

    impl SecretStore for Shared {
        async fn read(&self, _: &str) -> Result<SecretString, SecretError> {
            Ok(self.value.lock().unwrap().clone())
        }
    }

    impl SecretWriter for Shared {
        async fn write(&self, _: &str, _: &str, value: &SecretString) -> Result<(), WriteError> {
            let other = self.others.lock().unwrap().pop();
            *self.value.lock().unwrap() = other.unwrap_or_else(|| value.clone());
            Ok(())
        }
    }

    fn plain() -> SecretString {
        Connection::secret_value(&"tok3n".into(), TokenKind::ApiToken, ServiceRegion::Us, None).unwrap()
    }

    fn checkout() -> RoutingKeyName {
        "checkout".parse().unwrap()
    }

    #[tokio::test]
    async fn a_routing_key_is_there_until_it_is_removed_and_never_printed() {
        let store = Shared::new(Vec::new());
        assert_eq!(
            change_routing_key(&store, NAME, &checkout(), Some(&KEY.into())).await,
            Ok(false)
        );
        let connection = store.connection();
        assert_eq!(
            connection.routing_key(&checkout()),
            RoutingKey::new(KEY.into()).ok().as_ref()
        );
        assert!(!format!("{connection:?}").contains(KEY));
        assert_eq!(routing_key_names(&store, NAME).await, Ok(vec![checkout()]));

        assert_eq!(change_routing_key(&store, NAME, &checkout(), None).await, Ok(true));
        assert_eq!(store.connection().routing_key(&checkout()), None);
        assert_eq!(change_routing_key(&store, NAME, &checkout(), None).await, Ok(false));
    }

    #[tokio::test]
    async fn another_token_leaves_the_routing_keys() {
        let store = Shared::new(Vec::new());
        change_routing_key(&store, NAME, &checkout(), Some(&KEY.into()))
            .await
            .unwrap();
        let rotated = Connection::secret_value(&"n3w".into(), TokenKind::ApiToken, ServiceRegion::Us, None).unwrap();
        store_connection(&store, NAME, &rotated).await.unwrap();
        let connection = store.connection();
        assert_eq!(
            connection.token,
            ApiToken::new(TokenKind::ApiToken, "n3w".into()).unwrap()
        );
        assert!(connection.routing_key(&checkout()).is_some());
    }

    #[tokio::test]
    async fn a_routing_key_that_somebody_writes_over_is_added_again() {
        let store = Shared::new(vec![plain()]);
        assert_eq!(
            change_routing_key(&store, NAME, &checkout(), Some(&KEY.into())).await,
            Ok(false)
        );
        assert!(store.connection().routing_key(&checkout()).is_some());

        let store = Shared::new(vec![plain(); 9]);
        let contended = change_routing_key(&store, NAME, &checkout(), Some(&KEY.into())).await;
        assert_eq!(contended, Err(ChangeError::Contended(NAME.to_owned())));
    }
}
