//! What must be true of every simulation, whatever went wrong in it.
//!
//! | invariant | file |
//! |---|---|
//! | I1 an accepted event gives exactly one run | `runs` |
//! | I2 at most one run for an event, at most one effect for a step | `runs`, `effects`, `events`, `lanes` |
//! | I3 every run ends within its deadline, with a final record | `runs` |
//! | I5 no secret is ever said | `secrets` |
//! | I7 what has ended does not change | `changes` |
//! | I8 an error says what failed and at which step | `runs` |
//! | no execution runs into a limit of AWS, or ends in a way that nobody intended | `executions` |
//! | a step tells how its lanes ended; what is cancelled begins nothing any more | `lanes` |
//! | a lock is held by one run that goes on | `locks` |
//! | results are those of the reference | `results` |
//!
//! I4 and I6 are about the ingress, whose own tests show them.

mod changes;
mod effects;
mod events;
mod executions;
mod lanes;
mod locks;
mod results;
mod runs;
mod secrets;

use crate::{
    pagerduty::Effect,
    simulation::Scenario,
    step_functions::Execution,
    store::Tables,
    world::{Fault, Site, Started, World},
};
use pagerduty_simulator::{EffectKind, IncidentId};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};
use workflow::{
    ids::RunId,
    planner::{LaneEnd, StepError, StepResult},
};

/// Something that must not be and was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which invariant is broken.
    pub invariant: &'static str,
    /// How.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.what.chars().take(2_000).collect();
        write!(f, "{}: {shown}", self.invariant)
    }
}

/// Violations as they are found.
#[derive(Debug, Default)]
pub(crate) struct Violations(Vec<Violation>);

impl Violations {
    fn add(&mut self, invariant: &'static str, what: impl Into<String>) {
        // One of a kind tells enough, and a few more tell how far it goes.
        let known = self.0.iter().filter(|known| known.invariant == invariant).count();
        if known < 5 {
            let what = what.into();
            self.0.push(Violation { invariant, what });
        }
    }
}

/// All that is known when a simulation is over.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// What was played.
    pub scenario: &'a Scenario,
    /// The table.
    pub tables: &'a Tables,
    /// All executions.
    pub executions: Vec<Execution>,
    /// What happened at PagerDuty.
    pub effects: Vec<Effect>,
    /// The events about alerts that PagerDuty took.
    pub alert_events: Vec<Value>,
    /// The changes that PagerDuty was told of.
    pub changes: Vec<Value>,
    /// The runs that were started from outside.
    pub started: BTreeMap<RunId, Started>,
    /// What went wrong.
    pub mishaps: BTreeMap<(Fault, Site), u64>,
    /// Whether everything came to its end.
    pub has_ended: bool,
    /// Whether a secret was logged, as far as somebody looked.
    pub secret_was_said: bool,
}

impl<'a> Evidence<'a> {
    /// What is known of a world.
    #[must_use]
    pub fn gather(
        scenario: &'a Scenario,
        world: &World,
        tables: &'a Tables,
        has_ended: bool,
        secret_was_said: bool,
    ) -> Self {
        Self {
            scenario,
            tables,
            executions: world.machine.executions(),
            effects: world.account.effects(),
            alert_events: world.account.alert_events(),
            changes: world.account.changes(),
            started: world.ingress.started(),
            mishaps: world.mishaps.all(),
            has_ended,
            secret_was_said,
        }
    }

    /// The run that nobody called, from which a run comes.
    #[must_use]
    pub fn root_of(&self, run: &RunId) -> RunId {
        let mut run = run.clone();
        while let Some(caller) = self
            .tables
            .runs
            .get(&run)
            .and_then(|item| item.input.called_by.as_ref())
        {
            run = caller.run.clone();
        }
        run
    }

    /// The root runs of which something was stopped, cancelled or late, so that how far they came is chance.
    #[must_use]
    pub fn disturbed(&self) -> BTreeSet<RunId> {
        let mut disturbed = BTreeSet::new();
        for (fault, site) in self.mishaps.keys() {
            if matches!(fault, Fault::Aborted | Fault::ChildStopLost | Fault::Cancelled) {
                disturbed.insert(self.root_of(run_of(site)));
            }
        }
        for (key, lane) in &self.tables.lanes {
            if lane.end.as_ref().is_some_and(is_chance) {
                disturbed.insert(self.root_of(&key.run));
            }
        }
        for (place, step) in &self.tables.steps {
            if step.result.as_ref().is_some_and(result_is_chance) {
                disturbed.insert(self.root_of(&place.run));
            }
        }
        for (id, run) in &self.tables.runs {
            let is_chance =
                |error: &StepError| name_is_chance(&error.name) || error.message.contains("time was over at");
            // The reference does not count the runs for an incident.
            let is_counted_out = run.depth < 5
                && run.input.called_by.is_none()
                && run.error.as_ref().is_some_and(|error| error.name == "Run.LoopStopped");
            if is_counted_out
                || run.error.as_ref().is_some_and(is_chance)
                || matches!(run.status, "skipped" | "cancelled" | "running")
            {
                disturbed.insert(self.root_of(id));
            }
        }
        disturbed
    }

    /// The notes on an incident.
    #[must_use]
    pub fn notes(&self, incident: &IncidentId) -> Vec<&str> {
        let notes = self.effects.iter().filter(|effect| effect.incident == *incident);
        let texts = notes.filter_map(|effect| match &effect.kind {
            EffectKind::Note(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }
}

pub(crate) fn run_of(site: &Site) -> &RunId {
    match site {
        Site::Plan { run, .. } | Site::Run(run) => run,
        Site::Step(place) => &place.run,
    }
}

fn is_chance(end: &LaneEnd) -> bool {
    match end {
        LaneEnd::Skipped { .. } => true,
        // Of lanes that were cancelled because of another one the reference knows.
        LaneEnd::Cancelled { failure } | LaneEnd::Failure { failure } => name_is_chance(&failure.name),
        LaneEnd::Success { .. } => false,
    }
}

fn result_is_chance(result: &StepResult) -> bool {
    result.error.as_ref().is_some_and(|error| name_is_chance(&error.name))
}

/// Whether an error depends on the time, or on what others did.
fn name_is_chance(name: &str) -> bool {
    matches!(
        name,
        "Step.TimedOut"
            | "Run.DeadlineExceeded"
            | "Lane.Lost"
            | "Run.Cancelled"
            | "Run.Aborted"
            | "Run.QueueFull"
            | "Run.Superseded"
            | "Store.Unavailable"
    )
}

/// Looks whether everything is as it must be. Gives also the number of runs that were compared with the reference.
#[must_use]
pub fn check(evidence: &Evidence<'_>) -> (Vec<Violation>, u64) {
    let mut violations = Violations::default();
    executions::check(evidence, &mut violations);
    runs::check(evidence, &mut violations);
    effects::check(evidence, &mut violations);
    events::check(evidence, &mut violations);
    lanes::check(evidence, &mut violations);
    changes::check(evidence, &mut violations);
    locks::check(evidence, &mut violations);
    secrets::check(evidence, &mut violations);
    let compared = results::check(evidence, &mut violations);
    (violations.0, compared)
}
