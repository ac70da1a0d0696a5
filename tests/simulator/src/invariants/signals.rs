//! A signal ends a wait early: what is cancelled does not wait on, and a run whose turn has come does not wait for it.
//!
//! Where things go wrong, a signal may be found only when the slice of the wait is over. So only the worlds in which nothing does are
//! looked at; that nothing is lost, whatever goes wrong, the other invariants say.

use super::{Evidence, Violations, watching::watched};
use crate::{simulation::Climate, store::Change};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use workflow::{
    ids::{LanePath, RunId, StepPath, WorkflowId},
    planner::{CancelMark, Cursor, LaneKey, Lock, Pending},
    watch::{EventPlace, Wanted, Watch},
};

/// The time in which a signal comes to the next Plan of a lane where nothing goes wrong: of calls that take some milliseconds each.
const PROMPT: SignedDuration = SignedDuration::from_secs(2);

pub(super) fn check(evidence: &Evidence<'_>, violations: &mut Violations) {
    if !matches!(evidence.scenario.climate, Climate::Calm | Climate::Hasty) {
        return;
    }
    let mut seen = Seen::default();
    for logged in &evidence.tables.log {
        let at = logged.at;
        match &logged.change {
            Change::Planned { lane, handover, .. } => seen.planned(evidence, lane, handover, at, violations),
            Change::Cancelled { run, mark } => seen.cancelled(run, mark, at),
            Change::Decided { lane, step, .. } => seen.decided(lane, step, at),
            Change::Heard {
                watch,
                place,
                event_type,
            } => seen.heard(watch, place, event_type, at),
            Change::Locked { workflow, key, lock } => {
                seen.locks.insert((workflow, key), lock);
                seen.look_at_locks(at);
            }
            Change::RunEnded { run, .. } => {
                seen.ended.insert(run, at);
                seen.look_at_locks(at);
            }
            _ => {}
        }
    }
}

/// The step of the approval for which a lane waits by a handover, if it waits for one.
fn approval_of(handover: &str) -> Option<StepPath> {
    let handover: serde_json::Value = serde_json::from_str(handover).ok()?;
    let cursor: Cursor = serde_json::from_value(handover.get("cursor")?.clone()).ok()?;
    match cursor.pending {
        Some(Pending::Approval { step, .. }) => Some(step),
        _ => None,
    }
}

/// What has happened so far.
#[derive(Default)]
struct Seen<'a> {
    /// The lanes whose last Plan has them wait, since when, and whether for a concurrency key.
    waiting: BTreeMap<&'a LaneKey, (Timestamp, bool)>,
    /// Those of them that wait for a decision, each with its step.
    approvals: BTreeMap<&'a LaneKey, StepPath>,
    /// Since when there is something for a lane that waits.
    due: BTreeMap<LaneKey, Timestamp>,
    marks: Vec<(&'a RunId, &'a CancelMark, Timestamp)>,
    locks: BTreeMap<(&'a WorkflowId, &'a String), &'a Lock>,
    ended: BTreeMap<&'a RunId, Timestamp>,
    decided: BTreeMap<(&'a LaneKey, &'a StepPath), Timestamp>,
    /// The lanes that wait for events.
    watching: BTreeMap<&'a LaneKey, Wanted>,
}

impl<'a> Seen<'a> {
    fn planned(
        &mut self,
        evidence: &Evidence<'_>,
        lane: &'a LaneKey,
        handover: &str,
        at: Timestamp,
        violations: &mut Violations,
    ) {
        let since = self.waiting.remove(lane);
        self.approvals.remove(lane);
        self.watching.remove(lane);
        if let (Some((since, _)), Some(due)) = (since, self.due.remove(lane)) {
            let due = due.max(since);
            if at.duration_since(due) > PROMPT {
                violations.add(
                    "a signal ends a wait early",
                    format!("{lane:?} waited until {at}, and was to be woken at {due}"),
                );
            }
        }
        if !handover.contains("\"type\":\"await_") {
            return;
        }
        self.waiting.insert(lane, (at, handover.contains("\"for\":\"lock\"")));
        let mut marks = self.marks.iter();
        let mark = marks.find(|(run, mark, _)| **run == lane.run && mark.covers(&lane.lane));
        if let Some((_, _, since)) = mark {
            self.due.insert(lane.clone(), *since);
        }
        if let Some(step) = approval_of(handover) {
            if let Some(since) = self.decided.get(&(lane, &step)) {
                self.due.entry(lane.clone()).or_insert(*since);
            }
            self.approvals.insert(lane, step);
        }
        if let Some((_, wanted)) = watched(evidence, lane, handover) {
            self.watching.insert(lane, wanted);
        }
        self.look_at_locks(at);
    }

    /// An event wakes each lane that waits for one of its type. Those that begin to wait later find it themselves.
    fn heard(&mut self, watch: &Watch, place: &EventPlace, event_type: &str, at: Timestamp) {
        for (lane, wanted) in &self.watching {
            if wanted.watch == *watch && wanted.has(event_type, place) {
                self.due.entry((*lane).clone()).or_insert(at);
            }
        }
    }

    fn decided(&mut self, lane: &'a LaneKey, step: &'a StepPath, at: Timestamp) {
        self.decided.insert((lane, step), at);
        if self.approvals.get(lane) == Some(step) {
            self.due.entry(lane.clone()).or_insert(at);
        }
    }

    fn cancelled(&mut self, run: &'a RunId, mark: &'a CancelMark, at: Timestamp) {
        self.marks.push((run, mark, at));
        for lane in self
            .waiting
            .keys()
            .filter(|lane| lane.run == *run && mark.covers(&lane.lane))
        {
            self.due.entry((*lane).clone()).or_insert(at);
        }
    }

    /// Finds the runs whose turn has come.
    fn look_at_locks(&mut self, at: Timestamp) {
        for lock in self.locks.values() {
            let is_held = lock
                .holder
                .as_ref()
                .is_some_and(|holder| !self.ended.contains_key(holder));
            let next = lock.queue.iter().find(|run| !self.ended.contains_key(run));
            if let Some(next) = next.filter(|_| !is_held) {
                let main = LaneKey {
                    run: next.clone(),
                    lane: LanePath::main(),
                };
                if self.waiting.get(&main).is_some_and(|(_, is_for_key)| *is_for_key) {
                    self.due.entry(main).or_insert(at);
                }
            }
        }
    }
}
