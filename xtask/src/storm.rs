//! Many deliveries at once on a local AWS, while Step Functions fails now and then: each event must have exactly one run.

use std::process::Command;

use local_aws::{Progress, Project, Service, Workspace, free_port};

use crate::cloud::{Cloud, Setup};
use crate::console::Console;
use crate::error::Error;

/// The program of storms and loads.
pub(crate) const PROGRAM: &str = "storm";

/// How large a storm is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) deliveries: u32,
    pub(crate) events: u32,
    /// The number of seconds that it may take.
    pub(crate) within: u32,
}

/// The storm among the end-to-end tests.
pub(crate) const SMALL: Size = Size {
    deliveries: 500,
    events: 100,
    within: 180,
};

/// The chore of that name.
pub(crate) fn run(project: &Project, size: Size) -> Result<(), Error> {
    let setup = Setup {
        programs: &[PROGRAM],
        ..Setup::new("storm")
    };
    let cloud = Cloud::start_with(project, setup, |upstream, _, workspace| {
        let (proxy, url) = proxy(upstream, workspace)?;
        Ok((Some(proxy), url))
    })?;
    Console.begin(&format!(
        "Sending {} deliveries of {} events; one start of a run in five fails",
        size.deliveries, size.events
    ));
    cloud.with(|cloud| {
        let (name, file) = cloud.stack.write(&cloud.workspace.path("stack.json"))?;
        let mut deliver = Command::new(tests::program(PROGRAM)?);
        deliver.arg("deliver");
        for (option, value) in [
            ("--deliveries", size.deliveries),
            ("--events", size.events),
            ("--within", size.within),
        ] {
            deliver.args([option, &value.to_string()]);
        }
        cloud.stack.prepare(&mut deliver);
        deliver.env(name, file);
        Ok(local_aws::run("the storm", &mut deliver)?)
    })
}

/// What has starts fail, before the local AWS on a port.
fn proxy(upstream: u16, workspace: &Workspace) -> Result<(Service, String), Error> {
    let port = free_port()?;
    let url = format!("http://127.0.0.1:{port}");
    let mut command = Command::new(tests::program(PROGRAM)?);
    command.args([
        "proxy",
        "--port",
        &port.to_string(),
        "--upstream",
        &upstream.to_string(),
    ]);
    let log = workspace.path("proxy.log");
    let service = Service::start("the proxy", &mut command, &log, &format!("{url}/_storm/health"))?;
    Ok((service, url))
}
