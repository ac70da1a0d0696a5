//! Simulations of whole runs: the shipped code in virtual time, with faults at every call.

use std::process::Command;

use local_aws::{Progress, Project, run as run_program};
use sabotage::VARIABLE;

use crate::cloud::cargo;
use crate::console::Console;
use crate::error::Error;

/// The chore of that name. The program's own options are handed on.
pub(crate) fn run(project: &Project, options: &[String]) -> Result<(), Error> {
    build(project)?;
    Console.begin("Simulating runs");
    Ok(run_program("simulate", program(project).args(options))?)
}

/// Builds the program, and shows how far it is.
pub(crate) fn build(project: &Project) -> Result<(), Error> {
    Ok(run_program("cargo build", &mut on_program(project, "build"))?)
}

/// The program, with nothing broken; its options come next.
pub(crate) fn program(project: &Project) -> Command {
    let mut command = on_program(project, "run");
    command.args(["--quiet", "--"]).env_remove(VARIABLE);
    command
}

/// The places that can be broken are compiled in, so that one build serves for simulations and for deliberate breaks.
fn on_program(project: &Project, subcommand: &str) -> Command {
    let mut command = cargo(project);
    command.args([subcommand, "--profile", "simulation", "--package", "simulator"]);
    command.args(["--example", "simulate", "--features", "sabotage"]);
    command
}
