//! The callers of the function.

use serde_json::Value;

/// A call of the function, by its caller.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Invocation {
    /// The state machine asks for a Plan, with the state of an execution.
    Plan(Value),
    /// EventBridge tells that an execution ended.
    ExecutionEnded(Value),
    /// It is time, by the schedule, to look at all runs that seem to go on.
    OpenRuns,
    /// SQS hands over what waited in the start-buffer.
    BufferedRuns(Value),
}

impl From<Value> for Invocation {
    /// Source: EventBridge's events have a `detail-type`, and SQS's batches the name of their source. The payload of a Plan has neither.
    fn from(payload: Value) -> Self {
        match payload.get("detail-type").map(Value::as_str) {
            Some(Some("Scheduled Event")) => Self::OpenRuns,
            Some(_) => Self::ExecutionEnded(payload),
            None => match payload.pointer("/Records/0/eventSource").and_then(Value::as_str) {
                Some("aws:sqs") => Self::BufferedRuns(payload),
                _ => Self::Plan(payload),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case::schedule(json!({"detail-type": "Scheduled Event", "source": "aws.events"}), |_| Invocation::OpenRuns)]
    #[case::end(
        json!({"detail-type": "Step Functions Execution Status Change", "detail": {}}),
        Invocation::ExecutionEnded
    )]
    #[case::an_event_whose_type_is_no_text(json!({"detail-type": 1}), Invocation::ExecutionEnded)]
    #[case::batch(json!({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]}), Invocation::BufferedRuns)]
    #[case::plan(json!({"execution": {}, "entered_at": "2026-11-20T09:30:00Z", "state": {}}), Invocation::Plan)]
    #[case::nonsense_is_refused_as_a_plan(json!([]), Invocation::Plan)]
    fn a_payload_says_who_calls(#[case] payload: Value, #[case] expected: fn(Value) -> Invocation) {
        assert_eq!(Invocation::from(payload.clone()), expected(payload));
    }
}
