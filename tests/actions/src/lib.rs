//! What the tests of the functions of actions share: a PagerDuty that keeps PagerDuty's rules, a Secrets Manager that counts
//! how often it is asked, and what an error must be like.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "only tests use it, and a panic here fails the test that it is for"
)]

use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use pagerduty::client::{BaseUrl, ServiceRegion, TokenKind};
use pagerduty_simulator::{Clock, Options, PagerDuty, Seed, Simulator};
use platform::{
    approval_links::ApprovalLinks,
    metrics::{MeasuredTransport, Metrics},
    secrets::{Connection, Connections, SecretNames, SecretsInMemory},
    task::TaskError,
    telemetry,
};
use provider::{
    http::HttpTransport,
    reroute::{Rerouted, StandIn},
    transport::Transport,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::{
    cell::RefCell,
    fmt::Debug,
    io,
    net::SocketAddr,
    sync::{Arc, Once},
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

/// The way to a server that stands for a system. Its requests are counted as those of a connector.
pub fn way_to(server: SocketAddr, connector: &'static str) -> Arc<dyn Transport> {
    let stand_in: StandIn = format!("http://{server}").parse().unwrap();
    let transport = Rerouted::new(Arc::new(HttpTransport::new().unwrap()), stand_in);
    let metrics = Arc::new(Metrics::new("pagerflow", Log));
    Arc::new(MeasuredTransport::new(transport, metrics, now).of_connector(connector))
}

/// Links for messages about approvals, whose secret is put among these.
pub fn links(secrets: &SecretsInMemory) -> ApprovalLinks<SecretsInMemory> {
    let names = SecretNames::new("pagerflow");
    secrets.put(&names.approval_links(), "0123456789abcdef0123456789abcdef");
    ApprovalLinks::new(secrets.clone(), &names, "https://example.com/approvals")
}

/// PagerDuty's clock. It stands still.
#[derive(Debug)]
struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        now()
    }
}

/// The name of the secret with the API token of `prod`.
const TOKEN: &str = "pagerflow/api-token/prod";

/// PagerDuty, the secrets, and a function that has read none of them yet.
#[derive(Debug)]
pub struct World {
    /// What the function holds.
    pub pagerduty: platform::action::PagerDuty<SecretsInMemory>,
    simulator: Option<Simulator>,
    secrets: SecretsInMemory,
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
        let secrets = SecretsInMemory::holding(TOKEN, connection(TokenKind::ApiToken, Seed::ACCOUNT_TOKEN));
        let connections = Connections::new(secrets.clone(), SecretNames::new("pagerflow"));
        Log::record();
        let metrics = Arc::new(Metrics::new("pagerflow", Log));
        let transport = Arc::new(MeasuredTransport::new(HttpTransport::new().unwrap(), metrics, now));
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
        self.secrets.put(TOKEN, connection(kind, token));
    }

    /// The number of times that a secret was read.
    #[must_use]
    pub fn secret_reads(&self) -> usize {
        self.secrets.reads()
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

thread_local! {
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What is logged and measured. Each test has a thread, and so a log, of its own.
#[derive(Debug)]
pub struct Log;

impl Log {
    /// Records what is logged from now on, in all threads: a place that logs before there is a listener is remembered as
    /// one without.
    pub fn record() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let subscriber = telemetry::subscriber("info".parse().unwrap(), || Self);
            tracing::subscriber::set_global_default(subscriber).unwrap();
        });
    }

    /// What this test has logged so far.
    #[must_use]
    pub fn text() -> String {
        LOGGED.with_borrow(|bytes| String::from_utf8(bytes.clone()).unwrap())
    }

    /// Its lines of JSON that have a field.
    #[must_use]
    pub fn lines_with(field: &str) -> Vec<Value> {
        let text = Self::text();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.filter(|line: &Value| line.get(field).is_some()).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The field of an input that says which step of which run calls.
#[must_use]
pub fn caller() -> Value {
    json!({"run": "01testrun", "workflow": "w", "lane": "main", "step": "00000", "event_id": "01A"})
}

/// Checks the line that a function has logged about one call: the ids of who called, the action, how long it took, and nothing of
/// what was to be done. Gives the error in it, if there is one.
#[track_caller]
pub fn assert_logged(action: &str, message: &str, kept: &[&str]) -> Option<String> {
    let [line] = Log::lines_with("action").try_into().unwrap();
    let mut expected = caller();
    expected["action"] = json!(action);
    expected["message"] = json!(message);
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&line[name], value, "{name} in {line}");
    }
    assert!(line["duration_ms"].is_u64(), "{line}");
    let log = Log::text();
    for kept in [Seed::ACCOUNT_TOKEN, Seed::ROUTING_KEY].iter().chain(kept) {
        assert!(!log.contains(kept), "{kept} is told:\n{log}");
    }
    line.get("error").and_then(Value::as_str).map(str::to_owned)
}

/// The number of requests to PagerDuty that were measured, by what they were answered with.
#[must_use]
pub fn measured_calls() -> Vec<(String, Option<u64>)> {
    let lines = Log::lines_with("PagerDutyCalls");
    let of = |line: &Value| {
        assert_eq!(
            (&line["Stack"], &line["PagerDutyCalls"]),
            (&json!("pagerflow"), &json!(1))
        );
        let left = line.get("PagerDutyRateLimitLeft").and_then(Value::as_u64);
        (line["Status"].as_str().unwrap().to_owned(), left)
    };
    lines.iter().map(of).collect()
}
