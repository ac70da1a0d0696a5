//! `POST /incidents/{id}/status_updates` and `/responder_requests`.

use pagerduty_simulator::{EffectKind, Seed};
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, column, error, event, event_types, invalid, text};

fn publish(desk: &mut Desk, incident: &Value, body: &Value) -> (u16, Value) {
    desk.post(&format!("/incidents/{}/status_updates", text(&incident["id"])), body)
}

fn ask(desk: &mut Desk, incident: &Value, body: &Value) -> (u16, Value) {
    desk.post(
        &format!("/incidents/{}/responder_requests", text(&incident["id"])),
        body,
    )
}

fn request(targets: &Value) -> Value {
    json!({"requester_id": "PUS1A7C", "message": "Please join", "responder_request_targets": targets})
}

fn user(id: &str) -> Value {
    json!({"responder_request_target": {"id": id, "type": "user_reference"}})
}

#[test]
fn a_status_update_is_answered_with_its_sender_and_told_to_webhooks() {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));
    desk.subscribe(json!({"type": "account_reference"}));

    let (status, body) = publish(&mut desk, &incident, &json!({"message": "We restart it"}));

    let update = &body["status_update"];
    assert_eq!(status, 200);
    assert_eq!(
        (&update["message"], &update["sender"]["id"]),
        (&json!("We restart it"), &json!("PUS1A7C"))
    );
    assert_eq!(update["created_at"], "2026-03-01T08:00:00Z");
    let parcels = desk.deliver(202);
    assert_eq!(event_types(&parcels), ["incident.status_update_published"]);
    let data = &event(&parcels[0])["data"];
    assert_eq!(
        (&data["type"], &data["incident"]["id"]),
        (&json!("incident_status_update"), &incident["id"])
    );
    assert_eq!(
        (&data["id"], &data["message"], &data["trimmed"]),
        (&update["id"], &json!("We restart it"), &json!(false))
    );
}

#[rstest]
#[case::no_message(json!({}), "Message cannot be empty.")]
#[case::empty(json!({"message": " "}), "Message cannot be empty.")]
#[case::subject_alone(json!({"message": "x", "subject": "y"}), "subject and html_message must be given together")]
#[case::html_alone(json!({"message": "x", "html_message": "y"}), "subject and html_message must be given together")]
fn a_status_update_that_lacks_something_is_refused(#[case] body: Value, #[case] explanation: &str) {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));

    assert_eq!(publish(&mut desk, &incident, &body), (400, invalid(explanation)));
}

#[test]
fn a_status_update_needs_somebody_and_can_have_a_mail_of_its_own() {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));
    let mail = json!({"message": "x", "subject": "Database", "html_message": "<p>x</p>"});

    let (_, body) = publish(&mut desk, &incident, &mail);
    desk = desk.without_from();
    let (status, refused) = publish(&mut desk, &incident, &mail);

    assert_eq!(body["status_update"]["html_message"], "<p>x</p>");
    assert_eq!((status, &refused["error"]["code"]), (400, &json!(2016)));
}

#[test]
fn users_and_policies_are_asked_to_join_and_from_is_not_needed() {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));
    desk.subscribe(json!({"type": "account_reference"}));
    desk = desk.without_from();
    let policy = json!({"responder_request_target": {"id": "PT31ZQB", "type": "escalation_policy_reference"}});

    let (status, body) = ask(&mut desk, &incident, &request(&json!([user("PUS1A7C"), policy])));

    let request = &body["responder_request"];
    assert_eq!(status, 200);
    assert_eq!(
        (&request["requester"]["id"], &request["requested_at"]),
        (&json!("PUS1A7C"), &json!("2026-03-01T08:00:00Z"))
    );
    assert_eq!(
        column(
            &request["responder_request_targets"],
            "/responder_request_target/incidents_responders/0/user/id"
        ),
        ["PUS1A7C", "PUS2B8D"]
    );
    let parcels = desk.deliver(202);
    assert_eq!(event_types(&parcels), ["incident.responder.added"; 2]);
    let data = &event(&parcels[1])["data"];
    assert_eq!(
        (&data["type"], &data["state"]),
        (&json!("incident_responder"), &json!("pending"))
    );
    assert_eq!(
        (&data["user"]["id"], &data["escalation_policy"]["id"]),
        (&json!("PUS2B8D"), &json!("PT31ZQB"))
    );
    assert_eq!(event(&parcels[0])["data"]["escalation_policy"], Value::Null);
    assert_eq!(
        desk.pagerduty.effects().last().unwrap().kind,
        EffectKind::ResponderRequest("Please join".to_owned())
    );
}

#[rstest]
#[case::no_requester(json!({"message": "x", "responder_request_targets": [user("PUS1A7C")]}), 400, 2011)]
#[case::unknown_requester(json!({"requester_id": "PNO", "message": "x", "responder_request_targets": [user("PUS1A7C")]}), 400, 1008)]
#[case::stakeholder(json!({"requester_id": "PUS3C9E", "message": "x", "responder_request_targets": [user("PUS1A7C")]}), 403, 1018)]
#[case::no_message(json!({"requester_id": "PUS1A7C", "responder_request_targets": [user("PUS1A7C")]}), 400, 2001)]
#[case::nobody(json!({"requester_id": "PUS1A7C", "message": "x", "responder_request_targets": []}), 400, 2001)]
#[case::unknown_user(request(&json!([user("PNO")])), 400, 2013)]
#[case::unknown_policy(
    request(&json!([{"responder_request_target": {"id": "PNO", "type": "escalation_policy_reference"}}])),
    400,
    1014
)]
fn a_request_that_can_not_be_sent_is_refused(#[case] body: Value, #[case] status: u16, #[case] code: u32) {
    let mut desk = Desk::new();
    let incident = desk.create(json!({}));

    let (answered, body) = ask(&mut desk, &incident, &body);

    assert_eq!((answered, &body["error"]["code"]), (status, &json!(code)), "{body}");
}

#[test]
fn without_the_ability_nobody_can_be_asked() {
    let mut desk = Desk::with_seed(Seed {
        abilities: Vec::new(),
        ..Seed::default()
    });
    let incident = desk.create(json!({}));

    let answer = ask(&mut desk, &incident, &request(&json!([user("PUS1A7C")])));

    assert_eq!(answer, (402, error("Missing Account Ability", 2014, &[])));
}
