//! `pagerflow webhook list`.

use super::subscriptions;
use crate::{
    error::Error, output::Output, pagerduty_account::PagerDutyAccount, stack::Stack, text_table::aligned,
    webhook_url::scope_of,
};
use pagerduty::client::WebhookSubscription;
use platform::{secrets::read_signing_secrets, table::KeyScope};
use serde_json::{Value, json};
use std::{collections::BTreeSet, process::ExitCode};
use workflow::ids::IntegrationAlias;

pub(super) async fn run(alias: &IntegrationAlias, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let account = PagerDutyAccount::of(alias, stack).await?;
    let listing = output.working(format!("Listing the webhook subscriptions of {alias}"));
    let listed = subscriptions(alias, &account.open(), output).await?;
    drop(listing);
    let secrets = read_signing_secrets(&stack.secrets, &stack.secret_names.signing_secrets(alias)).await?;
    let secrets = secrets.subscriptions().map(str::to_owned).collect();
    let rows = rows(&stack.webhook_url, listed.list, &secrets);
    if listed.unreadable > 0 {
        output.warn(&format!(
            "{} subscriptions without a usable id or URL are left out",
            listed.unreadable
        ));
    }
    let views: Vec<_> = rows.iter().map(Row::view).collect();
    output.result(&json!({ "integration": alias, "subscriptions": views }), || text(&rows))?;
    Ok(ExitCode::SUCCESS)
}

/// A subscription, and what is known of it here.
struct Row {
    subscription: WebhookSubscription,
    /// The target of its URL, if that is one of the stack.
    leads_to: Option<KeyScope>,
    has_secret: bool,
}

/// Ours first, and else in PagerDuty's order.
fn rows(base: &str, list: Vec<WebhookSubscription>, secrets: &BTreeSet<String>) -> Vec<Row> {
    let mut rows: Vec<_> = list
        .into_iter()
        .map(|subscription| Row {
            leads_to: scope_of(base, &subscription.url),
            has_secret: secrets.contains(subscription.id.as_str()),
            subscription,
        })
        .collect();
    rows.sort_by_key(|row| row.leads_to.is_none());
    rows
}

impl Row {
    fn state(&self) -> &'static str {
        match &self.subscription {
            WebhookSubscription { active: false, .. } => "inactive",
            WebhookSubscription {
                temporarily_disabled: true,
                ..
            } => "disabled",
            _ => "active",
        }
    }

    fn scope(&self) -> String {
        let scope = self.subscription.scope.as_ref();
        scope.map_or_else(|| "unknown".to_owned(), ToString::to_string)
    }

    fn view(&self) -> Value {
        let Self {
            subscription, leads_to, ..
        } = self;
        let (workflow, integration) = match leads_to {
            Some(KeyScope::Workflow(workflow)) => (Some(workflow), None),
            Some(KeyScope::Integration(alias)) => (None, Some(alias)),
            None => (None, None),
        };
        json!({
            "id": subscription.id, "state": self.state(), "active": subscription.active,
            "temporarily_disabled": subscription.temporarily_disabled, "scope": self.scope(),
            "events": subscription.events, "description": subscription.description, "url": subscription.url,
            "is_ours": leads_to.is_some(), "workflow": workflow, "integration": integration,
            "has_signing_secret": self.has_secret,
        })
    }

    fn columns(&self) -> Vec<String> {
        let leads_to = self.leads_to.as_ref();
        let secret = match (leads_to, self.has_secret) {
            (_, true) => "stored",
            (Some(_), false) => "MISSING",
            (None, false) => "",
        };
        vec![
            self.subscription.id.to_string(),
            self.state().to_owned(),
            self.scope(),
            leads_to.map_or_else(|| "elsewhere".to_owned(), ToString::to_string),
            secret.to_owned(),
            self.subscription.url.clone(),
            self.subscription.events.join(","),
        ]
    }
}

fn text(rows: &[Row]) -> String {
    const HEADS: &[&str] = &["ID", "STATE", "SCOPE", "LEADS TO", "SECRET", "URL", "EVENTS"];
    if rows.is_empty() {
        return "The account has no webhook subscription.".to_owned();
    }
    let mut text = aligned(HEADS, &rows.iter().map(Row::columns).collect::<Vec<_>>());
    let is_disabled = |row: &Row| row.leads_to.is_some() && row.state() == "disabled";
    if rows.iter().any(is_disabled) {
        text.push_str("\n\nPagerDuty has disabled what it was refused three times in a row. `pagerflow doctor --fix` enables it again.");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagerduty::client::SubscriptionScope;

    fn subscription(id: &str, url: &str, active: bool, temporarily_disabled: bool) -> WebhookSubscription {
        WebhookSubscription {
            id: id.parse().unwrap(),
            url: url.to_owned(),
            scope: Some(SubscriptionScope::Account),
            events: vec!["incident.triggered".to_owned(), "incident.resolved".to_owned()],
            description: Some("Pagerflow".to_owned()),
            active,
            temporarily_disabled,
        }
    }

    fn shown() -> Vec<Row> {
        let list = vec![
            subscription("PELSE01", "https://other.example.com/\u{1b}[31m", true, false),
            subscription("PINTEG1", "https://example.com/integrations/prod/webhooks", true, false),
            WebhookSubscription {
                scope: None,
                ..subscription("PWORKF1", "https://example.com/webhooks/memory-alert", true, true)
            },
            subscription("PHALF01", "https://example.com/webhooks/memory-alert", false, false),
        ];
        rows("https://example.com", list, &BTreeSet::from(["PINTEG1".to_owned()]))
    }

    #[test]
    fn subscriptions_are_shown_ours_first_with_what_is_wrong() {
        insta::assert_snapshot!(text(&shown()), @"
        ID       STATE     SCOPE    LEADS TO               SECRET   URL                                             EVENTS
        PINTEG1  active    account  integration prod       stored   https://example.com/integrations/prod/webhooks  incident.triggered,incident.resolved
        PWORKF1  disabled  unknown  workflow memory-alert  MISSING  https://example.com/webhooks/memory-alert       incident.triggered,incident.resolved
        PHALF01  inactive  account  workflow memory-alert  MISSING  https://example.com/webhooks/memory-alert       incident.triggered,incident.resolved
        PELSE01  active    account  elsewhere                       https://other.example.com/�[31m                 incident.triggered,incident.resolved

        PagerDuty has disabled what it was refused three times in a row. `pagerflow doctor --fix` enables it again.
        ");
        assert_eq!(text(&[]), "The account has no webhook subscription.");
    }

    #[test]
    fn programs_are_told_whether_a_subscription_is_ours_and_whether_its_secret_is_known() {
        let rows = shown();
        insta::assert_snapshot!(serde_json::to_string_pretty(&rows[0].view()).unwrap(), @r#"
        {
          "active": true,
          "description": "Pagerflow",
          "events": [
            "incident.triggered",
            "incident.resolved"
          ],
          "has_signing_secret": true,
          "id": "PINTEG1",
          "integration": "prod",
          "is_ours": true,
          "scope": "account",
          "state": "active",
          "temporarily_disabled": false,
          "url": "https://example.com/integrations/prod/webhooks",
          "workflow": null
        }
        "#);
        let elsewhere = rows[3].view();
        assert_eq!(
            (&elsewhere["is_ours"], &elsewhere["state"]),
            (&json!(false), &json!("active"))
        );
    }
}
