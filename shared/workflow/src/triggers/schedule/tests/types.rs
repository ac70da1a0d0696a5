//! `event` in the runs of schedules.

use crate::{
    action::tests::catalog,
    definition::{Definition, Draft},
    graph::Graph,
    triggers::{event, schedule::event_value},
};
use rstest::rstest;

/// The warnings about a workflow with that `on` and one step, or why it is refused.
fn warnings(on: &str, step: &str) -> Result<String, String> {
    let source = format!("name: w\n{on}\nsteps:\n  - {step}\n");
    let draft = Draft::from_source(&source, catalog());
    draft
        .map(|draft| draft.warnings().to_string())
        .map_err(|problems| problems.to_string())
}

const SCHEDULED: &str = "on: { schedule: { cron: \"0 9 * * mon-fri\", timezone: Europe/Berlin } }";

#[test]
fn the_event_is_of_the_type_that_expressions_are_checked_with() {
    let source = format!("name: w\n{SCHEDULED}\nsteps: [{{ wait: 1s }}]\n");
    let definition = Definition::from_source(&source, catalog()).unwrap();
    let value = event_value("2026-12-01T08:00:00Z".parse().unwrap());
    event(definition.trigger.as_ref(), &|_| true).admits(&value).unwrap();
}

#[rstest]
#[case::its_time("set: { at: \"{{ event.scheduled_at }}\" }")]
#[case::its_time_in_a_zone(
    "set: { at: \"{{ time(event.scheduled_at) | format_time('%H:%M', zone='Europe/Berlin') }}\" }"
)]
#[case::its_type("{ if: event.type == \"schedule\", wait: 1s }")]
fn a_scheduled_workflow_sees_when_it_was_due(#[case] step: &str) {
    assert_eq!(warnings(SCHEDULED, step), Ok(String::new()));
}

#[rstest]
#[case::an_incident("set: { a: \"{{ event.incident.id }}\" }", "incident")]
#[case::a_field_that_is_none("set: { a: \"{{ event.scheduled_for }}\" }", "did you mean `scheduled_at`?")]
#[case::the_time_of_an_event("set: { a: \"{{ event.occurred_at }}\" }", "scheduled_at")]
fn what_only_other_events_have_is_refused(#[case] step: &str, #[case] expected: &str) {
    let problem = warnings(SCHEDULED, step).unwrap_err();
    assert!(problem.contains(expected), "{problem}");
}

#[test]
fn a_picture_says_when_it_is_due() {
    let source = "name: w\non: { schedule: { every: 90m, catch_up: true } }\nsteps: [{ wait: 1s }]\n";
    let definition = Definition::from_source(source, catalog()).unwrap();
    assert_eq!(
        Graph::of(&definition).trigger,
        ["every 1h 30m", "makes up for times that were missed"]
    );
}

#[test]
fn a_workflow_for_webhooks_has_no_scheduled_time() {
    let on = "on: { pagerduty: { integration: prod, events: [incident.triggered] } }";
    let problem = warnings(on, "set: { a: \"{{ event.scheduled_at }}\" }").unwrap_err();
    assert!(problem.contains("scheduled_at"), "{problem}");
}

#[rstest]
#[case::asked_for("{ if: event.type == \"schedule\", set: { a: \"{{ event.scheduled_at }}\" } }")]
#[case::with_a_default("set: { a: \"{{ event.scheduled_at | default('by hand') }}\" }")]
#[case::that_is_for_incidents("set: { a: \"{{ event.incident.id }}\" }")]
fn a_workflow_that_others_run_may_ask_for_the_event_of_any(#[case] step: &str) {
    assert_eq!(warnings("description: a", step), Ok(String::new()));
}
