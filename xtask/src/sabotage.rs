//! The list of deliberate breaks, each of which the simulation of whole runs must notice.

use std::process::{Command, Output};

use local_aws::{Progress, Project};
use sabotage::{Break, VARIABLE};

use crate::console::Console;
use crate::error::Error;
use crate::simulate;

/// How many simulations there are for each break, unless told otherwise.
pub(crate) const SEEDS: u64 = 6_000;

/// The chore of that name: as many simulations for each break, until one of them comes to no good.
pub(crate) fn run(project: &Project, seeds: u64) -> Result<(), Error> {
    let seeds = seeds.to_string();
    let program = || simulate::program(project, &["--features", "sabotage"]);
    // Without a break the same simulations must find nothing, or the table would prove nothing.
    Console.begin("Breaking nothing");
    let mut whole = program();
    whole.args(["--seeds", &seeds, "--from", "0"]).env_remove(VARIABLE);
    let outcome = output(&mut whole)?;
    if !outcome.status.success() {
        Console.say(&String::from_utf8_lossy(&outcome.stdout));
        Console.say(&String::from_utf8_lossy(&outcome.stderr));
        return Err(Error::ChecksFailed);
    }
    Console.begin("Breaking one thing at a time");
    let mut unnoticed = 0_usize;
    for one in Break::ALL {
        let mut command = program();
        command
            .args(["--seeds", &seeds, "--from", "0", "--expect-violation"])
            .env(VARIABLE, one.name());
        let outcome = output(&mut command)?;
        if local_aws::is_stopping() {
            return Err(Error::ChecksFailed);
        }
        let told = String::from_utf8_lossy(&outcome.stdout);
        let (seed, by) = match outcome.status.success() {
            true => noticed(&told),
            false => {
                unnoticed += 1;
                ("never".to_owned(), "NOT NOTICED".to_owned())
            }
        };
        let by: String = by.chars().take(60).collect();
        Console.say(&format!(
            "{:22} {}\n    at seed {seed}: {by}",
            one.name(),
            one.summary()
        ));
    }
    Console.say(&format!("{} breaks, {unnoticed} of them not noticed", Break::ALL.len()));
    match unnoticed {
        0 => Ok(()),
        _ => Err(Error::ChecksFailed),
    }
}

fn output(command: &mut Command) -> Result<Output, Error> {
    command
        .output()
        .map_err(Error::file("run", command.get_program().as_ref()))
}

/// The seed at which a break was noticed, and the first thing that was wrong there.
fn noticed(told: &str) -> (String, String) {
    let mut lines = told.lines();
    let seed = lines.find_map(|line| line.strip_prefix("seed ")?.split_whitespace().next());
    let by = lines.next().map(str::trim);
    (seed.unwrap_or("?").to_owned(), by.unwrap_or("?").to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_first_violation_of_a_simulation_is_told() {
        let told = "seed 7 (calm):\n  I2: two incidents\n  I7: too late\nthe last lines of its trace:\n";
        assert_eq!(super::noticed(told), ("7".to_owned(), "I2: two incidents".to_owned()));
    }
}
