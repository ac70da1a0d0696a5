//! Waits for something about an incident: PagerDuty tells of it, and the run goes on at once.

use crate::scenario::{ENDS_WITHIN, Scenario, Webhook, run_of};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

/// The time in which an event comes to the next step at the latest, on a loaded machine. Without its webhook a wait for an event would
/// go on for the whole of its ten minutes.
const PROMPT: Duration = Duration::from_secs(20);

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

fn steps(name: &str, timeout: &str) -> String {
    let incident = format!("integration: {name}, incident_id: \"{{{{ event.incident.id }}}}\"");
    format!(
        "  - id: both
    parallel:
      - steps: [{{ id: status, wait_for: {{ {incident}, status: [resolved], timeout: {timeout} }} }}]
        output: \"{{{{ steps.status.outputs }}}}\"
      - steps: [{{ id: event, wait_for: {{ {incident}, events: [incident.resolved], timeout: {timeout} }} }}]
        output: \"{{{{ steps.event.outputs }}}}\"
"
    )
}

#[test]
fn a_run_that_waits_for_an_incident_goes_on_when_pagerduty_tells_of_it() {
    let name = "e2e-watching";
    let scenario = Scenario::new(name);
    scenario.apply(&scenario.definition("v3", &steps(name, "10m")));
    let made = scenario.subscribed_by_pagerflow();
    assert_eq!(
        made["events"],
        json!(["incident.resolved", "incident.triggered"]),
        "the subscription asks for what the steps wait for, too"
    );
    let webhook = Webhook {
        url: made["webhook_url"].as_str().unwrap().to_owned(),
        api_key: String::new(),
        key_id: made["key_id"].as_str().unwrap().to_owned(),
    };
    let delivery = scenario.trigger(&webhook, "watched");
    let run = run_of(&delivery);
    let waits = |lane: &str| {
        scenario.once(&run, ENDS_WITHIN, |_| {
            let lane = scenario
                .pagerflow
                .json(&["run", "show", &run, "--lane", lane], "")
                .unwrap();
            lane["steps"][0]["state"] == "waiting"
        });
    };
    waits("both/1");
    waits("both/2");
    let incident = scenario.pagerflow.json(&["run", "show", &run], "").unwrap()["incident_id"].clone();

    let resolved_at = Timestamp::now();
    scenario.pagerduty.resolve(incident.as_str().unwrap()).unwrap();

    let view = scenario.ended(&run);
    assert_eq!(view["status"], "succeeded", "{view:#}");
    let lanes = &view["steps"][0]["outputs"]["lanes"];
    let [status, event] = [&lanes[0]["output"], &lanes[1]["output"]];
    assert_eq!(
        (&status["ended_by"], &status["status"]),
        (&json!("status"), &json!("resolved")),
        "{view:#}"
    );
    assert_eq!(
        (&event["ended_by"], &event["event"]["type"]),
        (&json!("event"), &json!("incident.resolved"))
    );
    let took = time(&event["at"]).duration_since(resolved_at);
    assert!(
        took < SignedDuration::try_from(PROMPT).unwrap(),
        "it went on {took:#} after the incident was resolved"
    );
}

#[test]
fn a_status_is_noticed_although_no_webhook_tells_of_it() {
    let name = "e2e-watching-unheard";
    let scenario = Scenario::new(name);
    let run = scenario.started(&format!(
        r#"
  - id: incident
    uses: pagerduty.create_incident
    with: {{ integration: {name}, title: "{name}: disk full", service: PSVC8R2, escalation_policy: PT20YPA }}
  - id: resolved
    wait_for:
      integration: {name}
      incident_id: "{{{{ steps.incident.outputs.incident_id }}}}"
      status: [resolved]
      timeout: 5m
"#
    ));
    let view = scenario.once(&run, ENDS_WITHIN, |view| view["steps"][1]["state"] == "waiting");
    let incident = view["steps"][0]["outputs"]["incident_id"].as_str().unwrap();
    scenario.pagerduty.resolve(incident).unwrap();

    // The second look is 15 s after the first one.
    let view = scenario.ended(&run);
    assert_eq!(view["steps"][1]["outputs"]["ended_by"], "status", "{view:#}");
}
