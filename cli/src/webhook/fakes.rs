//! What the tests of this folder share: PagerDuty with faults, and places to store that can fail.

use crate::pagerduty_account::tests::simulated;
use pagerduty::client::{ApiToken, Client, TokenKind};
use pagerduty_simulator::{Seed, Simulator};
use platform::secrets::SecretsInMemory;
use provider::{
    http::HttpTransport,
    transport::{Answer, Interruption, Request, Sending, Transport},
};
use secrecy::ExposeSecret;
use std::sync::Arc;

/// Which request fares ill, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// Requests of this method do not arrive.
    NotSent(&'static str),
    /// They arrive, and their answers get lost.
    AnswerLost(&'static str),
}

#[derive(Debug)]
struct Faulty {
    inner: HttpTransport,
    fault: Fault,
}

impl Transport for Faulty {
    fn send(&self, request: Request) -> Sending<'_> {
        let method = request.method.to_string();
        Box::pin(async move {
            if self.fault == Fault::None
                || !matches!(self.fault, Fault::NotSent(it) | Fault::AnswerLost(it) if it == method)
            {
                return self.inner.send(request).await;
            }
            if let Fault::AnswerLost(_) = self.fault {
                let _lost: Result<Answer, Interruption> = self.inner.send(request).await;
            }
            Err(Interruption::TimedOut)
        })
    }
}

/// A PagerDuty, as long as its simulator is there.
pub(super) struct PagerDuty {
    _simulator: Simulator,
    pub(super) client: Client,
    /// One without faults, to look with.
    pub(super) looking: Client,
    pub(super) token: ApiToken,
}

impl PagerDuty {
    pub(super) async fn with(fault: Fault) -> Self {
        let (simulator, _) = simulated(Seed::default(), Seed::ACCOUNT_TOKEN, None).await;
        let client = |fault| {
            let inner = HttpTransport::new().unwrap();
            Client::new(Arc::new(Faulty { inner, fault }), simulator.base_url().parse().unwrap())
        };
        Self {
            client: client(fault),
            looking: client(Fault::None),
            token: ApiToken::new(TokenKind::ApiToken, Seed::ACCOUNT_TOKEN.into()).unwrap(),
            _simulator: simulator,
        }
    }
}

/// The stored signing secrets, as text; empty if there are none.
pub(super) fn signing_secrets(secrets: &SecretsInMemory) -> String {
    let value = secrets.value("pagerflow/signing-secrets/prod");
    value.map(|value| value.expose_secret().to_owned()).unwrap_or_default()
}
