//! Changing what is stored of a connection.

use super::stored::Stored;
use crate::secrets::{
    ChangeError, SecretError, SecretWriter,
    change::{Change, change},
};
use pagerduty::{
    client::{ApiToken, InvalidToken, ServiceRegion, TokenKind},
    ids::UserEmail,
};
use secrecy::SecretString;
use std::collections::BTreeMap;
use workflow::ids::RoutingKeyName;

/// What people are shown of the secret in Secrets Manager.
const DESCRIPTION: &str = "Pagerflow: a PagerDuty API token";

/// An account that is to be stored.
#[derive(Debug, Clone)]
pub struct NewConnection {
    token: SecretString,
    token_kind: TokenKind,
    service_region: ServiceRegion,
    default_from: Option<UserEmail>,
}

impl NewConnection {
    /// Takes what people gave.
    ///
    /// # Errors
    /// The token cannot be one.
    pub fn new(
        token: SecretString,
        token_kind: TokenKind,
        service_region: ServiceRegion,
        default_from: Option<UserEmail>,
    ) -> Result<Self, InvalidToken> {
        ApiToken::new(token_kind, token.clone())?;
        Ok(Self {
            token,
            token_kind,
            service_region,
            default_from,
        })
    }

    fn with(&self, routing_keys: BTreeMap<RoutingKeyName, SecretString>) -> Stored {
        Stored {
            token: self.token.clone(),
            token_kind: self.token_kind,
            service_region: self.service_region,
            default_from: self.default_from.as_ref().map(ToString::to_string),
            routing_keys,
        }
    }
}

/// A connection was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredConnection {
    /// Why what was stored could not be used, and was therefore replaced with all its routing keys.
    pub replaced: Option<SecretError>,
}

/// Stores a connection over the one that is there, whose routing keys stay.
///
/// # Errors
/// The store does not answer, or others keep changing it.
pub async fn store_connection(
    store: &impl SecretWriter,
    name: &str,
    connection: &NewConnection,
) -> Result<StoredConnection, ChangeError> {
    let mut replaced = None;
    change(store, name, DESCRIPTION, |before| {
        let before = before.map(|secret| {
            let stored = Stored::parse(name, secret)?;
            // Also what reads as JSON can be unusable, such as a routing key that somebody wrote by hand.
            stored.clone().connection(name).map(|_| stored)
        });
        let routing_keys = match before {
            None => BTreeMap::new(),
            Some(Ok(before)) => before.routing_keys,
            Some(Err(unusable)) => {
                replaced = Some(unusable);
                BTreeMap::new()
            }
        };
        Ok(Change::Store(value(&connection.with(routing_keys))?, ()))
    })
    .await?;
    Ok(StoredConnection { replaced })
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

/// What is stored, where there has to be something.
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
    use crate::secrets::{change::CHANGED_AT_MOST, fakes::SharedSecret};
    use rstest::rstest;
    use secrecy::ExposeSecret;

    const NAME: &str = "pagerflow/api-token/prod";

    fn new(token: &str) -> NewConnection {
        let from = Some("oncall@example.com".parse().unwrap());
        NewConnection::new(token.into(), TokenKind::ApiToken, ServiceRegion::Eu, from).unwrap()
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
        new(token).with(keys.collect()).value().unwrap()
    }

    fn told(store: &SharedSecret) -> (String, Vec<(String, String)>) {
        let stored = Stored::parse(NAME, &store.value().unwrap()).unwrap();
        let keys = stored.routing_keys.iter();
        let keys = keys.map(|(name, key)| (name.to_string(), key.expose_secret().to_owned()));
        (stored.token.expose_secret().to_owned(), keys.collect())
    }

    fn holding(token: &str, keys: &[(&str, &str)]) -> SharedSecret {
        SharedSecret::holding(value_of(token, keys).expose_secret())
    }

    fn is(token: &str, keys: &[(&str, &str)]) -> (String, Vec<(String, String)>) {
        let keys = keys.iter().map(|(name, letter)| ((*name).to_owned(), key(letter)));
        (token.to_owned(), keys.collect())
    }

    #[tokio::test]
    async fn the_first_connection_is_stored() {
        let store = SharedSecret::default();

        let stored = store_connection(&store, NAME, &new("one")).await.unwrap();

        assert_eq!(stored, StoredConnection { replaced: None });
        assert_eq!(told(&store), is("one", &[]));
    }

    #[tokio::test]
    async fn another_token_leaves_the_routing_keys() {
        let store = holding("one", &[("checkout", "k")]);

        store_connection(&store, NAME, &new("two")).await.unwrap();

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
        let store = SharedSecret::holding(before);

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
        let store = SharedSecret::default();

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
