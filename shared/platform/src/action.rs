//! The shared part of the functions of actions: reading the input, and calling PagerDuty with the right token.

use crate::{
    approval_links::{ApprovalLinks, replace_in_texts},
    metrics::{MeasuredTransport, Metrics},
    secrets::{Connection, Connections, SecretError, SecretNames, SecretStore, SecretsManager},
    settings::Settings,
    task::TaskError,
};
use jiff::{SignedDuration, Timestamp};
use pagerduty::{
    actions::{Action, Performer},
    client::{ApiToken, BaseUrl, Client, Events, InvalidBaseUrl, RoutingKey},
    error::named,
};
use provider::{
    http::{ConnectionError, Http},
    rate_limit::RateLimitMemory,
    transport::Transport,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::{sync::Arc, time::Instant};
use workflow::{
    action::{Adjustment, Admitted},
    approval,
    error_name::{ErrorName, SystemError},
    ids::{ApprovalId, IntegrationAlias, RoutingKeyName},
    planner::Failure,
    run::Caller,
};

/// What a run tells an action beyond the input that the workflow's author wrote. A caller outside a run may give
/// `idempotency_key`, so that a repeat of the call does no harm.
const CALL_FIELDS: &[&str] = &["idempotency_key", "attempt", "deadline", "intended_at"];

/// The run and step that call.
const CALLER: &str = "caller";

/// The field of a call with the approval that it is a message about.
pub const APPROVAL: &str = "approval";

/// The name of the action that is called.
const ACTION: &str = "action";

/// The time when the state that calls was entered.
const ENTERED_AT: &str = "entered_at";

/// The most that an input may take, in bytes of JSON. PagerDuty's Events API takes a body of 512 KiB; the rest is room for what
/// is put around the input. A run has less room, and has seen to it.
const INPUT_BYTES: usize = 480 * 1024;

/// The result of an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Done<T> {
    #[serde(flatten)]
    output: T,
    /// What of the input was changed so that PagerDuty takes it. There is nothing for a run, which has done that before it
    /// calls and keeps it in the record of the step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    adjusted: Vec<Adjustment>,
    /// The link that was put into the input. It does not go back to the run, whatever the answer says again.
    #[serde(skip)]
    link: Option<String>,
}

/// The message of the state machine of the stack to the function of an action.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StateMachineCall {
    action: String,
    call: Map<String, Value>,
    /// By the clock of Step Functions.
    entered_at: Timestamp,
}

/// The input of an action out of what its function is called with. The state machine of the stack puts around it the action's name, and
/// when its state was entered: the call has its time from then on, however long the function takes to begin. Anybody else sends the
/// input alone, with the name of the action in it.
#[must_use]
pub fn input_of(payload: Value) -> Value {
    match StateMachineCall::deserialize(&payload) {
        Ok(StateMachineCall {
            action,
            mut call,
            entered_at,
        }) => {
            call.insert(ACTION.to_owned(), action.into());
            call.insert(ENTERED_AT.to_owned(), entered_at.to_string().into());
            Value::Object(call)
        }
        Err(_) => payload,
    }
}

/// Has the call end when its own time is over, if the time of the whole step does not end before.
fn limit(action: Action, input: &mut Map<String, Value>) {
    let time = |value: Value| value.as_str()?.parse::<Timestamp>().ok();
    let Some(entered_at) = input.remove(ENTERED_AT).and_then(time) else {
        return;
    };
    let call = SignedDuration::from_secs(action.spec().timeout_seconds.into());
    let ends = entered_at.checked_add(call).unwrap_or(Timestamp::MAX);
    let of_step = input.get("deadline").cloned().and_then(time);
    let ends = of_step.map_or(ends, |of_step| of_step.min(ends));
    input.insert("deadline".to_owned(), ends.to_string().into());
}

/// Takes the name of the action out of an input. A function that performs one action need not be told it.
fn take_name(action: Action, input: &mut Value) -> Result<(), TaskError> {
    match input.as_object_mut().and_then(|fields| fields.remove(ACTION)) {
        Some(named) if named != *action.spec().name => {
            Err(invalid(action, &format!("`action` is {named}, which is another one")))
        }
        _ => Ok(()),
    }
}

fn invalid(action: Action, problems: &str) -> TaskError {
    TaskError::new(
        ErrorName::InputInvalid,
        format!("the input of {action} cannot be used: {problems}"),
    )
}

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
    fn read(action: Action, mut input: Value) -> Result<Self, TaskError> {
        take_name(action, &mut input)?;
        let spec = action.spec();
        let admitted = spec.admit(input, CALL_FIELDS, INPUT_BYTES);
        let Admitted { input, adjusted } = admitted.map_err(|problems| invalid(action, &problems.join("; ")))?;
        if !adjusted.is_empty() {
            let adjusted = adjusted.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            tracing::warn!(%action, adjusted, "the input of the action was adjusted");
        }
        let alias = input.get("integration").and_then(Value::as_str).unwrap_or_default();
        let integration = alias.parse::<IntegrationAlias>();
        let integration = integration.map_err(|error| invalid(action, &error.to_string()))?;
        let may_have_from = spec.input("from").is_some() && input.get("from").is_none_or(Value::is_null);
        let without_from = input.as_object().filter(|_| may_have_from).cloned();
        Ok(Self {
            integration,
            input: typed(action, input)?,
            without_from,
            adjusted,
        })
    }

    /// Has the action done for the integration's default user, if it names no other.
    fn with_default_from(mut self, action: Action, connection: &Connection) -> Result<Self, TaskError> {
        if let (Some(input), Some(from)) = (&self.without_from, &connection.default_from) {
            let mut input = input.clone();
            input.insert("from".to_owned(), from.as_str().into());
            self.input = typed(action, Value::Object(input))?;
        }
        Ok(self)
    }
}

fn typed<I: DeserializeOwned>(action: Action, input: Value) -> Result<I, TaskError> {
    serde_json::from_value(input).map_err(|error| invalid(action, &error.to_string()))
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

/// The way to PagerDuty.
#[derive(Debug)]
enum Way {
    /// The network, and where its requests are counted.
    Network { http: Box<Http>, metrics: Arc<Metrics> },
    /// A way that a test or a simulation gives.
    Given(Arc<dyn Transport>),
}

impl Way {
    /// The way of one attempt at an action. Its requests share a connection.
    fn transport(&self) -> Result<Arc<dyn Transport>, TaskError> {
        match self {
            Self::Network { http, metrics } => {
                let session = http.session().map_err(|error| unusable(&error))?;
                let metrics = Arc::clone(metrics);
                Ok(Arc::new(MeasuredTransport::new(session, metrics, Timestamp::now)))
            }
            Self::Given(transport) => Ok(Arc::clone(transport)),
        }
    }
}

/// Nothing was sent.
fn unusable(error: &ConnectionError) -> TaskError {
    TaskError::new(named(SystemError::Unavailable), error.to_string())
}

/// A function cannot start.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

impl PagerDuty<SecretsManager> {
    /// The accounts of a stack, by the settings `SECRETS_PREFIX`, `PAGERDUTY_API_URL`, `PAGERDUTY_EVENTS_URL` and
    /// `APPROVALS_URL`. Each request is
    /// counted, as [`MeasuredTransport`] does.
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
        let http = Box::new(Http::new().map_err(|error| StartError(error.to_string()))?);
        let links = approvals.map(|address| ApprovalLinks::new(SecretsManager::new(client.clone()), &names, &address));
        let connections = Connections::new(SecretsManager::new(client), names);
        let pagerduty = Self::by(connections, Way::Network { http, metrics }, base_url);
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

    /// Makes one attempt at an action, and gives its output as JSON. `now` is the time of day at which it begins.
    ///
    /// The input is read as [`ActionSpec::admit`](workflow::action::ActionSpec::admit) says: what only decorates is made to fit. An input
    /// without `from` gets the integration's default user.
    ///
    /// # Errors
    /// `Input.Invalid`, with all that is wrong at once; those of the integration; and those of PagerDuty.
    pub async fn perform(&self, action: Action, input: Value, now: Timestamp) -> Result<Value, TaskError> {
        action.perform(self.attempt(action, input, now)).await
    }

    /// One attempt at an action, for a function that performs no other: it names the code of its action itself, because through
    /// the registry it would have the code of all actions in it.
    pub fn attempt(
        &self,
        action: Action,
        input: Value,
        now: Timestamp,
    ) -> impl Performer<Answer = Result<Value, TaskError>> {
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
        mut input: Value,
        now: Timestamp,
        request: impl AsyncFn(&Client, &ApiToken, &I) -> Result<T, pagerduty::Error>,
    ) -> Result<Done<T>, TaskError> {
        let call = Call::begin(action, &mut input);
        call.told(match self.with_link(action, &mut input, now).await {
            Ok(link) => self
                .with_token(action, input, now, request)
                .await
                .map(|done| Done { link, ..done }),
            Err(error) => Err(error),
        })
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
        mut input: Value,
        now: Timestamp,
        request: impl AsyncFn(&Events, &RoutingKey, &I) -> Result<T, pagerduty::Error>,
    ) -> Result<Done<T>, TaskError> {
        let call = Call::begin(action, &mut input);
        call.told(match self.with_link(action, &mut input, now).await {
            Ok(link) => {
                let done = self.with_routing_key(action, input, now, request).await;
                done.map(|done| Done { link, ..done })
            }
            Err(error) => Err(error),
        })
    }

    /// Puts the link of the approval that a call is about into its texts, and gives the link. A call that is about none has no link put into it, whatever
    /// its texts say: they may be those of an event.
    async fn with_link(&self, action: Action, input: &mut Value, now: Timestamp) -> Result<Option<String>, TaskError> {
        let Some(approval) = input.as_object_mut().and_then(|fields| fields.remove(APPROVAL)) else {
            return Ok(None);
        };
        let id = approval.as_str().and_then(|id| id.parse::<ApprovalId>().ok());
        let id = id.ok_or_else(|| invalid(action, "`approval` is not the id of an approval"))?;
        let links = self.links.as_ref();
        let links = links.ok_or_else(|| invalid(action, "the function has no APPROVALS_URL for the link in it"))?;
        let link = links.link(&id, now).await.map_err(|error| match &error {
            SecretError::Unavailable { .. } => TaskError::new(ErrorName::IntegrationUnavailable, error.to_string()),
            SecretError::NotFound(_) | SecretError::Invalid { .. } => {
                TaskError::new(ErrorName::IntegrationInvalid, error.to_string())
            }
        })?;
        replace_in_texts(input, approval::LINK, &link);
        Ok(Some(link))
    }

    async fn with_token<I: DeserializeOwned, T>(
        &self,
        action: Action,
        input: Value,
        now: Timestamp,
        request: impl AsyncFn(&Client, &ApiToken, &I) -> Result<T, pagerduty::Error>,
    ) -> Result<Done<T>, TaskError> {
        let checked = Checked::<I>::read(action, input)?;
        let integration = checked.integration.clone();
        let adjusted = checked.adjusted.clone();
        let kind = (integration.clone(), action);
        if let Some(seconds) = self.rate_limits.seconds_left(&kind, now) {
            return Err(used_up(&integration, seconds).into());
        }
        let connection = self.connections.get(&integration, now).await?;
        let checked = checked.with_default_from(action, &connection)?;
        let answer = request(&self.client(&connection)?, &connection.token, &checked.input).await;
        let answer = match answer {
            Err(refused @ pagerduty::Error::Unauthorized(_)) => {
                let refreshed = self.connections.refreshed(&integration, now).await?;
                if (&refreshed.token, refreshed.service_region) == (&connection.token, connection.service_region) {
                    Err(refused)
                } else {
                    let checked = checked.with_default_from(action, &refreshed)?;
                    request(&self.client(&refreshed)?, &refreshed.token, &checked.input).await
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
        Ok(Done {
            output,
            adjusted,
            link: None,
        })
    }

    async fn with_routing_key<I: DeserializeOwned, T>(
        &self,
        action: Action,
        input: Value,
        now: Timestamp,
        request: impl AsyncFn(&Events, &RoutingKey, &I) -> Result<T, pagerduty::Error>,
    ) -> Result<Done<T>, TaskError> {
        let name = input.get("routing_key").and_then(Value::as_str).unwrap_or_default();
        let name = name.parse::<RoutingKeyName>();
        let Checked {
            integration,
            input,
            adjusted,
            ..
        } = Checked::<I>::read(action, input)?;
        let name = name.map_err(|error| invalid(action, &error.to_string()))?;
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
        let answer = request(&Events::new(self.way.transport()?, base_url), key, &input).await;
        let output = answer.map_err(|error| TaskError::from(&error))?;
        Ok(Done {
            output,
            adjusted,
            link: None,
        })
    }

    fn client(&self, connection: &Connection) -> Result<Client, TaskError> {
        let base_url = at(self.base_url.as_ref(), BaseUrl::of(connection.service_region))?;
        Ok(Client::new(self.way.transport()?, base_url))
    }
}

/// The refusal of a request that PagerDuty would turn away.
fn used_up(integration: &IntegrationAlias, seconds: u32) -> Failure {
    let message = format!(
        "PagerDuty's rate limit for integration `{integration}` is used up, as it told another run; nothing was sent"
    );
    Failure {
        retry_after_seconds: Some(seconds),
        ..Failure::new(named(SystemError::RateLimited), message)
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
    type Answer = Result<Value, TaskError>;

    async fn rest<I: DeserializeOwned, O: Serialize>(
        self,
        run: impl AsyncFn(&Client, &ApiToken, &I, Timestamp) -> Result<O, pagerduty::Error>,
    ) -> Self::Answer {
        let now = self.now;
        let request = async |client: &Client, token: &ApiToken, input: &I| run(client, token, input, now).await;
        let done = self.pagerduty.rest(self.action, self.input, now, request).await?;
        written(self.action, &done)
    }

    async fn event<I: DeserializeOwned, O: Serialize>(
        self,
        run: impl AsyncFn(&Events, &RoutingKey, &I, Timestamp) -> Result<O, pagerduty::Error>,
    ) -> Self::Answer {
        let now = self.now;
        let request = async |events: &Events, key: &RoutingKey, input: &I| run(events, key, input, now).await;
        let done = self.pagerduty.event(self.action, self.input, now, request).await?;
        written(self.action, &done)
    }
}

fn written<T: Serialize>(action: Action, done: &Done<T>) -> Result<Value, TaskError> {
    // Outputs are made of texts, numbers and lists, so that this never fails; if it did, the action would be done all the same.
    let mut output = serde_json::to_value(done).map_err(|error| {
        TaskError::new(
            named(SystemError::OutcomeUnknown),
            format!("{action} was done, but what it gave cannot be written: {error}"),
        )
    })?;
    if let Some(link) = &done.link {
        replace_in_texts(&mut output, link, approval::LINK);
    }
    Ok(output)
}

/// A call of an action, for the log.
struct Call {
    action: Action,
    caller: Option<Caller>,
    attempt: Option<u64>,
    begun: Instant,
}

impl Call {
    /// Takes the caller and the time of the call out of the input. A caller that cannot be read is left out: nothing may fail because of the log.
    fn begin(action: Action, input: &mut Value) -> Self {
        let mut fields = input.as_object_mut();
        let caller = fields.as_mut().and_then(|fields| fields.remove(CALLER));
        if let Some(fields) = fields {
            limit(action, fields);
        }
        Self {
            action,
            caller: caller.and_then(|caller| serde_json::from_value(caller).ok()),
            attempt: input.get("attempt").and_then(Value::as_u64),
            begun: Instant::now(),
        }
    }

    /// Logs how it went.
    fn told<T>(self, answer: Result<Done<T>, TaskError>) -> Result<Done<T>, TaskError> {
        let Self { action, attempt, .. } = self;
        let duration_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let caller = self.caller.as_ref();
        let run = caller.map(|caller| caller.run.to_string());
        let workflow = caller.map(|caller| caller.workflow.to_string());
        let lane = caller.map(|caller| caller.lane.to_string());
        let step = caller.map(|caller| caller.step.to_string());
        let event_id = caller.and_then(|caller| caller.event_id.as_deref());
        match &answer {
            Ok(_) => {
                tracing::info!(run, workflow, event_id, lane, step, %action, attempt, duration_ms, "action done");
            }
            Err(error) => {
                tracing::warn!(run, workflow, event_id, lane, step, %action, attempt, duration_ms, %error, "action failed");
            }
        }
        answer
    }
}

#[cfg(test)]
mod tests;
