//! What the tests of the functions of actions share: a PagerDuty that keeps PagerDuty's rules, a Secrets Manager that counts
//! how often it is asked, and what an error must be like.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "only tests use it, and a panic here fails the test that it is for"
)]

use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use pagerduty::client::{BaseUrl, HttpTransport, ServiceRegion, TokenKind};
use pagerduty_simulator::{Clock, Options, PagerDuty, Seed, Simulator};
use platform::{
    secrets::{Connection, Connections, SecretError, SecretNames, SecretStore},
    task::TaskError,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
};

/// A token that PagerDuty does not take any more.
pub const ROTATED_TOKEN: &str = "rotated-away-token-1";

/// The name under which the integration keeps a routing key.
pub const ROUTING_KEY_NAME: &str = "memory";

/// The time at which these tests happen.
pub const NOW: &str = "2026-11-20T09:30:00Z";

/// [`NOW`] as a time.
#[must_use]
pub fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// PagerDuty's clock. It stands still.
#[derive(Debug)]
struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        now()
    }
}

/// Secrets Manager with one secret, the API token of `prod`.
#[derive(Debug, Clone)]
pub struct Secrets(Arc<Mutex<Secret>>);

#[derive(Debug)]
struct Secret {
    value: SecretString,
    reads: u32,
}

impl SecretStore for Secrets {
    async fn read(&self, name: &str) -> Result<SecretString, SecretError> {
        assert!(name.starts_with("pagerflow/api-token/"), "{name}");
        let mut secret = self.0.lock().unwrap();
        secret.reads += 1;
        if name == "pagerflow/api-token/prod" {
            Ok(secret.value.clone())
        } else {
            Err(SecretError::NotFound(name.into()))
        }
    }
}

/// PagerDuty, the secrets, and a function that has read none of them yet.
#[derive(Debug)]
pub struct World {
    /// What the function holds.
    pub pagerduty: platform::action::PagerDuty<Secrets>,
    simulator: Option<Simulator>,
    secrets: Secrets,
}

impl World {
    /// A PagerDuty with this in it, and the token for it in the secrets.
    pub async fn new(seed: Seed) -> Self {
        let options = Options {
            clock: Arc::new(StoppedClock),
            seed,
            ..Options::default()
        };
        let simulator = Simulator::start(options).await.unwrap();
        let secrets = Secrets(Arc::new(Mutex::new(Secret {
            value: connection(TokenKind::ApiToken, Seed::ACCOUNT_TOKEN),
            reads: 0,
        })));
        let connections = Connections::new(secrets.clone(), SecretNames::new("pagerflow"));
        let transport = Arc::new(HttpTransport::new().unwrap());
        let base_url: BaseUrl = simulator.base_url().parse().unwrap();
        let pagerduty = platform::action::PagerDuty::new(connections, transport, Some(base_url.clone()));
        Self {
            pagerduty: pagerduty.with_events_url(Some(base_url)),
            simulator: Some(simulator),
            secrets,
        }
    }

    /// Stores a token, as `pagerflow integration add` does.
    pub fn store(&self, kind: TokenKind, token: &str) {
        self.secrets.0.lock().unwrap().value = connection(kind, token);
    }

    /// How often a secret was read.
    #[must_use]
    pub fn secret_reads(&self) -> u32 {
        self.secrets.0.lock().unwrap().reads
    }

    /// Looks at PagerDuty, or changes it.
    pub fn with_pagerduty<R>(&self, action: impl FnOnce(&mut PagerDuty) -> R) -> R {
        let simulator = self.simulator.as_ref().unwrap();
        simulator.with(|pagerduty, _| action(pagerduty))
    }

    /// Takes PagerDuty off the network.
    pub async fn stop_pagerduty(&mut self) {
        self.simulator.take().unwrap().stop().await;
    }

    /// The requests that PagerDuty got.
    #[must_use]
    pub fn requests(&self) -> Vec<Value> {
        self.with_pagerduty(|pagerduty| pagerduty.received().as_array().unwrap().clone())
    }
}

/// A connection with this token, and with the routing key of a service under [`ROUTING_KEY_NAME`].
fn connection(kind: TokenKind, token: &str) -> SecretString {
    let secret = Connection::secret_value(&token.into(), kind, ServiceRegion::Us, None).unwrap();
    let mut fields: Value = serde_json::from_str(secret.expose_secret()).unwrap();
    let routing_keys = json!({ ROUTING_KEY_NAME: Seed::ROUTING_KEY });
    fields
        .as_object_mut()
        .unwrap()
        .insert("routing_keys".into(), routing_keys);
    fields.to_string().into()
}

/// What a state machine gets as the error. No text of it shows a token.
pub fn failure(result: Result<impl Debug, TaskError>) -> Diagnostic {
    let error = result.unwrap_err();
    let texts = format!("{error} {error:?}");
    for token in [Seed::ACCOUNT_TOKEN, ROTATED_TOKEN, Seed::ROUTING_KEY] {
        assert!(!texts.contains(token), "{texts}");
    }
    error.into()
}

/// Checks the name of an error, and what people are told.
#[track_caller]
pub fn assert_refused(error: &Diagnostic, name: &str, said: &[&str]) {
    assert_eq!(error.error_type, name, "{}", error.error_message);
    for said in said {
        assert!(
            error.error_message.contains(said),
            "`{said}` is not in: {}",
            error.error_message
        );
    }
}
