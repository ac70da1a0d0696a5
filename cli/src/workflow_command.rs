//! `pagerflow workflow`.
//!
//! # Layout
//! - `apply`, `activate`, `diff`, `export`, `list`, `schema`, `show`, `validate`, `versions` — a command each; `state` is
//!   enable, disable and delete.
//! - `files` — definitions in files and folders.
//! - `integrations` — the integrations that definitions name.
//! - `names`, `account` — names of things in PagerDuty, and where they are looked up.
//! - `test` — rehearsals, which need no stack.
//! - `stored` — workflows and versions as they are stored.

mod account;
mod activate;
mod apply;
mod diff;
mod due;
mod export;
mod files;
mod integrations;
mod list;
mod names;
mod schema;
mod show;
mod state;
pub(crate) mod stored;
mod test;
mod validate;
mod versions;

pub(crate) use versions::who;

use crate::{
    ask::Consent,
    error::Error,
    known,
    known_connectors::KnownConnectors,
    output::{Notices, Output},
    stack::Stack,
};
use clap::Subcommand;
use platform::table::WorkflowState;
use std::{path::PathBuf, process::ExitCode};
use workflow::{definition::Definition, ids::WorkflowId};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check definitions, without a stack.
    ///
    /// Names of things in PagerDuty are not looked up.
    #[command(after_help = "Examples:
  pagerflow workflow validate memory-alert.yaml
  pagerflow workflow validate workflows/
  pagerflow workflow validate outage.yaml --connector desk.yaml
  cat memory-alert.yaml | pagerflow workflow validate -")]
    Validate {
        /// The files, and folders with files that end with .yaml, .yml or .json; `-` for standard input.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// The file of a connector of your own that they use. May be repeated.
        #[arg(long, value_name = "FILE")]
        connector: Vec<PathBuf>,
    },
    /// Play a workflow through on this machine, in virtual time and without AWS: each step, what would be sent to PagerDuty,
    /// and how it would end.
    Test(Box<test::Arguments>),
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
or null), names (path, name and value of each), state, webhook_url, schedule (its times, or null).")]
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
    /// It needs no stack. Of the actions on AWS, of which there are thousands, it has a pattern of their names unless --aws names
    /// their services.
    #[command(after_help = "Examples:
  pagerflow workflow schema > workflow.schema.json
  pagerflow workflow schema --aws ecs,lambda > workflow.schema.json

Then begin a definition with
  # yaml-language-server: $schema=workflow.schema.json")]
    Schema {
        /// Services of AWS whose actions the schema has as well.
        #[arg(long, value_name = "SERVICE", value_delimiter = ',')]
        aws: Vec<String>,
    },
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

/// The definitions in files. What the names in them mean in an account is not asked.
pub(crate) fn definitions(
    paths: &[PathBuf],
    known: &KnownConnectors,
    notices: Notices,
) -> Result<Vec<Definition>, Error> {
    test::definitions(paths, known, notices)
}

/// Carries out a command that needs no stack; none if it needs one.
pub(crate) async fn run_without_stack(command: &Command, output: &mut Output) -> Result<Option<ExitCode>, Error> {
    let code = match command {
        Command::Validate { paths, connector } => output.show(&validate::validate(paths, connector, output.notices())?),
        Command::Test(arguments) => output.show(&test::play(arguments, output.notices()).await?),
        Command::Schema { aws } => output.show(&schema::schema(aws)?),
        _ => return Ok(None),
    };
    code.map(Some)
}

pub(crate) async fn run(command: Command, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let notices = output.notices();
    match command {
        Command::Validate { .. } | Command::Test(_) | Command::Schema { .. } => {
            Ok(run_without_stack(&command, output).await?.unwrap_or(ExitCode::SUCCESS))
        }
        Command::Apply(options) => apply::run(&options, stack, output).await,
        Command::List { deleted } => output.show(&list::list(deleted, stack, notices).await?),
        Command::Show(options) => output.show(&show::show(&options, stack).await?),
        Command::Versions { workflow } => output.show(&versions::versions(workflow, stack).await?),
        Command::Diff(options) => output.show(&diff::diff(&options, stack, notices).await?),
        Command::Activate(options) => {
            let plan = activate::plan(&options, stack).await?;
            if let (Some(change), false) = (&plan.change, output.is_json()) {
                output.line(&change.shown(output.screen()))?;
            }
            match plan.question() {
                Some(question) if !Consent::of(options.yes).allows(&question)? => Ok(ExitCode::FAILURE),
                _ => output.show(&plan.activate(stack).await?),
            }
        }
        Command::Export(options) => {
            let exported = export::export(&options, stack).await?;
            if !output.is_json() && exported.steers_a_terminal() {
                notices.warn(
                    "characters that steer a terminal are printed as U+FFFD; `--output json` has them as they were written",
                );
            }
            output.show(&exported)
        }
        Command::Enable { workflow } => output.show(&state::set(workflow, WorkflowState::Enabled, stack).await?),
        Command::Disable { workflow } => output.show(&state::set(workflow, WorkflowState::Disabled, stack).await?),
        Command::Delete { workflow, yes } => {
            let record = known::workflow(&workflow, stack).await?;
            // Its schedule may still be there, if the command broke off.
            let is_again = record.state == WorkflowState::Deleted && record.schedule.was_ever();
            if !is_again {
                known::live(record)?;
            }
            let question = format!("Delete the workflow {workflow}? Its events start no more runs.");
            match is_again || Consent::of(yes).allows(&question)? {
                true => output.show(&state::set(workflow, WorkflowState::Deleted, stack).await?),
                false => Ok(ExitCode::FAILURE),
            }
        }
    }
}
