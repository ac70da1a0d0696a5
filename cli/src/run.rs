//! `pagerflow run`.

pub(crate) mod start;
mod view;

use crate::{error::Error, output::Output, stack::Stack};
use clap::Subcommand;
use platform::table::{CancelRequest, RunStatus, RunView};
use serde_json::json;
use std::{collections::HashMap, process::ExitCode, time::Duration};
use view::{end, head, render, step_line};
use workflow::ids::{LanePath, RunId, StepPath, WorkflowId};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a run of a workflow by hand.
    Start {
        /// The workflow.
        workflow: WorkflowId,
        #[command(flatten)]
        given: start::Given,
    },
    /// Show a run and its steps. The exit code is 1 if it failed or was cancelled.
    Show {
        /// The run.
        run: RunId,
        /// Show the steps of this lane instead of those of the main lane, such as `00003:00012`: the 13th lane of the 4th
        /// step.
        #[arg(long, value_name = "PATH", default_value_t)]
        lane: LanePath,
    },
    /// Follow a run until it ends. The exit code is 1 if it fails or is cancelled.
    Watch {
        /// The run.
        run: RunId,
    },
    /// Ask a run to end. Nothing is broken off: each of its lanes ends before its next step.
    Cancel {
        /// The run.
        run: RunId,
    },
}

/// How often the table is asked while a run is followed.
const POLL: Duration = Duration::from_millis(300);

/// How long to wait for a run to appear: its first Plan writes it, a moment after its webhook was answered.
const APPEARS_WITHIN: Duration = Duration::from_secs(30);

pub(crate) async fn run(command: Command, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    match command {
        Command::Start { workflow, given } => {
            start::start(&workflow, &given, stack, output).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Show { run, lane } => {
            let mut view = stack.table.run(&run).await?.ok_or_else(|| unknown(&run))?;
            if !lane.is_main() {
                view.steps = stack.table.lane_steps(&run, &lane).await?;
                if view.steps.is_empty() {
                    return Err(Error::NotFound(format!(
                        "the run {run} has no lane {lane}, or it has not come to a step"
                    )));
                }
            }
            let text = render(&view, &lane, output);
            output.result(&view, || text)?;
            Ok(exit_code(&view))
        }
        Command::Watch { run } => watch(&run, stack, output).await,
        Command::Cancel { run } => {
            cancel(&run, stack, output).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn cancel(run: &RunId, stack: &Stack, output: &mut Output) -> Result<(), Error> {
    match stack.table.cancel_run(run).await? {
        CancelRequest::Unknown => Err(unknown(run)),
        CancelRequest::Ended(status) => Err(Error::Invalid(format!(
            "the run {run} has {} already",
            view::words(status)
        ))),
        CancelRequest::Accepted => output.result(&json!({ "run": run, "cancels": true }), || {
            format!("The run {run} ends before its next step. Follow it with `pagerflow run watch {run}`.")
        }),
    }
}

fn unknown(run: &RunId) -> Error {
    Error::NotFound(format!("there is no run {run}"))
}

fn exit_code(view: &RunView) -> ExitCode {
    match view.status {
        RunStatus::Failed | RunStatus::Cancelled => ExitCode::FAILURE,
        RunStatus::Running | RunStatus::Succeeded | RunStatus::Skipped => ExitCode::SUCCESS,
    }
}

async fn watch(run: &RunId, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let mut told: HashMap<StepPath, String> = HashMap::new();
    let mut waited = Duration::ZERO;
    let mut headed = false;
    loop {
        match stack.table.run(run).await? {
            None if waited >= APPEARS_WITHIN => return Err(unknown(run)),
            None => waited += POLL,
            Some(view) => {
                if !output.is_json() {
                    if !headed {
                        output.line(&head(&view))?;
                        headed = true;
                    }
                    for step in &view.steps {
                        let line = step_line(&view, step, output);
                        if told.get(&step.path) != Some(&line) {
                            output.line(&line)?;
                            told.insert(step.path.clone(), line);
                        }
                    }
                }
                if view.status != RunStatus::Running {
                    let text = end(&view, output);
                    output.result(&view, || text)?;
                    return Ok(exit_code(&view));
                }
            }
        }
        tokio::time::sleep(POLL).await;
    }
}
