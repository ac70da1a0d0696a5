//! Connectors of the user's own, and the parts of them that calls have along.

use super::*;
use crate::{shipped, shipped_connector};
use rstest::rstest;
use serde_json::{Value, json};

fn own(source: &str) -> Connector {
    Connector::own(source).unwrap_or_else(|problems| panic!("{problems}"))
}

fn part(connector: &Connector, action: &str) -> Value {
    let spec = connector.action(action).unwrap().spec();
    spec.connector.clone().unwrap()
}

fn names(part: &Value) -> Vec<&str> {
    part["actions"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn a_call_has_its_action_along_and_the_one_that_looks_for_what_it_has_made() {
    let desk = own(WHOLE);
    assert_eq!(names(&part(&desk, "open")), ["find", "open"]);
    assert_eq!(names(&part(&desk, "list_queues")), ["list_queues"]);
    let open = part(&desk, "open");
    assert!(open.get("test").is_none() && open["actions"]["open"]["inputs"]["queue"].get("choose").is_none());
}

#[test]
fn a_part_is_read_as_the_connector_that_it_is_of() {
    let desk = own(WHOLE);
    for action in desk.actions() {
        let read = Connector::from_part(&part(&desk, action.name())).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(read.name(), desk.name());
        let same = read.action(action.name()).unwrap();
        assert_eq!(format!("{:?}", same.request), format!("{:?}", action.request));
        assert_eq!(same.repeat, action.repeat);
        // Maps of JSON have an order of their own.
        let sorted = |action: &crate::Action| {
            let mut inputs = action.spec().inputs.clone();
            inputs.sort_by(|a, b| a.name.cmp(&b.name));
            inputs
        };
        assert_eq!(sorted(same), sorted(action));
        assert_eq!(
            format!("{:?}", read.integration().auth),
            format!("{:?}", desk.integration().auth)
        );
        assert_eq!(
            format!("{:?}", read.integration().hosts),
            format!("{:?}", desk.integration().hosts)
        );
        assert_eq!(format!("{:?}", read.errors), format!("{:?}", desk.errors));
        assert_eq!(read.rate_limit, desk.rate_limit);
    }
}

/// Every shipped connector under another name.
#[test]
fn each_action_that_comes_with_the_program_would_fit_into_a_call() {
    for connector in shipped() {
        let source =
            std::fs::read_to_string(format!("{}/catalogue/{connector}.yaml", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let source = source.replacen(
            &format!("connector: {connector}"),
            &format!("connector: acme_{connector}"),
            1,
        );
        let own = own(&source);
        for action in own.actions() {
            let read = Connector::from_part(&part(&own, action.name()));
            assert!(read.is_ok(), "{connector} {}: {}", action.name(), read.unwrap_err());
        }
    }
}

#[test]
fn a_shipped_connector_has_no_part_in_its_actions() {
    let slack = shipped_connector("slack").unwrap();
    assert!(slack.actions().all(|action| action.spec().connector.is_none()));
}

#[rstest]
#[case::one_that_comes_with_the_program("slack")]
#[case::pagerduty("pagerduty")]
#[case::aws("aws")]
#[case::email("email")]
fn a_connector_cannot_take_the_name_of_another_system(#[case] name: &str) {
    let source = with("connector: desk", &format!("connector: {name}"));
    let told = Connector::own(&source).unwrap_err().to_string();
    assert!(told.contains(&format!("`{name}` comes with Pagerflow")), "{told}");
    let mut part = part(&own(WHOLE), "open");
    part["connector"] = json!(name);
    let told = Connector::from_part(&part).unwrap_err().to_string();
    assert!(told.contains(&format!("`{name}` comes with Pagerflow")), "{told}");
}

#[test]
fn an_action_that_does_not_fit_into_a_call_is_refused_with_its_name() {
    let field = "      fields: { type: map, summary: further fields }\n";
    let more = (0..50).map(|number| {
        let summary = "x".repeat(290);
        format!("      more_{number}: {{ type: map, summary: {summary} }}\n")
    });
    let source = with(field, &more.chain([field.to_owned()]).collect::<String>());
    let told = Connector::own(&source).unwrap_err().to_string();
    assert!(
        told.contains("actions.open") && told.contains("travel with a call"),
        "{told}"
    );
}

#[rstest]
#[case::nothing(json!(null))]
#[case::a_list(json!([]))]
#[case::no_actions(json!({"connector": "desk", "title": "Help Desk"}))]
fn what_is_no_part_of_a_connector_is_refused(#[case] part: Value) {
    assert!(Connector::from_part(&part).is_err());
}
