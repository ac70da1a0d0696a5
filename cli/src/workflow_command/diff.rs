//! `pagerflow workflow diff`.

use super::{
    account::Accounts,
    files,
    names::Lookup,
    stored::{self, VersionNumber},
};
use crate::{
    change::Change,
    error::Error,
    known,
    output::{Notices, Screen, View},
    stack::Stack,
};
use clap::Args;
use serde::Serialize;
use std::path::Path;
use workflow::{
    definition::Definition,
    ids::{WorkflowId, WorkflowVersion},
};

/// The two versions to compare.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The workflow, or a file with a definition, which is compared with the active version of its workflow. What can be
    /// the name of a workflow is one; write `./name` for a file of that name.
    #[arg(value_name = "NAME|FILE")]
    target: String,
    /// The older version; the one before the newer if not given. For a file: instead of the active version.
    #[arg(long, value_name = "VERSION")]
    from: Option<VersionNumber>,
    /// The newer version; the active one if not given.
    #[arg(long, value_name = "VERSION")]
    to: Option<VersionNumber>,
    /// For a file: do not ask PagerDuty what names in it mean.
    #[arg(long)]
    offline: bool,
}

/// A definition and what it is called.
struct Side {
    name: String,
    definition: Definition,
}

/// The difference between two definitions.
#[derive(Debug, Serialize)]
pub(super) struct Compared {
    workflow: WorkflowId,
    from: String,
    to: String,
    difference: Change,
}

pub(super) async fn diff(options: &Options, stack: &Stack, notices: Notices) -> Result<Compared, Error> {
    let (workflow, from, to) = match options.target.parse::<WorkflowId>() {
        Ok(workflow) => {
            let (from, to) = of_versions(&workflow, options, stack).await?;
            (workflow, from, to)
        }
        Err(_) => of_file(options, stack, notices).await?,
    };
    Ok(Compared {
        workflow,
        difference: Change::between((&from.name, &from.definition), (&to.name, &to.definition)),
        from: from.name,
        to: to.name,
    })
}

impl View for Compared {
    fn text(&self, screen: Screen) -> String {
        let Self {
            from, to, difference, ..
        } = self;
        match difference.is_none() {
            true => format!("{from} and {to} say the same."),
            false => format!("{}\n{}.", difference.shown(screen), difference.summary()),
        }
    }
}

async fn of_versions(workflow: &WorkflowId, options: &Options, stack: &Stack) -> Result<(Side, Side), Error> {
    let active = known::workflow(workflow, stack).await?.active_version;
    let to = options.to.map_or(active, |version| version.0);
    let from = match options.from {
        Some(from) => from.0,
        None => before(workflow, to)?,
    };
    Ok((side(workflow, from, stack).await?, side(workflow, to, stack).await?))
}

/// The version before another.
fn before(workflow: &WorkflowId, version: WorkflowVersion) -> Result<WorkflowVersion, Error> {
    match version.0.checked_sub(1) {
        Some(before @ 1..) => Ok(WorkflowVersion(before)),
        _ => Err(Error::Invalid(format!(
            "{version} is the first version of {workflow}; say with --to or --from what to compare"
        ))),
    }
}

async fn side(workflow: &WorkflowId, version: WorkflowVersion, stack: &Stack) -> Result<Side, Error> {
    Ok(Side {
        name: format!("{workflow} {version}"),
        definition: stored::version(workflow, version, stack).await?,
    })
}

/// The sides where one is a file. Names in it are taken for what they mean now.
async fn of_file(options: &Options, stack: &Stack, notices: Notices) -> Result<(WorkflowId, Side, Side), Error> {
    if options.to.is_some() {
        return Err(Error::Invalid(
            "a file is compared with the version of --from; leave --to out".to_owned(),
        ));
    }
    let path = Path::new(&options.target);
    let connectors = stack.connectors().await?;
    let source = files::read_one(path, connectors)?;
    let workflow = source.draft.name().clone();
    let lookup = match options.offline {
        true => Lookup::nothing(),
        false => Lookup::of(source.draft.references().iter(), &Accounts { stack, notices }).await,
    };
    for gap in lookup.gaps() {
        notices.warn(&gap);
    }
    let meaning = |reference: &_| lookup.meaning(reference).map(|meaning| meaning.value);
    let definition = source
        .draft
        .resolved(connectors.catalog(), meaning)
        .map_err(|found| files::told(path, &found))?;
    let version = match options.from {
        Some(from) => from.0,
        None => known::workflow(&workflow, stack).await?.active_version,
    };
    let from = side(&workflow, version, stack).await?;
    let to = Side {
        name: options.target.clone(),
        definition,
    };
    Ok((workflow, from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_compared_with_the_one_before_it() {
        let workflow: WorkflowId = "a".parse().unwrap();
        assert_eq!(before(&workflow, WorkflowVersion(3)).unwrap(), WorkflowVersion(2));
        insta::assert_snapshot!(before(&workflow, WorkflowVersion(1)).unwrap_err(), @"v1 is the first version of a; say with --to or --from what to compare");
    }
}
