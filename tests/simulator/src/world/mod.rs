//! The world around the shipped code: functions, table, secrets, Step Functions, PagerDuty and people, with all that can go
//! wrong between them.
//!
//! # Layout
//! - [`World`]: all of it, put together.
//! - [`Functions`]: Lambda with the shipped handlers.
//! - `ingress`: how runs are started, by webhooks and by people; `arrival` and `courier`: which webhooks come; `asked`: which
//!   runs were asked for.
//! - `queues`: SQS, where runs wait for their start; `schedule`: EventBridge Scheduler, which sends there.
//! - `people`: those who decide about approvals.
//! - `machine`: the faults of Step Functions, and what EventBridge tells.
//! - [`Fault`], [`Site`], [`Mishaps`]: what goes wrong, where, and how often.
//! - [`Chance`], [`Trace`]: one seed for everything, one trace of everything.

mod arrival;
mod asked;
mod chance;
mod courier;
mod executions;
mod fault;
mod functions;
mod ingress;
mod machine;
pub(crate) mod people;
mod queues;
mod schedule;
mod secrets;
mod trace;
mod worker;

pub use arrival::Arrival;
pub use asked::Started;
pub use chance::Chance;
pub use courier::Echoes;
pub use fault::{Fault, Mishaps, Site};
pub use functions::{Function, FunctionOdds, Functions, InvocationFault, Surroundings};
pub use ingress::{API_KEY, Ingress, IngressOdds, PassedOver};
pub use machine::{MachineOdds, shipped_definition};
pub use schedule::{Sending, Sent};
pub use secrets::{RoutingKey, Secrets};
pub use trace::{Keeps, Trace};

use crate::{
    pagerduty::{self, Account, Course, Faults as OnTheWay, Ids, Odds as WayOdds, PagerDuty, Seed, Weather},
    step_functions::{Clock, Execution, ExecutionArn, Outside, StateMachineArn, Status, StepFunctions},
    store::{Store, StoreOdds},
};
use asked::Asked;
use executions::ExecutionsApi;
use jiff::Timestamp;
use machine::{Bridge, Machine};
use platform::wake;
use provider::transport::Request;
use queues::Queues;
use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use workflow::{ids::RunId, planner::CancelMark};

/// The time when every simulation begins.
pub const BEGIN: Timestamp = Timestamp::constant(1_795_167_000, 0);

/// How likely everything is that can go wrong.
#[derive(Debug, Clone, Default)]
pub struct WorldOdds {
    /// Lambda.
    pub functions: FunctionOdds,
    /// The table.
    pub store: StoreOdds,
    /// The share of the reads of secrets that fail.
    pub secrets: f64,
    /// The way to PagerDuty and back.
    pub way: WayOdds,
    /// A time in which PagerDuty only answers 503, counted from the beginning.
    pub outage: Option<Range<Duration>>,
    /// How many requests of a token PagerDuty takes in a minute, if not as many as it documents.
    pub requests_per_minute: Option<u32>,
    /// Step Functions and EventBridge.
    pub machine: MachineOdds,
    pub ingress: IngressOdds,
    /// The share of the calls to SQS, and of its messages, that have a fault.
    pub queues: f64,
}

impl WorldOdds {
    /// A world in which nothing goes wrong.
    #[must_use]
    pub fn calm() -> Self {
        Self {
            way: WayOdds {
                faults: 0.0,
                lags: 0.0,
                ..WayOdds::default()
            },
            ..Self::default()
        }
    }
}

/// All that surrounds the shipped code.
#[derive(Debug, Clone)]
pub struct World {
    pub clock: Clock,
    /// What happened.
    pub trace: Trace,
    /// What went wrong.
    pub mishaps: Mishaps,
    /// The table.
    pub store: Store,
    /// Lambda.
    pub functions: Functions,
    /// PagerDuty's side.
    pub account: Account,
    /// The way to PagerDuty and other systems.
    pub pagerduty: PagerDuty,
    /// Step Functions.
    pub machine: StepFunctions,
    /// The starts of runs.
    pub ingress: Ingress,
    bridge: Bridge,
    executions: ExecutionsApi,
}

impl World {
    /// A world. To be made inside a runtime with one thread and paused time, and a [`LocalSet`](tokio::task::LocalSet).
    ///
    /// # Panics
    /// If the definition of the state machine cannot be read.
    #[must_use]
    pub fn new(seed: u64, odds: &WorldOdds, keeps: Keeps) -> Self {
        let weather = Weather::new(odds.way.clone(), Chance::rng(seed, "weather"));
        let outage = odds
            .outage
            .clone()
            .map(|outage| BEGIN + outage.start..BEGIN + outage.end);
        Self::with_way(seed, odds, keeps, Arc::new(weather), outage)
    }

    /// A world in which a test decides how requests to PagerDuty fare.
    ///
    /// # Panics
    /// As [`World::new`].
    #[must_use]
    #[expect(clippy::expect_used, reason = "seed and definition are constants")]
    pub fn with_way(
        seed: u64,
        odds: &WorldOdds,
        keeps: Keeps,
        way: Arc<dyn OnTheWay>,
        outage: Option<Range<Timestamp>>,
    ) -> Self {
        let clock = Clock::starting_at(BEGIN);
        let trace = Trace::new(clock, keeps);
        let mishaps = Mishaps::default();
        let store = Store::new(
            clock,
            trace.clone(),
            mishaps.clone(),
            Chance::new(seed, "store"),
            odds.store,
        );
        let watched = Watched {
            way,
            outage,
            mishaps: mishaps.clone(),
            trace: trace.clone(),
        };
        let pagerduty = PagerDuty::new(clock, Arc::new(watched));
        let rules = Seed::default();
        let rules = Seed {
            requests_per_minute: odds.requests_per_minute.unwrap_or(rules.requests_per_minute),
            ..rules
        };
        let account = pagerduty
            .open_account(rules, Ids::from_seed(seed))
            .expect("the default seed");
        let asked = Asked::new(clock, store.clone());
        let executions = ExecutionsApi::new(
            clock,
            trace.clone(),
            mishaps.clone(),
            Chance::new(seed, "executions"),
            odds.machine,
            asked.clone(),
        );
        let secrets = Secrets::new(mishaps.clone(), Chance::new(seed, "secrets"), odds.secrets);
        let functions = Functions::new(
            Surroundings {
                clock,
                trace: trace.clone(),
                mishaps: mishaps.clone(),
                store: store.clone(),
                transport: Arc::new(pagerduty.clone()),
                secrets: secrets.clone(),
                executions: executions.clone(),
            },
            Chance::new(seed, "functions"),
            odds.functions,
        );
        let bridge = Bridge::new(
            functions.clone(),
            trace.clone(),
            mishaps.clone(),
            Chance::new(seed, "bridge"),
            odds.machine,
            executions.clone(),
            store.clone(),
        );
        let step_functions = Arc::new(Machine::new(
            store.clone(),
            trace.clone(),
            mishaps.clone(),
            Chance::new(seed, "machine"),
            odds.machine,
        ));
        let jitter = Chance::new(seed, "jitter");
        let outside = Outside {
            lambdas: Arc::new(functions.clone()),
            observer: Arc::new(bridge.clone()),
            items: step_functions.clone(),
            faults: step_functions,
            jitter: Arc::new(move || jitter.part()),
        };
        let machine = StepFunctions::new(StateMachineArn::of("pagerflow"), shipped_definition(), clock, outside);
        executions.run_at(machine.clone());
        let queues = Queues::new(
            clock,
            trace.clone(),
            mishaps.clone(),
            Chance::new(seed, "queues"),
            odds.queues,
            functions.clone(),
            asked.clone(),
        );
        let ingress = Ingress::new(
            ingress::Surroundings {
                clock,
                trace: trace.clone(),
                mishaps: mishaps.clone(),
                store: store.clone(),
                account: account.clone(),
                secrets,
                executions: executions.clone(),
                queues,
                asked,
            },
            Chance::new(seed, "ingress"),
            odds.ingress,
        );
        Self {
            clock,
            trace,
            mishaps,
            store,
            functions,
            account,
            pagerduty,
            machine,
            ingress,
            bridge,
            executions,
        }
    }

    /// Waits until all executions have ended and everybody who has to know does, but not beyond a time. Gives whether that
    /// came.
    pub async fn rest(&self, latest: Timestamp) -> bool {
        let is_late = Arc::new(AtomicBool::new(false));
        let quiet = async {
            let is_quiet = || self.running().is_empty() && self.bridge.is_idle() && self.ingress.is_idle();
            let mut pause = Duration::from_secs(1);
            loop {
                if is_quiet() {
                    // What still runs of a function, or is on its way, comes to its end.
                    tokio::time::sleep(Duration::from_secs(600)).await;
                    if is_quiet() {
                        return;
                    }
                }
                match self.running().first() {
                    Some(execution) => {
                        self.machine.ended(execution.arn()).await;
                        pause = Duration::from_secs(1);
                    }
                    // A message can wait for days.
                    None => {
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(Duration::from_secs(600));
                    }
                }
            }
        };
        tokio::select! {
            () = quiet => {}
            () = self.clock.sleep_until(latest) => is_late.store(true, Ordering::Relaxed),
        }
        !is_late.load(Ordering::Relaxed)
    }

    /// Cancels a run, as `pagerflow run cancel` does; it can break off before it has woken anybody.
    pub async fn cancel(&self, run: &RunId, breaks_off: bool) {
        self.store.cancel_run(run);
        if breaks_off {
            self.mishaps.note(Fault::Unwoken, Site::Run(run.clone()));
            return;
        }
        let woken = wake::cancelled(run, &CancelMark::run(), &self.store, &self.executions).await;
        self.trace.say(format_args!("wakes {run}: {woken:?}"));
    }

    /// Ends it. A world that nobody ends stays in memory, because its parts call each other.
    pub fn close(&self) {
        self.ingress.close();
    }

    /// The last Plan that an execution made.
    #[must_use]
    pub fn site_of(&self, execution: &ExecutionArn) -> Option<Site> {
        machine::site_of(&self.store, execution)
    }

    /// The executions that run, the oldest first.
    #[must_use]
    pub fn running(&self) -> Vec<Execution> {
        let mut executions = self.machine.executions();
        executions.retain(|execution| execution.status == Status::Running);
        executions
    }
}

/// Looks on how requests fare.
#[derive(Debug)]
struct Watched {
    way: Arc<dyn OnTheWay>,
    outage: Option<Range<Timestamp>>,
    mishaps: Mishaps,
    trace: Trace,
}

impl OnTheWay for Watched {
    fn course(&self, request: &Request, now: Timestamp) -> Course {
        let mut course = self.way.course(request, now);
        if self.outage.as_ref().is_some_and(|outage| outage.contains(&now)) {
            let status = http::StatusCode::SERVICE_UNAVAILABLE;
            course.fault = Some(pagerduty::Fault::Status(pagerduty::When::BeforeEffect, status));
        }
        if let Some(fault) = &course.fault {
            self.mishaps.note_here(Fault::on_the_way(fault));
        }
        if !course.lag.is_zero() {
            self.mishaps.note_here(Fault::StaleList);
        }
        let Course { fault, lag, .. } = &course;
        self.trace.say(format_args!(
            "request: {} {} lag {lag:?} fault {fault:?}",
            request.method,
            request.url.path()
        ));
        course
    }
}
