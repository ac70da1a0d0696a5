use super::*;
use crate::table::{
    Cancellation, Reason, Write,
    items::{Memory, Transacted},
    tests::{deadline, now, write},
};
use futures_util::FutureExt;
use serde_json::json;
use workflow::{
    ids::Section,
    planner::{ApprovalChange, Changes},
};

/// The answer of items in memory, which comes at once.
fn at_once<T, E: std::fmt::Debug>(answer: impl Future<Output = Result<T, E>>) -> T {
    answer.now_or_never().unwrap().unwrap()
}

fn id() -> ApprovalId {
    ApprovalId::of(
        &"r".parse().unwrap(),
        &LanePath::main(),
        &StepPath::top(Section::Steps, 0),
    )
}

fn question() -> Question {
    let question = json!({"message": "Restart?", "choices": ["yes", "no"], "until": deadline()});
    serde_json::from_value(question).unwrap()
}

fn decision(choice: &str) -> Decision {
    let decision = json!({"choice": choice, "by": "Anna", "via": "link", "at": now()});
    serde_json::from_value(decision).unwrap()
}

/// A table with a run whose first Plan asks.
fn table() -> Table<Memory> {
    let table = Table::over(Memory::default());
    let changes = Changes {
        approvals: vec![ApprovalChange::Asked {
            id: id(),
            step: StepPath::top(Section::Steps, 0),
            question: Box::new(question()),
        }],
        ..Changes::default()
    };
    at_once(write(&table, 1, &changes));
    table
}

fn state(table: &Table<Memory>) -> ApprovalState {
    at_once(table.approval(&id())).unwrap().state
}

fn open(table: &Table<Memory>, now: Timestamp) -> Vec<ApprovalId> {
    let open = at_once(table.open_approvals(now));
    open.into_iter().map(|view| view.id).collect()
}

/// What stands in the way of a write of the approval, if something does.
fn obstacle(table: &Table<Memory>, write: Write) -> Option<Reason> {
    match at_once(table.items.transact("write", vec![write])) {
        Transacted::Done => None,
        Transacted::Cancelled(cancelled) => Some(cancelled.reason(0)),
    }
}

#[test]
fn what_was_asked_is_open_and_in_the_list() {
    let table = table();
    let view = at_once(table.approval(&id())).unwrap();
    assert_eq!(
        (view.run.as_str(), view.question, view.state),
        ("r", question(), ApprovalState::Open)
    );
    assert_eq!(open(&table, now()), [id()]);
    assert_eq!(at_once(table.approval(&"b".repeat(32).parse().unwrap())), None);
}

#[test]
fn the_first_decision_stands_and_the_second_sees_it() {
    let table = table();
    assert_eq!(at_once(table.decide(&id(), &decision("yes"))), Decided::Now);
    let Decided::Before(before) = at_once(table.decide(&id(), &decision("no"))) else {
        panic!("it is decided");
    };
    let decided = ApprovalState::Decided {
        decision: decision("yes"),
    };
    assert_eq!((&before.state, &state(&table)), (&decided, &decided));
    assert!(open(&table, now()).is_empty());
}

#[test]
fn the_end_of_the_time_is_not_written_over_a_decision_nor_a_decision_over_the_end() {
    let decided = table();
    at_once(decided.decide(&id(), &decision("yes")));
    assert_eq!(
        obstacle(&decided, close(&id(), Closed::TimedOut)),
        Some(Reason::ConditionFailed)
    );

    let closed = table();
    assert_eq!(obstacle(&closed, close(&id(), Closed::TimedOut)), None);
    assert!(matches!(
        at_once(closed.decide(&id(), &decision("yes"))),
        Decided::Before(_)
    ));
    let timed_out = ApprovalState::Closed {
        reason: Closed::TimedOut,
    };
    assert_eq!(state(&closed), timed_out);
    assert!(open(&closed, now()).is_empty());
}

#[test]
fn one_whose_time_is_over_or_whose_run_is_to_end_is_not_in_the_list() {
    let table = table();
    assert!(open(&table, deadline()).is_empty());
    let asked = Cancellation {
        by: None,
        at: now(),
        reason: None,
    };
    at_once(table.cancel_run(&"r".parse().unwrap(), &asked));
    assert!(open(&table, now()).is_empty());
    assert!(matches!(state(&table), ApprovalState::RunOver { .. }));
}

#[test]
fn an_approval_that_was_never_asked_is_not_made_by_a_decision() {
    let table = Table::over(Memory::default());
    let refused = table.decide(&id(), &decision("yes")).now_or_never().unwrap();
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(at_once(table.approval(&id())), None);
}
