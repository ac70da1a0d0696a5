//! What people see of a workflow.

use super::*;
use crate::action::tests::catalog;

const WHOLE: &str = r#"
name: database-outage
on:
  pagerduty:
    integration: prod
    events: [incident.triggered]
    services: [Database, Checkout]
    urgency: high
    when: event.incident.title is not none
steps:
  - id: ticket
    if: event.incident.urgency == "high"
    uses: pagerduty.create_incident
    with: { integration: prod, title: Outage, service: PWIXJZS }
    retry: { max_attempts: 5 }
    timeout: 2m
  - set: { who: [PUS1A7C], why: outage }
  - wait: 10m
  - choose:
      - when: steps.ticket.outcome == "success"
        steps:
          - run_workflow: escalation
          - if: vars.why == "drill"
            stop: It was a drill.
      - when: vars.why == "unknown"
        steps:
          - fail: "Nobody knows: {{ vars.why }}"
    default:
      - wait: { until: "2027-01-31T09:00:00Z" }
  - id: rooms
    parallel:
      - name: bridge
        steps:
          - set: { bridge: true }
          - stop: Enough.
      - steps:
          - wait: 1m
    on_lane_failure: cancel
  - for_each: "{{ vars.who }}"
    max_concurrency: 5
    continue_on_error: true
    steps:
      - if: index > 0
        steps:
          - wait: 2m
        else:
          - wait: 1m
  - steps:
      - wait: 3s
  - id: check
    repeat: { every: 5m, until: "vars.done == 1", at_most: 10 }
    on_lane_failure: ignore
    steps:
      - set: { done: 1 }
on_failure:
  - uses: pagerduty.add_note
    with: { integration: prod, incident_id: P1, note: It failed. }
"#;

fn graph(source: &str) -> Graph {
    Graph::of(&Definition::from_source(source, catalog()).unwrap_or_else(|problems| panic!("{problems}")))
}

#[test]
fn an_outline_has_a_line_for_each_step() {
    insta::assert_snapshot!(graph(WHOLE).outline());
}

#[test]
fn a_tree_shows_what_is_in_what_and_what_is_done_at_the_same_time() {
    insta::assert_snapshot!(graph(WHOLE).tree());
}

#[test]
fn a_flowchart_shows_how_each_step_leads_on() {
    insta::assert_snapshot!(graph(WHOLE).mermaid());
}

#[test]
fn a_workflow_that_no_webhook_starts_says_who_does() {
    insta::assert_snapshot!(graph("name: a\nsteps: [{ wait: 1s }]").tree(), @"
    ● started by people and by other workflows
    │
    └─ wait 1s
    ");
}

#[test]
fn t4_a_text_can_break_neither_the_line_nor_the_chart() {
    let graph = graph(
        "name: a\nsteps:\n  - fail: \"a\\nb]; n0 --> n9 <img src=x> \\\"quoted\\\" `code` #35; | \\u001b[31m\"\n",
    );
    insta::assert_snapshot!(graph.mermaid(), @r#"
    flowchart TD
        n0(["started by people and by other workflows"])
        n1(["fail: a b]#59; n0 --#62; n9 #60;img src=x#62; #34;quoted#34; #96;code#96; #35;35#59; #124;  [31m"])
        n0 --> n1
        n2(["succeeded"])
    "#);
    assert_eq!(graph.outline().lines().count(), 1);
}

#[test]
fn a_long_text_is_cut() {
    let long = "x".repeat(LONGEST_TEXT + 1);
    let graph = graph(&format!("name: a\nsteps: [{{ stop: {long} }}]"));
    assert!(graph.steps[0].title.ends_with("x…"), "{}", graph.steps[0].title);
    assert_eq!(graph.steps[0].title.chars().count(), LONGEST_TEXT + 1);
}

#[test]
fn the_guard_against_late_events_is_shown_with_what_starts_a_run() {
    let source = "name: w\non:\n  pagerduty:\n    integration: prod\n    events: [incident.triggered]\n    only_while: [acknowledged, triggered]\n\
                  steps:\n  - wait: 1m\n";
    let graph = graph(source);
    assert_eq!(
        graph.trigger,
        ["incident.triggered of prod", "only while triggered or acknowledged"]
    );
    assert_eq!(graph.steps.len(), 1, "the look is no step of the author's");
}
