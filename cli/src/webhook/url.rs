//! `pagerflow webhook url`.

use crate::{
    error::Error,
    known,
    output::{Screen, View},
    stack::Stack,
    webhook_url::{KEY_HEADER, Target, url_of},
};
use clap::Args;
use platform::table::{KeyScope, WorkflowRecord};
use serde::Serialize;
use workflow::{
    ids::{IntegrationAlias, WorkflowId},
    run::WebhookKind,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  pagerflow webhook url memory-alert          the URL of one workflow
  pagerflow webhook url --integration prod    the URL that serves all workflows of an integration";

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Options {
    /// The workflow.
    workflow: Option<WorkflowId>,
    /// The integration whose URL hands V3 webhooks to all workflows that ask for them.
    #[arg(long)]
    integration: Option<IntegrationAlias>,
}

/// A URL and what is to be done with it.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    #[serde(flatten)]
    target: Target,
    webhook_url: String,
    /// The form of webhook that it takes; none if no webhook starts the workflow.
    webhook: Option<WebhookKind>,
    headers: [Header; 1],
    #[serde(skip)]
    remark: String,
}

/// A header that a webhook must have.
#[derive(Debug, Serialize)]
struct Header {
    name: &'static str,
    value: &'static str,
}

/// The key is shown only when it is made.
const KEY: Header = Header {
    name: KEY_HEADER,
    value: "<API key>",
};

pub(super) async fn url(options: Options, stack: &Stack) -> Result<Shown, Error> {
    match (options.workflow, options.integration) {
        (Some(workflow), _) => {
            let record = known::live_workflow(&workflow, stack).await?;
            Ok(of_workflow(&stack.webhook_url, record))
        }
        (None, Some(alias)) => {
            stack.pagerduty_integration(&alias).await?;
            Ok(of_integration(&stack.webhook_url, alias))
        }
        (None, None) => Err(Error::Invalid("give a workflow or --integration".to_owned())),
    }
}

fn of_workflow(base: &str, record: WorkflowRecord) -> Shown {
    let WorkflowRecord { workflow, trigger, .. } = record;
    let remark = match &trigger {
        Some(trigger) if trigger.webhook == WebhookKind::V3 => {
            let integration = &trigger.integration;
            format!(
                "Make a key with `pagerflow key create --workflow {workflow} --name PagerDuty`, or have everything made with \
                 `pagerflow webhook subscribe {integration} --workflow {workflow}`."
            )
        }
        Some(_) => format!(
            "It is for a Generic V2 Webhook extension. Make a key with \
             `pagerflow key create --workflow {workflow} --name PagerDuty`, and put it into the extension's custom headers."
        ),
        None => {
            "No webhook starts the workflow: its definition has no `on.pagerduty`. Events are accepted and ignored."
                .to_owned()
        }
    };
    Shown::new(
        base,
        &KeyScope::Workflow(workflow),
        trigger.map(|it| it.webhook),
        remark,
    )
}

fn of_integration(base: &str, alias: IntegrationAlias) -> Shown {
    let remark = format!(
        "Make a key with `pagerflow key create --integration {alias} --name PagerDuty`, or have everything made with \
         `pagerflow webhook subscribe {alias}`."
    );
    Shown::new(base, &KeyScope::Integration(alias), Some(WebhookKind::V3), remark)
}

impl Shown {
    fn new(base: &str, scope: &KeyScope, webhook: Option<WebhookKind>, remark: String) -> Self {
        Self {
            target: Target::of(Some(scope)),
            webhook_url: url_of(base, scope),
            webhook,
            headers: [KEY],
            remark,
        }
    }
}

impl View for Shown {
    fn text(&self, _: Screen) -> String {
        let [header] = &self.headers;
        format!(
            "URL     {}\nheader  {}: {}\n\n{}",
            self.webhook_url, header.name, header.value, self.remark
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::as_json;
    use platform::table::{TriggerRecord, WorkflowSchedule, WorkflowState};

    fn record(webhook: Option<WebhookKind>) -> WorkflowRecord {
        WorkflowRecord {
            workflow: "memory-alert".parse().unwrap(),
            state: WorkflowState::Enabled,
            active_version: workflow::ids::WorkflowVersion(1),
            trigger: webhook.map(|webhook| TriggerRecord {
                integration: "prod".parse().unwrap(),
                webhook,
                events: vec!["incident.triggered".to_owned()],
                filters: workflow::triggers::Filters::default(),
                when: None,
            }),
            awaits: platform::table::AwaitedTypes::new(),
            schedule: WorkflowSchedule::Never,
            timeout: None,
            updated_at: "2026-11-20T09:30:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn the_url_of_a_workflow_is_shown_with_its_header() {
        let shown = of_workflow("https://example.com", record(Some(WebhookKind::V3)));
        insta::assert_snapshot!(shown.text(Screen::plain()), @"
        URL     https://example.com/webhooks/memory-alert
        header  x-api-key: <API key>

        Make a key with `pagerflow key create --workflow memory-alert --name PagerDuty`, or have everything made with `pagerflow webhook subscribe prod --workflow memory-alert`.
        ");
        insta::assert_snapshot!(as_json(&shown), @r#"{"headers":[{"name":"x-api-key","value":"<API key>"}],"integration":null,"webhook":"v3","webhook_url":"https://example.com/webhooks/memory-alert","workflow":"memory-alert"}"#);
    }

    #[test]
    fn a_workflow_of_v2_webhooks_or_none_at_all_says_so() {
        let v2 = of_workflow("https://example.com", record(Some(WebhookKind::V2))).text(Screen::plain());
        assert!(v2.contains("Generic V2 Webhook extension"), "{v2}");
        let none = of_workflow("https://example.com", record(None)).text(Screen::plain());
        assert!(none.contains("No webhook starts the workflow"), "{none}");
    }

    #[test]
    fn the_url_of_an_integration_serves_all_its_workflows() {
        let shown = of_integration("https://example.com", "prod".parse().unwrap());
        insta::assert_snapshot!(shown.text(Screen::plain()), @"
        URL     https://example.com/integrations/prod/webhooks
        header  x-api-key: <API key>

        Make a key with `pagerflow key create --integration prod --name PagerDuty`, or have everything made with `pagerflow webhook subscribe prod`.
        ");
    }
}
