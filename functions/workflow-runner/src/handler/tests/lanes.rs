//! Lanes: executions that another execution started.

use super::{
    tree::{MACHINE, Tree, input_of, workflow},
    *,
};
use workflow::{planner::LaneEnd, run::RunBody};

const EACH: &str = "  - id: all\n    for_each: [a, b, c]\n    steps: [{ set: { x: \"{{ item }}{{ event.incident.title }}\" } }]\n    output: \"{{ vars.x }}\"\n";

#[tokio::test]
async fn each_item_has_a_lane_of_its_own_that_sees_the_event_and_gives_its_output() {
    let mut tree = Tree::new(&workflow(EACH));

    assert_eq!(tree.play().await["type"], "succeed");

    assert_eq!(tree.end(), succeeded());
    let outputs = tree.outputs(0);
    let outputs: Vec<_> = outputs["lanes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lane| &lane["output"])
        .collect();
    assert_eq!(outputs, ["adisk {{ full }}", "bdisk {{ full }}", "cdisk {{ full }}"]);
    assert_eq!(tree.lane("00000:00002").plans, 1);
}

#[tokio::test]
async fn lanes_within_lanes_see_what_is_around_them() {
    let steps = "  - set: { who: ops }\n  - for_each: [1, 2]\n    steps:\n      - set: { outer: \"{{ item }}\" }\n      \
                 - id: inner\n        parallel:\n          - steps: [{ set: { x: \"{{ vars.who }}{{ vars.outer }}\" } }]\n            \
                 output: \"{{ vars.x }}\"\n          - steps: [{ wait: 1m }]\n    output: \"{{ steps.inner.outputs.lanes[0].output }}\"\n";
    let mut tree = Tree::new(&workflow(steps));

    tree.play().await;

    assert_eq!(tree.end(), succeeded());
    let lanes = tree.outputs(1)["lanes"].clone();
    assert_eq!(
        (&lanes[0]["output"], &lanes[1]["output"]),
        (&json!("ops1"), &json!("ops2"))
    );
    assert_eq!(tree.started.len(), 2 + 4);
}

#[tokio::test]
async fn a_lane_is_started_without_the_body_of_the_event_which_is_put_into_the_table_before_the_plan_is_written() {
    let mut tree = Tree::new(&workflow(EACH));

    let children = tree.children().await;

    assert!(
        children
            .iter()
            .all(|child| input_of(child).event().unwrap().body == RunBody::Table {})
    );
    assert_eq!(
        tree.plans[0].2,
        [Call::Version, Call::Known, Call::PutBody, Call::Write]
    );
    assert!(tree.store.body_of(&tree.run_id()).is_some());
}

#[tokio::test]
async fn f24_if_the_body_cannot_be_stored_nothing_is_started_and_the_plan_is_made_again() {
    let mut tree = Tree::new(&workflow(EACH));
    tree.store.with(|state| state.down = Some(Call::PutBody));
    let mut state = tree.input.clone();
    let error = tree.plan("x", &mut state).await.unwrap_err();
    assert_eq!(error.failure().name, "Store.Unavailable");
    assert!(tree.store.with(|state| state.lanes.is_empty()));

    tree.store.with(|state| state.down = None);
    assert_eq!(tree.play().await["type"], "succeed");
}

#[tokio::test]
async fn f12_a_repeated_first_plan_of_a_lane_gives_what_the_first_gave_to_the_byte() {
    let mut tree = Tree::new(&workflow("  - for_each: [a]\n    steps: [{ wait: 1h }]\n"));
    let child = tree.children().await.remove(0);
    let mut first = child["input"].clone();
    tree.plan("child", &mut first).await.unwrap();
    let written = tree.lane("00000:00000");

    tree.now += 1.minutes();
    let mut again = child["input"].clone();
    tree.plan("child", &mut again).await.unwrap();

    assert_eq!(again.to_string(), first.to_string());
    assert_eq!(tree.lane("00000:00000"), written);
    assert_eq!(
        tree.plans[2].2,
        [Call::Lanes, Call::Known],
        "it looks for what may end its wait, and writes nothing"
    );
}

#[tokio::test]
async fn f13_a_lane_whose_execution_was_lost_is_taken_over_and_the_lost_one_is_told_to_stop() {
    let mut tree = Tree::new(&workflow(&format!(
        "  - for_each: [a]\n    steps:\n      - wait: 1h\n      - {}\n",
        inline(CREATE)
    )));
    let child = tree.children().await.remove(0);
    let mut lost = child["input"].clone();
    tree.plan("lost", &mut lost).await.unwrap();

    let mut next = child["input"].clone();
    next["part"]["attempt"] = json!(2);
    let command = tree.plan("next", &mut next).await.unwrap();
    assert_eq!(command["until"], lost["next"]["command"]["until"]);
    assert_eq!(
        command["plan"], "2",
        "the one that lost the lane does not wait in its place"
    );
    assert!(tree.lane("00000:00000").owner.ends_with(":next"));

    tree.now += 1.hours();
    let error = tree.plan("lost", &mut lost).await.unwrap_err();
    assert_eq!(error.failure().name, "Run.Superseded");
    assert_eq!(
        tree.plan("next", &mut next).await.unwrap()["action"],
        "pagerduty.create_incident"
    );
}

#[tokio::test]
async fn f13_of_two_executions_that_take_a_lane_over_at_once_one_gets_it() {
    let mut tree = Tree::new(&workflow("  - for_each: [a]\n    steps: [{ wait: 1h }]\n"));
    let child = tree.children().await.remove(0);
    tree.plan("first", &mut child["input"].clone()).await.unwrap();
    // The second writes when the third has read how the lane stands.
    let input = input_of(&child);
    let lane = "00000:00000".parse().unwrap();
    tree.store.meddle(move |store| {
        let first = format!("{MACHINE}:first");
        store.write_plan(&input, "second", Some(&first), (&cursor(&lane, 2), &Changes::default()));
    });

    let error = tree.plan("third", &mut child["input"].clone()).await.unwrap_err();

    assert_eq!(error.failure().name, "Run.Superseded");
    assert_eq!(tree.lane("00000:00000").owner, "second");
}

#[tokio::test]
async fn a_late_execution_of_a_lane_that_has_ended_does_nothing() {
    let mut tree = Tree::new(&workflow(EACH));
    let children = tree.children().await;
    tree.execute("first", children[0]["input"].clone()).await.unwrap();
    let ended = tree.lane("00000:00000");

    let command = tree.execute("late", children[0]["input"].clone()).await.unwrap();

    let output = json!({"run": tree.run_id(), "outcome": "success"});
    assert_eq!(command, json!({"type": "succeed", "output": output}));
    assert_eq!(tree.plans.last().unwrap().2, [Call::Lanes]);
    assert_eq!(tree.lane("00000:00000"), ended);
}

#[tokio::test]
async fn a_lane_whose_executions_all_come_to_nothing_is_given_up_and_a_late_one_does_nothing() {
    let steps =
        "  - id: all\n    for_each: [a]\n    on_lane_failure: ignore\n    steps: [{ set: { x: 1 } }]\n  - wait: 1h\n";
    let mut tree = Tree::new(&workflow(steps));
    tree.lost = (0..10).collect();

    assert_eq!(tree.play().await["type"], "succeed");

    assert_eq!(tree.started.len(), 6);
    let Some(LaneEnd::Failure { failure }) = tree.lane("00000:00000").end else {
        panic!()
    };
    assert_eq!(failure.name, "Lane.Lost");
    assert_eq!(tree.outputs(0)["failed"], 1);

    let late = late_child(&tree);
    assert_eq!(tree.execute("late", late).await.unwrap()["type"], "succeed");
    assert_eq!(tree.plans.last().unwrap().2, [Call::Lanes]);
    assert_eq!(tree.lane("00000:00000").plans, 0);
}

/// The input of an execution for the first lane of the first step.
fn late_child(tree: &Tree) -> Value {
    let mut input = tree.input.clone();
    input["part"] = json!({"lane": "00000:00000", "generation": 0, "attempt": 9});
    input["cause"]["event"]["body"] = json!({"in": "table"});
    input
}

#[rstest]
#[case::the_step_was_left("  - for_each: []\n    steps: [{ set: { x: 1 } }]\n  - wait: 1h\n")]
#[case::the_run_has_ended("  - for_each: []\n    steps: [{ set: { x: 1 } }]\n")]
#[tokio::test]
async fn an_execution_of_a_lane_that_nobody_waits_for_is_told_to_stop(#[case] steps: &str) {
    let mut tree = Tree::new(&workflow(steps));
    let mut state = tree.input.clone();
    tree.plan("x", &mut state).await.unwrap();

    let late = late_child(&tree);
    let error = tree.execute("late", late).await.unwrap_err();

    assert_eq!(error.failure().name, "Run.Superseded");
    assert!(tree.store.take_calls().iter().all(|call| *call != Call::Write));
}

#[tokio::test]
async fn f38_one_failed_lane_ends_no_other_and_fails_its_step_when_all_have_ended() {
    let steps = "  - for_each: [1, 2, 3]\n    steps: [{ if: item == 2, fail: \"bad item\" }, { wait: 1m }]\n";
    let mut tree = Tree::new(&workflow(steps));

    let command = tree.play().await;

    assert_eq!(
        (&command["type"], &command["error"]),
        (&json!("fail"), &json!("Lane.Failed"))
    );
    let outcomes = (0..3).map(|lane| tree.lane(&format!("00000:{lane:05}")).end.unwrap().outcome());
    assert_eq!(outcomes.collect::<Vec<_>>(), ["success", "failure", "success"]);
}

#[tokio::test]
async fn f38_a_failed_lane_cancels_the_others_where_the_step_says_so() {
    let steps = "  - for_each: [1, 2]\n    on_lane_failure: cancel\n    steps: [{ if: item == 1, fail: bad }, { wait: 1m }, { wait: 1m }]\n";
    let mut tree = Tree::new(&workflow(steps));

    tree.play().await;

    assert_eq!(tree.lane("00000:00001").end.unwrap().outcome(), "cancelled");
    assert_eq!(tree.lane("00000:00001").plans, 1);
}

#[tokio::test]
async fn f34_a_long_lane_is_handed_on_and_whoever_handed_it_on_only_watches() {
    let waits = "  - wait: 1s\n".repeat(1_000);
    let mut tree = Tree::new(&workflow(&waits));

    let command = tree.play().await;

    assert_eq!(command["type"], "succeed");
    assert_eq!(tree.end(), succeeded());
    assert_eq!(tree.started.len(), 2, "two executions went on after the first");
    assert!(tree.lane("main").owner.ends_with(&tree.started[1]));
    let watches: Vec<_> = tree
        .plans
        .iter()
        .rev()
        .take(3)
        .map(|(_, _, calls)| calls.as_slice())
        .collect();
    let (watch, last): (&[Call], &[Call]) = (&[Call::Known], &[Call::Known, Call::Write]);
    assert_eq!(watches, [watch, watch, last]);
}

#[tokio::test]
async fn a_handed_on_lane_whose_execution_is_lost_is_started_again() {
    let waits = "  - wait: 1s\n".repeat(700);
    let mut tree = Tree::new(&workflow(&waits));
    tree.lost = vec![0, 1];

    assert_eq!(tree.play().await["type"], "succeed");
    assert_eq!((tree.end(), tree.started.len()), (succeeded(), 3));
}

#[tokio::test]
async fn an_execution_that_is_to_go_on_with_a_lane_which_is_gone_begins_nothing() {
    let mut tree = Tree::new(&workflow("  - wait: 1h\n"));
    let mut input = late_child(&tree);
    input["part"] = json!({"lane": "main", "generation": 1, "attempt": 1});

    let error = tree.execute("late", input).await.unwrap_err();

    assert_eq!(error.failure().name, "Run.Superseded");
    assert!(tree.store.with(|state| state.runs.is_empty()));
}

/// A step of a list in a single line.
fn inline(step: &str) -> String {
    assert_eq!(step, CREATE);
    "{ uses: pagerduty.create_incident, with: { integration: prod, title: t, service: P1, escalation_policy: P2, from: a@b.c } }"
        .into()
}
