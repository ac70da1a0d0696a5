//! `pagerflow integration add` and `set-token`: a secret is tried, and then stored.

mod aws;
mod connector;
mod pagerduty;

use super::list::Integration;
use crate::{
    error::Error,
    output::{Notices, Screen, View},
    stack::Stack,
};
use ::pagerduty::{
    client::{ServiceRegion, TokenKind},
    ids::UserEmail,
};
use aws_actions::integration::TYPE as AWS;
use clap::{Args, ValueEnum};
use platform::table::{IntegrationKind, IntegrationRecord, PutIntegration};
use serde::{Serialize, Serializer};
use std::path::PathBuf;
use workflow::ids::{IntegrationAlias, IntegrationTypeName};

pub(super) const EXAMPLES: &str = "\
Examples:
  pagerflow integration add prod
  pagerflow integration add prod-eu --region eu --default-from oncall@example.com
  pagerflow integration add prod --token-file token.txt
  pass pagerduty/token | pagerflow integration add prod
  pagerflow integration add chat --type slack
  pagerflow integration add prod-aws --type aws
  pass jira/token | pagerflow integration add tickets --type jira \
    --field site=acme.atlassian.net --field email=bot@example.com

`pagerflow integration types` lists the types, and what each asks for. To store another token of an integration that exists, use `pagerflow integration set-token`.";

pub(super) const SET_TOKEN_EXAMPLES: &str = "\
Examples:
  pagerflow integration set-token prod
  pagerflow integration set-token prod --token-file token.txt
  pass pagerduty/token | pagerflow integration set-token prod

Functions take up to five minutes to use it, or until the system refuses the old one.";

/// A token, and how it is stored.
#[derive(Debug, Args)]
pub(crate) struct TokenOptions {
    /// The name by which workflows refer to the account.
    alias: IntegrationAlias,
    /// The kind of the token. Without it the kind stays, which is api-token at first. For PagerDuty alone.
    #[arg(long, value_enum)]
    token_kind: Option<Kind>,
    /// A file that holds the token, or whatever the secret of the type is.
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
    /// The type, which is the system of the account. Without it the type stays, which is pagerduty at first. It never changes.
    #[arg(long = "type", value_name = "TYPE")]
    type_name: Option<IntegrationTypeName>,
    /// A field that the type asks for beside the secret. May be repeated. Without it the field stays; an empty value takes one away
    /// that is optional.
    #[arg(long, value_name = "NAME=VALUE", value_parser = field)]
    field: Vec<(String, String)>,
    /// The service region in which the account lives. Without it the region stays, which is us at first. For PagerDuty alone.
    #[arg(long, value_enum)]
    region: Option<Region>,
    /// The login e-mail of the user whom a step acts for if it names none. Without it the default user stays. For PagerDuty alone.
    #[arg(long, value_name = "EMAIL")]
    default_from: Option<UserEmail>,
    /// Have no default user. For PagerDuty alone.
    #[arg(long, conflicts_with = "default_from")]
    no_default_from: bool,
}

fn field(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("write the name of the field, `=`, and its value")?;
    Ok((name.to_owned(), value.to_owned()))
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

/// The part of an integration that stayed as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    /// The name for programs; empty of what they are not told.
    name: String,
    words: String,
}

impl Kept {
    fn unnamed(words: &str) -> Self {
        Self {
            name: String::new(),
            words: words.to_owned(),
        }
    }
}

pub(super) async fn add(options: Options, stack: &Stack, notices: Notices) -> Result<Stored, Error> {
    let record = stack.table.integration(&options.token.alias).await?;
    if let (Some(record), Some(wanted)) = (&record, &options.type_name)
        && record.kind.type_name() != wanted.as_str()
    {
        return Err(of_another_type(record, wanted.as_str()));
    }
    let wanted = options.type_name.clone();
    let wanted = wanted.filter(|wanted| wanted.as_str() != IntegrationKind::PAGERDUTY);
    match (record.map(|record| record.kind), wanted) {
        (None, None) => pagerduty::add(options, None, stack, notices).await,
        (None, Some(type_name)) if type_name.as_str() == AWS => aws::add(options, None, stack, notices).await,
        (None, Some(type_name)) => connector::add(options, &type_name, None, stack, notices).await,
        (Some(IntegrationKind::Connector(account)), _) if account.type_name.as_str() == AWS => {
            aws::add(options, Some(&account), stack, notices).await
        }
        (Some(IntegrationKind::Connector(account)), _) => {
            connector::add(options, &account.type_name, Some(&account), stack, notices).await
        }
        (
            Some(IntegrationKind::PagerDuty {
                service_region,
                default_from,
            }),
            _,
        ) => {
            let account = pagerduty::Account {
                service_region,
                default_from,
            };
            pagerduty::add(options, Some(account), stack, notices).await
        }
    }
}

pub(super) async fn set_token(options: TokenOptions, stack: &Stack, notices: Notices) -> Result<Stored, Error> {
    let record = stack.known_integration(&options.alias).await?;
    match record.kind {
        IntegrationKind::PagerDuty {
            service_region,
            default_from,
        } => {
            let account = pagerduty::Account {
                service_region,
                default_from,
            };
            pagerduty::set_token(options, account, stack, notices).await
        }
        IntegrationKind::Connector(account) if account.type_name.as_str() == AWS => {
            aws::set_token(options, &account, stack, notices).await
        }
        IntegrationKind::Connector(account) => connector::set_token(options, &account, stack, notices).await,
    }
}

/// The options that only integrations of PagerDuty have.
fn options_of_pagerduty(options: &Options) -> Vec<String> {
    let given = [
        ("--region", options.region.is_some()),
        ("--default-from", options.default_from.is_some()),
        ("--no-default-from", options.no_default_from),
    ];
    let given = given.iter().filter(|(_, is_given)| *is_given);
    given
        .map(|(name, _)| of_pagerduty_alone(name))
        .chain(token_kind_of_pagerduty(&options.token))
        .collect()
}

fn token_kind_of_pagerduty(options: &TokenOptions) -> Option<String> {
    options.token_kind.is_some().then(|| of_pagerduty_alone("--token-kind"))
}

fn of_pagerduty_alone(option: &str) -> String {
    format!("{option} is for integrations of PagerDuty alone")
}

/// Stores what people see of an integration.
pub(super) async fn put(record: &IntegrationRecord, stack: &Stack) -> Result<(), Error> {
    match stack.table.put_integration(record).await? {
        PutIntegration::Stored => Ok(()),
        PutIntegration::IsOfAnotherType(other) => Err(of_another_type(&other, record.kind.type_name())),
    }
}

/// An alias is that of an integration of another type.
fn of_another_type(integration: &IntegrationRecord, wanted: &str) -> Error {
    let alias = &integration.alias;
    Error::Invalid(format!(
        "the integration {alias} is of the type {}, which cannot become {wanted}: the steps that name it would act on another \
         system\nGive the new one another alias, or remove this one first with `pagerflow integration remove {alias}`.",
        integration.kind.type_name()
    ))
}

/// A stored integration.
#[derive(Debug)]
pub(super) struct Stored {
    integration: Integration,
    /// The parts that stayed as they were; none of an integration that is new.
    kept: Option<Vec<Kept>>,
    verified: Verified,
    /// Of AWS alone: what the role asks for. It is no secret towards the owner of the account, whose role has it.
    external_id: Option<String>,
}

/// The outcome of trying it.
#[derive(Debug)]
enum Verified {
    /// The system accepts it.
    Yes(String),
    /// It was not to be tried.
    NotTried,
    /// There is nothing to try it with.
    CannotBe(String),
}

impl Serialize for Stored {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Fields<'a> {
            #[serde(flatten)]
            integration: &'a Integration,
            kept: Vec<&'a str>,
            verified: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            external_id: &'a Option<String>,
        }
        let kept = self.kept.iter().flatten().map(|kept| kept.name.as_str());
        Fields {
            integration: &self.integration,
            kept: kept.filter(|name| !name.is_empty()).collect(),
            verified: matches!(self.verified, Verified::Yes(_)),
            external_id: &self.external_id,
        }
        .serialize(serializer)
    }
}

impl View for Stored {
    fn text(&self, _: Screen) -> String {
        let alias = &self.integration.alias;
        let kept: Vec<&str> = self.kept.iter().flatten().map(|kept| kept.words.as_str()).collect();
        let kept = match kept.is_empty() {
            true => String::new(),
            false => format!(" Kept: {}.", kept.join(", ")),
        };
        let verified = match &self.verified {
            Verified::Yes(words) | Verified::CannotBe(words) => words.clone(),
            Verified::NotTried => format!("Try it with `pagerflow integration test {alias}`."),
        };
        format!("Stored the integration {alias}.{kept} {verified}")
    }
}
