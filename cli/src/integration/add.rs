//! `pagerflow integration add` and `set-token`: a token is tried, and then stored.

use super::{check, list::Integration};
use crate::{
    error::Error,
    output::{Notices, Screen, View, printable},
    pagerduty_account::PagerDutyAccount,
    secret_input,
    stack::Stack,
};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use pagerduty::{
    account_check::{AccountCheck, Finding, Level, Subject, check_account},
    client::{ApiToken, ServiceRegion, TokenKind},
    ids::UserEmail,
};
use platform::{
    secrets::{
        Connection, ConnectionSettings, DefaultUser, NewConnection, SettingsChange, StoredConnection, read_settings,
        store_connection,
    },
    table::IntegrationRecord,
};
use secrecy::SecretString;
use serde::Serialize;
use std::path::PathBuf;
use workflow::ids::IntegrationAlias;

pub(super) const EXAMPLES: &str = "\
Examples:
  pagerflow integration add prod
  pagerflow integration add prod-eu --region eu --default-from oncall@example.com
  pagerflow integration add prod --token-file token.txt
  pass pagerduty/token | pagerflow integration add prod

To store another token of an integration that exists, use `pagerflow integration set-token`.";

pub(super) const SET_TOKEN_EXAMPLES: &str = "\
Examples:
  pagerflow integration set-token prod
  pagerflow integration set-token prod --token-file token.txt
  pass pagerduty/token | pagerflow integration set-token prod

Functions take up to five minutes to use it, or until PagerDuty refuses the old one.";

/// A token, and how it is stored.
#[derive(Debug, Args)]
pub(crate) struct TokenOptions {
    /// The name by which workflows refer to the account.
    alias: IntegrationAlias,
    /// The kind of the token. Without it the kind stays, which is api-token at first.
    #[arg(long, value_enum)]
    token_kind: Option<Kind>,
    /// A file that holds the token.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Store it without trying it.
    #[arg(long)]
    no_verify: bool,
}

/// A token with the settings of its account.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    token: TokenOptions,
    /// The service region in which the account lives. Without it the region stays, which is us at first.
    #[arg(long, value_enum)]
    region: Option<Region>,
    /// The login e-mail of the user whom a step acts for if it names none. Without it the default user stays.
    #[arg(long, value_name = "EMAIL")]
    default_from: Option<UserEmail>,
    /// Have no default user.
    #[arg(long, conflicts_with = "default_from")]
    no_default_from: bool,
}

/// A service region of PagerDuty.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Region {
    /// api.pagerduty.com
    Us,
    /// api.eu.pagerduty.com
    Eu,
}

/// A kind of token.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    /// A REST API key of an account or a user.
    ApiToken,
    /// An OAuth access token.
    Oauth,
}

impl From<Region> for ServiceRegion {
    fn from(region: Region) -> Self {
        match region {
            Region::Us => Self::Us,
            Region::Eu => Self::Eu,
        }
    }
}

impl From<Kind> for TokenKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::ApiToken => Self::ApiToken,
            Kind::Oauth => Self::OAuth,
        }
    }
}

pub(super) async fn add(options: Options, stack: &Stack, notices: Notices) -> Result<Stored, Error> {
    let change = SettingsChange {
        token_kind: options.token.token_kind.map(Into::into),
        service_region: options.region.map(Into::into),
        default_from: match (options.default_from, options.no_default_from) {
            (Some(user), _) => DefaultUser::Set(user),
            (None, true) => DefaultUser::Removed,
            (None, false) => DefaultUser::Kept,
        },
    };
    let record = stack.table.integration(&options.token.alias).await?;
    store(options.token, &change, record, stack, notices).await
}

pub(super) async fn set_token(options: TokenOptions, stack: &Stack, notices: Notices) -> Result<Stored, Error> {
    let change = SettingsChange {
        token_kind: options.token_kind.map(Into::into),
        ..SettingsChange::default()
    };
    let record = stack.known_integration(&options.alias).await?;
    store(options, &change, Some(record), stack, notices).await
}

async fn store(
    options: TokenOptions,
    change: &SettingsChange,
    record: Option<IntegrationRecord>,
    stack: &Stack,
    notices: Notices,
) -> Result<Stored, Error> {
    let TokenOptions {
        alias,
        token_file,
        no_verify,
        ..
    } = options;
    let name = stack.secret_names.api_token(&alias);
    let before = match read_settings(&stack.secrets, &name).await {
        Ok(settings) => settings,
        Err(cause) => return Err(Error::Unusable { alias, cause }),
    };
    let before = before.or_else(|| record.map(settings_of));
    let settings = change.of(before.clone().unwrap_or_default());
    let token = secret_input::read("PagerDuty API token", token_file.as_deref())?;
    if !no_verify {
        verify(&alias, token.clone(), &settings, stack, notices).await?;
    }
    let connection = NewConnection::new(token, change.clone(), before.clone().unwrap_or_default());
    let connection = connection.map_err(|error| Error::Secret(error.to_string()))?;
    let StoredConnection { replaced, settings } = store_connection(&stack.secrets, &name, &connection).await?;
    if let Some(replaced) = replaced {
        notices.warn(&format!(
            "{replaced}. It was stored anew: store the routing keys of {alias} again."
        ));
    }
    let record = IntegrationRecord {
        alias,
        service_region: settings.service_region,
        default_from: settings.default_from.as_ref().map(ToString::to_string),
        updated_at: Timestamp::now(),
    };
    stack.table.put_integration(&record).await?;
    Ok(Stored {
        integration: record.into(),
        kept: before.as_ref().map(|_| kept(change)).unwrap_or_default(),
        is_new: before.is_none(),
        verified: !no_verify,
    })
}

/// The settings in the table of an integration whose secret is gone or damaged.
fn settings_of(record: IntegrationRecord) -> ConnectionSettings {
    ConnectionSettings {
        service_region: record.service_region,
        default_from: record.default_from.and_then(|user| user.parse().ok()),
        ..ConnectionSettings::default()
    }
}

/// Asks PagerDuty whether it accepts the token and knows the default user.
async fn verify(
    alias: &IntegrationAlias,
    token: SecretString,
    settings: &ConnectionSettings,
    stack: &Stack,
    notices: Notices,
) -> Result<(), Error> {
    let token = ApiToken::new(settings.token_kind, token).map_err(|error| Error::Secret(error.to_string()))?;
    let connection = Connection::new(token, settings.service_region, settings.default_from.clone());
    let trying = notices.working(format!("Trying the token of {alias}"));
    let account = PagerDutyAccount::reached(connection, stack.pagerduty_url.as_ref())?;
    let connection = &account.connection;
    let check = check_account(account.regions(), &connection.token, connection.default_from.as_ref()).await;
    drop(trying);
    judge(alias, &check, notices)
}

/// Fails on what would keep every step from working. Anything else that is wrong is a warning.
fn judge(alias: &IntegrationAlias, check: &AccountCheck, notices: Notices) -> Result<(), Error> {
    let problems = check.findings.iter().filter(|finding| finding.level == Level::Problem);
    let (fatal, others): (Vec<&Finding>, Vec<&Finding>) = problems
        .partition(|finding| matches!(finding.subject, Subject::Token | Subject::Region | Subject::DefaultFrom));
    let words = |finding: &Finding| {
        let remedy = finding
            .remedy
            .as_ref()
            .map(|remedy| format!(" {}", check::with_alias(remedy, alias)));
        printable(&format!("{}{}", finding.text, remedy.unwrap_or_default()))
    };
    if fatal.is_empty() {
        for finding in others {
            notices.warn(&words(finding));
        }
        return Ok(());
    }
    let lines: Vec<String> = fatal.into_iter().map(words).collect();
    Err(Error::Invalid(format!(
        "nothing was stored of the integration {alias}\n{}\nTo store it without trying it, pass --no-verify.",
        lines.join("\n")
    )))
}

/// A part of an integration that stayed as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    ServiceRegion,
    DefaultFrom,
}

fn kept(change: &SettingsChange) -> Vec<Kept> {
    let region = change.service_region.is_none().then_some(Kept::ServiceRegion);
    let user = (change.default_from == DefaultUser::Kept).then_some(Kept::DefaultFrom);
    region.into_iter().chain(user).collect()
}

/// A stored integration.
#[derive(Debug, Serialize)]
pub(super) struct Stored {
    #[serde(flatten)]
    integration: Integration,
    kept: Vec<Kept>,
    #[serde(skip)]
    is_new: bool,
    /// True if PagerDuty has accepted the token.
    verified: bool,
}

impl Stored {
    fn in_words(&self, kept: Kept) -> String {
        match (kept, &self.integration.default_from) {
            (Kept::ServiceRegion, _) => format!("region {}", self.integration.service_region),
            (Kept::DefaultFrom, Some(user)) => format!("default user {user}"),
            (Kept::DefaultFrom, None) => "no default user".to_owned(),
        }
    }
}

impl View for Stored {
    fn text(&self, _: Screen) -> String {
        let alias = &self.integration.alias;
        let kept = self.kept.iter().map(|kept| self.in_words(*kept));
        let kept: Vec<String> = kept.chain(["its routing keys".to_owned()]).collect();
        let kept = match self.is_new {
            true => String::new(),
            false => format!(" Kept: {}.", kept.join(", ")),
        };
        let verified = match self.verified {
            true => "PagerDuty accepts the token.".to_owned(),
            false => format!("Try it with `pagerflow integration test {alias}`."),
        };
        format!("Stored the integration {alias}.{kept} {verified}")
    }
}

#[cfg(test)]
mod tests;
