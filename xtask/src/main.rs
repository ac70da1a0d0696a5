//! The project's own chores: `cargo xtask demo`, `cargo xtask test` and what they are made of.
//!
//! # Layout
//! - `test`: all checks, and the table at their end
//! - `demo`: one incident from PagerDuty's webhook to its end
//! - `storm`: many deliveries at once, while Step Functions fails now and then
//! - `bench`: measurements, and the document that tells them
//! - `package`: the functions as they go to AWS
//! - `sbom`: the lists of what is in them
//! - `dependencies`: whether what others have written may be used, and is known to be faulty
//! - `cloud`: the local AWS together with the PagerDuty simulator
//! - `simulate`: whole runs in virtual time
//! - `sabotage`: deliberate breaks, which that must notice
//! - `simulator`: the PagerDuty simulator as a process
//! - `console`: what is said, and how
//! - `aws_models`: the models of AWS services
//! - `papers`: tests of the documents

mod aws_models;
mod bench;
mod cloud;
mod console;
mod demo;
mod dependencies;
mod error;
mod package;
#[cfg(test)]
mod papers;
mod sabotage;
mod sbom;
mod simulate;
mod simulator;
mod storm;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use local_aws::{Functions, LambdaBuilder, PagerDutyClient, Project, Tools};

use crate::console::Console;
use crate::error::Error;

/// Exit code after Ctrl-C, as shells have it: 128 + SIGINT.
const INTERRUPTED: u8 = 130;

/// The project's own chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Shows Pagerflow at work: a PagerDuty webhook starts a workflow, on a local AWS.
    Demo {
        /// Leave everything running at the end, until Ctrl-C.
        #[arg(long)]
        keep: bool,
    },
    /// Runs everything that must pass.
    Test {
        /// Run only this; may be given several times.
        #[arg(long, value_name = "CHECK")]
        only: Vec<test::Check>,
    },
    /// Simulates whole runs in virtual time, with faults at every call, and checks what must always hold.
    Simulate {
        /// Options of the simulation: `--seeds N`, `--from N`, `--seed N`, `--threads N`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Breaks the code on purpose, one small break at a time, and expects the simulation to notice each.
    Sabotage {
        /// The number of simulations for each break.
        #[arg(long, default_value_t = sabotage::SEEDS)]
        seeds: u64,
    },
    /// Sends many deliveries at once on a local AWS, while one start of a run in five fails, and counts runs.
    Storm {
        /// The number of deliveries in all, at most 50,000.
        #[arg(long, default_value_t = 5_000)]
        deliveries: u32,
        /// The number of events that they tell of.
        #[arg(long, default_value_t = 1_000)]
        events: u32,
        /// The number of seconds that it may take.
        #[arg(long, default_value_t = 900)]
        within: u32,
    },
    /// Measures, and writes what it finds to docs/performance.md.
    Bench {
        /// Measure only this; may be given several times.
        #[arg(long, value_name = "ROW")]
        only: Vec<bench::Row>,
    },
    /// Starts a local AWS with Pagerflow on it and the PagerDuty simulator, and leaves them running until Ctrl-C.
    Local,
    /// Installs the tools into `.pagerflow/tools`, if they are missing or not up to date.
    Setup,
    /// Builds the functions for this machine with `sam build`, as the end-to-end tests do.
    Build,
    /// Writes the models of AWS services anew, of the version of botocore in `tools/aws_models.txt`.
    AwsModels,
    /// Builds the functions as they go to AWS, says how large each is as a zip file, and lists what is in it (an SBOM).
    Package,
}

fn main() -> ExitCode {
    let outcome = local_aws::stop_all_on_signals()
        .map_err(Error::from)
        .and_then(|()| run(Arguments::parse().chore));
    if local_aws::is_stopping() {
        // The signal handler is at work. Wait for it, lest this process ends before all of its children have.
        local_aws::stop_all();
        return ExitCode::from(INTERRUPTED);
    }
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::ChecksFailed) => ExitCode::FAILURE,
        Err(error) => {
            Console.complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> Result<(), Error> {
    let project = Project::find()?;
    match chore {
        Chore::Demo { keep } => demo::run(&project, keep),
        Chore::Test { only } => test::run(&project, &only),
        Chore::Simulate { options } => simulate::run(&project, &options),
        Chore::Sabotage { seeds } => sabotage::run(&project, seeds),
        Chore::Storm {
            deliveries,
            events,
            within,
        } => {
            let size = storm::Size {
                deliveries,
                events,
                within,
            };
            storm::run(&project, size)
        }
        Chore::Bench { only } => bench::run(&project, &only),
        Chore::Local => cloud::keep_running(&project),
        Chore::Setup => {
            Tools::ensure(&project, &Console)?;
            LambdaBuilder::ensure(&project, &Console)?;
            PagerDutyClient::ensure(&project, &Console)
                .map(drop)
                .map_err(Error::from)
        }
        Chore::Build => {
            let tools = Tools::ensure(&project, &Console)?;
            let builder = LambdaBuilder::ensure(&project, &Console)?;
            Functions::build(&project, &tools, &builder, &Console)
                .map(drop)
                .map_err(Error::from)
        }
        Chore::AwsModels => aws_models::run(&project),
        Chore::Package => package::run(&project),
    }
}
