//! Waits that end early: who is woken, and what is not lost on the way.

use super::{
    tree::{Tree, workflow},
    *,
};
use platform::table::{Cancellation, Signalled, Waits};
use workflow::{ids::RunId, planner::WaitKey};

/// Does what the state machine does with a command to await: gives whether the execution waits then.
fn parks(tree: &Tree, command: &Value, token: &str) -> bool {
    let text = |pointer: &str| command.pointer(pointer).and_then(Value::as_str).unwrap();
    at_once(
        tree.store
            .table()
            .park(text("/wait/pk"), text("/wait/sk"), text("/plan"), token),
    )
}

fn woken(tree: &Tree) -> Vec<String> {
    tree.store.with(|state| std::mem::take(&mut state.woken))
}

fn cancel(store: &Store, run: &RunId) {
    let asked = Cancellation {
        by: None,
        at: start(),
        reason: None,
    };
    at_once(store.table().cancel_run(run, &asked));
}

const KEYED: &str = "name: w\nconcurrency: { key: same }\nsteps: [ { wait: 1h } ]\n";

fn run_of(tree: &Tree, run: &str) -> Value {
    let mut input = tree.input.clone();
    input["run"]["id"] = json!(run);
    input
}

#[tokio::test]
async fn a_run_that_is_cancelled_while_its_wait_is_written_does_not_wait() {
    let mut tree = Tree::new(&workflow("  - wait: 1s\n  - wait: 1h\n"));
    let name = tree.run_id().to_string();
    let mut state = tree.input.clone();
    tree.plan(&name, &mut state).await.unwrap();
    tree.now += 2.seconds();
    let run = tree.run_id();
    tree.store.meddle(move |store| cancel(store, &run));

    let command = tree.plan(&name, &mut state).await.unwrap();

    assert_eq!(
        command["type"], "await_15m",
        "the Plan had read that it is not cancelled"
    );
    assert!(
        !parks(&tree, &command, "t"),
        "it has looked once more and found that it is"
    );
    assert_eq!(tree.plan(&name, &mut state).await.unwrap()["error"], "Run.Cancelled");
}

#[tokio::test]
async fn a_run_that_ends_wakes_the_next_one_of_its_key_and_no_other() {
    let mut tree = Tree::by_hand(KEYED, &json!({}));
    let mut holder = run_of(&tree, "holder");
    tree.plan("holder", &mut holder).await.unwrap();
    let mut waiting = Vec::new();
    for name in ["second", "third"] {
        let mut state = run_of(&tree, name);
        let command = tree.plan(name, &mut state).await.unwrap();
        assert!(parks(&tree, &command, &format!("token of {name}")));
        waiting.push(state);
    }
    tree.now += 1.hours();

    assert_eq!(tree.plan("holder", &mut holder).await.unwrap()["type"], "succeed");

    assert_eq!(woken(&tree), ["token of second"]);
    let command = tree.plan("second", &mut waiting[0]).await.unwrap();
    assert_eq!(
        command["type"], "await_15m",
        "it has its turn, and waits for its first step"
    );
    let command = tree.plan("third", &mut waiting[1]).await.unwrap();
    assert_eq!(command["type"], "await_30s", "it is next");
}

#[tokio::test]
async fn a_run_whose_turn_comes_while_its_place_in_the_queue_is_written_does_not_wait() {
    let mut tree = Tree::by_hand(KEYED, &json!({}));
    let before = ["holder", "second"];
    let mut inputs = Vec::new();
    for name in before {
        let input = run_of(&tree, name);
        tree.plan(name, &mut input.clone()).await.unwrap();
        inputs.push(serde_json::from_value::<RunInput>(input).unwrap());
    }
    // Both end when the third has read that they go on.
    tree.store.meddle(move |store| {
        let cursor = cursor(&LanePath::main(), 2);
        let changes = Changes {
            end: Some(LaneEnd::Success { output: Value::Null }),
            ..Changes::default()
        };
        for (name, input) in before.iter().zip(&inputs) {
            let execution = format!("{}:{name}", super::tree::MACHINE);
            store.write_plan(input, &execution, None, (&cursor, &changes));
        }
    });

    let command = tree.plan("third", &mut run_of(&tree, "third")).await.unwrap();

    assert_eq!(command["type"], "await_3m");
    assert!(!parks(&tree, &command, "t"));
}

#[tokio::test]
async fn a_run_that_takes_the_key_of_another_wakes_that_and_a_lane_that_fails_those_beside_it() {
    let keyed = KEYED.replace("key: same", "key: same, policy: cancel");
    let mut tree = Tree::by_hand(&keyed, &json!({}));
    let mut older = run_of(&tree, "older");
    let command = tree.plan("older", &mut older).await.unwrap();
    assert!(parks(&tree, &command, "token of older"));
    tree.plan("newer", &mut run_of(&tree, "newer")).await.unwrap();
    assert_eq!(woken(&tree), ["token of older"]);

    let lanes =
        "  - on_lane_failure: cancel\n    parallel: [ { steps: [ { wait: 1h } ] }, { steps: [ { fail: no } ] } ]\n";
    let mut tree = Tree::new(&workflow(lanes));
    let children = tree.children().await;
    let mut first = children[0]["input"].clone();
    let command = tree.plan("first", &mut first).await.unwrap();
    assert!(parks(&tree, &command, "token of the lane"));
    tree.execute("second", children[1]["input"].clone()).await.unwrap();
    assert_eq!(woken(&tree), ["token of the lane"]);
    assert_eq!(
        tree.plan("first", &mut first).await.unwrap()["output"]["outcome"],
        "failure"
    );
    assert_eq!(tree.lane("00000:00000").end.unwrap().outcome(), "cancelled");
}

/// A run that holds its key and comes to its end with the next Plan, and one that waits for that with the token `t`.
async fn before_the_end_of_a_holder() -> (Tree, Value) {
    let mut tree = Tree::by_hand(KEYED, &json!({}));
    let mut holder = run_of(&tree, "holder");
    tree.plan("holder", &mut holder).await.unwrap();
    let command = tree.plan("second", &mut run_of(&tree, "second")).await.unwrap();
    assert!(parks(&tree, &command, "t"));
    tree.now += 1.hours();
    (tree, holder)
}

#[rstest]
#[case(Call::Waits)]
#[case(Call::Signal)]
#[case(Call::Wake)]
#[tokio::test]
async fn a_run_ends_although_the_next_one_cannot_be_woken(#[case] down: Call) {
    let (mut tree, mut holder) = before_the_end_of_a_holder().await;
    tree.store.with(|state| state.down = Some(down));

    assert_eq!(tree.plan("holder", &mut holder).await.unwrap()["type"], "succeed");
    assert_eq!(woken(&tree), [""; 0]);
}

#[tokio::test]
async fn a_plan_that_is_repeated_wakes_again() {
    let (mut tree, mut holder) = before_the_end_of_a_holder().await;
    let mut before = holder.clone();
    tree.plan("holder", &mut holder).await.unwrap();

    tree.plan("holder", &mut before).await.unwrap();

    assert_eq!(
        woken(&tree),
        ["t", "t"],
        "the one before may have ended before it came to that"
    );
}

#[tokio::test]
async fn a_wait_that_is_over_leaves_no_token() {
    let mut tree = Tree::new(&workflow("  - wait: 1h\n  - wait: 1h\n"));
    let name = tree.run_id().to_string();
    let mut state = tree.input.clone();
    let command = tree.plan(&name, &mut state).await.unwrap();
    assert!(parks(&tree, &command, "first"));
    tree.now += 1.hours();
    let command = tree.plan(&name, &mut state).await.unwrap();
    let waiting = at_once(tree.store.table().waits(&tree.run_id())).remove(0);
    assert_eq!(waiting.plan.to_string(), command["plan"].as_str().unwrap());
    assert!(matches!(
        at_once(tree.store.table().signal(&waiting)),
        Signalled::Unparked
    ));
    assert_eq!(WaitKey::of(&waiting.run, &waiting.lane).sk(), "main");
    tree.now += 1.hours();
    assert_eq!(tree.plan(&name, &mut state).await.unwrap()["type"], "succeed");
    assert_eq!(at_once(tree.store.table().waits(&tree.run_id())), []);
}
