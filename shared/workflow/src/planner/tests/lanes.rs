//! `parallel`, `for_each` and `run_workflow`.

use super::*;
use rstest::rstest;

#[test]
fn the_lanes_of_a_parallel_run_by_themselves_and_give_their_outputs() {
    let mut world = World::of(&format!(
        r#"
  - set: {{ who: outer }}
  - id: both
    parallel:
      - name: one
        steps: [{{ set: {{ who: inner }} }}, {}]
        output: "{{{{ vars.who }}}}"
      - steps: [{}]
  - if: vars.who == "outer" and steps.both.outputs.lanes[0].output == "inner"
    steps: [{}]
"#,
        page("one"),
        page("{{ vars.who }}"),
        page("behind")
    ));
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls, ["one", "outer", "behind"]);
    assert_eq!(
        world.outputs("both"),
        json!({"count": 2, "succeeded": 2, "failed": 0, "cancelled": 0, "lanes": [
            {"outcome": "success", "output": "inner", "error": null},
            {"outcome": "success", "output": null, "error": null},
        ]})
    );
}

#[test]
fn each_lane_of_a_for_each_has_its_item_and_its_index() {
    let mut world = World::of(&format!(
        "  - set: {{ names: [a, b, c] }}\n  - id: all\n    for_each: \"{{{{ vars.names }}}}\"\n    steps: [{}]\n    output: \"{{{{ index * 10 }}}}\"\n",
        page("{{ item }}{{ index }}")
    ));
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls, ["a0", "b1", "c2"]);
    let outputs: Vec<_> = (0..3)
        .map(|i| world.outputs("all")["lanes"][i]["output"].clone())
        .collect();
    assert_eq!(outputs, [0, 10, 20]);
}

#[test]
fn lanes_within_lanes_see_what_is_around_them() {
    let mut world = World::of(&format!(
        r#"
{CREATE}
  - for_each: [1, 2]
    steps:
      - id: outer
        set: {{ outer: "{{{{ item }}}}" }}
      - for_each: [x, y]
        steps:
          - parallel:
              - steps: [{}]
"#,
        page("{{ vars.outer }}{{ item }}{{ index }} {{ steps.ticket.outputs.incident_id }} {{ steps.outer.outcome }}")
    ));
    assert_eq!(world.finish(), success());
    assert_eq!(
        world.calls[1..],
        ["1x0 Q9 success", "1y1 Q9 success", "2x0 Q9 success", "2y1 Q9 success"]
    );
}

#[test]
fn a_lane_has_an_effect_key_of_its_own_for_each_item() {
    let run = RunId::for_event(&"w".parse().unwrap(), "e");
    let fork = StepPath::top(crate::ids::Section::Steps, 0);
    let keys: BTreeSet<String> = (0..50)
        .map(|index| {
            let lane = LanePath::main().child(fork.clone(), index);
            EffectKey::new(&run, 0, &lane, &fork.inside(0, 0)).to_string()
        })
        .collect();
    assert_eq!(keys.len(), 50);
}

#[rstest]
#[case("[]", 0)]
#[case("[1]", 1)]
#[case("\"{{ range(95) }}\"", 95)]
fn f39_a_for_each_takes_none_one_or_many_items(#[case] items: &str, #[case] count: usize) {
    let mut world = World::of(&format!(
        "  - id: all\n    for_each: {items}\n    steps: [{}]\n",
        page("{{ item }}")
    ));
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls.len(), count);
    assert_eq!(world.outputs("all")["succeeded"], count);
}

#[rstest]
#[case(1, 7)]
#[case(3, 3)]
#[case(40, 1)]
fn no_more_lanes_run_at_the_same_time_than_the_author_allows(#[case] most: usize, #[case] batches: usize) {
    let mut world = World::of(&format!(
        "  - for_each: \"{{{{ range(7) }}}}\"\n    max_concurrency: {most}\n    steps: [{}]\n",
        page("{{ item }}")
    ));
    let mut execution = world.begin();
    let mut forks = Vec::new();
    while let Command::Fork { executions } = world.plan(&mut execution).command {
        forks.push(executions.len());
        executions.into_iter().for_each(|child| world.run_child(child));
    }
    assert_eq!(forks.len(), batches);
    assert!(forks.iter().all(|count| *count <= most), "{forks:?}");
    assert_eq!(forks.iter().sum::<usize>(), 7);
}

/// Ten items of which number 3 fails.
fn poisoned(policy: &str) -> World {
    World::of(&format!(
        "  - id: all\n    for_each: \"{{{{ range(10) }}}}\"\n    max_concurrency: 5\n    on_lane_failure: {policy}\n    steps: [{}]\n  - {}\n",
        page("{{ item }}"),
        page("behind")
    ))
    .answering(|title, _| match title {
        "3" => failure("PagerDuty.NotFound"),
        _ => created(),
    })
}

#[test]
fn f39_a_poison_item_fails_the_step_when_the_others_are_done() {
    let mut world = poisoned("finish");
    let end = world.finish();
    assert_eq!(
        why(&end),
        (
            "Lane.Failed",
            "step `all` (for_each) failed: 1 of 10 lanes failed; the first, `all[4]`: PagerDuty.NotFound: step `all[4]/1` (pagerduty.create_incident) failed: words"
        )
    );
    assert_eq!(world.calls.len(), 10);
    assert_eq!(world.outputs("all")["succeeded"], 9);
    assert_eq!(world.outputs("all")["lanes"][3]["error"]["name"], "PagerDuty.NotFound");
}

#[test]
fn f39_a_poison_item_can_be_passed_over() {
    let mut world = poisoned("ignore");
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls.last().unwrap(), "behind");
    assert_eq!(world.outputs("all")["failed"], 1);
}

#[test]
fn f38_f39_a_failed_lane_can_cancel_the_others() {
    let mut world = poisoned("cancel");
    let end = world.finish();
    assert_eq!(why(&end).0, "Lane.Failed");
    // Here the lanes of a batch run one after the other: number 4 was cancelled, and 5 to 9 never began.
    assert_eq!(world.calls, ["0", "1", "2", "3"]);
    let outputs = world.outputs("all");
    assert_eq!((&outputs["failed"], &outputs["cancelled"]), (&json!(1), &json!(6)));
    assert_eq!(outputs["lanes"][4]["outcome"], "cancelled");
}

#[test]
fn a_cancelled_fork_does_not_touch_the_lanes_of_another() {
    let mut world = World::of(&format!(
        "  - parallel:\n      - steps:\n          - for_each: [0, 1]\n            continue_on_error: true\n            on_lane_failure: cancel\n            steps: [{{ fail: \"{{{{ item }}}}\" }}]\n          - {}\n      - steps: [{}]\n",
        page("first"),
        page("second")
    ));
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls, ["first", "second"]);
}

#[rstest]
#[case(&[0], 1)]
#[case(&[1, 3], 2)]
#[case(&[0, 1, 2], 3)]
fn a_lane_whose_execution_came_to_nothing_is_started_again(#[case] lost: &[usize], #[case] again: usize) {
    let mut world = World::of(&format!(
        "  - for_each: [a, b, c]\n    steps: [{}]\n",
        page("{{ item }}")
    ));
    world.lost = lost.iter().copied().collect();
    assert_eq!(world.finish(), success());
    assert_eq!(world.executions.len(), 3 + again);
    world.calls.sort();
    assert_eq!(world.calls, ["a", "b", "c"]);
}

#[test]
fn a_lane_that_never_gets_an_execution_is_given_up_and_has_an_end() {
    let mut world = World::of(&format!("  - id: all\n    for_each: [a]\n    steps: [{}]\n", page("x")));
    world.lost = (0..1000).collect();
    let end = world.finish();
    assert_eq!(why(&end).0, "Lane.Failed");
    assert!(why(&end).1.contains("`all[1]`: Lane.Lost"), "{}", why(&end).1);
    assert!(world.executions.len() < 10);
}

#[test]
fn a_lane_that_was_left_in_the_middle_is_taken_over_there() {
    let mut world = World::of(&format!(
        "  - for_each: [a]\n    steps: [{}, {}]\n",
        page("first"),
        page("second")
    ));
    let mut main = world.begin();
    let Command::Fork { mut executions } = world.plan(&mut main).command else {
        panic!("no fork");
    };
    // The execution does the first step, and ends from outside before it comes to the second.
    let mut lane = world.child(&executions.remove(0).input).unwrap();
    world.plan(&mut lane);
    lane.answer = Some(created());
    world.plan(&mut lane);
    world.calls.push("first".to_owned());
    let command = world.run(&mut main);
    assert_eq!(command.type_name(), "succeed");
    assert_eq!(world.calls, ["first", "second"]);
}

#[test]
fn a_steps_timeout_bounds_its_lanes() {
    let mut world = World::of("  - id: all\n    for_each: [a, b]\n    timeout: 5m\n    steps: [{ wait: 10m }]\n");
    let end = world.finish();
    assert_eq!(world.now, "2026-11-22T10:05:00Z".parse().unwrap());
    assert!(why(&end).1.contains("Step.TimedOut"), "{}", why(&end).1);
}

#[test]
fn lanes_that_there_was_no_time_to_begin_are_told_of() {
    let mut world = World::of(
        "  - id: all\n    for_each: [a, b, c]\n    max_concurrency: 1\n    timeout: 15m\n    on_lane_failure: ignore\n    steps: [{ wait: 10m }]\n",
    );
    let end = world.finish();
    assert_eq!(why(&end).0, "Step.TimedOut");
    assert!(why(&end).1.contains("1 of 3 lanes had not begun"), "{}", why(&end).1);
    assert_eq!(world.outputs("all")["cancelled"], 1);
}

#[test]
fn f35_what_many_lanes_give_is_left_out_when_it_is_too_large_and_counted_all_the_same() {
    let uses = |expression: &str| {
        World::of(&format!(
            "  - id: all\n    for_each: \"{{{{ range(500) }}}}\"\n    steps: [{{ set: {{ x: 1 }} }}]\n    output: \"{{{{ 'x' * 100 }}}}\"\n  - set: {{ y: \"{{{{ {expression} }}}}\" }}\n"
        ))
    };
    let mut world = uses("steps.all.outputs.succeeded");
    assert_eq!(world.finish(), success());
    let mut world = uses("steps.all.outputs.lanes[0]");
    let end = world.finish();
    assert_eq!(why(&end).0, "Step.OutputTooLarge");
    assert!(why(&end).1.contains("`steps.all.outputs.lanes"), "{}", why(&end).1);
}

#[test]
fn an_item_that_is_too_large_fails_its_lane_alone() {
    let mut world = World::of(&format!(
        "  - id: all\n    for_each: \"{{{{ ['a', 'x' * 40000] }}}}\"\n    on_lane_failure: ignore\n    steps: [{}]\n",
        page("{{ item }}")
    ));
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls, ["a"]);
    assert_eq!(world.outputs("all")["lanes"][1]["error"]["name"], "Template.Error");
}

#[rstest]
#[case(
    "\"{{ event.incident.title | default(event.data) }}\"",
    "`for_each` needs a list, but got text"
)]
#[case("\"{{ range(10001) }}\"", "the list has 10001 items; at most 10000 are allowed")]
fn w2_a_list_that_is_none_or_too_long_fails_the_step(#[case] items: &str, #[case] message: &str) {
    let mut world = World::of(&format!("  - for_each: {items}\n    steps: [{}]\n", page("x")));
    let end = world.finish();
    assert!(why(&end).1.contains(message), "{}", why(&end).1);
}

#[test]
fn a_stop_in_a_lane_ends_that_lane_alone() {
    let mut world = World::of(&format!(
        "  - for_each: [a, b]\n    steps: [{{ if: item == \"a\", stop: enough }}, {}]\n  - {}\n",
        page("{{ item }}"),
        page("behind")
    ));
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls, ["b", "behind"]);
}

fn caller_and_called(called: &str) -> World {
    let mut world = World::of(&format!(
        "  - id: call\n    run_workflow: called\n    with: {{ title: \"from {{{{ event.incident.id }}}}\" }}\n  - {}\n",
        page("behind {{ steps.call.outcome }}")
    ));
    let definition = parsed(called);
    world.definitions.insert(definition.name.clone(), definition);
    world
}

#[test]
fn a_workflow_runs_another_with_inputs_and_the_same_event() {
    let mut world = caller_and_called(&format!(
        "name: called\ninputs: {{ title: {{ type: text }} }}\nsteps:\n  - {}\n",
        page("{{ inputs.title }} {{ event.incident.urgency }}")
    ));
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls, ["from P1 high", "behind success"]);
    let run: RunId = serde_json::from_value(world.outputs("call")["run_id"].clone()).unwrap();
    assert_ne!(run, RunId::for_event(&"w".parse().unwrap(), "e"));
    assert_eq!(
        world.lanes[&LaneKey {
            run,
            lane: LanePath::main()
        }]
            .end,
        Some(success())
    );
}

#[test]
fn a_run_that_a_step_started_and_that_fails_fails_the_step() {
    let mut world = caller_and_called("name: called\ninputs: { title: { type: text } }\nsteps:\n  - fail: sorry\n");
    let end = world.finish();
    assert_eq!(why(&end).0, "Run.Failed");
    assert!(
        why(&end)
            .1
            .contains("of the workflow called failed with Step.Failed: step 1 (fail) failed: sorry"),
        "{}",
        why(&end).1
    );
}

#[test]
fn a_run_that_a_step_started_has_no_more_time_than_the_step() {
    let mut world = caller_and_called("name: called\ninputs: { title: { type: text } }\nsteps:\n  - wait: 30d\n");
    let end = world.finish();
    assert_eq!(world.now, "2026-11-22T11:00:00Z".parse().unwrap());
    assert_eq!(why(&end).0, "Run.Failed");
}

#[test]
fn a_workflow_that_is_not_there_fails_the_step() {
    let mut world = World::of("  - run_workflow: other\n");
    assert_eq!(
        why(&world.finish()),
        (
            "Workflow.NotFound",
            "step 1 (run_workflow other) failed: there is no workflow other that is enabled; apply or enable it"
        )
    );
}

#[test]
fn workflows_that_run_each_other_stop_at_a_depth() {
    let mut world = World::new(parsed(
        "name: w\ntimeout: 1h\nsteps:\n  - if: true\n    run_workflow: w\n",
    ));
    let mut execution = world.begin();
    world.run(&mut execution);
    assert!(why(&world.end_of(&execution)).1.contains("Run.LoopStopped"));
    assert_eq!(world.executions.len(), 20);
}
