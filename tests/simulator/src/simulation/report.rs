//! What came of a simulation.

use super::{Climate, Scenario};
use crate::{
    coverage::Coverage,
    invariants::{Evidence, Violation},
    world::{BEGIN, Secrets, World},
};
use std::{
    cell::Cell,
    fmt,
    io::{self, Write},
    ops::AddAssign,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tracing_subscriber::fmt::MakeWriter;

/// What came of a simulation.
#[derive(Debug, Clone)]
pub struct Report {
    pub seed: u64,
    /// What kind of world it was.
    pub climate: Climate,
    /// A number that is the same when the same happened.
    pub hash: u64,
    /// What must not be and was.
    pub violations: Vec<Violation>,
    /// How much of everything there was.
    pub statistics: Statistics,
    /// What met what.
    pub coverage: Coverage,
    /// The last lines of the trace, if there were violations; all of them where that was asked for.
    pub lines: Vec<String>,
}

impl Report {
    /// The report on a simulation in which the shipped code, or this one, panicked.
    pub(super) fn of_panic(scenario: &Scenario, said: String) -> Self {
        Self {
            seed: scenario.seed,
            climate: scenario.climate,
            hash: 0,
            violations: vec![Violation {
                invariant: "nothing panics",
                what: said,
            }],
            statistics: Statistics {
                simulations: 1,
                ..Statistics::default()
            },
            coverage: Coverage::default(),
            lines: Vec::new(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.violations.is_empty() {
            return write!(f, "seed {} ({}): no violation", self.seed, self.climate);
        }
        writeln!(f, "seed {} ({}):", self.seed, self.climate)?;
        for violation in &self.violations {
            writeln!(f, "  {violation}")?;
        }
        writeln!(f, "the last lines of its trace:")?;
        for line in &self.lines {
            let shown: String = line.chars().take(400).collect();
            writeln!(f, "  {shown}")?;
        }
        write!(f, "run it alone: cargo xtask simulate --seed {}", self.seed)
    }
}

/// How much of everything there was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    pub simulations: u64,
    pub runs: u64,
    /// Runs whose results were compared with those of the reference.
    pub compared: u64,
    pub executions: u64,
    /// State transitions, which AWS bills.
    pub transitions: u64,
    /// Events of histories.
    pub events: u64,
    /// The most events that one history had.
    pub most_events: u64,
    /// Invocations of functions.
    pub invocations: u64,
    /// Plans among them that ran.
    pub plans: u64,
    /// Calls to the table.
    pub store_calls: u64,
    /// The most calls to the table that there were while one Plan ran.
    pub most_calls: u64,
    /// Requests to PagerDuty and other systems.
    pub requests: u64,
    /// Steps that ended.
    pub steps: u64,
    /// Things that happened to incidents, changes that PagerDuty was told of, and what was done on other systems.
    pub effects: u64,
    pub faults: u64,
    /// The virtual time, in seconds.
    pub virtual_seconds: u64,
}

impl Statistics {
    pub(super) fn of(evidence: &Evidence<'_>, world: &World, compared: u64) -> Self {
        let executions = &evidence.executions;
        let (plans, most_calls) = world.functions.plans();
        let requests = world.pagerduty.trace();
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let last = executions.iter().filter_map(|execution| execution.stopped_at).max();
        let on_systems = evidence.messages.len() + evidence.topics.len() + evidence.issues.len();
        let seconds = last.map_or(0, |last| last.duration_since(BEGIN).as_secs());
        Self {
            simulations: 1,
            runs: count(evidence.tables.runs.len()),
            compared,
            executions: count(executions.len()),
            transitions: executions
                .iter()
                .map(|execution| u64::from(execution.transitions))
                .sum(),
            events: executions.iter().map(|execution| u64::from(execution.events)).sum(),
            most_events: executions
                .iter()
                .map(|execution| u64::from(execution.events))
                .max()
                .unwrap_or(0),
            invocations: world.functions.invocations(),
            plans,
            store_calls: world.store.call_count(),
            most_calls,
            requests: requests.last().map_or(0, |event| event.request),
            steps: count(
                evidence
                    .tables
                    .steps
                    .values()
                    .filter(|step| step.result.is_some())
                    .count(),
            ),
            effects: count(evidence.effects.len() + evidence.changes.len() + on_systems),
            faults: evidence.mishaps.values().sum(),
            virtual_seconds: u64::try_from(seconds).unwrap_or(0),
        }
    }
}

impl AddAssign for Statistics {
    fn add_assign(&mut self, other: Self) {
        self.simulations += other.simulations;
        self.runs += other.runs;
        self.compared += other.compared;
        self.executions += other.executions;
        self.transitions += other.transitions;
        self.events += other.events;
        self.most_events = self.most_events.max(other.most_events);
        self.invocations += other.invocations;
        self.plans += other.plans;
        self.store_calls += other.store_calls;
        self.most_calls = self.most_calls.max(other.most_calls);
        self.requests += other.requests;
        self.steps += other.steps;
        self.effects += other.effects;
        self.faults += other.faults;
        self.virtual_seconds += other.virtual_seconds;
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("simulations", self.simulations),
            ("runs", self.runs),
            ("runs compared with the reference", self.compared),
            ("steps that ended", self.steps),
            ("executions", self.executions),
            ("state transitions", self.transitions),
            ("events of histories", self.events),
            ("most events of one history", self.most_events),
            ("invocations", self.invocations),
            ("Plans", self.plans),
            ("calls to the table", self.store_calls),
            ("requests to systems", self.requests),
            ("effects at systems", self.effects),
            ("faults", self.faults),
            ("virtual days", self.virtual_seconds / 86_400),
        ];
        for (name, number) in rows {
            writeln!(f, "{name:36} {number:>14}")?;
        }
        Ok(())
    }
}

/// Runs something and sees whether a secret stands in what it logs.
pub(super) fn watching_logs<T>(secret_was_said: &Cell<bool>, what: impl FnOnce() -> T) -> T {
    let said = Arc::new(AtomicBool::new(false));
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(Watch(Arc::clone(&said)))
        .finish();
    let result = tracing::subscriber::with_default(subscriber, what);
    secret_was_said.set(said.load(Ordering::Relaxed));
    result
}

/// Where logs go that somebody watches.
struct Watch(Arc<AtomicBool>);

/// One line of a log.
struct Line {
    said: Arc<AtomicBool>,
    bytes: Vec<u8>,
}

impl<'a> MakeWriter<'a> for Watch {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line {
            said: Arc::clone(&self.0),
            bytes: Vec::new(),
        }
    }
}

impl Write for Line {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if Secrets::are_said_in(&String::from_utf8_lossy(&self.bytes)) {
            self.said.store(true, Ordering::Relaxed);
        }
    }
}
