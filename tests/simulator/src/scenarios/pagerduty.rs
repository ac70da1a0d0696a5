//! PagerDuty is slow, down or wrong.

use super::{CREATE, Stage, play_on_the_way};
use crate::{
    pagerduty::{Course, Delivery, EffectKind, Fault, Outage, Script, Status, Step, TraceEvent, When},
    step_functions::EventKind,
    world::BEGIN,
};
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use std::time::Duration;
use workflow::planner::Outcome;

const TICKET: &str = "  - { id: ticket, CREATE }\n";

fn outage(seconds: i64, status: StatusCode) -> Outage<Course> {
    Outage {
        during: BEGIN..BEGIN + SignedDuration::from_secs(seconds),
        fault: Fault::Status(When::BeforeEffect, status),
        otherwise: Course::default(),
    }
}

/// The times at which requests of a method were sent.
fn sent(stage: &Stage, method: &Method) -> Vec<Timestamp> {
    let trace = stage.world.pagerduty.trace();
    let sent = trace.into_iter().filter_map(|TraceEvent { at, step, .. }| match step {
        Step::Sent { method: own, .. } if own == *method => Some(at),
        _ => None,
    });
    sent.collect()
}

#[test]
fn f1_an_outage_of_three_minutes_is_outlasted_with_one_incident() {
    play_on_the_way(outage(180, StatusCode::INTERNAL_SERVER_ERROR), async |stage| {
        stage.apply_steps(TICKET);
        let run = stage.event("e").await;
        stage.finish().await;

        assert_eq!(stage.outcome(&run, "ticket"), Outcome::Success);
        assert!(
            stage.step(&run, "ticket").attempts > 1,
            "the history shows the attempts"
        );
        assert_eq!(stage.created(), 1);
    });
}

#[test]
fn f2_an_outage_of_six_hours_fails_the_run_and_on_failure_runs() {
    play_on_the_way(outage(6 * 3600, StatusCode::SERVICE_UNAVAILABLE), async |stage| {
        stage.apply_steps(&format!(
            "{TICKET}on_failure:\n  - {{ id: told, set: {{ why: \"{{{{ failure.name }}}}\" }} }}\n"
        ));
        let run = stage.event("e").await;
        stage.finish().await;

        let error = stage.run(&run).error.unwrap();
        assert_eq!(error.name, "PagerDuty.Unavailable");
        assert!(
            error.message.contains("step `ticket`") && error.message.contains("start the run again"),
            "{error:?}"
        );
        assert_eq!(stage.outcome(&run, "told"), Outcome::Success);
        assert_eq!(stage.created(), 0);
    });
}

#[rstest]
#[case::f3_as_asked(Some("20"), 20, 24)]
#[case::f4_without_a_time(None, 30, 36)]
#[case::f5_far_away(Some("999999"), 300, 360)]
#[case::f5_negative(Some("-1"), 30, 36)]
#[case::f5_no_number(Some("abc"), 30, 36)]
fn a_rate_limit_is_waited_out_in_a_wait_state(#[case] reset: Option<&str>, #[case] least: i64, #[case] most: i64) {
    let reset = reset.map(str::to_owned);
    let script = Script::new([Course::with(Fault::RateLimited { reset })]);
    play_on_the_way(script, async |stage| {
        stage.apply_steps(TICKET);
        let run = stage.event("e").await;
        stage.finish().await;

        assert_eq!(stage.outcome(&run, "ticket"), Outcome::Success);
        let posts = sent(&stage, &Method::POST);
        let apart = posts[1].duration_since(posts[0]).as_secs();
        assert!((least..=most).contains(&apart), "{apart} s");
        // No function slept: the time passed in the state machine.
        let wait = EventKind::StateExited(crate::step_functions::StateType::Wait).to_string();
        assert!(stage.trace().contains(&wait));
        assert_eq!(stage.created(), 1);
    });
}

#[rstest]
#[case::f6_reset(Fault::Reset(When::AfterEffect))]
#[case::f6_silent(Fault::Silent(When::AfterEffect))]
#[case::f6_gateway(Fault::Status(When::AfterEffect, StatusCode::GATEWAY_TIMEOUT))]
#[case::f6_cut(Fault::Cut)]
#[case::f6_shortened(Fault::Shortened)]
#[case::f6_late(Fault::Late(Duration::from_secs(14)))]
#[case::f6_twice(Fault::Twice { apart: Duration::from_secs(1), answered: Delivery::Second })]
fn f6_an_incident_whose_answer_was_lost_is_adopted(#[case] fault: Fault) {
    play_on_the_way(Script::new([Course::with(fault)]), async |stage| {
        stage.apply_steps(TICKET);
        let run = stage.event("e").await;
        stage.finish().await;

        assert_eq!(stage.outcome(&run, "ticket"), Outcome::Success, "{}", stage.trace());
        assert_eq!(stage.created(), 1);
    });
}

const ON_THE_EVENTS_INCIDENT: &str = "integration: prod, incident_id: '{{ event.incident.id }}'";

/// What happened to incidents beside their statuses.
fn told(stage: &Stage) -> Vec<EffectKind> {
    let kinds = stage.world.account.effects().into_iter().map(|effect| effect.kind);
    let is_told = |kind: &EffectKind| matches!(kind, EffectKind::Note(_) | EffectKind::ResponderRequest(_));
    kinds.filter(is_told).collect()
}

#[rstest]
#[case::f6_reset(Fault::Reset(When::AfterEffect))]
#[case::f6_silent(Fault::Silent(When::AfterEffect))]
#[case::f6_gateway(Fault::Status(When::AfterEffect, StatusCode::GATEWAY_TIMEOUT))]
#[case::f6_cut(Fault::Cut)]
fn f6_a_note_whose_answer_was_lost_is_left_once(#[case] fault: Fault) {
    play_on_the_way(Script::new([Course::with(fault)]), async |stage| {
        stage.apply_steps(&format!(
            "  - {{ id: note, uses: pagerduty.add_note, with: {{ {ON_THE_EVENTS_INCIDENT}, note: Seen. }} }}\n"
        ));
        let run = stage.event("e").await;
        stage.finish().await;

        assert_eq!(stage.outcome(&run, "note"), Outcome::Success, "{}", stage.trace());
        assert_eq!(told(&stage).len(), 1);
    });
}

#[rstest]
#[case::f9_reset(Fault::Reset(When::AfterEffect), 1)]
#[case::f9_silent(Fault::Silent(When::AfterEffect), 1)]
#[case::f9_gateway(Fault::Status(When::AfterEffect, StatusCode::GATEWAY_TIMEOUT), 1)]
#[case::f9_gateway_before(Fault::Status(When::BeforeEffect, StatusCode::BAD_GATEWAY), 0)]
fn f9_people_are_paged_at_most_once_and_the_run_says_what_to_check(#[case] fault: Fault, #[case] pages: usize) {
    play_on_the_way(Script::new([Course::with(fault)]), async |stage| {
        stage.apply_steps(&format!(
            "  - {{ id: help, uses: pagerduty.add_responders, with: {{ {ON_THE_EVENTS_INCIDENT}, message: Help, users: [PUS2B8D], \
             requester: PUS1A7C }} }}\n"
        ));
        let run = stage.event("e").await;
        stage.finish().await;

        let error = stage.run(&run).error.unwrap();
        assert_eq!(error.name, "PagerDuty.OutcomeUnknown");
        assert!(
            error.message.contains("whether the incident's responders have them"),
            "{error:?}"
        );
        assert_eq!(told(&stage).len(), pages);
    });
}

#[test]
fn f7_an_incident_that_somebody_resolved_meanwhile_is_adopted_too() {
    play_on_the_way(
        Script::new([Course::with(Fault::Reset(When::AfterEffect))]),
        async |stage| {
            stage.apply_steps(TICKET);
            let run = stage.event("e").await;
            // Before the second attempt comes.
            tokio::time::sleep(Duration::from_secs(4)).await;
            let key = stage.step(&run, "ticket").effect_key.unwrap();
            let incident = stage.world.account.created(&key).remove(0);
            let by = "manager@example.com";
            stage.world.account.set_status(&incident, Status::Resolved, by).unwrap();
            stage.finish().await;

            let result = stage.result(&run, "ticket");
            assert_eq!(
                (result.outcome, &result.outputs["status"]),
                (Outcome::Success, &"resolved".into())
            );
            assert_eq!(stage.created(), 1);
        },
    );
}

#[test]
fn f8_an_incident_that_lists_do_not_show_yet_is_adopted_when_they_do() {
    let lag = Duration::from_secs(60);
    let stale = Course {
        lag,
        ..Course::default()
    };
    let script = [Course::with(Fault::Reset(When::AfterEffect))]
        .into_iter()
        .chain(vec![stale; 6]);
    play_on_the_way(Script::new(script), async |stage| {
        stage.apply_steps(TICKET);
        let run = stage.event("e").await;
        stage.finish().await;

        assert_eq!(stage.outcome(&run, "ticket"), Outcome::Success);
        assert!(stage.step(&run, "ticket").attempts > 2);
        assert_eq!(stage.created(), 1);
    });
}

#[test]
fn an_incident_that_pagerduty_does_not_know_yet_is_resolved_once_by_the_run_that_created_it() {
    let resolve = "  - { id: close, uses: pagerduty.resolve_incident, retry: { max_attempts: 1 }, with: { integration: prod, \
                   incident_id: \"{{ steps.ticket.outputs.incident_id }}\", from: oncall@example.com, note: Closed } }\n";
    play_on_the_way(Script::new([]), async |stage| {
        let lag = SignedDuration::from_secs(15);
        stage.world.account.with(|rules, _| rules.set_incident_lag(lag));
        stage.apply_steps(&format!("{TICKET}{resolve}"));
        let run = stage.event("e").await;
        stage.finish().await;

        assert_eq!(stage.outcome(&run, "close"), Outcome::Success);
        assert!(stage.step(&run, "close").attempts > 2, "it came too early at first");
        let notes = stage.world.account.effects().into_iter();
        let notes = notes.filter(|effect| matches!(effect.kind, EffectKind::Note(_)));
        assert_eq!((stage.created(), notes.count()), (1, 1));
    });
}

#[test]
fn a_late_acknowledgement_does_not_reopen_an_incident_that_the_run_has_resolved() {
    let on_ticket = |id, action| {
        let with = "integration: prod, incident_id: \"{{ steps.ticket.outputs.incident_id }}\"";
        format!("  - {{ id: {id}, uses: pagerduty.{action}, with: {{ {with} }} }}\n")
    };
    let (seen, close) = (
        on_ticket("seen", "acknowledge_incident"),
        on_ticket("close", "resolve_incident"),
    );
    let late = Course::with(Fault::Late(Duration::from_secs(29)));
    let script = [Course::default(), Course::default(), late];
    play_on_the_way(Script::new(script), async |stage| {
        stage.apply_steps(&format!("{TICKET}{seen}{close}"));
        let run = stage.event("e").await;
        stage.finish().await;

        assert_eq!(stage.outcome(&run, "close"), Outcome::Success);
        assert!(stage.step(&run, "seen").attempts > 1, "its answer was late");
        let key = stage.step(&run, "ticket").effect_key.unwrap();
        let incident = stage.world.account.created(&key).remove(0);
        let mut effects = stage.world.account.effects().into_iter();
        let last = effects.rfind(|effect| effect.incident == incident).unwrap().kind;
        assert_eq!(last, EffectKind::Status(Status::Resolved));
    });
}

#[test]
fn f9_a_note_whose_answer_was_lost_is_not_left_twice() {
    let resolve = "  - { id: close, uses: pagerduty.resolve_incident, with: { integration: prod, incident_id: \"{{ \
                   event.incident.id }}\", from: oncall@example.com, note: Closed } }\n";
    let script = [Course::default(), Course::with(Fault::Reset(When::AfterEffect))];
    play_on_the_way(Script::new(script), async |stage| {
        stage.apply_steps(resolve);
        let run = stage.event("e").await;
        stage.finish().await;

        assert_eq!(stage.outcome(&run, "close"), Outcome::Success);
        let notes = stage.world.account.effects().into_iter();
        let notes = notes.filter(|effect| matches!(effect.kind, crate::pagerduty::EffectKind::Note(_)));
        assert_eq!(notes.count(), 1);
    });
}

#[test]
fn an_answer_that_says_no_is_not_asked_for_again() {
    play_on_the_way(Course::default(), async |stage| {
        stage.apply_steps(&format!(
            "  - {{ id: ticket, {} }}\n",
            CREATE.replace("PWIXJZS", "PSVC3D1")
        ));
        let run = stage.event("e").await;
        stage.finish().await;

        assert_eq!(stage.error(&run).as_deref(), Some("PagerDuty.InvalidRequest"));
        assert_eq!(sent(&stage, &Method::POST).len(), 1);
    });
}
