//! `pagerflow doctor`: what is wrong with this installation.
//!
//! Each question has one finding. What could not be found out is told as not checked, and never as in order.

mod accounts;
mod alarms;
mod answers;
mod connectors;
mod definitions;
mod deployment;
mod finding;
mod integrations;
mod queues;
mod runs;
mod schedules;
mod uses;
mod waits;
mod workflows;

use crate::{
    ask::Consent,
    aws,
    error::Error,
    output::Notices,
    stack::{Stack, StackOptions},
    webhook_url::scope_of,
};
use clap::Args;
use finding::{Finding, Findings};
use integrations::{Integration, Owner};
use jiff::Timestamp;
use platform::table::{IntegrationKind, Inventory, KeyScope, VersionSource, WorkflowState};
use workflow::ids::IntegrationAlias;

pub(crate) const EXAMPLES: &str = "\
Examples:
  pagerflow doctor                        look at everything
  pagerflow doctor --integration prod     of the integrations, look at one
  pagerflow doctor --fix                  enable subscriptions again that PagerDuty has disabled

The exit code is 1 if there is a problem. Warnings, and what could not be checked, do not count.";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Enable webhook subscriptions again that PagerDuty has disabled. It is asked before each.
    #[arg(long)]
    fix: bool,
    /// Do not ask.
    #[arg(long, requires = "fix")]
    yes: bool,
    /// Of the integrations and their workflows, only look at these.
    #[arg(long, value_name = "ALIAS")]
    integration: Option<IntegrationAlias>,
}

pub(crate) async fn doctor(options: Options, stack: &StackOptions, notices: Notices) -> Result<Findings, Error> {
    let findings = match Stack::find(stack).await {
        Ok(stack) => examine(&options, &stack, notices).await?,
        Err(error) => vec![
            Finding::problem(
                "stack",
                aws::explained(&error, stack).await,
                "Without the stack nothing else can be looked at.",
            ),
            Finding::not_checked(
                "everything",
                "Table, secrets, subscriptions, queues and alarms are not looked at.",
            ),
        ],
    };
    Ok(Findings::new(findings))
}

async fn examine(options: &Options, stack: &Stack, notices: Notices) -> Result<Vec<Finding>, Error> {
    let looking = notices.working("Looking at the stack and its table");
    let mut findings = vec![deployment::stack(&stack.name, &stack.status().await)];
    findings.extend(deployment::table(&stack.table.condition().await));
    let inventory = stack.table.inventory().await;
    drop(looking);
    match inventory {
        Ok(inventory) => findings.extend(set_up(options, stack, &inventory, notices).await?),
        Err(error) => findings.push(Finding::problem(
            "table",
            format!("Integrations and workflows could not be read: {error}"),
            "Put the table right first, or use the release that wrote it, and run `pagerflow doctor` again.",
        )),
    }
    let looking = notices.working("Looking at the runs that go on");
    findings.push(runs::check(stack, Timestamp::now()).await);
    drop(looking);
    let _looking = notices.working("Looking at the queues and alarms");
    match stack.resources().await {
        Ok(resources) => {
            findings.extend(queues::check(stack, &resources, Timestamp::now()).await);
            findings.extend(alarms::check(stack, &resources).await);
        }
        Err(error) => {
            for area in ["queues", "alarms"] {
                findings.push(Finding::not_checked(
                    area,
                    format!("The {area} are not known: {error}."),
                ));
            }
        }
    }
    Ok(findings)
}

/// All that people set up: integrations, subscriptions, workflows.
async fn set_up(
    options: &Options,
    stack: &Stack,
    inventory: &Inventory,
    notices: Notices,
) -> Result<Vec<Finding>, Error> {
    let is_wanted = |alias: &IntegrationAlias| options.integration.as_ref().is_none_or(|wanted| wanted == alias);
    let repairs = options.fix.then_some(Consent::of(options.yes));
    let owner = |url: &str| owner(&stack.webhook_url, inventory, url);
    let (mut findings, mut looked_at) = (Vec::new(), Vec::new());
    let wanted: Vec<_> = inventory
        .integrations
        .iter()
        .filter(|record| is_wanted(&record.alias))
        .collect();
    for record in &wanted {
        let looking = notices.working(format!("Looking at the integration {}", record.alias));
        if let IntegrationKind::Connector(account) = &record.kind {
            findings.push(accounts::check(&record.alias, account, stack).await);
            findings.extend(accounts::check_answers(&record.alias, account, stack).await);
            continue;
        }
        let mut integration = Integration::look(&record.alias, stack, notices).await;
        drop(looking);
        findings.extend(integration.judge());
        if let Some(consent) = repairs {
            findings.extend(integration.fix(consent, &owner, stack).await?);
        }
        findings.extend(integration.judge_subscriptions(&owner));
        looked_at.push(integration);
    }
    if wanted.is_empty() {
        findings.push(match &options.integration {
            Some(alias) => Finding::problem(
                "integrations",
                format!("There is no integration {alias}."),
                format!("pagerflow integration add {alias}"),
            ),
            None => Finding::warning(
                "integrations",
                "There is no integration yet.",
                "pagerflow integration add prod",
            ),
        });
    }
    let workflows = inventory.workflows.iter().filter(|workflow| {
        let trigger = workflow.trigger.as_ref();
        trigger.is_some_and(|trigger| is_wanted(&trigger.integration))
    });
    findings.extend(workflows.filter_map(|workflow| {
        workflows::sends_no_events(workflow, &inventory.integrations)
            .or_else(|| workflows::judge(workflow, &looked_at, &stack.webhook_url))
    }));
    let looking = notices.working("Looking at the definitions of the workflows");
    findings.extend(of_definitions(stack, inventory, &looked_at, &is_wanted).await);
    drop(looking);
    let _looking = notices.working("Looking at the schedules");
    findings.extend(schedules::check(&inventory.workflows, stack).await);
    Ok(findings)
}

/// The active versions of the workflows, and the connectors of the user's own that they are checked with.
async fn of_definitions(
    stack: &Stack,
    inventory: &Inventory,
    looked_at: &[Integration],
    is_wanted: &impl Fn(&IntegrationAlias) -> bool,
) -> Vec<Finding> {
    let known = match stack.connectors().await {
        Ok(known) => known,
        Err(error) => {
            let text = format!(
                "The definitions of the workflows are not looked at, because the connectors are not known: {error}."
            );
            return vec![Finding::not_checked("definitions", text)];
        }
    };
    let mut findings = connectors::judge(known);
    let live = inventory
        .workflows
        .iter()
        .filter(|it| it.state != WorkflowState::Deleted);
    for workflow in live {
        let stored = stack.table.version(&workflow.workflow, workflow.active_version).await;
        if let Ok(Some(definition)) = &stored {
            let base = &stack.webhook_url;
            findings.extend(waits::judge(workflow, definition, inventory, looked_at, base));
            findings.extend(uses::judge(workflow, definition, &inventory.integrations, is_wanted));
            findings.extend(answers::judge(workflow, definition, &inventory.integrations, is_wanted));
            findings.extend(connectors::outdated(workflow, definition, known));
        }
        findings.extend(definitions::check(workflow, stored, known.catalog(), &stack.table).await);
    }
    findings
}

/// The target of a URL, if it is one of the stack, and the integration whose secrets sign its webhooks.
fn owner(base: &str, inventory: &Inventory, url: &str) -> Option<Owner> {
    let leads_to = scope_of(base, url)?;
    let integration = match &leads_to {
        KeyScope::Integration(alias) => {
            let mut all = inventory.integrations.iter();
            all.any(|record| record.alias == *alias).then(|| alias.clone())
        }
        KeyScope::Workflow(id) => {
            let record = inventory.workflows.iter().find(|record| record.workflow == *id);
            record
                .and_then(|record| record.trigger.as_ref())
                .map(|trigger| trigger.integration.clone())
        }
    };
    Some(Owner { leads_to, integration })
}

#[cfg(test)]
mod tests;
