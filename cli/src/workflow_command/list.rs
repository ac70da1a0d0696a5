//! `pagerflow workflow list`.

use crate::{
    error::Error,
    output::{Notices, Screen, View},
    stack::Stack,
    text_table::aligned,
};
use jiff::Timestamp;
use platform::table::{ScheduleRecord, TriggerRecord, WorkflowRecord, WorkflowState};
use serde::Serialize;
use workflow::{
    ids::{IntegrationAlias, WorkflowId, WorkflowVersion},
    run::WebhookKind,
    triggers::Filters,
};

/// The number of types of events that are shown of a trigger.
const EVENTS_SHOWN: usize = 2;

/// The workflows of a stack.
#[derive(Debug, Serialize)]
pub(super) struct Listed {
    workflows: Vec<Row>,
}

/// A workflow in a list.
#[derive(Debug, Serialize)]
struct Row {
    workflow: WorkflowId,
    state: WorkflowState,
    active_version: WorkflowVersion,
    trigger: Option<Trigger>,
    schedule: Option<Schedule>,
    updated_at: Timestamp,
}

/// A trigger for programs.
#[derive(Debug, Serialize)]
struct Trigger {
    integration: IntegrationAlias,
    webhook: WebhookKind,
    events: Vec<String>,
    filters: Filters,
    /// The source of its condition.
    when: Option<String>,
}

/// A schedule for programs.
#[derive(Debug, Serialize)]
struct Schedule {
    /// The times, as the definition has them.
    times: String,
    timezone: String,
    catch_up: bool,
}

pub(super) async fn list(also_deleted: bool, stack: &Stack, notices: Notices) -> Result<Listed, Error> {
    let _reading = notices.working("Reading the table");
    let mut workflows = stack.table.workflows().await?;
    if !also_deleted {
        workflows.retain(|workflow| workflow.state != WorkflowState::Deleted);
    }
    Ok(Listed {
        workflows: workflows.into_iter().map(Row::from).collect(),
    })
}

impl From<WorkflowRecord> for Row {
    fn from(record: WorkflowRecord) -> Self {
        Self {
            workflow: record.workflow,
            state: record.state,
            active_version: record.active_version,
            trigger: record.trigger.map(Trigger::from),
            schedule: record.schedule.current().map(Schedule::from),
            updated_at: record.updated_at,
        }
    }
}

impl From<TriggerRecord> for Trigger {
    fn from(record: TriggerRecord) -> Self {
        Self {
            integration: record.integration,
            webhook: record.webhook,
            events: record.events,
            filters: record.filters,
            when: record.when.as_ref().map(|when| when.source().to_owned()),
        }
    }
}

impl From<&ScheduleRecord> for Schedule {
    fn from(record: &ScheduleRecord) -> Self {
        Self {
            times: record.shown.clone(),
            timezone: record.timezone.clone(),
            catch_up: record.catch_up,
        }
    }
}

impl View for Listed {
    fn text(&self, _: Screen) -> String {
        if self.workflows.is_empty() {
            return "There are no workflows. Apply one with `pagerflow workflow apply FILE`.".to_owned();
        }
        let rows: Vec<_> = self.workflows.iter().map(columns).collect();
        aligned(&["NAME", "STATE", "VERSION", "TRIGGER", "UPDATED"], &rows)
    }
}

fn columns(workflow: &Row) -> Vec<String> {
    vec![
        workflow.workflow.to_string(),
        workflow.state.to_string(),
        workflow.active_version.to_string(),
        match (&workflow.trigger, &workflow.schedule) {
            (Some(trigger), _) => of_trigger(trigger),
            (None, Some(schedule)) => schedule.times.clone(),
            (None, None) => "by hand".to_owned(),
        },
        format!("{:.0}", workflow.updated_at),
    ]
}

fn of_trigger(trigger: &Trigger) -> String {
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
    use platform::table::WorkflowSchedule;
    use serde_json::{json, to_string_pretty};

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
            awaits: platform::table::AwaitedTypes::new(),
            schedule: WorkflowSchedule::Never,
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
        let workflows = [
            workflow(
                "database-outage",
                WorkflowState::Enabled,
                Some(WebhookKind::V3),
                &events,
            ),
            workflow("escalation", WorkflowState::Enabled, None, &[]),
            workflow(
                "old",
                WorkflowState::Disabled,
                Some(WebhookKind::V2),
                &["incident.triggered"],
            ),
            workflow("older", WorkflowState::Deleted, None, &[]),
        ];
        let listed = Listed {
            workflows: workflows.map(Row::from).into(),
        };
        insta::assert_snapshot!(listed.text(Screen::plain()));
    }

    #[test]
    fn no_workflows_are_told_with_what_to_do() {
        let none = Listed { workflows: Vec::new() };
        insta::assert_snapshot!(none.text(Screen::plain()), @"There are no workflows. Apply one with `pagerflow workflow apply FILE`.");
    }

    #[test]
    fn programs_get_the_whole_trigger() {
        let workflow = workflow(
            "a",
            WorkflowState::Enabled,
            Some(WebhookKind::V3),
            &["incident.triggered"],
        );
        insta::assert_snapshot!(to_string_pretty(&json!(Row::from(workflow))).unwrap());
    }
}
