//! The queue of authentic deliveries that cannot be read.
//!
//! PagerDuty must not be told of them with a 4xx: three such answers disable the subscription for a day. So they are
//! accepted, kept here for a person to look at, and an alarm says that there is something to look at.

use crate::{
    aws::{AwsFailure, OnFirstUse},
    body,
    table::KeyScope,
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// A delivery that is put aside.
#[derive(Debug)]
pub struct DeadLetter<'a> {
    /// The owner of the URL that it came to.
    pub sent_to: &'a KeyScope,
    /// The reason it cannot be read.
    pub reason: &'a str,
    /// Its body, with nothing in it that the sender meant to keep secret.
    pub body: &'a [u8],
    /// The time when it came.
    pub received_at: Timestamp,
}

/// The queue could not be reached.
#[derive(Debug, thiserror::Error)]
#[error("the dead-letter queue did not take the delivery: {cause}")]
pub struct QueueError {
    /// The reason.
    #[source]
    pub cause: AwsFailure,
}

/// The store of unreadable deliveries.
pub trait DeadLetters: Sync {
    /// Puts a delivery aside.
    ///
    /// # Errors
    /// The queue could not be reached; the delivery must not be acknowledged.
    fn put(&self, letter: &DeadLetter<'_>) -> impl Future<Output = Result<(), QueueError>> + Send;
}

/// The queue in SQS.
#[derive(Debug, Clone)]
pub struct SqsDeadLetters {
    client: OnFirstUse<aws_sdk_sqs::Client>,
    queue_url: String,
}

impl SqsDeadLetters {
    /// The queue at a URL.
    #[must_use]
    pub fn new(client: impl Into<OnFirstUse<aws_sdk_sqs::Client>>, queue_url: String) -> Self {
        Self {
            client: client.into(),
            queue_url,
        }
    }
}

/// The message that is put into the queue. Of `workflow` and `integration` one is null.
fn message(letter: &DeadLetter<'_>) -> Value {
    let (workflow, integration) = match letter.sent_to {
        KeyScope::Workflow(workflow) => (Some(workflow), None),
        KeyScope::Integration(alias) => (None, Some(alias)),
    };
    json!({
        "workflow": workflow,
        "integration": integration,
        "reason": letter.reason,
        "received_at": letter.received_at,
        "body": { "encoding": "deflate+base64", "data": body::to_text(&body::compress(letter.body)) },
    })
}

impl DeadLetters for SqsDeadLetters {
    async fn put(&self, letter: &DeadLetter<'_>) -> Result<(), QueueError> {
        self.client
            .send_message()
            .queue_url(&self.queue_url)
            .message_body(message(letter).to_string())
            .send()
            .await
            .map(|_| ())
            .map_err(|error| QueueError {
                cause: AwsFailure::of(&error),
            })
    }
}
