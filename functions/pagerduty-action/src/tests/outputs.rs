//! What the actions give.

use super::*;
use crate::tests::world::{INCIDENT, example_with};
use action_tests::{Log, caller};
use pagerduty_simulator::Seed;
use serde_json::json;
use std::collections::BTreeSet;

#[tokio::test]
async fn every_output_is_what_the_catalogue_of_actions_promises_to_workflows() {
    for action in actions() {
        let world = World::for_action(action).await;

        let output = world.done(&example(action)).await;

        let fields = &action.spec().outputs;
        let given: BTreeSet<&str> = output.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(given, fields.iter().map(|field| &*field.name).collect(), "{action}");
        for field in fields {
            let value = &output[&*field.name];
            if !(field.optional && value.is_null()) {
                assert_eq!(field.kind.check(value), Ok(()), "{action}: {}", field.name);
            }
        }
    }
}

#[tokio::test]
async fn an_incident_is_given_as_it_is_after_the_change() {
    let world = World::new().await;

    let output = world.done(&example(Action::UpdateIncident)).await;

    let expected = json!({
        "incident_id": INCIDENT, "title": "Memory leak", "incident_number": 1, "status": "triggered",
        "urgency": "low", "priority": "PPRI1P1",
    });
    assert_eq!(output, world.filled(&expected));
}

#[tokio::test]
async fn what_was_written_can_be_read() {
    let world = World::new().await;
    let note = world.done(&example(Action::AddNote)).await;

    let notes = world.done(&example(Action::ListNotes)).await;
    let log = world.done(&example(Action::ListLogEntries)).await;

    assert_eq!(notes["notes"][0]["note_id"], note["note_id"]);
    assert_eq!(notes["notes"][0]["content"], "Looking into it.");
    assert_eq!(notes["notes"][0]["user"], "Olivia Oncall");
    assert_eq!(notes["more"], false);
    assert!(log["log_entries"][0]["log_entry_id"].is_string(), "{log}");
}

#[tokio::test]
async fn an_alert_becomes_an_incident_whose_alerts_can_be_read() {
    let world = World::new().await;
    world.done(&example(Action::TriggerAlert)).await;
    let list = world.done(&example(Action::ListIncidents)).await;
    let of_alert = list["incidents"]
        .as_array()
        .unwrap()
        .iter()
        .find(|incident| incident["title"] == "Heap full");

    let mut input = example(Action::ListAlerts);
    input["incident_id"] = of_alert.unwrap()["incident_id"].clone();
    let alerts = world.done(&input).await;

    assert_eq!(alerts["alerts"][0]["alert_key"], "heap web-1");
    assert_eq!(alerts["alerts"][0]["severity"], "critical");
}

#[tokio::test]
async fn a_long_list_is_cut_at_what_a_run_has_room_for() {
    let world = World::new().await;
    for number in 0..30 {
        let note = format!("{number} {}", "x".repeat(3000));
        world
            .done(&world::example_with(Action::AddNote, "note", json!(note)))
            .await;
    }

    let output = world.done(&example(Action::ListNotes)).await;

    let length = output["notes"].as_array().unwrap().len();
    assert!((10..25).contains(&length), "{length}");
    assert_eq!(output["more"], true);
    assert!(output.to_string().len() < 32 * 1024);
}

#[tokio::test]
async fn the_log_says_for_which_step_of_which_run_each_action_was_done_and_not_what() {
    for action in [Action::AddNote, Action::TriggerAlert] {
        let world = World::for_action(action).await;
        world.done(&example_with(action, "caller", caller())).await;
    }
    let actions: Vec<_> = Log::lines_with("action")
        .iter()
        .map(|line| line["action"].clone())
        .collect();
    assert_eq!(actions, ["pagerduty.add_note", "pagerduty.trigger_alert"]);
    for line in Log::lines_with("action") {
        for (name, value) in caller().as_object().unwrap() {
            assert_eq!(&line[name], value, "{name} in {line}");
        }
    }
    assert!(!Log::text().contains(Seed::ROUTING_KEY));
}
