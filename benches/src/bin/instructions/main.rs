//! `instructions CASE TIMES`: does one thing as often as it is told, and says three numbers: how many nanoseconds it took each
//! time, and how many calls of AWS the first and the last time.
//!
//! An instruction counter such as valgrind's looks at it from outside, once at `TIMES` and once at twice as many: the
//! difference is what the thing itself takes, without the start of the program and without what is done first. So the
//! program is built in the very profile of the functions, and needs no marks in it.
//!
//! # Layout
//! - `ingress`: deliveries, from the JSON of Lambda to the answer
//! - `plan`: Plans, from the JSON of the state machine to the command
//! - `nothing`: AWS as it is when nothing has to be asked: everything is known, and all is taken

mod ingress;
mod nothing;
mod plan;

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};

/// Does one thing many times.
#[derive(Debug, Parser)]
struct Arguments {
    /// What is done.
    case: Case,
    /// How often.
    times: u32,
}

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "kebab-case")]
enum Case {
    /// A V3 delivery of 1.5 KB, which starts a run.
    V3,
    /// A V3 delivery of 55 KB, which starts a run.
    LargeV3,
    /// A V3 delivery of 55 KB to the URL of an integration, which starts a run of each of 200 workflows.
    FanOut,
    /// A V2 delivery of 5 KB, which starts a run.
    V2,
    /// A V3 delivery of 1.5 KB whose run was started before.
    Duplicate,
    /// A V3 delivery of 1.5 KB that the workflow's condition does not want.
    Filtered,
    /// A V3 delivery of 1.5 KB whose signature is wrong.
    Forged,
    /// The same with what is no API key.
    Garbage,
    /// The Plan that comes to the last of 10 steps.
    Plan10,
    /// Of 100.
    Plan100,
    /// Of 1,000.
    Plan1000,
    /// Of 5,000, which is the most that a workflow may have.
    Plan5000,
}

/// The reason nothing was done. The texts say what this program did wrong; it has no input of anybody else's.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Error(String);

impl Error {
    /// A function that says what was attempted when something failed.
    fn at<E: std::fmt::Display>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self(format!("{what}: {error}"))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // As the functions do: their lines are a part of what they take.
    platform::telemetry::start();
    let Arguments { case, times } = Arguments::parse();
    match run(case, times).await {
        Ok(Taken {
            nanoseconds,
            cold,
            warm,
        }) => {
            // Standard output has the lines of the log.
            let _written = writeln!(std::io::stderr(), "{nanoseconds} {cold} {warm}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _written = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What one time took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Taken {
    nanoseconds: u128,
    /// Calls of AWS, the first time and the last.
    cold: u32,
    warm: u32,
}

async fn run(case: Case, times: u32) -> Result<Taken, Error> {
    match case {
        Case::Plan10 | Case::Plan100 | Case::Plan1000 | Case::Plan5000 => {
            let (ready, cold) = plan::Ready::at_the_end_of(steps(case)).await?;
            let begun = Instant::now();
            for _ in 0..times {
                ready.plan().await?;
            }
            Ok(taken(begun, times, cold, ready.calls()))
        }
        _ => {
            let ingress = ingress::Ready::new(case)?;
            ingress.take().await?;
            let cold = ingress.calls();
            let begun = Instant::now();
            for _ in 0..times {
                ingress.take().await?;
            }
            Ok(taken(begun, times, cold, ingress.calls()))
        }
    }
}

fn taken(begun: Instant, times: u32, cold: u32, calls: u32) -> Taken {
    let times = times.max(1);
    Taken {
        nanoseconds: begun.elapsed().as_nanos() / u128::from(times),
        cold,
        warm: calls / times,
    }
}

fn steps(case: Case) -> usize {
    match case {
        Case::Plan5000 => 5_000,
        Case::Plan1000 => 1_000,
        Case::Plan100 => 100,
        _ => 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_webhook_takes_three_calls_cold_and_one_warm_and_garbage_none_and_a_plan_two() {
        let cases = Case::value_variants().iter();
        let mut calls = Vec::new();
        for case in cases {
            let Taken { cold, warm, .. } = run(*case, 2).await.unwrap();
            calls.push((*case, cold, warm));
        }
        let accepted = [Case::V3, Case::LargeV3, Case::Duplicate].map(|case| (case, 3, 1));
        let others = [
            (Case::FanOut, 203, 200),
            (Case::V2, 2, 1),
            (Case::Filtered, 2, 0),
            (Case::Forged, 2, 0),
            (Case::Garbage, 0, 0),
        ];
        let plans = [Case::Plan100, Case::Plan1000, Case::Plan5000].map(|case| (case, 3, 2));
        // Of ten steps the first Plan comes to the wait, and looks once more for what may have ended it.
        let plans = plans.into_iter().chain([(Case::Plan10, 4, 2)]);
        let expected: Vec<_> = accepted.into_iter().chain(others).chain(plans).collect();
        assert!(calls.iter().all(|call| expected.contains(call)), "{calls:?}");
    }
}
