//! The table as a witness sees it: what the writes that were done have changed, in the words of the planner.

use super::log::{Change, Logged};
use crate::reference::Place;
use jiff::{SignedDuration, Timestamp};
use platform::table::journal::{Entry, LastPlan, OutsideEnd};
use std::collections::{BTreeMap, BTreeSet};
use workflow::{
    definition::Definition,
    ids::{ApprovalId, LanePath, RunId, StepPath, WorkflowId, WorkflowVersion},
    planner::{
        ApprovalChange, CancelMark, Changes, Cursor, Failure, LaneEnd, LaneKey, Lock, StepChange, StepError,
        StepRecord, StepResult,
    },
    run::RunInput,
};

#[derive(Debug, Clone, PartialEq)]
pub struct RunItem {
    /// Its input, as the first who wrote it knew it.
    pub input: RunInput,
    /// The execution that wrote it first.
    pub execution: String,
    /// The time when its execution was started.
    pub started_at: Timestamp,
    /// The time when it must have ended.
    pub deadline: Timestamp,
    /// How many runs of ours led to it, as far as its first Plan could tell.
    pub depth: u32,
    /// `running`, `succeeded`, `failed`, `cancelled` or `skipped`.
    pub status: &'static str,
    /// When it ended, by the clock of whoever said so.
    pub ended_at: Option<Timestamp>,
    /// The reason it failed.
    pub error: Option<StepError>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct LaneItem {
    /// Its last Plan.
    pub last: Option<LastPlan>,
    /// Its outcome.
    pub end: Option<LaneEnd>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepItem {
    /// The number of attempts that were begun; of its last look, if it looks now and then.
    pub attempts: u32,
    /// The rendered input of its action.
    pub input: Option<serde_json::Value>,
    pub effect_key: Option<String>,
    /// The number of lanes that it opened.
    pub lanes: Option<u32>,
    /// The run that it started.
    pub run: Option<RunId>,
    pub result: Option<StepResult>,
}

/// All that was written.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// Versions of workflows.
    pub versions: BTreeMap<(WorkflowId, WorkflowVersion), Definition>,
    pub runs: BTreeMap<RunId, RunItem>,
    pub lanes: BTreeMap<LaneKey, LaneItem>,
    pub steps: BTreeMap<Place, StepItem>,
    /// What is cancelled.
    pub marks: BTreeMap<RunId, BTreeSet<CancelMark>>,
    pub locks: BTreeMap<(WorkflowId, String), Lock>,
    /// Every change, in order.
    pub log: Vec<Logged>,
    /// The steps by effect key.
    pub effects: BTreeMap<String, Place>,
    /// Requests that DynamoDB would have refused for good.
    pub mistakes: Vec<String>,
    /// The approvals that were asked for and that no person has looked at yet.
    pub(super) questions: Vec<Question>,
}

/// An approval that a step has asked for.
#[derive(Debug, Clone)]
pub struct Question {
    pub id: ApprovalId,
    pub lane: LaneKey,
    pub step: StepPath,
    /// The time for a decision.
    pub time: SignedDuration,
}

impl Tables {
    pub(super) fn note(&mut self, at: Timestamp, change: Change) {
        self.log.push(Logged { at, change });
    }

    /// Takes in what a write has done.
    pub(super) fn take_in(&mut self, at: Timestamp, done: &Done) {
        match done {
            Done::Plan(write) => self.plan(at, write),
            Done::End(end) => self.end(at, end),
        }
    }

    fn plan(&mut self, at: Timestamp, write: &Plan) {
        let Plan { changes, cursor, .. } = write;
        let key = &write.lane();
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
        for change in &changes.approvals {
            if let ApprovalChange::Asked { id, step, question } = change {
                self.questions.push(Question {
                    id: id.clone(),
                    lane: key.clone(),
                    step: step.clone(),
                    time: question.until.duration_since(at),
                });
            }
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
        match &record.change {
            StepChange::Entered { lanes, run } => {
                item.lanes = lanes.or(item.lanes);
                item.run = run.clone().or(item.run.take());
            }
            StepChange::Waiting { .. } | StepChange::Looked { .. } => {}
            StepChange::AttemptStarted {
                number,
                input,
                effect_key,
                ..
            } => {
                // A step that looks now and then has the attempts of its last look.
                item.attempts = *number;
                item.input = Some(input.clone());
                item.effect_key = Some(effect_key.as_str().to_owned());
                self.effects.insert(effect_key.as_str().to_owned(), place.clone());
            }
            StepChange::AttemptFailed { .. } | StepChange::NotYet { .. } => {}
            StepChange::Finished { result, .. } | StepChange::Kept { result } => item.result = Some(result.clone()),
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

    fn end(&mut self, at: Timestamp, end: &End) {
        let run = &end.input.run.id;
        if end.input.part.is_some() {
            let key = LaneKey {
                run: run.clone(),
                lane: LanePath::main(),
            };
            let ended = LaneEnd::Failure {
                failure: end.failure.clone(),
            };
            self.lanes.entry(key.clone()).or_default().end = Some(ended.clone());
            self.note(at, Change::LaneEnded { lane: key, end: ended });
        }
        self.runs.entry(run.clone()).or_insert_with(|| RunItem {
            input: end.input.clone(),
            execution: end.execution.clone(),
            started_at: end.started_at,
            deadline: end.ended_at,
            depth: end.input.run.depth,
            status: "running",
            ended_at: None,
            error: None,
        });
        self.end_run(at, run, "failed", end.ended_at, Some(&end.failure), true);
        self.cancel(at, run, CancelMark::run());
    }
}

/// A write of the journal, which can outlive its caller.
#[derive(Debug, Clone)]
pub(super) enum Done {
    Plan(Box<Plan>),
    End(Box<End>),
}

/// The end of a run from outside.
#[derive(Debug, Clone)]
pub(super) struct End {
    input: RunInput,
    execution: String,
    started_at: Timestamp,
    ended_at: Timestamp,
    failure: Failure,
}

impl End {
    pub(super) fn of(end: &OutsideEnd<'_>) -> Self {
        Self {
            input: end.input.clone(),
            execution: end.execution.to_owned(),
            started_at: end.started_at,
            ended_at: end.ended_at,
            failure: end.failure.clone(),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Plan {
    input: RunInput,
    execution: String,
    started_at: Timestamp,
    now: Timestamp,
    cursor: Cursor,
    changes: Changes,
    concurrency_key: Option<String>,
    handover: String,
}

impl Plan {
    pub(super) fn of(entry: &Entry<'_>) -> Self {
        Self {
            input: entry.input.clone(),
            execution: entry.execution.to_owned(),
            started_at: entry.started_at,
            now: entry.now,
            cursor: entry.cursor.clone(),
            changes: entry.changes.clone(),
            concurrency_key: entry.concurrency_key.map(str::to_owned),
            handover: entry.handover.to_owned(),
        }
    }

    fn lane(&self) -> LaneKey {
        LaneKey {
            run: self.input.run.id.clone(),
            lane: self.cursor.lane.clone(),
        }
    }
}
