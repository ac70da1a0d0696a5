pub(crate) mod actions;
mod bounds;
mod grammar;
mod names;
mod pinned;
mod properties;
mod references;
mod schema;
mod secrets;
mod source;
pub(crate) mod strategy;
mod written;

use super::*;
use crate::action::tests::catalog;
use crate::run::WebhookKind;
use rstest::rstest;

const GOOD: &str = r#"
name: memory-alert
description: Opens a ticket, and closes it.
on:
  pagerduty:
    integration: prod
    events: [incident.triggered]
    when: event.incident.service.summary == "CloudWatch-Memory-Alert"
timeout: 2h
steps:
  - set: { what: "Memory pressure: {{ event.incident.title }}" }
  - id: ticket
    if: event.incident.urgency == "high"
    uses: pagerduty.create_incident
    with:
      integration: prod
      title: "{{ vars.what }}"
      service: PWIXJZS
      escalation_policy: PT20YPA
      from: oncall@example.com
  - wait: 10m
  - id: close
    uses: pagerduty.resolve_incident
    with:
      integration: prod
      incident_id: "{{ steps.ticket.outputs.incident_id }}"
      from: oncall@example.com
      note: "Closed by run {{ run.id }}"
"#;

fn problems(source: &str) -> Vec<String> {
    Definition::from_source(source, catalog())
        .err()
        .map(|p| p.iter().map(ToString::to_string).collect())
        .unwrap_or_default()
}

/// What is wrong with a workflow of these steps. They begin at line 3.
fn steps(steps: &str) -> Vec<String> {
    problems(&format!("name: a\nsteps:\n{steps}\n"))
}

/// The good definition with one piece changed.
fn broken(from: &str, to: &str) -> Vec<String> {
    assert!(GOOD.contains(from), "{from}");
    problems(&GOOD.replacen(from, to, 1))
}

#[test]
fn a_definition_is_read_and_says_what_its_author_meant() {
    let definition = Definition::from_source(GOOD, catalog()).unwrap();
    assert_eq!(definition.name.as_str(), "memory-alert");
    assert_eq!(definition.steps.len(), 4);
    assert_eq!(
        definition.trigger.as_ref().unwrap().pagerduty().unwrap().webhook,
        WebhookKind::V3
    );
    assert_eq!(definition.timeout.unwrap().duration().as_secs(), 7200);
    let ticket = definition.path_of(&"ticket".parse().unwrap()).unwrap();
    assert_eq!(ticket, StepPath::top(Section::Steps, 1));
    assert_eq!(definition.step(&ticket).unwrap().title(), "pagerduty.create_incident");
    assert_eq!(definition.following(&StepPath::top(Section::Steps, 3)), None);
}

#[test]
fn a_definition_that_is_written_and_read_again_is_the_same() {
    let definition = Definition::from_source(GOOD, catalog()).unwrap();
    let stored = definition.to_json();
    assert_eq!(Definition::from_json(&stored, catalog()).unwrap(), definition);
    assert_eq!(
        Definition::from_source(&stored.to_string(), catalog()).unwrap(),
        definition
    );
}

#[test]
fn all_problems_are_told_at_once_with_their_places() {
    let told = problems(
        r"name: Memory Alert
on:
  pagerduty:
    integration: prod
    events: [incident.trigered]
stesp: []
steps:
  - uses: pagerduty.create_incidnt
    with: {}
  - wait: soon
  - set: { 1x: 2 }
    wait: 3s
",
    );
    assert_eq!(
        told,
        [
            "1:7: name: \"Memory Alert\" is no workflow name: use lower-case letters, digits and '-', start with a letter, at most 63 characters",
            "5:14: on.pagerduty.events[0]: unknown type of event `incident.trigered`; did you mean `incident.triggered`?",
            "6:1: `stesp` is not known; did you mean `steps`?",
            "8:11: steps[0].uses: unknown action `pagerduty.create_incidnt`; did you mean `pagerduty.create_incident`?",
            "10:11: steps[1].wait: \"soon\" is not a length of time; write it like 30s, 10m, 1h30m or 2d",
            "11:5: steps[2]: a step does one thing: `wait` and `set` cannot stand together",
        ]
    );
}

#[rstest]
#[case::unknown_field_of_an_action(
    "title: \"{{ vars.what }}\"",
    "titel: x",
    "`titel` is not known; did you mean `title`?"
)]
#[case::missing_field_of_an_action("      service: PWIXJZS\n", "", "`service` is missing: the id of the service")]
#[case::malformed_literal(
    "PWIXJZS",
    "../users",
    "steps[1].with.service: must be the id of a thing in PagerDuty"
)]
#[case::wrong_type("service: PWIXJZS", "service: 12", "must be the id of a thing in PagerDuty")]
#[case::malformed_address("from: oncall@example.com", "from: oncall", "must be the e-mail address")]
#[case::reference_to_no_step(
    "steps.ticket.outputs",
    "steps.tickte.outputs",
    "there is no step `tickte`; did you mean `ticket`?"
)]
#[case::reference_to_a_later_step("{{ vars.what }}", "{{ steps.close.outcome }}", "the step `close` has not run yet")]
#[case::reference_to_no_output(
    "outputs.incident_id",
    "outputs.incident",
    "gives no such output: `incident` is not known; did you mean `incident_id`?"
)]
#[case::reference_to_no_variable(
    "{{ vars.what }}",
    "{{ vars.wath }}",
    "no step before this one sets `wath`; did you mean `what`?"
)]
#[case::reference_to_no_field_of_the_event(
    "event.incident.urgency",
    "event.incident.urgancy",
    "did you mean `urgency`?"
)]
#[case::reference_to_no_root(
    "event.incident.urgency",
    "secrets.token",
    "`secrets` is not known; known are now, event, run, inputs, steps, vars"
)]
#[case::run_in_a_trigger(
    "event.incident.service.summary",
    "run.id",
    "`run` is not known; known are now, event"
)]
#[case::all_results_at_once("{{ vars.what }}", "{{ steps }}", "must be followed by a name")]
#[case::duplicate_id("id: close", "id: ticket", "the id `ticket` stands twice")]
#[case::broken_template("{{ vars.what }}", "{{ vars.what", "syntax error")]
#[case::broken_expression("event.incident.urgency == \"high\"", "event.incident.urgency ==", "syntax error")]
#[case::no_steps("timeout: 2h", "timeout: 2 parsecs", "is not a length of time")]
#[case::duplicate_key("timeout: 2h", "name: other", "the key `name` stands twice")]
#[case::not_yet_known_word(
    "  - wait: 10m",
    "  - paralel: []",
    "`paralel` is not known; did you mean `parallel`?"
)]
#[case::alias("PT20YPA", "*a", "unknown anchor")]
#[case::anchor("PT20YPA", "&a PT20YPA", "anchors")]
#[case::tag("PT20YPA", "!a PT20YPA", "tags")]
#[case::bad_webhook("integration: prod", "integration: prod\n    webhook: v1", "must be `v3`")]
fn w1_a_definition_that_would_not_work_is_refused_with_words_that_help(
    #[case] from: &str,
    #[case] to: &str,
    #[case] said: &str,
) {
    let told = broken(from, to);
    assert!(told.iter().any(|problem| problem.contains(said)), "{told:#?}");
    assert!(
        told.iter()
            .all(|problem| problem.starts_with(|c: char| c.is_ascii_digit())),
        "no place: {told:#?}"
    );
}

#[rstest]
#[case("", "empty")]
#[case("name: a\n---\nname: b\n", "more than one document")]
#[case("[]", "must be a map")]
#[case("a: [", "this is not YAML")]
fn a_source_that_is_no_definition_is_refused(#[case] source: &str, #[case] said: &str) {
    let told = problems(source);
    assert!(told.iter().any(|problem| problem.contains(said)), "{told:#?}");
}
