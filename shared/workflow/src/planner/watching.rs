//! Incidents that a lane watches while it waits.
//!
//! A wait for a status looks at the incident: when it begins, now and then, at once when an event of the incident has come, and when its
//! time is over. PagerDuty shows a change some seconds late, so a look that an event has caused is repeated soon. A wait for an event
//! reads the events that are kept. In both, an event only wakes the lane; what the lane reads decides.

use super::{
    Attempts, Cancelled, Command, Cursor, EndedAttempt, Failure, Outcome, Outputs, Pending, Planner, StepChange, later,
    template_failure,
};
use crate::{
    definition::{Definition, Length, Retry},
    error_name::FailureClass,
    ids::StepPath,
    run::{RunCause, RunInput},
    steps::{OnTimeout, StepKind, WaitForStep},
    template::Expression,
    watch::{EventPlace, IncidentEvent, Wanted, Watch, WatchChange},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// The pauses after the first looks. PagerDuty's own reads are up to ten seconds late.
const PAUSES: [SignedDuration; 4] = [
    SignedDuration::from_secs(15),
    SignedDuration::from_secs(45),
    SignedDuration::from_mins(4),
    SignedDuration::from_mins(10),
];

/// The pause after each later look: how late a change is noticed of which no event has come.
const LONG_PAUSE: SignedDuration = SignedDuration::from_mins(15);

/// The attempts at a look. It is short, because there are more looks.
pub(super) fn retry_of_look() -> Retry {
    Retry {
        max_attempts: 3,
        interval: Length::literal::<5>(),
        ..Retry::default()
    }
}

/// The incident that a lane watches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watching {
    pub step: StepPath,
    pub watch: Watch,
    /// The end of the wait.
    pub until: Timestamp,
    /// The number of looks since the last event.
    #[serde(default)]
    pub looks: u32,
    /// The events that the lane has taken note of, by their ids.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub seen: BTreeSet<String>,
}

impl Watching {
    /// The events that it has not taken note of.
    pub(super) fn news<'a>(&self, events: &'a [IncidentEvent]) -> impl Iterator<Item = &'a IncidentEvent> {
        events.iter().filter(|event| !self.seen.contains(&event.place.id))
    }

    /// The time of the next look.
    fn next_look(&self, now: Timestamp) -> Timestamp {
        let before = usize::try_from(self.looks).unwrap_or(usize::MAX).checked_sub(1);
        let pause = before.and_then(|before| PAUSES.get(before)).copied();
        let pause = match self.looks {
            0 => SignedDuration::ZERO,
            _ => pause.unwrap_or(LONG_PAUSE),
        };
        later(now, pause).min(self.until)
    }
}

/// The place after which events count for a run that begins: that of its own event, or its start.
pub(super) fn first_place(input: &RunInput, event: &Value, started_at: Timestamp) -> EventPlace {
    let of_event = || {
        let occurred_at = event.get("occurred_at")?.as_str()?.parse().ok()?;
        let id = event.get("id")?.as_str()?.to_owned();
        Some(EventPlace { occurred_at, id })
    };
    match input.cause {
        RunCause::Event(_) => of_event().unwrap_or(EventPlace::at(started_at)),
        _ => EventPlace::at(started_at),
    }
}

/// The events that a lane waits for, if it watches an incident.
#[must_use]
pub fn events_wanted(definition: &Definition, cursor: &Cursor) -> Option<Wanted> {
    let watching = cursor.watching.as_ref()?;
    let step = definition.step(&watching.step).map(|step| &step.kind);
    let Some(StepKind::WaitFor(wait)) = step else {
        return None;
    };
    Some(Wanted {
        watch: watching.watch.clone(),
        types: wait.event_types().into_iter().map(str::to_owned).collect(),
        after: cursor.heard.clone().unwrap_or(EventPlace::at(cursor.started_at)),
    })
}

impl<'a> Planner<'a> {
    /// Begins to watch an incident.
    pub(crate) fn watch(&mut self, path: &StepPath, watch: Watch, until: Timestamp) {
        self.cursor.watching = Some(Watching {
            step: path.clone(),
            watch: watch.clone(),
            until,
            looks: 0,
            seen: BTreeSet::new(),
        });
        let ends = WatchChange::Ends(watch.clone());
        self.changes.watches.retain(|change| *change != ends);
        self.changes.watches.push(WatchChange::Begins(watch));
    }

    /// True if the lane watches an incident for the step at a path.
    pub(super) fn is_watching(&self, path: &StepPath) -> bool {
        self.cursor
            .watching
            .as_ref()
            .is_some_and(|watching| watching.step == *path)
    }

    /// Watches no longer, because the step or the lane has ended.
    pub(super) fn stop_watching(&mut self) {
        let Some(Watching { watch, .. }) = self.cursor.watching.take() else {
            return;
        };
        let begins = WatchChange::Begins(watch.clone());
        match self.changes.watches.iter().position(|change| *change == begins) {
            // It is not written.
            Some(at) => drop(self.changes.watches.remove(at)),
            None => self.changes.watches.push(WatchChange::Ends(watch)),
        }
    }

    /// Looks at the incident.
    pub(crate) fn look(&mut self, path: &StepPath) -> Option<Command> {
        if let Some(watching) = &mut self.cursor.watching {
            watching.looks = watching.looks.saturating_add(1);
        }
        self.first_attempt(path, None)
    }

    /// Goes on with what a look has found.
    pub(super) fn looked_at(&mut self, attempts: &Attempts, incident: &Value) -> Option<Command> {
        let path = &attempts.step;
        let Some(wait) = self.wait_for(path) else {
            return Some(self.lost(path));
        };
        let now = self.situation.now;
        if let Some(outputs) = wait.reached(incident, now) {
            self.step_succeeded(attempts, Outputs::from(outputs));
            return None;
        }
        let look = EndedAttempt::well(attempts.attempt);
        if self.is_time_over() {
            return self.watched_in_vain(path, Some(incident), Some(look));
        }
        if self.cancelled != Cancelled::No {
            return Some(self.cancel_step(path, Some(look.into())));
        }
        let (next, until) = (self.next_look(), self.watching_until());
        let number = look.number;
        self.record(path, StepChange::Looked { number, until });
        Some(self.await_news(path, next))
    }

    /// True if a failed look does not end the wait: a later one may succeed, or the run is to go on without.
    pub(super) fn outlasts(&self, path: &StepPath, failure: &Failure) -> bool {
        let may_pass = !matches!(failure.class(), FailureClass::Permanent | FailureClass::NotFound);
        let goes_on = !self.is_time_over()
            || self
                .wait_for(path)
                .is_some_and(|wait| wait.on_timeout == OnTimeout::Continue);
        self.is_watching(path) && may_pass && goes_on && self.cancelled == Cancelled::No
    }

    /// Goes on where a look has failed.
    pub(super) fn look_failed(&mut self, attempts: &Attempts, failure: &Failure) -> Option<Command> {
        let path = &attempts.step;
        if self.is_time_over() {
            return self.watched_in_vain(path, None, Some(EndedAttempt::failed(attempts.attempt, failure)));
        }
        let next = self.next_look();
        self.record(
            path,
            StepChange::AttemptFailed {
                number: attempts.attempt,
                failure: failure.of_an_attempt(),
                retry_at: next,
            },
        );
        Some(self.await_news(path, next))
    }

    fn next_look(&self) -> Timestamp {
        let watching = self.cursor.watching.as_ref();
        watching.map_or(self.situation.now, |watching| watching.next_look(self.situation.now))
    }

    /// Waits until a time, or until an event comes.
    fn await_news(&mut self, path: &StepPath, until: Timestamp) -> Command {
        self.cursor.pending = Some(Pending::Watch {
            step: path.clone(),
            until,
        });
        Command::wait(until)
    }

    /// Waits for an event.
    pub(crate) fn await_event(&mut self, path: &StepPath) -> Option<Command> {
        let until = self.watching_until();
        self.record(path, StepChange::Waiting { until });
        Some(self.await_news(path, until))
    }

    /// True if an event has come that the lane has not taken note of.
    pub(super) fn has_news(&self) -> bool {
        match (&self.cursor.pending, &self.cursor.watching) {
            (Some(Pending::Watch { .. }), Some(watching)) => {
                watching.news(&self.situation.known.events).next().is_some()
            }
            _ => false,
        }
    }

    /// Goes on when a lane that watches an incident is woken.
    pub(super) fn watched(&mut self, path: &StepPath) -> Option<Command> {
        if self.cancelled != Cancelled::No {
            return Some(self.cancel_step(path, None));
        }
        let events = &self.situation.known.events;
        let has_time = self.situation.now < self.cursor.deadline;
        let (Some(wait), Some(watching)) = (self.wait_for(path), &mut self.cursor.watching) else {
            return Some(self.lost(path));
        };
        let mut news: Vec<&IncidentEvent> = watching.news(events).collect();
        if sabotage::breaks(sabotage::Break::DeafToEvents) {
            news.clear();
        }
        watching.seen = events.iter().map(|event| event.place.id.clone()).collect();
        if wait.looks() && has_time {
            if !news.is_empty() {
                watching.looks = 0;
            }
            return self.look(path);
        }
        for event in news {
            match wait.ended_by(event, self) {
                Ok(Some(outputs)) => {
                    if !sabotage::breaks(sabotage::Break::HeardAgain) {
                        self.cursor.heard = Some(event.place.clone());
                    }
                    self.step_done(path, Outcome::Success, Outputs::from(outputs), None);
                    return None;
                }
                Ok(None) => {}
                Err(failure) => return self.step_failed(path, None, Outputs::none(), failure),
            }
        }
        match self.is_time_over() {
            true => self.watched_in_vain(path, None, None),
            false => self.await_event(path),
        }
    }

    /// Ends a wait whose time is over: with the incident as the last look has found it, and the end of that look.
    fn watched_in_vain(
        &mut self,
        path: &StepPath,
        incident: Option<&Value>,
        look: Option<EndedAttempt>,
    ) -> Option<Command> {
        let Some(wait) = self.wait_for(path) else {
            return Some(self.lost(path));
        };
        let ended = match self.watching_until() >= self.cursor.deadline {
            true => Err(self.time_over()),
            false => wait.timed_out(incident, self.situation.now),
        };
        match ended {
            Ok(outputs) => {
                self.step_done(path, Outcome::Success, Outputs::from(outputs), look);
                None
            }
            Err(failure) => self.step_failed(path, look.map(Into::into), Outputs::none(), failure),
        }
    }

    /// The end of the wait.
    fn watching_until(&self) -> Timestamp {
        let watching = self.cursor.watching.as_ref();
        watching.map_or(self.cursor.deadline, |watching| watching.until)
    }

    fn is_time_over(&self) -> bool {
        self.watching_until() <= self.situation.now
    }

    fn wait_for(&self, path: &StepPath) -> Option<&'a WaitForStep> {
        match &self.situation.definition.step(path)?.kind {
            StepKind::WaitFor(wait) => Some(wait),
            _ => None,
        }
    }

    /// True if a condition holds for an event, which is `event` there.
    ///
    /// # Errors
    /// It cannot be evaluated.
    pub(crate) fn holds_for(&self, condition: &Expression, event: &Value) -> Result<bool, Failure> {
        let context = self.context.with_event(event.clone());
        condition.holds(&context).map_err(|error| template_failure(&error))
    }
}
