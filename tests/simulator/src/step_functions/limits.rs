//! What AWS allows an execution.
//!
//! Where nothing else is said, the source is the page "Step Functions service quotas" of AWS's developer guide
//! (`service-quotas.html`).

use jiff::SignedDuration;
use std::{ops::RangeInclusive, time::Duration};

/// Events in the history of one execution. Event 24,999 is the last one that the state machine makes: the next ends the
/// execution, as `ExecutionSucceeded` if that is what it is, and otherwise as `ExecutionFailed` (developer guide,
/// "Avoid reaching the history quota", `bp-history-limit.html`).
pub const HISTORY_EVENTS: u32 = 25_000;

/// Bytes of JSON text in UTF-8 of the input or output of a task, a state or an execution.
pub const DATA_BYTES: usize = 262_144;

/// Iterations of an inline Map that run at once (developer guide, "Using Map state in Inline mode",
/// `state-map-inline.html`).
pub const MAP_ITERATIONS: usize = 40;

/// Characters in the name of an execution or a state.
pub const NAME_CHARACTERS: usize = 80;

/// Characters that no name of an execution has, besides white space and control characters (API reference,
/// `API_StartExecution.html`, `name`).
pub const NAME_FORBIDDEN: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";

/// How long after its end an execution keeps its name for itself (API reference, `API_StartExecution.html`).
pub const NAME_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Characters in the error name of a failure (API reference, `API_StopExecution.html`, `error`).
pub const ERROR_CHARACTERS: usize = 256;

/// Characters in the cause of a failure (API reference, `API_StopExecution.html`, `cause`).
pub const CAUSE_CHARACTERS: usize = 32_768;

/// The time for which an execution may run. Then it ends as timed out.
pub const EXECUTION_DURATION: Duration = Duration::from_hours(365 * 24);

/// Seconds of `TimeoutSeconds` (Amazon States Language, "Task state": the default is 99999999).
pub const TIMEOUT_SECONDS: RangeInclusive<u64> = 1..=99_999_999;

/// The longest delay of a Wait until a timestamp. Not documented: real executions with a delay of more than 2³¹ - 1 seconds
/// failed with `States.Runtime` and "Wait state delay is too long" (recorded by LocalStack's tests against AWS).
pub const WAIT_DELAY: SignedDuration = SignedDuration::from_secs(2_147_483_647);

/// Seconds of a retrier's `IntervalSeconds` (developer guide, "Handling errors", `concepts-error-handling.html`).
pub const RETRY_INTERVAL_SECONDS: RangeInclusive<u64> = 1..=99_999_999;

/// Seconds of a retrier's `MaxDelaySeconds`: more than 0 and less than 31622400 (`concepts-error-handling.html`).
pub const RETRY_MAX_DELAY_SECONDS: RangeInclusive<u64> = 1..=31_622_399;

/// A retrier's `MaxAttempts` (`concepts-error-handling.html`).
pub const RETRY_ATTEMPTS: RangeInclusive<u64> = 0..=99_999_999;

/// Bytes of escaped input and output in one status change. If both together are larger, the event has no input; if the
/// output alone is larger, it has no output either (developer guide, "EventBridge payloads", `cw-events.html`).
pub const STATUS_CHANGE_BYTES: usize = 248 * 1024;
