//! The time that a function takes until it asks Lambda for work, and until it has answered for the first time.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use ::tests::figures::{Sample, Table, milliseconds, ratio};
use local_aws::Project;
use serde_json::{Value, json};

use super::capped::Share;
use super::functions::{FLOOR, all, build, set_up};
use super::stand_in::{Answer, Request, aws, aws_of_accounts, aws_of_slack, serve, systems};
use crate::error::Error;

/// The number of times that each function is started, in turns with the others.
const ROUNDS: usize = 40;
/// The number of times that each is invoked for the first time, at each share of a processor.
const CAPPED_ROUNDS: usize = 9;
/// Memory sizes, in MB.
const MEMORY: [u64; 4] = [128, 256, 512, 1_024];
/// Longer than any start takes.
const PATIENCE: Duration = Duration::from_secs(30);
/// Of the form of an API key, and nobody's.
const API_KEY: &str = "pgf_benchbench00_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA_f67b2695";

pub(super) fn measure(project: &Project) -> Result<String, Error> {
    let folder = build(project)?;
    let stage = Stage::new(project, folder)?;
    let mut text = started(&stage)?.to_string();
    text.push_str(&format!(
        "\nFrom the start of the process to its first request for work, {ROUNDS} times in turns.\n\n"
    ));
    let shares: Result<Vec<Share>, String> = MEMORY.into_iter().map(Share::of_memory).collect();
    match shares {
        Ok(shares) => text.push_str(&answered(&stage, &shares)?),
        Err(reason) => text.push_str(&format!(
            "The first invocation at the processor share of a memory size was not measured: {reason}.\n"
        )),
    }
    Ok(text)
}

/// The time until each function asks for work.
fn started(stage: &Stage) -> Result<Table, Error> {
    let mut measured = vec![Vec::new(); stage.functions.len()];
    // The first round brings the binaries into memory.
    for round in 0..=ROUNDS {
        for (function, times) in stage.functions.iter().zip(&mut measured) {
            let time = stage.time(function, Moment::AsksForWork, None)?;
            if round > 0 {
                times.push(time);
            }
        }
    }
    let samples: Vec<Sample> = measured.into_iter().map(Sample::new).collect();
    let floor = samples.first().and_then(Sample::median);
    let mut table = Table::new(&["function", "p50 (ms)", "p95 (ms)", "× hello"]);
    for (function, sample) in stage.functions.iter().zip(&samples) {
        table.row([
            function.package.clone(),
            milliseconds(sample.median()),
            milliseconds(sample.percentile(95)),
            ratio(sample.median(), floor),
        ]);
    }
    Ok(table)
}

/// The time until each function has answered its first invocation, at each share.
fn answered(stage: &Stage, shares: &[Share]) -> Result<String, Error> {
    let mut measured = vec![Vec::new(); stage.functions.len() * shares.len()];
    for _ in 0..CAPPED_ROUNDS {
        let cells = stage
            .functions
            .iter()
            .flat_map(|function| shares.iter().map(move |share| (function, share)));
        for ((function, share), times) in cells.zip(&mut measured) {
            times.push(stage.time(function, Moment::HasAnswered, Some(share))?);
        }
    }
    let titles = MEMORY.map(|megabytes| format!("{megabytes} MB (ms)"));
    let head: Vec<&str> = std::iter::once("function")
        .chain(titles.iter().map(String::as_str))
        .collect();
    let mut table = Table::new(&head);
    for (function, times) in stage.functions.iter().zip(measured.chunks(shares.len())) {
        let cells = times
            .iter()
            .map(|times| milliseconds(Sample::new(times.iter().copied()).median()));
        table.row(std::iter::once(function.package.clone()).chain(cells));
    }
    Ok(format!(
        "{table}\nFrom the start of the process to its first answer, p50 of {CAPPED_ROUNDS}, capped by a control group to Lambda's share of a \
         processor. The first invocation has one call of AWS in the ingress (a delivery with an unknown key), three in the \
         runner (a run of a workflow that is not there), and one and the calls of PagerDuty, Slack, or STS and ECS in an action, all over HTTP \
         without TLS to this machine: a handshake comes on top of it.\n"
    ))
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    AsksForWork,
    HasAnswered,
}

/// A function with the event of its first invocation.
struct Staged {
    package: String,
    event: String,
}

/// Where functions are started, and all that they speak to.
struct Stage {
    folder: PathBuf,
    functions: Vec<Staged>,
    aws: String,
    /// The AWS of the function of connectors.
    aws_of_slack: String,
    /// The AWS of the function that acts in accounts.
    aws_of_accounts: String,
    systems: String,
}

impl Stage {
    fn new(project: &Project, folder: PathBuf) -> Result<Self, Error> {
        let functions = all(project)?.into_iter().map(|package| {
            let event = event(project, &package)?;
            Ok(Staged { package, event })
        });
        Ok(Self {
            folder,
            functions: functions.collect::<Result<_, Error>>()?,
            aws: format!("http://{}", serve(aws)?),
            aws_of_slack: format!("http://{}", serve(aws_of_slack)?),
            aws_of_accounts: format!("http://{}", serve(aws_of_accounts)?),
            systems: format!("http://{}", serve(systems)?),
        })
    }

    /// Starts a function, and gives the time until a moment of its life. It ends with that.
    fn time(&self, function: &Staged, moment: Moment, share: Option<&Share>) -> Result<Duration, Error> {
        let (runtime_api, reached) = runtime_api(moment, function.event.clone())?;
        let mut command = Command::new(self.folder.join(&function.package));
        let aws = match function.package.as_str() {
            "call-http" => &self.aws_of_slack,
            "call-aws" => &self.aws_of_accounts,
            _ => &self.aws,
        };
        set_up(&mut command, &runtime_api, aws, &self.systems);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let begun = Instant::now();
        let child = match share {
            Some(share) => share.spawn(&mut command),
            None => command.spawn(),
        };
        let failed = |source| Error::Measurement {
            what: function.package.clone(),
            source,
        };
        let child = Running(child.map_err(failed)?);
        let at = reached.recv_timeout(PATIENCE);
        drop(child);
        at.map(|at| at.duration_since(begun))
            .map_err(|_| failed(std::io::ErrorKind::TimedOut.into()))
    }
}

/// A function that ends with this.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already needs no end.
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// A runtime API of Lambda with one event in it, and what tells when a moment has come.
fn runtime_api(moment: Moment, event: String) -> Result<(String, Receiver<Instant>), Error> {
    let (tell, reached) = channel();
    let address = serve(move |request: &Request| {
        let asks = request.path.ends_with("/invocation/next");
        if asks == (moment == Moment::AsksForWork) {
            // Whoever waited has gone once the moment has come.
            let _told = tell.send(Instant::now());
        }
        Answer {
            headers: vec![
                ("lambda-runtime-aws-request-id", "bench".to_owned()),
                ("lambda-runtime-deadline-ms", "4102444800000".to_owned()),
                ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:bench".to_owned()),
            ],
            ..Answer::ok(event.clone())
        }
    })?;
    Ok((address.to_string(), reached))
}

/// The event of a function's first invocation. The sample of an action bears the name of its function.
fn event(project: &Project, package: &str) -> Result<String, Error> {
    match package {
        FLOOR => Ok("{}".to_owned()),
        "workflow-runner" => Ok(plan().to_string()),
        "webhook-ingress" => {
            let delivery = read(&project.path("events/webhook-ingress-v3.json"))?;
            Ok(delivery.replace("put-your-api-key-here", API_KEY))
        }
        action => read(&project.path(&format!("events/{action}.json"))),
    }
}

/// The first Plan of a run of a workflow that is not there.
fn plan() -> Value {
    json!({
        "execution": {
            "arn": "arn:aws:states:eu-west-1:123456789012:execution:bench:run",
            "started_at": "2026-11-20T09:30:01Z",
        },
        "entered_at": "2026-11-20T09:30:01Z",
        "state": {"run": {"id": "run", "workflow": "bench", "version": 1, "depth": 0}, "cause": {"hand": {}}},
    })
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(Error::file("read", path))
}
