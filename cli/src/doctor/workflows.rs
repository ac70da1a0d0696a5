//! The way of webhooks to the workflows.

use super::{finding::Finding, integrations::Integration};
use crate::webhook_url::url_of;
use platform::table::{IntegrationRecord, KeyScope, TriggerRecord, WorkflowRecord, WorkflowState};
use std::collections::BTreeSet;
use workflow::run::WebhookKind;

/// Obstacles between webhooks and a workflow. One that is disabled, or that only people start, is passed over.
pub(super) fn judge(workflow: &WorkflowRecord, integrations: &[Integration], base: &str) -> Option<Finding> {
    let trigger = match workflow {
        WorkflowRecord {
            state: WorkflowState::Enabled,
            trigger: Some(trigger),
            ..
        } => trigger,
        _ => return None,
    };
    let (id, alias) = (&workflow.workflow, &trigger.integration);
    let area = format!("workflow:{id}");
    let Some(integration) = integrations.iter().find(|integration| integration.alias == *alias) else {
        return Some(Finding::problem(
            area,
            format!(
                "The workflow {id} is for the integration {alias}, which is not there. Its webhooks are not accepted."
            ),
            format!("pagerflow integration add {alias}"),
        ));
    };
    if trigger.webhook != WebhookKind::V3 {
        let text = format!("Whether a Generic V2 Webhook extension leads to the workflow {id} is not looked at.");
        return Some(Finding::not_checked(area, text));
    }
    if integration.signing_secrets.as_ref().is_ok_and(BTreeSet::is_empty) {
        return Some(Finding::problem(
            area,
            format!("No signing secret of {alias} is stored, so that no webhook can start the workflow {id}."),
            format!("pagerflow webhook subscribe {alias}"),
        ));
    }
    Some(judge_events(area, workflow, trigger, integration, base))
}

/// A workflow that is to be started by events of an integration whose system sends none.
pub(super) fn sends_no_events(workflow: &WorkflowRecord, all: &[IntegrationRecord]) -> Option<Finding> {
    let trigger = workflow
        .trigger
        .as_ref()
        .filter(|_| workflow.state == WorkflowState::Enabled)?;
    let record = all.iter().find(|record| record.alias == trigger.integration)?;
    (!record.kind.is_pagerduty()).then(|| {
        let (id, alias, type_name) = (&workflow.workflow, &record.alias, record.kind.type_name());
        Finding::problem(
            format!("workflow:{id}"),
            format!("The workflow {id} is for events of the integration {alias}, which is of the type {type_name} and sends none."),
            "Name an integration of PagerDuty in `on.pagerduty`, and apply it again.",
        )
    })
}

/// Whether its events come from some subscription.
fn judge_events(
    area: String,
    workflow: &WorkflowRecord,
    trigger: &TriggerRecord,
    integration: &Integration,
    base: &str,
) -> Finding {
    let (id, alias) = (&workflow.workflow, &trigger.integration);
    let Ok(all) = &integration.subscriptions else {
        return Finding::not_checked(
            area,
            format!("Whether a subscription leads to the workflow {id} is not known."),
        );
    };
    let urls = [KeyScope::Workflow(id.clone()), KeyScope::Integration(alias.clone())].map(|scope| url_of(base, &scope));
    let subscribed: BTreeSet<&str> = all
        .iter()
        .filter(|subscription| subscription.active && urls.contains(&subscription.url))
        .flat_map(|subscription| subscription.events.iter().map(String::as_str))
        .collect();
    let wanted = trigger.events.iter().map(String::as_str);
    let missing: Vec<_> = wanted.filter(|event| !subscribed.contains(event)).collect();
    if subscribed.is_empty() {
        return Finding::warning(
            area,
            format!("No active subscription leads to the workflow {id}, so that no webhook starts it."),
            format!("pagerflow webhook subscribe {alias}"),
        );
    }
    if !missing.is_empty() {
        return Finding::warning(
            area,
            format!(
                "No subscription sends the workflow {id} what it waits for: {}.",
                missing.join(", ")
            ),
            format!(
                "Add the events to its subscription in PagerDuty, or make another one:\n\
                 pagerflow webhook subscribe {alias} --events {}",
                missing.join(",")
            ),
        );
    }
    Finding::ok(area, format!("The workflow {id} gets all events that it waits for."))
}
