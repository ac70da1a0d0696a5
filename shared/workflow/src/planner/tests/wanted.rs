//! Runs that are not wanted any more when they begin.

use super::*;
use crate::{
    ids::Section,
    run::{CalledBy, PackedBody, ReplayOf, RunBody, RunCause, Subject, WebhookKind},
};
use jiff::ToSpan;
use rstest::rstest;

const STEPS: &str =
    "  - { set: { a: 1 } }\n  - { uses: pagerduty.get_incident, with: { integration: prod, incident_id: P1 } }\n";

/// What started a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Event,
    Person,
    Step,
    Replay,
}

fn begun(world: &World, by: By) -> Execution {
    let mut execution = world.begin();
    let input = &mut execution.input;
    let event = RunEvent {
        webhook: WebhookKind::V3,
        event_id: "e".into(),
        event_type: "incident.triggered".into(),
        body: RunBody::Input {
            data: PackedBody::from(String::new()),
        },
        filter_error: None,
    };
    input.cause = match by {
        By::Person => RunCause::Hand { by: None },
        By::Event => RunCause::Event(event),
        By::Step => RunCause::Called {
            by: CalledBy {
                started_by: None,
                run: "caller".parse().unwrap(),
                lane: LanePath::main(),
                step: StepPath::top(Section::Steps, 0),
                nesting: 1,
                deadline: world.now + 60.minutes(),
            },
            event: Some(Subject::Event(event)),
        },
        By::Replay => RunCause::Replay {
            of: ReplayOf::nothing("first".parse().unwrap(), 1),
            event: Some(Subject::Event(event)),
        },
    };
    execution
}

/// The reason a run did nothing, if it was skipped.
fn skipped(plan: &Plan) -> Option<String> {
    match plan.changes.as_ref().unwrap().end.as_ref() {
        Some(LaneEnd::Skipped { reason }) => {
            let changes = plan.changes.as_ref().unwrap();
            assert!(
                changes.steps.is_empty() && changes.lock.is_none() && changes.counted.is_none(),
                "{changes:?}"
            );
            assert!(matches!(plan.command, Command::Succeed { .. }), "{:?}", plan.command);
            Some(reason.clone())
        }
        _ => None,
    }
}

fn first_plan(state: Option<Availability>, age: Option<SignedDuration>, by: By) -> Plan {
    let mut world = World::of(STEPS);
    world
        .availability
        .extend(state.map(|state| ("w".parse().unwrap(), state)));
    if let Some(age) = age {
        world.event["occurred_at"] = json!(world.now - age);
    }
    let mut execution = begun(&world, by);
    world.plan(&mut execution)
}

#[rstest]
#[case::disabled(Availability::Disabled, "the workflow w was disabled when the run began")]
#[case::deleted(Availability::Deleted, "the workflow w was deleted when the run began")]
fn a_run_of_a_workflow_that_is_not_enabled_any_more_ends_as_skipped_and_says_why(
    #[case] state: Availability,
    #[case] reason: &str,
) {
    assert_eq!(
        skipped(&first_plan(Some(state), None, By::Event)).as_deref(),
        Some(reason)
    );
}

#[rstest]
#[case::a_week(SignedDuration::from_hours(7 * 24), false)]
#[case::a_second_more(SignedDuration::from_secs(7 * 24 * 3600 + 1), true)]
#[case::two_weeks(SignedDuration::from_hours(14 * 24), true)]
#[case::of_a_clock_that_is_ahead(SignedDuration::from_secs(-60), false)]
fn a_run_for_an_event_of_more_than_a_week_ago_ends_as_skipped(#[case] age: SignedDuration, #[case] is_skipped: bool) {
    let reason = skipped(&first_plan(None, Some(age), By::Event));

    let expected = is_skipped.then_some("the event happened more than a week before the run began");
    assert_eq!(reason.as_deref(), expected);
}

#[rstest]
#[case::a_week(SignedDuration::from_hours(7 * 24), None)]
#[case::a_second_more(SignedDuration::from_secs(7 * 24 * 3600 + 1), Some("it was due more than a week before the run began"))]
fn a_run_that_was_due_more_than_a_week_ago_ends_as_skipped(
    #[case] ago: SignedDuration,
    #[case] expected: Option<&str>,
) {
    let mut world = World::of(STEPS);
    let mut execution = begun(&world, By::Person);
    execution.input.cause = RunCause::Schedule {
        scheduled_at: world.now - ago,
    };

    let reason = skipped(&world.plan(&mut execution));

    assert_eq!(reason.as_deref(), expected);
}

#[test]
fn a_run_of_the_schedule_of_a_workflow_that_was_disabled_ends_as_skipped() {
    let mut world = World::of(STEPS);
    world.availability.insert("w".parse().unwrap(), Availability::Disabled);
    let mut execution = begun(&world, By::Person);
    execution.input.cause = RunCause::Schedule {
        scheduled_at: world.now,
    };

    let reason = skipped(&world.plan(&mut execution));

    assert_eq!(
        reason.as_deref(),
        Some("the workflow w was disabled when the run began")
    );
}

#[rstest]
fn what_a_person_starts_or_repeats_and_what_a_step_calls_begins_all_the_same(
    #[values(By::Person, By::Step, By::Replay)] by: By,
    #[values(Availability::Disabled, Availability::Deleted)] state: Availability,
) {
    let plan = first_plan(Some(state), Some(SignedDuration::from_hours(14 * 24)), by);

    assert_eq!(skipped(&plan), None);
}

#[test]
fn a_run_that_has_begun_goes_on_when_its_workflow_is_disabled() {
    let mut world = World::of(STEPS);
    let mut execution = begun(&world, By::Event);
    world.plan(&mut execution);
    world.availability.insert("w".parse().unwrap(), Availability::Disabled);
    execution.answer = Some(created());

    let plan = world.plan(&mut execution);

    assert_eq!(skipped(&plan), None);
}

#[test]
fn a_disabled_workflow_does_not_even_fail_and_takes_no_lock() {
    let mut world = World::new(parsed(&format!(
        "name: w\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered] }} }}\n\
         concurrency: {{ key: k, policy: cancel }}\nsteps:\n{STEPS}"
    )));
    world.availability.insert("w".parse().unwrap(), Availability::Disabled);
    let mut execution = begun(&world, By::Event);
    let RunCause::Event(event) = &mut execution.input.cause else {
        panic!()
    };
    event.filter_error = Some("unknown name".into());

    assert!(skipped(&world.plan(&mut execution)).is_some());
}

#[test]
fn the_state_of_the_workflow_is_read_for_the_first_plan_of_a_run_that_an_event_started_and_for_no_other() {
    let world = World::of(STEPS);
    let definition = definition(STEPS);
    for by in [By::Event, By::Person, By::Step, By::Replay] {
        let execution = begun(&world, by);
        let needs = needs(&definition, &execution.input, Standing::BeginsRun);
        assert_eq!(!needs.workflows.is_empty(), by == By::Event, "{by:?}");
    }
}
