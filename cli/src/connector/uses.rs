//! The uses of a connector of the user's own.

use crate::{error::Error, stack::Stack};
use futures_util::{StreamExt, TryStreamExt, stream};
use platform::table::{IntegrationRecord, StoreError, VersionSource, WorkflowRecord, WorkflowState};
use workflow::ids::{IntegrationAlias, IntegrationTypeName, WorkflowId};

/// The number of definitions that are read at once.
const AT_ONCE: usize = 10;

/// The workflows whose active versions use an action of a connector.
pub(super) async fn workflows(connector: &IntegrationTypeName, stack: &Stack) -> Result<Vec<WorkflowId>, Error> {
    let all = stack.table.workflows().await?;
    let live = all.iter().filter(|workflow| workflow.state != WorkflowState::Deleted);
    let looked_at = stream::iter(live.map(|workflow| async move {
        let uses = does_use(workflow, connector, stack).await?;
        Ok::<_, Error>(uses.then(|| workflow.workflow.clone()))
    }));
    let found: Vec<_> = looked_at.buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// True if the active version of a workflow uses an action of a connector. One of another release uses nothing that this one could tell.
async fn does_use(workflow: &WorkflowRecord, connector: &IntegrationTypeName, stack: &Stack) -> Result<bool, Error> {
    match stack.table.version(&workflow.workflow, workflow.active_version).await {
        Ok(definition) => Ok(definition.is_some_and(|definition| {
            let mut actions = definition.actions().into_values();
            actions.any(|action| IntegrationTypeName::of_action(&action.name).as_ref() == Some(connector))
        })),
        Err(StoreError::Unreadable { .. }) => Ok(false),
        Err(error @ StoreError::Unavailable { .. }) => Err(error.into()),
    }
}

/// The integrations of the type of a connector.
pub(super) fn integrations(connector: &IntegrationTypeName, all: &[IntegrationRecord]) -> Vec<IntegrationAlias> {
    let of_type = all
        .iter()
        .filter(|record| record.kind.type_name() == connector.as_str());
    of_type.map(|record| record.alias.clone()).collect()
}
