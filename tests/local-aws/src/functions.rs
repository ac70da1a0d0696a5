//! The functions and the template as `sam deploy` takes them: laid out from programs of this workspace, or by `sam build`.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fingerprint::{Fingerprint, is_stamped, set_stamp};
use crate::process::output;
use crate::{Error, Function, LambdaBuilder, Progress, Project, Template, Tools, run};

/// The files that the functions are made of.
const SOURCES: [&str; 11] = [
    "Cargo.toml",
    "Cargo.lock",
    ".cargo",
    "rust-toolchain.toml",
    Template::PATH,
    "samconfig.toml",
    "statemachine",
    "shared",
    "functions",
    "tools/sam.txt",
    "tools/lambda.txt",
];

/// The lock under which functions are built and laid out.
const LOCK: &str = "functions";

/// The name that Lambda wants a program to have.
const BOOTSTRAP: &str = "bootstrap";

/// The release profile makes small binaries, slowly: all of LLVM's optimiser, fat LTO, one unit. For trying things out a
/// quick build matters more. What the code does is the same: no other setting differs, unwinding stays.
const QUICK_PROFILE: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
];

/// The functions and the template, for the processor of this machine. As long as this lives, no other process changes them.
#[derive(Debug)]
pub struct Functions {
    template: PathBuf,
    architecture: &'static str,
    _lock: File,
}

impl Functions {
    /// Lays out programs that Cargo has built. In the folder everything has the path that the template gives it, so that the
    /// template itself needs no change.
    ///
    /// # Errors
    /// [`Error::NotLinux`], or [`Error::File`] where a program is missing.
    pub fn lay_out(
        project: &Project,
        programs: &[(Function, PathBuf)],
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        let architecture = architecture()?;
        let lock = project.lock(LOCK, progress)?;
        let folder = project.scratch().join("laid-out");
        Ok(Self {
            template: fill(&folder, project, programs)?,
            architecture,
            _lock: lock,
        })
    }

    /// Builds the functions with `sam build`, as they are built for AWS but for the optimiser, if anything that they are made
    /// of has changed.
    ///
    /// # Errors
    /// [`Error::NotLinux`], or [`Error::Failed`] after the compiler has said why.
    pub fn build(
        project: &Project,
        tools: &Tools,
        builder: &LambdaBuilder,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        let architecture = architecture()?;
        let folder = project.scratch().join("functions");
        let functions = Self {
            template: folder.join(Template::PATH),
            architecture,
            _lock: project.lock(LOCK, progress)?,
        };
        let stamp = project.scratch().join("functions.stamp");
        let fingerprint = fingerprint(project, architecture, &QUICK_PROFILE)?;
        if functions.template.exists() && is_stamped(&stamp, &fingerprint) {
            return Ok(functions);
        }
        progress.begin("Building the functions with `sam build`");
        compile(project, builder, architecture, &QUICK_PROFILE)?;
        let mut sam = builder.sam(tools);
        sam.args(["build", "--config-env", "local", "--build-dir"])
            .arg(&folder)
            .envs(QUICK_PROFILE);
        sam.args(["--parameter-overrides", &format!("Architecture={architecture}")]);
        output("sam build", sam.current_dir(project.root()))?;
        set_stamp(&stamp, &fingerprint)?;
        Ok(functions)
    }

    /// Builds the functions as they go to AWS, with a plain `sam build`, and gives the folder that it fills.
    ///
    /// # Errors
    /// [`Error::Failed`] after the compiler has said why.
    pub fn package(
        project: &Project,
        tools: &Tools,
        builder: &LambdaBuilder,
        progress: &dyn Progress,
    ) -> Result<PathBuf, Error> {
        let _lock = project.lock(LOCK, progress)?;
        progress.begin("Building the functions for AWS");
        compile(project, builder, "arm64", &[])?;
        let mut sam = builder.sam(tools);
        output("sam build", sam.arg("build").current_dir(project.root()))?;
        Ok(project.path(".aws-sam/build"))
    }

    /// The template that goes with them.
    pub(crate) fn template(&self) -> &Path {
        &self.template
    }

    /// The processor that the functions are built for, in Lambda's words.
    pub(crate) fn architecture(&self) -> &'static str {
        self.architecture
    }
}

/// Copies the template and all that it names into a folder, and gives the path of the template there.
fn fill(folder: &Path, project: &Project, programs: &[(Function, PathBuf)]) -> Result<PathBuf, Error> {
    for (function, program) in programs {
        copy(program, &folder.join(&function.folder).join(BOOTSTRAP))?;
    }
    for definition in Template::read(project)?.definitions() {
        copy(&project.path(definition), &folder.join(definition))?;
    }
    let template = folder.join(Template::PATH);
    copy(&project.path(Template::PATH), &template)?;
    Ok(template)
}

/// Copies a file, and makes the folder that it is to be in.
fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
    }
    fs::copy(from, to).map(drop).map_err(Error::file("copy", from))
}

/// `sam build` keeps what Cargo says to itself until the end. Doing the same builds beforehand shows how far they are.
fn compile(
    project: &Project,
    builder: &LambdaBuilder,
    architecture: &str,
    profile: &[(&str, &str)],
) -> Result<(), Error> {
    for function in Template::read(project)?.functions()? {
        let mut cargo = builder.cargo();
        cargo
            .args(["lambda", "build", "--release"])
            .envs(profile.iter().copied());
        if architecture == "arm64" {
            cargo.arg("--arm64");
        }
        cargo.current_dir(project.path(&function.folder));
        run(&format!("the build of {}", function.package), &mut cargo)?;
    }
    Ok(())
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

    #[test]
    fn what_is_laid_out_has_everything_where_the_template_says() {
        let project = Project::find().unwrap();
        let folder = env::temp_dir().join(format!("pagerflow-laid-out-{}", std::process::id()));
        let functions = Template::read(&project).unwrap().functions().unwrap();
        let program = project.path("Cargo.toml");
        let programs: Vec<_> = functions
            .into_iter()
            .map(|function| (function, program.clone()))
            .collect();

        let template = fill(&folder, &project, &programs).unwrap();

        assert_eq!(
            fs::read(&template).unwrap(),
            fs::read(project.path("template.yaml")).unwrap()
        );
        for (function, _) in programs {
            let bootstrap = folder.join(function.folder).join("bootstrap");
            assert!(bootstrap.is_file(), "{}", bootstrap.display());
        }
        let mut definitions = 0;
        for definition in Template::read(&project).unwrap().definitions() {
            assert!(folder.join(definition).is_file(), "{definition}");
            definitions += 1;
        }
        assert_eq!(definitions, 1);
        fs::remove_dir_all(folder).unwrap();
    }
}
