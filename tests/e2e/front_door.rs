//! The URL of an integration, keys that are replaced, and workflows that are gone.

use crate::scenario::{Scenario, answer, reply, ticket};
use serde_json::{Value, json};
use std::{
    thread,
    time::{Duration, Instant},
};

/// A revoked key may work for ten seconds; the rest is for a slow machine.
const REVOKED_WITHIN: Duration = Duration::from_secs(15);

fn id(delivery: &Value) -> &str {
    delivery["id"].as_str().unwrap()
}

/// Makes these steps a workflow of a name, behind the URL of the scenario's integration.
fn apply(scenario: &Scenario, workflow: &str, steps: &str) {
    let definition = scenario.definition("v3", steps);
    let own_name = format!("name: {}\n", scenario.name);
    let definition = definition.replacen(&own_name, &format!("name: {workflow}\n"), 1);
    scenario.apply(&definition);
}

/// The workflows that an answer names, each with what became of the event for it.
fn outcomes(answer: &Value) -> Vec<(String, String)> {
    let text = |event: &Value, name: &str| event[name].as_str().unwrap().to_owned();
    let events = answer["events"].as_array().unwrap().iter();
    events
        .map(|event| (text(event, "workflow"), text(event, "outcome")))
        .collect()
}

fn each<const N: usize>(workflows: [&str; N], outcome: &str) -> Vec<(String, String)> {
    workflows
        .map(|workflow| (workflow.to_owned(), outcome.to_owned()))
        .into()
}

#[test]
fn one_delivery_to_an_integration_starts_each_of_its_workflows_once() {
    let scenario = Scenario::new("e2e-many");
    apply(&scenario, "e2e-many-a", &ticket("e2e-many"));
    apply(&scenario, "e2e-many-b", &ticket("e2e-many"));
    let webhook = scenario.integration_webhook();
    scenario.subscribe(&webhook);

    let delivery = scenario.trigger(&webhook, "one for all");
    let (status, body) = answer(&delivery);
    assert_eq!(status, 202, "{delivery:#}");
    let both = ["e2e-many-a", "e2e-many-b"];
    assert_eq!(outcomes(&body), each(both, "started"));
    for event in body["events"].as_array().unwrap() {
        assert_eq!(scenario.ended(event["run"].as_str().unwrap())["status"], "succeeded");
    }
    assert_eq!(scenario.tickets("one for all").len(), 2);

    let again = scenario.pagerduty.redeliver(id(&delivery), 1, &json!({})).unwrap();
    let (status, body) = reply(&again[0]);
    assert_eq!(status, 202);
    assert_eq!(outcomes(&body), each(both, "duplicate"));
    assert_eq!(scenario.tickets("one for all").len(), 2);
    b6_the_key_of_a_workflow_does_not_open_the_integration(&scenario, id(&delivery));

    // A workflow that is deleted is not there any more; the other one is.
    let delete = ["workflow", "delete", "e2e-many-a", "--yes"];
    scenario.pagerflow.json(&delete, "").unwrap();
    thread::sleep(Duration::from_secs(11));
    let later = scenario.pagerduty.redeliver(id(&delivery), 1, &json!({})).unwrap();
    assert_eq!(outcomes(&reply(&later[0]).1), each(["e2e-many-b"], "duplicate"));
}

fn b6_the_key_of_a_workflow_does_not_open_the_integration(scenario: &Scenario, delivery: &str) {
    let key = scenario
        .key(&["create", "--workflow", "e2e-many-b", "--name", "n"])
        .api_key;
    let changes = json!({"headers": {"x-api-key": key}});
    let answers = scenario.pagerduty.redeliver(delivery, 1, &changes).unwrap();
    assert_eq!(reply(&answers[0]), (401, json!({"message": "unauthorized"})));
}

#[test]
fn b7_b8_a_key_is_replaced_without_a_gap_and_the_old_one_stops_when_it_is_revoked() {
    let scenario = Scenario::new("e2e-rotate");
    let old = scenario.subscribed(&ticket("e2e-rotate"));
    let delivery = scenario.trigger(&old, "keys change");
    let new = scenario.key(&["rotate", &old.key_id]);
    assert_eq!(new.url, old.url);
    let status_with = |key: &str| {
        let changes = json!({"headers": {"x-api-key": key}});
        let answers = scenario.pagerduty.redeliver(id(&delivery), 1, &changes).unwrap();
        reply(&answers[0]).0
    };
    assert_eq!((status_with(&old.api_key), status_with(&new.api_key)), (202, 202));

    let revoke = ["key", "revoke", &old.key_id];
    scenario.pagerflow.json(&revoke, "").unwrap();
    let deadline = Instant::now() + REVOKED_WITHIN;
    while status_with(&old.api_key) != 401 {
        assert!(Instant::now() < deadline, "the revoked key still works");
        thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(status_with(&new.api_key), 202);

    let list = ["key", "list", "--workflow", "e2e-rotate"];
    let keys = scenario.pagerflow.json(&list, "").unwrap();
    let states: Vec<_> = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| (key["key_id"].as_str().unwrap(), key["state"].as_str().unwrap()))
        .collect();
    assert_eq!(
        states,
        [(old.key_id.as_str(), "revoked"), (new.key_id.as_str(), "active")]
    );
}

#[test]
fn f31_a_deleted_workflow_accepts_its_events_with_the_reason_until_it_is_applied_again() {
    let scenario = Scenario::new("e2e-deleted");
    let steps = format!("  - wait: 5s\n{}", ticket("e2e-deleted"));
    let webhook = scenario.subscribed(&steps);
    let under_way = scenario.trigger(&webhook, "just in time");
    let run = crate::scenario::run_of(&under_way);
    // A run whose first Plan comes after the workflow was deleted does nothing.
    scenario.once(&run, Duration::from_secs(20), |view| view["steps"][0].is_object());

    let unasked = scenario
        .pagerflow
        .call(&["workflow", "delete", "e2e-deleted"], "")
        .unwrap();
    assert!(String::from_utf8(unasked.stderr).unwrap().contains("pass --yes"));
    let delete = ["workflow", "delete", "e2e-deleted", "--yes"];
    scenario.pagerflow.json(&delete, "").unwrap();
    thread::sleep(Duration::from_secs(11));

    let delivery = scenario.trigger(&webhook, "too late");
    assert_eq!(
        answer(&delivery),
        (
            202,
            json!({"events": [{"outcome": "ignored", "reason": "workflow_deleted"}]})
        )
    );
    assert_eq!(scenario.ended(&run)["status"], "succeeded", "a run under way finishes");
    let enable = scenario
        .pagerflow
        .call(&["workflow", "enable", "e2e-deleted"], "")
        .unwrap();
    assert!(String::from_utf8(enable.stderr).unwrap().contains("was deleted"));

    let applied = scenario.apply(&scenario.definition("v3", &steps));
    assert_eq!((&applied["version"], &applied["state"]), (&json!(2), &json!("enabled")));
}
