//! `pagerflow webhook url`.

use crate::{
    error::Error,
    known,
    output::Output,
    stack::Stack,
    webhook_url::{KEY_HEADER, url_of},
};
use clap::Args;
use platform::table::{KeyScope, WorkflowRecord};
use serde_json::{Value, json};
use std::process::ExitCode;
use workflow::{
    ids::{IntegrationAlias, WorkflowId},
    run::WebhookKind,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  pagerflow webhook url memory-alert          the URL of one workflow
  pagerflow webhook url --integration prod    the URL that serves all workflows of an integration";

/// The placeholder of a key, which is shown only when it is made.
const PLACEHOLDER: &str = "<API key>";

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Options {
    /// The workflow.
    workflow: Option<WorkflowId>,
    /// The integration whose URL hands V3 webhooks to all workflows that ask for them.
    #[arg(long)]
    integration: Option<IntegrationAlias>,
}

pub(super) async fn run(options: Options, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let shown = match (options.workflow, options.integration) {
        (Some(workflow), _) => of_workflow(&stack.webhook_url, known::live_workflow(&workflow, stack).await?),
        (None, Some(alias)) => {
            stack.known_integration(&alias).await?;
            of_integration(&stack.webhook_url, alias)
        }
        (None, None) => return Err(Error::Invalid("give a workflow or --integration".to_owned())),
    };
    output.result(&shown.view(), || shown.text())?;
    Ok(ExitCode::SUCCESS)
}

/// A URL and what is to be done with it.
struct Shown {
    scope: KeyScope,
    url: String,
    /// The form of webhook that it takes; none if no webhook starts the workflow.
    webhook: Option<WebhookKind>,
    remark: String,
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
    let scope = KeyScope::Workflow(workflow);
    Shown {
        url: url_of(base, &scope),
        scope,
        webhook: trigger.map(|trigger| trigger.webhook),
        remark,
    }
}

fn of_integration(base: &str, alias: IntegrationAlias) -> Shown {
    let remark = format!(
        "Make a key with `pagerflow key create --integration {alias} --name PagerDuty`, or have everything made with \
         `pagerflow webhook subscribe {alias}`."
    );
    let scope = KeyScope::Integration(alias);
    Shown {
        url: url_of(base, &scope),
        scope,
        webhook: Some(WebhookKind::V3),
        remark,
    }
}

impl Shown {
    fn view(&self) -> Value {
        let (workflow, integration) = match &self.scope {
            KeyScope::Workflow(workflow) => (Some(workflow), None),
            KeyScope::Integration(alias) => (None, Some(alias)),
        };
        json!({
            "workflow": workflow, "integration": integration, "webhook": self.webhook, "webhook_url": self.url,
            "headers": [{ "name": KEY_HEADER, "value": PLACEHOLDER }],
        })
    }

    fn text(&self) -> String {
        format!(
            "URL     {}\nheader  {KEY_HEADER}: {PLACEHOLDER}\n\n{}",
            self.url, self.remark
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::table::{TriggerRecord, WorkflowState};

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
            timeout: None,
            updated_at: "2026-11-20T09:30:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn the_url_of_a_workflow_is_shown_with_its_header() {
        let shown = of_workflow("https://example.com", record(Some(WebhookKind::V3)));
        insta::assert_snapshot!(shown.text(), @"
        URL     https://example.com/webhooks/memory-alert
        header  x-api-key: <API key>

        Make a key with `pagerflow key create --workflow memory-alert --name PagerDuty`, or have everything made with `pagerflow webhook subscribe prod --workflow memory-alert`.
        ");
        insta::assert_snapshot!(shown.view(), @r#"{"headers":[{"name":"x-api-key","value":"<API key>"}],"integration":null,"webhook":"v3","webhook_url":"https://example.com/webhooks/memory-alert","workflow":"memory-alert"}"#);
    }

    #[test]
    fn a_workflow_of_v2_webhooks_or_none_at_all_says_so() {
        let v2 = of_workflow("https://example.com", record(Some(WebhookKind::V2))).text();
        assert!(v2.contains("Generic V2 Webhook extension"), "{v2}");
        let none = of_workflow("https://example.com", record(None)).text();
        assert!(none.contains("No webhook starts the workflow"), "{none}");
    }

    #[test]
    fn the_url_of_an_integration_serves_all_its_workflows() {
        let shown = of_integration("https://example.com", "prod".parse().unwrap());
        insta::assert_snapshot!(shown.text(), @"
        URL     https://example.com/integrations/prod/webhooks
        header  x-api-key: <API key>

        Make a key with `pagerflow key create --integration prod --name PagerDuty`, or have everything made with `pagerflow webhook subscribe prod`.
        ");
    }
}
