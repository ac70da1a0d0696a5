//! One simulation: a seed, from the scenario that it stands for to the report on what came of it.

pub mod calm;
mod course;
pub mod large;
mod replay;
mod report;
mod scenario;
pub mod storm;

#[cfg(test)]
mod tests;

pub use report::{Report, Statistics};
pub use scenario::{Climate, Happening, Scenario};

use crate::{
    coverage::Coverage,
    invariants::{self, Evidence},
    world::{Keeps, World},
};
use std::{cell::Cell, future::Future, panic};
use tokio::task::LocalSet;

#[derive(Debug)]
pub struct Simulation;

impl Simulation {
    /// Runs the scenario of a seed. If it comes to no good, it is run once more to see how.
    #[must_use]
    pub fn run(seed: u64) -> Report {
        Self::of(&Scenario::of(seed))
    }

    /// Runs a scenario. If it comes to no good, it is run once more to see how.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Report {
        let report = Self::once(scenario, Keeps::Nothing);
        match report.violations.is_empty() {
            true => report,
            false => Self::once(scenario, Keeps::Last),
        }
    }

    /// Runs a scenario with its whole trace.
    #[must_use]
    pub fn told(scenario: &Scenario) -> Report {
        Self::once(scenario, Keeps::All)
    }

    fn once(scenario: &Scenario, keeps: Keeps) -> Report {
        let report = panic::catch_unwind(|| Self::played(scenario, keeps));
        report.unwrap_or_else(|panic| {
            let said = panic.downcast_ref::<String>().cloned();
            let said = said.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Report::of_panic(scenario, said.unwrap_or_default())
        })
    }

    fn played(scenario: &Scenario, keeps: Keeps) -> Report {
        let secret_was_said = Cell::new(false);
        // Watching what is logged costs more than the rest, so that only some look.
        let world = match scenario.seed % 8 {
            0 => report::watching_logs(&secret_was_said, || in_virtual_time(course::play(scenario, keeps))),
            _ => in_virtual_time(course::play(scenario, keeps)),
        };
        let course::Played { world, has_ended } = world;
        let report = Self::report(scenario, &world, has_ended, secret_was_said.get());
        world.close();
        report
    }

    fn report(scenario: &Scenario, world: &World, has_ended: bool, secret_was_said: bool) -> Report {
        world.store.with(|tables| {
            let evidence = Evidence::gather(scenario, world, tables, has_ended, secret_was_said);
            let (violations, compared) = invariants::check(&evidence);
            Report {
                seed: scenario.seed,
                climate: scenario.climate,
                hash: world.trace.hash(),
                violations,
                statistics: Statistics::of(&evidence, world, compared),
                coverage: Coverage::of(&evidence),
                lines: world.trace.lines(),
            }
        })
    }
}

/// Runs something in a runtime with one thread whose clock only moves when everybody waits.
///
/// # Panics
/// If there is no runtime to be had.
#[expect(clippy::expect_used, reason = "a runtime of one thread asks nothing of the machine")]
pub fn in_virtual_time<T>(what: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    LocalSet::new().block_on(&runtime, what)
}
