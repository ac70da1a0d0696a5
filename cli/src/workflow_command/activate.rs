//! `pagerflow workflow activate`: another version, mostly an older one, becomes the active one.

use super::stored::{self, VersionNumber};
use crate::{
    change::Change,
    error::Error,
    known,
    output::{Screen, View},
    schedules,
    stack::Stack,
};
use clap::Args;
use jiff::Timestamp;
use platform::table::{Applied, WorkflowRecord, WorkflowState};
use serde::Serialize;
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
    pub(super) yes: bool,
}

/// A version that can become the active one.
#[derive(Debug)]
pub(super) struct Plan {
    seen: WorkflowRecord,
    version: WorkflowVersion,
    /// The difference from the active version, as far as this release can read that.
    pub(super) change: Option<Change>,
    webhook_url: Option<String>,
}

/// A version that is the active one now.
#[derive(Debug, Serialize)]
pub(super) struct Activated {
    workflow: WorkflowId,
    version: WorkflowVersion,
    /// False if it was before.
    changed: bool,
    previous_version: WorkflowVersion,
    state: WorkflowState,
    webhook_url: Option<String>,
}

pub(super) async fn plan(options: &Options, stack: &Stack) -> Result<Plan, Error> {
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
    let active = stored::active(&seen, stack).await?;
    let (from, to) = (format!("{name} {}", seen.active_version), format!("{name} {version}"));
    let change = active.map(|active| Change::between((&from, &active), (&to, &wanted)));
    Ok(Plan {
        webhook_url: stored::webhook_url(name, &wanted, stack),
        change: change.filter(|change| !change.is_none()),
        version,
        seen,
    })
}

impl Plan {
    /// The question, if it changes anything.
    pub(super) fn question(&self) -> Option<String> {
        let Self { seen, version, .. } = self;
        let changes = *version != seen.active_version || seen.state == WorkflowState::Deleted;
        changes.then(|| {
            format!(
                "Make {version} the active version of {}, instead of {}?",
                seen.workflow, seen.active_version
            )
        })
    }

    pub(super) async fn activate(self, stack: &Stack) -> Result<Activated, Error> {
        let now = Timestamp::now();
        let applied = stack.table.activate_version(&self.seen, self.version, now).await?;
        schedules::follow(&self.seen.workflow, applied.state, stack).await?;
        Ok(Activated::new(self, applied))
    }
}

impl Activated {
    fn new(plan: Plan, applied: Applied) -> Self {
        Self {
            workflow: plan.seen.workflow,
            version: applied.version,
            changed: applied.is_new,
            previous_version: plan.seen.active_version,
            state: applied.state,
            webhook_url: plan.webhook_url,
        }
    }
}

impl View for Activated {
    fn text(&self, _: Screen) -> String {
        let Self { workflow, version, .. } = self;
        match self.changed {
            true => format!(
                "{version} is the active version of {workflow} now, instead of {}. The workflow is {}. Runs that have started go \
                 on with the version that they started with.",
                self.previous_version, self.state
            ),
            false => format!("{version} is the active version of {workflow} already."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::as_json;
    use platform::table::WorkflowSchedule;

    fn activated(is_new: bool) -> Activated {
        let plan = Plan {
            seen: WorkflowRecord {
                workflow: "memory-alert".parse().unwrap(),
                state: WorkflowState::Enabled,
                active_version: WorkflowVersion(5),
                trigger: None,
                awaits: platform::table::AwaitedTypes::new(),
                schedule: WorkflowSchedule::Never,
                timeout: None,
                updated_at: "2026-11-20T09:30:00Z".parse().unwrap(),
            },
            version: WorkflowVersion(2),
            change: None,
            webhook_url: None,
        };
        let applied = Applied {
            version: WorkflowVersion(2),
            is_new,
            state: WorkflowState::Enabled,
        };
        Activated::new(plan, applied)
    }

    #[test]
    fn the_version_that_is_active_now_is_named() {
        insta::assert_snapshot!(activated(true).text(Screen::plain()), @"v2 is the active version of memory-alert now, instead of v5. The workflow is enabled. Runs that have started go on with the version that they started with.");
        insta::assert_snapshot!(activated(false).text(Screen::plain()), @"v2 is the active version of memory-alert already.");
    }

    #[test]
    fn programs_get_the_version_that_was_active_before() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&as_json(&activated(true))).unwrap(), @r#"
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
