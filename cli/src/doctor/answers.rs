//! The buttons that workflows count on in messages about their approvals.

use super::finding::Finding;
use crate::integration::{answers::is_signed, uses::named_by};
use connectors::shipped_connector;
use platform::table::{IntegrationKind, IntegrationRecord, WorkflowRecord};
use std::collections::BTreeSet;
use workflow::{approval::Approver, definition::Definition, ids::IntegrationAlias, steps::StepKind};

/// The integrations through which approvals of a workflow ask in a system whose answers would not be taken, because the secret is not stored
/// with which it signs them. `is_wanted` says of which integrations something is to be told.
pub(super) fn judge(
    workflow: &WorkflowRecord,
    definition: &Definition,
    all: &[IntegrationRecord],
    is_wanted: &impl Fn(&IntegrationAlias) -> bool,
) -> Vec<Finding> {
    let id = &workflow.workflow;
    let asked = definition.walk().filter_map(|(_, step)| match &step.kind {
        StepKind::Approval(approval) => Some(approval),
        _ => None,
    });
    let asked = asked.flat_map(|approval| {
        // A user of a system has no other way to decide there.
        let needs_button = approval.approvers.iter().any(|it| matches!(it, Approver::Slack(_)));
        let calls = approval.notify.iter().filter_map(|message| message.call());
        calls.filter_map(move |call| {
            let (prefix, _) = call.uses.name.split_once('.')?;
            shipped_connector(prefix).filter(|connector| connector.takes_answers())?;
            Some((named_by(call)?, needs_button))
        })
    });
    let asked: BTreeSet<(&str, bool)> = asked.collect();
    let findings = asked.into_iter().filter_map(|(alias, needs_button)| {
        let alias: IntegrationAlias = alias.parse().ok()?;
        let record = all.iter().find(|record| record.alias == alias)?;
        let is_unsigned = matches!(&record.kind, IntegrationKind::Connector(account) if !is_signed(account));
        if !is_wanted(&alias) || !is_unsigned {
            return None;
        }
        let area = format!("workflow:{id}");
        let remedy = format!("pagerflow integration signing-secret set {alias}");
        Some(match needs_button {
            true => Finding::problem(
                area,
                format!(
                    "An approval of the workflow {id} leaves the decision to users of Slack, who get no buttons: no signing secret of {alias} \
                     is stored."
                ),
                remedy,
            ),
            false => Finding::warning(
                area,
                format!(
                    "The messages about an approval of the workflow {id} have a link and no buttons: no signing secret of {alias} is stored."
                ),
                remedy,
            ),
        })
    });
    findings.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{doctor::finding, output::Screen};
    use connectors::{SIGNING_SECRET, STORED};
    use platform::{
        catalog,
        table::{AwaitedTypes, ConnectorAccount, WorkflowSchedule, WorkflowState},
    };
    use rstest::rstest;
    use workflow::ids::WorkflowVersion;

    fn told(approvers: &str, is_stored: bool) -> String {
        let source = format!(
            "name: w\nsteps:\n- approval:\n    message: m\n    timeout: 1h\n{approvers}    notify: [{{ uses: slack.post_message, \
             with: {{ integration: ops, channel: C1, text: t }} }}]\n"
        );
        let definition = Definition::from_source(&source, catalog()).unwrap_or_else(|problems| panic!("{problems}"));
        let now = jiff::Timestamp::UNIX_EPOCH;
        let workflow = WorkflowRecord {
            workflow: "w".parse().unwrap(),
            state: WorkflowState::Enabled,
            active_version: WorkflowVersion(1),
            trigger: None,
            awaits: AwaitedTypes::new(),
            schedule: WorkflowSchedule::Never,
            timeout: None,
            updated_at: now,
        };
        let stored = is_stored.then(|| (SIGNING_SECRET.to_owned(), STORED.to_owned()));
        let all = [IntegrationRecord {
            alias: "ops".parse().unwrap(),
            kind: IntegrationKind::Connector(ConnectorAccount {
                type_name: "slack".parse().unwrap(),
                fields: stored.into_iter().collect(),
                hosts: vec!["slack.com".to_owned()],
            }),
            updated_at: now,
        }];
        finding::text(&judge(&workflow, &definition, &all, &|_| true), Screen::plain())
    }

    #[rstest]
    #[case::for_all(
        "",
        "warning      The messages about an approval of the workflow w have a link and no buttons"
    )]
    #[case::for_users_of_slack(
        "    approvers: [slack:U0123456789]\n",
        "problem      An approval of the workflow w leaves the decision to users of Slack, who get no buttons"
    )]
    fn without_a_signing_secret_messages_have_no_buttons(#[case] approvers: &str, #[case] words: &str) {
        let text = told(approvers, false);
        assert!(text.contains(words), "{text}");
        assert!(text.contains("pagerflow integration signing-secret set ops"), "{text}");
        assert!(!told(approvers, true).contains("ops"));
    }
}
