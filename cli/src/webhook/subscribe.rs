//! `pagerflow webhook subscribe`.

use super::{
    delivery_log,
    make::{Maker, Plan},
    ping::{Pinged, ping},
    subscriptions, wait, with_key,
};
use crate::{
    error::Error, known, output::Output, pagerduty_account::PagerDutyAccount, secret_input, stack::Stack,
    webhook_url::url_of,
};
use clap::Args;
use jiff::Timestamp;
use pagerduty::{
    client::{SubscriptionScope, WebhookSubscription},
    ids::{ServiceId, SubscriptionId, TeamId},
};
use platform::{
    api_key::ApiKey,
    table::{KeyScope, TriggerSource, WorkflowRecord},
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::{
    collections::{BTreeSet, HashSet},
    path::PathBuf,
    process::ExitCode,
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
    /// The types of events, separated by commas. Without it, those that the workflows ask for.
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

pub(super) async fn run(options: Options, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let account = PagerDutyAccount::of(&options.alias, stack).await?;
    let looking = output.working(format!("Looking at the webhook subscriptions of {}", options.alias));
    let before = subscriptions(&options.alias, &account.open(), output).await?.list;
    drop(looking);
    let plan = plan(options, before.iter().map(|it| it.id.clone()).collect(), stack).await?;
    if let Some(other) = twin(&plan, &before) {
        output.warn(&format!(
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
    let making = output.working(format!("Making a webhook subscription of {}", plan.alias));
    let subscription = maker.make(&plan, async |pause| wait(pause, output).await).await?;
    drop(making);
    let waiting = output.working(format!(
        "Made the subscription {}; waiting for its ping",
        subscription.id
    ));
    let log = delivery_log(stack).await;
    let pinged = ping(
        &account.open(),
        &log,
        &subscription.id,
        Timestamp::now(),
        tokio::time::sleep,
    )
    .await;
    drop(waiting);
    let pinged = pinged.map_err(|error| error.to_string());
    output.result(&view(&plan, &subscription, &pinged), || {
        text(&plan, &subscription, &pinged)
    })?;
    // One whose arrival could not be seen is made all the same, and that is told.
    Ok(match &pinged {
        Ok(Pinged::Arrived { .. } | Pinged::NotChecked(_)) => ExitCode::SUCCESS,
        Ok(_) | Err(_) => ExitCode::FAILURE,
    })
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

/// The types of events, each once: those that were given, or those that the workflows ask for.
fn events(given: Vec<String>, workflows: &[WorkflowRecord], alias: &IntegrationAlias) -> Result<Vec<String>, Error> {
    let triggers = workflows.iter().filter_map(|workflow| workflow.trigger.as_ref());
    let events: BTreeSet<String> = match given.is_empty() {
        true => triggers.flat_map(|trigger| trigger.events.iter().cloned()).collect(),
        false => given.into_iter().collect(),
    };
    if events.is_empty() {
        return Err(Error::Invalid(format!(
            "no enabled workflow takes V3 webhooks of {alias}, so it is not known which events are wanted\n\
             Apply a workflow first with `pagerflow workflow apply`, or name the events with --events."
        )));
    }
    Ok(events.into_iter().collect())
}

/// An API key that somebody has, if it opens the URL.
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

fn view(plan: &Plan, subscription: &WebhookSubscription, pinged: &Result<Pinged, String>) -> Value {
    json!({
        "integration": plan.alias, "subscription": subscription.id, "webhook_url": plan.url,
        "scope": plan.scope.to_string(), "events": plan.events, "description": plan.description,
        "key_id": plan.key.id(), "key_is_new": plan.key_is_new, "ping": ping_name(pinged),
    })
}

fn ping_name(pinged: &Result<Pinged, String>) -> &'static str {
    pinged.as_ref().map_or("not_sent", Pinged::name)
}

fn text(plan: &Plan, subscription: &WebhookSubscription, pinged: &Result<Pinged, String>) -> String {
    let Plan {
        alias, key, url, scope, ..
    } = plan;
    let id = &subscription.id;
    let key = match plan.key_is_new {
        true => format!("{}, made for it; PagerDuty has it, and nobody else needs it", key.id()),
        false => key.id().to_string(),
    };
    let pinged = match pinged {
        Ok(pinged) => pinged.told(alias.as_str(), id),
        Err(error) => {
            format!("It could not be pinged: {error}.\nTry again with `pagerflow webhook test {alias} {id}`.")
        }
    };
    format!(
        "Made the webhook subscription {id} of {alias}. Its signing secret is stored.\n\n  URL     {url}\n  scope   {scope}\n  \
         events  {}\n  key     {key}\n\n{pinged}",
        plan.events.join(", "),
    )
}

#[cfg(test)]
mod tests;
