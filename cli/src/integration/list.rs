//! `pagerflow integration list` and `show`.

use crate::{
    error::Error,
    output::{Notices, Screen, View, printable},
    pagerduty_account::unusable,
    stack::Stack,
    text_table::aligned,
};
use jiff::Timestamp;
use pagerduty::client::ServiceRegion;
use platform::{
    secrets::{Connection, read_connection, read_signing_secrets},
    table::{IntegrationRecord, WorkflowRecord, WorkflowState},
};
use serde::Serialize;
use workflow::ids::{IntegrationAlias, WorkflowId};

/// An integration for programs, with all its fields.
#[derive(Debug, Serialize)]
pub(super) struct Integration {
    pub(super) alias: IntegrationAlias,
    pub(super) service_region: ServiceRegion,
    pub(super) default_from: Option<String>,
    updated_at: Timestamp,
}

impl From<IntegrationRecord> for Integration {
    fn from(record: IntegrationRecord) -> Self {
        Self {
            alias: record.alias,
            service_region: record.service_region,
            default_from: record.default_from,
            updated_at: record.updated_at,
        }
    }
}

/// The integrations of a stack.
#[derive(Debug, Serialize)]
pub(super) struct Integrations {
    integrations: Vec<Integration>,
}

pub(super) async fn list(stack: &Stack, notices: Notices) -> Result<Integrations, Error> {
    let _reading = notices.working("Reading the table");
    let integrations = stack.table.integrations().await?;
    Ok(Integrations {
        integrations: integrations.into_iter().map(Integration::from).collect(),
    })
}

impl View for Integrations {
    fn text(&self, _: Screen) -> String {
        if self.integrations.is_empty() {
            return "There are no integrations. Add one with `pagerflow integration add ALIAS`.".to_owned();
        }
        let rows: Vec<_> = self.integrations.iter().map(columns).collect();
        aligned(&["ALIAS", "REGION", "DEFAULT USER", "STORED"], &rows)
    }
}

fn columns(integration: &Integration) -> Vec<String> {
    vec![
        integration.alias.to_string(),
        integration.service_region.to_string(),
        integration.default_from.clone().unwrap_or_else(|| "-".to_owned()),
        format!("{:.0}", integration.updated_at),
    ]
}

/// An integration without its secrets.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    #[serde(flatten)]
    integration: Integration,
    routing_keys: Vec<String>,
    /// The webhook subscriptions whose signing secrets are stored.
    subscriptions: Vec<String>,
    webhook_url: String,
    /// The workflows that its events start.
    workflows: Vec<WorkflowId>,
}

pub(super) async fn show(alias: &IntegrationAlias, stack: &Stack, notices: Notices) -> Result<Shown, Error> {
    let record = stack.known_integration(alias).await?;
    let connection = read_connection(&stack.secrets, &stack.secret_names.api_token(alias)).await;
    let connection: Connection = connection.map_err(|error| unusable(alias, error))?;
    let secrets = read_signing_secrets(&stack.secrets, &stack.secret_names.signing_secrets(alias)).await?;
    let reading = notices.working("Reading the table");
    let workflows = stack.table.workflows().await?;
    drop(reading);
    let started = workflows.into_iter().filter(|workflow| is_of(workflow, alias));
    Ok(Shown {
        routing_keys: connection.routing_key_names().map(ToString::to_string).collect(),
        subscriptions: secrets.subscriptions().map(str::to_owned).collect(),
        webhook_url: format!("{}/integrations/{alias}/webhooks", stack.webhook_url),
        workflows: started.map(|workflow| workflow.workflow).collect(),
        integration: record.into(),
    })
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

impl View for Shown {
    fn text(&self, _: Screen) -> String {
        let listed = |names: &[String]| match names {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        let workflows: Vec<String> = self.workflows.iter().map(ToString::to_string).collect();
        let rows = [
            ("Alias", self.integration.alias.to_string()),
            ("Service region", self.integration.service_region.to_string()),
            (
                "Default user",
                self.integration
                    .default_from
                    .clone()
                    .unwrap_or_else(|| "none".to_owned()),
            ),
            ("Stored", format!("{:.0}", self.integration.updated_at)),
            ("Webhook URL", self.webhook_url.clone()),
            ("Signing secrets of", listed(&self.subscriptions)),
            ("Routing keys", listed(&self.routing_keys)),
            ("Workflows", listed(&workflows)),
        ];
        rows.map(|(name, value)| format!("{name:<20}{}", printable(&value)))
            .join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::as_json;

    fn integration(alias: &str, default_from: Option<&str>) -> Integration {
        Integration {
            alias: alias.parse().unwrap(),
            service_region: ServiceRegion::Us,
            default_from: default_from.map(str::to_owned),
            updated_at: "2026-11-20T09:30:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn integrations_are_listed_under_each_other() {
        let listed = Integrations {
            integrations: vec![
                integration("prod", Some("oncall@example.com")),
                integration("staging-eu", None),
            ],
        };
        insta::assert_snapshot!(listed.text(Screen::plain()), @"
        ALIAS       REGION  DEFAULT USER        STORED
        prod        us      oncall@example.com  2026-11-20T09:30:00Z
        staging-eu  us      -                   2026-11-20T09:30:00Z
        ");
        let none = Integrations {
            integrations: Vec::new(),
        };
        insta::assert_snapshot!(none.text(Screen::plain()), @"There are no integrations. Add one with `pagerflow integration add ALIAS`.");
    }

    #[test]
    fn an_integration_is_shown_with_what_uses_it_and_without_a_secret() {
        let shown = Shown {
            integration: integration("prod", Some("oncall@example.com")),
            routing_keys: vec!["checkout".to_owned()],
            subscriptions: Vec::new(),
            webhook_url: "https://example.com/integrations/prod/webhooks".to_owned(),
            workflows: vec!["memory-alert".parse().unwrap(), "triage".parse().unwrap()],
        };
        insta::assert_snapshot!(shown.text(Screen::plain()), @"
        Alias               prod
        Service region      us
        Default user        oncall@example.com
        Stored              2026-11-20T09:30:00Z
        Webhook URL         https://example.com/integrations/prod/webhooks
        Signing secrets of  none
        Routing keys        checkout
        Workflows           memory-alert, triage
        ");
        insta::assert_snapshot!(format!("{:#}", as_json(&shown)), @r#"
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
