//! What looks into the things of others that are built in here, or built with.

use std::path::PathBuf;
use std::process::Command;

use super::VirtualEnvironment;
use super::cargo_tool::DENY;
use crate::environment::without_own_package;
use crate::{Error, Progress, Project};

/// cargo-deny, pip-audit, and what has CycloneDX's schema. They are apart from [`Tools`](super::Tools), because nothing that is
/// built, deployed or tried needs them.
#[derive(Debug, Clone)]
pub struct Auditors {
    root: PathBuf,
    deny: PathBuf,
    audit: VirtualEnvironment,
}

impl Auditors {
    /// Installs what is missing or not up to date.
    ///
    /// # Errors
    /// As [`Tools::ensure`](super::Tools::ensure).
    pub fn ensure(project: &Project, progress: &dyn Progress) -> Result<Self, Error> {
        let auditors = Self {
            root: project.root().to_owned(),
            deny: DENY.ensure(project, progress)?,
            audit: VirtualEnvironment::new(project, "audit"),
        };
        let _lock = project.lock("audit", progress)?;
        auditors.audit.ensure("pip-audit", progress)?;
        Ok(auditors)
    }

    /// cargo-deny, in the project.
    pub fn cargo_deny(&self) -> Command {
        let mut command = Command::new(&self.deny);
        command.current_dir(&self.root);
        without_own_package(&mut command);
        command
    }

    /// pip-audit, in the project.
    pub fn pip_audit(&self) -> Command {
        let mut command = self.audit.command("pip-audit");
        command.current_dir(&self.root);
        command
    }

    /// Python, with CycloneDX's library.
    pub fn python(&self) -> Command {
        let mut command = self.audit.command("python");
        command.current_dir(&self.root);
        command
    }
}
