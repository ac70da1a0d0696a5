use super::{
    super::names::{Answers, Row, Things},
    *,
};
use crate::output::as_json;
use platform::{catalog, table::WorkflowSchedule};
use serde_json::to_string_pretty;
use std::collections::BTreeSet;
use workflow::{action::Thing, definition::Draft, ids::IntegrationAlias};

const NAMED: &str = "name: outage\nsteps:\n  - uses: pagerduty.create_incident\n    with:\n      integration: prod\n      \
                     title: Outage\n      service: Checkout\n      assignee: Nobody\n";

fn source(text: &str) -> Source {
    Source {
        path: "outage.yaml".into(),
        text: text.to_owned(),
        draft: Draft::from_source(text, catalog()).unwrap_or_else(|problems| panic!("{problems}")),
    }
}

struct Account;

impl Directory for Account {
    async fn things(&self, _: &IntegrationAlias, kinds: &BTreeSet<Thing>) -> Answers {
        let rows = |thing| match thing {
            Thing::Service => vec![Row {
                id: "PSVC8R2".to_owned(),
                name: "Checkout".to_owned(),
                email: None,
            }],
            _ => Vec::new(),
        };
        let things = |thing| Things {
            rows: rows(thing),
            is_whole: true,
        };
        kinds.iter().map(|thing| (*thing, Ok(things(*thing)))).collect()
    }
}

async fn ready(text: &str) -> Result<Vec<(Source, Definition, Vec<NameMeant>)>, Error> {
    let sources = vec![source(text)];
    let lookup = looked_up(&sources, &Account).await;
    resolved(sources, &KnownConnectors::shipped(), &lookup, Notices)
}

fn seen(version: u32, state: WorkflowState) -> WorkflowRecord {
    WorkflowRecord {
        workflow: "outage".parse().unwrap(),
        state,
        active_version: WorkflowVersion(version),
        trigger: None,
        awaits: platform::table::AwaitedTypes::new(),
        schedule: WorkflowSchedule::Never,
        timeout: None,
        updated_at: "2026-11-22T10:00:00Z".parse().unwrap(),
    }
}

async fn plan(text: &str, seen: Option<WorkflowRecord>, change: Kind) -> Ready {
    let (source, definition, names) = ready(text).await.unwrap().remove(0);
    Ready {
        source,
        definition,
        names,
        seen,
        change,
        webhook_url: None,
    }
}

#[tokio::test]
async fn a_name_that_means_nothing_is_told_with_its_file_and_place() {
    let told = ready(NAMED).await.unwrap_err().to_string();
    insta::assert_snapshot!(told, @"
    1 problem
    outage.yaml:8:17: step 1: with.assignee: `Nobody` is neither the name nor the id of a user of prod who can be acted for; `pagerflow users --integration prod` lists them
    ");
}

#[tokio::test]
async fn what_is_applied_has_the_id_and_programs_are_told_what_the_name_means() {
    let text = NAMED.replace("      assignee: Nobody\n", "");
    let plan = plan(&text, None, Kind::New).await;
    assert!(
        plan.definition.to_yaml().contains("service: PSVC8R2"),
        "{}",
        plan.definition.to_yaml()
    );
    let applied = Applied {
        version: WorkflowVersion(1),
        is_new: true,
        state: WorkflowState::Enabled,
    };
    insta::assert_snapshot!(to_string_pretty(&as_json(&plan.outcome(Some(applied)))).unwrap());
}

#[tokio::test]
async fn a_dry_run_tells_the_difference_and_no_version() {
    let text = "name: outage\nsteps: [{ wait: 2m }]\n";
    let old = Definition::from_source("name: outage\nsteps: [{ wait: 1m }]\n", catalog()).unwrap();
    let new = Definition::from_source(text, catalog()).unwrap();
    let change = Change::between(("outage v3", &old), ("outage.yaml", &new));
    let plan = plan(text, Some(seen(3, WorkflowState::Disabled)), Kind::Changed(change)).await;
    assert_eq!(plan.question(), "Apply this to outage, over its version v3?");
    insta::assert_snapshot!(to_string_pretty(&as_json(&plan.outcome(None))).unwrap());
}

#[test]
fn w_two_who_apply_are_told_of_each_other_by_the_version_they_expect() {
    let definition = Definition::from_source("name: outage\nsteps: [{ wait: 2m }]\n", catalog()).unwrap();
    let check =
        |expected, seen: Option<WorkflowRecord>| as_expected(WorkflowVersion(expected), seen.as_ref(), &definition);
    assert!(check(3, Some(seen(3, WorkflowState::Enabled))).is_ok());
    assert!(check(0, None).is_ok());
    assert!(check(0, Some(seen(3, WorkflowState::Deleted))).is_ok());
    insta::assert_snapshot!(check(3, Some(seen(4, WorkflowState::Enabled))).unwrap_err(), @"
    outage v3 was expected, but outage v4 is active, since 2026-11-22T10:00:00Z
    Look at its changes with `pagerflow workflow diff outage --from v3`, bring them into your file, and expect v4 then.
    ");
    insta::assert_snapshot!(check(0, Some(seen(4, WorkflowState::Enabled))).unwrap_err(), @"
    no workflow outage was expected, but there is outage v4 since 2026-11-22T10:00:00Z
    Look at it with `pagerflow workflow show outage`.
    ");
    insta::assert_snapshot!(check(3, None).unwrap_err(), @"outage v3 was expected, but there is no workflow outage");
}

#[test]
fn a_long_difference_is_cut() {
    assert_eq!(first_lines("1\n2\n3", 3), "1\n2\n3");
    assert_eq!(first_lines("1\n2\n3\n4", 2), "1\n2\n… and 2 more lines");
}
