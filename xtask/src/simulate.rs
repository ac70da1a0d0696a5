//! Simulations of whole runs: the shipped code in virtual time, with faults at every call.

use std::process::Command;

use local_aws::{Progress, Project, run as run_program};

use crate::cloud::cargo;
use crate::console::Console;
use crate::error::Error;

/// The chore of that name. The program's own options are handed on.
pub(crate) fn run(project: &Project, options: &[String]) -> Result<(), Error> {
    Console.begin("Simulating runs");
    let mut command = program(project, &[]);
    Ok(run_program("simulate", command.args(options))?)
}

/// The program; its options come next.
pub(crate) fn program(project: &Project, build: &[&str]) -> Command {
    let mut command = cargo(project);
    command.args(["run", "--quiet", "--package", "simulator", "--example", "simulate"]);
    command.args(build).arg("--");
    command
}
