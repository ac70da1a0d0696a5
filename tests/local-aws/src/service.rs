//! A program that answers HTTP on this machine.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::Error;
use crate::process::Process;

/// The time that a service may take until it answers. The emulator takes about a second on two cores; a loaded machine more.
const READY_WITHIN: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(25);

/// A program that answers HTTP on this machine. Dropping it ends it, with all that it started.
#[derive(Debug)]
pub struct Service {
    name: String,
    log: PathBuf,
    process: Process,
}

impl Service {
    /// Starts `command`, with its output going to `log`, and waits until `ready_url` answers with a 2xx.
    ///
    /// # Errors
    /// [`Error::NotStarted`], or [`Error::NotReady`] where it ends or says nothing for a minute.
    pub fn start(name: &str, command: &mut Command, log: &Path, ready_url: &str) -> Result<Self, Error> {
        let output = File::create(log).map_err(Error::file("create", log))?;
        let errors = output.try_clone().map_err(Error::file("open", log))?;
        let process = Process::start(command.stdout(output).stderr(errors))?;
        let service = Self {
            name: name.to_owned(),
            log: log.to_owned(),
            process,
        };
        let deadline = Instant::now() + READY_WITHIN;
        while !answers(ready_url) {
            service.check()?;
            if Instant::now() > deadline {
                return Err(service.not_ready(format!("did not answer within {} s", READY_WITHIN.as_secs())));
            }
            thread::sleep(POLL);
        }
        Ok(service)
    }

    /// Says whether the service still runs.
    ///
    /// # Errors
    /// [`Error::NotReady`] where it has ended.
    pub fn check(&self) -> Result<(), Error> {
        match self.process.ended() {
            None => Ok(()),
            Some(_) if crate::is_stopping() => Err(Error::Stopping),
            Some(status) => Err(self.not_ready(format!("ended by itself ({status})"))),
        }
    }

    /// Where its output goes.
    pub fn log(&self) -> &Path {
        &self.log
    }

    fn not_ready(&self, how: String) -> Error {
        Error::NotReady {
            name: self.name.clone(),
            how,
            log: self.log.clone(),
        }
    }
}

/// A TCP port of the loopback interface that nothing listens on.
///
/// # Errors
/// [`Error::NoPort`] where the system has none left.
pub fn free_port() -> Result<u16, Error> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(Error::NoPort)?;
    listener
        .local_addr()
        .map(|address| address.port())
        .map_err(Error::NoPort)
}

fn answers(url: &str) -> bool {
    let config = ureq::Agent::config_builder()
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(1)))
        .build();
    config.new_agent().get(url).call().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_ends_at_once_is_reported_with_its_log() {
        let log = std::env::temp_dir().join(format!("local-aws-service-{}.log", std::process::id()));

        let started = Service::start("the service", &mut Command::new("false"), &log, "http://127.0.0.1:9/");

        let error = started.unwrap_err().to_string();
        assert!(
            error.starts_with("the service ended by itself (exit status: 1). Its log: "),
            "{error}"
        );
        std::fs::remove_file(log).unwrap();
    }
}
