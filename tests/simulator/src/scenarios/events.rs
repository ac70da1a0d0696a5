//! Alerts and changes that meet a fault on their way to PagerDuty's Events API.

use super::{Stage, play_on_the_way};
use crate::pagerduty::{Course, Delivery, EffectKind, Fault, Script, Status, When};
use http::StatusCode;
use rstest::rstest;
use std::time::Duration;
use workflow::planner::Outcome;

const TO: &str = "integration: prod, routing_key: checkout";

fn trigger(id: &str, rest: &str) -> String {
    let with = format!("{TO}, summary: Disk full, source: web-1, severity: critical{rest}");
    format!("  - {{ id: {id}, uses: pagerduty.trigger_alert, with: {{ {with} }} }}\n")
}

fn resolve(id: &str, key: &str) -> String {
    format!("  - {{ id: {id}, uses: pagerduty.resolve_alert, with: {{ {TO}, dedup_key: \"{key}\" }} }}\n")
}

/// What happened to alerts, in order.
fn told(stage: &Stage) -> Vec<&'static str> {
    let effects = stage.world.account.effects().into_iter();
    let told = effects.filter(|effect| effect.by.is_none());
    told.filter_map(|effect| match effect.kind {
        EffectKind::Created { .. } => Some("opened"),
        EffectKind::Status(Status::Acknowledged) => Some("acknowledged"),
        EffectKind::Status(Status::Resolved) => Some("resolved"),
        _ => None,
    })
    .collect()
}

#[rstest]
#[case::f6_reset(Fault::Reset(When::AfterEffect))]
#[case::f6_silent(Fault::Silent(When::AfterEffect))]
#[case::f6_gateway(Fault::Status(When::AfterEffect, StatusCode::GATEWAY_TIMEOUT))]
#[case::f6_cut(Fault::Cut)]
#[case::f6_shortened(Fault::Shortened)]
#[case::f6_late(Fault::Late(Duration::from_secs(14)))]
#[case::f6_twice(Fault::Twice { apart: Duration::from_secs(1), answered: Delivery::Second })]
fn f6_an_alert_whose_answer_was_lost_is_opened_once(#[case] fault: Fault) {
    play_on_the_way(Script::new([Course::with(fault)]), async |stage| {
        stage.apply_steps(&trigger("alert", ""));
        let run = stage.event("e").await;
        stage.finish().await;

        let step = stage.step(&run, "alert");
        let result = step.result.unwrap();
        assert_eq!(result.outcome, Outcome::Success, "{}", stage.trace());
        assert_eq!(result.outputs["dedup_key"].as_str(), step.effect_key.as_deref());
        assert_eq!(told(&stage), ["opened"]);
    });
}

#[test]
fn a_late_request_does_not_open_an_alert_again_that_the_run_has_resolved() {
    let late = Course::with(Fault::Late(Duration::from_secs(29)));
    play_on_the_way(Script::new([late]), async |stage| {
        let close = resolve("close", "{{ steps.alert.outputs.dedup_key }}");
        stage.apply_steps(&(trigger("alert", "") + &close));
        let run = stage.event("e").await;
        stage.finish().await;

        assert_eq!(stage.outcome(&run, "close"), Outcome::Success);
        assert_eq!(told(&stage), ["opened", "resolved"]);
    });
}

#[test]
fn a_late_request_does_not_resolve_an_alert_that_came_after_it() {
    let late = Course::with(Fault::Late(Duration::from_secs(29)));
    play_on_the_way(Script::new([late]), async |stage| {
        stage.apply_steps(&(resolve("close", "disk") + &trigger("alert", ", dedup_key: disk")));
        let run = stage.event("e").await;
        stage.finish().await;

        assert_eq!(stage.outcome(&run, "alert"), Outcome::Success);
        assert_eq!(told(&stage), ["opened"]);
    });
}

#[rstest]
#[case::f9_reset(Fault::Reset(When::AfterEffect), 1)]
#[case::f9_silent(Fault::Silent(When::AfterEffect), 1)]
#[case::f9_late(Fault::Late(Duration::from_secs(29)), 1)]
#[case::f9_cut(Fault::Cut, 1)]
#[case::f9_gateway_before(Fault::Status(When::BeforeEffect, StatusCode::BAD_GATEWAY), 0)]
fn f9_a_change_of_which_it_is_not_known_whether_it_was_recorded_is_not_sent_again(
    #[case] fault: Fault,
    #[case] recorded: usize,
) {
    play_on_the_way(Script::new([Course::with(fault)]), async |stage| {
        stage.apply_steps(&format!(
            "  - {{ uses: pagerduty.send_change_event, with: {{ {TO}, summary: Deployed }} }}\n"
        ));
        let run = stage.event("e").await;
        stage.finish().await;

        let error = stage.run(&run).error.unwrap();
        assert_eq!(error.name, "PagerDuty.OutcomeUnknown");
        assert!(error.message.contains("recent changes"), "{error:?}");
        assert_eq!(stage.world.account.changes().len(), recorded);
    });
}
