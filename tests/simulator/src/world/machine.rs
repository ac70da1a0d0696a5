//! Step Functions: its faults, and what EventBridge tells of it.

use super::{
    chance::Chance,
    executions::ExecutionsApi,
    fault::{Fault, Mishaps, Site},
    functions::{Function, Functions},
    trace::Trace,
};
use crate::{
    step_functions::{
        BoxFuture, ChildStartFault, Definition, ExecutionArn, Faults, HistoryEvent, Items, Observer, Status,
        StatusChange, TaskFailure, substitute,
    },
    store::Store,
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::sleep;
use workflow::{ids::RunId, run::RunInput};

/// How likely faults of Step Functions and EventBridge are.
#[derive(Debug, Clone, Copy, Default)]
pub struct MachineOdds {
    /// The share of the starts of child executions that fail, from 0 to 1.
    pub child_starts: f64,
    /// The share of the children of a stopped execution that go on.
    pub child_stops: f64,
    /// The share of the status changes that are told late, or twice, or never.
    pub status: f64,
    /// The share of the starts of runs that are refused, slow or not answered.
    pub starts: f64,
    /// The share of the waits whose item the state machine cannot write, and of the wakes that Step Functions refuses.
    pub wakes: f64,
}

/// The interval at which the schedule has the open runs looked at. The template says so.
const PERIOD: Duration = Duration::from_secs(3600);

/// The number of times that it calls after an end that was lost: for longer than failed executions are listed.
const LOOKS: u32 = 13;

/// The definition of the state machine as it is shipped, with the names of functions in the place of their ARNs.
///
/// # Panics
/// If it uses what nobody simulates.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "without the state machine there is nothing to simulate"
)]
pub fn shipped_definition() -> Definition {
    let source = include_str!("../../../../statemachine/workflow.asl.json");
    let source: Value = serde_json::from_str(source).expect("the definition is JSON");
    let names = Function::ALL.map(|function| (function.placeholder().to_owned(), function.placeholder().to_owned()));
    let mut substitutions = BTreeMap::from(names);
    // No simulated workflow acts on another system.
    for unused in ["CallHttpArn", "CallAwsArn"] {
        substitutions.insert(unused.to_owned(), unused.to_owned());
    }
    substitutions.insert("Partition".to_owned(), "aws".to_owned());
    substitutions.insert("TableName".to_owned(), "table".to_owned());
    let definition = substitute(&source, &substitutions).expect("a substitution for each placeholder");
    Definition::parse(&definition).expect("a definition that is simulated")
}

/// The faults of Step Functions.
#[derive(Debug)]
pub(super) struct Machine {
    store: Store,
    trace: Trace,
    mishaps: Mishaps,
    chance: Chance,
    odds: MachineOdds,
}

impl Machine {
    pub(super) fn new(store: Store, trace: Trace, mishaps: Mishaps, chance: Chance, odds: MachineOdds) -> Self {
        Self {
            store,
            trace,
            mishaps,
            chance,
            odds,
        }
    }

    /// The Plan of an execution that had the last word.
    fn site(&self, execution: &ExecutionArn) -> Option<Site> {
        site_of(&self.store, execution)
    }
}

/// The last Plan that an execution made.
pub(super) fn site_of(store: &Store, execution: &ExecutionArn) -> Option<Site> {
    store.with(|tables| {
        let mut owned = tables.lanes.iter().filter_map(|(key, lane)| {
            let last = lane.last.as_ref()?;
            (last.owner == execution.as_str()).then(|| Site::Plan {
                run: key.run.clone(),
                lane: key.lane.clone(),
                number: last.cursor.plans,
            })
        });
        owned.next_back()
    })
}

impl Faults for Machine {
    fn child_start(&self, parent: &ExecutionArn, name: &str) -> Option<ChildStartFault> {
        if !self.chance.happens(self.odds.child_starts) {
            return None;
        }
        let (fault, kind) = match self.chance.happens(0.5) {
            true => (ChildStartFault::Refused(TaskFailure::throttled()), Fault::ChildRefused),
            false => (
                ChildStartFault::AnswerLost(TaskFailure::new(
                    "StepFunctions.AWSStepFunctionsException",
                    "Service Unavailable (Service: AWSStepFunctions; Status Code: 503)",
                )),
                Fault::ChildAnswerLost,
            ),
        };
        self.trace.say(format_args!("child {name}: {fault:?}"));
        if let Some(site) = self.site(parent) {
            self.mishaps.note(kind, site);
        }
        Some(fault)
    }

    fn child_stop_is_lost(&self, child: &ExecutionArn) -> bool {
        let is_lost = self.chance.happens(self.odds.child_stops);
        if let (true, Some(site)) = (is_lost, self.site(child)) {
            self.mishaps.note(Fault::ChildStopLost, site);
        }
        is_lost
    }
}

impl Items for Machine {
    fn update<'a>(&'a self, execution: &'a ExecutionArn, parameters: Value) -> BoxFuture<'a, Result<(), TaskFailure>> {
        Box::pin(async move {
            sleep(self.chance.millis(2..=12)).await;
            let text = |pointer: &str| parameters.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let fault = self.chance.happens(self.odds.wakes);
            if fault {
                self.trace
                    .say(format_args!("{} cannot write its wait", execution.as_str()));
                if let Some(site) = self.site(execution) {
                    self.mishaps.note(Fault::WaitUnwritten, site);
                }
                return Err(TaskFailure::new(
                    "DynamoDb.ProvisionedThroughputExceededException",
                    "The level of configured provisioned throughput for the table was exceeded.",
                ));
            }
            let parked = self.store.park(
                text("/Key/pk/S"),
                text("/Key/sk/S"),
                text("/ExpressionAttributeValues/:plan/N"),
                text("/ExpressionAttributeValues/:token/S"),
            );
            match parked {
                true => Ok(()),
                false => Err(TaskFailure::new(
                    "DynamoDb.ConditionalCheckFailedException",
                    "The conditional request failed",
                )),
            }
        })
    }
}

/// EventBridge: it tells the runner of executions that ended otherwise than well, at least once, in any order.
///
/// What the runner cannot take in is told again until it can. Lambda itself gives up after three attempts, and the event
/// is then kept in a queue from which people have it told again; here nobody waits for them.
#[derive(Debug, Clone)]
pub(super) struct Bridge {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    functions: Functions,
    trace: Trace,
    mishaps: Mishaps,
    chance: Chance,
    odds: MachineOdds,
    executions: ExecutionsApi,
    store: Store,
    under_way: AtomicUsize,
    numbers: Mutex<BTreeMap<ExecutionArn, u64>>,
}

impl Bridge {
    pub(super) fn new(
        functions: Functions,
        trace: Trace,
        mishaps: Mishaps,
        chance: Chance,
        odds: MachineOdds,
        executions: ExecutionsApi,
        store: Store,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                executions,
                store,
                functions,
                trace,
                mishaps,
                chance,
                odds,
                under_way: AtomicUsize::new(0),
                numbers: Mutex::default(),
            }),
        }
    }

    /// True if everything has been told.
    pub(super) fn is_idle(&self) -> bool {
        self.inner.under_way.load(Ordering::Relaxed) == 0
    }

    /// What the schedule does after an end that nobody was told of, or too early, until the run has one. Otherwise there is nothing for
    /// it to find, and nobody waits for it.
    fn look_every_hour(&self, run: RunId) {
        let inner = Arc::clone(&self.inner);
        inner.under_way.fetch_add(1, Ordering::Relaxed);
        drop(tokio::spawn(async move {
            for _ in 0..LOOKS {
                sleep(PERIOD).await;
                if inner.has_ended(&run) {
                    break;
                }
                let looked = inner.functions.look_at_open_runs();
                if let Ok(Err(failure)) = tokio::time::timeout(Duration::from_secs(90), looked).await {
                    inner.trace.say(format_args!("the open runs: {failure}"));
                }
            }
            inner.under_way.fetch_sub(1, Ordering::Relaxed);
        }));
    }

    fn deliver(&self, run: RunId, event: Value, after: Duration) {
        let bridge = self.clone();
        let inner = Arc::clone(&self.inner);
        inner.under_way.fetch_add(1, Ordering::Relaxed);
        drop(tokio::spawn(async move {
            sleep(after).await;
            let mut wait = Duration::from_secs(60);
            while inner.tell(&run, &event).await.is_none() {
                sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(600));
            }
            // Its first Plan may be late, and begin it after all.
            if inner.is_unknown(&run) {
                bridge.look_every_hour(run);
            }
            inner.under_way.fetch_sub(1, Ordering::Relaxed);
        }));
    }
}

impl Inner {
    /// Lambda waits for no answer of such an invocation, so that one that is lost is noticed by nobody but Lambda.
    async fn tell(&self, run: &RunId, event: &Value) -> Option<()> {
        let answer = self.functions.tell_runner(run, event.clone());
        let answer = tokio::time::timeout(Duration::from_secs(90), answer).await;
        match answer {
            Ok(Ok(_)) => Some(()),
            Ok(Err(failure)) => {
                self.trace.say(format_args!("event about {run}: {failure}"));
                None
            }
            Err(_) => None,
        }
    }

    fn is_unknown(&self, run: &RunId) -> bool {
        self.store.with(|tables| !tables.runs.contains_key(run))
    }

    fn has_ended(&self, run: &RunId) -> bool {
        self.store
            .with(|tables| tables.runs.get(run).is_some_and(|run| run.ended_at.is_some()))
    }

    /// A short number for an execution.
    fn number(&self, execution: &ExecutionArn) -> u64 {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let next = u64::try_from(numbers.len()).unwrap_or(u64::MAX);
        *numbers.entry(execution.clone()).or_insert(next)
    }
}

impl Observer for Bridge {
    fn status_changed(&self, change: &StatusChange) {
        let inner = &self.inner;
        let number = inner.number(&change.execution_arn);
        let name = &change.name;
        let StatusChange {
            status, error, cause, ..
        } = change;
        inner.trace.say(format_args!(
            "execution {number} ({name}) is {status} {error:?} {cause:?}"
        ));
        inner.executions.changed(change);
        if !matches!(change.status, Status::Failed | Status::TimedOut | Status::Aborted) {
            return;
        }
        let Ok(input) = serde_json::from_str::<RunInput>(&change.input) else {
            return;
        };
        let run = input.run.id;
        let event = json!({
            "version": "0",
            "detail-type": "Step Functions Execution Status Change",
            "source": "aws.states",
            "detail": change.detail(),
        });
        if inner.chance.happens(inner.odds.status) {
            inner.mishaps.note(Fault::StatusLost, Site::Run(run.clone()));
            self.look_every_hour(run);
            return;
        }
        let mut after = inner.chance.millis(100..=3_000);
        let (is_late, is_twice) = (
            inner.chance.happens(inner.odds.status),
            inner.chance.happens(inner.odds.status),
        );
        if is_late {
            after = inner.chance.millis(10_000..=900_000);
            inner.mishaps.note(Fault::StatusLate, Site::Run(run.clone()));
        }
        if is_twice {
            let again = after + inner.chance.millis(0..=600_000);
            inner.mishaps.note(Fault::StatusTwice, Site::Run(run.clone()));
            self.deliver(run.clone(), event.clone(), again);
        }
        self.deliver(run, event, after);
    }

    fn history_event(&self, event: &HistoryEvent) {
        let number = self.inner.number(&event.execution);
        self.inner.trace.say(format_args!(
            "execution {number} event {}: {} {} {:?}",
            event.id, event.kind, event.state, event.iteration
        ));
    }
}
