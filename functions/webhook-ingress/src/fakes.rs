//! The world around the ingress, in memory. It remembers what it was asked, and fails on request.

use crate::Ports;
use crate::{Delivery, Ingress, Target};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use platform::{
    api_key::{ApiKey, KeyId},
    awaited::AwaitedEvent,
    dead_letters::{DeadLetter, DeadLetters, QueueError},
    executions::{Executions, StartError, Started},
    secrets::{SecretError, SecretNames, SecretStore, SigningSecrets, SigningSecretsSource},
    start_buffer::{BufferError, Outgoing, StartBuffer},
    table::{
        ApiKeyRecord, Bodies, KeyScope, KeyState, StoreError, TriggerCache, TriggerRecord, TriggerRecords,
        TriggerSource, WorkflowRecord, WorkflowSchedule, WorkflowState,
    },
    telemetry,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::Sha256;
use std::{
    cell::RefCell,
    io,
    sync::{Arc, Mutex, Once},
    time::Duration,
};
use tokio::time::sleep;
use workflow::{
    ids::{IntegrationAlias, RunId, WorkflowId, WorkflowVersion},
    run::{RunInput, WebhookKind},
    triggers::Filters,
};

pub(crate) const WORKFLOW: &str = "memory-alert";
pub(crate) const SIGNING_SECRET: &str = "example-signing-secret";

/// A second after the events of these tests happened.
pub(crate) fn now() -> Timestamp {
    "2026-11-20T09:30:01Z".parse().unwrap()
}

/// A call to AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Trigger,
    Key,
    Routes,
    Secret,
    Body,
    Start,
    Buffer,
    BufferEvents,
    DeadLetter,
}

pub(crate) type FakeIngress = Ingress<World>;

impl Ports for World {
    type Triggers = Self;
    type Secrets = Self;
    type Executions = Self;
    type StartBuffer = Self;
    type Bodies = Self;
    type DeadLetters = Self;
}

/// All that the ingress calls. Its clones share one state.
#[derive(Debug, Clone)]
pub(crate) struct World(Arc<Mutex<State>>);

/// What is in the world, and how it behaves.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) workflow: WorkflowRecord,
    /// The workflows that the URL of the integration `prod` leads to.
    pub(crate) routes: Vec<WorkflowRecord>,
    pub(crate) keys: Vec<ApiKeyRecord>,
    pub(crate) signing_secrets: Result<SecretString, SecretError>,
    pub(crate) runs: Vec<RunInput>,
    pub(crate) buffered: Vec<RunInput>,
    /// The events that the start-buffer has for the runs that wait.
    pub(crate) events: Vec<AwaitedEvent>,
    pub(crate) bodies: Vec<(RunId, Vec<u8>)>,
    pub(crate) dead_letters: Vec<(String, Vec<u8>)>,
    /// What is out of reach.
    pub(crate) down: Vec<Call>,
    /// How many runs Step Functions still starts before it throttles.
    pub(crate) starts_left: usize,
    /// True if Step Functions starts a run and its answer is lost.
    pub(crate) answers_are_lost: bool,
    /// The time that Step Functions takes to answer. A run is there when half of that is over.
    pub(crate) start_takes: Duration,
    /// The time that the start-buffer takes to answer.
    pub(crate) buffer_takes: Duration,
    /// The messages that the start-buffer does not take while it takes the others: every so manieth.
    pub(crate) buffer_drops: Option<usize>,
    sent_to_buffer: usize,
    /// True if Step Functions never answers.
    pub(crate) hangs: bool,
    /// True if Step Functions does not let us start runs.
    pub(crate) refuses: bool,
    calls: Vec<Call>,
}

impl World {
    /// A world with one workflow, which takes signed V3 deliveries of `incident.triggered`, and the key that opens it.
    pub(crate) fn new() -> (Self, ApiKey) {
        Log::record();
        let workflow = WorkflowRecord {
            workflow: WORKFLOW.parse().unwrap(),
            state: WorkflowState::Enabled,
            active_version: WorkflowVersion(3),
            trigger: Some(TriggerRecord {
                integration: "prod".parse().unwrap(),
                webhook: WebhookKind::V3,
                events: vec!["incident.triggered".into()],
                filters: Filters::default(),
                when: None,
            }),
            awaits: platform::table::AwaitedTypes::new(),
            schedule: WorkflowSchedule::Never,
            timeout: None,
            updated_at: now(),
        };
        let world = Self(Arc::new(Mutex::new(State {
            workflow,
            routes: Vec::new(),
            keys: Vec::new(),
            signing_secrets: Ok(signing_secrets(&[SIGNING_SECRET])),
            runs: Vec::new(),
            buffered: Vec::new(),
            events: Vec::new(),
            bodies: Vec::new(),
            dead_letters: Vec::new(),
            down: Vec::new(),
            starts_left: usize::MAX,
            answers_are_lost: false,
            start_takes: Duration::ZERO,
            buffer_takes: Duration::ZERO,
            buffer_drops: None,
            sent_to_buffer: 0,
            hangs: false,
            refuses: false,
            calls: Vec::new(),
        })));
        let key = world.new_key(WORKFLOW, KeyState::Active);
        (world, key)
    }

    /// A world in which the URL of the integration `prod` leads to workflows of these names, and the key that opens it.
    pub(crate) fn with_routes_to(names: &[&str]) -> (Self, ApiKey) {
        let (world, _) = Self::new();
        world.with(|state| {
            let route = |name: &&str| WorkflowRecord {
                workflow: name.parse().unwrap(),
                ..state.workflow.clone()
            };
            state.routes = names.iter().map(route).collect();
        });
        let key = world.key_of(KeyScope::Integration("prod".parse().unwrap()), KeyState::Active);
        (world, key)
    }

    /// Makes a key for a workflow.
    pub(crate) fn new_key(&self, workflow: &str, state: KeyState) -> ApiKey {
        self.key_of(KeyScope::Workflow(workflow.parse().unwrap()), state)
    }

    /// Makes a key for a URL.
    pub(crate) fn key_of(&self, scope: KeyScope, state: KeyState) -> ApiKey {
        let key = ApiKey::generate().unwrap();
        let record = ApiKeyRecord {
            key_id: key.id().clone(),
            name: "pagerduty".into(),
            scope,
            sha256: key.hash(),
            state,
            created_at: now(),
            revoked_at: None,
        };
        self.with(|state| state.keys.push(record));
        key
    }

    /// An ingress that has cached nothing yet.
    pub(crate) fn ingress(&self) -> FakeIngress {
        Ingress {
            triggers: TriggerCache::new(self.clone()),
            signing_secrets: SigningSecretsSource::new(self.clone(), SecretNames::new("pagerflow")),
            executions: self.clone(),
            start_buffer: self.clone(),
            bodies: self.clone(),
            dead_letters: self.clone(),
        }
    }

    /// Looks at the state, or changes it.
    pub(crate) fn with<R>(&self, action: impl FnOnce(&mut State) -> R) -> R {
        action(&mut self.0.lock().unwrap())
    }

    /// The calls since this was last asked.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        self.with(|state| std::mem::take(&mut state.calls))
    }

    /// Lets the URL of the workflow take V2 deliveries.
    pub(crate) fn takes_v2(&self) {
        self.with(|state| state.workflow.trigger.as_mut().unwrap().webhook = WebhookKind::V2);
    }

    /// The number of runs.
    pub(crate) fn runs(&self) -> usize {
        self.with(|state| state.runs.len())
    }

    /// Remembers a call. Gives why it fails, if it does.
    fn call(&self, call: Call) -> Result<(), String> {
        self.with(|state| {
            state.calls.push(call);
            if state.down.contains(&call) {
                Err("ThrottlingException".into())
            } else {
                Ok(())
            }
        })
    }
}

impl TriggerSource for World {
    async fn read(&self, workflow: &WorkflowId, key: &KeyId) -> Result<TriggerRecords, StoreError> {
        self.call(Call::Trigger).map_err(|cause| StoreError::Unavailable {
            operation: "read the trigger",
            cause: cause.into(),
        })?;
        Ok(self.with(|state| TriggerRecords {
            workflow: Some(state.workflow.clone()).filter(|record| &record.workflow == workflow),
            key: state.keys.iter().find(|record| &record.key_id == key).cloned(),
        }))
    }

    async fn read_key(&self, key: &KeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        self.call(Call::Key).map_err(|cause| StoreError::Unavailable {
            operation: "read the API key",
            cause: cause.into(),
        })?;
        Ok(self.with(|state| state.keys.iter().find(|record| &record.key_id == key).cloned()))
    }

    async fn read_routes(&self, integration: &IntegrationAlias) -> Result<Vec<WorkflowRecord>, StoreError> {
        assert_eq!(
            integration.as_str(),
            "prod",
            "routes are read only with the key of their integration"
        );
        self.call(Call::Routes).map_err(|cause| StoreError::Unavailable {
            operation: "read the routes",
            cause: cause.into(),
        })?;
        Ok(self.with(|state| state.routes.clone()))
    }
}

impl SecretStore for World {
    async fn read(&self, name: &str) -> Result<SecretString, SecretError> {
        assert_eq!(name, "pagerflow/signing-secrets/prod", "the ingress reads nothing else");
        self.call(Call::Secret).map_err(|cause| SecretError::Unavailable {
            name: name.into(),
            cause: cause.into(),
        })?;
        self.with(|state| state.signing_secrets.clone())
    }
}

impl Bodies for World {
    async fn put_body(&self, run: &RunId, compressed: Vec<u8>, _: Timestamp) -> Result<(), StoreError> {
        self.call(Call::Body).map_err(|cause| StoreError::Unavailable {
            operation: "store the body",
            cause: cause.into(),
        })?;
        self.with(|state| {
            if !state.bodies.iter().any(|(of, _)| of == run) {
                state.bodies.push((run.clone(), compressed));
            }
        });
        Ok(())
    }

    async fn body(&self, _: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        panic!("the ingress reads no bodies");
    }
}

impl Executions for World {
    async fn start(&self, input: &RunInput) -> Result<Started, StartError> {
        let failed = |cause: String| StartError::OutOfReach {
            run: input.run.id.clone(),
            cause: cause.into(),
        };
        self.call(Call::Start).map_err(failed)?;
        if self.with(|state| state.hangs) {
            std::future::pending::<()>().await;
        }
        if self.with(|state| state.refuses) {
            return Err(StartError::Refused {
                run: input.run.id.clone(),
                cause: "AccessDeniedException".into(),
            });
        }
        let half = self.with(|state| state.start_takes) / 2;
        pass(half).await;
        let started = self.with(|state| {
            if state.runs.iter().any(|run| run.run.id == input.run.id) {
                return Ok(Started::Before);
            }
            state.starts_left = state
                .starts_left
                .checked_sub(1)
                .ok_or_else(|| failed("ThrottlingException".into()))?;
            state.runs.push(input.clone());
            if state.answers_are_lost {
                Err(failed("connection reset".into()))
            } else {
                Ok(Started::Now)
            }
        });
        pass(half).await;
        started
    }
}

impl StartBuffer for World {
    /// As that of SQS does, sixteen times ten at a time.
    async fn put(&self, inputs: &[&RunInput]) -> Result<(), BufferError> {
        let failed = |input: &RunInput, cause: String| BufferError {
            subject: input.about(),
            cause: cause.into(),
        };
        let mut all = Ok(());
        for inputs in inputs.chunks(160) {
            self.call(Call::Buffer).map_err(|cause| failed(inputs[0], cause))?;
            pass(self.with(|state| state.buffer_takes)).await;
            for input in inputs {
                let is_taken = self.with(|state| {
                    state.sent_to_buffer += 1;
                    let is_taken = state.buffer_drops.is_none_or(|each| state.sent_to_buffer % each != 0);
                    state.buffered.extend(is_taken.then(|| (*input).clone()));
                    is_taken
                });
                if !is_taken {
                    all = Err(failed(input, "InternalError".into()));
                }
            }
        }
        all
    }

    async fn put_events(&self, events: &[&AwaitedEvent]) -> Result<(), BufferError> {
        self.call(Call::BufferEvents).map_err(|cause| BufferError {
            subject: events[0].about(),
            cause: cause.into(),
        })?;
        pass(self.with(|state| state.buffer_takes)).await;
        self.with(|state| state.events.extend(events.iter().map(|event| (*event).clone())));
        Ok(())
    }
}

impl DeadLetters for World {
    async fn put(&self, letter: &DeadLetter<'_>) -> Result<(), QueueError> {
        let of_world = [
            KeyScope::Workflow(WORKFLOW.parse().unwrap()),
            KeyScope::Integration("prod".parse().unwrap()),
        ];
        assert!(of_world.contains(letter.sent_to), "{}", letter.sent_to);
        self.call(Call::DeadLetter)
            .map_err(|cause| QueueError { cause: cause.into() })?;
        self.with(|state| {
            state
                .dead_letters
                .push((letter.reason.to_owned(), letter.body.to_vec()));
        });
        Ok(())
    }
}

/// Lets time pass, and other futures go on, if it is to.
async fn pass(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

/// The value of the secret that holds signing secrets.
pub(crate) fn signing_secrets(secrets: &[&str]) -> SecretString {
    let mut all = SigningSecrets::default();
    for secret in secrets {
        all.add("PSUBSC1", (*secret).into());
    }
    all.secret_value().unwrap()
}

/// The header with which PagerDuty signs.
pub(crate) fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    format!("v1={}", HEXLOWER.encode(&mac.finalize().into_bytes()))
}

/// A delivery, before anybody takes it.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) workflow: String,
    /// The integration to whose URL it goes, instead of that of the workflow.
    pub(crate) integration: Option<String>,
    pub(crate) api_key: Option<String>,
    pub(crate) signature: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// A delivery with a key and no signature.
    pub(crate) fn new(key: &ApiKey, body: impl Into<Vec<u8>>) -> Self {
        Self {
            workflow: WORKFLOW.into(),
            integration: None,
            api_key: Some(key.expose().into()),
            signature: None,
            body: body.into(),
        }
    }

    /// A delivery with a key and PagerDuty's signature.
    pub(crate) fn signed(key: &ApiKey, body: impl Into<Vec<u8>>) -> Self {
        let message = Self::new(key, body);
        Self {
            signature: Some(signature(SIGNING_SECRET, &message.body)),
            ..message
        }
    }

    /// The same to the URL of an integration.
    pub(crate) fn addressed_to(self, alias: &str) -> Self {
        Self {
            integration: Some(alias.into()),
            ..self
        }
    }

    pub(crate) fn delivery(&self) -> Delivery<'_> {
        let integration = self.integration.as_deref().map(Target::Integration);
        Delivery {
            target: integration.unwrap_or(Target::Workflow(&self.workflow)),
            api_key: self.api_key.as_deref(),
            signature: self.signature.as_deref(),
            body: &self.body,
        }
    }
}

/// A V3 body that says that an incident was triggered.
pub(crate) fn v3(event_id: &str) -> String {
    v3_with(event_id, json!({}))
}

/// The same with further fields in the event's data.
pub(crate) fn v3_with(event_id: &str, data: Value) -> String {
    let mut event = json!({
        "id": event_id, "event_type": "incident.triggered", "resource_type": "incident",
        "occurred_at": "2026-11-20T09:30:00.482Z", "agent": null, "client": null,
        "data": {"id": "Q1MEMORYALERT1", "type": "incident", "title": "Memory above 90 %", "status": "triggered"},
    });
    if let (Some(known), Value::Object(more)) = (event["data"].as_object_mut(), data) {
        known.extend(more);
    }
    json!({ "event": event }).to_string()
}

/// A V2 body with one message for each id. Like those of PagerDuty, each repeats the headers that its sender was told
/// to send.
pub(crate) fn v2(event_ids: &[&str], key: &ApiKey) -> String {
    let message = |id: &&str| {
        json!({
            "id": id, "event": "incident.trigger", "created_on": "2026-11-20T09:30:00Z", "log_entries": [],
            "incident": {"id": "Q1MEMORYALERT1", "title": "Memory above 90 %", "status": "triggered"},
            "webhook": {"config": {"headers": [{"name": "x-api-key", "value": key.expose()}]}},
        })
    };
    json!({ "messages": event_ids.iter().map(message).collect::<Vec<_>>() }).to_string()
}

/// Text of a length that does not compress.
pub(crate) fn noise(length: usize) -> String {
    let mut state = 1_u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // The 64 characters from `?` to `~`, of which a backslash would be escaped.
        match char::from(b'?' + u8::try_from(state >> 58).unwrap()) {
            '\\' => '!',
            other => other,
        }
    };
    std::iter::repeat_with(next).take(length).collect()
}

thread_local! {
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What is logged and measured. Each test has a thread, and so a log, of its own.
#[derive(Debug)]
pub(crate) struct Log;

impl Log {
    /// Records what is logged from now on, in all threads: a place that logs before there is a listener is remembered as
    /// one without.
    fn record() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let subscriber = telemetry::subscriber("trace".parse().unwrap(), || Self);
            tracing::subscriber::set_global_default(subscriber).unwrap();
        });
    }

    /// What this test has logged so far.
    pub(crate) fn text() -> String {
        LOGGED.with_borrow(|bytes| String::from_utf8(bytes.clone()).unwrap())
    }

    /// Its lines of JSON that have a field.
    pub(crate) fn lines_with(field: &str) -> Vec<Value> {
        let lines = Self::text();
        let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.filter(|line: &Value| line.get(field).is_some()).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
