//! `pagerflow integration`.

mod add;
mod check;
mod list;
mod remove;
mod routing_key;
mod signing_secret;

use crate::{error::Error, output::Output, stack::Stack};
use clap::Subcommand;
use std::process::ExitCode;
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
    SigningSecret(signing_secret::Command),
    /// The keys with which workflows send alerts and changes to PagerDuty's Events API.
    #[command(subcommand)]
    RoutingKey(routing_key::Command),
}

pub(crate) async fn run(command: Command, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let notices = output.notices();
    match command {
        Command::Add(options) => output.show(&add::add(options, stack, notices).await?),
        Command::SetToken(options) => output.show(&add::set_token(options, stack, notices).await?),
        Command::List => output.show(&list::list(stack, notices).await?),
        Command::Show { alias } => output.show(&list::show(&alias, stack, notices).await?),
        Command::Test { alias } => output.show(&check::check(&alias, stack, notices).await?),
        Command::Remove(options) => match remove::remove(options, stack, notices).await? {
            Some(removed) => output.show(&removed),
            None => Ok(ExitCode::FAILURE),
        },
        Command::SigningSecret(command) => signing_secret::run(command, stack, output).await,
        Command::RoutingKey(command) => routing_key::run(command, stack, output).await,
    }
}
