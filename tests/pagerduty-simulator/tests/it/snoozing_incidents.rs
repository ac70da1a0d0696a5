//! `POST /incidents/{id}/snooze`.

use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, error, event, event_types, text};

fn snooze(desk: &mut Desk, incident: &Value, body: &Value) -> (u16, Value) {
    desk.post(&format!("/incidents/{}/snooze", text(&incident["id"])), body)
}

fn acknowledged(desk: &mut Desk) -> Value {
    let created = desk.create(json!({}));
    desk.change(&created, json!({"status": "acknowledged"}))
}

#[test]
fn a_snoozed_incident_stays_acknowledged_and_tells_when_it_wakes() {
    let mut desk = Desk::new();
    let incident = acknowledged(&mut desk);

    let (status, body) = snooze(&mut desk, &incident, &json!({"duration": 3600}));

    assert_eq!((status, &body["incident"]["status"]), (201, &json!("acknowledged")));
    assert_eq!(
        body["incident"]["pending_actions"],
        json!([{"type": "unacknowledge", "at": "2026-03-01T09:00:00Z"}])
    );
}

#[test]
fn a_second_snooze_moves_the_end() {
    let mut desk = Desk::new();
    let incident = acknowledged(&mut desk);
    snooze(&mut desk, &incident, &json!({"duration": 3600}));
    desk.wait(SignedDuration::from_mins(1));

    let (_, body) = snooze(&mut desk, &incident, &json!({"duration": 60}));

    assert_eq!(body["incident"]["pending_actions"][0]["at"], "2026-03-01T08:02:00Z");
}

#[test]
fn when_the_snooze_is_over_the_incident_is_triggered_again_and_nobody_did_it() {
    let mut desk = Desk::new();
    desk.subscribe(json!({"type": "account_reference"}));
    let incident = acknowledged(&mut desk);
    snooze(&mut desk, &incident, &json!({"duration": 60}));
    desk.deliver(202);
    desk.wait(SignedDuration::from_secs(59));
    assert_eq!(event_types(&desk.deliver(202)), [""; 0]);
    desk.wait(SignedDuration::from_secs(1));

    let parcels = desk.deliver(202);

    assert_eq!(event_types(&parcels), ["incident.unacknowledged"]);
    assert_eq!(event(&parcels[0])["agent"], Value::Null);
    assert_eq!(event(&parcels[0])["occurred_at"], "2026-03-01T08:01:00.000Z");
    let (_, body) = desk.get(&format!("/incidents/{}", text(&incident["id"])));
    assert_eq!(body["incident"]["status"], "triggered");
    assert_eq!(body["incident"]["pending_actions"], json!([]));
}

#[test]
fn the_end_of_a_snooze_is_due_like_a_webhook() {
    let mut desk = Desk::new();
    let incident = acknowledged(&mut desk);
    snooze(&mut desk, &incident, &json!({"duration": 90}));

    assert_eq!(desk.pagerduty.next_due(), Some("2026-03-01T08:01:30Z".parse().unwrap()));
}

#[test]
fn another_status_ends_a_snooze() {
    let mut desk = Desk::new();
    let incident = acknowledged(&mut desk);
    snooze(&mut desk, &incident, &json!({"duration": 60}));
    desk.change(&incident, json!({"status": "resolved"}));
    desk.wait(SignedDuration::from_mins(2));

    let (_, body) = desk.get(&format!("/incidents/{}", text(&incident["id"])));

    assert_eq!(body["incident"]["status"], "resolved");
}

#[test]
fn only_an_acknowledged_incident_can_be_snoozed() {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));

    let answer = snooze(&mut desk, &incident, &json!({"duration": 60}));

    assert_eq!(answer, (400, error("Incident is not Acknowledged", 1012, &[])));
}

#[rstest]
#[case::none(json!({}), false)]
#[case::zero(json!({"duration": 0}), false)]
#[case::a_second(json!({"duration": 1}), true)]
#[case::seven_days(json!({"duration": 604_800}), true)]
#[case::longer(json!({"duration": 604_801}), false)]
#[case::text(json!({"duration": "60"}), false)]
fn a_snooze_is_a_second_to_seven_days_long(#[case] body: Value, #[case] accepted: bool) {
    let mut desk = Desk::new();
    let incident = acknowledged(&mut desk);

    let (status, answer) = snooze(&mut desk, &incident, &body);

    let code = &answer["error"]["code"];
    let expected = if accepted {
        (201, Value::Null)
    } else {
        (400, json!(1013))
    };
    assert_eq!((status, code), (expected.0, &expected.1));
}

#[test]
fn somebody_must_snooze() {
    let mut desk = Desk::new();
    let incident = acknowledged(&mut desk);
    desk = desk.without_from();

    let (status, body) = snooze(&mut desk, &incident, &json!({"duration": 60}));

    assert_eq!((status, &body["error"]["code"]), (400, &json!(2016)));
}
