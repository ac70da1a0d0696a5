//! `pagerflow connector`.

mod add;
mod aws;
mod import;
mod list;
mod remove;
mod show;
mod test;
mod uses;
mod validate;

use crate::{
    error::Error,
    known_connectors::KnownConnectors,
    output::Output,
    stack::{Stack, StackOptions},
};
use clap::Subcommand;
use std::{path::PathBuf, process::ExitCode};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the connectors: those that come with Pagerflow, and your own.
    #[command(after_help = "Examples:
  pagerflow connector list
  pagerflow connector list --shipped
  pagerflow connector list --output json | jq -r '.connectors[].connector'")]
    List {
        /// Only those that come with Pagerflow. It needs no stack.
        #[arg(long)]
        shipped: bool,
    },
    /// Show a connector and its actions, or one action with its inputs, its outputs and what a repeat does.
    ///
    /// For one that comes with Pagerflow it needs no stack.
    #[command(after_help = show::EXAMPLES)]
    Show(show::Options),
    /// Check files of connectors, without a stack. All problems are shown at once.
    #[command(after_help = "Examples:
  pagerflow connector validate deployments.yaml
  cat deployments.yaml | pagerflow connector validate -")]
    Validate {
        /// The files; `-` for standard input.
        #[arg(required = true, value_name = "FILE")]
        paths: Vec<PathBuf>,
    },
    /// Add a connector of your own, or its next version, so that workflows can use it.
    ///
    /// The difference from the version before is shown. Workflows keep the actions that they were applied with.
    #[command(after_help = add::EXAMPLES)]
    Add(add::Options),
    /// Remove a connector of your own.
    ///
    /// Workflows and integrations that use it are listed, and prevent the removal.
    #[command(after_help = remove::EXAMPLES)]
    Remove(remove::Options),
    /// Make a draft of a connector out of an OpenAPI document, or list the operations that it has.
    ///
    /// The draft is printed on standard output. It needs no stack.
    #[command(after_help = import::EXAMPLES)]
    Import(import::Options),
    /// Perform an action once, by hand and outside of a run.
    ///
    /// An action that does more than read asks first.
    #[command(after_help = test::EXAMPLES)]
    Test(test::Options),
}

/// Carries out a command that needs no stack; none if it needs one.
pub(crate) async fn run_without_stack(
    command: &Command,
    stack: &StackOptions,
    output: &mut Output,
) -> Result<Option<ExitCode>, Error> {
    let code = match command {
        Command::List { shipped: true } => output.show(&list::list(&KnownConnectors::shipped())),
        Command::List { shipped: false } => {
            let known = KnownConnectors::of_stack_if_there(stack, output.notices()).await;
            output.show(&list::list(&known))
        }
        Command::Show(options) => return show::show_shipped(options, output),
        Command::Validate { paths } => output.show(&validate::validate(paths)?),
        Command::Import(options) => import::import(options, output),
        Command::Add(_) | Command::Remove(_) | Command::Test(_) => return Ok(None),
    };
    code.map(Some)
}

pub(crate) async fn run(command: Command, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let notices = output.notices();
    match command {
        Command::Show(options) => show::show_own(&options, stack, output).await,
        Command::Add(options) => add::run(&options, stack, output).await,
        Command::Remove(options) => match remove::remove(options, stack, notices).await? {
            Some(removed) => output.show(&removed),
            None => Ok(ExitCode::FAILURE),
        },
        Command::Test(options) => match test::test(options, stack, notices).await? {
            Some(performed) => output.show(&performed),
            None => Ok(ExitCode::FAILURE),
        },
        // Above: they need no stack.
        Command::List { .. } | Command::Validate { .. } | Command::Import(_) => Ok(ExitCode::SUCCESS),
    }
}
