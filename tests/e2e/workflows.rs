//! Workflows from the webhook to the end of the run.

use crate::scenario::{DELIVERED_WITHIN, Scenario, run_of, ticket, ticket_on};
use serde_json::{Value, json};
use std::{
    thread,
    time::{Duration, Instant},
};
use tests::PagerDuty;

#[test]
fn a_signed_v3_webhook_starts_a_run_that_creates_waits_and_resolves() {
    let scenario = Scenario::new("e2e-whole");
    let steps = format!(
        "  - set: {{ who: \"{{{{ event.incident.service.summary }}}}\" }}\n{}  - wait: 2s\n  - id: never\n    if: vars.who == \"nobody\"\n    \
         wait: 1h\n  - id: close\n    uses: pagerduty.resolve_incident\n    with:\n      integration: e2e-whole\n      \
         incident_id: \"{{{{ steps.ticket.outputs.incident_id }}}}\"\n      from: {}\n      note: \"Closed by run {{{{ run.id }}}}\"\n",
        ticket("e2e-whole"),
        PagerDuty::ON_CALL
    );
    let webhook = scenario.subscribed(&steps);
    let run = run_of(&scenario.trigger(&webhook, "disk full"));
    let view = scenario.ended(&run);

    assert_eq!(view["status"], "succeeded", "{view:#}");
    let states: Vec<_> = view["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["success", "success", "success", "skipped", "success"]);
    let outputs = &view["steps"][1]["outputs"];
    assert!(
        outputs["incident_number"].is_u64() && outputs["created_at"].is_string(),
        "{outputs}"
    );
    assert_eq!(outputs["status"], "triggered");

    let tickets = scenario.tickets("disk full");
    assert_eq!(tickets.len(), 1);
    assert_eq!(tickets[0]["incident"]["id"], outputs["incident_id"]);
    assert_eq!(tickets[0]["incident"]["status"], "resolved");
    let notes = tickets[0]["notes"].as_array().unwrap();
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0]["content"]
            .as_str()
            .unwrap()
            .starts_with(&format!("Closed by run {run}")),
        "{notes:?}"
    );
}

#[test]
fn a_v2_webhook_with_its_api_key_starts_a_run() {
    let scenario = Scenario::new("e2e-v2");
    scenario.apply(&scenario.definition("v2", &ticket("e2e-v2")));
    let webhook = scenario.webhook();
    scenario
        .pagerduty
        .extend(&webhook.url, PagerDuty::MONITORED_SERVICE, &webhook.api_key)
        .unwrap();
    let run = run_of(&scenario.trigger(&webhook, "old but working"));
    assert_eq!(scenario.ended(&run)["status"], "succeeded");
    assert_eq!(scenario.tickets("old but working").len(), 1);
}

#[test]
fn f30_a_run_is_pinned_to_the_version_that_was_active_when_it_started() {
    let scenario = Scenario::new("e2e-pinned");
    let steps = format!("  - wait: 3s\n{}", ticket("e2e-pinned"));
    let webhook = scenario.subscribed(&steps);
    let run = run_of(&scenario.trigger(&webhook, "while I edit"));
    let edited = scenario.apply(&scenario.definition("v3", "  - wait: 1s\n"));
    assert_eq!((&edited["version"], &edited["changed"]), (&json!(2), &json!(true)));
    let view = scenario.ended(&run);
    assert_eq!((&view["version"], &view["status"]), (&json!(1), &json!("succeeded")));
    assert_eq!(scenario.tickets("while I edit").len(), 1);
}

#[test]
fn f40_a_workflow_that_starts_itself_is_stopped() {
    let scenario = Scenario::new("e2e-loop");
    let webhook = scenario.subscribed(&ticket_on(PagerDuty::MONITORED_SERVICE, "e2e-loop"));
    scenario.trigger(&webhook, "hall of mirrors");
    let incidents = || {
        scenario
            .pagerduty
            .incidents_titled("e2e-loop: hall of mirrors")
            .unwrap()
    };
    let deadline = Instant::now() + DELIVERED_WITHIN;
    while incidents().len() < 6 {
        assert!(Instant::now() < deadline, "{} incidents", incidents().len());
        thread::sleep(Duration::from_millis(200));
    }
    // The one that somebody else opened, and one for each of five runs; the last of them starts a run that does nothing.
    let all = incidents();
    let title = |incident: &Value| incident["incident"]["title"].as_str().unwrap().len();
    let last = all.iter().max_by_key(|incident| title(incident)).unwrap();
    let last = last["incident"]["id"].as_str().unwrap();
    let delivery = scenario
        .pagerduty
        .delivery(&webhook.url, last, DELIVERED_WITHIN)
        .unwrap();
    let view = scenario.ended(&run_of(&delivery));
    assert_eq!(
        (&view["status"], &view["error"]["name"]),
        (&json!("failed"), &json!("Run.LoopStopped")),
        "{view:#}"
    );
    assert_eq!(incidents().len(), 6);
}

#[test]
fn applying_the_same_definition_again_changes_nothing() {
    let scenario = Scenario::new("e2e-again");
    let definition = scenario.definition("v3", "  - wait: 1s\n");
    assert_eq!(scenario.apply(&definition)["changed"], true);
    let again = scenario.apply(&definition);
    assert_eq!((&again["version"], &again["changed"]), (&json!(1), &json!(false)));
}

#[test]
fn a_long_stretch_of_steps_that_need_nobody_goes_on_over_several_plans() {
    let scenario = Scenario::new("e2e-stretch");
    let steps: String = (0..60)
        .map(|number| format!("  - id: s{number}\n    set: {{ n: {number} }}\n"))
        .collect();
    let webhook = scenario.subscribed(&format!("{steps}{}", ticket("e2e-stretch")));
    let view = scenario.ended(&run_of(&scenario.trigger(&webhook, "many steps")));
    assert_eq!(view["status"], "succeeded", "{}", view["error"]);
    assert_eq!(view["steps"].as_array().unwrap().len(), 61);
}
