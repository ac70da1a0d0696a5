//! No type that holds a secret shows it, however it is printed.

use super::{
    Accounts, Connection, ConnectionSettings, Connections, NewConnection, SecretNames, SecretsInMemory, SettingsChange,
    SigningSecrets, SigningSecretsSource, StoredOver,
};
use crate::{action::PagerDuty, api_key::ApiKey};
use connectors::Account;
use jiff::Timestamp;
use pagerduty::client::{ApiToken, Client, CreatedWebhookSubscription, Events, RoutingKey, TokenKind};
use provider::{
    http::HttpTransport,
    transport::{Interruption, Request, Sending, Transport},
};
use secrecy::SecretString;
use serde_json::json;
use std::{
    fmt::{Debug, Display},
    sync::{Arc, Mutex},
};

const TOKEN: &str = "marked-token-of-nobody";
const ROUTING_KEY: &str = "c0ffee5ec4e7c0ffee5ec4e7c0ffee5e";
const SIGNING_SECRET: &str = "marked-signing-secret";
const ACCOUNT_SECRET: &str = "marked-secret-of-an-account";

/// There is one implementation for each type, and one more for each way to show it: so that the compiler cannot choose for a type that
/// can be shown.
trait CannotBe<Way> {
    const HOLDS: () = ();
}

enum Displayed {}
enum Serialized {}

impl<T: ?Sized> CannotBe<()> for T {}
impl<T: ?Sized + Display> CannotBe<Displayed> for T {}
impl<T: ?Sized + serde::Serialize> CannotBe<Serialized> for T {}

macro_rules! neither_displayed_nor_serialized {
    ($($secret:ty,)*) => { $(const _: () = <$secret as CannotBe<_>>::HOLDS;)* };
}

neither_displayed_nor_serialized! {
    SecretString,
    ApiKey,
    ApiToken,
    RoutingKey,
    Connection,
    NewConnection,
    SigningSecrets,
    Account,
    StoredOver,
    CreatedWebhookSubscription,
    Request,
    Connections<SecretsInMemory>,
    Accounts<SecretsInMemory>,
    SigningSecretsSource<SecretsInMemory>,
    PagerDuty<SecretsInMemory>,
}

/// The secrets of an integration.
fn store() -> SecretsInMemory {
    let stored = json!({
        "token": TOKEN, "token_kind": "api_token", "service_region": "us", "routing_keys": {"alerts": ROUTING_KEY},
    });
    let secrets = SecretsInMemory::holding("pagerflow/api-token/prod", stored.to_string());
    secrets.put(
        "pagerflow/signing-secrets/prod",
        signing_secrets().secret_value().unwrap(),
    );
    let stored = json!({"type": "slack", "secret": ACCOUNT_SECRET, "fields": {}, "hosts": ["slack.com"]});
    secrets.put("pagerflow/integrations/slack/ops", stored.to_string());
    secrets
}

fn signing_secrets() -> SigningSecrets {
    let mut secrets = SigningSecrets::default();
    secrets.add("PSUB001", SIGNING_SECRET.into());
    secrets
}

#[track_caller]
fn assert_hidden(what: &str, value: &impl Debug, secret: &str) {
    let shown = format!("{value:?}\n{value:#?}");
    assert!(!shown.contains(secret), "{what}: {shown}");
}

#[test]
fn i5_a_secret_is_not_in_what_its_type_shows() {
    let key = ApiKey::generate().unwrap();
    let (_, secret_part) = key.expose().split_at(key.expose().len() - 43);
    assert_hidden("API key", &key, secret_part);
    let damaged = format!("{}x", key.expose());
    assert_hidden("malformed API key", &ApiKey::parse(&damaged), secret_part);

    assert_hidden("token", &ApiToken::new(TokenKind::ApiToken, TOKEN.into()), TOKEN);
    let malformed = format!("{TOKEN} \n");
    assert_hidden(
        "malformed token",
        &ApiToken::new(TokenKind::OAuth, malformed.into()),
        TOKEN,
    );
    assert_hidden("routing key", &RoutingKey::new(ROUTING_KEY.into()), ROUTING_KEY);
    let malformed = ROUTING_KEY.to_uppercase() + "Z";
    assert_hidden(
        "malformed routing key",
        &RoutingKey::new(malformed.clone().into()),
        &malformed,
    );
    let new = NewConnection::new(TOKEN.into(), SettingsChange::default(), ConnectionSettings::default());
    assert_hidden("integration to be stored", &new.unwrap(), TOKEN);
    assert_hidden("signing secrets", &signing_secrets(), SIGNING_SECRET);
}

#[tokio::test]
async fn i5_what_has_read_secrets_does_not_show_them() {
    let names = || SecretNames::new("pagerflow");
    let alias = "prod".parse().unwrap();
    let now = Timestamp::UNIX_EPOCH;

    let connections = Connections::new(store(), names());
    let connection = connections.get(&alias, now).await.unwrap();
    for (what, secret) in [("token", TOKEN), ("routing key", ROUTING_KEY)] {
        assert_hidden(what, &connection, secret);
        assert_hidden(what, &connections, secret);
    }
    let transport = Arc::new(HttpTransport::new().unwrap());
    assert_hidden("function", &PagerDuty::new(connections, transport, None), TOKEN);

    let accounts = Accounts::new(store(), names());
    let account = accounts
        .get(&"slack".parse().unwrap(), &"ops".parse().unwrap(), now)
        .await;
    assert_hidden("account", &account.unwrap(), ACCOUNT_SECRET);
    assert_hidden("accounts", &accounts, ACCOUNT_SECRET);

    let source = SigningSecretsSource::new(store(), names());
    source.get(&alias, now).await.unwrap();
    assert_hidden("source of signing secrets", &source, SIGNING_SECRET);
}

/// A network that keeps what it was to carry.
#[derive(Debug, Default)]
struct Kept(Mutex<Vec<Request>>);

impl Transport for Kept {
    fn send(&self, request: Request) -> Sending<'_> {
        self.0.lock().unwrap().push(request);
        Box::pin(async { Err(Interruption::TimedOut) })
    }
}

#[tokio::test]
async fn i5_neither_a_request_nor_what_is_said_of_its_failure_shows_a_secret() {
    let kept = Arc::new(Kept::default());
    let base_url = "https://api.pagerduty.com".parse().unwrap();
    let client = Client::new(Arc::clone(&kept) as Arc<dyn Transport>, base_url);
    let token = ApiToken::new(TokenKind::ApiToken, TOKEN.into()).unwrap();
    let refused = client
        .account(&token)
        .get_incident(&"Q1".parse().unwrap())
        .await
        .unwrap_err();
    let base_url = "https://events.pagerduty.com".parse().unwrap();
    let events = Events::new(Arc::clone(&kept) as Arc<dyn Transport>, base_url);
    let key = RoutingKey::new(ROUTING_KEY.into()).unwrap();
    let event = pagerduty::client::AlertEvent::Resolve { dedup_key: "k" };
    let not_sent = events.send(&key, &event).await.unwrap_err();

    assert_eq!(kept.0.lock().unwrap().len(), 2);
    for (what, secret) in [("token", TOKEN), ("routing key", ROUTING_KEY)] {
        assert_hidden(what, &kept, secret);
        assert_hidden(what, &(&refused, &not_sent), secret);
        let said = format!("{refused} {not_sent}");
        assert!(!said.contains(secret), "{what}: {said}");
    }
}
