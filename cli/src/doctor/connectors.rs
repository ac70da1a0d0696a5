//! Connectors of the user's own: whether this release can use them, and whether workflows use them as they are now.

use super::finding::Finding;
use crate::known_connectors::KnownConnectors;
use platform::table::WorkflowRecord;
use workflow::definition::Definition;

/// The stored connectors that this release cannot use: steps that use them fail, or cannot be applied again.
pub(super) fn judge(known: &KnownConnectors) -> Vec<Finding> {
    let unusable = known.unusable().map(|(name, problems)| {
        Finding::problem(
            format!("connector:{name}"),
            format!("The connector {name} cannot be used by this release:\n{problems}"),
            format!(
                "pagerflow connector show {name} --source > {name}.yaml   # correct it, then\npagerflow connector add {name}.yaml"
            ),
        )
    });
    unusable.collect()
}

/// The actions that a workflow uses as they were before their connector was changed. That is no fault: it may be meant.
pub(super) fn outdated(workflow: &WorkflowRecord, definition: &Definition, known: &KnownConnectors) -> Option<Finding> {
    let outdated = known.outdated(definition);
    let id = &workflow.workflow;
    (!outdated.is_empty()).then(|| {
        Finding::hint(
            format!("workflow:{id}"),
            format!(
                "The workflow {id} uses {} as it was when it was applied; the connector was changed since.",
                outdated.join(", ")
            ),
            format!("pagerflow workflow export {id} --as-written > {id}.yaml\npagerflow workflow apply {id}.yaml"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        doctor::finding,
        known_connectors::tests::{DESK, with_desk},
        output::Screen,
    };

    #[test]
    fn a_connector_that_was_changed_and_one_that_cannot_be_read_are_told_with_what_to_do() {
        let workflow: WorkflowRecord = serde_json::from_value(serde_json::json!({
            "workflow": "outage", "state": "enabled", "active_version": 3, "updated_at": "2026-11-20T09:30:00Z"
        }))
        .unwrap();
        let source = "name: outage\nsteps: [{ uses: desk.open_ticket, with: { integration: ops, title: t } }]\n";
        let definition = Definition::from_source(source, with_desk(DESK).catalog()).unwrap();
        assert_eq!(outdated(&workflow, &definition, &with_desk(DESK)), None);
        let changed = with_desk(&DESK.replace("path: /tickets", "path: /v2/tickets"));
        let broken = with_desk(&DESK.replace("auth: bearer", "auth: pigeon"));
        let mut findings: Vec<Finding> = outdated(&workflow, &definition, &changed).into_iter().collect();
        findings.extend(judge(&broken));
        insta::assert_snapshot!(finding::text(&findings, Screen::plain()), @"
        ok           The workflow outage uses desk.open_ticket as it was when it was applied; the connector was changed since.
                     pagerflow workflow export outage --as-written > outage.yaml
                     pagerflow workflow apply outage.yaml
        problem      The connector desk cannot be used by this release:
                     6:9: integration.auth: `pigeon` is not known; known are none, bearer, basic, header, query, url, oauth2_client_credentials, google_service_account
                     11:11: base_url: `integration.site`: there are no integration here
                     pagerflow connector show desk --source > desk.yaml   # correct it, then
                     pagerflow connector add desk.yaml

        1 problem.
        ");
        assert_eq!(judge(&changed), []);
    }
}
