//! Runs whose execution ended otherwise than by a Plan: EventBridge tells of them.

use jiff::Timestamp;
use platform::{
    executions::{ExecutionView, Wakes},
    run_end::{self, RunEndError},
    table::{Waits, journal::Journal},
    task::TaskError,
};
use serde::Deserialize;
use serde_json::Value;
use workflow::error_name::ErrorName;

/// The event "Step Functions Execution Status Change".
///
/// Source: Step Functions' developer guide, page `cw-events`.
#[derive(Debug, Deserialize)]
struct StatusChange {
    detail: Detail,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    execution_arn: String,
    status: String,
    /// In milliseconds since 1970.
    start_date: i64,
    stop_date: Option<i64>,
    /// JSON text. Step Functions leaves it out where it takes more than 248 KB, which the input of a run does not.
    input: Option<String>,
    error: Option<String>,
    cause: Option<String>,
}

/// Writes the final record of the run whose execution the event tells of, if it has none. Gives whether that was needed.
///
/// # Errors
/// `Input.Invalid`, if the event cannot be read or has no input; `Store.Unavailable`.
pub(crate) async fn take(
    event: Value,
    journal: &(impl Journal + Waits),
    executions: &impl Wakes,
    now: Timestamp,
) -> Result<bool, TaskError> {
    let StatusChange { detail } = serde_json::from_value(event).map_err(|error| {
        let problem = format!("the event is not a change of an execution's status: {error}");
        TaskError::new(ErrorName::InputInvalid, problem)
    })?;
    if sabotage::breaks(sabotage::Break::NoFinalRecord) {
        return Ok(false);
    }
    let (execution, view) = detail.into_view(now);
    let recorded = run_end::record(&execution, &view, journal, executions, now).await;
    recorded.map_err(|error| {
        let name = match &error {
            RunEndError::NoInput { .. } => ErrorName::InputInvalid,
            RunEndError::Store(_) | RunEndError::Execution(_) => ErrorName::StoreUnavailable,
        };
        TaskError::new(name, error.to_string())
    })
}

impl Detail {
    /// The execution's ARN, and what is told of it.
    fn into_view(self, now: Timestamp) -> (String, ExecutionView) {
        let time = |milliseconds: i64| Timestamp::from_millisecond(milliseconds).unwrap_or(now);
        let view = ExecutionView {
            is_running: false,
            status: self.status,
            started_at: time(self.start_date),
            ended_at: self.stop_date.map(time),
            input: self.input,
            error: match (self.error, self.cause) {
                (None, None) => None,
                (error, cause) => Some((error.unwrap_or_default(), cause.unwrap_or_default())),
            },
        };
        (self.execution_arn, view)
    }
}
