use super::{Cron, cron, every};
use rstest::rstest;

#[rstest]
#[case::every_minute("* * * * *", "cron(* * * * ? *)")]
#[case::names("0 9 * * mon-fri", "cron(0 9 ? * MON-FRI *)")]
#[case::in_any_case("0 9 * JAN Mon", "cron(0 9 ? 1 MON *)")]
#[case::numbers_that_count_from_sunday("0 9 * * 1-5", "cron(0 9 ? * MON-FRI *)")]
#[case::sunday_as_0("0 9 * * 0", "cron(0 9 ? * SUN *)")]
#[case::sunday_as_7("0 9 * * 7", "cron(0 9 ? * SUN *)")]
#[case::a_week_that_ends_on_sunday("0 9 * * fri-sun", "cron(0 9 ? * SUN,FRI,SAT *)")]
#[case::the_same_in_numbers("0 9 * * 5-7", "cron(0 9 ? * SUN,FRI,SAT *)")]
#[case::all_days_of_the_week("0 9 * * 1-7", "cron(0 9 * * ? *)")]
#[case::days_of_the_month("0 9 1,15 * *", "cron(0 9 1,15 * ? *)")]
#[case::all_days_of_the_month("0 9 1-31 * *", "cron(0 9 * * ? *)")]
#[case::a_step("*/15 * * * *", "cron(0,15,30,45 * * * ? *)")]
#[case::a_step_in_a_range("10-30/10 8-18/2 * * *", "cron(10,20,30 8,10,12,14,16,18 * * ? *)")]
#[case::a_step_of_one("*/1 * * * *", "cron(* * * * ? *)")]
#[case::a_list_of_ranges("0 6-8,12,20-22 * * *", "cron(0 6,7,8,12,20,21,22 * * ? *)")]
#[case::the_same_value_twice("5,5 0 * * *", "cron(5 0 * * ? *)")]
#[case::months("0 0 1 jan-mar,dec *", "cron(0 0 1 1,2,3,12 ? *)")]
#[case::spaces_and_tabs("  0   9\t* * *  ", "cron(0 9 * * ? *)")]
fn a_cron_is_written_in_the_words_of_the_scheduler(#[case] written: &str, #[case] expected: &str) {
    assert_eq!(cron(written, "UTC").expression(), expected);
}

#[rstest]
#[case("1m", "rate(1 minute)")]
#[case("15m", "rate(15 minutes)")]
#[case("90m", "rate(90 minutes)")]
#[case("1h", "rate(1 hour)")]
#[case("2h", "rate(2 hours)")]
#[case("1d", "rate(1 day)")]
#[case("31d", "rate(31 days)")]
#[case("60s", "rate(1 minute)")]
fn an_interval_is_written_in_the_words_of_the_scheduler(#[case] written: &str, #[case] expected: &str) {
    assert_eq!(every(written).expression(), expected);
}

#[test]
fn an_expression_that_the_scheduler_would_not_take_is_refused() {
    let long = "0-29,31-59 0-11,13-23 1-15,17-31 * *";
    let error = Cron::parse(long).unwrap_err().to_string();
    assert!(error.contains("which takes 256; name fewer values"), "{error}");
    assert!(cron("0-29,31-59 0-11,13-23 * * *", "UTC").expression().len() <= 256);
}

#[test]
fn a_schedule_is_read_as_people_say_it() {
    assert_eq!(
        cron("0  9 * * MON-FRI", "europe/berlin").to_string(),
        "0 9 * * mon-fri in Europe/Berlin"
    );
    assert_eq!(every("90m").to_string(), "every 1h 30m");
}
