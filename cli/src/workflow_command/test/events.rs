//! The files with events.

use crate::error::Error;
use rehearsal::delivery::{Delivery, NoDelivery};
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
};

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
    /// What is wrong with it.
    pub(super) reason: String,
}

/// What was found to play.
#[derive(Debug, Default)]
pub(super) struct Events {
    pub(super) files: Vec<EventFile>,
    pub(super) passed_over: Vec<PassedOver>,
}

/// Reads the delivery in a file that somebody has named.
pub(super) fn delivery(path: &Path) -> Result<Delivery, Error> {
    let delivery = Delivery::read(&content(path)?);
    delivery.map_err(|error| Error::Invalid(format!("{} has no event: {error}", path.display())))
}

impl Events {
    /// Reads files, and of folders all files that end in `.json`, in the order of their names. JSON of something else in a
    /// folder is passed over: inputs of actions may lie there as well. What cannot be read at all may be an event that is
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
        let paths = json_files(folder)?;
        let before = self.files.len();
        for path in &paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match Delivery::read(&content(path)?) {
                Err(reason @ NoDelivery::SomethingElse) => self.passed_over.push(PassedOver {
                    file: name,
                    reason: reason.to_string(),
                }),
                read => self.files.push(EventFile {
                    name,
                    delivery: read.map_err(|error| format!("it has no event: {error}")),
                }),
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

fn content(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|cause| Error::File {
        path: path.to_owned(),
        cause,
    })
}

fn json_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let unreadable = |cause| Error::File {
        path: folder.to_owned(),
        cause,
    };
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths.collect::<Result<_, _>>().map_err(unreadable)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    Ok(paths)
}
