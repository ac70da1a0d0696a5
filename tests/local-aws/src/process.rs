//! Child processes that never outlive this one.
//!
//! Each child leads a process group of its own and stands in one list. Whatever way this process ends, short of
//! `SIGKILL`, every group in the list is ended with it: by the owner's drop, or by the signal handler. A group and not
//! only the child, because the emulator starts the functions as children of its own, and `sam` starts Cargo.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{process, thread};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::Error;

/// The time that a child may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(3);
/// The interval at which a child is looked at while it is waited for.
const POLL: Duration = Duration::from_millis(10);
/// Exit code of a process that ends because of Ctrl-C, as shells have it: 128 + SIGINT.
const INTERRUPTED: i32 = 130;

static RUNNING: Mutex<Running> = Mutex::new(Running {
    stopping: false,
    processes: Vec::new(),
});

struct Running {
    stopping: bool,
    processes: Vec<Arc<Mutex<Child>>>,
}

/// A started program, with all that it starts itself. Dropping it ends them.
#[derive(Debug)]
pub(crate) struct Process {
    child: Arc<Mutex<Child>>,
}

impl Process {
    /// Starts `command` without input.
    pub(crate) fn start(command: &mut Command) -> Result<Self, Error> {
        // The list stays locked from before the start until the child is in it, so that no signal can come in between.
        let mut running = lock(&RUNNING);
        if running.stopping {
            return Err(Error::Stopping);
        }
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|source| Error::NotStarted {
                program: command.get_program().to_string_lossy().into_owned(),
                source,
            })?;
        let child = Arc::new(Mutex::new(child));
        running.processes.push(Arc::clone(&child));
        Ok(Self { child })
    }

    /// The exit of the program, if it has ended.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        lock(&self.child).try_wait().ok().flatten()
    }

    fn wait(&self) -> ExitStatus {
        loop {
            match self.ended() {
                Some(status) => return status,
                None => thread::sleep(POLL),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut running = lock(&RUNNING);
        running.processes.retain(|child| !Arc::ptr_eq(child, &self.child));
        end(std::slice::from_ref(&self.child));
    }
}

/// Runs `command` with this process's own output.
///
/// # Errors
/// [`Error::NotStarted`], or [`Error::Failed`] when it ends with anything but success.
pub fn run(what: &str, command: &mut Command) -> Result<(), Error> {
    check(what, Process::start(command)?.wait())
}

/// Runs `command` without showing anything, and gives each line of its standard output to `on_line` at once. Where it
/// fails, the error holds the end of what it wrote.
///
/// # Errors
/// [`Error::NotStarted`], or [`Error::FailedQuietly`] when it ends with anything but success.
pub fn each_line(what: &str, command: &mut Command, mut on_line: impl FnMut(&str)) -> Result<(), Error> {
    let process = Process::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()))?;
    let stderr = lock(&process.child).stderr.take();
    let errors = thread::spawn(move || {
        let mut text = Vec::new();
        // A pipe that breaks only shortens the text of an error.
        let _ = stderr.map(|mut pipe| pipe.read_to_end(&mut text));
        String::from_utf8_lossy(&text).into_owned()
    });
    let mut text = String::new();
    read_lines(&process, |line| {
        on_line(line);
        text.push_str(line);
        text.push('\n');
    });
    let status = process.wait();
    text.push_str(&errors.join().unwrap_or_default());
    check(what, status).map_err(|error| match error {
        Error::Failed { what, status } => Error::FailedQuietly {
            what,
            status,
            output: tail(&text),
        },
        other => other,
    })
}

/// Runs `command` without showing anything, and gives what it wrote to its standard output.
///
/// # Errors
/// [`Error::NotStarted`], or [`Error::FailedQuietly`] when it ends with anything but success.
pub fn output(what: &str, command: &mut Command) -> Result<String, Error> {
    let mut lines = Vec::new();
    each_line(what, command, |line| lines.push(line.to_owned()))?;
    Ok(lines.join("\n"))
}

fn read_lines(process: &Process, mut on_line: impl FnMut(&str)) {
    let stdout = lock(&process.child).stdout.take();
    for line in stdout
        .map(BufReader::new)
        .into_iter()
        .flat_map(BufReader::lines)
        .map_while(Result::ok)
    {
        on_line(&line);
    }
}

/// Ends every child, and lets none start any more.
pub fn stop_all() {
    let mut running = lock(&RUNNING);
    running.stopping = true;
    let processes = std::mem::take(&mut running.processes);
    end(&processes);
}

/// True if everything is being stopped, because a signal came.
pub fn is_stopping() -> bool {
    lock(&RUNNING).stopping
}

/// From now on Ctrl-C, `SIGTERM` and `SIGHUP` end every child, and then this process.
///
/// # Errors
/// [`Error::Signals`] where this was called before.
pub fn stop_all_on_signals() -> Result<(), Error> {
    ctrlc::set_handler(|| {
        stop_all();
        process::exit(INTERRUPTED);
    })
    .map_err(Error::Signals)
}

fn check(what: &str, status: ExitStatus) -> Result<(), Error> {
    if status.success() {
        Ok(())
    } else if is_stopping() {
        Err(Error::Stopping)
    } else {
        Err(Error::Failed {
            what: what.to_owned(),
            status: status.to_string(),
        })
    }
}

/// Asks the groups of `children` to end, and makes them after a while.
fn end(children: &[Arc<Mutex<Child>>]) {
    for child in children {
        signal(&lock(child), Signal::TERM);
    }
    let deadline = Instant::now() + GRACE;
    for child in children {
        while Instant::now() < deadline && matches!(lock(child).try_wait(), Ok(None)) {
            thread::sleep(POLL);
        }
        // Sent even where the leader has ended: other members of the group may not have.
        let mut child = lock(child);
        signal(&child, Signal::KILL);
        // Only collects the exit status; there is nothing left to do about a failure.
        let _ = child.wait();
    }
}

fn signal(child: &Child, signal: Signal) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // The only failure is a group that has ended already.
        let _ = kill_process_group(group, signal);
    }
}

/// The last lines of `text`: enough to see why a tool failed.
fn tail(text: &str) -> String {
    const LINES: usize = 60;
    let lines: Vec<&str> = text.lines().collect();
    lines
        .get(lines.len().saturating_sub(LINES)..)
        .unwrap_or_default()
        .join("\n")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_process_takes_its_own_children_with_it() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 300 & echo $!; wait"]).stdout(Stdio::piped());
        let process = Process::start(&mut command).unwrap();
        let stdout = lock(&process.child).stdout.take().unwrap();
        let mut grandchild = String::new();
        BufReader::new(stdout).read_line(&mut grandchild).unwrap();

        drop(process);

        // The signal is sent; when it takes effect is the kernel's business.
        let is_gone = (0..1_000).any(|_| {
            thread::sleep(POLL);
            !is_alive(grandchild.trim())
        });
        assert!(is_gone, "process {} still runs", grandchild.trim());
    }

    #[test]
    fn a_failed_tool_is_quoted() {
        let error = output(
            "greeting",
            Command::new("sh").args(["-c", "echo hello; echo went wrong >&2; exit 7"]),
        );

        let Err(Error::FailedQuietly { status, output, .. }) = error else {
            panic!("{error:?}")
        };
        assert_eq!(
            (status.as_str(), output.as_str()),
            ("exit status: 7", "hello\nwent wrong")
        );
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run("nothing", &mut Command::new("no-such-program")).unwrap_err();

        assert_eq!(error.to_string(), "no-such-program could not be started");
    }

    /// A killed process can stay as a zombie until somebody collects it; it runs no more.
    fn is_alive(process: &str) -> bool {
        let state = std::fs::read_to_string(format!("/proc/{process}/stat"));
        state.is_ok_and(|text| !text.contains(") Z "))
    }
}
