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
    Ok(run_program("simulate", program(project)?.args(options))?)
}

/// Builds the program, and shows how far it is. The whole workspace is named, so that Cargo gives the dependencies the features that
/// they have in the tests: with others they would be compiled once more. The places that can be broken are compiled in, so that one
/// build serves for simulations and for deliberate breaks.
pub(crate) fn build(project: &Project) -> Result<(), Error> {
    let mut command = cargo(project);
    command.args(["build", "--config", "tests/simulator/profile.toml"]);
    command.args([
        "--workspace",
        "--example",
        "simulate",
        "--features",
        "simulator/sabotage",
    ]);
    Ok(run_program("cargo build", &mut command)?)
}

/// The program, with nothing broken; its options come next.
pub(crate) fn program(project: &Project) -> Result<Command, Error> {
    let mut command = Command::new(tests::program("examples/simulate")?);
    command.current_dir(project.root()).env_remove(VARIABLE);
    Ok(command)
}
