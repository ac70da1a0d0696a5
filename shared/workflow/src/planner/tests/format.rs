//! What travels through an execution or lies in the table while a new release is deployed: its form is only added to.

use super::*;
use crate::action::tests::action;
use rstest::rstest;
use std::sync::Arc;

/// A cursor with everything in it, as this release writes it.
const CURSOR: &str = r#"{"lane":"00003:00012","plans":7,"started_at":"2026-11-22T10:00:00Z","deadline":"2026-11-22T10:50:00Z","run_deadline":"2026-11-22T11:00:00Z","generation":2,"events":411,"next":"00003.00000.00001","pending":PENDING,"inputs":{"title":"t"},"variables":{"a":1},"item":{"value":"x","index":12},"round":2,"failed":{"step":"step `a` (set)","failure":{"name":"Step.Failed","message":"m","retry_after_seconds":20}},"fresh":{"Q9":"2026-11-22T10:00:00Z"}}"#;

const ACTION: &str = r#"{"for":"action","step":"00001","attempt":2,"rate_limited":1,"unseen":1,"fresh_until":"2026-11-22T10:00:30Z","deadline":"2026-11-22T10:50:00Z","intended_at":"2026-11-22T10:00:00Z"}"#;
const BACKOFF: &str = r#"{"for":"backoff","attempts":{"step":"00001","attempt":2,"deadline":"2026-11-22T10:50:00Z","intended_at":"2026-11-22T10:00:00Z"},"until":"2026-11-22T10:01:00Z"}"#;
const WAIT: &str = r#"{"for":"wait","step":"on_failure.00000","until":"2026-11-22T10:01:00Z"}"#;
const FORK: &str = r#"{"for":"fork","step":"00003","count":90,"from":40,"to":80,"attempt":1,"resting_until":"2026-11-22T10:01:00Z","deadline":"2026-11-22T10:50:00Z","run":{"id":"abc","workflow":"w","version":1,"depth":0},"tally":{"succeeded":1,"failed":1,"cancelled":1,"lanes":[{"outcome":"success"}],"lanes_cut":true,"first_failure":[0,{"name":"n","message":"m"}]}}"#;
const ROUNDS: &str = r#"{"for":"fork","step":"00003","count":10,"from":3,"to":4,"attempt":0,"resting_until":"2026-11-22T10:05:00Z","opened_at":"2026-11-22T10:00:00Z","deadline":"2026-11-22T10:50:00Z","rounds":{"began_at":"2026-11-22T10:00:00Z","output":"triggered"},"tally":{"succeeded":3,"failed":0,"cancelled":0}}"#;
const HANDOFF: &str = r#"{"for":"handoff","attempt":1,"resting_until":"2026-11-22T10:01:00Z","resume":{"for":"lock","until":"2026-11-22T10:01:00Z"}}"#;
const LOCK: &str = r#"{"for":"lock","until":"2026-11-22T10:01:00Z"}"#;

#[rstest]
#[case::action(ACTION)]
#[case::backoff(BACKOFF)]
#[case::wait(WAIT)]
#[case::fork(FORK)]
#[case::rounds(ROUNDS)]
#[case::handoff(HANDOFF)]
#[case::lock(LOCK)]
fn f33_a_cursor_that_is_under_way_is_read_and_written_as_ever(#[case] pending: &str) {
    let text = CURSOR.replace("PENDING", pending);
    let cursor: Cursor = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&cursor).unwrap(), text);
}

#[test]
fn f33_what_a_newer_release_adds_is_passed_over() {
    let text = CURSOR
        .replace("PENDING", WAIT)
        .replacen('{', r#"{"of_a_newer_release":[1],"#, 1);
    assert!(serde_json::from_str::<Cursor>(&text).is_ok());
}

#[rstest]
#[case(r#"{"outcome":"success","output":[1]}"#)]
#[case::of_a_round(r#"{"outcome":"success","output":{"output":"resolved","until":true}}"#)]
#[case(r#"{"outcome":"skipped","reason":"r"}"#)]
#[case(r#"{"outcome":"failure","failure":{"name":"n","message":"m"}}"#)]
#[case(r#"{"outcome":"cancelled","failure":{"name":"n","message":"m"}}"#)]
fn f33_the_end_of_a_lane_is_read_and_written_as_ever(#[case] text: &str) {
    let end: LaneEnd = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&end).unwrap(), text);
}

#[rstest]
#[case::of_an_event(r#"{"event":EVENT}"#)]
#[case::of_an_event_in_the_table(
    r#"{"event":{"webhook":"v2","event_id":"e","event_type":"t","body":{"in":"table"},"filter_error":"f"}}"#
)]
#[case::by_hand(r#"{"hand":{}}"#)]
#[case::called(
    r#"{"called":{"by":{"run":"def","lane":"main","step":"00001","nesting":1,"deadline":"2026-11-22T10:50:00Z"},"event":EVENT}}"#
)]
#[case::of_a_schedule(r#"{"schedule":{"scheduled_at":"2026-12-01T08:00:00Z"}}"#)]
#[case::called_by_a_run_of_a_schedule(
    r#"{"called":{"by":{"run":"def","lane":"main","step":"00001","nesting":1,"deadline":"2026-11-22T10:50:00Z"},"event":{"scheduled_at":"2026-12-01T08:00:00Z"}}}"#
)]
#[case::replay_of_a_run_of_a_schedule(
    r#"{"replay":{"of":{"run":"def","number":2},"event":{"scheduled_at":"2026-12-01T08:00:00Z"}}}"#
)]
#[case::replay(r#"{"replay":{"of":{"run":"def","number":2}}}"#)]
#[case::replay_that_keeps(
    r#"{"replay":{"of":{"run":"def","number":2,"from":"00001","kept":{"00000":{"outcome":"failure","outputs":{"a":1},"error":{"name":"n","message":"m"},"cut":["b"]}},"variables":{"v":1}},"event":EVENT}}"#
)]
fn f33_the_input_of_an_execution_is_read_and_written_as_ever(#[case] cause: &str) {
    let event =
        r#"{"webhook":"v3","event_id":"e","event_type":"incident.triggered","body":{"in":"input","data":"AA=="}}"#;
    let text = r#"{"run":{"id":"abc","workflow":"w","version":1,"depth":0},"cause":CAUSE,"inputs":{"a":1},"part":{"lane":"00003:00012","generation":1,"attempt":2}}"#;
    let text = text.replace("CAUSE", cause).replace("EVENT", event);
    let input: RunInput = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&input).unwrap(), text);
}

#[test]
fn f33_names_that_mean_something_for_good_never_change() {
    let run: RunId = "abc".parse().unwrap();
    let lane: LanePath = "00003:00012".parse().unwrap();
    let key = EffectKey::new(&run, 1, &lane, &"00003.00000.00001".parse().unwrap());
    let part = crate::run::Part {
        lane,
        generation: 1,
        attempt: 2,
    };
    assert_eq!(
        (
            key.as_str(),
            part.execution_name(&run).as_str(),
            RunId::for_step(&key).as_str(),
            RunId::for_replay(&run, 1).as_str()
        ),
        (
            "pgf-1-f6fhqdngjnde3tbh7heltjainboqexm6",
            "fp4xtkwfkc5iolfermwdcfpvhwyxlxtm",
            "sokfyk3m6i2j5zdkra6gssrt7vwemku3",
            "c6dvpxayk7y7f6a33q4d37p2mzb6mpvz"
        )
    );
}

#[rstest]
#[case(Command::wait(start()), r#"{"type":"wait","until":"2026-11-22T10:00:00Z"}"#)]
#[case(
    Command::Await {
        slice: Slice::FifteenMinutes,
        wait: WaitKey::of(&"abc".parse().unwrap(), &"00003:00012".parse().unwrap()),
        plan: 7,
        until: Wake::not_before(start()),
    },
    r#"{"plan":"7","type":"await_15m","until":"2026-11-22T10:00:00Z","wait":{"pk":"WAIT#abc","sk":"00003:00012"}}"#
)]
#[case(
    Command::Action { action: Arc::clone(action("pagerduty.add_note")), input: json!({}), timeout_seconds: 60 },
    r#"{"action":"pagerduty.add_note","input":{},"timeout_seconds":60,"type":"PagerDutyAction"}"#
)]
#[case(Command::Fork { executions: Vec::new() }, r#"{"executions":[],"type":"fork"}"#)]
#[case(Command::Continue, r#"{"type":"continue"}"#)]
#[case(Command::Succeed { output: json!(1) }, r#"{"output":1,"type":"succeed"}"#)]
#[case(
    Command::Fail { error: "e".into(), cause: "c".into() },
    r#"{"cause":"c","error":"e","type":"fail"}"#
)]
fn f33_a_command_has_the_fields_that_older_definitions_of_the_state_machine_look_at(
    #[case] command: Command,
    #[case] text: &str,
) {
    assert_eq!(serde_json::to_string(&command).unwrap(), text);
}
