//! Step Functions as the functions call it: it starts executions, and tells of them.

use super::{
    asked::Asked,
    chance::Chance,
    fault::{Fault, Mishaps, Site},
    machine::MachineOdds,
    trace::Trace,
};
use crate::step_functions::{self, Clock, Status, StatusChange, StepFunctions};
use jiff::Timestamp;
use platform::{
    executions::{
        DescribeError, ExecutionView, ExecutionViews, Executions, FailedExecution, StartError, Started, WakeError,
        Wakes,
    },
    table::TaskToken,
};
use secrecy::ExposeSecret;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::time::sleep;
use workflow::run::RunInput;

/// The share of the questions that Step Functions does not answer, from 0 to 1.
const UNANSWERED: f64 = 0.05;

/// What the functions call of Step Functions. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct ExecutionsApi {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    trace: Trace,
    mishaps: Mishaps,
    chance: Chance,
    odds: MachineOdds,
    asked: Asked,
    /// All executions as they stood when they last changed.
    known: Mutex<BTreeMap<String, StatusChange>>,
    /// Until when no execution starts.
    closed_until: Mutex<Timestamp>,
    /// Where executions run, which calls the functions, which call this.
    machine: Mutex<Option<StepFunctions>>,
}

/// What goes wrong with a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StartFault {
    Refused,
    Unanswered,
    Slow,
}

impl ExecutionsApi {
    pub(super) fn new(
        clock: Clock,
        trace: Trace,
        mishaps: Mishaps,
        chance: Chance,
        odds: MachineOdds,
        asked: Asked,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                clock,
                trace,
                mishaps,
                chance,
                odds,
                asked,
                known: Mutex::default(),
                closed_until: Mutex::new(clock.now()),
                machine: Mutex::default(),
            }),
        }
    }

    /// Where executions run. Nothing starts before it is known.
    pub(super) fn run_at(&self, machine: StepFunctions) {
        *lock(&self.inner.machine) = Some(machine);
    }

    /// Lets go of where executions run, so that the world can end: they hold each other.
    pub(super) fn close(&self) {
        let machine = lock(&self.inner.machine).take();
        drop(machine);
    }

    /// Lets no execution start until then.
    pub(super) fn close_until(&self, end: Timestamp) {
        *lock(&self.inner.closed_until) = end;
    }

    /// Takes in a change.
    pub(super) fn changed(&self, change: &StatusChange) {
        let name = change.execution_arn.as_str().to_owned();
        lock(&self.inner.known).insert(name, change.clone());
    }

    /// Looks at all of them, unless Step Functions does not answer.
    fn ask<T>(&self, about: &str, look: impl FnOnce(&BTreeMap<String, StatusChange>) -> T) -> Result<T, DescribeError> {
        if self.inner.chance.happens(UNANSWERED) {
            return Err(DescribeError::new(about, "ThrottlingException".into()));
        }
        Ok(look(&lock(&self.inner.known)))
    }

    fn fault(&self, now: Timestamp) -> Option<StartFault> {
        let inner = &self.inner;
        if now < *lock(&inner.closed_until) {
            return Some(StartFault::Refused);
        }
        if !inner.chance.happens(inner.odds.starts) {
            return None;
        }
        inner
            .chance
            .one_of(&[StartFault::Refused, StartFault::Unanswered, StartFault::Slow])
    }

    fn start_now(&self, input: &RunInput) -> Result<Started, StartError> {
        let run = &input.run.id;
        let refused = |cause: String| StartError::Refused {
            run: run.clone(),
            cause: cause.into(),
        };
        let machine = lock(&self.inner.machine).clone();
        let machine = machine.ok_or_else(|| refused("there is no state machine".to_owned()))?;
        let input = serde_json::to_value(input).map_err(|error| refused(error.to_string()))?;
        match machine.start_execution(run.as_str(), input) {
            Ok(_) => Ok(Started::Now),
            Err(step_functions::StartError::AlreadyExists { .. }) => Ok(Started::Before),
            Err(error) => Err(refused(error.to_string())),
        }
    }
}

impl Executions for ExecutionsApi {
    async fn start(&self, input: &RunInput) -> Result<Started, StartError> {
        let (inner, run) = (&self.inner, &input.run.id);
        inner.asked.note(input);
        sleep(inner.chance.millis(2..=20)).await;
        let fault = self.fault(inner.clock.now());
        if let Some(fault) = fault {
            inner.trace.say(format_args!("start of {run}: {fault:?}"));
            let kind = match fault {
                StartFault::Refused => Fault::StartRefused,
                StartFault::Unanswered => Fault::StartUnanswered,
                StartFault::Slow => Fault::StartSlow,
            };
            inner.mishaps.note(kind, Site::Run(run.clone()));
        }
        let out_of_reach = |cause: &str| StartError::OutOfReach {
            run: run.clone(),
            cause: cause.into(),
        };
        if fault == Some(StartFault::Refused) {
            return Err(out_of_reach("ThrottlingException"));
        }
        let started = self.start_now(input);
        inner.trace.say(format_args!("start of {run}: {started:?}"));
        match fault {
            Some(StartFault::Unanswered) => {
                sleep(inner.chance.millis(100..=4_000)).await;
                Err(out_of_reach("connection reset"))
            }
            Some(StartFault::Slow) => {
                sleep(inner.chance.millis(500..=5_000)).await;
                started
            }
            Some(StartFault::Refused) | None => started,
        }
    }
}

impl Wakes for ExecutionsApi {
    async fn wake(&self, token: &TaskToken) -> Result<(), WakeError> {
        let inner = &self.inner;
        sleep(inner.chance.millis(2..=20)).await;
        if inner.chance.happens(inner.odds.wakes) {
            inner.mishaps.note_here(Fault::Unwoken);
            return Err(WakeError::new("ThrottlingException".into()));
        }
        let machine = lock(&inner.machine).clone();
        let woken = machine.map(|machine| machine.send_task_success(token.0.expose_secret(), Value::Null));
        inner
            .trace
            .say(format_args!("wakes {}: {woken:?}", token.0.expose_secret()));
        Ok(())
    }
}

fn view(change: &StatusChange) -> ExecutionView {
    ExecutionView {
        is_running: change.status == Status::Running,
        status: change.status.to_string(),
        started_at: change.started_at,
        ended_at: change.stopped_at,
        input: Some(change.input.clone()),
        error: change
            .error
            .clone()
            .map(|error| (error, change.cause.clone().unwrap_or_default())),
    }
}

impl ExecutionViews for ExecutionsApi {
    async fn execution(&self, arn: &str) -> Result<Option<ExecutionView>, DescribeError> {
        self.ask(arn, |known| known.get(arn).map(view))
    }

    async fn failed_since(&self, since: Timestamp) -> Result<Vec<FailedExecution>, DescribeError> {
        self.ask("executions", |known| {
            let failed = known.iter().filter(|(_, change)| {
                change.started_at >= since
                    && matches!(change.status, Status::Failed | Status::TimedOut | Status::Aborted)
            });
            let failed = failed.map(|(arn, change)| FailedExecution {
                arn: arn.clone(),
                name: change.name.clone(),
            });
            failed.collect()
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
