//! Routes: to which workflows the URL of an integration leads, and which wait for its events.
//!
//! A route is a copy of a workflow's item in the partition of an integration, so that one query finds all that the
//! ingress needs. It is there while the workflow is enabled and takes the integration's signed webhooks, or waits for its events. One
//! that only waits has no trigger: nothing that comes by that URL starts the workflow. Whatever changes the workflow changes its routes
//! in the same transaction.

use super::{Item, Items, Read, StoreError, Table, WorkflowRecord, WorkflowState, Write, keys};
use std::collections::BTreeSet;
use workflow::{ids::IntegrationAlias, run::WebhookKind};

/// The attributes of the trigger in the item of a workflow.
const TRIGGER: [&str; 5] = ["integration", "webhook", "events", "filters", "when"];

impl WorkflowRecord {
    /// The integration whose URL leads to the workflow. A V2 webhook has no signature, so none comes in by that URL.
    fn integration(&self) -> Option<&IntegrationAlias> {
        let trigger = self.trigger.as_ref()?;
        let leads = self.state == WorkflowState::Enabled && trigger.webhook == WebhookKind::V3;
        leads.then_some(&trigger.integration)
    }

    /// The integrations that it may have a route of.
    fn integrations(&self) -> impl Iterator<Item = &IntegrationAlias> {
        // A workflow that is disabled, or has another form of webhook, has a trigger and no route.
        let trigger = self.trigger.as_ref().map(|trigger| &trigger.integration);
        trigger.into_iter().chain(self.awaits.keys())
    }
}

/// The writes that make the routes of a workflow fit its record. `item` is the record as it is stored.
pub(super) fn writes(before: Option<&WorkflowRecord>, after: &WorkflowRecord, item: &Item) -> Vec<Write> {
    let leads = after.integration();
    let all = before.into_iter().chain([after]).flat_map(WorkflowRecord::integrations);
    let all: BTreeSet<_> = all.collect();
    let (kept, stale): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|alias| Some(*alias) == leads || after.awaited(alias).is_some());
    let put = kept.into_iter().map(|alias| {
        let mut item = item.clone();
        if Some(alias) != leads {
            item.retain(|name, _| !TRIGGER.contains(&name.as_str()));
        }
        item.extend(keys::route(alias, &after.workflow).attributes());
        let condition = Vec::new();
        Write::Put { item, condition }
    });
    let stale = stale.into_iter().map(|alias| keys::route(alias, &after.workflow));
    stale.map(Write::Delete).chain(put).collect()
}

impl<I: Items> Table<I> {
    /// The enabled workflows that the URL of an integration leads to, and those that wait for its events, by their ids.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub(super) async fn routes(&self, alias: &IntegrationAlias) -> Result<Vec<WorkflowRecord>, StoreError> {
        self.partition(Read::Routes, "route", &keys::routes(alias)).await
    }
}
