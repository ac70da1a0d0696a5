//! How runs are started: by webhooks, with the shipped rules of the ingress, and by people.

#![expect(
    clippy::indexing_slicing,
    reason = "JSON that is made or read here has these fields, or gives null"
)]

use super::{
    chance::Chance,
    fault::{Fault, Mishaps, Site},
    trace::Trace,
};
use crate::{
    pagerduty::{Account, Status},
    step_functions::{Clock, StartError, StepFunctions},
    store::Store,
};
use jiff::Timestamp;
use pagerduty_simulator::{IncidentId, ServiceId, Trigger};
use platform::{
    intake::{Admission, admit},
    table::Bodies,
};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::sleep;
use workflow::{
    ids::{RunId, WorkflowId},
    run::{RunIdentity, RunInput},
};

/// An event that comes in.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// Its id at PagerDuty.
    pub event_id: String,
    /// The title of its incident.
    pub title: String,
    /// The urgency of its incident.
    pub urgency: &'static str,
    /// Whether PagerDuty says which number the incident has.
    pub has_number: bool,
    /// The `incident_key` of its incident, if it is to be a certain one.
    pub key: Option<String>,
    /// Whether it comes late: its incident has been resolved meanwhile.
    pub is_late: bool,
    /// Bytes of a field that nobody reads.
    pub padding: usize,
    /// How many times it is delivered.
    pub deliveries: u32,
}

/// A run that was started.
#[derive(Debug, Clone, PartialEq)]
pub struct Started {
    /// The input of its execution.
    pub input: RunInput,
    /// When that was accepted.
    pub at: Timestamp,
    /// The event as expressions see it; null for a run by hand.
    pub event: Value,
}

/// What starts runs. Clones are the same.
#[derive(Debug, Clone)]
pub struct Ingress {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    trace: Trace,
    mishaps: Mishaps,
    store: Store,
    machine: StepFunctions,
    account: Account,
    chance: Chance,
    started: Mutex<BTreeMap<RunId, Started>>,
}

impl Ingress {
    pub(super) fn new(
        clock: Clock,
        trace: Trace,
        mishaps: Mishaps,
        store: Store,
        machine: StepFunctions,
        account: Account,
        chance: Chance,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                clock,
                trace,
                mishaps,
                store,
                machine,
                account,
                chance,
                started: Mutex::default(),
            }),
        }
    }

    /// The runs that were started.
    #[must_use]
    pub fn started(&self) -> BTreeMap<RunId, Started> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RunId, Started>> {
        self.inner.started.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes of a delivery of PagerDuty about a new incident, which PagerDuty has from then on.
    ///
    /// # Panics
    /// If the simulated PagerDuty refuses to open it.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the service is one of the account")]
    pub fn delivery(&self, arrival: &Arrival) -> Vec<u8> {
        let mut trigger = Trigger::new(arrival.title.clone(), ServiceId::new("PSVC8R2"));
        trigger.from = Some("manager@example.com".to_owned());
        trigger.key.clone_from(&arrival.key);
        let opened = self.inner.account.with(|rules, now| rules.trigger(trigger, now));
        let opened = opened.expect("an incident");
        let incident = &opened["incident"];
        if arrival.is_late {
            let id = IncidentId::new(incident["id"].as_str().unwrap_or_default());
            // Nobody else knows of it yet.
            let _ = self
                .inner
                .account
                .set_status(&id, Status::Resolved, "manager@example.com");
        }
        let now = self.inner.clock.now();
        let mut data = json!({
            "id": incident["id"],
            "type": "incident",
            "title": arrival.title,
            "status": "triggered",
            "urgency": arrival.urgency,
            "incident_key": incident["incident_key"],
            "created_at": now.to_string(),
            "html_url": incident["html_url"],
            "service": {"id": "PSVC8R2", "type": "service_reference", "summary": "Checkout"},
            "escalation_policy": {"id": "PT31ZQB", "type": "escalation_policy_reference", "summary": "Payments On-Call"},
            "priority": null,
            "teams": [{"id": "PGT9S2M", "type": "team_reference", "summary": "Payments"}],
            "assignees": [],
        });
        if arrival.has_number {
            data["number"] = incident["incident_number"].clone();
        }
        if arrival.padding > 0 {
            data["padding"] = self.padding(arrival.padding).into();
        }
        json!({
            "event": {
                "id": arrival.event_id,
                "event_type": "incident.triggered",
                "resource_type": "incident",
                "occurred_at": now.to_string(),
                "agent": null,
                "client": null,
                "data": data,
            },
        })
        .to_string()
        .into_bytes()
    }

    /// Text that does not get smaller when it is packed.
    fn padding(&self, bytes: usize) -> String {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let letter = |_| {
            let position = self.inner.chance.position(LETTERS.len());
            LETTERS.get(position).copied().map_or('-', char::from)
        };
        (0..bytes).map(letter).collect()
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

    /// Takes one delivery, as the function webhook-ingress does.
    pub async fn take(&self, workflow: &WorkflowId, body: &[u8]) -> Option<RunId> {
        self.take_and_start_after(Duration::ZERO, workflow, body).await
    }

    /// The same while Step Functions is out of reach for so long: the run waits in the start-buffer.
    pub async fn take_and_start_after(&self, wait: Duration, workflow: &WorkflowId, body: &[u8]) -> Option<RunId> {
        let inner = &self.inner;
        let record = inner.store.workflow(workflow)?;
        let trigger = record.trigger.as_ref()?;
        let admitted = match admit(&record, trigger, body, inner.clock.now()) {
            Ok(admissions) => admissions.into_iter().next(),
            Err(unreadable) => {
                inner.trace.say(format_args!("ingress: {unreadable}"));
                None
            }
        };
        match admitted? {
            Admission::Start(admitted) => {
                let run = admitted.input.run.id.clone();
                if let Some(large) = admitted.large_body {
                    while inner
                        .store
                        .put_body(&run, large.to_vec(), admitted.ends_by)
                        .await
                        .is_err()
                    {
                        sleep(Duration::from_secs(2)).await;
                    }
                }
                let event = serde_json::from_slice::<Value>(body).unwrap_or_default();
                if !wait.is_zero() {
                    sleep(wait).await;
                }
                self.start(admitted.input, event).await;
                Some(run)
            }
            Admission::Ignore(reason) => {
                inner.trace.say(format_args!("ingress: ignored, {reason}"));
                None
            }
        }
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
            trigger: None,
            inputs,
            called_by: None,
            part: None,
            replay_of: None,
        };
        self.start(input, Value::Null).await;
        Some(run)
    }

    /// Starts the execution of a run, again where the answer is lost.
    async fn start(&self, input: RunInput, delivery: Value) {
        let inner = &self.inner;
        let run = input.run.id.clone();
        let json = serde_json::to_value(&input).unwrap_or_default();
        for attempt in 0..2 {
            sleep(inner.chance.millis(2..=20)).await;
            match inner.machine.start_execution(run.as_str(), json.clone()) {
                Ok(_) => {}
                Err(StartError::AlreadyExists { .. }) => {
                    inner.trace.say(format_args!("ingress: {run} exists already"));
                }
                Err(error) => inner.trace.say(format_args!("ingress: {run} does not start: {error}")),
            }
            let is_lost = attempt == 0 && inner.chance.happens(0.05);
            if !is_lost {
                break;
            }
            inner.mishaps.note(Fault::StartUnanswered, Site::Run(run.clone()));
            sleep(inner.chance.millis(100..=4_000)).await;
        }
        let event = pagerduty_event(&delivery);
        self.lock().entry(run).or_insert_with(|| Started {
            input,
            at: inner.clock.now(),
            event,
        });
    }
}

/// The event of a delivery as expressions see it.
fn pagerduty_event(delivery: &Value) -> Value {
    if delivery.is_null() {
        return Value::Null;
    }
    let bytes = delivery.to_string().into_bytes();
    let event = pagerduty::webhook::v3::parse(&bytes).ok();
    event
        .and_then(|event| serde_json::to_value(event).ok())
        .unwrap_or_default()
}
