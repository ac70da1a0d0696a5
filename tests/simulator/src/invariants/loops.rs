//! Runs that lead to each other through what they do to incidents.
//!
//! What led to what is told here from PagerDuty's side: an event tells of an incident, a run had opened that incident or had
//! changed it before, an event had started that run, and so on. Incidents that PagerDuty opens for an alert of a run are left out:
//! its webhook does not tell the alert's key, and nobody can know (docs/architecture/decisions.md, known gaps).

use super::{ACTS_FOR_RUNS, Evidence, LOOP_DEPTH, Violations, effects::action_at};
use crate::{
    store::Change,
    world::{Fault, Started},
};
use jiff::{SignedDuration, Timestamp};
use pagerduty::actions::Action;
use pagerduty_simulator::{Effect, EffectKind, Status};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use workflow::{ids::RunId, planner::StepChange};

/// How soon after its attempt was written down a change is taken for that of a run, and not for one of the person in whose name
/// it acts.
const SOON: SignedDuration = SignedDuration::from_secs(90);

pub(super) fn check(evidence: &Evidence<'_>, violations: &mut Violations) {
    let made = Made::of(evidence);
    let mut depths = BTreeMap::new();
    for (run, started) in &evidence.started {
        let Some(item) = evidence.tables.runs.get(run) else {
            continue;
        };
        let is_watched = item.input.event().is_some() && item.input.replay_of().is_none();
        if !is_watched {
            continue;
        }
        let depth = made.depth(evidence, run, started, &mut depths);
        let acts = made.acting.contains(run);
        // A clock that is off by minutes hides what was a moment ago.
        let is_skewed = evidence.mishaps.keys().any(|(fault, _)| *fault == Fault::Skewed);
        if depth >= LOOP_DEPTH && acts && !is_skewed {
            violations.add(
                "runs that lead to each other come to an end",
                format!(
                    "{run} acts, and {depth} runs came before it: {}",
                    made.chain(evidence, run)
                ),
            );
        }
        if item.depth > 0 && !made.touched(started) {
            violations.add(
                "only what runs of ours did counts for a loop",
                format!("{run} has the depth {} and the event {}", item.depth, started.event),
            );
        }
    }
}

/// What runs did to incidents.
struct Made<'a> {
    /// The runs that created incidents, or changed them, by the incident's id; with when.
    by_incident: BTreeMap<&'a str, Vec<(&'a Effect, RunId)>>,
    /// The incidents that runs were about to change.
    attempted: BTreeSet<&'a str>,
    /// The keys that runs gave out.
    keys: BTreeSet<&'a str>,
    /// The runs that have called an action.
    acting: BTreeSet<RunId>,
}

impl<'a> Made<'a> {
    fn of(evidence: &'a Evidence<'_>) -> Self {
        let mut made = Self {
            by_incident: BTreeMap::new(),
            attempted: BTreeSet::new(),
            keys: BTreeSet::new(),
            acting: BTreeSet::new(),
        };
        // Who was about to change an incident, the last first.
        let mut about_to: BTreeMap<&str, Vec<(Timestamp, RunId)>> = BTreeMap::new();
        let mut creators: BTreeMap<&str, RunId> = BTreeMap::new();
        for logged in &evidence.tables.log {
            let Change::Step { place, record } = &logged.change else {
                continue;
            };
            let StepChange::AttemptStarted { input, effect_key, .. } = &record.change else {
                continue;
            };
            let root = evidence.root_of(&place.run);
            made.acting.insert(root.clone());
            made.keys.insert(effect_key.as_str());
            if action_at(evidence, place) == Some(Action::CreateIncident) {
                creators.insert(effect_key.as_str(), root.clone());
            }
            if let Some(incident) = input.get("incident_id").and_then(Value::as_str) {
                made.attempted.insert(incident);
                about_to.entry(incident).or_default().push((logged.at, root));
            }
        }
        for effect in &evidence.effects {
            let incident = effect.incident.as_str();
            let run = match &effect.kind {
                EffectKind::Created { key, .. } => creators.get(key.as_str()).cloned(),
                _ if effect.by.as_ref().is_some_and(|user| user.as_str() == ACTS_FOR_RUNS) => {
                    let before = about_to.get(incident).into_iter().flatten();
                    let last = before.rev().find(|(at, _)| *at <= effect.at);
                    let last = last.filter(|(at, _)| effect.at.duration_since(*at) <= SOON);
                    last.filter(|last| !is_written_over(evidence, last, about_to.get(incident)))
                        .map(|(_, run)| run.clone())
                }
                _ => None,
            };
            if let Some(run) = run {
                made.by_incident.entry(incident).or_default().push((effect, run));
            }
        }
        made
    }

    /// True if a run was ever at the incident of an event.
    fn touched(&self, started: &Started) -> bool {
        let text = |pointer: &str| started.event.pointer(pointer).and_then(Value::as_str);
        let incident = text("/incident/id").unwrap_or_default();
        let key = text("/incident/incident_key").unwrap_or_default();
        self.attempted.contains(incident) || self.keys.contains(key)
    }

    /// How many runs certainly led to one.
    fn depth(&self, evidence: &Evidence<'_>, run: &RunId, started: &Started, known: &mut BTreeMap<RunId, u32>) -> u32 {
        if let Some(depth) = known.get(run) {
            return *depth;
        }
        // Nothing leads to itself.
        known.insert(run.clone(), 0);
        let depth = self.cause(started).and_then(|cause| {
            let started = evidence.started.get(&cause)?;
            Some(self.depth(evidence, &cause, started, known).saturating_add(1))
        });
        let depth = depth.unwrap_or_default();
        known.insert(run.clone(), depth);
        depth
    }

    /// The runs that led to one, the last first, each with the depth that it took itself for.
    fn chain(&self, evidence: &Evidence<'_>, run: &RunId) -> String {
        let mut chain = Vec::new();
        let mut next = Some(run.clone());
        while let Some(run) = next.take()
            && chain.len() < 20
        {
            let depth = evidence.tables.runs.get(&run).map(|item| item.depth);
            chain.push(format!("{run} {depth:?}"));
            next = evidence.started.get(&run).and_then(|started| self.cause(started));
        }
        chain.join(", ")
    }

    /// The run whose doing an event tells of, if that is certain. What a person repeats, a person has begun.
    fn cause(&self, started: &Started) -> Option<RunId> {
        if started.inputs.iter().any(|input| input.replay_of().is_some()) {
            return None;
        }
        let event = &started.event;
        let incident = event.pointer("/incident/id")?.as_str()?;
        let occurred_at: Timestamp = event.get("occurred_at")?.as_str()?.parse().ok()?;
        let is_told = |kind: &EffectKind| match event.get("type").and_then(Value::as_str) {
            Some("incident.triggered") => matches!(kind, EffectKind::Created { .. }),
            Some("incident.resolved") => *kind == EffectKind::Status(Status::Resolved),
            Some("incident.acknowledged") => *kind == EffectKind::Status(Status::Acknowledged),
            _ => false,
        };
        let effects = self.by_incident.get(incident)?;
        let told = effects
            .iter()
            .find(|(effect, _)| is_told(&effect.kind) && effect.at == occurred_at);
        told.map(|(_, run)| run.clone())
    }
}

/// Whether another attempt at a change of the incident, by a run of the same depth, has written over the mark of one: the table keeps
/// the last mark for each depth (docs/architecture/decisions.md, known gaps).
fn is_written_over(
    evidence: &Evidence<'_>,
    (at, run): &(Timestamp, RunId),
    attempts: Option<&Vec<(Timestamp, RunId)>>,
) -> bool {
    let depth = |run: &RunId| evidence.tables.runs.get(run).map(|item| item.depth);
    let mut later = attempts.into_iter().flatten().filter(|(later, _)| later > at);
    later.any(|(_, other)| depth(other) == depth(run))
}
