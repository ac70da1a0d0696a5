//! `on.pagerduty.only_while`: the look at the event's incident before a run does anything.

use super::*;
use crate::{
    run::{CalledBy, ReplayOf, RunBody, RunCause, Subject, WebhookKind},
    triggers::IncidentStatus,
};
use rstest::rstest;

const LOOK: &str = "pagerduty.get_incident";

/// A workflow with this guard, and with this concurrency if there is any.
fn world(only_while: &str, concurrency: &str) -> World {
    World::new(parsed(&format!(
        "name: w\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered], only_while: {only_while} }} }}\n\
         timeout: 1h\n{concurrency}\nsteps:\n  - {}\non_failure:\n  - {}\n",
        page("mine"),
        page("failed")
    )))
}

fn of_policy(policy: &str) -> World {
    world(
        "[triggered, acknowledged]",
        &format!("concurrency: {{ key: \"{{{{ event.incident.id }}}}\", policy: {policy} }}"),
    )
}

fn found(status: &str) -> Answer {
    Answer::Success(json!({"incident_id": "P1", "title": "t", "status": status}))
}

/// Answers the look like this, and all other calls well.
fn looking(mut look: impl FnMut(usize) -> Answer + 'static) -> impl FnMut(&str, usize) -> Answer {
    let mut looks = 0;
    move |name, _| match name {
        LOOK => {
            looks += 1;
            look(looks)
        }
        _ => created(),
    }
}

fn event() -> RunEvent {
    RunEvent {
        webhook: WebhookKind::V3,
        event_id: "e".to_owned(),
        event_type: "incident.triggered".to_owned(),
        body: RunBody::Table {},
        filter_error: None,
    }
}

impl World {
    /// The execution of a run that an event has started.
    fn begin_by_event(&self) -> Execution {
        let mut execution = self.begin();
        execution.input.cause = RunCause::Event(event());
        execution
    }

    fn finish_by_event(&mut self) -> LaneEnd {
        let mut execution = self.begin_by_event();
        self.run(&mut execution);
        self.end_of(&execution)
    }
}

#[test]
fn a_run_does_its_steps_exactly_if_the_incident_has_one_of_the_statuses() {
    let all = ["triggered", "acknowledged", "resolved"];
    for subset in 1..8_usize {
        let wanted: Vec<&str> = (0..3)
            .filter(|bit| subset & (1 << bit) != 0)
            .map(|bit| all[bit])
            .collect();
        for status in all {
            let mut world = world(&format!("[{}]", wanted.join(", ")), "").answering(looking(move |_| found(status)));
            let end = world.finish_by_event();
            if wanted.contains(&status) {
                assert_eq!(world.calls, [LOOK, "mine"], "{status} of {wanted:?}");
                assert_eq!(end, success());
            } else {
                assert_eq!(world.calls, [LOOK], "{status} of {wanted:?}");
                let LaneEnd::Skipped { reason } = end else {
                    panic!("{end:?}");
                };
                assert!(reason.contains(&format!("the incident P1 was {status}")), "{reason}");
                assert!(reason.contains(&wanted.join(" or ")), "{reason}");
            }
        }
    }
}

#[test]
fn a_status_that_nobody_knows_yet_stops_no_run() {
    let mut world = world("[triggered]", "").answering(looking(|_| found("snoozed")));
    assert_eq!(world.finish_by_event(), success());
    assert_eq!(world.calls, [LOOK, "mine"]);
    assert_eq!(IncidentStatus::parse("snoozed"), None);
}

#[rstest]
#[case::started_by_hand(RunCause::Hand { by: None })]
#[case::called_by_another_workflow(RunCause::Called {
    by: CalledBy {
        started_by: None,
        run: "caller".parse().unwrap(),
        lane: LanePath::main(),
        step: StepPath::top(crate::ids::Section::Steps, 0),
        nesting: 1,
        deadline: Timestamp::MAX,
    },
    event: Some(Subject::Event(event())),
})]
#[case::replayed(RunCause::Replay { of: ReplayOf::nothing("before".parse().unwrap(), 1), event: Some(Subject::Event(event())) })]
fn a_run_that_no_event_has_started_does_not_look(#[case] cause: RunCause) {
    let mut world = world("[triggered]", "");
    let mut execution = world.begin_by_event();
    execution.input.cause = cause;
    world.run(&mut execution);
    assert_eq!(world.calls, ["mine"]);
}

#[test]
fn a_look_is_tried_again_like_any_action_and_written_down() {
    let mut world = world("[triggered]", "").answering(looking(|look| match look {
        1 => failure("PagerDuty.Unavailable"),
        2 => failure("PagerDuty.RateLimited"),
        3 => failure("Sandbox.Timedout"),
        _ => found("triggered"),
    }));
    let mut execution = world.begin_by_event();
    let plan = world.plan(&mut execution);
    let path: StepPath = "only_while.00000".parse().unwrap();
    let record = &plan.changes.unwrap().steps[&path];
    assert_eq!(record.id.as_ref().unwrap().as_str(), "only_while");
    assert!(matches!(&record.change, StepChange::AttemptStarted { input, .. } if input["incident_id"] == "P1"));
    execution.answer = Some(failure("PagerDuty.Unavailable"));
    world.run(&mut execution);
    assert_eq!(world.end_of(&execution), success());
    assert_eq!(world.calls, [LOOK, LOOK, LOOK, LOOK, "mine"]);
    let result = &world.results[&(execution.input.run.id.clone(), LanePath::main(), path)];
    assert_eq!(
        (result.outcome, &result.outputs["status"]),
        (Outcome::Success, &json!("triggered"))
    );
}

#[test]
fn an_incident_that_pagerduty_does_not_show_yet_is_looked_for_again() {
    let mut world = world("[triggered]", "").answering(looking(|look| match look {
        1..=3 => failure("PagerDuty.NotFound"),
        _ => found("triggered"),
    }));
    assert_eq!(world.finish_by_event(), success());
    assert_eq!(world.calls, [LOOK, LOOK, LOOK, LOOK, "mine"]);
    assert_eq!(world.now.duration_since(start()).as_secs(), 30);
}

#[rstest]
#[case("PagerDuty.NotFound", "another account")]
#[case("PagerDuty.Unauthorized", "`only_while` (pagerduty.get_incident) failed")]
#[case("PagerDuty.Unavailable", "failed after 8 attempts")]
fn a_look_that_comes_to_nothing_fails_the_run_where_people_see_it(#[case] error: &'static str, #[case] said: &str) {
    let mut world = world("[triggered]", "").answering(looking(move |_| failure(error)));
    let end = world.finish_by_event();
    assert_eq!(why(&end).0, error);
    assert!(why(&end).1.contains(said), "{}", why(&end).1);
    assert_eq!(world.calls.last().unwrap(), "failed");
    assert!(!world.calls.contains(&"mine".to_owned()));
}

#[test]
fn an_event_without_an_incident_fails_the_run() {
    let mut world = world("[triggered]", "");
    world.event = json!({"id": "e", "incident": {"id": null, "title": "t"}});
    let end = world.finish_by_event();
    assert!(why(&end).1.contains("`incident_id` is missing"), "{}", why(&end).1);
    assert_eq!(world.calls, ["failed"]);
}

#[test]
fn another_execution_that_takes_the_run_over_looks_again_and_goes_on() {
    for answered in [false, true] {
        let mut world = world("[triggered]", "").answering(looking(|_| found("triggered")));
        let mut lost = world.begin_by_event();
        world.plan(&mut lost);
        if answered {
            lost.answer = Some(found("triggered"));
            world.plan(&mut lost);
        }
        let input = RunInput {
            part: Some(crate::run::Part {
                lane: LanePath::main(),
                generation: 1,
                attempt: 1,
            }),
            ..lost.input.clone()
        };
        let mut next = world.child(&input).unwrap();
        world.run(&mut next);
        assert_eq!(world.end_of(&next), success());
        assert_eq!(world.calls, if answered { vec!["mine"] } else { vec![LOOK, "mine"] });
    }
}

#[test]
fn a_run_that_is_cancelled_while_it_looks_does_nothing() {
    let mut world = world("[triggered]", "");
    let mut execution = world.begin_by_event();
    world.plan(&mut execution);
    let marks = world.marks.entry(execution.input.run.id.clone()).or_default();
    marks.insert(CancelMark::run());
    execution.answer = Some(found("triggered"));
    world.run(&mut execution);
    assert!(matches!(world.end_of(&execution), LaneEnd::Cancelled { .. }));
    assert_eq!(world.calls, [""; 0]);
}

fn held() -> LockView {
    LockView {
        lock: Lock {
            version: 3,
            holder: Some("other".parse().unwrap()),
            queue: Vec::new(),
            until: None,
        },
        ended: BTreeSet::new(),
    }
}

#[rstest]
#[case("skip")]
#[case("cancel")]
fn a_late_run_that_does_nothing_is_in_nobodys_way(#[case] policy: &str) {
    for lock in [LockView::default(), held()] {
        let mut world = of_policy(policy).answering(looking(|_| found("resolved")));
        world.lock = lock.clone();
        let end = world.finish_by_event();
        assert!(
            matches!(&end, LaneEnd::Skipped { reason } if reason.contains("only_while")),
            "{end:?}"
        );
        assert_eq!(world.lock, lock, "it takes no lock");
        assert_eq!(world.marks.get(&"other".parse().unwrap()), None, "it cancels nobody");
    }
}

#[test]
fn a_run_that_looks_before_its_turn_takes_its_turn_then() {
    let begin = |policy: &str, lock: LockView| {
        let mut world = of_policy(policy).answering(looking(|_| found("triggered")));
        world.lock = lock;
        let end = world.finish_by_event();
        (world, end)
    };
    let (world, end) = begin("skip", LockView::default());
    assert_eq!(
        (world.calls.as_slice(), end),
        ([LOOK, "mine"].map(str::to_owned).as_slice(), success())
    );
    let own = RunId::for_event(&"w".parse().unwrap(), "e");
    assert_eq!(world.lock.lock.holder, Some(own.clone()));
    let (world, end) = begin("skip", held());
    assert!(matches!(end, LaneEnd::Skipped { reason } if reason.contains("the run other")));
    assert_eq!(world.calls, [LOOK]);
    let (world, end) = begin("cancel", held());
    assert_eq!(end, success());
    assert_eq!(world.lock.lock.holder, Some(own));
    assert!(world.marks.contains_key(&"other".parse().unwrap()));
}

#[test]
fn a_run_that_waits_for_its_turn_looks_when_it_has_it() {
    let mut world = of_policy("wait").answering(looking(|_| found("resolved")));
    world.lock = held();
    let mut execution = world.begin_by_event();
    for _ in 0..3 {
        let plan = world.plan(&mut execution);
        assert_eq!(plan.command.name(), "wait");
        world.now += SignedDuration::from_secs(15);
    }
    world.lock.ended.insert("other".parse().unwrap());
    assert_eq!(world.plan(&mut execution).command.name(), LOOK);
    execution.answer = Some(found("resolved"));
    world.run(&mut execution);
    assert!(matches!(world.end_of(&execution), LaneEnd::Skipped { .. }));
    assert_eq!(world.calls, [""; 0]);
}

#[test]
fn a_step_of_the_author_may_have_the_id_of_the_look() {
    let mut world = World::new(parsed(&format!(
        "name: w\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered], only_while: [triggered] }} }}\nsteps:\n\
         \x20 - {{ id: only_while, set: {{ a: 1 }} }}\n  - {}\n",
        page("{{ steps.only_while.outputs }}!")
    )))
    .answering(looking(|_| found("triggered")));
    assert_eq!(world.finish_by_event(), success());
    assert_eq!(world.calls, [LOOK, "{}!"]);
}
