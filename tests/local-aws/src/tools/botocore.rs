//! botocore, which has the models of AWS services.

use std::process::Command;

use super::VirtualEnvironment;
use crate::{Error, Progress, Project};

/// botocore, of which the models of AWS services are made.
#[derive(Debug, Clone)]
pub struct BotoCore {
    environment: VirtualEnvironment,
}

impl BotoCore {
    /// Installs what is missing or not up to date.
    ///
    /// # Errors
    /// As [`Tools::ensure`](super::Tools::ensure).
    pub fn ensure(project: &Project, progress: &dyn Progress) -> Result<Self, Error> {
        let _lock = project.lock("aws_models", progress)?;
        let environment = VirtualEnvironment::new(project, "aws_models");
        environment.ensure("botocore", progress)?;
        Ok(Self { environment })
    }

    /// True if it is installed and up to date.
    ///
    /// # Errors
    /// A list of packages that cannot be read.
    pub fn is_installed(project: &Project) -> Result<bool, Error> {
        let environment = VirtualEnvironment::new(project, "aws_models");
        Ok(environment.is_current(&environment.fingerprint()?))
    }

    /// Python, with botocore.
    pub fn python(&self) -> Command {
        self.environment.command("python")
    }
}
