use super::*;
use crate::template::{Context, Expression};
use jiff::Timestamp;
use minijinja::Environment;
use rstest::rstest;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn evaluated(source: &str) -> Value {
    let context = Context::of_event(json!({}), Timestamp::UNIX_EPOCH);
    Expression::condition(source)
        .and_then(|expression| expression.evaluate(&context))
        .unwrap_or_else(|error| panic!("{source}: {error}"))
}

#[test]
fn every_example_gives_what_the_reference_says() {
    for builtin in [FILTERS, TESTS, FUNCTIONS].concat() {
        let wanted: Value = serde_json::from_str(builtin.gives).unwrap();
        assert_eq!(evaluated(builtin.example), wanted, "{}", builtin.example);
        let first = builtin.names.first().unwrap();
        assert!(builtin.example.contains(first), "{first}: {}", builtin.example);
    }
}

/// The names that minijinja prints of itself.
fn of_minijinja(part: &str) -> BTreeSet<String> {
    let printed = format!("{:?}", Environment::new());
    let (_, after) = printed.split_once(&format!("{part}: ")).unwrap();
    let (names, _) = after.split_once(']').unwrap();
    let names = names.trim_start_matches('[').split(", ");
    names.map(|name| name.trim_matches('"').to_owned()).collect()
}

/// The filters that minijinja does not have.
const OWN: [&str; 4] = ["format_time", "in_zone", "seconds", "within"];

#[rstest]
#[case("filters", FILTERS)]
#[case("tests", TESTS)]
fn the_reference_lists_all_that_minijinja_has_and_nothing_else(#[case] part: &str, #[case] listed: &[Builtin]) {
    let listed: BTreeSet<String> = listed
        .iter()
        .flat_map(|builtin| builtin.names)
        .filter(|name| !OWN.contains(name))
        .map(|name| (*name).to_owned())
        .collect();
    assert_eq!(listed, of_minijinja(part));
}

#[rstest]
#[case::filter("event.x | truncate(40)", "unknown filter `truncate`; use `x[:40]`")]
#[case::filter_near("event.x | uper", "unknown filter `uper`; did you mean `upper`?")]
#[case::test("event.x is match('^Disk')", "unknown test `match`; there are no patterns")]
#[case::test_near(
    "event.x is startingwit('a')",
    "unknown test `startingwit`; did you mean `startingwith`?"
)]
#[case::test_null("event.x is not null", "unknown test `null`; use `none`")]
#[case::time(
    "event.occurred_at | strptime",
    "unknown filter `strptime`; use `time('2026-11-30T08:00:00Z')`"
)]
#[case::time_function("now() > event.x", "unknown function `now`; write `now`, without brackets")]
#[case::time_as_a_filter("event.x | time", "unknown filter `time`; `time` is a function: `time(x)`")]
#[case::within_as_a_test(
    "now is within('09:00-17:00')",
    "unknown test `within`; `within` is a filter: `x | within`"
)]
#[case::difference_elsewhere("now - timedelta(1)", "use `duration('15m')`")]
#[case::method(
    "event.x.startswith('DB')",
    "unknown method `startswith`: values have no methods; use `x is startingwith(\"y\")`"
)]
#[case::method_of_filter(
    "event.x.upper()",
    "unknown method `upper`: values have no methods; use the filter: `x | upper`"
)]
#[case::method_of_loop("event.x.cycle(1)", "unknown method `cycle`")]
#[case::function("nonsuch(1)", "unknown function `nonsuch`")]
#[case::filter_as_function("length(event.x)", "unknown function `length`; `length` is a filter: `x | length`")]
#[case::filter_of_map("event.x | map('upcase')", "unknown filter `upcase`; use `x | upper`")]
#[case::test_of_select("event.x | select('nonsuch')", "unknown test `nonsuch`")]
#[case::test_of_reject("event.x | reject('startswith', 'a')", "unknown test `startswith`")]
#[case::test_of_selectattr("event.x | selectattr('s', 'equals', 1)", "unknown test `equals`")]
#[case::test_of_rejectattr("event.x | rejectattr('s', 'nonsuch')", "unknown test `nonsuch`")]
#[case::deep("[{'a': (1 if event.x | nonsuch else 2)}] | length", "unknown filter `nonsuch`")]
fn an_unknown_name_is_refused_wherever_it_stands_and_the_one_that_was_meant_is_named(
    #[case] source: &str,
    #[case] said: &str,
) {
    let error = Expression::condition(source).unwrap_err().to_string();
    assert!(error.contains(said), "{error}");
}
