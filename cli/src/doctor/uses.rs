//! The integrations that the steps of workflows name.

use super::finding::Finding;
use crate::integration::uses::of_actions;
use platform::table::{IntegrationKind, IntegrationRecord, WorkflowRecord};
use std::collections::BTreeSet;
use workflow::{
    definition::Definition,
    ids::{IntegrationAlias, IntegrationTypeName},
};

/// The integrations that steps of a workflow use, and that are not there or accounts on another system. `is_wanted` says of which
/// integrations something is to be told.
pub(super) fn judge(
    workflow: &WorkflowRecord,
    definition: &Definition,
    all: &[IntegrationRecord],
    is_wanted: &impl Fn(&IntegrationAlias) -> bool,
) -> Vec<Finding> {
    let id = &workflow.workflow;
    let uses = of_actions(definition).map(|(alias, action)| (alias, &*action.name, action.integration_type()));
    let uses: BTreeSet<(&str, &str, Option<IntegrationTypeName>)> = uses.collect();
    let findings = uses.into_iter().filter_map(|(alias, action, wanted)| {
        let alias: IntegrationAlias = alias.parse().ok()?;
        let wanted = wanted?;
        let area = format!("workflow:{id}");
        if !is_wanted(&alias) {
            return None;
        }
        match all.iter().find(|record| record.alias == alias) {
            None => Some(Finding::problem(
                area,
                format!("A step of the workflow {id} uses {action} with the integration {alias}, which is not there."),
                match wanted.as_str() {
                    IntegrationKind::PAGERDUTY => format!("pagerflow integration add {alias}"),
                    wanted => format!("pagerflow integration add {alias} --type {wanted}"),
                },
            )),
            Some(record) if record.kind.type_name() != wanted.as_str() => Some(Finding::problem(
                area,
                format!(
                    "A step of the workflow {id} uses {action} with the integration {alias}, which is of the type {}.",
                    record.kind.type_name()
                ),
                format!("Name one of the type {wanted} in the workflow, and apply it again."),
            )),
            Some(_) => None,
        }
    });
    findings.collect()
}
