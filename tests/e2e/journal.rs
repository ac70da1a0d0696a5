//! The journal on a real DynamoDB API: its conditions are what keeps a run from doing things twice.

use crate::{aws, memory::Both, scenario::Scenario};
use jiff::Timestamp;
use platform::catalog;
use platform::table::{
    Bodies, CancelRequest, Cancellation, RunStatus, StepState, StoreError, Table,
    items::DynamoDb,
    journal::{Entry, EventSummary, Journal, OutsideEnd, Question, Written},
};
use serde_json::{Map, json};
use std::collections::BTreeSet;
use workflow::{
    definition::Definition,
    ids::{EffectKey, LanePath, RunId, Section, StepPath, WorkflowId, WorkflowVersion},
    planner::{
        Availability, CancelMark, Changes, Counted, Cursor, EndedAttempt, Failure, Known, LaneEnd, LaneKey, Lock,
        Marker, Needs, Outcome, OwnChange, StepChange, StepError, StepRecord, StepResult, Trail, period_of,
    },
    run::{Part, RunCause, RunIdentity, RunInput},
};

const LANE: &str = "00000:00000";

fn dynamodb(scenario: &Scenario) -> DynamoDb {
    let client = aws_sdk_dynamodb::Client::new(&aws::config(&scenario.stack));
    DynamoDb::new(client, scenario.stack.table_name.clone())
}

/// The key of an incident that a run creates.
const OWN_KEY: &str = "pgf-1-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

/// A run of its own for each test and each time that it runs, so that all can be repeated on one stack.
#[derive(Clone)]
struct Run {
    table: Table<Both>,
    input: RunInput,
}

/// A Plan of a lane, in few words.
#[derive(Clone)]
struct Plan {
    cursor: Cursor,
    handover: String,
    changes: Changes,
}

impl Plan {
    fn new(lane: &str, plans: u64) -> Self {
        let cursor: Cursor = serde_json::from_value(json!({
            "lane": lane, "plans": plans, "started_at": now(), "deadline": "2026-11-23T10:00:00Z",
            "run_deadline": "2026-11-23T11:00:00Z",
        }))
        .unwrap();
        Self {
            handover: json!({ "cursor": cursor, "command": {"type": "continue"} }).to_string(),
            cursor,
            changes: Changes::default(),
        }
    }

    fn main(plans: u64) -> Self {
        Self::new("main", plans)
    }

    fn with(mut self, change: impl FnOnce(&mut Changes)) -> Self {
        change(&mut self.changes);
        self
    }

    fn ending(self, end: LaneEnd) -> Self {
        self.with(|changes| changes.end = Some(end))
    }

    fn step(self, index: u32, change: StepChange) -> Self {
        let record = StepRecord {
            id: None,
            title: "a step".into(),
            at: now(),
            change,
            call: None,
        };
        self.with(|changes| {
            changes.steps.insert(step(index), record);
        })
    }
}

fn step(index: u32) -> StepPath {
    StepPath::top(Section::Steps, index)
}

fn success() -> LaneEnd {
    LaneEnd::Success { output: json!(1.5) }
}

fn failure() -> Failure {
    Failure::from_text("Lane.Lost", "it was lost")
}

impl Run {
    fn new(name: &str) -> Self {
        Self::on(name, Both::beside)
    }

    /// Two runs of one workflow.
    fn two(name: &str) -> (Self, Self) {
        let one = Self::new(name);
        let mut other = Self::new(name);
        other.table.clone_from(&one.table);
        other.input.run.workflow.clone_from(&one.input.run.workflow);
        (one, other)
    }

    /// A run of which others write as well, or that several write at once.
    fn shared(name: &str) -> Self {
        Self::on(name, Both::alone)
    }

    fn on(name: &str, items: fn(DynamoDb) -> Both) -> Self {
        let scenario = Scenario::without_integration("e2e-journal");
        let now = Timestamp::now();
        let workflow: WorkflowId = format!("e2e-journal-{name}-{}", now.as_nanosecond()).parse().unwrap();
        let run = RunIdentity {
            id: RunId::for_event(&workflow, &now.to_string()),
            workflow,
            version: WorkflowVersion(1),
            depth: 0,
        };
        Self {
            table: Table::over(items(dynamodb(&scenario))),
            input: RunInput {
                run,
                cause: RunCause::Hand { by: None },
                inputs: Map::new(),
                part: None,
            },
        }
    }

    fn id(&self) -> &RunId {
        &self.input.run.id
    }

    fn key(&self, lane: &str) -> LaneKey {
        LaneKey {
            run: self.id().clone(),
            lane: lane.parse().unwrap(),
        }
    }

    async fn write_as(
        &self,
        plan: &Plan,
        execution: &str,
        previous_owner: Option<&str>,
    ) -> Result<Written, StoreError> {
        let entry = Entry {
            input: &self.input,
            event: None,
            execution,
            previous_owner,
            started_at: now(),
            now: now(),
            cursor: &plan.cursor,
            changes: &plan.changes,
            concurrency_key: Some("key"),
            handover: &plan.handover,
        };
        self.table.write(&entry).await
    }

    async fn write(&self, plan: &Plan) -> Written {
        self.write_as(plan, "E1", None).await.unwrap()
    }

    /// Writes a Plan, which must be the first to do so.
    async fn written(&self, plan: &Plan) {
        assert_eq!(self.write(plan).await, Written::Now);
    }

    async fn known(&self, needs: &Needs) -> Known {
        let question = Question {
            run: self.id(),
            workflow: &self.input.run.workflow,
            needs,
            concurrency_key: Some("key"),
            incident: Some(self.id().as_str()),
            own_key: Some(OWN_KEY),
            now: now(),
        };
        self.table.known(&question).await.unwrap()
    }

    async fn lane_end(&self, lane: &str) -> Option<LaneEnd> {
        let key = self.key(lane);
        let needs = Needs {
            lanes: BTreeSet::from([key.clone()]),
            ..Needs::default()
        };
        self.known(&needs).await.lanes.remove(&key)
    }

    async fn status(&self) -> RunStatus {
        self.table.run(self.id()).await.unwrap().unwrap().status
    }

    async fn end_from_outside(&self) -> bool {
        let end = OutsideEnd {
            input: &self.input,
            execution: "E1",
            started_at: now(),
            ended_at: now(),
            failure: &Failure::from_text("Run.Aborted", "stopped"),
        };
        self.table.end_from_outside(&end).await.unwrap()
    }
}

#[tokio::test]
async fn f13_a_repeated_plan_gets_what_the_first_one_handed_over_and_another_execution_gets_nothing() {
    let run = Run::new("repeat");
    let first = Plan::main(1);
    run.written(&first).await;
    let mut other_words = first.clone();
    other_words.handover.push(' ');
    let handover = first.handover.clone();
    assert_eq!(run.write(&other_words).await, Written::Before { handover });
    assert_eq!(run.write_as(&first, "E2", None).await.unwrap(), Written::Superseded);

    let second = Plan::main(2);
    assert_eq!(run.write_as(&second, "E2", None).await.unwrap(), Written::Superseded);
    run.written(&second).await;
    assert_eq!(run.write(&first).await, Written::Superseded, "a Plan of long ago");
}

#[tokio::test]
async fn f13_of_twenty_who_write_the_same_plan_at_once_one_does_and_all_hand_over_the_same() {
    let run = Run::shared("race");
    let racers: Vec<_> = (0..20)
        .map(|number| {
            let run = run.clone();
            tokio::spawn(async move {
                let mut plan = Plan::main(1);
                plan.handover.push_str(&" ".repeat(number));
                // A transaction that meets another on the same item is refused, and Step Functions repeats the Plan.
                for _ in 0..50 {
                    match run.write_as(&plan, "E1", None).await {
                        Ok(Written::Now) => return (true, plan.handover),
                        Ok(Written::Before { handover }) => return (false, handover),
                        Ok(Written::Superseded) => panic!("superseded by itself"),
                        Err(_) => {}
                    }
                }
                panic!("never written");
            })
        })
        .collect();
    let mut answers = Vec::new();
    for racer in racers {
        answers.push(racer.await.unwrap());
    }
    assert_eq!(answers.iter().filter(|(wrote, _)| *wrote).count(), 1);
    assert!(
        answers.iter().all(|(_, handover)| *handover == answers[0].1),
        "{answers:?}"
    );
}

#[tokio::test]
async fn f13_a_lane_is_taken_over_once_and_whoever_held_it_is_fenced_off() {
    let run = Run::new("take-over");
    run.written(&Plan::new(LANE, 1)).await;
    let second = Plan::new(LANE, 2);

    assert_eq!(run.write_as(&second, "E2", Some("E1")).await.unwrap(), Written::Now);

    assert_eq!(
        run.write_as(&second, "E3", Some("E1")).await.unwrap(),
        Written::Superseded
    );
    assert_eq!(
        run.write_as(&Plan::new(LANE, 2), "E1", None).await.unwrap(),
        Written::Superseded
    );
    let repeated = run.write_as(&second, "E2", Some("E1")).await.unwrap();
    assert_eq!(
        repeated,
        Written::Before {
            handover: second.handover.clone()
        }
    );
    let keys = BTreeSet::from([run.key(LANE), run.key("00000:00001")]);
    let lanes = run.table.lanes(&keys).await.unwrap();
    assert_eq!(lanes.len(), 1);
    let last = lanes[&run.key(LANE)].last.clone().unwrap();
    assert_eq!(
        (last.owner.as_str(), last.cursor, last.handover),
        ("E2", second.cursor, second.handover)
    );
}

#[tokio::test]
async fn i7_a_lane_and_a_run_that_have_ended_do_not_change() {
    let run = Run::new("ended");
    let last = Plan::main(2).ending(success());
    run.written(&Plan::main(1)).await;
    run.written(&last).await;

    assert!(matches!(run.write(&last).await, Written::Before { .. }));
    assert_eq!(run.write(&Plan::main(3)).await, Written::Superseded);
    assert_eq!(
        run.write_as(&Plan::main(3), "E2", Some("E1")).await.unwrap(),
        Written::Superseded
    );
    assert_eq!(run.lane_end("main").await, Some(success()));
    assert!(!run.end_from_outside().await);
    assert_eq!(run.status().await, RunStatus::Succeeded);
}

#[tokio::test]
async fn a_run_that_ends_in_its_first_plan_has_its_record_at_once() {
    let run = Run::new("at-once");
    run.written(&Plan::main(1).ending(LaneEnd::Skipped {
        reason: "another goes on".into(),
    }))
    .await;
    let view = run.table.run(run.id()).await.unwrap().unwrap();
    assert_eq!(
        (view.status, view.reason.as_deref()),
        (RunStatus::Skipped, Some("another goes on"))
    );
    assert!(view.ended_at.is_some() && view.event_id.is_none());
}

#[tokio::test]
async fn a_run_that_was_ended_from_outside_is_cancelled_and_takes_no_other_end() {
    let run = Run::new("outside");
    run.written(&Plan::main(1)).await;
    assert!(run.end_from_outside().await);
    assert!(!run.end_from_outside().await, "the event may come twice");

    assert_eq!(run.write(&Plan::main(2).ending(success())).await, Written::Superseded);
    let view = run.table.run(run.id()).await.unwrap().unwrap();
    assert_eq!(
        (view.status, view.error.unwrap().name.as_str()),
        (RunStatus::Failed, "Run.Aborted")
    );
    assert_eq!(
        view.deadline,
        "2026-11-23T11:00:00Z".parse().unwrap(),
        "it is as the first Plan wrote it"
    );
    assert!(
        run.known(&Needs::default())
            .await
            .cancelled
            .contains(&CancelMark::run())
    );
}

#[tokio::test]
async fn a_called_run_ends_from_outside_only_with_the_execution_that_owns_its_main_lane() {
    let mut run = Run::new("called");
    run.input.part = Some(Part {
        lane: LanePath::main(),
        generation: 0,
        attempt: 1,
    });
    assert!(
        !run.end_from_outside().await,
        "it has not begun, and its caller starts it again"
    );
    run.written(&Plan::main(1)).await;
    let second = run.write_as(&Plan::main(2), "E2", Some("E1")).await.unwrap();
    assert_eq!(second, Written::Now);
    assert!(!run.end_from_outside().await, "E2 goes on with it");
    let third = run.write_as(&Plan::main(3), "E1", Some("E2")).await.unwrap();
    assert_eq!(third, Written::Now);

    assert!(run.end_from_outside().await);
    assert!(!run.end_from_outside().await, "the event may come twice");
    assert_eq!(run.status().await, RunStatus::Failed);
    let end = run.lane_end("main").await.unwrap();
    assert_eq!(end.failure().unwrap().name, "Run.Aborted");
    assert_eq!(run.write(&Plan::main(4)).await, Written::Superseded);
}

#[tokio::test]
async fn a_run_that_was_ended_before_its_first_plan_has_a_record_and_begins_no_more() {
    let run = Run::new("never");
    assert!(run.end_from_outside().await);
    assert_eq!(run.write(&Plan::main(1)).await, Written::Superseded);
    let view = run.table.run(run.id()).await.unwrap().unwrap();
    assert_eq!(
        (view.status, view.workflow, view.steps.len()),
        (RunStatus::Failed, run.input.run.workflow.clone(), 0)
    );
}

#[tokio::test]
async fn a_lane_that_is_given_up_has_its_end_and_takes_no_plan_and_one_that_ended_meanwhile_keeps_its_own() {
    let run = Run::new("lost");
    let lost = LaneEnd::Failure { failure: failure() };
    let gives_up = |lane: &str, plans| {
        let lane: LanePath = lane.parse().unwrap();
        Plan::main(plans).with(|changes| {
            changes.lost.insert(lane, lost.clone());
        })
    };
    run.written(&Plan::main(1)).await;
    run.written(&Plan::new(LANE, 1)).await;

    run.written(&gives_up(LANE, 2)).await;
    assert_eq!(run.lane_end(LANE).await, Some(lost.clone()));
    assert_eq!(run.write(&Plan::new(LANE, 2)).await, Written::Superseded);

    run.written(&gives_up("00000:00001", 3)).await;
    assert_eq!(
        run.write(&Plan::new("00000:00001", 1)).await,
        Written::Superseded,
        "it never began"
    );
    let lanes = run
        .table
        .lanes(&BTreeSet::from([run.key("00000:00001")]))
        .await
        .unwrap();
    assert!(
        lanes
            .values()
            .all(|lane| lane.last.is_none() && lane.end == Some(lost.clone()))
    );

    run.written(&Plan::new("00000:00002", 1).ending(success())).await;
    assert!(
        run.write_as(&gives_up("00000:00002", 4), "E1", None).await.is_err(),
        "the Plan is made again"
    );
    assert_eq!(run.lane_end("00000:00002").await, Some(success()));
    run.written(&Plan::main(4)).await;
}

#[tokio::test]
async fn of_two_runs_that_take_a_lock_at_once_one_gets_it() {
    let (one, other) = Run::two("lock");
    let needs = Needs {
        lock: true,
        ..Needs::default()
    };
    let version = one.known(&needs).await.lock.lock.version;
    let takes = |run: &Run| {
        let lock = Lock {
            version: version + 1,
            holder: Some(run.id().clone()),
            queue: Vec::new(),
            until: None,
        };
        Plan::main(1).with(|changes| changes.lock = Some(lock))
    };
    one.written(&takes(&one)).await;
    assert!(other.write_as(&takes(&other), "E1", None).await.is_err());
    assert!(
        other.table.run(other.id()).await.unwrap().is_none(),
        "nothing of the Plan is written"
    );

    let view = other.known(&needs).await.lock;
    assert_eq!((view.lock.holder.as_ref(), view.ended.len()), (Some(one.id()), 0));
    one.written(&Plan::main(2).ending(success())).await;
    let view = other.known(&needs).await.lock;
    assert_eq!(view.ended, BTreeSet::from([one.id().clone()]));
}

#[tokio::test]
async fn a_run_without_an_end_does_not_hold_a_lock_for_ever() {
    let run = Run::new("overdue");
    let needs = Needs {
        lock: true,
        ..Needs::default()
    };
    let version = run.known(&needs).await.lock.lock.version;
    let lock = Lock {
        version: version + 1,
        holder: Some(run.id().clone()),
        queue: Vec::new(),
        until: None,
    };
    run.written(&Plan::main(1).with(|changes| changes.lock = Some(lock)))
        .await;
    let ended_at = async |now: &str| {
        let question = Question {
            run: run.id(),
            workflow: &run.input.run.workflow,
            needs: &needs,
            concurrency_key: Some("key"),
            incident: None,
            own_key: None,
            now: now.parse().unwrap(),
        };
        run.table.known(&question).await.unwrap().lock.ended.len()
    };
    assert_eq!(ended_at("2026-11-23T11:59:59Z").await, 0);
    assert_eq!(
        ended_at("2026-11-23T12:00:01Z").await,
        1,
        "an hour after its deadline nothing of it goes on"
    );
}

/// The request of a person to cancel a run.
fn asked() -> Cancellation {
    Cancellation {
        by: Some("arn:aws:iam::000000000000:user/olivia".to_owned()),
        at: Timestamp::UNIX_EPOCH,
        reason: None,
    }
}

#[tokio::test]
async fn marks_of_what_is_cancelled_are_added_to_each_other_and_reach_other_runs() {
    let (run, older) = Run::two("marks");
    let of_lanes = CancelMark::lanes_of(&LanePath::main(), &step(0));
    run.written(&Plan::main(1)).await;
    run.written(&Plan::new(LANE, 1).with(|changes| {
        changes.cancels.insert(of_lanes.clone());
    }))
    .await;
    run.written(&Plan::main(2).with(|changes| {
        changes.cancels_runs.insert(older.id().clone());
    }))
    .await;
    assert_eq!(
        run.table.cancel_run(run.id(), &asked()).await.unwrap(),
        CancelRequest::Accepted
    );

    assert_eq!(
        run.known(&Needs::default()).await.cancelled,
        BTreeSet::from([of_lanes, CancelMark::run()])
    );
    assert_eq!(
        older.known(&Needs::default()).await.cancelled,
        BTreeSet::from([CancelMark::run()])
    );

    assert_eq!(
        older.table.cancel_run(older.id(), &asked()).await.unwrap(),
        CancelRequest::Unknown
    );
    run.written(&Plan::main(3).ending(LaneEnd::Cancelled { failure: failure() }))
        .await;
    let again = run.table.cancel_run(run.id(), &asked()).await.unwrap();
    assert_eq!(again, CancelRequest::Ended(RunStatus::Cancelled));
}

#[tokio::test]
async fn what_a_step_gave_is_read_back_and_shown_with_its_attempts() {
    let run = Run::new("result");
    let started = |number| StepChange::AttemptStarted {
        number,
        input: json!({"title": "t"}),
        adjusted: vec![],
        effect_key: EffectKey::new(run.id(), 0, &LanePath::main(), &step(0)),
    };
    let result = StepResult {
        outcome: Outcome::Failure,
        outputs: json!({"incident_number": 7, "share": 0.1}),
        error: Some(StepError {
            name: "Step.Failed".into(),
            message: "words".into(),
        }),
        cut: BTreeSet::from(["body".to_owned()]),
    };
    let needs = Needs {
        results: BTreeSet::from([(LanePath::main(), step(0)), (LanePath::main(), step(1))]),
        ..Needs::default()
    };
    run.written(&Plan::main(1).step(0, started(1))).await;
    let failed = StepChange::AttemptFailed {
        number: 1,
        failure: Failure::from_text("PagerDuty.Unavailable", "down"),
        retry_at: now(),
    };
    run.written(&Plan::main(2).step(0, failed)).await;
    run.written(&Plan::main(3).step(0, started(2)).step(
        1,
        StepChange::Entered {
            lanes: Some(3),
            run: None,
        },
    ))
    .await;
    assert!(run.known(&needs).await.results.is_empty(), "not yet");
    let finished = StepChange::Finished {
        result: result.clone(),
        attempt: Some(EndedAttempt {
            number: 2,
            error: Some(StepError {
                name: "PagerDuty.NotFound".into(),
                message: "no such thing".into(),
            }),
        }),
    };
    run.written(&Plan::main(4).step(0, finished)).await;

    let results = run.known(&needs).await.results;
    assert_eq!(results.into_values().collect::<Vec<_>>(), std::slice::from_ref(&result));
    let view = run.table.run(run.id()).await.unwrap().unwrap();
    let [first, second] = view.steps.as_slice() else {
        panic!("{view:?}")
    };
    assert_eq!((first.state, &first.cut), (StepState::Failure, &result.cut));
    let attempts = &first.attempts;
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0].error.as_ref().unwrap().name, "PagerDuty.Unavailable");
    assert_eq!(attempts[1].error.as_ref().unwrap().name, "PagerDuty.NotFound");
    assert!(attempts.iter().all(|attempt| attempt.ended_at.is_some()));
    assert_eq!(first.until, None, "it waits for nothing any more");
    assert_eq!((second.state, second.lanes), (StepState::Running, Some(3)));
}

#[tokio::test]
async fn more_than_a_hundred_things_are_read_and_a_very_long_lane_is_found_again() {
    let run = Run::new("many");
    run.written(&Plan::main(1)).await;
    let mut deep = LanePath::main();
    while deep.to_string().len() < 4_000 {
        deep = deep.child(step(1).inside(0, 2).inside(0, 3), 7);
    }
    run.written(&Plan::new(&deep.to_string(), 1).ending(success())).await;
    for number in [3, 119] {
        run.written(&Plan::new(&format!("00000:{number:05}"), 1).ending(success()))
            .await;
    }
    let lane = |number: u32| LanePath::main().child(step(0), number);
    let lanes = (0..120).map(lane).chain([deep]).map(|lane| LaneKey {
        run: run.id().clone(),
        lane,
    });
    let needs = Needs {
        lanes: lanes.collect(),
        ..Needs::default()
    };
    assert_eq!(run.known(&needs).await.lanes.len(), 3);
    assert_eq!(run.table.lanes(&needs.lanes).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_plan_is_told_whether_runs_of_a_workflow_may_begin() {
    let scenario = Scenario::without_integration("e2e-active");
    let run = Run::shared("active");
    let version = scenario.apply(&scenario.by_hand("steps: [{ wait: 1s }]\n"))["version"].clone();
    let needs = Needs {
        workflows: BTreeSet::from(["e2e-active".parse().unwrap(), "e2e-no-such".parse().unwrap()]),
        ..Needs::default()
    };
    let known = async || run.known(&needs).await.workflows.into_values().collect::<Vec<_>>();
    let version = serde_json::from_value(version).unwrap();
    assert_eq!(known().await, [Availability::Enabled(version)]);

    scenario
        .pagerflow
        .json(&["workflow", "disable", "e2e-active"], "")
        .unwrap();
    assert_eq!(known().await, [Availability::Disabled]);
    scenario
        .pagerflow
        .json(&["workflow", "enable", "e2e-active"], "")
        .unwrap();
}

#[tokio::test]
async fn a_plan_that_changes_as_much_as_one_can_is_written() {
    let run = Run::new("most");
    let mut plan = Plan::main(1);
    let summary = EventSummary::default();
    for index in 0..30 {
        let result = StepResult {
            outcome: Outcome::Success,
            outputs: json!({"text": "x".repeat(32_000)}),
            error: None,
            cut: BTreeSet::new(),
        };
        plan = plan.step(index, StepChange::Finished { result, attempt: None });
    }
    plan.changes.lost = (0..40)
        .map(|lane| (LanePath::main().child(step(0), lane), success()))
        .collect();
    plan.changes.cancels.insert(CancelMark::run());
    plan.changes.cancels_runs.insert(Run::new("other").id().clone());
    plan.changes.end = Some(success());
    let entry = Entry {
        input: &run.input,
        event: Some(&summary),
        execution: "E1",
        previous_owner: None,
        started_at: now(),
        now: now(),
        cursor: &plan.cursor,
        changes: &plan.changes,
        concurrency_key: None,
        handover: &plan.handover,
    };
    assert_eq!(run.table.write(&entry).await.unwrap(), Written::Now);
    assert_eq!(run.table.run(run.id()).await.unwrap().unwrap().steps.len(), 30);
}

#[tokio::test]
async fn f17_of_two_bodies_of_one_run_the_first_stays() {
    let run = Run::new("body");
    for body in [[1, 2, 3], [1, 2, 3], [4, 5, 6]] {
        run.table.put_body(run.id(), body.to_vec(), now()).await.unwrap();
    }
    assert_eq!(run.table.body(run.id()).await.unwrap(), Some(vec![1, 2, 3]));
}

#[tokio::test]
async fn f32_of_two_who_apply_at_once_one_is_told_of_the_other() {
    use platform::table::{ApplyError, NewVersion};
    let scenario = Scenario::without_integration("e2e-two-admins");
    let table = Table::over(dynamodb(&scenario));
    let apply = |wait: u32| {
        let source = scenario.definition("v3", &format!("  - wait: {wait}s\n"));
        let definition = Definition::from_source(&source, catalog()).unwrap();
        let table = table.clone();
        async move {
            let seen = table.workflow(&definition.name).await?;
            let new = NewVersion {
                definition: &definition,
                source: &source,
                applied_by: None,
            };
            table.apply_workflow(seen.as_ref(), &new, Timestamp::UNIX_EPOCH).await
        }
    };
    let first = apply(1).await.unwrap();
    assert_eq!((first.version, first.is_new), (WorkflowVersion(1), true));
    let (one, other) = tokio::join!(apply(2), apply(3));
    let outcomes = [one, other];
    let applied = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Ok(applied) if applied.is_new))
        .count();
    let conflicts = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(ApplyError::Conflict(_))))
        .count();
    // They may also have gone one after the other; but none may be lost unseen.
    assert_eq!(applied + conflicts, 2, "{outcomes:?}");
    assert!(applied >= 1, "{outcomes:?}");
}

#[tokio::test]
async fn f40_what_runs_did_to_an_incident_and_how_many_began_is_known_to_those_that_follow() {
    let run = Run::new("trail");
    let incident = run.id().to_string();
    let needs = Needs {
        trail: true,
        ..Needs::default()
    };
    assert_eq!(run.known(&needs).await.trail, Trail::default());
    let marker = |depth: u32, second: i64| Marker {
        incident: incident.clone(),
        depth,
        change: OwnChange {
            action: "pagerduty.resolve_incident".to_owned(),
            since: now() + jiff::SignedDuration::from_secs(second),
            at: now() + jiff::SignedDuration::from_secs(second),
        },
    };
    let counted = Counted {
        incident: incident.clone(),
        period: period_of(now()),
    };
    let first = Plan::main(1).with(|changes| {
        changes.marker = Some(marker(2, 0));
        changes.counted = Some(counted.clone());
    });
    run.written(&first).await;
    // A repeat counts nothing twice.
    assert!(matches!(run.write(&first).await, Written::Before { .. }));
    let again = Plan::main(2).with(|changes| {
        changes.marker = Some(marker(2, 1));
        changes.counted = Some(counted.clone());
    });
    run.written(&again).await;
    let shallow = Plan::main(3).with(|changes| changes.marker = Some(marker(0, 2)));
    run.written(&shallow).await;

    let created = Marker {
        incident: OWN_KEY.to_owned(),
        ..marker(1, 3)
    };
    run.written(&Plan::main(4).with(|changes| changes.marker = Some(created.clone())))
        .await;

    let trail = run.known(&needs).await.trail;

    assert_eq!((trail.runs, trail.runs_before), (2, 0));
    let changes: Vec<_> = trail.changes.into_iter().collect();
    assert_eq!(changes, [(0, marker(0, 2).change), (2, marker(2, 1).change)]);
    assert_eq!(trail.creations.into_iter().collect::<Vec<_>>(), [(1, created.change)]);
}

#[tokio::test]
async fn numbers_of_19_digits_and_what_was_adjusted_are_read_as_they_were_written() {
    let run = Run::new("digits");
    let input = json!({"integration": "prod", "title": "x".repeat(2_000), "service": "PS"});
    let admitted = pagerduty::actions::Action::CreateIncident
        .spec()
        .admit(input, &[], 48 * 1024)
        .unwrap();
    let outputs = json!({"numbers": [9_007_199_254_740_993_u64, u64::MAX, i64::MIN, 1.5]});
    let attempt = StepChange::AttemptStarted {
        number: 1,
        input: admitted.input.clone(),
        adjusted: admitted.adjusted.clone(),
        effect_key: EffectKey::new(run.id(), 0, &LanePath::main(), &step(0)),
    };
    let finished = StepChange::Finished {
        result: StepResult {
            outcome: Outcome::Success,
            outputs: outputs.clone(),
            error: None,
            cut: BTreeSet::new(),
        },
        attempt: Some(EndedAttempt { number: 1, error: None }),
    };
    run.written(&Plan::main(1).step(0, attempt)).await;
    run.written(&Plan::main(2).step(0, finished)).await;

    let steps = run.table.lane_steps(run.id(), &LanePath::main()).await.unwrap();
    let sentences: Vec<String> = admitted.adjusted.iter().map(ToString::to_string).collect();
    assert_eq!((steps[0].adjusted.clone(), sentences.len()), (sentences, 1));
    assert_eq!(steps[0].outputs.as_ref(), Some(&outputs));
    let needs = Needs {
        results: BTreeSet::from([(LanePath::main(), step(0))]),
        ..Needs::default()
    };
    let known = run.known(&needs).await;
    assert_eq!(known.results[&(LanePath::main(), step(0))].outputs, outputs);
}
