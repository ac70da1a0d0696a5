//! `pagerflow integration`.

mod add;
pub(crate) mod answers;
mod check;
mod list;
mod remove;
mod role;
mod routing_key;
mod signing_secret;
mod types;
pub(crate) mod uses;

use crate::{
    error::Error,
    known_connectors::KnownConnectors,
    output::Output,
    stack::{Stack, StackOptions},
};
use clap::Subcommand;
use connectors::shipped_connector;
use platform::table::IntegrationKind;
use std::process::ExitCode;
use workflow::ids::{IntegrationAlias, IntegrationTypeName};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Store an account and its secret: PagerDuty's API token, or what the type of the integration asks for.
    ///
    /// The secret is read from a prompt, from standard input or from a file. It is tried first, and so is PagerDuty's default user:
    /// what the system does not accept is not stored. What is not given of an integration that exists stays as it is.
    #[command(after_help = add::EXAMPLES)]
    Add(add::Options),
    /// Store another token, or other secret, of an integration, and change nothing else.
    ///
    /// It is read from a prompt, from standard input or from a file, and tried first.
    #[command(after_help = add::SET_TOKEN_EXAMPLES)]
    SetToken(add::TokenOptions),
    /// List the types of integrations, and what each asks for.
    ///
    /// For those that come with Pagerflow it needs no stack.
    #[command(after_help = "Examples:
  pagerflow integration types
  pagerflow integration types jira
  pagerflow integration types --shipped")]
    Types {
        /// Only those that come with Pagerflow.
        #[arg(long)]
        shipped: bool,
        /// Show all that this type asks for.
        #[arg(value_name = "TYPE")]
        type_name: Option<IntegrationTypeName>,
    },
    /// List the integrations.
    #[command(after_help = "Example:
  pagerflow integration list")]
    List,
    /// Show what is stored of an integration, without its secrets, and which workflows use it.
    #[command(after_help = "Example:
  pagerflow integration show prod")]
    Show {
        /// The alias of the integration.
        alias: IntegrationAlias,
    },
    /// Find out if an integration works: if its system accepts the secret; of PagerDuty also whose token it is, what it may do,
    /// whether the default user may respond and which service region answers.
    ///
    /// Nothing is changed. The exit code is 1 if something keeps the integration from working.
    #[command(after_help = "Examples:
  pagerflow integration test prod
  pagerflow integration test prod --output json | jq '.findings[] | select(.level == \"problem\")'")]
    Test {
        /// The alias of the integration.
        alias: IntegrationAlias,
    },
    /// Remove an integration with its secrets: its token, its signing secrets and its routing keys.
    ///
    /// Uses of it are listed, and prevent the removal. Removing one that is absent changes nothing.
    #[command(after_help = remove::EXAMPLES)]
    Remove(remove::Options),
    /// Print the role of an integration with AWS as a template of CloudFormation, for the owner of the account.
    ///
    /// The role trusts the function of this stack alone, and only with the ExternalId of the integration. It has the rights that the
    /// steps of workflows need which use the integration, on all resources: name those that they may act on where you can.
    #[command(after_help = role::EXAMPLES)]
    Role(role::Options),
    /// The secrets with which PagerDuty signs webhooks, and Slack the answers of people.
    #[command(subcommand)]
    SigningSecret(signing_secret::Command),
    /// The keys with which workflows send alerts and changes to PagerDuty's Events API.
    #[command(subcommand)]
    RoutingKey(routing_key::Command),
}

/// Carries out a command that needs no stack; none if it needs one.
pub(crate) async fn run_without_stack(
    command: &Command,
    stack: &StackOptions,
    output: &mut Output,
) -> Result<Option<ExitCode>, Error> {
    let Command::Types { shipped, type_name } = command else {
        return Ok(None);
    };
    let comes_with_program = |name: &IntegrationTypeName| {
        name.as_str() == IntegrationKind::PAGERDUTY || shipped_connector(name.as_str()).is_some()
    };
    let known = match *shipped || type_name.as_ref().is_some_and(comes_with_program) {
        true => KnownConnectors::shipped(),
        false => KnownConnectors::of_stack_if_there(stack, output.notices()).await,
    };
    output.show(&types::types(type_name.as_ref(), &known)?).map(Some)
}

pub(crate) async fn run(command: Command, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let notices = output.notices();
    match command {
        Command::Add(options) => output.show(&add::add(options, stack, notices).await?),
        Command::SetToken(options) => output.show(&add::set_token(options, stack, notices).await?),
        // Above: it needs no stack.
        Command::Types { .. } => Ok(ExitCode::SUCCESS),
        Command::List => output.show(&list::list(stack, notices).await?),
        Command::Show { alias } => output.show(&list::show(&alias, stack, notices).await?),
        Command::Test { alias } => output.show(&check::check(&alias, stack, notices).await?),
        Command::Role(options) => output.show(&role::role(&options, stack, notices).await?),
        Command::Remove(options) => match remove::remove(options, stack, notices).await? {
            Some(removed) => output.show(&removed),
            None => Ok(ExitCode::FAILURE),
        },
        Command::SigningSecret(command) => signing_secret::run(command, stack, output).await,
        Command::RoutingKey(command) => routing_key::run(command, stack, output).await,
    }
}
