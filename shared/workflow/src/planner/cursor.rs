//! Where a lane stands.

use crate::ids::{LanePath, StepPath, VariableName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Where a lane stands. It travels in the state of the execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// The lane.
    pub lane: LanePath,
    /// How many Plans the lane has had. The journal takes each number once, which fences off a second executor.
    pub plans: u64,
    /// When the run must have ended.
    pub deadline: Timestamp,
    /// The step that comes next when nothing is pending; none at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<StepPath>,
    /// What the last command is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
    /// The variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<VariableName, Value>,
}

/// What a command is about, so that its answer is understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case", deny_unknown_fields)]
pub enum Pending {
    /// An attempt of a step's action.
    Action {
        /// The step.
        step: StepPath,
        /// Which attempt, counted from 1.
        attempt: u32,
        /// How many attempts before it PagerDuty's rate limit turned away.
        rate_limited: u32,
    },
    /// The wait before the next attempt.
    Backoff {
        /// The step.
        step: StepPath,
        /// The attempt that comes.
        attempt: u32,
        /// How many attempts before it PagerDuty's rate limit turned away.
        rate_limited: u32,
    },
    /// A step that waits.
    Wait {
        /// The step.
        step: StepPath,
    },
}

impl Cursor {
    /// The cursor of a main lane before its first Plan.
    pub(super) fn start(deadline: Timestamp, first: StepPath) -> Self {
        Self {
            lane: LanePath::main(),
            plans: 0,
            deadline,
            next: Some(first),
            pending: None,
            variables: BTreeMap::new(),
        }
    }

    /// The cursor after one more Plan.
    pub(super) fn advanced(mut self) -> Self {
        self.plans = self.plans.saturating_add(1);
        self
    }
}
