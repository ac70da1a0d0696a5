//! Tools that are Rust programs. They are built here, because crates.io has their sources alone.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use crate::environment::without_own_package;
use crate::fingerprint::{is_stamped, set_stamp};
use crate::process::output;
use crate::{Error, Progress, Project};

/// Judges templates by rules.
pub(super) const GUARD: CargoTool = CargoTool {
    name: "cfn-guard",
    version: "=3.2.1",
    folder: "guard",
};

/// Judges the crates that a workspace is built from.
pub(super) const DENY: CargoTool = CargoTool {
    name: "cargo-deny",
    version: "=0.20.2",
    folder: "deny",
};

/// A program at one version. Its own Cargo.lock pins the rest.
#[derive(Debug)]
pub(super) struct CargoTool {
    name: &'static str,
    version: &'static str,
    /// Its place in `.pagerflow/tools`, and the name of the lock under which it is built.
    folder: &'static str,
}

impl CargoTool {
    /// The program, built if it is missing or not up to date.
    ///
    /// A debug build takes a fraction of the time of a release build, most of all of cargo-deny's, which asks for fat LTO; each
    /// of them does its work within seconds all the same. Line tables would take time too, and be of use to nobody.
    pub(super) fn ensure(&self, project: &Project, progress: &dyn Progress) -> Result<PathBuf, Error> {
        let Self { name, version, folder } = self;
        let _lock = project.lock(folder, progress)?;
        let root = project.scratch().join("tools").join(folder);
        let program = root.join("bin").join(name);
        let stamp = root.join("installed");
        if program.exists() && is_stamped(&stamp, version) {
            return Ok(program);
        }
        progress.begin(&format!("Building {name} into .pagerflow/tools (about a minute)"));
        let target = root.join("build");
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        without_own_package(&mut cargo);
        cargo.args(["install", name, "--locked", "--debug", "--force", "--version", version]);
        cargo.arg("--root").arg(&root).arg("--target-dir").arg(&target);
        cargo.current_dir(project.root()).env("CARGO_PROFILE_DEV_DEBUG", "0");
        output(&format!("cargo install {name}"), &mut cargo)?;
        fs::remove_dir_all(&target).map_err(Error::file("remove", &target))?;
        set_stamp(&stamp, version)?;
        Ok(program)
    }
}
