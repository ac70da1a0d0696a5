//! Effects, counted on PagerDuty's side.

#![expect(
    clippy::indexing_slicing,
    reason = "JSON that is made or read here has these fields, or gives null"
)]

use super::{ACTS_FOR_RUNS, Evidence, Violations};
use crate::{
    reference::Place,
    store::{Change, StepItem},
    world::{Fault, Site},
};
use jiff::Timestamp;
use pagerduty::actions::Action;
use pagerduty_simulator::{EffectKind, IncidentId, Status};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use workflow::planner::{Outcome, StepChange};

pub(super) fn check(evidence: &Evidence<'_>, violations: &mut Violations) {
    let attempts = attempts(evidence);
    creations(evidence, &attempts, violations);
    resolutions(evidence, violations);
    for (place, step) in &evidence.tables.steps {
        if let Some(action) = action_at(evidence, place).filter(|_| !evidence.is_kept(place)) {
            of_step(evidence, place, step, action, violations);
        }
    }
    notes(evidence, violations);
    requests_for_help(evidence, violations);
}

pub(super) fn action_at(evidence: &Evidence<'_>, place: &Place) -> Option<Action> {
    let run = &evidence.tables.runs.get(&place.run)?.input.run;
    let definition = evidence.tables.versions.get(&(run.workflow.clone(), run.version))?;
    Action::parse(&definition.step(&place.step)?.action()?.uses.name)
}

/// The time when the first attempt at each effect was written down.
fn attempts<'a>(evidence: &'a Evidence<'_>) -> BTreeMap<&'a str, (Timestamp, &'a Value)> {
    let mut attempts = BTreeMap::new();
    for logged in &evidence.tables.log {
        if let Change::Step { record, .. } = &logged.change
            && let StepChange::AttemptStarted { input, effect_key, .. } = &record.change
        {
            attempts.entry(effect_key.as_str()).or_insert((logged.at, input));
        }
    }
    attempts
}

fn creations(evidence: &Evidence<'_>, attempts: &BTreeMap<&str, (Timestamp, &Value)>, violations: &mut Violations) {
    let excused = excused(evidence, |step| step.effect_key.as_deref());
    let mut created: BTreeMap<&str, &IncidentId> = BTreeMap::new();
    for effect in &evidence.effects {
        let EffectKind::Created { key, title, service } = &effect.kind else {
            continue;
        };
        if effect.by.as_ref().is_none_or(|user| user.as_str() != ACTS_FOR_RUNS) {
            continue;
        }
        let other = created.insert(key, &effect.incident);
        if let Some(other) = other.filter(|_| !excused.contains(key.as_str())) {
            violations.add(
                "I2 an effect key makes one incident",
                format!("{key} made {} and {}", other.as_str(), effect.incident.as_str()),
            );
        }
        match attempts.get(key.as_str()) {
            None => violations.add(
                "an effect is written down before it is made",
                format!("nothing is known of {key}"),
            ),
            Some((at, _)) if *at > effect.at => violations.add(
                "an effect is written down before it is made",
                format!("{key} was made at {} and written down at {at}", effect.at),
            ),
            Some((_, input)) => {
                let wanted_title = input["title"].as_str().unwrap_or_default();
                let is_plain = wanted_title.trim() == wanted_title
                    && wanted_title.chars().count() < 1_000
                    && !wanted_title.chars().any(|c| c.is_control() || !c.is_ascii());
                let is_wanted =
                    input["service"].as_str() == Some(service.as_str()) && (!is_plain || wanted_title == title);
                if !is_wanted {
                    violations.add(
                        "an effect is what the step asked for",
                        format!("{key}: {title:?} on {} for {input}", service.as_str()),
                    );
                }
            }
        }
    }
}

/// Every incident that was resolved in the name of runs is one that a step had begun to resolve.
fn resolutions(evidence: &Evidence<'_>, violations: &mut Violations) {
    let mut begun: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for logged in &evidence.tables.log {
        if let Change::Step { record, .. } = &logged.change
            && let StepChange::AttemptStarted { input, .. } = &record.change
            && let Some(incident) = input["incident_id"].as_str()
        {
            begun.entry(incident).or_insert(logged.at);
        }
    }
    for effect in &evidence.effects {
        let is_ours = effect.by.as_ref().is_some_and(|user| user.as_str() == ACTS_FOR_RUNS);
        let is_change = !matches!(effect.kind, EffectKind::Created { .. });
        if is_ours && is_change {
            let at = begun.get(effect.incident.as_str());
            if at.is_none_or(|at| *at > effect.at) {
                violations.add(
                    "nothing happens of a step that was not attempted",
                    format!("{effect:?}, begun {at:?}"),
                );
            }
        }
    }
}

fn of_step(evidence: &Evidence<'_>, place: &Place, step: &StepItem, action: Action, violations: &mut Violations) {
    let Some(result) = step.result.as_ref().filter(|result| result.outcome == Outcome::Success) else {
        return;
    };
    let incident = result.outputs["incident_id"].as_str().unwrap_or_default();
    match action {
        Action::CreateIncident => {
            let key = step.effect_key.as_deref().unwrap_or_default();
            let created = evidence.effects.iter().any(|effect| {
                let has_key = matches!(&effect.kind, EffectKind::Created { key: own, .. } if own == key);
                has_key && effect.incident.as_str() == incident
            });
            if !created {
                violations.add(
                    "a step that succeeded has its effect",
                    format!("{place:?} says that it created {incident} with {key}"),
                );
            }
        }
        Action::ResolveIncident => {
            let resolved = evidence.effects.iter().any(|effect| {
                effect.incident.as_str() == incident && effect.kind == EffectKind::Status(Status::Resolved)
            });
            let wanted = step.input.as_ref().and_then(|input| input["incident_id"].as_str());
            if !resolved || wanted != Some(incident) {
                violations.add(
                    "a step that succeeded has its effect",
                    format!("{place:?} says that it resolved {incident}"),
                );
            }
            left_its_note(evidence, place, step, incident, violations);
        }
        Action::AddNote => left_its_note(evidence, place, step, incident, violations),
        Action::AcknowledgeIncident => {
            let acknowledged = EffectKind::Status(Status::Acknowledged);
            if !on(evidence, incident).any(|kind| *kind == acknowledged) {
                violations.add(
                    "a step that succeeded has its effect",
                    format!("{place:?} says that it acknowledged {incident}"),
                );
            }
        }
        Action::AddResponders => {
            let message = step.input.as_ref().and_then(|input| input["message"].as_str());
            let asked = |kind: &EffectKind| match kind {
                EffectKind::ResponderRequest(own) => message == Some(own),
                _ => false,
            };
            if !on(evidence, incident).any(asked) {
                violations.add(
                    "a step that succeeded has its effect",
                    format!("{place:?} says that it asked people to join {incident}"),
                );
            }
        }
        _ => {}
    }
}

/// What happened to an incident.
fn on<'a>(evidence: &'a Evidence<'_>, incident: &'a str) -> impl Iterator<Item = &'a EffectKind> {
    let effects = evidence.effects.iter();
    effects
        .filter(move |effect| effect.incident.as_str() == incident)
        .map(|effect| &effect.kind)
}

fn left_its_note(evidence: &Evidence<'_>, place: &Place, step: &StepItem, incident: &str, violations: &mut Violations) {
    let note = step.input.as_ref().and_then(|input| input["note"].as_str());
    let note = note.map(str::trim).filter(|note| !note.is_empty());
    // The first word stands in it as it is.
    let word = note.and_then(|note| note.split_whitespace().next());
    let word = word.filter(|word| !word.chars().any(char::is_control));
    let starts_with = |word: &str| {
        on(evidence, incident).any(|kind| matches!(kind, EffectKind::Note(text) if text.starts_with(word)))
    };
    if let Some(word) = word
        && !starts_with(word)
    {
        violations.add(
            "a step that succeeded has its effect",
            format!("{place:?} says that it left a note on {incident}, which has none such"),
        );
    }
}

/// What is said of the steps whose action, or a request of it, was made twice. The second of two that nobody expects finds
/// nothing of the first while they overlap, and PagerDuty forgets the key of an incident that was resolved in between.
fn excused<'a>(evidence: &'a Evidence<'_>, of: impl Fn(&'a StepItem) -> Option<&'a str>) -> BTreeSet<&'a str> {
    let is_twice = |fault: &Fault| matches!(fault, Fault::ActionTwice | Fault::RequestTwice);
    let twice = evidence.mishaps.keys().filter(|(fault, _)| is_twice(fault));
    let steps = twice.filter_map(|(_, site)| match site {
        Site::Step(place) => evidence.tables.steps.get(place),
        Site::Plan { .. } | Site::Run(_) => None,
    });
    steps.filter_map(of).collect()
}

/// A note that a run has left is there once. PagerDuty takes any note, so that only a look prevents a second one.
fn notes(evidence: &Evidence<'_>, violations: &mut Violations) {
    let excused = excused(evidence, |step| step.input.as_ref()?["incident_id"].as_str());
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    for effect in &evidence.effects {
        let EffectKind::Note(text) = &effect.kind else { continue };
        if effect.by.as_ref().is_none_or(|user| user.as_str() != ACTS_FOR_RUNS) {
            continue;
        }
        let last_line = text.lines().next_back().unwrap_or_default();
        let Some(marker) = last_line.strip_prefix("[pagerflow ") else {
            violations.add("a note has a marker", format!("{effect:?}"));
            continue;
        };
        let incident = effect.incident.as_str();
        if !seen.insert((incident, marker)) && !excused.contains(incident) {
            violations.add("I2 a note is left once", format!("{effect:?} is there twice"));
        }
    }
}

/// People are asked to join once by each step that does. PagerDuty asks them again however often it is told to, so that a
/// step whose outcome is unknown must not be tried again.
fn requests_for_help(evidence: &Evidence<'_>, violations: &mut Violations) {
    let mut steps: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for logged in &evidence.tables.log {
        if let Change::Step { record, .. } = &logged.change
            && let StepChange::AttemptStarted { input, effect_key, .. } = &record.change
            && let (Some(incident), Some(message)) = (input["incident_id"].as_str(), input["message"].as_str())
        {
            steps
                .entry((incident, message))
                .or_default()
                .insert(effect_key.as_str());
        }
    }
    let excused = excused(evidence, |step| step.input.as_ref()?["incident_id"].as_str());
    let mut made: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for effect in &evidence.effects {
        if let EffectKind::ResponderRequest(message) = &effect.kind {
            *made.entry((effect.incident.as_str(), message.as_str())).or_default() += 1;
        }
    }
    for ((incident, message), count) in made {
        let asked = steps.get(&(incident, message)).map_or(0, BTreeSet::len);
        if count > asked && !excused.contains(incident) {
            violations.add(
                "I2 people are paged once",
                format!("{count} requests {message:?} for {incident}, of {asked} steps"),
            );
        }
    }
}
