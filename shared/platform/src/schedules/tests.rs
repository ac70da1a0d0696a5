use super::*;
use crate::{start_buffer::Message, table::WorkflowSchedule};
use rstest::rstest;
use serde_json::json;

fn target() -> ScheduleTarget {
    let arn = |service: &str, name: &str| format!("arn:aws:{service}:eu-west-1:123456789012:{name}");
    ScheduleTarget {
        queue: arn("sqs", "start-buffer"),
        dead_letters: arn("sqs", "dead-letters"),
        role: arn("iam", "role/schedules"),
    }
}

fn workflow(state: WorkflowState, schedule: WorkflowSchedule) -> WorkflowRecord {
    WorkflowRecord {
        workflow: "w".parse().unwrap(),
        state,
        active_version: WorkflowVersion(7),
        trigger: None,
        schedule,
        awaits: crate::table::AwaitedTypes::new(),
        timeout: None,
        updated_at: "2026-11-20T09:30:00Z".parse().unwrap(),
    }
}

fn mornings(catch_up: bool) -> WorkflowSchedule {
    WorkflowSchedule::Current(ScheduleRecord {
        expression: "cron(0 9 ? * MON-FRI *)".into(),
        timezone: "Europe/Berlin".into(),
        catch_up,
        shown: "0 9 * * mon-fri in Europe/Berlin".into(),
    })
}

#[test]
fn an_enabled_workflow_has_a_schedule_that_says_which_version_is_due_and_when() {
    let schedule = Schedule::of(&workflow(WorkflowState::Enabled, mornings(false)), &target()).unwrap();

    assert_eq!(
        schedule,
        Schedule {
            expression: "cron(0 9 ? * MON-FRI *)".into(),
            timezone: "Europe/Berlin".into(),
            is_exact: true,
            is_enabled: true,
            target: target(),
            input: r#"{"schedule":"w","version":7,"scheduled_at":"<aws.scheduler.scheduled-time>"}"#.into(),
            retry_seconds: 15 * 60,
        }
    );
    assert_eq!(i64::from(schedule.retry_seconds), MISSED_AFTER.as_secs());
}

#[test]
fn that_of_a_disabled_workflow_is_disabled_and_a_deleted_one_has_none() {
    let of = |state| Schedule::of(&workflow(state, mornings(false)), &target());

    assert!(!of(WorkflowState::Disabled).unwrap().is_enabled);
    assert_eq!(of(WorkflowState::Deleted), None);
}

#[rstest]
#[case::never(WorkflowSchedule::Never)]
#[case::not_any_more(WorkflowSchedule::Ended)]
fn a_workflow_whose_active_version_has_no_schedule_has_none(#[case] schedule: WorkflowSchedule) {
    assert_eq!(
        Schedule::of(&workflow(WorkflowState::Enabled, schedule), &target()),
        None
    );
}

#[test]
fn what_is_caught_up_is_tried_for_a_day() {
    let schedule = Schedule::of(&workflow(WorkflowState::Enabled, mornings(true)), &target()).unwrap();
    assert_eq!(schedule.retry_seconds, 86_400);
}

#[test]
fn the_longest_name_of_a_workflow_is_a_name_of_a_schedule() {
    // EventBridge Scheduler takes 64 letters, digits, `-`, `_` and `.`.
    let longest = "w".repeat(63);
    assert!(longest.parse::<WorkflowId>().is_ok());
    assert!(format!("{longest}ww").parse::<WorkflowId>().is_err());
}

#[test]
fn each_point_in_which_a_schedule_is_not_as_it_is_to_be_is_named() {
    let wanted = Schedule::of(&workflow(WorkflowState::Enabled, mornings(false)), &target()).unwrap();
    let is = Schedule {
        expression: "rate(5 minutes)".into(),
        timezone: "UTC".into(),
        is_exact: false,
        is_enabled: false,
        target: ScheduleTarget {
            queue: "q".into(),
            dead_letters: "d".into(),
            role: "r".into(),
        },
        input: "{}".into(),
        retry_seconds: 60,
    };

    assert_eq!(wanted.differences(&wanted), Vec::<String>::new());
    insta::assert_snapshot!(is.differences(&wanted).join("\n"), @r#"
    the state is disabled instead of enabled
    the times are rate(5 minutes) instead of cron(0 9 ? * MON-FRI *)
    the time zone is UTC instead of Europe/Berlin
    the message is {} instead of {"schedule":"w","version":7,"scheduled_at":"<aws.scheduler.scheduled-time>"}
    the target is q instead of arn:aws:sqs:eu-west-1:123456789012:start-buffer
    the role is r instead of arn:aws:iam:eu-west-1:123456789012:role/schedules
    the dead-letter queue is d instead of arn:aws:sqs:eu-west-1:123456789012:dead-letters
    the time window is flexible instead of none
    what cannot be sent is tried for 60 s instead of 900 s
    "#);
}

#[test]
fn the_message_of_a_schedule_is_read_with_the_time_that_eventbridge_scheduler_puts_in() {
    let schedule = Schedule::of(&workflow(WorkflowState::Enabled, mornings(false)), &target()).unwrap();
    let due = |scheduled_at| {
        Message::Due(DueSchedule {
            schedule: "w".parse().unwrap(),
            version: WorkflowVersion(7),
            scheduled_at,
        })
    };
    let sent = schedule.input.replace(SCHEDULED_TIME, "2026-11-20T08:00:00Z");
    let time = "2026-11-20T08:00:00Z".parse().unwrap();

    assert_eq!(sent.parse::<Message>().unwrap(), due(ScheduledTime::At(time)));
    assert_eq!(
        schedule.input.parse::<Message>().unwrap(),
        due(ScheduledTime::Placeholder)
    );
    let written = DueSchedule {
        schedule: "w".parse().unwrap(),
        version: WorkflowVersion(7),
        scheduled_at: ScheduledTime::Placeholder,
    };
    assert_eq!(serde_json::to_string(&written).unwrap(), schedule.input);
}

#[rstest]
#[case::no_time(json!({"schedule": "w", "version": 7}))]
#[case::a_time_that_is_none(json!({"schedule": "w", "version": 7, "scheduled_at": "noon"}))]
#[case::another_word(json!({"schedule": "w", "version": 7, "scheduled_at": "<aws.scheduler.execution-id>"}))]
#[case::no_workflow(json!({"schedule": "W W", "version": 7, "scheduled_at": "2026-11-20T08:00:00Z"}))]
#[case::more_than_is_known(json!({"schedule": "w", "version": 7, "scheduled_at": "2026-11-20T08:00:00Z", "a": 1}))]
fn a_message_of_another_form_is_not_read(#[case] message: serde_json::Value) {
    assert!(message.to_string().parse::<Message>().is_err());
}
