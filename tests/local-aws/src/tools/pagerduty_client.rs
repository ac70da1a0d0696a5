//! PagerDuty's own client for Python.

use std::process::Command;

use super::VirtualEnvironment;
use crate::{Error, Progress, Project};

/// PagerDuty's client, with which the PagerDuty simulator is tried.
#[derive(Debug, Clone)]
pub struct PagerDutyClient {
    environment: VirtualEnvironment,
}

impl PagerDutyClient {
    /// Installs what is missing or not up to date.
    ///
    /// # Errors
    /// As [`Tools::ensure`](super::Tools::ensure).
    pub fn ensure(project: &Project, progress: &dyn Progress) -> Result<Self, Error> {
        let _lock = project.lock("pagerduty", progress)?;
        let environment = VirtualEnvironment::new(project, "pagerduty");
        environment.ensure("PagerDuty's client", progress)?;
        Ok(Self { environment })
    }

    /// Python, with the client.
    pub fn python(&self) -> Command {
        self.environment.command("python")
    }
}
