//! One Plan of a lane: from the answer to the last command through all steps that need no one else to the next command.

use super::{
    Answer, Attempts, Changes, Command, Cursor, EndedAttempt, EndedCall, Failure, Outcome, Pending, Plan, Situation,
    Standing, StepChange, StepError, StepRecord, StepResult, approval,
    lane::{Cancelled, cancelled},
    needs, start,
    window::{self, Place, Window},
};
use crate::{
    definition::Step,
    error_name::ErrorName,
    ids::{Section, StepPath},
    step_name::StepName,
    template::{Context, Expression, Template, TemplateError},
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The most that the variables of a lane, its item and its inputs may take together, in bytes of JSON. They travel with the cursor
/// through the state of the execution, which holds 256 KiB in all.
pub(crate) const VARIABLES_BYTES: usize = 32 * 1024;

/// The most that the outputs of a step may take, in bytes of JSON, for the same reason.
const OUTPUTS_BYTES: usize = 32 * 1024;

/// The number of events that the history of an execution may have by count of its commands before the lane is handed on. Step
/// Functions ends an execution at 25,000. The count knows nothing of what Step Functions tries again: the rest is room for some fifty
/// Plans that are each thrown back for an hour, at three events an attempt.
const FULL_HISTORY: u32 = 5_000;

/// A Plan that is being made.
pub(crate) struct Planner<'a> {
    pub(crate) situation: &'a Situation<'a>,
    pub(crate) context: Context,
    pub(crate) cursor: Cursor,
    pub(crate) changes: Changes,
    pub(crate) cancelled: Cancelled,
    window: Window,
    /// The outputs of steps that were too large to be kept, by the step's id.
    cut: BTreeMap<String, BTreeSet<String>>,
    obstacle: Option<Failure>,
    /// The call that has ended before this Plan, and its step.
    call: Option<(StepPath, EndedCall)>,
}

/// The outputs of a step, and the names of those that were too large to be kept.
pub(crate) struct Outputs {
    pub(crate) values: Value,
    pub(crate) cut: BTreeSet<String>,
}

impl Outputs {
    pub(crate) fn none() -> Self {
        Self::from(json!({}))
    }
}

impl From<Value> for Outputs {
    /// Leaves out the largest outputs until the rest is small enough to be handed on.
    fn from(values: Value) -> Self {
        let mut cut = BTreeSet::new();
        if json_size(&values) <= OUTPUTS_BYTES {
            return Self { values, cut };
        }
        let mut fields = match values {
            Value::Object(fields) => fields,
            other => Map::from_iter([("value".to_owned(), other)]),
        };
        while json_size(&fields) > OUTPUTS_BYTES {
            let largest = fields.iter().max_by_key(|(_, value)| json_size(value));
            let Some(name) = largest.map(|(name, _)| name.clone()) else {
                break;
            };
            fields.remove(&name);
            cut.insert(name);
        }
        Self {
            values: Value::Object(fields),
            cut,
        }
    }
}

/// The number of bytes that a value has as JSON.
pub(crate) fn json_size<T: serde::Serialize>(value: &T) -> usize {
    serde_json::to_string(value).map_or(usize::MAX, |text| text.len())
}

impl From<&Failure> for StepError {
    fn from(failure: &Failure) -> Self {
        Self {
            name: failure.name.clone(),
            message: failure.message.clone(),
        }
    }
}

impl EndedAttempt {
    /// One that did what it was to do.
    pub(crate) fn well(number: u32) -> Self {
        Self { number, error: None }
    }

    /// One that has just failed.
    pub(crate) fn failed(number: u32, failure: &Failure) -> Self {
        let error = Some(StepError::from(&failure.of_an_attempt()));
        Self { number, error }
    }
}

/// The last attempt of a step that has failed.
pub(crate) struct LastAttempt {
    /// The number, counted from 1.
    pub(crate) number: u32,
    /// Its end, unless that has been written before.
    ended: Option<EndedAttempt>,
}

impl LastAttempt {
    /// One that has just failed.
    pub(crate) fn failed(number: u32, failure: &Failure) -> Self {
        Self::from(EndedAttempt::failed(number, failure))
    }

    /// The one before an attempt that was not made.
    pub(crate) fn before(number: u32) -> Self {
        Self {
            number: number.saturating_sub(1),
            ended: None,
        }
    }

    /// The part of it that is still to be written.
    pub(crate) fn ended(self) -> Option<EndedAttempt> {
        self.ended
    }
}

impl From<EndedAttempt> for LastAttempt {
    fn from(ended: EndedAttempt) -> Self {
        Self {
            number: ended.number,
            ended: Some(ended),
        }
    }
}

impl<'a> Planner<'a> {
    pub(crate) fn new(situation: &'a Situation<'a>) -> Self {
        let mut obstacle = None;
        let cursor = match situation.standing {
            Standing::BeginsRun => {
                let mut cursor = start::of_run(situation);
                obstacle = start::obstacle(situation, &mut cursor);
                cursor
            }
            Standing::BeginsLane(opener) => start::of_lane(situation, opener),
            Standing::GoesOn(cursor) => cursor.clone(),
            Standing::TakesOver(cursor) => {
                let mut cursor = cursor.clone();
                cursor.events = 0;
                cursor.pending = match cursor.pending {
                    Some(Pending::Handoff { resume, .. }) => resume.map(|resume| *resume),
                    pending => pending,
                };
                cursor
            }
        };
        let run = &situation.input.run;
        let shown_run = json!({
            "id": run.id,
            "workflow": run.workflow,
            "version": run.version,
            "started_at": cursor.started_at,
        });
        let inputs = Value::Object(cursor.inputs.clone());
        let mut context = Context::new(situation.event.clone(), shown_run, inputs, situation.now)
            .with_declared(&situation.definition.inputs);
        for (name, value) in &cursor.variables {
            context.set_variable(name.as_str(), value.clone());
        }
        if let Some(asking) = &cursor.asking {
            context.set_approval(approval::shown(asking.until));
        }
        show_item(&cursor, &mut context);
        if let Some(failed) = &cursor.failed {
            context.set_failure(json!({
                "step": failed.step,
                "name": failed.failure.name,
                "message": failed.failure.message,
            }));
        }
        let mut planner = Self {
            situation,
            window: needs::outlook(situation.definition, &cursor),
            context,
            cancelled: cancelled(&situation.known.cancelled, &cursor.lane),
            cursor,
            changes: Changes::default(),
            cut: BTreeMap::new(),
            obstacle,
            call: None,
        };
        planner.show_known_results();
        if let Standing::BeginsLane(opener) = situation.standing {
            planner.find_item(opener);
        }
        planner
    }

    /// A step that a lane has not come to counts as skipped.
    fn show_known_results(&mut self) {
        let situation = self.situation;
        let mut referred = self.window.referred.clone();
        if let Standing::BeginsLane(opener) = situation.standing {
            referred.extend(needs::of_items(situation.definition, &self.cursor.lane, opener));
        }
        for (id, path) in referred {
            let lane = situation.definition.lane_of(&path, &self.cursor.lane);
            let skipped = StepResult {
                outcome: Outcome::Skipped,
                outputs: json!({}),
                error: None,
                cut: BTreeSet::new(),
            };
            let result = situation.known.results.get(&(lane, path)).unwrap_or(&skipped);
            self.show(id.as_str(), result);
        }
    }

    fn find_item(&mut self, opener: &Cursor) {
        match start::item(self.situation, opener, &self.cursor.lane, &self.context) {
            Ok(item) => {
                self.cursor.round = start::round(self.situation.definition, opener, &self.cursor.lane);
                self.cursor.item = item;
                show_item(&self.cursor, &mut self.context);
            }
            Err(failure) => self.obstacle = Some(failure),
        }
    }

    pub(crate) fn finish(mut self, command: Command) -> Plan {
        let command = match command {
            Command::Wait { until } => self.await_slice(until),
            command => command,
        };
        self.note_end_of_wait();
        self.cursor.events = self.cursor.events.saturating_add(command.events());
        Plan {
            cursor: self.cursor.advanced(),
            command,
            changes: Some(self.changes),
        }
    }

    /// Takes in the answer to the last command and goes on.
    pub(crate) fn take_up(&mut self) -> Command {
        let obstacle = self.obstacle.take();
        match self.situation.standing {
            Standing::BeginsRun => return self.begin_run(obstacle),
            Standing::BeginsLane(_) => return self.begin_lane(obstacle),
            Standing::TakesOver(_) | Standing::GoesOn(_) => {}
        }
        if let Some(command) = self.wait_on() {
            return command;
        }
        match self.cursor.pending.take() {
            None | Some(Pending::Handoff { .. }) => self.go_on(),
            Some(Pending::Wait { step, until }) => {
                let next = self.waited(&step, until);
                self.then(next)
            }
            Some(Pending::Approval { step, until }) => {
                let next = self.decision_or_end(&step, until);
                self.then(next)
            }
            Some(Pending::Watch { step, .. }) => {
                let next = self.watched(&step);
                self.then(next)
            }
            Some(Pending::Lock { .. }) => self.take_turn(),
            Some(Pending::Backoff { attempts, until }) => {
                if self.is_full() {
                    return self.hand_off(Some(Pending::Backoff { attempts, until }));
                }
                let next = self.attempt_again(attempts);
                self.then(next)
            }
            Some(Pending::Action(attempts)) => {
                let next = self.answered(attempts);
                self.then(next)
            }
            Some(Pending::Fork(fork)) => self.join(*fork),
        }
    }

    /// The command, or the one that the lane comes to when it goes on.
    pub(crate) fn then(&mut self, command: Option<Command>) -> Command {
        match command {
            Some(command) => command,
            None => self.go_on(),
        }
    }

    /// True if the history of the execution is long enough for it to hand the lane on.
    pub(crate) fn is_full(&self) -> bool {
        if sabotage::breaks(sabotage::Break::NeverHandOn) {
            return false;
        }
        self.cursor.events >= FULL_HISTORY
    }

    /// Runs on through the steps that need no one else.
    pub(crate) fn go_on(&mut self) -> Command {
        loop {
            if self.cancelled != Cancelled::No {
                return self.end_cancelled();
            }
            if let Some(command) = self.keep() {
                return command;
            }
            let place = match &self.cursor.next {
                Some(path) => Place::Step(path.clone()),
                None => Place::End,
            };
            // What the lane comes to has not been read for.
            if !self.window.places.contains(&place) {
                return Command::Continue;
            }
            let Place::Step(path) = place else {
                return self.lane_done();
            };
            let next = if self.situation.now >= self.cursor.deadline {
                self.out_of_time()
            } else if self.is_full() {
                Some(self.hand_off(None))
            } else {
                self.run_step(&path)
            };
            if let Some(command) = next {
                return command;
            }
        }
    }

    /// Does a step, or returns the command that does it or ends the lane.
    fn run_step(&mut self, path: &StepPath) -> Option<Command> {
        let Some(step) = self.situation.definition.step(path) else {
            return Some(self.lost(path));
        };
        let behaviour = step.kind.behaviour();
        if self.is_asking(path) {
            return behaviour.begin(step, path, self);
        }
        if let Some(failure) = self.lost_part(step.expressions()) {
            return self.step_failed(path, None, Outputs::none(), failure);
        }
        match step.condition.as_ref().map(|condition| condition.holds(&self.context)) {
            Some(Err(error)) => return self.step_failed(path, None, Outputs::none(), template_failure(&error)),
            Some(Ok(false)) => {
                match behaviour.otherwise() {
                    Some(list) => self.enter(path, list),
                    None => self.step_done(path, Outcome::Skipped, Outputs::none(), None),
                }
                return None;
            }
            Some(Ok(true)) | None => {}
        }
        behaviour.begin(step, path, self)
    }

    /// The value of a template.
    pub(crate) fn evaluate(&self, template: &Template) -> Result<Value, Failure> {
        template
            .evaluate(&self.context)
            .map_err(|error| template_failure(&error))
    }

    /// Goes into a list of steps of a step.
    pub(crate) fn enter(&mut self, path: &StepPath, list: u32) {
        self.record(path, StepChange::Entered { lanes: None, run: None });
        self.cursor.next = Some(path.inside(list, 0));
    }

    fn answered(&mut self, attempts: Attempts) -> Option<Command> {
        let call = EndedCall {
            attempt: attempts.attempt,
            looks: attempts.job.as_ref().map_or(0, |job| job.looks),
            requests: self.situation.requests.clone(),
        };
        self.call = Some((attempts.step.clone(), call));
        // An execution that takes a lane over has no answer: the one before it may have got it, and may not.
        if matches!(self.situation.standing, Standing::TakesOver(_))
            && sabotage::breaks(sabotage::Break::TakeOverAsDone)
        {
            self.step_done(
                &attempts.step,
                Outcome::Success,
                Outputs::none(),
                Some(EndedAttempt::well(attempts.attempt)),
            );
            return None;
        }
        let answer = match self.situation.standing {
            Standing::TakesOver(_) => None,
            _ => self.situation.answer,
        };
        match answer {
            Some(Answer::Pending { look, after_seconds }) => self.not_yet(attempts, look, *after_seconds),
            Some(Answer::Success(incident)) if attempts.step.section() == Section::OnlyWhile => {
                self.looked(&attempts, incident)
            }
            Some(Answer::Success(incident)) if self.is_watching(&attempts.step) => self.looked_at(&attempts, incident),
            Some(Answer::Success(outputs)) => {
                self.cursor.fresh.take_in(outputs, self.situation.now);
                self.step_succeeded(&attempts, Outputs::from(outputs.clone()));
                None
            }
            Some(Answer::Failure(failure)) => self.attempt_failed(attempts, failure.clone()),
            None => self.attempt_failed(attempts, Failure::no_answer()),
        }
    }

    /// Notes that the action of a step has done its work, and goes on to what follows.
    pub(crate) fn step_succeeded(&mut self, attempts: &Attempts, outputs: Outputs) {
        let attempt = Some(EndedAttempt::well(attempts.attempt));
        self.step_done(&attempts.step, Outcome::Success, outputs, attempt);
    }

    /// Notes that a step has ended well, and goes on to what follows.
    pub(crate) fn step_done(
        &mut self,
        path: &StepPath,
        outcome: Outcome,
        outputs: Outputs,
        attempt: Option<EndedAttempt>,
    ) {
        self.finished(path, outcome, outputs, None, attempt);
        self.go_past(path);
    }

    /// Goes on to what follows a step that has ended. The blocks whose last step it was end with it.
    pub(crate) fn go_past(&mut self, path: &StepPath) {
        let way = window::after(self.situation.definition, &self.cursor.lane, path);
        for block in way.left {
            self.finished(&block, Outcome::Success, Outputs::none(), None, None);
        }
        self.cursor.next = match way.to {
            Place::Step(path) => Some(path),
            Place::End => None,
        };
    }

    /// Notes how a step ended.
    pub(crate) fn finished(
        &mut self,
        path: &StepPath,
        outcome: Outcome,
        outputs: Outputs,
        failure: Option<&Failure>,
        attempt: Option<EndedAttempt>,
    ) {
        let result = StepResult {
            outcome,
            outputs: outputs.values,
            error: failure.map(StepError::from),
            cut: outputs.cut,
        };
        if self.is_asking(path) {
            self.give_approval_up();
        }
        if self.is_watching(path) {
            self.stop_watching();
        }
        // The look is no step of the author's, who may have given its id to one.
        let step = self.situation.definition.step(path);
        let step = step.filter(|_| path.section() != Section::OnlyWhile);
        if let Some(id) = step.and_then(|step| step.id.clone()) {
            self.show(id.as_str(), &result);
        }
        self.record(path, StepChange::Finished { result, attempt });
    }

    fn show(&mut self, id: &str, result: &StepResult) {
        self.context.set_step(id, json!(result));
        self.cut.insert(id.to_owned(), result.cut.clone());
    }

    /// That expressions refer to an output which was too large to be kept.
    pub(crate) fn lost_part<'e>(&self, expressions: impl Iterator<Item = &'e Expression>) -> Option<Failure> {
        for reference in expressions.flat_map(Expression::references) {
            let parts = reference.parts();
            let ["steps", id, rest @ ..] = parts.as_slice() else {
                continue;
            };
            let cut = self.cut.get(*id).filter(|cut| !cut.is_empty());
            let Some(cut) = cut else { continue };
            let is_lost = match rest {
                ["outputs", field, ..] => cut.contains(*field),
                [] | ["outputs"] => true,
                _ => false,
            };
            if is_lost {
                let names: Vec<&str> = cut.iter().map(String::as_str).collect();
                return Some(Failure::new(
                    ErrorName::StepOutputTooLarge,
                    format!(
                        "`{reference}` cannot be used: of the outputs of the step `{id}`, {} took too many bytes to be kept; \
                         docs/workflows.md has the limits",
                        names.join(", ")
                    ),
                ));
            }
        }
        None
    }

    /// The definition has no step where the cursor stands: this release reads the stored version otherwise than the one
    /// that began the run.
    pub(crate) fn lost(&mut self, path: &StepPath) -> Command {
        self.end_failed(Failure::new(
            ErrorName::WorkflowInvalid,
            format!(
                "the version of the workflow that the run is pinned to has no {}; start the run again",
                StepName::by_numbers(path).in_words()
            ),
        ))
    }

    pub(crate) fn record(&mut self, path: &StepPath, change: StepChange) {
        let Some(step) = self.situation.definition.step(path) else {
            return;
        };
        let call = self.call.as_ref().filter(|(step, _)| step == path);
        let record = StepRecord {
            id: step.id.clone(),
            title: Step::title(step),
            at: self.situation.now,
            change,
            call: call.map(|(_, call)| call.clone()),
        };
        self.changes.steps.insert(path.clone(), record);
    }
}

/// Shows the item of a lane, and the number of its item or its round, whichever is further in.
fn show_item(cursor: &Cursor, context: &mut Context) {
    if let Some(item) = &cursor.item {
        context.set_item(item.value.clone(), item.index);
    }
    if let Some(round) = cursor.round {
        context.set_index(round);
    }
}

pub(crate) fn template_failure(error: &TemplateError) -> Failure {
    Failure::new(ErrorName::TemplateError, error.to_string())
}
