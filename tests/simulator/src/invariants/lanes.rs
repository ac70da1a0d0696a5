//! Steps and lanes: what a step says of its effect and of its lanes, and what is cancelled.

#![expect(
    clippy::indexing_slicing,
    reason = "JSON that is made or read here has these fields, or gives null"
)]

use super::{Evidence, Violations};
use crate::{
    reference::Place,
    step_functions::Status,
    store::Change,
    world::{Fault, Site},
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use workflow::{
    error_name::ErrorName,
    ids::{LanePath, RunId},
    planner::{CancelMark, LaneEnd, LaneKey, Outcome, StepChange},
};

/// The number of times that a lane is started before it is given up.
const STARTS: u64 = 6;

/// The time that a Plan that has read the marks may take until it is written.
const PLAN_UNDER_WAY: SignedDuration = SignedDuration::from_mins(2);

pub(super) fn check(evidence: &Evidence<'_>, violations: &mut Violations) {
    keys(evidence, violations);
    cancelled(evidence, violations);
    given_up(evidence, violations);
    let disturbed = evidence.disturbed();
    for (place, step) in evidence
        .tables
        .steps
        .iter()
        .filter(|(place, _)| !evidence.is_kept(place))
    {
        let succeeded = step
            .result
            .as_ref()
            .and_then(|result| result.outputs["succeeded"].as_u64());
        if let Some(told) = succeeded {
            let counted = successes(evidence, place);
            if told != counted {
                violations.add(
                    "a step tells how its lanes ended",
                    format!("{place:?} says that {told} succeeded, and {counted} did"),
                );
            }
        }
        let is_success = step
            .result
            .as_ref()
            .is_some_and(|result| result.outcome == Outcome::Success);
        if let Some(run) = step.run.as_ref().filter(|run| is_success && !disturbed.contains(run)) {
            let key = LaneKey {
                run: run.clone(),
                lane: LanePath::main(),
            };
            let end = evidence.tables.lanes.get(&key).and_then(|lane| lane.end.as_ref());
            if end.is_none_or(|end| end.failure().is_some()) {
                violations.add(
                    "a step tells how the run ended that it started",
                    format!("{place:?} succeeded, and {run} ended with {end:?}"),
                );
            }
        }
    }
}

fn successes(evidence: &Evidence<'_>, place: &Place) -> u64 {
    let lanes = evidence.tables.lanes.iter().filter(|(key, _)| {
        let opener = key.lane.opener();
        key.run == place.run && opener.is_some_and(|(lane, fork, _)| lane == place.lane && *fork == place.step)
    });
    let succeeded =
        lanes.filter(|(_, lane)| matches!(lane.end, Some(LaneEnd::Success { .. } | LaneEnd::Skipped { .. })));
    succeeded.count().try_into().unwrap_or(u64::MAX)
}

/// All attempts of a step have one effect key, and no other step has it.
fn keys(evidence: &Evidence<'_>, violations: &mut Violations) {
    let mut key_of: BTreeMap<&Place, &str> = BTreeMap::new();
    let mut place_of: BTreeMap<&str, &Place> = BTreeMap::new();
    for logged in &evidence.tables.log {
        let Change::Step { place, record } = &logged.change else {
            continue;
        };
        let StepChange::AttemptStarted { effect_key, .. } = &record.change else {
            continue;
        };
        let key = effect_key.as_str();
        let other_key = key_of.insert(place, key).filter(|other| *other != key);
        let other_place = place_of.insert(key, place).filter(|other| *other != place);
        if other_key.is_some() || other_place.is_some() {
            violations.add(
                "I2 a step has an effect key of its own, and keeps it",
                format!("{place:?} has {key}, and had {other_key:?}; so has {other_place:?}"),
            );
        }
    }
}

/// What is cancelled begins nothing any more.
fn cancelled(evidence: &Evidence<'_>, violations: &mut Violations) {
    let mut marks: BTreeMap<&RunId, Vec<(&CancelMark, Timestamp)>> = BTreeMap::new();
    for logged in &evidence.tables.log {
        match &logged.change {
            Change::Cancelled { run, mark } => marks.entry(run).or_default().push((mark, logged.at)),
            Change::Step { place, record } if matches!(record.change, StepChange::AttemptStarted { .. }) => {
                let lane = place.lane.to_string();
                let mark = marks.get(&place.run).into_iter().flatten().find(|(mark, since)| {
                    let covers = **mark == CancelMark::run() || lane.starts_with(mark.as_str());
                    covers && logged.at > *since + PLAN_UNDER_WAY
                });
                if let Some((_, since)) = mark {
                    violations.add(
                        "what is cancelled begins nothing any more",
                        format!(
                            "{place:?} began an attempt at {}, and was cancelled at {since}",
                            logged.at
                        ),
                    );
                }
            }
            _ => {}
        }
    }
}

/// A lane is given up only after as many of its starts came to nothing as are allowed it.
fn given_up(evidence: &Evidence<'_>, violations: &mut Violations) {
    for (key, lane) in &evidence.tables.lanes {
        let failure = lane.end.as_ref().and_then(LaneEnd::failure);
        if failure.is_none_or(|failure| failure.name != ErrorName::LaneLost.as_str()) {
            continue;
        }
        let run = key.run.as_str();
        let lost = evidence.executions.iter().filter(|execution| {
            execution.input().pointer("/run/id").and_then(|id| id.as_str()) == Some(run)
                && execution.status != Status::Succeeded
        });
        let refused = evidence.mishaps.iter().filter(|((fault, site), _)| {
            let is_of_run = matches!(site, Site::Plan { run, .. } if *run == key.run);
            is_of_run && matches!(fault, Fault::ChildRefused | Fault::ChildAnswerLost)
        });
        let refused: u64 = refused.map(|(_, count)| count).sum();
        let lost = u64::try_from(lost.count()).unwrap_or(u64::MAX);
        if lost + refused < STARTS {
            violations.add(
                "a lane is given up after six starts",
                format!("{key:?} was, and {lost} executions of its run were lost and {refused} not started"),
            );
        }
    }
}
