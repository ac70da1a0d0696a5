//! `counts requests` and `counts cost`: what is counted and not measured, so that it is the same on every machine.
//!
//! Both rehearse workflows with the shipped handlers (see the crate `rehearsal`): one of one step for each action, and the
//! examples.

mod actions;
mod examples;

use std::{io::Write, process::ExitCode};

use clap::Parser;

/// Counts, and prints a table.
#[derive(Debug, Clone, Copy, Parser)]
enum Arguments {
    /// The requests to PagerDuty of each action.
    Requests,
    /// What a million runs of each example cost.
    Cost,
}

/// The reason nothing could be counted.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {cause}")]
struct Error {
    what: String,
    cause: String,
}

impl Error {
    /// A function that says what could not be counted.
    fn at<E: std::fmt::Display>(what: &str) -> impl FnOnce(E) -> Self {
        let what = what.to_owned();
        move |error| Self {
            what,
            cause: error.to_string(),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let told = match Arguments::parse() {
        Arguments::Requests => actions::table().await,
        Arguments::Cost => examples::table().await,
    };
    match told {
        Ok(table) => {
            let _written = write!(std::io::stdout(), "{table}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _written = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
