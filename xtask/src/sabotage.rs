//! The list of deliberate breaks, each of which the simulation of whole runs must notice.

use std::fmt;
use std::process::{Command, Output};

use local_aws::{Progress, Project};
use sabotage::{Break, VARIABLE};

use crate::console::Console;
use crate::error::Error;
use crate::simulate;

/// The number of simulations for each break, unless told otherwise.
pub(crate) const SEEDS: u64 = 9_000;

/// The chore of that name: as many simulations for each break, until one of them comes to no good. The same simulation must come
/// to nothing bad without the break, or that would prove nothing.
pub(crate) fn run(project: &Project, seeds: u64) -> Result<(), Error> {
    simulate::build(project)?;
    Console.begin("Breaking one thing at a time");
    let mut failures = 0_usize;
    for one in Break::ALL {
        let outcome = try_break(project, *one, seeds)?;
        if local_aws::is_stopping() {
            return Err(Error::ChecksFailed);
        }
        failures += usize::from(!matches!(outcome, Outcome::Noticed { .. }));
        Console.say(&format!("{:22} {}\n    {outcome}", one.name(), one.summary()));
    }
    Console.say(&format!("{} breaks, {failures} of them not noticed", Break::ALL.len()));
    match failures {
        0 => Ok(()),
        _ => Err(Error::ChecksFailed),
    }
}

/// What came of a break.
enum Outcome {
    /// A simulation came to no good, and without the break it does not.
    Noticed { seed: String, by: String },
    /// All simulations ended well.
    NotNoticed,
    /// A simulation came to no good, and without the break it does so, too.
    NotItsDoing { seed: String },
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Noticed { seed, by } => {
                let by: String = by.chars().take(60).collect();
                write!(f, "at seed {seed}: {by}")
            }
            Self::NotNoticed => f.write_str("NOT NOTICED"),
            Self::NotItsDoing { seed } => write!(f, "NOT ITS DOING: seed {seed} comes to no good without it, too"),
        }
    }
}

fn try_break(project: &Project, one: Break, seeds: u64) -> Result<Outcome, Error> {
    let mut broken = simulate::program(project)?;
    broken.args(["--seeds", &seeds.to_string(), "--from", "0", "--expect-violation"]);
    let broken = output(broken.env(VARIABLE, one.name()))?;
    if !broken.status.success() {
        return Ok(Outcome::NotNoticed);
    }
    let (seed, by) = noticed(&String::from_utf8_lossy(&broken.stdout));
    let whole = output(simulate::program(project)?.args(["--seeds", "1", "--from", &seed]))?;
    Ok(match whole.status.success() {
        true => Outcome::Noticed { seed, by },
        false => Outcome::NotItsDoing { seed },
    })
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
