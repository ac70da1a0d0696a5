//! Runs that Step Functions did not start when their webhook came, schedules that are due, and events that runs wait for: SQS hands them
//! over, in batches.
//!
//! Each message is done or comes back by itself. One that cannot be read never gets done; it ends in the dead-letter
//! queue, and holds up no other.

use crate::schedule;
use jiff::Timestamp;
use platform::{
    awaited::AwaitedEvent,
    executions::{Executions, Wakes},
    schedules::DueSchedule,
    start_buffer,
    table::{IncidentEvents, VersionSource, Versions, Waits, WorkflowSource},
    task::TaskError,
    wake,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use workflow::{error_name::ErrorName, run::RunInput};

/// The time for which a call goes on with its messages; the rest of its batch comes back. The function has half a minute, and if it ran out
/// of that, those that are done would come back as well.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// A batch as Lambda hands it over.
///
/// Source: Lambda's developer guide, page `with-sqs`.
#[derive(Debug, Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    messages: Vec<Message>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    message_id: String,
    /// The input of a run, a schedule that is due, or an event.
    body: String,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    /// The time at which SQS took the message, in milliseconds since 1970.
    sent_timestamp: Option<String>,
}

impl Message {
    fn sent_at(&self) -> Option<Timestamp> {
        let milliseconds = self.attributes.sent_timestamp.as_ref()?.parse().ok()?;
        Timestamp::from_millisecond(milliseconds).ok()
    }
}

/// All that messages are done with.
#[derive(Debug)]
pub(crate) struct Means<'a, S, V, E> {
    pub(crate) store: &'a S,
    pub(crate) versions: &'a Versions<V>,
    pub(crate) executions: &'a E,
    pub(crate) now: Timestamp,
}

/// The messages that come back. Lambda deletes the others.
///
/// Source: Lambda's developer guide, page `services-sqs-errorhandling`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Undone {
    batch_item_failures: Vec<Item>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    item_identifier: String,
}

impl<S: WorkflowSource + IncidentEvents + Waits, V: VersionSource, E: Executions + Wakes> Means<'_, S, V, E> {
    /// Starts the runs of a batch, tells of its events, and gives which messages are to come back.
    ///
    /// # Errors
    /// `Input.Invalid`, if this is no batch of SQS; all of it comes back then.
    pub(crate) async fn drain(&self, batch: Value) -> Result<Value, TaskError> {
        let invalid = |problem: serde_json::Error| TaskError::new(ErrorName::InputInvalid, problem.to_string());
        let batch: Batch = serde_json::from_value(batch).map_err(invalid)?;
        let deadline = Instant::now() + TIME_LIMIT;
        let mut undone = Vec::new();
        for message in batch.messages {
            let done = timeout_at(deadline, self.take(&message)).await;
            if done.is_err() {
                let message = message.message_id.as_str();
                tracing::warn!(
                    message,
                    "a message stays in the start-buffer, because the time for its batch is over"
                );
            }
            if done != Ok(true) {
                let item_identifier = message.message_id;
                undone.push(Item { item_identifier });
            }
        }
        if sabotage::breaks(sabotage::Break::BatchAsDone) {
            undone.clear();
        }
        serde_json::to_value(Undone {
            batch_item_failures: undone,
        })
        .map_err(invalid)
    }

    /// Does what a message is for. Gives whether it is done.
    async fn take(&self, message: &Message) -> bool {
        match message.body.parse() {
            Ok(start_buffer::Message::Run(input)) => self.start(&input).await,
            Ok(start_buffer::Message::Due(due)) => self.start_due(&due, message).await,
            Ok(start_buffer::Message::IncidentEvent(event)) => self.tell(&event).await,
            Err(error) => {
                let message = message.message_id.as_str();
                tracing::error!(message, %error, "a message of the start-buffer is no input of a run, no schedule that is due and no event");
                false
            }
        }
    }

    /// Starts a run. Gives whether it is there.
    async fn start(&self, input: &RunInput) -> bool {
        let (run, workflow, event_id) = (&input.run.id, &input.run.workflow, input.event_id());
        match self.executions.start(input).await {
            Ok(started) => {
                tracing::info!(%run, %workflow, event_id, ?started, "run started from the start-buffer");
                true
            }
            Err(error) => {
                tracing::warn!(%run, %workflow, event_id, %error, "run stays in the start-buffer");
                false
            }
        }
    }

    /// Starts the run of a schedule that is due, if the table wants one.
    async fn start_due(&self, due: &DueSchedule, message: &Message) -> bool {
        let (workflow, scheduled_at) = (&due.schedule, due.scheduled_at);
        match schedule::run(due, message.sent_at(), self.store, self.versions, self.now).await {
            Ok(Ok(input)) => self.start(&input).await,
            Ok(Err(reason)) => {
                tracing::info!(%workflow, %scheduled_at, %reason, "a schedule that is due starts nothing");
                true
            }
            Err(error) => {
                tracing::warn!(%workflow, %scheduled_at, %error, "a schedule that is due stays in the start-buffer");
                false
            }
        }
    }

    /// Keeps an event, and wakes the lanes that watch its incident. A lane that watches from now on finds the event itself; one that could
    /// not be woken finds it when the slice of its wait is over.
    async fn tell(&self, event: &AwaitedEvent) -> bool {
        let (incident, event_id) = (event.watch.incident(), &event.event.event_id);
        let watchers = match self.store.put_event(event, self.now).await {
            Ok(()) => self.store.watchers(&event.watch).await,
            Err(error) => Err(error),
        };
        let watchers = match watchers {
            Ok(watchers) => watchers,
            Err(error) => {
                tracing::warn!(incident, event_id, %error, "event stays in the start-buffer");
                return false;
            }
        };
        if let Err(error) = wake::watchers(&watchers, self.store, self.executions).await {
            tracing::warn!(incident, event_id, %error, "not woken");
        }
        let lanes = watchers.len();
        tracing::info!(incident, event_id, lanes, "event kept for the runs that wait");
        true
    }
}
