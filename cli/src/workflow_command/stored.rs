//! Workflows and versions as they are stored, or what to do if they are not.

use crate::{error::Error, known, stack::Stack};
use platform::table::{StoreError, VersionSource, WorkflowRecord};
use std::str::FromStr;
use workflow::{
    definition::Definition,
    ids::{WorkflowId, WorkflowVersion},
    triggers::Trigger,
};

/// A version as people write it: `3` or `v3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VersionNumber(pub(crate) WorkflowVersion);

impl FromStr for VersionNumber {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_prefix('v').unwrap_or(text).parse::<u32>();
        match number {
            Ok(number) => Ok(Self(WorkflowVersion(number))),
            Err(_) => Err("a version is a number, such as 3 or v3".to_owned()),
        }
    }
}

/// A version of a workflow.
pub(super) async fn version(name: &WorkflowId, version: WorkflowVersion, stack: &Stack) -> Result<Definition, Error> {
    if let Some(definition) = stack.table.version(name, version).await? {
        return Ok(definition);
    }
    // Only now, so that where all is well there is one call.
    known::workflow(name, stack).await?;
    Err(no_version(name, version))
}

pub(super) fn no_version(name: &WorkflowId, version: WorkflowVersion) -> Error {
    Error::NotFound(format!(
        "the workflow {name} has no version {version}; `pagerflow workflow versions {name}` lists them"
    ))
}

/// The active version of a workflow that was read; none if this release cannot read it.
pub(super) async fn active(seen: &WorkflowRecord, stack: &Stack) -> Result<Option<Definition>, Error> {
    match stack.table.version(&seen.workflow, seen.active_version).await {
        Ok(definition) => Ok(definition),
        Err(StoreError::Unreadable { .. }) => Ok(None),
        Err(error @ StoreError::Unavailable { .. }) => Err(error.into()),
    }
}

/// The URL that webhooks of a workflow are sent to, if any are.
pub(super) fn webhook_url(name: &WorkflowId, definition: &Definition, stack: &Stack) -> Option<String> {
    let trigger = definition.trigger.as_ref().and_then(Trigger::pagerduty);
    trigger.map(|_| format!("{}/webhooks/{name}", stack.webhook_url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_written_with_or_without_its_letter() {
        for text in ["3", "v3"] {
            assert_eq!(text.parse(), Ok(VersionNumber(WorkflowVersion(3))));
        }
        for text in ["", "v", "-1", "latest", "3.1"] {
            assert!(text.parse::<VersionNumber>().is_err(), "{text:?}");
        }
    }
}
