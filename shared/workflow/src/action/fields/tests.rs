use super::*;
use rstest::rstest;
use serde_json::json;

fn words() -> Vec<Text> {
    ["triggered", "acknowledged", "resolved"].map(Text::from).into()
}

fn bridge() -> Vec<Field> {
    vec![
        Field::optional("number", FieldKind::Text, "a telephone number"),
        Field::required("url", FieldKind::Url, "where people meet"),
    ]
}

fn an_id() -> FieldKind {
    FieldKind::Id("PagerDuty".into())
}

fn a_list_of_ids() -> FieldKind {
    FieldKind::Ids("PagerDuty".into())
}

fn an_email() -> FieldKind {
    FieldKind::UserEmail("PagerDuty".into())
}

#[rstest]
#[case("../../users")]
#[case("%2e%2e")]
#[case(".")]
#[case("P1?x")]
#[case("P1#f")]
#[case("")]
#[case("\u{ff30}1")]
#[case("P1\r\nX: y")]
fn p1_a_text_that_is_no_id_never_gets_to_a_url(#[case] id: &str) {
    assert!(an_id().check(&json!(id)).is_err());
    assert!(a_list_of_ids().check(&json!(["P1", id])).is_err());
}

#[rstest]
#[case("a@b.c\r\nX-Evil: 1")]
#[case("a b@c.d")]
#[case("@c.d")]
#[case("a@")]
#[case("a@b@c")]
#[case("\u{e4}@b.c")]
fn a_text_that_is_no_address_never_gets_to_a_header(#[case] email: &str) {
    assert!(an_email().check(&json!(email)).is_err());
}

#[rstest]
#[case(FieldKind::Number, json!(0.5))]
#[case(FieldKind::Number, json!(2))]
#[case(FieldKind::Boolean, json!(true))]
#[case(FieldKind::OneOf(words()), json!("resolved"))]
#[case(FieldKind::Words(words()), json!(["resolved", "triggered"]))]
#[case(a_list_of_ids(), json!(["P1", "QABCDEFGHIJKLM"]))]
#[case(FieldKind::Count { most: 100 }, json!(100))]
#[case(FieldKind::Length { longest: 604_800 }, json!("7d"))]
#[case(FieldKind::Length { longest: 604_800 }, json!("1h 30m"))]
#[case(FieldKind::Time, json!("2027-01-31T09:00:00+01:00"))]
#[case(FieldKind::Url, json!("https://meet.example.com/a?b=c"))]
#[case(FieldKind::Map { may_be_empty: true }, json!({}))]
#[case(FieldKind::Map { may_be_empty: false }, json!({"a": [1, null]}))]
#[case(FieldKind::List, json!([]))]
#[case(FieldKind::Object(bridge()), json!({"url": "https://a.example", "number": null}))]
#[case(FieldKind::Entries(bridge()), json!([{"url": "https://a.example"}]))]
#[case(FieldKind::Name, json!("checkout-2"))]
fn a_value_of_the_type_passes(#[case] kind: FieldKind, #[case] value: Value) {
    assert_eq!(kind.check(&value), Ok(()));
}

#[rstest]
#[case(FieldKind::Number, json!("0.5"), "is text, but must be a number")]
#[case(FieldKind::Boolean, json!("true"), "is text, but must be true or false")]
#[case(
    FieldKind::OneOf(words()),
    json!("resolve"),
    "must be one of triggered, acknowledged, resolved; did you mean `resolved`?"
)]
#[case(FieldKind::OneOf(words()), json!(1), "is a number, but must be one of triggered, acknowledged, resolved")]
#[case(FieldKind::Words(words()), json!([]), "must be a list of some of triggered, acknowledged, resolved")]
#[case(
    FieldKind::Words(words()),
    json!(["resolved", "open"]),
    "has an entry 1 that must be one of triggered, acknowledged, resolved"
)]
#[case(
    a_list_of_ids(),
    json!("P1"),
    "must be a list of ids of things in PagerDuty, 1 to 100, such as `[PWIXJZS]`"
)]
#[case(
    a_list_of_ids(),
    json!(vec!["P1"; 101]),
    "must be a list of ids of things in PagerDuty, 1 to 100, such as `[PWIXJZS]`"
)]
#[case(FieldKind::Count { most: 100 }, json!(0), "must be a whole number from 1 to 100")]
#[case(FieldKind::Count { most: u32::MAX }, json!(-1), "must be a whole number from 1 on")]
#[case(
    FieldKind::Length { longest: 604_800 },
    json!("8d"),
    "must be a length of time such as 30m or 4h, from 1s to 168h"
)]
#[case(
    FieldKind::Time,
    json!("tomorrow"),
    "must be a time in RFC 3339, such as `2027-01-31T09:00:00Z`, or one relative to now, such as `-24h` or `+30m`"
)]
#[case(
    FieldKind::Time,
    json!("-24h"),
    "is relative to now, which only a step of a workflow can be; give a time in RFC 3339, such as `2027-01-31T09:00:00Z`"
)]
#[case(FieldKind::Time, json!("24h"), "has no sign; write `-24h` for a time before now, or `+24h` for one after it")]
#[case(FieldKind::Url, json!("http://a.example"), "must be a URL that begins with `https://`")]
#[case(FieldKind::Url, json!("https:// a"), "must be a URL that begins with `https://`")]
#[case(FieldKind::Map { may_be_empty: false }, json!({}), "is empty; it must have at least one field")]
#[case(FieldKind::Map { may_be_empty: true }, json!([]), "is a list, but must be a map")]
#[case(
    FieldKind::Object(bridge()),
    json!({"numbre": "1"}),
    "has problems: `url` is missing: where people meet; `numbre` is not known; did you mean `number`?"
)]
#[case(FieldKind::Entries(bridge()), json!([1]), "has an entry 0 that is a number, but must be a map")]
#[case(FieldKind::Name, json!("Checkout"), "must be a name such as `checkout`: lower-case letters, digits and '-'")]
fn a_value_of_another_type_is_told(#[case] kind: FieldKind, #[case] value: Value, #[case] problem: &str) {
    assert_eq!(kind.check(&value).unwrap_err(), problem);
}

#[rstest]
#[case(FieldKind::Text, json!(7), json!("7"))]
#[case(FieldKind::Text, json!(true), json!("true"))]
#[case(FieldKind::Count { most: 100 }, json!("25"), json!(25))]
#[case(FieldKind::Count { most: 100 }, json!("many"), json!("many"))]
#[case(FieldKind::Number, json!("0.5"), json!(0.5))]
#[case(FieldKind::Number, json!("2"), json!(2))]
#[case(FieldKind::Number, json!("half"), json!("half"))]
#[case(FieldKind::Boolean, json!("false"), json!(false))]
#[case(FieldKind::Boolean, json!("no"), json!("no"))]
#[case(a_list_of_ids(), json!("P1"), json!("P1"))]
#[case(FieldKind::Map { may_be_empty: true }, json!({"n": 1}), json!({"n": 1}))]
#[case(FieldKind::Object(bridge()), json!({"number": 5550100}), json!({"number": "5550100"}))]
fn what_a_template_gives_is_taken_as_the_type_where_there_is_one_way_to_take_it(
    #[case] kind: FieldKind,
    #[case] rendered: Value,
    #[case] taken: Value,
) {
    assert_eq!(kind.from_rendered(rendered), taken);
}

#[test]
fn times_in_maps_and_in_lists_of_maps_can_be_relative_as_well() {
    let from = || Field::required("from", FieldKind::Time, "the beginning");
    let now = Time::of_clock("2027-01-31T09:00:00Z".parse().unwrap());
    let relative = json!({"from": "-24h", "other": "-24h"});
    let absolute = json!({"from": "2027-01-30T09:00:00Z", "other": "-24h"});
    let (map, list) = (FieldKind::Object(vec![from()]), FieldKind::Entries(vec![from()]));
    assert_eq!(map.absolute(relative.clone(), now), absolute);
    assert_eq!(list.absolute(json!([relative]), now), json!([absolute]));
    assert_eq!(FieldKind::Text.absolute(json!("-24h"), now), "-24h");
}

#[rstest]
#[case::whole(json!(3), true)]
#[case::with_a_fraction(json!(-1.5), true)]
#[case::text(json!("3"), false)]
#[case::null(json!(null), false)]
fn a_number_may_have_a_fraction(#[case] value: Value, #[case] fits: bool) {
    assert_eq!(FieldKind::Number.check(&value).is_ok(), fits);
    assert!(FieldKind::Any.check(&value).is_ok());
}

#[test]
fn a_text_becomes_the_number_that_it_is() {
    assert_eq!(FieldKind::Number.from_rendered(json!(" 1.5 ")), json!(1.5));
    assert_eq!(FieldKind::Number.from_rendered(json!("many")), json!("many"));
}
