//! The uses that workflows make of integrations.

use crate::{error::Error, stack::Stack};
use futures_util::{StreamExt, TryStreamExt, stream};
use platform::table::{StoreError, VersionSource, WorkflowRecord, WorkflowState};
use serde_json::Value;
use std::collections::BTreeSet;
use workflow::{
    action::ActionSpec,
    definition::Definition,
    ids::{IntegrationAlias, WorkflowId},
    steps::ActionStep,
    template::Template,
};

/// The number of definitions that are read at once.
const AT_ONCE: usize = 10;

/// The workflows that events of an integration start, or whose steps name it.
pub(super) async fn workflows(
    all: &[WorkflowRecord],
    alias: &IntegrationAlias,
    stack: &Stack,
) -> Result<Vec<WorkflowId>, Error> {
    let live = all.iter().filter(|workflow| workflow.state != WorkflowState::Deleted);
    let looked_at = stream::iter(live.map(|workflow| async move {
        let uses = is_started_by(workflow, alias) || does_name(workflow, alias, stack).await?;
        Ok::<_, Error>(uses.then(|| workflow.workflow.clone()))
    }));
    let found: Vec<_> = looked_at.buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// True if events of an integration start a workflow, or would if it were enabled.
fn is_started_by(workflow: &WorkflowRecord, alias: &IntegrationAlias) -> bool {
    let trigger = workflow.trigger.as_ref();
    trigger.is_some_and(|trigger| trigger.integration == *alias)
}

/// True if a step of a workflow's active version names the integration. A version of another release names nothing that
/// this one could tell.
async fn does_name(workflow: &WorkflowRecord, alias: &IntegrationAlias, stack: &Stack) -> Result<bool, Error> {
    match stack.table.version(&workflow.workflow, workflow.active_version).await {
        Ok(definition) => Ok(definition.is_some_and(|definition| names(&definition, alias))),
        Err(StoreError::Unreadable { .. }) => Ok(false),
        Err(error @ StoreError::Unavailable { .. }) => Err(error.into()),
    }
}

fn names(definition: &Definition, alias: &IntegrationAlias) -> bool {
    // Also a step that waits for an incident looks at it.
    let calls = definition.walk().filter_map(|(_, step)| step.call());
    calls
        .filter_map(named_by)
        .any(|integration| integration == alias.as_str())
}

/// The actions of a workflow that act through an integration.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct UsesOf<'a> {
    /// Their names.
    pub(super) actions: BTreeSet<&'a str>,
    /// True if some of them may act through another one, which an expression names.
    pub(super) by_expression: bool,
}

/// The actions that act through an integration with AWS, or may do so.
pub(super) fn of_integration<'a>(definition: &'a Definition, alias: &IntegrationAlias) -> UsesOf<'a> {
    let mut uses = UsesOf::default();
    let calls = definition.walk().filter_map(|(_, step)| step.call());
    let of_aws = calls.filter(|call| {
        let wanted = call.uses.integration_type();
        wanted.is_some_and(|wanted| wanted.as_str() == aws_actions::integration::TYPE)
    });
    for call in of_aws {
        match named_by(call) {
            Some(named) if named == alias.as_str() => {}
            Some(_) => continue,
            None => uses.by_expression = true,
        }
        uses.actions.insert(&call.uses.name);
    }
    uses
}

/// The integrations that are named by the steps of a definition that use an action, each with the action.
pub(crate) fn of_actions(definition: &Definition) -> impl Iterator<Item = (&str, &ActionSpec)> {
    let actions = definition.walk().filter_map(|(_, step)| step.action());
    actions.filter_map(|call| Some((named_by(call)?, &*call.uses)))
}

/// The integration that a call names; none where an expression gives it.
pub(crate) fn named_by(call: &ActionStep) -> Option<&str> {
    match call.with.get("integration") {
        Some(Template::Literal(Value::String(alias))) => Some(alias),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::catalog;
    use rstest::rstest;

    #[rstest]
    #[case::within_lanes(
        "parallel: [{ steps: [{ uses: slack.post_message, with: { integration: INT, channel: C1, text: t } }] }]"
    )]
    #[case::wait_for("wait_for: { integration: INT, incident_id: Q1, status: [resolved], timeout: 1h }")]
    #[case::message_of_an_approval(
        "approval: { message: m, timeout: 1h, notify: [{ uses: slack.post_message, with: { integration: INT, channel: C1, text: t } }] }"
    )]
    fn a_workflow_uses_the_integrations_that_its_steps_name(#[case] step: &str) {
        let definition = |integration: &str| {
            let source = format!("name: w\nsteps:\n  - {{ {} }}\n", step.replace("INT", integration));
            Definition::from_source(&source, catalog()).unwrap_or_else(|problems| panic!("{problems}"))
        };
        let staging = "staging".parse().unwrap();
        assert!(names(&definition("staging"), &staging));
        assert!(!names(&definition("prod"), &staging));
    }

    #[test]
    fn the_actions_through_an_integration_are_those_that_name_it_or_may_name_it() {
        let source = "name: w
inputs: { account: { type: text } }
steps:
  - { uses: aws.ecs.update_service, with: { integration: prod, service: checkout } }
  - { uses: aws.sns.publish, with: { integration: other, message: m } }
  - { uses: slack.post_message, with: { integration: prod, channel: C1, text: t } }
  - approval:
      message: m
      timeout: 1h
      notify: [{ uses: email.send, with: { integration: prod, from: a@b.c, to: [a@b.c], subject: s, text: t } }]
";
        let definition =
            |source: &str| Definition::from_source(source, catalog()).unwrap_or_else(|problems| panic!("{problems}"));
        let prod = "prod".parse().unwrap();
        let uses = |definition: &Definition| {
            let uses = of_integration(definition, &prod);
            (
                uses.actions.iter().map(ToString::to_string).collect::<Vec<_>>(),
                uses.by_expression,
            )
        };
        let named = ["aws.ecs.update_service", "email.send"].map(str::to_owned).to_vec();
        assert_eq!(uses(&definition(source)), (named, false));

        let by_expression = source.replace("integration: other", "integration: \"{{ inputs.account }}\"");
        let all = ["aws.ecs.update_service", "aws.sns.publish", "email.send"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(uses(&definition(&by_expression)), (all, true));
    }
}
