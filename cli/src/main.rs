//! `pagerflow`: the command with which people set up integrations, keys and workflows, and look at runs.
//!
//! It works with the caller's own AWS credentials, so IAM decides who may do what. Exit codes: 0 it worked, 1 it did not
//! (or the run that was watched failed), 2 the command line is wrong.

mod approval;
mod ask;
mod aws;
mod aws_account;
mod change;
mod choices;
mod connector;
mod connector_account;
mod directory;
mod doctor;
mod error;
mod integration;
mod key;
mod known;
mod known_connectors;
mod output;
mod pagerduty_account;
mod problems;
mod remedy;
mod run;
mod schedules;
mod secret_input;
mod stack;
mod systems;
mod text_file;
mod text_table;
mod webhook;
mod webhook_url;
mod workflow_command;

use clap::{
    CommandFactory, Parser, Subcommand, ValueEnum,
    error::{ContextKind, ErrorKind},
};
use directory::choices;
use error::Error;
use output::Output;
use pagerduty::directory::{EscalationPolicy, Priority, Service, Team, User};
use stack::{Stack, StackOptions};
use std::process::ExitCode;

/// Incident-response workflows for PagerDuty in your own AWS account.
#[derive(Debug, Parser)]
#[command(version, about, arg_required_else_help = true, after_help = AFTER_HELP)]
struct Arguments {
    #[command(flatten)]
    stack: StackOptions,
    /// The output format.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    output: Format,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "Exit codes:
  0  it worked
  1  it did not, or the run that was shown or watched failed or was cancelled
  2  the command line is wrong

Environment:
  PAGERFLOW_STACK_NAME  the stack, where --stack is not given
  AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL, …  as for the AWS CLI
  NO_COLOR  no colours; there are none either where the output is no terminal

Examples:
  pagerflow integration add prod --region us
  pagerflow workflow apply memory-alert.yaml
  pagerflow run list --status failed --since 2h
  pagerflow run show 75cf5cxmfcxpzwqogtsktnhx573js73b --output json";

const COMPLETIONS_EXAMPLES: &str = "Examples:
  pagerflow completions bash > ~/.local/share/bash-completion/completions/pagerflow
  pagerflow completions zsh > ~/.zfunc/_pagerflow
  pagerflow completions fish > ~/.config/fish/completions/pagerflow.fish";

/// The formats of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Accounts on PagerDuty and on the systems of connectors.
    #[command(subcommand)]
    Integration(integration::Command),
    /// Connectors: the systems that workflows act on over HTTP, and what can be done there.
    #[command(subcommand)]
    Connector(connector::Command),
    /// API keys, which senders of webhooks present.
    #[command(subcommand)]
    Key(key::Command),
    /// Workflows.
    #[command(subcommand)]
    Workflow(workflow_command::Command),
    /// PagerDuty's webhook subscriptions, and the URLs that they lead to.
    #[command(subcommand)]
    Webhook(webhook::Command),
    /// Runs.
    #[command(subcommand)]
    Run(run::Command),
    /// Approvals: decisions that runs wait for.
    #[command(subcommand)]
    Approval(approval::Command),
    /// Tell what is wrong with this installation, and what to do about it.
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(doctor::Options),
    /// The services of a PagerDuty account, with their ids.
    #[command(after_help = "Examples:
  pagerflow services --integration prod
  pagerflow services --integration prod --search checkout")]
    Services(directory::Options),
    /// The escalation policies of a PagerDuty account, with their ids.
    #[command(after_help = "Examples:
  pagerflow escalation-policies --integration prod
  pagerflow escalation-policies --integration prod --search platform")]
    EscalationPolicies(directory::Options),
    /// The users of a PagerDuty account whom a step can act for, with their login e-mails.
    ///
    /// Those who may only read are left out.
    #[command(after_help = "Examples:
  pagerflow users --integration prod
  pagerflow users --integration prod --search olivia")]
    Users(directory::Options),
    /// The priorities of a PagerDuty account, with their ids, the most severe first.
    #[command(after_help = "Example:
  pagerflow priorities --integration prod")]
    Priorities(directory::Options),
    /// The teams of a PagerDuty account, with their ids.
    #[command(after_help = "Examples:
  pagerflow teams --integration prod
  pagerflow teams --integration prod --output json | jq -r '.teams[].value'")]
    Teams(directory::Options),
    /// List the choices for an input of an action.
    #[command(after_help = choices::EXAMPLES)]
    Choices(choices::Options),
    /// Print the completions for a shell.
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refused(&without_wrong_tip(error)),
    };
    let Arguments { stack, output, command } = arguments;
    let mut output = Output::new(output == Format::Json);
    match carry_out(command, &stack, &mut output).await {
        Ok(code) => code,
        Err(error) => {
            output::tell(&format!("error: {}", aws::explained(&error, &stack).await));
            ExitCode::FAILURE
        }
    }
}

/// Tells what is wrong with the arguments, or gives the help that was asked for, which is our own text alone.
fn refused(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        error.exit();
    }
    output::tell(error.render().to_string().trim_end());
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1))
}

/// An error about an option that a command does not have, without the tip to pass it as a value after `--`: no value of ours
/// begins with a dash.
fn without_wrong_tip(mut error: clap::Error) -> clap::Error {
    if error.kind() == ErrorKind::UnknownArgument {
        error.remove(ContextKind::Suggested);
    }
    error
}

async fn carry_out(command: Command, options: &StackOptions, output: &mut Output) -> Result<ExitCode, Error> {
    if let Command::Workflow(command) = &command
        && let Some(code) = workflow_command::run_without_stack(command, output).await?
    {
        return Ok(code);
    }
    if let Command::Integration(command) = &command
        && let Some(code) = integration::run_without_stack(command, options, output).await?
    {
        return Ok(code);
    }
    if let Command::Connector(command) = &command
        && let Some(code) = connector::run_without_stack(command, options, output).await?
    {
        return Ok(code);
    }
    if let Command::Completions { shell } = command {
        return completions(shell, output);
    }
    // It reports a stack that is not found as well.
    if let Command::Doctor(doctor) = command {
        return output.show(&doctor::doctor(doctor, options, output.notices()).await?);
    }
    let notices = output.notices();
    let finding = notices.working("Looking for the stack");
    let stack = Stack::find(options).await?;
    drop(finding);
    match command {
        Command::Integration(command) => integration::run(command, &stack, output).await,
        Command::Connector(command) => connector::run(command, &stack, output).await,
        Command::Key(command) => key::run(command, &stack, output).await,
        Command::Workflow(command) => workflow_command::run(command, &stack, output).await,
        Command::Webhook(command) => webhook::run(command, &stack, output).await,
        // Above: it finds the stack itself.
        Command::Doctor(doctor) => output.show(&doctor::doctor(doctor, options, notices).await?),
        Command::Run(command) => run::run(command, &stack, output).await,
        Command::Approval(command) => approval::run(command, &stack, output).await,
        Command::Services(options) => output.show(&choices::<Service>(options, &stack, notices).await?),
        Command::EscalationPolicies(options) => {
            output.show(&choices::<EscalationPolicy>(options, &stack, notices).await?)
        }
        Command::Users(options) => output.show(&choices::<User>(options, &stack, notices).await?),
        Command::Priorities(options) => output.show(&choices::<Priority>(options, &stack, notices).await?),
        Command::Teams(options) => output.show(&choices::<Team>(options, &stack, notices).await?),
        Command::Choices(options) => output.show(&choices::choices(options, &stack, notices).await?),
        Command::Completions { shell } => completions(shell, output),
    }
}

fn completions(shell: clap_complete::Shell, output: &mut Output) -> Result<ExitCode, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "pagerflow", &mut script);
    output.line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn an_option_at_the_wrong_place_is_not_advised_to_be_passed_as_a_value() {
        for words in [
            &["pagerflow", "webhook", "list", "--integration", "x"][..],
            &["pagerflow", "webhook", "test", "prod", "--subscription", "X"],
            &["pagerflow", "integration", "set-token", "prod", "--region", "eu"],
        ] {
            let error = without_wrong_tip(Arguments::try_parse_from(words).unwrap_err()).to_string();
            assert!(
                error.contains("unexpected argument") && !error.contains("'-- "),
                "{error}"
            );
        }
    }

    /// All commands as people type them, those that have others below them before these.
    fn commands() -> Vec<(String, clap::Command)> {
        fn below(path: &str, command: &clap::Command, all: &mut Vec<(String, clap::Command)>) {
            all.push((path.to_owned(), command.clone()));
            for child in command.get_subcommands().filter(|child| child.get_name() != "help") {
                below(&format!("{path} {}", child.get_name()), child, all);
            }
        }
        let mut all = Vec::new();
        let mut root = Arguments::command();
        root.build();
        below("pagerflow", &root, &mut all);
        all
    }

    #[test]
    fn every_command_has_examples_that_can_be_typed() {
        for (path, command) in commands() {
            if command.has_subcommands() && path != "pagerflow" {
                continue;
            }
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example"), "`{path} --help` has no examples");
            let examples = help.lines().filter(|line| line.starts_with("  "));
            assert!(
                examples.filter(|line| line.trim().starts_with(&path)).count() > 0,
                "no example of `{path}` begins with it:\n{help}"
            );
        }
    }

    #[test]
    fn the_help_of_each_group_tells_what_there_is() {
        for (path, command) in commands().into_iter().filter(|(_, command)| command.has_subcommands()) {
            let help = command.clone().term_width(100).render_long_help();
            insta::assert_snapshot!(format!("help_{}", path.replace(' ', "_")), help);
        }
    }
}
