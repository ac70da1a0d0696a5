//! `pagerflow workflow activate`: another version, mostly an older one, becomes the active one.

use super::{
    change::Change,
    list,
    stored::{self, VersionNumber},
};
use crate::{ask, error::Error, known, output::Output, stack::Stack};
use clap::Args;
use jiff::Timestamp;
use platform::table::{Applied, WorkflowState};
use serde_json::{Value, json};
use std::process::ExitCode;
use workflow::ids::{WorkflowId, WorkflowVersion};

/// The workflow and the version.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The workflow.
    workflow: WorkflowId,
    /// The version that becomes the active one.
    version: VersionNumber,
    /// Fail unless this version is the active one until then.
    #[arg(long, value_name = "VERSION")]
    expect_version: Option<VersionNumber>,
    /// Do not ask. Without a terminal it is needed.
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(options: &Options, stack: &Stack, output: &mut Output) -> Result<ExitCode, Error> {
    let name = &options.workflow;
    let seen = known::workflow(name, stack).await?;
    if let Some(VersionNumber(expected)) = options.expect_version
        && expected != seen.active_version
    {
        let look = match expected > seen.active_version {
            true => format!("List its versions with `pagerflow workflow versions {name}`."),
            false => format!("Look at its changes with `pagerflow workflow diff {name} --from {expected}`."),
        };
        return Err(Error::Invalid(format!(
            "{name} {expected} was expected to be active, but {} is, since {:.0}\n{look}",
            seen.active_version, seen.updated_at
        )));
    }
    let version = options.version.0;
    let wanted = stored::version(name, version, stack).await?;
    if let Some(active) = stored::active(&seen, stack).await?
        && !output.is_json()
    {
        let (from, to) = (format!("{name} {}", seen.active_version), format!("{name} {version}"));
        let change = Change::between((&from, &active), (&to, &wanted));
        if !change.is_none() {
            output.line(&change.shown(output))?;
        }
    }
    let changes = version != seen.active_version || seen.state == WorkflowState::Deleted;
    let question = format!(
        "Make {version} the active version of {name}, instead of {}?",
        seen.active_version
    );
    if changes && !options.yes && !ask::confirmed(&question)? {
        return Ok(ExitCode::FAILURE);
    }
    let applied = stack.table.activate_version(&seen, version, Timestamp::now()).await?;
    let url = stored::webhook_url(name, &wanted, stack);
    let result = view(name, seen.active_version, applied, url.as_deref());
    output.result(&result, || text(name, seen.active_version, applied))?;
    Ok(ExitCode::SUCCESS)
}

fn view(name: &WorkflowId, before: WorkflowVersion, applied: Applied, url: Option<&str>) -> Value {
    json!({
        "workflow": name,
        "version": applied.version,
        "changed": applied.is_new,
        "previous_version": before,
        "state": applied.state,
        "webhook_url": url,
    })
}

fn text(name: &WorkflowId, before: WorkflowVersion, applied: Applied) -> String {
    match applied.is_new {
        true => format!(
            "{} is the active version of {name} now, instead of {before}. The workflow is {}. Runs that have started go on with \
             the version that they started with.",
            applied.version,
            list::state(applied.state)
        ),
        false => format!("{} is the active version of {name} already.", applied.version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(is_new: bool) -> (String, Value) {
        let applied = Applied {
            version: WorkflowVersion(2),
            is_new,
            state: WorkflowState::Enabled,
        };
        let name = "memory-alert".parse().unwrap();
        let before = WorkflowVersion(5);
        (text(&name, before, applied), view(&name, before, applied, None))
    }

    #[test]
    fn it_is_told_which_version_is_active_now() {
        insta::assert_snapshot!(told(true).0, @"v2 is the active version of memory-alert now, instead of v5. The workflow is enabled. Runs that have started go on with the version that they started with.");
        insta::assert_snapshot!(told(false).0, @"v2 is the active version of memory-alert already.");
    }

    #[test]
    fn programs_are_told_what_was_active_before() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&told(true).1).unwrap(), @r#"
        {
          "changed": true,
          "previous_version": 5,
          "state": "enabled",
          "version": 2,
          "webhook_url": null,
          "workflow": "memory-alert"
        }
        "#);
    }
}
