//! A PagerDuty for tests: a real HTTP server that gives the answers it was told to, in order, and remembers what it
//! was asked.

use provider::{
    http::HttpTransport,
    testing::{Received, Server},
};
use std::{sync::Arc, time::Duration};

use crate::client::{ApiToken, Client, Events, RoutingKey, TokenKind};

pub(crate) use provider::testing::Answer;

/// A running server; it stops with the test's runtime.
pub(crate) struct PagerDuty {
    pub(crate) client: Client,
    server: Server,
}

impl PagerDuty {
    pub(crate) async fn that_answers(answers: impl IntoIterator<Item = Answer>) -> Self {
        let server = Server::that_answers(answers).await.unwrap();
        Self {
            client: client(server.address()),
            server,
        }
    }

    /// The same server as that of the Events API.
    pub(crate) fn events(&self) -> Events {
        let address = self.server.address().parse().unwrap();
        Events::new(Arc::new(HttpTransport::new().unwrap()), address)
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.server.requests()
    }

    /// Method and path of every request, in order.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.server.lines()
    }
}

pub(crate) fn client(base_url: &str) -> Client {
    Client::new(Arc::new(HttpTransport::new().unwrap()), base_url.parse().unwrap())
}

/// A time limit that no test has to wait long for.
pub(crate) const SOON: Duration = Duration::from_millis(100);

/// The text of [`routing_key`].
pub(crate) const ROUTING_KEY: &str = "R0123456789ABCDEFGHIJ0123456789Z";

pub(crate) fn routing_key() -> RoutingKey {
    RoutingKey::new(ROUTING_KEY.into()).unwrap()
}

pub(crate) fn token() -> ApiToken {
    ApiToken::new(TokenKind::ApiToken, "example-token".into()).unwrap()
}
