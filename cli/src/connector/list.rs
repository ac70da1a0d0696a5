//! `pagerflow connector list`.

use super::aws;
use crate::{
    known_connectors::KnownConnectors,
    output::{Screen, View},
    text_table::aligned,
};
use connectors::{Action, Connector, shipped, shipped_connector};
use platform::table::ConnectorVersion;
use serde::Serialize;

/// The connectors that there are.
#[derive(Debug, Serialize)]
pub(super) struct Listed {
    connectors: Vec<Row>,
}

/// A connector.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) connector: String,
    pub(super) title: String,
    pub(super) summary: String,
    pub(super) documentation: String,
    /// The newest version of one of the user's own; none of one that comes with the program.
    pub(super) version: Option<ConnectorVersion>,
    /// The names of the actions that workflows can use.
    pub(super) actions: Vec<String>,
}

/// Those that come with the program, and then the user's own.
pub(super) fn list(known: &KnownConnectors) -> Listed {
    let of_program = shipped().filter_map(shipped_connector);
    let of_program = of_program.map(|connector| Row::of(connector, None));
    let own = known.own().map(|own| Row::of(&own.connector, own.version));
    Listed {
        connectors: of_program.chain(aws::rows()).chain(own).collect(),
    }
}

/// The actions of a connector that workflows can use.
pub(super) fn of_workflows(connector: &Connector) -> impl Iterator<Item = &Action> {
    connector.actions().filter(|action| !action.is_internal())
}

impl Row {
    fn of(connector: &Connector, version: Option<ConnectorVersion>) -> Self {
        Self {
            connector: connector.name().to_string(),
            title: connector.title().to_owned(),
            summary: connector.summary().to_owned(),
            documentation: connector.documentation().to_owned(),
            version,
            actions: of_workflows(connector)
                .map(|action| action.spec().name.to_string())
                .collect(),
        }
    }
}

impl View for Listed {
    fn text(&self, _: Screen) -> String {
        let rows = self.connectors.iter().map(|row| {
            // AWS has too many to be counted.
            let count = match row.actions.iter().any(|action| action.ends_with('…')) {
                true => "many".to_owned(),
                false => row.actions.len().to_string(),
            };
            let version = row.version.map(|version| version.to_string()).unwrap_or_default();
            vec![
                row.connector.clone(),
                row.title.clone(),
                version,
                count,
                row.summary.clone(),
            ]
        });
        let rows: Vec<_> = rows.collect();
        format!(
            "{}\n\n`pagerflow connector show NAME` lists the actions of one.",
            aligned(&["CONNECTOR", "SYSTEM", "YOURS", "ACTIONS", "WHAT IT IS"], &rows)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        known_connectors::tests::{DESK, with_desk},
        output::as_json,
    };

    #[test]
    fn every_connector_is_listed_with_the_number_of_its_actions() {
        let text = list(&KnownConnectors::shipped()).text(Screen::plain());
        let jira = shipped_connector("jira").unwrap();
        let row = text.lines().find(|line| line.starts_with("jira ")).unwrap();
        let words: Vec<_> = row.split_whitespace().collect();
        assert_eq!(words[1..3], ["Jira", &of_workflows(jira).count().to_string()]);
        assert!(text.lines().count() > shipped().count(), "{text}");
    }

    #[test]
    fn those_of_the_user_are_listed_with_their_newest_version() {
        let listed = list(&with_desk(DESK));
        let text = listed.text(Screen::plain());
        let row = text.lines().find(|line| line.starts_with("desk ")).unwrap();
        assert_eq!(
            row.split_whitespace().collect::<Vec<_>>(),
            ["desk", "Help", "Desk", "v3", "2", "Tickets."]
        );
        let json = as_json(&listed);
        assert_eq!(json["connectors"].as_array().unwrap().last().unwrap()["version"], 3);
    }

    #[test]
    fn programs_get_the_names_of_the_actions_and_none_that_workflows_cannot_use() {
        let json = as_json(&list(&KnownConnectors::shipped()));
        let rows = json["connectors"].as_array().unwrap();
        let slack = rows.iter().find(|row| row["connector"] == "slack").unwrap();
        let actions = slack["actions"].to_string();
        assert!(
            actions.contains("slack.post_message") && !actions.contains("slack.test_token"),
            "{actions}"
        );
    }
}
