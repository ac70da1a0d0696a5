//! `pagerflow integration`.

mod add;
mod check;
mod list;
mod remove;
mod routing_key;

use crate::{error::Error, output::Output, secret_input, stack::Stack};
use clap::Subcommand;
use platform::secrets::{add_signing_secret, read_signing_secrets, remove_signing_secrets};
use std::{path::PathBuf, process::ExitCode};
use workflow::ids::IntegrationAlias;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Store a PagerDuty account and its API token.
    ///
    /// The token is read from a prompt, from standard input or from a file. It is tried first, and so is the default user: what
    /// PagerDuty does not accept is not stored. What is not given of an integration that exists stays as it is.
    #[command(after_help = add::EXAMPLES)]
    Add(add::Options),
    /// Store another token of an integration, and change nothing else.
    ///
    /// The token is read from a prompt, from standard input or from a file, and tried first.
    #[command(after_help = add::SET_TOKEN_EXAMPLES)]
    SetToken(add::TokenOptions),
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
    /// Uses of it are listed, and prevent the removal. Removing one that is absent changes nothing.
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

pub(crate) async fn run(command: Command, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    match command {
        Command::Add(options) => add::add(options, stack, output).await?,
        Command::SetToken(options) => add::set_token(options, stack, output).await?,
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
