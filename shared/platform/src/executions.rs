//! Starting a run: one execution of the state machine, whose name is the run's id.
//!
//! Step Functions takes a name once in 90 days, so the second start of a run is refused however often an event is
//! delivered. AWS answers a second start with the same input, while the first still runs, with success; both mean
//! that the run exists.

use crate::aws::explain;
use aws_sdk_sfn::{error::SdkError, operation::start_execution::StartExecutionError};
use workflow::{ids::RunId, run::RunInput};

/// What became of a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// The run was started now, or is running with the same input.
    Now,
    /// The run had been started before.
    Before,
}

/// The run may not have been started.
#[derive(Debug, thiserror::Error)]
#[error("Step Functions did not start the run {run}: {cause}")]
pub struct StartError {
    /// The run.
    pub run: RunId,
    /// What the SDK said.
    pub cause: String,
}

/// What starts runs.
pub trait Executions: Sync {
    /// Starts a run.
    ///
    /// # Errors
    /// It may not have been started. Starting it again does no harm.
    fn start(&self, input: &RunInput) -> impl Future<Output = Result<Started, StartError>> + Send;
}

/// The state machine in Step Functions.
#[derive(Debug, Clone)]
pub struct StateMachine {
    client: aws_sdk_sfn::Client,
    arn: String,
}

impl StateMachine {
    /// The state machine, or an alias of it, at an ARN.
    #[must_use]
    pub fn new(client: aws_sdk_sfn::Client, arn: String) -> Self {
        Self { client, arn }
    }
}

impl Executions for StateMachine {
    async fn start(&self, input: &RunInput) -> Result<Started, StartError> {
        let failed = |cause: String| StartError {
            run: input.run.id.clone(),
            cause,
        };
        let text = serde_json::to_string(input).map_err(|error| failed(error.to_string()))?;
        let request = self
            .client
            .start_execution()
            .state_machine_arn(&self.arn)
            .name(input.run.id.as_str())
            .input(text);
        match request.send().await {
            Ok(_) => Ok(Started::Now),
            Err(SdkError::ServiceError(error))
                if matches!(error.err(), StartExecutionError::ExecutionAlreadyExists(_)) =>
            {
                Ok(Started::Before)
            }
            Err(error) => Err(failed(explain(&error))),
        }
    }
}
