//! Routes: to which workflows the URL of an integration leads.
//!
//! A route is a copy of a workflow's item in the partition of its integration, so that one query finds all that the
//! ingress needs. It is there while the workflow is enabled and takes the integration's signed webhooks. Whatever changes
//! the workflow changes its route in the same transaction.

use super::{Item, Items, Read, StoreError, Table, WorkflowRecord, WorkflowState, Write, keys};
use std::collections::BTreeSet;
use workflow::{ids::IntegrationAlias, run::WebhookKind};

impl WorkflowRecord {
    /// The integration whose URL leads to the workflow. A V2 webhook has no signature, so none comes in by that URL.
    fn integration(&self) -> Option<&IntegrationAlias> {
        let trigger = self.trigger.as_ref()?;
        let leads = self.state == WorkflowState::Enabled && trigger.webhook == WebhookKind::V3;
        leads.then_some(&trigger.integration)
    }
}

/// The writes that make the routes of a workflow fit its record. `item` is the record as it is stored.
pub(super) fn writes(before: Option<&WorkflowRecord>, after: &WorkflowRecord, item: &Item) -> Vec<Write> {
    let leads = after.integration();
    // A workflow that is disabled, or has another form of webhook, has a trigger and no route.
    let triggers = before
        .into_iter()
        .chain([after])
        .filter_map(|record| record.trigger.as_ref());
    let stale: BTreeSet<_> = triggers
        .map(|trigger| &trigger.integration)
        .filter(|alias| Some(*alias) != leads)
        .collect();
    let stale = stale.into_iter().map(|alias| keys::route(alias, &after.workflow));
    let put = leads.map(|alias| {
        let mut item = item.clone();
        item.extend(keys::route(alias, &after.workflow).attributes());
        let condition = Vec::new();
        Write::Put { item, condition }
    });
    stale.map(Write::Delete).chain(put).collect()
}

impl<I: Items> Table<I> {
    /// The enabled workflows that the URL of an integration leads to, by their ids.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub(super) async fn routes(&self, alias: &IntegrationAlias) -> Result<Vec<WorkflowRecord>, StoreError> {
        self.partition(Read::Routes, "route", &keys::routes(alias)).await
    }
}
