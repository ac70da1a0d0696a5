//! What is counted, by a program of its own.

use std::process::Command;

use local_aws::{Project, output};

use crate::cloud::cargo;
use crate::error::Error;

/// The requests to PagerDuty of each action.
pub(super) fn requests(project: &Project) -> Result<String, Error> {
    let table = counts(project, "requests")?;
    Ok(format!(
        "{table}\nA first attempt, when all goes well. Each call of an action also reads its secret, once in five minutes and environment.\n"
    ))
}

/// The cost of the examples.
pub(super) fn cost(project: &Project) -> Result<String, Error> {
    counts(project, "cost")
}

fn counts(project: &Project, what: &str) -> Result<String, Error> {
    let mut build = cargo(project);
    build.args(["build", "--workspace", "--bin", "counts"]);
    local_aws::run("cargo build", &mut build)?;
    Ok(output("counts", Command::new(tests::program("counts")?).arg(what))?)
}
