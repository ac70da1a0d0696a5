//! The queue of runs that wait for Step Functions, of schedules that are due, and of events that runs wait for.
//!
//! While Step Functions throttles or cannot be reached, or takes too long for a delivery that starts many runs, the ingress puts
//! the inputs of runs here and acknowledges the delivery; the runner takes them from here and starts the runs. Such a message is the
//! input of one run and nothing else, so a run that was started although its answer got lost is the same run for Step Functions,
//! by name and by input.
//!
//! EventBridge Scheduler puts here by itself that a schedule is due ([`DueSchedule`]). An event of an incident that a workflow waits for goes
//! here always ([`AwaitedEvent`]): the runner keeps it, and wakes the lanes that watch the incident.

use crate::{
    awaited::AwaitedEvent,
    aws::{AwsFailure, OnFirstUse},
    schedules::DueSchedule,
};
use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchRequestEntry};
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use std::{fmt, future::ready, str::FromStr, sync::OnceLock};
use workflow::{ids::RunId, run::RunInput};

/// The most messages that SQS takes in a request.
const MESSAGES: usize = 10;

/// The number of bytes that they may have together: a little less than the mebibyte that SQS takes.
///
/// Source: SQS's API reference, page `API_SendMessageBatch`.
const BYTES: usize = 1_000_000;

/// The number of requests that are under way at the same time. Each holds up to a megabyte, twice.
const REQUESTS_AT_ONCE: usize = 16;

/// The number of times that a message is sent that SQS does not take while it takes others.
const ATTEMPTS: u32 = 2;

/// A message of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A run waits for Step Functions.
    Run(Box<RunInput>),
    /// A schedule is due.
    Due(DueSchedule),
    /// An event of an incident came that a workflow waits for.
    IncidentEvent(Box<AwaitedEvent>),
}

/// An event as a message.
#[derive(Serialize, Deserialize)]
struct OfEvent<T> {
    incident_event: T,
}

impl FromStr for Message {
    type Err = serde_json::Error;

    /// A message with a `schedule` or an `incident_event` is about that: no input of a run has such a field.
    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Kind {
            schedule: Option<IgnoredAny>,
            incident_event: Option<IgnoredAny>,
        }
        let kind: Kind = serde_json::from_str(text)?;
        if kind.schedule.is_some() {
            return serde_json::from_str(text).map(Self::Due);
        }
        match kind.incident_event {
            Some(_) => {
                let message: OfEvent<AwaitedEvent> = serde_json::from_str(text)?;
                Ok(Self::IncidentEvent(Box::new(message.incident_event)))
            }
            None => serde_json::from_str(text).map(|input| Self::Run(Box::new(input))),
        }
    }
}

/// The subject of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageSubject {
    Run(RunId),
    /// An event, by the system's id, of an incident.
    IncidentEvent {
        id: String,
        incident: String,
    },
}

impl fmt::Display for MessageSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(run) => write!(f, "the run {run}"),
            Self::IncidentEvent { id, incident } => write!(f, "the event {id} of the incident {incident}"),
        }
    }
}

/// The queue did not take a message.
#[derive(Debug, thiserror::Error)]
#[error("the start-buffer did not take {subject}: {cause}")]
pub struct BufferError {
    pub subject: MessageSubject,
    /// The reason.
    #[source]
    pub cause: AwsFailure,
}

/// The contents of a message that is sent.
pub trait Outgoing: Sync {
    fn about(&self) -> MessageSubject;

    /// The group that it waits in. SQS gives the messages of other groups precedence while one has many waiting ("fair queues" of
    /// standard queues).
    fn group(&self) -> String;

    /// The message.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    fn text(&self) -> Result<String, serde_json::Error>;
}

impl Outgoing for RunInput {
    fn about(&self) -> MessageSubject {
        MessageSubject::Run(self.run.id.clone())
    }

    /// A workflow with few events does not wait for one in an alert storm.
    fn group(&self) -> String {
        self.run.workflow.to_string()
    }

    fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

impl Outgoing for AwaitedEvent {
    fn about(&self) -> MessageSubject {
        MessageSubject::IncidentEvent {
            id: self.event.event_id.clone(),
            incident: self.watch.incident().to_owned(),
        }
    }

    /// An event that runs wait for does not wait for a storm of another incident, nor for the runs that a storm starts.
    fn group(&self) -> String {
        self.watch.incident().to_owned()
    }

    fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&OfEvent { incident_event: self })
    }
}

/// The queue of runs that wait for Step Functions, and of events that runs wait for.
pub trait StartBuffer: Sync {
    /// Has runs started later. The same run may be put here again.
    ///
    /// # Errors
    /// The queue did not take one of them, or several; the delivery must not be acknowledged. It may have taken others.
    fn put(&self, inputs: &[&RunInput]) -> impl Future<Output = Result<(), BufferError>> + Send;

    /// Hands events to the runs that wait for them. The same event may be put here again.
    ///
    /// # Errors
    /// As [`Self::put`].
    fn put_events(&self, events: &[&AwaitedEvent]) -> impl Future<Output = Result<(), BufferError>> + Send;
}

/// The queue in SQS.
#[derive(Debug, Clone)]
pub struct SqsStartBuffer {
    client: OnFirstUse<aws_sdk_sqs::Client>,
    queue_url: String,
}

impl SqsStartBuffer {
    /// The queue at a URL.
    #[must_use]
    pub fn new(client: impl Into<OnFirstUse<aws_sdk_sqs::Client>>, queue_url: String) -> Self {
        Self {
            client: client.into(),
            queue_url,
        }
    }

    async fn send_all<M: Outgoing>(&self, messages: &[&M]) -> Result<(), BufferError> {
        let out_of_reach = OnceLock::new();
        // None of these makes its messages before the stream comes to it.
        let requests: Vec<_> = batches(messages)?
            .into_iter()
            .map(|batch| self.send(batch, &out_of_reach))
            .collect();
        let sent = stream::iter(requests).buffer_unordered(REQUESTS_AT_ONCE);
        sent.fold(Ok(()), |all, one| ready(all.and(one))).await
    }

    /// Sends a batch, and once more what of it SQS does not take. `out_of_reach` is why an earlier batch got no answer: there is
    /// no time to wait for that twice.
    async fn send<M: Outgoing>(&self, batch: &[&M], out_of_reach: &OnceLock<AwsFailure>) -> Result<(), BufferError> {
        let mut left = batch.to_vec();
        let mut refused = None;
        for _ in 0..ATTEMPTS {
            let Some(first) = left.first() else { return Ok(()) };
            if let Some(cause) = out_of_reach.get() {
                return Err(failed(*first, cause.clone()));
            }
            let answer = match left.as_slice() {
                [input] => self.send_one(*input).await?,
                several => self.send_several(several).await?,
            };
            let Taken { places, first_refused } = match answer {
                Ok(taken) => taken,
                Err(cause) => return Err(failed(*first, out_of_reach.get_or_init(|| cause).clone())),
            };
            // What SQS does not say it has taken is not taken.
            let is_left = |(place, _): &(usize, &&M)| !places.contains(&place.to_string());
            left = left
                .iter()
                .enumerate()
                .filter(is_left)
                .map(|(_, input)| *input)
                .collect();
            refused = first_refused;
        }
        match left.first() {
            Some(input) => Err(failed(*input, cause(refused))),
            None => Ok(()),
        }
    }

    /// Sends one message, as most deliveries have no more.
    async fn send_one(&self, input: &impl Outgoing) -> Result<Result<Taken, AwsFailure>, BufferError> {
        let request = self.client.send_message().queue_url(&self.queue_url);
        let request = request.message_group_id(input.group()).message_body(message(input)?);
        let answer = Box::pin(request.send()).await;
        Ok(answer
            .map(|_| Taken {
                places: vec!["0".to_owned()],
                first_refused: None,
            })
            .map_err(|error| AwsFailure::of(&error)))
    }

    async fn send_several<M: Outgoing>(&self, inputs: &[&M]) -> Result<Result<Taken, AwsFailure>, BufferError> {
        let entries = inputs.iter().enumerate().map(|(place, input)| entry(place, *input));
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let request = self.client.send_message_batch().queue_url(&self.queue_url);
        let answer = Box::pin(request.set_entries(Some(entries)).send()).await;
        Ok(answer
            .map(|output| Taken {
                places: output.successful.into_iter().map(|entry| entry.id).collect(),
                first_refused: output.failed.into_iter().next(),
            })
            .map_err(|error| AwsFailure::of(&error)))
    }
}

/// The part of a request that SQS has taken.
struct Taken {
    /// The ids of the messages.
    places: Vec<String>,
    /// The reason it has not taken the first of the others, as it says.
    first_refused: Option<BatchResultErrorEntry>,
}

impl StartBuffer for SqsStartBuffer {
    async fn put(&self, inputs: &[&RunInput]) -> Result<(), BufferError> {
        self.send_all(inputs).await
    }

    async fn put_events(&self, events: &[&AwaitedEvent]) -> Result<(), BufferError> {
        self.send_all(events).await
    }
}

/// The requests' contents.
fn batches<'a, 'i, M: Outgoing>(inputs: &'a [&'i M]) -> Result<Vec<&'a [&'i M]>, BufferError> {
    let mut batches = Vec::new();
    let (mut rest, mut count, mut bytes) = (inputs, 0, 0);
    for input in inputs {
        let length = message(*input)?.len();
        if count == MESSAGES || (count > 0 && bytes + length > BYTES) {
            let (batch, behind) = rest.split_at(count);
            batches.push(batch);
            (rest, count, bytes) = (behind, 0, 0);
        }
        count += 1;
        bytes += length;
    }
    batches.push(rest);
    Ok(batches)
}

fn entry(place: usize, input: &impl Outgoing) -> Result<SendMessageBatchRequestEntry, BufferError> {
    SendMessageBatchRequestEntry::builder()
        .id(place.to_string())
        .message_group_id(input.group())
        .message_body(message(input)?)
        .build()
        .map_err(|error| failed(input, error.to_string().into()))
}

fn message(outgoing: &impl Outgoing) -> Result<String, BufferError> {
    outgoing
        .text()
        .map_err(|error| failed(outgoing, error.to_string().into()))
}

fn failed(outgoing: &impl Outgoing, cause: AwsFailure) -> BufferError {
    let subject = outgoing.about();
    BufferError { subject, cause }
}

/// The reason SQS did not take a message, as it says.
fn cause(refused: Option<BatchResultErrorEntry>) -> AwsFailure {
    match refused {
        Some(entry) => format!("{}: {}", entry.code, entry.message.unwrap_or_default()).into(),
        None => "SQS does not say that it has taken it".into(),
    }
}

#[cfg(test)]
mod tests;
