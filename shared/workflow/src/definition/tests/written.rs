//! Definitions as YAML for people, and the digest.

use super::{super::*, GOOD, strategy::definitions};
use crate::action::tests::catalog;
use proptest::prelude::*;
use serde_json::json;

/// A definition whose one variable is this value.
fn with_value(value: &Value) -> Definition {
    let stored = json!({"name": "a", "steps": [{"set": {"x": value}}]});
    Definition::from_source(&stored.to_string(), catalog()).unwrap()
}

fn variable(definition: &Definition) -> Value {
    definition.to_json()["steps"][0]["set"]["x"].clone()
}

proptest! {
    #[test]
    fn a_definition_that_is_written_as_yaml_and_read_again_is_the_same(definition in definitions()) {
        let yaml = definition.to_yaml();
        let read = Definition::from_source(&yaml, catalog());
        prop_assert!(read.as_ref() == Ok(&definition), "{yaml}\n{:?}", read.map(|read| read.to_json()));
    }

    #[test]
    fn any_text_survives_as_a_value_and_as_a_key(text in "([ -z|~é決\n\t\"'\\\\#:-]|\\PC){0,30}") {
        prop_assume!(!["{{", "{%", "{#"].iter().any(|open| text.contains(open)));
        let definition = with_value(&json!([text, {text.clone(): text}]));
        let read = Definition::from_source(&definition.to_yaml(), catalog()).map(|read| variable(&read));
        prop_assert_eq!(read, Ok(variable(&definition)), "{}", definition.to_yaml());
    }

    #[test]
    fn what_nobody_sees_is_written_as_an_escape_and_read_as_what_it_was(
        text in "[a\"'\\\\{ \t\n\u{0}-\u{1f}\u{7f}-\u{9f}\u{61c}\u{200e}\u{200f}\u{2028}-\u{202e}\u{2066}-\u{2069}]{1,20}"
    ) {
        prop_assume!(!["{{", "{%", "{#"].iter().any(|open| text.contains(open)));
        let definition = with_value(&json!([text, {text.clone(): text}]));
        let yaml = definition.to_yaml();
        prop_assert!(!yaml.chars().any(|c| crate::characters::steers(c) && c != '\n'), "{yaml:?}");
        let read = Definition::from_source(&yaml, catalog()).map(|read| variable(&read));
        prop_assert_eq!(read, Ok(variable(&definition)), "{}", yaml);
    }

    #[test]
    fn any_number_survives(number in any::<f64>().prop_filter("JSON has it", |number| number.is_finite())) {
        let definition = with_value(&json!(number));
        let read = Definition::from_source(&definition.to_yaml(), catalog()).map(|read| variable(&read));
        prop_assert_eq!(read, Ok(json!(number)));
    }
}

#[test]
fn it_is_written_as_people_write_it() {
    let definition = Definition::from_source(GOOD, catalog()).unwrap();
    insta::assert_snapshot!(definition.to_yaml());
}

#[test]
fn a_text_of_several_lines_stays_readable() {
    insta::assert_snapshot!(with_value(&json!("one\ntwo \"quoted\"\n")).to_yaml(), @r#"
    name: a
    steps:
      - set:
          x: |
            one
            two "quoted"
    "#);
}

#[test]
fn the_digest_is_of_what_a_definition_says_and_not_of_how_it_is_written() {
    let definition = Definition::from_source(GOOD, catalog()).unwrap();
    let digest = definition.digest();
    assert_eq!(
        Definition::from_source(&definition.to_yaml(), catalog())
            .unwrap()
            .digest(),
        digest
    );
    assert_eq!(
        Definition::from_json(&definition.to_json(), catalog())
            .unwrap()
            .digest(),
        digest
    );
    let other = Definition::from_source(&GOOD.replace("10m", "11m"), catalog()).unwrap();
    assert_ne!(other.digest(), digest);
}

#[test]
fn a_digest_never_changes_because_people_compare_it_with_older_ones() {
    assert_eq!(with_value(&json!(1)).digest(), "42ux3xhmpzft4hjc4masjwv3jbhhwom2");
}
