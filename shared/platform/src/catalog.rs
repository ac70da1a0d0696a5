//! The actions of all systems.

use connectors::Connector;
use std::sync::{Arc, LazyLock};
use workflow::action::{ActionSpec, Catalog};

/// The actions that a workflow can use in a deployed stack. Those of a system are made when one of them is first asked for: a function
/// that starts need not make all.
#[must_use]
pub fn catalog() -> &'static Catalog {
    static ALL: LazyLock<Catalog> = LazyLock::new(|| {
        let catalog = Catalog::default().with_system("pagerduty", of_pagerduty);
        connectors::shipped().fold(catalog, |catalog, name| catalog.with_system(name, of_connector))
    });
    &ALL
}

fn of_pagerduty(_: &str) -> Vec<Arc<ActionSpec>> {
    pagerduty::actions::catalog().actions().cloned().collect()
}

/// The actions of a connector that workflows may use.
fn of_connector(name: &str) -> Vec<Arc<ActionSpec>> {
    let actions = connectors::shipped_connector(name)
        .into_iter()
        .flat_map(Connector::actions);
    actions
        .filter(|action| !action.is_internal())
        .map(|action| Arc::clone(action.spec()))
        .collect()
}

/// The file that other programs read the actions from, `schema/actions.json`. When it is stale, it is written anew by
///
/// ```sh
/// PAGERFLOW_WRITE_SCHEMA=1 cargo test -p platform committed_actions
/// ```
#[cfg(test)]
mod tests {
    use super::catalog;
    use std::{env, fs, path::Path};
    use workflow::action::ActionSpec;

    #[test]
    fn the_committed_actions_are_those_of_all_systems_and_read_back_as_they_are() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema/actions.json");
        let actions: Vec<ActionSpec> = catalog().actions().map(|action| ActionSpec::clone(action)).collect();
        let wanted = serde_json::to_string_pretty(&actions).unwrap() + "\n";
        if env::var_os("PAGERFLOW_WRITE_SCHEMA").is_some() {
            fs::write(&file, &wanted).unwrap();
        }
        let committed = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            committed == wanted,
            "schema/actions.json is stale; write it anew with `PAGERFLOW_WRITE_SCHEMA=1 cargo test -p platform committed_actions`"
        );
        let read: Vec<ActionSpec> = serde_json::from_str(&committed).unwrap();
        assert_eq!(read, actions);
    }
}
