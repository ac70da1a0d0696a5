//! The written part of runs, as a report shows it.

use jiff::{SignedDuration, Timestamp};
use platform::table::journal::{Entry, EventSummary, OutsideEnd};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use workflow::{
    definition::Definition,
    ids::{ApprovalId, IntegrationAlias, RunId, StepId, StepPath, VariableName, WorkflowId},
    planner::{ApprovalChange, Closed, LaneEnd, LaneKey, StepChange, StepError, StepRecord, StepResult},
    steps::{StepKind, WaitForStep},
    watch::{Watch, WatchChange},
};

/// All that was written.
#[derive(Debug)]
pub(crate) struct Tables {
    definitions: BTreeMap<WorkflowId, Definition>,
    pub(crate) runs: BTreeMap<RunId, Run>,
    pub(crate) lanes: BTreeMap<LaneKey, Lane>,
    approvals: BTreeMap<ApprovalId, Asked>,
    /// The incidents that lanes watch.
    watched: BTreeSet<(LaneKey, Watch)>,
    /// The approvals that were asked for since this was looked at last.
    asked: Vec<ApprovalId>,
    /// The approvals whose time ran out because they had no answer.
    pub(crate) unanswered: Vec<Asked>,
}

/// An approval that a step has asked for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) id: ApprovalId,
    pub(crate) lane: LaneKey,
    pub(crate) step: StepPath,
    pub(crate) at: Timestamp,
    /// The end of the time for a decision.
    pub(crate) until: Timestamp,
}

#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) workflow: WorkflowId,
    pub(crate) event: Option<EventSummary>,
    /// The time at which its schedule was due, if one started it.
    pub(crate) scheduled_at: Option<Timestamp>,
    pub(crate) inputs: Map<String, Value>,
    pub(crate) started_at: Timestamp,
    pub(crate) ended: Option<(Timestamp, LaneEnd)>,
}

/// A lane and its steps.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    pub(crate) item: Option<Value>,
    pub(crate) end: Option<LaneEnd>,
    pub(crate) steps: BTreeMap<StepPath, Step>,
}

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
    /// The number of times that the first of them was made.
    begun: u32,
    /// True if it waits as it was told to.
    pub(crate) waits: bool,
    pub(crate) lanes: u32,
    pub(crate) run: Option<RunId>,
    pub(crate) remarks: Vec<String>,
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
            runs: BTreeMap::new(),
            lanes: BTreeMap::new(),
            approvals: BTreeMap::new(),
            watched: BTreeSet::new(),
            asked: Vec::new(),
            unanswered: Vec::new(),
        }
    }

    pub(crate) fn definition(&self, workflow: &WorkflowId) -> Option<&Definition> {
        self.definitions.get(workflow)
    }

    /// Takes in a Plan that was written.
    pub(super) fn take_in(&mut self, entry: &Entry<'_>) {
        let (run, cursor, changes) = (&entry.input.run.id, entry.cursor, entry.changes);
        let key = |lane| LaneKey { run: run.clone(), lane };
        if cursor.lane.is_main() && cursor.plans == 1 {
            self.runs.insert(run.clone(), Run::begun_with(entry));
        }
        self.lanes.entry(key(cursor.lane.clone())).or_default().take_in(entry);
        for (lost, end) in &changes.lost {
            self.lanes.entry(key(lost.clone())).or_default().end = Some(end.clone());
        }
        if let (true, Some(end), Some(run)) = (cursor.lane.is_main(), &changes.end, self.runs.get_mut(run)) {
            run.ended = Some((entry.now, end.clone()));
        }
        for change in &changes.watches {
            let lane = key(cursor.lane.clone());
            match change {
                WatchChange::Begins(watch) => self.watched.insert((lane, watch.clone())),
                WatchChange::Ends(watch) => self.watched.remove(&(lane, watch.clone())),
            };
        }
        for path in changes.steps.keys() {
            self.remark_on_silence(&key(cursor.lane.clone()), path);
        }
        for change in &changes.approvals {
            match change {
                ApprovalChange::Asked { id, step, question } => {
                    let asked = Asked {
                        id: id.clone(),
                        lane: key(cursor.lane.clone()),
                        step: step.clone(),
                        at: entry.now,
                        until: question.until,
                    };
                    self.asked.push(id.clone());
                    self.approvals.insert(id.clone(), asked);
                }
                ApprovalChange::Closed { id, reason } => self.approval_closed(id, *reason),
            }
        }
    }

    fn approval_closed(&mut self, id: &ApprovalId, reason: Closed) {
        let Some(asked) = self.approvals.get(id).cloned() else {
            return;
        };
        let Some(step) = self.step_mut(&asked) else {
            return;
        };
        // Where there was an answer, a remark says why it did not count.
        if reason == Closed::TimedOut && step.remarks.is_empty() {
            let time = SignedDuration::from_secs(asked.until.duration_since(asked.at).as_secs());
            step.remarks
                .push(format!("no --answer, so its time was over after {time:#}"));
            self.unanswered.push(asked);
        }
    }

    /// Says so where a wait for something about an incident has come to the end of its time.
    fn remark_on_silence(&mut self, lane: &LaneKey, path: &StepPath) {
        let kind = self
            .definition_of_run(&lane.run)
            .and_then(|definition| definition.step(path));
        let Some(StepKind::WaitFor(wait)) = kind.map(|step| &step.kind) else {
            return;
        };
        let timeout = wait.timeout;
        let step = self.lanes.get_mut(lane).and_then(|lane| lane.steps.get_mut(path));
        if let Some(step) = step
            && step.result.as_ref().is_some_and(WaitForStep::is_timeout)
        {
            step.remarks
                .push(format!("no --signal ended it, so its time was over after {timeout}"));
        }
    }

    /// The incidents that an event can be about: those given, in each account that a workflow waits for; where there are none, those that
    /// a lane watches.
    pub(crate) fn watchable(&self, incidents: &BTreeSet<String>) -> BTreeSet<Watch> {
        let accounts = self.definitions.values().flat_map(Definition::awaited_events);
        let accounts: BTreeSet<IntegrationAlias> = accounts.map(|(integration, _)| integration).collect();
        let of_events = incidents.iter().flat_map(|incident| {
            let watch = |integration: &IntegrationAlias| Watch::new(integration.clone(), incident).ok();
            accounts.iter().filter_map(watch).collect::<Vec<_>>()
        });
        match incidents.is_empty() {
            true => self.watched.iter().map(|(_, watch)| watch.clone()).collect(),
            false => of_events.collect(),
        }
    }

    /// The approvals that were asked for since this was called last.
    pub(crate) fn take_asked(&mut self) -> Vec<Asked> {
        let asked = std::mem::take(&mut self.asked);
        asked.iter().filter_map(|id| self.approvals.get(id).cloned()).collect()
    }

    /// Adds a remark to a step.
    pub(crate) fn remark(&mut self, lane: &LaneKey, step: &StepPath, remark: String) {
        if let Some(step) = self.lanes.get_mut(lane).and_then(|lane| lane.steps.get_mut(step)) {
            step.remarks.push(remark);
        }
    }

    fn step_mut(&mut self, asked: &Asked) -> Option<&mut Step> {
        self.lanes.get_mut(&asked.lane)?.steps.get_mut(&asked.step)
    }

    /// The definition of a run's workflow.
    pub(crate) fn definition_of_run(&self, run: &RunId) -> Option<&Definition> {
        self.definition(&self.runs.get(run)?.workflow)
    }

    /// Takes in the end of a run whose execution failed, and no Plan could say so.
    pub(super) fn end(&mut self, end: &OutsideEnd<'_>) {
        if let Some(run) = self.runs.get_mut(&end.input.run.id) {
            let failure = end.failure.clone();
            run.ended = Some((end.ended_at, LaneEnd::Failure { failure }));
        }
    }
}

impl Run {
    fn begun_with(entry: &Entry<'_>) -> Self {
        Self {
            workflow: entry.input.run.workflow.clone(),
            event: entry.event.cloned(),
            scheduled_at: entry.input.scheduled_at(),
            inputs: entry.cursor.inputs.clone(),
            started_at: entry.started_at,
            ended: None,
        }
    }
}

impl Lane {
    fn take_in(&mut self, entry: &Entry<'_>) {
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
            begun: 0,
            waits: false,
            lanes: 0,
            run: None,
            remarks: Vec::new(),
            result: None,
        }
    }

    fn take_in(&mut self, record: &StepRecord) {
        match &record.change {
            StepChange::Entered { lanes, run } => {
                self.waits = false;
                self.lanes = lanes.unwrap_or(self.lanes);
                self.run = run.clone().or(self.run.take());
            }
            StepChange::Waiting { .. } | StepChange::Looked { .. } => self.waits = true,
            StepChange::NotYet { .. } => {}
            StepChange::AttemptStarted {
                number,
                input,
                adjusted,
                ..
            } => {
                if *number == 1 {
                    // Only of a step that looks now and then are there attempts already.
                    self.attempts.clear();
                    self.begun += 1;
                }
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
                if self.begun > 1 {
                    self.remarks
                        .push(format!("looked {} times; the last look is shown", self.begun));
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
