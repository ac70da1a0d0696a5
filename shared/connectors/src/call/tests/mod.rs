//! Attempts against a real server that stands for all systems.

mod auth;
mod lists;
mod poll;
mod repeats;
mod requests;

use super::*;
use crate::connector::Connector;
use jiff::SignedDuration;
use provider::testing::{Answer, Server};
use serde_json::json;

const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// The secret of [`Given`].
const SECRET: &str = "hunter22-secret";

/// A connector with one host, and these actions and other parts.
fn connector(integration: &str, rest: &str) -> Connector {
    let source = format!(
        "connector: desk\ntitle: Desk\nsummary: s\ndocumentation: https://desk.example.com\n\
         integration:\n{integration}\n  hosts: [desk.example.com]\nbase_url: https://desk.example.com/api\n{rest}"
    );
    Connector::from_source(&source).unwrap_or_else(|problems| panic!("{problems}\n{source}"))
}

const BEARER: &str = "  auth: bearer\n  secret: a token";

/// A call, and all that it is made with.
struct Given {
    connector: Connector,
    account: Account,
    tokens: AccessTokens,
    input: Map<String, Value>,
    key: Option<String>,
    attempt: Option<u32>,
    deadline: Option<Timestamp>,
}

impl Given {
    fn new(connector: Connector) -> Self {
        Self::with_fields(connector, &[])
    }

    fn with_fields(connector: Connector, fields: &[(&str, &str)]) -> Self {
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let secret = match connector.integration().secret {
            Some(_) => SECRET,
            None => "",
        };
        let account = connector.integration().account(fields.collect(), secret.into());
        Self {
            account: account.unwrap(),
            connector,
            tokens: AccessTokens::default(),
            input: Map::new(),
            key: Some("key1".to_owned()),
            attempt: Some(1),
            deadline: Some(NOW + SignedDuration::from_secs(60)),
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "so that tests can write JSON as it stands")]
    fn input(mut self, input: Value) -> Self {
        self.input = input.as_object().unwrap().clone();
        self
    }

    async fn perform(&self, action: &str, transport: &dyn Transport) -> Result<Map<String, Value>, Error> {
        match self.call(action, None, transport).await? {
            Performed::Done(outputs) => Ok(outputs),
            Performed::NotYet { look, .. } => panic!("it is not done: {look}"),
        }
    }

    async fn call(&self, action: &str, look: Option<Value>, transport: &dyn Transport) -> Result<Performed, Error> {
        let call = Call {
            connector: &self.connector,
            action: self.connector.action(action).unwrap(),
            input: self.input.clone(),
            idempotency_key: self.key.clone(),
            attempt: self.attempt,
            look,
            deadline: self.deadline,
            now: NOW,
            approval: None,
        };
        perform(call, &self.account, transport, &self.tokens).await
    }

    /// Performs the action against a server with these answers.
    async fn against(&self, action: &str, answers: Vec<Answer>) -> (Result<Map<String, Value>, Error>, Server) {
        let server = Server::that_answers(answers).await.unwrap();
        let transport = server.as_all_systems().unwrap();
        (self.perform(action, &transport).await, server)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "so that tests can write JSON as it stands")]
fn ok(body: Value) -> Answer {
    Answer::json(200, &body)
}

/// The name of an error.
fn name(outcome: Result<Map<String, Value>, Error>) -> String {
    outcome.unwrap_err().name().to_string()
}
