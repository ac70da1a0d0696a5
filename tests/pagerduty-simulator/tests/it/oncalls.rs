//! `GET /oncalls`.

use pagerduty_simulator::{PolicyId, ScheduleId, Seed, Shift, UserId};
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, column};

fn shift(user: &str, start: &str, end: &str) -> Shift {
    Shift {
        schedule: ScheduleId::new("PSCH1"),
        name: "Payments by week".to_owned(),
        escalation_policy: PolicyId::new("PT31ZQB"),
        level: 1,
        user: UserId::new(user),
        start: start.parse().unwrap(),
        end: end.parse().unwrap(),
    }
}

/// The default account, whose user of the payments policy has a shift today and another one tomorrow.
fn desk() -> Desk {
    Desk::with_seed(Seed {
        shifts: vec![
            shift("PUS2B8D", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"),
            shift("PUS2B8D", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"),
        ],
        ..Seed::default()
    })
}

#[test]
fn who_is_on_call_now_is_told_by_policy_and_level() {
    let (status, body) = desk().get("/oncalls");

    assert_eq!(status, 200);
    assert_eq!(
        column(&body["oncalls"], "/escalation_policy/id"),
        ["PT20YPA", "PT20YPA", "PT31ZQB"]
    );
    assert_eq!(
        column(&body["oncalls"], "/escalation_level"),
        [&json!(1), &json!(2), &json!(1)]
    );
    assert_eq!(column(&body["oncalls"], "/user/summary")[0], "Olivia Oncall");
}

#[test]
fn a_shift_has_a_schedule_and_times_and_a_user_without_one_is_always_on_call() {
    let (_, body) = desk().get("/oncalls");

    assert_eq!(column(&body["oncalls"], "/schedule")[0], &Value::Null);
    assert_eq!(column(&body["oncalls"], "/start")[0], &Value::Null);
    let by_shift = &body["oncalls"][2];
    assert_eq!(
        (&by_shift["schedule"]["id"], &by_shift["start"]),
        (&json!("PSCH1"), &json!("2026-03-01T00:00:00Z"))
    );
    assert_eq!(by_shift["end"], "2026-03-02T00:00:00Z");
}

#[rstest]
#[case::user("user_ids[]=PUS1A7C", 1)]
#[case::policy("escalation_policy_ids[]=PT20YPA&escalation_policy_ids[]=PT31ZQB", 3)]
#[case::schedule("schedule_ids[]=PSCH1", 1)]
#[case::tomorrow("schedule_ids[]=PSCH1&since=2026-03-02T08:00:00Z&until=2026-03-02T09:00:00Z", 1)]
#[case::both_days("schedule_ids[]=PSCH1&until=2026-03-02T09:00:00Z", 2)]
#[case::earliest("schedule_ids[]=PSCH1&until=2026-03-02T09:00:00Z&earliest=true", 1)]
#[case::another_year("schedule_ids[]=PSCH1&since=2027-01-01T00:00:00Z&until=2027-01-02T00:00:00Z", 0)]
fn rows_are_filtered(#[case] query: &str, #[case] rows: usize) {
    let (_, body) = desk().get(&format!("/oncalls?{query}"));

    assert_eq!(body["oncalls"].as_array().unwrap().len(), rows, "{body}");
}

#[test]
fn rows_come_in_pages() {
    let (_, body) = desk().get("/oncalls?limit=2&total=true");

    assert_eq!((&body["more"], &body["total"]), (&json!(true), &json!(3)));
}

#[test]
fn a_time_that_is_none_is_refused() {
    assert_eq!(desk().get("/oncalls?since=yesterday").0, 400);
}
