//! What a second attempt does, and that nobody is paged twice.

use super::*;
use crate::tests::world::example_with;
use action_tests::{assert_refused, now};
use http::Method;
use jiff::ToSpan;
use pagerduty_simulator::{EffectKind, Fault, FaultBody, FaultRule, Status, When};
use rstest::rstest;
use serde_json::json;
use workflow::action::Repeat;

/// The input of an attempt that a run makes.
fn attempt(action: Action, number: u32) -> Value {
    let mut input = example(action);
    input["idempotency_key"] = json!("pgf-0-key");
    input["attempt"] = json!(number);
    input["deadline"] = json!(now() + 1.minute());
    input
}

/// All writes of these methods fare like this, once.
fn break_next_write(world: &World, fault: &Fault) {
    for method in [Method::POST, Method::PUT] {
        let rule = FaultRule::next(&method, "/**", fault.clone());
        world.with_pagerduty(|pagerduty| pagerduty.add_fault(rule));
    }
}

fn only_reads(action: Action) -> bool {
    use Action::*;
    matches!(
        action,
        GetIncident | ListIncidents | ListAlerts | ListNotes | ListLogEntries | ListOncalls
    )
}

fn lost_answers() -> [Fault; 4] {
    [
        Fault::Reset(When::AfterEffect),
        Fault::Truncated,
        Fault::NotJson,
        Fault::Answer {
            status: 503,
            body: FaultBody::default(),
            when: When::AfterEffect,
        },
    ]
}

#[tokio::test]
async fn f6_f9_a_lost_answer_is_an_unknown_outcome_and_never_leads_to_a_second_effect() {
    for action in actions().filter(|action| !only_reads(*action)) {
        let calm = World::for_action(action).await;
        calm.done(&attempt(action, 1)).await;
        for fault in lost_answers() {
            let world = World::for_action(action).await;
            break_next_write(&world, &fault);

            let error = world.failed(&attempt(action, 1)).await;

            assert_refused(&error, "PagerDuty.OutcomeUnknown", &["Look in PagerDuty"]);
            assert_eq!(world.effects(), calm.effects(), "{action} {fault:?}");
            match &action.spec().repeat {
                Repeat::IsForbidden { look } => assert!(!look.is_empty(), "{action} says what to check"),
                Repeat::IsHarmless | Repeat::SetsState { .. } | Repeat::NeedsLook { .. } => {
                    world.with_pagerduty(|pagerduty| pagerduty.clear_faults());
                    world.done(&attempt(action, 2)).await;
                    // A second snooze only moves the end of the first.
                    if action != Action::SnoozeIncident {
                        assert_eq!(world.effects(), calm.effects(), "{action} {fault:?}, repeated");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn f1_f11_a_fault_before_the_effect_leads_to_one_effect() {
    for action in actions().filter(|action| !matches!(action.spec().repeat, Repeat::IsForbidden { .. })) {
        let calm = World::for_action(action).await;
        calm.done(&attempt(action, 1)).await;
        let world = World::for_action(action).await;
        break_next_write(&world, &Fault::Reset(When::BeforeEffect));

        let first = handle(&world.pagerduty, world.filled(&attempt(action, 1)), now()).await;
        assert_eq!(first.is_ok(), only_reads(action), "{action}");
        world.with_pagerduty(|pagerduty| pagerduty.clear_faults());
        world.done(&attempt(action, 2)).await;

        assert_eq!(world.effects(), calm.effects(), "{action}");
    }
}

#[tokio::test]
async fn f3_f4_a_rate_limit_is_told_and_nothing_was_done() {
    for action in actions() {
        for reset_seconds in [Some(20), None] {
            let world = World::for_action(action).await;
            let before = world.effects();
            let rule = FaultRule {
                method: None,
                path: "/**".to_owned(),
                skip: 0,
                times: None,
                fault: Fault::RateLimited { reset_seconds },
            };
            world.with_pagerduty(|pagerduty| pagerduty.add_fault(rule));

            let error = handle(&world.pagerduty, world.filled(&attempt(action, 1)), now())
                .await
                .unwrap_err();

            assert_eq!(error.failure().name, "PagerDuty.RateLimited", "{action}");
            assert_eq!(error.failure().retry_after_seconds, reset_seconds, "{action}");
            assert_eq!(world.effects(), before, "{action}");
        }
    }
}

/// PagerDuty has limits for single operations too: a storm of notes must not hold up the resolving of incidents.
#[tokio::test]
async fn f3_a_used_up_rate_limit_holds_back_the_same_action_of_the_same_integration_and_nothing_else() {
    let world = World::new().await;
    let rule = FaultRule {
        method: None,
        path: "/incidents/*/notes".to_owned(),
        skip: 0,
        times: Some(1),
        fault: Fault::RateLimited {
            reset_seconds: Some(20),
        },
    };
    world.with_pagerduty(|pagerduty| pagerduty.add_fault(rule));
    world.failed(&attempt(Action::AddNote, 1)).await;
    let asked = world.requests().len();

    let same = world.failed(&attempt(Action::AddNote, 1)).await;
    assert_refused(&same, "PagerDuty.RateLimited", &["nothing was sent"]);
    assert_eq!(world.requests().len(), asked);

    world.done(&attempt(Action::GetIncident, 1)).await;
    let mut elsewhere = attempt(Action::AddNote, 1);
    elsewhere["integration"] = json!("staging");
    // It is looked for, and does not exist.
    assert_refused(&world.failed(&elsewhere).await, "Integration.NotFound", &[]);
}

#[tokio::test]
async fn f13_what_reaches_people_is_not_sent_by_a_call_that_may_be_a_late_double() {
    for action in actions().filter(|action| matches!(action.spec().repeat, Repeat::IsForbidden { .. })) {
        let world = World::new().await;
        let mut input = attempt(action, 1);
        input["deadline"] = json!(now() + 49.seconds());

        let error = world.failed(&input).await;

        assert_refused(&error, "Step.DeadlineExceeded", &["at least a minute"]);
        assert_eq!(world.requests().len(), 0, "{action}");
    }
}

#[tokio::test]
async fn after_its_deadline_nothing_is_sent() {
    for action in actions() {
        let world = World::new().await;
        let mut input = attempt(action, 1);
        input["deadline"] = json!(now() - 1.second());

        assert_refused(&world.failed(&input).await, "Step.DeadlineExceeded", &[]);
        assert_eq!(world.requests().len(), 0, "{action}");
    }
}

#[tokio::test]
async fn a_resolved_incident_is_not_acknowledged_because_that_would_open_it_again() {
    let world = World::new().await;
    world.set_status(Status::Resolved);

    let error = world.failed(&attempt(Action::AcknowledgeIncident, 1)).await;

    assert_refused(&error, "PagerDuty.AlreadyResolved", &["reopen"]);
    assert_eq!(world.incident()["status"], "resolved");
    assert_eq!(world.requests().len(), 1, "it only looked");
}

#[tokio::test]
async fn an_acknowledged_incident_needs_no_second_acknowledgement() {
    let world = World::new().await;
    world.set_status(Status::Acknowledged);

    let output = world.done(&attempt(Action::AcknowledgeIncident, 1)).await;

    assert_eq!(output["status"], "acknowledged");
    assert_eq!(world.requests().len(), 1, "it only looked");
}

#[tokio::test]
async fn a_note_that_is_found_again_is_given_with_its_id() {
    let world = World::new().await;
    let first = world.done(&attempt(Action::AddNote, 1)).await;

    let second = world.done(&attempt(Action::AddNote, 2)).await;

    assert_eq!(second, first);
    let notes = world.effects().0;
    assert!(
        matches!(&notes[..], [EffectKind::Note(text)] if text.contains("[pagerflow ")),
        "{notes:?}"
    );
}

#[rstest]
#[case::keys_of_the_run(Value::Null, "pgf-0-key")]
#[case::own_key(json!("heap web-1"), "heap web-1")]
#[tokio::test]
async fn an_alert_that_is_triggered_again_is_the_same_alert(#[case] dedup_key: Value, #[case] expected: &str) {
    let world = World::new().await;
    let mut input = example_with(Action::TriggerAlert, "dedup_key", dedup_key);
    input["idempotency_key"] = json!("pgf-0-key");

    for number in [1, 2] {
        input["attempt"] = json!(number);
        assert_eq!(world.done(&input).await["dedup_key"], expected);
    }

    let created = world.effects().0;
    assert!(
        matches!(&created[..], [EffectKind::Created { key, .. }] if key == expected),
        "{created:?}"
    );
}

#[test]
fn the_planner_and_the_client_wait_equally_long_for_what_may_still_happen() {
    use pagerduty::error::{CARRIED_OUT_WITHIN, SHOWN_WITHIN};
    let settling = Action::ALL.iter().filter_map(|action| match &action.spec().repeat {
        Repeat::NeedsLook { settling } | Repeat::SetsState { settling } => {
            Some((settling.carried_out_seconds, settling.shown_seconds))
        }
        Repeat::IsHarmless | Repeat::IsForbidden { .. } => None,
    });
    let settling: Vec<_> = settling
        .map(|(done, shown)| (u64::from(done), u64::from(shown)))
        .collect();
    assert!(!settling.is_empty());
    assert!(
        settling
            .iter()
            .all(|known| *known == (CARRIED_OUT_WITHIN.as_secs(), SHOWN_WITHIN.as_secs()))
    );
}
