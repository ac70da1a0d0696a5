//! The number of instructions that a request or a Plan takes, and how many calls of AWS.
//!
//! valgrind counts the instructions of a whole program. So the program does its one thing some times, and then twice as often;
//! what the second count has more than the first is the thing alone. The result hardly changes with the load of the machine.

use std::path::Path;
use std::process::Command;

use ::tests::figures::Table;
use local_aws::{Progress, Project, output};

use super::functions::build_repeater;
use crate::console::Console;
use crate::error::Error;

/// The cases of the program `instructions`, and how they are told.
const CASES: [(&str, &str); 12] = [
    ("v3", "V3 delivery of 1.5 KB, accepted"),
    ("large-v3", "V3 delivery of 55 KB, accepted"),
    ("fan-out", "V3 delivery of 55 KB, accepted for 200 workflows"),
    ("v2", "V2 delivery of 5 KB, accepted"),
    ("duplicate", "V3 delivery of 1.5 KB, duplicate"),
    ("filtered", "V3 delivery of 1.5 KB, filtered out by a condition"),
    ("forged", "V3 delivery of 1.5 KB, wrong signature"),
    ("garbage", "V3 delivery of 1.5 KB, no API key"),
    ("plan10", "Plan at the last of 10 steps"),
    ("plan100", "Plan at the last of 100 steps"),
    ("plan1000", "Plan at the last of 1,000 steps"),
    ("plan5000", "Plan at the last of 5,000 steps"),
];

/// The number of times that a thing is done under valgrind, and then twice as often.
const TIMES: u64 = 100;
/// The number of times that without it, for the time.
const TIMED: u64 = 2_000;

pub(super) fn measure(project: &Project) -> Result<String, Error> {
    install_valgrind()?;
    let program = build_repeater(project)?;
    let mut table = Table::new(&["what", "instructions", "µs here", "AWS calls cold", "warm"]);
    for (case, what) in CASES {
        let once = instructions(&program, case, TIMES)?;
        let twice = instructions(&program, case, 2 * TIMES)?;
        let Taken {
            microseconds,
            cold,
            warm,
        } = taken(&program, case)?;
        table.row([
            what.to_owned(),
            grouped(twice.saturating_sub(once) / TIMES),
            microseconds,
            cold,
            warm,
        ]);
    }
    Ok(format!(
        "{table}\nFrom the JSON that Lambda hands over to the answer, logging included; AWS answers at once and takes no part of it. \
         The SDK's own work for a call, its signature and its TLS, is not in it. Counted by valgrind, {TIMES} times and twice as \
         often; it knows no processor's instructions for SHA-256, which the real ones have. A workflow has 5,000 steps at most. \
         Cold is the first time in a new environment, of a Plan the first of a run.\n"
    ))
}

/// Installs valgrind where it is not.
fn install_valgrind() -> Result<(), Error> {
    if output("valgrind", Command::new("valgrind").arg("--version")).is_ok() {
        return Ok(());
    }
    Console.begin("Installing valgrind");
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "--no-install-recommends", "valgrind"]);
    local_aws::run("apt-get install valgrind, as root", &mut install).map_err(Error::from)
}

/// The instructions of a program that does a thing so often.
fn instructions(program: &Path, case: &str, times: u64) -> Result<u64, Error> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]);
    valgrind.arg("--log-fd=1").arg(program).args([case, &times.to_string()]);
    let told = output("valgrind", &mut valgrind)?;
    counted(&told).ok_or_else(|| Error::Unreadable {
        what: "valgrind's count",
        text: told,
    })
}

/// The count in what valgrind says.
fn counted(told: &str) -> Option<u64> {
    let line = told
        .lines()
        .find(|line| line.contains("I ") && line.contains("refs:"))?;
    let digits: String = line
        .split_once("refs:")?
        .1
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

/// What the program says of one time, as it stands in the table.
#[derive(Debug, PartialEq, Eq)]
struct Taken {
    microseconds: String,
    cold: String,
    warm: String,
}

fn taken(program: &Path, case: &str) -> Result<Taken, Error> {
    let mut command = Command::new("sh");
    // Its numbers are on standard error, because its log is on standard output.
    command.args(["-c", "exec \"$0\" \"$@\" 2>&1 >/dev/null"]);
    command.arg(program).args([case, &TIMED.to_string()]);
    let told = output(case, &mut command)?;
    said(&told).ok_or_else(|| Error::Unreadable {
        what: "the numbers of the program",
        text: told,
    })
}

#[expect(clippy::cast_precision_loss, reason = "a time in nanoseconds has few digits")]
fn said(told: &str) -> Option<Taken> {
    let mut numbers = told.split_whitespace().map(str::parse::<u64>);
    let nanoseconds = numbers.next()?.ok()?;
    Some(Taken {
        microseconds: format!("{:.1}", nanoseconds as f64 / 1e3),
        cold: numbers.next()?.ok()?.to_string(),
        warm: numbers.next()?.ok()?.to_string(),
    })
}

/// A number with commas.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found_in_what_valgrind_says() {
        let told =
            "==7== Cachegrind, a cache profiler\n{\"level\":\"INFO\"}\n==7== \n==7== I   refs:      12,345,678\n";
        assert_eq!(counted(told), Some(12_345_678));
        assert_eq!(counted("==7== I refs: 99\n"), Some(99));
        assert_eq!(counted("==7== nothing\n"), None);
    }

    #[test]
    fn the_program_says_time_and_calls() {
        let taken = said("12345 3 1\n").unwrap();
        assert_eq!(
            [taken.microseconds.as_str(), &taken.cold, &taken.warm],
            ["12.3", "3", "1"]
        );
        assert_eq!(said("error: no key\n"), None);
    }

    #[test]
    fn a_large_number_has_commas() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"].map(str::to_owned)
        );
    }
}
