//! What others have written and is built in here, or built with: whether it may be used, and whether it is known to be faulty.
//!
//! # Layout
//! - `deny`: crates, by the rules of `deny.toml`
//! - `faults`: what these rules must refuse
//! - `database`: advisories of our own, for when there are no others, and for the faults
//! - `python`: the Python packages of `tools/*.txt`
//! - `gap`: what could not be looked for

mod database;
mod deny;
mod faults;
mod gap;
mod python;

use local_aws::{Auditors, Project};

pub(crate) use gap::Gap;

use crate::console::Console;
use crate::error::Error;
use crate::sbom;

/// Looks at all of it. The answer has what could not be looked for here; that has been said already.
pub(crate) fn check(project: &Project) -> Result<Vec<Gap>, Error> {
    let auditors = Auditors::ensure(project, &Console)?;
    let database = database::Database::make(project)?;
    deny::check(&auditors)?;
    faults::are_refused(project, &auditors, &database)?;
    let mut gaps = deny::look_for_advisories(project, &auditors, &database)?;
    gaps.extend(python::look_for_advisories(project, &auditors)?);
    sbom::check(project, &auditors)?;
    Ok(gaps)
}
