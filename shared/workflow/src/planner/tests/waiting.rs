//! Waits in slices, and what ends them early.

use super::*;
use rstest::rstest;

fn cancel(world: &mut World, execution: &Execution) {
    let marks = world.marks.entry(execution.input.run.id.clone()).or_default();
    marks.insert(CancelMark::run());
}

/// A world that is in the middle of a wait of ten minutes for what `steps` wait for, five seconds into it.
fn waiting(steps: &str) -> (World, Execution) {
    let mut world = World::of(steps);
    let mut execution = world.begin();
    let mut plan = world.plan(&mut execution);
    if let Command::Action { .. } = plan.command {
        execution.answer = Some(failure("PagerDuty.Unavailable"));
        plan = world.plan(&mut execution);
    }
    assert!(matches!(plan.command, Command::Await { .. }), "{:?}", plan.command);
    world.now += SignedDuration::from_secs(5);
    (world, execution)
}

fn failure(name: &str) -> Answer {
    Answer::Failure(Failure::from_text(name, "it is away"))
}

#[test]
fn a_wait_goes_on_slice_by_slice_and_ends_at_its_time() {
    let mut world = World::of(&format!("  - wait: 20m\n  - {}\n", page("behind")));
    let mut execution = world.begin();
    let mut slices = Vec::new();
    loop {
        let plan = world.plan(&mut execution);
        let Command::Await {
            slice,
            plan: number,
            until,
            ..
        } = plan.command
        else {
            assert_eq!(plan.command.name(), "pagerduty.create_incident");
            break;
        };
        assert_eq!(
            number, plan.cursor.plans,
            "the item has the number of the Plan that gives the command"
        );
        slices.push(slice);
        world.now = until.time();
    }
    assert_eq!(
        slices,
        [
            Slice::FifteenMinutes,
            Slice::ThreeMinutes,
            Slice::ThirtySeconds,
            Slice::ThirtySeconds,
            Slice::ThirtySeconds,
            Slice::ThirtySeconds
        ]
    );
    assert_eq!(world.now, start() + SignedDuration::from_mins(20));
}

#[test]
fn what_wakes_a_wait_does_not_end_it() {
    let (mut world, mut execution) = waiting("  - wait: 10m\n");
    let plan = world.plan(&mut execution);
    assert_eq!(wake_of(&plan), Some(start() + SignedDuration::from_mins(10)));
    assert!(plan.changes.unwrap().steps.is_empty(), "nothing has become of the step");
}

#[rstest]
#[case::a_wait("  - id: pause\n    wait: 10m\n")]
#[case::a_pause_between_attempts(&format!("{CREATE}    retry: {{ interval: 10m, max_interval: 10m }}\n    timeout: 50m\n"))]
fn a_run_that_is_cancelled_ends_as_soon_as_its_wait_is_woken(#[case] steps: &str) {
    let (mut world, mut execution) = waiting(steps);
    cancel(&mut world, &execution);
    let changes = world.plan(&mut execution).changes.unwrap();
    assert_eq!(changes.wait, Some(WaitChange::IsOver));
    let end = changes.end.unwrap();
    assert_eq!(why(&end).0, "Run.Cancelled");
    assert!(matches!(end, LaneEnd::Cancelled { .. }));
    assert_eq!(world.now, start() + SignedDuration::from_secs(5));
}

#[test]
fn the_last_part_of_a_second_is_a_wait_that_nothing_ends_early() {
    let mut world = World::of("  - wait: { until: \"2026-11-22T10:00:00.700Z\" }\n");
    world.now = "2026-11-22T10:00:00.200Z".parse().unwrap();
    let mut execution = world.begin();
    let plan = world.plan(&mut execution);
    assert_eq!(plan.command, Command::wait("2026-11-22T10:00:01Z".parse().unwrap()));
    assert_eq!(plan.changes.unwrap().wait, None, "it has no item");
}

#[test]
fn an_execution_whose_history_is_full_hands_a_long_wait_on_to_another() {
    let mut world = World::new(parsed(
        "name: w\ntimeout: 300d\nsteps: [ { wait: 200d }, { set: { x: 1 } } ]\n",
    ));
    assert_eq!(world.finish(), success());
    assert_eq!(world.now, start() + SignedDuration::from_hours(200 * 24));
    assert!(!world.executions.is_empty());
}

#[test]
fn a_wait_that_is_not_over_has_not_been_ended() {
    let (world, execution) = waiting("  - wait: 10m\n");
    let run = &execution.input.run.id;
    let cursor = execution.cursor.as_ref().unwrap();
    let of = |marks: &[CancelMark]| {
        let known = Known {
            cancelled: marks.iter().cloned().collect(),
            lock: world.lock.clone(),
            ..Known::default()
        };
        has_been_ended(run, cursor, &known)
    };
    assert!(!of(&[]));
    assert!(of(&[CancelMark::run()]));
    let of_other_lanes = CancelMark::lanes_of(&LanePath::main(), &StepPath::top(crate::ids::Section::Steps, 1));
    assert!(!of(&[of_other_lanes]));
}

#[rstest]
#[case::the_holder_goes_on(&["older"], &[], false)]
#[case::only_the_holder_ends(&["older"], &["other"], false)]
#[case::all_before_it_end(&["older"], &["other", "older"], true)]
#[case::it_is_next(&[], &["other"], true)]
fn a_run_that_waits_for_its_key_has_been_waited_for_when_it_is_its_turn(
    #[case] before: &[&str],
    #[case] ended: &[&str],
    #[case] is_over: bool,
) {
    let mut world = World::new(parsed(
        "name: w\ntimeout: 1h\nconcurrency: { key: k }\nsteps: [{ set: { x: 1 } }]\n",
    ));
    let parse = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect::<Vec<RunId>>();
    world.lock.lock = Lock {
        version: 1,
        holder: Some("other".parse().unwrap()),
        queue: parse(before),
        until: None,
    };
    let mut execution = world.begin();
    world.plan(&mut execution);
    world.lock.ended = parse(ended).into_iter().collect();
    let known = Known {
        lock: world.lock.clone(),
        ..Known::default()
    };
    let cursor = execution.cursor.as_ref().unwrap();
    assert_eq!(has_been_ended(&execution.input.run.id, cursor, &known), is_over);
}
