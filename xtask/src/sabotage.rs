//! The list of deliberate breaks, each of which the simulation of whole runs must notice.

use local_aws::{Progress, Project, run as run_program};
use sabotage::{Break, VARIABLE};

use crate::console::Console;
use crate::error::Error;
use crate::simulate;

/// The chore of that name: as many simulations for each break, until one of them comes to no good.
pub(crate) fn run(project: &Project, seeds: u64) -> Result<(), Error> {
    let seeds = seeds.to_string();
    let program = || simulate::program(project, &["--features", "sabotage"]);
    // Without a break the same simulations must find nothing, or the table would prove nothing.
    Console.begin("Breaking nothing");
    run_program("simulate", program().args(["--seeds", &seeds]).env_remove(VARIABLE))?;
    let mut unnoticed = 0_usize;
    for one in Break::ALL {
        Console.begin(&format!("Breaking on purpose: {}", one.name()));
        let mut command = program();
        command
            .args(["--seeds", &seeds, "--expect-violation"])
            .env(VARIABLE, one.name());
        let outcome = command
            .output()
            .map_err(Error::file("run", command.get_program().as_ref()))?;
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
