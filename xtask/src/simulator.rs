//! The PagerDuty simulator as a process.

use std::process::Command;

use local_aws::{Service, Workspace, free_port};
use tests::PagerDuty;

use crate::error::Error;

/// A running simulator. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Simulator {
    url: String,
    service: Service,
}

impl Simulator {
    /// Starts one on a free port.
    pub(crate) fn start(workspace: &Workspace) -> Result<Self, Error> {
        let port = free_port()?.to_string();
        let url = format!("http://127.0.0.1:{port}");
        let mut command = Command::new(tests::program("pagerduty-simulator")?);
        command.args(["--port", &port]);
        let log = workspace.path("pagerduty-simulator.log");
        let ready = format!("{url}/_simulator/health");
        let service = Service::start("the PagerDuty simulator", &mut command, &log, &ready)?;
        Ok(Self { url, service })
    }

    /// The base URL of its REST API.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn service(&self) -> &Service {
        &self.service
    }

    /// The PagerDuty that it is.
    pub(crate) fn pagerduty(&self) -> PagerDuty {
        PagerDuty::at(&self.url)
    }
}
