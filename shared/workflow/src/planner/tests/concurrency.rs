//! Runs of one concurrency key.

use super::*;

fn world(policy: &str) -> World {
    World::new(parsed(&format!(
        "name: w\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered] }} }}\ntimeout: 1h\nconcurrency: {{ key: \"{{{{ event.incident.id }}}}\", policy: {policy} }}\nsteps:\n  - {}\n",
        page("mine")
    )))
}

fn run(name: &str) -> RunId {
    name.parse().unwrap()
}

fn held_by(holder: &str, queue: &[&str]) -> LockView {
    LockView {
        lock: Lock {
            version: 3,
            holder: Some(run(holder)),
            queue: queue.iter().copied().map(run).collect(),
            until: None,
        },
        ended: BTreeSet::new(),
    }
}

#[test]
fn a_run_takes_the_key_that_nobody_holds_and_does_its_steps() {
    for policy in ["wait", "skip", "cancel"] {
        let mut world = world(policy);
        let mut execution = world.begin();
        let plan = world.plan(&mut execution);
        assert_eq!(plan.command.name(), "pagerduty.create_incident");
        assert_eq!(world.lock.lock.holder, Some(execution.input.run.id));
    }
}

#[test]
fn a_run_waits_until_it_is_its_turn() {
    let mut world = world("wait");
    world.lock = held_by("other", &["older"]);
    let mut execution = world.begin();
    for _ in 0..5 {
        let plan = world.plan(&mut execution);
        world.now = wake_of(&plan).unwrap_or_else(|| panic!("{:?}", plan.command));
    }
    assert_eq!(world.lock.lock.version, 4, "it joins the queue once");
    world.lock.ended.insert(run("other"));
    assert!(wake_of(&world.plan(&mut execution)).is_some(), "an older one waits");
    world.lock.ended.insert(run("older"));
    assert_eq!(world.plan(&mut execution).command.name(), "pagerduty.create_incident");
    assert_eq!(world.lock.lock.holder, Some(execution.input.run.id));
    assert_eq!(world.lock.lock.queue, []);
}

#[test]
fn a_run_that_waits_in_vain_ends_at_its_deadline() {
    let mut world = world("wait");
    world.lock = held_by("other", &[]);
    let end = world.finish();
    assert_eq!(why(&end).0, "Run.DeadlineExceeded");
    assert_eq!(world.now, "2026-11-22T11:00:00Z".parse().unwrap());
}

#[test]
fn a_run_that_waits_can_be_cancelled() {
    let mut world = world("wait");
    world.lock = held_by("other", &[]);
    let mut execution = world.begin();
    world.plan(&mut execution);
    world
        .marks
        .entry(execution.input.run.id.clone())
        .or_default()
        .insert(CancelMark::run());
    world.run(&mut execution);
    assert!(matches!(world.end_of(&execution), LaneEnd::Cancelled { .. }));
}

#[test]
fn a_run_that_may_be_skipped_does_nothing_while_another_goes_on() {
    let mut world = world("skip");
    world.lock = held_by("other", &[]);
    assert!(matches!(world.finish(), LaneEnd::Skipped { reason } if reason.contains("the run other")));
    assert_eq!(world.calls, [""; 0]);
    let mut world = self::world("skip");
    world.lock = held_by("other", &[]);
    world.lock.ended.insert(run("other"));
    assert_eq!(world.finish(), success());
}

#[test]
fn a_run_that_cancels_the_older_one_goes_on_at_once() {
    let mut world = world("cancel");
    world.lock = held_by("other", &[]);
    let mut execution = world.begin();
    let plan = world.plan(&mut execution);
    assert_eq!(plan.command.name(), "pagerduty.create_incident");
    assert_eq!(plan.changes.unwrap().cancels_runs, BTreeSet::from([run("other")]));
}

#[test]
fn f34_a_run_that_waits_in_several_executions_keeps_the_key_that_its_inputs_made() {
    let mut world = World::new(parsed(
        "name: w\ntimeout: 1h\ninputs: { host: { type: text } }\nconcurrency: { key: \"{{ inputs.host }}\" }\nsteps: [{ set: { x: 1 } }]\n",
    ));
    world.lock = held_by("other", &[]);
    let mut execution = world.begin_with(json!({"host": "web-1"}).as_object().unwrap().clone());
    world.plan(&mut execution);
    let cursor = execution.cursor.clone().unwrap();
    let definition = world.definitions[&execution.input.run.workflow].clone();
    // An execution that another one started has no inputs of its own.
    let goes_on = RunInput {
        inputs: Map::new(),
        ..execution.input.clone()
    };
    let of = |input: &RunInput, cursor: Option<&Cursor>| {
        concurrency_key(&definition, input, cursor, start(), &world.event).unwrap()
    };
    assert_eq!(of(&execution.input, None).as_deref(), Some("web-1"));
    assert_eq!(of(&goes_on, Some(&cursor)).as_deref(), Some("web-1"));
}

#[test]
fn a_key_that_cannot_be_evaluated_fails_the_run() {
    let mut world = world("wait");
    world.event = json!({"incident": null});
    assert!(why(&world.finish()).1.contains("the key of `concurrency`"));
}
