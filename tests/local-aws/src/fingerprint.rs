//! Whether anything has changed since the last time.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::Error;

/// A hash over files and words.
pub(crate) struct Fingerprint {
    hasher: Sha256,
}

impl Fingerprint {
    pub(crate) fn new() -> Self {
        Self { hasher: Sha256::new() }
    }

    /// Takes in a word.
    pub(crate) fn add(&mut self, word: &str) {
        self.hasher.update((word.len() as u64).to_le_bytes());
        self.hasher.update(word);
    }

    /// Takes in a file, or all files below a folder, by name and content. What is not there is taken in as such.
    pub(crate) fn add_path(&mut self, path: &Path) -> Result<(), Error> {
        self.add(&path.to_string_lossy());
        if path.is_dir() {
            let entries = fs::read_dir(path).map_err(Error::file("read", path))?;
            let entries: Result<Vec<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
            let mut entries = entries.map_err(Error::file("read", path))?;
            entries.sort();
            entries.iter().try_for_each(|entry| self.add_path(entry))
        } else if path.exists() {
            let content = fs::read(path).map_err(Error::file("read", path))?;
            self.hasher.update((content.len() as u64).to_le_bytes());
            self.hasher.update(content);
            Ok(())
        } else {
            self.add("absent");
            Ok(())
        }
    }

    /// The hash in hexadecimal.
    pub(crate) fn finish(self) -> String {
        self.hasher.finalize().iter().fold(String::new(), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// True if `stamp` holds `fingerprint`.
pub(crate) fn is_stamped(stamp: &Path, fingerprint: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|text| text == fingerprint)
}

/// Writes `fingerprint` to `stamp`.
pub(crate) fn set_stamp(stamp: &Path, fingerprint: &str) -> Result<(), Error> {
    fs::write(stamp, fingerprint).map_err(Error::file("write", stamp))
}
