//! Deliveries: repeated, forged, unwanted and unreadable.

use crate::scenario::{Scenario, answer, reply, run_of, ticket};
use serde_json::{Value, json};
use std::{thread::sleep, time::Duration};

/// The time for which the ingress may believe what it read of a trigger, and more.
const TRIGGER_KEPT: Duration = Duration::from_secs(11);

/// The time after which the ingress reads signing secrets again that were refused, and more.
const SECRETS_KEPT: Duration = Duration::from_secs(6);

fn id(delivery: &Value) -> &str {
    delivery["id"].as_str().unwrap()
}

#[test]
fn f14_ten_identical_deliveries_at_once_give_one_run_and_one_incident() {
    let scenario = Scenario::new("e2e-ten");
    let webhook = scenario.subscribed(&ticket("e2e-ten"));
    // The first delivery of the event is refused on its way, so that the ten copies are the first that arrive.
    scenario
        .pagerflow
        .json(&["workflow", "disable", "e2e-ten"], "")
        .unwrap();
    sleep(TRIGGER_KEPT);
    let delivery = scenario.trigger(&webhook, "thundering herd");
    assert_eq!(
        answer(&delivery).1["events"][0]["reason"],
        "workflow_disabled",
        "{delivery:#}"
    );
    scenario.pagerflow.json(&["workflow", "enable", "e2e-ten"], "").unwrap();
    sleep(TRIGGER_KEPT);

    let answers = scenario.pagerduty.redeliver(id(&delivery), 10, &json!({})).unwrap();
    let answers: Vec<_> = answers.iter().map(reply).collect();
    assert_eq!(answers.len(), 10);
    assert!(answers.iter().all(|(status, _)| *status == 202), "{answers:?}");
    let outcomes: Vec<_> = answers
        .iter()
        .map(|(_, body)| body["events"][0]["outcome"].as_str().unwrap())
        .collect();
    let count = |outcome: &str| outcomes.iter().filter(|one| **one == outcome).count();
    assert_eq!((count("started"), count("duplicate")), (1, 9), "{outcomes:?}");
    let runs: std::collections::BTreeSet<_> = answers
        .iter()
        .map(|(_, body)| body["events"][0]["run"].as_str().unwrap())
        .collect();
    assert_eq!(runs.len(), 1);

    assert_eq!(scenario.ended(runs.first().unwrap())["status"], "succeeded");
    assert_eq!(scenario.tickets("thundering herd").len(), 1);
    // And once more, after the run has ended.
    let late = scenario.pagerduty.redeliver(id(&delivery), 1, &json!({})).unwrap();
    assert_eq!(reply(&late[0]).1["events"][0]["outcome"], "duplicate");
    assert_eq!(scenario.tickets("thundering herd").len(), 1);
}

#[test]
fn i4_b17_b20_a_delivery_that_is_not_authentic_gets_401_and_starts_nothing() {
    let scenario = Scenario::new("e2e-forged");
    let webhook = scenario.subscribed(&ticket("e2e-forged"));
    let other = Scenario::new("e2e-forged-other");
    other.apply(&other.definition("v3", "  - wait: 1s\n"));
    let foreign_key = other.webhook().api_key;

    let delivery = scenario.trigger(&webhook, "genuine");
    scenario.ended(&run_of(&delivery));
    // A body of its own, so that nothing can be taken for a duplicate of the genuine event.
    let forged = delivery["body"]
        .as_str()
        .unwrap()
        .replace("genuine", "forged")
        .replacen("\"id\":\"", "\"id\":\"X", 1);
    let wrong_signature = format!("v1={}", "0".repeat(64));
    for (what, headers) in [
        ("a body that was not signed", json!({})),
        ("a wrong signature", json!({"x-pagerduty-signature": wrong_signature})),
        ("no signature", json!({"x-pagerduty-signature": null})),
        ("no key", json!({"x-api-key": null})),
        ("a key that is none", json!({"x-api-key": "pgf_nope"})),
        ("the key of another workflow", json!({"x-api-key": foreign_key})),
    ] {
        if headers.get("x-api-key").is_none() {
            // Before that it could be the signature of a new subscription.
            sleep(SECRETS_KEPT);
        }
        let answers = scenario
            .pagerduty
            .redeliver(id(&delivery), 1, &json!({"headers": headers, "body": forged}))
            .unwrap();
        assert_eq!(reply(&answers[0]), (401, json!({"message": "unauthorized"})), "{what}");
    }
    // Also the genuine body does not help without the key.
    let answers = scenario
        .pagerduty
        .redeliver(id(&delivery), 1, &json!({"headers": {"x-api-key": null}}))
        .unwrap();
    assert_eq!(reply(&answers[0]).0, 401);
    sleep(Duration::from_secs(2));
    assert_eq!(scenario.tickets("forged").len(), 0);
    assert_eq!(scenario.tickets("genuine").len(), 1);
}

#[test]
fn an_event_that_the_workflow_does_not_want_is_accepted_and_starts_nothing() {
    let scenario = Scenario::new("e2e-filter");
    let webhook = scenario.subscribed(&ticket("e2e-filter"));
    let incident = scenario
        .pagerduty
        .trigger("of no interest", tests::PagerDuty::MONITORED_SERVICE)
        .unwrap();
    let delivery = scenario
        .pagerduty
        .delivery(&webhook.url, &incident, crate::scenario::DELIVERED_WITHIN)
        .unwrap();
    assert_eq!(
        answer(&delivery),
        (202, json!({"events": [{"outcome": "ignored", "reason": "condition"}]}))
    );
}

#[test]
fn b36_an_authentic_delivery_that_cannot_be_read_is_accepted_and_kept() {
    let scenario = Scenario::new("e2e-unreadable");
    scenario.apply(&scenario.definition("v2", &ticket("e2e-unreadable")));
    let webhook = scenario.webhook();
    scenario
        .pagerduty
        .extend(&webhook.url, tests::PagerDuty::MONITORED_SERVICE, &webhook.api_key)
        .unwrap();
    let delivery = scenario.trigger(&webhook, "as it should be");
    let answers = scenario
        .pagerduty
        .redeliver(id(&delivery), 1, &json!({"body": "{\"event\": {}}"}))
        .unwrap();
    let (status, body) = reply(&answers[0]);
    assert_eq!(
        (status, &body["events"][0]["outcome"]),
        (202, &json!("unreadable")),
        "{body}"
    );
    assert!(body["events"][0]["reason"].as_str().unwrap().contains("V3"), "{body}");
}
