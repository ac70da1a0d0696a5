//! `pagerflow connector list`.

use super::aws;
use crate::{
    output::{Screen, View},
    text_table::aligned,
};
use connectors::{Action, Connector, shipped, shipped_connector};
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
    /// The names of the actions that workflows can use.
    pub(super) actions: Vec<String>,
}

pub(super) fn list() -> Listed {
    Listed {
        connectors: shipped()
            .filter_map(shipped_connector)
            .map(Row::of)
            .chain(aws::rows())
            .collect(),
    }
}

/// The actions of a connector that workflows can use.
pub(super) fn of_workflows(connector: &Connector) -> impl Iterator<Item = &Action> {
    connector.actions().filter(|action| !action.is_internal())
}

impl Row {
    fn of(connector: &Connector) -> Self {
        Self {
            connector: connector.name().to_string(),
            title: connector.title().to_owned(),
            summary: connector.summary().to_owned(),
            documentation: connector.documentation().to_owned(),
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
            vec![row.connector.clone(), row.title.clone(), count, row.summary.clone()]
        });
        let rows: Vec<_> = rows.collect();
        format!(
            "{}\n\n`pagerflow connector show NAME` lists the actions of one.",
            aligned(&["CONNECTOR", "SYSTEM", "ACTIONS", "WHAT IT IS"], &rows)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::as_json;

    #[test]
    fn every_connector_is_listed_with_the_number_of_its_actions() {
        let text = list().text(Screen::plain());
        let jira = shipped_connector("jira").unwrap();
        let row = text.lines().find(|line| line.starts_with("jira ")).unwrap();
        let words: Vec<_> = row.split_whitespace().collect();
        assert_eq!(words[1..3], ["Jira", &of_workflows(jira).count().to_string()]);
        assert!(text.lines().count() > shipped().count(), "{text}");
    }

    #[test]
    fn programs_get_the_names_of_the_actions_and_none_that_workflows_cannot_use() {
        let json = as_json(&list());
        let rows = json["connectors"].as_array().unwrap();
        let slack = rows.iter().find(|row| row["connector"] == "slack").unwrap();
        let actions = slack["actions"].to_string();
        assert!(
            actions.contains("slack.post_message") && !actions.contains("slack.test_token"),
            "{actions}"
        );
    }
}
