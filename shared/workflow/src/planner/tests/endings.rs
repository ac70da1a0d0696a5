//! How failures spread, and what `on_failure` does.

use super::*;
use crate::action::tests::catalog;
use crate::error_name::ErrorName;
use rstest::rstest;

/// A workflow with `on_failure`.
fn with_on_failure(steps: &str, on_failure: &str) -> World {
    World::new(parsed(&format!(
        "name: w\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered] }} }}\ntimeout: 1h\nsteps:\n{steps}\non_failure:\n{on_failure}\n"
    )))
}

#[test]
fn a_step_that_may_fail_does_not_end_the_run_and_tells_why_it_failed() {
    let mut world = World::of(&format!(
        "{CREATE}    continue_on_error: true\n  - if: steps.ticket.outcome == \"failure\" and steps.ticket.error.name == \"PagerDuty.NotFound\"\n    steps: [{}]\n",
        page("behind")
    ))
    .answering(|title, _| match title {
        "behind" => created(),
        _ => failure("PagerDuty.NotFound"),
    });
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls, ["disk {{ full }}", "behind"]);
}

#[test]
fn a_block_that_may_fail_ends_with_the_step_in_it_that_fails() {
    let mut world = World::of(&format!(
        "  - id: outer\n    continue_on_error: true\n    steps:\n      - id: inner\n        steps: [{{ fail: no }}, {}]\n  - {}\n",
        page("never"),
        page("behind")
    ).replace("{ fail: no }, ", "{ if: true, fail: no }, "));
    assert_eq!(world.finish(), success());
    assert_eq!(world.calls, ["behind"]);
    for id in ["outer", "inner"] {
        let result = world.result(id).unwrap();
        assert_eq!(result.outcome, Outcome::Failure);
        assert_eq!(result.error.as_ref().unwrap().name, "Step.Failed");
    }
}

#[test]
fn on_failure_runs_sees_what_happened_and_the_run_still_fails() {
    let mut world = with_on_failure(
        &format!("{CREATE}  - {{ id: bad, fail: \"no luck\" }}\n  - id: later\n    set: {{ x: 1 }}\n")
            .replace("fail:", "if: true, fail:"),
        &format!(
            "  - {}\n  - if: steps.ticket.outcome == \"success\" and steps.later.outcome == \"skipped\"\n    steps: [{}]\n",
            page("{{ failure.step }}|{{ failure.name }}|{{ failure.message }}"),
            page("{{ steps.ticket.outputs.incident_id }}")
        ),
    );
    let end = world.finish();
    assert_eq!(why(&end), ("Step.Failed", "step `bad` (fail) failed: no luck"));
    assert_eq!(
        world.calls[1..],
        ["step `bad` (fail)|Step.Failed|step `bad` (fail) failed: no luck", "Q9"]
    );
}

#[test]
fn an_on_failure_that_fails_too_does_not_hide_the_first_failure() {
    let mut world = with_on_failure("  - fail: first\n", "  - fail: second\n");
    assert_eq!(
        why(&world.finish()),
        (
            "Step.Failed",
            "step 1 (fail) failed: first; besides, `on_failure` did not get to its end: step `on_failure/1` (fail) failed: second"
        )
    );
}

#[test]
fn a_stop_in_on_failure_does_not_make_the_run_a_success() {
    let mut world = with_on_failure("  - fail: first\n", "  - stop: done\n");
    assert_eq!(why(&world.finish()).0, "Step.Failed");
}

#[test]
fn a_run_ends_at_its_deadline_whatever_it_waits_for() {
    let mut world = World::of(&format!("  - wait: 30d\n{CREATE}"));
    let end = world.finish();
    assert_eq!(world.now, "2026-11-22T11:00:00Z".parse().unwrap());
    assert_eq!(why(&end).0, "Run.DeadlineExceeded");
    assert!(
        why(&end)
            .1
            .starts_with("step 1 (wait 720h) failed: the run's time was over"),
        "{}",
        why(&end).1
    );
}

#[test]
fn a_run_that_takes_too_long_still_has_time_for_on_failure() {
    let mut world = with_on_failure("  - wait: 30d\n", &format!("  - {}\n  - wait: 30d\n", page("late")));
    let end = world.finish();
    assert_eq!(world.calls, ["late"]);
    assert_eq!(world.now, "2026-11-22T11:00:00Z".parse().unwrap());
    assert!(
        why(&end).1.contains("besides, `on_failure` did not get to its end"),
        "{}",
        why(&end).1
    );
}

#[rstest]
#[case(4, "pagerduty.create_incident")]
#[case(5, "fail")]
#[case(1_000, "fail")]
fn f40_a_run_that_five_others_led_to_does_nothing_and_says_why(#[case] depth: u32, #[case] command: &str) {
    let mut world = with_on_failure(CREATE, &format!("  - {}\n", page("never")));
    let mut execution = world.begin();
    execution.input.run.depth = depth;
    let plan = world.plan(&mut execution);
    assert_eq!(plan.command.name(), command);
    if let Some(end) = plan.changes.unwrap().end {
        assert_eq!(why(&end).0, "Run.LoopStopped");
        assert!(why(&end).1.contains("the workflow w starts itself"), "{}", why(&end).1);
    }
}

#[test]
fn what_is_in_the_way_of_a_run_outside_of_its_steps_is_a_failure_like_any_other() {
    let mut world = with_on_failure(
        CREATE,
        &format!("  - {}\n", page("{{ failure.step is none }} {{ failure.name }}")),
    );
    let mut execution = world.begin();
    let definition = world.definitions[&execution.input.run.workflow].clone();
    let trouble = Failure::new(ErrorName::TemplateError, "the condition of the trigger");
    let known = Known::default();
    let situation = Situation {
        catalog: catalog(),
        definition: &definition,
        input: &execution.input,
        started_at: start(),
        event: &world.event,
        standing: Standing::BeginsRun,
        answer: None,
        requests: &Requests::default(),
        known: &known,
        trouble: Some(&trouble),
        now: start(),
        own_clock: start(),
    };
    let plan = super::plan(&situation);
    assert_eq!(plan.command, Command::Continue, "on_failure has not been read for");
    world.write(&execution.input, &plan);
    execution.cursor = Some(plan.cursor);
    world.run(&mut execution);
    assert_eq!(world.calls, ["true Template.Error"]);
    assert_eq!(
        why(&world.end_of(&execution)),
        ("Template.Error", "the condition of the trigger")
    );
}

#[test]
fn a_run_whose_definition_cannot_be_read_ends_with_the_reason() {
    let world = World::of(CREATE);
    let execution = world.begin();
    let plan = fail(
        &execution.input,
        Standing::BeginsRun,
        start(),
        Failure::new(ErrorName::EventUnreadable, "why"),
    );
    assert_eq!(
        json!(plan.command),
        json!({"type": "fail", "error": "Event.Unreadable", "cause": "why"})
    );
    assert_eq!(plan.cursor.plans, 1);
}

#[test]
fn a_cancelled_run_ends_before_its_next_step_and_without_on_failure() {
    let mut world = with_on_failure(&format!("  - wait: 10m\n{CREATE}"), &format!("  - {}\n", page("never")));
    let mut execution = world.begin();
    world.plan(&mut execution);
    let run = execution.input.run.id.clone();
    world.marks.entry(run).or_default().insert(CancelMark::run());
    let command = world.run(&mut execution);
    assert!(matches!(command, Command::Fail { error, .. } if error == "Run.Cancelled"));
    assert!(matches!(world.end_of(&execution), LaneEnd::Cancelled { .. }));
    assert_eq!(world.calls, [""; 0]);
}

#[test]
fn what_an_action_did_before_the_run_was_cancelled_is_noted() {
    let mut world = World::of(&format!("{CREATE}  - {}\n", page("never")));
    let mut execution = world.begin();
    world.plan(&mut execution);
    let run = execution.input.run.id.clone();
    world.marks.entry(run).or_default().insert(CancelMark::run());
    execution.answer = Some(created());
    assert_eq!(world.plan(&mut execution).command.type_name(), "fail");
    assert_eq!(world.outputs("ticket")["incident_id"], "Q9");
}

fn with_inputs(inputs: &str) -> World {
    World::new(parsed(&format!(
        "name: w\ninputs:\n{inputs}\nsteps:\n  - {}\n",
        page("{{ inputs.title }}")
    )))
}

#[test]
fn the_inputs_of_a_run_have_defaults_and_types() {
    let inputs = "  title: { type: text, default: none given }\n  count: { type: integer, description: how many }\n";
    let mut world = with_inputs(inputs);
    let mut execution = world.begin_with(json!({"count": 3}).as_object().unwrap().clone());
    world.run(&mut execution);
    assert_eq!(world.end_of(&execution), success());
    assert_eq!(world.calls, ["none given"]);

    let mut world = with_inputs(inputs);
    let mut execution = world.begin_with(json!({"titel": "t", "title": 7}).as_object().unwrap().clone());
    world.run(&mut execution);
    assert_eq!(
        why(&world.end_of(&execution)),
        (
            "Input.Invalid",
            "the inputs of the run cannot be used: `titel` is not known; did you mean `title`?; `count` is missing: how many; `title` is a number, but must be text"
        )
    );
}
