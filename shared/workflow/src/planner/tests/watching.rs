//! Waits for something about an incident: a status is looked at, an event is remembered.

use super::*;
use rstest::rstest;

const STATUS: &str = "
  - id: ack
    wait_for:
      integration: prod
      incident_id: P1
      status: [acknowledged, resolved]
      timeout: 30m
";

const EVENT: &str = "
  - id: note
    wait_for:
      integration: prod
      incident_id: \"{{ event.incident.id }}\"
      events: [incident.annotated]
      when: \"'rollback' in event.note\"
      timeout: 30m
";

fn incident(status: &str) -> Answer {
    Answer::Success(json!({"id": "P1", "status": status, "title": "disk"}))
}

/// An incident that has one status until a time, counted in seconds from the start, and another one from then on.
fn until_then(mut world: World, then: i64, before: &'static str, after: &'static str) -> World {
    let then = start() + SignedDuration::from_secs(then);
    world.answers = Box::new(move |_, _, now| incident(if now < then { before } else { after }));
    world
}

/// An event of the incident `P1` that occurred, and came, so many seconds after the start.
fn event(event_type: &str, id: &str, occurred: i64, came: i64, note: &str) -> (Timestamp, String, IncidentEvent) {
    let after = |seconds| start() + SignedDuration::from_secs(seconds);
    let place = EventPlace {
        occurred_at: after(occurred),
        id: id.to_owned(),
    };
    let value =
        json!({"id": id, "type": event_type, "occurred_at": place.occurred_at, "note": note, "incident": {"id": "P1"}});
    let event = IncidentEvent {
        place,
        event_type: event_type.to_owned(),
        value: Some(value),
    };
    (after(came), "P1".to_owned(), event)
}

fn seconds(world: &World) -> i64 {
    world.now.duration_since(start()).as_secs()
}

#[test]
fn a_status_that_the_incident_has_already_is_no_wait() {
    let mut world = World::of(STATUS).answering(|_, _| incident("resolved"));
    assert_eq!(world.finish(), success());
    assert_eq!(
        world.outputs("ack"),
        json!({
            "ended_by": "status", "at": START, "status": "resolved",
            "incident": {"id": "P1", "status": "resolved", "title": "disk"},
        })
    );
    assert_eq!((world.calls.len(), world.now), (1, start()));
    assert!(world.watched.is_empty());
}

/// PagerDuty tells of a change some seconds late, and perhaps not at all.
#[rstest]
#[case::at_the_second_look(10, 15)]
#[case::at_the_third(16, 60)]
#[case::at_the_fourth(200, 300)]
#[case::at_the_fifth(600, 900)]
#[case::when_the_time_is_over(1_700, 1_800)]
fn a_status_of_which_no_event_comes_is_noticed_at_the_next_look(#[case] then: i64, #[case] noticed: i64) {
    let mut world = until_then(World::of(STATUS), then, "triggered", "acknowledged");
    assert_eq!(world.finish(), success());
    assert_eq!(world.outputs("ack")["status"], "acknowledged");
    assert_eq!(seconds(&world), noticed);
}

#[test]
fn an_event_has_it_looked_at_once_and_again_soon() {
    let mut world = until_then(World::of(STATUS), 410, "triggered", "acknowledged");
    world.events = vec![event("incident.acknowledged", "01", 400, 401, "")];
    assert_eq!(world.finish(), success());
    assert_eq!(seconds(&world), 416, "the look at 401 was too early for PagerDuty");
    assert_eq!(world.calls.len(), 6, "at 0, 15, 60, 300, 401 and 416 seconds");
}

#[test]
fn an_event_of_another_type_or_incident_does_not_wake_it() {
    let mut world = World::of(STATUS).answering(|_, _| incident("triggered"));
    let mut of_another = event("incident.acknowledged", "02", 400, 401, "");
    of_another.1 = "P2".to_owned();
    world.events = vec![event("incident.annotated", "01", 400, 401, ""), of_another];
    let mut execution = world.begin();
    world.plan(&mut execution);
    execution.answer = Some(incident("triggered"));
    let plan = world.plan(&mut execution);
    assert!(matches!(plan.command, Command::Await { .. }));
    world.now += SignedDuration::from_secs(10);
    let plan = world.plan(&mut execution);
    assert!(matches!(plan.command, Command::Await { .. }), "{:?}", plan.command);
}

#[rstest]
#[case::fails("", Err("Step.TimedOut"))]
#[case::fails_as_said("      on_timeout: fail\n", Err("Step.TimedOut"))]
#[case::goes_on("      on_timeout: continue\n", Ok("triggered"))]
fn a_status_that_does_not_come_ends_as_the_author_says(#[case] on_timeout: &str, #[case] expected: Result<&str, &str>) {
    let mut world = World::of(&format!("{STATUS}{on_timeout}")).answering(|_, _| incident("triggered"));
    let end = world.finish();
    assert_eq!(seconds(&world), 1_800);
    match expected {
        Err(name) => {
            let (failed, message) = why(&end);
            assert_eq!(failed, name);
            assert!(
                message.contains("acknowledged or resolved did not come within 30m; the incident is triggered"),
                "{message}"
            );
        }
        Ok(status) => {
            let outputs = world.outputs("ack");
            assert_eq!(
                (&outputs["ended_by"], &outputs["status"]),
                (&json!("timeout"), &json!(status))
            );
        }
    }
    assert!(world.watched.is_empty());
}

#[test]
fn a_look_that_fails_for_a_while_does_not_end_the_wait() {
    let mut world = World::of(STATUS).answering(|_, call| match call < 7 {
        true => failure("PagerDuty.Unavailable"),
        false => incident("acknowledged"),
    });
    assert_eq!(world.finish(), success());
    assert_eq!(world.outputs("ack")["status"], "acknowledged");
}

#[rstest]
#[case::fails("", Err("PagerDuty.Unavailable"))]
#[case::goes_on("      on_timeout: continue\n", Ok(Value::Null))]
fn where_pagerduty_cannot_be_asked_at_all_the_author_decides(
    #[case] on_timeout: &str,
    #[case] expected: Result<Value, &str>,
) {
    let mut world = World::of(&format!("{STATUS}{on_timeout}")).answering(|_, _| failure("PagerDuty.Unavailable"));
    let end = world.finish();
    match expected {
        Err(name) => assert_eq!(why(&end).0, name),
        Ok(status) => {
            let outputs = world.outputs("ack");
            assert_eq!((&outputs["ended_by"], &outputs["status"]), (&json!("timeout"), &status));
        }
    }
}

#[rstest]
#[case("PagerDuty.NotFound")]
#[case("PagerDuty.Unauthorized")]
fn a_look_that_can_never_succeed_fails_the_step(#[case] name: &'static str) {
    let mut world = World::of(STATUS).answering(move |_, _| failure(name));
    let end = world.finish();
    assert_eq!(why(&end).0, name);
    assert!(seconds(&world) < 60 && world.watched.is_empty());
}

#[test]
fn an_event_ends_the_wait_if_its_condition_holds() {
    let mut world = World::of(EVENT);
    world.events = vec![
        event("incident.annotated", "01", 60, 61, "looking"),
        event("incident.annotated", "02", 120, 121, "did a rollback"),
    ];
    assert_eq!(world.finish(), success());
    let outputs = world.outputs("note");
    assert_eq!(
        (&outputs["ended_by"], &outputs["event"]["id"]),
        (&json!("event"), &json!("02"))
    );
    assert_eq!((seconds(&world), world.calls.len()), (121, 0), "nothing is asked");
    assert!(world.watched.is_empty());
}

#[test]
fn an_event_that_came_before_the_wait_counts_if_it_occurred_after_the_run_began() {
    let mut world = World::of(&format!("  - wait: 5m\n{EVENT}"));
    world.events = vec![
        event("incident.annotated", "00", -10, 1, "rollback of yesterday"),
        event("incident.annotated", "01", 60, 61, "rollback"),
    ];
    assert_eq!(world.finish(), success());
    assert_eq!(world.outputs("note")["event"]["id"], "01");
    assert_eq!(seconds(&world), 300);
}

#[test]
fn an_event_ends_one_wait_of_a_lane_and_no_second_one() {
    let next = EVENT.replace("id: note", "id: next");
    let mut world = World::of(&format!("{EVENT}{next}"));
    world.events = vec![
        event("incident.annotated", "01", 60, 61, "rollback"),
        event("incident.annotated", "02", 600, 601, "rollback again"),
        // PagerDuty sends it again.
        event("incident.annotated", "01", 60, 300, "rollback"),
    ];
    assert_eq!(world.finish(), success());
    let ids = (
        world.outputs("note")["event"]["id"].clone(),
        world.outputs("next")["event"]["id"].clone(),
    );
    assert_eq!(ids, (json!("01"), json!("02")));
}

#[test]
fn an_event_that_is_late_counts_although_a_later_one_has_come() {
    let mut world = World::of(EVENT);
    world.events = vec![
        event("incident.annotated", "02", 120, 121, "looking"),
        event("incident.annotated", "01", 60, 300, "rollback"),
    ];
    assert_eq!(world.finish(), success());
    assert_eq!(
        (world.outputs("note")["event"]["id"].clone(), seconds(&world)),
        (json!("01"), 300)
    );
}

#[test]
fn an_event_of_the_last_moment_counts() {
    let mut world = World::of(EVENT);
    world.events = vec![event("incident.annotated", "01", 1_799, 1_800, "rollback")];
    assert_eq!(world.finish(), success());
    assert_eq!(world.outputs("note")["ended_by"], "event");
}

#[rstest]
#[case::fails("", Err("Step.TimedOut"))]
#[case::goes_on("      on_timeout: continue\n", Ok(()))]
fn an_event_that_does_not_come_ends_as_the_author_says(#[case] on_timeout: &str, #[case] expected: Result<(), &str>) {
    let mut world = World::of(&format!("{EVENT}{on_timeout}"));
    let end = world.finish();
    assert_eq!(seconds(&world), 1_800);
    match expected {
        Err(name) => assert_eq!(why(&end).0, name),
        Ok(()) => assert_eq!(
            world.outputs("note"),
            json!({"ended_by": "timeout", "at": "2026-11-22T10:30:00Z", "event": null})
        ),
    }
}

#[test]
fn a_condition_that_cannot_be_evaluated_fails_the_step() {
    let mut world = World::of(&EVENT.replace("'rollback' in event.note", "event.data.count > 3"));
    world.events = vec![event("incident.annotated", "01", 60, 61, "rollback")];
    assert_eq!(why(&world.finish()).0, "Template.Error");
}

#[test]
fn an_event_that_was_too_large_to_be_kept_ends_a_wait_without_a_condition() {
    let large = || {
        let (at, incident, event) = event("incident.annotated", "01", 60, 61, "");
        vec![(at, incident, IncidentEvent { value: None, ..event })]
    };
    let mut world = World::of(&EVENT.replace("      when: \"'rollback' in event.note\"\n", ""));
    world.events = large();
    assert_eq!(world.finish(), success());
    assert_eq!(world.outputs("note")["event"], Value::Null);
    let mut world = World::of(EVENT);
    world.events = large();
    assert_eq!(why(&world.finish()).0, "Event.Unreadable");
}

#[test]
fn a_cancelled_lane_watches_no_longer() {
    for steps in [STATUS, EVENT] {
        let mut world = World::of(steps).answering(|_, _| incident("triggered"));
        let mut execution = world.begin();
        let mut plan = world.plan(&mut execution);
        if let Command::Action { .. } = plan.command {
            execution.answer = Some(incident("triggered"));
            plan = world.plan(&mut execution);
        }
        assert!(matches!(plan.command, Command::Await { .. }));
        assert_eq!(world.watched.len(), 1);
        let marks = world.marks.entry(execution.input.run.id.clone()).or_default();
        marks.insert(CancelMark::run());
        let changes = world.plan(&mut execution).changes.unwrap();
        assert!(matches!(changes.end, Some(LaneEnd::Cancelled { .. })));
        assert!(world.watched.is_empty());
    }
}

#[test]
fn the_end_of_the_lane_ends_the_wait_and_nothing_is_looked_at_then() {
    let source = format!(
        "name: w\ntimeout: 1h\nsteps:\n  - wait: 45m\n{STATUS}on_failure:\n  - {}\n",
        page("told")
    );
    let mut world = World::new(parsed(&source)).answering(|name, _| match name {
        "told" => created(),
        _ => incident("triggered"),
    });
    let end = world.finish();
    assert_eq!(why(&end).0, "Run.DeadlineExceeded");
    assert_eq!(world.calls.last().map(String::as_str), Some("told"));
    assert!(world.watched.is_empty());
}

#[test]
fn an_execution_that_takes_the_lane_over_looks_again() {
    let mut world = World::of(STATUS).answering(|_, _| incident("acknowledged"));
    let mut execution = world.begin();
    world.plan(&mut execution);
    let mut other = Execution {
        found: execution.cursor.take().map(Found::Left),
        ..execution
    };
    world.run(&mut other);
    assert_eq!(world.outputs("ack")["ended_by"], "status");
}

#[test]
fn an_incident_must_be_named_by_its_id() {
    let mut world = World::of(&EVENT.replace("{{ event.incident.id }}", "{{ event.incident.title }}"));
    let end = world.finish();
    assert_eq!(why(&end).0, "Input.Invalid");
    assert!(world.watched.is_empty());
}

#[test]
fn a_run_for_an_event_counts_from_that_event_on() {
    let mut world = World::of(EVENT);
    world.event["occurred_at"] = json!("2026-11-22T09:50:00Z");
    let mut execution = world.begin();
    execution.input.cause = RunCause::Event(RunEvent {
        webhook: crate::run::WebhookKind::V3,
        event_id: "e".to_owned(),
        event_type: "incident.triggered".to_owned(),
        body: crate::run::RunBody::Table {},
        filter_error: None,
    });
    world.events = vec![
        event("incident.annotated", "00", -601, 1, "rollback"),
        event("incident.annotated", "01", -300, 1, "rollback"),
    ];
    world.run(&mut execution);
    assert_eq!(world.outputs("note")["event"]["id"], "01");
}

#[test]
fn an_event_ends_a_wait_that_was_just_written() {
    let mut world = World::of(EVENT);
    let mut execution = world.begin();
    world.plan(&mut execution);
    let (run, cursor) = (&execution.input.run.id, execution.cursor.as_ref().unwrap());
    let mut known = Known::default();
    assert!(!has_been_ended(run, cursor, &known));
    known.events = vec![event("incident.annotated", "01", 60, 61, "looking").2];
    assert!(has_been_ended(run, cursor, &known));
}

/// A Plan that has taken note of an event is not woken by it again.
#[test]
fn an_event_wakes_once() {
    let mut world = World::of(EVENT);
    world.events = vec![event("incident.annotated", "01", 0, 0, "looking")];
    let mut execution = world.begin();
    world.plan(&mut execution);
    world.now += SignedDuration::from_secs(1);
    let plan = world.plan(&mut execution);
    assert!(matches!(plan.command, Command::Await { .. }));
    let known = Known {
        events: vec![world.events[0].2.clone()],
        ..Known::default()
    };
    assert!(!has_been_ended(&execution.input.run.id, &plan.cursor, &known));
}
