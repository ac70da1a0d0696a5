//! Late events: `on.pagerduty.only_while` in the simulated system.

use super::{Stage, arrival, play_calmly, play_on_the_way};
use crate::{
    pagerduty::{Course, Fault, Outage, When},
    reference::Place,
    world::{Arrival, BEGIN},
};
use http::StatusCode;
use jiff::SignedDuration;
use workflow::{
    ids::{LanePath, RunId, Section, StepPath},
    planner::Outcome,
};

impl Stage {
    /// Applies a workflow `w` with this guard.
    fn guarded(&self, only_while: &str, rest: &str) {
        self.apply(&format!(
            "name: w\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered], only_while: {only_while} }} }}\n{rest}\n\
             steps:\n  - {{ id: ticket, CREATE }}\n"
        ));
    }

    /// Delivers an event whose incident has been resolved meanwhile.
    async fn late_event(&self, id: &str) -> RunId {
        let late = Arrival {
            is_late: true,
            ..arrival(id)
        };
        self.world
            .ingress
            .deliver(&"w".parse().unwrap(), &late)
            .await
            .expect("a run")
    }
}

#[test]
fn a_late_event_does_nothing_and_one_in_time_does_its_steps() {
    play_calmly(async |stage| {
        stage.guarded("[triggered, acknowledged]", "");
        let in_time = stage.event("in-time").await;
        let late = stage.late_event("late").await;
        stage.finish().await;

        assert_eq!(stage.run(&in_time).status, "succeeded");
        assert_eq!(stage.outcome(&in_time, "ticket"), Outcome::Success);
        let run = stage.run(&late);
        assert_eq!((run.status, run.error), ("skipped", None));
        assert_eq!(stage.created(), 1);
    });
}

#[test]
fn a_late_run_makes_no_other_run_of_its_key_be_skipped_or_cancelled() {
    for policy in ["skip", "cancel", "wait"] {
        play_calmly(async |stage| {
            let concurrency = format!("concurrency: {{ key: same, policy: {policy} }}");
            stage.guarded("[triggered, acknowledged]", &concurrency);
            let late = stage.late_event("late").await;
            let in_time = stage.event("in-time").await;
            let later = stage.late_event("later").await;
            stage.finish().await;

            assert_eq!(stage.run(&in_time).status, "succeeded", "{policy}");
            assert_eq!(stage.outcome(&in_time, "ticket"), Outcome::Success);
            assert_eq!(
                [late, later].map(|run| stage.run(&run).status),
                ["skipped"; 2],
                "{policy}"
            );
            assert_eq!(stage.created(), 1);
        });
    }
}

#[test]
fn a_look_outlasts_an_outage_and_its_attempts_are_written_down() {
    let outage = Outage {
        during: BEGIN..BEGIN + SignedDuration::from_secs(180),
        fault: Fault::Status(When::BeforeEffect, StatusCode::INTERNAL_SERVER_ERROR),
        otherwise: Course::default(),
    };
    play_on_the_way(outage, async |stage| {
        stage.guarded("[triggered, acknowledged]", "");
        let late = stage.late_event("late").await;
        stage.finish().await;

        assert_eq!(stage.run(&late).status, "skipped");
        let look = Place {
            run: late,
            lane: LanePath::main(),
            step: StepPath::top(Section::OnlyWhile, 0),
        };
        let look = stage.world.store.with(|tables| tables.steps[&look].clone());
        assert!(look.attempts > 1, "{look:?}");
        assert_eq!(look.result.unwrap().outputs["status"], "resolved");
    });
}

#[test]
fn runs_whose_key_is_null_are_not_in_each_others_way() {
    for (key, policy) in [
        ("{{ event.incident.priority }}", "skip"),
        ("svc-{{ event.incident.priority }}", "cancel"),
    ] {
        play_calmly(async |stage| {
            stage.apply(&format!(
                "name: w\non: {{ pagerduty: {{ integration: prod, events: [incident.triggered] }} }}\nconcurrency: {{ key: {key:?}, \
                 policy: {policy} }}\nsteps:\n  - {{ id: ticket, CREATE }}\n  - wait: 10s\n"
            ));
            let (first, second) = (stage.event("first").await, stage.event("second").await);
            stage.finish().await;

            assert_eq!(
                [first, second].map(|run| stage.run(&run).status),
                ["succeeded"; 2],
                "{key}"
            );
            assert_eq!(stage.created(), 2);
            assert!(
                stage.world.store.with(|tables| tables.locks.is_empty()),
                "no lock was taken"
            );
        });
    }
}
