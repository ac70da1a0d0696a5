//! `pagerflow integration list` and `show`.

use super::{answers, uses};
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
    secrets::{Connection, read_account, read_connection, read_signing_secrets},
    table::{IntegrationKind, IntegrationRecord},
};
use serde::Serialize;
use std::collections::BTreeMap;
use workflow::ids::{IntegrationAlias, WorkflowId};

/// An integration for programs, with all its fields.
#[derive(Debug, Serialize)]
pub(super) struct Integration {
    pub(super) alias: IntegrationAlias,
    pub(super) r#type: String,
    /// Of PagerDuty alone.
    service_region: Option<ServiceRegion>,
    /// Of PagerDuty alone.
    default_from: Option<String>,
    /// The fields that a connector asks for.
    fields: BTreeMap<String, String>,
    /// The hosts that the secret may be sent to; of a connector alone.
    hosts: Vec<String>,
    updated_at: Timestamp,
}

impl From<IntegrationRecord> for Integration {
    fn from(record: IntegrationRecord) -> Self {
        let r#type = record.kind.type_name().to_owned();
        let (service_region, default_from, account) = match record.kind {
            IntegrationKind::PagerDuty {
                service_region,
                default_from,
            } => (Some(service_region), default_from, None),
            IntegrationKind::Connector(account) => (None, None, Some(account)),
        };
        let (fields, hosts) = account.map(|it| (it.fields, it.hosts)).unwrap_or_default();
        Self {
            alias: record.alias,
            r#type,
            service_region,
            default_from,
            fields,
            hosts,
            updated_at: record.updated_at,
        }
    }
}

impl Integration {
    /// The fields that tell the account from others of its type, in words.
    fn account(&self) -> String {
        let region = self.service_region.map(|region| format!("region {region}"));
        let user = self.default_from.as_ref().map(|user| format!("default user {user}"));
        let fields = self.fields.iter().map(|(name, value)| format!("{name} {value}"));
        let parts: Vec<String> = region.into_iter().chain(user).chain(fields).collect();
        match parts.is_empty() {
            true => "-".to_owned(),
            false => parts.join(", "),
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
        aligned(&["ALIAS", "TYPE", "ACCOUNT", "STORED"], &rows)
    }
}

fn columns(integration: &Integration) -> Vec<String> {
    vec![
        integration.alias.to_string(),
        integration.r#type.clone(),
        integration.account(),
        format!("{:.0}", integration.updated_at),
    ]
}

/// An integration without its secrets.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    #[serde(flatten)]
    integration: Integration,
    /// Of PagerDuty alone.
    routing_keys: Vec<String>,
    /// The webhook subscriptions whose signing secrets are stored; of PagerDuty alone.
    subscriptions: Vec<String>,
    /// Of PagerDuty alone: no other system sends events.
    webhook_url: Option<String>,
    /// The address that the answers of people are sent to; of systems in which people can answer alone.
    answers_url: Option<String>,
    /// The workflows that its events start, or whose steps name it.
    workflows: Vec<WorkflowId>,
}

pub(super) async fn show(alias: &IntegrationAlias, stack: &Stack, notices: Notices) -> Result<Shown, Error> {
    let record = stack.known_integration(alias).await?;
    let names = &stack.secret_names;
    let (mut routing_keys, mut subscriptions) = (Vec::new(), Vec::new());
    let (mut webhook_url, mut answers_url) = (None, None);
    match &record.kind {
        IntegrationKind::PagerDuty { .. } => {
            let connection = read_connection(&stack.secrets, &names.api_token(alias)).await;
            let connection: Connection = connection.map_err(|error| unusable(alias, error))?;
            routing_keys.extend(connection.routing_key_names().map(ToString::to_string));
            let secrets = read_signing_secrets(&stack.secrets, &names.signing_secrets(alias)).await?;
            subscriptions.extend(secrets.subscriptions().map(str::to_owned));
            webhook_url = Some(format!("{}/integrations/{alias}/webhooks", stack.webhook_url));
        }
        IntegrationKind::Connector(account) => {
            // Only to say so if it cannot be used.
            let name = names.integration(&account.type_name, alias);
            let stored = read_account(&stack.secrets, &name, &account.type_name).await;
            stored.map_err(|error| unusable(alias, error))?;
            answers_url = answers::can_be_signed(account).then(|| answers::url(alias, account, stack));
        }
    }
    let reading = notices.working("Reading the table");
    let workflows = uses::workflows(&stack.table.workflows().await?, alias, stack).await?;
    drop(reading);
    Ok(Shown {
        routing_keys,
        subscriptions,
        webhook_url,
        answers_url,
        workflows,
        integration: record.into(),
    })
}

impl View for Shown {
    fn text(&self, _: Screen) -> String {
        let Self { integration, .. } = self;
        let listed = |names: &[String]| match names {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        let workflows: Vec<String> = self.workflows.iter().map(ToString::to_string).collect();
        let mut rows = vec![
            ("Alias".to_owned(), integration.alias.to_string()),
            ("Type".to_owned(), integration.r#type.clone()),
        ];
        let mut row = |name: &str, value: String| rows.push((name.to_owned(), value));
        if let Some(region) = integration.service_region {
            row("Service region", region.to_string());
            let user = integration.default_from.clone();
            row("Default user", user.unwrap_or_else(|| "none".to_owned()));
        } else {
            for (name, value) in &integration.fields {
                row(name, value.clone());
            }
            row("Secret is sent to", listed(&integration.hosts));
        }
        if let Some(url) = &self.answers_url {
            row("Request URL", url.clone());
        }
        row("Stored", format!("{:.0}", integration.updated_at));
        if let Some(url) = &self.webhook_url {
            row("Webhook URL", url.clone());
            row("Signing secrets of", listed(&self.subscriptions));
            row("Routing keys", listed(&self.routing_keys));
        }
        row("Workflows", listed(&workflows));
        let lines = rows
            .iter()
            .map(|(name, value)| format!("{name:<20}{}", printable(value)));
        lines.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::as_json;
    use platform::table::ConnectorAccount;

    fn integration(alias: &str, kind: IntegrationKind) -> Integration {
        IntegrationRecord {
            alias: alias.parse().unwrap(),
            kind,
            updated_at: "2026-11-20T09:30:00Z".parse().unwrap(),
        }
        .into()
    }

    fn pagerduty(default_from: Option<&str>) -> IntegrationKind {
        IntegrationKind::PagerDuty {
            service_region: ServiceRegion::Us,
            default_from: default_from.map(str::to_owned),
        }
    }

    fn connector(type_name: &str, fields: &[(&str, &str)], host: &str) -> IntegrationKind {
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        IntegrationKind::Connector(ConnectorAccount {
            type_name: type_name.parse().unwrap(),
            fields: fields.collect(),
            hosts: vec![host.to_owned()],
        })
    }

    fn jira() -> IntegrationKind {
        let fields = [("email", "bot@example.com"), ("site", "acme.atlassian.net")];
        connector("jira", &fields, "acme.atlassian.net")
    }

    #[test]
    fn integrations_are_listed_under_each_other() {
        let listed = Integrations {
            integrations: vec![
                integration("prod", pagerduty(Some("oncall@example.com"))),
                integration("staging-eu", pagerduty(None)),
                integration("tickets", jira()),
                integration("chat", connector("slack", &[], "slack.com")),
            ],
        };
        insta::assert_snapshot!(listed.text(Screen::plain()), @"
        ALIAS       TYPE       ACCOUNT                                         STORED
        prod        pagerduty  region us, default user oncall@example.com      2026-11-20T09:30:00Z
        staging-eu  pagerduty  region us                                       2026-11-20T09:30:00Z
        tickets     jira       email bot@example.com, site acme.atlassian.net  2026-11-20T09:30:00Z
        chat        slack      -                                               2026-11-20T09:30:00Z
        ");
        let none = Integrations {
            integrations: Vec::new(),
        };
        insta::assert_snapshot!(none.text(Screen::plain()), @"There are no integrations. Add one with `pagerflow integration add ALIAS`.");
    }

    #[test]
    fn an_integration_is_shown_with_what_uses_it_and_without_a_secret() {
        let shown = Shown {
            integration: integration("prod", pagerduty(Some("oncall@example.com"))),
            routing_keys: vec!["checkout".to_owned()],
            subscriptions: Vec::new(),
            webhook_url: Some("https://example.com/integrations/prod/webhooks".to_owned()),
            answers_url: None,
            workflows: vec!["memory-alert".parse().unwrap(), "triage".parse().unwrap()],
        };
        insta::assert_snapshot!(shown.text(Screen::plain()), @"
        Alias               prod
        Type                pagerduty
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
          "answers_url": null,
          "default_from": "oncall@example.com",
          "fields": {},
          "hosts": [],
          "routing_keys": [
            "checkout"
          ],
          "service_region": "us",
          "subscriptions": [],
          "type": "pagerduty",
          "updated_at": "2026-11-20T09:30:00Z",
          "webhook_url": "https://example.com/integrations/prod/webhooks",
          "workflows": [
            "memory-alert",
            "triage"
          ]
        }
        "#);
    }

    #[test]
    fn an_integration_of_a_connector_is_shown_with_its_fields_and_the_hosts_of_its_secret() {
        let shown = Shown {
            integration: integration("tickets", jira()),
            routing_keys: Vec::new(),
            subscriptions: Vec::new(),
            webhook_url: None,
            answers_url: None,
            workflows: vec!["memory-alert".parse().unwrap()],
        };
        insta::assert_snapshot!(shown.text(Screen::plain()), @"
        Alias               tickets
        Type                jira
        email               bot@example.com
        site                acme.atlassian.net
        Secret is sent to   acme.atlassian.net
        Stored              2026-11-20T09:30:00Z
        Workflows           memory-alert
        ");
        insta::assert_snapshot!(format!("{:#}", as_json(&shown)), @r#"
        {
          "alias": "tickets",
          "answers_url": null,
          "default_from": null,
          "fields": {
            "email": "bot@example.com",
            "site": "acme.atlassian.net"
          },
          "hosts": [
            "acme.atlassian.net"
          ],
          "routing_keys": [],
          "service_region": null,
          "subscriptions": [],
          "type": "jira",
          "updated_at": "2026-11-20T09:30:00Z",
          "webhook_url": null,
          "workflows": [
            "memory-alert"
          ]
        }
        "#);
    }

    #[test]
    fn an_integration_of_slack_is_shown_with_the_address_of_its_buttons() {
        let fields = [("signing_secret", "stored")];
        let shown = Shown {
            integration: integration("ops", connector("slack", &fields, "slack.com")),
            routing_keys: Vec::new(),
            subscriptions: Vec::new(),
            webhook_url: None,
            answers_url: Some("https://example.com/slack/ops/interactions".to_owned()),
            workflows: Vec::new(),
        };
        insta::assert_snapshot!(shown.text(Screen::plain()), @"
        Alias               ops
        Type                slack
        signing_secret      stored
        Secret is sent to   slack.com
        Request URL         https://example.com/slack/ops/interactions
        Stored              2026-11-20T09:30:00Z
        Workflows           none
        ");
    }
}
