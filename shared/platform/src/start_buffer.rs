//! The queue of runs that wait for Step Functions.
//!
//! While Step Functions throttles or cannot be reached, or takes too long for a delivery that starts many runs, the ingress puts
//! the inputs of runs here and acknowledges the delivery; the runner takes them from here and starts the runs. A message is the
//! input of one run and nothing else, so a run that was started although its answer got lost is the same run for Step Functions,
//! by name and by input.

use crate::aws::{AwsFailure, OnFirstUse};
use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchRequestEntry};
use futures_util::{StreamExt, stream};
use std::{future::ready, sync::OnceLock};
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

/// The queue did not take a run.
#[derive(Debug, thiserror::Error)]
#[error("the start-buffer did not take the run {run}: {cause}")]
pub struct BufferError {
    pub run: RunId,
    /// The reason.
    #[source]
    pub cause: AwsFailure,
}

/// The queue of runs that wait for Step Functions.
pub trait StartBuffer: Sync {
    /// Has runs started later. The same run may be put here again.
    ///
    /// # Errors
    /// The queue did not take one of them, or several; the delivery must not be acknowledged. It may have taken others.
    fn put(&self, inputs: &[&RunInput]) -> impl Future<Output = Result<(), BufferError>> + Send;
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

    /// Sends a batch, and once more what of it SQS does not take. `out_of_reach` is why an earlier batch got no answer: there is
    /// no time to wait for that twice.
    async fn send(&self, batch: &[&RunInput], out_of_reach: &OnceLock<AwsFailure>) -> Result<(), BufferError> {
        let mut left = batch.to_vec();
        let mut refused = None;
        for _ in 0..ATTEMPTS {
            let Some(first) = left.first() else { return Ok(()) };
            if let Some(cause) = out_of_reach.get() {
                return Err(failed(first, cause.clone()));
            }
            let answer = match left.as_slice() {
                [input] => self.send_one(input).await?,
                several => self.send_several(several).await?,
            };
            let Taken { places, first_refused } = match answer {
                Ok(taken) => taken,
                Err(cause) => return Err(failed(first, out_of_reach.get_or_init(|| cause).clone())),
            };
            // What SQS does not say it has taken is not taken.
            let is_left = |(place, _): &(usize, &&RunInput)| !places.contains(&place.to_string());
            left = left
                .iter()
                .enumerate()
                .filter(is_left)
                .map(|(_, input)| *input)
                .collect();
            refused = first_refused;
        }
        match left.first() {
            Some(input) => Err(failed(input, cause(refused))),
            None => Ok(()),
        }
    }

    /// Sends one message, as most deliveries have no more.
    async fn send_one(&self, input: &RunInput) -> Result<Result<Taken, AwsFailure>, BufferError> {
        let request = self.client.send_message().queue_url(&self.queue_url);
        let request = request.message_group_id(group(input)).message_body(message(input)?);
        let answer = Box::pin(request.send()).await;
        Ok(answer
            .map(|_| Taken {
                places: vec!["0".to_owned()],
                first_refused: None,
            })
            .map_err(|error| AwsFailure::of(&error)))
    }

    async fn send_several(&self, inputs: &[&RunInput]) -> Result<Result<Taken, AwsFailure>, BufferError> {
        let entries = inputs.iter().enumerate().map(|(place, input)| entry(place, input));
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
        let out_of_reach = OnceLock::new();
        // None of these makes its messages before the stream comes to it.
        let requests: Vec<_> = batches(inputs)?
            .into_iter()
            .map(|batch| self.send(batch, &out_of_reach))
            .collect();
        let sent = stream::iter(requests).buffer_unordered(REQUESTS_AT_ONCE);
        sent.fold(Ok(()), |all, one| ready(all.and(one))).await
    }
}

/// The requests' contents.
fn batches<'a, 'i>(inputs: &'a [&'i RunInput]) -> Result<Vec<&'a [&'i RunInput]>, BufferError> {
    let mut batches = Vec::new();
    let (mut rest, mut count, mut bytes) = (inputs, 0, 0);
    for input in inputs {
        let length = message(input)?.len();
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

fn entry(place: usize, input: &RunInput) -> Result<SendMessageBatchRequestEntry, BufferError> {
    SendMessageBatchRequestEntry::builder()
        .id(place.to_string())
        .message_group_id(group(input))
        .message_body(message(input)?)
        .build()
        .map_err(|error| failed(input, error.to_string().into()))
}

/// SQS gives the messages of other groups precedence while one has many waiting ("fair queues" of standard queues), so a
/// workflow with few events does not wait for one in an alert storm.
fn group(input: &RunInput) -> String {
    input.run.workflow.to_string()
}

fn message(input: &RunInput) -> Result<String, BufferError> {
    serde_json::to_string(input).map_err(|error| failed(input, error.to_string().into()))
}

fn failed(input: &RunInput, cause: AwsFailure) -> BufferError {
    BufferError {
        run: input.run.id.clone(),
        cause,
    }
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
