//! `pagerflow`: the command with which people set up integrations, keys and workflows, and look at runs.
//!
//! It works with the caller's own AWS credentials, so IAM decides who may do what. Exit codes: 0 it worked, 1 it did not
//! (or the run that was watched failed), 2 the command line is wrong.

mod directory;
mod error;
mod integration;
mod key;
mod output;
mod pagerduty_account;
mod run;
mod secret_input;
mod stack;
mod text_table;
mod workflow_command;

use clap::{Parser, Subcommand, ValueEnum};
use error::Error;
use output::Output;
use pagerduty::directory::{EscalationPolicy, Priority, Service, Team, User};
use stack::{Stack, StackOptions};
use std::process::ExitCode;

/// Incident-response workflows for PagerDuty in your own AWS account.
#[derive(Debug, Parser)]
#[command(version, about, arg_required_else_help = true)]
struct Arguments {
    #[command(flatten)]
    stack: StackOptions,
    /// How results are printed.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    output: Format,
    #[command(subcommand)]
    command: Command,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// PagerDuty accounts.
    #[command(subcommand)]
    Integration(integration::Command),
    /// API keys, which senders of webhooks present.
    #[command(subcommand)]
    Key(key::Command),
    /// Workflows.
    #[command(subcommand)]
    Workflow(workflow_command::Command),
    /// Runs.
    #[command(subcommand)]
    Run(run::Command),
    /// The services of a PagerDuty account, with their ids.
    Services(directory::Options),
    /// The escalation policies of a PagerDuty account, with their ids.
    EscalationPolicies(directory::Options),
    /// The users of a PagerDuty account whom a step can act for, with their login e-mails. Those who may only read are left
    /// out.
    Users(directory::Options),
    /// The priorities of a PagerDuty account, with their ids, the most severe first.
    Priorities(directory::Options),
    /// The teams of a PagerDuty account, with their ids.
    Teams(directory::Options),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut output = Output::new(arguments.output == Format::Json);
    match carry_out(arguments, &mut output).await {
        Ok(code) => code,
        Err(error) => {
            output.complain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(arguments: Arguments, output: &mut Output) -> Result<ExitCode, Error> {
    if let Command::Workflow(command) = &arguments.command
        && let Some(code) = workflow_command::run_without_stack(command, output).await?
    {
        return Ok(code);
    }
    let stack = Stack::find(&arguments.stack).await?;
    match arguments.command {
        Command::Integration(command) => integration::run(command, &stack, output).await,
        Command::Key(command) => key::run(command, &stack, output).await,
        Command::Workflow(command) => workflow_command::run(command, &stack, output).await,
        Command::Run(command) => run::run(command, &stack, output).await,
        Command::Services(options) => directory::run::<Service>(&options, &stack, output).await,
        Command::EscalationPolicies(options) => directory::run::<EscalationPolicy>(&options, &stack, output).await,
        Command::Users(options) => directory::run::<User>(&options, &stack, output).await,
        Command::Priorities(options) => directory::run::<Priority>(&options, &stack, output).await,
        Command::Teams(options) => directory::run::<Team>(&options, &stack, output).await,
    }
}
