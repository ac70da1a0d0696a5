//! `pagerflow workflow show`.

use super::{due::Due, stored, versions};
use crate::{
    error::Error,
    known,
    output::{Screen, View, printable},
    stack::Stack,
};
use clap::Args;
use jiff::Timestamp;
use platform::table::{VersionRecord, WorkflowRecord, WorkflowState};
use serde::{Serialize, Serializer};
use workflow::{
    definition::Definition,
    graph::Graph,
    ids::{WorkflowId, WorkflowVersion},
    triggers::Trigger,
};

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

/// A workflow and one of its versions.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    workflow: WorkflowId,
    state: WorkflowState,
    active_version: WorkflowVersion,
    updated_at: Timestamp,
    version: WorkflowVersion,
    applied_at: Timestamp,
    applied_by: Option<String>,
    digest: String,
    webhook_url: Option<String>,
    /// The times at which it is due, if it has a schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<Due>,
    #[serde(serialize_with = "as_json")]
    definition: Definition,
    /// The tree or the flowchart, if one is wanted.
    drawing: Option<String>,
}

fn as_json<S: Serializer>(definition: &Definition, serializer: S) -> Result<S::Ok, S::Error> {
    definition.to_json().serialize(serializer)
}

pub(super) async fn show(options: &Options, stack: &Stack) -> Result<Shown, Error> {
    let name = &options.workflow;
    let record = known::workflow(name, stack).await?;
    let number = options.version.map_or(record.active_version, |version| version.0);
    let known = stack.table.versions(name).await?;
    let version = known.into_iter().find(|version| version.version == number);
    let version = version.ok_or_else(|| stored::no_version(name, number))?;
    let definition = stored::version(name, number, stack).await?;
    let url = stored::webhook_url(name, &definition, stack);
    let mut shown = Shown::new(record, version, definition, url, Timestamp::now());
    shown.drawing = match (options.graph, options.mermaid) {
        (true, _) => Some(Graph::of(&shown.definition).tree()),
        (_, true) => Some(Graph::of(&shown.definition).mermaid()),
        (false, false) => None,
    };
    Ok(shown)
}

/// Lines that cannot steer the terminal.
fn printed(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

impl View for Shown {
    fn text(&self, _: Screen) -> String {
        match &self.drawing {
            Some(drawing) => printed(drawing),
            None => printed(&self.in_words()),
        }
    }
}

impl Shown {
    fn new(
        record: WorkflowRecord,
        version: VersionRecord,
        definition: Definition,
        webhook_url: Option<String>,
        now: Timestamp,
    ) -> Self {
        let schedule = definition.trigger.as_ref().and_then(Trigger::schedule);
        Self {
            workflow: record.workflow,
            state: record.state,
            active_version: record.active_version,
            updated_at: record.updated_at,
            version: version.version,
            applied_at: version.created_at,
            applied_by: version.applied_by,
            digest: version.digest,
            webhook_url,
            schedule: schedule.map(|trigger| Due::of(&trigger.schedule, now)),
            definition,
            drawing: None,
        }
    }

    fn in_words(&self) -> String {
        let graph = Graph::of(&self.definition);
        let active = match self.version == self.active_version {
            true => "active".to_owned(),
            false => format!("not active, {} is", self.active_version),
        };
        let by = self.applied_by.as_deref().map(versions::who);
        let by = by.map_or_else(String::new, |who| format!(" by {who}"));
        let mut facts = vec![
            ("state", self.state.to_string()),
            (
                "version",
                format!("{} ({active}), applied {:.0}{by}", self.version, self.applied_at),
            ),
        ];
        facts.push(("digest", self.digest.clone()));
        let trigger = std::iter::once("trigger").chain(std::iter::repeat(""));
        facts.extend(trigger.zip(graph.trigger.iter().cloned()));
        facts.extend(self.schedule.iter().flat_map(Due::lines));
        facts.extend(self.webhook_url.iter().map(|url| ("webhook", url.clone())));
        let mut lines = vec![self.workflow.to_string()];
        lines.extend(self.definition.description.iter().map(|text| format!("  {text}")));
        lines.extend(facts.iter().map(|(what, fact)| format!("  {what:<11}{fact}")));
        lines.push(String::new());
        lines.push(graph.outline());
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output;
    use platform::{catalog, table::WorkflowSchedule};
    use serde_json::to_string_pretty;

    fn shown(version: u32, source: &str) -> Shown {
        let definition = Definition::from_source(source, catalog()).unwrap_or_else(|problems| panic!("{problems}"));
        let record = WorkflowRecord {
            workflow: definition.name.clone(),
            state: WorkflowState::Enabled,
            active_version: WorkflowVersion(3),
            trigger: None,
            awaits: platform::table::AwaitedTypes::new(),
            schedule: WorkflowSchedule::Never,
            timeout: None,
            updated_at: "2026-11-22T10:00:00Z".parse().unwrap(),
        };
        let version = VersionRecord {
            version: WorkflowVersion(version),
            created_at: "2026-11-22T10:00:00.5Z".parse().unwrap(),
            applied_by: Some("arn:aws:iam::123456789012:user/olivia".to_owned()),
            digest: definition.digest(),
        };
        let trigger = definition.trigger.as_ref().and_then(Trigger::pagerduty);
        let url = trigger.map(|_| "https://example.com/webhooks/a".to_owned());
        let now = "2026-12-01T00:00:00Z".parse().unwrap();
        Shown::new(record, version, definition, url, now)
    }

    const TRIGGERED: &str = "name: memory-alert\ndescription: Opens a ticket.\non:\n  pagerduty:\n    integration: prod\n    \
                             events: [incident.triggered]\n    urgency: high\nsteps:\n  - id: ticket\n    uses: \
                             pagerduty.create_incident\n    with: { integration: prod, title: x, service: PWIXJZS }\n  - wait: 10m\n";

    #[test]
    fn a_workflow_is_shown_with_its_steps() {
        insta::assert_snapshot!(shown(3, TRIGGERED).text(Screen::plain()));
    }

    #[test]
    fn a_workflow_with_a_schedule_is_shown_with_the_times_at_which_it_is_due() {
        let source = "name: nightly\non: { schedule: { cron: \"30 2 * * *\", timezone: Europe/Berlin, catch_up: true } }\n\
                      steps: [{ wait: 1s }]\n";
        insta::assert_snapshot!(shown(3, source).text(Screen::plain()));
    }

    #[test]
    fn an_older_version_says_that_it_is_not_the_active_one() {
        insta::assert_snapshot!(shown(2, "name: by-hand\nsteps: [{ wait: 1s }]\n").text(Screen::plain()));
    }

    #[test]
    fn programs_get_the_definition_and_the_drawing_that_was_asked_for() {
        let mut shown = shown(3, "name: by-hand\nsteps: [{ wait: 1s }]\n");
        shown.drawing = Some("flowchart TD".to_owned());
        insta::assert_snapshot!(to_string_pretty(&output::as_json(&shown)).unwrap());
    }

    #[test]
    fn b28_a_text_cannot_steer_the_terminal() {
        let shown = shown(3, "name: a\ndescription: \"x\\x1b[31m\"\nsteps: [{ wait: 1s }]\n");
        assert!(!shown.text(Screen::plain()).contains('\u{1b}'));
    }
}
