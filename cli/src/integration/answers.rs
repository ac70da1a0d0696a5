//! The secrets with which systems sign the answers of people, and the addresses that they send them to.

use super::add::put;
use crate::{
    error::Error,
    output::{Notices, Screen, View},
    secret_input,
    stack::Stack,
};
use connectors::{Account, SIGNING_SECRET, STORED, shipped_connector};
use platform::{
    secrets::{store_account, store_answer_signing},
    table::{ConnectorAccount, IntegrationKind, IntegrationRecord},
};
use serde::Serialize;
use std::path::Path;
use workflow::ids::IntegrationAlias;

/// The address that the system of an integration sends the answers of people to.
pub(crate) fn url(alias: &IntegrationAlias, account: &ConnectorAccount, stack: &Stack) -> String {
    format!("{}/{}/{alias}/interactions", stack.webhook_url, account.type_name)
}

/// True if the secret is stored with which the system of an account signs the answers of people.
pub(crate) fn is_signed(account: &ConnectorAccount) -> bool {
    account.fields.contains_key(SIGNING_SECRET)
}

/// True if people can answer in the system of an account, once its signing secret is stored.
pub(crate) fn can_be_signed(account: &ConnectorAccount) -> bool {
    words_of_secret(account).is_some()
}

/// The words of the prompt for the signing secret. An answer needs code, so there are none of a connector of the user's own.
fn words_of_secret(account: &ConnectorAccount) -> Option<&'static str> {
    let connector = shipped_connector(account.type_name.as_str())?;
    connector.integration().signing_secret.as_deref()
}

/// The steps that give messages buttons.
pub(crate) fn how_to(alias: &IntegrationAlias, account: &ConnectorAccount, stack: &Stack) -> String {
    format!(
        "To let people answer approvals by buttons of its messages:\n\
         - switch on Interactivity in the settings of the app, with the Request URL {}\n\
         - store the signing secret of the app with `pagerflow integration signing-secret set {alias}`",
        url(alias, account, stack)
    )
}

/// A signing secret that was stored.
#[derive(Debug, Serialize)]
pub(super) struct Stored {
    alias: IntegrationAlias,
    /// The address that the system sends the answers of people to.
    answers_url: String,
}

/// A signing secret that was removed.
#[derive(Debug, Serialize)]
pub(super) struct Removed {
    alias: IntegrationAlias,
    /// True if there was one.
    removed: bool,
}

pub(super) async fn set(alias: IntegrationAlias, file: Option<&Path>, stack: &Stack) -> Result<Stored, Error> {
    let account = signing_account(&alias, stack).await?;
    let words = words_of_secret(&account).unwrap_or("signing secret");
    let secret = secret_input::read(words, file)?;
    let name = stack.secret_names.answer_signing(&account.type_name, &alias);
    store_answer_signing(&stack.secrets, &name, &secret).await?;
    mark(&alias, &account, true, stack).await?;
    Ok(Stored {
        answers_url: url(&alias, &account, stack),
        alias,
    })
}

pub(super) async fn remove(alias: IntegrationAlias, stack: &Stack, notices: Notices) -> Result<Removed, Error> {
    let account = signing_account(&alias, stack).await?;
    // Without the mark first, so that no message gets buttons that do nothing.
    mark(&alias, &account, false, stack).await?;
    let name = stack.secret_names.answer_signing(&account.type_name, &alias);
    let removed = stack.secrets.remove(&name).await?;
    if removed {
        notices
            .warn("buttons of messages that were sent before do nothing any more; their links still lead to the page");
    }
    Ok(Removed { alias, removed })
}

/// The account of an integration whose system signs the answers of people.
async fn signing_account(alias: &IntegrationAlias, stack: &Stack) -> Result<ConnectorAccount, Error> {
    let record = stack.known_integration(alias).await?;
    match record.kind {
        IntegrationKind::Connector(account) if can_be_signed(&account) => Ok(account),
        kind => Err(Error::Invalid(format!(
            "the integration {alias} is of the type {}, in which people cannot answer approvals\n\
             The signing secrets of PagerDuty's webhooks are stored with `pagerflow integration signing-secret add {alias} --subscription ID`.",
            kind.type_name()
        ))),
    }
}

/// Says in the account whether a signing secret is stored: so the function that sends messages knows if they get buttons.
async fn mark(
    alias: &IntegrationAlias,
    account: &ConnectorAccount,
    is_stored: bool,
    stack: &Stack,
) -> Result<(), Error> {
    let name = stack.secret_names.integration(&account.type_name, alias);
    let stored = store_account(&stack.secrets, &name, &account.type_name, |before| {
        let before = before.ok_or_else(|| {
            format!("its own secret cannot be used; store it first with `pagerflow integration set-token {alias}`")
        })?;
        let mut fields = before.fields.clone();
        match is_stored {
            true => fields.insert(SIGNING_SECRET.to_owned(), STORED.to_owned()),
            false => fields.remove(SIGNING_SECRET),
        };
        Ok(Account {
            fields,
            ..before.clone()
        })
    })
    .await?;
    let record = IntegrationRecord {
        alias: alias.clone(),
        kind: IntegrationKind::Connector(ConnectorAccount {
            fields: stored.account.fields,
            ..account.clone()
        }),
        updated_at: jiff::Timestamp::now(),
    };
    put(&record, stack).await
}

impl View for Stored {
    fn text(&self, _: Screen) -> String {
        let Self { alias, answers_url } = self;
        format!(
            "Stored the signing secret of {alias}. Messages about approvals have buttons from now on, or within five minutes.\n\
             The Request URL for Interactivity, in the settings of the app: {answers_url}"
        )
    }
}

impl View for Removed {
    fn text(&self, _: Screen) -> String {
        let Self { alias, removed } = self;
        match removed {
            true => {
                format!("Removed the signing secret of {alias}. Messages about approvals have a link and no buttons.")
            }
            false => format!("No signing secret of {alias} was stored."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_what_is_left_to_do_in_the_system() {
        let stored = Stored {
            alias: "ops".parse().unwrap(),
            answers_url: "https://example.com/slack/ops/interactions".to_owned(),
        };
        insta::assert_snapshot!(stored.text(Screen::plain()), @"
        Stored the signing secret of ops. Messages about approvals have buttons from now on, or within five minutes.
        The Request URL for Interactivity, in the settings of the app: https://example.com/slack/ops/interactions
        ");
    }

    #[test]
    fn only_types_whose_systems_sign_have_a_signing_secret() {
        let account = |type_name: &str| ConnectorAccount {
            type_name: type_name.parse().unwrap(),
            fields: [].into(),
            hosts: Vec::new(),
        };
        assert!(can_be_signed(&account("slack")) && !can_be_signed(&account("jira")));
        assert!(!is_signed(&account("slack")));
    }
}
