//! `only_while` of a trigger: a look at the incident of the event before the run does anything.
//!
//! Deliveries come in no certain order and are repeated for two days, so an event may tell of an incident that is resolved by
//! now. The event itself cannot say so. The look is a step like any other that calls an action, but for its place and that
//! the definition makes it: so it is written down before it is made, tried again, taken over and shown like any.
//!
//! # Who looks
//! The runs that an event has started. One that another workflow calls is part of a run that may have looked; a replay was
//! asked for by a person, who knows how the incident is.
//!
//! # Before or after the turn
//! A run that waits for its concurrency key looks when it has it, because the incident may be resolved while it waits. One
//! that skips or cancels looks before: a run that does nothing must not be in the way.

use super::{
    Attempts, Command, Failure, LaneEnd,
    going::{Outputs, Planner},
    guard, window,
};
use crate::{
    definition::{ConcurrencyPolicy, Definition},
    error_name::FailureClass,
    ids::{LanePath, Section, StepPath},
    run::RunInput,
    triggers::IncidentStatus,
};
use jiff::SignedDuration;
use serde_json::Value;

/// The time after the first look in which the system may say that there is no such incident, although it has just sent it.
const LATE: SignedDuration = SignedDuration::from_secs(30);

/// The wait after such an answer.
const LATE_WAIT: SignedDuration = SignedDuration::from_secs(10);

/// The step with which a run begins: the look, if it looks.
pub(super) fn first_of_run(definition: &Definition, input: &RunInput) -> Option<StepPath> {
    let look = definition.look().filter(|_| input.is_started_by_trigger());
    look.map(|(path, _)| path)
        .or_else(|| window::first_of(definition, &LanePath::main()))
}

/// True if a step is the look of a run that looks before it takes its turn.
pub(super) fn precedes_turn(definition: &Definition, step: &StepPath) -> bool {
    let policy = definition.concurrency.as_ref().map(|concurrency| concurrency.policy);
    step.section() == Section::OnlyWhile && matches!(policy, Some(ConcurrencyPolicy::Skip | ConcurrencyPolicy::Cancel))
}

/// The pause before the next look, if this one failed because the incident is not shown yet.
pub(super) fn wait_for_incident(
    attempts: &Attempts,
    failure: &Failure,
    now: jiff::Timestamp,
) -> Option<SignedDuration> {
    let is_look = attempts.step.section() == Section::OnlyWhile;
    let is_missing = failure.class() == FailureClass::NotFound;
    let since = now.duration_since(attempts.intended_at);
    (is_look && is_missing && since < LATE).then_some(LATE_WAIT)
}

/// The advice to a person whose look came to nothing.
pub(super) fn advice(step: &StepPath, failure: &Failure) -> Option<&'static str> {
    let is_look = step.section() == Section::OnlyWhile;
    (is_look && failure.class() == FailureClass::NotFound).then_some(
        "the event tells of this incident, so the trigger's `integration` is probably another account, or the user of its token \
         may not see the incident",
    )
}

impl Planner<'_> {
    /// Goes on, or ends the run, as the status of the incident says.
    pub(super) fn looked(&mut self, attempts: &Attempts, incident: &Value) -> Option<Command> {
        let path = &attempts.step;
        let Some(only_while) = self.situation.definition.only_while() else {
            return Some(self.lost(path));
        };
        let status = incident
            .get("status")
            .and_then(Value::as_str)
            .and_then(IncidentStatus::parse);
        let status = status.filter(|_| !sabotage::breaks(sabotage::Break::DeafToStatus));
        self.step_succeeded(attempts, Outputs::from(incident.clone()));
        match status {
            // A status that the system has invented since is none of those that the author wants to pass over.
            Some(status) if !only_while.statuses().contains(&status) => {
                let id = guard::incident_of(self.situation.event).unwrap_or_default();
                let reason = format!(
                    "the incident {id} was {} by then, and `only_while` asks for {}",
                    status.as_str(),
                    only_while.words()
                );
                self.cursor.next = None;
                Some(self.end_with(LaneEnd::Skipped { reason }))
            }
            _ if precedes_turn(self.situation.definition, path) => Some(self.take_turn()),
            _ => None,
        }
    }
}
