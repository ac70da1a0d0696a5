//! The starts of runs: by webhooks, which come to the shipped ingress, and by people.

use super::{
    asked::{Asked, Started},
    chance::Chance,
    executions::ExecutionsApi,
    fault::{Fault, Mishaps, Site},
    queues::Queues,
    schedule::Sent,
    secrets::Secrets,
    trace::Trace,
};
use crate::{pagerduty::Account, step_functions::Clock, store::Store, world::Arrival};
use jiff::{SignedDuration, Timestamp};
use pagerduty_simulator::{Secret, sign};
use platform::{
    executions::Executions,
    intake::Ignored,
    secrets::{SecretNames, SigningSecretsSource},
    table::TriggerCache,
};
use serde_json::{Map, Value};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::{sleep, timeout};
use webhook_ingress::{Answer, Delivery, EventAnswer, Target};
use workflow::{
    ids::{RunId, WorkflowId},
    run::{RunCause, RunIdentity, RunInput},
};

/// The API key of all senders.
pub const API_KEY: &str = "pgf_simulation01_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8_90e1e140";

/// The time for which the function may run. The template says so.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// The time for which PagerDuty goes on with a delivery that nobody acknowledges.
const GIVES_UP_AFTER: SignedDuration = SignedDuration::from_hours(48);

/// The time for which it waits between two attempts at most. It says "periodically".
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// How webhooks come, and how likely faults of the ingress are.
#[derive(Debug, Clone, Copy, Default)]
pub struct IngressOdds {
    /// The share of the deliveries during which it crashes, from 0 to 1.
    pub crashes: f64,
    /// True if they come to the URL of the integration, and not to that of the workflow.
    pub is_shared: bool,
}

/// What starts runs: PagerDuty, which delivers to the shipped ingress until it is acknowledged, and people. Clones are the same.
#[derive(Debug, Clone)]
pub struct Ingress {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) clock: Clock,
    trace: Trace,
    pub(super) mishaps: Mishaps,
    pub(super) store: Store,
    pub(super) account: Account,
    pub(super) secrets: Secrets,
    pub(super) chance: Chance,
    odds: IngressOdds,
    executions: ExecutionsApi,
    pub(super) queues: Queues,
    asked: Asked,
    /// The environment of the function, with what it has cached.
    function: Mutex<Arc<Function>>,
    state: Mutex<State>,
}

type Function = webhook_ingress::Ingress<Simulated>;

/// By what the ingress reaches the simulated world.
#[derive(Debug)]
enum Simulated {}

impl webhook_ingress::Ports for Simulated {
    type Triggers = Store;
    type Secrets = Secrets;
    type Executions = ExecutionsApi;
    type StartBuffer = Queues;
    type Bodies = Store;
    type DeadLetters = Queues;
}

#[derive(Debug, Default)]
pub(super) struct State {
    accepted: BTreeSet<RunId>,
    passed_over: Vec<PassedOver>,
    refused: Vec<String>,
    /// The times of schedules that were sent.
    pub(super) sent: Vec<Sent>,
    /// Webhooks of PagerDuty that are on their way.
    pub(super) under_way: usize,
}

/// An event for which no run was started.
#[derive(Debug, Clone, PartialEq)]
pub struct PassedOver {
    pub workflow: WorkflowId,
    /// The reason.
    pub reason: Ignored,
    /// The time.
    pub at: Timestamp,
    /// The event, as PagerDuty told it.
    pub event: Value,
}

/// What the ingress works with.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub(super) clock: Clock,
    pub(super) trace: Trace,
    pub(super) mishaps: Mishaps,
    pub(super) store: Store,
    pub(super) account: Account,
    pub(super) secrets: Secrets,
    pub(super) executions: ExecutionsApi,
    pub(super) queues: Queues,
    pub(super) asked: Asked,
}

impl Ingress {
    pub(super) fn new(surroundings: Surroundings, chance: Chance, odds: IngressOdds) -> Self {
        let Surroundings {
            clock,
            trace,
            mishaps,
            store,
            account,
            secrets,
            executions,
            queues,
            asked,
        } = surroundings;
        let function = environment(&store, &secrets, &executions, &queues);
        Self {
            inner: Arc::new(Inner {
                clock,
                trace,
                mishaps,
                store,
                account,
                secrets,
                chance,
                odds,
                executions,
                queues,
                asked,
                function: Mutex::new(function),
                state: Mutex::default(),
            }),
        }
    }

    /// The runs that Step Functions was asked to start, or the start-buffer to keep.
    #[must_use]
    pub fn started(&self) -> BTreeMap<RunId, Started> {
        self.inner.asked.all()
    }

    /// The runs of which PagerDuty, or a person, was told that they start.
    #[must_use]
    pub fn accepted(&self) -> BTreeSet<RunId> {
        self.inner.state().accepted.clone()
    }

    /// The events for which no run was started.
    #[must_use]
    pub fn passed_over(&self) -> Vec<PassedOver> {
        self.inner.state().passed_over.clone()
    }

    /// The times of schedules that were sent.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        self.inner.state().sent.clone()
    }

    /// What PagerDuty was told that makes it stop sending.
    #[must_use]
    pub fn refused(&self) -> Vec<String> {
        let mut refused = self.inner.state().refused.clone();
        let set_aside = self.inner.queues.set_aside().into_iter();
        refused.extend(set_aside.map(|reason| format!("set aside: {reason}")));
        refused
    }

    /// True if all that PagerDuty has sent has come.
    pub(super) fn is_idle(&self) -> bool {
        self.inner.queues.is_idle() && self.inner.state().under_way == 0
    }

    /// Starts nothing any more.
    pub(super) fn close(&self) {
        self.inner.executions.close();
    }

    /// Lets Step Functions start nothing for so long.
    pub fn let_nothing_start(&self, length: Duration) {
        self.inner.executions.close_until(self.inner.clock.now() + length);
    }

    /// Delivers an event to a workflow, as often as PagerDuty does. Gives the run that it starts, if one starts.
    pub async fn deliver(&self, workflow: &WorkflowId, arrival: &Arrival) -> Option<RunId> {
        let body = self.delivery(arrival);
        let mut run = None;
        for delivery in 0..arrival.deliveries.max(1) {
            if delivery > 0 {
                sleep(self.inner.chance.millis(0..=120_000)).await;
            }
            let accepted = self.take(workflow, &body).await;
            if let (Some(accepted), true) = (&accepted, delivery > 0) {
                self.inner
                    .mishaps
                    .note(Fault::StartedTwice, Site::Run(accepted.clone()));
            }
            run = run.or(accepted);
        }
        run
    }

    /// Delivers a body until it is acknowledged. Gives the run that starts, if one does.
    pub async fn take(&self, workflow: &WorkflowId, body: &[u8]) -> Option<RunId> {
        let signature = sign(&Secret::new(Secrets::SIGNING), body);
        let begin = self.inner.clock.now();
        let (mut wait, mut crashes) = (Duration::from_secs(2), 0);
        loop {
            match self.attempt(workflow, body, &signature).await {
                Attempt::Crashed => crashes += 1,
                Attempt::Unavailable => {}
                Attempt::Answered(runs) => {
                    for run in runs.iter().filter(|_| crashes > 0) {
                        self.inner.mishaps.note(Fault::IngressCrashed, Site::Run(run.clone()));
                    }
                    return runs.into_iter().next();
                }
            }
            if self.inner.clock.now().duration_since(begin) > GIVES_UP_AFTER {
                return None;
            }
            sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// One delivery to the URL of a workflow, or of the integration.
    pub(super) async fn attempt(&self, workflow: &WorkflowId, body: &[u8], signature: &str) -> Attempt {
        let inner = &self.inner;
        sleep(inner.chance.millis(5..=60)).await;
        let function = inner.function();
        let delivery = Delivery {
            target: match inner.odds.is_shared {
                true => Target::Integration("prod"),
                false => Target::Workflow(workflow.as_str()),
            },
            api_key: Some(API_KEY),
            signature: Some(signature),
            body,
        };
        let limit = match inner.chance.happens(inner.odds.crashes) {
            true => inner.chance.millis(1..=80),
            false => TIME_LIMIT,
        };
        let Ok(answer) = timeout(limit, function.take(&delivery, inner.clock.now())).await else {
            inner.trace.say(format_args!("ingress: ended after {limit:?}"));
            inner.begin_anew();
            return Attempt::Crashed;
        };
        inner.trace.say(format_args!("ingress: {answer:?}"));
        let answers = match answer {
            Answer::Accepted(answers) => answers,
            Answer::HandedOn(answers) => answers.into_iter().map(|answer| answer.event).collect(),
            Answer::Unavailable { .. } => return Attempt::Unavailable,
            other => {
                inner.state().refused.push(format!("{other:?}"));
                return Attempt::Answered(Vec::new());
            }
        };
        let mut runs = Vec::new();
        for answer in answers {
            match answer {
                EventAnswer::Started { run } | EventAnswer::Duplicate { run } | EventAnswer::Buffered { run } => {
                    inner.state().accepted.insert(run.clone());
                    runs.push(run);
                }
                EventAnswer::Ignored { reason } => inner.state().passed_over.push(PassedOver {
                    workflow: workflow.clone(),
                    reason,
                    at: inner.clock.now(),
                    event: serde_json::from_slice(body).unwrap_or_default(),
                }),
                // The queue that it goes to remembers it.
                EventAnswer::Unreadable { .. } => {}
            }
        }
        Attempt::Answered(runs)
    }

    /// Starts a run by hand, as `pagerflow run start` does.
    pub async fn start_by_hand(&self, workflow: &WorkflowId, id: &str, inputs: Map<String, Value>) -> Option<RunId> {
        let record = self.inner.store.workflow(workflow)?;
        let run: RunId = id.parse().ok()?;
        let input = RunInput {
            run: RunIdentity {
                id: run.clone(),
                workflow: workflow.clone(),
                version: record.active_version,
                depth: 0,
            },
            cause: RunCause::Hand { by: None },
            inputs,
            part: None,
        };
        self.start(&input).await.then_some(run)
    }

    /// Starts a run as the command does, again where the answer is lost. Gives whether it starts.
    pub async fn start(&self, input: &RunInput) -> bool {
        for _ in 0..3 {
            if self.inner.executions.start(input).await.is_ok() {
                self.inner.state().accepted.insert(input.run.id.clone());
                return true;
            }
            sleep(self.inner.chance.millis(100..=4_000)).await;
        }
        false
    }
}

/// What came of a delivery.
pub(super) enum Attempt {
    Answered(Vec<RunId>),
    Unavailable,
    Crashed,
}

impl Inner {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn function(&self) -> Arc<Function> {
        Arc::clone(&self.function.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The next delivery comes to a new environment.
    fn begin_anew(&self) {
        let function = environment(&self.store, &self.secrets, &self.executions, &self.queues);
        *self.function.lock().unwrap_or_else(PoisonError::into_inner) = function;
    }
}

fn environment(store: &Store, secrets: &Secrets, executions: &ExecutionsApi, queues: &Queues) -> Arc<Function> {
    Arc::new(Function {
        triggers: TriggerCache::new(store.clone()),
        signing_secrets: SigningSecretsSource::new(secrets.clone(), SecretNames::new(Secrets::PREFIX)),
        executions: executions.clone(),
        start_buffer: queues.clone(),
        bodies: store.clone(),
        dead_letters: queues.clone(),
    })
}
