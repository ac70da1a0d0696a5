//! The way of events to the steps that wait for them.

use super::{finding::Finding, integrations::Integration};
use crate::webhook_url::url_of;
use platform::table::{IntegrationRecord, Inventory, KeyScope, WorkflowRecord, WorkflowState};
use std::collections::{BTreeMap, BTreeSet};
use workflow::{
    definition::Definition,
    ids::{IntegrationAlias, WorkflowId},
    run::WebhookKind,
    steps::{Goal, StepKind},
};

/// The types of events that end waits of a workflow: nothing else ends these but their time.
type Ending = BTreeMap<IntegrationAlias, BTreeSet<&'static str>>;

/// Obstacles between events and the steps of an enabled workflow that wait for them. `looked_at` are the integrations that were looked at.
pub(super) fn judge(
    workflow: &WorkflowRecord,
    definition: &Definition,
    inventory: &Inventory,
    looked_at: &[Integration],
    base: &str,
) -> Vec<Finding> {
    if workflow.state != WorkflowState::Enabled {
        return Vec::new();
    }
    let ending = ending(definition);
    let awaited = definition.awaited_events().into_iter();
    let findings = awaited.filter_map(|(alias, types)| {
        match inventory.integrations.iter().find(|record| record.alias == alias) {
            None => return Some(not_there(&workflow.workflow, &alias)),
            Some(record) if !record.kind.is_pagerduty() => return Some(sends_none(&workflow.workflow, record)),
            Some(_) => {}
        }
        let integration = looked_at.iter().find(|integration| integration.alias == alias)?;
        let none = BTreeSet::new();
        let ending = ending.get(&alias).unwrap_or(&none);
        Some(judge_events(workflow, &types, ending, integration, base))
    });
    findings.collect()
}

fn ending(definition: &Definition) -> Ending {
    let mut all = Ending::new();
    for (_, step) in definition.walk() {
        if let StepKind::WaitFor(wait) = &step.kind
            && let Goal::Event { types, .. } = &wait.goal
        {
            all.entry(wait.integration.clone()).or_default().extend(types);
        }
    }
    all
}

fn area(workflow: &WorkflowId) -> String {
    format!("workflow:{workflow}")
}

fn not_there(workflow: &WorkflowId, alias: &IntegrationAlias) -> Finding {
    Finding::problem(
        area(workflow),
        format!("The workflow {workflow} waits for incidents of the integration {alias}, which is not there."),
        format!("pagerflow integration add {alias}"),
    )
}

fn sends_none(workflow: &WorkflowId, integration: &IntegrationRecord) -> Finding {
    Finding::problem(
        area(workflow),
        format!(
            "The workflow {workflow} waits for incidents of the integration {}, which is of the type {}.",
            integration.alias,
            integration.kind.type_name()
        ),
        "Name one of PagerDuty in the workflow, and apply it again.",
    )
}

/// The finding about the subscriptions that send the events a workflow waits for.
fn judge_events(
    workflow: &WorkflowRecord,
    awaited: &BTreeSet<&str>,
    ending: &BTreeSet<&str>,
    integration: &Integration,
    base: &str,
) -> Finding {
    let (id, alias) = (&workflow.workflow, &integration.alias);
    let not_known = |why: &str| {
        let text = format!("Whether the events come that steps of the workflow {id} wait for is not known{why}.");
        Finding::not_checked(area(id), text)
    };
    let Ok(all) = &integration.subscriptions else {
        return not_known("");
    };
    let own = workflow
        .trigger
        .as_ref()
        .filter(|trigger| trigger.integration == *alias);
    let url_of_workflow = own.map(|_| url_of(base, &KeyScope::Workflow(id.clone())));
    let urls: Vec<String> = url_of_workflow
        .into_iter()
        .chain([url_of(base, &KeyScope::Integration(alias.clone()))])
        .collect();
    let subscribed: BTreeSet<&str> = all
        .iter()
        .filter(|subscription| subscription.active && urls.contains(&subscription.url))
        .flat_map(|subscription| subscription.events.iter().map(String::as_str))
        .collect();
    let missing: Vec<&str> = awaited.difference(&subscribed).copied().collect();
    if missing.is_empty() {
        return Finding::ok(
            area(id),
            format!("The events come that steps of the workflow {id} wait for."),
        );
    }
    if own.is_some_and(|trigger| trigger.webhook == WebhookKind::V2) {
        return not_known(": a Generic V2 Webhook extension is not looked at");
    }
    let remedy = format!(
        "Add the events to a subscription in PagerDuty, or make another one:\npagerflow webhook subscribe {alias} --events {}",
        missing.join(",")
    );
    let never: Vec<&str> = missing.iter().filter(|name| ending.contains(*name)).copied().collect();
    match never.is_empty() {
        false => Finding::problem(
            area(id),
            format!(
                "No subscription sends events that steps of the workflow {id} wait for: {}. They never end such a wait.",
                never.join(", ")
            ),
            remedy,
        ),
        true => Finding::warning(
            area(id),
            format!(
                "No subscription sends the workflow {id} the events after which it would look at an incident at once: {}. It \
                 looks every quarter of an hour.",
                missing.join(", ")
            ),
            remedy,
        ),
    }
}
