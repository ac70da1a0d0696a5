//! The Task state: Lambda functions, child executions, and writes of the table that hand a token out and wait for it.

use super::{Halt, Visit, start};
use crate::step_functions::{
    context::Context,
    definition::{Call, Task, Timeout},
    execution::{Data, Status},
    failure::{self, TaskFailure},
    history::EventKind,
    limits::{EXECUTION_DURATION, TIMEOUT_SECONDS},
    outside::ChildStartFault,
    service::StartError,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::oneshot;

impl Visit<'_> {
    /// One attempt: gives the state's output.
    pub(super) async fn task(&self, task: &Task, input: &Value, context: &Context<'_>) -> Result<Value, Halt> {
        let timeout = self.timeout(&task.timeout, input, context)?;
        let mut result = match &task.call {
            Call::Lambda { function, payload } => {
                let function = function.fill(input, context)?;
                let payload = payload.fill(input, context)?;
                self.measured(Data::Parameters, &json!([function, payload]))?;
                self.lambda(self.string("FunctionName", &function)?, payload, timeout)
                    .await?
            }
            Call::Child {
                state_machine,
                name,
                input: own_input,
            } => {
                let state_machine = state_machine.fill(input, context)?;
                let name = name.fill(input, context)?;
                let own_input = own_input.fill(input, context)?;
                self.measured(Data::Parameters, &json!([state_machine, name, own_input]))?;
                let state_machine = self.string("StateMachineArn", &state_machine)?;
                self.child(state_machine, self.string("Name", &name)?, own_input, timeout)
                    .await?
            }
            Call::Await { parameters } => {
                let (token, woken) = self.run.ledger.token();
                let context = Context {
                    token: Some(&token),
                    ..*context
                };
                let parameters = parameters.fill(input, &context)?;
                self.measured(Data::Parameters, &parameters)?;
                let ended = self.parked(parameters, woken, timeout).await;
                self.run.ledger.forget(&token);
                ended?
            }
        };
        if let Some(selector) = &task.result_selector {
            result = selector.fill(&result, context)?;
        }
        let output = self.placed(&task.result_place, input.clone(), result)?;
        self.measured(Data::Output, &output)?;
        Ok(output)
    }

    fn string<'b>(&self, field: &str, value: &'b Value) -> Result<&'b str, TaskFailure> {
        value
            .as_str()
            .ok_or_else(|| self.runtime(format_args!("The parameter {field} is no text: {value}")))
    }

    fn timeout(&self, timeout: &Timeout, input: &Value, context: &Context<'_>) -> Result<Duration, TaskFailure> {
        let seconds = match timeout {
            Timeout::Seconds(seconds) => *seconds,
            Timeout::Path(path) => {
                let value = self.find(path, input, context)?;
                value
                    .as_u64()
                    .filter(|seconds| TIMEOUT_SECONDS.contains(seconds))
                    .ok_or_else(|| {
                        self.runtime(format_args!(
                            "The TimeoutSecondsPath field references no positive number of seconds: {path} == {value}"
                        ))
                    })?
            }
        };
        Ok(Duration::from_secs(seconds))
    }

    async fn lambda(&self, function: &str, payload: Value, timeout: Duration) -> Result<Value, Halt> {
        self.event(EventKind::TaskScheduled)?;
        self.event(EventKind::TaskStarted)?;
        let invocation = self.run.ledger.outside.lambdas.invoke(function, payload);
        match within(timeout, invocation).await {
            None => self.timed_out(),
            Some(Err(failure)) => self.failed(failure),
            Some(Ok(payload)) => self.succeeded(invocation_result(&payload)),
        }
    }

    /// Starts a child execution and waits for its end.
    ///
    /// A child whose Task times out runs on: AWS's developer guide (`connect-to-resource.html`) lists when the tasks of `.sync`
    /// are aborted, and a time-out is not among it. UNVERIFIED.
    async fn child(&self, state_machine: &str, name: &str, input: Value, timeout: Duration) -> Result<Value, Halt> {
        let ledger = &self.run.ledger;
        self.event(EventKind::TaskScheduled)?;
        self.event(EventKind::TaskStarted)?;
        let fault = ledger.outside.faults.child_start(&self.run.identity.arn, name);
        if let Some(ChildStartFault::Refused(failure)) = fault {
            return self.not_submitted(failure);
        }
        if state_machine != ledger.state_machine.as_str() {
            return self.not_submitted(TaskFailure::new(
                failure::STATE_MACHINE_DOES_NOT_EXIST,
                format!("State Machine Does Not Exist: '{state_machine}'"),
            ));
        }
        let child = match start(ledger, name, input, Some(&self.run.identity.arn)) {
            Ok(child) => child,
            Err(refusal) => return self.not_submitted(refused(&refusal)),
        };
        if let Some(ChildStartFault::AnswerLost(failure)) = fault {
            return self.not_submitted(failure);
        }
        self.event(EventKind::TaskSubmitted)?;
        ledger.wait_for(self.run.id, child);
        let ended = within(timeout, ledger.ended(child)).await;
        ledger.leave(self.run.id, child);
        if ended.is_none() {
            return self.timed_out();
        }
        let child = ledger.describe(child);
        if child.status == Status::Succeeded {
            self.succeeded(child.description())
        } else {
            self.failed(TaskFailure::new(failure::TASK_FAILED, child.description().to_string()))
        }
    }

    /// Writes the item that gets the token, and waits until the task is ended by it.
    async fn parked(
        &self,
        parameters: Value,
        woken: oneshot::Receiver<Value>,
        timeout: Duration,
    ) -> Result<Value, Halt> {
        self.event(EventKind::TaskScheduled)?;
        self.event(EventKind::TaskStarted)?;
        let ledger = &self.run.ledger;
        let waits = async {
            ledger.outside.items.update(&self.run.identity.arn, parameters).await?;
            self.event(EventKind::TaskSubmitted)?;
            match woken.await {
                Ok(output) => Ok(output),
                Err(_) => Err(Halt::Ended),
            }
        };
        match within(timeout, waits).await {
            None => self.timed_out(),
            Some(Ok(output)) => self.succeeded(output),
            Some(Err(Halt::Failed(failure))) => self.failed(failure),
            Some(Err(Halt::Ended)) => Err(Halt::Ended),
        }
    }

    fn succeeded(&self, result: Value) -> Result<Value, Halt> {
        if let Err(failure) = self.measured(Data::Result, &result) {
            return self.failed(failure);
        }
        self.event(EventKind::TaskSucceeded)?;
        Ok(result)
    }

    fn failed(&self, failure: TaskFailure) -> Result<Value, Halt> {
        self.event(EventKind::TaskFailed)?;
        Err(failure.into())
    }

    fn not_submitted(&self, failure: TaskFailure) -> Result<Value, Halt> {
        self.event(EventKind::TaskSubmitFailed)?;
        Err(failure.into())
    }

    fn timed_out(&self) -> Result<Value, Halt> {
        self.event(EventKind::TaskTimedOut)?;
        Err(TaskFailure::new(failure::TIMEOUT, "").into())
    }
}

/// The work's result, if it is there in time. No timer is set for a time-out that no execution lives to see.
async fn within<T>(timeout: Duration, work: impl Future<Output = T>) -> Option<T> {
    if timeout >= EXECUTION_DURATION {
        return Some(work.await);
    }
    tokio::time::timeout(timeout, work).await.ok()
}

fn refused(refusal: &StartError) -> TaskFailure {
    let error = match refusal {
        StartError::AlreadyExists { .. } => failure::EXECUTION_ALREADY_EXISTS,
        StartError::InvalidName { .. } => failure::INVALID_NAME,
        StartError::InputTooLarge { .. } => failure::DATA_LIMIT_EXCEEDED,
    };
    TaskFailure::new(error, refusal.to_string())
}

/// What `lambda:invoke` gives for a function's result. The metadata count against the limit of a task's result; their texts
/// are as long as recorded ones.
fn invocation_result(payload: &Value) -> Value {
    const REQUEST: &str = "00000000-0000-0000-0000-000000000000";
    const DATE: &str = "Thu, 01 Jan 1970 00:00:00 GMT";
    const TRACE: &str = "root=1-00000000-000000000000000000000000;parent=0000000000000000;sampled=0";
    let length = payload.to_string().len().to_string();
    json!({
        "ExecutedVersion": "$LATEST",
        "Payload": payload,
        "SdkHttpMetadata": {
            "AllHttpHeaders": {
                "X-Amz-Executed-Version": ["$LATEST"],
                "x-amzn-Remapped-Content-Length": ["0"],
                "Connection": ["keep-alive"],
                "x-amzn-RequestId": [REQUEST],
                "Content-Length": [length],
                "Date": [DATE],
                "X-Amzn-Trace-Id": [TRACE],
                "Content-Type": ["application/json"],
            },
            "HttpHeaders": {
                "Connection": "keep-alive",
                "Content-Length": length,
                "Content-Type": "application/json",
                "Date": DATE,
                "X-Amz-Executed-Version": "$LATEST",
                "x-amzn-Remapped-Content-Length": "0",
                "x-amzn-RequestId": REQUEST,
                "X-Amzn-Trace-Id": TRACE,
            },
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": REQUEST},
        "StatusCode": 200,
    })
}
