//! The Lambda functions: the shipped handlers, and Lambda around them with its faults.
//!
//! An invocation is a task of its own. It goes on when nobody waits for it any more, until the function's own time limit.
//! Each runs in an environment with the caches and the clock that it has; an environment whose function crashed is gone.

use super::{
    chance::Chance,
    executions::ExecutionsApi,
    fault::{Fault, Mishaps, SITE, Site},
    secrets::Secrets,
    trace::Trace,
    worker::Worker,
};
use crate::{
    step_functions::{BoxFuture, Clock, Lambdas, TaskFailure},
    store::Store,
};
use jiff::{SignedDuration, Timestamp};
use platform::{
    action::{Connectors, PagerDuty},
    approval_links::ApprovalLinks,
    metrics::Metrics,
    secrets::{Accounts, Connections, SecretNames},
    table::{BodyCache, Versions},
    task::TaskError,
};
use provider::transport::Transport;
use serde_json::{Value, json};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use workflow::ids::{LanePath, RunId};
use workflow_runner::Runner;

/// The time for which a function may run. The template says so.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// How far a clock may be off.
const LARGEST_SKEW_SECONDS: u64 = 600;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    /// workflow-runner.
    Runner,
    CreateIncident,
    ResolveIncident,
    /// pagerduty-action.
    PagerDutyAction,
    /// call-http.
    CallHttp,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Runner,
        Self::CreateIncident,
        Self::ResolveIncident,
        Self::PagerDutyAction,
        Self::CallHttp,
    ];

    /// What the definition of the state machine has in the place of its ARN.
    #[must_use]
    pub fn placeholder(self) -> &'static str {
        match self {
            Self::Runner => "WorkflowRunnerArn",
            Self::CreateIncident => "CreateIncidentArn",
            Self::ResolveIncident => "ResolveIncidentArn",
            Self::PagerDutyAction => "PagerDutyActionArn",
            Self::CallHttp => "CallHttpArn",
        }
    }

    fn parse(arn: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.placeholder() == arn)
    }
}

/// What goes wrong with an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvocationFault {
    /// Lambda refuses it, and nothing runs.
    Throttled,
    /// It ends before it has done anything.
    CrashedBefore,
    /// It ends after so long, if it has not ended by itself.
    CrashedDuring(Duration),
    /// It ends when it has done everything.
    CrashedAfter,
    /// Its answer never comes.
    AnswerLost,
    /// It runs a second time so much later.
    Twice(Duration),
    /// It begins so much later.
    Late(Duration),
}

/// How likely faults of Lambda are.
#[derive(Debug, Clone, Copy, Default)]
pub struct FunctionOdds {
    /// The share of the Plans that have a fault, from 0 to 1.
    pub plans: f64,
    /// The same of actions.
    pub actions: f64,
    /// The same of events about executions.
    pub events: f64,
    /// The share of the invocations that get a new environment although one is idle.
    pub cold: f64,
    /// True if clocks are off.
    pub skewed: bool,
}

/// The functions. Clones are the same functions.
#[derive(Debug, Clone)]
pub struct Functions {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    trace: Trace,
    mishaps: Mishaps,
    chance: Chance,
    odds: FunctionOdds,
    store: Store,
    transport: Arc<dyn Transport>,
    secrets: Secrets,
    executions: ExecutionsApi,
    worker: Worker,
    state: Mutex<State>,
    /// The run of the last Plan that was asked for, but for first ones.
    planned: watch::Sender<Option<RunId>>,
}

#[derive(Debug, Default)]
struct State {
    invocations: u64,
    environments: u64,
    idle: BTreeMap<Function, Vec<Environment>>,
    /// Faults of the next invocations, before chance has a say.
    script: Vec<Scripted>,
    /// The most calls to the table that one Plan made.
    most_calls: u64,
    plans: u64,
}

#[derive(Debug)]
struct Scripted {
    function: Function,
    skip: u32,
    fault: InvocationFault,
}

/// What a function keeps between invocations.
#[derive(Debug, Clone)]
struct Environment {
    number: u64,
    skew: SignedDuration,
    host: Host,
}

#[derive(Debug, Clone)]
enum Host {
    Runner(Arc<Runner<Store, Store, Store, ExecutionsApi>>),
    Action(Arc<PagerDuty<Secrets>>),
    Systems(Arc<Connectors<Secrets>>),
}

/// What the functions work with.
#[derive(Debug)]
pub struct Surroundings {
    /// The clock of the world.
    pub clock: Clock,
    /// Where everything is told.
    pub trace: Trace,
    /// Where faults are noted.
    pub mishaps: Mishaps,
    /// The table.
    pub store: Store,
    /// The way to PagerDuty and other systems.
    pub transport: Arc<dyn Transport>,
    /// Secrets Manager.
    pub secrets: Secrets,
    /// What Step Functions tells of executions.
    pub(super) executions: ExecutionsApi,
}

impl Functions {
    /// Functions that have not run yet. To be made inside a [`LocalSet`](tokio::task::LocalSet).
    #[must_use]
    pub fn new(surroundings: Surroundings, chance: Chance, odds: FunctionOdds) -> Self {
        let Surroundings {
            clock,
            trace,
            mishaps,
            store,
            transport,
            secrets,
            executions,
        } = surroundings;
        Self {
            inner: Arc::new(Inner {
                clock,
                trace,
                mishaps,
                chance,
                odds,
                store,
                transport,
                secrets,
                executions,
                worker: Worker::new(),
                state: Mutex::default(),
                planned: watch::Sender::new(None),
            }),
        }
    }

    /// Has the invocation of a function fail that comes after `skip` others of it.
    pub fn let_fail(&self, function: Function, skip: u32, fault: InvocationFault) {
        self.inner.state().script.push(Scripted { function, skip, fault });
    }

    /// The number of times that functions were invoked.
    #[must_use]
    pub fn invocations(&self) -> u64 {
        self.inner.state().invocations
    }

    /// The number of Plans that were made, repeats included, and the most calls to the table that one of them made.
    #[must_use]
    pub fn plans(&self) -> (u64, u64) {
        let state = self.inner.state();
        (state.plans, state.most_calls)
    }

    /// Waits for the next Plan that is asked for, but for first ones, and gives its run.
    pub async fn next_plan(&self) -> Option<RunId> {
        let mut planned = self.inner.planned.subscribe();
        planned.changed().await.ok()?;
        planned.borrow().clone()
    }

    /// Invokes the runner with an event.
    ///
    /// # Errors
    /// It failed, or Lambda did.
    pub async fn tell_runner(&self, run: &RunId, event: Value) -> Result<Value, TaskFailure> {
        let site = Site::Run(run.clone());
        let fault = self.inner.fault(Function::Runner, self.inner.odds.events);
        self.inner.invoke(Function::Runner, site, event, fault).await
    }
}

impl Functions {
    /// Invokes the runner as the schedule does.
    ///
    /// # Errors
    /// As [`Self::tell_runner`].
    pub async fn look_at_open_runs(&self) -> Result<Value, TaskFailure> {
        let event = json!({"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}});
        self.tell_runner(&nobody(), event).await
    }
}

impl Lambdas for Functions {
    fn invoke<'a>(&'a self, function: &'a str, payload: Value) -> BoxFuture<'a, Result<Value, TaskFailure>> {
        Box::pin(async move {
            let Some(function) = Function::parse(function) else {
                return Err(TaskFailure::new("Lambda.ResourceNotFoundException", function));
            };
            let inner = &self.inner;
            let site = inner.site(function, &payload);
            if let (Function::Runner, Site::Plan { run, number: 2.., .. }) = (function, &site) {
                inner.planned.send_replace(Some(run.clone()));
            }
            let odds = match function {
                Function::Runner => inner.odds.plans,
                _ => inner.odds.actions,
            };
            let fault = inner.fault(function, odds);
            inner.invoke(function, site, payload, fault).await
        })
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where an invocation is at work.
    fn site(&self, function: Function, payload: &Value) -> Site {
        let run_id = |text: Option<&str>| text.and_then(|text| text.parse::<RunId>().ok());
        if function != Function::Runner {
            let key = payload.pointer("/call/idempotency_key").and_then(Value::as_str);
            if let Some(place) = key.and_then(|key| self.store.place_of(key)) {
                return Site::Step(place);
            }
        }
        let state = payload.get("state").unwrap_or(payload);
        let run = run_id(state.pointer("/run/id").and_then(Value::as_str));
        let lane = state.pointer("/part/lane").and_then(Value::as_str);
        let number = state.pointer("/next/cursor/plans").and_then(Value::as_u64).unwrap_or(0);
        Site::Plan {
            run: run.unwrap_or_else(nobody),
            lane: lane.and_then(|lane| lane.parse().ok()).unwrap_or_else(LanePath::main),
            number: number + 1,
        }
    }

    fn fault(&self, function: Function, share: f64) -> Option<InvocationFault> {
        let mut state = self.state();
        let mut scripted = None;
        for (position, fault) in state.script.iter_mut().enumerate() {
            if fault.function == function {
                match fault.skip {
                    0 => scripted = scripted.or(Some(position)),
                    _ => fault.skip -= 1,
                }
            }
        }
        if let Some(position) = scripted {
            return Some(state.script.remove(position).fault);
        }
        drop(state);
        let chance = &self.chance;
        if !chance.happens(share) {
            return None;
        }
        Some(match chance.number(0..=6) {
            0 => InvocationFault::Throttled,
            1 => InvocationFault::CrashedBefore,
            2 => InvocationFault::CrashedDuring(chance.millis(1..=900)),
            3 => InvocationFault::CrashedAfter,
            4 => InvocationFault::AnswerLost,
            5 => InvocationFault::Twice(match chance.happens(0.5) {
                true => chance.millis(0..=40),
                false => chance.millis(0..=90_000),
            }),
            // Longer than the state machine waits, now and then.
            _ => InvocationFault::Late(chance.millis(500..=80_000)),
        })
    }

    async fn invoke(
        self: &Arc<Self>,
        function: Function,
        site: Site,
        payload: Value,
        fault: Option<InvocationFault>,
    ) -> Result<Value, TaskFailure> {
        let number = {
            let mut state = self.state();
            state.invocations += 1;
            state.invocations
        };
        if let Some(fault) = fault {
            self.mishaps.note(noted(function, fault), site.clone());
        }
        let what = shown(&payload);
        self.trace
            .say(format_args!("invocation {number}: {function:?} {what} fault {fault:?}"));
        sleep(self.chance.millis(2..=12)).await;
        let answer = match fault {
            Some(InvocationFault::Throttled) => {
                return Err(failure("Lambda.TooManyRequestsException", "Rate Exceeded."));
            }
            Some(InvocationFault::CrashedBefore) => return Err(self.crash()),
            Some(InvocationFault::CrashedDuring(after)) => {
                self.handled(function, site, payload, number, Some(after), Duration::ZERO)
                    .await
            }
            Some(InvocationFault::CrashedAfter) => {
                drop(
                    self.handled(function, site, payload, number, None, Duration::ZERO)
                        .await,
                );
                Err(self.crash())
            }
            Some(InvocationFault::AnswerLost) => {
                drop(
                    self.handled(function, site, payload, number, None, Duration::ZERO)
                        .await,
                );
                pending().await
            }
            Some(InvocationFault::Twice(apart)) => {
                let second = self.handled(function, site.clone(), payload.clone(), number, None, apart);
                let first = self.handled(function, site, payload, number, None, Duration::ZERO);
                let answers_second = apart < Duration::from_secs(20) && self.chance.happens(0.5);
                match answers_second {
                    true => {
                        drop(first);
                        second.await
                    }
                    false => {
                        drop(second);
                        first.await
                    }
                }
            }
            Some(InvocationFault::Late(by)) => self.handled(function, site, payload, number, None, by).await,
            None => {
                self.handled(function, site, payload, number, None, Duration::ZERO)
                    .await
            }
        };
        let said = match &answer {
            Ok(_) => "answered".to_owned(),
            Err(failure) => failure.to_string(),
        };
        self.trace.say(format_args!("invocation {number}: {said}"));
        sleep(self.chance.millis(1..=5)).await;
        answer
    }

    /// Runs the handler as a task of its own, from the moment of this call on. Dropping what this gives does not stop it.
    fn handled(
        self: &Arc<Self>,
        function: Function,
        site: Site,
        payload: Value,
        number: u64,
        crash_after: Option<Duration>,
        late_by: Duration,
    ) -> impl Future<Output = Result<Value, TaskFailure>> + use<> {
        let inner = Arc::clone(self);
        let answer = self.worker.run(move || async move {
            sleep(late_by).await;
            let environment = inner.environment(function);
            let handler = SITE.scope(
                RefCell::new(site.clone()),
                handle(Arc::clone(&inner), function, environment.clone(), site, payload),
            );
            let limit = crash_after.unwrap_or(TIME_LIMIT);
            match timeout(limit, handler).await {
                Ok(answer) => {
                    inner.state().idle.entry(function).or_default().push(environment);
                    answer
                }
                // The handler is dropped where it stands.
                Err(_) if crash_after.is_some() => {
                    inner.trace.say(format_args!("invocation {number}: killed"));
                    Err(inner.crash())
                }
                Err(_) => Err(failure(
                    "Sandbox.Timedout",
                    "RequestId: 0 Error: Task timed out after 30.00 seconds",
                )),
            }
        });
        async move {
            match answer
                .await
                .map(|answer| answer.map_err(tokio::task::JoinError::try_into_panic))
            {
                Ok(Ok(answer)) => answer,
                Ok(Err(Ok(panic))) => std::panic::resume_unwind(panic),
                Ok(Err(Err(_))) | Err(_) => Err(failure("Lambda.Unknown", "the simulation is over")),
            }
        }
    }

    /// An environment that is idle, or a new one.
    fn environment(&self, function: Function) -> Environment {
        let is_cold = self.chance.happens(self.odds.cold);
        let mut state = self.state();
        let idle = state.idle.entry(function).or_default();
        if !is_cold && !idle.is_empty() {
            let position = self.chance.position(idle.len());
            let mut environment = idle.swap_remove(position);
            drop(state);
            // A clock is set right, or wrong.
            if self.odds.skewed && self.chance.happens(0.1) {
                environment.skew = self.skew();
            }
            return environment;
        }
        state.environments += 1;
        let number = state.environments;
        drop(state);
        let host = match function {
            Function::Runner => Host::Runner(Arc::new(Runner {
                versions: Versions::new(self.store.clone()),
                bodies: BodyCache::new(self.store.clone()),
                journal: self.store.clone(),
                executions: self.executions.clone(),
                metrics: Metrics::discarded(),
            })),
            Function::CreateIncident | Function::ResolveIncident | Function::PagerDutyAction => {
                let names = SecretNames::new(Secrets::PREFIX);
                let links = ApprovalLinks::new(self.secrets.clone(), &names, "https://pagerflow.example/approvals");
                let connections = Connections::new(self.secrets.clone(), names);
                let pagerduty = PagerDuty::new(connections, Arc::clone(&self.transport), None);
                Host::Action(Arc::new(pagerduty.with_links(Some(links))))
            }
            Function::CallHttp => {
                let accounts = Accounts::new(self.secrets.clone(), SecretNames::new(Secrets::PREFIX));
                Host::Systems(Arc::new(Connectors::new(accounts, Arc::clone(&self.transport))))
            }
        };
        Environment {
            number,
            skew: self.skew(),
            host,
        }
    }

    fn skew(&self) -> SignedDuration {
        if !self.odds.skewed || self.chance.happens(0.4) {
            return SignedDuration::ZERO;
        }
        let seconds = self.chance.number(0..=2 * LARGEST_SKEW_SECONDS);
        let seconds = i64::try_from(seconds).unwrap_or_default() - 600;
        SignedDuration::from_secs(seconds)
    }

    fn crash(&self) -> TaskFailure {
        const CRASHES: [(&str, &str); 4] = [
            (
                "Runtime.ExitError",
                "RequestId: 0 Error: Runtime exited with error: exit status 1",
            ),
            (
                "Runtime.ExitError",
                "RequestId: 0 Error: Runtime exited with error: signal: killed",
            ),
            (
                "Sandbox.Timedout",
                "RequestId: 0 Error: Task timed out after 30.00 seconds",
            ),
            (
                "Lambda.SdkClientException",
                "Unable to execute HTTP request: Read timed out",
            ),
        ];
        match self.chance.one_of(&CRASHES) {
            Some((name, message)) if !self.chance.happens(0.2) => failure(name, message),
            // Lambda has no JSON for this one.
            _ => TaskFailure::new(
                "Lambda.Unknown",
                "The cause could not be determined because Lambda did not return an error type.",
            ),
        }
    }
}

async fn handle(
    inner: Arc<Inner>,
    function: Function,
    environment: Environment,
    site: Site,
    payload: Value,
) -> Result<Value, TaskFailure> {
    let now = inner.clock.now();
    let now: Timestamp = now.checked_add(environment.skew).unwrap_or(now);
    if environment.skew.abs() > SignedDuration::from_secs(30) {
        inner.mishaps.note(Fault::Skewed, site);
        let (number, skew) = (environment.number, environment.skew);
        inner.trace.say(format_args!("environment {number} is off by {skew:?}"));
    }
    let calls = inner.store.call_count();
    let answer = match &environment.host {
        Host::Runner(runner) => runner.take(payload, now).await,
        Host::Action(accounts) => match function {
            Function::CreateIncident => json_of(create_incident::handle(accounts, payload, now).await),
            Function::PagerDutyAction => json_of(pagerduty_action::handle(accounts, payload, now).await),
            _ => json_of(resolve_incident::handle(accounts, payload, now).await),
        },
        Host::Systems(connectors) => json_of(call_http::handle(connectors, payload, now).await),
    };
    if function == Function::Runner {
        // Others may have called meanwhile, so this is too much at times, and never too little.
        let calls = inner.store.call_count().saturating_sub(calls);
        let mut state = inner.state();
        state.plans += 1;
        state.most_calls = state.most_calls.max(calls);
    }
    answer.map_err(|error| {
        let error = error.failure();
        failure(&error.name, &error.to_text())
    })
}

fn json_of<T: serde::Serialize>(answer: Result<T, TaskError>) -> Result<Value, TaskError> {
    answer.map(|output| serde_json::to_value(output).unwrap_or_default())
}

/// An error of a function as Step Functions shows it.
fn failure(error: &str, message: &str) -> TaskFailure {
    let cause = json!({"errorType": error, "errorMessage": message});
    TaskFailure::new(error, cause.to_string())
}

fn noted(function: Function, fault: InvocationFault) -> Fault {
    let is_plan = function == Function::Runner;
    match (fault, is_plan) {
        (InvocationFault::Throttled, true) => Fault::PlanThrottled,
        (InvocationFault::Throttled, false) => Fault::ActionThrottled,
        (InvocationFault::CrashedBefore, true) => Fault::PlanCrashedBefore,
        (InvocationFault::CrashedBefore, false) => Fault::ActionCrashedBefore,
        (InvocationFault::CrashedDuring(_), true) => Fault::PlanCrashedDuring,
        (InvocationFault::CrashedDuring(_), false) => Fault::ActionCrashedDuring,
        (InvocationFault::CrashedAfter, true) => Fault::PlanCrashedAfter,
        (InvocationFault::CrashedAfter, false) => Fault::ActionCrashedAfter,
        (InvocationFault::AnswerLost, true) => Fault::PlanAnswerLost,
        (InvocationFault::AnswerLost, false) => Fault::ActionAnswerLost,
        (InvocationFault::Twice(_), true) => Fault::PlanTwice,
        (InvocationFault::Twice(_), false) => Fault::ActionTwice,
        (InvocationFault::Late(_), true) => Fault::PlanLate,
        (InvocationFault::Late(_), false) => Fault::ActionLate,
    }
}

/// A payload in few words.
fn shown(payload: &Value) -> String {
    let state = payload.get("state").unwrap_or(payload);
    let at = |pointer: &str| state.pointer(pointer).and_then(Value::as_str);
    match (at("/run/id"), at("/call/idempotency_key"), at("/detail/name")) {
        (Some(run), ..) => {
            let lane = at("/part/lane").unwrap_or("main");
            let plans = state.pointer("/next/cursor/plans").and_then(Value::as_u64).unwrap_or(0);
            format!("{run} {lane} after plan {plans}")
        }
        (_, Some(key), _) => {
            let attempt = state
                .pointer("/call/attempt")
                .and_then(Value::as_u64)
                .unwrap_or_default();
            format!("{key} attempt {attempt}")
        }
        (_, _, Some(name)) => format!("told of {name}"),
        _ => String::new(),
    }
}

/// In the place of a run of which nothing is known.
pub(super) fn nobody() -> RunId {
    RunId::for_event(&NOBODY, "nobody")
}

static NOBODY: std::sync::LazyLock<workflow::ids::WorkflowId> = std::sync::LazyLock::new(nobody_id);

#[expect(clippy::expect_used, reason = "the name is a constant")]
fn nobody_id() -> workflow::ids::WorkflowId {
    "nobody".parse().expect("a name")
}
