//! All checks, and the table at their end.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use local_aws::{Auditors, LambdaBuilder, PagerDutyClient, Progress, Project, Tools, run as run_program};

use crate::cloud::{Cloud, Setup, Source, cargo};
use crate::console::{Beside, Console};
use crate::dependencies::Gap;
use crate::error::Error;
use crate::{dependencies, sabotage, simulate, simulator, storm};

/// From so many on, a construct that never met a fault is a failure, and the largest runs are simulated too.
const SIMULATIONS: u32 = 10_000;

/// One kind of check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Check {
    /// The formatting.
    Fmt,
    /// Clippy, with warnings as errors.
    Clippy,
    /// Unit and contract tests, and the examples in the documentation.
    Unit,
    /// Simulations of whole runs, as many as it takes for each construct to meet each fault.
    Simulation,
    /// Deliberate breaks, each of which the simulations must notice.
    Sabotage,
    /// PagerDuty's own client for Python against the PagerDuty simulator.
    PagerdutyClient,
    /// The documentation, with warnings as errors.
    Doc,
    /// What others have written: licences, sources, known faults; and the lists of what is in the functions.
    Dependencies,
    /// The template: linters, rules of our own, and the rights that it gives.
    Template,
    /// The definition of the state machine.
    Asl,
    /// End-to-end tests against the stack on a local AWS.
    E2e,
}

impl Check {
    /// The quick ones first.
    const ALL: [Self; 11] = [
        Self::Fmt,
        Self::Clippy,
        Self::Unit,
        Self::Simulation,
        Self::Sabotage,
        Self::PagerdutyClient,
        Self::Doc,
        Self::Dependencies,
        Self::Template,
        Self::Asl,
        Self::E2e,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Fmt => "formatting",
            Self::Clippy => "clippy",
            Self::Unit => "unit and contract tests",
            Self::Simulation => "simulation",
            Self::Sabotage => "deliberate breaks",
            Self::PagerdutyClient => "PagerDuty's client",
            Self::Doc => "documentation",
            Self::Dependencies => "dependencies",
            Self::Template => "template",
            Self::Asl => "state machine",
            Self::E2e => "end-to-end tests",
        }
    }

    /// Does it. The answer has what could not be looked for here.
    fn run(self, project: &Project) -> Result<Vec<Gap>, Error> {
        let result: Result<(), Error> = match self {
            Self::Fmt => cargo_with(project, "cargo fmt", &["fmt", "--all", "--", "--check"]),
            Self::Clippy => {
                let mut command = cargo(project);
                command.args(["clippy", "--workspace", "--all-targets", "--all-features"]);
                Ok(run_program("cargo clippy", command.args(["--", "-D", "warnings"]))?)
            }
            Self::Unit => {
                run_tests(project, &["--workspace"], |_| {})?;
                // nextest does not run these.
                cargo_with(project, "cargo test --doc", &["test", "--workspace", "--doc"])
            }
            Self::Simulation => simulate::run(project, &["--seeds".to_owned(), SIMULATIONS.to_string()]),
            Self::Sabotage => sabotage::run(project, sabotage::SEEDS),
            Self::PagerdutyClient => simulator::try_with_client(project),
            Self::Doc => {
                let mut command = cargo(project);
                command
                    .args(["doc", "--workspace", "--no-deps"])
                    .env("RUSTDOCFLAGS", "-D warnings");
                Ok(run_program("cargo doc", &mut command)?)
            }
            Self::Dependencies => return dependencies::check(project),
            Self::Template => Ok(local_aws::check_template(
                project,
                &Tools::ensure(project, &Console)?,
                &Console,
            )?),
            Self::Asl => Ok(local_aws::check_state_machine(
                project,
                &Tools::ensure(project, &Console)?,
            )?),
            Self::E2e => {
                // What is shipped is built by `sam build`; the storm has the workspace's own build, as the demo has.
                let setup = Setup {
                    functions: Source::SamBuild,
                    ..Setup::new("test")
                };
                let cloud = Cloud::start(project, setup)?;
                cloud.with(|cloud| {
                    let (name, file) = cloud.stack.write(&cloud.workspace.path("stack.json"))?;
                    let arguments = ["--workspace", "--features", "tests/e2e", "--test", "e2e"];
                    run_tests(project, &arguments, |command| {
                        cloud.stack.prepare(command);
                        command.env(name, file);
                    })
                })?;
                drop(cloud);
                storm::run(project, storm::SMALL)
            }
        };
        result.map(|()| Vec::new())
    }

    /// Installs the tools that it needs.
    fn install_tools(self, project: &Project) -> Result<(), local_aws::Error> {
        match self {
            Self::Fmt | Self::Clippy | Self::Unit | Self::Simulation | Self::Sabotage | Self::Doc => Ok(()),
            Self::PagerdutyClient => PagerDutyClient::ensure(project, &Beside).map(drop),
            Self::Dependencies => Auditors::ensure(project, &Beside).map(drop),
            Self::Template => Tools::ensure(project, &Beside)?.guard(project, &Beside).map(drop),
            Self::Asl => Tools::ensure(project, &Beside).map(drop),
            Self::E2e => LambdaBuilder::ensure(project, &Beside).map(drop),
        }
    }
}

/// The chore of that name. Runs every check, also after one has failed.
pub(crate) fn run(project: &Project, only: &[Check]) -> Result<(), Error> {
    let checks: Vec<Check> = Check::ALL
        .into_iter()
        .filter(|check| only.is_empty() || only.contains(check))
        .collect();
    // The network and pip keep no processor busy, and a build often only one: so the tools of the later checks are installed beside the
    // builds of the first ones. A check that finds a tool missing installs it itself, and complains where that fails.
    thread::scope(|scope| {
        scope.spawn(|| {
            for check in &checks {
                let _ = check.install_tools(project);
            }
        });
        run_all(project, &checks)
    })
}

fn run_all(project: &Project, checks: &[Check]) -> Result<(), Error> {
    let mut outcomes = Vec::new();
    for check in checks.iter().copied() {
        Console.begin(&format!("Checking: {}", check.title()));
        let started = Instant::now();
        let result = check.run(project);
        if local_aws::is_stopping() {
            return result.map(drop);
        }
        if let Err(error) = &result {
            Console.complain(error);
        }
        outcomes.push(Outcome {
            check,
            took: started.elapsed(),
            result: result.map_err(drop),
        });
    }
    Console.say(&table(&outcomes));
    if outcomes.iter().all(|outcome| outcome.result.is_ok()) {
        Ok(())
    } else {
        Err(Error::ChecksFailed)
    }
}

struct Outcome {
    check: Check,
    took: Duration,
    /// What could not be looked for, where the rest passed.
    result: Result<Vec<Gap>, ()>,
}

impl Outcome {
    fn tell(&self) -> String {
        match &self.result {
            Ok(gaps) if gaps.is_empty() => "passed".to_owned(),
            Ok(gaps) => {
                let gaps: Vec<&str> = gaps.iter().map(Gap::what).collect();
                format!("passed, NOT CHECKED: {}", gaps.join("; "))
            }
            Err(()) => "FAILED".to_owned(),
        }
    }
}

/// The last line is one that test reporters understand.
fn table(outcomes: &[Outcome]) -> String {
    let mut text = String::from("\n");
    for outcome in outcomes {
        text.push_str(&format!(
            "{:24} {:>7.1} s  {}\n",
            outcome.check.title(),
            outcome.took.as_secs_f64(),
            outcome.tell()
        ));
    }
    let passed = outcomes.iter().filter(|outcome| outcome.result.is_ok()).count();
    text.push_str(&format!(
        "\nchecks: {passed} passed, {} failed",
        outcomes.len() - passed
    ));
    text
}

/// Runs tests with nextest where it is installed, and with Cargo alone where it is not.
fn run_tests(project: &Project, arguments: &[&str], prepare: impl FnOnce(&mut Command)) -> Result<(), Error> {
    let mut command = cargo(project);
    match local_aws::output("cargo nextest --version", cargo(project).args(["nextest", "--version"])) {
        Ok(_) => command.args(["nextest", "run", "--no-fail-fast"]),
        Err(_) => command.args(["test", "--no-fail-fast"]),
    };
    command.args(arguments);
    prepare(&mut command);
    Ok(run_program("the tests", &mut command)?)
}

fn cargo_with(project: &Project, what: &str, arguments: &[&str]) -> Result<(), Error> {
    Ok(run_program(what, cargo(project).args(arguments))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_counts_what_passed_and_what_failed() {
        let outcomes = [
            Outcome {
                check: Check::Fmt,
                took: Duration::from_millis(1540),
                result: Ok(Vec::new()),
            },
            Outcome {
                check: Check::Dependencies,
                took: Duration::from_millis(20_000),
                result: Ok(vec![Gap::new("advisories"), Gap::new("vulnerabilities")]),
            },
            Outcome {
                check: Check::E2e,
                took: Duration::from_secs(75),
                result: Err(()),
            },
        ];

        assert_eq!(
            table(&outcomes),
            "\nformatting                   1.5 s  passed\ndependencies                20.0 s  passed, NOT CHECKED: advisories; vulnerabilities\n\
             end-to-end tests            75.0 s  FAILED\n\nchecks: 2 passed, 1 failed"
        );
    }
}
