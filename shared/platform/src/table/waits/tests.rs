use super::*;
use crate::table::items::{Memory, Transacted};
use futures_util::FutureExt;
use rstest::rstest;
use secrecy::ExposeSecret;

fn waiting(plan: u64) -> Waiting {
    Waiting {
        run: "r".parse().unwrap(),
        lane: LanePath::main(),
        plan,
    }
}

/// A table with a lane that waits since this Plan.
fn table(plan: u64) -> Table<Memory> {
    let table = Table::over(Memory::default());
    begin_again(&table, plan);
    table
}

fn begin_again(table: &Table<Memory>, plan: u64) {
    let written = table.items.transact("write", vec![begin(&waiting(plan), 0)]);
    assert_eq!(written.now_or_never().unwrap().unwrap(), Transacted::Done);
}

fn park(table: &Table<Memory>, plan: &str, token: &str) -> bool {
    table
        .park("WAIT#r", "main", plan, token)
        .now_or_never()
        .unwrap()
        .unwrap()
}

/// The word for what became of a signal, with the token.
fn signal(table: &Table<Memory>, plan: u64) -> String {
    match table.signal(&waiting(plan)).now_or_never().unwrap().unwrap() {
        Signalled::Parked(token) => token.0.expose_secret().to_owned(),
        Signalled::Unparked => "unparked".to_owned(),
        Signalled::IsOver => "over".to_owned(),
    }
}

#[test]
fn a_signal_gives_the_token_of_what_waits() {
    let table = table(3);
    assert!(park(&table, "3", "t"));
    assert_eq!(signal(&table, 3), "t");
    assert_eq!(signal(&table, 3), "t", "one that is repeated wakes again");
}

#[test]
fn what_comes_to_wait_after_a_signal_does_not_wait() {
    let table = table(3);
    assert_eq!(signal(&table, 3), "unparked");
    assert!(!park(&table, "3", "t"));
}

#[test]
fn a_next_slice_waits_again_and_has_a_token_of_its_own() {
    let table = table(3);
    assert!(park(&table, "3", "old"));
    signal(&table, 3);
    begin_again(&table, 4);
    assert_eq!(
        signal(&table, 3),
        "over",
        "the Plan has looked for what the signal was about"
    );
    assert!(park(&table, "4", "new"));
    assert_eq!(signal(&table, 4), "new");
}

#[rstest]
#[case::an_earlier_one("2")]
#[case::a_later_one("4")]
fn an_execution_with_another_plan_does_not_wait_in_the_place_of_the_one_that_has_the_lane(#[case] plan: &str) {
    let table = table(3);
    assert!(park(&table, "3", "own"));
    assert!(!park(&table, plan, "stranger"));
    assert_eq!(signal(&table, 3), "own");
}

#[test]
fn a_wait_that_is_over_is_not_found_and_does_not_come_back() {
    let table = table(3);
    let ended = vec![end(&waiting(3).run, &waiting(3).lane, 0)];
    let ended = table.items.transact("write", ended);
    assert_eq!(ended.now_or_never().unwrap().unwrap(), Transacted::Done);
    assert!(!park(&table, "3", "t"));
    assert_eq!(signal(&table, 3), "over");
    assert_eq!(table.waits(&waiting(3).run).now_or_never().unwrap().unwrap(), []);
}

#[test]
fn the_waits_of_a_run_are_found_with_their_plans() {
    let table = table(3);
    let waits = table.waits(&waiting(3).run).now_or_never().unwrap().unwrap();
    assert_eq!(waits, [waiting(3)]);
    let other: RunId = "other".parse().unwrap();
    let of_another = table.waits(&other);
    assert_eq!(of_another.now_or_never().unwrap().unwrap(), []);
}

#[test]
fn a_run_that_stood_in_no_lock_has_no_next_one() {
    let table = table(3);
    let run: RunId = "r".parse().unwrap();
    let next = table.next_in_line(&run, Timestamp::UNIX_EPOCH);
    assert_eq!(next.now_or_never().unwrap().unwrap(), None);
}

#[test]
fn a_token_is_not_printed() {
    let token = TaskToken("AQCEAAAAKgAAAAMAAAAA".to_owned().into());
    assert!(!format!("{token:?}").contains("AQCE"));
}
