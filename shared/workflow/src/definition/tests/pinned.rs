//! The actions that a definition uses, which are stored with it.

use super::*;
use crate::action::{ActionSpec, Catalog};
use serde_json::json;
use std::sync::Arc;

const SOURCE: &str = "name: w
on: { pagerduty: { integration: prod, events: [incident.triggered], only_while: [triggered] } }
steps:
  - parallel:
      - steps: [{ uses: slack.post_message, with: { integration: chat, channel: C1, text: t } }]
      - steps: [{ uses: slack.post_message, with: { integration: chat, channel: C2, text: t } }]
  - approval:
      message: m
      timeout: 1h
      notify: [{ uses: opsgenie.create_alert, with: { integration: ops, message: m } }]
  - uses: http.request
    with: { integration: api, method: PUT, path: /x }
    retry: { errors: [Jira.RateLimited] }
";

fn used(definition: &Definition) -> Vec<&str> {
    definition.actions().into_keys().collect()
}

#[test]
fn the_actions_of_a_definition_are_those_of_all_its_steps_each_once() {
    let definition = Definition::from_source(SOURCE, catalog()).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(
        used(&definition),
        [
            "http.request",
            "opsgenie.create_alert",
            "pagerduty.get_incident",
            "slack.post_message"
        ]
    );
}

#[test]
fn a_stored_definition_is_read_with_its_own_actions_alone_and_may_name_errors_of_any_system() {
    let definition = Definition::from_source(SOURCE, catalog()).unwrap();
    let own: Catalog = definition.actions().into_values().map(Arc::clone).collect();
    assert_eq!(Definition::from_json(&definition.to_json(), &own), Ok(definition));
    let written = Definition::from_source(SOURCE, &own).unwrap_err().to_string();
    assert!(
        written.contains("`Jira.RateLimited` is no name of an error"),
        "{written}"
    );
}

#[test]
fn another_form_of_an_action_makes_another_definition() {
    let definition = Definition::from_source(SOURCE, catalog()).unwrap();
    let changed = definition.actions().into_values().map(|action| {
        let timeout_seconds = action.timeout_seconds + u32::from(&*action.name == "http.request");
        Arc::new(ActionSpec {
            timeout_seconds,
            ..ActionSpec::clone(action)
        })
    });
    let changed: Catalog = changed.collect();
    let read = Definition::from_json(&definition.to_json(), &changed).unwrap();
    assert_ne!(read, definition);
}

/// As version 1 of a workflow has it: what was stored once is read for good.
const STORED: &str = include_str!("stored_action.json");

#[test]
fn an_action_that_was_stored_is_read_whatever_a_newer_release_has_written_beside_it() {
    let action: ActionSpec = serde_json::from_str(STORED).unwrap();
    assert_eq!(action.name, "desk.open_ticket");
    assert!(action.input("queue").is_some_and(|queue| !queue.optional));
    let mut newer: Value = serde_json::from_str(STORED).unwrap();
    newer["colour"] = json!("green");
    newer["inputs"][1]["colour"] = json!("green");
    newer["repeat"]["needs_look"]["colour"] = json!("green");
    assert_eq!(serde_json::from_value::<ActionSpec>(newer).unwrap(), action);
}
