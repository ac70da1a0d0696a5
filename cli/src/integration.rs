//! `pagerflow integration`.

mod check;
mod list;
mod remove;
mod routing_key;

use crate::{error::Error, output::Output, secret_input, stack::Stack};
use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;
use pagerduty::{
    client::{ServiceRegion, TokenKind},
    ids::UserEmail,
};
use platform::{
    secrets::{NewConnection, add_signing_secret, read_signing_secrets, remove_signing_secrets, store_connection},
    table::IntegrationRecord,
};
use std::{path::PathBuf, process::ExitCode};
use workflow::ids::IntegrationAlias;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Store a PagerDuty account and its API token.
    ///
    /// The token is read from a prompt, from standard input or from a file.
    #[command(after_help = "Examples:
  pagerflow integration add prod
  pagerflow integration add prod-eu --region eu --default-from oncall@example.com
  pagerflow integration add prod --token-file token.txt
  pass pagerduty/token | pagerflow integration add prod

To store another token, add the integration again under the same alias: its signing secrets and routing keys stay.")]
    Add {
        /// The name by which workflows refer to the account.
        alias: IntegrationAlias,
        /// The service region in which the account lives.
        #[arg(long, value_enum, default_value_t = Region::Us)]
        region: Region,
        /// The kind of the token.
        #[arg(long, value_enum, default_value_t = Kind::ApiToken)]
        token_kind: Kind,
        /// The login e-mail of the user whom a step acts for if it names none.
        #[arg(long)]
        default_from: Option<UserEmail>,
        /// A file that holds the token.
        #[arg(long)]
        token_file: Option<PathBuf>,
    },
    /// List the integrations.
    #[command(after_help = "Example:
  pagerflow integration list")]
    List,
    /// Show what is stored of an integration, without its secrets, and which workflows its events start.
    #[command(after_help = "Example:
  pagerflow integration show prod")]
    Show {
        /// The alias of the integration.
        alias: IntegrationAlias,
    },
    /// Find out whose token an integration has, what it may do, whether the default user may respond and which service
    /// region answers.
    ///
    /// Nothing is changed. The exit code is 1 if something keeps the integration from working.
    #[command(after_help = "Examples:
  pagerflow integration test prod
  pagerflow integration test prod --output json | jq '.findings[] | select(.level == \"problem\")'")]
    Test {
        /// The alias of the integration.
        alias: IntegrationAlias,
    },
    /// Remove an integration: its token, its signing secrets and its routing keys.
    ///
    /// What still uses it is told, and keeps it from being removed. To remove one that is not there changes nothing.
    #[command(after_help = remove::EXAMPLES)]
    Remove(remove::Options),
    /// The secrets with which PagerDuty signs webhooks.
    #[command(subcommand)]
    SigningSecret(SigningSecretCommand),
    /// The keys with which workflows send alerts and changes to PagerDuty's Events API.
    #[command(subcommand)]
    RoutingKey(routing_key::Command),
}

#[derive(Debug, Subcommand)]
pub(crate) enum SigningSecretCommand {
    /// Store the signing secret of a webhook subscription.
    ///
    /// PagerDuty shows it once, when the subscription is made.
    #[command(after_help = "Examples:
  pagerflow integration signing-secret add prod --subscription PABC123
  pagerflow integration signing-secret add prod --subscription PABC123 --secret-file secret.txt")]
    Add {
        /// The alias of the integration.
        alias: IntegrationAlias,
        /// The id of the webhook subscription.
        #[arg(long)]
        subscription: pagerduty::ids::SubscriptionId,
        /// A file that holds the secret.
        #[arg(long)]
        secret_file: Option<PathBuf>,
    },
    /// List the webhook subscriptions whose signing secrets are stored.
    #[command(after_help = "Example:
  pagerflow integration signing-secret list prod")]
    List {
        /// The alias of the integration.
        alias: IntegrationAlias,
    },
    /// Remove the signing secrets of a webhook subscription that is gone.
    #[command(after_help = "Example:
  pagerflow integration signing-secret remove prod --subscription PABC123")]
    Remove {
        /// The alias of the integration.
        alias: IntegrationAlias,
        /// The id of the webhook subscription.
        #[arg(long)]
        subscription: pagerduty::ids::SubscriptionId,
    },
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

pub(crate) async fn run(command: Command, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    match command {
        Command::Add {
            alias,
            region,
            token_kind,
            default_from,
            token_file,
        } => {
            let service_region = match region {
                Region::Us => ServiceRegion::Us,
                Region::Eu => ServiceRegion::Eu,
            };
            let token_kind = match token_kind {
                Kind::ApiToken => TokenKind::ApiToken,
                Kind::Oauth => TokenKind::OAuth,
            };
            let token = secret_input::read("PagerDuty API token", token_file.as_deref())?;
            let connection = NewConnection::new(token, token_kind, service_region, default_from.clone())
                .map_err(|error| Error::Secret(error.to_string()))?;
            let name = stack.secret_names.api_token(&alias);
            let stored = store_connection(&stack.secrets, &name, &connection).await?;
            if let Some(replaced) = stored.replaced {
                output.warn(&format!(
                    "{replaced}. It was stored anew: store the routing keys of {alias} again."
                ));
            }
            let record = IntegrationRecord {
                alias,
                service_region,
                default_from: default_from.map(|email| email.to_string()),
                updated_at: Timestamp::now(),
            };
            stack.table.put_integration(&record).await?;
            output.result(&record, || {
                let alias = &record.alias;
                format!("Stored the integration {alias}. Try it with `pagerflow integration test {alias}`.")
            })?;
        }
        Command::List => list::list(stack, output).await?,
        Command::Show { alias } => list::show(&alias, stack, output).await?,
        Command::Test { alias } => return check::run(&alias, stack, output).await,
        Command::Remove(options) => return remove::run(options, stack, output).await,
        Command::SigningSecret(command) => signing_secret(command, stack, output).await?,
        Command::RoutingKey(command) => routing_key::run(command, stack, output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn signing_secret(command: SigningSecretCommand, stack: &Stack, output: &mut Output) -> Result<(), Error> {
    let (SigningSecretCommand::Add { alias, .. }
    | SigningSecretCommand::List { alias }
    | SigningSecretCommand::Remove { alias, .. }) = &command;
    stack.known_integration(alias).await?;
    let name = stack.secret_names.signing_secrets(alias);
    match command {
        SigningSecretCommand::Add {
            alias,
            subscription,
            secret_file,
        } => {
            let secret = secret_input::read("signing secret", secret_file.as_deref())?;
            let added = add_signing_secret(&stack.secrets, &name, &subscription.to_string(), &secret).await?;
            if let Some(replaced) = added.replaced {
                output.warn(&format!(
                    "{replaced}. It was started anew: store the secrets of other subscriptions of {alias} again."
                ));
            }
            let result = serde_json::json!({ "alias": alias, "subscription": subscription.to_string() });
            output.result(&result, || {
                format!("Stored the signing secret of the subscription {subscription} of {alias}.")
            })
        }
        SigningSecretCommand::List { alias } => {
            let secrets = read_signing_secrets(&stack.secrets, &name).await?;
            let subscriptions: Vec<_> = secrets.subscriptions().collect();
            let result = serde_json::json!({ "alias": alias, "subscriptions": subscriptions });
            output.result(&result, || match subscriptions.as_slice() {
                [] => format!("No signing secret of {alias} is stored."),
                subscriptions => subscriptions.join("\n"),
            })
        }
        SigningSecretCommand::Remove { alias, subscription } => {
            let left = remove_signing_secrets(&stack.secrets, &name, &subscription.to_string()).await?;
            let left = left.ok_or_else(|| {
                Error::NotFound(format!(
                    "no signing secret of the subscription {subscription} of {alias} is stored"
                ))
            })?;
            if left.subscriptions().next().is_none() {
                output.warn(&format!(
                    "no signing secret of {alias} is left: its V3 webhooks are answered with 503 until one is stored"
                ));
            }
            let result = serde_json::json!({ "alias": alias, "subscription": subscription.to_string() });
            output.result(&result, || {
                format!(
                    "Removed the signing secrets of the subscription {subscription} of {alias}. \
                     Functions that know them accept them for five more minutes."
                )
            })
        }
    }
}
