//! Readability of the stored definitions: the rules of the language grow stricter, and a definition is checked when it is saved.

use super::finding::Finding;
use platform::table::{StoreError, Table, WorkflowRecord};
use workflow::{
    action::Catalog,
    definition::{Definition, Draft, Problems},
};

/// Looks at the active version of a workflow, as it was read. Nothing is said of one that is as it should be.
pub(super) async fn check(
    workflow: &WorkflowRecord,
    stored: Result<Option<Definition>, StoreError>,
    catalog: &Catalog,
    table: &Table,
) -> Option<Finding> {
    let (id, version) = (&workflow.workflow, workflow.active_version);
    let source = table.version_source(id, version).await;
    match (stored, source) {
        (Ok(Some(_)), Ok(Some(source))) => match Draft::from_source(&source, catalog) {
            Ok(_) => None,
            Err(problems) => Some(refused_today(workflow, &problems)),
        },
        (Err(error), _) => Some(Finding::problem(
            area(workflow),
            format!("{version} of the workflow {id} cannot be read, so that its runs fail: {error}"),
            remedy(workflow),
        )),
        (Ok(None), _) | (_, Ok(None)) => Some(Finding::problem(
            area(workflow),
            format!("{version} of the workflow {id}, the active one, is not in the table, so that its runs fail."),
            remedy(workflow),
        )),
        (Ok(Some(_)), Err(error)) => Some(Finding::not_checked(
            area(workflow),
            format!("The source of {version} of the workflow {id} could not be read: {error}"),
        )),
    }
}

/// A version that runs, and would be refused if it were applied again.
fn refused_today(workflow: &WorkflowRecord, problems: &Problems) -> Finding {
    let (id, version) = (&workflow.workflow, workflow.active_version);
    Finding::warning(
        area(workflow),
        format!(
            "{version} of the workflow {id} was accepted by an older release, and would be refused today:\n{problems}"
        ),
        remedy(workflow),
    )
}

fn area(workflow: &WorkflowRecord) -> String {
    format!("definition:{}", workflow.workflow)
}

fn remedy(workflow: &WorkflowRecord) -> String {
    let id = &workflow.workflow;
    format!(
        "pagerflow workflow export {id} --as-written > {id}.yaml   # correct it, then\npagerflow workflow apply {id}.yaml"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::catalog;

    #[test]
    fn a_version_that_would_be_refused_today_is_reported_with_every_problem_and_what_to_do() {
        let workflow: WorkflowRecord = serde_json::from_value(serde_json::json!({
            "workflow": "memory-alert", "state": "enabled", "active_version": 3, "updated_at": "2026-11-20T09:30:00Z"
        }))
        .unwrap();
        let source = "name: memory-alert\nsteps:\n  - if: event.incident.urgency == 'x' && nonsense\n    wait: 1s\n";
        let finding = refused_today(&workflow, &Draft::from_source(source, catalog()).unwrap_err());

        let told = format!("{finding:?}");
        assert!(told.contains("v3 of the workflow memory-alert"), "{told}");
        assert!(told.contains("use `and`"), "{told}");
        assert!(
            told.contains("pagerflow workflow export memory-alert --as-written"),
            "{told}"
        );
    }
}
