//! `pagerflow`, the command that people use.

use crate::Error;
use local_aws::StackInfo;
use serde_json::Value;
use std::{
    env,
    io::Write,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

/// `pagerflow`, set up for one stack.
#[derive(Debug, Clone)]
pub struct Pagerflow {
    stack: StackInfo,
}

impl Pagerflow {
    /// For a stack.
    #[must_use]
    pub fn new(stack: StackInfo) -> Self {
        Self { stack }
    }

    /// Calls it with `secret` on its standard input, whatever comes of it.
    ///
    /// # Errors
    /// It could not be started.
    pub fn call(&self, arguments: &[&str], secret: &str) -> Result<Output, Error> {
        let failed = |source| Error::Program {
            what: "pagerflow could not be run".to_owned(),
            source,
        };
        let mut child = self
            .command(arguments)?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        if let Some(mut input) = child.stdin.take() {
            // A command that reads no secret may have closed its input already.
            let _closed = input.write_all(secret.as_bytes());
        }
        child.wait_with_output().map_err(failed)
    }

    /// Calls it, and gives what it prints.
    ///
    /// # Errors
    /// It failed.
    pub fn text(&self, arguments: &[&str], secret: &str) -> Result<String, Error> {
        let output = self.call(arguments, secret)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(Error::Pagerflow {
            arguments: arguments.join(" "),
            said,
        })
    }

    /// Calls it, and reads the JSON that it prints.
    ///
    /// # Errors
    /// It failed, or printed something else.
    pub fn json(&self, arguments: &[&str], secret: &str) -> Result<Value, Error> {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--output", "json"]).collect();
        serde_json::from_str(&self.text(&arguments, secret)?).map_err(|_| Error::Answer {
            from: "pagerflow",
            missing: "JSON",
            // What it printed may hold an API key.
            answer: "(not shown)".to_owned(),
        })
    }

    /// A call that a person would make on the terminal.
    ///
    /// # Errors
    /// The program is not where Cargo puts it.
    pub fn command(&self, arguments: &[&str]) -> Result<Command, Error> {
        let mut command = Command::new(program("pagerflow")?);
        self.stack.prepare(&mut command);
        command.args(arguments);
        Ok(command)
    }
}

/// Where Cargo has put a program of this repository: beside this one, or a folder above for a test.
///
/// # Errors
/// The way of this program is not known.
pub fn program(name: &str) -> Result<PathBuf, Error> {
    let own = env::current_exe().map_err(|source| Error::Program {
        what: "this program's path".to_owned(),
        source,
    })?;
    let folders = own.ancestors().skip(1).take(2);
    let found = folders.map(|folder| folder.join(name)).find(|path| path.is_file());
    Ok(found.unwrap_or_else(|| own.with_file_name(name)))
}
