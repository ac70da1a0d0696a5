//! What is known of each crate.

use std::collections::BTreeMap;
use std::fs;

use local_aws::{Project, output};
use serde::Deserialize;

use super::TARGET;
use super::tree::Crate;
use crate::cloud::cargo;
use crate::error::Error;

/// Where `Cargo.lock` says that a crate of crates.io is from.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// What is known of all crates of the workspace.
#[derive(Debug)]
pub(super) struct Details {
    crates: BTreeMap<Crate, Detail>,
    checksums: BTreeMap<Crate, String>,
}

/// What a crate says of itself.
#[derive(Debug, Deserialize)]
pub(super) struct Detail {
    pub(super) description: Option<String>,
    pub(super) license: Option<String>,
    pub(super) repository: Option<String>,
    source: Option<String>,
}

impl Detail {
    /// True if it is from crates.io. Otherwise it is our own: `deny.toml` lets in nothing else.
    pub(super) fn is_of_crates_io(&self) -> bool {
        self.source.as_deref() == Some(CRATES_IO)
    }
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    #[serde(flatten)]
    detail: Detail,
}

impl Details {
    pub(super) fn read(project: &Project) -> Result<Self, Error> {
        let mut metadata = cargo(project);
        metadata.args([
            "metadata",
            "--locked",
            "--format-version",
            "1",
            "--filter-platform",
            TARGET,
        ]);
        let metadata: Metadata = serde_json::from_str(&output("cargo metadata", &mut metadata)?)
            .map_err(Error::json("the output of cargo metadata"))?;
        let crates = metadata.packages.into_iter();
        let path = project.path("Cargo.lock");
        let lock = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
        Ok(Self {
            crates: crates
                .map(|package| ((package.name, package.version), package.detail))
                .collect(),
            checksums: checksums(&lock),
        })
    }

    /// What is known of a crate that is in a function.
    pub(super) fn of(&self, found: &Crate) -> Result<&Detail, Error> {
        self.crates.get(found).ok_or_else(|| Error::Unreadable {
            what: "the crate that cargo tree tells of",
            text: format!("cargo metadata: no {} {}", found.0, found.1),
        })
    }

    /// The SHA-256 of what crates.io gave for it.
    pub(super) fn checksum(&self, found: &Crate) -> Option<&str> {
        self.checksums.get(found).map(String::as_str)
    }
}

/// The checksums of a `Cargo.lock`, which Cargo always writes in the same form.
fn checksums(lock: &str) -> BTreeMap<Crate, String> {
    lock.split("[[package]]")
        .filter_map(|package| {
            let value = |name: &str| {
                package
                    .lines()
                    .find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \"")?.strip_suffix('"'))
                    .map(str::to_owned)
            };
            Some(((value("name")?, value("version")?), value("checksum")?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_from_crates_io_has_a_checksum() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry\"\nchecksum = \"ab12\"\n\n\
            [[package]]\nname = \"ours\"\nversion = \"0.1.0\"\ndependencies = [\n \"a\",\n]\n";

        let expected = BTreeMap::from([(("a".to_owned(), "1.0.0".to_owned()), "ab12".to_owned())]);
        assert_eq!(checksums(lock), expected);
    }
}
