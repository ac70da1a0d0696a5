//! `pagerflow workflow`.
//!
//! # Layout
//! - `apply`, `activate`, `diff`, `export`, `list`, `show`, `versions` — a command each; the short ones are here.
//! - `files` — definitions in files and folders.
//! - `names`, `account` — names of things in PagerDuty, and where they are looked up.
//! - `change` — the difference of two definitions.
//! - `test` — rehearsals, which need no stack.
//! - `stored` — workflows and versions as they are stored.

mod account;
mod activate;
mod apply;
mod change;
mod diff;
mod export;
mod files;
mod list;
mod names;
mod show;
pub(crate) mod stored;
mod test;
mod versions;

use crate::{ask::confirmed, error::Error, known, output::Output, stack::Stack};
use clap::Subcommand;
use jiff::Timestamp;
use platform::table::{StateError, WorkflowState};
use serde_json::{Value, json};
use std::{path::PathBuf, process::ExitCode};
use workflow::ids::WorkflowId;

/// The JSON Schema of definitions.
const SCHEMA: &str = include_str!("../../schema/workflow.schema.json");

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check definitions, without a stack.
    ///
    /// Names of things in PagerDuty are not looked up.
    #[command(after_help = "Examples:
  pagerflow workflow validate memory-alert.yaml
  pagerflow workflow validate workflows/
  cat memory-alert.yaml | pagerflow workflow validate -")]
    Validate {
        /// The files, and folders with files that end with .yaml, .yml or .json; `-` for standard input.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Play a workflow through on this machine, in virtual time and without AWS: each step, what would be sent to PagerDuty,
    /// and how it would end.
    Test(test::Arguments),
    /// Check definitions and make each the active version of its workflow. What changes is shown first.
    ///
    /// Names of services, escalation policies, users, priorities and teams may stand for their ids. They are looked up now,
    /// and the ids are stored.
    #[command(after_help = "Examples:
  pagerflow workflow apply memory-alert.yaml
  pagerflow workflow apply workflows/ --dry-run
  pagerflow workflow apply memory-alert.yaml --expect-version 3

With --output json a document is printed for each definition: workflow, file, version (null in a dry run),
changed, change (new, changed or unchanged), previous_version, digest, difference (added, removed and text,
or null), names (path, name and value of each), state, webhook_url.")]
    Apply(apply::Options),
    /// List the workflows.
    #[command(after_help = "Examples:
  pagerflow workflow list
  pagerflow workflow list --output json | jq -r '.workflows[].workflow'")]
    List {
        /// Also those that were deleted.
        #[arg(long)]
        deleted: bool,
    },
    /// Show a workflow: its state, what starts it, its URL and its steps.
    #[command(after_help = "Examples:
  pagerflow workflow show memory-alert
  pagerflow workflow show memory-alert --graph
  pagerflow workflow show memory-alert --version 3 --mermaid > memory-alert.mmd")]
    Show(show::Options),
    /// List the versions of a workflow, the newest first.
    #[command(after_help = "Example:
  pagerflow workflow versions memory-alert")]
    Versions {
        /// The workflow.
        workflow: WorkflowId,
    },
    /// Show how two versions of a workflow differ, or a file from the active version.
    #[command(after_help = "Examples:
  pagerflow workflow diff memory-alert
  pagerflow workflow diff memory-alert --from 2 --to 5
  pagerflow workflow diff memory-alert.yaml")]
    Diff(diff::Options),
    /// Make another version of a workflow the active one, for example the one before a mistake.
    #[command(after_help = "Example:
  pagerflow workflow activate memory-alert 2")]
    Activate(activate::Options),
    /// Print the definition of a workflow as YAML that `apply` takes.
    #[command(after_help = "Examples:
  pagerflow workflow export memory-alert > memory-alert.yaml
  pagerflow workflow export memory-alert --version 2 --as-written")]
    Export(export::Options),
    /// Print the JSON Schema of definitions, with which editors complete and check them.
    ///
    /// It needs no stack.
    #[command(after_help = "Example:
  pagerflow workflow schema > workflow.schema.json

Then begin a definition with
  # yaml-language-server: $schema=workflow.schema.json")]
    Schema,
    /// Let events start runs again.
    #[command(after_help = "Example:
  pagerflow workflow enable memory-alert")]
    Enable {
        /// The workflow.
        workflow: WorkflowId,
    },
    /// Accept events and ignore them.
    ///
    /// Runs that have started go on.
    #[command(after_help = "Example:
  pagerflow workflow disable memory-alert")]
    Disable {
        /// The workflow.
        workflow: WorkflowId,
    },
    /// Delete a workflow.
    ///
    /// Its events are accepted and ignored from then on; runs that have started go on. Its keys stay valid, so that
    /// PagerDuty is not refused, which would make it switch the webhook off. To apply it again brings it back.
    #[command(after_help = "Example:
  pagerflow workflow delete memory-alert --yes")]
    Delete {
        /// The workflow.
        workflow: WorkflowId,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// Carries out a command that needs no stack; none if it needs one.
pub(crate) async fn run_without_stack(command: &Command, output: &mut Output) -> Result<Option<ExitCode>, Error> {
    match command {
        Command::Validate { paths } => validate(paths, output)?,
        Command::Test(arguments) => return test::run(arguments, output).await.map(Some),
        Command::Schema => output.result(&serde_json::from_str::<Value>(SCHEMA)?, || SCHEMA.trim_end().to_owned())?,
        _ => return Ok(None),
    }
    Ok(Some(ExitCode::SUCCESS))
}

pub(crate) async fn run(command: Command, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    match command {
        Command::Validate { .. } | Command::Test(_) | Command::Schema => {
            return Ok(run_without_stack(&command, output).await?.unwrap_or(ExitCode::SUCCESS));
        }
        Command::Apply(options) => return apply::run(&options, stack, output).await,
        Command::List { deleted } => list::run(deleted, stack, output).await?,
        Command::Show(options) => show::run(&options, stack, output).await?,
        Command::Versions { workflow } => versions::run(&workflow, stack, output).await?,
        Command::Diff(options) => diff::run(&options, stack, output).await?,
        Command::Activate(options) => return activate::run(&options, stack, output).await,
        Command::Export(options) => export::run(&options, stack, output).await?,
        Command::Enable { workflow } => set_state(&workflow, WorkflowState::Enabled, stack, output).await?,
        Command::Disable { workflow } => set_state(&workflow, WorkflowState::Disabled, stack, output).await?,
        Command::Delete { workflow, yes } => {
            known::live_workflow(&workflow, stack).await?;
            let question = format!("Delete the workflow {workflow}? Its events start no more runs.");
            if !yes && !confirmed(&question)? {
                return Ok(ExitCode::FAILURE);
            }
            set_state(&workflow, WorkflowState::Deleted, stack, output).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn validate(paths: &[PathBuf], output: &mut Output) -> Result<(), Error> {
    let found = files::read(paths)?;
    found.remark(output);
    let names = found.sources.iter().map(|source| source.draft.name().as_str());
    let names: Vec<_> = names.collect();
    let warnings: Vec<_> = found.warnings().collect();
    let result = json!({ "valid": names, "warnings": warnings, "passed_over": found.passed_over });
    output.result(&result, || match names.as_slice() {
        [name] => format!("{name} is valid."),
        names => format!("{} are valid.", names.join(", ")),
    })
}

async fn set_state(id: &WorkflowId, state: WorkflowState, stack: &Stack, output: &mut Output) -> Result<(), Error> {
    match stack.table.set_workflow_state(id, state, Timestamp::now()).await {
        Ok(()) => {}
        Err(StateError::Unknown(_)) => return Err(known::unknown_workflow(id, stack).await),
        Err(error) => return Err(error.into()),
    }
    output.result(&json!({ "workflow": id, "state": state }), || match state {
        WorkflowState::Enabled => format!("{id} is enabled."),
        WorkflowState::Disabled => {
            format!("{id} is disabled. Its events are accepted and ignored, from at most ten seconds on.")
        }
        WorkflowState::Deleted => {
            format!("{id} is deleted. Its events are accepted and ignored, from at most ten seconds on.")
        }
    })
}
