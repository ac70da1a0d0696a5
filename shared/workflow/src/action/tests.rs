mod manual;

use super::*;
use serde_json::json;
use std::sync::{Arc, LazyLock};

/// The shipped actions, as `schema/actions.json` has them, and some of those that are not listed: whoever provides actions depends on
/// this crate.
pub(crate) fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
        let listed: Catalog = read(include_str!("../../../../schema/actions.json"))
            .into_iter()
            .collect();
        // A test of `platform` writes the file.
        listed.with_unlisted_system("aws.ecs", |_| read(include_str!("tests/aws.ecs.json")))
    });
    &CATALOG
}

fn read(actions: &str) -> Vec<Arc<ActionSpec>> {
    let actions: Vec<ActionSpec> = serde_json::from_str(actions).unwrap();
    actions.into_iter().map(Arc::new).collect()
}

/// The actions of PagerDuty among them, which are more than files.
pub(crate) fn of_pagerduty() -> impl Iterator<Item = &'static Arc<ActionSpec>> {
    let all = catalog().actions();
    all.filter(|action| action.system == "PagerDuty")
}

/// A shipped action.
pub(crate) fn action(name: &str) -> &'static Arc<ActionSpec> {
    catalog().action(name).unwrap_or_else(|| panic!("no action {name}"))
}

fn problems(name: &str, input: &Value) -> Vec<String> {
    let checked = action(name).check_input(input, &["idempotency_key"]);
    checked.err().unwrap_or_default()
}

fn good() -> Value {
    json!({"integration": "prod", "title": "t", "service": "PWIXJZS", "escalation_policy": "QABCDEFGHIJKLM", "from": "a@b.c"})
}

#[test]
fn a_complete_input_passes_and_may_carry_what_the_caller_knows() {
    let mut input = good();
    input["idempotency_key"] = json!("k");
    assert_eq!(problems("pagerduty.create_incident", &input), Vec::<String>::new());
}

#[test]
fn all_problems_are_told_at_once() {
    let input = json!({
        "integration": "prod", "titel": "t", "service": "../users", "escalation_policy": 7, "assignee": "PUSER01"
    });
    assert_eq!(
        problems("pagerduty.create_incident", &input),
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
    assert_eq!(problems("pagerduty.create_incident", &input), Vec::<String>::new());
    input["title"] = Value::Null;
    assert_eq!(problems("pagerduty.create_incident", &input).len(), 1);
}

#[test]
fn of_two_actions_of_one_name_the_first_counts() {
    let first = ActionSpec::clone(action("pagerduty.add_note"));
    let second = ActionSpec {
        summary: "Another.".into(),
        ..first.clone()
    };
    let catalog: Catalog = [first.clone(), second].into_iter().map(Arc::new).collect();
    assert_eq!(catalog.actions().map(|action| &**action).collect::<Vec<_>>(), [&first]);
    assert_eq!(
        catalog.action("pagerduty.add_note").map(|action| &**action),
        Some(&first)
    );
}

#[test]
fn an_action_acts_through_integrations_of_the_type_that_its_name_begins_with() {
    let spec = action("pagerduty.add_note");
    assert_eq!(spec.integration_type(), Some("pagerduty".parse().unwrap()));
    let without = ActionSpec {
        inputs: vec![],
        ..ActionSpec::clone(spec)
    };
    assert_eq!(without.integration_type(), None);
    let of_another = ActionSpec {
        integration: Some("aws".into()),
        ..ActionSpec::clone(spec)
    };
    assert_eq!(of_another.integration_type(), Some("aws".parse().unwrap()));
}

#[test]
fn what_a_replay_does_follows_from_the_repeat_unless_the_action_says_otherwise() {
    for (name, replayed) in [
        ("pagerduty.get_incident", Replayed::Harmless),
        ("pagerduty.snooze_incident", Replayed::Harmless),
        ("pagerduty.create_incident", Replayed::Twice),
        ("pagerduty.add_responders", Replayed::PagesTwice),
        ("pagerduty.trigger_alert", Replayed::Twice),
        (
            "pagerduty.resolve_incident",
            Replayed::TwiceWith { input: "note".into() },
        ),
    ] {
        assert_eq!(action(name).replayed(), replayed, "{name}");
    }
}
