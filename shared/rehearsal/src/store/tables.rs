//! The items, and what a write does to them.

use super::VERSION;
use jiff::Timestamp;
use platform::table::journal::{
    Entry, EventSummary, LaneRecord, LastPlan, OpenRun, OutsideEnd, Question, RunKnown, Written,
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use workflow::{
    definition::Definition,
    ids::{LanePath, RunId, StepId, StepPath, VariableName, WorkflowId},
    planner::{
        Availability, CancelMark, Failure, Known, LaneEnd, LaneKey, Lock, LockView, OwnChange, StepChange, StepError,
        StepRecord, StepResult, Trail, period_of,
    },
};

/// All items.
#[derive(Debug)]
pub(crate) struct Tables {
    definitions: BTreeMap<WorkflowId, Definition>,
    bodies: BTreeMap<RunId, Vec<u8>>,
    pub(crate) runs: BTreeMap<RunId, Run>,
    pub(crate) lanes: BTreeMap<LaneKey, Lane>,
    marks: BTreeMap<RunId, BTreeSet<CancelMark>>,
    locks: BTreeMap<(WorkflowId, String), Lock>,
    changes: BTreeMap<String, BTreeMap<u32, OwnChange>>,
    runs_of_incidents: BTreeMap<(String, WorkflowId, i64), u32>,
}

/// A run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) workflow: WorkflowId,
    pub(crate) event: Option<EventSummary>,
    pub(crate) inputs: Map<String, Value>,
    pub(crate) started_at: Timestamp,
    pub(crate) ended: Option<(Timestamp, LaneEnd)>,
}

/// A lane and its steps.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    last: Option<LastPlan>,
    pub(crate) item: Option<Value>,
    pub(crate) end: Option<LaneEnd>,
    pub(crate) steps: BTreeMap<StepPath, Step>,
}

/// A step.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) id: Option<StepId>,
    pub(crate) title: String,
    pub(crate) started_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) input: Option<Value>,
    pub(crate) adjusted: Vec<String>,
    pub(crate) variables: BTreeMap<VariableName, Value>,
    pub(crate) attempts: Vec<Attempt>,
    /// Whether it waits as it was told to.
    pub(crate) waits: bool,
    pub(crate) lanes: u32,
    pub(crate) run: Option<RunId>,
    pub(crate) result: Option<StepResult>,
}

/// An attempt of a step's action.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) started_at: Timestamp,
    pub(crate) error: Option<StepError>,
    pub(crate) retry_at: Option<Timestamp>,
}

impl Tables {
    pub(super) fn new(definitions: impl IntoIterator<Item = Definition>) -> Self {
        let definitions = definitions.into_iter();
        Self {
            definitions: definitions
                .map(|definition| (definition.name.clone(), definition))
                .collect(),
            bodies: BTreeMap::new(),
            runs: BTreeMap::new(),
            lanes: BTreeMap::new(),
            marks: BTreeMap::new(),
            locks: BTreeMap::new(),
            changes: BTreeMap::new(),
            runs_of_incidents: BTreeMap::new(),
        }
    }

    pub(crate) fn definition(&self, workflow: &WorkflowId) -> Option<&Definition> {
        self.definitions.get(workflow)
    }

    pub(crate) fn put_body(&mut self, run: &RunId, compressed: Vec<u8>) {
        self.bodies.entry(run.clone()).or_insert(compressed);
    }

    pub(super) fn body(&self, run: &RunId) -> Option<Vec<u8>> {
        self.bodies.get(run).cloned()
    }

    pub(super) fn lane_records(&self, keys: &BTreeSet<LaneKey>) -> BTreeMap<LaneKey, LaneRecord> {
        let found = keys.iter().filter_map(|key| {
            let lane = self.lanes.get(key)?;
            let record = LaneRecord {
                last: lane.last.clone(),
                end: lane.end.clone(),
            };
            Some((key.clone(), record))
        });
        found.collect()
    }

    pub(super) fn known(&self, question: &Question<'_>) -> Known {
        let needs = question.needs;
        let results = needs.results.iter().filter_map(|(lane, step)| {
            let result = self
                .lanes
                .get(&key(question.run, lane))?
                .steps
                .get(step)?
                .result
                .clone()?;
            Some(((lane.clone(), step.clone()), result))
        });
        let lanes = needs.lanes.iter();
        let workflows = needs.workflows.iter().filter(|id| self.definitions.contains_key(*id));
        Known {
            results: results.collect(),
            lanes: lanes
                .filter_map(|key| Some((key.clone(), self.lanes.get(key)?.end.clone()?)))
                .collect(),
            workflows: workflows
                .map(|id| (id.clone(), Availability::Enabled(VERSION)))
                .collect(),
            lock: match question.concurrency_key {
                Some(key) if needs.lock => self.lock(question.workflow, key),
                _ => LockView::default(),
            },
            cancelled: self.marks.get(question.run).cloned().unwrap_or_default(),
            trail: match question.incident {
                Some(incident) if needs.trail => self.trail(question, incident),
                _ => Trail::default(),
            },
        }
    }

    fn lock(&self, workflow: &WorkflowId, key: &str) -> LockView {
        let lock = self
            .locks
            .get(&(workflow.clone(), key.to_owned()))
            .cloned()
            .unwrap_or_default();
        let goes_on = |run: &RunId| self.runs.get(run).is_some_and(|run| run.ended.is_none());
        let ended = lock.runs_to_look_at().into_iter().filter(|run| !goes_on(run));
        LockView {
            ended: ended.collect(),
            lock,
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

    /// Writes a Plan.
    pub(super) fn write(&mut self, entry: &Entry<'_>) -> Written {
        let (run, cursor, changes) = (&entry.input.run.id, entry.cursor, entry.changes);
        let own = key(run, &cursor.lane);
        if !self.is_free(&own, entry) {
            return Written::Superseded;
        }
        if let (Some(lock), Some(name)) = (&changes.lock, entry.concurrency_key) {
            let name = (entry.input.run.workflow.clone(), name.to_owned());
            self.locks.insert(name, lock.clone());
        }
        if let Some(marker) = &changes.marker {
            let of_incident = self.changes.entry(marker.incident.clone()).or_default();
            of_incident.insert(marker.depth, marker.change.clone());
        }
        if let Some(counted) = &changes.counted {
            let workflow = entry.input.run.workflow.clone();
            let name = (counted.incident.clone(), workflow, counted.period);
            *self.runs_of_incidents.entry(name).or_default() += 1;
        }
        if cursor.lane.is_main() && cursor.plans == 1 {
            self.runs.insert(run.clone(), Run::begun_with(entry));
        }
        let lane = self.lanes.entry(own).or_default();
        lane.take_in(entry);
        for (lost, end) in &changes.lost {
            self.lanes.entry(key(run, lost)).or_default().end = Some(end.clone());
        }
        if let (true, Some(end), Some(run)) = (cursor.lane.is_main(), &changes.end, self.runs.get_mut(run)) {
            run.ended = Some((entry.now, end.clone()));
        }
        let marks = self.marks.entry(run.clone()).or_default();
        marks.extend(changes.cancels.iter().cloned());
        for other in &changes.cancels_runs {
            self.marks.entry(other.clone()).or_default().insert(CancelMark::run());
        }
        Written::Now
    }

    /// Whether the lane is at the Plan before, and belongs to whom the entry says.
    fn is_free(&self, own: &LaneKey, entry: &Entry<'_>) -> bool {
        let before = entry.cursor.plans.saturating_sub(1);
        let has_run_ended = self.runs.get(&own.run).is_some_and(|run| run.ended.is_some());
        let is_free = match self.lanes.get(own) {
            None => before == 0,
            Some(Lane {
                last: Some(last),
                end: None,
                ..
            }) => last.cursor.plans == before && last.owner == entry.previous_owner.unwrap_or(entry.execution),
            Some(_) => false,
        };
        is_free && !(own.lane.is_main() && has_run_ended)
    }

    pub(super) fn run_known(&self, id: &RunId) -> RunKnown {
        match self.runs.get(id) {
            None => RunKnown::Nothing,
            Some(run) if run.ended.is_some() => RunKnown::Ended,
            Some(run) => RunKnown::Open(OpenRun {
                run: id.clone(),
                execution: id.to_string(),
                is_called: false,
                started_at: run.started_at,
            }),
        }
    }

    pub(super) fn end_from_outside(&mut self, end: &OutsideEnd<'_>) -> bool {
        match self.runs.get_mut(&end.input.run.id) {
            Some(run) if run.ended.is_none() => {
                let failure = end.failure.clone();
                run.ended = Some((end.ended_at, LaneEnd::Failure { failure }));
                true
            }
            _ => false,
        }
    }

    /// The execution that holds a lane of a run failed, and no Plan could say so.
    pub(crate) fn abort(&mut self, run: &RunId, failure: &Failure, now: Timestamp) {
        if let Some(run) = self.runs.get_mut(run).filter(|run| run.ended.is_none()) {
            let failure = failure.clone();
            run.ended = Some((now, LaneEnd::Failure { failure }));
        }
    }
}

fn key(run: &RunId, lane: &LanePath) -> LaneKey {
    LaneKey {
        run: run.clone(),
        lane: lane.clone(),
    }
}

impl Run {
    fn begun_with(entry: &Entry<'_>) -> Self {
        Self {
            workflow: entry.input.run.workflow.clone(),
            event: entry.event.cloned(),
            inputs: entry.cursor.inputs.clone(),
            started_at: entry.started_at,
            ended: None,
        }
    }
}

impl Lane {
    fn take_in(&mut self, entry: &Entry<'_>) {
        self.last = Some(LastPlan {
            owner: entry.execution.to_owned(),
            cursor: entry.cursor.clone(),
            handover: entry.handover.to_owned(),
        });
        self.item = entry.cursor.item.as_ref().map(|item| item.value.clone());
        self.end.clone_from(&entry.changes.end);
        for (path, record) in &entry.changes.steps {
            let step = self.steps.entry(path.clone()).or_insert_with(|| Step::begun(record));
            step.take_in(record);
            if let Some(variables) = entry.changes.set.get(path) {
                step.variables.clone_from(variables);
            }
        }
    }
}

impl Step {
    fn begun(record: &StepRecord) -> Self {
        Self {
            id: record.id.clone(),
            title: record.title.clone(),
            started_at: record.at,
            ended_at: None,
            input: None,
            adjusted: Vec::new(),
            variables: BTreeMap::new(),
            attempts: Vec::new(),
            waits: false,
            lanes: 0,
            run: None,
            result: None,
        }
    }

    fn take_in(&mut self, record: &StepRecord) {
        match &record.change {
            StepChange::Entered { lanes, run } => {
                self.lanes = lanes.unwrap_or(self.lanes);
                self.run = run.clone().or(self.run.take());
            }
            StepChange::Waiting { .. } => self.waits = true,
            StepChange::AttemptStarted { input, adjusted, .. } => {
                self.input = Some(input.clone());
                self.adjusted = adjusted.iter().map(ToString::to_string).collect();
                self.attempts.push(Attempt {
                    started_at: record.at,
                    error: None,
                    retry_at: None,
                });
            }
            StepChange::AttemptFailed { failure, retry_at, .. } => {
                if let Some(attempt) = self.attempts.last_mut() {
                    attempt.error = Some(StepError {
                        name: failure.name.clone(),
                        message: failure.message.clone(),
                    });
                    attempt.retry_at = Some(*retry_at);
                }
            }
            StepChange::Finished { result, attempt } => {
                if let (Some(ended), Some(last)) = (attempt, self.attempts.last_mut()) {
                    last.error.clone_from(&ended.error);
                }
                self.ended_at = Some(record.at);
                self.result = Some(result.clone());
            }
            StepChange::Kept { result } => {
                self.ended_at = Some(record.at);
                self.result = Some(result.clone());
            }
        }
    }
}
