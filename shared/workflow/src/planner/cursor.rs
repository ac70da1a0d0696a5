//! The state of a lane.

use super::{Asking, Failure, Job, Watching, fresh::FreshIds};
use crate::{
    ids::{LanePath, StepPath, VariableName},
    run::RunIdentity,
    watch::EventPlace,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The state of a lane. It travels in the state of the execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    pub lane: LanePath,
    /// The number of Plans that the lane has had. The journal takes each number once, which fences off a second executor.
    pub plans: u64,
    /// The time when the run was started.
    pub started_at: Timestamp,
    /// The time when the lane must have done its steps.
    pub deadline: Timestamp,
    /// The time when the run must have ended. It is later than the deadline of the main lane where `on_failure` needs time.
    pub run_deadline: Timestamp,
    /// How many runs of ours stand between this one and an event from outside, as far as the first Plan could tell. The
    /// input of the execution may say less: it knows only of incidents that runs have made.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub depth: u32,
    /// The number of executions that handed the lane on.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub generation: u32,
    /// The number of events that the history of the execution has by now, as far as can be told from the commands.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub events: u32,
    /// The step that comes next, or that the pending command is about; none at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<StepPath>,
    /// The subject of the last command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
    /// The run's inputs, with their defaults.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub inputs: Map<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<VariableName, Value>,
    /// The item of the innermost `for_each` around.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<Item>,
    /// The number of the round, counted from 0, if the innermost step around that goes through items or rounds is a `repeat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    /// The reason the run has failed, while the steps of `on_failure` run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<FailedStep>,
    /// The approval that the lane has asked for and of which no decision is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asking: Option<Asking>,
    /// The incident that the lane watches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watching: Option<Watching>,
    /// The place after which events count for the lane. None in what an earlier release has written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<EventPlace>,
    /// Ids of incidents that steps of the run have given, with the time when they did; only of the last seconds. The system may
    /// not know such an id yet.
    #[serde(default, skip_serializing_if = "FreshIds::is_empty")]
    pub fresh: FreshIds,
    /// Of a replay, while it has not taken over all results that it keeps: how many it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<usize>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(super) fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// An item of a `for_each`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The item.
    pub value: Value,
    /// Its number, counted from 0.
    pub index: u32,
}

/// The reason a run has failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedStep {
    /// The step's name for people; none if the run failed outside of its steps.
    pub step: Option<String>,
    /// The reason.
    pub failure: Failure,
}

/// The subject of a command, by which its answer is understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Pending {
    /// An attempt of a step's action.
    Action(Attempts),
    /// The wait before the next attempt, or before the next look at what an attempt has started.
    Backoff {
        /// The attempt that comes, or that goes on.
        attempts: Attempts,
        /// The time when it comes.
        until: Timestamp,
    },
    /// A step that waits.
    Wait {
        step: StepPath,
        /// Until when.
        until: Timestamp,
    },
    /// An approval.
    Approval {
        step: StepPath,
        /// The end of the time for a decision.
        until: Timestamp,
    },
    /// A step that watches an incident.
    Watch {
        step: StepPath,
        /// The time at which the lane goes on if no event has come.
        until: Timestamp,
    },
    /// Lanes, or the run that a step started.
    Fork(Box<Fork>),
    /// Another execution goes on with the lane.
    Handoff {
        /// The how-manieth start of that execution it is, counted from 1.
        attempt: u32,
        /// The time of the next start, while the one before has come to nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resting_until: Option<Timestamp>,
        /// The subject that the other execution takes up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume: Option<Box<Pending>>,
    },
    /// The run waits for its concurrency key.
    Lock {
        /// The time when it looks again.
        until: Timestamp,
    },
}

impl Pending {
    /// The step that it is about, if it is about one.
    #[must_use]
    pub fn step(&self) -> Option<&StepPath> {
        match self {
            Self::Action(attempts) | Self::Backoff { attempts, .. } => Some(&attempts.step),
            Self::Wait { step, .. } | Self::Approval { step, .. } | Self::Watch { step, .. } => Some(step),
            Self::Fork(fork) => Some(&fork.step),
            Self::Handoff { .. } | Self::Lock { .. } => None,
        }
    }
}

/// The attempts of a step's action so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    pub step: StepPath,
    /// The attempt that it is, counted from 1.
    pub attempt: u32,
    /// The number of attempts before it that a rate limit turned away.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rate_limited: u32,
    /// The number of attempts before it that the system refused because it did not know an id yet.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unseen: u32,
    /// Until when it may be that the system does not know an id yet that the attempt is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fresh_until: Option<Timestamp>,
    /// The time when the step must have ended.
    pub deadline: Timestamp,
    /// The time when the first of them was written down.
    pub intended_at: Timestamp,
    /// The looks at what the attempt has started, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Job>,
}

/// Lanes that a step opens, in batches; or the run that it starts, as a batch of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fork {
    pub step: StepPath,
    /// The number of lanes in all.
    pub count: u32,
    /// The first lane of the batch that runs.
    pub from: u32,
    /// The first lane after that batch.
    pub to: u32,
    /// The how-manieth start of those lanes of the batch that have not ended it is, counted from 1; 0 for a batch that is yet to begin.
    pub attempt: u32,
    /// The time of the next start, while the last one has come to nothing, or while the next round is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resting_until: Option<Timestamp>,
    /// The time of the Plan that came to the step: what is evaluated again for it has that as its `now`. None in what an earlier release
    /// has written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Timestamp>,
    /// The time when the lanes must have ended.
    pub deadline: Timestamp,
    /// The run that the step starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunIdentity>,
    /// The state of its rounds, if the lanes are rounds. A batch is one round then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounds: Option<Rounds>,
    /// The ends of the lanes before the batch.
    pub tally: Tally,
}

impl Fork {
    /// So many lanes, of which the first is started now.
    pub(crate) fn new(step: &StepPath, count: u32, now: Timestamp, deadline: Timestamp) -> Self {
        Self {
            step: step.clone(),
            count,
            from: 0,
            to: 1,
            attempt: 1,
            resting_until: None,
            opened_at: Some(now),
            deadline,
            run: None,
            rounds: None,
            tally: Tally::default(),
        }
    }
}

/// The rounds of a `repeat` so far. It stays as small, however many there are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rounds {
    /// The time when the last one began.
    pub began_at: Timestamp,
    /// The output of the last one that gave one; null if none has.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub output: Value,
}

/// The ends of lanes, counted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// The number that succeeded.
    pub succeeded: u32,
    /// The number that failed.
    pub failed: u32,
    /// The number that were cancelled.
    pub cancelled: u32,
    /// The output of each, in order; empty once they have become too large to be handed on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lanes: Vec<Value>,
    /// True if it has become too large.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lanes_cut: bool,
    /// The number of the first lane that failed, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_failure: Option<(u32, Failure)>,
}

impl Cursor {
    /// The cursor after one more Plan.
    pub(super) fn advanced(mut self) -> Self {
        self.plans = self.plans.saturating_add(1);
        self
    }
}

impl Pending {
    /// The time before which the lane does not go on. A run that waits for its concurrency key looks whenever it is woken.
    pub(super) fn not_before(&self) -> Option<Timestamp> {
        match self {
            Self::Backoff { until, .. }
            | Self::Wait { until, .. }
            | Self::Approval { until, .. }
            | Self::Watch { until, .. } => Some(*until),
            Self::Fork(fork) => fork.resting_until,
            Self::Handoff { resume, .. } => resume.as_deref().and_then(Self::not_before),
            Self::Action(_) | Self::Lock { .. } => None,
        }
    }

    /// True if the lane lets time pass.
    pub(super) fn is_wait(&self) -> bool {
        matches!(self, Self::Lock { .. }) || self.not_before().is_some()
    }
}
