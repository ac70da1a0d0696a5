//! Routes: to which workflows the URL of an integration leads.
//!
//! A route is a copy of a workflow's item in the partition of its integration, so that one query finds all that the
//! ingress needs. It is there while the workflow is enabled and takes the integration's signed webhooks. Whatever changes
//! the workflow changes its route in the same transaction.

use super::{Item, Read, StoreError, Table, WorkflowRecord, WorkflowState, keys};
use aws_sdk_dynamodb::{
    error::BuildError,
    types::{Delete, Put, TransactWriteItem},
};
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
pub(super) fn writes(
    table: &str,
    before: Option<&WorkflowRecord>,
    after: &WorkflowRecord,
    item: &Item,
) -> Result<Vec<TransactWriteItem>, StoreError> {
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
    let mut writes = Vec::with_capacity(stale.len() + 1);
    for alias in stale {
        let (pk, sk) = keys::route(alias, &after.workflow);
        let delete = Delete::builder().table_name(table).set_key(Some(Table::key(&pk, &sk)));
        writes.push(
            TransactWriteItem::builder()
                .delete(delete.build().map_err(|error| malformed(&error))?)
                .build(),
        );
    }
    if let Some(alias) = leads {
        let (pk, sk) = keys::route(alias, &after.workflow);
        let mut route = item.clone();
        route.extend(Table::key(&pk, &sk));
        let put = Put::builder().table_name(table).set_item(Some(route));
        writes.push(
            TransactWriteItem::builder()
                .put(put.build().map_err(|error| malformed(&error))?)
                .build(),
        );
    }
    Ok(writes)
}

pub(super) fn malformed(error: &BuildError) -> StoreError {
    StoreError::Unavailable {
        operation: "put a write together",
        cause: error.to_string().into(),
    }
}

impl Table {
    /// The enabled workflows that the URL of an integration leads to, by their ids.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub(super) async fn routes(&self, alias: &IntegrationAlias) -> Result<Vec<WorkflowRecord>, StoreError> {
        self.partition(Read::Routes, "route", &keys::routes(alias)).await
    }
}
