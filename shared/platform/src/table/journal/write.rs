//! Writing a Plan, and the end of a run from outside.

use super::{Entry, OutsideEnd, Written, open, read, trail};
use crate::table::{
    Item, Items, Read, Reason, Retention, StepState, StoreError, Table, Write,
    approvals::{self, Asked},
    incidents, item,
    items::{Test, Transacted, Update},
    keys, number, run_list, text,
    waits::{self, Waiting},
};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use std::collections::HashMap;
use workflow::{
    ids::{LanePath, RunId, StepPath},
    planner::{
        ApprovalChange, CancelMark, EndedCall, LaneEnd, Lock, StepChange, StepError, StepRecord, StepResult, WaitChange,
    },
    run::RunInput,
    watch::WatchChange,
};

const OPERATION: &str = "write the journal";
const WRITE_END: &str = "write the end of the run";

pub(super) async fn plan<I: Items>(table: &Table<I>, entry: &Entry<'_>) -> Result<Written, StoreError> {
    let Transaction { writes, run } = transaction(table.retention, entry)?;
    let Transacted::Cancelled(cancelled) = table.items.transact(OPERATION, writes).await? else {
        return Ok(Written::Now);
    };
    match Verdict::of(cancelled.reason(LANE), run.map(|run| cancelled.reason(run))) {
        Verdict::LaneMoved => Ok(before(cancelled.item(LANE), entry).unwrap_or(Written::Superseded)),
        Verdict::LaneBusy => {
            let key = keys::lane(&entry.input.run.id, &entry.cursor.lane);
            let lane = table.get(Read::LaneAgain, &key).await?;
            before(lane.unwrap_or_default(), entry).ok_or_else(|| cancelled.failure(OPERATION))
        }
        Verdict::RunMoved => Ok(Written::Superseded),
        Verdict::Again => Err(cancelled.failure(OPERATION)),
    }
}

/// The place of the lane in the transaction of a Plan.
const LANE: usize = 0;

/// The meaning of a cancelled transaction for its Plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The lane is not as the Plan expects it. It shows whether by this same Plan, made before, or by another.
    LaneMoved,
    /// The lane is being written: by a repeat of this Plan, or by another. The lane shows it a moment later.
    LaneBusy,
    /// The run has begun, or ended, by another write.
    RunMoved,
    /// The write is not decided: DynamoDB throttles, or another writes a lock or a lane that the Plan gives up. The Plan is made
    /// again.
    Again,
}

impl Verdict {
    /// By the reasons of the lane, and of the run, where the Plan touches that.
    #[must_use]
    pub fn of(lane: Reason, run: Option<Reason>) -> Self {
        match (lane, run) {
            (Reason::ConditionFailed, _) => Self::LaneMoved,
            (Reason::Conflict, _) => Self::LaneBusy,
            (_, Some(Reason::ConditionFailed)) => Self::RunMoved,
            _ => Self::Again,
        }
    }
}

/// The answer of this Plan when it was written before, if the lane shows that it was.
fn before(lane: Item, entry: &Entry<'_>) -> Option<Written> {
    let last = read::lane(lane).ok()?.last?;
    let is_this = last.cursor.plans == entry.cursor.plans && last.owner == entry.execution;
    is_this.then_some(Written::Before {
        handover: last.handover,
    })
}

struct Transaction {
    writes: Vec<Write>,
    /// The place of the run in it, if it has one.
    run: Option<usize>,
}

fn transaction(keeps: Retention, entry: &Entry<'_>) -> Result<Transaction, StoreError> {
    let changes = entry.changes;
    let mut writes = vec![lane(keeps, entry)?];
    let mut run_at = None;
    if let Some(run) = run(keeps, entry) {
        run_at = Some(writes.len());
        writes.push(run);
    }
    let steps = changes.steps.iter();
    writes.extend(steps.map(|(path, record)| step(keeps, entry, path, record)));
    for (lost, end) in &changes.lost {
        writes.push(lost_lane(keeps, entry, lost, end)?);
    }
    let run = &entry.input.run.id;
    if !changes.cancels.is_empty() {
        let expires_at = keeps.of_run(entry.cursor.run_deadline);
        writes.push(cancel(run, changes.cancels.iter(), expires_at));
    }
    let whole = CancelMark::run();
    for other in changes.cancels_runs.iter().filter(|other| *other != run) {
        // A run that this one has started ends with it; one that holds the lock is known to the lock.
        let lock = changes.lock.as_ref().and_then(|lock| lock.until);
        let deadline = lock.max(Some(entry.cursor.run_deadline));
        let expires_at = keeps.of_run(deadline.unwrap_or(entry.cursor.run_deadline));
        writes.push(cancel(other, std::iter::once(&whole), expires_at));
    }
    if let (Some(wanted), Some(key)) = (&changes.lock, entry.concurrency_key) {
        writes.push(lock(keeps, entry, key, wanted)?);
    }
    match changes.wait {
        Some(WaitChange::Waits) => {
            let waiting = Waiting {
                run: run.clone(),
                lane: entry.cursor.lane.clone(),
                plan: entry.cursor.plans,
            };
            writes.push(waits::begin(&waiting, keeps.of_run(entry.cursor.run_deadline)));
        }
        Some(WaitChange::IsOver) => {
            let expires_at = keeps.of_run(entry.cursor.run_deadline);
            writes.push(waits::end(run, &entry.cursor.lane, expires_at));
        }
        None => {}
    }
    for change in &changes.approvals {
        writes.push(match change {
            ApprovalChange::Asked { id, step, question } => {
                let asked = Asked {
                    id,
                    run,
                    workflow: &entry.input.run.workflow,
                    lane: &entry.cursor.lane,
                    step,
                    question,
                    at: entry.now,
                };
                approvals::ask(&asked, keeps.of_run(entry.cursor.run_deadline))?
            }
            ApprovalChange::Closed { id, reason } => approvals::close(id, *reason),
        });
    }
    for change in &changes.watches {
        let lane = &entry.cursor.lane;
        writes.push(match change {
            WatchChange::Begins(watch) => incidents::begin(watch, run, lane, keeps.of_run(entry.cursor.run_deadline)),
            WatchChange::Ends(watch) => incidents::end(watch, run, lane, entry.now),
        });
    }
    if let Some(marker) = &changes.marker {
        writes.extend(trail::mark(run, marker, entry.now));
    }
    if let Some(counted) = &changes.counted {
        writes.push(trail::add(&entry.input.run.workflow, counted, entry.now));
    }
    Ok(Transaction { writes, run: run_at })
}

fn lane(keeps: Retention, entry: &Entry<'_>) -> Result<Write, StoreError> {
    let cursor = entry.cursor;
    let before = cursor.plans.saturating_sub(1);
    let mut update = Update::new(keys::lane(&entry.input.run.id, &cursor.lane));
    update.set("plans", number(cursor.plans));
    update.set("handover", text(entry.handover));
    update.set("updated_at", text(entry.now.to_string()));
    update.set("expires_at", number(keeps.of_run(cursor.run_deadline)));
    update.set("owner", text(entry.execution));
    if before == 0 {
        update.require(Test::ABSENT);
    } else {
        let owner = entry.previous_owner.unwrap_or(entry.execution);
        update.require(Test::Is("plans", number(before)));
        update.require(Test::Is("owner", text(owner)));
        update.require(Test::HasNot("end"));
    }
    if let Some(ended) = &entry.changes.end {
        update.set("end", end_value(ended)?);
    }
    Ok(update.into())
}

/// A lane that this one has opened and gives up. If it has ended meanwhile, its own end counts.
fn lost_lane(keeps: Retention, entry: &Entry<'_>, lane: &LanePath, end: &LaneEnd) -> Result<Write, StoreError> {
    let mut change = Update::new(keys::lane(&entry.input.run.id, lane));
    change.set("end", end_value(end)?);
    change.set("updated_at", text(entry.now.to_string()));
    change.set("expires_at", number(keeps.of_run(entry.cursor.run_deadline)));
    change.require(Test::HasNot("end"));
    Ok(change.into())
}

fn end_value(end: &LaneEnd) -> Result<AttributeValue, StoreError> {
    let json = serde_json::to_string(end).map_err(|error| StoreError::Unreadable {
        what: "end of a lane",
        cause: error.to_string(),
    })?;
    Ok(text(json))
}

pub(in crate::table) fn cancel<'a>(run: &RunId, marks: impl Iterator<Item = &'a CancelMark>, expires_at: i64) -> Write {
    let mut update = Update::new(keys::cancel(run));
    update.add_texts("marks", marks.map(|mark| mark.as_str().to_owned()).collect());
    update.set("expires_at", number(expires_at));
    update.into()
}

fn lock(keeps: Retention, entry: &Entry<'_>, key: &str, lock: &Lock) -> Result<Write, StoreError> {
    let key = keys::lock(&entry.input.run.workflow, key);
    let mut item = item("lock of a concurrency key", &key, lock)?;
    let until = lock.until.unwrap_or(entry.cursor.run_deadline);
    item.insert("expires_at".to_owned(), number(keeps.of_run(until)));
    let condition = vec![match lock.version.saturating_sub(1) {
        0 => Test::ABSENT,
        before => Test::Is("version", number(before)),
    }];
    Ok(Write::Put { item, condition })
}

/// The run's own item changes only when its main lane begins and when that ends, because only then its place in the
/// indexes does; and when it takes its place in the lock of its concurrency key.
fn run(keeps: Retention, entry: &Entry<'_>) -> Option<Write> {
    let cursor = entry.cursor;
    if !cursor.lane.is_main() {
        return None;
    }
    let end = entry.changes.end.as_ref();
    let mut change = Update::new(keys::run(&entry.input.run.id));
    if cursor.plans == 1 {
        identify(
            &mut change,
            entry.input,
            entry.execution,
            entry.started_at,
            cursor.run_deadline,
            cursor.depth.max(entry.input.run.depth),
        );
        change.set_once("expires_at", number(keeps.of_run(cursor.run_deadline)));
        for (name, value) in entry.event.iter().flat_map(|event| {
            [
                ("incident_id", &event.incident_id),
                ("incident_title", &event.incident_title),
            ]
        }) {
            if let Some(value) = value {
                change.set(name, text(value));
            }
        }
        change.require(Test::ABSENT);
    } else if end.is_some() || entry.changes.lock.is_some() {
        change.require(Test::PRESENT);
        change.require(Test::HasNot("ended_at"));
    } else {
        return None;
    }
    stand_in_lock(&mut change, entry);
    let status = match end {
        None => "running",
        Some(LaneEnd::Success { .. }) => "succeeded",
        Some(LaneEnd::Skipped { .. }) => "skipped",
        Some(LaneEnd::Failure { .. }) => "failed",
        Some(LaneEnd::Cancelled { .. }) => "cancelled",
    };
    change.set("status", text(status));
    let Some(end) = end else {
        if cursor.plans > 1 {
            return Some(change.into());
        }
        let run = &entry.input.run.id;
        change.set(open::PARTITION, text(open::partition(run)));
        change.set(open::ORDER, text(open::order(run, entry.started_at)));
        return Some(change.into());
    };
    close(&mut change);
    change.set("ended_at", text(entry.now.to_string()));
    if let Some(failure) = end.failure() {
        change.set("error", error_value(&failure.name, &failure.message));
    }
    if let LaneEnd::Skipped { reason } = end {
        change.set("reason", text(reason));
    }
    Some(change.into())
}

/// Notes in which lock the run stands, and whether it waits there.
fn stand_in_lock(change: &mut Update, entry: &Entry<'_>) {
    let (Some(lock), Some(key)) = (&entry.changes.lock, entry.concurrency_key) else {
        return;
    };
    let run = &entry.input.run;
    change.set("lock", text(keys::lock(&run.workflow, key).pk));
    match lock.queue.contains(&run.id) {
        true => change.set("queued", AttributeValue::Bool(true)),
        false if entry.changes.end.is_none() => change.remove("queued"),
        false => {}
    }
}

/// Takes the run out of the index of open runs, and of the queue that people see.
fn close(change: &mut Update) {
    change.remove("queued");
    change.remove(open::PARTITION);
    change.remove(open::ORDER);
}

/// The identity of the run, as far as the item does not have it yet.
fn identify(
    change: &mut Update,
    input: &RunInput,
    execution: &str,
    started_at: Timestamp,
    deadline: Timestamp,
    depth: u32,
) {
    let run = &input.run;
    change.set_once("run", text(run.id.as_str()));
    change.set_once("workflow", text(run.workflow.as_str()));
    change.set_once("version", number(run.version.0));
    change.set_once("depth", number(depth));
    if let Some(event) = input.event() {
        change.set_once("event_id", text(&event.event_id));
        change.set_once("event_type", text(&event.event_type));
    }
    if let Some(scheduled_at) = input.scheduled_at() {
        change.set_once("scheduled_at", text(scheduled_at.to_string()));
    }
    if let Some(caller) = input.called_by() {
        change.set_once("called_by", text(caller.run.as_str()));
    }
    if let Some(replay) = input.replay_of() {
        change.set_once("replay_of", text(replay.run.as_str()));
    }
    change.set_once("execution", text(execution));
    change.set_once("started_at", text(started_at.to_string()));
    change.set_once("deadline", text(deadline.to_string()));
    for (name, value) in run_list::places(&run.id, &run.workflow, started_at)
        .into_iter()
        .flatten()
    {
        change.set_once(name, text(value));
    }
}

fn step(keeps: Retention, entry: &Entry<'_>, path: &StepPath, record: &StepRecord) -> Write {
    let at = || text(record.at.to_string());
    let mut change = Update::new(keys::step(&entry.input.run.id, &entry.cursor.lane, path));
    change.set("path", text(path.to_string()));
    change.set("title", text(&record.title));
    change.set("expires_at", number(keeps.of_run(entry.cursor.run_deadline)));
    change.set_once("started_at", at());
    if let Some(id) = &record.id {
        change.set("id", text(id.as_str()));
    }
    match &record.change {
        StepChange::Entered { lanes, run } => {
            change.set("state", text("running"));
            change.remove("until");
            if let Some(lanes) = lanes {
                change.set("lanes", number(lanes));
            }
            if let Some(run) = run {
                change.set("run", text(run.as_str()));
            }
        }
        StepChange::Waiting { until } => {
            change.set("state", text("waiting"));
            change.set("until", text(until.to_string()));
        }
        StepChange::Looked { number, until } => {
            change.set("state", text("waiting"));
            change.set("until", text(until.to_string()));
            change.set_in_list("attempts", number.saturating_sub(1), "ended_at", at());
        }
        StepChange::AttemptStarted {
            number: attempt,
            input,
            adjusted,
            effect_key,
        } => {
            change.set("state", text("running"));
            change.remove("until");
            change.set("input", text(input.to_string()));
            if !adjusted.is_empty() {
                let adjusted = adjusted.iter().map(|adjustment| text(adjustment.to_string()));
                change.set("adjusted", AttributeValue::L(adjusted.collect()));
            } else if *attempt > 1 {
                change.remove("adjusted");
            }
            change.set("effect_key", text(effect_key.as_str()));
            let begun = HashMap::from([("number".to_owned(), number(attempt)), ("started_at".to_owned(), at())]);
            let begun = AttributeValue::M(begun);
            // A step that looks now and then has the attempts of its last look.
            match attempt {
                1 => change.set("attempts", AttributeValue::L(vec![begun])),
                _ => change.append("attempts", begun),
            }
        }
        StepChange::NotYet { next, .. } => {
            change.set("state", text("waiting"));
            change.set("until", text(next.to_string()));
        }
        StepChange::AttemptFailed {
            number: attempt,
            failure,
            retry_at,
        } => {
            change.set("state", text("retrying"));
            change.set("until", text(retry_at.to_string()));
            let position = attempt.saturating_sub(1);
            change.set_in_list("attempts", position, "ended_at", at());
            let error = error_value(&failure.name, &failure.message);
            change.set_in_list("attempts", position, "error", error);
        }
        StepChange::Finished { result, attempt } => {
            change.remove("until");
            step_result(&mut change, result, record.at);
            if let Some(attempt) = attempt {
                let position = attempt.number.saturating_sub(1);
                change.set_in_list("attempts", position, "ended_at", at());
                if let Some(StepError { name, message }) = &attempt.error {
                    change.set_in_list("attempts", position, "error", error_value(name, message));
                }
            }
        }
        StepChange::Kept { result } => {
            change.set("kept", AttributeValue::Bool(true));
            step_result(&mut change, result, record.at);
        }
    }
    match &record.call {
        Some(call) if !matches!(record.change, StepChange::AttemptStarted { .. }) => {
            ended_call(&mut change, call, &record.change);
        }
        _ => {}
    }
    change.into()
}

/// The number of attempts of which the requests are kept: all are in one item of 400 KB.
const WITH_REQUESTS: u32 = 50;

/// The call that has ended with a change: its requests. Of an attempt that has started something also the number of looks, and why the last
/// one failed if the attempt goes on.
fn ended_call(change: &mut Update, call: &EndedCall, of_step: &StepChange) {
    let position = call.attempt.saturating_sub(1);
    let is_kept = call.attempt <= WITH_REQUESTS && !call.requests.is_empty();
    let mut requests = is_kept.then(|| text(call.requests.to_string()));
    if call.looks == 0
        && let Some(requests) = requests.take()
    {
        change.set_in_list("attempts", position, "requests", requests);
    }
    let failure = match of_step {
        StepChange::NotYet { failure, .. } => failure.as_ref(),
        _ if call.looks == 0 => return,
        _ => None,
    };
    let error = failure.map(|failure| error_value(&failure.name, &failure.message));
    let fields = [
        ("number", Some(number(call.looks))),
        ("requests", requests),
        ("error", error),
    ];
    let fields = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    change.set_in_list("attempts", position, "looks", AttributeValue::M(fields.collect()));
}

/// The outcome of a step.
fn step_result(change: &mut Update, result: &StepResult, at: Timestamp) {
    change.set("state", text(StepState::of(result).into_str()));
    change.set("ended_at", text(at.to_string()));
    change.set("outputs", text(result.outputs.to_string()));
    if !result.cut.is_empty() {
        change.set("cut", AttributeValue::Ss(result.cut.iter().cloned().collect()));
    }
    if let Some(StepError { name, message }) = &result.error {
        change.set("error", error_value(name, message));
    }
}

fn error_value(name: &str, message: &str) -> AttributeValue {
    let fields = [("name".to_owned(), text(name)), ("message".to_owned(), text(message))];
    AttributeValue::M(HashMap::from(fields))
}

pub(super) async fn end_from_outside<I: Items>(table: &Table<I>, end: &OutsideEnd<'_>) -> Result<bool, StoreError> {
    let run = &end.input.run.id;
    let key = keys::run(run);
    // A run without a first Plan has no deadline: it was over when it ended, and nothing of it goes on.
    let known = table.get(Read::Run, &key).await?;
    let deadline = known.as_ref().and_then(read::deadline).unwrap_or(end.ended_at);
    let expires_at = table.retention.of_run(deadline);
    let mut change = Update::new(key);
    let depth = end.input.run.depth;
    identify(&mut change, end.input, end.execution, end.started_at, deadline, depth);
    change.set_once("expires_at", number(expires_at));
    close(&mut change);
    change.set("status", text("failed"));
    change.set("ended_at", text(end.ended_at.to_string()));
    change.set("error", error_value(&end.failure.name, &end.failure.message));
    change.require(Test::HasNot("ended_at"));
    let whole = CancelMark::run();
    let marks = cancel(run, std::iter::once(&whole), expires_at);
    let mut writes = vec![change.into(), marks];
    if end.input.part.is_some() {
        writes.push(main_lane_from_outside(end)?);
    }
    table.transact(WRITE_END, writes).await
}

/// The end of the main lane, if the execution still owns it: another one may have taken it over, and goes on with the run.
fn main_lane_from_outside(end: &OutsideEnd<'_>) -> Result<Write, StoreError> {
    let failure = LaneEnd::Failure {
        failure: end.failure.clone(),
    };
    let mut change = Update::new(keys::lane(&end.input.run.id, &LanePath::main()));
    change.set("end", end_value(&failure)?);
    change.set("updated_at", text(end.ended_at.to_string()));
    change.require(Test::Is("owner", text(end.execution)));
    change.require(Test::HasNot("end"));
    Ok(change.into())
}

#[cfg(test)]
mod tests;
