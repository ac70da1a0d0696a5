//! Runs that a step or a person starts, runs that exclude each other, and runs that are cancelled.

use super::{
    tree::{MACHINE, Tree, id, workflow},
    *,
};
use workflow::{
    ids::RunId,
    planner::{LaneEnd, LaneKey},
};

const CALLS: &str = "  - id: call\n    run_workflow: called\n    with: { who: \"{{ event.incident.title }}\" }\n";
const CALLED: &str = "name: called\ninputs: { who: { type: text } }\nsteps: [{ set: { x: \"{{ inputs.who }} {{ event.incident.id }}\" } }]\n";

fn called_run(tree: &Tree) -> RunId {
    tree.outputs(0)["run_id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_step_runs_another_workflow_which_is_a_run_of_its_own_and_sees_the_event() {
    let mut tree = Tree::new(&workflow(CALLS));
    tree.apply(CALLED);

    assert_eq!(tree.play().await["type"], "succeed");

    let run = called_run(&tree);
    let item = tree.store.with(|state| state.runs[&run].clone());
    assert_eq!(item.called_by, Some(tree.run_id()));
    assert_eq!(item.event.unwrap().id, "01A");
    let Some(RunEnd::OfMainLane(LaneEnd::Success { .. })) = item.end else {
        panic!("{:?}", item.end)
    };
    assert!(tree.store.body_of(&run).is_some(), "each run has its own body");
}

#[tokio::test]
async fn a_run_that_a_step_starts_is_started_once_however_often_its_execution_is_lost() {
    let mut tree = Tree::new(&workflow(CALLS));
    tree.apply(CALLED);
    tree.lost = vec![0, 1];

    assert_eq!(tree.play().await["type"], "succeed");

    assert_eq!((tree.started.len(), tree.store.with(|state| state.runs.len())), (3, 2));
}

#[tokio::test]
async fn f31_a_workflow_that_is_not_enabled_is_not_run() {
    let mut tree = Tree::new(&workflow(CALLS));
    tree.apply(CALLED);
    tree.store.set_state(&id("called"), WorkflowState::Disabled);

    assert_eq!(tree.play().await["error"], "Workflow.NotFound");
    assert!(tree.started.is_empty());
}

#[tokio::test]
async fn a_called_run_whose_body_was_in_the_table_finds_it_under_its_own_id() {
    let mut tree = Tree::with_data(&workflow(CALLS), large());
    tree.apply(CALLED);

    assert_eq!(tree.play().await["type"], "succeed");

    let (own, run) = (tree.run_id(), called_run(&tree));
    assert_eq!(tree.store.body_of(&run), tree.store.body_of(&own));
    assert!(tree.store.body_of(&run).is_some());
}

#[tokio::test]
async fn a_run_by_hand_has_inputs_and_no_event() {
    let definition = "name: w\ninputs: { n: { type: integer } }\nsteps: [{ for_each: \"{{ range(inputs.n) }}\", steps: [{ set: { x: \"{{ inputs.n }}\" } }] }]\n";
    let mut tree = Tree::by_hand(definition, &json!({"n": 2}));

    assert_eq!(tree.play().await["type"], "succeed");

    assert_eq!(tree.outputs(0)["succeeded"], 2);
    assert_eq!(tree.store.with(|state| state.runs[&tree.run_id()].event.clone()), None);
    assert!(tree.plans.iter().all(|(_, _, calls)| !calls.contains(&Call::PutBody)));
}

#[tokio::test]
async fn wrong_inputs_fail_the_run_in_its_journal() {
    let definition = "name: w\ninputs: { n: { type: integer } }\nsteps: [{ wait: 1s }]\n";
    let mut tree = Tree::by_hand(definition, &json!({"n": "two"}));

    let command = tree.play().await;

    assert_eq!(command["error"], "Input.Invalid");
    assert!(
        command["cause"]
            .as_str()
            .unwrap()
            .contains("`n` is text, but must be a whole number"),
        "{command}"
    );
}

#[tokio::test]
async fn a_trigger_whose_condition_could_not_be_evaluated_lets_on_failure_run() {
    let mut tree = Tree::new(&format!("{}on_failure:\n  - wait: 1s\n", workflow("  - fail: never\n")));
    tree.input["cause"]["event"]["filter_error"] = json!("`event.incident.service` is null");

    let command = tree.play().await;

    assert_eq!(command["error"], "Template.Error");
    let lane = tree.lane("main");
    let [(waited, _), ..] = lane.steps.as_slice() else {
        panic!("{lane:?}")
    };
    assert_eq!(*waited, StepPath::top(Section::OnFailure, 0));
}

// Concurrency keys.

fn exclusive(policy: &str) -> String {
    format!(
        "name: w\nconcurrency: {{ key: \"{{{{ inputs.key }}}}\", policy: {policy} }}\ninputs: {{ key: {{ type: text }} }}\n\
         steps: [{{ wait: 1h }}, {{ wait: 1h }}]\n"
    )
}

/// A run by hand of the workflow, of an id and a key.
fn run_of(tree: &Tree, run: &str, key: &str) -> Value {
    let mut input = tree.input.clone();
    input["run"]["id"] = json!(run);
    input["inputs"] = json!({ "key": key });
    input
}

fn end_of(tree: &Tree, run: &str) -> Option<RunEnd> {
    tree.store.with(|state| state.runs[&run.parse().unwrap()].end.clone())
}

#[tokio::test]
async fn a_run_whose_key_another_run_holds_does_nothing_where_the_workflow_says_so() {
    let mut tree = Tree::by_hand(&exclusive("skip"), &json!({}));
    let mut first = run_of(&tree, "first", "a");
    tree.plan("first", &mut first).await.unwrap();
    assert_eq!(
        tree.plans[0].2,
        [Call::Version, Call::Known, Call::Lock, Call::Write, Call::Known],
        "the last one because it waits"
    );

    let command = tree.execute("second", run_of(&tree, "second", "a")).await.unwrap();

    assert_eq!(command["output"], json!({"run": "second", "outcome": "skipped"}));
    let Some(RunEnd::OfMainLane(LaneEnd::Skipped { reason })) = end_of(&tree, "second") else {
        panic!()
    };
    assert!(reason.contains("first"), "{reason}");
    let other = tree.execute("third", run_of(&tree, "third", "b")).await.unwrap();
    assert_eq!(other["output"]["outcome"], "success", "another key");
}

#[tokio::test]
async fn a_run_waits_for_its_key_until_the_run_that_holds_it_has_ended() {
    let mut tree = Tree::by_hand(&exclusive("wait"), &json!({}));
    let (mut first, mut second) = (run_of(&tree, "first", "a"), run_of(&tree, "second", "a"));
    tree.plan("first", &mut first).await.unwrap();
    for _ in 0..3 {
        let command = tree.plan("second", &mut second).await.unwrap();
        let until: Timestamp = command["until"].as_str().unwrap().parse().unwrap();
        assert_eq!(until.duration_since(tree.now).as_secs(), 30);
        tree.now = until;
    }

    tree.execute("first", first).await.unwrap();
    let command = tree.execute("second", second).await.unwrap();

    assert_eq!(command["output"]["outcome"], "success");
    let (_, _, calls) = tree.plans.last().unwrap();
    assert_eq!(
        calls.as_slice(),
        [Call::Known, Call::Write, Call::Run, Call::Lock, Call::Ended],
        "the lock is not read while it is held, and at the end for the run that is next"
    );
}

#[tokio::test]
async fn the_older_run_is_cancelled_where_the_workflow_says_so() {
    let mut tree = Tree::by_hand(&exclusive("cancel"), &json!({}));
    let mut first = run_of(&tree, "first", "a");
    tree.plan("first", &mut first).await.unwrap();

    tree.execute("second", run_of(&tree, "second", "a")).await.unwrap();
    let command = tree.execute("first", first).await.unwrap();

    assert_eq!(
        (&command["type"], &command["error"]),
        (&json!("fail"), &json!("Run.Cancelled"))
    );
    let Some(RunEnd::OfMainLane(LaneEnd::Cancelled { .. })) = end_of(&tree, "first") else {
        panic!()
    };
}

#[tokio::test]
async fn a_plan_that_somebody_else_got_ahead_of_at_the_lock_is_made_again() {
    let mut tree = Tree::by_hand(&exclusive("skip"), &json!({}));
    tree.plan("first", &mut run_of(&tree, "first", "a")).await.unwrap();
    // It has ended, so its lock is free; but a third run takes it first.
    at_once(tree.store.table().end_from_outside(&OutsideEnd {
        input: &serde_json::from_value(run_of(&tree, "first", "a")).unwrap(),
        execution: "first",
        started_at: tree.now,
        ended_at: tree.now,
        failure: &Failure::from_text("x", "y"),
    }));
    let third = serde_json::from_value(run_of(&tree, "third", "a")).unwrap();
    let lock = Lock {
        version: 2,
        holder: Some("third".parse().unwrap()),
        queue: Vec::new(),
        until: None,
    };
    tree.store.meddle(move |store| {
        let changes = Changes {
            lock: Some(lock),
            ..Changes::default()
        };
        store.write_plan(&third, "third", None, (&cursor(&LanePath::main(), 1), &changes));
    });
    let mut second = run_of(&tree, "second", "a");

    let error = tree.plan("second", &mut second).await.unwrap_err();
    assert_eq!(error.failure().name, "Store.Unavailable");
    assert!(
        tree.store
            .with(|state| !state.runs.contains_key(&"second".parse().unwrap()))
    );

    let command = tree.plan("second", &mut second).await.unwrap();
    assert_eq!(command["output"]["outcome"], "skipped");
}

#[tokio::test]
async fn a_key_that_cannot_be_evaluated_fails_the_run_and_takes_no_lock() {
    let mut tree = Tree::by_hand(&exclusive("wait"), &json!({}));
    let definition = exclusive("wait").replace("inputs.key", "dict(key=inputs.key).key + 1");
    tree.apply(&definition);

    let command = tree.execute("first", run_of(&tree, "first", "a")).await.unwrap();

    assert_eq!(command["error"], "Template.Error");
    assert!(!tree.store.has("LOCK#"));
}

// Cancelled runs.

#[tokio::test]
async fn a_cancelled_run_ends_before_its_next_step_in_all_its_lanes() {
    let mut tree = Tree::new(&workflow(
        "  - for_each: [1, 2]\n    steps: [{ wait: 1h }, { wait: 1h }]\n",
    ));
    let children = tree.children().await;
    let mut lane = children[0]["input"].clone();
    tree.plan("lane", &mut lane).await.unwrap();
    let run = tree.run_id();
    let asked = platform::table::Cancellation {
        by: None,
        at: start(),
        reason: None,
    };
    at_once(tree.store.table().cancel_run(&run, &asked));

    tree.execute("lane", lane).await.unwrap();
    tree.execute("other", children[1]["input"].clone()).await.unwrap();
    let name = run.to_string();
    let command = tree.execute(&name, tree.input.clone()).await.unwrap();

    assert_eq!(command["error"], "Run.Cancelled");
    let ends = tree.store.with(|state| {
        let ends = state.lanes.values().map(|lane| lane.end.as_ref().unwrap().outcome());
        ends.collect::<Vec<_>>()
    });
    assert_eq!(ends, ["cancelled"; 3]);
}

#[tokio::test]
async fn a_run_that_was_ended_from_outside_is_not_ended_again_by_a_lane_that_still_goes_on() {
    let mut tree = Tree::new(&workflow("  - wait: 1h\n"));
    let name = tree.run_id().to_string();
    let mut state = tree.input.clone();
    tree.plan(&name, &mut state).await.unwrap();
    let key = LaneKey {
        run: tree.run_id(),
        lane: Default::default(),
    };
    let input = tree.input.to_string();
    let event = super::outside::event("ABORTED", &format!("{MACHINE}:{name}"), Some(&input));
    tree.runner.take(event, tree.now).await.unwrap();

    let error = tree.plan(&name, &mut state).await.unwrap_err();

    assert_eq!(error.failure().name, "Run.Superseded");
    assert!(matches!(tree.end(), RunEnd::FromOutside(_)));
    assert_eq!(tree.store.with(|state| state.lanes[&key].end.clone()), None);
}
