//! Runs whose execution has ended without anybody having been told.

use super::{
    tree::{MACHINE, Tree, input_of, workflow},
    *,
};
use jiff::SignedDuration;
use platform::executions::ExecutionView;

/// What EventBridge sends every hour.
fn schedule() -> Value {
    json!({"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
}

/// Has Step Functions say of an execution how it stands.
fn told(tree: &Tree, name: &str, status: &str, input: &Value) {
    let view = ExecutionView {
        is_running: status == "RUNNING",
        status: status.to_owned(),
        started_at: start(),
        ended_at: (status != "RUNNING").then(|| start() + SignedDuration::from_mins(5)),
        input: Some(input.to_string()),
        error: None,
    };
    tree.store
        .with(|state| state.executions.insert(format!("{MACHINE}:{name}"), view));
}

/// A run of which a wait has begun.
async fn waiting() -> Tree {
    let mut tree = Tree::new(&workflow("  - wait: 1h\n"));
    let mut state = tree.input.clone();
    let name = tree.run_id().to_string();
    tree.plan(&name, &mut state).await.unwrap();
    tree.store.take_calls();
    tree
}

fn end(tree: &Tree, run: &str) -> Option<RunEnd> {
    tree.store
        .with(|state| state.runs.get(&run.parse().unwrap()).and_then(|run| run.end.clone()))
}

async fn an_hour_later(tree: &Tree) {
    let now = start() + SignedDuration::from_hours(1);
    assert_eq!(tree.runner.take(schedule(), now).await.unwrap(), Value::Null);
}

#[rstest]
#[case("ABORTED", true)]
#[case("TIMED_OUT", true)]
#[case("FAILED", true)]
#[case::goes_on("RUNNING", false)]
#[case::has_written_its_end_or_somebody_else_goes_on("SUCCEEDED", false)]
#[tokio::test]
async fn the_schedule_ends_a_run_whose_execution_has_ended_and_leaves_others_alone(
    #[case] status: &str,
    #[case] has_ended: bool,
) {
    let tree = waiting().await;
    let name = tree.run_id().to_string();
    told(&tree, &name, status, &tree.input);

    an_hour_later(&tree).await;

    let end = end(&tree, &name);
    assert_eq!(matches!(end, Some(RunEnd::FromOutside(_))), has_ended, "{end:?}");
}

#[tokio::test]
async fn a_run_of_which_step_functions_knows_nothing_goes_on() {
    let tree = waiting().await;

    an_hour_later(&tree).await;

    assert_eq!(end(&tree, tree.run_id().as_str()), None);
}

#[tokio::test]
async fn a_run_that_failed_before_its_first_plan_gets_a_record() {
    let tree = Tree::new(&workflow("  - wait: 1h\n"));
    let name = tree.run_id().to_string();
    told(&tree, &name, "FAILED", &tree.input);

    an_hour_later(&tree).await;

    assert!(matches!(end(&tree, &name), Some(RunEnd::FromOutside(_))));
}

#[tokio::test]
async fn one_run_of_which_nothing_can_be_found_out_does_not_keep_the_others_from_their_end() {
    let tree = waiting().await;
    let name = tree.run_id().to_string();
    told(&tree, &name, "ABORTED", &tree.input);
    let mut other = input_of(&json!({ "input": tree.input }));
    other.run.id = "other".parse().unwrap();
    let begun = (&cursor(&LanePath::main(), 1), &Changes::default());
    tree.store.write_plan(&other, &format!("{MACHINE}:other"), None, begun);
    tree.store.with(|state| {
        let view = ExecutionView {
            input: None,
            ..state.executions[&format!("{MACHINE}:{name}")].clone()
        };
        state.executions.insert(format!("{MACHINE}:other"), view);
    });

    an_hour_later(&tree).await;

    assert!(end(&tree, &name).is_some());
    assert_eq!(end(&tree, "other"), None, "its execution is told of without its input");
}

#[tokio::test]
async fn without_the_list_of_the_runs_the_schedule_is_to_call_again() {
    let tree = waiting().await;
    tree.store.with(|state| state.down = Some(Call::OpenRuns));

    let error = tree.runner.take(schedule(), start()).await.unwrap_err();

    assert_eq!(error.failure().name, "Store.Unavailable");
}

/// A workflow whose runs have a key in common.
fn exclusive(policy: &str) -> String {
    format!("name: w\nconcurrency: {{ key: a, policy: {policy} }}\nsteps: [{{ wait: 1h }}]\n")
}

/// The first run of a key, which has begun, and another one that wants the key.
async fn two_runs(policy: &str) -> (Tree, Value) {
    let mut tree = Tree::by_hand(&exclusive(policy), &json!({}));
    let run = |tree: &Tree, id: &str| {
        let mut input = tree.input.clone();
        input["run"]["id"] = json!(id);
        input
    };
    let (mut first, second) = (run(&tree, "first"), run(&tree, "second"));
    let input = first.clone();
    tree.plan("first", &mut first).await.unwrap();
    told(&tree, "first", "ABORTED", &input);
    (tree, second)
}

#[rstest]
#[case::wait("wait")]
#[case::skip("skip")]
#[tokio::test]
async fn a_run_whose_key_a_dead_run_holds_has_its_turn(#[case] policy: &str) {
    let (mut tree, second) = two_runs(policy).await;
    tree.now += SignedDuration::from_mins(10);

    let command = tree.execute("second", second).await.unwrap();

    assert_eq!(command["output"]["outcome"], "success");
    assert!(matches!(end(&tree, "first"), Some(RunEnd::FromOutside(_))));
}

#[tokio::test]
async fn of_a_run_that_has_just_begun_nobody_asks() {
    let (mut tree, second) = two_runs("skip").await;
    tree.now += SignedDuration::from_secs(30);

    let command = tree.execute("second", second).await.unwrap();

    assert_eq!(command["output"]["outcome"], "skipped");
    assert_eq!(end(&tree, "first"), None);
}

#[tokio::test]
async fn a_key_is_not_given_away_while_nobody_knows_whether_its_holder_goes_on() {
    let (mut tree, second) = two_runs("skip").await;
    tree.now += SignedDuration::from_mins(10);
    tree.store.with(|state| state.down = Some(Call::Execution));

    let command = tree.execute("second", second).await.unwrap();

    assert_eq!(command["output"]["outcome"], "skipped");
}
