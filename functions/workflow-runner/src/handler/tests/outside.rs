//! Executions that ended otherwise than by a Plan.

use super::{
    tree::{MACHINE, Tree, workflow},
    *,
};
use workflow::planner::{CancelMark, LaneEnd};

/// The event about an execution.
pub(super) fn event(status: &str, execution: &str, input: Option<&str>) -> Value {
    json!({
        "version": "0", "id": "315c1398-40ff-a850-213b-158f73e60175", "source": "aws.states", "account": "123456789012",
        "detail-type": "Step Functions Execution Status Change", "time": "2026-11-20T10:00:00Z", "region": "eu-west-1",
        "resources": [execution],
        "detail": {
            "executionArn": execution, "stateMachineArn": "arn:aws:states:eu-west-1:123456789012:stateMachine:workflow",
            "name": execution.rsplit(':').next(), "status": status, "startDate": 1_795_167_001_000_i64,
            "stopDate": 1_795_168_800_000_i64, "input": input, "inputDetails": {"included": input.is_some()},
            "output": null, "outputDetails": null, "error": null, "cause": null, "redriveCount": 0,
        }
    })
}

/// A run of which a wait has begun.
async fn waiting() -> (Tree, String) {
    let mut tree = Tree::new(&workflow("  - wait: 1h\n"));
    let name = tree.run_id().to_string();
    let mut state = tree.input.clone();
    tree.plan(&name, &mut state).await.unwrap();
    tree.store.take_calls();
    (tree, format!("{MACHINE}:{name}"))
}

fn failure(tree: &Tree) -> Failure {
    match tree.end() {
        RunEnd::FromOutside(failure) => failure,
        RunEnd::OfMainLane(end) => panic!("{end:?}"),
    }
}

#[rstest]
#[case("ABORTED", "the execution was stopped in Step Functions")]
#[case("TIMED_OUT", "Step Functions ended the execution, because its time was over")]
#[case("FAILED", "the execution failed, and the planner could not go on with it")]
#[tokio::test]
async fn a_run_whose_execution_ended_from_outside_gets_its_final_record_and_all_of_it_is_cancelled(
    #[case] status: &str,
    #[case] words: &str,
) {
    let (tree, execution) = waiting().await;
    let input = tree.input.to_string();

    tree.runner
        .take(event(status, &execution, Some(&input)), start())
        .await
        .unwrap();

    let failure = failure(&tree);
    assert_eq!(failure.name, "Run.Aborted");
    assert_eq!(failure.message, format!("{words}; look at the execution {execution}"));
    assert_eq!(
        tree.store.take_calls(),
        [
            Call::Run,
            Call::EndFromOutside,
            // Its lanes are woken, and the run that waited for its concurrency key.
            Call::Waits,
            Call::Signal,
            Call::Run
        ]
    );
    assert!(tree.store.marks(&tree.run_id()).contains(&CancelMark::run()));
}

#[tokio::test]
async fn what_step_functions_says_of_the_failure_is_told() {
    let (tree, execution) = waiting().await;
    let mut event = event("FAILED", &execution, Some(&tree.input.to_string()));
    event["detail"]["error"] = json!("States.DataLimitExceeded");
    event["detail"]["cause"] = json!("The state/task returned a result with a size exceeding the maximum");

    tree.runner.take(event, start()).await.unwrap();

    let message = failure(&tree).message;
    assert!(
        message.contains("(States.DataLimitExceeded: The state/task returned"),
        "{message}"
    );
}

#[tokio::test]
async fn a_run_that_never_had_a_plan_gets_its_final_record_too_and_begins_no_more() {
    let mut tree = Tree::new(&workflow("  - wait: 1h\n"));
    let name = tree.run_id().to_string();
    let execution = format!("{MACHINE}:{name}");
    tree.runner
        .take(event("ABORTED", &execution, Some(&tree.input.to_string())), start())
        .await
        .unwrap();

    let mut state = tree.input.clone();
    let error = tree.plan(&name, &mut state).await.unwrap_err();

    assert_eq!(error.failure().name, "Run.Superseded");
    assert_eq!(failure(&tree).name, "Run.Aborted");
}

#[tokio::test]
async fn i7_a_run_that_ended_by_its_plans_keeps_its_end_whenever_and_however_often_the_event_comes() {
    let mut tree = Tree::new(&workflow("  - fail: as it should\n"));
    tree.play().await;
    let name = tree.run_id().to_string();
    let event = event("FAILED", &format!("{MACHINE}:{name}"), Some(&tree.input.to_string()));
    for _ in 0..2 {
        tree.runner.take(event.clone(), start()).await.unwrap();
    }

    let RunEnd::OfMainLane(LaneEnd::Failure { failure }) = tree.end() else {
        panic!()
    };
    assert_eq!(failure.name, "Step.Failed");
    assert!(tree.store.marks(&tree.run_id()).is_empty());
}

#[tokio::test]
async fn the_end_of_an_execution_of_a_lane_is_left_to_whoever_waits_for_it() {
    let (tree, _) = waiting().await;
    let mut input = tree.input.clone();
    input["part"] = json!({"lane": "00000:00000", "generation": 0, "attempt": 1});

    tree.runner
        .take(event("ABORTED", "arn:child", Some(&input.to_string())), start())
        .await
        .unwrap();

    assert_eq!(tree.store.take_calls(), []);
}

/// The main lane of a run that a step called, begun by the execution E1.
async fn called() -> (Tree, Value) {
    let mut tree = Tree::new(&workflow("  - wait: 1h\n"));
    let event = tree.input["cause"]["event"].take();
    let by = json!({
        "run": "caller", "lane": "main", "step": "00000", "nesting": 1, "deadline": "2026-11-21T10:00:00Z"
    });
    tree.input["cause"] = json!({"called": {"by": by, "event": event}});
    let mut input = tree.input.clone();
    input["part"] = json!({"lane": "main", "generation": 0, "attempt": 1});
    tree.plan("E1", &mut input.clone()).await.unwrap();
    tree.store.take_calls();
    (tree, input)
}

#[tokio::test]
async fn a_called_run_ends_with_the_execution_that_does_its_main_lane_so_that_its_caller_sees_it() {
    let (tree, input) = called().await;
    let event = event("ABORTED", &format!("{MACHINE}:E1"), Some(&input.to_string()));
    for _ in 0..2 {
        tree.runner.take(event.clone(), start()).await.unwrap();
    }

    assert_eq!(failure(&tree).name, "Run.Aborted");
    let Some(LaneEnd::Failure { failure }) = tree.lane("main").end else {
        panic!()
    };
    assert_eq!(failure.name, "Run.Aborted");
}

#[tokio::test]
async fn a_called_run_that_another_execution_goes_on_with_does_not_end_with_the_one_before() {
    let (mut tree, mut input) = called().await;
    let event = event("ABORTED", &format!("{MACHINE}:E1"), Some(&input.to_string()));
    input["part"]["attempt"] = json!(2);
    tree.plan("E2", &mut input).await.unwrap();

    tree.runner.take(event, start()).await.unwrap();

    assert_eq!(tree.lane("main").end, None);
    assert_eq!(tree.store.with(|state| state.runs[&tree.run_id()].end.clone()), None);
}

#[tokio::test]
async fn an_execution_that_was_no_run_is_nothing_to_us() {
    let (tree, _) = waiting().await;
    tree.runner
        .take(event("FAILED", "arn:x", Some("{\"hello\": 1}")), start())
        .await
        .unwrap();
    assert_eq!(tree.store.take_calls(), []);
}

#[rstest]
#[case::without_the_input(event("FAILED", "arn:x", None), "lacks the execution's input")]
#[case::of_another_kind(json!({"detail-type": "EC2 Instance State-change Notification", "detail": {}}), "is not a change")]
#[tokio::test]
async fn an_event_that_tells_of_no_run_fails_where_an_alarm_sees_it(#[case] event: Value, #[case] words: &str) {
    let (tree, _) = waiting().await;

    let error = tree.runner.take(event, start()).await.unwrap_err();

    assert_eq!(error.failure().name, "Input.Invalid");
    assert!(error.to_string().contains(words), "{error}");
}

#[tokio::test]
async fn f24_with_the_table_out_of_reach_the_event_fails_and_can_come_again() {
    let (tree, execution) = waiting().await;
    let event = event("ABORTED", &execution, Some(&tree.input.to_string()));
    tree.store.with(|state| state.down = Some(Call::EndFromOutside));
    let error = tree.runner.take(event.clone(), start()).await.unwrap_err();
    assert_eq!(error.failure().name, "Store.Unavailable");

    tree.store.with(|state| state.down = None);
    tree.runner.take(event, start()).await.unwrap();
    assert_eq!(failure(&tree).name, "Run.Aborted");
}
