//! `repeat`.

use super::*;
use rstest::rstest;

/// A `repeat` that does `steps` with these words.
fn repeat(words: &str, more: &str, steps: &str) -> World {
    World::of(&format!(
        "  - id: check\n    repeat: {{ {words} }}\n{more}    steps: [{steps}]\n  - {}\n",
        page("behind")
    ))
}

/// A step that calls an action whose title says the round and the time.
fn looks() -> String {
    page("{{ index }} at {{ now }}")
}

fn minutes(minutes: i64) -> Timestamp {
    start() + SignedDuration::from_mins(minutes)
}

#[test]
fn the_rounds_go_on_until_the_condition_holds() {
    let mut world = repeat(
        "every: 5m, until: 'steps.now.outputs.incident_number == 3', at_most: 10",
        "    output: \"{{ index }}\"\n",
        &format!("{{ id: now, {}", looks().trim_start_matches('{')),
    )
    .answering(|_, call| match call {
        0 | 1 => Answer::Success(json!({"incident_id": "Q9", "incident_number": 2})),
        _ => created(),
    });
    assert_eq!(world.finish(), success());
    assert_eq!(
        world.calls,
        [
            "0 at 2026-11-22T10:00:00Z",
            "1 at 2026-11-22T10:05:00Z",
            "2 at 2026-11-22T10:10:00Z",
            "behind"
        ]
    );
    assert_eq!(
        world.outputs("check"),
        json!({"rounds": 3, "failed": 0, "ended_by": "until", "output": 2})
    );
}

#[rstest]
#[case::without_a_condition("every: 1m, at_most: 3", 3)]
#[case::with_one_that_never_holds("every: 1m, until: 'index > 5', at_most: 3", 3)]
#[case::once("every: 1m, at_most: 1", 1)]
fn there_are_no_more_rounds_than_may_be_and_that_is_no_failure(#[case] words: &str, #[case] rounds: usize) {
    let mut world = repeat(words, "", &looks());
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls.len(), rounds + 1);
    assert_eq!(
        world.outputs("check"),
        json!({"rounds": rounds, "failed": 0, "ended_by": "at_most", "output": null})
    );
}

#[rstest]
#[case::shorter("2m", &[0, 5, 10])]
#[case::as_long("5m", &[0, 5, 10])]
#[case::longer("7m", &[0, 7, 14])]
fn a_round_begins_so_long_after_the_one_before_began_or_at_once(#[case] takes: &str, #[case] begins: &[i64]) {
    let mut world = repeat(
        "every: 5m, at_most: 3",
        "",
        &format!("{}, {{ wait: {takes} }}", looks()),
    );
    assert_eq!(world.finish(), success());
    let expected: Vec<String> = (0..)
        .zip(begins)
        .map(|(index, after): (u32, _)| format!("{index} at {}", minutes(*after)))
        .collect();
    assert_eq!(world.calls[..3], expected);
}

#[test]
fn a_round_has_an_index_and_the_item_of_the_list_around() {
    let mut world = World::of(&format!(
        "  - for_each: [a, b]\n    max_concurrency: 1\n    steps:\n      - repeat: {{ every: 1s, at_most: 2, until: 'index == 1' }}\n        steps:\n          - {}\n          \
         - for_each: \"{{{{ [item ~ index] }}}}\"\n            steps: [{}, parallel: [{{ steps: [{}] }}]]\n      - {}\n",
        page("{{ item }}{{ index }}"),
        page("{{ item }}/{{ index }}"),
        page("{{ item }}|{{ index }}"),
        page("after {{ item }}{{ index }}"),
    ));
    assert_eq!(world.finish(), success());
    assert_eq!(
        world.calls,
        [
            "a0", "a0/0", "a0|0", "a1", "a1/0", "a1|0", "after a0", "b0", "b0/0", "b0|0", "b1", "b1/0", "b1|0",
            "after b1"
        ]
    );
}

#[test]
fn a_round_may_repeat_something_itself() {
    let mut world = repeat(
        "every: 1m, at_most: 2",
        "",
        &format!(
            "{{ repeat: {{ every: 1s, at_most: 2 }}, steps: [{}] }}, {}",
            page("in {{ index }}"),
            page("out {{ index }}")
        ),
    );
    assert_eq!(world.finish(), success());
    assert_eq!(
        world.calls,
        ["in 0", "in 1", "out 0", "in 0", "in 1", "out 1", "behind"]
    );
}

#[test]
fn a_variable_of_a_round_is_not_there_in_the_next() {
    let mut world = World::of(&format!(
        "  - set: {{ a: 0 }}\n  - repeat: {{ every: 1s, at_most: 3, until: 'vars.a == 2' }}\n    steps:\n      - set: {{ a: \"{{{{ vars.a + 1 }}}}\" }}\n      - {}\n",
        page("{{ vars.a }}")
    ));
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls, ["1", "1", "1"]);
}

/// Rounds of which those of these numbers fail.
fn failing(failed: &'static [usize], policy: &str) -> World {
    repeat(
        "every: 1m, at_most: 3",
        &format!("    on_lane_failure: {policy}\n    output: \"{{{{ index }}}}\"\n"),
        &looks(),
    )
    .answering(|_, call| match failed.contains(&call) {
        true => failure("PagerDuty.NotFound"),
        false => created(),
    })
}

#[test]
fn a_round_that_fails_fails_the_step() {
    let mut world = failing(&[1], "finish");
    let end = world.finish();
    assert_eq!(
        why(&end),
        (
            "Lane.Failed",
            "step `check` (repeat) failed: its round `check[2]` of at most 3 failed: PagerDuty.NotFound: step `check[2]/1` \
             (pagerduty.create_incident) failed: words"
        )
    );
    assert_eq!(world.calls.len(), 2);
    assert_eq!(
        world.outputs("check"),
        json!({"rounds": 2, "failed": 1, "ended_by": "failure", "output": 0})
    );
}

#[rstest]
#[case::in_between(&[1], 1, json!(2))]
#[case::the_last(&[2], 1, json!(1))]
#[case::all(&[0, 1, 2], 3, Value::Null)]
fn a_round_that_fails_can_be_passed_over(
    #[case] failed: &'static [usize],
    #[case] count: usize,
    #[case] output: Value,
) {
    let mut world = failing(failed, "ignore");
    assert_eq!(world.finish(), success());
    assert_eq!(
        world.outputs("check"),
        json!({"rounds": 3, "failed": count, "ended_by": "at_most", "output": output})
    );
}

#[rstest]
#[case::no_condition(
    "until: 'event.incident.title | default(event.data)', at_most: 3",
    "",
    "Template.Error",
    "the `until` of the round: the condition `event.incident.title | default(event.data)` gives text"
)]
#[case::missing(
    "until: 'event.data.status == 1', at_most: 3",
    "",
    "Template.Error",
    "the `until` of the round: "
)]
#[case::output_that_cannot_be_evaluated(
    "at_most: 3",
    "    output: \"{{ event.data.status }}\"\n",
    "Template.Error",
    "the output of the lane: "
)]
#[case::output_too_large(
    "at_most: 3",
    "    output: \"{{ 'x' * 9000 }}\"\n",
    "Step.OutputTooLarge",
    "the output of the lane has more than 8192 bytes"
)]
fn a_round_whose_end_cannot_be_evaluated_fails(
    #[case] words: &str,
    #[case] more: &str,
    #[case] name: &str,
    #[case] message: &str,
) {
    let mut world = repeat(&format!("every: 1m, {words}"), more, &looks());
    let end = world.finish();
    assert_eq!(why(&end).0, "Lane.Failed");
    let wanted = format!("its round `check[1]` of at most 3 failed: {name}: {message}");
    assert!(why(&end).1.contains(&wanted), "{}", why(&end).1);
    assert_eq!(world.calls.len(), 1);
}

#[test]
fn a_stop_ends_its_round_and_the_rounds_go_on() {
    let mut world = repeat(
        "every: 1m, at_most: 2, until: 'true'",
        "    output: \"{{ index }}\"\n",
        &format!("{}, {{ if: index == 0, stop: enough }}", looks()),
    );
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls.len(), 3);
    assert_eq!(
        world.outputs("check"),
        json!({"rounds": 2, "failed": 0, "ended_by": "until", "output": 1})
    );
}

#[rstest]
#[case::before_the_next_round("    timeout: 7m\n", 0, "number 3, could begin at 2026-11-22T10:10:00Z")]
#[case::when_the_next_round_would_begin("    timeout: 10m\n", 0, "number 3, could begin at 2026-11-22T10:10:00Z")]
fn a_step_without_time_for_another_round_fails_at_once(#[case] more: &str, #[case] ends: i64, #[case] message: &str) {
    let mut world = repeat("every: 5m, at_most: 5", more, &looks());
    let end = world.finish();
    assert_eq!(why(&end).0, "Step.TimedOut");
    assert!(why(&end).1.contains(message), "{}", why(&end).1);
    assert_eq!(world.now, minutes(5 + ends));
    assert_eq!(
        world.outputs("check"),
        json!({"rounds": 2, "failed": 0, "ended_by": "timeout", "output": null})
    );
}

#[test]
fn a_round_ends_with_the_time_of_its_step() {
    let mut world = repeat(
        "every: 5m, at_most: 5",
        "    timeout: 7m\n",
        "{ wait: 6m }, { wait: 6m }",
    );
    let end = world.finish();
    assert_eq!(world.now, minutes(7));
    assert_eq!(why(&end).0, "Lane.Failed");
    assert!(why(&end).1.contains("Step.TimedOut"), "{}", why(&end).1);
}

#[test]
fn a_run_whose_time_is_over_in_a_later_round_says_so() {
    let mut world = repeat("every: 25m, at_most: 3", "", "{ wait: 30m }");
    let end = world.finish();
    assert_eq!(world.now, minutes(60));
    assert_eq!(why(&end).0, "Step.TimedOut");
}

/// A world in the middle of the rest after the first of the rounds, which begin every ten minutes.
fn resting() -> (World, Execution, Plan) {
    let mut world = repeat("every: 10m, at_most: 3", "", &looks());
    let mut execution = world.begin();
    let Command::Fork { mut executions } = world.plan(&mut execution).command else {
        panic!("no round");
    };
    world.run_child(executions.remove(0));
    world.now = minutes(1);
    let plan = world.plan(&mut execution);
    assert_eq!(wake_of(&plan), Some(minutes(10)));
    (world, execution, plan)
}

#[test]
fn between_two_rounds_the_lane_waits_as_for_anything() {
    let (mut world, mut execution, plan) = resting();
    let changes = plan.changes.unwrap();
    assert_eq!(changes.wait, Some(WaitChange::Waits));
    let record = changes.steps.values().next().unwrap();
    assert_eq!(record.change, StepChange::Waiting { until: minutes(10) });
    // What wakes it does not end the rest.
    world.now = minutes(2);
    let plan = world.plan(&mut execution);
    assert_eq!(wake_of(&plan), Some(minutes(10)));
    assert!(plan.changes.unwrap().steps.is_empty());
    world.now = minutes(10);
    let plan = world.plan(&mut execution);
    assert!(matches!(plan.command, Command::Fork { .. }));
    let changes = plan.changes.unwrap();
    assert_eq!(changes.wait, Some(WaitChange::IsOver));
    let record = changes.steps.values().next().unwrap();
    let entered = StepChange::Entered {
        lanes: Some(2),
        run: None,
    };
    assert_eq!(record.change, entered, "the second round");
}

#[test]
fn a_run_that_is_cancelled_between_two_rounds_ends_as_soon_as_it_is_woken() {
    let (mut world, mut execution, _) = resting();
    let marks = world.marks.entry(execution.input.run.id.clone()).or_default();
    marks.insert(CancelMark::run());
    let changes = world.plan(&mut execution).changes.unwrap();
    assert_eq!(changes.wait, Some(WaitChange::IsOver));
    assert!(matches!(changes.end, Some(LaneEnd::Cancelled { .. })));
    assert_eq!(
        world.result("check").unwrap().error.as_ref().unwrap().name,
        "Run.Cancelled"
    );
    assert_eq!(world.calls.len(), 1);
}

#[test]
fn what_takes_the_lane_over_between_two_rounds_rests_to_the_end_and_goes_on() {
    let (mut world, execution, _) = resting();
    let mut other = Execution {
        found: Some(Found::Left(execution.cursor.unwrap())),
        cursor: None,
        ..world.begin()
    };
    world.run(&mut other);
    assert_eq!(
        world.calls,
        [
            "0 at 2026-11-22T10:00:00Z",
            "1 at 2026-11-22T10:10:00Z",
            "2 at 2026-11-22T10:20:00Z",
            "behind"
        ]
    );
}

#[test]
fn a_round_that_was_left_in_the_middle_is_taken_over_there() {
    let mut world = repeat(
        "every: 10m, at_most: 2, until: 'index == 1'",
        "",
        &format!("{}, {}", page("first"), page("second")),
    );
    let mut main = world.begin();
    let Command::Fork { mut executions } = world.plan(&mut main).command else {
        panic!("no round");
    };
    let mut round = world.child(&executions.remove(0).input).unwrap();
    world.plan(&mut round);
    round.answer = Some(created());
    world.plan(&mut round);
    world.calls.push("first".to_owned());
    // The execution ends from outside before it comes to the second step.
    world.run(&mut main);
    assert_eq!(world.calls, ["first", "second", "first", "second", "behind"]);
}

#[test]
fn a_round_whose_execution_came_to_nothing_is_started_again() {
    let mut world = repeat("every: 10m, at_most: 3", "", &looks());
    world.lost = BTreeSet::from([1, 2]);
    assert_eq!(world.finish(), success());
    assert_eq!(world.executions.len(), 5);
    assert_eq!(world.calls.len(), 4);
    // It began when its turn was, also for the next one.
    assert_eq!(world.calls[2], "2 at 2026-11-22T10:20:00Z");
}

#[test]
fn a_round_that_never_gets_an_execution_is_given_up() {
    let mut world = repeat("every: 10m, at_most: 3", "", &looks());
    world.lost = (1..1_000).collect();
    let end = world.finish();
    assert_eq!(why(&end).0, "Lane.Failed");
    assert!(
        why(&end).1.contains("`check[2]` of at most 3 failed: Lane.Lost"),
        "{}",
        why(&end).1
    );
    assert_eq!(world.outputs("check")["rounds"], 2);
}

#[rstest]
#[case::with_a_rest("1s", 999)]
#[case::one_after_the_other("1s", 0)]
fn f34_as_many_rounds_as_there_may_be_are_handed_on_and_the_state_stays_small(#[case] every: &str, #[case] rests: i64) {
    let takes = if rests > 0 { "{ set: { x: 1 } }" } else { "{ wait: 1s }" };
    let mut world = repeat(
        &format!("every: {every}, at_most: 1000"),
        "    output: \"{{ 'y' * 8000 }}\"\n",
        takes,
    );
    assert_eq!(world.finish(), success());
    assert_eq!(world.outputs("check")["rounds"], 1_000);
    let handed_on = world.executions.len() - 1_000;
    assert!((4..=7).contains(&handed_on), "{handed_on}");
    assert_eq!(
        world.now,
        start() + SignedDuration::from_secs(if rests > 0 { rests } else { 1_000 })
    );
    assert!(world.largest < 12 * 1024, "{}", world.largest);
    assert!(world.most_written <= 3 && world.most_read <= 3);
}

#[rstest]
#[case::within_its_rest(10)]
#[case::with_no_rest(0)]
fn a_lane_is_handed_on_between_two_rounds(#[case] rest: i64) {
    let mut world = repeat("every: 10m, at_most: 3", "", &looks());
    let mut main = world.begin();
    let Command::Fork { mut executions } = world.plan(&mut main).command else {
        panic!("no round");
    };
    world.run_child(executions.remove(0));
    world.now = minutes(10 - rest);
    if let Some(cursor) = &mut main.cursor {
        cursor.events = 1_000_000;
    }
    let plan = world.plan(&mut main);
    let Command::Fork { mut executions } = plan.command else {
        panic!("not handed on: {:?}", plan.command);
    };
    assert!(matches!(plan.cursor.pending, Some(Pending::Handoff { .. })));
    world.run_child(executions.remove(0));
    assert_eq!(world.calls.len(), 4);
    assert_eq!(world.calls[1], "1 at 2026-11-22T10:10:00Z");
    assert_eq!(world.outputs("check")["rounds"], 3);
}

#[test]
fn an_output_of_a_round_before_cannot_be_seen_beyond_the_step_but_by_its_output() {
    let problems = Definition::from_source(
        "name: w\nsteps:\n  - id: check\n    repeat: { every: 1m, at_most: 2 }\n    steps: [{ id: now, wait: 1s }]\n  - set: { a: \"{{ steps.now.outcome }}\" }\n",
        catalog(),
    )
    .unwrap_err();
    let wanted = "the step `now` runs in a round, which is a lane of its own; use `steps.check.outputs.output`";
    assert!(problems.to_string().contains(wanted), "{problems}");
}
