//! The queue of runs that wait for Step Functions.
//!
//! While Step Functions throttles or cannot be reached, the ingress puts the input of a run here and acknowledges the
//! delivery; the runner takes it from here and starts the run. The message is the input and nothing else, so a run that was
//! started although its answer got lost is the same run for Step Functions, by name and by input.

use crate::aws::{AwsFailure, OnFirstUse};
use workflow::{ids::RunId, run::RunInput};

/// The queue did not take a run.
#[derive(Debug, thiserror::Error)]
#[error("the start-buffer did not take the run {run}: {cause}")]
pub struct BufferError {
    /// The run.
    pub run: RunId,
    /// Why.
    #[source]
    pub cause: AwsFailure,
}

/// Where runs wait for Step Functions.
pub trait StartBuffer: Sync {
    /// Has a run started later. The same run may be put here again.
    ///
    /// # Errors
    /// The queue could not be reached; the delivery must not be acknowledged.
    fn put(&self, input: &RunInput) -> impl Future<Output = Result<(), BufferError>> + Send;
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
}

impl StartBuffer for SqsStartBuffer {
    async fn put(&self, input: &RunInput) -> Result<(), BufferError> {
        let failed = |cause: AwsFailure| BufferError {
            run: input.run.id.clone(),
            cause,
        };
        let message = serde_json::to_string(input).map_err(|error| failed(error.to_string().into()))?;
        let request = self
            .client
            .send_message()
            .queue_url(&self.queue_url)
            // SQS gives the messages of other groups precedence while one has many waiting ("fair queues" of standard
            // queues), so a workflow with few events does not wait for one in an alert storm.
            .message_group_id(input.run.workflow.to_string())
            .message_body(message);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(failed(AwsFailure::of(&error))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;
    use serde_json::{Map, json};
    use workflow::{ids::WorkflowVersion, run::RunIdentity};

    #[tokio::test]
    async fn f44_a_run_waits_in_the_group_of_its_workflow_so_that_none_waits_for_the_storm_of_another() {
        let (aws, config) = Scripted::aws([json!({"MessageId": "m"})]).await;
        let queue_url = config.endpoint_url().unwrap().to_owned() + "/start-buffer";
        let buffer = SqsStartBuffer::new(aws_sdk_sqs::Client::new(&config), queue_url);
        let input = RunInput {
            run: RunIdentity {
                id: "by-hand".parse().unwrap(),
                workflow: "memory-alert".parse().unwrap(),
                version: WorkflowVersion(3),
                depth: 0,
            },
            trigger: None,
            inputs: Map::new(),
            called_by: None,
            part: None,
            replay_of: None,
        };

        buffer.put(&input).await.unwrap();

        let [(operation, request)] = &aws.asked()[..] else {
            panic!("{:?}", aws.asked())
        };
        assert_eq!(
            (operation.as_str(), &request["MessageGroupId"]),
            ("SendMessage", &json!("memory-alert"))
        );
        let message: RunInput = serde_json::from_str(request["MessageBody"].as_str().unwrap()).unwrap();
        assert_eq!(message, input);
    }
}
