//! A decision is taken once, and what its step gives is that decision: it is never passed over because the time was over.

use super::{Evidence, Violations};
use crate::{reference::Place, store::Change};
use std::collections::BTreeMap;
use workflow::{approval::Decision, planner::Outcome, steps::NO_DECISION};

const ONCE: &str = "an approval is decided once";
const STANDS: &str = "a decision stands";

/// The decisions, by the step that asked.
pub(super) fn all(evidence: &Evidence<'_>) -> BTreeMap<Place, Decision> {
    let decided = evidence.tables.log.iter().filter_map(|logged| match &logged.change {
        Change::Decided { lane, step, decision } => Some((place(lane, step), decision.clone())),
        _ => None,
    });
    decided.collect()
}

fn place(lane: &workflow::planner::LaneKey, step: &workflow::ids::StepPath) -> Place {
    Place {
        run: lane.run.clone(),
        lane: lane.lane.clone(),
        step: step.clone(),
    }
}

pub(super) fn check(evidence: &Evidence<'_>, violations: &mut Violations) {
    let mut seen = BTreeMap::new();
    for logged in &evidence.tables.log {
        if let Change::Decided { lane, step, decision } = &logged.change
            && let Some(before) = seen.insert((lane, step), decision)
        {
            violations.add(ONCE, format!("{lane:?} {step}: first {before:?}, then {decision:?}"));
        }
    }
    for (place, decision) in all(evidence) {
        let result = evidence.tables.steps.get(&place).and_then(|step| step.result.as_ref());
        let Some(result) = result else { continue };
        // A message whose own time was over fails the step by the same name.
        let error = result.error.as_ref();
        let is_over = error.is_some_and(|error| error.message.starts_with(NO_DECISION));
        let is_passed_over = match result.outcome {
            Outcome::Success => result.outputs != decision.outputs(),
            Outcome::Failure => is_over,
            Outcome::Skipped => true,
        };
        if is_passed_over {
            violations.add(STANDS, format!("{place:?}: {decision:?}, but {result:?}"));
        }
    }
}
