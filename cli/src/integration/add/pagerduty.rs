//! Storing an account on PagerDuty.

use super::{Kept, Options, Stored, TokenOptions, Verified, put};
use crate::{
    error::Error,
    integration::check,
    output::{Notices, printable},
    pagerduty_account::PagerDutyAccount,
    secret_input,
    stack::Stack,
};
use jiff::Timestamp;
use pagerduty::{
    account_check::{AccountCheck, Finding, Level, Subject, check_account},
    client::{ApiToken, ServiceRegion},
};
use platform::{
    secrets::{
        Connection, ConnectionSettings, DefaultUser, NewConnection, SettingsChange, StoredConnection, read_settings,
        store_connection,
    },
    table::{IntegrationKind, IntegrationRecord},
};
use secrecy::SecretString;
use workflow::ids::IntegrationAlias;

/// The part of the record of an account on PagerDuty.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) service_region: ServiceRegion,
    pub(super) default_from: Option<String>,
}

pub(super) async fn add(
    options: Options,
    account: Option<Account>,
    stack: &Stack,
    notices: Notices,
) -> Result<Stored, Error> {
    if let [(field, _), ..] = options.field.as_slice() {
        return Err(Error::Invalid(format!(
            "--field {field}: an integration of PagerDuty has no fields; it has --region and --default-from, and other types are \
             given with --type"
        )));
    }
    let change = change_of(&options);
    store(options.token, &change, account, stack, notices).await
}

fn change_of(options: &Options) -> SettingsChange {
    SettingsChange {
        token_kind: options.token.token_kind.map(Into::into),
        service_region: options.region.map(Into::into),
        default_from: match (&options.default_from, options.no_default_from) {
            (Some(user), _) => DefaultUser::Set(user.clone()),
            (None, true) => DefaultUser::Removed,
            (None, false) => DefaultUser::Kept,
        },
    }
}

pub(super) async fn set_token(
    options: TokenOptions,
    account: Account,
    stack: &Stack,
    notices: Notices,
) -> Result<Stored, Error> {
    let change = SettingsChange {
        token_kind: options.token_kind.map(Into::into),
        ..SettingsChange::default()
    };
    store(options, &change, Some(account), stack, notices).await
}

async fn store(
    options: TokenOptions,
    change: &SettingsChange,
    account: Option<Account>,
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
    let before = before.or_else(|| account.map(settings_of));
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
    let default_from = settings.default_from.as_ref().map(ToString::to_string);
    let record = IntegrationRecord {
        alias,
        kind: IntegrationKind::PagerDuty {
            service_region: settings.service_region,
            default_from: default_from.clone(),
        },
        updated_at: Timestamp::now(),
    };
    put(&record, stack).await?;
    Ok(Stored {
        integration: record.into(),
        kept: before.map(|_| kept(change, settings.service_region, default_from.as_deref())),
        verified: match no_verify {
            true => Verified::NotTried,
            false => Verified::Yes("PagerDuty accepts the token.".to_owned()),
        },
        external_id: None,
    })
}

/// The settings in the table of an integration whose secret is gone or damaged.
fn settings_of(account: Account) -> ConnectionSettings {
    ConnectionSettings {
        service_region: account.service_region,
        default_from: account.default_from.and_then(|user| user.parse().ok()),
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

/// The parts of an integration that stayed as they were.
fn kept(change: &SettingsChange, region: ServiceRegion, user: Option<&str>) -> Vec<Kept> {
    let region = change.service_region.is_none().then(|| Kept {
        name: "service_region".to_owned(),
        words: format!("region {region}"),
    });
    let user = (change.default_from == DefaultUser::Kept).then(|| Kept {
        name: "default_from".to_owned(),
        words: user.map_or_else(|| "no default user".to_owned(), |user| format!("default user {user}")),
    });
    let keys = Kept::unnamed("its routing keys");
    region.into_iter().chain(user).chain([keys]).collect()
}

#[cfg(test)]
mod tests;
