//! The integrations: their secrets, their accounts and their webhook subscriptions.

use super::finding::Finding;
use crate::{ask::Consent, error::Error, output::Notices, pagerduty_account::PagerDutyAccount, stack::Stack, webhook};
use pagerduty::{
    account_check::{AccountCheck, Level, check_account},
    client::WebhookSubscription,
};
use platform::{
    secrets::{ChangeError, SecretError, SigningSecrets, read_signing_secrets},
    table::KeyScope,
};
use std::collections::BTreeSet;
use workflow::ids::IntegrationAlias;

/// The facts about an integration.
#[derive(Debug)]
pub(super) struct Integration {
    pub(super) alias: IntegrationAlias,
    /// The subscriptions whose signing secrets are stored, or why that is not known.
    pub(super) signing_secrets: Result<BTreeSet<String>, ChangeError>,
    /// The account, or why it could not be asked.
    pub(super) account: Result<AccountCheck, String>,
    /// All subscriptions of the account, or why they are not known.
    pub(super) subscriptions: Result<Vec<WebhookSubscription>, String>,
}

impl Integration {
    /// Looks at an integration. That changes nothing.
    pub(super) async fn look(alias: &IntegrationAlias, stack: &Stack, notices: Notices) -> Self {
        let name = stack.secret_names.signing_secrets(alias);
        let names = |secrets: SigningSecrets| secrets.subscriptions().map(str::to_owned).collect();
        let signing_secrets = read_signing_secrets(&stack.secrets, &name).await.map(names);
        let (account, subscriptions) = match PagerDutyAccount::of(alias, stack).await {
            Ok(account) => {
                let connection = &account.connection;
                let check = check_account(account.regions(), &connection.token, connection.default_from.as_ref()).await;
                // A token that is refused is told once.
                let listed = match check.is_passed() {
                    true => webhook::subscriptions(alias, &account.open(), notices).await,
                    false => Err(Error::PagerDutyClient("the account is not in order".to_owned())),
                };
                (Ok(check), listed.map(|it| it.list).map_err(|error| error.to_string()))
            }
            Err(error) => (Err(error.to_string()), Err("the account could not be asked".to_owned())),
        };
        Self {
            alias: alias.clone(),
            signing_secrets,
            account,
            subscriptions,
        }
    }

    fn area(&self) -> String {
        format!("integration:{}", self.alias)
    }

    /// The findings about its secrets and its account.
    pub(super) fn judge(&self) -> Vec<Finding> {
        let Self { alias, .. } = self;
        let mut findings = vec![match &self.signing_secrets {
            Ok(secrets) => Finding::ok(
                self.area(),
                match secrets.len() {
                    0 => format!("No signing secret of {alias} is stored."),
                    1 => format!("1 signing secret of {alias} is stored."),
                    count => format!("{count} signing secrets of {alias} are stored."),
                },
            ),
            // Perhaps only the caller may not read them; the ingress may.
            Err(ChangeError::Read(SecretError::Unavailable { cause, .. })) => Finding::not_checked(
                self.area(),
                format!("The signing secrets of {alias} could not be read: {cause}."),
            ),
            Err(error) => Finding::problem(
                self.area(),
                format!(
                    "The signing secrets of {alias} can not be used: {error}. Its V3 webhooks are answered with 503."
                ),
                format!("Make the subscriptions again with `pagerflow webhook subscribe {alias}`."),
            ),
        }];
        match &self.account {
            Err(error) => findings.push(Finding::problem(
                self.area(),
                format!("The token of {alias} can not be used: {error}"),
                format!("pagerflow integration set-token {alias}"),
            )),
            Ok(check) => findings.extend(self.judge_account(check)),
        }
        findings
    }

    /// Only what is wrong; `pagerflow integration test` tells everything.
    fn judge_account(&self, check: &AccountCheck) -> Vec<Finding> {
        let wrong = check.findings.iter().filter_map(|finding| {
            let remedy = finding
                .remedy
                .clone()
                .unwrap_or_default()
                .replace("ALIAS", self.alias.as_str());
            match finding.level {
                Level::Problem => Some(Finding::problem(self.area(), &finding.text, remedy)),
                Level::Warning => Some(Finding::warning(self.area(), &finding.text, remedy)),
                Level::Ok | Level::Unknown => None,
            }
        });
        let wrong: Vec<_> = wrong.collect();
        if wrong.is_empty() {
            return vec![Finding::ok(
                self.area(),
                format!("PagerDuty accepts the token of {}.", self.alias),
            )];
        }
        wrong
    }

    /// Its own subscriptions: those of the account that lead to it or to a workflow of it. `owner` is the integration whose
    /// secrets the webhooks of a subscription are checked with, none if its URL is not of the stack.
    fn own<'a>(
        &'a self,
        owner: &'a impl Fn(&str) -> Option<Owner>,
    ) -> impl Iterator<Item = (&'a WebhookSubscription, Owner)> {
        let all = self.subscriptions.iter().flatten();
        all.filter_map(move |it| Some((it, owner(&it.url)?)))
            // Integrations may share an account. A workflow that is not there has no account of its own, so all are responsible.
            .filter(|(_, owner)| owner.integration.as_ref().is_none_or(|alias| *alias == self.alias))
    }

    /// Enables what PagerDuty has disabled. Gives what was done.
    pub(super) async fn fix(
        &mut self,
        consent: Consent,
        owner: &impl Fn(&str) -> Option<Owner>,
        stack: &Stack,
    ) -> Result<Vec<Finding>, Error> {
        let disabled: Vec<_> = self
            .own(owner)
            .filter(|(subscription, _)| subscription.active && subscription.temporarily_disabled)
            .map(|(subscription, _)| subscription.id.clone())
            .collect();
        if disabled.is_empty() {
            return Ok(vec![]);
        }
        let account = PagerDutyAccount::of(&self.alias, stack).await?;
        let mut findings = Vec::new();
        for id in disabled {
            let question = format!("Enable the webhook subscription {id} of {} again?", self.alias);
            if !consent.allows(&question)? {
                continue;
            }
            findings.push(match account.open().enable_webhook_subscription(&id).await {
                Ok(()) => {
                    let all = self.subscriptions.iter_mut().flatten();
                    for subscription in all.filter(|subscription| subscription.id == id) {
                        subscription.temporarily_disabled = false;
                    }
                    Finding::ok(
                        subscription_area(&id),
                        format!("The subscription {id} was disabled by PagerDuty, and is enabled again."),
                    )
                }
                Err(error) => Finding::problem(
                    subscription_area(&id),
                    format!("The subscription {id} could not be enabled: {error}."),
                    "Enable it in PagerDuty, under Integrations, Generic Webhooks (v3).",
                ),
            });
        }
        Ok(findings)
    }

    /// The findings about its subscriptions.
    pub(super) fn judge_subscriptions(&self, owner: &impl Fn(&str) -> Option<Owner>) -> Vec<Finding> {
        let Self { alias, .. } = self;
        let all = match &self.subscriptions {
            Ok(all) => all,
            Err(cause) => {
                let text = format!("The webhook subscriptions of {alias} were not looked at: {cause}.");
                return vec![Finding::not_checked(self.area(), text)];
            }
        };
        let mut findings: Vec<_> = self
            .own(owner)
            .map(|(subscription, owner)| self.judge_subscription(subscription, &owner))
            .collect();
        let gone = self.signing_secrets.iter().flatten();
        findings.extend(gone.filter(|id| all.iter().all(|it| it.id.as_str() != *id)).map(|id| {
            Finding::warning(
                format!("subscription:{id}"),
                format!(
                    "A signing secret of {alias} is stored for the subscription {id}, which the account does not have."
                ),
                format!("pagerflow integration signing-secret remove {alias} --subscription {id}"),
            )
        }));
        findings
    }

    fn judge_subscription(&self, subscription: &WebhookSubscription, owner: &Owner) -> Finding {
        let (id, alias, area) = (&subscription.id, &self.alias, subscription_area(&subscription.id));
        let leads_to = &owner.leads_to;
        let secrets = self.signing_secrets.as_ref();
        if owner.integration.is_none() {
            return Finding::problem(
                area,
                format!("The subscription {id} leads to {leads_to}, which is not there. Its webhooks are refused."),
                format!("pagerflow webhook unsubscribe {alias} {id}"),
            );
        }
        if !subscription.active {
            return Finding::warning(
                area,
                format!("The subscription {id}, which leads to {leads_to}, is switched off. Nothing comes from it."),
                format!("Switch it on in PagerDuty, or remove it: pagerflow webhook unsubscribe {alias} {id}"),
            );
        }
        if secrets.is_ok_and(|secrets| !secrets.contains(id.as_str())) {
            return Finding::problem(
                area,
                format!(
                    "No signing secret is stored for the subscription {id}, which leads to {leads_to}. Its webhooks are not \
                     accepted, and PagerDuty tells the secret only once."
                ),
                format!(
                    "Make another subscription, and then remove this one:\npagerflow webhook subscribe {alias}{}\n\
                     pagerflow webhook unsubscribe {alias} {id}",
                    match leads_to {
                        KeyScope::Workflow(workflow) => format!(" --workflow {workflow}"),
                        KeyScope::Integration(_) => String::new(),
                    }
                ),
            );
        }
        if subscription.temporarily_disabled {
            return Finding::problem(
                area,
                format!(
                    "PagerDuty has disabled the subscription {id}, which leads to {leads_to}, because three webhooks in a row \
                     were refused. For a day nothing comes from it."
                ),
                "pagerflow doctor --fix",
            );
        }
        Finding::ok(
            area,
            format!("The subscription {id} is active, and leads to {leads_to}."),
        )
    }
}

/// The target of a URL of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) leads_to: KeyScope,
    /// The integration whose secrets its webhooks are checked with; none if what it leads to is not there.
    pub(super) integration: Option<IntegrationAlias>,
}

fn subscription_area(id: &pagerduty::ids::SubscriptionId) -> String {
    format!("subscription:{id}")
}
