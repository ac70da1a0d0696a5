//! `pagerflow workflow export`: a definition as a file that `apply` takes.
//!
//! It is written from what is stored, with the ids that run. That gives the same digest when it is applied again, whatever
//! things are called in PagerDuty by then. What its author wrote, with names and comments, is kept beside it.

use super::stored;
use crate::{error::Error, known, output::Output, stack::Stack};
use clap::Args;
use serde_json::json;
use workflow::{characters::steers, ids::WorkflowId};

/// The version, and its form.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The workflow.
    workflow: WorkflowId,
    /// Another version than the active one.
    #[arg(long)]
    version: Option<stored::VersionNumber>,
    /// The source as its author wrote it, with names and comments. Names are looked up anew when it is applied.
    #[arg(long)]
    as_written: bool,
}

pub(super) async fn run(options: &Options, stack: &Stack, output: &mut Output) -> Result<(), Error> {
    let name = &options.workflow;
    let version = match options.version {
        Some(version) => version.0,
        None => known::workflow(name, stack).await?.active_version,
    };
    let definition = stored::version(name, version, stack).await?;
    let text = match options.as_written {
        true => stack.table.version_source(name, version).await?,
        false => Some(definition.to_yaml()),
    };
    let text = text.ok_or_else(|| stored::no_version(name, version))?;
    let result = json!({
        "workflow": name, "version": version, "digest": definition.digest(), "text": text,
        "definition": definition.to_json(),
    });
    // What is written from the definition has them as escapes.
    if options.as_written && !output.is_json() && text.chars().any(|c| steers(c) && !matches!(c, '\n' | '\t')) {
        output.warn(
            "characters that steer a terminal are printed as U+FFFD; `--output json` has them as they were written",
        );
    }
    output.result(&result, || text.trim_end_matches('\n').to_owned())
}
