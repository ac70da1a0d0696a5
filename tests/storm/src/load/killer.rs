//! The end of the functions' processes, every second.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

const EVERY: Duration = Duration::from_secs(1);

/// Kills all functions of a local AWS every second for some time, unless it is dropped before.
#[derive(Debug)]
pub(super) struct Killer {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Killer {
    /// For the functions of the local AWS at a URL.
    pub(super) fn start(endpoint_url: String, lasts: Duration) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let ends = Instant::now() + lasts;
        let thread = thread::spawn(move || {
            while !over.load(Ordering::Relaxed) && Instant::now() < ends {
                thread::sleep(EVERY);
                kill(&functions(&endpoint_url));
            }
        });
        Self {
            is_over,
            thread: Some(thread),
        }
    }
}

impl Drop for Killer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

/// The processes of the functions: programs of their name that were given the URL of this very local AWS, and no others.
fn functions(endpoint_url: &str) -> Vec<String> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let setting = format!("AWS_ENDPOINT_URL={endpoint_url}");
    let is_function = |process: &Path| {
        let program = fs::read_link(process.join("exe")).unwrap_or_default();
        let environment = fs::read(process.join("environ")).unwrap_or_default();
        program.ends_with("bootstrap") && has(&environment, &setting)
    };
    let processes = processes.flatten().map(|process| process.path());
    let functions = processes.filter(|process| is_function(process));
    functions
        .filter_map(|process| Some(process.file_name()?.to_str()?.to_owned()))
        .collect()
}

/// True if an environment, as the kernel tells it, has a setting.
fn has(environment: &[u8], setting: &str) -> bool {
    environment
        .split(|byte| *byte == 0)
        .any(|known| known == setting.as_bytes())
}

fn kill(processes: &[String]) {
    if !processes.is_empty() {
        // Some have ended by themselves meanwhile.
        let _killed = Command::new("kill").arg("-9").args(processes).status();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_functions_of_this_local_aws_are_killed() {
        let environment = b"PATH=/bin\0AWS_ENDPOINT_URL=http://127.0.0.1:4566\0";
        assert!(has(environment, "AWS_ENDPOINT_URL=http://127.0.0.1:4566"));
        assert!(!has(environment, "AWS_ENDPOINT_URL=http://127.0.0.1:456"));
        assert!(functions("http://127.0.0.1:1").is_empty());
    }
}
