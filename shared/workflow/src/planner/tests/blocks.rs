//! Steps that need nobody else: conditions, variables, choices, blocks, waits, `stop` and `fail`.

use super::*;
use rstest::rstest;

#[test]
fn conditions_and_variables_need_no_plan_of_their_own() {
    let mut world = World::of(&format!(
        r#"
  - set: {{ a: "{{{{ event.incident.urgency }}}}", n: 3 }}
  - set: {{ b: "{{{{ vars.n + 1 }}}}" }}
  - if: vars.a == "low"
    wait: 1h
  - if: vars.b == 4
    id: pause
    wait: 5s
{CREATE}"#
    ));
    let mut execution = world.begin();
    let plan = world.plan(&mut execution);
    assert_eq!(plan.command.name(), "wait");
    let outcomes: Vec<_> = plan
        .changes
        .unwrap()
        .steps
        .values()
        .map(|record| match &record.change {
            StepChange::Finished { result, .. } => Some(result.outcome),
            _ => None,
        })
        .collect();
    let done = Some(Outcome::Success);
    assert_eq!(outcomes, [done, done, Some(Outcome::Skipped), None]);
    world.now += SignedDuration::from_secs(5);
    assert_eq!(world.plan(&mut execution).command.name(), "pagerduty.create_incident");
}

#[test]
fn a_skipped_step_has_an_outcome_and_no_outputs() {
    let mut world = World::of(&format!(
        r#"
  - id: ticket
    if: false
    uses: pagerduty.create_incident
    with: {{ integration: prod, title: t, service: PWIXJZS, escalation_policy: PT20YPA, from: a@b.c }}
  - if: steps.ticket.outcome == "success"
    wait: 1h
{RESOLVE}"#
    ));
    assert_eq!(
        why(&world.finish()),
        (
            "Template.Error",
            "step `close` (pagerduty.resolve_incident) failed: `steps.ticket.outputs.incident_id` is not defined: the step `ticket` was skipped or has no outputs"
        )
    );
}

#[rstest]
#[case("high", &["high"])]
#[case("low", &["low"])]
#[case("other", &["default"])]
fn a_choice_takes_the_first_branch_that_holds_and_goes_on_behind_it(#[case] urgency: &str, #[case] paged: &[&str]) {
    let mut world = World::of(&format!(
        r#"
  - choose:
      - when: event.incident.urgency == "high"
        steps: [{}]
      - when: event.incident.urgency in ["high", "low"]
        steps: [{}]
    default: [{}]
  - {}
"#,
        page("high"),
        page("low"),
        page("default"),
        page("behind")
    ));
    world.event["incident"]["urgency"] = json!(urgency);
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls, [paged, &["behind"]].concat());
}

#[test]
fn a_choice_without_a_branch_that_holds_and_without_default_does_nothing() {
    let mut world = World::of(&format!(
        "  - choose: [{{ when: false, steps: [{}] }}]\n  - {}\n",
        page("never"),
        page("behind")
    ));
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls, ["behind"]);
}

#[rstest]
#[case(true, &["inner", "behind"])]
#[case(false, &["else", "behind"])]
fn a_block_does_its_steps_or_its_else(#[case] holds: bool, #[case] paged: &[&str]) {
    let mut world = World::of(&format!(
        "  - if: {holds}\n    steps: [{}]\n    else: [{}]\n  - {}\n",
        page("inner"),
        page("else"),
        page("behind")
    ));
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls, paged);
}

#[test]
fn a_step_of_a_branch_that_was_not_taken_counts_as_skipped() {
    let mut world = World::of(&format!(
        r#"
  - choose:
      - when: false
        steps: [{{ id: a, set: {{ x: 1 }} }}]
    default: [{{ id: b, set: {{ x: 2 }} }}]
  - if: steps.a.outcome == "skipped" and steps.b.outcome == "success" and vars.x == 2
    steps: [{}]
"#,
        page("seen")
    ));
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls, ["seen"]);
}

#[test]
fn blocks_in_blocks_end_with_their_last_step() {
    let mut inner = page("innermost");
    for depth in 0..12 {
        inner = format!("{{ id: b{depth}, if: true, steps: [{inner}] }}");
    }
    let mut world = World::of(&format!("  - {inner}\n  - {}\n", page("behind")));
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls, ["innermost", "behind"]);
    for depth in 0..12 {
        assert_eq!(world.result(&format!("b{depth}")).unwrap().outcome, Outcome::Success);
    }
}

#[test]
fn a_stop_ends_the_run_successfully_wherever_it_stands() {
    let mut world = World::of(&format!(
        "  - {}\n  - id: block\n    if: true\n    steps: [{{ id: enough, stop: \"nobody is {{{{ event.incident.urgency }}}}\" }}]\n  - {}\n",
        page("before"),
        page("behind")
    ));
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls, ["before"]);
    assert_eq!(world.outputs("enough"), json!({"reason": "nobody is high"}));
    assert_eq!(world.result("block").unwrap().outcome, Outcome::Success);
}

#[test]
fn a_fail_fails_with_the_authors_words() {
    let mut world = World::of("  - fail: \"no service for {{ event.incident.id }}\"\n");
    assert_eq!(
        why(&world.finish()),
        ("Step.Failed", "step 1 (fail) failed: no service for P1")
    );
}

#[rstest]
#[case("2026-11-22T10:20:00Z", Some("2026-11-22T10:20:00Z"))]
#[case("2026-11-22T10:00:00Z", None)]
#[case("2020-01-01T00:00:00Z", None)]
fn f37_a_wait_until_a_time_that_has_passed_is_no_wait(#[case] until: &str, #[case] waits: Option<&str>) {
    let mut world = World::of(&format!("  - wait: {{ until: \"{{{{ '{until}' }}}}\" }}\n"));
    let mut execution = world.begin();
    let plan = world.plan(&mut execution);
    match waits {
        Some(time) => assert_eq!(wake_of(&plan), Some(time.parse().unwrap())),
        None => assert_eq!(plan.command.type_name(), "succeed"),
    }
}

#[rstest]
#[case("2028-11-22T10:20:00Z", "that is more than 364 days away")]
#[case("tomorrow", "\"tomorrow\" is no time")]
fn f37_a_wait_until_a_time_that_cannot_be_waited_for_fails(#[case] until: &str, #[case] message: &str) {
    let mut world = World::of(&format!("  - wait: {{ until: \"{{{{ '{until}' }}}}\" }}\n"));
    let end = world.finish();
    assert_eq!(why(&end).0, "Input.Invalid");
    assert!(why(&end).1.contains(message), "{}", why(&end).1);
}

#[test]
fn the_variables_of_one_step_do_not_see_each_other() {
    let mut world = World::of(&format!(
        "  - set: {{ a: 1, b: 1 }}\n  - set: {{ a: 2, b: \"{{{{ vars.a }}}}\" }}\n  - if: vars.b == 1\n    steps: [{}]\n",
        page("seen")
    ));
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls, ["seen"]);
}

#[test]
fn what_takes_over_a_lane_that_waits_waits_no_longer_than_the_deadline() {
    let mut world = World::of("  - wait: 2d\n");
    let mut execution = world.begin();
    world.plan(&mut execution);
    execution.found = execution.cursor.take().map(Found::Left);
    let plan = world.plan(&mut execution);
    assert_eq!(wake_of(&plan), Some("2026-11-22T11:00:00Z".parse().unwrap()));
}

#[test]
fn what_takes_over_a_lane_that_waits_waits_on() {
    let mut world = World::of(&format!("  - wait: 30m\n  - {}\n", page("behind")));
    let mut execution = world.begin();
    world.plan(&mut execution);
    execution.found = execution.cursor.take().map(Found::Left);
    world.now = "2026-11-22T10:05:00Z".parse().unwrap();
    let plan = world.plan(&mut execution);
    assert_eq!(wake_of(&plan), Some("2026-11-22T10:30:00Z".parse().unwrap()));
    world.now = "2026-11-22T10:30:00Z".parse().unwrap();
    assert_eq!(world.plan(&mut execution).command.name(), "pagerduty.create_incident");
}
