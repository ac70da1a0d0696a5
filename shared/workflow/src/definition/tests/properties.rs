//! What holds of every definition and of every text.

use super::{super::*, GOOD, strategy::definitions};
use crate::action::tests::catalog;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use std::collections::BTreeSet;

/// Any JSON, with the words of the language among its keys and texts.
fn json() -> impl Strategy<Value = Value> {
    let words: Vec<&str> = [
        "name",
        "on",
        "pagerduty",
        "integration",
        "events",
        "when",
        "timeout",
        "inputs",
        "type",
        "default",
        "concurrency",
        "key",
        "policy",
        "steps",
        "on_failure",
        "id",
        "if",
        "uses",
        "with",
        "wait",
        "until",
        "set",
        "else",
        "choose",
        "parallel",
        "output",
        "for_each",
        "max_concurrency",
        "on_lane_failure",
        "stop",
        "fail",
        "run_workflow",
        "approval",
        "wait_for",
        "status",
        "events",
        "when",
        "acknowledged",
        "choices",
        "notify",
        "retry",
        "errors",
        "pagerduty.create_incident",
        "incident.triggered",
        "{{ vars.a }}",
        "10m",
        "a",
    ]
    .to_vec();
    let word = prop::sample::select(words).prop_map(str::to_owned);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(8, 120, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..8).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

#[test]
fn the_definitions_of_these_tests_have_all_constructs() {
    let mut runner = TestRunner::deterministic();
    let mut met = BTreeSet::new();
    for _ in 0..200 {
        let definition = definitions().new_tree(&mut runner).unwrap().current();
        met.extend(
            definition
                .walk()
                .map(|(_, step)| step.title().split(' ').next().unwrap().to_owned()),
        );
    }
    let actions = catalog().actions().map(ToString::to_string);
    let kinds = crate::steps::WORDS.iter().filter(|word| **word != "uses");
    assert_eq!(met, actions.chain(kinds.map(|word| (*word).to_owned())).collect());
}

proptest! {
    #[test]
    fn a_definition_that_is_written_and_read_again_is_the_same(definition in definitions()) {
        let stored = definition.to_json();
        let compact = stored.to_string();
        let indented = serde_json::to_string_pretty(&stored).unwrap();
        for read in [
            Definition::from_json(&stored, catalog()),
            Definition::from_source(&compact, catalog()),
            Definition::from_source(&indented, catalog()),
        ] {
            prop_assert!(read.as_ref() == Ok(&definition), "{compact}\n{:?}", read.map(|read| read.to_json()));
        }
    }

    #[test]
    fn each_step_is_found_by_its_path_and_paths_are_in_the_order_of_the_source(definition in definitions()) {
        let paths: Vec<StepPath> = definition.walk().map(|(path, _)| path).collect();
        prop_assert!(paths.is_sorted());
        for (path, step) in definition.walk() {
            prop_assert_eq!(definition.step(&path), Some(step));
            prop_assert_eq!(path.to_string().parse(), Ok(path));
        }
    }

    #[test]
    fn any_text_is_read_or_refused_and_never_a_panic(source in "(\\PC|\n){0,400}") {
        let _read_or_refused = Definition::from_source(&source, catalog());
    }

    #[test]
    fn any_json_is_read_or_refused_and_never_a_panic(value in json()) {
        let from_json = Definition::from_json(&value, catalog());
        let from_source = Definition::from_source(&value.to_string(), catalog());
        prop_assert_eq!(from_json.is_ok(), from_source.is_ok());
    }

    #[test]
    fn any_piece_of_a_definition_is_read_or_refused(definition in definitions(), end in any::<prop::sample::Index>()) {
        let source = definition.to_json().to_string();
        let ends: Vec<usize> = source.char_indices().map(|(at, _)| at).collect();
        prop_assert!(Definition::from_source(&source[..ends[end.index(ends.len())]], catalog()).is_err());
    }

    #[test]
    fn a_definition_with_any_piece_torn_out_or_put_in_is_read_or_refused(
        from in 0..GOOD.len(),
        length in 0_usize..40,
        piece in "(\\PC|\n){0,20}",
    ) {
        let (before, rest) = GOOD.split_at(from);
        let torn = format!("{before}{piece}{}", rest.get(length..).unwrap_or_default());
        if let Ok(definition) = Definition::from_source(&torn, catalog()) {
            prop_assert_eq!(Definition::from_json(&definition.to_json(), catalog()), Ok(definition));
        }
    }
}
