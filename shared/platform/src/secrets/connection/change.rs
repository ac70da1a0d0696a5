//! Changing what is stored of a connection.

use super::stored::Stored;
use crate::secrets::{
    ChangeError, SecretError, SecretStore, SecretWriter,
    change::{Change, change},
};
use pagerduty::{
    client::{ApiToken, InvalidToken, ServiceRegion, TokenKind},
    ids::UserEmail,
};
use secrecy::SecretString;
use std::collections::BTreeMap;
use workflow::ids::RoutingKeyName;

/// The description of the secret in Secrets Manager.
const DESCRIPTION: &str = "Pagerflow: a PagerDuty API token";

/// The stored settings of an account beside its token and its routing keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionSettings {
    pub token_kind: TokenKind,
    /// The region in which the account lives.
    pub service_region: ServiceRegion,
    /// The user whom a step acts for if it names none.
    pub default_from: Option<UserEmail>,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            token_kind: TokenKind::ApiToken,
            service_region: ServiceRegion::Us,
            default_from: None,
        }
    }
}

/// The change of the default user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum DefaultUser {
    /// It stays as it is.
    #[default]
    Kept,
    /// There is none any more.
    Removed,
    /// It is this one.
    Set(UserEmail),
}

/// Changes of the settings. What is not given stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingsChange {
    /// Another kind of token.
    pub token_kind: Option<TokenKind>,
    /// Another region.
    pub service_region: Option<ServiceRegion>,
    /// The default user.
    pub default_from: DefaultUser,
}

impl SettingsChange {
    /// The settings after the change.
    #[must_use]
    pub fn of(&self, before: ConnectionSettings) -> ConnectionSettings {
        ConnectionSettings {
            token_kind: self.token_kind.unwrap_or(before.token_kind),
            service_region: self.service_region.unwrap_or(before.service_region),
            default_from: match &self.default_from {
                DefaultUser::Kept => before.default_from,
                DefaultUser::Removed => None,
                DefaultUser::Set(user) => Some(user.clone()),
            },
        }
    }
}

/// A token that is to be stored, with what changes beside it.
#[derive(Debug, Clone)]
pub struct NewConnection {
    token: SecretString,
    change: SettingsChange,
    otherwise: ConnectionSettings,
}

impl NewConnection {
    /// Takes a token. `otherwise` are the settings where none are stored, or none that can be read.
    ///
    /// # Errors
    /// The token cannot be one.
    pub fn new(
        token: SecretString,
        change: SettingsChange,
        otherwise: ConnectionSettings,
    ) -> Result<Self, InvalidToken> {
        ApiToken::new(change.of(otherwise.clone()).token_kind, token.clone())?;
        Ok(Self {
            token,
            change,
            otherwise,
        })
    }

    /// The new content over the old one, and its settings.
    fn over(&self, before: Option<Before>) -> (Stored, ConnectionSettings) {
        let Before { settings, routing_keys } = before.unwrap_or_else(|| Before {
            settings: self.otherwise.clone(),
            routing_keys: BTreeMap::new(),
        });
        let settings = self.change.of(settings);
        let stored = Stored {
            token: self.token.clone(),
            token_kind: settings.token_kind,
            service_region: settings.service_region,
            default_from: settings.default_from.as_ref().map(ToString::to_string),
            routing_keys,
        };
        (stored, settings)
    }
}

/// The stored content without its token.
struct Before {
    settings: ConnectionSettings,
    routing_keys: BTreeMap<RoutingKeyName, SecretString>,
}

impl Before {
    fn read(name: &str, secret: &SecretString) -> Result<Self, SecretError> {
        let stored = Stored::parse(name, secret)?;
        let (token_kind, routing_keys) = (stored.token_kind, stored.routing_keys.clone());
        // Also what reads as JSON can be unusable, such as a routing key that was written by hand.
        let connection = stored.connection(name)?;
        Ok(Self {
            settings: ConnectionSettings {
                token_kind,
                service_region: connection.service_region,
                default_from: connection.default_from,
            },
            routing_keys,
        })
    }
}

/// A connection was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredConnection {
    /// The reason what was stored could not be used, and was therefore replaced with all its routing keys.
    pub replaced: Option<SecretError>,
    /// Its settings now.
    pub settings: ConnectionSettings,
}

/// Stores a token over the one that is there. Routing keys stay, and so do the settings that are not changed.
///
/// # Errors
/// The store does not answer, or others keep changing it.
pub async fn store_connection(
    store: &impl SecretWriter,
    name: &str,
    connection: &NewConnection,
) -> Result<StoredConnection, ChangeError> {
    let mut replaced = None;
    let settings = change(store, name, DESCRIPTION, |before| {
        let before = match before.map(|secret| Before::read(name, secret)) {
            None => None,
            Some(Ok(before)) => Some(before),
            Some(Err(unusable)) => {
                replaced = Some(unusable);
                None
            }
        };
        let (stored, settings) = connection.over(before);
        Ok(Change::Store(value(&stored)?, settings))
    })
    .await?;
    Ok(StoredConnection { replaced, settings })
}

/// The settings of the connection in a store; none if there is none, or none that can be used.
///
/// # Errors
/// The store does not answer.
pub async fn read_settings(store: &impl SecretStore, name: &str) -> Result<Option<ConnectionSettings>, SecretError> {
    match store.read(name).await.and_then(|secret| Before::read(name, &secret)) {
        Ok(before) => Ok(Some(before.settings)),
        Err(SecretError::NotFound(_) | SecretError::Invalid { .. }) => Ok(None),
        Err(error @ SecretError::Unavailable { .. }) => Err(error),
    }
}

/// Adds a routing key of the Events API to a connection, over the one of that name.
///
/// # Errors
/// There is no connection, it cannot be used, the store does not answer, or others keep changing it.
pub async fn add_routing_key(
    store: &impl SecretWriter,
    name: &str,
    key_name: &RoutingKeyName,
    key: &SecretString,
) -> Result<(), ChangeError> {
    change(store, name, DESCRIPTION, |before| {
        let mut stored = there(name, before)?;
        stored.routing_keys.insert(key_name.clone(), key.clone());
        Ok(Change::Store(value(&stored)?, ()))
    })
    .await
}

/// Removes a routing key of the Events API from a connection. Gives whether there was one of that name.
///
/// # Errors
/// As [`add_routing_key`].
pub async fn remove_routing_key(
    store: &impl SecretWriter,
    name: &str,
    key_name: &RoutingKeyName,
) -> Result<bool, ChangeError> {
    change(store, name, DESCRIPTION, |before| {
        let mut stored = there(name, before)?;
        Ok(match stored.routing_keys.remove(key_name) {
            None => Change::Nothing(false),
            Some(_) => Change::Store(value(&stored)?, true),
        })
    })
    .await
}

/// The stored content, where there has to be something.
fn there(name: &str, secret: Option<&SecretString>) -> Result<Stored, ChangeError> {
    let secret = secret.ok_or_else(|| SecretError::NotFound(name.to_owned()))?;
    Ok(Stored::parse(name, secret)?)
}

fn value(stored: &Stored) -> Result<SecretString, ChangeError> {
    stored.value().map_err(ChangeError::Json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::{SecretsInMemory, change::CHANGED_AT_MOST};
    use rstest::rstest;
    use secrecy::ExposeSecret;

    const NAME: &str = "pagerflow/api-token/prod";

    fn settings() -> ConnectionSettings {
        ConnectionSettings {
            token_kind: TokenKind::ApiToken,
            service_region: ServiceRegion::Eu,
            default_from: Some("oncall@example.com".parse().unwrap()),
        }
    }

    fn new(token: &str) -> NewConnection {
        NewConnection::new(token.into(), SettingsChange::default(), settings()).unwrap()
    }

    fn key_name(text: &str) -> RoutingKeyName {
        text.parse().unwrap()
    }

    /// A routing key that ends in a letter.
    fn key(letter: &str) -> String {
        format!("R0123456789ABCDEFGHIJ0123456789{letter}")
    }

    /// A value of the secret, as it is when people have done these things.
    fn value_of(token: &str, keys: &[(&str, &str)]) -> SecretString {
        let keys = keys.iter().map(|(name, letter)| (key_name(name), key(letter).into()));
        let before = Before {
            settings: settings(),
            routing_keys: keys.collect(),
        };
        new(token).over(Some(before)).0.value().unwrap()
    }

    fn told(store: &SecretsInMemory) -> (String, Vec<(String, String)>) {
        let stored = Stored::parse(NAME, &store.value(NAME).unwrap()).unwrap();
        let keys = stored.routing_keys.iter();
        let keys = keys.map(|(name, key)| (name.to_string(), key.expose_secret().to_owned()));
        (stored.token.expose_secret().to_owned(), keys.collect())
    }

    fn holding(token: &str, keys: &[(&str, &str)]) -> SecretsInMemory {
        SecretsInMemory::holding(NAME, value_of(token, keys))
    }

    fn is(token: &str, keys: &[(&str, &str)]) -> (String, Vec<(String, String)>) {
        let keys = keys.iter().map(|(name, letter)| ((*name).to_owned(), key(letter)));
        (token.to_owned(), keys.collect())
    }

    #[tokio::test]
    async fn the_first_connection_is_stored() {
        let store = SecretsInMemory::default();

        let stored = store_connection(&store, NAME, &new("one")).await.unwrap();

        assert_eq!((stored.replaced, stored.settings), (None, settings()));
        assert_eq!(told(&store), is("one", &[]));
    }

    #[tokio::test]
    async fn another_token_leaves_the_routing_keys() {
        let store = holding("one", &[("checkout", "k")]);

        store_connection(&store, NAME, &new("two")).await.unwrap();

        assert_eq!(told(&store), is("two", &[("checkout", "k")]));
    }

    #[rstest]
    #[case::nothing(SettingsChange::default(), settings())]
    #[case::region(
        SettingsChange { service_region: Some(ServiceRegion::Us), ..SettingsChange::default() },
        ConnectionSettings { service_region: ServiceRegion::Us, ..settings() }
    )]
    #[case::kind(
        SettingsChange { token_kind: Some(TokenKind::OAuth), ..SettingsChange::default() },
        ConnectionSettings { token_kind: TokenKind::OAuth, ..settings() }
    )]
    #[case::no_default_user(
        SettingsChange { default_from: DefaultUser::Removed, ..SettingsChange::default() },
        ConnectionSettings { default_from: None, ..settings() }
    )]
    #[case::another_default_user(
        SettingsChange { default_from: DefaultUser::Set("b@example.com".parse().unwrap()), ..SettingsChange::default() },
        ConnectionSettings { default_from: Some("b@example.com".parse().unwrap()), ..settings() }
    )]
    #[tokio::test]
    async fn what_is_not_changed_stays_as_it_is_stored(
        #[case] change: SettingsChange,
        #[case] expected: ConnectionSettings,
    ) {
        let store = holding("one", &[("checkout", "k")]);
        let new = NewConnection::new("two".into(), change, ConnectionSettings::default()).unwrap();

        let stored = store_connection(&store, NAME, &new).await.unwrap();

        assert_eq!((stored.replaced, &stored.settings), (None, &expected));
        let read = Before::read(NAME, &store.value(NAME).unwrap()).unwrap();
        assert_eq!(read.settings, expected);
        assert_eq!(told(&store), is("two", &[("checkout", "k")]));
    }

    #[rstest]
    #[case::empty("")]
    #[case::malformed("s3cret")]
    #[case::odd_routing_key(
        r#"{"token":"t","token_kind":"api_token","service_region":"us","routing_keys":{"checkout":"odd"}}"#
    )]
    #[tokio::test]
    async fn f28_a_connection_that_cannot_be_used_is_replaced_and_told(#[case] before: &str) {
        let store = SecretsInMemory::holding(NAME, before);

        let stored = store_connection(&store, NAME, &new("one")).await.unwrap();

        let replaced = stored.replaced.unwrap();
        assert!(matches!(replaced, SecretError::Invalid { .. }), "{replaced}");
        assert_eq!(told(&store), is("one", &[]));
    }

    #[tokio::test]
    async fn a_token_is_stored_with_the_routing_key_that_somebody_has_added_meanwhile() {
        let store = holding("one", &[]);
        store.others_write([value_of("one", &[("theirs", "k")])]);

        store_connection(&store, NAME, &new("two")).await.unwrap();

        assert_eq!(told(&store), is("two", &[("theirs", "k")]));
    }

    #[tokio::test]
    async fn a_routing_key_is_added_to_the_others_and_replaces_the_one_of_its_name() {
        let store = holding("one", &[("checkout", "o"), ("search", "s")]);

        add_routing_key(&store, NAME, &key_name("checkout"), &key("n").into())
            .await
            .unwrap();

        assert_eq!(told(&store), is("one", &[("checkout", "n"), ("search", "s")]));
        assert_eq!(store.writes(), 1);
    }

    #[tokio::test]
    async fn a_routing_key_is_added_to_those_that_others_have_added_meanwhile() {
        let store = holding("one", &[]);
        store.others_write([value_of("one", &[("theirs", "t")])]);

        add_routing_key(&store, NAME, &key_name("ours"), &key("o").into())
            .await
            .unwrap();

        assert_eq!(told(&store), is("one", &[("ours", "o"), ("theirs", "t")]));
    }

    #[tokio::test]
    async fn whoever_is_always_forestalled_is_told_so() {
        let store = holding("one", &[]);
        store.others_write(vec![value_of("one", &[]); 100]);

        let error = add_routing_key(&store, NAME, &key_name("ours"), &key("o").into()).await;

        assert_eq!(error, Err(ChangeError::Contended(NAME.to_owned())));
        assert_eq!(store.writes(), CHANGED_AT_MOST);
    }

    #[tokio::test]
    async fn a_routing_key_without_an_integration_is_not_stored() {
        let store = SecretsInMemory::default();

        let error = add_routing_key(&store, NAME, &key_name("ours"), &key("o").into()).await;

        assert_eq!(error, Err(ChangeError::Read(SecretError::NotFound(NAME.to_owned()))));
        assert_eq!(store.writes(), 0);
    }

    #[tokio::test]
    async fn a_routing_key_is_removed_and_the_others_stay() {
        let store = holding("one", &[("checkout", "c"), ("search", "s")]);

        assert_eq!(remove_routing_key(&store, NAME, &key_name("checkout")).await, Ok(true));

        assert_eq!(told(&store), is("one", &[("search", "s")]));
    }

    #[tokio::test]
    async fn a_removal_leaves_what_others_have_added_meanwhile() {
        let store = holding("one", &[("checkout", "c")]);
        store.others_write([value_of("one", &[("checkout", "c"), ("theirs", "t")])]);

        assert_eq!(remove_routing_key(&store, NAME, &key_name("checkout")).await, Ok(true));

        assert_eq!(told(&store), is("one", &[("theirs", "t")]));
    }

    #[tokio::test]
    async fn to_remove_what_is_not_there_writes_nothing() {
        let store = holding("one", &[]);

        assert_eq!(remove_routing_key(&store, NAME, &key_name("checkout")).await, Ok(false));
        assert_eq!(store.writes(), 0);
    }

    #[test]
    fn i5_what_is_to_be_stored_is_printed_nowhere() {
        assert!(!format!("{:?}", new("s3cret")).contains("s3cret"));
        let stored = Stored::parse(NAME, &value_of("s3cret", &[("checkout", "c")])).unwrap();
        assert!(!format!("{stored:?}").contains("s3cret") && !format!("{stored:?}").contains(&key("c")));
    }
}
