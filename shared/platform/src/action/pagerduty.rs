//! The actions of PagerDuty.

use super::{
    StartError,
    call::{Done, called, used_up},
    input::{admitted, invalid},
    requests::Record,
    way::Way,
};
use crate::{
    approval_links::ApprovalLinks,
    metrics::Metrics,
    secrets::{Connection, Connections, SecretNames, SecretStore, SecretsManager},
    settings::Settings,
    task::TaskError,
};
use jiff::Timestamp;
use pagerduty::{
    actions::{Action, Performer},
    client::{ApiToken, BaseUrl, Client, Events, InvalidBaseUrl, RoutingKey},
};
use provider::{rate_limit::RateLimitMemory, transport::Transport};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::sync::Arc;
use workflow::{
    action::{ActionSpec, Adjustment, Answer},
    error_name::ErrorName,
    ids::{IntegrationAlias, RoutingKeyName},
};

/// An input that was checked.
struct Checked<I> {
    integration: IntegrationAlias,
    input: I,
    /// The input as it is sent, if the action is done for a user and the input names none.
    without_from: Option<Map<String, Value>>,
    adjusted: Vec<Adjustment>,
}

impl<I: DeserializeOwned> Checked<I> {
    /// Reads the input of an action.
    fn read(spec: &ActionSpec, input: Value) -> Result<Self, TaskError> {
        let (input, adjusted) = admitted(spec, input)?;
        let alias = input.get("integration").and_then(Value::as_str).unwrap_or_default();
        let integration = alias.parse::<IntegrationAlias>();
        let integration = integration.map_err(|error| invalid(spec, &error.to_string()))?;
        let may_have_from = spec.input("from").is_some() && input.get("from").is_none_or(Value::is_null);
        let without_from = input.as_object().filter(|_| may_have_from).cloned();
        Ok(Self {
            integration,
            input: typed(spec, input)?,
            without_from,
            adjusted,
        })
    }

    /// Has the action done for the integration's default user, if it names no other.
    fn with_default_from(mut self, spec: &ActionSpec, connection: &Connection) -> Result<Self, TaskError> {
        if let (Some(input), Some(from)) = (&self.without_from, &connection.default_from) {
            let mut input = input.clone();
            input.insert("from".to_owned(), from.as_str().into());
            self.input = typed(spec, Value::Object(input))?;
        }
        Ok(self)
    }
}

fn typed<I: DeserializeOwned>(spec: &ActionSpec, input: Value) -> Result<I, TaskError> {
    serde_json::from_value(input).map_err(|error| invalid(spec, &error.to_string()))
}

/// The PagerDuty accounts of all integrations.
#[derive(Debug)]
pub struct PagerDuty<S> {
    connections: Connections<S>,
    way: Way,
    /// The address of PagerDuty, if not that of the integration's service region.
    base_url: Option<BaseUrl>,
    /// Counted for one action of one integration, because PagerDuty also has limits for single operations: a storm of new incidents
    /// must not hold up the resolving of others.
    rate_limits: RateLimitMemory<(IntegrationAlias, Action)>,
    /// The address of its Events API, likewise.
    events_url: Option<BaseUrl>,
    /// The links for messages about approvals, where the stack has them.
    links: Option<ApprovalLinks<S>>,
}

impl PagerDuty<SecretsManager> {
    /// The accounts of a stack, by the settings `SECRETS_PREFIX`, `PAGERDUTY_API_URL`, `PAGERDUTY_EVENTS_URL` and
    /// `APPROVALS_URL`. Each request is counted, as [`MeasuredTransport`](crate::metrics::MeasuredTransport) does.
    ///
    /// # Errors
    /// A setting is missing or wrong.
    pub fn from_settings(
        client: aws_sdk_secretsmanager::Client,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, StartError> {
        let metrics = Arc::new(Metrics::of_stack(&lookup));
        let mut settings = Settings::new(lookup);
        let names = SecretNames::new(settings.required("SECRETS_PREFIX"));
        let address = |name: &str| {
            let url = settings.optional(name).map(|url| url.parse::<BaseUrl>()).transpose();
            url.map_err(|error| StartError(format!("{name}: {error}")))
        };
        let base_url = address("PAGERDUTY_API_URL")?;
        let events_url = address("PAGERDUTY_EVENTS_URL")?;
        let approvals = settings.optional("APPROVALS_URL");
        let names = settings.finish(names).map_err(|error| StartError(error.to_string()))?;
        let links = approvals.map(|address| ApprovalLinks::new(SecretsManager::new(client.clone()), &names, &address));
        let connections = Connections::new(SecretsManager::new(client), names);
        let pagerduty = Self::by(connections, Way::to_pagerduty(metrics)?, base_url);
        Ok(pagerduty.with_events_url(events_url).with_links(links))
    }
}

impl<S: SecretStore> PagerDuty<S> {
    /// Accounts that are connected to with these secrets and by this transport.
    pub fn new(connections: Connections<S>, transport: Arc<dyn Transport>, base_url: Option<BaseUrl>) -> Self {
        Self::by(connections, Way::Given(transport), base_url)
    }

    fn by(connections: Connections<S>, way: Way, base_url: Option<BaseUrl>) -> Self {
        Self {
            connections,
            way,
            base_url,
            rate_limits: RateLimitMemory::default(),
            events_url: None,
            links: None,
        }
    }

    /// With links for messages about approvals.
    #[must_use]
    pub fn with_links(self, links: Option<ApprovalLinks<S>>) -> Self {
        Self { links, ..self }
    }

    /// With its Events API at an address, if not at that of the integration's service region.
    #[must_use]
    pub fn with_events_url(self, events_url: Option<BaseUrl>) -> Self {
        Self { events_url, ..self }
    }

    /// Makes one attempt at an action, and gives its answer. `now` is the time of day at which it begins.
    ///
    /// The input is read as [`ActionSpec::admit`] says: what only decorates is made to fit. An input
    /// without `from` gets the integration's default user.
    ///
    /// # Errors
    /// `Input.Invalid`, with all that is wrong at once; those of the integration; and those of PagerDuty.
    pub async fn perform(&self, action: Action, input: Value, now: Timestamp) -> Result<Answer, TaskError> {
        action.perform(self.attempt(action, input, now)).await
    }

    /// One attempt at an action, for a function that performs no other: it names the code of its action itself, because through
    /// the registry it would have the code of all actions in it.
    pub fn attempt(
        &self,
        action: Action,
        input: Value,
        now: Timestamp,
    ) -> impl Performer<Answer = Result<Answer, TaskError>> {
        Attempt {
            pagerduty: self,
            action,
            input,
            now,
        }
    }

    /// Makes one attempt at an action of the REST API, with the token of the integration that the input names.
    ///
    /// If PagerDuty refuses the token, the secret is read again, if it was not just read. If another token, or another
    /// service region, is stored by now, the request is made once more: a refused request has done nothing. While
    /// PagerDuty's rate limit is used up, as it told an earlier call, no request is made.
    ///
    /// # Errors
    /// `Input.Invalid`, with all that is wrong at once; those of the integration; and those of PagerDuty.
    async fn rest<I: DeserializeOwned, T>(
        &self,
        action: Action,
        input: Value,
        now: Timestamp,
        request: impl AsyncFn(&Client, &ApiToken, &I) -> Result<T, pagerduty::Error>,
    ) -> Result<Done<T>, TaskError> {
        let perform = async |input, _, record: &Record| self.with_token(action, input, now, record, request).await;
        let done = called(action.spec(), self.links.as_ref(), input, now, perform).await;
        done.inspect_err(|error| self.way.failed(action.spec(), error, now))
    }

    /// Makes one attempt at an action of the Events API, with the routing key that the input names in `routing_key`.
    ///
    /// If the integration has no such key, its secret is read again, if it was not just read.
    ///
    /// # Errors
    /// As [`Self::perform`]; `Integration.Invalid` where there is no such key.
    async fn event<I: DeserializeOwned, T>(
        &self,
        action: Action,
        input: Value,
        now: Timestamp,
        request: impl AsyncFn(&Events, &RoutingKey, &I) -> Result<T, pagerduty::Error>,
    ) -> Result<Done<T>, TaskError> {
        let perform =
            async |input, _, record: &Record| self.with_routing_key(action, input, now, record, request).await;
        let done = called(action.spec(), self.links.as_ref(), input, now, perform).await;
        done.inspect_err(|error| self.way.failed(action.spec(), error, now))
    }

    async fn with_token<I: DeserializeOwned, T>(
        &self,
        action: Action,
        input: Value,
        now: Timestamp,
        record: &Record,
        request: impl AsyncFn(&Client, &ApiToken, &I) -> Result<T, pagerduty::Error>,
    ) -> Result<Done<T>, TaskError> {
        let spec = action.spec();
        let checked = Checked::<I>::read(spec, input)?;
        let integration = checked.integration.clone();
        let adjusted = checked.adjusted.clone();
        let kind = (integration.clone(), action);
        if let Some(seconds) = self.rate_limits.seconds_left(&kind, now) {
            return Err(used_up(spec, &integration, seconds).into());
        }
        let connection = self.connections.get(&integration, now).await?;
        let checked = checked.with_default_from(spec, &connection)?;
        let answer = request(
            &self.client(spec, &connection, record)?,
            &connection.token,
            &checked.input,
        )
        .await;
        let answer = match answer {
            Err(refused @ pagerduty::Error::Unauthorized(_)) => {
                let refreshed = self.connections.refreshed(&integration, now).await?;
                if (&refreshed.token, refreshed.service_region) == (&connection.token, connection.service_region) {
                    Err(refused)
                } else {
                    let checked = checked.with_default_from(spec, &refreshed)?;
                    request(
                        &self.client(spec, &refreshed, record)?,
                        &refreshed.token,
                        &checked.input,
                    )
                    .await
                }
            }
            answer => answer,
        };
        let output = answer.map_err(|error| {
            if let Some(seconds) = error.retry_after_seconds() {
                self.rate_limits.turned_away(kind, seconds, now);
            }
            TaskError::from(&error)
        })?;
        Ok(Done::new(output, adjusted))
    }

    async fn with_routing_key<I: DeserializeOwned, T>(
        &self,
        action: Action,
        input: Value,
        now: Timestamp,
        record: &Record,
        request: impl AsyncFn(&Events, &RoutingKey, &I) -> Result<T, pagerduty::Error>,
    ) -> Result<Done<T>, TaskError> {
        let spec = action.spec();
        let name = input.get("routing_key").and_then(Value::as_str).unwrap_or_default();
        let name = name.parse::<RoutingKeyName>();
        let Checked {
            integration,
            input,
            adjusted,
            ..
        } = Checked::<I>::read(spec, input)?;
        let name = name.map_err(|error| invalid(spec, &error.to_string()))?;
        let mut connection = self.connections.get(&integration, now).await?;
        if connection.routing_key(&name).is_none() {
            connection = self.connections.refreshed(&integration, now).await?;
        }
        let key = connection.routing_key(&name).ok_or_else(|| {
            TaskError::new(
                ErrorName::IntegrationInvalid,
                format!(
                    "integration `{integration}`: it has no routing key `{name}`; store it with \
                     `pagerflow integration routing-key add {integration} {name}`"
                ),
            )
        })?;
        let base_url = at(self.events_url.as_ref(), BaseUrl::of_events(connection.service_region))?;
        let answer = request(
            &Events::new(self.way.transport(spec, None, record)?, base_url),
            key,
            &input,
        )
        .await;
        let output = answer.map_err(|error| TaskError::from(&error))?;
        Ok(Done::new(output, adjusted))
    }

    fn client(&self, spec: &ActionSpec, connection: &Connection, record: &Record) -> Result<Client, TaskError> {
        let base_url = at(self.base_url.as_ref(), BaseUrl::of(connection.service_region))?;
        Ok(Client::new(self.way.transport(spec, None, record)?, base_url))
    }
}

/// The address that is set, or else that of the service region.
fn at(set: Option<&BaseUrl>, of_region: Result<BaseUrl, InvalidBaseUrl>) -> Result<BaseUrl, TaskError> {
    match set {
        Some(set) => Ok(set.clone()),
        None => of_region.map_err(|error| TaskError::new(ErrorName::IntegrationInvalid, error.to_string())),
    }
}

/// One attempt at an action.
struct Attempt<'a, S> {
    pagerduty: &'a PagerDuty<S>,
    action: Action,
    input: Value,
    now: Timestamp,
}

impl<S: SecretStore> Performer for Attempt<'_, S> {
    type Answer = Result<Answer, TaskError>;

    async fn rest<I: DeserializeOwned, O: Serialize>(
        self,
        run: impl AsyncFn(&Client, &ApiToken, &I, Timestamp) -> Result<O, pagerduty::Error>,
    ) -> Self::Answer {
        let now = self.now;
        let request = async |client: &Client, token: &ApiToken, input: &I| run(client, token, input, now).await;
        let done = self.pagerduty.rest(self.action, self.input, now, request).await?;
        done.written(self.action.spec())
    }

    async fn event<I: DeserializeOwned, O: Serialize>(
        self,
        run: impl AsyncFn(&Events, &RoutingKey, &I, Timestamp) -> Result<O, pagerduty::Error>,
    ) -> Self::Answer {
        let now = self.now;
        let request = async |events: &Events, key: &RoutingKey, input: &I| run(events, key, input, now).await;
        let done = self.pagerduty.event(self.action, self.input, now, request).await?;
        done.written(self.action.spec())
    }
}

#[cfg(test)]
mod tests;
