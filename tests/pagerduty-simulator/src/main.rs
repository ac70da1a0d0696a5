//! `pagerduty-simulator`: a PagerDuty on this machine, until it is interrupted.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use jiff::SignedDuration;
use pagerduty_simulator::{DeliveryPolicy, Options, Seed, Simulator};
use tokio::signal::unix::{SignalKind, signal};

/// A stand-in for PagerDuty's REST API, Events API and webhooks, on 127.0.0.1.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The port; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// A JSON file with what the account starts with. Parts that it leaves out are as in the built-in seed.
    #[arg(long)]
    seed: Option<PathBuf>,
    /// Milliseconds between two attempts to deliver a webhook.
    #[arg(long, default_value_t = 2000)]
    retry_interval_ms: u32,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("{} can not be read", path.display())]
    ReadSeed { path: PathBuf, source: std::io::Error },
    #[error("{} is no seed", path.display())]
    ParseSeed { path: PathBuf, source: serde_json::Error },
    #[error("the simulator can not be started")]
    Start(#[from] pagerduty_simulator::StartError),
    #[error("signals can not be waited for")]
    Signal(#[source] std::io::Error),
    #[error("standard output is closed")]
    Print(#[source] std::io::Error),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Error> {
    let seed = arguments.seed.map(read_seed).transpose()?.unwrap_or_default();
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Signal)?;
    let retry_interval = SignedDuration::from_millis(arguments.retry_interval_ms.into());
    let delivery = DeliveryPolicy {
        retry_interval,
        ..DeliveryPolicy::default()
    };
    let options = Options {
        port: arguments.port,
        seed,
        delivery,
        ..Options::default()
    };
    let simulator = Simulator::start(options).await?;
    writeln!(
        std::io::stdout(),
        "PagerDuty simulator ready at {}",
        simulator.base_url()
    )
    .map_err(Error::Print)?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Error::Signal)?,
        _ = terminate.recv() => {}
    }
    simulator.stop().await;
    Ok(())
}

fn read_seed(path: PathBuf) -> Result<Seed, Error> {
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|source| Error::ParseSeed { path, source }),
        Err(source) => Err(Error::ReadSeed { path, source }),
    }
}

/// Writes an error and all that it was caused by to standard error.
fn report(error: &Error) {
    let mut text = format!("error: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    // Where standard error is closed, there is nobody left to tell.
    let _written = writeln!(std::io::stderr(), "{text}");
}
