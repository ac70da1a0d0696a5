//! The records of lanes beside their cursors: their ends, and their cancellation.

use super::Failure;
use crate::ids::{LanePath, RunId, StepPath};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A lane of a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaneKey {
    pub run: RunId,
    pub lane: LanePath,
}

/// The end of a lane. The end of the main lane is that of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum LaneEnd {
    /// All steps were done or skipped.
    Success {
        /// The output of the lane for the step that opened it.
        output: Value,
    },
    /// The run did nothing: another run held its concurrency key, `only_while` does not ask for its incident's status, or it was
    /// not wanted any more when it began.
    Skipped {
        /// The reason, for people.
        reason: String,
    },
    /// A step failed, or the lane could not go on.
    Failure {
        /// The reason.
        failure: Failure,
    },
    /// It was cancelled.
    Cancelled {
        /// The reason.
        failure: Failure,
    },
}

impl LaneEnd {
    /// The word for it.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Success { .. } => "success",
            Self::Skipped { .. } => "skipped",
            Self::Failure { .. } => "failure",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// The reason it did not succeed.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failure { failure } | Self::Cancelled { failure } => Some(failure),
            Self::Success { .. } | Self::Skipped { .. } => None,
        }
    }

    /// The word for it in the outputs of the step that opened the lane.
    pub(super) fn told(&self) -> Value {
        let error = self
            .failure()
            .map(|failure| json!({ "name": failure.name, "message": failure.message }));
        let output = match self {
            Self::Success { output } => output.clone(),
            Self::Skipped { .. } | Self::Failure { .. } | Self::Cancelled { .. } => Value::Null,
        };
        json!({ "outcome": self.outcome(), "output": output, "error": error })
    }
}

/// A mark of cancelled lanes: all whose path begins with a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CancelMark(String);

impl CancelMark {
    /// The whole run.
    #[must_use]
    pub fn run() -> Self {
        Self(LanePath::main().to_string())
    }

    /// The lanes that a step of a lane has opened.
    #[must_use]
    pub fn lanes_of(opener: &LanePath, fork: &StepPath) -> Self {
        let first = opener.child(fork.clone(), 0).to_string();
        // Up to the number of the lane: `00003:` of `00003:00000`.
        let end = first.rfind(':').map_or(first.len(), |colon| colon + 1);
        Self(first.chars().take(end).collect())
    }

    /// A mark as it is stored.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The mark as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if a lane is cancelled by the mark.
    #[must_use]
    pub fn covers(&self, lane: &LanePath) -> bool {
        self.covers_run() || lane.to_string().starts_with(&self.0)
    }

    fn covers_run(&self) -> bool {
        *self == Self::run()
    }
}

/// The meaning of a run's marks for a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cancelled {
    No,
    WithItsRun,
    WithTheLanesBesideIt,
}

pub(super) fn cancelled(marks: &BTreeSet<CancelMark>, lane: &LanePath) -> Cancelled {
    if sabotage::breaks(sabotage::Break::DeafToCancel) {
        return Cancelled::No;
    }
    let text = lane.to_string();
    if marks.iter().any(CancelMark::covers_run) {
        return Cancelled::WithItsRun;
    }
    match marks.iter().any(|mark| text.starts_with(mark.as_str())) {
        true => Cancelled::WithTheLanesBesideIt,
        false => Cancelled::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Section;

    #[test]
    fn a_mark_covers_the_lanes_of_its_step_and_those_inside_and_no_others() {
        let fork = StepPath::top(Section::Steps, 3);
        let main = LanePath::main();
        let marks = BTreeSet::from([CancelMark::lanes_of(&main, &fork)]);
        let lane = main.child(fork.clone(), 7);
        let of = |lane: &LanePath| cancelled(&marks, lane);
        assert_eq!(of(&lane), Cancelled::WithTheLanesBesideIt);
        assert_eq!(of(&lane.child(fork.inside(0, 1), 2)), Cancelled::WithTheLanesBesideIt);
        assert_eq!(of(&main), Cancelled::No);
        assert_eq!(of(&main.child(StepPath::top(Section::Steps, 30), 7)), Cancelled::No);
        assert_eq!(of(&main.child(fork.inside(0, 1), 7)), Cancelled::No);
    }

    #[test]
    fn a_cancelled_run_has_no_lane_that_is_not() {
        let marks = BTreeSet::from([CancelMark::run()]);
        assert_eq!(cancelled(&marks, &LanePath::main()), Cancelled::WithItsRun);
        let lane = LanePath::main().child(StepPath::top(Section::OnFailure, 0), 0);
        assert_eq!(cancelled(&marks, &lane), Cancelled::WithItsRun);
    }
}
