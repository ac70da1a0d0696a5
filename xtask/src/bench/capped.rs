//! A part of a processor, as Lambda gives it to a function of some memory.
//!
//! Lambda gives a function of 1,769 MB one processor, and smaller ones as much less (its developer guide, "Configure Lambda
//! function memory"). Here a control group of the kernel does that. How Lambda shares a processor out in time is not
//! documented; periods of 20 ms are assumed. That Lambda does not cap a function before its first invocation has been seen
//! by others, and is not documented either; here it is capped from the start.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// The memory in MB at which Lambda gives one processor.
const WHOLE_PROCESSOR_MB: u64 = 1_769;
/// The number of times that the share is given out anew, in microseconds.
const PERIOD: u64 = 20_000;

/// A control group with a part of a processor. Dropping it removes it.
#[derive(Debug)]
pub(super) struct Share {
    folder: PathBuf,
    /// The file through which a process comes into a group: in this one, and in the one that this process is from.
    inside: PathBuf,
    outside: PathBuf,
}

impl Share {
    /// The share of a function of so much memory; or why this machine cannot give it.
    pub(super) fn of_memory(megabytes: u64) -> Result<Self, String> {
        let quota = quota(megabytes);
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let unified = Path::new("/sys/fs/cgroup/cgroup.controllers");
        let (root, own, join, settings) = match fs::read_to_string(unified) {
            Ok(_) => (
                PathBuf::from("/sys/fs/cgroup"),
                path_of(&groups, ""),
                "cgroup.procs",
                vec![("cpu.max", format!("{quota} {PERIOD}"))],
            ),
            Err(_) => (
                PathBuf::from("/sys/fs/cgroup/cpu"),
                path_of(&groups, "cpu"),
                "tasks",
                vec![
                    ("cpu.cfs_period_us", PERIOD.to_string()),
                    ("cpu.cfs_quota_us", quota.to_string()),
                ],
            ),
        };
        let folder = root.join(format!("pagerflow-bench-{}-{megabytes}", std::process::id()));
        let share = Self {
            inside: folder.join(join),
            outside: root.join(own.trim_start_matches('/')).join(join),
            folder,
        };
        let written = fs::create_dir(&share.folder).and_then(|()| {
            settings
                .iter()
                .try_for_each(|(file, value)| fs::write(share.folder.join(file), value))
        });
        written.map_err(|error| format!("a control group cannot be set up here: {error}"))?;
        Ok(share)
    }

    /// Starts a program in it. This thread goes in for that moment, so that the program is inside from its first instruction.
    pub(super) fn spawn(&self, command: &mut Command) -> std::io::Result<Child> {
        fs::write(&self.inside, "0")?;
        let child = command.spawn();
        fs::write(&self.outside, "0")?;
        child
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        // What is left behind is empty, and goes with the next start of the machine.
        let _removed = fs::remove_dir(&self.folder);
    }
}

/// How many microseconds of a period a function of so much memory has.
fn quota(megabytes: u64) -> u64 {
    // The kernel takes nothing below a millisecond.
    (PERIOD * megabytes / WHOLE_PROCESSOR_MB).max(1_000)
}

/// The group that this process is in, of a controller; of none in the unified hierarchy.
fn path_of<'a>(groups: &'a str, controller: &str) -> &'a str {
    let mut lines = groups.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        rest.split_once(':')
    });
    let own = lines.find(|(controllers, _)| controllers.split(',').any(|known| known == controller));
    own.map_or("/", |(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_has_as_much_of_a_processor_as_of_1769_megabytes() {
        assert_eq!([128, 256, 512, 1_024].map(quota), [1_447, 2_894, 5_788, 11_577]);
        assert_eq!(quota(1_769), PERIOD);
    }

    #[test]
    fn the_own_group_is_found_in_both_hierarchies() {
        let groups = "9:name=systemd:/\n2:cpuacct:/x\n1:cpu,cpuset:/jobs\n0::/unified\n";
        assert_eq!(path_of(groups, "cpu"), "/jobs");
        assert_eq!(path_of(groups, ""), "/unified");
        assert_eq!(path_of("", "cpu"), "/");
    }
}
