//! `pagerflow connector`.

mod aws;
mod import;
mod list;
mod show;
mod test;
mod validate;

use crate::{error::Error, output::Output, stack::Stack};
use clap::Subcommand;
use std::{path::PathBuf, process::ExitCode};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the connectors.
    ///
    /// It needs no stack.
    #[command(after_help = "Examples:
  pagerflow connector list
  pagerflow connector list --output json | jq -r '.connectors[].connector'")]
    List,
    /// Show a connector and its actions, or one action with its inputs, its outputs and what a repeat does.
    ///
    /// It needs no stack.
    #[command(after_help = "Examples:
  pagerflow connector show slack
  pagerflow connector show slack.post_message
  pagerflow connector show aws.ecs
  pagerflow connector show aws.ecs.update_service")]
    Show {
        /// The name of a connector, or of an action.
        #[arg(value_name = "NAME[.ACTION]")]
        name: String,
    },
    /// Check files of connectors, without a stack. All problems are shown at once.
    #[command(after_help = "Examples:
  pagerflow connector validate deployments.yaml
  cat deployments.yaml | pagerflow connector validate -")]
    Validate {
        /// The files; `-` for standard input.
        #[arg(required = true, value_name = "FILE")]
        paths: Vec<PathBuf>,
    },
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
pub(crate) fn run_without_stack(command: &Command, output: &mut Output) -> Result<Option<ExitCode>, Error> {
    let code = match command {
        Command::List => output.show(&list::list()),
        Command::Show { name } => show::show(name, output),
        Command::Validate { paths } => output.show(&validate::validate(paths)?),
        Command::Import(options) => import::import(options, output),
        Command::Test(_) => return Ok(None),
    };
    code.map(Some)
}

pub(crate) async fn run(command: Command, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    match command {
        Command::Test(options) => match test::test(options, stack, output.notices()).await? {
            Some(performed) => output.show(&performed),
            None => Ok(ExitCode::FAILURE),
        },
        command => Ok(run_without_stack(&command, output)?.unwrap_or(ExitCode::SUCCESS)),
    }
}
