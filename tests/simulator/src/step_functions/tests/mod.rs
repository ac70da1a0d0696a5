//! How executions behave, as a specification. Sequences of events are those of real executions where AWS's are known.

mod children;
mod data_flow;
mod determinism;
mod errors;
mod limits;
mod maps;
mod parsing;
mod service;
mod states;
mod tokens;

use super::*;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// The base of the wall clock.
const START: &str = "2026-11-05T09:00:00Z";

/// A function's answer.
type Answer = Result<Value, TaskFailure>;

/// Runs a simulation in virtual time.
fn simulate<T>(simulation: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(simulation)
}

/// Functions that answer as a closure says.
struct Script<F>(F);

impl<F> Lambdas for Script<F>
where
    F: Fn(&str, Value) -> BoxFuture<'static, Answer> + Send + Sync,
{
    fn invoke<'a>(&'a self, function: &'a str, payload: Value) -> BoxFuture<'a, Answer> {
        (self.0)(function, payload)
    }
}

/// Functions that answer at once.
fn answering(answer: impl Fn(&str, Value) -> Answer + Send + Sync + 'static) -> impl Lambdas + 'static {
    Script(move |function: &str, payload| {
        let answer = answer(function, payload);
        Box::pin(async move { answer }) as BoxFuture<'static, Answer>
    })
}

/// Functions that answer after a time.
fn slow(time: Duration) -> impl Lambdas + 'static {
    Script(move |_: &str, payload| {
        Box::pin(async move {
            tokio::time::sleep(time).await;
            Ok(payload)
        }) as BoxFuture<'static, Answer>
    })
}

/// Functions that give their payload back.
fn echo() -> impl Lambdas + 'static {
    answering(|_, payload| Ok(payload))
}

fn failure(error: &str) -> TaskFailure {
    TaskFailure::new(error, "because")
}

/// What an observer was told.
#[derive(Debug, Default)]
struct Told {
    events: Mutex<Vec<HistoryEvent>>,
    changes: Mutex<Vec<StatusChange>>,
}

impl Observer for Told {
    fn status_changed(&self, change: &StatusChange) {
        self.changes.lock().unwrap().push(change.clone());
    }

    fn history_event(&self, event: &HistoryEvent) {
        self.events.lock().unwrap().push(event.clone());
    }
}

impl Told {
    /// The names of the events of one execution.
    fn history(&self, name: &str) -> Vec<String> {
        let events = self.events.lock().unwrap();
        let of_execution = |event: &&HistoryEvent| event.execution.as_str().ends_with(&format!(":{name}"));
        events
            .iter()
            .filter(of_execution)
            .map(|event| event.kind.to_string())
            .collect()
    }

    /// When the events of a kind happened, in seconds from the start.
    fn seconds(&self, kind: EventKind) -> Vec<f64> {
        let start: Timestamp = START.parse().unwrap();
        let events = self.events.lock().unwrap();
        events
            .iter()
            .filter(|event| event.kind == kind)
            .map(|event| event.at.duration_since(start).as_secs_f64())
            .collect()
    }
}

fn machine() -> StateMachineArn {
    StateMachineArn::of("pagerflow")
}

/// A service of a definition, whose observer remembers.
fn service(definition: &Value, outside: Outside) -> (StepFunctions, Arc<Told>) {
    let told = Arc::new(Told::default());
    let outside = Outside {
        observer: Arc::clone(&told) as Arc<dyn Observer>,
        ..outside
    };
    let definition = Definition::parse(definition).unwrap();
    let clock = Clock::starting_at(START.parse().unwrap());
    (StepFunctions::new(machine(), definition, clock, outside), told)
}

/// Runs one execution, named `run`, to its end.
fn execute_with(definition: &Value, input: Value, outside: Outside) -> (Execution, Arc<Told>) {
    simulate(async {
        let (service, told) = service(definition, outside);
        let arn = service.start_execution("run", input).unwrap();
        (service.ended(&arn).await.unwrap(), told)
    })
}

fn execute(definition: &Value, input: Value) -> Execution {
    execute_with(definition, input, Outside::of(echo())).0
}

/// A machine with these states, of which the first in the alphabet is the start.
fn states(states: Value) -> Value {
    let start = states.as_object().unwrap().keys().min().unwrap();
    let mut definition = json!({"StartAt": start});
    definition["States"] = states;
    definition
}

/// A machine with one state, which ends.
fn one(mut state: Value) -> Value {
    state["End"] = true.into();
    states(json!({"A": state}))
}

/// A Task that invokes `f` with its input and gives the bare result, with more fields.
fn lambda(more: Value) -> Value {
    merged(
        json!({
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "f", "Payload.$": "$"},
            "ResultSelector": {"result.$": "$.Payload"},
        }),
        more,
    )
}

/// A Task that starts `$.name` of this machine with `$.input`, with more fields.
fn child(more: Value) -> Value {
    merged(
        json!({
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": {
                "StateMachineArn.$": "$$.StateMachine.Id",
                "Name.$": "$.name",
                "Input.$": "$.input",
            },
        }),
        more,
    )
}

/// A Wait until `$.until`, with more fields.
fn wait(more: Value) -> Value {
    merged(json!({"Type": "Wait", "TimestampPath": "$.until"}), more)
}

/// The time so long after the start.
fn after(seconds: i64) -> String {
    let start: Timestamp = START.parse().unwrap();
    (start + Duration::from_secs(seconds.try_into().unwrap())).to_string()
}

fn merged(mut state: Value, more: Value) -> Value {
    if let Value::Object(fields) = more {
        state.as_object_mut().unwrap().extend(fields);
    }
    state
}
