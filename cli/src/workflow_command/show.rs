//! `pagerflow workflow show`.

use super::{list, stored, versions};
use crate::{
    error::Error,
    known,
    output::{Output, printable},
    stack::Stack,
};
use clap::Args;
use platform::table::{VersionRecord, WorkflowRecord};
use serde_json::{Value, json};
use workflow::{definition::Definition, graph::Graph, ids::WorkflowId};

/// The workflow, and the view.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The workflow.
    workflow: WorkflowId,
    /// Another version than the active one.
    #[arg(long)]
    version: Option<stored::VersionNumber>,
    /// Draw the workflow as a tree.
    #[arg(long)]
    graph: bool,
    /// Print the workflow as a flowchart of Mermaid, for documents.
    #[arg(long, conflicts_with = "graph")]
    mermaid: bool,
}

/// The parts to show.
struct Shown {
    record: WorkflowRecord,
    version: VersionRecord,
    definition: Definition,
    webhook_url: Option<String>,
}

pub(super) async fn run(options: &Options, stack: &Stack, output: &mut Output) -> Result<(), Error> {
    let name = &options.workflow;
    let record = known::workflow(name, stack).await?;
    let number = options.version.map_or(record.active_version, |version| version.0);
    let known = stack.table.versions(name).await?;
    let version = known.into_iter().find(|version| version.version == number);
    let version = version.ok_or_else(|| stored::no_version(name, number))?;
    let definition = stored::version(name, number, stack).await?;
    let shown = Shown {
        webhook_url: stored::webhook_url(name, &definition, stack),
        record,
        version,
        definition,
    };
    let drawing = shown.drawing(options);
    output.result(&shown.json(drawing.as_deref()), || match &drawing {
        Some(drawing) => printed(drawing),
        None => printed(&shown.text()),
    })
}

/// Lines that cannot steer the terminal.
fn printed(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

impl Shown {
    fn drawing(&self, options: &Options) -> Option<String> {
        let graph = Graph::of(&self.definition);
        match (options.graph, options.mermaid) {
            (true, _) => Some(graph.tree()),
            (_, true) => Some(graph.mermaid()),
            (false, false) => None,
        }
    }

    fn text(&self) -> String {
        let graph = Graph::of(&self.definition);
        let record = &self.record;
        let version = &self.version;
        let active = match version.version == record.active_version {
            true => "active".to_owned(),
            false => format!("not active, {} is", record.active_version),
        };
        let by = version.applied_by.as_deref().map(versions::who);
        let by = by.map_or_else(String::new, |who| format!(" by {who}"));
        let mut facts = vec![
            ("state", list::state(record.state).to_owned()),
            (
                "version",
                format!("{} ({active}), applied {:.0}{by}", version.version, version.created_at),
            ),
        ];
        facts.push(("digest", version.digest.clone()));
        let trigger = std::iter::once("trigger").chain(std::iter::repeat(""));
        facts.extend(trigger.zip(graph.trigger.iter().cloned()));
        facts.extend(self.webhook_url.iter().map(|url| ("webhook", url.clone())));
        let mut lines = vec![record.workflow.to_string()];
        lines.extend(self.definition.description.iter().map(|text| format!("  {text}")));
        lines.extend(facts.iter().map(|(what, fact)| format!("  {what:<11}{fact}")));
        lines.push(String::new());
        lines.push(graph.outline());
        lines.join("\n")
    }

    fn json(&self, drawing: Option<&str>) -> Value {
        let record = &self.record;
        json!({
            "workflow": record.workflow,
            "state": record.state,
            "active_version": record.active_version,
            "updated_at": record.updated_at,
            "version": self.version.version,
            "applied_at": self.version.created_at,
            "applied_by": self.version.applied_by,
            "digest": self.version.digest,
            "webhook_url": self.webhook_url,
            "definition": self.definition.to_json(),
            "drawing": drawing,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::catalog;
    use platform::table::WorkflowState;
    use serde_json::to_string_pretty;
    use workflow::ids::WorkflowVersion;

    fn shown(version: u32, source: &str) -> Shown {
        let definition = Definition::from_source(source, catalog()).unwrap_or_else(|problems| panic!("{problems}"));
        Shown {
            record: WorkflowRecord {
                workflow: definition.name.clone(),
                state: WorkflowState::Enabled,
                active_version: WorkflowVersion(3),
                trigger: None,
                timeout: None,
                updated_at: "2026-11-22T10:00:00Z".parse().unwrap(),
            },
            version: VersionRecord {
                version: WorkflowVersion(version),
                created_at: "2026-11-22T10:00:00.5Z".parse().unwrap(),
                applied_by: Some("arn:aws:iam::123456789012:user/olivia".to_owned()),
                digest: definition.digest(),
            },
            webhook_url: definition
                .trigger
                .as_ref()
                .map(|_| "https://example.com/webhooks/a".to_owned()),
            definition,
        }
    }

    const TRIGGERED: &str = "name: memory-alert\ndescription: Opens a ticket.\non:\n  pagerduty:\n    integration: prod\n    \
                             events: [incident.triggered]\n    urgency: high\nsteps:\n  - id: ticket\n    uses: \
                             pagerduty.create_incident\n    with: { integration: prod, title: x, service: PWIXJZS }\n  - wait: 10m\n";

    #[test]
    fn a_workflow_is_shown_with_its_steps() {
        insta::assert_snapshot!(printed(&shown(3, TRIGGERED).text()));
    }

    #[test]
    fn an_older_version_says_that_it_is_not_the_active_one() {
        insta::assert_snapshot!(printed(&shown(2, "name: by-hand\nsteps: [{ wait: 1s }]\n").text()));
    }

    #[test]
    fn programs_get_the_definition_and_the_drawing_that_was_asked_for() {
        let shown = shown(3, "name: by-hand\nsteps: [{ wait: 1s }]\n");
        insta::assert_snapshot!(to_string_pretty(&shown.json(Some("flowchart TD"))).unwrap());
    }

    #[test]
    fn b28_a_text_cannot_steer_the_terminal() {
        let shown = shown(3, "name: a\ndescription: \"x\\x1b[31m\"\nsteps: [{ wait: 1s }]\n");
        assert!(!printed(&shown.text()).contains('\u{1b}'));
    }
}
