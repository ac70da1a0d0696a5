//! What was measured on, and when.

use std::fmt;
use std::fs;
use std::process::Command;
use std::thread;

use local_aws::{Project, output};

use crate::error::Error;

/// A machine at a time, with the commit that it had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Machine {
    processor: String,
    cores: usize,
    memory_gib: u64,
    kernel: String,
    /// The number of processes wanted that a core in the last minute.
    load: String,
    date: String,
    commit: String,
}

impl Machine {
    /// This machine now.
    pub(super) fn here(project: &Project) -> Result<Self, Error> {
        let git = |arguments: &[&str]| {
            let mut git = Command::new("git");
            output("git", git.args(arguments).current_dir(project.root()))
        };
        let sources = ["status", "--porcelain", "--untracked-files=no", "--", ":!docs"];
        let changes = if git(&sources)?.trim().is_empty() {
            ""
        } else {
            " with changes"
        };
        Ok(Self {
            processor: processor(&read("/proc/cpuinfo")).to_owned(),
            cores: thread::available_parallelism().map_or(1, usize::from),
            memory_gib: memory_gib(&read("/proc/meminfo")),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load: read("/proc/loadavg")
                .split_whitespace()
                .next()
                .unwrap_or("unknown")
                .to_owned(),
            date: output("date", Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]))?
                .trim()
                .to_owned(),
            commit: format!("{}{changes}", git(&["rev-parse", "--short=12", "HEAD"])?.trim()),
        })
    }
}

/// What the system does not tell stays out; it is no reason not to measure.
fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Processors of Arm tell no name there.
fn processor(cpuinfo: &str) -> &str {
    let line = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"));
    let name = line.and_then(|line| line.split_once(':'));
    name.map_or("processor without a name", |(_, name)| name.trim())
}

fn memory_gib(meminfo: &str) -> u64 {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0).div_ceil(1 << 20)
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Measured {} at commit {} on {}, {} cores, {} GiB, Linux {}, load before it {}.",
            self.date, self.commit, self.processor, self.cores, self.memory_gib, self.kernel, self.load
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_tells_of_itself_is_read() {
        assert_eq!(processor("processor\t: 0\nmodel name\t: AMD EPYC\n"), "AMD EPYC");
        assert_eq!(processor("processor\t: 0\n"), "processor without a name");
        assert_eq!(memory_gib("MemTotal:       24684040 kB\nMemFree: 1 kB\n"), 24);
        assert_eq!(memory_gib(""), 0);
    }
}
