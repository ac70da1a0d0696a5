//! Steps.

#![expect(
    clippy::indexing_slicing,
    reason = "JSON that is made or read here has these fields, or gives null"
)]

use super::{
    Course, Place,
    run::Run,
    values::{View, failure, given, plain, size},
};
use jiff::{SignedDuration, Timestamp};
use pagerduty::actions::Action;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use workflow::{
    action::{ActionSpec, Admitted, Field, FieldKind},
    definition::{Step, limits},
    error_name::ErrorName,
    ids::{EffectKey, InputName, LanePath, RunId, Section, StepPath, VariableName, WorkflowId},
    planner::{Failure, Outcome, StepError, StepResult},
    run::{CalledBy, ReplayOf, RunCause, RunIdentity, RunInput},
    steps::{
        ActionStep, ApprovalStep, BlockStep, ChooseStep, FailStep, ForEachStep, Goal, OnLaneFailure, OnTimeout,
        ParallelStep, RepeatStep, RunWorkflowStep, StepKind, StopStep, WaitForStep, WaitStep,
    },
    template::{Expression, Template},
    triggers::IncidentStatus,
    watch::Watch,
};

/// The most that the variables of a lane may take, with its item, in bytes of JSON; the inputs of a run the same.
const VARIABLES_BYTES: usize = 32 * 1024;
/// The most that the input of an action may take.
const INPUT_BYTES: usize = 48 * 1024;
/// The most that a lane may give.
const LANE_OUTPUT_BYTES: usize = 8 * 1024;
/// The number of runs that may call each other.
const NESTING: u32 = 20;

/// The end of a list of steps.
pub(super) enum Ending {
    /// All were done.
    Through,
    /// A `stop` was come to.
    Stopped,
    /// A step failed, and nothing around it goes on.
    Failed {
        /// What people call it.
        step: String,
        failure: Failure,
    },
}

/// How one step ends.
enum Step1 {
    Done(StepResult),
    Stopped(StepResult),
    /// It failed itself.
    Failed(Value, Failure),
    /// A step in it failed.
    FailedInside {
        step: String,
        failure: Failure,
    },
}

type Outcome1 = Result<Step1, Failure>;

pub(super) struct Lane<'a> {
    run: Run<'a>,
    path: LanePath,
    pub(super) view: View,
}

impl<'a> Lane<'a> {
    pub(super) fn new(run: Run<'a>, path: LanePath, view: View) -> Self {
        Self { run, path, view }
    }

    pub(super) fn section(&mut self, course: &mut Course, section: Section) -> Ending {
        let steps = self.run.definition.section(section);
        self.list(course, steps, |index| StepPath::top(section, index))
    }

    /// The steps of a replay: what it takes over stands, and the rest is done.
    pub(super) fn repeat(&mut self, course: &mut Course, replay: &ReplayOf) -> Ending {
        self.view.variables.clone_from(&replay.variables);
        for (path, kept) in &replay.kept {
            let result = StepResult::from(kept);
            let id = self.run.definition.step(path).and_then(|step| step.id.clone());
            self.view.results.extend(id.map(|id| (id, result.clone())));
            course.results.insert(self.place(path), result);
        }
        let steps = self.run.definition.section(Section::Steps);
        let first = replay.from.as_ref().and_then(|from| from.indices().first()).copied();
        let first = first.unwrap_or_default();
        let left = steps.get(usize::try_from(first).unwrap_or_default()..);
        let at = |index: u32| StepPath::top(Section::Steps, first + index);
        self.list(course, left.unwrap_or_default(), at)
    }

    fn list(&mut self, course: &mut Course, steps: &[Step], at: impl Fn(u32) -> StepPath) -> Ending {
        for (index, step) in (0..).zip(steps) {
            let path = at(index);
            match self.step(course, step, &path) {
                Ending::Through => {}
                ending => return ending,
            }
        }
        Ending::Through
    }

    fn place(&self, path: &StepPath) -> Place {
        Place {
            run: self.run.input.run.id.clone(),
            lane: self.path.clone(),
            step: path.clone(),
        }
    }

    fn step(&mut self, course: &mut Course, step: &Step, path: &StepPath) -> Ending {
        let ended = self
            .attempt(course, step, path)
            .unwrap_or_else(|failure| Step1::Failed(json!({}), failure));
        let (result, ending) = match ended {
            Step1::Done(result) => (result, Ending::Through),
            Step1::Stopped(result) => (result, Ending::Stopped),
            Step1::Failed(outputs, failure) => {
                // Outputs of a failed step are used where the run goes on, and some of them may be too large to be kept.
                let cut = self.run.world.witness.cut(&self.place(path));
                let result = StepResult {
                    cut,
                    ..failed(outputs, &failure)
                };
                let step = name(step, path);
                (result, Ending::Failed { step, failure })
            }
            Step1::FailedInside { step, failure } => (failed(json!({}), &failure), Ending::Failed { step, failure }),
        };
        if let Some(id) = &step.id {
            self.view.results.insert(id.clone(), result.clone());
        }
        course.results.insert(self.place(path), result);
        match ending {
            Ending::Failed { .. } if step.continue_on_error => Ending::Through,
            ending => ending,
        }
    }

    fn attempt(&mut self, course: &mut Course, step: &Step, path: &StepPath) -> Outcome1 {
        self.view.has_all(step.expressions())?;
        let holds = step
            .condition
            .as_ref()
            .map(|condition| self.view.holds(condition))
            .transpose()?;
        if holds == Some(false) {
            return match &step.kind {
                StepKind::Block(BlockStep { otherwise, .. }) if !otherwise.is_empty() => {
                    Ok(self.inside(course, otherwise, path, 1))
                }
                _ => Ok(Step1::Done(plain(Outcome::Skipped))),
            };
        }
        match &step.kind {
            StepKind::Action(ActionStep { uses, with }) => self.action(course, path, uses, with),
            StepKind::Wait(wait) => self.wait(wait),
            StepKind::WaitFor(wait) => self.wait_for(course, path, wait),
            StepKind::Approval(approval) => self.approval(course, path, approval),
            StepKind::Set(set) => self.set(&set.variables),
            StepKind::Block(BlockStep { steps, .. }) => Ok(self.inside(course, steps, path, 0)),
            StepKind::Choose(ChooseStep { branches, default }) => {
                for (list, branch) in (0..).zip(branches) {
                    if self.view.holds(&branch.when)? {
                        return Ok(self.inside(course, &branch.steps, path, list));
                    }
                }
                let list = u32::try_from(branches.len()).unwrap_or(u32::MAX);
                Ok(self.inside(course, default, path, list))
            }
            StepKind::Parallel(ParallelStep { lanes, on_lane_failure }) => {
                let lanes = lanes
                    .iter()
                    .map(|lane| Opened {
                        steps: &lane.steps,
                        output: lane.output.as_ref(),
                        until: None,
                        number: Number::None,
                    })
                    .collect();
                Ok(self.lanes(course, step, path, lanes, *on_lane_failure))
            }
            StepKind::ForEach(ForEachStep {
                items,
                steps,
                output,
                on_lane_failure,
                ..
            }) => {
                let items = match self.view.value(items)? {
                    Value::Array(items) if items.len() <= limits::ITEMS => items,
                    Value::Null => Vec::new(),
                    _ => return Err(failure(ErrorName::InputInvalid)),
                };
                let lanes = items
                    .into_iter()
                    .map(|item| Opened {
                        steps,
                        output: output.as_ref(),
                        until: None,
                        number: Number::Item(item),
                    })
                    .collect();
                Ok(self.lanes(course, step, path, lanes, *on_lane_failure))
            }
            StepKind::Repeat(repeat) => Ok(self.rounds(course, step, path, repeat)),
            StepKind::Stop(StopStep { reason }) => {
                let reason = self.view.value(reason)?;
                Ok(Step1::Stopped(given(Outcome::Success, json!({"reason": reason}))))
            }
            StepKind::Fail(FailStep { message }) => {
                self.view.value(message)?;
                Err(failure(ErrorName::StepFailed))
            }
            StepKind::RunWorkflow(RunWorkflowStep { workflow, with }) => self.call(course, path, workflow, with),
        }
    }

    /// The steps of a block or a branch.
    fn inside(&mut self, course: &mut Course, steps: &[Step], path: &StepPath, list: u32) -> Step1 {
        match self.list(course, steps, |index| path.inside(list, index)) {
            Ending::Through => Step1::Done(plain(Outcome::Success)),
            Ending::Stopped => Step1::Stopped(plain(Outcome::Success)),
            Ending::Failed { step, failure } => Step1::FailedInside { step, failure },
        }
    }

    fn action(
        &self,
        course: &mut Course,
        path: &StepPath,
        action: &ActionSpec,
        with: &BTreeMap<String, Template>,
    ) -> Outcome1 {
        let mut input = Map::new();
        for (name, template) in with {
            let field = action.input(name);
            let only_decorates = field.is_some_and(Field::only_decorates);
            let value = match field.map(|field| &field.kind) {
                // A key that an expression gives null in is none.
                Some(FieldKind::Key { .. }) => self.view.key(template).map(|key| json!(key)),
                _ => self.view.value(template),
            };
            let value = match value {
                Err(_) if only_decorates => self.view.what_works(template).unwrap_or_default(),
                value => value?,
            };
            // Null counts as left out.
            if !value.is_null() {
                input.insert(name.clone(), value);
            }
        }
        let input = Value::Object(input);
        let admitted = action.admit(input, &[], INPUT_BYTES);
        let Ok(Admitted { input, .. }) = admitted else {
            return Err(failure(ErrorName::InputInvalid));
        };
        let place = self.place(path);
        course.inputs.insert(place.clone(), input.clone());
        let outputs = self.run.world.witness.action(&place, action, &input)?;
        let outputs = self.of_event(path, action, &input).unwrap_or(outputs);
        Ok(Step1::Done(given(Outcome::Success, outputs)))
    }

    /// What an action of the Events API gives. That is known before PagerDuty is asked, however often it is asked.
    fn of_event(&self, path: &StepPath, action: &ActionSpec, input: &Value) -> Option<Value> {
        let run = &self.run.input.run;
        match Action::parse(&action.name)? {
            Action::TriggerAlert if input["dedup_key"].is_null() => {
                let key = EffectKey::new(&run.id, run.depth, &self.path, path);
                Some(json!({"dedup_key": key.as_str()}))
            }
            Action::TriggerAlert | Action::AcknowledgeAlert | Action::ResolveAlert => {
                Some(json!({"dedup_key": input["dedup_key"]}))
            }
            Action::SendChangeEvent => Some(json!({"message": "Change event processed"})),
            _ => None,
        }
    }

    fn wait(&self, wait: &WaitStep) -> Outcome1 {
        if let WaitStep::Until(time) = wait {
            let time = self.view.value(time)?;
            let time: Option<Timestamp> = time.as_str().and_then(|text| text.parse().ok());
            let time = time.ok_or_else(|| failure(ErrorName::InputInvalid))?;
            let started_at = (self.run.world.started_at)(&self.run.input.run.id).unwrap_or(Timestamp::MIN);
            // A year after the start of the run is too far whenever the step is come to.
            if time.duration_since(started_at) > SignedDuration::from_hours(2 * 366 * 24) {
                return Err(failure(ErrorName::InputInvalid));
            }
        }
        Ok(Step1::Done(plain(Outcome::Success)))
    }

    /// A wait for something about an incident: how it ended is told by the record, which must be one of the ends that it can have.
    fn wait_for(&self, course: &mut Course, path: &StepPath, wait: &WaitForStep) -> Outcome1 {
        let incident = self.view.value(wait.incident())?;
        let watch = incident.as_str().map(|id| Watch::new(wait.integration.clone(), id));
        let Some(Ok(watch)) = watch else {
            return Err(failure(ErrorName::InputInvalid));
        };
        let place = self.place(path);
        if let Goal::Status(_) = wait.goal {
            let input = json!({ "integration": watch.integration, "incident_id": watch.incident() });
            course.inputs.insert(place.clone(), input);
        }
        let waited = self.run.world.witness.waited(&place)?;
        let by = waited.get("ended_by").and_then(Value::as_str).unwrap_or_default();
        let can_be = match (by, &wait.goal) {
            ("timeout", _) => wait.on_timeout == OnTimeout::Continue,
            ("status", Goal::Status(wanted)) => {
                let status = waited
                    .get("status")
                    .and_then(Value::as_str)
                    .and_then(IncidentStatus::parse);
                status.is_some_and(|status| wanted.contains(&status))
            }
            ("event", Goal::Event { types, when }) => {
                let event = waited.get("event").unwrap_or(&Value::Null);
                let is_of_type = event
                    .get("type")
                    .and_then(Value::as_str)
                    .is_some_and(|name| types.contains(name));
                is_of_type && when.as_ref().is_none_or(|when| self.view.holds_for(when, event))
            }
            _ => false,
        };
        match can_be {
            true => Ok(Step1::Done(given(Outcome::Success, waited))),
            false => Err(failure(ErrorName::StepFailed)),
        }
    }

    fn approval(&mut self, course: &mut Course, path: &StepPath, approval: &ApprovalStep) -> Outcome1 {
        let message = self.view.value(&approval.message)?;
        if message.as_str().is_none_or(|message| message.trim().is_empty()) {
            return Err(failure(ErrorName::InputInvalid));
        }
        self.view.approval = true;
        let messages = self.list(course, &approval.notify, |index| path.inside(0, index));
        self.view.approval = false;
        if let Ending::Failed { step, failure } = messages {
            return Ok(Step1::FailedInside { step, failure });
        }
        let place = self.place(path);
        let witness = self.run.world.witness;
        if let Some(decision) = witness.decision(&place) {
            return Ok(Step1::Done(given(Outcome::Success, decision.outputs())));
        }
        let Some(choice) = &approval.on_timeout else {
            return Err(failure(ErrorName::StepTimedOut));
        };
        let form = approval.form.iter();
        let form = form.map(|(name, field)| (name.to_string(), field.default.clone().unwrap_or_default()));
        let outputs = json!({
            "choice": choice, "by": null, "via": "timeout", "at": witness.timed_out_at(&place),
            "form": form.collect::<Map<String, Value>>(),
        });
        Ok(Step1::Done(given(Outcome::Success, outputs)))
    }

    fn set(&mut self, variables: &BTreeMap<VariableName, Template>) -> Outcome1 {
        let mut all = self.view.variables.clone();
        for (name, template) in variables {
            all.insert(name.clone(), self.view.value(template)?);
        }
        if size(&json!(all)) > VARIABLES_BYTES {
            return Err(failure(ErrorName::TemplateError));
        }
        self.view.variables = all;
        Ok(Step1::Done(plain(Outcome::Success)))
    }

    fn lanes(
        &self,
        course: &mut Course,
        step: &Step,
        path: &StepPath,
        lanes: Vec<Opened<'_>>,
        policy: OnLaneFailure,
    ) -> Step1 {
        let count = lanes.len();
        let place = self.place(path);
        let ends: Vec<_> = (0..)
            .zip(lanes)
            .map(|(index, opened)| Ok(self.lane(course, step, path, index, opened)?.output))
            .collect();
        let bad = ends.iter().filter(|end| end.is_err()).count();
        if policy == OnLaneFailure::Cancel && bad > 0 {
            course.chance.insert(place.clone());
            let recorded = self.run.world.witness.cancelled(&place);
            let outputs = recorded.map_or_else(|| json!({}), |result| result.outputs);
            return Step1::Failed(outputs, failure(ErrorName::LaneFailed));
        }
        let mut outputs = json!({
            "count": count,
            "succeeded": count - bad,
            "failed": bad,
            "cancelled": 0,
        });
        let cut = self.run.world.witness.cut(&place);
        if !cut.contains("lanes") {
            outputs["lanes"] = ends.iter().map(told).collect();
        }
        if bad > 0 && policy != OnLaneFailure::Ignore {
            return Step1::Failed(outputs, failure(ErrorName::LaneFailed));
        }
        let result = StepResult {
            cut,
            ..given(Outcome::Success, outputs)
        };
        Step1::Done(result)
    }

    fn rounds(&self, course: &mut Course, step: &Step, path: &StepPath, repeat: &RepeatStep) -> Step1 {
        let mut failed = 0;
        let mut output = Value::Null;
        for index in 0..repeat.at_most {
            let round = Opened {
                steps: &repeat.steps,
                output: repeat.output.as_ref(),
                until: repeat.until.as_ref(),
                number: Number::Round,
            };
            let told = |failed: u32, why: &str, output: Value| json!({"rounds": index + 1, "failed": failed, "ended_by": why, "output": output});
            match self.lane(course, step, path, index, round) {
                Ok(round) => {
                    if !round.output.is_null() {
                        output = round.output;
                    }
                    if round.until {
                        return Step1::Done(given(Outcome::Success, told(failed, "until", output)));
                    }
                }
                Err(_) if repeat.on_lane_failure == OnLaneFailure::Ignore => failed += 1,
                Err(_) => {
                    return Step1::Failed(told(failed + 1, "failure", output), failure(ErrorName::LaneFailed));
                }
            }
        }
        let outputs = json!({"rounds": repeat.at_most, "failed": failed, "ended_by": "at_most", "output": output});
        Step1::Done(given(Outcome::Success, outputs))
    }

    fn lane(
        &self,
        course: &mut Course,
        step: &Step,
        path: &StepPath,
        index: u32,
        opened: Opened<'_>,
    ) -> Result<LaneGives, Failure> {
        let list = step.lane_list(index).unwrap_or_default();
        let mut view = self.view.clone();
        match opened.number {
            Number::None => {}
            Number::Item(item) => {
                view.item = Some((item, index));
                view.round = None;
            }
            Number::Round => view.round = Some(index),
        }
        let item = view
            .item
            .as_ref()
            .map(|(value, index)| json!({"value": value, "index": index}));
        if size(&json!(item)) + size(&json!(view.variables)) > VARIABLES_BYTES {
            return Err(failure(ErrorName::TemplateError));
        }
        let mut lane = Lane::new(self.run, self.path.child(path.clone(), index), view);
        match lane.list(course, opened.steps, |index| path.inside(list, index)) {
            Ending::Stopped => Ok(LaneGives::default()),
            Ending::Failed { failure, .. } => Err(failure),
            Ending::Through => {
                let mut gives = LaneGives::default();
                if let Some(until) = opened.until {
                    lane.view.has_all(std::iter::once(until))?;
                    gives.until = lane.view.holds(until)?;
                }
                if let Some(output) = opened.output {
                    lane.view.has_all(output.expressions().into_iter())?;
                    gives.output = lane.view.value(output)?;
                }
                match size(&gives.output) > LANE_OUTPUT_BYTES {
                    true => Err(failure(ErrorName::StepOutputTooLarge)),
                    false => Ok(gives),
                }
            }
        }
    }

    fn call(
        &self,
        course: &mut Course,
        path: &StepPath,
        workflow: &WorkflowId,
        with: &BTreeMap<InputName, Template>,
    ) -> Outcome1 {
        let mut inputs = Map::new();
        for (name, template) in with {
            inputs.insert(name.to_string(), self.view.value(template)?);
        }
        if size(&Value::Object(inputs.clone())) > VARIABLES_BYTES {
            return Err(failure(ErrorName::InputInvalid));
        }
        let caller = self.run.input;
        let key = EffectKey::new(&caller.run.id, caller.run.depth, &self.path, path);
        let id = RunId::for_step(&key);
        let exists = self.run.world.library.keys().any(|(known, _)| known == workflow);
        let version = self.run.world.witness.version(&id).filter(|_| exists);
        let nesting = caller.called_by().map_or(0, |by| by.nesting);
        let Some(version) = version else {
            let name = match exists && nesting >= NESTING {
                true => ErrorName::RunLoopStopped,
                false => ErrorName::WorkflowNotFound,
            };
            return Err(failure(name));
        };
        if nesting >= NESTING {
            return Err(failure(ErrorName::RunLoopStopped));
        }
        let input = RunInput {
            run: RunIdentity {
                id: id.clone(),
                workflow: workflow.clone(),
                version,
                depth: caller.run.depth,
            },
            cause: RunCause::Called {
                by: CalledBy {
                    started_by: None,
                    run: caller.run.id.clone(),
                    lane: self.path.clone(),
                    step: path.clone(),
                    nesting: nesting + 1,
                    deadline: Timestamp::MAX,
                },
                event: caller.subject(),
            },
            inputs,
            part: None,
        };
        course.callers.insert(id.clone(), self.place(path));
        let outputs = json!({"run_id": id});
        match self.run.world.run(course, &input) {
            None => Ok(Step1::Done(given(Outcome::Success, outputs))),
            Some(_) => Ok(Step1::Failed(outputs, failure(ErrorName::RunFailed))),
        }
    }
}

/// A lane that is opened.
struct Opened<'s> {
    steps: &'s [Step],
    output: Option<&'s Template>,
    until: Option<&'s Expression>,
    number: Number,
}

/// What the number of a lane is.
enum Number {
    /// Nothing that its steps see.
    None,
    /// That of an item.
    Item(Value),
    /// That of a round.
    Round,
}

/// What a lane gives at its end.
#[derive(Default)]
struct LaneGives {
    until: bool,
    output: Value,
}

fn told(end: &Result<Value, Failure>) -> Value {
    match end {
        Ok(output) => json!({"outcome": "success", "output": output, "error": null}),
        Err(failure) => json!({
            "outcome": "failure",
            "output": null,
            "error": {"name": failure.name, "message": failure.message},
        }),
    }
}

fn failed(outputs: Value, failure: &Failure) -> StepResult {
    StepResult {
        error: Some(StepError {
            name: failure.name.clone(),
            message: failure.message.clone(),
        }),
        ..given(Outcome::Failure, outputs)
    }
}

/// What people call a step. Only whether there is one is compared.
fn name(step: &Step, path: &StepPath) -> String {
    match &step.id {
        Some(id) => format!("step `{id}`"),
        None => format!("step {path}"),
    }
}
