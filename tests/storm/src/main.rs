//! `storm`: many deliveries at once, while Step Functions fails now and then, and what became of them.
//!
//! It is three programs in one. `storm proxy` stands between the functions and the local AWS and has one start of a run in
//! five fail, in each way that it can. `storm deliver` sends each of many events several times, in any order, sends again
//! what is answered with 503, as PagerDuty does, and then counts: each event must have exactly one run.
//!
//! `storm load` sends events of their own at a steady rate and measures.
//!
//! # Layout
//! - `proxy`: what stands before the local AWS
//! - `fault`: which requests fail, and how
//! - `workflow`: the integration, the workflow and the key that the deliveries are for
//! - `delivery`: one delivery, signed
//! - `sender`: all deliveries
//! - `load`: deliveries at a steady rate, and how long everything takes
//! - `census`: what there is in the table, in Step Functions and in the queues
//! - `report`: the table at the end

mod census;
mod delivery;
mod error;
mod fault;
mod load;
mod proxy;
mod report;
mod sender;
mod workflow;

use clap::Parser;
use error::Error;
use local_aws::StackInfo;
use report::Report;
use std::{
    io::Write,
    process::ExitCode,
    time::{Duration, Instant},
};

/// More than this is no test any more.
const MOST: u32 = 50_000;

/// A storm of deliveries.
#[derive(Debug, Parser)]
enum Arguments {
    /// Stands between the functions and the local AWS, until it is ended.
    Proxy {
        /// The port of 127.0.0.1 that it listens on.
        #[arg(long)]
        port: u16,
        /// The port of 127.0.0.1 that the local AWS listens on.
        #[arg(long)]
        upstream: u16,
    },
    /// Sends deliveries to the stack that the environment names, and counts what became of them.
    Deliver {
        /// The number of deliveries in all.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST)))]
        deliveries: u32,
        /// The number of events that they tell of.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST)))]
        events: u32,
        /// How many seconds all of it may take.
        #[arg(long)]
        within: u64,
    },
    /// Sends deliveries at steady rates to the stack that the environment names, and prints a table of how long they took.
    Load {
        /// The number of deliveries in a second; may be given several times.
        #[arg(long, required = true, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        rate: Vec<u32>,
        /// For how many seconds they are sent, at each rate.
        #[arg(long)]
        sends: u64,
        /// The number of seconds that the deliveries and their runs may take after that.
        #[arg(long)]
        settles: u64,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where standard error is closed, there is nobody left to tell.
            let _written = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Error> {
    match arguments {
        Arguments::Proxy { port, upstream } => proxy::serve(port, upstream).await,
        Arguments::Deliver {
            deliveries,
            events,
            within,
        } => deliver(deliveries, events, Duration::from_secs(within)).await,
        Arguments::Load { rate, sends, settles } => {
            let plan = load::Plan {
                sends: Duration::from_secs(sends),
                settles: Duration::from_secs(settles),
            };
            load::measure(&StackInfo::from_env()?, &rate, plan, &mut std::io::stdout())
        }
    }
}

async fn deliver(deliveries: u32, events: u32, within: Duration) -> Result<(), Error> {
    let stack = StackInfo::from_env()?;
    let target = workflow::set_up(&stack, workflow::STEPS)?;
    let begun = Instant::now();
    let deadline = begun + within;
    let answers = sender::send(&target, deliveries, events, deadline)?;
    let sent_after = begun.elapsed();
    let census = census::when_settled(&stack, events, deadline).await?;
    let report = Report {
        deliveries,
        events,
        answers,
        sent_after,
        settled_after: begun.elapsed(),
        census,
    };
    // The exit code tells the rest where standard output is closed.
    let _written = writeln!(std::io::stdout(), "{report}");
    match report.is_exact() {
        true => Ok(()),
        false => Err(Error::NotExact),
    }
}
