//! Starting a run: one execution of the state machine, whose name is the run's id.
//!
//! Step Functions takes a name once in 90 days, so the second start of a run is refused however often an event is
//! delivered. AWS answers a second start with the same input, while the first still runs, with success; both mean
//! that the run exists.

use crate::{
    aws::{AwsFailure, OnFirstUse},
    table::TaskToken,
};
use aws_sdk_sfn::{
    error::{ProvideErrorMetadata, SdkError},
    operation::start_execution::StartExecutionError,
    types::ExecutionStatus,
};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use workflow::{ids::RunId, run::RunInput};

/// The outcome of a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// The run was started now, or is running with the same input.
    Now,
    /// The run had been started before.
    Before,
}

/// The run may not have been started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Step Functions throttles, has an error of its own, or did not answer. That passes by itself.
    #[error("Step Functions did not start the run {run}: {cause}")]
    OutOfReach {
        run: RunId,
        /// The reason.
        #[source]
        cause: AwsFailure,
    },
    /// Step Functions does not take the request. That lasts until a person puts it right.
    #[error(
        "Step Functions refuses to start the run {run}: {cause}; look at the state machine, and at what the function's role may do"
    )]
    Refused {
        run: RunId,
        /// The reason.
        #[source]
        cause: AwsFailure,
    },
}

/// The starter of runs.
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
    client: OnFirstUse<aws_sdk_sfn::Client>,
    arn: String,
}

impl StateMachine {
    /// The state machine, or an alias of it, at an ARN.
    #[must_use]
    pub fn new(client: impl Into<OnFirstUse<aws_sdk_sfn::Client>>, arn: String) -> Self {
        Self {
            client: client.into(),
            arn,
        }
    }
}

impl Executions for StateMachine {
    async fn start(&self, input: &RunInput) -> Result<Started, StartError> {
        let run = &input.run.id;
        let text = serde_json::to_string(input).map_err(|error| StartError::Refused {
            run: run.clone(),
            cause: error.to_string().into(),
        })?;
        let request = self
            .client
            .start_execution()
            .state_machine_arn(&self.arn)
            .name(run.as_str())
            .input(text);
        match request.send().await {
            Ok(_) => Ok(Started::Now),
            Err(SdkError::ServiceError(error))
                if matches!(error.err(), StartExecutionError::ExecutionAlreadyExists(_)) =>
            {
                Ok(Started::Before)
            }
            Err(error) => {
                let (run, cause) = (run.clone(), AwsFailure::of(&error));
                Err(match passes(&error) {
                    true => StartError::OutOfReach { run, cause },
                    false => StartError::Refused { run, cause },
                })
            }
        }
    }
}

/// A state that waits may not have been ended.
#[derive(Debug, thiserror::Error)]
#[error(
    "Step Functions did not wake an execution that waits: {cause}; it goes on by itself when its slice of the wait is over"
)]
pub struct WakeError {
    #[source]
    cause: AwsFailure,
}

impl WakeError {
    #[must_use]
    pub fn new(cause: AwsFailure) -> Self {
        Self { cause }
    }
}

/// The waker of executions that wait.
pub trait Wakes: Sync {
    /// Ends the state that has this token. One that has ended already, or whose execution has, is left alone.
    ///
    /// # Errors
    /// Step Functions did not answer, or the caller may not wake.
    fn wake(&self, token: &TaskToken) -> impl Future<Output = Result<(), WakeError>> + Send;
}

impl Wakes for StateMachine {
    async fn wake(&self, token: &TaskToken) -> Result<(), WakeError> {
        wake(&self.client, token).await
    }
}

/// Step Functions as far as it wakes executions: the token alone says which one, so a function that does nothing else is given no state
/// machine.
#[derive(Debug, Clone)]
pub struct Waker {
    client: OnFirstUse<aws_sdk_sfn::Client>,
}

impl Waker {
    #[must_use]
    pub fn new(client: impl Into<OnFirstUse<aws_sdk_sfn::Client>>) -> Self {
        Self { client: client.into() }
    }
}

impl Wakes for Waker {
    async fn wake(&self, token: &TaskToken) -> Result<(), WakeError> {
        wake(&self.client, token).await
    }
}

async fn wake(client: &aws_sdk_sfn::Client, token: &TaskToken) -> Result<(), WakeError> {
    let request = client
        .send_task_success()
        .task_token(token.0.expose_secret())
        .output("{}");
    let Err(error) = request.send().await else {
        return Ok(());
    };
    let is_too_late = error.as_service_error().is_some_and(|error| {
        // The local AWS says the first where AWS says the second.
        error.is_task_does_not_exist() || error.is_task_timed_out() || error.is_invalid_token()
    });
    match is_too_late {
        true => Ok(()),
        false => Err(WakeError::new(AwsFailure::of(&error))),
    }
}

/// An execution as Step Functions tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionView {
    /// True if it goes on.
    pub is_running: bool,
    /// Its status in Step Functions' word, such as `ABORTED`.
    pub status: String,
    /// The time when it was started.
    pub started_at: Timestamp,
    /// The time when it ended.
    pub ended_at: Option<Timestamp>,
    /// Its input, as JSON text.
    pub input: Option<String>,
    /// The name of its error, and what was said about it.
    pub error: Option<(String, String)>,
}

/// The source of the state of executions.
pub trait ExecutionViews: Sync {
    /// An execution; none if no such one is known. Step Functions forgets executions 90 days after their end.
    /// What it tells may be some seconds old.
    ///
    /// # Errors
    /// It did not answer, or the caller may not ask.
    fn execution(&self, arn: &str) -> impl Future<Output = Result<Option<ExecutionView>, DescribeError>> + Send;

    /// The executions that were started since then and have failed, timed out or were stopped, of each kind the newest 300.
    ///
    /// # Errors
    /// As [`Self::execution`].
    fn failed_since(
        &self,
        since: Timestamp,
    ) -> impl Future<Output = Result<Vec<FailedExecution>, DescribeError>> + Send;
}

/// An execution that has ended otherwise than well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedExecution {
    pub arn: String,
    /// Its name. That of the execution of a run is the run's id.
    pub name: String,
}

/// The number of executions of one status that are listed.
const LISTED: usize = 300;

/// Step Functions did not tell about an execution.
#[derive(Debug, thiserror::Error)]
#[error(
    "Step Functions does not tell about {execution}: {cause}; you need the rights states:DescribeExecution and states:ListExecutions"
)]
pub struct DescribeError {
    execution: String,
    #[source]
    cause: AwsFailure,
}

impl DescribeError {
    /// An error about an execution, by its ARN.
    #[must_use]
    pub fn new(execution: &str, cause: AwsFailure) -> Self {
        Self {
            execution: execution.to_owned(),
            cause,
        }
    }
}

impl StateMachine {
    /// The ARN of the execution that bears the name of a run; none if the ARN of the state machine is not one.
    #[must_use]
    pub fn execution_of(&self, run: &RunId) -> Option<String> {
        // `arn:<partition>:states:<region>:<account>:stateMachine:<name>`, and behind that perhaps an alias.
        let parts: Vec<&str> = self.arn.split(':').collect();
        match parts.as_slice() {
            [arn, partition, service, region, account, "stateMachine", name, ..] => Some(format!(
                "{arn}:{partition}:{service}:{region}:{account}:execution:{name}:{run}"
            )),
            _ => None,
        }
    }
}

impl ExecutionViews for StateMachine {
    async fn execution(&self, arn: &str) -> Result<Option<ExecutionView>, DescribeError> {
        let request = self.client.describe_execution().execution_arn(arn);
        match request.send().await {
            Ok(output) => Ok(Some(ExecutionView {
                is_running: output.status == ExecutionStatus::Running,
                status: output.status.as_str().to_owned(),
                started_at: time(output.start_date),
                ended_at: output.stop_date.map(time),
                input: output.input,
                error: output.error.map(|error| (error, output.cause.unwrap_or_default())),
            })),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_execution_does_not_exist()) =>
            {
                Ok(None)
            }
            Err(error) => Err(DescribeError::new(arn, AwsFailure::of(&error))),
        }
    }

    async fn failed_since(&self, since: Timestamp) -> Result<Vec<FailedExecution>, DescribeError> {
        let mut failed = Vec::new();
        for status in [
            ExecutionStatus::Failed,
            ExecutionStatus::TimedOut,
            ExecutionStatus::Aborted,
        ] {
            failed.extend(self.listed(status, since).await?);
        }
        Ok(failed)
    }
}

impl StateMachine {
    /// The ARN of the state machine without the name of an alias.
    fn unqualified(&self) -> String {
        self.arn.split(':').take(7).collect::<Vec<_>>().join(":")
    }

    /// The executions of one status that were started since then, newest first: that is the order in which Step Functions
    /// lists them.
    async fn listed(&self, status: ExecutionStatus, since: Timestamp) -> Result<Vec<FailedExecution>, DescribeError> {
        let machine = self.unqualified();
        let request = self
            .client
            .list_executions()
            .state_machine_arn(&machine)
            .status_filter(status);
        let mut pages = request.into_paginator().items().send();
        let mut executions = Vec::new();
        while let Some(execution) = pages.next().await {
            let execution = execution.map_err(|error| DescribeError::new(&machine, AwsFailure::of(&error)))?;
            if time(execution.start_date) < since || executions.len() >= LISTED {
                break;
            }
            executions.push(FailedExecution {
                arn: execution.execution_arn,
                name: execution.name,
            });
        }
        Ok(executions)
    }
}

/// A time of the SDK. One that is out of range, which AWS does not give, is the beginning of time.
fn time(time: aws_sdk_sfn::primitives::DateTime) -> Timestamp {
    time.to_millis()
        .ok()
        .and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok())
        .unwrap_or_default()
}

/// True if an error passes by itself.
fn passes(error: &SdkError<StartExecutionError>) -> bool {
    match error {
        SdkError::ConstructionFailure(_) => false,
        SdkError::ServiceError(answer) => {
            let code = answer.err().code().unwrap_or_default();
            answer.raw().status().is_server_error() || PASSING.iter().any(|word| code.contains(word))
        }
        // No answer, or none that can be read.
        _ => true,
    }
}

/// What stands in the codes of those 4xx that pass: AWS throttles under several names, and `ExecutionLimitExceeded` means that
/// too many executions are open.
///
/// Source: Step Functions' API reference, pages `API_StartExecution` and `CommonErrors`.
const PASSING: [&str; 4] = [
    "Throttl",
    "TooManyRequests",
    "RequestLimitExceeded",
    "ExecutionLimitExceeded",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{Patience, sdk_config};
    use aws_sdk_sfn::{
        Client,
        config::{Builder, Credentials, http::HttpResponse, retry::RetryConfig},
    };
    use aws_smithy_runtime_api::client::http::{HttpConnectorFuture, SharedHttpConnector, http_client_fn};
    use rstest::rstest;
    use serde_json::json;

    /// A Step Functions that always gives the same answer, or none at all.
    #[derive(Debug, Clone, Copy)]
    enum Answers {
        With(u16, &'static str),
        Never,
    }

    impl aws_smithy_runtime_api::client::http::HttpConnector for Answers {
        fn call(&self, _: aws_sdk_sfn::config::http::HttpRequest) -> HttpConnectorFuture {
            match self {
                Self::With(status, body) => {
                    HttpConnectorFuture::ready(Ok(HttpResponse::new((*status).try_into().unwrap(), (*body).into())))
                }
                Self::Never => HttpConnectorFuture::new(std::future::pending()),
            }
        }
    }

    async fn start(answers: Answers) -> Result<Started, StartError> {
        let region = |name: &str| (name == "AWS_REGION").then(|| "eu-west-1".to_owned());
        let config = Builder::from(&sdk_config(region, Patience::Webhook).unwrap())
            .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| SharedHttpConnector::new(answers)))
            .build();
        let run = RunId::for_event(&"w".parse().unwrap(), "01A");
        let run =
            json!({"run": {"id": run, "workflow": "w", "version": 1, "depth": 0}, "cause": {"hand": {}}, "inputs": {}});
        StateMachine::new(Client::from_conf(config), "arn:machine".into())
            .start(&serde_json::from_value(run).unwrap())
            .await
    }

    #[rstest]
    #[case::f19_throttled(Answers::With(400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#))]
    #[case::f19_throttled_under_another_name(Answers::With(400, r#"{"__type":"TooManyRequestsException"}"#))]
    #[case::f19_too_many_open_executions(Answers::With(400, r#"{"__type":"ExecutionLimitExceeded"}"#))]
    #[case::by_kms(Answers::With(400, r#"{"__type":"KmsThrottlingException"}"#))]
    #[case::broken(Answers::With(500, r#"{"__type":"InternalServerException"}"#))]
    #[case::away(Answers::With(503, "no JSON"))]
    #[case::f20_silent(Answers::Never)]
    #[tokio::test(start_paused = true)]
    async fn what_passes_by_itself_is_out_of_reach(#[case] answers: Answers) {
        let error = start(answers).await.unwrap_err();
        assert!(matches!(error, StartError::OutOfReach { .. }), "{error:?}");
    }

    #[rstest]
    #[case::no_right(Answers::With(400, r#"{"__type":"AccessDeniedException","message":"is not authorized"}"#))]
    #[case::no_state_machine(Answers::With(
        400,
        r#"{"__type":"StateMachineDoesNotExist","message":"no such machine"}"#
    ))]
    #[case::bad_input(Answers::With(400, r#"{"__type":"InvalidExecutionInput","message":"too long"}"#))]
    #[case::no_key(Answers::With(400, r#"{"__type":"KmsAccessDeniedException","message":"the key is disabled"}"#))]
    #[tokio::test]
    async fn what_lasts_until_somebody_puts_it_right_says_where_to_look(#[case] answers: Answers) {
        let error = start(answers).await.unwrap_err();
        assert!(matches!(error, StartError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains("look at the state machine"), "{error}");
    }

    #[tokio::test]
    async fn f15_a_run_that_exists_already_is_no_error() {
        let answer = Answers::With(400, r#"{"__type":"ExecutionAlreadyExists","message":"it exists"}"#);
        assert_eq!(start(answer).await.unwrap(), Started::Before);
    }

    #[rstest]
    #[case("arn:aws:states:eu-west-1:123456789012:stateMachine:pagerflow-Workflow")]
    #[case::of_an_alias("arn:aws:states:eu-west-1:123456789012:stateMachine:pagerflow-Workflow:live")]
    fn an_execution_is_named_by_the_state_machine_and_the_run(#[case] arn: &str) {
        let region = |name: &str| (name == "AWS_REGION").then(|| "eu-west-1".to_owned());
        let client = Client::new(&sdk_config(region, Patience::Webhook).unwrap());
        let execution = StateMachine::new(client, arn.into()).execution_of(&"abc".parse().unwrap());
        assert_eq!(
            execution.as_deref(),
            Some("arn:aws:states:eu-west-1:123456789012:execution:pagerflow-Workflow:abc")
        );
    }
}
