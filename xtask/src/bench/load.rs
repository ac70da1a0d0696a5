//! Deliveries at a steady rate on the local AWS.

use std::process::Command;

use local_aws::{Progress, Project, each_line};

use crate::cloud::{Cloud, Setup};
use crate::console::Console;
use crate::error::Error;
use crate::storm::PROGRAM;

/// Deliveries a second.
const RATES: [u32; 3] = [50, 100, 200];
/// For how many seconds they are sent, at each rate.
const SENDS: u32 = 5;
/// The number of seconds that the deliveries and their runs may take after that.
const SETTLES: u32 = 300;
/// The number of invocations at the same time. Each is a process, and with hundreds of them the local AWS, which is one
/// process of Python, comes to nothing but to switch between them.
const CONCURRENCY: u32 = 24;

pub(super) fn measure(project: &Project) -> Result<String, Error> {
    let setup = Setup {
        programs: &[PROGRAM],
        concurrency: Some(CONCURRENCY),
        ..Setup::new("bench")
    };
    let cloud = Cloud::start(project, setup)?;
    Console.begin("Sending deliveries, which takes some minutes");
    let mut table = String::new();
    cloud.with(|cloud| {
        let (name, file) = cloud.stack.write(&cloud.workspace.path("stack.json"))?;
        let mut load = Command::new(tests::program(PROGRAM)?);
        load.arg("load");
        for rate in RATES {
            load.args(["--rate", &rate.to_string()]);
        }
        load.args(["--sends", &SENDS.to_string(), "--settles", &SETTLES.to_string()]);
        cloud.stack.prepare(&mut load);
        load.env(name, file);
        each_line("the load", &mut load, |line| {
            Console.say(line);
            table.push_str(line);
            table.push('\n');
        })?;
        Ok(())
    })?;
    Ok(format!(
        "{table}\n{SENDS} s at each rate, and up to {SETTLES} s until the runs have created their incidents. Times count from the moment at \
         which a delivery was due, so that what waits in a queue counts. A delivery that is not accepted is sent again after 0.5 to \
         4 s. Functions are killed for 20 s. Doubled incidents are counted 30 s after the last one. All of it ran on one machine: the \
         local AWS, which is an emulator in Python and was given a concurrency of {CONCURRENCY}, the functions without the optimiser, \
         the simulated PagerDuty without its rate limit, and the sender. So the times tell what this machine can do and where things \
         queue, and not what AWS would take; accepted, once, not done and doubled are what carries over.\n"
    ))
}
