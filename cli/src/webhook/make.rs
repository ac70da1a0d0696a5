//! Making a subscription, in an order in which no webhook can come before it is understood, and unmaking it if that fails.
//!
//! The subscription is created inactive. Only then its secret is known, and the key is named after it. Both are stored, and
//! the subscription is activated last. What fails on the way is undone; what could not be undone is told, with the command
//! that does it. A program that is killed on the way leaves an inactive subscription, which `pagerflow webhook list` shows.

use jiff::Timestamp;
use pagerduty::{
    Error as PagerDutyError,
    client::{Account, NewWebhookSubscription, SubscriptionScope, WebhookSubscription},
    directory::Pause,
    ids::SubscriptionId,
    webhook_subscriptions::list_webhook_subscriptions,
};
use platform::{
    api_key::{ApiKey, KeyId},
    secrets::{SecretWriter, add_signing_secret, remove_signing_secrets},
    table::{ApiKeyRecord, KeyScope, KeyState, StoreError, Table},
};
use secrecy::SecretString;
use std::{collections::HashSet, fmt};
use workflow::ids::IntegrationAlias;

use crate::webhook_url::KEY_HEADER;

/// PagerDuty's code for a scope that has as many subscriptions as it may.
const LIMIT_REACHED: u64 = 2019;

/// The store of keys.
pub(super) trait KeyStore {
    async fn put(&self, key: &ApiKeyRecord) -> Result<(), StoreError>;
    async fn revoke(&self, id: &KeyId, now: Timestamp) -> Result<(), StoreError>;
}

impl KeyStore for Table {
    async fn put(&self, key: &ApiKeyRecord) -> Result<(), StoreError> {
        self.put_api_key(key).await
    }

    async fn revoke(&self, id: &KeyId, now: Timestamp) -> Result<(), StoreError> {
        self.revoke_api_key(id, now).await.map(drop)
    }
}

/// The plan of a subscription.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) alias: IntegrationAlias,
    /// The target of the URL.
    pub(super) leads_to: KeyScope,
    pub(super) url: String,
    pub(super) scope: SubscriptionScope,
    pub(super) events: Vec<String>,
    pub(super) description: String,
    pub(super) key: ApiKey,
    /// True if the key was just made, and is not stored yet.
    pub(super) key_is_new: bool,
    /// The name of the secret that the signing secrets are in.
    pub(super) secret_name: String,
    /// The subscriptions that there were before.
    pub(super) before: HashSet<SubscriptionId>,
}

/// Something that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Made {
    Subscription(SubscriptionId),
    /// One may have been made.
    PerhapsSubscription,
    Key(KeyId),
    SigningSecret(SubscriptionId),
}

/// A subscription was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotMade {
    pub(super) alias: IntegrationAlias,
    /// The failure and its cause.
    pub(super) cause: String,
    /// Parts that were made and could not be undone.
    pub(super) left: Vec<Made>,
}

impl std::error::Error for NotMade {}

impl fmt::Display for NotMade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let alias = &self.alias;
        write!(f, "{}", self.cause)?;
        if self.left.is_empty() {
            return f.write_str("\nNothing is left of the attempt.");
        }
        for left in &self.left {
            match left {
                Made::Subscription(id) => write!(
                    f,
                    "\nThe subscription {id} is left; remove it with `pagerflow webhook unsubscribe {alias} {id}`."
                ),
                Made::PerhapsSubscription => write!(
                    f,
                    "\nA subscription may be left; look for an inactive one with `pagerflow webhook list {alias}`."
                ),
                Made::Key(id) => write!(
                    f,
                    "\nThe API key {id} is left; revoke it with `pagerflow key revoke {id}`."
                ),
                Made::SigningSecret(id) => write!(
                    f,
                    "\nA signing secret is left; remove it with \
                     `pagerflow integration signing-secret remove {alias} --subscription {id}`."
                ),
            }?;
        }
        Ok(())
    }
}

/// The tools of the making.
#[derive(Debug)]
pub(super) struct Maker<'a, K, S> {
    pub(super) account: Account<'a>,
    pub(super) keys: &'a K,
    pub(super) secrets: &'a S,
    pub(super) now: Timestamp,
}

impl<K: KeyStore, S: SecretWriter> Maker<'_, K, S> {
    /// Makes a subscription that works.
    pub(super) async fn make(&self, plan: &Plan, wait: impl AsyncFn(Pause)) -> Result<WebhookSubscription, NotMade> {
        let mut made = Vec::new();
        match self.try_make(plan, &mut made, wait).await {
            Ok(subscription) => Ok(subscription),
            Err(cause) => Err(NotMade {
                alias: plan.alias.clone(),
                cause,
                left: self.undo(plan, made).await,
            }),
        }
    }

    async fn try_make(
        &self,
        plan: &Plan,
        made: &mut Vec<Made>,
        wait: impl AsyncFn(Pause),
    ) -> Result<WebhookSubscription, String> {
        let (subscription, signing_secret) = self.create(plan, made, wait).await?;
        let id = &subscription.id;
        if plan.key_is_new {
            // Before the call: it may have been stored although the answer got lost.
            made.push(Made::Key(plan.key.id().clone()));
            let record = ApiKeyRecord {
                key_id: plan.key.id().clone(),
                name: format!("PagerDuty {id}"),
                scope: plan.leads_to.clone(),
                sha256: plan.key.hash(),
                state: KeyState::Active,
                created_at: self.now,
                revoked_at: None,
            };
            let stored = self.keys.put(&record).await;
            stored.map_err(|error| format!("the API key was not stored: {error}"))?;
        }
        made.push(Made::SigningSecret(id.clone()));
        add_signing_secret(self.secrets, &plan.secret_name, id.as_str(), &signing_secret)
            .await
            .map_err(|error| format!("the signing secret was not stored: {error}"))?;
        let activated = self.account.activate_webhook_subscription(&subscription, true).await;
        activated.map_err(|error| format!("the subscription {id} was not activated: {error}."))?;
        Ok(WebhookSubscription {
            active: true,
            ..subscription
        })
    }

    async fn create(
        &self,
        plan: &Plan,
        made: &mut Vec<Made>,
        wait: impl AsyncFn(Pause),
    ) -> Result<(WebhookSubscription, SecretString), String> {
        let key = SecretString::from(plan.key.expose());
        let new = NewWebhookSubscription {
            url: &plan.url,
            custom_header: (KEY_HEADER, &key),
            scope: &plan.scope,
            events: &plan.events,
            description: &plan.description,
            active: false,
        };
        match self.account.create_webhook_subscription(new).await {
            Ok(created) => {
                made.push(Made::Subscription(created.subscription.id.clone()));
                Ok((created.subscription, created.signing_secret))
            }
            Err(error) => {
                if matches!(error, PagerDutyError::OutcomeUnknown { .. }) {
                    made.extend(self.strays(plan, wait).await);
                }
                Err(refused(plan, &error))
            }
        }
    }

    /// Parts that an attempt left whose answer got lost. Their secret is lost with it.
    async fn strays(&self, plan: &Plan, wait: impl AsyncFn(Pause)) -> Vec<Made> {
        let Ok(now) = list_webhook_subscriptions(&self.account, wait).await else {
            return vec![Made::PerhapsSubscription];
        };
        let ours = now.list.into_iter().filter(|subscription| {
            !subscription.active
                && subscription.url == plan.url
                && subscription.description.as_deref() == Some(&plan.description)
                && !plan.before.contains(&subscription.id)
        });
        ours.map(|subscription| Made::Subscription(subscription.id)).collect()
    }

    /// Undoes what was made, and gives what could not be undone.
    async fn undo(&self, plan: &Plan, made: Vec<Made>) -> Vec<Made> {
        let mut left = Vec::new();
        for thing in made {
            let is_undone = match &thing {
                Made::PerhapsSubscription => false,
                Made::Subscription(id) => matches!(
                    self.account.delete_webhook_subscription(id).await,
                    Ok(()) | Err(PagerDutyError::NotFound(_))
                ),
                Made::Key(id) => self.keys.revoke(id, self.now).await.is_ok(),
                Made::SigningSecret(id) => remove_signing_secrets(self.secrets, &plan.secret_name, id.as_str())
                    .await
                    .is_ok(),
            };
            if !is_undone {
                left.push(thing);
            }
        }
        left
    }
}

fn refused(plan: &Plan, error: &PagerDutyError) -> String {
    match error {
        PagerDutyError::InvalidRequest(refusal) if refusal.code == Some(LIMIT_REACHED) => format!(
            "the subscription was not made, because PagerDuty allows ten for each service, each team and the account, and \
             the {} has them\nRemove one that is not needed with `pagerflow webhook unsubscribe {alias} ID` \
             (`pagerflow webhook list {alias}` shows them), or choose another scope with --service or --team. One to the URL \
             of the integration serves all its workflows.",
            plan.scope,
            alias = plan.alias,
        ),
        error => format!("the subscription was not made: {error}."),
    }
}

#[cfg(test)]
mod tests;
