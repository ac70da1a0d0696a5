//! The `event` that runs of schedules see.

use super::{tree::Tree, *};
use serde_json::Value;

const DUE: &str = "2026-11-20T09:30:00Z";

/// A workflow with a schedule and these steps.
fn scheduled(steps: &str) -> String {
    format!("name: w\non: {{ schedule: {{ cron: \"30 9 * * *\" }} }}\nsteps:\n{steps}")
}

/// A step that gives what it sees.
const LOOKS: &str = "  - for_each: [1]\n    steps: [{ set: { x: 1 } }]\n    output:\n      due: \"{{ time(event.scheduled_at) | \
                     format_time('%H:%M', zone='Europe/Berlin') }}\"\n      type: \"{{ event.type }}\"\n";

fn seen(tree: &Tree) -> Value {
    tree.outputs(0)["lanes"][0]["output"].clone()
}

#[tokio::test]
async fn a_run_of_a_schedule_and_its_lanes_see_when_it_was_due() {
    let mut tree = Tree::by_schedule(&scheduled(LOOKS), DUE);

    assert_eq!(tree.play().await["type"], "succeed");

    assert_eq!(seen(&tree), json!({"due": "10:30", "type": "schedule"}));
}

#[tokio::test]
async fn a_replay_sees_the_same() {
    let mut tree = Tree::by_schedule(&scheduled(LOOKS), DUE);
    tree.input["cause"] = json!({"replay": {"of": {"run": "before", "number": 1}, "event": {"scheduled_at": DUE}}});

    assert_eq!(tree.play().await["type"], "succeed");

    assert_eq!(seen(&tree)["due"], "10:30");
}

#[tokio::test]
async fn people_see_of_a_run_when_it_was_due() {
    let mut tree = Tree::by_schedule(&scheduled(LOOKS), DUE);
    tree.play().await;

    let view = at_once(tree.store.table().run(&tree.run_id())).unwrap();

    assert_eq!(view.scheduled_at, Some(DUE.parse().unwrap()));
    assert_eq!((view.event_id, view.event_type), (None, None));
}
