//! F40: workflows that start themselves, and those that only look so.

use super::{Stage, arrival, play_calmly};
use pagerduty_simulator::{EffectKind, IncidentId};
use serde_json::{Value, json};
use std::time::Duration;
use workflow::ids::RunId;

const STOPPED: &str = "Run.LoopStopped";

impl Stage {
    /// Applies a workflow `w` of one step that events of a type start.
    fn on(&self, event_type: &str, step: &str) {
        self.apply(&format!(
            "name: w\non: {{ pagerduty: {{ integration: prod, events: [{event_type}] }} }}\nsteps:\n  - {{ {step} }}\n"
        ));
    }

    /// A new incident, as the data of events about it.
    fn incident(&self) -> Value {
        let delivery = self.world.ingress.delivery(&arrival("opened"));
        let mut delivery: Value = serde_json::from_slice(&delivery).unwrap();
        delivery["event"]["data"].take()
    }

    /// PagerDuty tells the workflow `w` of an event that happens now. Gives the run that starts, some time later.
    async fn told(&self, number: usize, event_type: &str, data: &Value, after: Duration) -> Option<RunId> {
        let delivery = json!({"event": {
            "id": format!("{event_type}-{number}"), "event_type": event_type, "resource_type": "incident",
            "occurred_at": self.world.clock.now().to_string(), "agent": {"id": "PUS1A7C", "type": "user_reference"},
            "client": null, "data": data,
        }});
        let workflow = "w".parse().unwrap();
        let run = self
            .world
            .ingress
            .take(&workflow, delivery.to_string().as_bytes())
            .await;
        tokio::time::sleep(after).await;
        run
    }

    fn is_stopped(&self, run: &RunId) -> bool {
        self.error(run).as_deref() == Some(STOPPED)
    }
}

fn resolve(with: &str) -> String {
    format!(
        "uses: pagerduty.resolve_incident, with: {{ integration: prod, incident_id: \"{{{{ event.incident.id }}}}\", from: \
         oncall@example.com{with} }}"
    )
}

#[test]
fn f40_a_workflow_that_resolves_what_was_resolved_stops_after_five_runs() {
    play_calmly(async |stage| {
        stage.on("incident.resolved", &resolve(""));
        let incident = stage.incident();
        let mut runs = 0;
        for number in 0..50 {
            let run = stage
                .told(number, "incident.resolved", &incident, Duration::from_secs(20))
                .await
                .expect("a run");
            if stage.is_stopped(&run) {
                break;
            }
            assert_eq!(stage.run(&run).depth, u32::try_from(number).unwrap());
            runs += 1;
        }
        stage.finish().await;

        assert_eq!(runs, 5);
    });
}

/// The note of a person, and those that runs leave.
fn note(incident: &Value, content: &str, trimmed: bool) -> Value {
    json!({"type": "incident_note", "id": "PNOTE", "content": content, "trimmed": trimmed,
           "incident": {"id": incident["id"], "type": "incident_reference", "summary": incident["title"]}})
}

#[test]
fn f40_a_workflow_that_answers_a_note_with_a_note_does_not_answer_itself() {
    play_calmly(async |stage| {
        stage.on("incident.annotated", &resolve(", note: Seen"));
        let incident = stage.incident();
        let human = note(&incident, "Looking into it", false);
        let run = stage
            .told(0, "incident.annotated", &human, Duration::from_secs(20))
            .await;
        let id = IncidentId::new(incident["id"].as_str().unwrap());
        let left = stage.world.account.notes(&id);
        assert_eq!(left.len(), 1);
        let ours = note(&incident, &left[0], false);

        let by_our_note = stage
            .told(1, "incident.annotated", &ours, Duration::from_secs(20))
            .await;
        stage.finish().await;

        assert_eq!(stage.error(&run.expect("a run")), None);
        assert_eq!(by_our_note, None);
    });
}

#[test]
fn f40_a_note_of_ours_that_was_cut_does_not_go_round_for_ever_either() {
    play_calmly(async |stage| {
        stage.on("incident.annotated", &resolve(", note: Seen"));
        let incident = stage.incident();
        let cut = note(&incident, "Seen", true);
        let mut runs = 0;
        for number in 0..50 {
            let run = stage
                .told(number, "incident.annotated", &cut, Duration::from_secs(20))
                .await;
            if stage.is_stopped(&run.expect("a run")) {
                break;
            }
            runs += 1;
        }
        stage.finish().await;

        assert_eq!(runs, 5);
    });
}

#[test]
fn f40_a_run_every_two_minutes_for_hours_on_a_long_incident_is_no_loop() {
    play_calmly(async |stage| {
        stage.on("incident.annotated", &resolve(", note: Seen"));
        let incident = stage.incident();
        for number in 0..120 {
            let human = note(&incident, "Still looking", false);
            let run = stage
                .told(number, "incident.annotated", &human, Duration::from_secs(120))
                .await
                .expect("a run");
            assert_eq!((stage.error(&run), stage.run(&run).depth), (None, 0), "run {number}");
        }
        stage.finish().await;
    });
}

#[test]
fn f40_a_resolution_every_three_minutes_by_people_is_no_loop() {
    play_calmly(async |stage| {
        stage.on("incident.resolved", &resolve(""));
        let incident = stage.incident();
        for number in 0..60 {
            let run = stage
                .told(number, "incident.resolved", &incident, Duration::from_secs(180))
                .await
                .expect("a run");
            assert_eq!(stage.error(&run), None, "run {number}");
        }
        stage.finish().await;
    });
}

#[test]
fn f40_more_than_twenty_runs_for_an_incident_in_ten_minutes_stop_until_it_is_calmer() {
    play_calmly(async |stage| {
        stage.on("incident.priority_updated", "set: { seen: true }");
        let (busy, other) = (stage.incident(), stage.incident());
        let mut stopped = 0;
        for number in 0..40 {
            let run = stage
                .told(number, "incident.priority_updated", &busy, Duration::from_secs(5))
                .await
                .expect("a run");
            stopped += usize::from(stage.is_stopped(&run));
        }
        let of_other = stage
            .told(40, "incident.priority_updated", &other, Duration::from_secs(20 * 60))
            .await
            .expect("a run");
        let later = stage
            .told(41, "incident.priority_updated", &busy, Duration::from_secs(5))
            .await
            .expect("a run");
        stage.finish().await;

        assert_eq!(stopped, 20);
        assert_eq!((stage.error(&of_other), stage.error(&later)), (None, None));
    });
}

/// Creates an incident, whatever starts it.
const CREATES: &str = "id: page, uses: pagerduty.create_incident, with: { integration: prod, title: x, service: PWIXJZS, \
                       escalation_policy: PT20YPA, from: oncall@example.com }";

impl Stage {
    /// The incident that a run has created just now, as the data of events about it.
    fn created_by(&self, run: &RunId) -> Value {
        let step = self.world.store.with(|tables| {
            let step = tables.steps.iter().find(|(place, _)| place.run == *run);
            step.and_then(|(_, step)| step.result.clone()).expect("a step")
        });
        let id = IncidentId::new(step.outputs["incident_id"].as_str().expect("an incident"));
        let mut data = self.incident();
        data["id"] = json!(id.as_str());
        let key = self
            .world
            .account
            .effects()
            .into_iter()
            .find_map(|effect| match effect.kind {
                EffectKind::Created { key, .. } if effect.incident == id => Some(key),
                _ => None,
            });
        data["incident_key"] = json!(key.expect("a key"));
        data["created_at"] = json!(self.world.clock.now().to_string());
        data
    }
}

#[test]
fn f40_a_workflow_that_creates_what_starts_it_stops_after_five_runs() {
    play_calmly(async |stage| {
        stage.on("incident.triggered", CREATES);
        let mut incident = stage.incident();
        let mut runs = 0;
        for number in 0..50 {
            let run = stage
                .told(number, "incident.triggered", &incident, Duration::from_secs(20))
                .await
                .expect("a run");
            if stage.is_stopped(&run) {
                break;
            }
            assert_eq!(stage.run(&run).depth, u32::try_from(number).unwrap());
            incident = stage.created_by(&run);
            runs += 1;
        }
        stage.finish().await;

        assert_eq!(runs, 5);
    });
}

#[test]
fn f40_an_alert_with_a_key_of_ours_in_it_stops_nothing() {
    play_calmly(async |stage| {
        stage.on("incident.triggered", CREATES);
        let mut incident = stage.incident();
        let first = stage
            .told(0, "incident.triggered", &incident, Duration::from_secs(20))
            .await
            .expect("a run");
        let genuine = stage.created_by(&first)["incident_key"].clone();
        tokio::time::sleep(Duration::from_secs(5 * 3_600)).await;
        for (number, key) in [json!("pgf-9-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), genuine]
            .into_iter()
            .enumerate()
        {
            incident["id"] = json!(format!("PFORGED{number}"));
            incident["incident_key"] = key;
            incident["created_at"] = json!(stage.world.clock.now().to_string());
            let run = stage
                .told(number + 1, "incident.triggered", &incident, Duration::from_secs(20))
                .await
                .expect("a run");
            assert_eq!(
                (stage.error(&run), stage.run(&run).depth),
                (None, 0),
                "{}",
                incident["incident_key"]
            );
        }
        stage.finish().await;
    });
}
