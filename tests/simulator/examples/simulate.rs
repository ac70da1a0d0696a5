//! Runs many simulations, or one with its whole trace.

#![expect(clippy::print_stdout, reason = "it is a program that reports to a person")]

use clap::Parser;
use mimalloc::MiMalloc;
use simulator::{
    Report, Scenario, Simulation,
    coverage::Coverage,
    simulation::{Statistics, large, storm::storm},
};
use std::{
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

/// A third of a simulation's time goes into the system's allocator, and this one is faster.
#[global_allocator]
static MEMORY: MiMalloc = MiMalloc;

/// From how many simulations on each construct must have met each fault that it can meet.
const ENOUGH: u64 = 10_000;

/// The number of more at a time, while a construct has not met a fault, and up to how many times as many as were asked for.
const MORE: u64 = 1_000;
const MANY_TIMES: u64 = 4;

/// Where the first seed is taken from by chance: it has few digits, so that a person can type it.
const SEEDS: std::ops::Range<u64> = 0..1_000_000_000;

/// How many simulations that come to no good are told of in full.
const TOLD: usize = 3;

/// Runs the shipped code in simulated worlds and looks whether everything is as it must be.
#[derive(Debug, Parser)]
struct Arguments {
    /// The number of simulations.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first seed; another one each time if not given.
    #[arg(long)]
    from: Option<u64>,
    /// Run this seed alone, and tell its whole trace.
    #[arg(long, conflicts_with_all = ["seeds", "from", "large"])]
    seed: Option<u64>,
    /// How many at the same time; as many as the machine has processors if not given.
    #[arg(long)]
    threads: Option<usize>,
    /// Run a list of 10,000 items, a workflow of 5,000 steps and an alert storm of 5,000 webhooks as well, as is done with 10,000 seeds or more.
    #[arg(long)]
    large: bool,
    /// Succeed when something comes to no good, and stop there.
    #[arg(long)]
    expect_violation: bool,
}

impl Arguments {
    fn wants_large(&self) -> bool {
        self.large || (self.seeds >= ENOUGH && !self.expect_violation)
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.seed {
        Some(seed) => tell(seed),
        None if arguments.wants_large() && !run_large() => ExitCode::FAILURE,
        None => run(&arguments),
    }
}

/// The largest runs that there can be. Gives whether they ended well.
fn run_large() -> bool {
    let runs = [
        (
            "a list of 10,000 items",
            large::items(10_000).map(|cost| cost.to_string()),
        ),
        (
            "a workflow of 5,000 steps",
            large::steps(5_000).map(|cost| cost.to_string()),
        ),
        ("an alert storm", storm(5_000, 960).map(|storm| storm.to_string())),
    ];
    for (name, outcome) in &runs {
        match outcome {
            Ok(outcome) => println!("{name}: {outcome}"),
            Err(trouble) => println!("{name}: {trouble}"),
        }
    }
    runs.iter().all(|(_, outcome)| outcome.is_ok())
}

fn tell(seed: u64) -> ExitCode {
    let scenario = Scenario::of(seed);
    println!("seed {seed}: {}", scenario.climate);
    for written in &scenario.workflows {
        println!("{:#}", written.definition.to_json());
    }
    println!("{:#?}\n{:#?}", scenario.happenings, scenario.odds);
    let report = Simulation::told(&scenario);
    for line in &report.lines {
        println!("{line}");
    }
    for violation in &report.violations {
        println!("VIOLATION {violation}");
    }
    println!("\n{}trace {:016x}", report.statistics, report.hash);
    match report.violations.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// What came of all simulations.
#[derive(Debug, Default)]
struct Sum {
    statistics: Statistics,
    coverage: Coverage,
    bad: Vec<Report>,
}

fn run(arguments: &Arguments) -> ExitCode {
    let threads = arguments
        .threads
        .or_else(|| thread::available_parallelism().ok().map(usize::from))
        .unwrap_or(1);
    let started = Instant::now();
    let from = arguments.from.unwrap_or_else(|| fastrand::u64(SEEDS));
    println!("seeds from {from}");
    let next = AtomicU64::new(from);
    let end = AtomicU64::new(from.saturating_add(arguments.seeds));
    let latest = from.saturating_add(arguments.seeds.saturating_mul(MANY_TIMES));
    let stops = AtomicBool::new(false);
    let sum = Mutex::new(Sum::default());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !stops.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end.load(Ordering::Relaxed) {
                        let sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
                        let wants_more = arguments.seeds >= ENOUGH && !sum.coverage.gaps().is_empty();
                        if !wants_more || seed >= latest {
                            return;
                        }
                        end.store(seed.saturating_add(MORE), Ordering::Relaxed);
                    }
                    let report = Simulation::run(seed);
                    let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
                    sum.statistics += report.statistics;
                    sum.coverage.add(&report.coverage);
                    if !report.violations.is_empty() {
                        stops.fetch_or(arguments.expect_violation, Ordering::Relaxed);
                        sum.bad.push(report);
                    }
                }
            });
        }
    });
    let sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    let seconds = started.elapsed().as_secs_f64();
    report(arguments, sum, seconds)
}

fn report(arguments: &Arguments, mut sum: Sum, seconds: f64) -> ExitCode {
    sum.bad.sort_by_key(|report| report.seed);
    for bad in sum.bad.iter().take(TOLD) {
        println!("{bad}\n");
    }
    if arguments.expect_violation {
        return match sum.bad.first() {
            Some(bad) => {
                println!("a violation, as expected, at seed {}", bad.seed);
                ExitCode::SUCCESS
            }
            None => {
                println!("NO violation in {} simulations", arguments.seeds);
                ExitCode::FAILURE
            }
        };
    }
    for bad in sum.bad.iter().skip(TOLD) {
        println!(
            "seed {}: {}",
            bad.seed,
            bad.violations.first().map(ToString::to_string).unwrap_or_default()
        );
    }
    println!("{}\n{}", sum.coverage, sum.statistics);
    let simulations = sum.statistics.simulations;
    #[expect(clippy::cast_precision_loss, reason = "it is for a person to read")]
    let speed = simulations as f64 / seconds;
    println!(
        "{simulations} simulations in {seconds:.1} s: {speed:.0} a second; {} came to no good",
        sum.bad.len()
    );
    let gaps = sum.coverage.gaps();
    if simulations >= ENOUGH {
        for (construct, fault) in &gaps {
            println!("never met: {} and {}", construct.into_str(), fault.into_str());
        }
    }
    match sum.bad.is_empty() && (simulations < ENOUGH || gaps.is_empty()) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
