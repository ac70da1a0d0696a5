//! `pagerflow workflow validate`.

use super::files::{self, PassedOver, Sources};
use crate::{
    error::Error,
    known_connectors::KnownConnectors,
    output::{Notices, Screen, View},
};
use serde::Serialize;
use std::path::PathBuf;
use workflow::{definition::Problem, ids::WorkflowId};

/// Definitions that are valid.
#[derive(Debug, Serialize)]
pub(super) struct Valid {
    valid: Vec<WorkflowId>,
    warnings: Vec<Warning>,
    passed_over: Vec<PassedOver>,
}

/// A warning about a file.
#[derive(Debug, Serialize)]
struct Warning {
    file: PathBuf,
    #[serde(flatten)]
    problem: Problem,
}

/// Reads and checks definitions, with the connectors of these files beside those that come with the program.
pub(super) fn validate(paths: &[PathBuf], connectors: &[PathBuf], notices: Notices) -> Result<Valid, Error> {
    let found = files::read(paths, &KnownConnectors::of_files(connectors)?)?;
    found.remark(notices);
    let Sources { sources, passed_over } = found;
    let warnings = sources.iter().flat_map(|source| {
        let warnings = source.draft.warnings().iter();
        warnings.map(|problem| Warning {
            file: source.path.clone(),
            problem: problem.clone(),
        })
    });
    Ok(Valid {
        warnings: warnings.collect(),
        valid: sources.iter().map(|source| source.draft.name().clone()).collect(),
        passed_over,
    })
}

impl View for Valid {
    fn text(&self, _: Screen) -> String {
        let names: Vec<&str> = self.valid.iter().map(WorkflowId::as_str).collect();
        match names.as_slice() {
            [name] => format!("{name} is valid."),
            names => format!("{} are valid.", names.join(", ")),
        }
    }
}
