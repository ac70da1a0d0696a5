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
