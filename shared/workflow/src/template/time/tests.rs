use super::*;
use crate::template::{Context, Expression, Template};
use jiff::Timestamp;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value as Json, json};

/// A Monday.
const NOW: &str = "2026-11-30T08:00:00.789Z";

fn context() -> Context {
    let now: Timestamp = NOW.parse().unwrap();
    let event =
        json!({"created_at": "2026-11-30T07:15:00Z", "number": 7, "title": "Disk full", "none": null, "list": ["a"]});
    Context::of_event(event, now)
}

fn value_at(source: &str, context: &Context) -> Result<Json, String> {
    Template::from_text(&format!("{{{{ {source} }}}}"))
        .and_then(|template| template.evaluate(context))
        .map_err(|error| error.to_string())
}

fn value(source: &str) -> Result<Json, String> {
    value_at(source, &context())
}

#[track_caller]
fn assert_says(source: &str, said: &str) {
    let error = value(source).expect_err(source);
    assert!(error.contains(said), "{source}: {error}");
}

#[rstest]
#[case::whole_seconds("now", "2026-11-30T08:00:00Z")]
#[case::in_text("'at ' ~ now", "at 2026-11-30T08:00:00Z")]
#[case::made_text("now | string", "2026-11-30T08:00:00Z")]
#[case::joined("[now, duration('90s')] | join(', ')", "2026-11-30T08:00:00Z, 1m30s")]
#[case::formatted("'%s' | format(now)", "2026-11-30T08:00:00Z")]
#[case::as_json("[now] | tojson", "[\"2026-11-30T08:00:00Z\"]")]
#[case::replaced("now | replace('T', ' ')", "2026-11-30 08:00:00Z")]
#[case::smallest("[now, time(event.created_at)] | min", "2026-11-30T07:15:00Z")]
#[case::sorted("[now, time(event.created_at)] | sort | first", "2026-11-30T07:15:00Z")]
#[case::defaulted("event.nope | default(now)", "2026-11-30T08:00:00Z")]
fn a_time_becomes_text_in_utc(#[case] source: &str, #[case] text: &str) {
    assert_eq!(value(source), Ok(json!(text)));
}

#[test]
fn a_time_in_a_list_or_a_map_is_text_for_whoever_reads_it() {
    let expected = json!({"at": "2026-11-30T08:00:00Z", "each": ["15m"]});
    assert_eq!(value("{'at': now, 'each': [duration('15m')]}"), Ok(expected));
}

#[test]
fn a_text_around_a_time_has_it_as_it_is_written() {
    let template = Template::from_text("It is {{ now }}, for {{ now - time(event.created_at) }}.").unwrap();
    let text = template.evaluate(&context()).unwrap();
    assert_eq!(text, json!("It is 2026-11-30T08:00:00Z, for 45m."));
}

#[test]
fn now_is_the_time_of_the_context_and_no_other() {
    let later = context().at("2027-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(value_at("now", &later), Ok(json!("2027-01-01T00:00:00Z")));
    assert_eq!(value_at("now == now", &later), Ok(json!(true)));
}

#[rstest]
#[case::in_utc("time('2026-11-30T08:00:00Z')", "2026-11-30T08:00:00Z")]
#[case::with_an_offset("time('2026-11-30T09:00:00+01:00')", "2026-11-30T08:00:00Z")]
#[case::without_seconds("time('2026-11-30T09:00+01:00')", "2026-11-30T08:00:00Z")]
#[case::with_parts_of_seconds("time('2026-11-30T08:00:00.999Z')", "2026-11-30T08:00:00Z")]
#[case::parts_of_seconds_before_1970("time('1969-12-31T23:59:58.5Z')", "1969-12-31T23:59:58Z")]
#[case::of_an_event("time(event.created_at)", "2026-11-30T07:15:00Z")]
#[case::of_a_time("time(time(event.created_at))", "2026-11-30T07:15:00Z")]
#[case::of_seconds("time(1796025600)", "2026-11-30T08:00:00Z")]
#[case::of_seconds_with_parts("time(1796025600.7)", "2026-11-30T08:00:00Z")]
#[case::before_1970("time(-1)", "1969-12-31T23:59:59Z")]
#[case::leap_day("time('2028-02-28T23:00:00Z') + duration('1h')", "2028-02-29T00:00:00Z")]
#[case::no_leap_day("time('2027-02-28T23:00:00Z') + duration('1h')", "2027-03-01T00:00:00Z")]
#[case::first("time('0000-01-01T00:00:00Z')", "0000-01-01T00:00:00Z")]
#[case::last("time('9999-12-30T22:00:00Z')", "9999-12-30T22:00:00Z")]
fn a_time_is_read_from_text_and_from_seconds(#[case] source: &str, #[case] text: &str) {
    assert_eq!(value(source), Ok(json!(text)));
}

#[rstest]
#[case::summer("2026-06-30T08:00", "2026-06-30T06:00:00Z")]
#[case::winter("2026-11-30T08:00", "2026-11-30T07:00:00Z")]
#[case::date_alone("2026-11-30", "2026-11-29T23:00:00Z")]
#[case::offset_of_its_own("2026-11-30T08:00:00Z", "2026-11-30T08:00:00Z")]
#[case::hour_that_is_left_out("2026-03-29T02:30", "2026-03-29T01:30:00Z")]
#[case::before_it("2026-03-29T01:59", "2026-03-29T00:59:00Z")]
#[case::after_it("2026-03-29T03:00", "2026-03-29T01:00:00Z")]
#[case::hour_that_comes_twice("2026-10-25T02:30", "2026-10-25T00:30:00Z")]
#[case::after_both("2026-10-25T03:00", "2026-10-25T02:00:00Z")]
fn a_time_without_an_offset_is_read_in_a_zone(#[case] text: &str, #[case] expected: &str) {
    let source = format!("time('{text}', zone='Europe/Berlin')");
    assert_eq!(value(&source), Ok(json!(expected)));
}

#[rstest]
#[case::no_offset(
    "time('2026-11-30T08:00')",
    "`2026-11-30T08:00` names no time zone; write it like 2026-11-30T08:00:00Z, or give the zone"
)]
#[case::date_alone("time('2026-11-30')", "`2026-11-30` names no time zone")]
#[case::something_else("time('tomorrow')", "`tomorrow` is not a time; write it like 2026-11-30T08:00:00Z")]
#[case::something_else_in_a_zone("time('tomorrow', zone='UTC')", "`tomorrow` is not a time")]
#[case::zone_in_brackets("time('2026-11-30T08:00[Asia/Tokyo]', zone='UTC')", "is not a time")]
#[case::no_such_day("time('2026-02-29T08:00:00Z')", "is not a time")]
#[case::empty("time('')", "`` is not a time")]
#[case::null("time(event.none)", "null is not a time: a time is text")]
#[case::list("time(event.list)", "a list is not a time")]
#[case::duration("time(duration('1h'))", "a duration is not a time")]
#[case::missing("time(event.nope)", "`event.nope` is not defined")]
#[case::milliseconds("time(1796025600000)", "if they are milliseconds, divide by 1000")]
#[case::too_late("time(1e300)", "outside of the years 0 to 9999")]
#[case::before_the_year_0("time('-000001-01-01T00:00:00Z')", "outside of the years 0 to 9999")]
#[case::zone("time('2026-11-30T08:00', zone='Mars/Olympus')", "unknown time zone `Mars/Olympus`")]
#[case::zone_that_is_not_needed("time(now, zone='Mars/Olympus')", "unknown time zone `Mars/Olympus`")]
#[case::zone_of_a_city("time('2026-11-30T08:00', zone='Berlin')", "did you mean `Europe/Berlin`?")]
#[case::zone_of_two_words("time('2026-11-30T08:00', zone='new york')", "did you mean `America/New_York`?")]
#[case::zone_misspelt("time('2026-11-30T08:00', zone='Europe/Berln')", "did you mean `Europe/Berlin`?")]
#[case::zone_of_another_type("time('2026-11-30T08:00', zone=1)", "`zone` must be text, but is a number")]
#[case::argument("time('2026-11-30T08:00', tz='UTC')", "tz")]
fn what_is_not_a_time_is_refused_with_what_is(#[case] source: &str, #[case] said: &str) {
    assert_says(source, said);
}

#[rstest]
#[case("15m", "15m", 900)]
#[case("1h 30m", "1h30m", 5_400)]
#[case("90m", "1h30m", 5_400)]
#[case("2d", "2d", 172_800)]
#[case("48h", "2d", 172_800)]
#[case("1w", "7d", 604_800)]
#[case("1d1s", "1d1s", 86_401)]
#[case("0s", "0s", 0)]
#[case("-24h", "-1d", -86_400)]
#[case("-1h30m", "-1h30m", -5_400)]
#[case("3652500d", "3652500d", 315_576_000_000)]
fn a_duration_is_read_as_waits_are_and_written_so_that_it_reads_back(
    #[case] text: &str,
    #[case] written: &str,
    #[case] seconds: i64,
) {
    assert_eq!(value(&format!("duration('{text}')")), Ok(json!(written)));
    assert_eq!(
        value(&format!("duration('{written}') == duration('{text}')")),
        Ok(json!(true))
    );
    assert_eq!(value(&format!("duration('{text}') | seconds")), Ok(json!(seconds)));
}

#[rstest]
#[case::no_unit(
    "duration('10')",
    "`10` is not a duration; write it in whole seconds or more, like 30s, 15m, 1h30m or 2d"
)]
#[case::number("duration(10)", "a number is not a duration")]
#[case::parts_of_seconds("duration('500ms')", "is not a duration")]
#[case::months("duration('1mo')", "is not a duration")]
#[case::time("duration(now)", "a time is not a duration")]
#[case::null("duration(event.none)", "null is not a duration")]
#[case::longest("duration('3652501d')", "longer than 10,000 years")]
fn what_is_not_a_duration_is_refused_with_what_is(#[case] source: &str, #[case] said: &str) {
    assert_says(source, said);
}

#[rstest]
#[case("now + duration('1h')", json!("2026-11-30T09:00:00Z"))]
#[case("duration('1h') + now", json!("2026-11-30T09:00:00Z"))]
#[case("now - duration('1d')", json!("2026-11-29T08:00:00Z"))]
#[case("now + duration('-1d')", json!("2026-11-29T08:00:00Z"))]
#[case("now - time(event.created_at)", json!("45m"))]
#[case("time(event.created_at) - now", json!("-45m"))]
#[case("duration('1h') + duration('30m')", json!("1h30m"))]
#[case("duration('1h') - duration('90m')", json!("-30m"))]
#[case("duration('1h') * 2", json!("2h"))]
#[case("1.5 * duration('1h')", json!("1h30m"))]
#[case("duration('1s') * 0.9", json!("0s"))]
#[case("-duration('1h')", json!("-1h"))]
#[case("now + duration('1h') * 2 - -duration('1m')", json!("2026-11-30T10:01:00Z"))]
#[case("(now - time(event.created_at)) > duration('30m')", json!(true))]
#[case("now - time(event.created_at) > duration('30m')", json!(true))]
#[case("now - duration('1h') < time(event.created_at) < now", json!(true))]
#[case("time(event.created_at) < now == now", json!(true))]
#[case("now >= now and now <= now and not (now != now)", json!(true))]
#[case("time('2026-11-30T09:00:00+01:00') == time('2026-11-30T08:00:00Z')", json!(true))]
#[case("duration('60m') == duration('1h')", json!(true))]
#[case("duration('-1h') < duration('0s')", json!(true))]
#[case("now == none", json!(false))]
#[case("now is not none and now != none", json!(true))]
#[case("now in [time(event.created_at), now]", json!(true))]
#[case("now not in [time(event.created_at)]", json!(true))]
#[case("now is gt(time(event.created_at))", json!(true))]
#[case("[now, time(event.created_at)] | select('lt', now) | list | length", json!(1))]
#[case("[now, now, time(event.created_at)] | unique | list | length", json!(2))]
#[case("7 + 1 - -2 * 3", json!(14))]
#[case("('a' + 'b') ~ ([1] + [2])", json!("ab[1, 2]"))]
#[case("'ab' * 2", json!("abab"))]
#[case("1 < 2 < 3 and 1 in [1] and 'a' in 'ab'", json!(true))]
fn times_and_durations_are_computed_and_compared_and_all_else_as_before(#[case] source: &str, #[case] expected: Json) {
    assert_eq!(value(source), Ok(expected));
}

/// Pairs that are never of one kind.
const STRANGERS: [(&str, &str); 8] = [
    ("now", "event.created_at"),
    ("now", "event.number"),
    ("now", "duration('1h')"),
    ("now", "true"),
    ("now", "[now]"),
    ("duration('1h')", "'1h'"),
    ("duration('1h')", "3600"),
    ("duration('1h')", "event"),
];

#[test]
fn what_is_not_of_one_kind_is_never_compared_however_that_is_asked() {
    for (left, right) in STRANGERS {
        for (left, right) in [(left, right), (right, left)] {
            for operator in ["==", "!=", "<", "<=", ">", ">="] {
                assert_says(
                    &format!("{left} {operator} {right}"),
                    "cannot be compared; make a time of text",
                );
                assert_says(
                    &format!("1 < 2 and ({left} {operator} {right} or true)"),
                    "cannot be compared",
                );
            }
            for test in [
                "eq",
                "equalto",
                "ne",
                "lt",
                "lessthan",
                "le",
                "gt",
                "greaterthan",
                "ge",
                "in",
            ] {
                let said = if test == "in" { "" } else { "cannot be compared" };
                let right = if test == "in" {
                    format!("[{right}]")
                } else {
                    right.to_owned()
                };
                assert_says(&format!("{left} is {test}({right})"), said);
                assert_says(&format!("[{left}] | select('{test}', {right}) | list"), said);
            }
            assert_says(&format!("{left} in [{right}]"), "cannot be compared");
            assert_says(&format!("{left} not in [{right}, {left}]"), "cannot be compared");
            assert_says(&format!("{left} <= {left} < {right}"), "cannot be compared");
        }
    }
    assert_says("now in 'text'", "a time can only be looked for in a list");
    assert_says("now in event", "a time can only be looked for in a list");
    assert_says("now in event.list", "cannot be compared");
    assert_says("now < none", "a time and null cannot be compared");
}

#[rstest]
#[case(
    "now + 1",
    "`+` cannot be used with a time and a number; it takes a time and a duration, or two durations, such as `duration('15m')`"
)]
#[case("now + now", "`+` cannot be used with a time and a time")]
#[case("now + 'text'", "`+` cannot be used with a time and text")]
#[case("event.list + now", "`+` cannot be used with a list and a time")]
#[case("now - 1", "`-` cannot be used with a time and a number; it takes two times")]
#[case("duration('1h') - now", "`-` cannot be used with a duration and a time")]
#[case("event.created_at - now", "`-` cannot be used with text and a time")]
#[case("now - event.none", "`-` cannot be used with a time and null")]
#[case(
    "now * 2",
    "`*` cannot be used with a time and a number; it takes a duration and a number"
)]
#[case(
    "duration('1h') * duration('1h')",
    "`*` cannot be used with a duration and a duration"
)]
#[case("duration('1h') * 'a'", "`*` cannot be used with a duration and text")]
#[case("-now", "`-` cannot be used with a time alone")]
#[case("now / 2", "tried to use / operator")]
#[case("now - event.nope", "`event.nope` is not defined")]
#[case("event.nope + duration('1h')", "`event.nope` is not defined")]
#[case("-event.nope", "`event.nope` is undefined")]
#[case("now | int", "")]
#[case("[duration('1h')] | sum", "")]
#[case("now[:4]", "cannot be sliced")]
#[case("now | length", "cannot calculate length")]
fn an_operation_that_makes_no_sense_is_an_error(#[case] source: &str, #[case] said: &str) {
    assert_says(source, said);
}

#[rstest]
#[case::past_the_last_year(
    "time('9999-12-30T00:00:00Z') + duration('10000h')",
    "the time is outside of the years 0 to 9999"
)]
#[case::before_the_first(
    "time('0000-01-01T00:00:00Z') - duration('1s')",
    "the time is outside of the years 0 to 9999"
)]
#[case::longest_twice("duration('3652500d') + duration('1s')", "longer than 10,000 years")]
#[case::longest_taken_away("-duration('3652500d') - duration('1s')", "longer than 10,000 years")]
#[case::times_much("duration('3652500d') * 9223372036854775807", "longer than 10,000 years")]
#[case::times_a_huge_float("duration('1s') * 1e308", "longer than 10,000 years")]
#[case::times_more_than_there_is("duration('0s') * (1e308 * 1e308)", "longer than 10,000 years")]
#[case::far_away("now + duration('3652500d')", "the time is outside of the years 0 to 9999")]
fn what_is_out_of_range_is_an_error_and_no_panic(#[case] source: &str, #[case] said: &str) {
    assert_says(source, said);
}

#[test]
fn the_whole_range_of_times_is_within_the_longest_duration() {
    let all = "time('9999-12-30T22:00:00Z') - time('0000-01-01T00:00:00Z')";
    assert_eq!(
        value(&format!("time('0000-01-01T00:00:00Z') + ({all})")),
        Ok(json!("9999-12-30T22:00:00Z"))
    );
}

#[test]
fn a_zone_shows_the_time_of_its_clocks() {
    assert_eq!(
        value("time('2028-02-28T23:30:05Z') | in_zone('Europe/Berlin')"),
        Ok(json!({
            "year": 2028, "month": 2, "day": 29, "hour": 0, "minute": 30, "second": 5,
            "weekday": "tue", "date": "2028-02-29", "is_weekend": false,
        }))
    );
    for (day, weekday, is_weekend) in [
        ("04", "fri", false),
        ("05", "sat", true),
        ("06", "sun", true),
        ("07", "mon", false),
    ] {
        let shown = value(&format!("time('2026-12-{day}T12:00:00Z') | in_zone('UTC')")).unwrap();
        assert_eq!(
            (&shown["weekday"], &shown["is_weekend"]),
            (&json!(weekday), &json!(is_weekend))
        );
    }
}

#[rstest]
#[case("now | format_time('%Y-%m-%d %H:%M')", "2026-11-30 08:00")]
#[case(
    "now | format_time('%d.%m.%Y, %H:%M %Z', zone='Europe/Berlin')",
    "30.11.2026, 09:00 CET"
)]
#[case("now | format_time('%A %I:%M %p', zone='America/New_York')", "Monday 03:00 AM")]
#[case("now | format_time('no time in it')", "no time in it")]
#[case("[now] | map('format_time', '%H:%M') | join", "08:00")]
fn a_time_is_written_for_a_person(#[case] source: &str, #[case] text: &str) {
    assert_eq!(value(source), Ok(json!(text)));
}

#[rstest]
#[case::of_text(
    "event.created_at | format_time('%H')",
    "`format_time` takes a time, but got text; make a time of text with `time(…)`"
)]
#[case::of_text_in_zone("event.created_at | in_zone('UTC')", "`in_zone` takes a time, but got text")]
#[case::of_null("event.none | within('09:00-17:00')", "`within` takes a time, but got null")]
#[case::of_a_duration("duration('1h') | in_zone('UTC')", "`in_zone` takes a time, but got a duration")]
#[case::seconds_of_a_time("now | seconds", "`seconds` takes a duration, but got a time")]
#[case::unknown_directive("now | format_time('%!')", "the format `%!` cannot be used")]
#[case::cut_off("now | format_time('100%')", "the format `100%` cannot be used")]
#[case::long("now | format_time('%255d' * 100)", "the format has more than 200 characters")]
#[case::zone("now | format_time('%H', zone='Atlantis')", "unknown time zone `Atlantis`")]
#[case::zone_of_null("now | in_zone(event.none)", "`zone` must be text, but is null")]
#[case::argument("now | within('09:00-17:00', timezone='UTC')", "timezone")]
fn a_filter_of_times_refuses_what_it_cannot_use(#[case] source: &str, #[case] said: &str) {
    assert_says(source, said);
}

#[rstest]
#[case::begins("09:00-17:00", "2026-11-30T09:00:00Z", true)]
#[case::just_before("09:00-17:00", "2026-11-30T08:59:59Z", false)]
#[case::last_second("09:00-17:00", "2026-11-30T16:59:59Z", true)]
#[case::ends("09:00-17:00", "2026-11-30T17:00:00Z", false)]
#[case::whole_day("00:00-24:00", "2026-11-30T23:59:59Z", true)]
#[case::to_midnight("22:00-24:00", "2026-12-01T00:00:00Z", false)]
#[case::to_midnight_as_0("22:00-00:00", "2026-11-30T23:59:59Z", true)]
#[case::past_midnight_as_0("22:00-00:00", "2026-12-01T00:00:00Z", false)]
#[case::over_midnight_before("22:00-06:00", "2026-11-30T22:00:00Z", true)]
#[case::over_midnight_after("22:00-06:00", "2026-12-01T05:59:59Z", true)]
#[case::over_midnight_ended("22:00-06:00", "2026-12-01T06:00:00Z", false)]
#[case::over_midnight_in_the_day("22:00-06:00", "2026-12-01T12:00:00Z", false)]
#[case::one_digit(" 9:00 - 17:00 ", "2026-11-30T09:00:00Z", true)]
fn hours_begin_with_the_first_minute_and_end_before_the_last(
    #[case] hours: &str,
    #[case] time: &str,
    #[case] expected: bool,
) {
    assert_eq!(
        value(&format!("time('{time}') | within('{hours}')")),
        Ok(json!(expected))
    );
}

/// 2026-12-04 is a Friday.
#[rstest]
#[case::weekday("09:00-17:00", "mon-fri", "2026-12-04T12:00:00Z", true)]
#[case::weekend("09:00-17:00", "mon-fri", "2026-12-05T12:00:00Z", false)]
#[case::one_of_several("09:00-17:00", "mon-fri,sun", "2026-12-06T12:00:00Z", true)]
#[case::none_of_several("09:00-17:00", "mon, wed , sun", "2026-12-05T12:00:00Z", false)]
#[case::over_the_end_of_the_week("09:00-17:00", "sat-mon", "2026-12-07T12:00:00Z", true)]
#[case::not_in_the_middle("09:00-17:00", "sat-mon", "2026-12-08T12:00:00Z", false)]
#[case::upper_case("09:00-17:00", "Fri", "2026-12-04T12:00:00Z", true)]
#[case::night_of_the_day_before("22:00-06:00", "fri", "2026-12-05T03:00:00Z", true)]
#[case::night_of_another_day("22:00-06:00", "fri", "2026-12-04T03:00:00Z", false)]
#[case::night_that_begins("22:00-06:00", "fri", "2026-12-04T23:00:00Z", true)]
#[case::night_of_sunday("22:00-06:00", "sun", "2026-12-07T03:00:00Z", true)]
fn hours_over_midnight_belong_to_the_day_on_which_they_began(
    #[case] hours: &str,
    #[case] days: &str,
    #[case] time: &str,
    #[case] expected: bool,
) {
    let source = format!("time('{time}') | within('{hours}', days='{days}')");
    assert_eq!(value(&source), Ok(json!(expected)), "{source}");
}

#[rstest]
#[case::day_of_the_zone("2026-12-06T23:30:00Z", true)]
#[case::still_sunday_there("2026-12-06T22:30:00Z", false)]
#[case::summer_time("2026-06-29T22:30:00Z", true)]
fn hours_and_days_are_those_of_the_zone(#[case] time: &str, #[case] expected: bool) {
    let source = format!("time('{time}') | within('00:00-01:00', days='mon-tue', zone='Europe/Berlin')");
    assert_eq!(value(&source), Ok(json!(expected)));
}

#[rstest]
#[case::first_of_the_doubled_hour("2026-10-25T00:30:00Z", true)]
#[case::second_of_the_doubled_hour("2026-10-25T01:30:00Z", true)]
#[case::after_the_hour_that_is_left_out("2026-03-29T01:00:00Z", false)]
fn hours_go_by_the_clock_where_it_is_put_forward_or_back(#[case] time: &str, #[case] expected: bool) {
    let source = format!("time('{time}') | within('02:00-03:00', zone='Europe/Berlin')");
    assert_eq!(value(&source), Ok(json!(expected)));
}

#[rstest]
#[case("9-17")]
#[case("09:00")]
#[case("09:00-17:0")]
#[case("09:00-17:60")]
#[case("09:00-25:00")]
#[case("09:00-24:01")]
#[case("24:00-06:00")]
#[case("09:00–17:00")]
#[case("9am-5pm")]
#[case("+9:00-17:00")]
#[case("")]
fn what_is_no_range_of_hours_is_refused(#[case] hours: &str) {
    assert_says(
        &format!("now | within('{hours}')"),
        &format!("`{hours}` is not a range of hours; write it like 09:00-17:00"),
    );
}

#[test]
fn a_range_without_length_is_refused_because_it_could_mean_a_whole_day() {
    assert_says(
        "now | within('09:00-09:00')",
        "has no length; the whole day is 00:00-24:00",
    );
}

#[rstest]
#[case("monday", "`monday`")]
#[case("mon-fri;sat", "`fri;sat`")]
#[case("mo", "`mo`")]
#[case("mon-", "``")]
#[case("", "``")]
#[case("mon-tue-wed", "`tue-wed`")]
fn what_is_no_day_is_refused(#[case] days: &str, #[case] shown: &str) {
    assert_says(
        &format!("now | within('09:00-17:00', days='{days}')"),
        &format!("{shown} is not a day of the week; write days like mon-fri or mon,wed,sat-sun"),
    );
}

#[test]
fn a_condition_can_ask_for_the_time() {
    let condition = Expression::condition("now | within('08:00-09:00') and now > time(event.created_at)").unwrap();
    assert_eq!(condition.holds(&context()), Ok(true));
}

#[test]
fn a_name_that_a_template_gives_itself_hides_now_as_it_hides_every_other() {
    let template = Template::from_text("{% set now = 'mine' %}{{ now }}").unwrap();
    assert_eq!(template.evaluate(&context()), Ok(json!("mine")));
    assert!(template.expressions()[0].references().is_empty());
}

#[test]
fn inputs_that_are_declared_as_times_and_durations_are_such_in_expressions() {
    let source = "name: w\ninputs:\n  from: { type: time }\n  limit: { type: duration }\n  word: { type: text }\nsteps: [{ wait: 1s }]\n";
    let definition = crate::definition::Definition::from_source(source, crate::action::tests::catalog()).unwrap();
    let inputs = json!({"from": "2026-11-30T08:00:00+01:00", "limit": "90m", "word": "15m"});
    let context = Context::new(json!({}), json!({}), inputs, NOW.parse().unwrap()).with_declared(&definition.inputs);
    let of = |source: &str| value_at(source, &context);
    assert_eq!(of("inputs.from + inputs.limit"), Ok(json!("2026-11-30T08:30:00Z")));
    assert_eq!(of("inputs['limit'] | seconds"), Ok(json!(5400)));
    assert_eq!(of("inputs.word"), Ok(json!("15m")));
    assert_eq!(of("inputs | length"), Ok(json!(3)));
    assert_eq!(of("inputs | list | sort"), Ok(json!(["from", "limit", "word"])));
    assert_eq!(
        of("inputs"),
        Ok(json!({"from": "2026-11-30T07:00:00Z", "limit": "1h30m", "word": "15m"}))
    );
    assert_eq!(of("inputs.nope | default('none')"), Ok(json!("none")));
    assert!(
        of("inputs.nope")
            .unwrap_err()
            .contains("`inputs.nope` is not defined; `inputs` has")
    );
}

/// Any time, with its second.
fn times() -> impl Strategy<Value = Time> {
    (-62_167_219_200_i64..253_402_207_200).prop_map(|second| Time::of_clock(Timestamp::from_second(second).unwrap()))
}

fn durations() -> impl Strategy<Value = Duration> {
    prop_oneof![-100_000_i128..100_000, -315_576_000_000_i128..=315_576_000_000]
        .prop_map(|seconds| Duration::of_seconds(seconds).unwrap())
}

proptest! {
    #[test]
    fn a_time_and_a_duration_are_read_as_they_were_written(time in times(), duration in durations()) {
        prop_assert_eq!(Time::read(&time.to_string()), Ok(time));
        prop_assert_eq!(Duration::read(&duration.to_string()), Ok(duration));
        prop_assert_eq!(value(&format!("time('{time}') | string")), Ok(json!(time.to_string())));
        prop_assert_eq!(value(&format!("duration('{duration}') | string")), Ok(json!(duration.to_string())));
    }

    #[test]
    fn what_is_added_can_be_taken_away_again(time in times(), duration in durations()) {
        if let Ok(later) = time.plus(duration) {
            prop_assert_eq!(later.minus(duration), Ok(time));
            prop_assert_eq!(later.since(time), Ok(duration));
            let source = format!("(time('{time}') + duration('{duration}')) - duration('{duration}') == time('{time}')");
            prop_assert_eq!(value(&source), Ok(json!(true)));
        } else {
            let error = value(&format!("time('{time}') + duration('{duration}')")).unwrap_err();
            prop_assert!(error.contains("years 0 to 9999"));
        }
    }

    #[test]
    fn times_are_in_the_order_of_their_texts(one in times(), other in times()) {
        let compared = value(&format!("time('{one}') < time('{other}')"));
        prop_assert_eq!(compared, Ok(json!(one.to_string() < other.to_string())));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,20}|[0-9:-]{0,12}|[a-z,-]{0,12}|%?[0-9]{0,3}[a-zA-Z%]{0,3}") {
        let _time = Time::read(&text);
        let _civil = Time::read_in(&text, &Zone::utc());
        let _duration = Duration::read(&text);
        let _zone = Zone::named(&text);
        let _hours = Hours::read(&text);
        let _days = Days::read(&text);
        if let Ok(format) = Format::read(&text) {
            let _text = format.write(Time::of_seconds(0.0).unwrap(), &Zone::utc());
        }
    }

    /// The opposite hours on the same days are all other times of the week, as long as no day is left out.
    #[test]
    fn hours_and_the_hours_between_them_are_the_whole_day(time in times(), from in 0..1440_u16, length in 1..1440_u16) {
        let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let to = (from + length) % 1440;
        let hours = Hours::read(&format!("{}-{}", clock(from), clock(to))).unwrap();
        let others = Hours::read(&format!("{}-{}", clock(to), clock(from))).unwrap();
        let zone = Zone::named("Europe/Berlin").unwrap();
        prop_assert!(hours.include(time, Days::ALL, &zone) != others.include(time, Days::ALL, &zone));
    }
}
