//! The tools: Python environments, and Rust programs.

mod auditors;
mod botocore;
mod cargo_tool;
mod lambda_builder;
mod pagerduty_client;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, io, thread};

pub use auditors::Auditors;
pub use botocore::BotoCore;
pub use lambda_builder::LambdaBuilder;
pub use pagerduty_client::PagerDutyClient;

use crate::environment::{only_local_aws, without_own_package};
use crate::fingerprint::{Fingerprint, is_stamped, set_stamp};
use crate::process::{each_line, output};
use crate::{Error, Progress, Project};

/// The Python commands that are tried, best first.
const PYTHONS: [&str; 5] = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];
const IS_NEW_ENOUGH: &str = "import sys; sys.exit(sys.version_info < (3, 11))";

/// The tools that check and deploy: the SAM CLI, cfn-lint, statelint and ministack, at the versions of `tools/*.txt`; and cfn-guard.
#[derive(Debug, Clone)]
pub struct Tools {
    sam: VirtualEnvironment,
    emulator: VirtualEnvironment,
}

impl Tools {
    /// Installs what is missing or not up to date. Takes about a minute the first time, and next to nothing after that.
    /// Of several processes that do this at once, one installs and the others wait.
    ///
    /// # Errors
    /// [`Error::NoPython`] or [`Error::NoVenv`] where Python has to be installed first, [`Error::FailedQuietly`] where
    /// an installation fails.
    pub fn ensure(project: &Project, progress: &dyn Progress) -> Result<Self, Error> {
        let _lock = project.lock("tools", progress)?;
        let tools = Self {
            sam: VirtualEnvironment::new(project, "sam"),
            emulator: VirtualEnvironment::new(project, "emulator"),
        };
        let mut outdated = Vec::new();
        for environment in [&tools.sam, &tools.emulator] {
            let fingerprint = environment.fingerprint()?;
            if !environment.is_current(&fingerprint) {
                outdated.push((environment, fingerprint));
            }
        }
        if !outdated.is_empty() {
            let python = find_python()?;
            progress.begin("Installing the SAM CLI and ministack into .pagerflow/tools (350 MB)");
            let counter = Counter::new(&outdated, progress);
            // All at once: one waits for the network while the other unpacks.
            thread::scope(|scope| {
                let installations: Vec<_> = outdated
                    .iter()
                    .map(|(environment, fingerprint)| {
                        scope.spawn(|| environment.install(&python, fingerprint, &counter))
                    })
                    .collect();
                installations
                    .into_iter()
                    .try_for_each(|installation| match installation.join() {
                        Ok(result) => result,
                        Err(panic) => std::panic::resume_unwind(panic),
                    })
            })?;
        }
        Ok(tools)
    }

    /// The SAM CLI, which can reach nothing but a local AWS.
    pub fn sam(&self) -> Command {
        let mut command = self.sam.command("sam");
        // How often it asks CloudFormation how far it is, in seconds. The default of 0.5 is meant for a real account.
        command.env("SAM_CLI_TELEMETRY", "0").env("SAM_CLI_POLL_DELAY", "0.1");
        command
    }

    /// Python, for its own tools.
    pub fn python(&self) -> Command {
        self.sam.command("python")
    }

    pub(crate) fn cfn_lint(&self) -> Command {
        self.sam.command("cfn-lint")
    }

    /// cfn-guard. Building it takes about a minute, the first time.
    ///
    /// # Errors
    /// [`Error::FailedQuietly`] where the build fails.
    pub fn guard(&self, project: &Project, progress: &dyn Progress) -> Result<PathBuf, Error> {
        cargo_tool::GUARD.ensure(project, progress)
    }

    pub(crate) fn statelint(&self) -> Command {
        self.sam.command("statelint")
    }

    /// Python, with ministack.
    pub(crate) fn emulator_python(&self) -> Command {
        self.emulator.command("python")
    }

    pub(crate) fn ministack(&self) -> Command {
        Command::new(self.emulator.folder.join("bin/ministack"))
    }
}

#[derive(Debug, Clone)]
struct VirtualEnvironment {
    folder: PathBuf,
    requirements: PathBuf,
}

impl VirtualEnvironment {
    fn new(project: &Project, name: &str) -> Self {
        Self {
            folder: project.scratch().join("tools").join(name),
            requirements: project.path(&format!("tools/{name}.txt")),
        }
    }

    /// The folder is part of it, because the scripts inside hold its path.
    fn fingerprint(&self) -> Result<String, Error> {
        let mut fingerprint = Fingerprint::new();
        fingerprint.add(&self.folder.to_string_lossy());
        fingerprint.add_path(&self.requirements)?;
        Ok(fingerprint.finish())
    }

    fn stamp(&self) -> PathBuf {
        self.folder.join("installed")
    }

    fn is_current(&self, fingerprint: &str) -> bool {
        // The interpreter is a link, which leads nowhere after that Python was removed.
        self.folder.join("bin/python").exists() && is_stamped(&self.stamp(), fingerprint)
    }

    /// Installs it alone, if it is missing or not up to date.
    fn ensure(&self, what: &str, progress: &dyn Progress) -> Result<(), Error> {
        let fingerprint = self.fingerprint()?;
        if self.is_current(&fingerprint) {
            return Ok(());
        }
        progress.begin(&format!("Installing {what} into .pagerflow/tools"));
        let outdated = [(self, fingerprint)];
        let counter = Counter::new(&outdated, progress);
        let [(_, fingerprint)] = &outdated;
        self.install(&find_python()?, fingerprint, &counter)
    }

    fn install(&self, python: &str, fingerprint: &str, counter: &Counter<'_>) -> Result<(), Error> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::file("remove", &self.folder)(error));
            }
            _ => {}
        }
        output(
            "python -m venv",
            Command::new(python).args(["-m", "venv"]).arg(&self.folder),
        )
        .map_err(|error| match error {
            Error::FailedQuietly { .. } => Error::NoVenv {
                python: python.to_owned(),
            },
            other => other,
        })?;
        // The list is complete, so pip need not look for dependencies; older ones also trip over the hashes of extras.
        let mut pip = Command::new(self.folder.join("bin/python"));
        pip.args([
            "-m",
            "pip",
            "install",
            "--no-deps",
            "--require-hashes",
            "--no-compile",
            "--no-input",
        ]);
        pip.args(["--disable-pip-version-check", "--progress-bar=off", "-r"])
            .arg(&self.requirements);
        each_line("pip install", &mut pip, |line| counter.take(line))?;
        let mut check = Command::new(self.folder.join("bin/python"));
        output(
            "pip check",
            check.args(["-m", "pip", "check", "--disable-pip-version-check"]),
        )?;
        set_stamp(&self.stamp(), fingerprint)
    }

    /// The folder of its programs.
    fn programs(&self) -> PathBuf {
        self.folder.join("bin")
    }

    /// A program of this environment, or one that finds this environment first on its path.
    fn command(&self, program: impl AsRef<Path>) -> Command {
        let own = self.programs().join(&program);
        let mut command = if own.exists() {
            Command::new(own)
        } else {
            Command::new(program.as_ref())
        };
        prepend_to_path(&mut command, &[self.programs()]);
        command.env_remove("PYTHONHOME").env_remove("PYTHONPATH");
        without_own_package(only_local_aws(&mut command));
        command
    }
}

/// Has `command` look for programs in these folders first.
fn prepend_to_path(command: &mut Command, folders: &[PathBuf]) {
    let path = env::var_os("PATH").unwrap_or_default();
    let paths = env::join_paths(folders.iter().cloned().chain(env::split_paths(&path)));
    command.env("PATH", paths.unwrap_or(path));
}

/// Counts the packages that pip has fetched.
struct Counter<'a> {
    fetched: AtomicUsize,
    total: usize,
    progress: &'a dyn Progress,
}

impl<'a> Counter<'a> {
    fn new(outdated: &[(&VirtualEnvironment, String)], progress: &'a dyn Progress) -> Self {
        let lists = outdated
            .iter()
            .filter_map(|(environment, _)| fs::read_to_string(&environment.requirements).ok());
        let total = lists
            .map(|list| list.lines().filter(|line| line.contains("==")).count())
            .sum();
        Self {
            fetched: AtomicUsize::new(0),
            total,
            progress,
        }
    }

    fn take(&self, line: &str) {
        if let Some(package) = line.strip_prefix("Collecting ") {
            let fetched = self.fetched.fetch_add(1, Ordering::Relaxed) + 1;
            let name = package.split_whitespace().next().unwrap_or_default();
            self.progress
                .update(&format!("{fetched} of {} packages: {name}", self.total));
        } else if line.starts_with("Installing collected packages") {
            self.progress.update("unpacking");
        }
    }
}

fn find_python() -> Result<String, Error> {
    PYTHONS
        .into_iter()
        .find(|python| output("python", Command::new(python).args(["-c", IS_NEW_ENOUGH])).is_ok())
        .map(str::to_owned)
        .ok_or_else(|| Error::NoPython {
            tried: PYTHONS.join(", "),
        })
}
