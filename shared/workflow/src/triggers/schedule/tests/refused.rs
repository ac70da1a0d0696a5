use crate::{action::tests::catalog, definition::Definition};
use rstest::rstest;

/// What is said about a workflow with that under `on.schedule`.
fn problem(schedule: &str) -> String {
    let source = format!("name: w\non:\n  schedule: {schedule}\nsteps: [{{ wait: 1s }}]\n");
    Definition::from_source(&source, catalog()).unwrap_err().to_string()
}

#[rstest]
#[case::too_few_fields(
    "0 9 * *",
    "on.schedule.cron: has 4 fields, but must have 5: minute, hour, day of the month, month and day of the week"
)]
#[case::no_fields("", "has no fields")]
#[case::six_fields_of_aws("0 9 ? * MON-FRI *", "has 6 fields, but must have 5")]
#[case::six_fields_are_explained("0 0 9 * * *", "leave out seconds and years")]
#[case::an_expression_of_aws(
    "cron(0 9 ? * MON-FRI *)",
    "is an expression of AWS; write the five fields minute, hour"
)]
#[case::a_rate_of_aws("rate(5 minutes)", "is an expression of AWS")]
#[case::a_macro("@daily", "`@daily` is not taken; write `0 0 * * *`")]
#[case::a_macro_in_capitals("@Hourly", "write `0 * * * *`")]
#[case::a_macro_that_is_no_time("@reboot", "`@reboot` is not taken; write the five fields")]
#[case::a_question_mark("0 9 ? * mon", "the day of the month `?`: `?` is not taken; write `*`")]
#[case::the_first_monday("0 9 * * mon#1", "`#` is not taken; write the days as numbers or names")]
#[case::the_last_day(
    "0 9 l * *",
    "the day of the month `l`: `l` is neither a number from 1 to 31 nor `*`"
)]
#[case::minute_too_great("60 9 * * *", "the minute `60`: 60 is out of range; it goes from 0 to 59")]
#[case::hour_too_great("0 24 * * *", "the hour `24`: 24 is out of range; it goes from 0 to 23")]
#[case::day_0("0 9 0 * *", "the day of the month `0`: 0 is out of range; it goes from 1 to 31")]
#[case::month_13("0 9 1 13 *", "the month `13`: 13 is out of range; it goes from 1 to 12")]
#[case::weekday_8("0 9 * * 8", "the day of the week `8`: 8 is out of range; it goes from 0 to 7")]
#[case::a_number_without_end("99999999999 9 * * *", "99999999999 is out of range")]
#[case::a_negative_number("-5 9 * * *", "`` is neither a number from 0 to 59 nor `*`")]
#[case::a_fraction("1.5 9 * * *", "`1.5` is neither a number")]
#[case::a_sign("+5 9 * * *", "`+5` is neither a number")]
#[case::a_name_of_no_month(
    "0 9 1 juli *",
    "`juli` is neither a number from 1 to 12, nor one of jan to dec, nor `*`"
)]
#[case::a_name_of_no_day(
    "0 9 * * funday",
    "`funday` is neither a number from 0 to 7, nor one of sun to sat, nor `*`"
)]
#[case::a_name_where_none_is("0 noon * * *", "`noon` is neither a number from 0 to 23 nor `*`")]
#[case::a_range_that_goes_backwards(
    "0 22-6 * * *",
    "the range `22-6` goes backwards; write the two parts of it, as in `22-23,0-6`"
)]
#[case::days_that_go_backwards(
    "0 9 * * fri-mon",
    "the range `fri-mon` goes backwards; write the two parts of it, as in `fri-7,0-mon`"
)]
#[case::a_step_of_0(
    "*/0 * * * *",
    "`0` is not a step; write a number from 1 to 59 after the `/`, as in `*/5`"
)]
#[case::a_step_that_is_longer_than_the_field("*/60 * * * *", "`60` is not a step")]
#[case::no_step("*/ * * * *", "`` is not a step")]
#[case::a_step_without_a_range("5/15 * * * *", "a step needs a range before it; write `5-59/15`")]
#[case::an_empty_part("1,,2 * * * *", "`` is neither a number")]
#[case::both_days(
    "0 9 1 * mon",
    "names a day of the month (`1`) and a day of the week (`mon`); EventBridge Scheduler cannot say that"
)]
#[case::both_days_say_what_to_do(
    "0 9 1 * mon",
    "Write `*` for one of them; for what is due on either, apply two workflows"
)]
#[case::the_30th_of_february("0 9 30 2 *", "is never due: no month of it has a day 30")]
#[case::the_31st_of_short_months("0 9 31 apr,jun,sep,nov *", "is never due: no month of it has a day 31")]
fn a_cron_that_is_wrong_is_refused(#[case] cron: &str, #[case] said: &str) {
    let problem = problem(&format!("{{ cron: \"{cron}\" }}"));
    assert!(problem.contains(said), "{problem}");
}

#[rstest]
#[case::seconds(
    "{ every: 30s }",
    "on.schedule.every: 30s is not taken; it must be whole minutes, from 1m to 31d"
)]
#[case::minutes_and_seconds("{ every: 90s }", "1m 30s is not taken; it must be whole minutes")]
#[case::too_long("{ every: 32d }", "it must be whole minutes, from 1m to 31d")]
#[case::nothing_at_all("{ every: 0m }", "\"0m\" is out of range")]
#[case::a_number(
    "{ every: 15 }",
    "must be a length of time such as 30s, 10m, 1h30m or 2d, but is a number"
)]
#[case::an_expression("{ every: \"{{ inputs.often }}\" }", "a length of time takes no expression")]
#[case::both(
    "{ cron: \"0 9 * * *\", every: 15m }",
    "on.schedule.every: a schedule has either a `cron` or an `every`; leave one of them out"
)]
#[case::neither("{ timezone: Europe/Berlin }", "on.schedule: `cron` or `every` is missing")]
#[case::a_zone_without_a_cron(
    "{ every: 15m, timezone: Europe/Berlin }",
    "on.schedule.timezone: only a `cron` has a time zone"
)]
#[case::no_zone(
    "{ cron: \"0 9 * * *\", timezone: Europe/Berln }",
    "on.schedule.timezone: unknown time zone `Europe/Berln`; did you mean `Europe/Berlin`?"
)]
#[case::a_city("{ cron: \"0 9 * * *\", timezone: New York }", "did you mean `America/New_York`?")]
#[case::an_offset(
    "{ cron: \"0 9 * * *\", timezone: \"+02:00\" }",
    "unknown time zone `+02:00`; zones have names like Europe/Berlin"
)]
#[case::a_word_that_is_no_truth("{ every: 15m, catch_up: sometimes }", "on.schedule.catch_up: must be true or false")]
#[case::an_unknown_field("{ every: 15m, catchup: true }", "did you mean `catch_up`?")]
#[case::a_cron_that_is_no_text("{ cron: [0, 9] }", "on.schedule.cron: must be text, but is a list")]
fn a_schedule_that_is_wrong_is_refused(#[case] schedule: &str, #[case] said: &str) {
    let problem = problem(schedule);
    assert!(problem.contains(said), "{problem}");
}

#[test]
fn a_cron_without_quotes_that_begins_with_a_star_is_told_to_be_put_in_quotes() {
    let problem = problem("{ cron: * * * * * }");
    assert!(problem.contains("quotes"), "{problem}");
}

#[test]
fn a_long_text_is_not_repeated() {
    let problem = problem(&format!("{{ cron: \"{} 9 * * *\" }}", "x".repeat(10_000)));
    assert!(problem.len() < 400, "{problem}");
}

#[test]
fn a_workflow_has_one_trigger() {
    let source = "name: w\non:\n  schedule: { every: 15m }\n  pagerduty: { integration: prod, events: [incident.triggered] }\nsteps: [{ wait: 1s }]\n";
    let problem = Definition::from_source(source, catalog()).unwrap_err().to_string();
    assert!(problem.contains("a workflow has one trigger"), "{problem}");
}
