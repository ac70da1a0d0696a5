//! Rounds come one after the other, not sooner than their step says, and their step tells how many there were.

use super::{Evidence, Violations};
use crate::{reference::Place, store::Change};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use workflow::{
    planner::{LaneKey, StepChange},
    steps::RepeatStep,
};

const ONE: &str = "a round begins when the one before has ended";
const PAUSE: &str = "a round begins as long after the one before as its step says";
const COUNT: &str = "a step tells how many rounds there were";

pub(super) fn check(evidence: &Evidence<'_>, violations: &mut Violations) {
    // The number of the round that goes on, and when it began.
    let mut rounds: BTreeMap<&Place, (u32, Timestamp)> = BTreeMap::new();
    let mut ended: BTreeSet<&LaneKey> = BTreeSet::new();
    for logged in &evidence.tables.log {
        let (place, record) = match &logged.change {
            Change::LaneEnded { lane, .. } => {
                ended.insert(lane);
                continue;
            }
            Change::Step { place, record } => (place, record),
            _ => continue,
        };
        let Some(repeat) = repeat(evidence, place) else {
            continue;
        };
        match &record.change {
            StepChange::Entered { lanes, .. } => {
                let number = lanes.unwrap_or_default();
                let before = rounds.insert(place, (number, record.at));
                let last = before.map_or(0, |(last, _)| last);
                let has_ended = last == 0 || ended.contains(&round(place, last));
                if number != last + 1 || !has_ended || number > repeat.at_most {
                    violations.add(
                        ONE,
                        format!("{place:?}: round {number} after {last}, which has ended: {has_ended}"),
                    );
                }
                if let Some((_, began)) =
                    before.filter(|(_, began)| record.at.duration_since(*began) < repeat.every.duration())
                {
                    violations.add(
                        PAUSE,
                        format!("{place:?}: round {number} at {}, after {began}", record.at),
                    );
                }
            }
            StepChange::Finished { result, .. } => {
                let told = result.outputs.get("rounds").and_then(serde_json::Value::as_u64);
                let counted = rounds.get(place).map_or(0, |(number, _)| *number);
                if told.is_some_and(|told| told != u64::from(counted)) {
                    violations.add(COUNT, format!("{place:?} says {told:?}, and there were {counted}"));
                }
            }
            _ => {}
        }
    }
}

fn repeat<'a>(evidence: &Evidence<'a>, place: &Place) -> Option<&'a RepeatStep> {
    let run = &evidence.tables.runs.get(&place.run)?.input.run;
    let definition = evidence.tables.versions.get(&(run.workflow.clone(), run.version))?;
    definition.step(&place.step)?.rounds()
}

/// The lane of a round.
fn round(place: &Place, number: u32) -> LaneKey {
    LaneKey {
        run: place.run.clone(),
        lane: place.lane.child(place.step.clone(), number.saturating_sub(1)),
    }
}
