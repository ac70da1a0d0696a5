mod manual;

use super::*;
use serde_json::json;
use std::collections::BTreeSet;

fn problems(action: Action, input: &Value) -> Vec<String> {
    let checked = action.spec().check_input(input, &["idempotency_key"]);
    checked.err().unwrap_or_default()
}

fn good() -> Value {
    json!({"integration": "prod", "title": "t", "service": "PWIXJZS", "escalation_policy": "QABCDEFGHIJKLM", "from": "a@b.c"})
}

#[test]
fn a_complete_input_passes_and_may_carry_what_the_caller_knows() {
    let mut input = good();
    input["idempotency_key"] = json!("k");
    assert_eq!(problems(Action::CreateIncident, &input), Vec::<String>::new());
}

#[test]
fn all_problems_are_told_at_once() {
    let input = json!({
        "integration": "prod", "titel": "t", "service": "../users", "escalation_policy": 7, "assignee": "PUSER01"
    });
    assert_eq!(
        problems(Action::CreateIncident, &input),
        [
            "`title` is missing: the incident's title, 1 to 1024 characters",
            "`escalation_policy` must be the id of a thing in PagerDuty, such as `PWIXJZS`: letters and digits only",
            "`service` must be the id of a thing in PagerDuty, such as `PWIXJZS`: letters and digits only",
            "`titel` is not known; did you mean `title`?",
            "`escalation_policy` and `assignee` exclude each other; give only one of them",
        ]
    );
}

#[test]
fn an_input_that_is_null_counts_as_left_out() {
    let mut input = good();
    input["assignee"] = Value::Null;
    input["from"] = Value::Null;
    assert_eq!(problems(Action::CreateIncident, &input), Vec::<String>::new());
    input["title"] = Value::Null;
    assert_eq!(problems(Action::CreateIncident, &input).len(), 1);
}

#[test]
fn no_two_actions_have_one_name_and_all_read_back() {
    let names: BTreeSet<&str> = Action::ALL.iter().map(|action| action.spec().name).collect();
    assert_eq!(names.len(), Action::ALL.len());
    for action in Action::ALL {
        assert_eq!(Action::parse(&action.to_string()), Some(*action));
    }
}

#[test]
fn what_an_action_says_of_its_fields_is_about_fields_that_it_has() {
    for action in Action::ALL {
        let spec = action.spec();
        for fields in [spec.inputs, spec.outputs] {
            let names: BTreeSet<&str> = fields.iter().map(|field| field.name).collect();
            assert_eq!(names.len(), fields.len(), "{action}: a field stands twice");
        }
        let of_rules = spec.rules.iter().flat_map(|rule| rule.fields());
        for name in of_rules.chain(spec.changes.map(|changes| changes.incident).as_ref()) {
            assert!(spec.input(name).is_some(), "{action}: {name}");
        }
        for field in spec.rules.iter().flat_map(|rule| rule.fields()) {
            assert!(spec.input(field).unwrap().optional, "{action}: {field}");
        }
    }
}

#[test]
fn every_action_works_on_an_integration_and_is_one_of_its_function() {
    for action in Action::ALL {
        let spec = action.spec();
        assert_eq!(
            spec.inputs.first().map(|field| field.kind),
            Some(FieldKind::Integration),
            "{action}"
        );
        assert!(spec.function.actions().any(|performed| performed == *action));
    }
}

#[test]
fn the_events_that_follow_a_change_are_events_of_pagerduty() {
    for action in Action::ALL {
        for event in action.spec().changes.iter().flat_map(|changes| changes.events) {
            assert!(crate::definition::EVENT_TYPES.contains(event), "{action}: {event}");
        }
    }
}

#[test]
fn what_pages_people_is_never_repeated() {
    let forbidden = |action: &Action| matches!(action.spec().repeat, Repeat::IsForbidden { .. });
    let forbidden: Vec<String> = Action::ALL
        .iter()
        .filter(|action| forbidden(action))
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
    let sample = include_str!("../../../../events/pagerduty-action.json");
    let sample: Value = serde_json::from_str(sample).unwrap();
    let action = Action::parse(sample["action"].as_str().unwrap()).unwrap();
    assert_eq!(action.spec().function, Function::PagerDutyAction);
    assert_eq!(action.spec().check_input(&sample, &["action"]), Ok(()));
}
