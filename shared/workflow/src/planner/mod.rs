//! What a run does next: a pure function of the definition, the cursor, the answer to the last command and the results
//! so far.
//!
//! # How a lane moves
//! [`plan`] takes in the answer to the last command, then runs on through all steps that need nobody else (conditions,
//! variables) until it comes to one that does, and returns the [`Command`] for it together with what is to be written
//! into the journal. What it returns depends on what it is given alone: time is passed in, and where chance would
//! be wanted (jitter) a hash of the effect key stands in for it. So a Plan that is repeated gives the same command.
//!
//! # Repeats
//! A step that calls an action has attempts. All of them carry the same effect key. What follows a failed attempt is
//! decided in `retry` from the failure's class and from what a repeat of the action would do.

mod command;
mod cursor;
mod failure;
mod retry;
mod window;

pub use command::Command;
pub use cursor::{Cursor, Pending};
pub use failure::{Answer, Failure};

use crate::{
    action::Action,
    definition::{Definition, Step, StepKind, limits},
    error_name::ErrorName,
    ids::{EffectKey, StepId, StepPath},
    run::RunIdentity,
    template::{Context, Template, TemplateError},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The most that the variables of a lane may take, in bytes of JSON. They travel with the cursor through the state of
/// the execution, which holds 256 KiB in all.
const VARIABLES_BYTES: usize = 32 * 1024;

/// The most that the input of an action may take, in bytes of JSON, for the same reason.
const INPUT_BYTES: usize = 48 * 1024;

/// How many runs may follow from each other, each started by an incident that the one before it made. A workflow that
/// starts itself would otherwise page people for ever.
const DEPTH: u32 = 5;

/// All that the planner decides from.
#[derive(Debug)]
pub struct Situation<'a> {
    /// The version of the workflow that the run is pinned to.
    pub definition: &'a Definition,
    /// The run.
    pub run: &'a RunIdentity,
    /// When the run's execution was started.
    pub started_at: Timestamp,
    /// The event, as expressions see it.
    pub event: &'a Value,
    /// Where the lane stands; none before its first Plan.
    pub cursor: Option<&'a Cursor>,
    /// The answer to the last command, if that was an action.
    pub answer: Option<&'a Answer>,
    /// The results that [`results_needed`] asked for, as far as there are any.
    pub results: &'a BTreeMap<StepPath, StepResult>,
    /// The time.
    pub now: Timestamp,
}

/// What the planner decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Where the lane stands now.
    pub cursor: Cursor,
    /// What to do next.
    pub command: Command,
    /// What is to be written of steps: one change for each step.
    pub steps: BTreeMap<StepPath, StepRecord>,
    /// How the run ended, if it did.
    pub end: Option<RunEnd>,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It did what it was to do.
    Success,
    /// It could not.
    Failure,
    /// Its condition did not hold.
    Skipped,
}

/// The result of a step, as expressions see it under `steps.<id>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepResult {
    /// How it ended.
    pub outcome: Outcome,
    /// What it gave.
    pub outputs: Value,
}

/// A change of a step, to be written into the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRecord {
    /// The step's id, if it has one.
    pub id: Option<StepId>,
    /// What it does, in a word or two.
    pub title: String,
    /// When this happened.
    pub at: Timestamp,
    /// What happened.
    pub change: StepChange,
}

/// What happened to a step.
#[derive(Debug, Clone, PartialEq)]
pub enum StepChange {
    /// It waits.
    Waiting {
        /// Until when.
        until: Timestamp,
    },
    /// An attempt of its action is about to be made.
    AttemptStarted {
        /// Which attempt, counted from 1.
        number: u32,
        /// The rendered input.
        input: Value,
        /// The effect key.
        effect_key: EffectKey,
    },
    /// An attempt failed, and another will follow.
    AttemptFailed {
        /// Which attempt.
        number: u32,
        /// Why.
        failure: Failure,
        /// When the next one is made.
        retry_at: Timestamp,
    },
    /// It ended.
    Finished {
        /// Its result.
        result: StepResult,
        /// Why it failed, if it did.
        failure: Option<Failure>,
        /// The last attempt, if it came to one.
        attempt: Option<u32>,
    },
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunEnd {
    /// All steps were done or skipped.
    Succeeded,
    /// A step failed, or the run could not go on.
    Failed(Failure),
}

/// The results that a Plan at this cursor may refer to. They are read before [`plan`] is called.
#[must_use]
pub fn results_needed(definition: &Definition, cursor: Option<&Cursor>) -> BTreeSet<StepPath> {
    let from = match cursor {
        None => Some(StepPath::top(0)),
        Some(cursor) => match &cursor.pending {
            None => cursor.next.clone(),
            // A retry renders its own input again; a step that is done is followed by the next.
            Some(Pending::Backoff { step, .. }) => Some(step.clone()),
            Some(Pending::Wait { step } | Pending::Action { step, .. }) => definition.following(step),
        },
    };
    from.map(|from| window::from(definition, &from).results)
        .unwrap_or_default()
}

/// Decides what comes next.
#[must_use]
pub fn plan(situation: &Situation<'_>) -> Plan {
    if situation.cursor.is_none() && situation.run.depth >= DEPTH {
        let message = format!(
            "{DEPTH} runs have led to each other, so this one does nothing: the workflow {} starts itself through the \
             incidents that it makes; keep them out with a condition in `on.pagerduty.when`, for example on the service",
            situation.run.workflow
        );
        return fail(
            None,
            situation.started_at,
            Failure::new(ErrorName::RunLoopStopped, message),
        );
    }
    let cursor = match situation.cursor {
        Some(cursor) => cursor.clone(),
        None => Cursor::start(deadline(situation), StepPath::top(0)),
    };
    let mut planner = Planner::new(situation, cursor);
    let command = planner.take_up();
    planner.finish(command)
}

/// Ends a run that cannot go on for a reason that no step has, such as an event that cannot be read.
#[must_use]
pub fn fail(cursor: Option<&Cursor>, started_at: Timestamp, failure: Failure) -> Plan {
    let cursor = cursor
        .cloned()
        .unwrap_or_else(|| Cursor::start(started_at, StepPath::top(0)));
    let command = Command::Fail {
        error: failure.name.clone(),
        cause: failure.message.clone(),
    };
    Plan {
        cursor: cursor.advanced(),
        command,
        steps: BTreeMap::new(),
        end: Some(RunEnd::Failed(failure)),
    }
}

fn deadline(situation: &Situation<'_>) -> Timestamp {
    let timeout = match situation.definition.timeout {
        Some(timeout) => timeout.duration(),
        None => SignedDuration::from_secs(limits::DEFAULT_TIMEOUT_SECONDS),
    };
    later(situation.started_at, timeout)
}

/// A time so much later; the end of time if there is none.
fn later(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}

struct Planner<'a> {
    situation: &'a Situation<'a>,
    context: Context,
    cursor: Cursor,
    steps: BTreeMap<StepPath, StepRecord>,
    end: Option<RunEnd>,
}

impl<'a> Planner<'a> {
    fn new(situation: &'a Situation<'a>, cursor: Cursor) -> Self {
        let run = json!({
            "id": situation.run.id,
            "workflow": situation.run.workflow,
            "version": situation.run.version,
            "started_at": situation.started_at,
        });
        let mut context = Context::new(situation.event.clone(), run);
        for (name, value) in &cursor.variables {
            context.set_variable(name.as_str(), value.clone());
        }
        let mut planner = Self {
            situation,
            context,
            cursor,
            steps: BTreeMap::new(),
            end: None,
        };
        for (path, result) in situation.results {
            planner.show_result(path, result);
        }
        planner
    }

    fn finish(self, command: Command) -> Plan {
        Plan {
            cursor: self.cursor.advanced(),
            command,
            steps: self.steps,
            end: self.end,
        }
    }

    /// Takes in the answer to the last command and goes on.
    fn take_up(&mut self) -> Command {
        match self.cursor.pending.take() {
            None => self.go_on(),
            // That Step Functions came back is what ends a wait; this clock may be behind the one that woke it.
            Some(Pending::Wait { step }) => {
                self.step_done(&step, Outcome::Success, json!({}), None);
                self.go_on()
            }
            Some(Pending::Backoff {
                step,
                attempt,
                rate_limited,
            }) => {
                let Some((action, with)) = self.action_at(&step) else {
                    return self.lost(&step);
                };
                self.attempt(&step, action, &with, attempt, rate_limited)
            }
            Some(Pending::Action {
                step,
                attempt,
                rate_limited,
            }) => match self.situation.answer {
                Some(Answer::Success(outputs)) => {
                    self.step_done(&step, Outcome::Success, outputs.clone(), Some(attempt));
                    self.go_on()
                }
                Some(Answer::Failure(failure)) => self.attempt_failed(&step, attempt, rate_limited, failure.clone()),
                None => self.attempt_failed(&step, attempt, rate_limited, Failure::no_answer()),
            },
        }
    }

    /// Runs on through the steps that need nobody else.
    fn go_on(&mut self) -> Command {
        let Some(from) = self.cursor.next.clone() else {
            return self.succeed();
        };
        if self.situation.now >= self.cursor.deadline {
            return self.end_run(Failure::new(
                ErrorName::RunDeadlineExceeded,
                format!(
                    "the run's deadline, {}, passed before its last step; give the workflow a longer `timeout`",
                    self.cursor.deadline
                ),
            ));
        }
        for path in window::from(self.situation.definition, &from).steps {
            let Some(step) = self.situation.definition.step(&path) else {
                return self.lost(&path);
            };
            if let Some(command) = self.run_step(&path, step) {
                return command;
            }
        }
        match self.cursor.next {
            Some(_) => Command::Continue,
            None => self.succeed(),
        }
    }

    /// Does a step, or returns the command that does it or ends the run.
    fn run_step(&mut self, path: &StepPath, step: &Step) -> Option<Command> {
        match step.condition.as_ref().map(|condition| condition.holds(&self.context)) {
            Some(Err(error)) => return Some(self.step_failed(path, None, template_failure(&error))),
            Some(Ok(false)) => {
                self.step_done(path, Outcome::Skipped, json!({}), None);
                return None;
            }
            Some(Ok(true)) | None => {}
        }
        match &step.kind {
            StepKind::Set(variables) => {
                for (name, template) in variables {
                    match template.evaluate(&self.context) {
                        Ok(value) => self.cursor.variables.insert(name.clone(), value),
                        Err(error) => return Some(self.step_failed(path, None, template_failure(&error))),
                    };
                }
                // Only now: the variables of one step do not see each other.
                for name in variables.keys() {
                    let value = self.cursor.variables.get(name).cloned().unwrap_or_default();
                    self.context.set_variable(name.as_str(), value);
                }
                if json!(self.cursor.variables).to_string().len() > VARIABLES_BYTES {
                    let message = format!(
                        "the variables have more than {VARIABLES_BYTES} bytes together; keep large values in the outputs of steps"
                    );
                    return Some(self.step_failed(path, None, Failure::new(ErrorName::TemplateError, message)));
                }
                self.step_done(path, Outcome::Success, json!({}), None);
                None
            }
            StepKind::Wait(length) => {
                let until = later(self.situation.now, length.duration()).min(self.cursor.deadline);
                self.record(path, StepChange::Waiting { until });
                self.cursor.pending = Some(Pending::Wait { step: path.clone() });
                Some(Command::Wait { until })
            }
            StepKind::Action { uses, with } => Some(self.attempt(path, *uses, &with.clone(), 1, 0)),
        }
    }

    /// Makes an attempt of an action.
    fn attempt(
        &mut self,
        path: &StepPath,
        action: Action,
        with: &BTreeMap<String, Template>,
        attempt: u32,
        rate_limited: u32,
    ) -> Command {
        let spec = action.spec();
        let input = match self.render(with) {
            Ok(input) => Value::Object(input),
            Err(error) => return self.step_failed(path, None, template_failure(&error)),
        };
        if input.to_string().len() > INPUT_BYTES {
            let message = format!(
                "the rendered input has more than {INPUT_BYTES} bytes; shorten its texts, for example with `[:1000]`"
            );
            return self.step_failed(path, None, Failure::new(ErrorName::InputInvalid, message));
        }
        if let Err(problems) = spec.check_input(&input, &[]) {
            let failure = Failure::new(ErrorName::InputInvalid, problems.join("; "));
            return self.step_failed(path, None, failure);
        }
        let effect_key = self.effect_key(path);
        let deadline = later(
            self.situation.now,
            SignedDuration::from_secs(spec.timeout_seconds.into()),
        );
        let command = Command::Action {
            action,
            input: with_call_fields(&input, &effect_key, attempt, deadline.min(self.cursor.deadline)),
            timeout_seconds: spec.timeout_seconds,
        };
        self.record(
            path,
            StepChange::AttemptStarted {
                number: attempt,
                input,
                effect_key,
            },
        );
        self.cursor.pending = Some(Pending::Action {
            step: path.clone(),
            attempt,
            rate_limited,
        });
        command
    }

    fn render(&self, with: &BTreeMap<String, Template>) -> Result<Map<String, Value>, TemplateError> {
        with.iter()
            .map(|(name, template)| Ok((name.clone(), template.evaluate(&self.context)?)))
            .collect()
    }

    fn attempt_failed(&mut self, path: &StepPath, attempt: u32, rate_limited: u32, failure: Failure) -> Command {
        let Some((action, _)) = self.action_at(path) else {
            return self.lost(path);
        };
        let effect_key = self.effect_key(path);
        let decision = retry::after(&retry::Attempt {
            repeat: action.spec().repeat,
            failure: &failure,
            number: attempt,
            rate_limited,
            effect_key: &effect_key,
        });
        let retry_at = decision.wait.map(|wait| later(self.situation.now, wait));
        match retry_at {
            Some(retry_at) if retry_at < self.cursor.deadline => {
                self.record(
                    path,
                    StepChange::AttemptFailed {
                        number: attempt,
                        failure,
                        retry_at,
                    },
                );
                self.cursor.pending = Some(Pending::Backoff {
                    step: path.clone(),
                    attempt: attempt.saturating_add(1),
                    rate_limited: decision.rate_limited,
                });
                Command::Wait { until: retry_at }
            }
            Some(_) => self.step_failed(
                path,
                Some(attempt),
                failure.with_advice("the run's deadline leaves no time for another attempt"),
            ),
            None => {
                let advice = retry::advice(action.spec().repeat, &failure);
                self.step_failed(
                    path,
                    Some(attempt),
                    match advice {
                        Some(advice) => failure.with_advice(advice),
                        None => failure,
                    },
                )
            }
        }
    }

    fn step_done(&mut self, path: &StepPath, outcome: Outcome, outputs: Value, attempt: Option<u32>) {
        let result = StepResult { outcome, outputs };
        self.show_result(path, &result);
        self.record(
            path,
            StepChange::Finished {
                result,
                failure: None,
                attempt,
            },
        );
        self.cursor.next = self.situation.definition.following(path);
    }

    fn step_failed(&mut self, path: &StepPath, attempt: Option<u32>, failure: Failure) -> Command {
        let result = StepResult {
            outcome: Outcome::Failure,
            outputs: json!({}),
        };
        self.record(
            path,
            StepChange::Finished {
                result,
                failure: Some(failure.clone()),
                attempt,
            },
        );
        let step = self.situation.definition.step(path);
        let title = step.map(Step::title).unwrap_or_default();
        let name = match step.and_then(|step| step.id.as_ref()) {
            Some(id) => format!("step `{id}` ({title})"),
            None => format!("step {} ({title})", path.indices().first().map_or(0, |index| index + 1)),
        };
        let attempts = match attempt {
            Some(number) if number > 1 => format!(" failed after {number} attempts"),
            _ => " failed".to_owned(),
        };
        let message = format!("{name}{attempts}: {}", failure.message);
        self.end_run(Failure { message, ..failure })
    }

    fn end_run(&mut self, failure: Failure) -> Command {
        let command = Command::Fail {
            error: failure.name.clone(),
            cause: failure.message.clone(),
        };
        self.end = Some(RunEnd::Failed(failure));
        command
    }

    fn succeed(&mut self) -> Command {
        self.end = Some(RunEnd::Succeeded);
        Command::Succeed {
            output: json!({ "run": self.situation.run.id, "outcome": Outcome::Success }),
        }
    }

    /// The definition has no step where the cursor stands: this release reads the stored version otherwise than the one
    /// that began the run.
    fn lost(&mut self, path: &StepPath) -> Command {
        self.end_run(Failure::new(
            ErrorName::WorkflowInvalid,
            format!("the version of the workflow that the run is pinned to has no step at {path}; start the run again"),
        ))
    }

    fn action_at(&self, path: &StepPath) -> Option<(Action, BTreeMap<String, Template>)> {
        match &self.situation.definition.step(path)?.kind {
            StepKind::Action { uses, with } => Some((*uses, with.clone())),
            StepKind::Wait(_) | StepKind::Set(_) => None,
        }
    }

    fn effect_key(&self, path: &StepPath) -> EffectKey {
        EffectKey::new(
            &self.situation.run.id,
            self.situation.run.depth,
            &self.cursor.lane,
            path,
        )
    }

    fn show_result(&mut self, path: &StepPath, result: &StepResult) {
        if let Some(id) = self.situation.definition.step(path).and_then(|step| step.id.as_ref()) {
            self.context.set_step(id.as_str(), json!(result));
        }
    }

    fn record(&mut self, path: &StepPath, change: StepChange) {
        let Some(step) = self.situation.definition.step(path) else {
            return;
        };
        let record = StepRecord {
            id: step.id.clone(),
            title: step.title(),
            at: self.situation.now,
            change,
        };
        self.steps.insert(path.clone(), record);
    }
}

fn template_failure(error: &TemplateError) -> Failure {
    Failure::new(ErrorName::TemplateError, error.to_string())
}

/// Adds to an input what an action is told by the run and not by the workflow's author.
fn with_call_fields(input: &Value, effect_key: &EffectKey, attempt: u32, deadline: Timestamp) -> Value {
    let mut input = input.clone();
    if let Some(fields) = input.as_object_mut() {
        fields.insert("idempotency_key".into(), effect_key.as_str().into());
        fields.insert("attempt".into(), attempt.into());
        fields.insert("deadline".into(), deadline.to_string().into());
    }
    input
}

#[cfg(test)]
mod tests;
