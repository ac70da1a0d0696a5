//! `pagerflow webhook unsubscribe`.

use super::{key_of, subscriptions};
use crate::{
    ask::Consent,
    error::Error,
    output::{Notices, Screen, View},
    pagerduty_account::PagerDutyAccount,
    stack::Stack,
    webhook_url::scope_of,
};
use clap::Args;
use jiff::Timestamp;
use pagerduty::{client::WebhookSubscription, ids::SubscriptionId};
use platform::{
    api_key::KeyId,
    secrets::remove_signing_secrets,
    table::{ApiKeyRecord, KeyScope, KeyState},
};
use serde::Serialize;
use workflow::ids::IntegrationAlias;

pub(super) const EXAMPLES: &str = "\
Examples:
  pagerflow webhook unsubscribe prod PABC123                     asks before each step
  pagerflow webhook unsubscribe prod PABC123 --yes               also removes its signing secret and revokes its key
  pagerflow webhook unsubscribe prod PABC123 --yes --keep-key";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The alias of the integration.
    alias: IntegrationAlias,
    /// The id of the webhook subscription.
    subscription: SubscriptionId,
    /// Do not ask: delete the subscription, remove its signing secret and revoke its key.
    #[arg(long)]
    yes: bool,
    /// Leave the API key valid, because another sender uses it as well.
    #[arg(long)]
    keep_key: bool,
}

/// A subscription that was deleted, and what went with it.
#[derive(Debug, Serialize)]
pub(super) struct Deleted {
    integration: IntegrationAlias,
    subscription: SubscriptionId,
    secret_is_removed: bool,
    revoked_key: Option<KeyId>,
}

/// Deletes a subscription; none if that was declined.
pub(super) async fn unsubscribe(options: Options, stack: &Stack, notices: Notices) -> Result<Option<Deleted>, Error> {
    let Options {
        alias,
        subscription: id,
        yes,
        keep_key,
    } = options;
    let account = PagerDutyAccount::of(&alias, stack).await?;
    let listing = notices.working(format!("Looking at the webhook subscriptions of {alias}"));
    let all = subscriptions(&alias, &account.open(), notices).await?.list;
    drop(listing);
    let subscription = all.iter().find(|subscription| subscription.id == id).ok_or_else(|| {
        Error::NotFound(format!(
            "the account of {alias} has no webhook subscription {id}; `pagerflow webhook list {alias}` shows all"
        ))
    })?;
    let leads_to = scope_of(&stack.webhook_url, &subscription.url).ok_or_else(|| {
        Error::Invalid(format!(
            "the webhooks of {id} do not go to this stack; if it is not needed, delete it in PagerDuty"
        ))
    })?;
    let consent = Consent::of(yes);
    if !consent.allows(&format!(
        "Delete the webhook subscription {id}, which leads to {leads_to}?"
    ))? {
        return Ok(None);
    }
    let deleted = account.open().delete_webhook_subscription(&id).await;
    deleted.map_err(|cause| Error::PagerDuty {
        what: format!("the webhook subscription {id} could not be deleted"),
        cause: Box::new(cause),
    })?;

    let secret_is_removed = if consent.allows("Remove its signing secret?")? {
        let name = stack.secret_names.signing_secrets(&alias);
        remove_signing_secrets(&stack.secrets, &name, id.as_str())
            .await?
            .is_some()
    } else {
        false
    };
    let key = match key_of(subscription) {
        Some(key) if !keep_key => stack.table.api_key(&key).await?,
        _ => None,
    };
    let revoked_key = match key.and_then(|key| revocable(key, &leads_to, &id, &all)) {
        Some(key) if consent.allows(&format!("Revoke the API key {key}, which it had?"))? => {
            stack.table.revoke_api_key(&key, Timestamp::now()).await?;
            Some(key)
        }
        _ => None,
    };
    Ok(Some(Deleted {
        integration: alias,
        subscription: id,
        secret_is_removed,
        revoked_key,
    }))
}

/// The key of a deleted subscription, if it is valid, opens the URL of that, and no other subscription has it.
fn revocable(
    key: ApiKeyRecord,
    leads_to: &KeyScope,
    deleted: &SubscriptionId,
    all: &[WebhookSubscription],
) -> Option<KeyId> {
    let mut others = all.iter().filter(|other| other.id != *deleted);
    let is_shared = others.any(|other| key_of(other).as_ref() == Some(&key.key_id));
    let fits = key.state == KeyState::Active && key.scope == *leads_to && !is_shared;
    fits.then_some(key.key_id)
}

impl View for Deleted {
    fn text(&self, _: Screen) -> String {
        let mut text = format!("Deleted the webhook subscription {}.", self.subscription);
        if self.secret_is_removed {
            text.push_str(" Its signing secret is removed.");
        }
        if let Some(key) = &self.revoked_key {
            text.push_str(&format!(" The API key {key} is revoked."));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::with_key;
    use super::*;
    use platform::api_key::ApiKey;

    fn key() -> ApiKeyRecord {
        ApiKeyRecord {
            key_id: "aaaaaaaaaaaa".parse().unwrap(),
            name: "PagerDuty PSUB001".to_owned(),
            scope: KeyScope::Integration("prod".parse().unwrap()),
            sha256: ApiKey::generate().unwrap().hash(),
            state: KeyState::Active,
            created_at: Timestamp::UNIX_EPOCH,
            revoked_at: None,
        }
    }

    fn subscription(id: &str) -> WebhookSubscription {
        WebhookSubscription {
            id: id.parse().unwrap(),
            url: "https://example.com/integrations/prod/webhooks".to_owned(),
            scope: None,
            events: vec![],
            description: Some(with_key("Pagerflow", &key().key_id)),
            active: true,
            temporarily_disabled: false,
        }
    }

    fn revocable_beside(key: ApiKeyRecord, others: &[WebhookSubscription]) -> Option<KeyId> {
        let prod = KeyScope::Integration("prod".parse().unwrap());
        let mut all = vec![subscription("PSUB001")];
        all.extend_from_slice(others);
        revocable(key, &prod, &"PSUB001".parse().unwrap(), &all)
    }

    #[test]
    fn a_key_is_revoked_only_if_it_is_nobody_elses() {
        assert_eq!(revocable_beside(key(), &[]), Some(key().key_id));
        assert_eq!(revocable_beside(key(), &[subscription("PSUB002")]), None);
        let state = KeyState::Revoked;
        assert_eq!(revocable_beside(ApiKeyRecord { state, ..key() }, &[]), None);
        let scope = KeyScope::Workflow("memory-alert".parse().unwrap());
        assert_eq!(revocable_beside(ApiKeyRecord { scope, ..key() }, &[]), None);
    }

    #[test]
    fn it_is_told_what_went_with_the_subscription() {
        let deleted = |secret_is_removed, revoked_key| Deleted {
            integration: "prod".parse().unwrap(),
            subscription: "PSUB001".parse().unwrap(),
            secret_is_removed,
            revoked_key,
        };
        assert_eq!(
            deleted(true, Some(key().key_id)).text(Screen::plain()),
            "Deleted the webhook subscription PSUB001. Its signing secret is removed. The API key aaaaaaaaaaaa is revoked."
        );
        assert_eq!(
            deleted(false, None).text(Screen::plain()),
            "Deleted the webhook subscription PSUB001."
        );
    }
}
