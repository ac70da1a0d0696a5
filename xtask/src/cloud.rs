//! The local AWS together with the PagerDuty simulator.

use std::process::Command;
use std::thread;
use std::time::Duration;
use std::{env, fs};

use local_aws::{
    Emulator, Functions, LambdaBuilder, Listening, Progress, Project, Service, Stack, StackInfo, Template, Tools,
    Workspace, free_port,
};

use crate::console::{Beside, Console};
use crate::error::Error;
use crate::simulator::Simulator;

/// The command that people use, as a program of this repository.
const PAGERFLOW: &str = "pagerflow";
/// The PagerDuty simulator, as a program of this repository.
pub(crate) const SIMULATOR: &str = "pagerduty-simulator";

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

/// The setup of a local AWS.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup<'a> {
    /// Keeps apart what may run at the same time in one checkout.
    pub(crate) name: &'a str,
    /// Where the functions come from.
    pub(crate) functions: Source,
    /// Programs of this repository that are started besides `pagerflow` and the PagerDuty simulator.
    pub(crate) programs: &'a [&'a str],
    /// The number of invocations of functions at the same time, and no more.
    pub(crate) concurrency: Option<u32>,
}

impl<'a> Setup<'a> {
    /// The setup with functions of the workspace's own build, and nothing besides.
    pub(crate) fn new(name: &'a str) -> Self {
        Self {
            name,
            functions: Source::Workspace,
            programs: &[],
            concurrency: None,
        }
    }
}

/// Where the functions come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The workspace's own build, which is quick: it has compiled nearly all of it for `pagerflow`.
    Workspace,
    /// `sam build`, as for AWS.
    SamBuild,
}

impl Cloud {
    /// Builds what has changed, starts the simulator and the emulator, and deploys.
    pub(crate) fn start(project: &Project, setup: Setup<'_>) -> Result<Self, Error> {
        Self::start_with(project, setup, |_, endpoint_url, _| Ok((None, endpoint_url)))
    }

    /// The same with something between the functions and the local AWS: `between` gets the local AWS's port and URL, and
    /// gives what it has started, with the URL at which the functions are to reach AWS.
    pub(crate) fn start_with(
        project: &Project,
        setup: Setup<'_>,
        between: impl FnOnce(u16, String, &Workspace) -> Result<(Option<Service>, String), Error>,
    ) -> Result<Self, Error> {
        let (tools, functions) = prepared(project, setup)?;
        let workspace = project.workspace(setup.name)?;
        Console.begin("Starting the local AWS and the PagerDuty simulator");
        let simulator = Simulator::start(&workspace)?;
        let port = free_port()?;
        let (between, between_url) = between(port, format!("http://127.0.0.1:{port}"), &workspace)?;
        let listening = Listening {
            port,
            url_of_functions: &between_url,
            concurrency: setup.concurrency,
        };
        let emulator = Emulator::start(&tools, &workspace, listening)?;
        Console.begin("Deploying Pagerflow to the local AWS");
        // Nothing is there but what a test or a person starts.
        let connectors_url = format!("http://127.0.0.1:{}", free_port()?);
        let stack = Stack::deploy(project, &tools, &functions, &emulator, simulator.url(), &connectors_url)?;
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
        Console.say(&format!("For other systems    {}", self.stack.connectors_url));
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
    Cloud::start(project, Setup::new("local"))?.keep_running()
}

/// Cargo, as this program was started with.
pub(crate) fn cargo(project: &Project) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(project.root());
    local_aws::without_own_package(&mut command);
    command
}

/// The tools, and the functions that a setup is about. All programs are built that are started with them.
fn prepared(project: &Project, setup: Setup<'_>) -> Result<(Tools, Functions), Error> {
    let functions = Template::read(project)?.functions()?;
    let programs = [PAGERFLOW, SIMULATOR].into_iter().chain(setup.programs.iter().copied());
    let packages = functions.iter().map(|function| function.package.as_str());
    let packages = packages.filter(|_| setup.functions == Source::Workspace);
    let programs: Vec<&str> = programs.chain(packages).collect();
    // Side by side: an installation waits for the network most of the time.
    let tools = thread::scope(|scope| {
        let tools = scope.spawn(|| Tools::ensure(project, &Beside));
        build_programs(project, &programs)?;
        match tools.join() {
            Ok(tools) => tools.map_err(Error::from),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })?;
    let functions = match setup.functions {
        Source::Workspace => {
            let programs = functions.into_iter().map(|function| {
                let program = tests::program(&function.package)?;
                Ok((function, program))
            });
            Functions::lay_out(project, &programs.collect::<Result<Vec<_>, Error>>()?, &Console)?
        }
        Source::SamBuild => {
            let builder = LambdaBuilder::ensure(project, &Console)?;
            Functions::build(project, &tools, &builder, &Console)?
        }
    };
    Ok((tools, functions))
}

/// Builds programs of this repository. The whole workspace is named, and examples are asked for, so that Cargo gives the dependencies
/// the features that they have in the tests: with others they would be compiled once more. The simulator's example, the only one, is
/// not wanted.
pub(crate) fn build_programs(project: &Project, programs: &[&str]) -> Result<(), Error> {
    Console.begin(&format!("Building {}", programs.join(", ")));
    let mut build = cargo(project);
    build.args(["build", "--workspace", "--exclude", "simulator", "--examples"]);
    for program in programs {
        build.args(["--bin", program]);
    }
    Ok(local_aws::run("cargo build", &mut build)?)
}
