//! What looks into the things of others that are built in here, or built with.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use super::cargo_tool::DENY;
use crate::environment::without_own_package;
use crate::{Error, Progress, Project};

/// cargo-deny. It is apart from [`Tools`](super::Tools), because nothing that is
/// built, deployed or tried needs it.
#[derive(Debug, Clone)]
pub struct Auditors {
    root: PathBuf,
    deny: PathBuf,
}

impl Auditors {
    /// Installs what is missing or not up to date.
    ///
    /// # Errors
    /// As [`Tools::ensure`](super::Tools::ensure).
    pub fn ensure(project: &Project, progress: &dyn Progress) -> Result<Self, Error> {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        without_own_package(&mut cargo);
        Ok(Self {
            root: project.root().to_owned(),
            deny: DENY.ensure(project, &mut cargo, progress)?,
        })
    }

    /// cargo-deny, in the project.
    pub fn cargo_deny(&self) -> Command {
        let mut command = Command::new(&self.deny);
        command.current_dir(&self.root);
        without_own_package(&mut command);
        command
    }
}
