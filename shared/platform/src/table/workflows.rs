//! Workflows and their versions.
//!
//! A version is immutable, and has the actions along that it uses. To apply a definition is to write the next version and to make it the active one, in one
//! transaction that fails if the workflow was changed since it was looked at. To activate is the same without
//! a new version.

mod list;
mod pinned;
mod schedule;
mod versions;

pub use schedule::{ScheduleRecord, WorkflowSchedule};
pub use versions::VersionRecord;

use super::{
    Item, Items, Read, StoreError, Table, Write, item, items::Test, keys, number, record, record_cache::Weight, routes,
    text,
};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use workflow::{
    definition::{Definition, Length},
    ids::{IntegrationAlias, WorkflowId, WorkflowVersion},
    planner::Availability,
    run::WebhookKind,
    template::{Context, Expression, TemplateError},
    triggers::{Filters, PagerDutyTrigger, Trigger},
};

/// A workflow: what the ingress needs of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "StoredWorkflow", into = "StoredWorkflow")]
pub struct WorkflowRecord {
    /// Its id.
    pub workflow: WorkflowId,
    /// The state: do events start runs of it?
    pub state: WorkflowState,
    /// The version that new runs are pinned to.
    pub active_version: WorkflowVersion,
    /// The webhooks that start it, if any do.
    pub trigger: Option<TriggerRecord>,
    /// The types of events that the steps of its active version wait for.
    pub awaits: AwaitedTypes,
    /// The schedule that starts it, if one does.
    pub schedule: WorkflowSchedule,
    /// The time that a run of that version may take, if it says so.
    pub timeout: Option<Length>,
    /// The time when it was last changed.
    pub updated_at: Timestamp,
}

/// Types of events of incidents, by the integration that the events come from.
pub type AwaitedTypes = BTreeMap<IntegrationAlias, BTreeSet<String>>;

/// The webhooks that start a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerRecord {
    /// The integration whose signing secrets its webhooks are checked with.
    pub integration: IntegrationAlias,
    /// The form of webhook that its URL takes.
    pub webhook: WebhookKind,
    /// The types of events that start a run.
    pub events: Vec<String>,
    /// The incidents that it is for.
    pub filters: Filters,
    /// The condition that an event must meet.
    pub when: Option<TriggerCondition>,
}

/// The condition of a trigger, read once for all events. One that cannot be read is known with its reason: it is not known
/// then which events were wanted, and the receiver of one must see to it.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerCondition {
    source: String,
    expression: Result<Expression, TemplateError>,
}

impl Weight for WorkflowRecord {
    /// A condition is kept with its source, the names in it and perhaps a second form of it.
    fn weight(&self) -> usize {
        let filters = self
            .trigger
            .as_ref()
            .map(|trigger| format!("{:?}{:?}", trigger.filters, trigger.events).len());
        let condition = self
            .trigger
            .as_ref()
            .and_then(|trigger| trigger.when.as_ref())
            .map(|when| when.source().len());
        let awaits = self
            .awaits
            .values()
            .flatten()
            .map(|name| 64 + name.len())
            .sum::<usize>();
        1024 + awaits + 4 * filters.unwrap_or_default() + 16 * condition.unwrap_or_default()
    }
}

impl TriggerCondition {
    /// As it stands in the definition.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// True if it holds for an event.
    ///
    /// # Errors
    /// It cannot be read, or not be evaluated for this event.
    pub fn holds(&self, event: &Context) -> Result<bool, TemplateError> {
        self.expression.as_ref().map_err(Clone::clone)?.holds(event)
    }
}

impl From<&Expression> for TriggerCondition {
    fn from(expression: &Expression) -> Self {
        Self {
            source: expression.source().to_owned(),
            expression: Ok(expression.clone()),
        }
    }
}

impl From<String> for TriggerCondition {
    fn from(source: String) -> Self {
        Self {
            expression: Expression::condition(&source),
            source,
        }
    }
}

impl From<&str> for TriggerCondition {
    fn from(source: &str) -> Self {
        source.to_owned().into()
    }
}

impl From<&PagerDutyTrigger> for TriggerRecord {
    fn from(trigger: &PagerDutyTrigger) -> Self {
        Self {
            integration: trigger.integration.clone(),
            webhook: trigger.webhook,
            events: trigger.events.clone(),
            filters: trigger.filters.clone(),
            when: trigger.when.as_ref().map(TriggerCondition::from),
        }
    }
}

/// A workflow as it is stored: the fields of the trigger stand beside the others.
#[derive(Serialize, Deserialize)]
struct StoredWorkflow {
    workflow: WorkflowId,
    state: WorkflowState,
    active_version: WorkflowVersion,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    integration: Option<IntegrationAlias>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    webhook: Option<WebhookKind>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    events: Vec<String>,
    #[serde(default, skip_serializing_if = "Filters::is_empty")]
    filters: Filters,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    when: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    awaits: AwaitedTypes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schedule: Option<ScheduleRecord>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    had_schedule: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout_seconds: Option<i64>,
    updated_at: Timestamp,
}

impl From<StoredWorkflow> for WorkflowRecord {
    fn from(stored: StoredWorkflow) -> Self {
        let trigger = match (stored.integration, stored.webhook) {
            (Some(integration), Some(webhook)) => Some(TriggerRecord {
                integration,
                webhook,
                events: stored.events,
                filters: stored.filters,
                when: stored.when.map(TriggerCondition::from),
            }),
            _ => None,
        };
        Self {
            workflow: stored.workflow,
            state: stored.state,
            active_version: stored.active_version,
            trigger,
            awaits: stored.awaits,
            schedule: match (stored.schedule, stored.had_schedule) {
                (Some(schedule), _) => WorkflowSchedule::Current(schedule),
                (None, true) => WorkflowSchedule::Ended,
                (None, false) => WorkflowSchedule::Never,
            },
            timeout: stored.timeout_seconds.and_then(Length::from_seconds),
            updated_at: stored.updated_at,
        }
    }
}

impl From<WorkflowRecord> for StoredWorkflow {
    fn from(record: WorkflowRecord) -> Self {
        let trigger = record.trigger;
        Self {
            workflow: record.workflow,
            state: record.state,
            active_version: record.active_version,
            integration: trigger.as_ref().map(|trigger| trigger.integration.clone()),
            webhook: trigger.as_ref().map(|trigger| trigger.webhook),
            events: trigger
                .as_ref()
                .map(|trigger| trigger.events.clone())
                .unwrap_or_default(),
            filters: trigger
                .as_ref()
                .map(|trigger| trigger.filters.clone())
                .unwrap_or_default(),
            when: trigger.and_then(|trigger| trigger.when).map(|when| when.source),
            awaits: record.awaits,
            had_schedule: record.schedule == WorkflowSchedule::Ended,
            schedule: record.schedule.current().cloned(),
            timeout_seconds: record.timeout.map(|timeout| timeout.duration().as_secs()),
            updated_at: record.updated_at,
        }
    }
}

/// The state of a workflow: do events start runs of it?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum WorkflowState {
    /// They do.
    Enabled,
    /// They are accepted and ignored.
    Disabled,
    /// The workflow is gone. Its record stays, so that its rightful sender is not told 401, which would make PagerDuty
    /// disable the subscription.
    Deleted,
}

impl WorkflowState {
    /// The availability for new runs of a workflow whose active version this is.
    #[must_use]
    pub fn availability(self, active: WorkflowVersion) -> Availability {
        match self {
            Self::Enabled => Availability::Enabled(active),
            Self::Disabled => Availability::Disabled,
            Self::Deleted => Availability::Deleted,
        }
    }
}

impl WorkflowRecord {
    /// The types of the events of an integration that it waits for, while it is enabled.
    #[must_use]
    pub fn awaited(&self, integration: &IntegrationAlias) -> Option<&BTreeSet<String>> {
        let types = self.awaits.get(integration);
        types.filter(|_| self.state == WorkflowState::Enabled)
    }

    /// The record of a workflow with a definition as its active version. One that was disabled stays so, and one that was
    /// deleted is enabled.
    fn of(definition: &Definition, version: WorkflowVersion, before: Option<&Self>, now: Timestamp) -> Self {
        Self {
            workflow: definition.name.clone(),
            state: match before.map(|before| before.state) {
                Some(WorkflowState::Disabled) => WorkflowState::Disabled,
                Some(WorkflowState::Enabled | WorkflowState::Deleted) | None => WorkflowState::Enabled,
            },
            active_version: version,
            trigger: definition
                .trigger
                .as_ref()
                .and_then(Trigger::pagerduty)
                .map(TriggerRecord::from),
            awaits: awaits(definition),
            schedule: WorkflowSchedule::of(definition.trigger.as_ref(), before.map(|before| &before.schedule)),
            timeout: definition.timeout,
            updated_at: now,
        }
    }
}

fn awaits(definition: &Definition) -> AwaitedTypes {
    let awaited = definition.awaited_events().into_iter();
    let owned = |types: BTreeSet<&'static str>| types.into_iter().map(str::to_owned).collect();
    awaited.map(|(alias, types)| (alias, owned(types))).collect()
}

/// A definition to apply.
#[derive(Debug, Clone, Copy)]
pub struct NewVersion<'a> {
    pub definition: &'a Definition,
    /// The text of its author, with names and comments.
    pub source: &'a str,
    /// The AWS identity that applies it, if it is known.
    pub applied_by: Option<&'a str>,
}

/// A definition is the active version now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    pub version: WorkflowVersion,
    /// True if the version is newly active. If not, it was active already.
    pub is_new: bool,
    /// The state. A workflow that was disabled stays so, and one that was deleted is enabled.
    pub state: WorkflowState,
}

impl Applied {
    fn unchanged(seen: &WorkflowRecord) -> Self {
        Self {
            version: seen.active_version,
            is_new: false,
            state: seen.state,
        }
    }
}

/// A definition was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The workflow was changed since it was looked at.
    #[error(
        "somebody else changed the workflow {0} at the same time, and nothing was stored\nLook at their change with \
         `pagerflow workflow versions {0}` and `pagerflow workflow diff {0}`, and try again."
    )]
    Conflict(WorkflowId),
    /// There is no such version.
    #[error("the workflow {workflow} has no version {version}; `pagerflow workflow versions {workflow}` lists them")]
    NoVersion {
        workflow: WorkflowId,
        version: WorkflowVersion,
    },
    /// The definition is too large for one item of the table, with its source and the actions that it uses.
    #[error(
        "the definition takes {0} bytes compressed, with its source and the actions that it uses; at most {LARGEST_VERSION} can be \
         stored\nUse fewer different actions in it, or move steps into another workflow and run that with `run_workflow`."
    )]
    TooLarge(usize),
    /// The definition takes more memory than a reader of versions spends.
    #[error(
        "the definition, or what it uses of the actions, takes {0} bytes as JSON; at most {LARGEST_UNPACKED} are read"
    )]
    TooLargeUnpacked(usize),
    /// The table could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The state of a workflow was not changed.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// There is no such workflow.
    #[error("there is no workflow {0}")]
    Unknown(WorkflowId),
    /// It was deleted.
    #[error("the workflow {0} was deleted; `pagerflow workflow apply` brings it back")]
    Deleted(WorkflowId),
    /// It was changed by others between each reading and writing.
    #[error("others keep changing the workflow {0} at the same time; try again")]
    Contended(WorkflowId),
    /// The table could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The number of times that a change of state is made that another change forestalls.
const STATE_TRIED_AT_MOST: usize = 5;

/// DynamoDB takes 400 KB in an item.
const LARGEST_VERSION: usize = 350 * 1024;

/// The largest definition that is ever unpacked, in bytes. A source has a mebibyte at most.
const LARGEST_UNPACKED: usize = 4 * 1024 * 1024;

impl<I: Items> Table<I> {
    /// The workflow of an id.
    ///
    /// # Errors
    /// DynamoDB did not answer.
    pub async fn workflow(&self, id: &WorkflowId) -> Result<Option<WorkflowRecord>, StoreError> {
        self.get(Read::Workflow, &keys::workflow(id))
            .await?
            .map(|item| record("workflow", item))
            .transpose()
    }

    /// Makes a definition the active version of its workflow. A deleted workflow is there again with it.
    ///
    /// `seen` is the workflow as the caller has looked at it.
    ///
    /// # Errors
    /// The workflow was changed since `seen` was read, the definition is too large, or DynamoDB failed.
    pub async fn apply_workflow(
        &self,
        seen: Option<&WorkflowRecord>,
        new: &NewVersion<'_>,
        now: Timestamp,
    ) -> Result<Applied, ApplyError> {
        let definition = new.definition;
        let id = &definition.name;
        if let Some(seen) = seen.filter(|seen| seen.state != WorkflowState::Deleted)
            && self.is_active(definition, seen).await?
        {
            return Ok(Applied::unchanged(seen));
        }
        let version = match seen {
            // An older version than the latest may be active.
            Some(seen) => self.latest_version(id).await?.max(seen.active_version),
            None => WorkflowVersion(0),
        };
        let version = WorkflowVersion(version.0.saturating_add(1));
        let put_version = Write::Put {
            item: versions::item(new, version, now)?,
            condition: vec![Test::ABSENT],
        };
        let record = WorkflowRecord::of(definition, version, seen, now);
        let record_item = item("workflow", &keys::workflow(id), &record)?;
        let mut writes = vec![put_version];
        writes.extend(replacing(seen, &record, record_item));
        if !self.transact("store the workflow", writes).await? {
            return Err(ApplyError::Conflict(id.clone()));
        }
        Ok(Applied {
            version,
            is_new: true,
            state: record.state,
        })
    }

    /// Makes an older, or a newer, version of a workflow the active one again.
    ///
    /// `seen` is the workflow as the caller has looked at it.
    ///
    /// # Errors
    /// There is no such version, the workflow was changed since `seen` was read, or DynamoDB failed.
    pub async fn activate_version(
        &self,
        seen: &WorkflowRecord,
        version: WorkflowVersion,
        now: Timestamp,
    ) -> Result<Applied, ApplyError> {
        let id = &seen.workflow;
        if seen.active_version == version && seen.state != WorkflowState::Deleted {
            return Ok(Applied::unchanged(seen));
        }
        let definition = self.version(id, version).await?.ok_or_else(|| ApplyError::NoVersion {
            workflow: id.clone(),
            version,
        })?;
        let record = WorkflowRecord::of(&definition, version, Some(seen), now);
        let record_item = item("workflow", &keys::workflow(id), &record)?;
        let writes = replacing(Some(seen), &record, record_item);
        if !self.transact("activate the version", writes).await? {
            return Err(ApplyError::Conflict(id.clone()));
        }
        Ok(Applied {
            version,
            is_new: true,
            state: record.state,
        })
    }

    /// True if a definition is the active version of its workflow. One that this release cannot read is another one.
    async fn is_active(&self, definition: &Definition, seen: &WorkflowRecord) -> Result<bool, StoreError> {
        match self.version(&seen.workflow, seen.active_version).await {
            Ok(active) => Ok(active.as_ref() == Some(definition)),
            Err(StoreError::Unreadable { .. }) => Ok(false),
            Err(error @ StoreError::Unavailable { .. }) => Err(error),
        }
    }

    /// Enables, disables or deletes a workflow.
    ///
    /// # Errors
    /// There is no such workflow, a deleted one is to be enabled or disabled, others keep changing it at the same time, or
    /// DynamoDB failed.
    pub async fn set_workflow_state(
        &self,
        id: &WorkflowId,
        state: WorkflowState,
        now: Timestamp,
    ) -> Result<(), StateError> {
        let stored_state: AttributeValue =
            serde_dynamo::to_attribute_value(state).map_err(|error| StoreError::Unreadable {
                what: "workflow",
                cause: error.to_string(),
            })?;
        let key = keys::workflow(id);
        for _ in 0..STATE_TRIED_AT_MOST {
            let item = self.get(Read::Workflow, &key).await?;
            let mut item = item.ok_or_else(|| StateError::Unknown(id.clone()))?;
            let seen: WorkflowRecord = record("workflow", item.clone())?;
            if seen.state == WorkflowState::Deleted && state != WorkflowState::Deleted {
                return Err(StateError::Deleted(id.clone()));
            }
            // What a newer release has written beside the fields that this one knows stays.
            item.insert("state".to_owned(), stored_state.clone());
            item.insert("updated_at".to_owned(), text(now.to_string()));
            let record = WorkflowRecord {
                state,
                updated_at: now,
                ..seen.clone()
            };
            let writes = replacing(Some(&seen), &record, item);
            if self.transact("change the workflow", writes).await? {
                return Ok(());
            }
        }
        Err(StateError::Contended(id.clone()))
    }
}

/// The writes that replace a workflow, if its version and its state are as they were read, and its routes with it.
fn replacing(seen: Option<&WorkflowRecord>, record: &WorkflowRecord, item: Item) -> Vec<Write> {
    let of_routes = routes::writes(seen, record, &item);
    let condition = match seen {
        None => vec![Test::ABSENT],
        Some(seen) => vec![
            Test::Is("active_version", number(seen.active_version.0)),
            Test::Is("updated_at", text(seen.updated_at.to_string())),
        ],
    };
    let put = Write::Put { item, condition };
    std::iter::once(put).chain(of_routes).collect()
}

/// The source of workflows.
pub trait WorkflowSource: Sync {
    /// The workflow of an id.
    ///
    /// # Errors
    /// DynamoDB did not answer, or the workflow has a form that this release does not know.
    fn workflow(&self, id: &WorkflowId) -> impl Future<Output = Result<Option<WorkflowRecord>, StoreError>> + Send;
}

impl<I: Items> WorkflowSource for Table<I> {
    async fn workflow(&self, id: &WorkflowId) -> Result<Option<WorkflowRecord>, StoreError> {
        Self::workflow(self, id).await
    }
}

/// The source of versions of workflows.
pub trait VersionSource: Sync {
    /// The definition of a version.
    ///
    /// # Errors
    /// DynamoDB did not answer, or the definition cannot be read by this release.
    fn version(
        &self,
        workflow: &WorkflowId,
        version: WorkflowVersion,
    ) -> impl Future<Output = Result<Option<Definition>, StoreError>> + Send;
}

/// Versions of workflows, each read once: they never change.
#[derive(Debug)]
pub struct Versions<S> {
    source: S,
    kept: Mutex<KeptVersions>,
}

/// The versions that are kept, and what they weigh together.
#[derive(Debug, Default)]
struct KeptVersions {
    definitions: HashMap<(WorkflowId, WorkflowVersion), Arc<Definition>>,
    weight: usize,
}

/// How much memory versions may take, in bytes by [`Definition::weight`]. The runner has 256 MB, and reads and plans in what is left.
const KEPT_AT_MOST: usize = 96 * 1024 * 1024;

impl KeptVersions {
    /// Keeps a version, if it is not too large to be kept at all. The others make room: what is in use is read again.
    fn keep(&mut self, name: (WorkflowId, WorkflowVersion), definition: &Arc<Definition>) {
        let weight = definition.weight();
        if weight > KEPT_AT_MOST {
            return;
        }
        if self.weight + weight > KEPT_AT_MOST {
            *self = Self::default();
        }
        if self.definitions.insert(name, definition.clone()).is_none() {
            self.weight += weight;
        }
    }
}

impl<S: VersionSource> Versions<S> {
    /// Versions of a source.
    pub fn new(source: S) -> Self {
        Self {
            source,
            kept: Mutex::default(),
        }
    }

    /// The definition of a version.
    ///
    /// # Errors
    /// As [`VersionSource::version`].
    pub async fn get(
        &self,
        workflow: &WorkflowId,
        version: WorkflowVersion,
    ) -> Result<Option<Arc<Definition>>, StoreError> {
        let name = (workflow.clone(), version);
        if let Some(kept) = self.lock().definitions.get(&name) {
            return Ok(Some(kept.clone()));
        }
        let Some(definition) = self.source.version(workflow, version).await? else {
            return Ok(None);
        };
        let definition = Arc::new(definition);
        self.lock().keep(name, &definition);
        Ok(Some(definition))
    }

    fn lock(&self) -> MutexGuard<'_, KeptVersions> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
