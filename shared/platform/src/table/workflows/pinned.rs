//! The actions that a version uses, which are stored with it. A connector that changes, or a release in which an action is another one,
//! changes no version that is stored, and who reads a version needs no catalogue of all systems.
//!
//! Those of PagerDuty come with every program that reads versions, so they are left out.

use pagerduty::actions::catalog as of_pagerduty;
use std::sync::Arc;
use workflow::{
    action::{ActionSpec, Catalog},
    definition::Definition,
};

/// The actions to store with a definition, as JSON; none if it uses those of PagerDuty alone.
pub(super) fn written(definition: &Definition) -> Result<Option<String>, serde_json::Error> {
    let actions = definition.actions().into_values();
    let others: Vec<&ActionSpec> = actions
        .filter(|action| of_pagerduty().action(&action.name).is_none())
        .map(|action| &**action)
        .collect();
    match others.is_empty() {
        true => Ok(None),
        false => serde_json::to_string(&others).map(Some),
    }
}

/// The actions that a version is read with.
pub(super) fn catalog(stored: Option<&[u8]>) -> Result<Catalog, serde_json::Error> {
    let pinned: Vec<ActionSpec> = stored.map(serde_json::from_slice).transpose()?.unwrap_or_default();
    Ok(of_pagerduty().clone().with_actions(pinned.into_iter().map(Arc::new)))
}
