//! Approvals, and the decisions about them.
//!
//! The Plan that asks writes the item. A decision is one write under the condition that there is neither one nor an end of the time; the
//! Plan at the end of the time writes that under the condition that there is no decision. Both are kept as long as the run, so that a
//! person who comes later reads who decided.

use super::{
    Index, Item, Items, Projection, Query, Read, RunStatus, Single, StoreError, Table, Write,
    items::{Key, Test, Update},
    journal::{OPEN_ORDER, OPEN_PARTITION},
    keys, number, record,
    run_list::sortable,
    text,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeSet;
use workflow::{
    approval::{Decision, Question},
    ids::{ApprovalId, LanePath, RunId, StepPath, WorkflowId},
    planner::Closed,
};

/// The attribute with the decision, which a Plan reads.
pub(super) const DECISION: &str = "decision";

const CLOSED: &str = "closed";

/// The partition of the open approvals in the index of what is open.
const OPEN: &str = "APPROVALS";

static INDEX: Index = Index {
    name: "open-runs",
    pk: OPEN_PARTITION,
    sk: OPEN_ORDER,
};

/// The attributes that are read of runs to find out if they go on.
const OVER: Projection = Projection(&["pk", "sk", "ended_at", "cancel"]);

/// The number of open approvals that are asked for at a time.
const PAGE: i32 = 1_000;

/// An approval as people look at it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ApprovalView {
    pub id: ApprovalId,
    pub run: RunId,
    pub workflow: WorkflowId,
    /// The lane that asks.
    pub lane: LanePath,
    pub step: StepPath,
    pub asked_at: Timestamp,
    #[serde(flatten)]
    pub question: Question,
    #[serde(flatten)]
    pub state: ApprovalState,
}

/// The state of an approval.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ApprovalState {
    /// A decision is waited for.
    Open,
    Decided {
        decision: Decision,
    },
    /// No decision is waited for any more.
    Closed {
        reason: Closed,
    },
    /// Its run has ended otherwise than by a Plan, or has been asked to end.
    RunOver {
        status: RunStatus,
    },
}

/// The outcome of a decision.
#[derive(Debug, Clone, PartialEq)]
pub enum Decided {
    /// It stands.
    Now,
    /// The approval was decided or closed before.
    Before(Box<ApprovalView>),
}

/// The store of approvals.
pub trait Approvals: Sync {
    /// An approval. Two calls: the second one reads its run.
    ///
    /// # Errors
    /// DynamoDB did not answer, or an item cannot be read by this release.
    fn approval(&self, id: &ApprovalId) -> impl Future<Output = Result<Option<ApprovalView>, StoreError>> + Send;

    /// Writes a decision, if there is none. One call. The lane that asks is still to be [woken](crate::wake::decided).
    ///
    /// # Errors
    /// As [`Self::approval`].
    fn decide(
        &self,
        approval: &ApprovalId,
        decision: &Decision,
    ) -> impl Future<Output = Result<Decided, StoreError>> + Send;
}

/// An approval as a Plan asks for it.
pub(super) struct Asked<'a> {
    pub(super) id: &'a ApprovalId,
    pub(super) run: &'a RunId,
    pub(super) workflow: &'a WorkflowId,
    pub(super) lane: &'a LanePath,
    pub(super) step: &'a StepPath,
    pub(super) question: &'a Question,
    pub(super) at: Timestamp,
}

pub(super) fn ask(asked: &Asked<'_>, expires_at: i64) -> Result<Write, StoreError> {
    let mut update = Update::new(keys::approval(asked.id));
    update.require(Test::ABSENT);
    update.set("id", text(asked.id.as_str()));
    update.set("run", text(asked.run.as_str()));
    update.set("workflow", text(asked.workflow.as_str()));
    update.set("lane", text(asked.lane.to_string()));
    update.set("step", text(asked.step.to_string()));
    update.set("asked_at", text(asked.at.to_string()));
    update.set("question", text(json(asked.question)?));
    update.set("expires_at", number(expires_at));
    update.set(OPEN_PARTITION, text(OPEN));
    update.set(OPEN_ORDER, text(format!("{}#{}", sortable(asked.at), asked.id)));
    Ok(update.into())
}

/// No decision is waited for any more.
pub(super) fn close(id: &ApprovalId, reason: Closed) -> Write {
    let mut update = Update::new(keys::approval(id));
    if !sabotage::breaks(sabotage::Break::ClosesDecided) {
        update.require(Test::HasNot(DECISION));
    }
    update.set(CLOSED, text(reason.into_str()));
    leave_index(&mut update);
    update.into()
}

fn leave_index(update: &mut Update) {
    update.remove(OPEN_PARTITION);
    update.remove(OPEN_ORDER);
}

fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> StoreError {
    StoreError::Unreadable {
        what: "approval",
        cause: error.to_string(),
    }
}

/// The decision in an item, if there is one.
pub(super) fn decision(item: &Item) -> Result<Option<Decision>, StoreError> {
    let stored = item.get(DECISION).and_then(|value| value.as_s().ok());
    stored.map(|stored| read(stored)).transpose()
}

fn read<T: DeserializeOwned>(stored: &str) -> Result<T, StoreError> {
    serde_json::from_str(stored).map_err(|error| unreadable(&error))
}

/// The stored fields of an approval, besides the decision.
#[derive(Deserialize)]
struct Stored {
    id: ApprovalId,
    run: RunId,
    workflow: WorkflowId,
    lane: LanePath,
    step: StepPath,
    asked_at: Timestamp,
    question: String,
    #[serde(default)]
    closed: Option<Closed>,
}

fn view(item: Item) -> Result<ApprovalView, StoreError> {
    let decision = decision(&item)?;
    let stored: Stored = record("approval", item)?;
    Ok(ApprovalView {
        question: read(&stored.question)?,
        state: match (decision, stored.closed) {
            (Some(decision), _) => ApprovalState::Decided { decision },
            (None, Some(reason)) => ApprovalState::Closed { reason },
            (None, None) => ApprovalState::Open,
        },
        id: stored.id,
        run: stored.run,
        workflow: stored.workflow,
        lane: stored.lane,
        step: stored.step,
        asked_at: stored.asked_at,
    })
}

impl<I: Items> Table<I> {
    /// The approvals that wait for a decision and whose runs go on, the oldest first. From an index, so what was asked a moment ago may
    /// be missing.
    ///
    /// # Errors
    /// DynamoDB did not answer, or an item cannot be read by this release.
    pub async fn open_approvals(&self, now: Timestamp) -> Result<Vec<ApprovalView>, StoreError> {
        let query = Query {
            index: Some(&INDEX),
            limit: Some(PAGE),
            ..Query::partition(Read::OpenApprovals, OPEN)
        };
        let keys: Vec<Key> = self.query(query).await?.iter().filter_map(Key::of).collect();
        let items = self.items.get_all(Read::Approvals, keys, None).await?;
        let mut views = items.into_iter().map(view).collect::<Result<Vec<_>, _>>()?;
        views.retain(|view| view.state == ApprovalState::Open && view.question.until > now);
        let runs: BTreeSet<&RunId> = views.iter().map(|view| &view.run).collect();
        let runs = runs.into_iter().map(keys::run).collect();
        let runs = self.items.get_all(Read::Ended, runs, Some(OVER)).await?;
        let is_over = |run: &&Item| run.contains_key("ended_at") || run.contains_key("cancel");
        let over: BTreeSet<Key> = runs.iter().filter(is_over).filter_map(Key::of).collect();
        views.retain(|view| !over.contains(&keys::run(&view.run)));
        views.sort_by(|one, other| (one.asked_at, &one.id).cmp(&(other.asked_at, &other.id)));
        Ok(views)
    }
}

impl<I: Items> Approvals for Table<I> {
    async fn approval(&self, id: &ApprovalId) -> Result<Option<ApprovalView>, StoreError> {
        let Some(item) = self.get(Read::Approvals, &keys::approval(id)).await? else {
            return Ok(None);
        };
        let mut view = view(item)?;
        if view.state == ApprovalState::Open {
            let run = self.run_alone(&view.run).await?;
            let over = run.and_then(|run| match run.status {
                RunStatus::Running => run.cancel.map(|_| RunStatus::Cancelled),
                ended => Some(ended),
            });
            if let Some(status) = over {
                view.state = ApprovalState::RunOver { status };
            }
        }
        Ok(Some(view))
    }

    async fn decide(&self, approval: &ApprovalId, decision: &Decision) -> Result<Decided, StoreError> {
        let mut update = Update::new(keys::approval(approval));
        update.require(Test::PRESENT);
        update.require(Test::HasNot(DECISION));
        update.require(Test::HasNot(CLOSED));
        update.set(DECISION, text(json(decision)?));
        leave_index(&mut update);
        match self.items.write("decide the approval", update.into()).await? {
            Single::Done { .. } => Ok(Decided::Now),
            Single::Refused { item } => Ok(Decided::Before(Box::new(view(item)?))),
        }
    }
}

#[cfg(test)]
mod tests;
