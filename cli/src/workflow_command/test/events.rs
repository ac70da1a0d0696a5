//! The files with events.

use crate::{error::Error, text_file, workflow_command::files};
use rehearsal::delivery::{Delivery, NoDelivery};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A file in a folder of events.
#[derive(Debug)]
pub(super) struct EventFile {
    /// What people call it: its name, with its folder where that was not asked for by itself.
    pub(super) name: String,
    /// What is in it, or why that cannot be read.
    pub(super) delivery: Result<Delivery, String>,
}

/// A file in a folder of events that has something else in it.
#[derive(Debug, Serialize)]
pub(super) struct PassedOver {
    /// Its name.
    pub(super) file: String,
    /// The reason.
    pub(super) reason: String,
    /// The same in a few words.
    #[serde(skip)]
    pub(super) in_short: &'static str,
}

/// What was found to play.
#[derive(Debug, Default)]
pub(super) struct Events {
    pub(super) files: Vec<EventFile>,
    pub(super) passed_over: Vec<PassedOver>,
}

/// Reads the delivery in a file that was named.
pub(super) fn delivery(path: &Path) -> Result<Delivery, Error> {
    let delivery = Delivery::read(text_file::read(path)?.as_bytes());
    delivery.map_err(|error| Error::Invalid(format!("{} has no event: {error}", path.display())))
}

impl Events {
    /// Reads files, and of folders all files that end in `.json`, in the order of their names, but not hidden ones. JSON of
    /// something else in a folder is passed over: inputs of actions may lie there as well. What cannot be read at all may be an event that is
    /// damaged, and counts as one.
    pub(super) fn read(paths: &[PathBuf]) -> Result<Self, Error> {
        let mut events = Self::default();
        for path in paths {
            if path.is_dir() {
                events.read_folder(path)?;
            } else {
                events.files.push(EventFile {
                    name: path.display().to_string(),
                    delivery: Ok(delivery(path)?),
                });
            }
        }
        Ok(events)
    }

    fn read_folder(&mut self, folder: &Path) -> Result<(), Error> {
        let mut paths = Vec::new();
        for path in files::entries(folder)? {
            match files::reason_to_pass_over(&path, &["json"]) {
                None => paths.push(path),
                Some(reason) => self.passed_over.push(PassedOver {
                    file: name(&path),
                    reason: format!("it is {reason}"),
                    in_short: reason,
                }),
            }
        }
        let before = self.files.len();
        for path in &paths {
            match text_file::read(path).map(|text| Delivery::read(text.as_bytes())) {
                Ok(Err(reason @ NoDelivery::SomethingElse)) => self.passed_over.push(PassedOver {
                    file: name(path),
                    reason: reason.to_string(),
                    in_short: "not a delivery of PagerDuty",
                }),
                Ok(read) => self.files.push(EventFile {
                    name: name(path),
                    delivery: read.map_err(|error| format!("it has no event: {error}")),
                }),
                // A text that cannot be decoded is a damaged event.
                Err(Error::Invalid(problem)) => self.files.push(EventFile {
                    name: name(path),
                    delivery: Err(problem),
                }),
                Err(error) => return Err(error),
            }
        }
        if self.files.len() > before {
            return Ok(());
        }
        Err(Error::Invalid(match paths.as_slice() {
            [] => format!("{} has no events: no file in it ends in .json", folder.display()),
            _ => format!(
                "{} has no events: none of its .json files is {}",
                folder.display(),
                "what PagerDuty sends (an object with `event`, or with `messages`), alone or as API Gateway hands it on"
            ),
        }))
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
