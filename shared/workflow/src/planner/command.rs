//! The commands to the state machine.

use super::waiting::{Slice, WaitKey};
use crate::{action::ActionSpec, run::RunInput};
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::sync::Arc;

/// A command. The state machine routes on its `type`.
///
/// An execution may outlive a deployment and meet a newer definition of the state machine, so types and fields are only
/// ever added.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Call an action. The type is the function that performs it.
    Action {
        /// The action.
        action: Arc<ActionSpec>,
        /// Its input, complete.
        input: Value,
        /// The time that the call may take, in seconds.
        timeout_seconds: u32,
    },
    /// Come back at a time.
    Wait {
        /// The time.
        until: Wake,
    },
    /// Come back when a slice of a wait is over, or when a signal ends it.
    Await {
        slice: Slice,
        /// The item in which Step Functions puts its token.
        wait: WaitKey,
        /// The number of the Plan that gives the command. The item has it, so that an execution that has lost the lane does not wait
        /// in the place of the one that has it.
        plan: u64,
        /// The end of the slice, for where the item cannot be written.
        until: Wake,
    },
    /// Start executions, and come back when all of them have ended. What they give is in the table.
    Fork {
        /// The executions, at most 40.
        executions: Vec<ChildExecution>,
    },
    /// Come back at once.
    Continue,
    /// The execution has done its part; of the execution that bears the run's name: the run has succeeded.
    Succeed {
        /// The output of the execution.
        output: Value,
    },
    /// The run has failed.
    Fail {
        /// The name of the error.
        error: String,
        /// The error and its remedy.
        cause: String,
    },
}

/// When a wait ends: at a whole second. A Wait state of Step Functions cuts off the milliseconds of its time, so that a wait
/// would end up to a second too early (AWS Step Functions developer guide, "Wait workflow state").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Wake(Timestamp);

impl Wake {
    /// The first whole second that is not before a time.
    #[must_use]
    pub fn not_before(time: Timestamp) -> Self {
        let up = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Ceil);
        // Only the last second that there is has none after it.
        Self(time.round(up).unwrap_or(time))
    }

    #[must_use]
    pub fn time(self) -> Timestamp {
        self.0
    }
}

/// An execution that another one starts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChildExecution {
    pub name: String,
    pub input: RunInput,
}

/// Step Functions takes at most 32 KiB of cause; a person reads much less.
const CAUSE_CHARACTERS: usize = 4_000;

impl Command {
    /// Come back at a time, or less than a second later.
    pub(crate) fn wait(until: Timestamp) -> Self {
        Self::Wait {
            until: Wake::not_before(until),
        }
    }

    /// The types of commands that are not actions.
    pub fn control_types() -> impl Iterator<Item = &'static str> {
        let slices = <Slice as strum::VariantArray>::VARIANTS
            .iter()
            .map(|slice| slice.into_str());
        ["wait", "fork", "continue", "succeed", "fail"]
            .into_iter()
            .chain(slices)
    }

    /// The type that the state machine routes on.
    #[must_use]
    pub fn type_name(&self) -> &str {
        match self {
            Self::Action { action, .. } => &action.function,
            Self::Wait { .. } => "wait",
            Self::Await { slice, .. } => slice.into_str(),
            Self::Fork { .. } => "fork",
            Self::Continue => "continue",
            Self::Succeed { .. } => "succeed",
            Self::Fail { .. } => "fail",
        }
    }

    /// The name for people: of an action its own, of a wait one for all slices, of every other command its type.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Action { action, .. } => &action.name,
            Self::Await { .. } => "wait",
            control => control.type_name(),
        }
    }

    /// The number of events that the history of an execution gets by a Plan and the command that it gives, if nothing is tried
    /// again: five for a Task, six for one that waits for its token, two for any other state, ten for each iteration of a Map.
    pub(super) fn events(&self) -> u32 {
        const PLAN_AND_ROUTE: u32 = 7;
        let own = match self {
            Self::Action { .. } => 5,
            Self::Await { .. } => 6,
            Self::Wait { .. } => 2,
            Self::Fork { executions } => u32::try_from(executions.len())
                .unwrap_or(u32::MAX)
                .saturating_mul(10)
                .saturating_add(4),
            Self::Continue => 0,
            Self::Succeed { .. } | Self::Fail { .. } => 2,
        };
        PLAN_AND_ROUTE.saturating_add(own)
    }
}

impl Serialize for Command {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = self.type_name();
        let command = match self {
            Self::Action {
                action,
                input,
                timeout_seconds,
            } => {
                json!({
                    "type": kind,
                    "action": action.name,
                    "input": input,
                    "timeout_seconds": timeout_seconds,
                })
            }
            Self::Wait { until } => json!({ "type": kind, "until": until }),
            // DynamoDB takes numbers as text from a state machine.
            Self::Await { wait, plan, until, .. } => {
                json!({ "type": kind, "wait": wait, "plan": plan.to_string(), "until": until })
            }
            Self::Fork { executions } => json!({ "type": kind, "executions": executions }),
            Self::Continue => json!({ "type": kind }),
            Self::Succeed { output } => json!({ "type": kind, "output": output }),
            Self::Fail { error, cause } => {
                let cause: String = cause.chars().take(CAUSE_CHARACTERS).collect();
                json!({ "type": kind, "error": error, "cause": cause })
            }
        };
        command.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::Wake;
    use jiff::Timestamp;
    use rstest::rstest;

    #[rstest]
    #[case("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z")]
    #[case("2026-11-22T10:00:00.000000001Z", "2026-11-22T10:00:01Z")]
    #[case("2026-11-22T10:00:00.999Z", "2026-11-22T10:00:01Z")]
    #[case("1969-12-31T23:59:59.5Z", "1970-01-01T00:00:00Z")]
    fn a_wait_ends_with_a_whole_second_and_never_early(#[case] until: Timestamp, #[case] wake: Timestamp) {
        assert_eq!(Wake::not_before(until).time(), wake);
    }

    #[test]
    fn the_last_time_that_there_is_has_no_second_after_it() {
        assert_eq!(Wake::not_before(Timestamp::MAX).time(), Timestamp::MAX);
    }
}
