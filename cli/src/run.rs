//! `pagerflow run`.

pub(crate) mod alive;
mod cancel;
mod event;
mod list;
mod names;
mod replay;
mod show;
pub(crate) mod start;
pub(crate) mod time;
mod view;
mod watch;
mod whole;

use crate::{
    error::Error,
    known::unknown_run,
    output::{Notices, Output},
    stack::Stack,
};
use clap::Subcommand;
use platform::table::{RunStatus, RunView};
use std::process::ExitCode;
use workflow::{
    ids::{RunId, WorkflowId},
    step_name::LaneName,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a run of a workflow by hand.
    #[command(after_help = START_EXAMPLES)]
    Start {
        /// The workflow.
        workflow: WorkflowId,
        #[command(flatten)]
        given: start::Given,
    },
    /// List runs, newest first.
    #[command(after_help = LIST_EXAMPLES)]
    List(list::Options),
    /// Show what a run did, what failed, why, and what to do.
    ///
    /// The exit code is 1 if it failed or was cancelled.
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        /// The run.
        run: RunId,
        /// Show the steps of this lane instead of those of the main lane: the step that opens it and its name or item, such as
        /// `2/platform` or `each[7]`.
        #[arg(long, value_name = "LANE", default_value_t)]
        lane: LaneName,
        /// Print the event that started the run instead, as it was delivered.
        #[arg(long, conflicts_with = "lane")]
        event: bool,
    },
    /// Follow a run until it ends.
    ///
    /// The exit code is 1 if it fails or is cancelled.
    #[command(after_help = WATCH_EXAMPLES)]
    Watch {
        /// The run.
        run: RunId,
    },
    /// Start a run that has ended again: from the beginning, or from a step.
    ///
    /// Actions that the run has done, and those that would happen a second time, are listed first.
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay {
        /// The run.
        run: RunId,
        #[command(flatten)]
        options: replay::Options,
    },
    /// Ask a run to end.
    ///
    /// No call is broken off: each of its lanes ends before its next step. One that waits ends at once.
    #[command(after_help = CANCEL_EXAMPLES)]
    Cancel {
        /// The run.
        run: RunId,
        /// The reason, for people who look at the run.
        #[arg(long, value_parser = reason)]
        reason: Option<String>,
    },
}

const START_EXAMPLES: &str = "Examples:
  pagerflow run start memory-alert
  pagerflow run start page-teams --input 'teams=[\"db\",\"web\"]' --input urgent=true
  pagerflow run start page-teams --inputs inputs.json";

const LIST_EXAMPLES: &str = "Examples:
  pagerflow run list
  pagerflow run list --workflow memory-alert --status failed --since 2h
  pagerflow run list --since 30d --limit 500 --output json";

const SHOW_EXAMPLES: &str = "Examples:
  pagerflow run show 75cf5cxmfcxpzwqogtsktnhx573js73b
  pagerflow run show 75cf5cxmfcxpzwqogtsktnhx573js73b --lane 'each[7]'
  pagerflow run show 75cf5cxmfcxpzwqogtsktnhx573js73b --event > event.json";

const WATCH_EXAMPLES: &str = "Examples:
  pagerflow run watch 75cf5cxmfcxpzwqogtsktnhx573js73b
  pagerflow run watch 75cf5cxmfcxpzwqogtsktnhx573js73b --output json && echo it went well";

const REPLAY_EXAMPLES: &str = "Examples:
  pagerflow run replay 75cf5cxmfcxpzwqogtsktnhx573js73b
  pagerflow run replay 75cf5cxmfcxpzwqogtsktnhx573js73b --from close
  pagerflow run replay 75cf5cxmfcxpzwqogtsktnhx573js73b --from 3 --latest --yes

With --output json and without --yes it only tells what would be done.";

const CANCEL_EXAMPLES: &str = "Examples:
  pagerflow run cancel 75cf5cxmfcxpzwqogtsktnhx573js73b
  pagerflow run cancel 75cf5cxmfcxpzwqogtsktnhx573js73b --reason 'the disk was replaced'";

/// The most characters of a reason. It stands in the item of the run, which is in the indexes.
const LONGEST_REASON: usize = 500;

fn reason(text: &str) -> Result<String, String> {
    match text.chars().count() {
        0 => Err("a reason has at least a character".to_owned()),
        1..=LONGEST_REASON => Ok(text.to_owned()),
        count => Err(format!(
            "{count} characters, and at most {LONGEST_REASON} are kept; say it in fewer"
        )),
    }
}

pub(crate) async fn run(command: Command, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let notices = output.notices();
    match command {
        Command::Start { workflow, given } => output.show(&start::start(workflow, &given, stack).await?),
        Command::List(options) => output.show(&list::list(&options, stack, notices).await?),
        Command::Show { run, event: true, .. } => {
            let view = known(&run, stack, notices).await?;
            output.line(&event::event(&view, stack).await?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Show { run, lane, .. } => output.show(&show::show(&run, &lane, stack, notices).await?),
        Command::Watch { run } => {
            let watched = watch::watch(&run, stack, &mut watch::Printed::new(output)).await?;
            output.show(&watched)
        }
        Command::Replay { run, options } => replay::run(&run, &options, stack, output).await,
        Command::Cancel { run, reason } => output.show(&cancel::cancel(run, reason, stack, notices).await?),
    }
}

async fn known(run: &RunId, stack: &Stack, notices: Notices) -> Result<RunView, Error> {
    match stack.table.run(run).await? {
        Some(view) => alive::reconciled(view, stack, notices).await,
        None => Err(unknown_run(run, stack).await),
    }
}

/// True if a run has failed or was cancelled.
fn is_failure(view: &RunView) -> bool {
    match view.status {
        RunStatus::Failed | RunStatus::Cancelled => true,
        RunStatus::Running | RunStatus::Succeeded | RunStatus::Skipped => false,
    }
}
