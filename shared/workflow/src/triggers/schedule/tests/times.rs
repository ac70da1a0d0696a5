use super::{Cron, Schedule, cron, every};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use rstest::rstest;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn times(schedule: &Schedule, after: &str, count: usize) -> Vec<String> {
    let times = schedule.times_after(time(after)).take(count);
    times.map(|time| time.to_string()).collect()
}

fn skipped(schedule: &Schedule, after: &str) -> Vec<String> {
    let after = time(after);
    let until = after + (365 * 24).hours();
    schedule.skipped(after, until).iter().map(ToString::to_string).collect()
}

#[test]
fn a_time_of_day_is_that_of_the_zone_and_moves_with_its_summer_time() {
    let schedule = cron("0 9 * * mon-fri", "Europe/Berlin");
    assert_eq!(
        times(&schedule, "2027-03-26T07:59:59Z", 3),
        ["2027-03-26T08:00:00Z", "2027-03-29T07:00:00Z", "2027-03-30T07:00:00Z"]
    );
}

#[test]
fn the_next_time_is_after_the_time_that_is_asked_for() {
    let schedule = cron("*/15 * * * *", "UTC");
    assert_eq!(
        times(&schedule, "2026-12-01T00:15:00Z", 2),
        ["2026-12-01T00:30:00Z", "2026-12-01T00:45:00Z"]
    );
    assert_eq!(times(&schedule, "2026-12-01T00:14:59.9Z", 1), ["2026-12-01T00:15:00Z"]);
}

#[rstest]
#[case::in_europe("30 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", ["2027-03-29T00:30:00Z", "2027-03-30T00:30:00Z"])]
#[case::in_america("30 2 * * *", "America/New_York", "2027-03-13T12:00:00Z", ["2027-03-15T06:30:00Z", "2027-03-16T06:30:00Z"])]
#[case::where_the_day_begins_at_one("0 0 * * *", "Asia/Beirut", "2027-03-27T12:00:00Z", ["2027-03-28T21:00:00Z", "2027-03-29T21:00:00Z"])]
#[case::by_half_an_hour("15 2 * * *", "Australia/Lord_Howe", "2027-10-01T20:00:00Z", ["2027-10-03T15:15:00Z", "2027-10-04T15:15:00Z"])]
fn a_time_that_clocks_leave_out_is_skipped(
    #[case] written: &str,
    #[case] zone: &str,
    #[case] after: &str,
    #[case] expected: [&str; 2],
) {
    assert_eq!(times(&cron(written, zone), after, 2), expected);
}

#[rstest]
#[case::in_europe("30 2 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z", ["2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"])]
#[case::in_america("30 1 * * *", "America/New_York", "2027-11-06T12:00:00Z", ["2027-11-07T05:30:00Z", "2027-11-08T06:30:00Z"])]
#[case::by_half_an_hour("45 1 * * *", "Australia/Lord_Howe", "2027-04-02T20:00:00Z", ["2027-04-03T14:45:00Z", "2027-04-04T15:15:00Z"])]
fn a_time_that_comes_twice_is_due_the_first_time_alone(
    #[case] written: &str,
    #[case] zone: &str,
    #[case] after: &str,
    #[case] expected: [&str; 2],
) {
    let schedule = cron(written, zone);
    assert_eq!(times(&schedule, after, 2), expected);
    // Also if the question is asked in between.
    assert_eq!(times(&schedule, expected[0], 1), expected[1..]);
}

#[test]
fn the_second_of_two_times_is_not_due() {
    let schedule = cron("30 2 * * *", "Europe/Berlin");
    assert!(schedule.is_due_at(time("2027-10-31T00:30:00Z")));
    assert!(!schedule.is_due_at(time("2027-10-31T01:30:00Z")));
}

#[test]
fn an_hour_that_comes_twice_is_played_once() {
    let schedule = cron("0,30 * * * *", "Europe/Berlin");
    assert_eq!(
        times(&schedule, "2027-10-31T00:00:00Z", 3),
        ["2027-10-31T00:30:00Z", "2027-10-31T02:00:00Z", "2027-10-31T02:30:00Z"]
    );
}

#[test]
fn what_summer_time_skips_is_told_for_a_year() {
    let daily = cron("30 2 * * *", "Europe/Berlin");
    assert_eq!(skipped(&daily, "2026-12-01T00:00:00Z"), ["2027-03-28T02:30:00"]);
    let often = cron("*/20 2-3 * * *", "Europe/Berlin");
    let expected = ["2027-03-28T02:00:00", "2027-03-28T02:20:00", "2027-03-28T02:40:00"];
    assert_eq!(skipped(&often, "2026-12-01T00:00:00Z"), expected);
}

#[rstest]
#[case::another_time(cron("0 9 * * *", "Europe/Berlin"))]
#[case::another_day(cron("30 2 * * mon", "Europe/Berlin"))]
#[case::a_zone_without_summer_time(cron("30 2 * * *", "UTC"))]
#[case::an_interval(every("1m"))]
fn of_what_clocks_do_not_leave_out_nothing_is_skipped(#[case] schedule: Schedule) {
    assert_eq!(skipped(&schedule, "2026-12-01T00:00:00Z"), [] as [&str; 0]);
}

#[test]
fn a_day_of_leap_years_is_found_also_where_one_is_missing() {
    let schedule = cron("0 0 29 2 *", "UTC");
    assert_eq!(
        times(&schedule, "2096-02-28T00:00:00Z", 2),
        ["2096-02-29T00:00:00Z", "2104-02-29T00:00:00Z"]
    );
}

#[test]
fn short_months_have_no_31st() {
    let schedule = cron("0 0 31 * *", "UTC");
    assert_eq!(
        times(&schedule, "2027-01-31T00:00:00Z", 2),
        ["2027-03-31T00:00:00Z", "2027-05-31T00:00:00Z"]
    );
}

#[test]
fn an_interval_is_counted_from_the_time_that_is_asked_for_in_whole_minutes() {
    assert_eq!(
        times(&every("90m"), "2026-12-01T00:00:59Z", 2),
        ["2026-12-01T01:30:00Z", "2026-12-01T03:00:00Z"]
    );
}

#[test]
fn an_interval_can_be_due_at_each_whole_minute() {
    let schedule = every("15m");
    assert!(schedule.is_due_at(time("2026-12-01T00:07:00Z")));
    assert!(!schedule.is_due_at(time("2026-12-01T00:07:01Z")));
    assert!(!schedule.is_due_at(time("2026-12-01T00:07:00.5Z")));
}

#[test]
fn a_time_that_does_not_end_is_no_time_of_a_schedule() {
    assert_eq!(cron("0 0 * * *", "UTC").next_after(Timestamp::MAX), None);
    assert_eq!(every("1m").next_after(Timestamp::MAX), None);
}

/// Expressions of a few forms, which are due now and then within some days.
fn expressions() -> impl Strategy<Value = String> {
    let minutes = prop_oneof![
        Just("*/20".to_owned()),
        (0..60_u8).prop_map(|minute| minute.to_string()),
        (0..30_u8).prop_map(|minute| format!("{minute},{}", minute + 30)),
    ];
    let hours = prop_oneof![
        Just("*".to_owned()),
        (0..4_u8).prop_map(|hour| hour.to_string()),
        Just("1-3".to_owned())
    ];
    let days = prop_oneof![
        Just("* * *".to_owned()),
        Just("* * sun".to_owned()),
        Just("* * 6-7".to_owned()),
        (25..32_u8).prop_map(|day| format!("{day} * *")),
        Just("* mar,oct *".to_owned()),
    ];
    (minutes, hours, days).prop_map(|(minutes, hours, days)| format!("{minutes} {hours} {days}"))
}

/// A time near a change of clocks.
fn starts() -> impl Strategy<Value = Timestamp> {
    let changes = prop_oneof![
        Just("2027-03-28T01:00:00Z"),
        Just("2027-10-31T01:00:00Z"),
        Just("2027-03-14T07:00:00Z"),
        Just("2027-11-07T06:00:00Z"),
        Just("2027-06-15T00:00:00Z"),
    ];
    (changes, -180..180_i64).prop_map(|(change, minutes)| time(change) + minutes.minutes())
}

fn zones() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("Europe/Berlin"),
        Just("America/New_York"),
        Just("UTC"),
        Just("Australia/Lord_Howe"),
        Just("Asia/Beirut")
    ]
}

/// The fields of an expression, read in the simplest way: each time of the clocks is looked up in lists.
fn is_said(expression: &str, at: jiff::civil::DateTime) -> bool {
    let has = |field: &str, value: i8, least: i8, most: i8| {
        let number = |word: &str| match word {
            "sun" => 0,
            "mar" => 3,
            "oct" => 10,
            number => number.parse::<i8>().unwrap(),
        };
        field.split(',').any(|part| match part.split_once('/') {
            Some((_, step)) => (value - least) % number(step) == 0,
            None if part == "*" => true,
            None => match part.split_once('-') {
                Some((from, to)) => (number(from)..=number(to)).any(|number| number % (most + 1) == value),
                None => number(part) == value,
            },
        })
    };
    let fields: Vec<&str> = expression.split(' ').collect();
    has(fields[0], at.minute(), 0, 59)
        && has(fields[1], at.hour(), 0, 23)
        && has(fields[2], at.day(), 1, 31)
        && has(fields[3], at.month(), 1, 12)
        && has(fields[4], at.weekday().to_sunday_zero_offset(), 0, 6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_next_times_are_those_that_a_walk_over_all_minutes_finds(
        expression in expressions(),
        zone in zones(),
        start in starts(),
    ) {
        let schedule = cron(&expression, zone);
        let rules = schedule.zone();
        let rules = rules.rules();
        let minutes: Vec<Timestamp> = (1..=3 * 24 * 60_i64).map(|minute| start + minute.minutes()).collect();
        let shown = |at: Timestamp| rules.to_datetime(at);
        let is_first = |at: Timestamp| (1..=180_i64).all(|earlier| shown(at - earlier.minutes()) != shown(at));
        let walked: Vec<Timestamp> = minutes
            .iter()
            .copied()
            .filter(|at| is_said(&expression, shown(*at)) && is_first(*at))
            .collect();
        let last = *minutes.last().unwrap();
        let found: Vec<Timestamp> = schedule.times_after(start).take_while(|at| *at <= last).collect();
        prop_assert_eq!(&found, &walked);
        let due: Vec<Timestamp> = minutes.into_iter().filter(|at| schedule.is_due_at(*at)).collect();
        prop_assert_eq!(due, walked);
    }

    #[test]
    fn no_text_ends_the_program(text in "[-*/,0-9a-z?@#L ]{0,24}") {
        if let Ok(cron) = Cron::parse(&text) {
            prop_assert_eq!(Cron::parse(cron.text()), Ok(cron));
        }
    }
}
