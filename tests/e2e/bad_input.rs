//! Bad input gets a stable error name and words that say what to do, and loses nothing.

use crate::scenario::{Scenario, run_of, ticket};
use tests::PagerDuty;

/// The error with which a run of these steps ends.
fn error_of(scenario: &Scenario, steps: &str) -> (String, String) {
    let webhook = scenario.subscribed(steps);
    let view = scenario.ended(&run_of(&scenario.trigger(&webhook, "trouble")));
    assert_eq!(view["status"], "failed", "{view:#}");
    let text = |name: &str| view["error"][name].as_str().unwrap_or_default().to_owned();
    (text("name"), text("message"))
}

#[test]
fn f27_a_token_that_pagerduty_refuses_ends_the_run_with_what_to_do() {
    let scenario = Scenario::without_integration("e2e-token");
    scenario.add_integration("not-a-token-of-theirs");
    let (name, message) = error_of(&scenario, &ticket("e2e-token"));
    assert_eq!(name, "PagerDuty.Unauthorized");
    assert!(
        message.starts_with("step `ticket` (pagerduty.create_incident) failed: "),
        "{message}"
    );
    assert!(!message.contains("not-a-token"), "{message}");
}

#[test]
fn an_integration_that_is_gone_ends_the_run_with_what_to_do() {
    let scenario = Scenario::new("e2e-nobody");
    // An expression names it, so that it is not looked up when the workflow is applied.
    let (name, message) = error_of(&scenario, &ticket("\"{{ 'nobody' }}\""));
    assert_eq!(name, "Integration.NotFound");
    assert!(
        message.contains("`nobody`") && message.contains("pagerflow integration add"),
        "{message}"
    );
}

#[test]
fn p1_a_malformed_incident_id_never_reaches_pagerduty() {
    let scenario = Scenario::new("e2e-id");
    let steps = format!(
        "  - uses: pagerduty.resolve_incident\n    with:\n      integration: e2e-id\n      \
         incident_id: \"{{{{ event.incident.title }}}}\"\n      from: {}\n",
        PagerDuty::ON_CALL
    );
    let (name, message) = error_of(&scenario, &steps);
    assert_eq!(name, "Input.Invalid");
    assert!(
        message.contains("`incident_id` must be the id of a thing in PagerDuty"),
        "{message}"
    );
    let asked = scenario.pagerduty.requests().unwrap();
    assert!(
        asked
            .iter()
            .all(|request| !request["path"].as_str().unwrap_or_default().contains("trouble"))
    );
}

#[test]
fn an_incident_that_pagerduty_does_not_know_is_told_so() {
    let scenario = Scenario::new("e2e-unknown");
    let steps = format!(
        "  - id: close\n    uses: pagerduty.resolve_incident\n    with: {{ integration: e2e-unknown, incident_id: QDOESNOTEXIST1, from: {} }}\n",
        PagerDuty::ON_CALL
    );
    assert_eq!(error_of(&scenario, &steps).0, "PagerDuty.NotFound");
}

#[test]
fn a_name_that_is_not_there_ends_the_run_in_its_step() {
    let scenario = Scenario::new("e2e-name");
    let (name, message) = error_of(&scenario, "  - set: { a: \"{{ event.data.nope }}\" }\n");
    assert_eq!(name, "Template.Error");
    assert!(message.contains("`event.data.nope` is not defined"), "{message}");
}

#[test]
fn w1_a_definition_that_does_not_check_is_refused_with_all_its_problems_and_nothing_is_stored() {
    let scenario = Scenario::new("e2e-check");
    let broken = scenario
        .definition("v3", &ticket("e2e-check"))
        .replace("title:", "titel:")
        .replace("incident.triggered]", "incident.trigered]");
    let file = scenario.file("yaml", &broken);
    let output = scenario.pagerflow.call(&["workflow", "apply", &file], "").unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("3 problems"), "{said}");
    assert!(
        said.contains(&format!(
            "{file}:6:14: on.pagerduty.events[0]: unknown type of event `incident.trigered`"
        )),
        "{said}"
    );
    assert!(said.contains("`titel` is not known; did you mean `title`?"), "{said}");
    let key = scenario
        .pagerflow
        .call(&["key", "create", "--workflow", "e2e-check", "--name", "n"], "")
        .unwrap();
    assert!(
        String::from_utf8(key.stderr)
            .unwrap()
            .contains("there is no workflow e2e-check")
    );
}

#[test]
fn a_workflow_whose_integration_does_not_exist_is_not_applied() {
    let scenario = Scenario::without_integration("e2e-orphan");
    let file = scenario.file("yaml", &scenario.definition("v3", "  - wait: 1s\n"));
    let output = scenario.pagerflow.call(&["workflow", "apply", &file], "").unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("there is no integration e2e-orphan") && said.contains("`pagerflow integration add e2e-orphan`"),
        "{said}"
    );
}

#[test]
fn a_command_that_fails_says_why_and_a_wrong_command_line_is_another_exit_code() {
    let scenario = Scenario::without_integration("e2e-exit");
    let output = scenario.pagerflow.call(&["run", "show", "nosuchrun"], "").unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: there is no run nosuchrun\nList them with `pagerflow run list`.\n"
    );
    let output = scenario.pagerflow.call(&["run", "show", "../x"], "").unwrap();
    assert_eq!(output.status.code(), Some(2));
    let output = scenario
        .pagerflow
        .call(&["integration", "add", "empty"], " \n")
        .unwrap();
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: PagerDuty API token is empty\n"
    );
}
