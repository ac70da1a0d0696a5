//! `pagerflow connector add`: a connector of the user's own becomes known to workflows.
//!
//! The new version replaces the one whose difference was shown, and no other. Versions of workflows keep the form of an action
//! that they were applied with.

use super::uses;
use crate::{
    ask::Consent,
    change::Change,
    error::Error,
    output::{Output, Screen, View},
    problems::Told,
    stack::Stack,
    text_file,
};
use clap::Args;
use connectors::Connector;
use jiff::Timestamp;
use platform::table::{ConnectorRecord, ConnectorVersion, NewConnector};
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};
use workflow::ids::{IntegrationTypeName, InvalidId, WorkflowId};

pub(super) const EXAMPLES: &str = "\
Examples:
  pagerflow connector add desk.yaml --dry-run
  pagerflow connector add desk.yaml

Workflows use a change from when they are applied again.";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The file of the connector; `-` for standard input.
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// Show what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before a connector that is there is changed. Without a terminal that needs it; a new one never does.
    #[arg(long)]
    yes: bool,
}

/// A connector that was added, or would be.
#[derive(Debug, Serialize)]
pub(super) struct Added {
    connector: IntegrationTypeName,
    file: PathBuf,
    /// None in a dry run.
    version: Option<ConnectorVersion>,
    changed: bool,
    previous_version: Option<ConnectorVersion>,
    difference: Option<Change>,
    actions: Vec<String>,
    /// The workflows that use it as it was, until they are applied again.
    workflows: Vec<WorkflowId>,
}

pub(super) async fn run(options: &Options, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let source = text_file::read(&options.path)?;
    let connector = read(&options.path, &source)?;
    let name = connector.name().as_str().parse::<IntegrationTypeName>();
    let name = name.map_err(|error: InvalidId| Error::Invalid(error.to_string()))?;
    let seen = stack.table.connector(&name).await?;
    let before = seen.as_ref().filter(|seen| !seen.is_removed());
    let difference = before.map(|before| difference(before, &options.path, &source));
    let is_unchanged = difference.as_ref().is_some_and(Change::is_none);
    if let (Some(difference), false, false) = (&difference, is_unchanged, output.is_json()) {
        output.line(&difference.shown(output.screen()))?;
    }
    let added = Added {
        version: before.filter(|_| is_unchanged).map(|before| before.version),
        changed: false,
        previous_version: before.map(|before| before.version),
        workflows: match before.is_some() && !is_unchanged {
            true => uses::workflows(&name, stack).await?,
            false => Vec::new(),
        },
        file: options.path.clone(),
        actions: actions(&connector),
        connector: name.clone(),
        difference: difference.filter(|_| !is_unchanged),
    };
    if options.dry_run || is_unchanged {
        return output.show(&added);
    }
    if added.difference.is_some() && !Consent::of(options.yes).allows(&question(&added))? {
        return Ok(ExitCode::FAILURE);
    }
    let added_by = stack.caller().await;
    let new = NewConnector {
        connector: &name,
        source: &source,
        added_by: added_by.as_deref(),
    };
    let version = stack.table.add_connector(seen.as_ref(), &new, Timestamp::now()).await?;
    output.show(&Added {
        version: Some(version),
        changed: true,
        ..added
    })
}

/// Reads and checks the file.
fn read(path: &Path, source: &str) -> Result<Connector, Error> {
    Connector::own(source).map_err(|problems| {
        let mut told = Told::default();
        told.add(path, &problems);
        told.into_error()
    })
}

fn difference(before: &ConnectorRecord, path: &Path, source: &str) -> Change {
    let from = format!("{} {}", before.connector, before.version);
    Change::of_texts((&from, &before.source), (&path.display().to_string(), source))
}

fn actions(connector: &Connector) -> Vec<String> {
    let for_workflows = connector.actions().filter(|action| !action.is_internal());
    for_workflows.map(|action| action.spec().name.to_string()).collect()
}

fn question(added: &Added) -> String {
    let name = &added.connector;
    match added.previous_version {
        Some(before) => format!("Add this as the next version of {name}, after {before}?"),
        None => format!("Add {name}?"),
    }
}

impl View for Added {
    fn text(&self, _: Screen) -> String {
        let name = &self.connector;
        let mut text = match (self.version, self.changed, &self.difference) {
            (Some(version), true, _) => format!("Added {name} {version}, with {}.", self.actions.join(", ")),
            (Some(version), false, _) => format!("{name} {version} is unchanged."),
            (None, _, Some(_)) => format!("{name} would be changed."),
            (None, _, None) => format!("{name} would be new, with {}.", self.actions.join(", ")),
        };
        if !self.workflows.is_empty() {
            let workflows: Vec<&str> = self.workflows.iter().map(WorkflowId::as_str).collect();
            text.push_str(&format!(
                "\nThe active versions of {} use it as it was; apply them again with `pagerflow workflow apply` to use the change.",
                workflows.join(", ")
            ));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known_connectors::tests::{DESK, record};

    fn added() -> Added {
        Added {
            connector: "desk".parse().unwrap(),
            file: "desk.yaml".into(),
            version: None,
            changed: false,
            previous_version: None,
            difference: None,
            actions: actions(&read(Path::new("desk.yaml"), DESK).unwrap()),
            workflows: Vec::new(),
        }
    }

    #[test]
    fn the_outcome_names_the_actions_and_the_workflows_that_keep_the_form_before() {
        let changed = difference(
            &record(DESK),
            Path::new("desk.yaml"),
            &DESK.replace("/tickets", "/v2/tickets"),
        );
        let outcomes = [
            added(),
            Added {
                version: Some(ConnectorVersion(1)),
                changed: true,
                ..added()
            },
            Added {
                version: Some(ConnectorVersion(4)),
                changed: true,
                previous_version: Some(ConnectorVersion(3)),
                difference: Some(changed),
                workflows: vec!["outage".parse().unwrap(), "triage".parse().unwrap()],
                ..added()
            },
            Added {
                version: Some(ConnectorVersion(3)),
                previous_version: Some(ConnectorVersion(3)),
                ..added()
            },
        ];
        let told: Vec<String> = outcomes.iter().map(|outcome| outcome.text(Screen::plain())).collect();
        insta::assert_snapshot!(told.join("\n"), @"
        desk would be new, with desk.open_ticket, desk.list_queues.
        Added desk v1, with desk.open_ticket, desk.list_queues.
        Added desk v4, with desk.open_ticket, desk.list_queues.
        The active versions of outage, triage use it as it was; apply them again with `pagerflow workflow apply` to use the change.
        desk v3 is unchanged.
        ");
    }

    #[test]
    fn the_difference_from_the_stored_version_is_that_of_the_files() {
        let change = difference(
            &record(DESK),
            Path::new("desk.yaml"),
            &DESK.replace("Opens a ticket.", "Opens one."),
        );
        let shown = change.shown(Screen::plain());
        assert!(shown.starts_with("--- desk v3\n+++ desk.yaml\n"), "{shown}");
        assert!(
            shown.contains("-    summary: Opens a ticket.\n+    summary: Opens one."),
            "{shown}"
        );
        assert!(difference(&record(DESK), Path::new("desk.yaml"), DESK).is_none());
    }

    #[test]
    fn a_file_that_is_wrong_or_has_a_name_that_is_taken_is_refused_with_its_place() {
        let refused = read(
            Path::new("desk.yaml"),
            &DESK.replace("connector: desk", "connector: jira"),
        )
        .unwrap_err();
        assert_eq!(
            refused.to_string(),
            "1 problem\ndesk.yaml: connector: `jira` comes with Pagerflow; give your connector another name, such as `acme_jira`"
        );
    }
}
