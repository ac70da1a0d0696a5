//! `pagerflow webhook subscribe`.

use super::{
    delivery_log,
    make::{Maker, Plan},
    ping::{Pinged, ping},
    subscriptions, wait, with_key,
};
use crate::{
    error::Error,
    known,
    output::{Notices, Screen, View},
    pagerduty_account::PagerDutyAccount,
    secret_input,
    stack::Stack,
    webhook_url::url_of,
};
use clap::Args;
use jiff::Timestamp;
use pagerduty::{
    client::{SubscriptionScope, WebhookSubscription},
    ids::{ServiceId, SubscriptionId, TeamId},
};
use platform::{
    api_key::{ApiKey, KeyId},
    table::{KeyScope, TriggerSource, WorkflowRecord},
};
use secrecy::ExposeSecret;
use serde::{Serialize, Serializer};
use std::{
    collections::{BTreeSet, HashSet},
    path::PathBuf,
};
use workflow::{
    ids::{IntegrationAlias, WorkflowId},
    run::WebhookKind,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  pagerflow webhook subscribe prod                       all workflows of the integration, all incidents of the account
  pagerflow webhook subscribe prod --service PABC123     the same for the incidents of one service
  pagerflow webhook subscribe prod --workflow memory-alert --events incident.triggered,incident.resolved";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The alias of the integration.
    alias: IntegrationAlias,
    /// Send webhooks to this workflow alone. Without it they go to the URL of the integration, for all its workflows.
    #[arg(long)]
    workflow: Option<WorkflowId>,
    /// Only the incidents of this service, instead of all of the account.
    #[arg(long, value_name = "ID", conflicts_with = "team")]
    service: Option<ServiceId>,
    /// Only the incidents of this team.
    #[arg(long, value_name = "ID")]
    team: Option<TeamId>,
    /// The types of events, separated by commas. Without it, those that the workflows ask for, and those that their steps wait for.
    #[arg(long, value_delimiter = ',', value_name = "EVENTS")]
    events: Vec<String>,
    /// The description in PagerDuty. The id of the key is added to it.
    #[arg(long)]
    description: Option<String>,
    /// Use an API key that there is, instead of making one. It is read from a prompt or from standard input.
    #[arg(long)]
    existing_key: bool,
    /// A file that holds the API key to use.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

/// A subscription that was made.
#[derive(Debug, Serialize)]
pub(super) struct Subscribed {
    integration: IntegrationAlias,
    subscription: SubscriptionId,
    webhook_url: String,
    scope: String,
    events: Vec<String>,
    description: String,
    key_id: KeyId,
    /// True if the key was made for it.
    key_is_new: bool,
    /// The outcome of its ping, or why that could not be sent.
    #[serde(serialize_with = "ping_name")]
    ping: Result<Pinged, String>,
}

fn ping_name<S: Serializer>(ping: &Result<Pinged, String>, serializer: S) -> Result<S::Ok, S::Error> {
    match ping {
        Ok(pinged) => pinged.serialize(serializer),
        Err(_) => serializer.serialize_str("not_sent"),
    }
}

pub(super) async fn subscribe(options: Options, stack: &Stack, notices: Notices) -> Result<Subscribed, Error> {
    let account = PagerDutyAccount::of(&options.alias, stack).await?;
    let looking = notices.working(format!("Looking at the webhook subscriptions of {}", options.alias));
    let before = subscriptions(&options.alias, &account.open(), notices).await?.list;
    drop(looking);
    let plan = plan(options, before.iter().map(|it| it.id.clone()).collect(), stack).await?;
    if let Some(other) = twin(&plan, &before) {
        notices.warn(&format!(
            "the subscription {id} has the same URL and scope; once the new one works, remove it with \
             `pagerflow webhook unsubscribe {} {id}`",
            plan.alias,
            id = other.id,
        ));
    }
    let maker = Maker {
        account: account.open(),
        keys: &stack.table,
        secrets: &stack.secrets,
        now: Timestamp::now(),
    };
    let making = notices.working(format!("Making a webhook subscription of {}", plan.alias));
    let subscription = maker.make(&plan, async |pause| wait(pause, notices).await).await?;
    drop(making);
    let id = subscription.id;
    let _waiting = notices.working(format!("Made the subscription {id}; waiting for its ping"));
    let log = delivery_log(stack).await;
    let pinged = ping(&account.open(), &log, &id, Timestamp::now(), tokio::time::sleep).await;
    Ok(Subscribed::new(plan, id, pinged.map_err(|error| error.to_string())))
}

async fn plan(options: Options, before: HashSet<SubscriptionId>, stack: &Stack) -> Result<Plan, Error> {
    let Options { alias, workflow, .. } = options;
    let (leads_to, workflows) = match workflow {
        Some(workflow) => {
            let record = known::live_workflow(&workflow, stack).await?;
            check(&record, &alias)?;
            (KeyScope::Workflow(workflow), vec![record])
        }
        None => (
            KeyScope::Integration(alias.clone()),
            stack.table.read_routes(&alias).await?,
        ),
    };
    let events = events(options.events, &workflows, &alias)?;
    let scope = match (options.service, options.team) {
        (Some(service), _) => SubscriptionScope::Service(service),
        (None, Some(team)) => SubscriptionScope::Team(team),
        (None, None) => SubscriptionScope::Account,
    };
    let key_is_new = !options.existing_key && options.key_file.is_none();
    let key = if key_is_new {
        ApiKey::generate().map_err(|error| Error::Secret(format!("the system has no random numbers: {error}")))?
    } else {
        let text = secret_input::read("API key", options.key_file.as_deref())?;
        existing(text.expose_secret(), &leads_to, stack).await?
    };
    let description = options.description.unwrap_or_else(|| format!("Pagerflow: {leads_to}"));
    Ok(Plan {
        url: url_of(&stack.webhook_url, &leads_to),
        description: with_key(&description, key.id()),
        secret_name: stack.secret_names.signing_secrets(&alias),
        alias,
        leads_to,
        scope,
        events,
        key,
        key_is_new,
        before,
    })
}

/// Whether webhooks of an integration can start a workflow at its own URL.
fn check(record: &WorkflowRecord, alias: &IntegrationAlias) -> Result<(), Error> {
    let workflow = &record.workflow;
    match &record.trigger {
        None => Err(Error::Invalid(format!(
            "no webhook starts the workflow {workflow}: its definition has no `on.pagerduty`"
        ))),
        Some(trigger) if trigger.integration != *alias => Err(Error::Invalid(format!(
            "the workflow {workflow} is for webhooks of the integration {}, not of {alias}",
            trigger.integration
        ))),
        Some(trigger) if trigger.webhook != WebhookKind::V3 => Err(Error::Invalid(format!(
            "the URL of the workflow {workflow} takes V2 webhooks; `pagerflow webhook url {workflow}` says how to set one up"
        ))),
        Some(_) => Ok(()),
    }
}

/// The types of events, each once: those that were given, or those that the workflows ask for and that their steps wait for.
fn events(given: Vec<String>, workflows: &[WorkflowRecord], alias: &IntegrationAlias) -> Result<Vec<String>, Error> {
    let triggers = workflows.iter().filter_map(|workflow| workflow.trigger.as_ref());
    let asked = triggers.flat_map(|trigger| &trigger.events);
    let awaited = workflows
        .iter()
        .filter_map(|workflow| workflow.awaits.get(alias))
        .flatten();
    let events: BTreeSet<String> = match given.is_empty() {
        true => asked.chain(awaited).cloned().collect(),
        false => given.into_iter().collect(),
    };
    if events.is_empty() {
        return Err(Error::Invalid(format!(
            "no enabled workflow takes V3 webhooks of {alias} or waits for its events, so it is not known which events are wanted\n\
             Apply a workflow first with `pagerflow workflow apply`, or name the events with --events."
        )));
    }
    Ok(events.into_iter().collect())
}

/// An API key that exists, if it opens the URL.
async fn existing(text: &str, leads_to: &KeyScope, stack: &Stack) -> Result<ApiKey, Error> {
    let key = ApiKey::parse(text).map_err(|error| Error::Secret(format!("the API key is refused: {error}")))?;
    let record = stack.table.api_key(key.id()).await?;
    if record.is_some_and(|record| record.admits(&key, leads_to)) {
        return Ok(key);
    }
    Err(Error::Secret(format!(
        "the API key {} does not open the URL of the {leads_to}, or was revoked; `pagerflow key show {}` tells more",
        key.id(),
        key.id()
    )))
}

/// A subscription that gets the same webhooks already.
fn twin<'a>(plan: &Plan, before: &'a [WebhookSubscription]) -> Option<&'a WebhookSubscription> {
    let mut before = before.iter();
    before.find(|other| other.url == plan.url && other.scope.as_ref() == Some(&plan.scope))
}

impl Subscribed {
    fn new(plan: Plan, subscription: SubscriptionId, ping: Result<Pinged, String>) -> Self {
        Self {
            integration: plan.alias,
            subscription,
            webhook_url: plan.url,
            scope: plan.scope.to_string(),
            events: plan.events,
            description: plan.description,
            key_id: plan.key.id().clone(),
            key_is_new: plan.key_is_new,
            ping,
        }
    }
}

impl View for Subscribed {
    fn text(&self, _: Screen) -> String {
        let Self {
            integration: alias,
            subscription: id,
            key_id,
            ..
        } = self;
        let key = match self.key_is_new {
            true => format!("{key_id}, made for it; PagerDuty has it, and no other sender needs it"),
            false => key_id.to_string(),
        };
        let pinged = match &self.ping {
            Ok(pinged) => pinged.in_words(alias, id),
            Err(error) => {
                format!("It could not be pinged: {error}.\nTry again with `pagerflow webhook test {alias} {id}`.")
            }
        };
        format!(
            "Made the webhook subscription {id} of {alias}. Its signing secret is stored.\n\n  URL     {}\n  scope   {}\n  \
             events  {}\n  key     {key}\n\n{pinged}",
            self.webhook_url,
            self.scope,
            self.events.join(", "),
        )
    }

    /// One whose arrival could not be seen is made all the same, and that is said.
    fn is_failure(&self) -> bool {
        !matches!(self.ping, Ok(Pinged::Arrived { .. } | Pinged::NotChecked(_)))
    }
}

#[cfg(test)]
mod tests;
