//! `cargo xtask bench`: what is measured, each row by itself, and the document that it is written to.
//!
//! Nothing here is a test: what is measured depends on the machine and on what else it does. Measurements of things that are
//! compared are interleaved, so that a busy minute falls on all of them, and looked at by their medians.
//!
//! # Layout
//! - `start`: how long a function takes until it asks for work, and until its first answer
//! - `size`: how large the functions are
//! - `instructions`: what a request or a Plan takes
//! - `counts`: the requests of actions, and the cost of runs
//! - `load`: deliveries at a steady rate on the local AWS
//! - `functions`: the functions as the benchmarks run them
//! - `capped`: a part of a processor, as Lambda gives it
//! - `stand_in`: Lambda's runtime API, AWS and PagerDuty, each as a server that knows one answer
//! - `machine`: what was measured on
//! - `document`: `docs/performance.md`

mod capped;
mod counts;
mod document;
mod functions;
mod instructions;
mod load;
mod machine;
mod size;
mod stand_in;
mod start;

use clap::ValueEnum;
use local_aws::{Progress, Project};

use self::document::Document;
use self::machine::Machine;
use crate::console::Console;
use crate::error::Error;

/// The document that the tables are written to.
const DOCUMENT: &str = "docs/performance.md";

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Row {
    /// The start of each function, and its first invocation at the processor share of a memory size.
    Start,
    /// The size of each function.
    Size,
    /// The instructions of a request and of a Plan, and their calls of AWS.
    Instructions,
    /// The requests to PagerDuty of each action.
    Requests,
    /// The cost of a million runs.
    Cost,
    /// Deliveries at a steady rate on the local AWS, also while its functions are killed.
    Load,
}

impl Row {
    const ALL: [Self; 6] = [
        Self::Start,
        Self::Size,
        Self::Instructions,
        Self::Requests,
        Self::Cost,
        Self::Load,
    ];

    /// The name of its part of the document.
    fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Size => "size",
            Self::Instructions => "instructions",
            Self::Requests => "requests",
            Self::Cost => "cost",
            Self::Load => "load",
        }
    }

    fn measure(self, project: &Project) -> Result<String, Error> {
        match self {
            Self::Start => start::measure(project),
            Self::Size => size::measure(project),
            Self::Instructions => instructions::measure(project),
            Self::Requests => counts::requests(project),
            Self::Cost => counts::cost(project),
            Self::Load => load::measure(project),
        }
    }
}

/// The chore of that name. Each row is written as soon as it is measured.
pub(crate) fn run(project: &Project, only: &[Row]) -> Result<(), Error> {
    let path = project.path(DOCUMENT);
    for row in Row::ALL.into_iter().filter(|row| only.is_empty() || only.contains(row)) {
        Console.begin(&format!("Measuring: {}", row.name()));
        let machine = Machine::here(project)?;
        let measured = row.measure(project)?;
        Console.say(&measured);
        let mut document = Document::read(&path)?;
        document.set(row.name(), &format!("{measured}\n{machine}\n"))?;
        document.write()?;
    }
    Ok(())
}
