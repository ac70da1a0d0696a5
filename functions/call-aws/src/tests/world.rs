//! The surroundings of the tests: an account of AWS, an integration for it, and a function that has read no secret yet.

use crate::handle;
use action_tests::{Log, links, now, way_to};
use aws_credential_types::Credentials;
use connectors::Account;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Diagnostic;
use platform::{
    action::AwsAccounts,
    secrets::{Accounts, SecretNames, SecretsInMemory, account_secret},
    task::TaskError,
};
use serde_json::{Value, json};
use vendors::{
    Server,
    aws::{self, Aws},
};
use workflow::action::Answer;

/// An external id that the role does not know.
pub(super) const ROTATED: &str = "not-a-real-external-id-of-the-day-before";

/// The name of the integration's secret.
pub(super) const SECRET: &str = "pagerflow/integrations/aws/prod";

/// The host that the external id may be sent to.
pub(super) const STS: &str = "sts.eu-west-1.amazonaws.com";

pub(super) struct World {
    accounts: AwsAccounts<SecretsInMemory>,
    pub(super) secrets: SecretsInMemory,
    pub(super) aws: Server<Aws>,
}

impl World {
    pub(super) async fn new() -> Self {
        Log::record();
        let aws = Server::start(Aws::at(now())).await.unwrap();
        let secrets = SecretsInMemory::default();
        let links = links(&secrets);
        let accounts = Accounts::new(secrets.clone(), SecretNames::new("pagerflow"));
        let token = Some(aws::OWN_TOKEN.to_owned());
        let own = Credentials::new(aws::OWN_KEY_ID, aws::OWN_SECRET, token, None, "test");
        let accounts = AwsAccounts::new(accounts, own, way_to(aws.address(), "aws"));
        let world = Self {
            accounts: accounts.with_links(Some(links)),
            secrets,
            aws,
        };
        world.store(aws::EXTERNAL_ID, STS);
        world
    }

    /// Stores an external id for a host, as `pagerflow integration add` does.
    pub(super) fn store(&self, external_id: &str, host: &str) {
        let fields = [("role_arn", aws::ROLE), ("region", "eu-west-1")];
        let account = Account {
            secret: external_id.into(),
            fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            hosts: vec![host.parse().unwrap()],
        };
        let value = account_secret(&"aws".parse().unwrap(), &account).unwrap();
        self.secrets.put(SECRET, value);
    }

    /// The result that a state machine gets, so many seconds after the first call.
    pub(super) async fn call(&self, input: Value, seconds: i64) -> Result<Value, TaskError> {
        let answer = self.answer(input, seconds).await?;
        Ok(answer.output().cloned().unwrap_or_default())
    }

    /// The answer itself.
    pub(super) async fn answer(&self, input: Value, seconds: i64) -> Result<Answer, TaskError> {
        let now: Timestamp = now() + SignedDuration::from_secs(seconds);
        self.aws.vendor(|aws| aws.now = now);
        handle(&self.accounts, input, now).await
    }

    pub(super) async fn done(&self, input: Value) -> Value {
        self.call(input, 0).await.unwrap()
    }

    /// The error that a state machine gets. No text of it shows a secret.
    pub(super) async fn failed(&self, input: Value) -> Diagnostic {
        self.failed_at(input, 0).await
    }

    pub(super) async fn failed_at(&self, input: Value, seconds: i64) -> Diagnostic {
        let error = action_tests::failure(self.call(input, seconds).await);
        for text in [&error.error_message, &Log::text()] {
            assert!(!text.contains("not-a-real"), "{text}");
        }
        error
    }

    /// The hosts that were asked, in their order.
    pub(super) fn hosts(&self) -> Vec<String> {
        self.aws.requests().into_iter().map(|request| request.host).collect()
    }

    /// The sessions of the role, each with its name and its rights.
    pub(super) fn sessions(&self) -> Vec<(String, Vec<String>)> {
        self.aws.vendor(|aws| {
            let sessions = aws.sessions.values();
            sessions
                .map(|session| {
                    let actions = session.actions().into_iter().map(str::to_owned);
                    (session.name.clone(), actions.collect())
                })
                .collect()
        })
    }
}

/// The restart of a service, as the input of its action.
pub(super) fn restart(service: &str) -> Value {
    json!({
        "action": "aws.ecs.update_service", "integration": "prod", "cluster": "web", "service": service,
        "force_new_deployment": true,
    })
}
