//! Rules for every action of the registry.

use std::collections::BTreeSet;

use serde_json::Value;
use workflow::{
    action::{Effect, FieldKind, Repeat},
    triggers::pagerduty::event,
};

use super::*;

#[test]
fn no_two_actions_have_one_name_and_all_read_back() {
    let names: BTreeSet<&str> = Action::ALL.iter().map(|action| &*action.spec().name).collect();
    assert_eq!(names.len(), Action::ALL.len());
    assert_eq!(catalog().actions().count(), Action::ALL.len());
    for action in Action::ALL {
        assert_eq!(Action::parse(&action.to_string()), Some(*action));
        assert_eq!(catalog().action(&action.to_string()), Some(action.spec()));
    }
}

#[test]
fn the_name_of_an_action_is_that_of_its_module() {
    for action in Action::ALL {
        let words = format!("{action:?}").chars().fold(String::new(), |mut name, letter| {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.push(letter.to_ascii_lowercase());
            name
        });
        assert_eq!(action.to_string(), format!("pagerduty.{words}"));
    }
}

#[test]
fn what_an_action_says_of_its_fields_is_about_fields_that_it_has() {
    for action in Action::ALL {
        let spec = action.spec();
        for fields in [&spec.inputs, &spec.outputs] {
            let names: BTreeSet<&str> = fields.iter().map(|field| &*field.name).collect();
            assert_eq!(names.len(), fields.len(), "{action}: duplicate field");
        }
        let of_effect = match &spec.effect {
            Effect::ChangesIncident { incident, .. } => Some(incident),
            Effect::Reads | Effect::CreatesIncident | Effect::Other => None,
        };
        for name in spec.rules.iter().flat_map(|rule| rule.fields()).chain(of_effect) {
            assert!(spec.input(name).is_some(), "{action}: {name}");
        }
        for field in spec.rules.iter().flat_map(|rule| rule.fields()) {
            assert!(spec.input(field).unwrap().optional, "{action}: {field}");
        }
        assert!(!spec.summary.is_empty() && !spec.on_repeat.is_empty() && !spec.example.is_empty());
    }
}

#[test]
fn every_action_works_on_an_integration() {
    for action in Action::ALL {
        let first = action.spec().inputs.first().map(|field| &field.kind);
        assert_eq!(first, Some(&FieldKind::Integration), "{action}");
    }
}

#[test]
fn what_only_reads_is_repeated_and_what_changes_something_is_not_taken_for_a_read() {
    for action in Action::ALL {
        let spec = action.spec();
        assert_eq!(spec.only_reads(), spec.repeat == Repeat::IsHarmless, "{action}");
    }
}

#[test]
fn the_events_that_follow_a_change_are_events_of_pagerduty() {
    for action in Action::ALL {
        if let Effect::ChangesIncident { events, .. } = &action.spec().effect {
            for event in events {
                assert!(event::names().any(|name| name == &**event), "{action}: {event}");
            }
        }
    }
}

#[test]
fn what_pages_people_is_never_repeated() {
    let forbidden: Vec<String> = Action::ALL
        .iter()
        .filter(|action| matches!(action.spec().repeat, Repeat::IsForbidden { .. }))
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        forbidden,
        [
            "pagerduty.reassign_incident",
            "pagerduty.escalate_incident",
            "pagerduty.post_status_update",
            "pagerduty.add_responders",
            "pagerduty.run_incident_workflow",
            "pagerduty.send_change_event",
        ]
    );
}

#[test]
fn the_sample_event_of_the_function_that_does_several_things_is_an_input_of_one_of_them() {
    let sample = include_str!("../../../../../events/pagerduty-action.json");
    let sample: Value = serde_json::from_str(sample).unwrap();
    let action = Action::parse(sample["action"].as_str().unwrap()).unwrap();
    assert_eq!(action.spec().function, "PagerDutyAction");
    assert_eq!(action.spec().check_input(&sample, &["action"]), Ok(()));
}
