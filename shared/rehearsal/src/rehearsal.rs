//! A rehearsal and its result.

mod told;

use crate::{
    account::Account,
    answer::Answer,
    delivery::Delivery,
    intervention::{Intervention, InvalidIntervention},
    machine::{Machine, Stuck},
    report::{NotStarted, Report, UNREADABLE},
    signal::Signal,
    store::{Store, VERSION},
};
use jiff::{SignedDuration, Timestamp};
use platform::{
    intake::{Admission, Admitted, Events, stored_event},
    table::{Bodies, TriggerRecord, WorkflowRecord, WorkflowSchedule, WorkflowState},
};
use serde_json::{Map, Value};
use std::sync::Arc;
use workflow::{
    definition::Definition,
    fingerprint::fingerprint,
    ids::{RunId, WorkflowId},
    planner::resolve_inputs,
    run::{RunCause, RunIdentity, RunInput},
    triggers::{ScheduleTrigger, Trigger, schedule::Schedule},
};

/// A workflow to be rehearsed.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    workflow: Definition,
    /// The workflows that it may run.
    others: Vec<Definition>,
    interventions: Vec<Intervention>,
    answers: Vec<Answer>,
    signals: Vec<Signal>,
}

/// The start of the runs.
#[derive(Debug, Clone)]
pub enum Start {
    /// Deliveries, each at the time of its event, or at this time if it does not tell one.
    Deliveries {
        deliveries: Vec<Delivery>,
        /// The time of events that tell none.
        otherwise: Timestamp,
    },
    /// The schedule of the workflow, when it is due.
    Scheduled {
        /// The time.
        at: Timestamp,
    },
    /// A person.
    ByHand {
        /// The inputs from a person.
        inputs: Map<String, Value>,
        /// The time.
        at: Timestamp,
    },
}

/// A rehearsal did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RehearsalError {
    /// Two definitions have one name.
    #[error("two of the definitions are of the workflow {0}; give each workflow once")]
    TwoOfOneName(WorkflowId),
    /// An intervention is about nothing.
    #[error(transparent)]
    Intervention(#[from] InvalidIntervention),
    /// The inputs cannot be used.
    #[error("{0}")]
    Inputs(String),
    /// The workflow has no trigger.
    #[error("no event starts the workflow {0}; leave the event out, and give its inputs")]
    NoTrigger(WorkflowId),
    /// A delivery for a workflow that a schedule starts.
    #[error("no event starts the workflow {0}: it has a schedule; leave the event out")]
    NoEvents(WorkflowId),
    /// The schedule is not due.
    #[error("{0}")]
    NotDue(String),
    /// A workflow or the body of an event cannot be stored.
    #[error("{0}")]
    Stored(String),
    /// The runs did not end.
    #[error("{0}")]
    Endless(String),
}

impl Rehearsal {
    /// A rehearsal of a workflow, beside others that it may run.
    ///
    /// # Errors
    /// Two of them have one name, or an intervention is about no step of any of them that calls an action.
    pub fn new(
        workflow: Definition,
        others: Vec<Definition>,
        interventions: Vec<Intervention>,
    ) -> Result<Self, RehearsalError> {
        let all = || std::iter::once(&workflow).chain(&others);
        for (index, definition) in all().enumerate() {
            if all().take(index).any(|before| before.name == definition.name) {
                return Err(RehearsalError::TwoOfOneName(definition.name.clone()));
            }
        }
        for intervention in &interventions {
            intervention.check(all())?;
        }
        Ok(Self {
            workflow,
            others,
            interventions,
            answers: Vec::new(),
            signals: Vec::new(),
        })
    }

    /// The same with answers to its approvals.
    ///
    /// # Errors
    /// An answer is for no approval, or for one that does not take it, or two are for the same one.
    pub fn with_answers(mut self, answers: Vec<Answer>) -> Result<Self, RehearsalError> {
        Answer::check_all(&answers, &std::iter::once(&self.workflow).chain(&self.others))?;
        self.answers = answers;
        Ok(self)
    }

    /// The same with events that come while it waits.
    ///
    /// # Errors
    /// No step of any of the workflows waits for an event.
    pub fn with_signals(mut self, signals: Vec<Signal>) -> Result<Self, RehearsalError> {
        for signal in &signals {
            signal.check(std::iter::once(&self.workflow).chain(&self.others))?;
        }
        self.signals = signals;
        Ok(self)
    }

    /// The same with those answers that its approvals take. It is for another definition of a workflow that all of them are for.
    #[must_use]
    pub fn with_answers_that_fit(mut self, mut answers: Vec<Answer>) -> Self {
        let all = || std::iter::once(&self.workflow).chain(&self.others);
        answers.retain(|answer| answer.check(all()).is_ok());
        self.answers = answers;
        self
    }

    /// Plays it through.
    ///
    /// # Errors
    /// The inputs cannot be used, no event starts the workflow, a workflow is too large, or the runs do not end.
    pub async fn play(&self, start: &Start) -> Result<Report, RehearsalError> {
        let definitions = std::iter::once(&self.workflow).chain(&self.others);
        let store = Store::new(definitions.cloned().collect()).await;
        let store = store.map_err(|error| RehearsalError::Stored(error.to_string()))?;
        let account = Arc::new(Account::new());
        let mut machine = Machine::new(
            store.clone(),
            Arc::clone(&account),
            self.interventions.clone(),
            self.answers.clone(),
            self.signals.clone(),
        );
        let mut not_started = Vec::new();
        let mut roots = Vec::new();
        match start {
            Start::ByHand { inputs, at } => {
                let input = self.by_hand(inputs)?;
                roots.push(input.run.id.clone());
                machine.start(input, *at);
            }
            Start::Scheduled { at } => {
                let input = self.by_schedule(*at)?;
                roots.push(input.run.id.clone());
                machine.start(input, *at);
            }
            Start::Deliveries { deliveries, otherwise } => {
                let trigger = self.trigger()?;
                for delivery in deliveries {
                    for admission in self.admissions(&trigger, delivery, *otherwise) {
                        match admission {
                            Err(reason) => not_started.push(reason),
                            Ok((admitted, _)) if roots.contains(&admitted.input.run.id) => not_started.push(repeated()),
                            Ok((admitted, at)) => {
                                roots.push(admitted.input.run.id.clone());
                                let incident = prepare(&store, &account, &admitted, at).await?;
                                machine.is_about(incident);
                                machine.start(admitted.input, at);
                            }
                        }
                    }
                }
            }
        }
        let (requests, took) = machine.run().await.map_err(|stuck| match stuck {
            Stuck::Endless | Stuck::Command(_) => RehearsalError::Endless(stuck.to_string()),
        })?;
        let runs = roots.iter();
        let runs = store.with(|tables| runs.filter_map(|run| told::run(tables, &requests, run)).collect());
        let unanswered = store.with(|tables| told::unanswered(tables));
        Ok(Report {
            workflow: self.workflow.name.clone(),
            runs,
            not_started,
            unanswered,
            took,
        })
    }

    fn by_hand(&self, inputs: &Map<String, Value>) -> Result<RunInput, RehearsalError> {
        let checked = resolve_inputs(&self.workflow, inputs);
        checked.map_err(|failure| RehearsalError::Inputs(failure.message))?;
        let name = &self.workflow.name;
        let id = fingerprint(
            "rehearsal",
            &[name.as_str(), &Value::Object(inputs.clone()).to_string()],
        );
        let id: RunId = id.parse().map_err(|error| RehearsalError::Inputs(format!("{error}")))?;
        Ok(RunInput {
            run: RunIdentity {
                id,
                workflow: name.clone(),
                version: VERSION,
                depth: 0,
            },
            cause: RunCause::Hand { by: None },
            inputs: inputs.clone(),
            part: None,
        })
    }

    /// The run of a time at which the schedule is due.
    fn by_schedule(&self, at: Timestamp) -> Result<RunInput, RehearsalError> {
        let name = &self.workflow.name;
        let trigger = self.workflow.trigger.as_ref().and_then(Trigger::schedule);
        let Some(ScheduleTrigger { schedule, .. }) = trigger else {
            return Err(RehearsalError::NotDue(format!("the workflow {name} has no schedule")));
        };
        if !schedule.is_due_at(at) {
            return Err(RehearsalError::NotDue(not_due(name, schedule, at)));
        }
        Ok(RunInput {
            run: RunIdentity {
                id: RunId::for_schedule(name, at),
                workflow: name.clone(),
                version: VERSION,
                depth: 0,
            },
            cause: RunCause::Schedule { scheduled_at: at },
            inputs: Map::new(),
            part: None,
        })
    }

    fn trigger(&self) -> Result<TriggerRecord, RehearsalError> {
        let name = &self.workflow.name;
        match &self.workflow.trigger {
            Some(Trigger::PagerDuty(trigger)) => Ok(TriggerRecord::from(trigger)),
            Some(Trigger::Schedule(_)) => Err(RehearsalError::NoEvents(name.clone())),
            None => Err(RehearsalError::NoTrigger(name.clone())),
        }
    }

    /// The decision of the ingress on each event of a delivery at the time of the event.
    fn admissions(
        &self,
        trigger: &TriggerRecord,
        delivery: &Delivery,
        otherwise: Timestamp,
    ) -> Vec<Result<(Admitted, Timestamp), NotStarted>> {
        let unreadable = |error: &dyn std::fmt::Display| NotStarted {
            reason: UNREADABLE.to_owned(),
            message: format!("the delivery cannot be read: {error}"),
        };
        let events = match Events::read(trigger.webhook, delivery.body()) {
            Ok(events) => events,
            Err(error) => return vec![Err(unreadable(&error))],
        };
        let workflow = WorkflowRecord {
            workflow: self.workflow.name.clone(),
            state: WorkflowState::Enabled,
            active_version: VERSION,
            trigger: Some(trigger.clone()),
            awaits: platform::table::AwaitedTypes::new(),
            schedule: WorkflowSchedule::Never,
            timeout: None,
            updated_at: otherwise,
        };
        // An old event is tried as well.
        let decided = events.admit_as_it_happened(&workflow, trigger, otherwise).into_iter();
        let decided = decided.map(|admission| match admission {
            Admission::Ignore(reason) => Err(NotStarted {
                reason: word(&reason),
                message: reason.to_string(),
            }),
            Admission::Start(admitted) => {
                let event = admitted.input.event();
                let event = event.and_then(|event| stored_event(event, admitted.large_body.as_deref()).ok());
                let at = event.and_then(|event| event.occurred_at).unwrap_or(otherwise);
                Ok((*admitted, at))
            }
        });
        let unread = events.unreadable().map(|error| Err(unreadable(error)));
        decided.chain(unread).collect()
    }
}

/// Puts what a run finds on AWS where it finds it here: a large body, and the incident of its event. Gives the id of that.
async fn prepare(
    store: &Store,
    account: &Account,
    admitted: &Admitted,
    at: Timestamp,
) -> Result<Option<String>, RehearsalError> {
    let run = &admitted.input.run.id;
    if let Some(body) = &admitted.large_body {
        let stored = store.put_body(run, body.to_vec(), at).await;
        stored.map_err(|error| RehearsalError::Stored(error.to_string()))?;
    }
    let event = admitted.input.event();
    let event = event.and_then(|event| stored_event(event, admitted.large_body.as_deref()).ok());
    let incident = event.and_then(|event| event.incident);
    if let Some(incident) = &incident {
        account.knows(incident);
    }
    Ok(incident.map(|incident| incident.id.to_string()))
}

/// The reason a schedule is not due at a time, and when it is due after it.
fn not_due(name: &WorkflowId, schedule: &Schedule, at: Timestamp) -> String {
    let zone = schedule.zone();
    let shown = |time: Timestamp| {
        time.to_zoned(zone.rules().clone())
            .strftime("%Y-%m-%d %H:%M")
            .to_string()
    };
    let skipped = skipped_on_the_day(schedule, at);
    let why = match (schedule.is_second_of_two(at), skipped) {
        (true, _) => "clocks show this time for the second time, and it is due the first time alone".to_owned(),
        (false, Some(skipped)) => format!("its schedule is {schedule}, and {skipped}"),
        (false, None) => format!("its schedule is {schedule}"),
    };
    let next = match schedule.next_after(at) {
        Some(next) => format!(
            "; it is due next at {} in {}, which is {next}",
            shown(next),
            zone.name()
        ),
        None => String::new(),
    };
    format!(
        "the workflow {name} is not due at {at} ({} in {}): {why}{next}",
        shown(at),
        zone.name()
    )
}

/// The first time of the day at which a schedule would be due, if the clocks left it out.
fn skipped_on_the_day(schedule: &Schedule, at: Timestamp) -> Option<String> {
    let day = SignedDuration::from_hours(24);
    let skipped = schedule.skipped(at.checked_sub(day).ok()?, at.checked_add(day).ok()?);
    let today = schedule.zone().rules().to_datetime(at).date();
    let first = skipped.iter().find(|skipped| skipped.date() == today)?;
    Some(format!(
        "{} is skipped on that day, when the clocks change",
        first.strftime("%H:%M")
    ))
}

fn repeated() -> NotStarted {
    NotStarted {
        reason: "repeated".to_owned(),
        message: "the event was delivered before".to_owned(),
    }
}

/// The reason as the answer of the ingress has it.
fn word(reason: &platform::intake::Ignored) -> String {
    let word = serde_json::to_value(reason).ok();
    word.and_then(|word| word.as_str().map(str::to_owned))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
