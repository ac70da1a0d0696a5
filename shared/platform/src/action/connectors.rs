//! The actions of all connectors.

use super::{
    StartError,
    call::{Done, called, used_up},
    input::{admitted, invalid},
    outputs,
    own::OwnConnectors,
    reach::Reach,
    requests::Record,
    way::Way,
};
use crate::{
    approval_links::ApprovalLinks,
    secrets::{Accounts, SecretStore, SecretsManager},
    task::TaskError,
};
use connectors::{AccessTokens, Account, Action, Asked, Call, Connector, InvalidAccount, Performed, perform};
use jiff::Timestamp;
use provider::{rate_limit::RateLimitMemory, transport::Transport};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use std::sync::Arc;
use workflow::{
    action::{ActionSpec, Answer, LOOK, Text},
    error_name::{ErrorName, NamedError, SystemError},
    ids::{IntegrationAlias, IntegrationTypeName},
};

/// The accounts of all integrations of connectors.
#[derive(Debug)]
pub struct Connectors<S> {
    accounts: Accounts<S>,
    way: Way,
    /// Access tokens that secrets have bought.
    tokens: AccessTokens,
    /// Connectors that came with calls.
    own: OwnConnectors,
    /// Counted for one action of one integration: systems have limits for single operations.
    rate_limits: RateLimitMemory<(IntegrationAlias, Text)>,
    /// The links for messages about approvals, where the stack has them.
    links: Option<ApprovalLinks<S>>,
}

impl Connectors<SecretsManager> {
    /// The accounts of a stack, by the settings `SECRETS_PREFIX`, `APPROVALS_URL`, `CONNECTOR_PRIVATE_NETWORKS` and `CONNECTORS_URL`. Each
    /// request is counted, as [`MeasuredTransport`](crate::metrics::MeasuredTransport) does.
    ///
    /// # Errors
    /// A setting is missing or wrong.
    pub fn from_settings(
        client: aws_sdk_secretsmanager::Client,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, StartError> {
        let Reach { accounts, links, way } = Reach::from_settings(client, "CONNECTORS_URL", lookup)?;
        Ok(Self::by(accounts, way).with_links(links))
    }
}

impl<S: SecretStore> Connectors<S> {
    /// Accounts with these secrets, whose systems are asked by this transport.
    pub fn new(accounts: Accounts<S>, transport: Arc<dyn Transport>) -> Self {
        Self::by(accounts, Way::Given(transport))
    }

    fn by(accounts: Accounts<S>, way: Way) -> Self {
        Self {
            accounts,
            way,
            tokens: AccessTokens::default(),
            own: OwnConnectors::default(),
            rate_limits: RateLimitMemory::default(),
            links: None,
        }
    }

    /// With links for messages about approvals.
    #[must_use]
    pub fn with_links(self, links: Option<ApprovalLinks<S>>) -> Self {
        Self { links, ..self }
    }

    /// The connector of the user's own of which a call has a part along. Its name is none that comes with the program, so it can act only
    /// through integrations of a type of its own.
    ///
    /// # Errors
    /// `Input.Invalid`, with all that is wrong with it.
    pub fn own(&self, part: &Value) -> Result<Arc<Connector>, TaskError> {
        self.own.read(part)
    }

    /// Makes one attempt at an action of a connector, and gives its answer. `now` is the time of day at which it begins.
    ///
    /// The input is read as [`ActionSpec::admit`] says: what only decorates is made to fit. If the system refuses the secret, it is read
    /// again, if it was not just read. If another one, or other fields or hosts, are stored by now, the attempt is made once more: a refused
    /// request has done nothing. While the system's rate limit is used up, as it told an earlier call, no request is made.
    ///
    /// # Errors
    /// `Input.Invalid`, with all that is wrong at once; those of the integration; and those of the system.
    pub async fn perform(
        &self,
        connector: &Connector,
        action: &Action,
        input: Value,
        now: Timestamp,
    ) -> Result<Answer, TaskError> {
        let perform =
            async |input, asked, record: &Record| self.attempt(connector, action, input, asked, now, record).await;
        let done = called(action.spec(), self.links.as_ref(), input, now, perform).await;
        let done = done.inspect_err(|error| self.way.failed(action.spec(), error, now))?;
        done.written(action.spec())
    }

    async fn attempt(
        &self,
        connector: &Connector,
        action: &Action,
        input: Value,
        asked: Option<Asked>,
        now: Timestamp,
        record: &Record,
    ) -> Result<Done<Map<String, Value>>, TaskError> {
        let spec = action.spec();
        let (input, adjusted) = admitted(spec, input)?;
        let Told { integration, call } = Told::read(connector, action, input, asked, now)?;
        let kind = (integration.clone(), spec.name.clone());
        if let Some(seconds) = self.rate_limits.seconds_left(&kind, now) {
            return Err(used_up(spec, &integration, seconds).into());
        }
        let of_type = type_of(connector, spec)?;
        let account = self.accounts.get(&of_type, &integration, now).await?;
        let ask = async |call, account: &Account| {
            let roots = connector.integration().roots(&account.fields);
            let roots = roots.map_err(|problem| unusable(&integration, &problem))?;
            let name = Some(connector.name().as_str());
            let transport = self.way.transport_trusting(roots.as_ref(), spec, name, record)?;
            Ok::<_, TaskError>(perform(call, account, &*transport, &self.tokens).await)
        };
        let again = call.clone();
        let answer = ask(call, &account).await?;
        let answer = match answer {
            Err(refused) if is_unauthorized(&refused) => {
                let refreshed = self.accounts.refreshed(&of_type, &integration, now).await?;
                if is_same(&account, &refreshed) {
                    Err(refused)
                } else {
                    ask(again, &refreshed).await?
                }
            }
            answer => answer,
        };
        let performed = answer.map_err(|error| {
            if let Some(seconds) = error.retry_after_seconds() {
                self.rate_limits.turned_away(kind, seconds, now);
            }
            TaskError::from(&error)
        })?;
        Ok(match performed {
            Performed::Done(output) => Done::new(outputs::fitted(output), adjusted),
            Performed::NotYet { look, after_seconds } => Done::not_yet(look, after_seconds, adjusted),
        })
    }
}

/// An input, taken apart: for which integration, and the call.
struct Told<'a> {
    integration: IntegrationAlias,
    call: Call<'a>,
}

impl<'a> Told<'a> {
    fn read(
        connector: &'a Connector,
        action: &'a Action,
        input: Value,
        asked: Option<Asked>,
        now: Timestamp,
    ) -> Result<Self, TaskError> {
        let spec = action.spec();
        let Value::Object(mut input) = input else {
            return Err(invalid(spec, "it is not an object"));
        };
        let alias = input.get("integration").and_then(Value::as_str).unwrap_or_default();
        let integration = alias.parse::<IntegrationAlias>();
        let integration = integration.map_err(|error| invalid(spec, &error.to_string()))?;
        let idempotency_key = field(&mut input, "idempotency_key", "a text", spec, |value| {
            value.as_str().map(str::to_owned)
        })?;
        let attempt = field(&mut input, "attempt", "a number of an attempt", spec, |value| {
            u32::try_from(value.as_u64()?).ok()
        })?;
        let look = input.remove(LOOK).filter(|value| !value.is_null());
        let time = |value: &Value| value.as_str()?.parse::<Timestamp>().ok();
        let deadline = field(&mut input, "deadline", "a time", spec, time)?;
        Ok(Self {
            integration,
            call: Call {
                connector,
                action,
                input,
                idempotency_key,
                attempt,
                look,
                deadline,
                now,
                approval: asked,
            },
        })
    }
}

/// Takes what a run tells beside the input. Null counts as left out.
pub(super) fn field<T>(
    input: &mut Map<String, Value>,
    name: &str,
    wanted: &str,
    spec: &ActionSpec,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Option<T>, TaskError> {
    let value = input.remove(name).filter(|value| !value.is_null());
    let wrong = || invalid(spec, &format!("`{name}` is not {wanted}"));
    value.map(|value| read(&value).ok_or_else(wrong)).transpose()
}

/// The error for an account that has been stored and cannot be used.
fn unusable(integration: &IntegrationAlias, problem: &InvalidAccount) -> TaskError {
    let message = format!(
        "the integration `{integration}` cannot be used: {problem}\nStore its fields again with `pagerflow integration add {integration}`."
    );
    TaskError::new(ErrorName::IntegrationInvalid, message)
}

fn type_of(connector: &Connector, spec: &ActionSpec) -> Result<IntegrationTypeName, TaskError> {
    let name = connector.name().as_str().parse::<IntegrationTypeName>();
    name.map_err(|error| invalid(spec, &error.to_string()))
}

fn is_unauthorized(error: &connectors::Error) -> bool {
    matches!(error.name(), NamedError::System(_, SystemError::Unauthorized))
}

pub(super) fn is_same(a: &Account, b: &Account) -> bool {
    a.secret.expose_secret() == b.secret.expose_secret() && a.fields == b.fields && a.hosts == b.hosts
}
