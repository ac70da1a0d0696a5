//! `pagerflow workflow list`.

use crate::{error::Error, output::Output, stack::Stack, text_table::aligned};
use platform::table::{TriggerCondition, TriggerRecord, WorkflowRecord, WorkflowState};
use serde_json::{Value, json};
use workflow::run::WebhookKind;

/// The number of types of events that are shown of a trigger.
const EVENTS_SHOWN: usize = 2;

pub(super) async fn run(also_deleted: bool, stack: &Stack, output: &mut Output) -> Result<(), Error> {
    let reading = output.working("Reading the table");
    let mut workflows = stack.table.workflows().await?;
    drop(reading);
    if !also_deleted {
        workflows.retain(|workflow| workflow.state != WorkflowState::Deleted);
    }
    let views: Vec<_> = workflows.iter().map(view).collect();
    output.result(&json!({ "workflows": views }), || text(&workflows))
}

fn view(workflow: &WorkflowRecord) -> Value {
    json!({
        "workflow": workflow.workflow,
        "state": workflow.state,
        "active_version": workflow.active_version,
        "trigger": workflow.trigger.as_ref().map(trigger_view),
        "updated_at": workflow.updated_at,
    })
}

/// A trigger for programs.
pub(super) fn trigger_view(trigger: &TriggerRecord) -> Value {
    json!({
        "integration": trigger.integration,
        "webhook": trigger.webhook,
        "events": trigger.events,
        "filters": trigger.filters,
        "when": trigger.when.as_ref().map(TriggerCondition::source),
    })
}

fn text(workflows: &[WorkflowRecord]) -> String {
    if workflows.is_empty() {
        return "There are no workflows. Apply one with `pagerflow workflow apply FILE`.".to_owned();
    }
    let rows: Vec<_> = workflows.iter().map(columns).collect();
    aligned(&["NAME", "STATE", "VERSION", "TRIGGER", "UPDATED"], &rows)
}

fn columns(workflow: &WorkflowRecord) -> Vec<String> {
    vec![
        workflow.workflow.to_string(),
        state(workflow.state).to_owned(),
        workflow.active_version.to_string(),
        workflow.trigger.as_ref().map_or_else(|| "by hand".to_owned(), trigger),
        format!("{:.0}", workflow.updated_at),
    ]
}

/// The state in a word.
pub(super) fn state(state: WorkflowState) -> &'static str {
    match state {
        WorkflowState::Enabled => "enabled",
        WorkflowState::Disabled => "disabled",
        WorkflowState::Deleted => "deleted",
    }
}

fn trigger(trigger: &TriggerRecord) -> String {
    let version = match trigger.webhook {
        WebhookKind::V3 => "",
        WebhookKind::V2 => " (V2)",
    };
    let shown: Vec<_> = trigger.events.iter().take(EVENTS_SHOWN).map(String::as_str).collect();
    let more = match trigger.events.len().saturating_sub(EVENTS_SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{version}: {}{more}", trigger.integration, shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::to_string_pretty;
    use workflow::{ids::WorkflowVersion, triggers::Filters};

    fn workflow(name: &str, state: WorkflowState, webhook: Option<WebhookKind>, events: &[&str]) -> WorkflowRecord {
        WorkflowRecord {
            workflow: name.parse().unwrap(),
            state,
            active_version: WorkflowVersion(12),
            trigger: webhook.map(|webhook| TriggerRecord {
                integration: "prod".parse().unwrap(),
                webhook,
                events: events.iter().map(ToString::to_string).collect(),
                filters: Filters::default(),
                when: Some("event.incident.urgency == \"high\"".into()),
            }),
            timeout: None,
            updated_at: "2026-11-22T10:00:00.123456Z".parse().unwrap(),
        }
    }

    #[test]
    fn workflows_are_listed_with_what_starts_them() {
        let events = [
            "incident.triggered",
            "incident.resolved",
            "incident.escalated",
            "incident.annotated",
        ];
        insta::assert_snapshot!(text(&[
            workflow(
                "database-outage",
                WorkflowState::Enabled,
                Some(WebhookKind::V3),
                &events
            ),
            workflow("escalation", WorkflowState::Enabled, None, &[]),
            workflow(
                "old",
                WorkflowState::Disabled,
                Some(WebhookKind::V2),
                &["incident.triggered"]
            ),
            workflow("older", WorkflowState::Deleted, None, &[]),
        ]));
    }

    #[test]
    fn no_workflows_are_told_with_what_to_do() {
        insta::assert_snapshot!(text(&[]), @"There are no workflows. Apply one with `pagerflow workflow apply FILE`.");
    }

    #[test]
    fn programs_get_the_whole_trigger() {
        let workflow = workflow(
            "a",
            WorkflowState::Enabled,
            Some(WebhookKind::V3),
            &["incident.triggered"],
        );
        insta::assert_snapshot!(to_string_pretty(&view(&workflow)).unwrap());
    }
}
