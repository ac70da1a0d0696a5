//! A wait for an event finds each event that is kept before its time is over, and each event ends one wait of a lane. A wait for a status
//! does not come to the end of its time while the incident has the status.

use super::{Evidence, Violations};
use crate::{reference::Place, simulation::Climate, store::Change};
use jiff::SignedDuration;
use pagerduty_simulator::{EffectKind, Status};
use std::collections::{BTreeMap, BTreeSet};
use workflow::{
    definition::Definition,
    ids::RunId,
    planner::{Cursor, LaneKey, StepChange, StepResult, Watching, events_wanted},
    steps::{Goal, StepKind, WaitForStep},
    triggers::IncidentStatus,
    watch::Wanted,
};

const FOUND: &str = "an event that is kept is found";
const ONCE: &str = "an event ends one wait of a lane";
const STATUS: &str = "a status that the incident has is seen";

/// The time in which PagerDuty shows a status, and a look at it is answered.
const LATE: SignedDuration = SignedDuration::from_mins(1);

pub(super) fn check(evidence: &Evidence<'_>, violations: &mut Violations) {
    let mut waits: BTreeMap<Place, (Watching, Wanted)> = BTreeMap::new();
    let mut kept = Vec::new();
    let mut ended_by = BTreeSet::new();
    for logged in &evidence.tables.log {
        match &logged.change {
            Change::Heard {
                watch,
                place,
                event_type,
            } => kept.push((logged.at, watch, place, event_type)),
            Change::Planned { lane, handover, .. } => {
                if let Some((watching, wanted)) = watched(evidence, lane, handover) {
                    let place = Place {
                        run: lane.run.clone(),
                        lane: lane.lane.clone(),
                        step: watching.step.clone(),
                    };
                    waits.insert(place, (watching, wanted));
                }
            }
            Change::Step { place, record } => {
                let StepChange::Finished { result, .. } = &record.change else {
                    continue;
                };
                let Some(wait) = wait_for(evidence, place) else {
                    continue;
                };
                if let Some(id) = event_of(result)
                    && !ended_by.insert((place.run.clone(), place.lane.clone(), id.to_owned()))
                {
                    violations.add(ONCE, format!("{place:?}: {id} has ended another wait of the lane"));
                }
                let Some((watching, wanted)) = waits.get(place).filter(|_| WaitForStep::is_timeout(result)) else {
                    continue;
                };
                match &wait.goal {
                    Goal::Event { when: None, .. } => {
                        let missed = kept.iter().find(|(at, watch, place, event_type)| {
                            *at < watching.until && **watch == wanted.watch && wanted.has(event_type, place)
                        });
                        if let Some((at, _, event, _)) = missed {
                            violations.add(
                                FOUND,
                                format!("{place:?}: {event} was kept at {at}, and {watching:?} ended in vain"),
                            );
                        }
                    }
                    Goal::Event { .. } => {}
                    Goal::Status(statuses) => {
                        if let Some(status) = status_at_end(evidence, watching, statuses) {
                            violations.add(
                                STATUS,
                                format!("{place:?}: it was {status:?}, and {watching:?} ended in vain"),
                            );
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

/// What a lane watches by a handover, and the events that it waits for.
pub(super) fn watched(evidence: &Evidence<'_>, lane: &LaneKey, handover: &str) -> Option<(Watching, Wanted)> {
    if !handover.contains("\"watching\"") {
        return None;
    }
    let handover: serde_json::Value = serde_json::from_str(handover).ok()?;
    let cursor: Cursor = serde_json::from_value(handover.get("cursor")?.clone()).ok()?;
    let wanted = events_wanted(definition(evidence, &lane.run)?, &cursor)?;
    Some((cursor.watching?, wanted))
}

fn definition<'a>(evidence: &'a Evidence<'_>, run: &RunId) -> Option<&'a Definition> {
    let run = &evidence.tables.runs.get(run)?.input.run;
    evidence.tables.versions.get(&(run.workflow.clone(), run.version))
}

fn wait_for<'a>(evidence: &'a Evidence<'_>, place: &Place) -> Option<&'a WaitForStep> {
    match &definition(evidence, &place.run)?.step(&place.step)?.kind {
        StepKind::WaitFor(wait) => Some(wait),
        _ => None,
    }
}

fn event_of(result: &StepResult) -> Option<&str> {
    result.outputs.get("event")?.get("id")?.as_str()
}

/// The status that the incident had for a while when the time was over, if it is a wanted one and nothing keeps a look from being answered.
fn status_at_end(
    evidence: &Evidence<'_>,
    watching: &Watching,
    wanted: &BTreeSet<IncidentStatus>,
) -> Option<IncidentStatus> {
    if !matches!(evidence.scenario.climate, Climate::Calm | Climate::Hasty) {
        return None;
    }
    let late = watching.until.checked_sub(LATE).ok()?;
    let mut last = None;
    for effect in evidence.effects.iter().filter(|effect| effect.at < watching.until) {
        if effect.incident.to_string() != watching.watch.incident() {
            continue;
        }
        let status = match &effect.kind {
            EffectKind::Created { .. } => IncidentStatus::Triggered,
            EffectKind::Status(Status::Triggered) => IncidentStatus::Triggered,
            EffectKind::Status(Status::Acknowledged) => IncidentStatus::Acknowledged,
            EffectKind::Status(Status::Resolved) => IncidentStatus::Resolved,
            _ => continue,
        };
        last = Some((effect.at, status));
    }
    let (since, status) = last?;
    (since < late && wanted.contains(&status)).then_some(status)
}
