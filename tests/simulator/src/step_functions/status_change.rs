//! Changes of status, as EventBridge is told of them.

use super::{
    execution::{ExecutionArn, StateMachineArn, Status},
    limits::STATUS_CHANGE_BYTES,
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// A change of an execution's status, as Step Functions tells it to EventBridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    pub execution_arn: ExecutionArn,
    pub name: String,
    pub state_machine_arn: StateMachineArn,
    /// What it is now.
    pub status: Status,
    /// Its input as JSON text.
    pub input: String,
    /// Its output as JSON text, if it succeeded.
    pub output: Option<String>,
    /// The error name of a failure.
    pub error: Option<String>,
    /// The cause of a failure.
    pub cause: Option<String>,
    /// The time when it started.
    pub started_at: Timestamp,
    /// The time when it ended.
    pub stopped_at: Option<Timestamp>,
}

impl StatusChange {
    /// The `detail` of the EventBridge event "Step Functions Execution Status Change" (developer guide, `cw-events.html`).
    ///
    /// Input and output are left out where they are too large together, see [`STATUS_CHANGE_BYTES`].
    #[must_use]
    pub fn detail(&self) -> Value {
        let output_bytes = self.output.as_deref().map_or(0, escaped_bytes);
        let with_output = self.output.is_some() && output_bytes <= STATUS_CHANGE_BYTES;
        let with_input = escaped_bytes(&self.input) + output_bytes <= STATUS_CHANGE_BYTES;
        json!({
            "executionArn": self.execution_arn.as_str(),
            "stateMachineArn": self.state_machine_arn.as_str(),
            "name": self.name,
            "status": self.status.to_string(),
            "startDate": self.started_at.as_millisecond(),
            "stopDate": self.stopped_at.map(Timestamp::as_millisecond),
            "input": with_input.then_some(&self.input),
            "output": self.output.as_ref().filter(|_| with_output),
            "inputDetails": {"included": with_input},
            "outputDetails": self.output.as_ref().map(|_| json!({"included": with_output})),
            "stateMachineVersionArn": null,
            "stateMachineAliasArn": null,
            "redriveCount": 0,
            "redriveDate": null,
            "error": self.error,
            "cause": self.cause,
        })
    }
}

fn escaped_bytes(text: &str) -> usize {
    Value::from(text).to_string().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(input_bytes: usize, output_bytes: usize) -> Value {
        StatusChange {
            execution_arn: StateMachineArn::of("m").execution("e"),
            name: "e".to_owned(),
            state_machine_arn: StateMachineArn::of("m"),
            status: Status::Succeeded,
            input: "i".repeat(input_bytes - 2),
            output: Some("o".repeat(output_bytes - 2)),
            error: None,
            cause: None,
            started_at: Timestamp::UNIX_EPOCH,
            stopped_at: Some(Timestamp::UNIX_EPOCH),
        }
        .detail()
    }

    #[test]
    fn a_status_change_has_input_and_output_while_they_fit_together() {
        let detail = change(STATUS_CHANGE_BYTES - 100, 100);
        assert_eq!(detail["inputDetails"]["included"], true);
        assert!(detail["input"].is_string() && detail["output"].is_string());
    }

    #[test]
    fn a_status_change_loses_the_input_first() {
        let detail = change(STATUS_CHANGE_BYTES - 99, 100);
        assert_eq!(detail["inputDetails"]["included"], false);
        assert!(detail["input"].is_null() && detail["output"].is_string());
    }

    #[test]
    fn a_status_change_loses_an_output_that_is_too_large_alone() {
        let detail = change(10, STATUS_CHANGE_BYTES + 1);
        assert_eq!(detail["outputDetails"]["included"], false);
        assert!(detail["input"].is_null() && detail["output"].is_null());
    }
}
