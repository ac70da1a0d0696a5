//! Names of things that people type, and what to say where there is no such thing.

use crate::{error::Error, stack::Stack};
use jiff::{SignedDuration, Timestamp};
use platform::{
    api_key::KeyId,
    table::{IntegrationRecord, RunQuery, WorkflowRecord, WorkflowState},
};
use std::time::Duration;
use workflow::ids::{IntegrationAlias, IntegrationTypeName, RunId, WorkflowId};

/// The time that the error about an unknown name may take to look for a name like it.
const PATIENCE: Duration = Duration::from_secs(3);

/// The similarity that a name must have to be proposed, from 0 to 1.
const ALIKE: f64 = 0.8;

/// How many runs, and of how many hours, are looked through for an id like one that was typed.
const RUNS: usize = 200;
const HOURS: i64 = 7 * 24;

/// The workflow of a name, which may be deleted.
pub(crate) async fn workflow(name: &WorkflowId, stack: &Stack) -> Result<WorkflowRecord, Error> {
    match stack.table.workflow(name).await? {
        Some(record) => Ok(record),
        None => Err(unknown_workflow(name, stack).await),
    }
}

/// The workflow of a name, which is not deleted.
pub(crate) async fn live_workflow(name: &WorkflowId, stack: &Stack) -> Result<WorkflowRecord, Error> {
    live(workflow(name, stack).await?)
}

/// A workflow, if it is not deleted.
pub(crate) fn live(record: WorkflowRecord) -> Result<WorkflowRecord, Error> {
    match record.state {
        WorkflowState::Enabled | WorkflowState::Disabled => Ok(record),
        WorkflowState::Deleted => Err(Error::NotFound(format!(
            "the workflow {} was deleted\nBring it back with `pagerflow workflow apply FILE`.",
            record.workflow
        ))),
    }
}

/// The workflow of a name, which can start runs.
pub(crate) async fn enabled_workflow(name: &WorkflowId, stack: &Stack) -> Result<WorkflowRecord, Error> {
    let record = live_workflow(name, stack).await?;
    match record.state {
        WorkflowState::Disabled => Err(Error::Invalid(format!(
            "the workflow {name} is disabled\nEnable it with `pagerflow workflow enable {name}`."
        ))),
        WorkflowState::Enabled | WorkflowState::Deleted => Ok(record),
    }
}

/// There is no workflow of a name.
pub(crate) async fn unknown_workflow(name: &WorkflowId, stack: &Stack) -> Error {
    let all = tokio::time::timeout(PATIENCE, stack.table.workflows()).await;
    let all = all.ok().and_then(Result::ok).unwrap_or_default();
    let live = all.iter().filter(|record| record.state != WorkflowState::Deleted);
    let names = live.map(|record| record.workflow.as_str());
    let remedy = "List them with `pagerflow workflow list`, or apply one with `pagerflow workflow apply FILE`.";
    unknown("workflow", name.as_str(), names, remedy)
}

/// There is no integration of an alias.
pub(crate) async fn unknown_integration(alias: &IntegrationAlias, stack: &Stack) -> Error {
    let all = tokio::time::timeout(PATIENCE, stack.table.integrations()).await;
    let all = all.ok().and_then(Result::ok).unwrap_or_default();
    let names = all.iter().map(|record| record.alias.as_str());
    let remedy =
        format!("List them with `pagerflow integration list`, or add it with `pagerflow integration add {alias}`.");
    unknown("integration", alias.as_str(), names, &remedy)
}

/// There is no type of integrations of a name. `connectors` are the names of all connectors.
pub(crate) fn unknown_type<'a>(type_name: &IntegrationTypeName, connectors: impl Iterator<Item = &'a str>) -> Error {
    let names = ["pagerduty", aws_actions::integration::TYPE]
        .into_iter()
        .chain(connectors);
    let remedy = "List them with `pagerflow integration types`.";
    unknown("type of integrations", type_name.as_str(), names, remedy)
}

/// There is no connector of a name among these.
pub(crate) fn unknown_connector<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let remedy = "List them with `pagerflow connector list`, or add one with `pagerflow connector add FILE`.";
    unknown("connector", name, known, remedy)
}

/// There is no service of AWS of a name.
pub(crate) fn unknown_service(name: &str) -> Error {
    let remedy = "List them with `pagerflow connector show aws`.";
    unknown("service of AWS", name, aws_actions::services(), remedy)
}

/// There is no action of a name.
pub(crate) fn unknown_action<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Error {
    unknown_action_of(name.split('.').next().unwrap_or_default(), name, known)
}

/// There is no action of a name among those that begin with the name of a system.
pub(crate) fn unknown_action_of<'a>(system: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let remedy = format!("List them with `pagerflow connector show {system}`.");
    unknown("action", name, known, &remedy)
}

/// An integration is of another type than PagerDuty, whose webhooks, keys and lists are asked for.
pub(crate) fn not_pagerduty(integration: &IntegrationRecord) -> Error {
    Error::Invalid(format!(
        "the integration {} is of the type {}, and this needs one of PagerDuty\n\
         List them with `pagerflow integration list`.",
        integration.alias,
        integration.kind.type_name()
    ))
}

/// There is no API key of an id.
pub(crate) async fn unknown_key(id: &KeyId, stack: &Stack) -> Error {
    let all = tokio::time::timeout(PATIENCE, stack.table.api_keys()).await;
    let all = all.ok().and_then(Result::ok).unwrap_or_default();
    let ids: Vec<String> = all.iter().map(|record| record.key_id.to_string()).collect();
    let remedy = "List them with `pagerflow key list`.";
    unknown("API key", &id.to_string(), ids.iter().map(String::as_str), remedy)
}

/// There is no run of an id. Only the newest runs are looked through for one like it.
pub(crate) async fn unknown_run(run: &RunId, stack: &Stack) -> Error {
    let until = Timestamp::now();
    let since = until
        .checked_sub(SignedDuration::from_hours(HOURS))
        .unwrap_or(Timestamp::MIN);
    let query = RunQuery {
        workflow: None,
        status: None,
        since,
        until,
        limit: RUNS,
    };
    let newest = tokio::time::timeout(PATIENCE, stack.table.runs(&query)).await;
    let newest = newest.ok().and_then(Result::ok).unwrap_or_default();
    let ids = newest.iter().map(|view| view.run.as_str());
    unknown("run", run.as_str(), ids, "List them with `pagerflow run list`.")
}

/// The name that is most like one that there is not, as the end of a sentence; nothing if none is like it.
pub(crate) fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    near(name, known)
        .map(|near| format!("; did you mean {near}?"))
        .unwrap_or_default()
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>, remedy: &str) -> Error {
    let near = did_you_mean(name, known);
    Error::NotFound(format!("there is no {what} {name}{near}\n{remedy}"))
}

/// The one that is most like a name; or the only one that begins with it, as people shorten ids.
fn near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let known: Vec<&str> = known.collect();
    let mut longer = known
        .iter()
        .filter(|candidate| name.len() >= 4 && candidate.starts_with(name));
    if let (Some(only), None) = (longer.next(), longer.next()) {
        return Some(only);
    }
    let likeness = known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), *candidate));
    let likeness = likeness.filter(|(likeness, _)| *likeness >= ALIKE);
    likeness
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_told_with_the_one_that_is_most_like_it_and_what_to_do() {
        let told = |name| unknown("workflow", name, ["memory-alert", "triage"].into_iter(), "List them.").to_string();
        assert_eq!(
            told("memory-alrt"),
            "there is no workflow memory-alrt; did you mean memory-alert?\nList them."
        );
        assert_eq!(told("database"), "there is no workflow database\nList them.");
    }

    #[test]
    fn the_beginning_of_an_id_is_enough_if_no_other_begins_so() {
        let ids = ["abcdefgh", "abcdxyzw", "zzzz2222"];
        assert_eq!(near("zzzz", ids.into_iter()), Some("zzzz2222"));
        assert_eq!(near("qqqq", ids.into_iter()), None);
    }
}
