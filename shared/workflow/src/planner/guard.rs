//! The loop guard: what keeps a workflow from starting itself for ever.
//!
//! - A run that is about to create an incident leaves a marker in the table under the key that it gives it, written with the intent
//!   of the step. Every event about the incident has that key. The first Plan of a run that such an event starts counts the marker.
//! - One that is about to make another change leaves a marker under the id of the incident. The first Plan of a run that may be started
//!   by such a change counts it.
//! - What a key says by itself counts for nothing: the sender of an alert chooses its key. A key that a run did give out, and that
//!   was sent again with another alert, counts only for an incident that was opened while the run was at it.
//! - Whatever neither of these sees is limited: so many runs of a workflow for an incident in ten minutes.

use super::{Failure, Situation, Standing};
use crate::{
    action::{ActionSpec, Effect},
    error_name::ErrorName,
    ids::EffectKey,
    run::RunInput,
    triggers::Trigger,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;

/// The number of runs that may follow from each other, each started by what the one before it did. A workflow that starts itself would
/// otherwise page people for ever.
pub const LOOP_DEPTH: usize = 5;

/// The most runs of one workflow that may begin for one incident in a [`PERIOD_SECONDS`].
const RUNS_OF_AN_INCIDENT: i64 = 20;

/// The length of the periods in which runs are counted, in seconds.
const PERIOD_SECONDS: i64 = 10 * 60;

/// How long after its marker a change can come about: an attempt may take a minute, after Lambda turned it away for another.
const REACH: SignedDuration = SignedDuration::from_mins(2);

/// How long after its marker an incident can be created with the key that it is about. The key belongs to that step alone, so the time
/// is the longest: the state machine makes a Plan again for up to four hours until it hears what the Plan has decided, and the marker
/// may have been written with the first of these.
const REACH_OF_CREATION: SignedDuration = SignedDuration::from_hours(4);

/// The most that the clock of an event's system may be behind ours.
const SKEW: SignedDuration = SignedDuration::from_mins(1);

/// The trail of the incident that the event of a run is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trail {
    /// The last change that a run of ours made to it, for each depth of runs.
    pub changes: BTreeMap<u32, OwnChange>,
    /// The trail of the run that created it, under the key that it has.
    pub creations: BTreeMap<u32, OwnChange>,
    /// The number of runs of the workflow that have begun for it in this period.
    pub runs: u32,
    /// The number in the period before.
    pub runs_before: u32,
}

/// A change that a run of ours was about to make to an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnChange {
    /// The name of the action.
    pub action: String,
    /// The time when its first attempt was written down.
    pub since: Timestamp,
    /// The time when its last one was.
    pub at: Timestamp,
}

/// A marker that is to be left for an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// The id of the incident; of one that is yet to be created, its key.
    pub incident: String,
    /// The depth of the run.
    pub depth: u32,
    /// The change.
    pub change: OwnChange,
}

/// A run that is to be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The id of the incident that it is for.
    pub incident: String,
    /// The period in which it begins.
    pub period: i64,
}

/// The number of the period that a time lies in. The one before it has the number before.
#[must_use]
pub fn period_of(time: Timestamp) -> i64 {
    time.as_second().div_euclid(PERIOD_SECONDS)
}

/// True if an execution begins a run that the workflow's trigger has started. Only such a run can be part of a loop: one that a step
/// calls has the depth of its caller, and a replay is started by a person.
pub(super) fn watches(input: &RunInput, standing: Standing<'_>) -> bool {
    matches!(standing, Standing::BeginsRun) && input.is_started_by_trigger()
}

/// The id of the incident of an event, as expressions see the event.
#[must_use]
pub fn incident_of(event: &Value) -> Option<&str> {
    event.pointer("/incident/id").and_then(Value::as_str)
}

/// The key of the incident of an event, if it has the form of those that runs give out.
#[must_use]
pub fn own_key_of(event: &Value) -> Option<&str> {
    let key = event.pointer("/incident/incident_key").and_then(Value::as_str)?;
    EffectKey::depth_of(key).map(|_| key)
}

/// The depth of a run that begins.
pub(super) fn depth(situation: &Situation<'_>) -> u32 {
    let own = situation.input.run.depth;
    let changes = &situation.known.trail.changes;
    let caused = changes.iter().filter(|(_, change)| can_have_caused(change, situation));
    let creations = &situation.known.trail.creations;
    let created = creations
        .iter()
        .filter(|(_, creation)| can_have_created(creation, situation.event));
    if sabotage::breaks(sabotage::Break::ForgedKeyCounts)
        && let Some(depth) = own_key_of(situation.event).and_then(EffectKey::depth_of)
    {
        return own.max(depth.saturating_add(1));
    }
    caused
        .chain(created)
        .fold(own, |depth, (of_change, _)| depth.max(of_change.saturating_add(1)))
}

/// True if a change of ours may be what the event tells of.
fn can_have_caused(change: &OwnChange, situation: &Situation<'_>) -> bool {
    let event = situation.event;
    let event_type = event.get("type").and_then(Value::as_str).unwrap_or_default();
    let is_of_type = match situation.catalog.action(&change.action).map(|action| &action.effect) {
        Some(Effect::ChangesIncident { events, .. }) => events.iter().any(|event| event == event_type),
        Some(Effect::Reads | Effect::CreatesIncident | Effect::Other) => false,
        // A newer release wrote it.
        None => true,
    };
    let occurred_at = event.get("occurred_at").and_then(Value::as_str);
    let happened = occurred_at
        .and_then(|time| time.parse().ok())
        .unwrap_or(situation.started_at);
    is_of_type && change.can_have_been_at(happened, REACH) && !is_of_others(event)
}

/// True if the incident of an event is the one that a run of ours created, and not another that was given the same key.
fn can_have_created(creation: &OwnChange, event: &Value) -> bool {
    let created_at = event.pointer("/incident/created_at").and_then(Value::as_str);
    let created_at: Option<Timestamp> = created_at.and_then(|time| time.parse().ok());
    // It is told of every incident.
    created_at.is_none_or(|created_at| creation.can_have_been_at(created_at, REACH_OF_CREATION))
}

impl OwnChange {
    /// True if an attempt of it can have come about at a time of the system's clock, no longer after it was written down.
    fn can_have_been_at(&self, time: Timestamp, reach: SignedDuration) -> bool {
        time.duration_since(self.since) >= -SKEW && time.duration_since(self.at) <= reach
    }
}

/// True if an event is certainly not the doing of a run: an integration or a service did it, or a person wrote a note. Our own
/// notes are known by their marker and start no run, unless they came cut.
fn is_of_others(event: &Value) -> bool {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    let is_machine = matches!(
        text("/agent/type"),
        Some("inbound_integration_reference" | "service_reference")
    );
    let is_cut = event.pointer("/data/trimmed") == Some(&Value::Bool(true));
    is_machine || (text("/note").is_some() && !is_cut)
}

/// The reason a run of that depth does nothing, if it is part of a loop.
pub(super) fn loop_stopped(situation: &Situation<'_>, depth: u32) -> Option<Failure> {
    if sabotage::breaks(sabotage::Break::NoLoopGuard) {
        return None;
    }
    let workflow = &situation.input.run.workflow;
    let trigger = situation
        .definition
        .trigger
        .as_ref()
        .map(Trigger::word)
        .unwrap_or_default();
    let message = if usize::try_from(depth).is_ok_and(|depth| depth >= LOOP_DEPTH) {
        format!(
            "{LOOP_DEPTH} runs have led to each other, so this one does nothing: the workflow {workflow} starts itself \
             through the incidents that it makes or changes; keep them out with a condition in `on.{trigger}.when`, for \
             example on the service"
        )
    } else if is_over(situation) {
        let incident = incident_of(situation.event).unwrap_or_default();
        format!(
            "{RUNS_OF_AN_INCIDENT} runs of the workflow {workflow} have begun for the incident {incident} in ten minutes, so \
             this one does nothing: if the workflow starts itself through what it does to the incident, keep that out with a \
             condition in `on.{trigger}.when`; if the incident is only busy, start fewer runs, for example by fewer `events`"
        )
    } else {
        return None;
    };
    Some(Failure::new(ErrorName::RunLoopStopped, message))
}

/// True if the workflow has had its runs for the incident. Of the period before counts what lies within the last ten minutes
/// if its runs were evenly spread.
fn is_over(situation: &Situation<'_>) -> bool {
    let trail = &situation.known.trail;
    let elapsed = situation.now.as_second().rem_euclid(PERIOD_SECONDS);
    let recent = i64::from(trail.runs) * PERIOD_SECONDS + i64::from(trail.runs_before) * (PERIOD_SECONDS - elapsed);
    recent >= RUNS_OF_AN_INCIDENT * PERIOD_SECONDS
}

/// The count of a run that goes on.
pub(super) fn counted(situation: &Situation<'_>) -> Option<Counted> {
    let incident = incident_of(situation.event).filter(|_| watches(situation.input, situation.standing))?;
    Some(Counted {
        incident: incident.to_owned(),
        period: period_of(situation.now),
    })
}

impl Marker {
    /// The marker of an attempt of an action with this input and key, if it changes or creates an incident.
    pub(super) fn of(
        action: &ActionSpec,
        input: &Value,
        key: &EffectKey,
        depth: u32,
        times: (Timestamp, Timestamp),
    ) -> Option<Self> {
        let incident = match &action.effect {
            Effect::CreatesIncident => key.as_str(),
            Effect::ChangesIncident { incident, .. } => input.get(&**incident)?.as_str()?,
            Effect::Reads | Effect::Other => return None,
        };
        let (since, at) = times;
        Some(Self {
            incident: incident.to_owned(),
            depth,
            change: OwnChange {
                action: action.to_string(),
                since,
                at,
            },
        })
    }
}
