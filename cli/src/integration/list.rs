//! `pagerflow integration list` and `show`.

use crate::{error::Error, output::Output, pagerduty_account::unusable, stack::Stack, text_table::aligned};
use pagerduty::client::ServiceRegion;
use platform::{
    secrets::{Connection, read_connection, read_signing_secrets},
    table::{IntegrationRecord, WorkflowRecord, WorkflowState},
};
use serde_json::{Value, json};
use workflow::ids::IntegrationAlias;

pub(super) async fn list(stack: &Stack, output: &mut Output) -> Result<(), Error> {
    let reading = output.working("Reading the table");
    let integrations = stack.table.integrations().await?;
    drop(reading);
    output.result(&json!({ "integrations": integrations }), || table(&integrations))
}

fn table(integrations: &[IntegrationRecord]) -> String {
    if integrations.is_empty() {
        return "There are no integrations. Add one with `pagerflow integration add ALIAS`.".to_owned();
    }
    let rows: Vec<_> = integrations.iter().map(columns).collect();
    aligned(&["ALIAS", "REGION", "DEFAULT USER", "STORED"], &rows)
}

fn columns(integration: &IntegrationRecord) -> Vec<String> {
    vec![
        integration.alias.to_string(),
        region(integration.service_region).to_owned(),
        integration.default_from.clone().unwrap_or_else(|| "-".to_owned()),
        format!("{:.0}", integration.updated_at),
    ]
}

pub(super) fn region(region: ServiceRegion) -> &'static str {
    match region {
        ServiceRegion::Us => "us",
        ServiceRegion::Eu => "eu",
    }
}

/// An integration without its secrets.
struct Shown {
    record: IntegrationRecord,
    routing_keys: Vec<String>,
    /// The webhook subscriptions whose signing secrets are stored.
    subscriptions: Vec<String>,
    url: String,
    workflows: Vec<String>,
}

pub(super) async fn show(alias: &IntegrationAlias, stack: &Stack, output: &mut Output) -> Result<(), Error> {
    let record = stack.known_integration(alias).await?;
    let connection = read_connection(&stack.secrets, &stack.secret_names.api_token(alias)).await;
    let connection: Connection = connection.map_err(|error| unusable(alias, error))?;
    let secrets = read_signing_secrets(&stack.secrets, &stack.secret_names.signing_secrets(alias)).await?;
    let reading = output.working("Reading the table");
    let workflows = stack.table.workflows().await?;
    drop(reading);
    let shown = Shown {
        routing_keys: connection.routing_key_names().map(ToString::to_string).collect(),
        subscriptions: secrets.subscriptions().map(str::to_owned).collect(),
        url: format!("{}/integrations/{alias}/webhooks", stack.webhook_url),
        workflows: workflows
            .iter()
            .filter(|workflow| is_of(workflow, alias))
            .map(|workflow| workflow.workflow.to_string())
            .collect(),
        record,
    };
    output.result(&shown.view(), || shown.text())
}

/// True if events of an integration start a workflow, or would if it were enabled.
pub(super) fn is_of(workflow: &WorkflowRecord, alias: &IntegrationAlias) -> bool {
    let is_there = workflow.state != WorkflowState::Deleted;
    is_there
        && workflow
            .trigger
            .as_ref()
            .is_some_and(|trigger| trigger.integration == *alias)
}

impl Shown {
    fn view(&self) -> Value {
        json!({
            "alias": self.record.alias,
            "service_region": self.record.service_region,
            "default_from": self.record.default_from,
            "updated_at": self.record.updated_at,
            "webhook_url": self.url,
            "subscriptions": self.subscriptions,
            "routing_keys": self.routing_keys,
            "workflows": self.workflows,
        })
    }

    fn text(&self) -> String {
        let listed = |names: &[String]| match names {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        let rows = [
            ("Alias", self.record.alias.to_string()),
            ("Service region", region(self.record.service_region).to_owned()),
            (
                "Default user",
                self.record.default_from.clone().unwrap_or_else(|| "none".to_owned()),
            ),
            ("Stored", format!("{:.0}", self.record.updated_at)),
            ("Webhook URL", self.url.clone()),
            ("Signing secrets of", listed(&self.subscriptions)),
            ("Routing keys", listed(&self.routing_keys)),
            ("Workflows", listed(&self.workflows)),
        ];
        rows.map(|(name, value)| format!("{name:<20}{}", crate::output::printable(&value)))
            .join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integration(alias: &str, default_from: Option<&str>) -> IntegrationRecord {
        IntegrationRecord {
            alias: alias.parse().unwrap(),
            service_region: ServiceRegion::Us,
            default_from: default_from.map(str::to_owned),
            updated_at: "2026-11-20T09:30:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn integrations_are_listed_under_each_other() {
        let integrations = [
            integration("prod", Some("oncall@example.com")),
            integration("staging-eu", None),
        ];
        insta::assert_snapshot!(table(&integrations), @"
        ALIAS       REGION  DEFAULT USER        STORED
        prod        us      oncall@example.com  2026-11-20T09:30:00Z
        staging-eu  us      -                   2026-11-20T09:30:00Z
        ");
        insta::assert_snapshot!(table(&[]), @"There are no integrations. Add one with `pagerflow integration add ALIAS`.");
    }

    #[test]
    fn an_integration_is_shown_with_what_uses_it_and_without_a_secret() {
        let shown = Shown {
            record: integration("prod", Some("oncall@example.com")),
            routing_keys: vec!["checkout".to_owned()],
            subscriptions: Vec::new(),
            url: "https://example.com/integrations/prod/webhooks".to_owned(),
            workflows: vec!["memory-alert".to_owned(), "triage".to_owned()],
        };
        insta::assert_snapshot!(shown.text(), @"
        Alias               prod
        Service region      us
        Default user        oncall@example.com
        Stored              2026-11-20T09:30:00Z
        Webhook URL         https://example.com/integrations/prod/webhooks
        Signing secrets of  none
        Routing keys        checkout
        Workflows           memory-alert, triage
        ");
        insta::assert_snapshot!(format!("{:#}", shown.view()), @r#"
        {
          "alias": "prod",
          "default_from": "oncall@example.com",
          "routing_keys": [
            "checkout"
          ],
          "service_region": "us",
          "subscriptions": [],
          "updated_at": "2026-11-20T09:30:00Z",
          "webhook_url": "https://example.com/integrations/prod/webhooks",
          "workflows": [
            "memory-alert",
            "triage"
          ]
        }
        "#);
    }
}
