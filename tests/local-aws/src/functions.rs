//! `sam build` for this machine.

use std::env;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fingerprint::{Fingerprint, is_stamped, set_stamp};
use crate::process::output;
use crate::{Error, Progress, Project, Tools, run};

/// The files that the functions are made of.
const SOURCES: [&str; 10] = [
    "Cargo.toml",
    "Cargo.lock",
    ".cargo",
    "rust-toolchain.toml",
    "template.yaml",
    "samconfig.toml",
    "statemachine",
    "shared",
    "functions",
    "tools/sam.txt",
];

/// The lock under which functions are built: both kinds of build go through the same folder of Cargo's.
const LOCK: &str = "functions";

/// The functions, in the order in which they are built.
const FUNCTIONS: [&str; 5] = [
    "webhook-ingress",
    "workflow-runner",
    "create-incident",
    "resolve-incident",
    "pagerduty-action",
];

/// The release profile makes small binaries, slowly: all of LLVM's optimiser, fat LTO, one unit. For trying things out a
/// quick build matters more. What the code does is the same: no other setting differs, unwinding stays.
const QUICK_PROFILE: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
];

/// The functions and the template as `sam build` leaves them, for the processor of this machine. As long as this lives, no
/// other process builds them.
#[derive(Debug)]
pub struct Functions {
    template: PathBuf,
    architecture: &'static str,
    _lock: File,
}

impl Functions {
    /// Builds the functions if anything that they are made of has changed.
    ///
    /// # Errors
    /// [`Error::NotLinux`], or [`Error::Failed`] after the compiler has said why.
    pub fn build(project: &Project, tools: &Tools, progress: &dyn Progress) -> Result<Self, Error> {
        let architecture = architecture()?;
        let folder = project.scratch().join("functions");
        let functions = Self {
            template: folder.join("template.yaml"),
            architecture,
            _lock: project.lock(LOCK, progress)?,
        };
        let stamp = project.scratch().join("functions.stamp");
        let fingerprint = fingerprint(project, architecture, &QUICK_PROFILE)?;
        if functions.template.exists() && is_stamped(&stamp, &fingerprint) {
            return Ok(functions);
        }
        progress.begin("Building the functions");
        compile(project, tools, architecture, &QUICK_PROFILE)?;
        let mut sam = sam_build(project, tools);
        sam.args(["--config-env", "local", "--build-dir"])
            .arg(&folder)
            .envs(QUICK_PROFILE);
        sam.args(["--parameter-overrides", &format!("Architecture={architecture}")]);
        output("sam build", &mut sam)?;
        set_stamp(&stamp, &fingerprint)?;
        Ok(functions)
    }

    /// Builds the functions as they go to AWS, with a plain `sam build`, and gives the folder that it fills.
    ///
    /// # Errors
    /// [`Error::Failed`] after the compiler has said why.
    pub fn package(project: &Project, tools: &Tools, progress: &dyn Progress) -> Result<PathBuf, Error> {
        let _lock = project.lock(LOCK, progress)?;
        progress.begin("Building the functions for AWS");
        compile(project, tools, "arm64", &[])?;
        output("sam build", &mut sam_build(project, tools))?;
        Ok(project.path(".aws-sam/build"))
    }

    /// The template that `sam build` made.
    pub(crate) fn template(&self) -> &Path {
        &self.template
    }

    /// The processor that the functions are built for, in Lambda's words.
    pub(crate) fn architecture(&self) -> &'static str {
        self.architecture
    }
}

/// `sam build` keeps what Cargo says to itself until the end. Doing the same builds beforehand shows how far they are.
fn compile(project: &Project, tools: &Tools, architecture: &str, profile: &[(&str, &str)]) -> Result<(), Error> {
    for function in FUNCTIONS {
        let mut cargo = tools.cargo();
        cargo
            .args(["lambda", "build", "--release"])
            .envs(profile.iter().copied());
        if architecture == "arm64" {
            cargo.arg("--arm64");
        }
        cargo.current_dir(project.path("functions").join(function));
        run(&format!("the build of {function}"), &mut cargo)?;
    }
    Ok(())
}

fn sam_build(project: &Project, tools: &Tools) -> Command {
    let mut command = tools.sam();
    command.arg("build").current_dir(project.root());
    command
}

fn architecture() -> Result<&'static str, Error> {
    match (env::consts::OS, env::consts::ARCH) {
        ("linux", "aarch64") => Ok("arm64"),
        ("linux", _) => Ok("x86_64"),
        (system, _) => Err(Error::NotLinux(system)),
    }
}

/// Of everything that decides what the built functions are.
fn fingerprint(project: &Project, architecture: &str, profile: &[(&str, &str)]) -> Result<String, Error> {
    let mut fingerprint = Fingerprint::new();
    fingerprint.add(architecture);
    for (name, value) in profile {
        fingerprint.add(name);
        fingerprint.add(value);
    }
    fingerprint.add(&output("rustc --version", Command::new("rustc").arg("--version"))?);
    // Where the folder of the checkout changes, the paths inside the built template do not fit any more.
    fingerprint.add(&project.root().to_string_lossy());
    SOURCES
        .iter()
        .try_for_each(|source| fingerprint.add_path(&project.path(source)))?;
    Ok(fingerprint.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_built_again_where_the_processor_or_the_profile_changes() {
        let project = Project::find().unwrap();
        let built = fingerprint(&project, "arm64", &[("OPT_LEVEL", "0")]).unwrap();

        assert_eq!(fingerprint(&project, "arm64", &[("OPT_LEVEL", "0")]).unwrap(), built);
        assert_ne!(fingerprint(&project, "x86_64", &[("OPT_LEVEL", "0")]).unwrap(), built);
        assert_ne!(fingerprint(&project, "arm64", &[("OPT_LEVEL", "1")]).unwrap(), built);
    }
}
