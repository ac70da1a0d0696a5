//! One Plan.

use crate::{
    footing::{Footing, Plans, footing, lanes_needed},
    invocation::Invocation,
    open_runs, outside, room, start_buffer,
    state::{Handover, PlanRequest},
};
use jiff::Timestamp;
use pagerduty::webhook::Event;
use platform::{
    body,
    executions::{ExecutionViews, Executions, Wakes},
    intake::{stored_event, subject_value},
    metrics::{Metrics, Observation, RunOutcome, StepLatency},
    table::{
        Bodies, BodyCache, IncidentEvents, StoreError, VersionSource, Versions, Waits, WorkflowSource,
        journal::{Entry, EventSummary, Journal, Question, Written},
    },
    task::TaskError,
};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc, time::Instant};
use workflow::{
    action::ActionSpec,
    definition::{ConcurrencyPolicy, Definition},
    error_name::ErrorName,
    ids::StepPath,
    planner::{
        Changes, Command, Cursor, Failure, Pending, Plan, Situation, StepChange, concurrency_key, fail, incident_of,
        needs, own_key_of, plan,
    },
    run::{RunBody, RunInput},
};

/// All that the runner works with.
#[derive(Debug)]
pub struct Runner<V, B, J, E> {
    /// Versions of workflows.
    pub versions: Versions<V>,
    /// Bodies that are kept in the table.
    pub bodies: BodyCache<B>,
    /// The journal, the waits of lanes, and the events that they wait for.
    pub journal: J,
    /// The starter of the runs of the start-buffer, and the source of the state of executions.
    pub executions: E,
    /// The metrics of the ends of runs and steps.
    pub metrics: Metrics,
}

/// A Plan, and what else its write needs.
struct Decision {
    plan: Plan,
    concurrency_key: Option<String>,
    /// True if the run may hold a concurrency key.
    may_hold_key: bool,
    /// The action whose attempts the lane was about.
    attempted: Option<Attempted>,
}

/// The reason why no decision could be made.
#[derive(Debug)]
pub(crate) enum Obstacle {
    /// The store did not answer: the Plan is made again.
    Store(StoreError),
    /// The run lacks what it needs, and fails.
    Run(Failure),
}

impl From<StoreError> for Obstacle {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Failure> for Obstacle {
    fn from(failure: Failure) -> Self {
        Self::Run(failure)
    }
}

/// A step's action that was attempted.
struct Attempted {
    step: StepPath,
    action: Arc<ActionSpec>,
    /// The time when the first attempt was written down.
    since: Timestamp,
}

impl Attempted {
    fn of(cursor: &Cursor, definition: &Definition) -> Option<Self> {
        let attempts = match cursor.pending.as_ref()? {
            Pending::Action(attempts) | Pending::Backoff { attempts, .. } => attempts,
            _ => return None,
        };
        let call = definition.step(&attempts.step)?.action()?;
        Some(Self {
            step: attempts.step.clone(),
            action: Arc::clone(&call.uses),
            since: attempts.intended_at,
        })
    }

    /// The time that the step took, if these changes end it.
    fn latency(&self, changes: &Changes) -> Option<StepLatency> {
        let record = changes.steps.get(&self.step)?;
        let StepChange::Finished { .. } = record.change else {
            return None;
        };
        // A clock may have been put back meanwhile.
        let duration = record.at.duration_since(self.since).try_into().unwrap_or_default();
        Some(StepLatency {
            action: self.action.name.clone(),
            duration,
        })
    }
}

impl<V, B, J, E> Runner<V, B, J, E>
where
    V: VersionSource,
    B: Bodies,
    J: Journal + Waits + IncidentEvents + WorkflowSource,
    E: Executions + ExecutionViews + Wakes,
{
    /// Takes what the function is called with: a Plan that the state machine asks for, an event of EventBridge about an
    /// execution that ended or of the schedule, or messages of the start-buffer. `now` is the time by the function's own clock; a Plan goes by that
    /// of Step Functions.
    ///
    /// # Errors
    /// As [`Self::plan`]; of an event `Input.Invalid` and `Store.Unavailable`; of messages `Input.Invalid`.
    pub async fn take(&self, payload: Value, now: Timestamp) -> Result<Value, TaskError> {
        match Invocation::from(payload) {
            Invocation::Plan(payload) => {
                let payload = match sabotage::breaks(sabotage::Break::OwnClock) {
                    true => with_time(payload, now),
                    false => payload,
                };
                // Boxed, because the compiler cannot lay out a future this deep.
                Box::pin(self.plan(payload, now)).await
            }
            Invocation::ExecutionEnded(event) => {
                let ended = outside::take(event, &self.journal, &self.executions, now).await;
                let ended =
                    ended.inspect_err(|error| tracing::error!(%error, "the end of an execution was not taken in"))?;
                self.tell_of_ends(usize::from(ended), now);
                Ok(Value::Null)
            }
            Invocation::OpenRuns => {
                let ended = open_runs::look_at_all(&self.journal, &self.executions, now).await;
                let ended = ended.inspect_err(|error| tracing::error!(%error, "the open runs were not looked at"))?;
                self.tell_of_ends(ended, now);
                Ok(Value::Null)
            }
            Invocation::BufferedRuns(batch) => {
                let means = start_buffer::Means {
                    store: &self.journal,
                    versions: &self.versions,
                    executions: &self.executions,
                    now,
                };
                let drained = means.drain(batch).await;
                drained.inspect_err(|error| tracing::error!(%error, "a batch of the start-buffer was not taken in"))
            }
        }
    }

    /// Tells of runs that were found to have ended from outside.
    fn tell_of_ends(&self, runs: usize, now: Timestamp) {
        for _ in 0..runs {
            let run = Some(RunOutcome::Failed);
            self.metrics.tell(&Observation::Planned { run, step: None }, now);
        }
    }
}

impl<V: VersionSource, B: Bodies, J: Journal + Waits, E: Executions + ExecutionViews + Wakes> Runner<V, B, J, E> {
    /// Decides what an execution does next, and gives it as the state machine takes it: `{"cursor", "command"}`.
    ///
    /// # Errors
    /// `Input.Invalid`, if the state machine sent what no Plan can be made of; `Run.Superseded`, if another execution
    /// holds the lane, or the lane or its run has ended; `Store.Unavailable`, after which the Plan is made again.
    pub async fn plan(&self, payload: Value, own_clock: Timestamp) -> Result<Value, TaskError> {
        let begun = Instant::now();
        let request: PlanRequest = serde_json::from_value(payload).map_err(|error| {
            let error = TaskError::new(
                ErrorName::InputInvalid,
                format!("the state of the execution cannot be read: {error}; start runs by a webhook or with `pagerflow run start`"),
            );
            tracing::error!(%error, "not planned");
            error
        })?;
        let result = self.handover(&request, own_clock).await;
        let input = &request.state.input;
        let (run, workflow, event_id, lane) = (&input.run.id, &input.run.workflow, input.event_id(), input.lane());
        let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &result {
            Ok((handover, command)) => {
                let step = step_of(handover);
                tracing::info!(%run, %workflow, event_id, %lane, step, command, duration_ms, "planned");
            }
            Err(error) => {
                let pending = request
                    .state
                    .next
                    .as_ref()
                    .and_then(|next| next.cursor.pending.as_ref());
                let step = pending.and_then(Pending::step).map(ToString::to_string);
                tracing::error!(%run, %workflow, event_id, %lane, step, duration_ms, %error, "not planned");
            }
        }
        result.map(|(handover, _)| handover)
    }

    async fn handover(&self, request: &PlanRequest, own_clock: Timestamp) -> Result<(Value, String), TaskError> {
        let state = &request.state;
        let needed = lanes_needed(state);
        let mut lanes = match needed.is_empty() {
            true => BTreeMap::new(),
            false => self.journal.lanes(&needed).await?,
        };
        match footing(request, &mut lanes) {
            Footing::Plans(plans) => self.make(request, &plans, own_clock).await,
            Footing::Repeats { handover } => {
                let handover = read(&handover)?;
                Box::pin(self.look_again(&state.input, &handover, None, request.entered_at)).await?;
                Ok((handover, "repeated".to_owned()))
            }
            Footing::Ended { cursor, end } => {
                let command = Command::Succeed {
                    output: serde_json::json!({ "run": state.input.run.id, "outcome": end.outcome() }),
                };
                Ok((read(&text(cursor.as_ref(), &command)?)?, "ended".to_owned()))
            }
            Footing::Superseded => Err(superseded(&state.input)),
        }
    }

    async fn make(
        &self,
        request: &PlanRequest,
        plans: &Plans,
        own_clock: Timestamp,
    ) -> Result<(Value, String), TaskError> {
        let (event, decision) = match self.event(&request.state.input).await {
            Ok(event) => {
                let decision = self.decide(request, plans, event.as_ref(), own_clock).await;
                (event, decision)
            }
            Err(obstacle) => (None, Err(obstacle)),
        };
        let decision = match decision {
            Ok(decision) => decision,
            Err(Obstacle::Run(failure)) => Decision {
                plan: fail(
                    &request.state.input,
                    plans.standing(),
                    request.execution.started_at,
                    failure,
                ),
                concurrency_key: None,
                may_hold_key: true,
                attempted: None,
            },
            Err(Obstacle::Store(error)) => return Err(error.into()),
        };
        self.hand_over(request, plans, event.as_ref(), decision).await
    }

    /// The event that the run is about, if it is about one.
    async fn event(&self, input: &RunInput) -> Result<Option<Event>, Obstacle> {
        let Some(event) = input.event() else {
            return Ok(None);
        };
        let stored = match &event.body {
            RunBody::Input { .. } => None,
            RunBody::Table {} => self.bodies.get(&input.run.id).await?,
        };
        let event = stored_event(event, stored.as_deref().map(Vec::as_slice));
        event.map(Some).map_err(|problem| {
            let message = format!("the event that started the run cannot be read: {problem}");
            Failure::new(ErrorName::EventUnreadable, message).into()
        })
    }

    /// The version of the workflow that the run is pinned to.
    pub(crate) async fn definition(&self, input: &RunInput) -> Result<Arc<Definition>, Obstacle> {
        let run = &input.run;
        match self.versions.get(&run.workflow, run.version).await {
            Ok(Some(definition)) => Ok(definition),
            Ok(None) => {
                let message = format!(
                    "there is no {} of the workflow {}; apply it again and replay the event",
                    run.version, run.workflow
                );
                Err(Failure::new(ErrorName::WorkflowNotFound, message).into())
            }
            Err(error @ StoreError::Unreadable { .. }) => {
                Err(Failure::new(ErrorName::WorkflowInvalid, error.to_string()).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn decide(
        &self,
        request: &PlanRequest,
        plans: &Plans,
        event: Option<&Event>,
        own_clock: Timestamp,
    ) -> Result<Decision, Obstacle> {
        let now = request.entered_at;
        let input = &request.state.input;
        let event =
            &subject_value(input, event).map_err(|problem| Failure::new(ErrorName::EventUnreadable, problem))?;
        let definition = &*self.definition(input).await?;
        let standing = plans.standing();
        let needs = needs(definition, input, standing);
        let started_at = plans
            .cursor()
            .map_or(request.execution.started_at, |cursor| cursor.started_at);
        let concurrency_key = match needs.lock {
            // Where it cannot be evaluated, the planner says so.
            true => concurrency_key(definition, input, plans.cursor(), started_at, event)
                .ok()
                .flatten(),
            false => None,
        };
        let question = Question {
            run: &input.run.id,
            workflow: &input.run.workflow,
            needs: &needs,
            concurrency_key: concurrency_key.as_deref(),
            incident: incident_of(event),
            own_key: own_key_of(event),
            now,
        };
        let mut known = self.journal.known(&question).await?;
        let policy = definition.concurrency.as_ref().map(|concurrency| concurrency.policy);
        // Who cancels the other takes the key whether the other goes on or not.
        if policy != Some(ConcurrencyPolicy::Cancel)
            && let Some(other) = known.lock.obstacle(&input.run.id).cloned()
            && open_runs::is_over(&other, &self.journal, &self.executions, now).await
        {
            known.lock.ended.insert(other);
        }
        let answered = request.state.next.as_ref().and_then(|next| next.answer());
        let (answer, requests) = answered.unzip();
        let plan = plan(&Situation {
            // Of the marks of other runs: only actions of PagerDuty leave any.
            catalog: pagerduty::actions::catalog(),
            definition,
            input,
            started_at: request.execution.started_at,
            event,
            standing,
            answer: answer.as_ref(),
            requests: &requests.unwrap_or_default(),
            known: &known,
            trouble: trouble(input).as_ref(),
            now,
            own_clock,
        });
        let attempted = plans.cursor().and_then(|cursor| Attempted::of(cursor, definition));
        Ok(Decision {
            plan,
            concurrency_key,
            may_hold_key: definition.concurrency.is_some(),
            attempted,
        })
    }

    async fn hand_over(
        &self,
        request: &PlanRequest,
        plans: &Plans,
        event: Option<&Event>,
        mut decision: Decision,
    ) -> Result<(Value, String), TaskError> {
        let now = request.entered_at;
        let input = &request.state.input;
        let mut handover = text(Some(&decision.plan.cursor), &decision.plan.command)?;
        if let Some(failure) = room::overflow(input, &decision.plan.command, &handover) {
            decision.plan = fail(input, plans.standing(), request.execution.started_at, failure);
            handover = text(Some(&decision.plan.cursor), &decision.plan.command)?;
        }
        let Decision {
            plan,
            concurrency_key,
            may_hold_key,
            attempted,
        } = &decision;
        self.leave_body(input, &plan.command, plan.cursor.run_deadline).await?;
        let command = plan.command.name().to_owned();
        let Some(changes) = &plan.changes else {
            return Ok((read(&handover)?, command));
        };
        let summary = summary(input, event);
        let entry = Entry {
            input,
            event: summary.as_ref(),
            execution: &request.execution.arn,
            previous_owner: plans.previous_owner(),
            started_at: request.execution.started_at,
            now,
            cursor: &plan.cursor,
            changes,
            concurrency_key: concurrency_key.as_deref(),
            handover: &handover,
        };
        let written = self.journal.write(&entry).await;
        let written = match sabotage::breaks(sabotage::Break::HandOverUnwritten) {
            true => Ok(Written::Now),
            false => written,
        };
        let (handover, command) = match written? {
            Written::Now => {
                tell_of_loop(input, changes);
                let of_run = changes.end.as_ref().filter(|_| plan.cursor.lane.is_main());
                let observation = Observation::Planned {
                    run: of_run.map(RunOutcome::from),
                    step: attempted.as_ref().and_then(|attempted| attempted.latency(changes)),
                };
                self.metrics.tell(&observation, now);
                (read(&handover)?, command)
            }
            Written::Before { handover } => (read(&handover)?, "repeated".to_owned()),
            Written::Superseded => return Err(superseded(input)),
        };
        Box::pin(self.wake_others(input, &plan.cursor, changes, *may_hold_key, now)).await;
        Box::pin(self.look_again(input, &handover, concurrency_key.as_deref(), now)).await?;
        Ok((handover, command))
    }

    /// Puts the body of the event where the executions find it that a command starts: under the id of their run, which has
    /// ended when this one must have.
    async fn leave_body(&self, input: &RunInput, command: &Command, ends_by: Timestamp) -> Result<(), StoreError> {
        let (Command::Fork { executions }, Some(event)) = (command, input.event()) else {
            return Ok(());
        };
        if sabotage::breaks(sabotage::Break::LanesWithoutBody) {
            return Ok(());
        }
        // All executions of a command are of one run: this one, or the one that it calls.
        let Some(run) = executions.first().map(|execution| &execution.input.run.id) else {
            return Ok(());
        };
        let compressed = match &event.body {
            RunBody::Table {} if *run == input.run.id => return Ok(()),
            RunBody::Table {} => match self.bodies.get(&input.run.id).await? {
                Some(body) => body.to_vec(),
                None => return Ok(()),
            },
            // An event that could not be read has failed the run before it came to this.
            RunBody::Input { data } => match body::from_text(data) {
                Ok(body) => body,
                Err(_) => return Ok(()),
            },
        };
        self.bodies.put(run, compressed, ends_by).await
    }
}

fn with_time(mut payload: Value, now: Timestamp) -> Value {
    if let Some(fields) = payload.as_object_mut() {
        fields.insert("entered_at".to_owned(), now.to_string().into());
    }
    payload
}

/// The reason the run cannot do its steps, although its definition and its event can be read.
fn trouble(input: &RunInput) -> Option<Failure> {
    let problem = input.event()?.filter_error.as_ref()?;
    let message = format!("the condition of the workflow's trigger cannot be evaluated: {problem}");
    Some(Failure::new(ErrorName::TemplateError, message))
}

/// An alarm counts these lines by their field `error`.
fn tell_of_loop(input: &RunInput, changes: &Changes) {
    let stopped = ErrorName::RunLoopStopped.as_str();
    let failure = changes.end.as_ref().and_then(|end| end.failure());
    if let Some(failure) = failure.filter(|failure| failure.name == stopped) {
        let (run, workflow, event_id) = (&input.run.id, &input.run.workflow, input.event_id());
        let reason = &failure.message;
        tracing::error!(%run, %workflow, event_id, error = stopped, reason, "loop stopped");
    }
}

fn summary(input: &RunInput, event: Option<&Event>) -> Option<EventSummary> {
    let started_by = input.event()?;
    let incident = event.and_then(|event| event.incident.as_ref());
    Some(EventSummary {
        id: started_by.event_id.clone(),
        event_type: started_by.event_type.clone(),
        incident_id: incident.map(|incident| incident.id.to_string()),
        incident_title: incident.and_then(|incident| incident.title.clone()),
    })
}

/// The step that a command is about, from what is handed over with it.
fn step_of(handover: &Value) -> Option<&str> {
    let pending = handover.pointer("/cursor/pending")?;
    let step = pending.get("step").or_else(|| pending.pointer("/attempts/step"));
    step.and_then(Value::as_str)
}

fn text(cursor: Option<&Cursor>, command: &Command) -> Result<String, TaskError> {
    serde_json::to_string(&Handover { cursor, command }).map_err(|error| unreadable(&error))
}

fn read(handover: &str) -> Result<Value, TaskError> {
    serde_json::from_str(handover).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> TaskError {
    TaskError::new(ErrorName::WorkflowInvalid, error.to_string())
}

fn superseded(input: &RunInput) -> TaskError {
    let message = format!(
        "another execution holds the lane {} of the run {}, or it has ended; this execution ends here",
        input.lane(),
        input.run.id
    );
    TaskError::new(ErrorName::RunSuperseded, message)
}

#[cfg(test)]
mod tests;
