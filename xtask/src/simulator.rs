//! The PagerDuty simulator as a process, and what PagerDuty's own client says to it.

use std::process::Command;

use local_aws::{PagerDutyClient, Project, Service, Workspace, free_port};
use tests::PagerDuty;

use crate::cloud::{SIMULATOR, build_programs};
use crate::console::Console;
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
        let mut command = Command::new(tests::program(SIMULATOR)?);
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

    pub(crate) fn pagerduty(&self) -> PagerDuty {
        PagerDuty::at(&self.url)
    }
}

/// Tries PagerDuty's own client for Python on a simulator: what it can use is like PagerDuty.
pub(crate) fn try_with_client(project: &Project) -> Result<(), Error> {
    let client = PagerDutyClient::ensure(project, &Console)?;
    build_programs(project, &[SIMULATOR])?;
    let workspace = project.workspace("pagerduty-client")?;
    let simulator = Simulator::start(&workspace)?;
    let mut client = client.python();
    client
        .current_dir(project.path("tests/pagerduty-simulator/tests/python_client"))
        .args(["-B", "-W", "error", "-m", "unittest", "--verbose", "test_client"])
        .env("PAGERDUTY_SIMULATOR_URL", simulator.url());
    Ok(local_aws::run("PagerDuty's client", &mut client)?)
}
