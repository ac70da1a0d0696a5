//! What a Plan reads, writes and hands over stays bounded, and so does the history of an execution.

use super::*;
use rstest::rstest;

/// The bytes that Step Functions hands from state to state.
const STATE_BYTES: usize = 256 * 1024;

#[rstest]
#[case(10)]
#[case(100)]
#[case(1_000)]
fn a_plan_reads_and_writes_a_bounded_number_of_results_however_long_the_run_is(#[case] steps: usize) {
    let mut source = String::from(CREATE);
    for index in 0..steps {
        source.push_str(&format!(
            "  - id: s{index}\n    set: {{ v: \"{{{{ (steps.ticket.outputs.incident_number | default(0)) + {index} }}}}\" }}\n"
        ));
    }
    let mut world = World::of(&source);
    assert_eq!(world.finish(), success());
    assert!(
        world.most_read <= 90 && world.most_written <= 26,
        "{} {}",
        world.most_read,
        world.most_written
    );
    assert_eq!(world.plans, 1 + (steps + 1).div_ceil(25));
}

#[test]
fn a_plan_leaves_at_most_as_many_blocks_as_a_definition_can_nest() {
    let mut inner = "{ set: { x: 1 } }".to_owned();
    for _ in 0..40 {
        inner = format!("{{ if: true, steps: [{inner}] }}");
    }
    let mut world = World::of(&format!("  - {inner}\n"));
    assert_eq!(world.finish(), success());
    assert!(world.most_written <= 25 + 41, "{}", world.most_written);
}

#[test]
fn variables_that_would_not_fit_into_the_state_are_refused() {
    let mut world = World::of("  - set: { a: \"{{ 'x' * 30000 }}\" }\n  - set: { b: \"{{ vars.a }}\" }\n");
    assert!(why(&world.finish()).1.contains("32768 bytes"));
}

#[test]
fn variables_and_item_and_inputs_share_their_room() {
    let mut world = World::of(
        "  - id: all\n    for_each: \"{{ ['x' * 20000] }}\"\n    steps: [{ set: { a: \"{{ 'x' * 20000 }}\" } }]\n",
    );
    assert!(why(&world.finish()).1.contains("32768 bytes"));
}

#[test]
fn a_long_message_is_cut() {
    let mut world = World::of("  - fail: \"{{ 'x' * 60000 }}\"\n");
    assert!(why(&world.finish()).1.len() < 2_200);
}

#[test]
fn f35_what_is_handed_over_leaves_room_for_a_body_and_an_answer() {
    let big = "x".repeat(30_000);
    let mut world = World::of(&format!(
        "  - set: {{ a: {big} }}\n  - id: all\n    for_each: \"{{{{ range(400) }}}}\"\n    steps: [{{ set: {{ b: 1 }} }}]\n    output: \"{{{{ 'y' * 30 }}}}\"\n{}",
        CREATE.replace("event.incident.title", "'z' * 48000")
    ));
    assert_eq!(world.finish(), success());
    // Beside it travel the compressed body, of at most 128 KiB, and the outputs of the last action.
    assert!(
        world.largest + 128 * 1024 + 34 * 1024 < STATE_BYTES,
        "{}",
        world.largest
    );
}

#[test]
fn the_lanes_of_one_batch_are_fewer_where_their_paths_are_long() {
    let mut inner = "{ set: { x: 1 } }".to_owned();
    for _ in 0..24 {
        inner = format!("{{ for_each: [1], steps: [{inner}] }}");
    }
    inner = inner.replacen(
        "for_each: [1], steps: [{ set",
        "for_each: \"{{ range(60) }}\", steps: [{ set",
        1,
    );
    let mut world = World::of(&format!("  - {inner}\n"));
    assert_eq!(world.finish(), success());
    assert_eq!(world.executions.len(), 23 + 60);
    assert!(world.largest < 64 * 1024, "{}", world.largest);
}

/// The names of the executions that a run takes, one after the other or beside each other.
fn executions_of(steps: &str) -> (World, LaneEnd) {
    let mut world = World::of(steps);
    let end = world.finish();
    (world, end)
}

#[test]
fn f34_a_lane_is_handed_on_before_the_history_of_its_execution_is_full() {
    let source: String = (0..800)
        .map(|index| format!("  - {}\n", page(&index.to_string())))
        .collect();
    let (world, end) = executions_of(&source);
    assert_eq!(end, success());
    let expected: Vec<String> = (0..800).map(|index| index.to_string()).collect();
    assert_eq!(world.calls, expected);
    assert!((1..=3).contains(&world.executions.len()), "{}", world.executions.len());
}

#[test]
fn f34_a_for_each_over_many_items_is_handed_on_between_its_batches() {
    let (world, end) =
        executions_of("  - id: all\n    for_each: \"{{ range(1500) }}\"\n    steps: [{ set: { x: 1 } }]\n");
    assert_eq!(end, success());
    assert_eq!(world.outputs("all")["succeeded"], 1_500);
    let handed_on = world.executions.len() - 1_500;
    assert!((2..=3).contains(&handed_on), "{handed_on}");
}

#[test]
fn f34_an_execution_that_was_to_go_on_and_came_to_nothing_is_started_again() {
    let source: String = (0..500)
        .map(|index| format!("  - {}\n", page(&index.to_string())))
        .collect();
    let mut world = World::of(&source);
    world.lost = BTreeSet::from([0, 1]);
    assert_eq!(world.finish(), success());
    assert_eq!(world.executions.len(), 3);
    assert_eq!(world.calls.len(), 500);
}

#[test]
fn f34_a_lane_that_nobody_takes_up_ends_its_execution_with_an_error() {
    let source: String = (0..500)
        .map(|index| format!("  - {}\n", page(&index.to_string())))
        .collect();
    let mut world = World::of(&source);
    world.lost = (0..1_000).collect();
    let mut execution = world.begin();
    let command = world.run(&mut execution);
    assert!(matches!(command, Command::Fail { error, .. } if error == "Lane.Lost"));
}

#[test]
fn a_plan_of_an_execution_that_has_handed_its_lane_on_writes_nothing() {
    let source: String = (0..500)
        .map(|index| format!("  - {}\n", page(&index.to_string())))
        .collect();
    let mut world = World::of(&source);
    let mut execution = world.begin();
    let mut plan = world.plan(&mut execution);
    while !matches!(plan.command, Command::Fork { .. }) {
        execution.answer = Some(created());
        plan = world.plan(&mut execution);
    }
    assert!(plan.changes.is_some());
    let plan = world.plan(&mut execution);
    assert_eq!(plan.changes, None);
    assert_eq!(plan.command.name(), "wait");
}
