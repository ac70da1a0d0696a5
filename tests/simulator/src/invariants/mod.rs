//! What must be true of every simulation, whatever went wrong in it.
//!
//! | invariant | file |
//! |---|---|
//! | I1 an accepted event gives exactly one run | `runs` |
//! | an event that gives none is passed over for a reason that holds, and PagerDuty is never told to stop sending | `admissions` |
//! | a run that is not wanted any more when it begins does nothing | `admissions` |
//! | a time of a schedule gives one run at most, and one if it is wanted | `schedules` |
//! | runs that lead to each other come to an end, and no others are taken for such | `loops` |
//! | I2 at most one run for an event, at most one effect for a step | `runs`, `effects`, `events`, `systems`, `lanes` |
//! | I3 every run ends within its deadline, with a final record | `runs` |
//! | I5 no secret is ever said | `secrets` |
//! | I7 what has ended does not change | `changes` |
//! | I8 an error says what failed and at which step | `runs` |
//! | no execution runs into a limit of AWS, or ends in a way that nobody intended | `executions` |
//! | a step tells how its lanes ended; what is cancelled begins nothing any more | `lanes` |
//! | a lock is held by one run that goes on | `locks` |
//! | a signal ends a wait early | `signals` |
//! | a wait for something about an incident does not end in vain | `watching` |
//! | results are those of the reference | `results` |
//! | what people read of a run is what was decided | `views` |
//!
//! I4 and I6 are about the ingress, whose own tests show them. `docs/faults.md` has the legend of all codes.

mod admissions;
mod changes;
mod decisions;
mod effects;
mod events;
mod executions;
mod lanes;
mod locks;
mod loops;
mod results;
mod rounds;
mod runs;
mod schedules;
mod secrets;
mod signals;
mod systems;
mod views;
mod watching;

use crate::{
    pagerduty::Effect,
    reference::Place,
    simulation::Scenario,
    step_functions::Execution,
    store::{Tables, Views},
    systems::{Issue, Message, Topic},
    world::{Fault, PassedOver, Sent, Site, Started, World},
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

/// The number of runs that may follow from each other through incidents.
const LOOP_DEPTH: u32 = 5;

/// The user in whose name runs act. Nobody else uses it.
const ACTS_FOR_RUNS: &str = "PUS1A7C";

/// Something that must not be and was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The invariant that is broken.
    pub invariant: &'static str,
    /// The way.
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
    /// The writes to the table.
    pub tables: &'a Tables,
    /// The views of it for people.
    pub views: Views,
    /// All executions.
    pub executions: Vec<Execution>,
    /// What happened at PagerDuty.
    pub effects: Vec<Effect>,
    /// The events about alerts that PagerDuty took.
    pub alert_events: Vec<Value>,
    /// The changes that PagerDuty was told of.
    pub changes: Vec<Value>,
    /// The messages in Slack.
    pub messages: Vec<Message>,
    /// The topics that channels of Slack were given.
    pub topics: Vec<Topic>,
    /// The issues in Jira.
    pub issues: Vec<Issue>,
    /// The runs that were to be started from outside.
    pub started: BTreeMap<RunId, Started>,
    /// Those of them of which somebody was told that they start.
    pub accepted: BTreeSet<RunId>,
    /// The events for which no run was started.
    pub passed_over: Vec<PassedOver>,
    /// The times of schedules that were sent.
    pub sent: Vec<Sent>,
    /// What PagerDuty was told that makes it stop sending, and the deliveries that were set aside.
    pub refused: Vec<String>,
    /// What went wrong.
    pub mishaps: BTreeMap<(Fault, Site), u64>,
    /// True if everything came to its end.
    pub has_ended: bool,
    /// True if a secret was logged, as far as somebody looked.
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
            views: world.store.views(tables),
            executions: world.machine.executions(),
            effects: world.account.effects(),
            alert_events: world.account.alert_events(),
            changes: world.account.changes(),
            messages: world.pagerduty.systems().messages(),
            topics: world.pagerduty.systems().topics(),
            issues: world.pagerduty.systems().issues(),
            started: world.ingress.started(),
            accepted: world.ingress.accepted(),
            passed_over: world.ingress.passed_over(),
            sent: world.ingress.sent(),
            refused: world.ingress.refused(),
            mishaps: world.mishaps.all(),
            has_ended,
            secret_was_said,
        }
    }

    /// The run that nobody called, from which a run comes.
    #[must_use]
    pub fn root_of(&self, run: &RunId) -> RunId {
        let mut run = run.clone();
        while let Some(caller) = self.tables.runs.get(&run).and_then(|item| item.input.called_by()) {
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
            let is_counted_out = run.depth < LOOP_DEPTH
                && run.input.called_by().is_none()
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

    /// True if a replay took the step's result over from the run that it repeats, whose journal and effects tell of it.
    #[must_use]
    pub fn is_kept(&self, place: &Place) -> bool {
        let run = self.tables.runs.get(&place.run);
        let replay = run.and_then(|run| run.input.replay_of());
        replay.is_some_and(|replay| place.lane.is_main() && replay.kept.contains_key(&place.step))
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

/// True if an error depends on the time, or on what others did.
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
    schedules::check(evidence, &mut violations);
    admissions::check(evidence, &mut violations);
    loops::check(evidence, &mut violations);
    effects::check(evidence, &mut violations);
    events::check(evidence, &mut violations);
    systems::check(evidence, &mut violations);
    lanes::check(evidence, &mut violations);
    changes::check(evidence, &mut violations);
    rounds::check(evidence, &mut violations);
    locks::check(evidence, &mut violations);
    decisions::check(evidence, &mut violations);
    secrets::check(evidence, &mut violations);
    signals::check(evidence, &mut violations);
    watching::check(evidence, &mut violations);
    views::check(evidence, &mut violations);
    let compared = results::check(evidence, &mut violations);
    (violations.0, compared)
}
