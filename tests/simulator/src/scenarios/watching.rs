//! Steps that wait for something about an incident: webhooks come to the shipped ingress, by the start-buffer to the runner, and wake lanes.

use super::{Stage, in_virtual_time, play_calmly};
use crate::{
    pagerduty::Status,
    store::StoreOdds,
    world::{BEGIN, Echoes, FunctionOdds, IngressOdds, Keeps, World, WorldOdds},
};
use jiff::SignedDuration;
use pagerduty_simulator::IncidentId;
use rstest::rstest;
use std::{collections::BTreeSet, time::Duration};
use workflow::{ids::RunId, planner::Outcome};

/// A workflow whose one step waits so.
fn waits(goal: &str) -> String {
    format!(
        "  - {{ id: news, wait_for: {{ integration: prod, incident_id: \"{{{{ event.incident.id }}}}\", {goal}, timeout: 12h }} }}\n"
    )
}

const ROLLBACK: &str = "events: [incident.annotated], when: \"'rollback' in event.note\"";
const ACKNOWLEDGED: &str = "status: [acknowledged, resolved]";

/// The longest that a wake takes where nothing goes wrong.
const AT_ONCE: SignedDuration = SignedDuration::from_secs(20);

/// The longest slice of these waits, and what surrounds it.
const SLICE: SignedDuration = SignedDuration::from_mins(17);

impl Stage {
    /// Applies a workflow of one step that waits, of whose events PagerDuty tells, and starts a run of it.
    async fn waiting_run(&self, goal: &str, events: &[&str]) -> RunId {
        let definition = self.apply_steps(&waits(goal));
        let triggering = Echoes {
            events: &["incident.triggered"],
            most: 0,
        };
        if !events.is_empty() {
            let events: BTreeSet<&str> = events.iter().copied().collect();
            self.world.ingress.subscribe(&definition.name, triggering, &events);
        }
        let run = self.event("e").await;
        tokio::time::sleep(Duration::from_mins(40)).await;
        run
    }

    /// The incident that a run watches.
    fn watched(&self, run: &RunId) -> IncidentId {
        let event = &self.world.ingress.started()[run].event;
        IncidentId::new(event["incident"]["id"].as_str().unwrap())
    }

    fn write_note(&self, run: &RunId, text: &str) {
        let incident = self.watched(run);
        self.world.account.leave_note(&incident, text, "manager@example.com");
    }

    /// The reason that the wait of a run has ended, and how long after that.
    fn ended(&self, run: &RunId, since: SignedDuration) -> (String, SignedDuration) {
        let result = self.result(run, "news");
        assert_eq!(result.outcome, Outcome::Success, "{}", self.trace());
        let at: jiff::Timestamp = result.outputs["at"].as_str().unwrap().parse().unwrap();
        let by = result.outputs["ended_by"].as_str().unwrap().to_owned();
        (by, at.duration_since(BEGIN + since))
    }

    fn since_begin(&self) -> SignedDuration {
        self.world.clock.now().duration_since(BEGIN)
    }
}

#[rstest]
#[case::at_its_own_url(false)]
#[case::at_the_url_of_the_integration(true)]
fn a_note_ends_the_wait_of_a_run_at_once_and_another_note_does_not(#[case] is_shared: bool) {
    let odds = WorldOdds {
        ingress: IngressOdds {
            is_shared,
            ..IngressOdds::default()
        },
        ..WorldOdds::calm()
    };
    super::play(&odds, async |stage| {
        let run = stage.waiting_run(ROLLBACK, &["incident.annotated"]).await;
        stage.write_note(&run, "still looking");
        tokio::time::sleep(Duration::from_mins(40)).await;
        let since = stage.since_begin();
        stage.write_note(&run, "please rollback");
        stage.finish().await;

        let (by, after) = stage.ended(&run, since);
        assert_eq!(by, "event");
        assert!(after < AT_ONCE, "{after:?}\n{}", stage.trace());
    });
}

#[rstest]
#[case::told(&["incident.acknowledged"], AT_ONCE)]
#[case::not_told(&[], SLICE)]
fn a_status_ends_the_wait_of_a_run_at_once_if_pagerduty_tells_and_at_the_next_look_if_not(
    #[case] events: &[&str],
    #[case] within: SignedDuration,
) {
    play_calmly(async |stage| {
        let run = stage.waiting_run(ACKNOWLEDGED, events).await;
        let since = stage.since_begin();
        let account = &stage.world.account;
        account
            .set_status(&stage.watched(&run), Status::Acknowledged, "manager@example.com")
            .unwrap();
        stage.finish().await;

        let (by, after) = stage.ended(&run, since);
        assert_eq!(by, "status");
        assert!(after < within, "{after:?}\n{}", stage.trace());
    });
}

/// Whatever goes wrong on the way: the delivery is acknowledged only when the event is in the queue, and the lane that is not woken finds it.
#[test]
fn f21_an_event_that_runs_wait_for_is_never_lost_and_at_most_late() {
    for seed in 0..30 {
        let odds = WorldOdds {
            functions: FunctionOdds {
                plans: 0.1,
                events: 0.4,
                cold: 0.3,
                ..FunctionOdds::default()
            },
            store: StoreOdds {
                faults: 0.15,
                ..StoreOdds::default()
            },
            ingress: IngressOdds {
                crashes: 0.4,
                is_shared: seed % 2 == 0,
            },
            queues: 0.4,
            ..WorldOdds::calm()
        };
        in_virtual_time(async {
            let stage = Stage {
                world: World::new(seed, &odds, Keeps::All),
            };
            let run = stage.waiting_run(ROLLBACK, &["incident.annotated"]).await;
            let since = stage.since_begin();
            stage.write_note(&run, "please rollback");
            stage.finish().await;

            let (by, after) = stage.ended(&run, since);
            assert_eq!(by, "event", "seed {seed}");
            // Deliveries are repeated for an hour, and messages of the queue.
            assert!(after < SLICE + SignedDuration::from_hours(2), "seed {seed}: {after:?}");
        });
    }
}
