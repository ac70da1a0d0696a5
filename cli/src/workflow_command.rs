//! `pagerflow workflow`.

pub(crate) mod test;

use crate::{error::Error, output::Output, stack::Stack};
use clap::Subcommand;
use jiff::Timestamp;
use platform::table::WorkflowState;
use serde_json::json;
use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};
use workflow::{
    definition::{Definition, PagerDutyTrigger},
    ids::WorkflowId,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check definitions, without a stack.
    Validate {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Play a workflow through on this machine, in virtual time and without AWS: each step, what would be sent to PagerDuty,
    /// and how it would end.
    Test(test::Arguments),
    /// Check definitions and make each the active version of its workflow.
    Apply {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Let events start runs again.
    Enable {
        /// The workflow.
        workflow: WorkflowId,
    },
    /// Accept events and ignore them. Runs that have started go on.
    Disable {
        /// The workflow.
        workflow: WorkflowId,
    },
    /// Delete a workflow. Its events are accepted and ignored from then on; runs that have started go on. Its keys stay
    /// valid, so that PagerDuty is not refused, which would make it switch the webhook off. To apply it again brings it back.
    Delete {
        /// The workflow.
        workflow: WorkflowId,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

pub(crate) fn validate(files: &[PathBuf], output: &mut Output) -> Result<ExitCode, Error> {
    let definitions = read(files)?;
    let names: Vec<_> = definitions
        .iter()
        .map(|(definition, _)| definition.name.as_str())
        .collect();
    output.result(&json!({ "valid": names }), || {
        format!("{} will work.", names.join(", "))
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn run(command: Command, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    match command {
        Command::Validate { files } => return validate(&files, output),
        Command::Test(arguments) => return test::run(&arguments, output).await,
        Command::Apply { files } => apply(&files, stack, output).await?,
        Command::Enable { workflow } => set_state(&workflow, WorkflowState::Enabled, stack, output).await?,
        Command::Disable { workflow } => set_state(&workflow, WorkflowState::Disabled, stack, output).await?,
        Command::Delete { workflow, yes } => {
            if !yes && !confirmed(&workflow)? {
                return Ok(ExitCode::FAILURE);
            }
            set_state(&workflow, WorkflowState::Deleted, stack, output).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn apply(files: &[PathBuf], stack: &Stack, output: &mut Output) -> Result<(), Error> {
    // All are checked before the first is stored.
    for (definition, source) in read(files)? {
        let trigger = definition.trigger.as_ref().map(|trigger| &trigger.pagerduty);
        if let Some(PagerDutyTrigger { integration, .. }) = trigger
            && stack.table.integration(integration).await?.is_none()
        {
            return Err(Error::NotFound(format!(
                "{}: there is no integration {integration}; add it with `pagerflow integration add {integration}`",
                definition.name
            )));
        }
        let applied = stack
            .table
            .apply_workflow(&definition, &source, Timestamp::now())
            .await?;
        let (version, changed) = (applied.version, applied.is_new);
        let name = &definition.name;
        let url = trigger.map(|_| format!("{}/webhooks/{name}", stack.webhook_url));
        let result = json!({
            "workflow": name, "version": version, "changed": changed, "state": applied.state, "webhook_url": url,
        });
        output.result(&result, || match (changed, &url) {
            (true, Some(url)) => format!("Applied {name} {version}. Its webhook is {url}"),
            (true, None) => format!("Applied {name} {version}. Start it with `pagerflow run start {name}`."),
            (false, _) => format!("{name} {version} is unchanged."),
        })?;
        if applied.state == WorkflowState::Disabled {
            output.warn(&format!(
                "{name} is still disabled; enable it with `pagerflow workflow enable {name}`"
            ));
        }
    }
    Ok(())
}

async fn set_state(id: &WorkflowId, state: WorkflowState, stack: &Stack, output: &mut Output) -> Result<(), Error> {
    stack.table.set_workflow_state(id, state, Timestamp::now()).await?;
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

/// Asks the person at the terminal whether a workflow is to be deleted.
fn confirmed(id: &WorkflowId) -> Result<bool, Error> {
    if !io::stdin().is_terminal() {
        return Err(Error::Invalid(format!(
            "nobody is there to be asked whether to delete {id}; give --yes"
        )));
    }
    // Standard output is for the result.
    write!(
        io::stderr(),
        "Delete the workflow {id}? Its events start no more runs. [y/N] "
    )?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str())
}

/// Reads and checks definitions. The problems of all files are told at once, each with its file.
fn read(files: &[PathBuf]) -> Result<Vec<(Definition, String)>, Error> {
    let mut definitions = Vec::new();
    let mut problems = Vec::new();
    for path in files {
        let source = fs::read_to_string(path).map_err(|cause| Error::File {
            path: path.clone(),
            cause,
        })?;
        match Definition::from_source(&source) {
            Ok(definition) => definitions.push((definition, source)),
            Err(found) => problems.extend(found.iter().map(|problem| located(path, &problem.to_string()))),
        }
    }
    if problems.is_empty() {
        return Ok(definitions);
    }
    let count = match problems.len() {
        1 => "1 problem".to_owned(),
        count => format!("{count} problems"),
    };
    Err(Error::Invalid(format!("{count}\n{}", problems.join("\n"))))
}

/// In the form that editors and terminals make a link of: `file:line:column: message`.
fn located(path: &Path, problem: &str) -> String {
    format!("{}:{problem}", path.display())
}

#[cfg(test)]
mod tests {
    use super::is_yes;

    #[test]
    fn only_a_clear_yes_deletes_a_workflow() {
        for yes in ["y\n", "Y", "yes\n", " Yes \r\n"] {
            assert!(is_yes(yes), "{yes:?}");
        }
        for no in ["", "\n", "n", "no", "yes please", "memory-alert"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}
