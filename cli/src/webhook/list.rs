//! `pagerflow webhook list`.

use super::subscriptions;
use crate::{
    error::Error,
    output::{Notices, Screen, View},
    pagerduty_account::PagerDutyAccount,
    stack::Stack,
    text_table::aligned,
    webhook_url::{Target, scope_of},
};
use pagerduty::{client::WebhookSubscription, ids::SubscriptionId};
use platform::{secrets::read_signing_secrets, table::KeyScope};
use serde::Serialize;
use std::collections::BTreeSet;
use workflow::ids::IntegrationAlias;

/// The webhook subscriptions of an account.
#[derive(Debug, Serialize)]
pub(super) struct Listed {
    integration: IntegrationAlias,
    subscriptions: Vec<Row>,
}

/// A subscription, and what is known of it here.
#[derive(Debug, Serialize)]
struct Row {
    id: SubscriptionId,
    state: State,
    active: bool,
    temporarily_disabled: bool,
    scope: String,
    events: Vec<String>,
    description: Option<String>,
    url: String,
    /// True if it leads to this stack.
    is_ours: bool,
    #[serde(flatten)]
    target: Target,
    #[serde(skip)]
    leads_to: Option<KeyScope>,
    has_signing_secret: bool,
}

/// The state of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
enum State {
    Active,
    /// It was switched off in PagerDuty.
    Inactive,
    /// PagerDuty has switched it off after failed deliveries.
    Disabled,
}

pub(super) async fn list(alias: IntegrationAlias, stack: &Stack, notices: Notices) -> Result<Listed, Error> {
    let account = PagerDutyAccount::of(&alias, stack).await?;
    let listing = notices.working(format!("Listing the webhook subscriptions of {alias}"));
    let listed = subscriptions(&alias, &account.open(), notices).await?;
    drop(listing);
    let secrets = read_signing_secrets(&stack.secrets, &stack.secret_names.signing_secrets(&alias)).await?;
    let secrets = secrets.subscriptions().map(str::to_owned).collect();
    if listed.unreadable > 0 {
        notices.warn(&format!(
            "{} subscriptions without a usable id or URL are left out",
            listed.unreadable
        ));
    }
    Ok(Listed {
        integration: alias,
        subscriptions: rows(&stack.webhook_url, listed.list, &secrets),
    })
}

/// Ours first, and else in PagerDuty's order.
fn rows(base: &str, list: Vec<WebhookSubscription>, secrets: &BTreeSet<String>) -> Vec<Row> {
    let mut rows: Vec<_> = list
        .into_iter()
        .map(|subscription| Row::new(base, subscription, secrets))
        .collect();
    rows.sort_by_key(|row| !row.is_ours);
    rows
}

impl Row {
    fn new(base: &str, subscription: WebhookSubscription, secrets: &BTreeSet<String>) -> Self {
        let leads_to = scope_of(base, &subscription.url);
        let scope = subscription.scope.as_ref();
        Self {
            state: match (subscription.active, subscription.temporarily_disabled) {
                (false, _) => State::Inactive,
                (true, true) => State::Disabled,
                (true, false) => State::Active,
            },
            scope: scope.map_or_else(|| "unknown".to_owned(), ToString::to_string),
            is_ours: leads_to.is_some(),
            target: Target::of(leads_to.as_ref()),
            has_signing_secret: secrets.contains(subscription.id.as_str()),
            id: subscription.id,
            active: subscription.active,
            temporarily_disabled: subscription.temporarily_disabled,
            events: subscription.events,
            description: subscription.description,
            url: subscription.url,
            leads_to,
        }
    }

    fn columns(&self) -> Vec<String> {
        let leads_to = self.leads_to.as_ref();
        let secret = match (leads_to, self.has_signing_secret) {
            (_, true) => "stored",
            (Some(_), false) => "MISSING",
            (None, false) => "",
        };
        vec![
            self.id.to_string(),
            self.state.to_string(),
            self.scope.clone(),
            leads_to.map_or_else(|| "elsewhere".to_owned(), ToString::to_string),
            secret.to_owned(),
            self.url.clone(),
            self.events.join(","),
        ]
    }
}

impl View for Listed {
    fn text(&self, _: Screen) -> String {
        const HEADS: &[&str] = &["ID", "STATE", "SCOPE", "LEADS TO", "SECRET", "URL", "EVENTS"];
        let rows = &self.subscriptions;
        if rows.is_empty() {
            return "The account has no webhook subscription.".to_owned();
        }
        let mut text = aligned(HEADS, &rows.iter().map(Row::columns).collect::<Vec<_>>());
        if rows.iter().any(|row| row.is_ours && row.state == State::Disabled) {
            text.push_str("\n\nPagerDuty has disabled what it was refused three times in a row. `pagerflow doctor --fix` enables it again.");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::as_json;
    use pagerduty::client::SubscriptionScope;
    use serde_json::json;

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

    fn shown() -> Listed {
        let list = vec![
            subscription("PELSE01", "https://other.example.com/\u{1b}[31m", true, false),
            subscription("PINTEG1", "https://example.com/integrations/prod/webhooks", true, false),
            WebhookSubscription {
                scope: None,
                ..subscription("PWORKF1", "https://example.com/webhooks/memory-alert", true, true)
            },
            subscription("PHALF01", "https://example.com/webhooks/memory-alert", false, false),
        ];
        Listed {
            integration: "prod".parse().unwrap(),
            subscriptions: rows("https://example.com", list, &BTreeSet::from(["PINTEG1".to_owned()])),
        }
    }

    #[test]
    fn subscriptions_are_shown_ours_first_with_what_is_wrong() {
        insta::assert_snapshot!(shown().text(Screen::plain()), @"
        ID       STATE     SCOPE    LEADS TO               SECRET   URL                                             EVENTS
        PINTEG1  active    account  integration prod       stored   https://example.com/integrations/prod/webhooks  incident.triggered,incident.resolved
        PWORKF1  disabled  unknown  workflow memory-alert  MISSING  https://example.com/webhooks/memory-alert       incident.triggered,incident.resolved
        PHALF01  inactive  account  workflow memory-alert  MISSING  https://example.com/webhooks/memory-alert       incident.triggered,incident.resolved
        PELSE01  active    account  elsewhere                       https://other.example.com/�[31m                 incident.triggered,incident.resolved

        PagerDuty has disabled what it was refused three times in a row. `pagerflow doctor --fix` enables it again.
        ");
        let none = Listed {
            subscriptions: Vec::new(),
            ..shown()
        };
        assert_eq!(none.text(Screen::plain()), "The account has no webhook subscription.");
    }

    #[test]
    fn programs_are_told_whether_a_subscription_is_ours_and_whether_its_secret_is_known() {
        let rows = as_json(&shown())["subscriptions"].clone();
        insta::assert_snapshot!(serde_json::to_string_pretty(&rows[0]).unwrap(), @r#"
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
        let elsewhere = &rows[3];
        assert_eq!(
            (&elsewhere["is_ours"], &elsewhere["state"]),
            (&json!(false), &json!("active"))
        );
    }
}
