//! Attempts of a step's action.

use super::{
    Attempts, Command, Failure, Marker, Pending, StepChange,
    going::{LastAttempt, Outputs, Planner, template_failure},
    lane::Cancelled,
    later, only_while, retry, watching,
};
use crate::{
    action::{ActionSpec, Adjustment, Admitted, LOOK, OnNull},
    definition::{Definition, Length, Retry},
    error_name::ErrorName,
    ids::{EffectKey, StepPath},
    run::Caller,
    template::{Context, Template, TemplateError},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

/// The most that the input of an action may take, in bytes of JSON: it travels through the state of the execution, which
/// holds 256 KiB in all.
pub const INPUT_BYTES: usize = 48 * 1024;

impl Planner<'_> {
    /// Makes the first attempt of a step's action.
    pub(crate) fn first_attempt(&mut self, path: &StepPath, timeout: Option<Length>) -> Option<Command> {
        let deadline = match timeout {
            Some(timeout) => later(self.situation.now, timeout.duration()).min(self.cursor.deadline),
            None => self.cursor.deadline,
        };
        self.attempt(Attempts {
            step: path.clone(),
            attempt: 1,
            rate_limited: 0,
            unseen: 0,
            fresh_until: None,
            deadline,
            intended_at: self.situation.now,
            job: None,
        })
    }

    /// Makes the attempt, or the look, that was put off, unless there is no time for it any more.
    pub(super) fn attempt_again(&mut self, mut attempts: Attempts) -> Option<Command> {
        if let Some(job) = attempts.job.take() {
            return self.look_again_at_job(attempts, job);
        }
        let before = Some(LastAttempt::before(attempts.attempt));
        if self.cancelled != Cancelled::No {
            return Some(self.cancel_step(&attempts.step, before));
        }
        if self.situation.now >= attempts.deadline {
            let failure = Failure::new(
                ErrorName::StepTimedOut,
                format!(
                    "the step's time was over at {}, before its next attempt",
                    attempts.deadline
                ),
            );
            return self.step_failed(&attempts.step, before, Outputs::none(), failure);
        }
        self.attempt(attempts)
    }

    /// Calls the action of a step.
    pub(super) fn attempt(&mut self, mut attempts: Attempts) -> Option<Command> {
        let path = &attempts.step.clone();
        let Some((action, with, _)) = action_at(self.situation.definition, path) else {
            return Some(self.lost(path));
        };
        // All attempts of a step have the same input, so that the system can tell that they are one.
        let context = self.context.at(attempts.intended_at);
        let (input, failed) = match render(&context, &action, with) {
            Ok((input, failed)) => (Value::Object(input), failed),
            Err(error) => return self.step_failed(path, None, Outputs::none(), template_failure(&error)),
        };
        let Admitted { input, adjusted } = match action.admit(input, &[], INPUT_BYTES) {
            Ok(admitted) => admitted,
            Err(problems) => {
                let failure = Failure::new(ErrorName::InputInvalid, problems.join("; "));
                return self.step_failed(path, None, Outputs::none(), failure);
            }
        };
        let adjusted: Vec<Adjustment> = failed.into_iter().chain(adjusted).collect();
        attempts.fresh_until = self.cursor.fresh.until(&input, self.situation.now);
        let effect_key = self.effect_key(path);
        let effect_key = match sabotage::breaks(sabotage::Break::KeyOfEachAttempt) {
            true => self.effect_key(&path.inside(0, attempts.attempt)),
            false => effect_key,
        };
        let run = &self.situation.input.run;
        let caller = Caller {
            run: run.id.clone(),
            workflow: run.workflow.clone(),
            lane: self.cursor.lane.clone(),
            step: path.clone(),
            event_id: self.situation.input.event_id().map(str::to_owned),
        };
        let call = Call {
            caller: &caller,
            effect_key: &effect_key,
            attempts: &attempts,
            deadline: attempts.job.as_ref().map_or(attempts.deadline, |job| job.until),
            approval: self.approval_of_message(path),
            connector: action.connector.as_ref(),
        };
        let command = Command::Action {
            input: call.input(&input),
            timeout_seconds: action.timeout_seconds,
            action: Arc::clone(&action),
        };
        if attempts.job.is_some() {
            self.cursor.pending = Some(Pending::Action(attempts));
            return Some(command);
        }
        let now = self.situation.now;
        let times = (attempts.intended_at, now.max(self.situation.own_clock));
        self.changes.marker = Marker::of(&action, &input, &effect_key, self.depth(), times);
        self.record(
            path,
            StepChange::AttemptStarted {
                number: attempts.attempt,
                input,
                adjusted,
                effect_key,
            },
        );
        self.cursor.pending = Some(Pending::Action(attempts));
        Some(command)
    }

    pub(super) fn attempt_failed(&mut self, attempts: Attempts, failure: Failure) -> Option<Command> {
        if let Some(next) = self.look_of_job_failed(&attempts, &failure) {
            return next;
        }
        let path = &attempts.step;
        let Some((action, _, policy)) = action_at(self.situation.definition, path) else {
            return Some(self.lost(path));
        };
        let effect_key = self.effect_key(path);
        let repeat = &action.repeat;
        let repeat = match (&action.effect, repeat) {
            (crate::action::Effect::Other, crate::action::Repeat::IsForbidden { .. })
                if sabotage::breaks(sabotage::Break::ChangeAgain) =>
            {
                &crate::action::Repeat::IsHarmless
            }
            (_, repeat) => repeat,
        };
        let late = only_while::wait_for_incident(&attempts, &failure, self.situation.now);
        let decision = retry::after(&retry::Attempt {
            repeat,
            policy,
            failure: &failure,
            number: attempts.attempt,
            rate_limited: attempts.rate_limited,
            unseen: attempts.unseen,
            is_about_a_fresh_id: attempts.fresh_until.is_some_and(|until| self.situation.now < until),
            call_seconds: action.timeout_seconds,
            effect_key: &effect_key,
        });
        let last = LastAttempt::failed(attempts.attempt, &failure);
        let Some(wait) = late.or(decision.wait) else {
            if self.outlasts(path, &failure) {
                return self.look_failed(&attempts, &failure);
            }
            let of_look = only_while::advice(path, &failure).map(Cow::Borrowed);
            let failure = match of_look.or_else(|| retry::advice(&action, &failure)) {
                Some(advice) => failure.with_advice(&advice),
                None => failure,
            };
            return self.step_failed(path, Some(last), Outputs::none(), failure);
        };
        if self.cancelled != Cancelled::No {
            return Some(self.cancel_step(path, Some(last)));
        }
        let retry_at = later(self.situation.now, wait);
        if retry_at >= attempts.deadline {
            let failure = failure.with_advice("the time that the step has leaves none for another attempt");
            return self.step_failed(path, Some(last), Outputs::none(), failure);
        }
        self.record(
            path,
            StepChange::AttemptFailed {
                number: attempts.attempt,
                failure: failure.of_an_attempt(),
                retry_at,
            },
        );
        self.cursor.pending = Some(Pending::Backoff {
            attempts: Attempts {
                attempt: attempts.attempt.saturating_add(1),
                rate_limited: decision.rate_limited,
                unseen: decision.unseen,
                job: None,
                ..attempts
            },
            until: retry_at,
        });
        Some(Command::wait(retry_at))
    }

    pub(crate) fn effect_key(&self, path: &StepPath) -> EffectKey {
        let run = &self.situation.input.run.id;
        if sabotage::breaks(sabotage::Break::KeyWithoutLane) {
            return EffectKey::new(run, self.depth(), &crate::ids::LanePath::main(), path);
        }
        EffectKey::new(run, self.depth(), &self.cursor.lane, path)
    }

    /// The depth of the run.
    pub(crate) fn depth(&self) -> u32 {
        self.cursor.depth
    }
}

/// The input of an action, and what of it was left out because its expression failed. What is null counts as
/// left out, unless it is to be refused.
fn render(
    context: &Context,
    action: &ActionSpec,
    with: &BTreeMap<String, Template>,
) -> Result<(Map<String, Value>, Vec<Adjustment>), TemplateError> {
    let (mut input, mut failed) = (Map::new(), Vec::new());
    for (name, template) in with {
        let value = match action.input(name) {
            Some(field) => match field.kind.render(template, context) {
                Err(_) if field.only_decorates() => match what_works(context, template, name, &mut failed) {
                    Some(rest) => field.kind.render(&rest, context)?,
                    None => Value::Null,
                },
                rendered => rendered?,
            },
            None => template.evaluate(context)?,
        };
        let is_refused = action.input(name).is_some_and(|field| field.null == OnNull::Refuse);
        if !value.is_null() || is_refused {
            input.insert(name.clone(), value);
        }
    }
    Ok((input, failed))
}

/// A template without the expressions in it that fail: a link that cannot be made does not stop an alert.
fn what_works(context: &Context, template: &Template, at: &str, failed: &mut Vec<Adjustment>) -> Option<Template> {
    match template {
        Template::Literal(_) => Some(template.clone()),
        Template::Expression(expression) => match expression.evaluate(context) {
            Ok(_) => Some(template.clone()),
            Err(error) => {
                failed.push(Adjustment::left_out(at, &error.to_string()));
                None
            }
        },
        Template::List(items) => {
            let items = items.iter().enumerate();
            let items = items.filter_map(|(index, item)| what_works(context, item, &format!("{at}[{index}]"), failed));
            let items: Vec<Template> = items.collect();
            (!items.is_empty()).then_some(Template::List(items))
        }
        Template::Map(fields) => {
            let fields = fields.iter().filter_map(|(name, field)| {
                let field = what_works(context, field, &format!("{at}.{name}"), failed)?;
                Some((name.clone(), field))
            });
            let fields: BTreeMap<String, Template> = fields.collect();
            (!fields.is_empty()).then_some(Template::Map(fields))
        }
    }
}

/// The action of a step, its input and how it is tried again.
fn action_at<'a>(
    definition: &'a Definition,
    path: &StepPath,
) -> Option<(Arc<ActionSpec>, &'a BTreeMap<String, Template>, Retry)> {
    let step = definition.step(path)?;
    let call = step.call()?;
    let usual = || match step.action() {
        Some(_) => Retry::default(),
        None => watching::retry_of_look(),
    };
    Some((
        Arc::clone(&call.uses),
        &call.with,
        step.retry.clone().unwrap_or_else(usual),
    ))
}

/// The fields of an action's input that come from the run and not from the workflow's author.
struct Call<'a> {
    caller: &'a Caller,
    effect_key: &'a EffectKey,
    attempts: &'a Attempts,
    deadline: Timestamp,
    /// The approval that the call is a message about.
    approval: Option<Value>,
    /// The part of a connector that the function of the action does not have.
    connector: Option<&'a Value>,
}

impl Call<'_> {
    /// An input with all that in it.
    fn input(&self, input: &Value) -> Value {
        let mut input = input.clone();
        let Some(fields) = input.as_object_mut() else {
            return input;
        };
        fields.insert("idempotency_key".into(), self.effect_key.as_str().into());
        fields.insert("attempt".into(), self.attempts.attempt.into());
        fields.insert("deadline".into(), self.deadline.to_string().into());
        fields.insert("caller".into(), json!(self.caller));
        if let Some(job) = &self.attempts.job {
            fields.insert(LOOK.into(), job.look.clone());
        }
        if let Some(approval) = &self.approval {
            fields.insert("approval".into(), approval.clone());
        }
        if let Some(connector) = self.connector {
            fields.insert("connector".into(), connector.clone());
        }
        // By a key that is the author's own, the incident of an earlier attempt cannot be told from one that was there
        // before; by the time when the first attempt was written down one can.
        let has_own_key = fields.get("incident_key").is_some_and(|key| !key.is_null());
        if has_own_key {
            fields.insert("intended_at".into(), self.attempts.intended_at.to_string().into());
        }
        input
    }
}
