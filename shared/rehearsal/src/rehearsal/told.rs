//! The journal and the account as a report.

use crate::{
    machine::AttemptKey,
    report::{Attempt, Event, Lane, Request, Run, RunStatus, Step, StepState, Unanswered},
    store::{self, Tables},
};
use std::collections::BTreeMap;
use workflow::{
    definition::{self, Definition},
    ids::{LanePath, RunId, StepPath},
    planner::{LaneEnd, LaneKey, StepError, StepResult},
    steps::StepKind,
};

type Requests = BTreeMap<AttemptKey, Vec<Request>>;

/// A run, with all that its steps did.
pub(super) fn run(tables: &Tables, requests: &Requests, id: &RunId) -> Option<Run> {
    let run = tables.runs.get(id)?;
    let end = run.ended.as_ref().map(|(_, end)| end);
    let definition = tables.definition(&run.workflow)?;
    let teller = Teller {
        tables,
        requests,
        definition,
        run: id,
    };
    Some(Run {
        run: id.clone(),
        workflow: run.workflow.clone(),
        event: run.event.as_ref().map(|event| Event {
            id: event.id.clone(),
            event_type: event.event_type.clone(),
            incident_id: event.incident_id.clone(),
            incident_title: event.incident_title.clone(),
        }),
        scheduled_at: run.scheduled_at,
        inputs: run.inputs.clone(),
        status: match end {
            None => RunStatus::Running,
            Some(LaneEnd::Success { .. }) => RunStatus::Succeeded,
            Some(LaneEnd::Skipped { .. }) => RunStatus::Skipped,
            Some(LaneEnd::Failure { .. }) => RunStatus::Failed,
            Some(LaneEnd::Cancelled { .. }) => RunStatus::Cancelled,
        },
        error: end.and_then(error),
        reason: match end {
            Some(LaneEnd::Skipped { reason }) => Some(reason.clone()),
            _ => None,
        },
        started_at: run.started_at,
        ended_at: run.ended.as_ref().map(|(at, _)| *at),
        steps: teller.steps(&LanePath::main(), None),
    })
}

/// The approvals without an answer, in the order in which their time ran out.
pub(super) fn unanswered(tables: &Tables) -> Vec<Unanswered> {
    let mut all: Vec<Unanswered> = Vec::new();
    for asked in &tables.unanswered {
        let Some(definition) = tables.definition_of_run(&asked.lane.run) else {
            continue;
        };
        let Some(StepKind::Approval(approval)) = definition.step(&asked.step).map(|step| &step.kind) else {
            continue;
        };
        let unanswered = Unanswered {
            workflow: definition.name.clone(),
            step: definition.step_name_in_any_lane(&asked.step),
            choices: approval.choices.iter().map(ToString::to_string).collect(),
        };
        if !all.contains(&unanswered) {
            all.push(unanswered);
        }
    }
    all
}

fn error(end: &LaneEnd) -> Option<StepError> {
    end.failure().map(|failure| StepError {
        name: failure.name.clone(),
        message: failure.message.clone(),
    })
}

struct Teller<'a> {
    tables: &'a Tables,
    requests: &'a Requests,
    definition: &'a Definition,
    run: &'a RunId,
}

impl Teller<'_> {
    fn key(&self, lane: &LanePath) -> LaneKey {
        LaneKey {
            run: self.run.clone(),
            lane: lane.clone(),
        }
    }

    /// The steps of a lane that stand in a block of it, or in none.
    fn steps(&self, lane: &LanePath, block: Option<&StepPath>) -> Vec<Step> {
        let Some(item) = self.tables.lanes.get(&self.key(lane)) else {
            return Vec::new();
        };
        // What the steps of a lane stand in besides its blocks is the step that opened it.
        let block_of = |path: &StepPath| {
            let outer = path.parent().map(|(outer, _)| outer);
            outer.filter(|outer| item.steps.contains_key(outer))
        };
        let steps = item.steps.iter().filter(|(path, _)| block_of(path).as_ref() == block);
        steps.map(|(path, step)| self.step(lane, path, step)).collect()
    }

    fn step(&self, lane: &LanePath, path: &StepPath, step: &store::Step) -> Step {
        let result = step.result.as_ref();
        Step {
            path: self.definition.step_name(lane, path),
            place: path.clone(),
            id: step.id.clone(),
            title: step.title.clone(),
            state: match result {
                None if step.waits => StepState::Waiting,
                None => StepState::Running,
                Some(result) => StepState::of(result),
            },
            started_at: step.started_at,
            ended_at: step.ended_at,
            input: step.input.clone(),
            adjusted: step.adjusted.clone(),
            remarks: step
                .remarks
                .iter()
                .cloned()
                .chain(self.never_held(path, result))
                .collect(),
            variables: step.variables.clone(),
            attempts: (1..)
                .zip(&step.attempts)
                .map(|(number, attempt)| self.attempt(lane, path, number, attempt))
                .collect(),
            outputs: result.map(|result| result.outputs.clone()),
            error: result.and_then(|result| result.error.clone()),
            steps: self.steps(lane, Some(path)),
            lanes: (0..step.lanes).map(|index| self.lane(lane, path, index)).collect(),
            run: step
                .run
                .as_ref()
                .and_then(|id| run(self.tables, self.requests, id))
                .map(Box::new),
        }
    }

    /// The remark about rounds whose `until` never held: here it can be that it does not hold because nothing changes.
    fn never_held(&self, path: &StepPath, result: Option<&StepResult>) -> Option<String> {
        let until = self.definition.step(path)?.rounds()?.until.as_ref()?;
        let ended_by = result?.outputs.get("ended_by")?;
        (ended_by == "at_most").then(|| {
            format!(
                "`{}` held in no round; without a --signal nothing happens to an incident but what the run does itself",
                until.source()
            )
        })
    }

    fn attempt(&self, lane: &LanePath, path: &StepPath, number: u32, attempt: &store::Attempt) -> Attempt {
        let key = (self.key(lane), path.clone(), number);
        Attempt {
            number,
            started_at: attempt.started_at,
            requests: self.requests.get(&key).cloned().unwrap_or_default(),
            error: attempt.error.clone(),
            retry_at: attempt.retry_at,
        }
    }

    fn lane(&self, opener: &LanePath, fork: &StepPath, index: u32) -> Lane {
        let path = opener.child(fork.clone(), index);
        let lane = self.tables.lanes.get(&self.key(&path));
        let end = lane.and_then(|lane| lane.end.as_ref());
        let step = self.definition.step(fork);
        let lanes = step.map(definition::Step::parallel_lanes).unwrap_or_default();
        let name = usize::try_from(index).ok().and_then(|index| lanes.get(index));
        let is_for_each = step.and_then(definition::Step::items).is_some();
        Lane {
            path: self.definition.lane_name(&path),
            number: index.saturating_add(1),
            name: name.and_then(|lane| lane.name.clone()),
            item: lane.and_then(|lane| lane.item.clone()).filter(|_| is_for_each),
            outcome: end.map(LaneEnd::outcome),
            error: end.and_then(error),
            steps: self.steps(&path, None),
        }
    }
}
