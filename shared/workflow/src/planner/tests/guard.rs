//! Runs that lead to each other.

use super::*;
use crate::run::{RunBody, RunCause, WebhookKind};
use rstest::rstest;

const ON_RESOLVED: &str = "name: w\non: { pagerduty: { integration: prod, events: [incident.resolved] } }\nsteps:\n";

/// Resolves the incident of the event, and says so.
const RESOLVES: &str = "  - uses: pagerduty.resolve_incident\n    with: { integration: prod, incident_id: \"{{ event.incident.id }}\", from: a@b.c }\n";

/// An incident was resolved, or whatever else `change` says.
fn event(change: Value) -> Value {
    let mut event = json!({
        "id": "e", "type": "incident.resolved", "occurred_at": START, "agent": null, "note": null,
        "incident": {"id": "P1", "title": "Disk full"}, "data": {},
    });
    if let (Value::Object(fields), Value::Object(change)) = (&mut event, change) {
        fields.extend(change);
    }
    event
}

/// A world in which a run of this depth was about to resolve the incident, so long before the event.
fn after_a_change(steps: &str, depth: u32, seconds_before: i64) -> World {
    let mut world = World::new(parsed(&format!("{ON_RESOLVED}{steps}")));
    world.event = event(json!({}));
    let change = OwnChange {
        action: "pagerduty.resolve_incident".to_owned(),
        since: start() - SignedDuration::from_secs(seconds_before),
        at: start() - SignedDuration::from_secs(seconds_before),
    };
    world.trail.changes.insert(depth, change);
    world
}

fn of_run() -> RunEvent {
    RunEvent {
        webhook: WebhookKind::V3,
        event_id: "e".to_owned(),
        event_type: "incident.resolved".to_owned(),
        body: RunBody::Table {},
        filter_error: None,
    }
}

/// The first Plan of a run that the event has started.
fn first_plan(world: &mut World) -> Plan {
    let mut execution = world.begin();
    execution.input.cause = RunCause::Event(of_run());
    world.plan(&mut execution)
}

#[test]
fn f40_a_run_that_a_change_of_ours_has_started_is_deeper_and_so_is_all_that_it_does() {
    let mut world = after_a_change(&format!("{RESOLVES}{CREATE}"), 2, 1);
    let mut execution = world.begin();
    execution.input.cause = RunCause::Event(of_run());

    let first = world.plan(&mut execution);

    assert_eq!(first.cursor.depth, 3);
    let marker = first.changes.unwrap().marker.unwrap();
    assert_eq!((marker.incident.as_str(), marker.depth), ("P1", 3));
    assert_eq!(marker.change.at, start());
    execution.answer = Some(Answer::Success(
        json!({"incident_id": "P1", "title": "t", "incident_number": 1, "status": "resolved"}),
    ));
    let second = world.plan(&mut execution);
    let changes = second.changes.unwrap();
    let keys = changes.steps.values().filter_map(|record| match &record.change {
        StepChange::AttemptStarted { effect_key, .. } => EffectKey::depth_of(effect_key.as_str()),
        _ => None,
    });
    assert_eq!(
        keys.collect::<Vec<_>>(),
        [3],
        "the incident that it creates tells the depth"
    );
    let marker = changes.marker.unwrap();
    assert_eq!(EffectKey::depth_of(&marker.incident), Some(3), "it is known by its key");
    assert_eq!(
        (marker.depth, marker.change.action.as_str()),
        (3, "pagerduty.create_incident")
    );
}

#[test]
fn f40_the_lanes_of_a_run_are_as_deep_as_the_run() {
    let steps = format!("  - parallel:\n      - {{ name: a, steps: [{}] }}\n", page("x"));
    let mut world = after_a_change(&steps, 1, 1);
    let first = first_plan(&mut world);
    let Command::Fork { executions } = first.command else {
        panic!("{:?}", first.command)
    };
    let mut lane = world.begin();
    lane.input = executions[0].input.clone();
    lane.found = Some(Found::Opener(first.cursor));

    assert_eq!(world.plan(&mut lane).cursor.depth, 2);
}

#[rstest]
#[case::at_once(json!({}), 0, 1)]
#[case::when_the_action_took_its_time(json!({}), 120, 1)]
#[case::much_later(json!({}), 121, 0)]
#[case::by_a_clock_that_is_behind(json!({}), -60, 1)]
#[case::before_the_change(json!({}), -61, 0)]
#[case::the_time_is_not_known(json!({"occurred_at": null}), 5, 1)]
#[case::nothing_that_a_resolution_leads_to(json!({"type": "incident.priority_updated"}), 1, 0)]
#[case::a_person_in_our_name(json!({"agent": {"id": "PU", "type": "user_reference"}}), 1, 1)]
#[case::monitoring(json!({"agent": {"id": "PI", "type": "inbound_integration_reference"}}), 1, 0)]
#[case::a_note_that_is_not_ours(json!({"type": "incident.annotated", "note": "Looking"}), 1, 0)]
#[case::a_note_that_was_cut(json!({"type": "incident.annotated", "note": "Look", "data": {"trimmed": true}}), 1, 1)]
#[case::a_note_that_is_not_told(json!({"type": "incident.annotated"}), 1, 1)]
fn f40_only_an_event_that_a_change_of_ours_can_have_led_to_makes_a_run_deeper(
    #[case] change: Value,
    #[case] seconds_before: i64,
    #[case] depth: u32,
) {
    let mut world = after_a_change("  - wait: 1s\n", 0, seconds_before);
    world.event = event(change);

    assert_eq!(first_plan(&mut world).cursor.depth, depth);
}

#[test]
fn f40_the_deepest_change_counts_and_the_depth_that_the_incident_tells_as_well() {
    let mut world = after_a_change("  - wait: 1s\n", 3, 1);
    world.trail.changes.insert(0, world.trail.changes[&3].clone());
    assert_eq!(first_plan(&mut world).cursor.depth, 4);

    let mut world = after_a_change("  - wait: 1s\n", 0, 1);
    let mut execution = world.begin();
    execution.input.cause = RunCause::Event(of_run());
    execution.input.run.depth = 2;
    assert_eq!(world.plan(&mut execution).cursor.depth, 2);
}

/// A key of the form that runs give out.
const KEY: &str = "pgf-4-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// A run was at it from 30 seconds before the event to 10 seconds before.
#[rstest]
#[case::of_the_incident_that_it_created(KEY, true, json!(-20), 5)]
#[case::by_a_clock_that_is_behind(KEY, true, json!(-90), 5)]
#[case::that_took_its_time(KEY, true, json!(110), 5)]
#[case::without_a_time(KEY, true, Value::Null, 5)]
#[case::that_no_run_has_given_out(KEY, false, json!(-20), 0)]
#[case::that_no_run_has_given_out_with_a_depth_beyond_all(
    "pgf-4294967295-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false, json!(-20), 0)]
#[case::that_took_its_time_while_the_table_was_out_of_reach(KEY, true, json!(4 * 3_600 - 10), 5)]
#[case::that_was_copied_into_an_alert_later(KEY, true, json!(4 * 3_600 - 9), 0)]
#[case::that_was_copied_into_an_alert_days_later(KEY, true, json!(300_000), 0)]
#[case::that_an_incident_had_before(KEY, true, json!(-91), 0)]
fn f40_a_key_counts_where_a_run_of_ours_gave_it_out_for_that_incident(
    #[case] key: &str,
    #[case] is_given_out: bool,
    #[case] created: Value,
    #[case] depth: u32,
) {
    let mut world = World::new(parsed(&format!("{ON_RESOLVED}  - wait: 1s\n")));
    let at = |seconds: i64| start() + SignedDuration::from_secs(seconds);
    let created_at = created.as_i64().map(|seconds| at(seconds).to_string());
    world.event = event(json!({"incident": {"id": "P1", "incident_key": key, "created_at": created_at}}));
    let creation = OwnChange {
        action: "pagerduty.create_incident".to_owned(),
        since: at(-30),
        at: at(-10),
    };
    world.trail.creations.extend(is_given_out.then_some((4, creation)));

    let plan = first_plan(&mut world);

    assert_eq!(plan.cursor.depth, depth);
    assert_eq!(plan.command.type_name() == "fail", depth == 5);
}

/// A Plan that could not be written is made again for an hour or more, each time at the time of the first one.
#[rstest]
#[case::by_a_clock_that_is_right(3_000, 3_000)]
#[case::by_a_clock_that_is_behind(-600, 0)]
fn f40_a_marker_is_as_late_as_its_plan(#[case] late_by: i64, #[case] seconds: i64) {
    let mut world = World::new(parsed(&format!("{ON_RESOLVED}{RESOLVES}")));
    world.late_by = SignedDuration::from_secs(late_by);

    let marker = first_plan(&mut world).changes.unwrap().marker.unwrap();

    assert_eq!(marker.change.since, start());
    assert_eq!(marker.change.at, start() + SignedDuration::from_secs(seconds));
}

/// A later attempt leaves a later marker, and the event may tell of the first one.
#[test]
fn f40_a_change_counts_from_its_first_attempt_to_its_last() {
    let mut world = after_a_change("  - wait: 1s\n", 0, 600);
    world.trail.changes.get_mut(&0).unwrap().at = start() + SignedDuration::from_secs(300);
    assert_eq!(first_plan(&mut world).cursor.depth, 1);
}

#[test]
fn f40_the_fifth_run_that_follows_from_changes_does_nothing_not_even_on_failure() {
    let on_failure = format!("{RESOLVES}on_failure:\n{RESOLVES}");
    let mut world = after_a_change(&on_failure, 4, 1);

    let plan = first_plan(&mut world);

    assert_eq!(plan.command.type_name(), "fail");
    let changes = plan.changes.unwrap();
    assert_eq!((&changes.marker, &changes.counted), (&None, &None));
    let end = changes.end.unwrap();
    assert_eq!(why(&end).0, "Run.LoopStopped");
    assert!(why(&end).1.contains("makes or changes"), "{}", why(&end).1);
}

#[rstest]
#[case::few(19, 0, 0, true)]
#[case::too_many(20, 0, 0, false)]
#[case::just_before(0, 20, 0, false)]
#[case::a_while_before(0, 20, 31, true)]
#[case::evenly(5, 20, 300, true)]
#[case::evenly_and_too_many(10, 20, 300, false)]
fn f40_twenty_runs_of_a_workflow_begin_for_an_incident_in_ten_minutes(
    #[case] runs: u32,
    #[case] runs_before: u32,
    #[case] seconds: i64,
    #[case] goes_on: bool,
) {
    let mut world = World::new(parsed(&format!("{ON_RESOLVED}  - wait: 1s\n")));
    world.event = event(json!({}));
    world.now = start() + SignedDuration::from_secs(seconds);
    world.trail.runs = runs;
    world.trail.runs_before = runs_before;

    let plan = first_plan(&mut world);

    let changes = plan.changes.unwrap();
    if goes_on {
        assert_eq!(plan.command.name(), "wait");
        let counted = changes.counted.unwrap();
        assert_eq!((counted.incident.as_str(), counted.period), ("P1", period_of(start())));
    } else {
        let end = changes.end.unwrap();
        assert_eq!(why(&end).0, "Run.LoopStopped");
        assert!(
            why(&end)
                .1
                .contains("20 runs of the workflow w have begun for the incident P1")
        );
        assert_eq!(changes.counted, None, "it does nothing, so it does not count");
    }
}

#[test]
fn a_run_that_nobody_but_a_person_or_another_run_has_started_is_not_watched() {
    let mut world = after_a_change("  - wait: 1s\n", 4, 1);
    world.trail.runs = 20;
    let mut by_hand = world.begin();
    let plan = world.plan(&mut by_hand);
    assert_eq!((plan.command.name(), plan.cursor.depth), ("wait", 0));
    assert_eq!(plan.changes.unwrap().counted, None);
}
