//! The actions: the shipped functions, with what is made to go wrong.

mod aws;

use crate::{
    account::{Account, Fault},
    intervention::{Effect, Intervention},
    made_up,
    report::Request,
};
use connectors::{Asked, Call, Connector, preview, shipped_connector};
use jiff::Timestamp;
use pagerduty::actions::Action;
use pagerduty::client::{ServiceRegion, TokenKind};
use platform::{
    action::{APPROVAL, MessageAbout, PagerDuty, input_of},
    approval_links::{ApprovalLinks, replace_in_texts},
    catalog,
    secrets::{Connections, SecretError, SecretNames, SecretStore},
    task::TaskError,
};
use provider::transport::Transport;
use reqwest::StatusCode;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use workflow::{
    action::{ActionSpec, Answer, LOOK, Requests},
    approval,
    error_name::{NamedError, SystemError, SystemName},
    planner::Failure,
};

/// Performs actions.
#[derive(Debug)]
pub(crate) struct Performer {
    account: Arc<Account>,
}

/// The result of a call, and the requests that it made.
#[derive(Debug)]
pub(crate) struct Performed {
    pub(crate) result: Result<Answer, Failure>,
    pub(crate) requests: Vec<Request>,
    /// The outputs that were made up.
    pub(crate) made_up: Vec<String>,
}

/// An action that a command can name.
#[derive(Debug, Clone)]
pub(crate) enum Callee {
    /// One of PagerDuty.
    PagerDuty(Action),
    /// One of a connector.
    Connector(&'static Connector, &'static connectors::Action),
    /// One of a connector of the user's own, which the command has along.
    Own(Box<Connector>, Box<connectors::Action>),
    /// One on AWS.
    Aws(aws_actions::Action, &'static ActionSpec),
}

impl Callee {
    /// The action of that name, which is called with this input.
    pub(crate) fn parse(name: &str, input: &Value) -> Option<Self> {
        if let Some(action) = Action::parse(name) {
            return Some(Self::PagerDuty(action));
        }
        if let Some(action) = aws_actions::Action::named(name) {
            return Some(Self::Aws(action, catalog().action(name)?));
        }
        let (connector, action) = name.split_once('.')?;
        if let Some(part) = input.get("connector") {
            let connector = Connector::from_part(part).ok()?;
            let action = connector.action(action)?.clone();
            return Some(Self::Own(Box::new(connector), Box::new(action)));
        }
        let connector = shipped_connector(connector)?;
        Some(Self::Connector(connector, connector.action(action)?))
    }

    pub(crate) fn spec(&self) -> &ActionSpec {
        match self {
            Self::PagerDuty(action) => action.spec(),
            Self::Connector(_, action) => action.spec(),
            Self::Own(_, action) => action.spec(),
            Self::Aws(_, spec) => spec,
        }
    }
}

/// The secrets of integrations: whichever is asked for is there, with the routing key that is asked for, and opens the one
/// account. It names no default user: who that is, is not known here.
#[derive(Debug)]
struct AnyIntegration {
    /// The name of the routing key.
    routing_key: Option<String>,
}

/// The address of the links of approvals. The report has [`approval::LINK`] in place of a link.
const APPROVALS: &str = "https://approvals.invalid";

/// A text that has the form of the secret for the links of approvals.
const LINK_SECRET: &str = "00000000000000000000000000000000";

/// The prefix of the names of secrets.
const PREFIX: &str = "rehearsal";

/// A text that has the form of a routing key.
const ROUTING_KEY: &str = "00000000000000000000000000000000";

impl SecretStore for AnyIntegration {
    async fn read(&self, name: &str) -> Result<SecretString, SecretError> {
        if name == SecretNames::new(PREFIX).approval_links() {
            return Ok(SecretString::from(LINK_SECRET));
        }
        let routing_keys = self.routing_key.iter().map(|name| (name.clone(), ROUTING_KEY.into()));
        let secret = json!({
            "token": "rehearsal",
            "token_kind": TokenKind::ApiToken,
            "service_region": ServiceRegion::Us,
            "routing_keys": routing_keys.collect::<Map<String, Value>>(),
        });
        Ok(SecretString::from(secret.to_string()))
    }
}

impl Performer {
    pub(crate) fn new(account: Arc<Account>) -> Self {
        Self { account }
    }

    /// Changes an incident of the account as an event tells.
    pub(crate) fn happens(&self, incident: &str, event_type: &str, now: Timestamp) {
        self.account.happens(incident, event_type, now);
    }

    /// Performs an attempt of a step's action. `interventions` are those that are about the step.
    pub(crate) async fn perform(
        &self,
        callee: Callee,
        input: Value,
        attempt: u32,
        interventions: impl Iterator<Item = &Intervention> + Clone,
        now: Timestamp,
    ) -> Performed {
        let mut failures = interventions
            .clone()
            .filter_map(|intervention| match &intervention.effect {
                Effect::Fails { error, attempts } if attempts.is_none_or(|last| attempt <= last) => {
                    Some(error.as_str())
                }
                _ => None,
            });
        let error = failures.next();
        match &callee {
            Callee::PagerDuty(action) => self.in_pagerduty(*action, input, error, interventions, now).await,
            Callee::Connector(connector, action) => {
                elsewhere(connector, action, &input, attempt, error, interventions, now)
            }
            Callee::Own(connector, action) => elsewhere(connector, action, &input, attempt, error, interventions, now),
            Callee::Aws(action, spec) => aws::attempt(action, spec, &input, error, interventions, now),
        }
    }

    async fn in_pagerduty(
        &self,
        action: Action,
        input: Value,
        error: Option<&str>,
        interventions: impl Iterator<Item = &Intervention>,
        now: Timestamp,
    ) -> Performed {
        let fault = error.and_then(fault);
        if let (Some(error), None) = (error, fault) {
            return Performed::of(Err(made_to_fail(error)), Vec::new());
        }
        self.account.prepare(now, fault);
        let link = link(&input, now).await;
        let result = call(Arc::clone(&self.account) as _, action, input, now).await;
        let mut requests = self.account.take_sent();
        if let Some(link) = link {
            // A link of a dry run leads nowhere.
            requests
                .iter_mut()
                .for_each(|request| replace_in_texts(&mut request.body, &link, approval::LINK));
        }
        let result = match (error, result) {
            (None, result) => result
                .map(|outputs| with_given(outputs, interventions))
                .map_err(|error| error.failure().clone()),
            (Some(name), Err(error)) if error.failure().name == name => Err(error.failure().clone()),
            // The action does not fail in this way, for example because it changes nothing.
            (Some(name), _) => Err(made_to_fail(name)),
        };
        Performed::of(result.map(Answer::done), requests)
    }
}

impl Performed {
    fn of(result: Result<Answer, Failure>, requests: Vec<Request>) -> Self {
        Self {
            result,
            requests,
            made_up: Vec::new(),
        }
    }
}

/// An attempt at an action of a connector: its requests as they would be sent, and outputs that are given or made up.
fn elsewhere<'a>(
    connector: &Connector,
    action: &connectors::Action,
    input: &Value,
    attempt: u32,
    error: Option<&str>,
    interventions: impl Iterator<Item = &'a Intervention>,
    now: Timestamp,
) -> Performed {
    let spec = action.spec();
    if let Some(number) = input.get(LOOK).and_then(Value::as_u64) {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        return looked(action, number, input, error, interventions, now);
    }
    let has_looks = action.pauses().next().is_some();
    let error = error.filter(|error| !(has_looks && is_of_job(error)));
    if let Some(error) = error.filter(|error| !is_of_system(error, spec)) {
        return Performed::of(Err(made_to_fail(error)), Vec::new());
    }
    let call = Call {
        connector,
        action,
        input: input.as_object().cloned().unwrap_or_default(),
        idempotency_key: input.get("idempotency_key").and_then(Value::as_str).map(str::to_owned),
        attempt: Some(attempt),
        look: None,
        deadline: None,
        now,
        approval: asked(input),
    };
    let previews = match preview(call, &connector.integration().sample_fields()) {
        Ok(previews) => previews,
        Err(error) => return Performed::of(Err(TaskError::from(&error).failure().clone()), Vec::new()),
    };
    let request = |preview: connectors::Preview| Request {
        system: spec.system.to_string(),
        method: preview.method,
        host: preview.host,
        path: preview.path,
        from: None,
        body: preview.body,
        status: error.is_none().then_some(StatusCode::OK.as_u16()),
    };
    let requests = previews.into_iter().map(request).collect();
    if let Some(error) = error {
        return Performed::of(Err(made_to_fail(error)), requests);
    }
    match action.pauses().next() {
        Some(after_seconds) => Performed::of(Ok(not_yet(0, after_seconds)), requests),
        None => done(spec, input, interventions, requests, now),
    }
}

/// True if an error is one of the system that an action asks.
fn is_of_system(error: &str, spec: &ActionSpec) -> bool {
    let system = SystemName::of(&spec.system);
    matches!(NamedError::parse(error), Some(NamedError::System(of, _)) if of == system)
}

/// True if an error is that of a job which has ended badly.
fn is_of_job(error: &str) -> bool {
    matches!(
        NamedError::parse(error),
        Some(NamedError::System(_, SystemError::JobFailed))
    )
}

/// The answer before the look of a number, counted from 0.
fn not_yet(number: usize, after_seconds: u32) -> Answer {
    Answer::Pending {
        look: number.into(),
        after_seconds,
        requests: Requests::default(),
    }
}

/// A look at what an action has started. What it is looked for by stands in an answer, so its request is not known here. Each look finds an
/// end: nothing here knows how long a system takes.
fn looked<'a>(
    action: &connectors::Action,
    number: usize,
    input: &Value,
    error: Option<&str>,
    interventions: impl Iterator<Item = &'a Intervention>,
    now: Timestamp,
) -> Performed {
    let next = number.saturating_add(1);
    if let Some(after_seconds) = action.pauses().nth(next) {
        return Performed::of(Ok(not_yet(next, after_seconds)), Vec::new());
    }
    match error.filter(|error| is_of_job(error)) {
        Some(error) => Performed::of(Err(made_to_fail(error)), Vec::new()),
        None => done(action.spec(), input, interventions, Vec::new(), now),
    }
}

/// Outputs that are given or made up.
fn done<'a>(
    spec: &ActionSpec,
    input: &Value,
    interventions: impl Iterator<Item = &'a Intervention>,
    requests: Vec<Request>,
    now: Timestamp,
) -> Performed {
    let made_up = made_up::outputs(spec, input, now);
    let given = with_given(Value::Object(Map::new()), interventions);
    let is_given = |name: &str| given.get(name).is_some();
    let names = made_up.keys().filter(|name| !is_given(name)).cloned().collect();
    let mut outputs = made_up;
    outputs.extend(given.as_object().cloned().unwrap_or_default());
    Performed {
        made_up: names,
        ..Performed::of(Ok(Answer::done(outputs.into())), requests)
    }
}

fn links() -> ApprovalLinks<AnyIntegration> {
    let secrets = AnyIntegration { routing_key: None };
    ApprovalLinks::new(secrets, &SecretNames::new(PREFIX), APPROVALS)
}

/// The link that a call about an approval has in its texts.
async fn link(input: &Value, now: Timestamp) -> Option<String> {
    let approval = MessageAbout::read(input.get(APPROVAL)?)?;
    links().link(&approval.id, now).await.ok()
}

/// The approval that a call is a message about, with texts that lead nowhere.
fn asked(input: &Value) -> Option<Asked> {
    let approval = MessageAbout::read(input.get(APPROVAL)?)?;
    Some(Asked {
        link: approval::LINK.to_owned(),
        answer: approval.id.to_string(),
        choices: approval.buttons,
    })
}

/// Calls the function of an action, with this as its way to PagerDuty.
async fn call(transport: Arc<dyn Transport>, action: Action, input: Value, now: Timestamp) -> Result<Value, TaskError> {
    let secrets = AnyIntegration {
        routing_key: input.get("routing_key").and_then(Value::as_str).map(str::to_owned),
    };
    let connections = Connections::new(secrets, SecretNames::new(PREFIX));
    let pagerduty = PagerDuty::new(connections, transport, None).with_links(Some(links()));
    let input = json!({ "action": action.spec().name, "call": input, "entered_at": now });
    let answer = pagerduty.perform(action, input_of(input), now).await?;
    Ok(answer.output().cloned().unwrap_or_default())
}

/// The fate of a request that makes the action fail with an error; none for errors that are not PagerDuty's.
fn fault(error: &str) -> Option<Fault> {
    let error = match NamedError::parse(error)? {
        NamedError::System(system, error) if system == SystemName::known(pagerduty::SYSTEM) => error,
        NamedError::System(..) | NamedError::Ours(_) => return None,
    };
    Some(match error {
        SystemError::Unauthorized => Fault::Refused(StatusCode::UNAUTHORIZED),
        SystemError::Forbidden => Fault::Refused(StatusCode::FORBIDDEN),
        SystemError::NotFound => Fault::Refused(StatusCode::NOT_FOUND),
        SystemError::InvalidRequest => Fault::Refused(StatusCode::BAD_REQUEST),
        SystemError::RateLimited => Fault::Refused(StatusCode::TOO_MANY_REQUESTS),
        SystemError::Unavailable => Fault::Unreachable,
        SystemError::OutcomeUnknown => Fault::AnswerLost,
        SystemError::AlreadyResolved | SystemError::JobFailed => return None,
    })
}

fn made_to_fail(name: &str) -> Failure {
    Failure::from_text(name, "made to fail in a rehearsal")
}

fn with_given<'a>(mut outputs: Value, interventions: impl Iterator<Item = &'a Intervention>) -> Value {
    for intervention in interventions {
        if let (Effect::Gives(given), Some(outputs)) = (&intervention.effect, outputs.as_object_mut()) {
            outputs.extend(given.clone());
        }
    }
    outputs
}

#[cfg(test)]
mod tests;
