//! The local AWS together with the PagerDuty simulator.

use std::process::Command;
use std::thread;
use std::time::Duration;
use std::{env, fs};

use local_aws::{
    Emulator, Functions, Listening, Progress, Project, Service, Stack, StackInfo, Tools, Workspace, free_port,
};

use crate::console::Console;
use crate::error::Error;
use crate::simulator::Simulator;

/// Everything that runs. Dropping it ends all of it.
#[derive(Debug)]
pub(crate) struct Cloud {
    pub(crate) stack: StackInfo,
    pub(crate) simulator: Simulator,
    pub(crate) workspace: Workspace,
    emulator: Emulator,
    /// What stands between the functions and the local AWS, if anything does.
    _between: Option<Service>,
    tools: Tools,
}

impl Cloud {
    /// Builds what has changed, starts the simulator and the emulator, and deploys. `name` keeps apart what may run at
    /// the same time in one checkout.
    pub(crate) fn start(project: &Project, name: &str) -> Result<Self, Error> {
        Self::start_as(project, name, None, |_, endpoint_url, _| Ok((None, endpoint_url)))
    }

    /// The same with so many invocations of functions at the same time, and no more.
    pub(crate) fn start_with_concurrency(project: &Project, name: &str, concurrency: u32) -> Result<Self, Error> {
        Self::start_as(project, name, Some(concurrency), |_, endpoint_url, _| {
            Ok((None, endpoint_url))
        })
    }

    /// The same with something between the functions and the local AWS: `between` gets the local AWS's port and URL, and
    /// gives what it has started, with the URL at which the functions are to reach AWS.
    pub(crate) fn start_with(
        project: &Project,
        name: &str,
        between: impl FnOnce(u16, String, &Workspace) -> Result<(Option<Service>, String), Error>,
    ) -> Result<Self, Error> {
        Self::start_as(project, name, None, between)
    }

    fn start_as(
        project: &Project,
        name: &str,
        concurrency: Option<u32>,
        between: impl FnOnce(u16, String, &Workspace) -> Result<(Option<Service>, String), Error>,
    ) -> Result<Self, Error> {
        let tools = Tools::ensure(project, &Console)?;
        let functions = Functions::build(project, &tools, &Console)?;
        build_programs(project)?;
        let workspace = project.workspace(name)?;
        Console.begin("Starting the local AWS and the PagerDuty simulator");
        let simulator = Simulator::start(&workspace)?;
        let port = free_port()?;
        let (between, between_url) = between(port, format!("http://127.0.0.1:{port}"), &workspace)?;
        let listening = Listening {
            port,
            url_of_functions: &between_url,
            concurrency,
        };
        let emulator = Emulator::start(&tools, &workspace, listening)?;
        Console.begin("Deploying Pagerflow to the local AWS");
        let stack = Stack::deploy(project, &tools, &functions, &emulator, simulator.url())?;
        Ok(Self {
            stack,
            simulator,
            workspace,
            emulator,
            _between: between,
            tools,
        })
    }

    /// Does `work` on it. Where that fails, the logs of the functions, which end with the emulator, are kept.
    pub(crate) fn with(&self, work: impl FnOnce(&Self) -> Result<(), Error>) -> Result<(), Error> {
        let result = work(self);
        if result.is_err() && !local_aws::is_stopping() {
            let path = self.workspace.path("functions.log");
            fs::write(&path, self.stack.logs(&self.tools)?).map_err(Error::file("write", &path))?;
            Console.begin(&format!("What the functions said: {}", path.display()));
            Console.begin(&format!(
                "What the local AWS said: {}",
                self.stack.emulator_log.display()
            ));
        }
        result
    }

    /// Says how everything is reached, and stays until Ctrl-C.
    pub(crate) fn keep_running(&self) -> Result<(), Error> {
        Console.say("");
        Console.say(&format!(
            "Webhook URL          {}/webhooks/WORKFLOW",
            self.stack.webhook_url
        ));
        Console.say(&format!("PagerDuty simulator  {}", self.simulator.url()));
        Console.say(&format!("Log of the local AWS {}", self.stack.emulator_log.display()));
        Console.say("");
        Console.say("For `pagerflow` in another terminal:");
        for (name, value) in self.stack.environment() {
            Console.say(&format!("  export {name}='{value}'"));
        }
        Console.say("");
        Console.say("Everything runs until Ctrl-C.");
        loop {
            self.emulator.service().check()?;
            self.simulator.service().check()?;
            thread::sleep(Duration::from_secs(1));
        }
    }
}

/// The chore of that name.
pub(crate) fn keep_running(project: &Project) -> Result<(), Error> {
    Cloud::start(project, "local")?.keep_running()
}

/// Cargo, as this program was started with.
pub(crate) fn cargo(project: &Project) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(project.root());
    local_aws::without_own_package(&mut command);
    command
}

/// Builds the programs of this repository that the demo and the tests start. The whole workspace is named so that the
/// dependencies have the same features as in every other build, and are not compiled twice.
pub(crate) fn build_programs(project: &Project) -> Result<(), Error> {
    Console.begin("Building pagerflow, the PagerDuty simulator and the storm");
    let mut build = cargo(project);
    build.args([
        "build",
        "--workspace",
        "--bin",
        "pagerflow",
        "--bin",
        "pagerduty-simulator",
        "--bin",
        "storm",
    ]);
    Ok(local_aws::run("cargo build", &mut build)?)
}
