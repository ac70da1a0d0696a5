//! The files with events.

use crate::error::Error;
use rehearsal::delivery::Delivery;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file that has a delivery in it, or should.
#[derive(Debug)]
pub(super) struct EventFile {
    /// What people call it: its name, with its folder where that was not asked for by itself.
    pub(super) name: String,
    /// What is in it.
    pub(super) delivery: Result<Delivery, Error>,
}

impl EventFile {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let content = fs::read(path).map_err(|cause| Error::File {
            path: path.to_owned(),
            cause,
        })?;
        let delivery = Delivery::read(&content);
        Ok(Self {
            name: path.display().to_string(),
            delivery: delivery.map_err(|error| Error::Invalid(format!("{} has no event: {error}", path.display()))),
        })
    }

    /// Reads files, and of folders all files that end in `.json`, in the order of their names.
    pub(super) fn read_all(paths: &[PathBuf]) -> Result<Vec<Self>, Error> {
        let mut files = Vec::new();
        for path in paths {
            if path.is_dir() {
                files.extend(Self::of_folder(path)?);
            } else {
                files.push(Self::read(path)?);
            }
        }
        Ok(files)
    }

    fn of_folder(folder: &Path) -> Result<Vec<Self>, Error> {
        let unreadable = |cause| Error::File {
            path: folder.to_owned(),
            cause,
        };
        let entries = fs::read_dir(folder).map_err(unreadable)?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        let mut paths: Vec<PathBuf> = paths.collect::<Result<_, _>>().map_err(unreadable)?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        if paths.is_empty() {
            return Err(Error::Invalid(format!(
                "{} has no events: no file in it ends in .json",
                folder.display()
            )));
        }
        let files = paths.iter().map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok(Self {
                name,
                ..Self::read(path)?
            })
        });
        files.collect()
    }
}
