//! The surroundings of the tests: a workspace of Slack, an integration for it, and a function that has read no secret yet.

use crate::handle;
use action_tests::{Log, links, now, way_to};
use connectors::{Account, SIGNING_SECRET, STORED};
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Diagnostic;
use platform::{
    action::Connectors,
    secrets::{Accounts, SecretNames, SecretsInMemory, account_secret},
    task::TaskError,
};
use serde_json::{Value, json};
use vendors::{
    Server,
    slack::{self, Slack},
};

/// A token that Slack does not know.
pub(super) const ROTATED: &str = "xoxb-rotated-away-1";

/// The name of the integration's secret.
pub(super) const SECRET: &str = "pagerflow/integrations/slack/ops";

pub(super) struct World {
    connectors: Connectors<SecretsInMemory>,
    pub(super) secrets: SecretsInMemory,
    pub(super) slack: Server<Slack>,
}

impl World {
    pub(super) async fn new() -> Self {
        Log::record();
        let slack = Server::start(Slack::default()).await.unwrap();
        let secrets = SecretsInMemory::default();
        let links = links(&secrets);
        let accounts = Accounts::new(secrets.clone(), SecretNames::new("pagerflow"));
        let connectors = Connectors::new(accounts, way_to(slack.address(), "slack"));
        let world = Self {
            connectors: connectors.with_links(Some(links)),
            secrets,
            slack,
        };
        world.store(slack::TOKEN, "slack.com");
        world
    }

    /// Stores a token for a host, as `pagerflow integration add` does.
    pub(super) fn store(&self, token: &str, host: &str) {
        self.store_of_type("slack", token, host);
    }

    /// The same for an integration of another type.
    pub(super) fn store_of_type(&self, type_name: &str, token: &str, host: &str) {
        self.store_with(type_name, token, host, &[]);
    }

    /// Stores the token of an integration whose signing secret is stored as well.
    pub(super) fn store_signed(&self) {
        self.store_with("slack", slack::TOKEN, "slack.com", &[(SIGNING_SECRET, STORED)]);
    }

    fn store_with(&self, type_name: &str, token: &str, host: &str, fields: &[(&str, &str)]) {
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let account = Account {
            secret: token.into(),
            fields: fields.collect(),
            hosts: vec![host.parse().unwrap()],
        };
        let value = account_secret(&type_name.parse().unwrap(), &account).unwrap();
        self.secrets
            .put(&format!("pagerflow/integrations/{type_name}/ops"), value);
    }

    /// The result that a state machine gets, so many seconds after the first call.
    pub(super) async fn call(&self, input: Value, seconds: i64) -> Result<Value, TaskError> {
        let now: Timestamp = now() + SignedDuration::from_secs(seconds);
        let answer = handle(&self.connectors, input, now).await?;
        Ok(answer.output().cloned().unwrap_or_default())
    }

    pub(super) async fn done(&self, input: Value) -> Value {
        self.call(input, 0).await.unwrap()
    }

    /// The error that a state machine gets. No text of it shows a token.
    pub(super) async fn failed(&self, input: Value) -> Diagnostic {
        self.failed_at(input, 0).await
    }

    pub(super) async fn failed_at(&self, input: Value, seconds: i64) -> Diagnostic {
        let error = action_tests::failure(self.call(input, seconds).await);
        for token in [slack::TOKEN, ROTATED] {
            assert!(!error.error_message.contains(token), "{}", error.error_message);
        }
        error
    }

    /// The blocks of the first message in the workspace; null for none.
    pub(super) fn blocks(&self) -> Value {
        self.slack
            .vendor(|slack| slack.messages[0].get("blocks").cloned().unwrap_or_default())
    }

    /// The texts of the messages in the workspace.
    pub(super) fn messages(&self) -> Vec<String> {
        let texts = |slack: &mut Slack| {
            let messages = slack.messages.iter();
            messages
                .map(|message| message["text"].as_str().unwrap().to_owned())
                .collect()
        };
        self.slack.vendor(texts)
    }
}

/// A message, as the input of its action.
pub(super) fn post(text: &str) -> Value {
    json!({"action": "slack.post_message", "integration": "ops", "channel": "C1", "text": text})
}
