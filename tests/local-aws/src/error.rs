//! What can go wrong, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// What can go wrong while a local AWS is set up or driven.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The functions run as processes of this machine, so it must be able to run Linux programs.
    #[error("the local AWS runs the functions as processes of this machine, which has to be Linux, and this is {0}")]
    NotLinux(&'static str),
    /// No checkout of Pagerflow around the present folder.
    #[error("no template.yaml in {} or a folder above it: run this inside a checkout of Pagerflow", .0.display())]
    NotInProject(PathBuf),
    /// Python is missing or too old.
    #[error(
        "Python 3.11 or newer is needed and was not found (tried {tried}). On Debian or Ubuntu: apt install python3 python3-venv"
    )]
    NoPython {
        /// The commands that were tried.
        tried: String,
    },
    /// Python is there, its `venv` module is not.
    #[error("{python} can not make a virtual environment. On Debian or Ubuntu: apt install python3-venv")]
    NoVenv {
        /// The command that was tried.
        python: String,
    },
    /// A program could not be started at all.
    #[error("{program} could not be started")]
    NotStarted {
        program: String,
        /// The reason not.
        #[source]
        source: io::Error,
    },
    /// A program ended with an error, after it had told why on the terminal.
    #[error("{what} failed ({status})")]
    Failed {
        /// What the program was to do.
        what: String,
        /// Its outcome.
        status: String,
    },
    /// A program ended with an error, and this is what it said.
    #[error("{what} failed ({status}):\n{output}")]
    FailedQuietly {
        /// What the program was to do.
        what: String,
        /// Its outcome.
        status: String,
        /// What it wrote.
        output: String,
    },
    /// A service ended or stayed silent instead of getting ready.
    #[error("{name} {how}. Its log: {}", .log.display())]
    NotReady {
        /// The service.
        name: String,
        /// What it did instead.
        how: String,
        /// Where its output went.
        log: PathBuf,
    },
    /// Another run uses the same folder.
    #[error("`cargo xtask` already runs a local AWS for this in another terminal (it holds {}): stop that one first", .0.display())]
    Busy(PathBuf),
    /// A file or folder could not be used.
    #[error("failed to {operation} {}", .path.display())]
    File {
        /// What was to be done.
        operation: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The reason it failed.
        #[source]
        source: io::Error,
    },
    /// A tool's output, or a file, is not the JSON that was expected.
    #[error("{what} is not the JSON that was expected")]
    Json {
        /// What was read.
        what: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The template cannot be read, or lacks something that it must have.
    #[error("template.yaml: {0}")]
    Template(String),
    /// The template does not give what the deployment must tell.
    #[error("the deployed stack has no usable output {0}: template.yaml must declare it")]
    MissingOutput(String),
    /// The state machine's definition has faults.
    #[error("statemachine/workflow.asl.json has faults:\n{0}")]
    StateMachine(String),
    /// The template gives other rights than those that were agreed on.
    #[error(
        "template.yaml gives other rights than policy/iam.json. If that is wanted, write them anew with `PAGERFLOW_WRITE_IAM=1 cargo xtask test --only template`:\n{diff}"
    )]
    Rights {
        /// What has changed, line by line.
        diff: String,
    },
    /// The rights allow what they must not, or the other way round.
    #[error("the rights of policy/iam.json give other answers than policy/questions.json wants:\n{0}")]
    OtherAnswers(String),
    /// A gate let a deliberate fault pass.
    #[error("{gate} does not refuse this fault, and just this one: {fault}")]
    NotRefused {
        /// The gate, or the rule of it.
        gate: String,
        /// What was planted.
        fault: String,
    },
    /// Nobody knows whether a rule refuses anything.
    #[error("policy/faults.json has no fault for the rule {0}: add one that it must refuse")]
    NotTried(String),
    /// A deliberate fault has lost its place.
    #[error("there is no {0:?} any more to plant a fault in: change the fault with what it is about")]
    NoPlace(String),
    /// No address of a stack was handed over.
    #[error("{0} is not set: run this through `cargo xtask test --only e2e`, which deploys the stack first")]
    NoStack(&'static str),
    /// No free port on the loopback interface.
    #[error("no free port on 127.0.0.1")]
    NoPort(#[source] io::Error),
    /// The signal handler could not be installed.
    #[error("failed to listen for Ctrl-C")]
    Signals(#[source] ctrlc::Error),
    /// Everything is being stopped, because of Ctrl-C or another signal.
    #[error("stopped")]
    Stopping,
}

impl Error {
    /// A function that wraps an I/O error of `operation` on `path`.
    pub(crate) fn file(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            operation,
            path,
            source,
        }
    }

    /// A function that wraps a JSON error of `what`.
    pub(crate) fn json(what: &str) -> impl FnOnce(serde_json::Error) -> Self {
        let what = what.to_owned();
        move |source| Self::Json { what, source }
    }
}
