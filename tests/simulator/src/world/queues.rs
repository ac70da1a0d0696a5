//! SQS: the start-buffer, its dead letters, and the deliveries that nobody can read.
//!
//! A message comes back until somebody has done it, and now and then once more. What comes back too often goes to the dead
//! letters, until a person has seen to the reason and sends it back.

use super::{
    asked::Asked,
    chance::Chance,
    fault::{Fault, Mishaps, Site},
    functions::{Functions, nobody},
    trace::Trace,
};
use jiff::{SignedDuration, Timestamp};
use platform::{
    awaited::AwaitedEvent,
    dead_letters::{DeadLetter, DeadLetters, QueueError},
    start_buffer::{BufferError, Outgoing, StartBuffer},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::sleep;
use workflow::{ids::RunId, run::RunInput};

use crate::step_functions::Clock;

/// The time for which nobody else gets a message that somebody has. The template says so, as of all of these.
const VISIBILITY_TIMEOUT: SignedDuration = SignedDuration::from_secs(40);
/// The number of times that a message may come back.
const MOST_RECEIVED: u32 = 1_000;
/// The number of messages that somebody gets at once.
const BATCH: usize = 10;

/// After how long a person sends dead letters back, in milliseconds: from an hour to twelve days. After fourteen SQS forgets them.
const SENT_BACK_AFTER: std::ops::RangeInclusive<u64> = 3_600_000..=12 * 86_400_000;

/// The queues. Clones are the same queues.
#[derive(Debug, Clone)]
pub(super) struct Queues {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    trace: Trace,
    mishaps: Mishaps,
    chance: Chance,
    /// The share of the calls and of the messages that have a fault, from 0 to 1.
    faults: f64,
    functions: Functions,
    asked: Asked,
    state: Mutex<State>,
    /// The messages that a person is going to send back.
    dead: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    messages: BTreeMap<u64, Message>,
    sent: u64,
    is_drained: bool,
    set_aside: Vec<String>,
}

#[derive(Debug, Clone)]
struct Message {
    /// The run that it is about; that of nobody if it is about an event.
    run: RunId,
    body: String,
    received: u32,
    visible_at: Timestamp,
}

impl Queues {
    pub(super) fn new(
        clock: Clock,
        trace: Trace,
        mishaps: Mishaps,
        chance: Chance,
        faults: f64,
        functions: Functions,
        asked: Asked,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                clock,
                trace,
                mishaps,
                chance,
                faults,
                functions,
                asked,
                state: Mutex::default(),
                dead: AtomicUsize::new(0),
            }),
        }
    }

    /// Takes a message that a schedule is due, of which a run may come.
    pub(super) fn take_due(&self, run: &RunId, body: String) {
        self.inner.trace.say(format_args!("start-buffer: takes {body}"));
        self.inner.keep(run.clone(), body);
    }

    /// True if nothing waits in them.
    pub(super) fn is_idle(&self) -> bool {
        self.inner.state().messages.is_empty() && self.inner.dead.load(Ordering::Relaxed) == 0
    }

    /// The reason deliveries were set aside.
    pub(super) fn set_aside(&self) -> Vec<String> {
        self.inner.state().set_aside.clone()
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, fault: Fault, run: &RunId) {
        self.trace.say(format_args!("start-buffer: {run} {}", fault.into_str()));
        self.mishaps.note(fault, Site::Run(run.clone()));
    }

    /// Takes a message, and sees to it that somebody gets it.
    fn keep(self: &Arc<Self>, run: RunId, body: String) {
        let mut state = self.state();
        state.sent += 1;
        let number = state.sent;
        let message = Message {
            run,
            body,
            received: 0,
            visible_at: self.clock.now(),
        };
        state.messages.insert(number, message);
        if !std::mem::replace(&mut state.is_drained, true) {
            drop(tokio::spawn(Arc::clone(self).drain()));
        }
    }

    /// What Lambda does with the queue while something is in it.
    async fn drain(self: Arc<Self>) {
        loop {
            sleep(self.chance.millis(10..=500)).await;
            let batch = self.receive();
            if !batch.is_empty() {
                let undone = self.hand_over(&batch).await;
                self.delete(batch.keys().filter(|number| !undone.contains(number)));
                continue;
            }
            let next = {
                let mut state = self.state();
                let next = state.messages.values().map(|message| message.visible_at).min();
                if next.is_none() {
                    state.is_drained = false;
                }
                next
            };
            let Some(next) = next else { return };
            self.clock.sleep_until(next).await;
        }
    }

    /// The next messages. What has come back too often goes to the dead letters.
    fn receive(self: &Arc<Self>) -> BTreeMap<u64, Message> {
        let now = self.clock.now();
        let mut state = self.state();
        let visible = |message: &Message| message.visible_at <= now;
        let dead: Vec<u64> = state
            .messages
            .iter()
            .filter(|(_, message)| visible(message) && message.received >= MOST_RECEIVED)
            .map(|(number, _)| *number)
            .collect();
        let dead: Vec<Message> = dead.iter().filter_map(|number| state.messages.remove(number)).collect();
        let mut batch = BTreeMap::new();
        let next = state.messages.iter_mut().filter(|(_, message)| visible(message));
        for (number, message) in next.take(BATCH) {
            message.received += 1;
            message.visible_at = now + VISIBILITY_TIMEOUT;
            batch.insert(*number, message.clone());
        }
        drop(state);
        for message in dead {
            self.note(Fault::DeadLetter, &message.run);
            self.dead.fetch_add(1, Ordering::Relaxed);
            let inner = Arc::clone(self);
            drop(tokio::spawn(async move {
                sleep(inner.chance.millis(SENT_BACK_AFTER)).await;
                inner.trace.say(format_args!("somebody sends {} back", message.run));
                inner.keep(message.run, message.body);
                inner.dead.fetch_sub(1, Ordering::Relaxed);
            }));
        }
        batch
    }

    /// Has the runner take a batch. Gives the messages that it has not done.
    async fn hand_over(&self, batch: &BTreeMap<u64, Message>) -> BTreeSet<u64> {
        let all: BTreeSet<u64> = batch.keys().copied().collect();
        let Some(first) = batch.values().next() else { return all };
        let records = batch.iter().map(|(number, message)| {
            json!({
                "messageId": number.to_string(),
                "eventSource": "aws:sqs",
                "body": message.body,
                "attributes": {"ApproximateReceiveCount": message.received.to_string()},
            })
        });
        let event = json!({"Records": records.collect::<Vec<Value>>()});
        let answer = self.functions.tell_runner(&first.run, event);
        match tokio::time::timeout(Duration::from_secs(40), answer).await {
            Ok(Ok(answer)) => {
                let failures = answer.get("batchItemFailures").and_then(Value::as_array);
                let undone = failures.into_iter().flatten();
                let number = |item: &Value| item.get("itemIdentifier")?.as_str()?.parse().ok();
                undone.filter_map(number).collect()
            }
            Ok(Err(failure)) => {
                self.trace.say(format_args!("start-buffer: {failure}"));
                all
            }
            Err(_) => all,
        }
    }

    fn delete<'a>(&self, done: impl Iterator<Item = &'a u64>) {
        for number in done {
            // SQS promises that each message comes at least once.
            if self.chance.happens(self.faults) {
                let message = self.state().messages.get(number).cloned();
                if let Some(message) = message {
                    self.note(Fault::BufferedTwice, &message.run);
                }
                continue;
            }
            self.state().messages.remove(number);
        }
    }
}

impl Inner {
    /// Takes a message that is sent, unless something is in the way. It is about a run, or about nobody's.
    fn take(self: &Arc<Self>, outgoing: &impl Outgoing, run: &RunId) -> Result<(), BufferError> {
        let failed = |cause: &str| BufferError {
            subject: outgoing.about(),
            cause: cause.into(),
        };
        let has_fault = self.chance.happens(self.faults);
        if has_fault && self.chance.happens(0.5) {
            self.note(Fault::BufferRefused, run);
            return Err(failed("ServiceUnavailable"));
        }
        let body = outgoing.text().map_err(|error| failed(&error.to_string()))?;
        self.trace.say(format_args!("start-buffer: takes {}", outgoing.about()));
        self.keep(run.clone(), body);
        if has_fault {
            self.note(Fault::BufferUnanswered, run);
            return Err(failed("connection reset"));
        }
        Ok(())
    }
}

impl StartBuffer for Queues {
    async fn put(&self, inputs: &[&RunInput]) -> Result<(), BufferError> {
        let inner = &self.inner;
        sleep(inner.chance.millis(2..=20)).await;
        for input in inputs {
            inner.asked.note(input);
            inner.take(*input, &input.run.id)?;
        }
        Ok(())
    }

    async fn put_events(&self, events: &[&AwaitedEvent]) -> Result<(), BufferError> {
        let inner = &self.inner;
        sleep(inner.chance.millis(2..=20)).await;
        let run = nobody();
        events.iter().try_for_each(|event| inner.take(*event, &run))
    }
}

impl DeadLetters for Queues {
    async fn put(&self, letter: &DeadLetter<'_>) -> Result<(), QueueError> {
        self.inner.state().set_aside.push(letter.reason.to_owned());
        Ok(())
    }
}
