//! The actions on AWS, in the accounts of integrations.
//!
//! An integration names a role of an account. Each step takes it on for itself, with no more rights than its operation needs, and
//! under a name by which CloudTrail tells the run and the step.
//!
//! # Layout
//! - `asked` — the input of a call, taken apart.
//! - `role` — the role of an integration.
//! - `session` — credentials of a role for one step.
//! - `attempt` — one attempt at an action.
//! - `failure` — errors, in words.
//! - `history` — the lists of an answer that tell what has happened to things.

mod asked;
mod attempt;
mod failure;
mod history;
mod role;
mod session;

use self::{
    asked::Asked,
    attempt::{Attempt, Outcome},
    failure::Refused,
    role::Role,
    session::Sessions,
};
use super::{
    StartError,
    call::{Done, called, used_up},
    connectors::is_same,
    input::{admitted, invalid},
    reach::Reach,
    requests::Record,
    way::Way,
};
use crate::{
    approval_links::ApprovalLinks,
    secrets::{Accounts, SecretStore, SecretsManager},
    task::TaskError,
};
use aws_actions::{Action, integration::TYPE};
use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use jiff::Timestamp;
use provider::{rate_limit::RateLimitMemory, transport::Transport};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use workflow::{
    action::{ActionSpec, Answer, Text},
    error_name::ErrorName,
    ids::{IntegrationAlias, IntegrationTypeName},
};

/// The accounts of all integrations with AWS.
#[derive(Debug)]
pub struct AwsAccounts<S> {
    accounts: Accounts<S>,
    /// The function's own credentials, which may take on roles and nothing else in other accounts.
    own: SharedCredentialsProvider,
    way: Way,
    sessions: Sessions,
    /// Counted for one operation in one region of an integration, as AWS does.
    rate_limits: RateLimitMemory<(IntegrationAlias, String, Text)>,
    /// The links for messages about approvals, where the stack has them.
    links: Option<ApprovalLinks<S>>,
}

impl AwsAccounts<SecretsManager> {
    /// The accounts of a stack, by the settings `SECRETS_PREFIX`, `APPROVALS_URL` and `CONNECTOR_PRIVATE_NETWORKS`, and by
    /// `AWS_ENDPOINT_URL`, which is that of a local AWS: all requests go there, so it has to be on this machine. Each request is
    /// counted, as [`MeasuredTransport`](crate::metrics::MeasuredTransport) does.
    ///
    /// # Errors
    /// A setting is missing or wrong, or the configuration has no credentials.
    pub fn from_settings(config: &SdkConfig, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, StartError> {
        let own = config.credentials_provider();
        let own = own.ok_or_else(|| StartError("the function has no credentials of its own".to_owned()))?;
        let client = aws_sdk_secretsmanager::Client::new(config);
        let Reach { accounts, links, way } = Reach::from_settings(client, "AWS_ENDPOINT_URL", lookup)?;
        Ok(Self::by(accounts, own, way).with_links(links))
    }
}

impl<S: SecretStore> AwsAccounts<S> {
    /// Accounts with these secrets, whose roles are taken on with these credentials. AWS is asked by this transport.
    pub fn new(accounts: Accounts<S>, own: impl ProvideCredentials + 'static, transport: Arc<dyn Transport>) -> Self {
        Self::by(accounts, SharedCredentialsProvider::new(own), Way::Given(transport))
    }

    fn by(accounts: Accounts<S>, own: SharedCredentialsProvider, way: Way) -> Self {
        Self {
            accounts,
            own,
            way,
            sessions: Sessions::default(),
            rate_limits: RateLimitMemory::default(),
            links: None,
        }
    }

    /// With links for messages about approvals.
    #[must_use]
    pub fn with_links(self, links: Option<ApprovalLinks<S>>) -> Self {
        Self { links, ..self }
    }

    /// Makes one attempt at an action, and gives its answer. `now` is the time of day at which it begins, and the one that
    /// its requests are signed for.
    ///
    /// A wait for a state looks once, and is not done until the state is there. Each look is the same request, so there is nothing to remember
    /// from one to the next.
    ///
    /// The input is read as [`ActionSpec::admit`] says. If the role cannot be taken on, the account is read again, if it was not just
    /// read; if another one is stored by now, the attempt is made once more: nothing was sent to the service yet. While AWS asks for a
    /// pause, as it told an earlier call, no request is made.
    ///
    /// # Errors
    /// `Input.Invalid`, with all that is wrong at once; those of the integration; and those of AWS.
    pub async fn perform(&self, action: &Action, input: Value, now: Timestamp) -> Result<Answer, TaskError> {
        let spec = action.spec();
        let session_name = session::name(&input);
        let perform =
            async |input, _, record: &Record| self.attempt(action, &spec, session_name, input, now, record).await;
        let done = called(&spec, self.links.as_ref(), input, now, perform).await;
        let done = done.inspect_err(|error| self.way.failed(&spec, error, now))?;
        done.written(&spec)
    }

    async fn attempt(
        &self,
        action: &Action,
        spec: &ActionSpec,
        session_name: String,
        input: Value,
        now: Timestamp,
        record: &Record,
    ) -> Result<Done<Map<String, Value>>, TaskError> {
        let (input, adjusted) = admitted(spec, input)?;
        let asked = Asked::read(spec, input, now)?;
        let integration = asked.integration.clone();
        let of_type = TYPE.parse::<IntegrationTypeName>();
        let of_type = of_type.map_err(|error| invalid(spec, &error.to_string()))?;
        let account = self.accounts.get(&of_type, &integration, now).await?;
        let role = |account| {
            Role::read(account).map_err(|problem| {
                let message = format!("integration `{integration}` cannot be used: {problem}");
                TaskError::new(ErrorName::IntegrationInvalid, message)
            })
        };
        let role_now = role(&account)?;
        let region = asked.region.clone().unwrap_or_else(|| role_now.place.name().to_owned());
        let kind = (integration.clone(), region, spec.name.clone());
        if let Some(seconds) = self.rate_limits.seconds_left(&kind, now) {
            return Err(used_up(spec, &integration, seconds).into());
        }
        // The type is the name by which the requests are counted as well.
        let transport = self.way.transport(spec, Some(TYPE), record)?;
        let attempt = Attempt {
            action,
            spec,
            asked: &asked,
            session_name: &session_name,
            sessions: &self.sessions,
            own: &self.own,
            transport: &*transport,
            now,
        };
        let outcome = match attempt.run(&role_now).await {
            Err(Refused {
                of_role: true, failure, ..
            }) => {
                let refreshed = self.accounts.refreshed(&of_type, &integration, now).await?;
                if is_same(&account, &refreshed) {
                    return Err(failure.into());
                }
                attempt.run(&role(&refreshed)?).await
            }
            outcome => outcome,
        };
        let outcome = outcome.map_err(|refused| {
            if let Some(seconds) = refused.hold_seconds {
                self.rate_limits.turned_away(kind, seconds, now);
            }
            TaskError::from(refused.failure)
        })?;
        Ok(match outcome {
            Outcome::Done(outputs) => Done::new(outputs, adjusted),
            Outcome::NotYet { after_seconds } => Done::not_yet(json!({}), after_seconds, adjusted),
        })
    }
}
