//! Reading for a Plan.

use super::{LaneRecord, LastPlan, Question, trail};
use crate::table::{Item, Items, Key, Projection, Read, StoreError, Table, approvals, incidents, keys, record};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use workflow::{
    ids::{ApprovalId, LanePath, RunId, StepPath, WorkflowId, WorkflowVersion},
    planner::{
        Availability, CancelMark, Cursor, Known, LaneEnd, LaneKey, Lock, LockView, Outcome, StepError, StepResult,
        period_of,
    },
};

/// The attributes that are read of the items of a Plan. The last handover of a lane, which can be large, is not among them.
const KNOWN: Projection = Projection(&[
    "pk",
    "sk",
    "state",
    "outputs",
    "error",
    "cut",
    "end",
    "marks",
    "active_version",
    approvals::DECISION,
    trail::CHANGES[0],
    trail::CHANGES[1],
    trail::CHANGES[2],
    trail::CHANGES[3],
    trail::CHANGES[4],
    trail::COUNT,
]);

/// The attributes that are read of runs to find out if they have ended.
const ENDED: Projection = Projection(&["pk", "sk", "ended_at", "deadline"]);

/// How long after its deadline a run counts as ended of which no end was ever written. Its waits end at the deadline and
/// its actions keep it, so nothing of it goes on then.
const GRACE: SignedDuration = SignedDuration::from_hours(1);

pub(super) async fn lanes<I: Items>(
    table: &Table<I>,
    wanted: &BTreeSet<LaneKey>,
) -> Result<BTreeMap<LaneKey, LaneRecord>, StoreError> {
    let wanted: HashMap<Key, &LaneKey> = wanted
        .iter()
        .map(|key| (keys::lane(&key.run, &key.lane), key))
        .collect();
    let mut lanes = BTreeMap::new();
    for item in table
        .items
        .get_all(Read::Lanes, wanted.keys().cloned().collect(), None)
        .await?
    {
        if let Some(key) = Key::of(&item).and_then(|key| wanted.get(&key)) {
            lanes.insert((*key).clone(), lane(item)?);
        }
    }
    Ok(lanes)
}

/// The part of a handover that tells where the lane stands.
#[derive(Deserialize)]
struct Handed {
    cursor: Cursor,
}

pub(super) fn lane(mut item: Item) -> Result<LaneRecord, StoreError> {
    let end = lane_end(&mut item)?;
    let last = match (take_text(&mut item, "owner"), take_text(&mut item, "handover")) {
        (Some(owner), Some(handover)) => {
            let handed: Handed =
                serde_json::from_str(&handover).map_err(|error| unreadable("lane of a run", &error))?;
            Some(LastPlan {
                owner,
                cursor: handed.cursor,
                handover,
            })
        }
        _ => None,
    };
    Ok(LaneRecord { last, end })
}

/// The thing that an item stands for.
enum Wanted<'a> {
    Result(&'a (LanePath, StepPath)),
    Lane(&'a LaneKey),
    Workflow(&'a WorkflowId),
    Marks,
    Changes,
    Creations,
    Approval(&'a ApprovalId),
    Runs,
    RunsBefore,
}

pub(super) async fn known<I: Items>(table: &Table<I>, question: &Question<'_>) -> Result<Known, StoreError> {
    let needs = question.needs;
    let results = needs.results.iter().map(|wanted| {
        let (lane, step) = wanted;
        (keys::step(question.run, lane, step), Wanted::Result(wanted))
    });
    let lanes = needs.lanes.iter();
    let lanes = lanes.map(|key| (keys::lane(&key.run, &key.lane), Wanted::Lane(key)));
    let workflows = needs.workflows.iter();
    let workflows = workflows.map(|id| (keys::workflow(id), Wanted::Workflow(id)));
    let cancelled = std::iter::once((keys::cancel(question.run), Wanted::Marks));
    let incident = question.incident.filter(|_| needs.trail);
    let trail = incident.into_iter().flat_map(|incident| {
        let period = period_of(question.now);
        let runs = |period| keys::incident_runs(incident, question.workflow, period);
        [
            (keys::incident_changes(incident), Wanted::Changes),
            (runs(period), Wanted::Runs),
            (runs(period - 1), Wanted::RunsBefore),
        ]
    });
    let own_key = question.own_key.filter(|_| needs.trail);
    let creations = own_key.map(|own_key| (keys::incident_changes(own_key), Wanted::Creations));
    let approval = needs.approval.iter();
    let approval = approval.map(|id| (keys::approval(id), Wanted::Approval(id)));
    let wanted: HashMap<Key, Wanted<'_>> = results
        .chain(lanes)
        .chain(workflows)
        .chain(cancelled)
        .chain(trail)
        .chain(creations)
        .chain(approval)
        .collect();

    let mut known = Known::default();
    let names = wanted.keys().cloned().collect();
    for mut item in table.items.get_all(Read::Known, names, Some(KNOWN)).await? {
        let Some(key) = Key::of(&item) else { continue };
        match wanted.get(&key) {
            Some(Wanted::Result(key)) => {
                if let Some(result) = result(item)? {
                    known.results.insert((*key).clone(), result);
                }
            }
            Some(Wanted::Lane(key)) => {
                if let Some(end) = lane_end(&mut item)? {
                    known.lanes.insert((*key).clone(), end);
                }
            }
            Some(Wanted::Workflow(id)) => {
                known.workflows.insert((*id).clone(), availability(item)?);
            }
            Some(Wanted::Marks) => known.cancelled = marks(item),
            Some(Wanted::Changes) => known.trail.changes = trail::changes(item).collect(),
            Some(Wanted::Creations) => known.trail.creations = trail::changes(item).collect(),
            Some(Wanted::Approval(id)) => {
                if let Some(decision) = approvals::decision(&item)? {
                    known.decisions.insert((*id).clone(), decision);
                }
            }
            Some(Wanted::Runs) => known.trail.runs = trail::count(&item),
            Some(Wanted::RunsBefore) => known.trail.runs_before = trail::count(&item),
            None => {}
        }
    }
    if let (true, Some(key)) = (needs.lock, question.concurrency_key) {
        known.lock = lock(table, &keys::lock(question.workflow, key), question.now).await?;
    }
    if let Some(wanted) = &needs.events {
        known.events = incidents::events(table, wanted).await?;
    }
    Ok(known)
}

/// A lock, and which of the runs in it have ended.
pub(in crate::table) async fn lock<I: Items>(
    table: &Table<I>,
    key: &Key,
    now: Timestamp,
) -> Result<LockView, StoreError> {
    let Some(item) = table.get(Read::Lock, key).await? else {
        return Ok(LockView::default());
    };
    let lock: Lock = record("lock of a concurrency key", item)?;
    let runs = lock.runs_to_look_at();
    let names = runs.iter().map(keys::run).collect();
    let items = table.items.get_all(Read::Ended, names, Some(ENDED)).await?;
    // A run is written together with the lock. One that is not there was deleted after its time to live.
    let go_on: BTreeSet<Key> = items
        .iter()
        .filter(|item| !has_ended(item, now))
        .filter_map(Key::of)
        .collect();
    let ended = runs
        .into_iter()
        .filter(|run: &RunId| !go_on.contains(&keys::run(run)))
        .collect();
    Ok(LockView { lock, ended })
}

fn has_ended(run: &Item, now: Timestamp) -> bool {
    let is_overdue = deadline(run)
        .and_then(|deadline| deadline.checked_add(GRACE).ok())
        .is_some_and(|latest| latest < now);
    run.contains_key("ended_at") || is_overdue
}

/// The time when a run must have ended.
pub(in crate::table) fn deadline(run: &Item) -> Option<Timestamp> {
    held_text(run, "deadline").and_then(|deadline| deadline.parse().ok())
}

/// The availability of a workflow for new runs.
fn availability(item: Item) -> Result<Availability, StoreError> {
    #[derive(Deserialize)]
    struct Active {
        state: crate::table::WorkflowState,
        active_version: WorkflowVersion,
    }
    let active: Active = record("workflow", item)?;
    Ok(active.state.availability(active.active_version))
}

fn marks(mut item: Item) -> BTreeSet<CancelMark> {
    match item.remove("marks") {
        Some(AttributeValue::Ss(marks)) => marks.into_iter().map(CancelMark::from_stored).collect(),
        _ => BTreeSet::new(),
    }
}

fn lane_end(item: &mut Item) -> Result<Option<LaneEnd>, StoreError> {
    take_text(item, "end")
        .map(|end| serde_json::from_str(&end).map_err(|error| unreadable("end of a lane", &error)))
        .transpose()
}

fn result(mut item: Item) -> Result<Option<StepResult>, StoreError> {
    let outcome = match take_text(&mut item, "state").as_deref() {
        Some("success") => Outcome::Success,
        Some("failure" | "cancelled") => Outcome::Failure,
        Some("skipped") => Outcome::Skipped,
        // It has not ended, so it has no result.
        _ => return Ok(None),
    };
    let outputs: Value = serde_json::from_str(&take_text(&mut item, "outputs").unwrap_or_default())
        .map_err(|error| unreadable("step of a run", &error))?;
    let error = match item.remove("error") {
        Some(AttributeValue::M(mut error)) => Some(StepError {
            name: take_text(&mut error, "name").unwrap_or_default(),
            message: take_text(&mut error, "message").unwrap_or_default(),
        }),
        _ => None,
    };
    let cut = match item.remove("cut") {
        Some(AttributeValue::Ss(names)) => names.into_iter().collect(),
        _ => BTreeSet::new(),
    };
    Ok(Some(StepResult {
        outcome,
        outputs,
        error,
        cut,
    }))
}

fn unreadable(what: &'static str, error: &serde_json::Error) -> StoreError {
    StoreError::Unreadable {
        what,
        cause: error.to_string(),
    }
}

fn held_text<'a>(item: &'a Item, name: &str) -> Option<&'a String> {
    item.get(name).and_then(|value| value.as_s().ok())
}

fn take_text(item: &mut Item, name: &str) -> Option<String> {
    match item.remove(name) {
        Some(AttributeValue::S(text)) => Some(text),
        _ => None,
    }
}
