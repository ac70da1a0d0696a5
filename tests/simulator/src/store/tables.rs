//! The items, and what a write does to them.

use super::log::{Change, Logged};
use crate::reference::Place;
use jiff::{SignedDuration, Timestamp};
use platform::table::{
    Reason, StoreError, WorkflowRecord,
    journal::{Entry, LaneRecord, LastPlan, OpenRun, OutsideEnd, Question, RunKnown, Verdict, Written},
};
use std::collections::{BTreeMap, BTreeSet};
use workflow::{
    definition::Definition,
    ids::{LanePath, RunId, StepPath, WorkflowId, WorkflowVersion},
    planner::{
        CancelMark, Failure, Known, LaneEnd, LaneKey, Lock, LockView, OwnChange, StepChange, StepError, StepRecord,
        StepResult, Trail, period_of,
    },
    run::RunInput,
};

/// Items in one transaction of DynamoDB, at most.
const TRANSACTION_ITEMS: usize = 100;
/// Bytes of one item of DynamoDB, at most.
const ITEM_BYTES: usize = 400 * 1024;
/// How long after its deadline a run counts as ended of which no end was ever written, as in the real table.
const GRACE: SignedDuration = SignedDuration::from_hours(1);

impl RunItem {
    fn open(&self) -> OpenRun {
        OpenRun {
            run: self.input.run.id.clone(),
            execution: self.execution.clone(),
            is_called: self.input.called_by().is_some(),
            started_at: self.started_at,
        }
    }
}

/// The item of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunItem {
    /// Its input, as the first who wrote it knew it.
    pub input: RunInput,
    /// The execution that wrote it first.
    pub execution: String,
    /// When its execution was started.
    pub started_at: Timestamp,
    /// When it must have ended.
    pub deadline: Timestamp,
    /// How many runs of ours led to it, as far as its first Plan could tell.
    pub depth: u32,
    /// `running`, `succeeded`, `failed`, `cancelled` or `skipped`.
    pub status: &'static str,
    /// When it ended, by the clock of whoever said so.
    pub ended_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<StepError>,
}

/// The item of a lane.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LaneItem {
    /// Its last Plan.
    pub last: Option<LastPlan>,
    /// How it ended.
    pub end: Option<LaneEnd>,
}

/// The item of a step.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepItem {
    /// How many attempts were begun.
    pub attempts: u32,
    /// The rendered input of its action.
    pub input: Option<serde_json::Value>,
    /// Its effect key.
    pub effect_key: Option<String>,
    /// How many lanes it opened.
    pub lanes: Option<u32>,
    /// The run that it started.
    pub run: Option<RunId>,
    /// Its result.
    pub result: Option<StepResult>,
}

/// The table.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// Workflows.
    pub workflows: BTreeMap<WorkflowId, WorkflowRecord>,
    /// Versions of workflows.
    pub versions: BTreeMap<(WorkflowId, WorkflowVersion), Definition>,
    /// Bodies of deliveries.
    pub bodies: BTreeMap<RunId, Vec<u8>>,
    /// Runs.
    pub runs: BTreeMap<RunId, RunItem>,
    /// Lanes.
    pub lanes: BTreeMap<LaneKey, LaneItem>,
    /// Steps.
    pub steps: BTreeMap<Place, StepItem>,
    /// What is cancelled.
    pub marks: BTreeMap<RunId, BTreeSet<CancelMark>>,
    /// Locks.
    pub locks: BTreeMap<(WorkflowId, String), Lock>,
    /// The last changes that runs made to incidents, by the depth of the runs.
    pub changes: BTreeMap<String, BTreeMap<u32, OwnChange>>,
    /// How many runs of a workflow began for an incident in a period.
    pub runs_of_incidents: BTreeMap<(String, WorkflowId, i64), u32>,
    /// Every change, in order.
    pub log: Vec<Logged>,
    /// The steps by effect key.
    pub effects: BTreeMap<String, Place>,
    /// Requests that DynamoDB would have refused for good.
    pub mistakes: Vec<String>,
}

impl Tables {
    pub(super) fn note(&mut self, at: Timestamp, change: Change) {
        self.log.push(Logged { at, change });
    }

    pub(super) fn lane_records(&self, keys: &BTreeSet<LaneKey>) -> BTreeMap<LaneKey, LaneRecord> {
        let found = keys.iter().filter_map(|key| {
            let LaneItem { last, end } = self.lanes.get(key)?.clone();
            Some((key.clone(), LaneRecord { last, end }))
        });
        found.collect()
    }

    pub(super) fn known(&self, question: &Question<'_>) -> Known {
        let needs = question.needs;
        let results = needs.results.iter().filter_map(|(lane, step)| {
            let place = Place {
                run: question.run.clone(),
                lane: lane.clone(),
                step: step.clone(),
            };
            let result = self.steps.get(&place)?.result.clone()?;
            Some(((lane.clone(), step.clone()), result))
        });
        let lanes = needs.lanes.iter().filter_map(|key| {
            let end = self.lanes.get(key)?.end.clone()?;
            Some((key.clone(), end))
        });
        let workflows = needs.workflows.iter().filter_map(|id| {
            let record = self.workflows.get(id)?;
            Some((id.clone(), record.state.availability(record.active_version)))
        });
        let lock = match question.concurrency_key {
            Some(key) if needs.lock => self.lock(question.workflow, key, question.now),
            _ => LockView::default(),
        };
        Known {
            results: results.collect(),
            lanes: lanes.collect(),
            workflows: workflows.collect(),
            lock,
            cancelled: self.marks.get(question.run).cloned().unwrap_or_default(),
            trail: match question.incident {
                Some(incident) if needs.trail => self.trail(question, incident),
                _ => Trail::default(),
            },
        }
    }

    fn trail(&self, question: &Question<'_>, incident: &str) -> Trail {
        let period = period_of(question.now);
        let runs = |period| {
            let name = (incident.to_owned(), question.workflow.clone(), period);
            self.runs_of_incidents.get(&name).copied().unwrap_or_default()
        };
        let changes = |name| self.changes.get(name).cloned().unwrap_or_default();
        Trail {
            changes: changes(incident),
            creations: question.own_key.map(changes).unwrap_or_default(),
            runs: runs(period),
            runs_before: runs(period - 1),
        }
    }

    fn lock(&self, workflow: &WorkflowId, key: &str, now: Timestamp) -> LockView {
        let Some(lock) = self.locks.get(&(workflow.clone(), key.to_owned())).cloned() else {
            return LockView::default();
        };
        let has_ended = |run: &RunId| match self.runs.get(run) {
            None => true,
            Some(item) => item.ended_at.is_some() || item.deadline.checked_add(GRACE).is_ok_and(|latest| latest < now),
        };
        let ended = lock
            .runs_to_look_at()
            .into_iter()
            .filter(|run| has_ended(run))
            .collect();
        LockView { lock, ended }
    }

    /// Writes a Plan, unless something is in the way.
    pub(super) fn plan(
        &mut self,
        at: Timestamp,
        write: &Write,
        obstacle: Option<Obstacle>,
    ) -> Result<Written, StoreError> {
        self.check_form(write);
        let key = write.lane();
        let (mut lane, mut run) = (self.lane_reason(write, &key), self.run_reason(write, &key));
        let mut other = self.in_the_way(write, &key);
        match obstacle {
            Some(Obstacle::Lane(reason)) => lane = reason,
            Some(Obstacle::Run(reason)) if run.is_some() => run = Some(reason),
            Some(Obstacle::Run(_) | Obstacle::Other) => other = Some("somebody else writes an item"),
            None => {}
        }
        if (lane, run.unwrap_or(Reason::Nothing), other) == (Reason::Nothing, Reason::Nothing, None) {
            self.put(at, write, &key);
            return Ok(Written::Now);
        }
        let before = self.lanes.get(&key).and_then(|lane| lane.last.as_ref());
        let before = before
            .filter(|last| last.cursor.plans == write.cursor.plans && last.owner == write.execution)
            .map(|last| Written::Before {
                handover: last.handover.clone(),
            });
        match Verdict::of(lane, run) {
            Verdict::LaneMoved => Ok(before.unwrap_or(Written::Superseded)),
            Verdict::LaneBusy => before.ok_or_else(|| unavailable("somebody else writes the lane")),
            Verdict::RunMoved => Ok(Written::Superseded),
            Verdict::Again => Err(unavailable(other.unwrap_or("the transaction was cancelled"))),
        }
    }

    /// Whether the lane is as the Plan expects it.
    fn lane_reason(&self, write: &Write, key: &LaneKey) -> Reason {
        let before = write.cursor.plans.saturating_sub(1);
        let holder = write.previous_owner.as_ref().unwrap_or(&write.execution);
        let is_free = match self.lanes.get(key) {
            None => before == 0,
            Some(LaneItem {
                last: Some(last),
                end: None,
            }) => last.cursor.plans == before && last.owner == *holder,
            Some(_) => false,
        };
        #[cfg(feature = "sabotage")]
        let is_free = is_free || sabotage::breaks(sabotage::Break::WriteWithoutFence);
        condition(is_free)
    }

    /// Whether the run is as the Plan expects it, if it writes the run.
    fn run_reason(&self, write: &Write, key: &LaneKey) -> Option<Reason> {
        if !write.touches_run() {
            return None;
        }
        let run = self.runs.get(&key.run);
        let is_free = match write.cursor.plans {
            1 => run.is_none(),
            _ => run.is_none_or(|run| run.ended_at.is_none()),
        };
        #[cfg(feature = "sabotage")]
        let is_free = is_free || sabotage::breaks(sabotage::Break::EndTwice);
        Some(condition(is_free))
    }

    /// What else keeps a Plan from being written.
    fn in_the_way(&self, write: &Write, key: &LaneKey) -> Option<&'static str> {
        let has_ended = |lost: &LanePath| {
            let key = LaneKey {
                run: key.run.clone(),
                lane: lost.clone(),
            };
            self.lanes.get(&key).is_some_and(|lane| lane.end.is_some())
        };
        if write.changes.lost.keys().any(has_ended) {
            return Some("a lane that the Plan gives up has ended");
        }
        let (lock, name) = (write.changes.lock.as_ref()?, write.concurrency_key.as_ref()?);
        let held = self.locks.get(&(write.input.run.workflow.clone(), name.clone()));
        let version = held.map_or(0, |held| held.version);
        (version != lock.version.saturating_sub(1)).then_some("somebody else wrote the lock")
    }

    fn put(&mut self, at: Timestamp, write: &Write, key: &LaneKey) {
        let Write { changes, cursor, .. } = write;
        let lane = self.lanes.entry(key.clone()).or_default();
        lane.last = Some(LastPlan {
            owner: write.execution.clone(),
            cursor: cursor.clone(),
            handover: write.handover.clone(),
        });
        lane.end.clone_from(&changes.end);
        self.note(
            at,
            Change::Planned {
                lane: key.clone(),
                number: cursor.plans,
                owner: write.execution.clone(),
                handover: write.handover.clone(),
            },
        );
        if let (Some(lock), Some(name)) = (&changes.lock, &write.concurrency_key) {
            let workflow = write.input.run.workflow.clone();
            self.locks.insert((workflow.clone(), name.clone()), lock.clone());
            self.note(
                at,
                Change::Locked {
                    workflow,
                    key: name.clone(),
                    lock: lock.clone(),
                },
            );
        }
        if let Some(marker) = &changes.marker {
            let of_incident = self.changes.entry(marker.incident.clone()).or_default();
            of_incident.insert(marker.depth, marker.change.clone());
        }
        if let Some(counted) = &changes.counted {
            let name = (
                counted.incident.clone(),
                write.input.run.workflow.clone(),
                counted.period,
            );
            *self.runs_of_incidents.entry(name).or_default() += 1;
        }
        for (path, record) in &changes.steps {
            self.step(at, key, path, record);
        }
        if key.lane.is_main() && cursor.plans == 1 {
            let item = RunItem {
                input: write.input.clone(),
                execution: write.execution.clone(),
                started_at: write.started_at,
                deadline: cursor.run_deadline,
                depth: cursor.depth.max(write.input.run.depth),
                status: "running",
                ended_at: None,
                error: None,
            };
            self.runs.insert(key.run.clone(), item);
            self.note(at, Change::RunBegan(key.run.clone()));
        }
        if let Some(end) = &changes.end {
            self.note(
                at,
                Change::LaneEnded {
                    lane: key.clone(),
                    end: end.clone(),
                },
            );
            if key.lane.is_main() {
                let status = match end {
                    LaneEnd::Success { .. } => "succeeded",
                    LaneEnd::Skipped { .. } => "skipped",
                    LaneEnd::Failure { .. } => "failed",
                    LaneEnd::Cancelled { .. } => "cancelled",
                };
                self.end_run(at, &key.run, status, write.now, end.failure(), false);
            }
        }
        for (lost, end) in &changes.lost {
            let key = LaneKey {
                run: key.run.clone(),
                lane: lost.clone(),
            };
            self.lanes.entry(key.clone()).or_default().end = Some(end.clone());
            let end = end.clone();
            self.note(at, Change::LaneEnded { lane: key, end });
        }
        for mark in &changes.cancels {
            self.cancel(at, &key.run, mark.clone());
        }
        for other in changes.cancels_runs.iter().filter(|other| **other != key.run) {
            self.cancel(at, other, CancelMark::run());
        }
    }

    fn step(&mut self, at: Timestamp, lane: &LaneKey, path: &StepPath, record: &StepRecord) {
        let place = Place {
            run: lane.run.clone(),
            lane: lane.lane.clone(),
            step: path.clone(),
        };
        let item = self.steps.entry(place.clone()).or_default();
        let mut unknown_attempt = None;
        match &record.change {
            StepChange::Entered { lanes, run } => {
                item.lanes = lanes.or(item.lanes);
                item.run = run.clone().or(item.run.take());
            }
            StepChange::Waiting { .. } => {}
            StepChange::AttemptStarted { input, effect_key, .. } => {
                item.attempts += 1;
                item.input = Some(input.clone());
                item.effect_key = Some(effect_key.as_str().to_owned());
                self.effects.insert(effect_key.as_str().to_owned(), place.clone());
            }
            StepChange::AttemptFailed { number, .. } => {
                unknown_attempt = (*number > item.attempts).then_some(*number);
            }
            StepChange::Finished { result, attempt } => {
                let number = attempt.as_ref().map(|attempt| attempt.number);
                unknown_attempt = number.filter(|number| *number > item.attempts);
                item.result = Some(result.clone());
            }
            StepChange::Kept { result } => item.result = Some(result.clone()),
        }
        if let Some(number) = unknown_attempt {
            // The path of the update does not exist in the item, which DynamoDB refuses whenever it is tried.
            self.mistakes.push(format!(
                "the end of attempt {number} of {place:?} is written, which has not begun"
            ));
        }
        let record = record.clone();
        self.note(at, Change::Step { place, record });
    }

    fn end_run(
        &mut self,
        at: Timestamp,
        run: &RunId,
        status: &'static str,
        ended_at: Timestamp,
        failure: Option<&Failure>,
        from_outside: bool,
    ) {
        if let Some(item) = self.runs.get_mut(run) {
            item.status = status;
            item.ended_at = Some(ended_at);
            item.error = failure.map(|failure| StepError {
                name: failure.name.clone(),
                message: failure.message.clone(),
            });
        }
        self.note(
            at,
            Change::RunEnded {
                run: run.clone(),
                status,
                from_outside,
            },
        );
    }

    pub(super) fn cancel(&mut self, at: Timestamp, run: &RunId, mark: CancelMark) {
        self.marks.entry(run.clone()).or_default().insert(mark.clone());
        let run = run.clone();
        self.note(at, Change::Cancelled { run, mark });
    }

    /// Whether a run has ended.
    pub(super) fn run_known(&self, run: &RunId) -> RunKnown {
        match self.runs.get(run) {
            None => RunKnown::Nothing,
            Some(item) if item.ended_at.is_some() => RunKnown::Ended,
            Some(item) => RunKnown::Open(item.open()),
        }
    }

    /// The runs of which no end was known at a time in the past, started before another one.
    pub(super) fn open_runs(&self, before: Timestamp, known_at: Timestamp) -> Vec<OpenRun> {
        let open = self
            .runs
            .values()
            .filter(|item| item.ended_at.is_none_or(|ended| ended > known_at));
        open.filter(|item| item.started_at < before && item.started_at < known_at)
            .map(RunItem::open)
            .collect()
    }

    /// Writes the end of a run whose execution ended from outside, unless something is in the way.
    pub(super) fn end_from_outside(
        &mut self,
        at: Timestamp,
        obstacle: Option<Obstacle>,
        end: &OutsideEnd<'_>,
    ) -> Result<bool, StoreError> {
        match obstacle {
            Some(Obstacle::Lane(Reason::ConditionFailed) | Obstacle::Run(Reason::ConditionFailed)) => return Ok(false),
            Some(_) => return Err(unavailable("the transaction was cancelled")),
            None => {}
        }
        Ok(self.end_unless_ended(at, end))
    }

    fn end_unless_ended(&mut self, at: Timestamp, end: &OutsideEnd<'_>) -> bool {
        let run = &end.input.run.id;
        if self.runs.get(run).is_some_and(|item| item.ended_at.is_some()) {
            return false;
        }
        if end.input.part.is_some() {
            let key = LaneKey {
                run: run.clone(),
                lane: LanePath::main(),
            };
            let ended = LaneEnd::Failure {
                failure: end.failure.clone(),
            };
            match self.lanes.get_mut(&key) {
                Some(LaneItem {
                    last: Some(last),
                    end: lane_end @ None,
                }) if last.owner == end.execution => *lane_end = Some(ended.clone()),
                _ => return false,
            }
            self.note(at, Change::LaneEnded { lane: key, end: ended });
        }
        self.runs.entry(run.clone()).or_insert_with(|| RunItem {
            input: end.input.clone(),
            execution: end.execution.to_owned(),
            started_at: end.started_at,
            deadline: end.ended_at,
            depth: end.input.run.depth,
            status: "running",
            ended_at: None,
            error: None,
        });
        self.end_run(at, run, "failed", end.ended_at, Some(end.failure), true);
        self.cancel(at, run, CancelMark::run());
        true
    }

    /// What DynamoDB refuses whatever is in the table.
    fn check_form(&mut self, write: &Write) {
        let changes = &write.changes;
        let others = changes
            .cancels_runs
            .iter()
            .filter(|run| **run != write.input.run.id)
            .count();
        let items = 1
            + usize::from(write.touches_run())
            + changes.steps.len()
            + changes.lost.len()
            + usize::from(!changes.cancels.is_empty())
            + others
            + usize::from(changes.lock.is_some())
            + usize::from(changes.marker.is_some())
            + usize::from(changes.counted.is_some());
        if items > TRANSACTION_ITEMS {
            self.mistakes.push(format!("a transaction has {items} items"));
        }
        if changes.lost.contains_key(&write.cursor.lane) {
            self.mistakes.push("a transaction writes its lane twice".to_owned());
        }
        if changes.lock.is_some() && write.concurrency_key.is_none() {
            self.mistakes.push("a lock is written without a key".to_owned());
        }
        if write.handover.len() > ITEM_BYTES {
            let bytes = write.handover.len();
            self.mistakes.push(format!("the item of a lane has {bytes} bytes"));
        }
    }
}

/// What is in the way of a transaction, besides its conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// The write of the lane, for this reason.
    Lane(Reason),
    /// The write of the run, if there is one, for this reason.
    Run(Reason),
    /// Another write.
    Other,
}

fn condition(holds: bool) -> Reason {
    match holds {
        true => Reason::Nothing,
        false => Reason::ConditionFailed,
    }
}

/// A Plan to be written, which can outlive its caller.
#[derive(Debug, Clone)]
pub(super) struct Write {
    pub(super) input: RunInput,
    pub(super) execution: String,
    pub(super) previous_owner: Option<String>,
    pub(super) started_at: Timestamp,
    pub(super) now: Timestamp,
    pub(super) cursor: workflow::planner::Cursor,
    pub(super) changes: workflow::planner::Changes,
    pub(super) concurrency_key: Option<String>,
    pub(super) handover: String,
}

impl Write {
    pub(super) fn of(entry: &Entry<'_>) -> Self {
        Self {
            input: entry.input.clone(),
            execution: entry.execution.to_owned(),
            previous_owner: entry.previous_owner.map(str::to_owned),
            started_at: entry.started_at,
            now: entry.now,
            cursor: entry.cursor.clone(),
            changes: entry.changes.clone(),
            concurrency_key: entry.concurrency_key.map(str::to_owned),
            handover: entry.handover.to_owned(),
        }
    }

    /// Whether the run's own item changes, and with it the indexes.
    pub(super) fn touches_run(&self) -> bool {
        self.cursor.lane.is_main() && (self.cursor.plans == 1 || self.changes.end.is_some())
    }

    pub(super) fn lane(&self) -> LaneKey {
        LaneKey {
            run: self.input.run.id.clone(),
            lane: self.cursor.lane.clone(),
        }
    }
}

pub(super) fn unavailable(cause: &str) -> StoreError {
    StoreError::Unavailable {
        operation: "do it",
        cause: cause.into(),
    }
}
