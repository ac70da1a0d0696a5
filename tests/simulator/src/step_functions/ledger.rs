//! What all executions share: their records, and the rules for starting and ending them.

use super::{
    clock::Clock,
    definition::Definition,
    execution::{Execution, ExecutionArn, Identity, LimitViolation, StateMachineArn, Status},
    failure::{self, TaskFailure},
    history::{EventKind, HistoryEvent},
    limits::{
        CAUSE_CHARACTERS, DATA_BYTES, ERROR_CHARACTERS, HISTORY_EVENTS, NAME_CHARACTERS, NAME_FORBIDDEN, NAME_KEPT,
    },
    outside::Outside,
    service::{AbortError, StartError},
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::{oneshot, watch};

/// The execution has ended, by itself or from outside: its interpreter stops where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ended;

/// The number of an execution, in the order of their starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ExecutionId(usize);

/// The end of an execution.
#[derive(Debug)]
pub(super) enum Ending {
    Succeeded(Value),
    Failed(TaskFailure),
    TimedOut,
    Aborted {
        error: Option<String>,
        cause: Option<String>,
    },
}

struct Record {
    execution: Execution,
    ended: watch::Sender<bool>,
    /// The executions that Tasks wait for.
    children: Vec<ExecutionId>,
}

#[derive(Default)]
struct Records {
    all: Vec<Record>,
    by_arn: BTreeMap<ExecutionArn, ExecutionId>,
}

impl Records {
    fn of(&mut self, id: ExecutionId) -> Option<&mut Record> {
        self.all.get_mut(id.0)
    }
}

/// The tasks that wait for their token.
#[derive(Default)]
struct Tokens {
    given: u64,
    waiting: BTreeMap<String, oneshot::Sender<Value>>,
}

pub(super) struct Ledger {
    pub(super) state_machine: StateMachineArn,
    pub(super) definition: Definition,
    pub(super) clock: Clock,
    pub(super) outside: Outside,
    records: Mutex<Records>,
    tokens: Mutex<Tokens>,
    panic: watch::Sender<Option<String>>,
    panic_was_raised: AtomicBool,
}

impl Ledger {
    pub(super) fn new(state_machine: StateMachineArn, definition: Definition, clock: Clock, outside: Outside) -> Self {
        Self {
            state_machine,
            definition,
            clock,
            outside,
            records: Mutex::default(),
            tokens: Mutex::default(),
            panic: watch::Sender::new(None),
            panic_was_raised: AtomicBool::new(false),
        }
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token, and the receiver of the output with which the task is ended by it.
    pub(super) fn token(&self) -> (String, oneshot::Receiver<Value>) {
        let mut tokens = self.tokens();
        tokens.given += 1;
        let token = format!("token-{}", tokens.given);
        let (sender, receiver) = oneshot::channel();
        tokens.waiting.insert(token.clone(), sender);
        (token, receiver)
    }

    /// The task of a token waits no longer.
    pub(super) fn forget(&self, token: &str) {
        self.tokens().waiting.remove(token);
    }

    /// Ends a task by its token. Gives whether it waited.
    pub(super) fn succeed(&self, token: &str, output: Value) -> bool {
        let sender = self.tokens().waiting.remove(token);
        sender.is_some_and(|sender| sender.send(output).is_ok())
    }

    /// No call to the outside world is made while the records are locked: it may call back.
    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the record of a new execution; or finds the one that runs under this name with this input.
    pub(super) fn start(&self, name: &str, input: Value, parent: Option<&ExecutionArn>) -> Result<Start, StartError> {
        if !is_name(name) {
            return Err(StartError::InvalidName { name: name.to_owned() });
        }
        let input_text = input.to_string();
        if input_text.len() > DATA_BYTES {
            return Err(StartError::InputTooLarge {
                bytes: input_text.len(),
            });
        }
        let arn = self.state_machine.execution(name);
        let now = self.clock.now();
        let mut records = self.records();
        if let Some(&namesake) = records.by_arn.get(&arn)
            && let Some(record) = records.of(namesake)
        {
            match record.execution.stopped_at {
                None if record.execution.identity.input_text == input_text => return Ok(Start::Running(namesake)),
                Some(stopped_at) if now.duration_since(stopped_at) >= NAME_KEPT => {}
                _ => return Err(StartError::AlreadyExists { arn }),
            }
        }
        let identity = Arc::new(Identity {
            arn: arn.clone(),
            name: name.to_owned(),
            state_machine: self.state_machine.clone(),
            input,
            input_text,
            started_at: now,
            parent: parent.cloned(),
        });
        let id = ExecutionId(records.all.len());
        records.by_arn.insert(arn, id);
        records.all.push(Record {
            execution: Execution::started(identity),
            ended: watch::Sender::new(false),
            children: Vec::new(),
        });
        drop(records);
        let change = self.describe(id).change();
        self.outside.observer.status_changed(&change);
        Ok(Start::New(id))
    }

    /// Counts an event and tells the observer.
    ///
    /// # Errors
    /// The execution has ended, perhaps because its history is full now.
    pub(super) fn event(
        &self,
        id: ExecutionId,
        kind: EventKind,
        state: &str,
        iteration: Option<usize>,
    ) -> Result<(), Ended> {
        let mut records = self.records();
        let record = records.of(id).ok_or(Ended)?;
        let execution = &mut record.execution;
        if execution.status != Status::Running {
            return Err(Ended);
        }
        if execution.events + 1 >= HISTORY_EVENTS {
            execution.limit_violations.push(LimitViolation::History);
            drop(records);
            self.end(
                id,
                Ending::Failed(TaskFailure::new(
                    failure::RUNTIME,
                    format!("The execution reached the maximum number of history events ({HISTORY_EVENTS})."),
                )),
            );
            return Err(Ended);
        }
        if let EventKind::StateEntered(_) = kind {
            execution.transitions += 1;
        }
        let event = self.next_event(execution, kind, state, iteration);
        drop(records);
        self.outside.observer.history_event(&event);
        Ok(())
    }

    fn next_event(
        &self,
        execution: &mut Execution,
        kind: EventKind,
        state: &str,
        iteration: Option<usize>,
    ) -> HistoryEvent {
        execution.events += 1;
        HistoryEvent {
            execution: execution.arn().clone(),
            id: execution.events,
            at: self.clock.now(),
            kind,
            state: state.to_owned(),
            iteration,
        }
    }

    /// Counts a retry, which is a state transition too (developer guide, `concepts-error-handling.html`).
    pub(super) fn retried(&self, id: ExecutionId) {
        if let Some(record) = self.records().of(id) {
            record.execution.retries += 1;
            record.execution.transitions += 1;
        }
    }

    pub(super) fn violated(&self, id: ExecutionId, limit: LimitViolation) {
        if let Some(record) = self.records().of(id) {
            record.execution.limit_violations.push(limit);
        }
    }

    /// Ends an execution that runs, and stops its children.
    pub(super) fn end(&self, id: ExecutionId, ending: Ending) {
        let mut records = self.records();
        let Some(record) = records.of(id) else { return };
        if record.execution.status != Status::Running {
            return;
        }
        let kind = close(&mut record.execution, ending);
        record.execution.stopped_at = Some(self.clock.now());
        let event = self.next_event(&mut record.execution, kind, "", None);
        let change = record.execution.change();
        let children = std::mem::take(&mut record.children);
        record.ended.send_replace(true);
        drop(records);
        self.outside.observer.history_event(&event);
        self.outside.observer.status_changed(&change);
        self.stop(children);
    }

    /// Stops executions whose Tasks were aborted. AWS makes a "best-effort attempt" (developer guide, `connect-to-resource.html`).
    fn stop(&self, children: Vec<ExecutionId>) {
        for child in children {
            if !self.outside.faults.child_stop_is_lost(&self.identity(child).arn) {
                self.end(
                    child,
                    Ending::Aborted {
                        error: None,
                        cause: None,
                    },
                );
            }
        }
    }

    /// A Task waits for a child.
    pub(super) fn wait_for(&self, parent: ExecutionId, child: ExecutionId) {
        if let Some(record) = self.records().of(parent) {
            record.children.push(child);
        }
    }

    /// A Task waits for a child no longer.
    pub(super) fn leave(&self, parent: ExecutionId, child: ExecutionId) {
        if let Some(record) = self.records().of(parent)
            && let Some(position) = record.children.iter().position(|other| *other == child)
        {
            record.children.remove(position);
        }
    }

    pub(super) fn abort(&self, arn: &ExecutionArn, error: Option<&str>, cause: Option<&str>) -> Result<(), AbortError> {
        let longer = |text: Option<&str>, most| text.is_some_and(|text| text.chars().count() > most);
        if longer(error, ERROR_CHARACTERS) || longer(cause, CAUSE_CHARACTERS) {
            return Err(AbortError::TextTooLong);
        }
        let id = self
            .find(arn)
            .ok_or_else(|| AbortError::DoesNotExist { arn: arn.clone() })?;
        let ending = Ending::Aborted {
            error: error.map(str::to_owned),
            cause: cause.map(str::to_owned),
        };
        self.end(id, ending);
        Ok(())
    }

    pub(super) fn find(&self, arn: &ExecutionArn) -> Option<ExecutionId> {
        self.records().by_arn.get(arn).copied()
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "an id is made together with its record, and no record is removed"
    )]
    pub(super) fn describe(&self, id: ExecutionId) -> Execution {
        self.records().all[id.0].execution.clone()
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "an id is made together with its record, and no record is removed"
    )]
    pub(super) fn identity(&self, id: ExecutionId) -> Arc<Identity> {
        Arc::clone(&self.records().all[id.0].execution.identity)
    }

    pub(super) fn all(&self) -> Vec<Execution> {
        self.records()
            .all
            .iter()
            .map(|record| record.execution.clone())
            .collect()
    }

    /// Waits until an execution has ended.
    pub(super) async fn ended(&self, id: ExecutionId) {
        let ended = self.records().of(id).map(|record| record.ended.subscribe());
        if let Some(mut ended) = ended {
            // The sender lives as long as the record does.
            let _ = ended.wait_for(|ended| *ended).await;
        }
    }

    /// The outside world panicked: the simulation is worth nothing any more.
    pub(super) fn panic(&self, message: String) {
        self.panic.send_replace(Some(message));
    }

    /// Waits for a panic.
    pub(super) async fn panicked(&self) {
        let _ = self.panic.subscribe().wait_for(Option::is_some).await;
    }

    #[expect(
        clippy::panic,
        reason = "a panic of the outside world is to fail the test that made it"
    )]
    pub(super) fn raise_panic(&self) {
        let message = self.panic.borrow().clone();
        if let Some(message) = message {
            self.panic_was_raised.store(true, Ordering::Relaxed);
            panic!("the simulated world panicked: {message}");
        }
    }

    pub(super) fn raise_panic_once(&self) {
        if !self.panic_was_raised.load(Ordering::Relaxed) {
            self.raise_panic();
        }
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("state_machine", &self.state_machine)
            .finish_non_exhaustive()
    }
}

/// What became of a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    New(ExecutionId),
    Running(ExecutionId),
}

impl Start {
    pub(super) fn id(self) -> ExecutionId {
        match self {
            Self::New(id) | Self::Running(id) => id,
        }
    }
}

fn close(execution: &mut Execution, ending: Ending) -> EventKind {
    match ending {
        Ending::Succeeded(output) => {
            execution.status = Status::Succeeded;
            execution.output = Some(output);
            EventKind::ExecutionSucceeded
        }
        Ending::Failed(failure) => {
            execution.status = Status::Failed;
            execution.error = Some(failure.error).filter(|error| !error.is_empty());
            execution.cause = Some(failure.cause).filter(|cause| !cause.is_empty());
            EventKind::ExecutionFailed
        }
        Ending::TimedOut => {
            execution.status = Status::TimedOut;
            EventKind::ExecutionTimedOut
        }
        Ending::Aborted { error, cause } => {
            execution.status = Status::Aborted;
            execution.error = error;
            execution.cause = cause;
            EventKind::ExecutionAborted
        }
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |c: char| !c.is_whitespace() && !c.is_control() && !NAME_FORBIDDEN.contains(c);
    (1..=NAME_CHARACTERS).contains(&name.chars().count()) && name.chars().all(allowed)
}
