//! Problems of files that people write, with their places.

use crate::error::Error;
use std::{fmt, path::Path};
use workflow::{
    definition::{Problem, Problems},
    step_name::StepName,
};

/// The problems of several files, in the form that editors and terminals make a link of: `file:line:column: message`.
#[derive(Debug, Default)]
pub(crate) struct Told(Vec<String>);

impl Told {
    pub(crate) fn add(&mut self, path: &Path, problems: &Problems) {
        self.0.extend(problems.iter().map(|problem| located(path, problem)));
    }

    /// An error where there is any.
    pub(crate) fn none(self) -> Result<(), Error> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(self.into_error()),
        }
    }

    pub(crate) fn into_error(self) -> Error {
        Error::Invalid(self.to_string())
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => writeln!(f, "1 problem")?,
            count => writeln!(f, "{count} problems")?,
        }
        f.write_str(&self.0.join("\n"))
    }
}

pub(crate) fn located(path: &Path, problem: &Problem) -> String {
    let at = match (problem.line, problem.column) {
        (Some(line), Some(column)) => format!("{line}:{column}:"),
        _ => String::new(),
    };
    let message = &problem.message;
    match place(&problem.path).as_str() {
        "" => format!("{}:{at} {message}", path.display()),
        place => format!("{}:{at} {place}: {message}", path.display()),
    }
}

/// A place in a definition as people read it: the step by its name, and then what of it.
pub(crate) fn place(path: &str) -> String {
    match StepName::at_place(path) {
        None => path.to_owned(),
        Some((step, "")) => step.in_words(),
        Some((step, rest)) => format!("{}: {rest}", step.in_words()),
    }
}
