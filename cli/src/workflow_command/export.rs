//! `pagerflow workflow export`: a definition as a file that `apply` takes.
//!
//! It is written from what is stored, with the ids that run. That gives the same digest when it is applied again, whatever
//! things are called in PagerDuty by then. What its author wrote, with names and comments, is kept beside it.

use super::stored;
use crate::{
    error::Error,
    known,
    output::{Screen, View},
    stack::Stack,
};
use clap::Args;
use serde::Serialize;
use serde_json::Value;
use workflow::{
    characters::steers,
    ids::{WorkflowId, WorkflowVersion},
};

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

/// A definition as a file.
#[derive(Debug, Serialize)]
pub(super) struct Exported {
    workflow: WorkflowId,
    version: WorkflowVersion,
    digest: String,
    text: String,
    definition: Value,
}

pub(super) async fn export(options: &Options, stack: &Stack) -> Result<Exported, Error> {
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
    Ok(Exported {
        workflow: name.clone(),
        version,
        digest: definition.digest(),
        text: text.ok_or_else(|| stored::no_version(name, version))?,
        definition: definition.to_json(),
    })
}

impl Exported {
    /// True if a terminal cannot show it as it is. A text that was written from the definition has escapes there.
    pub(super) fn steers_a_terminal(&self) -> bool {
        self.text.chars().any(|c| steers(c) && !matches!(c, '\n' | '\t'))
    }
}

impl View for Exported {
    fn text(&self, _: Screen) -> String {
        self.text.trim_end_matches('\n').to_owned()
    }
}
