//! `pagerflow integration remove`.

use super::uses;
use crate::{
    ask::Consent,
    error::Error,
    output::{Notices, Screen, View},
    stack::Stack,
};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use platform::{
    secrets::{ChangeError, SecretError, SecretsManager, read_signing_secrets},
    table::{IntegrationKind, KeyScope, KeyState},
};
use serde::Serialize;
use workflow::ids::{IntegrationAlias, WorkflowId};

pub(super) const EXAMPLES: &str = "\
Examples:
  pagerflow integration remove staging
  pagerflow integration remove staging --yes
  pagerflow integration remove staging --force     also if workflows or webhook subscriptions still use it

The secrets can be restored for 30 days. To add an integration of the same alias again needs no restoring.";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The alias of the integration.
    alias: IntegrationAlias,
    /// Remove it although it is still used.
    #[arg(long)]
    force: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// The workflows and keys that use an integration.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Uses {
    /// The workflows that its events start, or whose steps name it.
    workflows: Vec<WorkflowId>,
    /// The webhook subscriptions whose signing secrets are stored.
    subscriptions: Vec<String>,
    /// The valid API keys of its URL.
    keys: Vec<String>,
}

/// The removed parts of an integration.
#[derive(Debug, Serialize)]
pub(super) struct Removed {
    alias: IntegrationAlias,
    /// True if there was anything to remove.
    removed: bool,
    /// The names of the secrets that were scheduled for deletion.
    secrets: Vec<String>,
    recoverable_until: Option<Timestamp>,
    uses: Uses,
}

/// Removes an integration; none if that was declined.
pub(super) async fn remove(options: Options, stack: &Stack, notices: Notices) -> Result<Option<Removed>, Error> {
    let Options { alias, force, yes } = options;
    let looking = notices.working(format!("Looking for what uses the integration {alias}"));
    let record = stack.table.integration(&alias).await?;
    let is_there = record.is_some();
    let uses = uses(&alias, stack).await?;
    drop(looking);
    if is_there && !force && !uses.is_none() {
        return Err(Error::Invalid(uses.refusal(&alias)));
    }
    let kind = record.map(|record| record.kind);
    let question = match &kind {
        Some(IntegrationKind::Connector(account)) => {
            format!(
                "Remove the integration {alias} of the type {}, with its secret?",
                account.type_name
            )
        }
        _ => format!("Remove the integration {alias}, with its token, its signing secrets and its routing keys?"),
    };
    if is_there && !Consent::of(yes).allows(&question)? {
        return Ok(None);
    }
    // Also where there is no integration: an attempt to add one of PagerDuty that was broken off may have left its secrets. They
    // go first: as long as the integration is listed, what is left can be removed again.
    let names = &stack.secret_names;
    let of_integration = match &kind {
        Some(IntegrationKind::Connector(account)) => vec![
            names.answer_signing(&account.type_name, &alias),
            names.integration(&account.type_name, &alias),
        ],
        Some(IntegrationKind::PagerDuty { .. }) | None => vec![names.api_token(&alias), names.signing_secrets(&alias)],
    };
    let mut secrets = Vec::new();
    for name in of_integration {
        if stack.secrets.remove(&name).await? {
            secrets.push(name);
        }
    }
    let was_listed = stack.table.remove_integration(&alias).await?;
    let until = Timestamp::now() + SignedDuration::from_hours(24 * SecretsManager::RECOVERY_DAYS);
    Ok(Some(Removed {
        alias,
        removed: was_listed || !secrets.is_empty(),
        recoverable_until: (!secrets.is_empty()).then_some(until),
        secrets,
        uses,
    }))
}

async fn uses(alias: &IntegrationAlias, stack: &Stack) -> Result<Uses, Error> {
    let inventory = stack.table.inventory().await?;
    let scope = KeyScope::Integration(alias.clone());
    let keys = inventory.keys.iter();
    let keys = keys.filter(|key| key.scope == scope && key.state == KeyState::Active);
    let secrets = read_signing_secrets(&stack.secrets, &stack.secret_names.signing_secrets(alias)).await;
    Ok(Uses {
        keys: keys.map(|key| key.key_id.to_string()).collect(),
        workflows: uses::workflows(&inventory.workflows, alias, stack).await?,
        subscriptions: match secrets {
            Ok(secrets) => secrets.subscriptions().map(str::to_owned).collect(),
            // An unreadable secret is used by nothing.
            Err(ChangeError::Read(SecretError::Invalid { .. })) => Vec::new(),
            Err(error) => return Err(error.into()),
        },
    })
}

impl Uses {
    /// True if nothing would miss it. A key alone does nothing.
    fn is_none(&self) -> bool {
        self.workflows.is_empty() && self.subscriptions.is_empty()
    }

    fn refusal(&self, alias: &IntegrationAlias) -> String {
        let mut text = format!("the integration {alias} is still used, and was not removed");
        if !self.workflows.is_empty() {
            let workflows: Vec<_> = self.workflows.iter().map(WorkflowId::as_str).collect();
            text.push_str(&format!(
                "\n  workflows              {}\n    Apply them with another integration, or delete them with `pagerflow workflow delete`.",
                workflows.join(", ")
            ));
        }
        if !self.subscriptions.is_empty() {
            text.push_str(&format!(
                "\n  webhook subscriptions  {}\n    Remove each with `pagerflow webhook unsubscribe {alias} ID`, which needs the token.",
                self.subscriptions.join(", ")
            ));
        }
        text.push_str("\nTo remove it all the same, give --force.");
        text
    }
}

impl View for Removed {
    fn text(&self, _: Screen) -> String {
        let Self { alias, uses, .. } = self;
        if !self.removed {
            return format!("There is no integration {alias}. Nothing was removed.");
        }
        let mut lines = vec![format!("Removed the integration {alias}.")];
        if let Some(until) = self.recoverable_until {
            lines.push(format!(
                "Its secrets can be restored until {}: {}",
                until.strftime("%Y-%m-%d"),
                self.secrets.join(", ")
            ));
        }
        if !uses.workflows.is_empty() {
            let workflows: Vec<_> = uses.workflows.iter().map(WorkflowId::as_str).collect();
            lines.push(format!(
                "These workflows do not work without it: {}",
                workflows.join(", ")
            ));
        }
        if !uses.subscriptions.is_empty() {
            lines.push(format!(
                "PagerDuty still sends webhooks of these subscriptions, which are refused; delete them in PagerDuty: {}",
                uses.subscriptions.join(", ")
            ));
        }
        if !uses.keys.is_empty() {
            lines.push(format!(
                "These API keys are for its URL; revoke them with `pagerflow key revoke ID`: {}",
                uses.keys.join(", ")
            ));
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::as_json;

    fn alias() -> IntegrationAlias {
        "staging".parse().unwrap()
    }

    fn used() -> Uses {
        Uses {
            workflows: vec!["memory-alert".parse().unwrap(), "triage".parse().unwrap()],
            subscriptions: vec!["PABC123".to_owned()],
            keys: vec!["aaaaaaaaaaaa".to_owned()],
        }
    }

    fn removed() -> Removed {
        Removed {
            alias: alias(),
            removed: true,
            secrets: vec!["pagerflow/api-token/staging".to_owned()],
            recoverable_until: Some("2026-12-23T09:30:00Z".parse().unwrap()),
            uses: used(),
        }
    }

    #[test]
    fn an_integration_that_is_used_is_not_removed_and_it_is_told_by_what_and_what_to_do() {
        insta::assert_snapshot!(used().refusal(&alias()), @"
        the integration staging is still used, and was not removed
          workflows              memory-alert, triage
            Apply them with another integration, or delete them with `pagerflow workflow delete`.
          webhook subscriptions  PABC123
            Remove each with `pagerflow webhook unsubscribe staging ID`, which needs the token.
        To remove it all the same, give --force.
        ");
    }

    #[test]
    fn a_key_alone_keeps_no_integration() {
        let keys = used().keys;
        assert!(
            Uses {
                keys,
                ..Uses::default()
            }
            .is_none()
        );
        assert!(!used().is_none());
    }

    #[test]
    fn it_is_told_what_was_removed_how_long_it_can_be_restored_and_what_is_left() {
        insta::assert_snapshot!(removed().text(Screen::plain()), @"
        Removed the integration staging.
        Its secrets can be restored until 2026-12-23: pagerflow/api-token/staging
        These workflows do not work without it: memory-alert, triage
        PagerDuty still sends webhooks of these subscriptions, which are refused; delete them in PagerDuty: PABC123
        These API keys are for its URL; revoke them with `pagerflow key revoke ID`: aaaaaaaaaaaa
        ");
        insta::assert_snapshot!(format!("{:#}", as_json(&removed())), @r#"
        {
          "alias": "staging",
          "recoverable_until": "2026-12-23T09:30:00Z",
          "removed": true,
          "secrets": [
            "pagerflow/api-token/staging"
          ],
          "uses": {
            "keys": [
              "aaaaaaaaaaaa"
            ],
            "subscriptions": [
              "PABC123"
            ],
            "workflows": [
              "memory-alert",
              "triage"
            ]
          }
        }
        "#);
    }

    #[test]
    fn to_remove_what_is_not_there_says_so() {
        let nothing = Removed {
            alias: alias(),
            removed: false,
            secrets: Vec::new(),
            recoverable_until: None,
            uses: Uses::default(),
        };
        let text = nothing.text(Screen::plain());
        assert_eq!(text, "There is no integration staging. Nothing was removed.");
    }
}
