//! What has ended does not change.

use super::{Evidence, Violations};
use crate::store::Change;
use std::collections::{BTreeMap, BTreeSet};
use workflow::{
    ids::RunId,
    planner::{LaneKey, Outcome, StepChange},
};

pub(super) fn check(evidence: &Evidence<'_>, violations: &mut Violations) {
    let mut ended_runs: BTreeSet<&RunId> = BTreeSet::new();
    let mut ended_lanes: BTreeSet<&LaneKey> = BTreeSet::new();
    let mut ended_steps = BTreeMap::new();
    let mut waits = BTreeMap::new();
    let mut numbers: BTreeMap<&LaneKey, u64> = BTreeMap::new();
    for logged in &evidence.tables.log {
        let at = logged.at;
        match &logged.change {
            Change::Planned { lane, number, .. } => {
                if ended_lanes.contains(lane) {
                    violations.add(
                        "I7 an ended lane does not change",
                        format!("{lane:?} had Plan {number} at {at}"),
                    );
                }
                let before = numbers.insert(lane, *number).unwrap_or(0);
                if *number != before + 1 {
                    violations.add(
                        "Plans of a lane follow each other",
                        format!("{lane:?} had Plan {number} after {before} at {at}"),
                    );
                }
            }
            Change::LaneEnded { lane, .. } => {
                if !ended_lanes.insert(lane) {
                    violations.add("I7 a lane ends once", format!("{lane:?} ended again at {at}"));
                }
            }
            Change::RunEnded { run, .. } => {
                if !ended_runs.insert(run) {
                    violations.add("I7 a run ends once", format!("{run} ended again at {at}"));
                }
            }
            Change::Step { place, record } => {
                if let Some(ended) = ended_steps.get(place) {
                    violations.add(
                        "I7 an ended step does not change",
                        format!("{place:?} ended at {ended} and changed at {at}: {:?}", record.change),
                    );
                }
                match &record.change {
                    StepChange::Waiting { until } | StepChange::Looked { until, .. } => {
                        waits.insert(place, *until);
                    }
                    StepChange::Finished { result, .. } => {
                        ended_steps.insert(place, at);
                        // A decision ends it, and what is waited for about an incident.
                        let has_ended = |name: &str| result.outputs.get(name).is_some_and(|by| by != "timeout");
                        let is_early = has_ended("via") || has_ended("ended_by");
                        let until = waits.get(place).filter(|until| **until > at && !is_early);
                        if let (Outcome::Success, Some(until)) = (result.outcome, until) {
                            violations.add(
                                "a wait takes its time",
                                format!("{place:?} was to wait until {until} and went on at {at}"),
                            );
                        }
                    }
                    _ => {}
                }
            }
            Change::RunBegan(_)
            | Change::Cancelled { .. }
            | Change::Decided { .. }
            | Change::Heard { .. }
            | Change::Locked { .. }
            | Change::Applied { .. }
            | Change::Disabled(_) => {}
        }
    }
}
