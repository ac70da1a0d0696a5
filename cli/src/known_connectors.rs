//! The connectors that a command knows: those that come with it, and the user's own, out of the table or out of files.

use crate::{
    error::Error,
    known,
    output::Notices,
    problems::Told,
    stack::{Stack, StackOptions},
    text_file,
};
use connectors::{Connector, shipped, shipped_connector};
use platform::{
    catalog,
    table::{ConnectorRecord, ConnectorVersion, Table},
};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};
use workflow::{action::Catalog, definition::Definition};

/// The time in which a stack has to answer that is not needed.
const PATIENCE: Duration = Duration::from_secs(5);

/// The connectors that a command knows.
#[derive(Debug)]
pub(crate) struct KnownConnectors {
    /// By name.
    own: BTreeMap<String, OwnConnector>,
    /// Stored ones that this release cannot use, by name, with the reason.
    unusable: BTreeMap<String, String>,
    catalog: Catalog,
}

/// A connector of the user's own.
#[derive(Debug)]
pub(crate) struct OwnConnector {
    pub(crate) connector: Connector,
    /// The number of its version in the table; none if it is out of a file.
    pub(crate) version: Option<ConnectorVersion>,
}

impl KnownConnectors {
    /// Those that come with the program alone.
    pub(crate) fn shipped() -> Self {
        Self::with(BTreeMap::new(), BTreeMap::new())
    }

    /// With those of files.
    pub(crate) fn of_files(paths: &[PathBuf]) -> Result<Self, Error> {
        let (mut own, mut problems) = (BTreeMap::new(), Told::default());
        for path in paths {
            match Connector::own(&text_file::read(path)?) {
                Ok(connector) => {
                    let name = connector.name().to_string();
                    let of_file = OwnConnector {
                        connector,
                        version: None,
                    };
                    if own.insert(name.clone(), of_file).is_some() {
                        return Err(Error::Invalid(format!(
                            "two files have the connector {name}; give only one"
                        )));
                    }
                }
                Err(found) => problems.add(path, &found),
            }
        }
        problems.none()?;
        Ok(Self::with(own, BTreeMap::new()))
    }

    /// With the newest versions of those in the table.
    pub(crate) async fn of_table(table: &Table) -> Result<Self, Error> {
        Ok(Self::of_records(table.connectors().await?))
    }

    /// With those in the table of a stack. Where it is not found, or does not answer soon, with those of the program alone, and a notice that
    /// says so.
    pub(crate) async fn of_stack_if_there(options: &StackOptions, notices: Notices) -> Self {
        let looking = notices.working("Looking for the stack");
        let found = tokio::time::timeout(PATIENCE, async {
            let stack = Stack::find(options).await?;
            Self::of_table(&stack.table).await
        });
        let found = found.await;
        drop(looking);
        let why = match found {
            Ok(Ok(known)) => return known,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!(
                "the stack {} did not answer within {} s",
                options.name(),
                PATIENCE.as_secs()
            ),
        };
        notices.note(&format!("connectors of your own are left out: {why}"));
        Self::shipped()
    }

    fn of_records(records: Vec<ConnectorRecord>) -> Self {
        let (mut own, mut unusable) = (BTreeMap::new(), BTreeMap::new());
        for record in records {
            let name = record.connector.to_string();
            match Connector::own(&record.source) {
                Ok(connector) => {
                    let stored = OwnConnector {
                        connector,
                        version: Some(record.version),
                    };
                    own.insert(name, stored);
                }
                Err(problems) => {
                    unusable.insert(name, problems.to_string());
                }
            }
        }
        Self::with(own, unusable)
    }

    fn with(own: BTreeMap<String, OwnConnector>, unusable: BTreeMap<String, String>) -> Self {
        let actions = own.values().flat_map(|own| own.connector.actions());
        let for_workflows = actions.filter(|action| !action.is_internal());
        let catalog = catalog()
            .clone()
            .with_actions(for_workflows.map(|action| action.spec().clone()));
        Self { own, unusable, catalog }
    }

    /// The actions of all of them.
    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The connector of a name.
    pub(crate) fn connector(&self, name: &str) -> Option<&Connector> {
        shipped_connector(name).or_else(|| self.own.get(name).map(|own| &own.connector))
    }

    /// The connector of a name, or the reason that it cannot be used.
    pub(crate) fn usable(&self, name: &str) -> Result<&Connector, Error> {
        match (self.connector(name), self.unusable.get(name)) {
            (Some(connector), _) => Ok(connector),
            (None, Some(problems)) => Err(Error::Invalid(format!(
                "the connector {name} that is stored cannot be used by this release:\n{problems}\nCorrect what \
                 `pagerflow connector show {name} --source` prints, and add it again with `pagerflow connector add FILE`."
            ))),
            (None, None) => Err(known::unknown_connector(name, self.names())),
        }
    }

    /// The user's own ones, by name.
    pub(crate) fn own(&self) -> impl Iterator<Item = &OwnConnector> {
        self.own.values()
    }

    /// True if there is one of the user's own of that name, whether this release can use it or not.
    pub(crate) fn is_stored(&self, name: &str) -> bool {
        self.own.contains_key(name) || self.unusable.contains_key(name)
    }

    /// The stored ones that this release cannot use, by name, with the reason.
    pub(crate) fn unusable(&self) -> impl Iterator<Item = (&str, &str)> {
        self.unusable
            .iter()
            .map(|(name, reason)| (name.as_str(), reason.as_str()))
    }

    /// The names of all of them.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let own = self.own.keys().map(String::as_str);
        shipped().map(|name: &str| name).chain(own)
    }

    /// The actions of the user's own connectors that a stored definition uses in another form than the connectors have now.
    pub(crate) fn outdated<'a>(&self, definition: &'a Definition) -> Vec<&'a str> {
        let used = definition.actions().into_values();
        let outdated = used.filter(|action| {
            let now = self.catalog.action(&action.name);
            action.connector.is_some() && now.is_some_and(|now| now != *action)
        });
        outdated.map(|action| &*action.name).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The file of a small connector.
    pub(crate) const DESK: &str = "connector: desk
title: Help Desk
summary: Tickets.
documentation: https://desk.example.com/docs
integration:
  auth: bearer
  secret: a token
  fields:
    site: { type: text, required: true, summary: the site, example: acme.example.com }
  hosts: [\"{{ integration.site }}\"]
base_url: \"https://{{ integration.site }}\"
actions:
  open_ticket:
    summary: Opens a ticket.
    repeat: never
    inputs:
      title: { type: text, required: true, summary: the title }
      queue: { type: text, summary: the queue, choose: { action: list_queues, list: queues, value: id, label: name } }
    request: { method: POST, path: /tickets, json: { title: \"{{ inputs.title }}\" } }
    outputs: { id: { type: text, summary: the id of the ticket, from: \"{{ body.id }}\" } }
    example: |
      integration: ops
      title: Disk full
  list_queues:
    summary: Lists the queues.
    repeat: safe
    request: { method: GET, path: /queues }
    outputs: { queues: { type: list, summary: the queues, from: \"{{ body.queues }}\" } }
    example: \"integration: ops\"
";

    /// That connector as version 3 in the table, with this source.
    pub(crate) fn record(source: &str) -> ConnectorRecord {
        ConnectorRecord {
            connector: "desk".parse().unwrap(),
            version: ConnectorVersion(3),
            source: source.to_owned(),
            added_at: "2026-11-22T10:00:00Z".parse().unwrap(),
            added_by: Some("arn:aws:iam::123456789012:user/olivia".to_owned()),
            removed_at: None,
        }
    }

    /// The connectors of a table with that one in it.
    pub(crate) fn with_desk(source: &str) -> KnownConnectors {
        KnownConnectors::of_records(vec![record(source)])
    }

    const USES_IT: &str = "name: w\nsteps: [{ uses: desk.open_ticket, with: { integration: ops, title: t } }]\n";

    #[test]
    fn workflows_can_use_the_actions_of_an_own_connector_beside_all_others() {
        let known = with_desk(DESK);
        let definition =
            Definition::from_source(USES_IT, known.catalog()).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(definition.actions()["desk.open_ticket"].connector.is_some());
        assert!(Definition::from_source(USES_IT, KnownConnectors::shipped().catalog()).is_err());
        assert!(known.connector("slack").is_some() && known.connector("desk").is_some());
    }

    #[test]
    fn an_action_that_the_connector_has_in_another_form_by_now_is_known() {
        let definition = Definition::from_source(USES_IT, with_desk(DESK).catalog()).unwrap();
        assert_eq!(with_desk(DESK).outdated(&definition), [""; 0]);
        let changed = DESK.replace("path: /tickets", "path: /v2/tickets");
        assert_eq!(with_desk(&changed).outdated(&definition), ["desk.open_ticket"]);
        assert_eq!(KnownConnectors::shipped().outdated(&definition), [""; 0]);
    }

    #[test]
    fn a_stored_connector_that_this_release_cannot_use_is_told_with_the_reason_and_keeps_the_others_usable() {
        let known = with_desk(&DESK.replace("auth: bearer", "auth: carrier_pigeon"));
        let told = known.usable("desk").unwrap_err().to_string();
        assert!(
            told.contains("carrier_pigeon") && told.contains("pagerflow connector add"),
            "{told}"
        );
        assert!(known.usable("slack").is_ok());
        assert_eq!(known.unusable().map(|(name, _)| name).collect::<Vec<_>>(), ["desk"]);
    }

    #[test]
    fn files_are_read_with_all_that_is_wrong_in_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let good = file("desk.yaml", DESK);
        let slack = file("slack.yaml", &DESK.replace("connector: desk", "connector: slack"));
        assert!(
            KnownConnectors::of_files(std::slice::from_ref(&good))
                .unwrap()
                .connector("desk")
                .is_some()
        );
        let told = KnownConnectors::of_files(&[slack, file("bad.yaml", "connector: x\n")])
            .unwrap_err()
            .to_string();
        assert!(
            told.contains("`slack` comes with Pagerflow") && told.contains("bad.yaml:1:1: `title`"),
            "{told}"
        );
        let twice = KnownConnectors::of_files(&[good.clone(), good])
            .unwrap_err()
            .to_string();
        assert_eq!(twice, "two files have the connector desk; give only one");
    }
}
