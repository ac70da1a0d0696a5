//! What `sam build` builds the functions with.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use super::{Tools, VirtualEnvironment, prepend_to_path};
use crate::{Error, Progress, Project};

/// cargo-lambda, and Zig, which links for it. They are apart from [`Tools`], because a local AWS can do without.
#[derive(Debug, Clone)]
pub struct LambdaBuilder {
    environment: VirtualEnvironment,
}

impl LambdaBuilder {
    /// Installs what is missing or not up to date.
    ///
    /// # Errors
    /// As [`Tools::ensure`].
    pub fn ensure(project: &Project, progress: &dyn Progress) -> Result<Self, Error> {
        let _lock = project.lock("lambda", progress)?;
        let environment = VirtualEnvironment::new(project, "lambda");
        environment.ensure("cargo-lambda and Zig", progress)?;
        Ok(Self { environment })
    }

    /// Cargo, with `cargo lambda`.
    pub(crate) fn cargo(&self) -> Command {
        self.environment
            .command(env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from))
    }

    /// The SAM CLI, which finds `cargo lambda`.
    pub(crate) fn sam(&self, tools: &Tools) -> Command {
        let mut command = tools.sam();
        prepend_to_path(&mut command, &[self.environment.programs(), tools.sam.programs()]);
        command
    }
}
