//! The actions of all systems.

use std::sync::LazyLock;
use workflow::action::Catalog;

/// The systems that have actions. A crate of another system adds its own here.
const SYSTEMS: &[fn() -> &'static Catalog] = &[pagerduty::actions::catalog];

/// The actions that a workflow can use in a deployed stack.
#[must_use]
pub fn catalog() -> &'static Catalog {
    static ALL: LazyLock<Catalog> = LazyLock::new(|| {
        let of_each = SYSTEMS.iter().map(|system| system());
        of_each.flat_map(Catalog::actions).cloned().collect()
    });
    &ALL
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
