//! Runs whose execution ended otherwise than by a Plan: EventBridge tells of them.

use jiff::Timestamp;
use platform::{
    table::journal::{Journal, OutsideEnd},
    task::TaskError,
};
use serde::Deserialize;
use serde_json::Value;
use workflow::{error_name::ErrorName, planner::Failure, run::RunInput};

/// The field that an event of EventBridge has and the payload of a Plan has not.
const DETAIL_TYPE: &str = "detail-type";

/// Whether a payload is an event of EventBridge.
pub(crate) fn is_event(payload: &Value) -> bool {
    payload.get(DETAIL_TYPE).is_some()
}

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
pub(crate) async fn take(event: Value, journal: &impl Journal, now: Timestamp) -> Result<bool, TaskError> {
    let invalid = |problem: String| TaskError::new(ErrorName::InputInvalid, problem);
    let StatusChange { detail } = serde_json::from_value(event)
        .map_err(|error| invalid(format!("the event is not a change of an execution's status: {error}")))?;
    let execution = detail.execution_arn.as_str();
    let Some(input) = &detail.input else {
        return Err(invalid(format!(
            "the event about {execution} lacks the execution's input, so its run is not known; look at the execution"
        )));
    };
    let input: RunInput = match serde_json::from_str(input) {
        Ok(input) => input,
        Err(error) => {
            tracing::warn!(execution, %error, "an execution ended that was no run");
            return Ok(false);
        }
    };
    let (run, workflow, event_id) = (&input.run.id, &input.run.workflow, input.event_id());
    if !bears_run(&input) {
        // Whoever started it waits for it, and finds that its lane has not ended.
        let (lane, status) = (input.lane(), detail.status.as_str());
        tracing::info!(%run, %workflow, event_id, %lane, execution, status, "an execution of a lane ended");
        return Ok(false);
    }
    #[cfg(feature = "sabotage")]
    if sabotage::breaks(sabotage::Break::NoFinalRecord) {
        return Ok(false);
    }
    let time = |milliseconds: i64| Timestamp::from_millisecond(milliseconds).unwrap_or(now);
    let failure = detail.failure();
    let end = OutsideEnd {
        input: &input,
        execution,
        started_at: time(detail.start_date),
        ended_at: detail.stop_date.map_or(now, time),
        failure: &failure,
    };
    let written = journal
        .end_from_outside(&end)
        .await
        .map_err(|error| TaskError::new(ErrorName::StoreUnavailable, error.to_string()))?;
    if written {
        let (status, error) = (detail.status.as_str(), &failure.message);
        tracing::error!(%run, %workflow, event_id, execution, status, error, "run ended from outside");
    }
    Ok(written)
}

/// Whether a run ends with an execution: the one that bears the run's name, and of a run that a step called any that does its
/// main lane. Such a run has no execution of its own name, and its caller may have ended together with it.
fn bears_run(input: &RunInput) -> bool {
    match &input.part {
        None => true,
        Some(part) => part.lane.is_main() && input.called_by.is_some(),
    }
}

impl Detail {
    fn failure(&self) -> Failure {
        let what = match self.status.as_str() {
            "ABORTED" => "the execution was stopped in Step Functions",
            "TIMED_OUT" => "Step Functions ended the execution, because its time was over",
            _ => "the execution failed, and the planner could not go on with it",
        };
        let said = [&self.error, &self.cause].into_iter().flatten();
        let said: Vec<&str> = said.map(String::as_str).filter(|text| !text.is_empty()).collect();
        let why = match said.as_slice() {
            [] => String::new(),
            said => format!(" ({})", said.join(": ").chars().take(1_000).collect::<String>()),
        };
        Failure::new(
            ErrorName::RunAborted,
            format!("{what}{why}; look at the execution {}", self.execution_arn),
        )
    }
}
