//! Waits that end early: what is cancelled, and runs of one concurrency key.

use crate::scenario::Scenario;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::time::Duration;

/// The time that six runs of a second each may take one after the other on a loaded machine. Each looks by itself only after half a
/// minute or more.
const ONE_AFTER_THE_OTHER: Duration = Duration::from_secs(60);

/// The time in which a signal comes to the next step at the latest, on a loaded machine. Without it a wait of an hour would go on for
/// three minutes and more.
const PROMPT: SignedDuration = SignedDuration::from_secs(20);

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

fn cancel(scenario: &Scenario, run: &str, reason: &str) {
    let arguments = ["run", "cancel", run, "--reason", reason];
    scenario.pagerflow.json(&arguments, "").unwrap();
}

#[test]
fn a_run_that_is_cancelled_while_it_waits_ends_at_once_and_says_who_asked_and_why() {
    let scenario = Scenario::without_integration("e2e-cancelled-wait");
    let run = scenario.started("  - id: pause\n    wait: 1h\n  - set: { x: 1 }\n");
    scenario.once(&run, PROMPT.unsigned_abs(), |view| {
        view["steps"][0]["state"] == "waiting"
    });

    cancel(&scenario, &run, "the disk was replaced");

    let view = scenario.ended(&run);
    assert_eq!(view["status"], "cancelled", "{view:#}");
    assert_eq!(view["steps"][0]["state"], "cancelled", "{view:#}");
    assert_eq!(view["cancel"]["reason"], "the disk was replaced");
    let took = time(&view["ended_at"]).duration_since(time(&view["cancel"]["at"]));
    assert!(took < PROMPT, "it ended {took:#} after it was cancelled");

    let text = scenario.pagerflow.call(&["run", "show", &run], "").unwrap();
    let text = String::from_utf8_lossy(&text.stdout);
    assert!(text.contains("asked by "), "{text}");
    assert!(text.contains("pause (wait 1h)") && text.contains("⊘"), "{text}");
}

#[test]
fn lanes_that_wait_are_cancelled_at_once_by_the_lane_that_fails() {
    let scenario = Scenario::without_integration("e2e-cancelled-lanes");
    let run = scenario.started(
        "  - id: all\n    on_lane_failure: cancel\n    parallel:\n      - steps: [{ wait: 1h }]\n      - steps: [{ wait: 5s }, { fail: \"as it should\" }]\n",
    );
    let view = scenario.ended(&run);
    assert_eq!(view["status"], "failed", "{view:#}");
    let outputs = &view["steps"][0]["outputs"];
    assert_eq!(
        (&outputs["failed"], &outputs["cancelled"]),
        (&1.into(), &1.into()),
        "{view:#}"
    );
    let took = time(&view["ended_at"]).duration_since(time(&view["started_at"]));
    assert!(took < SignedDuration::from_secs(5) + PROMPT, "it took {took:#}");
}

#[test]
fn runs_of_one_key_follow_each_other_and_one_that_waits_says_where_it_stands() {
    let scenario = Scenario::without_integration("e2e-queue");
    scenario.apply(&scenario.by_hand("concurrency: { key: same }\nsteps: [{ wait: 1h }]\n"));
    let holder = scenario.start(&[]);
    scenario.once(&holder, PROMPT.unsigned_abs(), |view| {
        view["steps"][0]["state"] == "waiting"
    });
    scenario.apply(&scenario.by_hand("concurrency: { key: same }\nsteps: [{ wait: 1s }]\n"));
    let mut waiting: Vec<String> = Vec::new();
    for place in 1..=6 {
        let run = scenario.start(&[]);
        let view = scenario.once(&run, PROMPT.unsigned_abs(), |view| view["queue"]["place"] == place);
        assert_eq!(view["queue"]["behind"], holder.as_str(), "{view:#}");
        waiting.push(run);
    }
    let list = ["run", "list", "--workflow", "e2e-queue"];
    let list = scenario.pagerflow.text(&list, "").unwrap();
    assert!(list.contains(&format!("queued behind {holder}, 3rd of 6")), "{list}");

    cancel(&scenario, &holder, "its turn is over");

    let views: Vec<Value> = waiting
        .iter()
        .map(|run| scenario.ended_within(run, ONE_AFTER_THE_OTHER))
        .collect();
    assert!(views.iter().all(|view| view["status"] == "succeeded"), "{views:#?}");
    let ends: Vec<Timestamp> = views.iter().map(|view| time(&view["ended_at"])).collect();
    assert!(ends.is_sorted(), "in the order in which they came: {ends:?}");
    let begun = scenario.ended(&holder);
    let took = ends[5].duration_since(time(&begun["cancel"]["at"]));
    assert!(took.unsigned_abs() < ONE_AFTER_THE_OTHER, "they took {took:#}");
}
