//! Runs that Step Functions did not start when their webhook came: SQS hands them over, in batches.
//!
//! Each message is done or comes back by itself. One that cannot be read never gets done; it ends in the dead-letter
//! queue, and holds up no other.

use platform::{executions::Executions, task::TaskError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use workflow::{error_name::ErrorName, run::RunInput};

/// The time for which a call goes on starting runs; the rest of its batch comes back. The function has half a minute, and if it ran out
/// of that, those that it has started would come back as well.
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
    /// The input of a run.
    body: String,
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

/// Starts the runs of a batch, and gives which are to come back.
///
/// # Errors
/// `Input.Invalid`, if this is no batch of SQS; all of it comes back then.
pub(crate) async fn drain(batch: Value, executions: &impl Executions) -> Result<Value, TaskError> {
    let invalid = |problem: serde_json::Error| TaskError::new(ErrorName::InputInvalid, problem.to_string());
    let batch: Batch = serde_json::from_value(batch).map_err(invalid)?;
    let deadline = Instant::now() + TIME_LIMIT;
    let mut undone = Vec::new();
    for message in batch.messages {
        if !start(&message, executions, deadline).await {
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

/// Starts the run of a message. Gives whether it is there.
async fn start(message: &Message, executions: &impl Executions, deadline: Instant) -> bool {
    let id = message.message_id.as_str();
    let input: RunInput = match serde_json::from_str(&message.body) {
        Ok(input) => input,
        Err(error) => {
            tracing::error!(message = id, %error, "a message of the start-buffer is no input of a run");
            return false;
        }
    };
    let (run, workflow, event_id) = (&input.run.id, &input.run.workflow, input.event_id());
    match timeout_at(deadline, executions.start(&input)).await {
        Ok(Ok(started)) => {
            tracing::info!(%run, %workflow, event_id, ?started, "run started from the start-buffer");
            true
        }
        Ok(Err(error)) => {
            tracing::warn!(%run, %workflow, event_id, %error, "run stays in the start-buffer");
            false
        }
        Err(_) => {
            tracing::warn!(%run, %workflow, event_id, "run stays in the start-buffer, because the time for its batch is over");
            false
        }
    }
}
