//! `pagerflow connector remove`.

use super::uses;
use crate::{
    ask::Consent,
    error::Error,
    known,
    output::{Notices, Screen, View},
    stack::Stack,
};
use clap::Args;
use connectors::shipped_connector;
use jiff::Timestamp;
use platform::table::ConnectorVersion;
use serde::Serialize;
use workflow::ids::{IntegrationAlias, IntegrationTypeName, WorkflowId};

pub(super) const EXAMPLES: &str = "\
Examples:
  pagerflow connector remove desk
  pagerflow connector remove desk --yes

Its versions stay in the table: `pagerflow connector show desk --version 3 --source` prints one.";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The connector.
    #[arg(value_name = "NAME")]
    connector: IntegrationTypeName,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// A connector that was removed.
#[derive(Debug, Serialize)]
pub(super) struct Removed {
    connector: IntegrationTypeName,
    /// Its newest version.
    version: ConnectorVersion,
}

/// Removes a connector; none if that was declined.
pub(super) async fn remove(options: Options, stack: &Stack, notices: Notices) -> Result<Option<Removed>, Error> {
    let Options { connector: name, yes } = options;
    if shipped_connector(name.as_str()).is_some() {
        return Err(Error::Invalid(format!(
            "the connector {name} comes with Pagerflow and cannot be removed"
        )));
    }
    let looking = notices.working(format!("Looking for what uses the connector {name}"));
    let seen = stack.table.connector(&name).await?;
    let Some(seen) = seen.filter(|seen| !seen.is_removed()) else {
        let all = stack.table.connectors().await?;
        let names = all.iter().map(|record| record.connector.as_str());
        return Err(known::unknown_connector(name.as_str(), names));
    };
    let integrations = uses::integrations(&name, &stack.table.integrations().await?);
    let workflows = uses::workflows(&name, stack).await?;
    drop(looking);
    if let Some(refusal) = refusal(&name, &workflows, &integrations) {
        return Err(Error::Invalid(refusal));
    }
    if !Consent::of(yes).allows(&format!("Remove the connector {name}, {}?", seen.version))? {
        return Ok(None);
    }
    stack.table.remove_connector(&seen, Timestamp::now()).await?;
    Ok(Some(Removed {
        connector: name,
        version: seen.version,
    }))
}

/// The reason that a connector is not removed, if anything uses it.
fn refusal(name: &IntegrationTypeName, workflows: &[WorkflowId], integrations: &[IntegrationAlias]) -> Option<String> {
    let workflows: Vec<&str> = workflows.iter().map(WorkflowId::as_str).collect();
    let integrations: Vec<&str> = integrations.iter().map(IntegrationAlias::as_str).collect();
    let lines = [
        (
            &workflows,
            "workflows",
            "Apply them without it, or delete them with `pagerflow workflow delete`.",
        ),
        (
            &integrations,
            "integrations",
            "Remove them with `pagerflow integration remove`.",
        ),
    ];
    let lines = lines.into_iter().filter(|(names, ..)| !names.is_empty());
    let lines: Vec<String> = lines
        .map(|(names, what, remedy)| format!("\n  {what:<14}{}\n    {remedy}", names.join(", ")))
        .collect();
    (!lines.is_empty()).then(|| {
        format!(
            "the connector {name} is still used, and was not removed{}",
            lines.concat()
        )
    })
}

impl View for Removed {
    fn text(&self, _: Screen) -> String {
        format!(
            "Removed the connector {}. Its versions stay in the table.",
            self.connector
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_still_uses_a_connector_is_told_with_what_to_do() {
        let desk = "desk".parse().unwrap();
        let (outage, triage) = ("outage".parse().unwrap(), "triage".parse().unwrap());
        assert_eq!(refusal(&desk, &[], &[]), None);
        let told = refusal(&desk, &[outage, triage], &["ops".parse().unwrap()]).unwrap();
        insta::assert_snapshot!(told, @"
        the connector desk is still used, and was not removed
          workflows     outage, triage
            Apply them without it, or delete them with `pagerflow workflow delete`.
          integrations  ops
            Remove them with `pagerflow integration remove`.
        ");
    }
}
