//! What the table lets nobody do. The real one has the same conditions.

use super::{Change, Contended, Store, StoreFault, StoreOdds};
use crate::{
    simulation::in_virtual_time,
    step_functions::Clock,
    world::{BEGIN, Chance, Keeps, Mishaps, Trace},
};
use platform::table::journal::{Entry, Journal, OutsideEnd, Written};
use rstest::rstest;
use std::time::Duration;
use workflow::{
    ids::{LanePath, RunId, Section, StepPath, WorkflowVersion},
    planner::{Changes, Cursor, Failure, LaneEnd, Lock},
    run::{Part, RunCause, RunIdentity, RunInput},
};

fn store() -> Store {
    let clock = Clock::starting_at(BEGIN);
    Store::new(
        clock,
        Trace::new(clock, Keeps::Nothing),
        Mishaps::default(),
        Chance::new(1, "test"),
        StoreOdds::default(),
    )
}

fn input(run: &str) -> RunInput {
    RunInput {
        run: RunIdentity {
            id: run.parse().unwrap(),
            workflow: "w".parse().unwrap(),
            version: WorkflowVersion(1),
            depth: 0,
        },
        cause: RunCause::Hand { by: None },
        inputs: serde_json::Map::new(),
        part: None,
    }
}

fn cursor(plans: u64) -> Cursor {
    Cursor {
        lane: LanePath::main(),
        plans,
        started_at: BEGIN,
        deadline: BEGIN,
        run_deadline: BEGIN,
        depth: 0,
        generation: 0,
        events: 0,
        next: None,
        pending: None,
        inputs: serde_json::Map::new(),
        variables: std::collections::BTreeMap::new(),
        item: None,
        round: None,
        failed: None,
        asking: None,
        watching: None,
        heard: None,
        fresh: workflow::planner::FreshIds::default(),
        kept: None,
    }
}

/// The answer of a Plan.
fn handover(owner: &str, number: u64) -> String {
    serde_json::json!({"cursor": cursor(number), "by": owner}).to_string()
}

/// A Plan that somebody wants to write.
struct Plan {
    run: &'static str,
    number: u64,
    owner: &'static str,
    before: Option<&'static str>,
    changes: Changes,
}

impl Plan {
    fn of(owner: &'static str, number: u64) -> Self {
        Self {
            run: "r",
            number,
            owner,
            before: None,
            changes: Changes::default(),
        }
    }

    fn ending(self) -> Self {
        let end = LaneEnd::Success {
            output: serde_json::Value::Null,
        };
        Self {
            changes: Changes {
                end: Some(end),
                ..Changes::default()
            },
            ..self
        }
    }

    async fn write(&self, store: &Store) -> Result<Written, String> {
        let entry = Entry {
            input: &input(self.run),
            event: None,
            execution: self.owner,
            previous_owner: self.before,
            started_at: BEGIN,
            now: BEGIN,
            cursor: &cursor(self.number),
            changes: &self.changes,
            concurrency_key: Some("key"),
            handover: &handover(self.owner, self.number),
        };
        store.write(&entry).await.map_err(|error| error.to_string())
    }
}

#[rstest]
#[case::the_next(Plan::of("a", 2), Some(Written::Now))]
#[case::a_repeat(Plan::of("a", 1), Some(Written::Before { handover: handover("a", 1) }))]
#[case::one_too_many(Plan::of("a", 3), Some(Written::Superseded))]
#[case::of_somebody_else(Plan::of("b", 2), Some(Written::Superseded))]
#[case::taken_over(Plan { before: Some("a"), ..Plan::of("b", 2) }, Some(Written::Now))]
#[case::taken_over_from_nobody(Plan { before: Some("c"), ..Plan::of("b", 2) }, Some(Written::Superseded))]
fn f13_a_plan_is_fenced_by_its_number_and_its_owner(#[case] second: Plan, #[case] expected: Option<Written>) {
    in_virtual_time(async {
        let store = store();
        assert_eq!(Plan::of("a", 1).write(&store).await, Ok(Written::Now));
        assert_eq!(second.write(&store).await.ok(), expected);
    });
}

#[test]
fn a_lane_that_has_ended_takes_no_plan_any_more() {
    in_virtual_time(async {
        let store = store();
        Plan::of("a", 1).write(&store).await.unwrap();
        assert_eq!(Plan::of("a", 2).ending().write(&store).await, Ok(Written::Now));
        assert_eq!(Plan::of("a", 3).write(&store).await, Ok(Written::Superseded));
    });
}

#[test]
fn a_run_ends_once_whoever_ends_it() {
    let end = async |store: &Store| {
        let failure = Failure::from_text("Run.Aborted", "stopped");
        let end = OutsideEnd {
            input: &input("r"),
            execution: "a",
            started_at: BEGIN,
            ended_at: BEGIN,
            failure: &failure,
        };
        store.end_from_outside(&end).await.unwrap()
    };
    in_virtual_time(async {
        let by_plan = store();
        Plan::of("a", 1).ending().write(&by_plan).await.unwrap();
        assert!(!end(&by_plan).await);

        let from_outside = store();
        Plan::of("a", 1).write(&from_outside).await.unwrap();
        assert!(end(&from_outside).await);
        assert!(!end(&from_outside).await);
        assert_eq!(
            Plan::of("a", 2).ending().write(&from_outside).await,
            Ok(Written::Superseded)
        );
        // What goes on of it learns that it is over.
        let id: RunId = "r".parse().unwrap();
        assert!(from_outside.with(|tables| tables.marks.contains_key(&id)));
    });
}

#[test]
fn a_lock_is_refused_to_whoever_has_not_seen_it_as_it_is() {
    let lock = |version| Lock {
        version,
        holder: None,
        queue: Vec::new(),
        until: None,
    };
    let plan = |run, version| Plan {
        run,
        changes: Changes {
            lock: Some(lock(version)),
            ..Changes::default()
        },
        ..Plan::of("a", 1)
    };
    in_virtual_time(async {
        let store = store();
        assert_eq!(plan("r", 1).write(&store).await, Ok(Written::Now));
        assert!(plan("s", 1).write(&store).await.is_err());
        assert_eq!(plan("t", 2).write(&store).await, Ok(Written::Now));
    });
}

#[test]
fn a_lane_that_ended_by_itself_is_not_given_up() {
    let fork = StepPath::top(Section::Steps, 0);
    let lane = LanePath::main().child(fork, 0);
    in_virtual_time(async {
        let store = store();
        Plan::of("a", 1).write(&store).await.unwrap();
        let mut input = input("r");
        input.part = Some(Part {
            lane: lane.clone(),
            generation: 0,
            attempt: 1,
        });
        let ended = Changes {
            end: Some(LaneEnd::Success {
                output: serde_json::Value::Null,
            }),
            ..Changes::default()
        };
        let entry = Entry {
            input: &input,
            event: None,
            execution: "child",
            previous_owner: None,
            started_at: BEGIN,
            now: BEGIN,
            cursor: &Cursor {
                lane: lane.clone(),
                ..cursor(1)
            },
            changes: &ended,
            concurrency_key: None,
            handover: "",
        };
        assert_eq!(store.write(&entry).await.unwrap(), Written::Now);
        let failure = Failure::from_text("Lane.Lost", "lost");
        let giving_up = Plan {
            changes: Changes {
                lost: [(lane, LaneEnd::Failure { failure })].into(),
                ..Changes::default()
            },
            ..Plan::of("a", 2)
        };
        assert!(giving_up.write(&store).await.is_err());
    });
}

#[rstest]
#[case::refused(StoreFault::Refused, false)]
#[case::unanswered(StoreFault::Unanswered, true)]
#[case::late(StoreFault::Late(Duration::from_secs(5)), false)]
#[case::conflict_at_the_lane(StoreFault::Conflict(Contended::Lane), false)]
#[case::conflict_at_the_run(StoreFault::Conflict(Contended::Run), false)]
#[case::conflict_elsewhere(StoreFault::Conflict(Contended::Other), false)]
#[case::index_throttled(StoreFault::IndexThrottled, false)]
fn a_write_that_fails_may_be_done_all_the_same(#[case] fault: StoreFault, #[case] is_done: bool) {
    in_virtual_time(async {
        let store = store();
        store.let_write_fail(0, fault);
        let has_begun = || {
            store.with(|tables| {
                tables
                    .log
                    .iter()
                    .any(|logged| matches!(logged.change, Change::RunBegan(_)))
            })
        };

        assert!(Plan::of("a", 1).write(&store).await.is_err());
        assert_eq!(has_begun(), is_done);
        tokio::time::sleep(Duration::from_secs(10)).await;
        let is_done_later = matches!(fault, StoreFault::Late(_));
        assert_eq!(has_begun(), is_done || is_done_later);
    });
}
