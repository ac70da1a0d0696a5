//! The functions as the benchmarks run them: for this machine, in the profile in which they go to AWS.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use local_aws::{Progress, Project, Template};

use crate::cloud::cargo;
use crate::console::Console;
use crate::error::Error;

/// The function that does nothing: the floor.
pub(super) const FLOOR: &str = "hello";

/// The floor, and then all functions.
pub(super) fn all(project: &Project) -> Result<Vec<String>, Error> {
    let functions = Template::read(project)?.functions()?;
    let functions = functions.into_iter().map(|function| function.package);
    Ok(std::iter::once(FLOOR.to_owned()).chain(functions).collect())
}

/// The program that does one thing many times, in the same profile.
const REPEATER: &str = "instructions";

/// Builds the functions and the floor in the release profile, and gives the folder that they are in. Always all of them: of fewer,
/// the dependencies could have other features, and would be compiled once more. Nothing else is built with them, whose features
/// they would have then.
pub(super) fn build(project: &Project) -> Result<PathBuf, Error> {
    let mut build = release(project);
    build.arg("--bins");
    for package in all(project)? {
        build.args(["--package", &package]);
    }
    local_aws::run("cargo build", &mut build)?;
    folder()
}

/// Builds the repeater in the same way.
pub(super) fn build_repeater(project: &Project) -> Result<PathBuf, Error> {
    let mut build = release(project);
    build.args(["--package", "benches", "--bin", REPEATER]);
    local_aws::run("cargo build", &mut build)?;
    Ok(folder()?.join(REPEATER))
}

fn release(project: &Project) -> Command {
    Console.begin("Building in the profile of the functions, which takes minutes the first time");
    let mut build = cargo(project);
    build.args(["build", "--release"]);
    build
}

/// The folder of the release profile.
fn folder() -> Result<PathBuf, Error> {
    // This program is in the folder of another profile, in the same folder of Cargo's.
    let own = env::current_exe().map_err(|source| Error::Measurement {
        what: "this program's path".to_owned(),
        source,
    })?;
    let target = own.ancestors().nth(2).unwrap_or(&own);
    Ok(target.join("release"))
}

/// The settings of all functions: the template's, and those that Lambda adds.
pub(super) fn set_up(command: &mut Command, runtime_api: &str, aws: &str, systems: &str) {
    command.env_clear().envs([
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_ENDPOINT_URL", aws),
        ("PAGERDUTY_API_URL", systems),
        ("PAGERDUTY_EVENTS_URL", systems),
        ("CONNECTORS_URL", systems),
        ("APPROVALS_URL", "https://bench.invalid/approvals"),
        ("STACK_NAME", "bench"),
        ("TABLE_NAME", "table"),
        ("SECRETS_PREFIX", "pagerflow"),
        (
            "STATE_MACHINE_ARN",
            "arn:aws:states:eu-west-1:123456789012:stateMachine:bench",
        ),
        ("START_BUFFER_URL", aws),
        ("DEAD_LETTER_QUEUE_URL", aws),
    ]);
}
