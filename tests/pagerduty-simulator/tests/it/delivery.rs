//! Order, retries, drops and switching off, with a clock of the test's own.

use http::Method;
use jiff::SignedDuration;
use pagerduty_simulator::Reply;
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, answered, column, event_types, header, text};

fn desk() -> (Desk, String) {
    let mut desk = Desk::new();
    let subscription = desk.subscribe(json!({"type": "account_reference"}));
    (desk, format!("/webhook_subscriptions/{}", text(&subscription["id"])))
}

fn states(desk: &Desk) -> Vec<Value> {
    column(&desk.pagerduty.deliveries(), "/state")
        .into_iter()
        .cloned()
        .collect()
}

fn switched_off(desk: &mut Desk, path: &str) -> Value {
    desk.get(path).1["webhook_subscription"]["delivery_method"]["temporarily_disabled"].clone()
}

#[rstest]
#[case(answered(500))]
#[case(answered(503))]
#[case(answered(429))]
#[case(Reply::TimedOut)]
#[case(Reply::Failed { reason: "connection refused".to_owned() })]
fn a_webhook_that_did_not_get_through_is_sent_again_unchanged(#[case] reply: Reply) {
    let (mut desk, _) = desk();
    desk.create(json!({}));
    let first = desk.pagerduty.take_due(desk.now).remove(0);
    desk.pagerduty.report(&first.webhook, reply, desk.now);

    let at_once = desk.pagerduty.take_due(desk.now);
    desk.wait(SignedDuration::from_secs(2));
    let later = desk.pagerduty.take_due(desk.now).remove(0);

    assert!(at_once.is_empty(), "an interval lies between two attempts");
    assert_eq!((&later.body, &later.headers), (&first.body, &first.headers));
    assert_eq!(header(&later, "x-webhook-id"), header(&first, "x-webhook-id"));
}

#[rstest]
#[case(400)]
#[case(401)]
#[case(404)]
#[case(410)]
#[case(301)]
fn a_refused_webhook_is_dropped(#[case] status: u16) {
    let (mut desk, _) = desk();
    desk.create(json!({}));

    desk.deliver(status);

    assert_eq!(states(&desk), ["dropped"]);
    assert_eq!(desk.pagerduty.next_due(), None);
}

#[test]
fn webhooks_of_one_incident_wait_for_each_other_and_those_of_others_do_not() {
    let (mut desk, _) = desk();
    let first = desk.create(json!({}));
    desk.change(&first, json!({"status": "acknowledged"}));
    desk.create(json!({}));

    let heads = desk.pagerduty.take_due(desk.now);
    for parcel in &heads {
        desk.pagerduty.report(&parcel.webhook, answered(500), desk.now);
    }
    desk.wait(SignedDuration::from_secs(2));
    let again = desk.deliver(202);

    assert_eq!(event_types(&heads), ["incident.triggered", "incident.triggered"]);
    assert_eq!(
        event_types(&again),
        ["incident.triggered", "incident.triggered", "incident.acknowledged"]
    );
}

#[test]
fn after_48_hours_a_webhook_is_given_up() {
    let (mut desk, _) = desk();
    desk.create(json!({}));
    desk.deliver(503);
    desk.wait(SignedDuration::from_hours(48));

    desk.deliver(503);

    assert_eq!(states(&desk), ["dropped"]);
}

#[test]
fn three_dropped_webhooks_in_a_row_switch_a_subscription_off_and_empty_its_queue() {
    let (mut desk, path) = desk();
    for _ in 0..2 {
        desk.create(json!({}));
        desk.deliver(400);
    }
    let before = switched_off(&mut desk, &path);
    let third = desk.create(json!({}));
    desk.change(&third, json!({"status": "resolved"}));
    desk.deliver(400);
    desk.create(json!({}));

    assert_eq!((before, switched_off(&mut desk, &path)), (json!(false), json!(true)));
    assert_eq!(states(&desk), ["dropped", "dropped", "dropped", "discarded"]);
}

#[test]
fn a_delivered_webhook_between_drops_starts_the_count_again() {
    let (mut desk, path) = desk();
    for status in [400, 400, 202, 400, 400] {
        desk.create(json!({}));
        desk.deliver(status);
    }

    assert_eq!(switched_off(&mut desk, &path), json!(false));
}

#[test]
fn a_subscription_comes_back_after_a_day() {
    let (mut desk, path) = desk();
    for _ in 0..3 {
        desk.create(json!({}));
        desk.deliver(400);
    }
    desk.wait(SignedDuration::from_hours(24));

    desk.create(json!({}));

    assert_eq!(switched_off(&mut desk, &path), json!(false));
    assert_eq!(event_types(&desk.deliver(202)), ["incident.triggered"]);
}

#[test]
fn a_subscription_comes_back_when_it_is_enabled() {
    let (mut desk, path) = desk();
    for _ in 0..3 {
        desk.create(json!({}));
        desk.deliver(400);
    }

    let (status, _) = desk.send(&desk.request(Method::POST, &format!("{path}/enable")));
    desk.create(json!({}));

    assert_eq!(status, 200);
    assert_eq!(desk.deliver(202).len(), 1);
}

#[test]
fn what_was_under_way_when_a_subscription_was_switched_off_is_not_tried_again() {
    let (mut desk, _) = desk();
    for _ in 0..4 {
        desk.create(json!({}));
    }
    let parcels = desk.pagerduty.take_due(desk.now);
    for (parcel, status) in parcels.iter().zip([400, 400, 400, 500]) {
        desk.pagerduty.report(&parcel.webhook, answered(status), desk.now);
    }

    assert_eq!(states(&desk), ["dropped", "dropped", "dropped", "discarded"]);
    assert_eq!(desk.pagerduty.next_due(), None);
}

#[test]
fn attempts_are_recorded_with_what_was_answered() {
    let (mut desk, _) = desk();
    desk.create(json!({}));
    let webhook = desk.pagerduty.take_due(desk.now).remove(0).webhook;
    desk.pagerduty.report(&webhook, Reply::TimedOut, desk.now);
    desk.wait(SignedDuration::from_secs(2));
    desk.pagerduty.take_due(desk.now);
    desk.pagerduty.report(
        &webhook,
        Reply::Answered {
            status: 202,
            body: "thanks".to_owned(),
        },
        desk.now,
    );

    let deliveries = desk.pagerduty.deliveries();

    assert_eq!(
        deliveries[0]["attempts"],
        json!([
            {"answered_at": "2026-03-01T08:00:00.000Z", "error": "timed out", "on_request": false},
            {"answered_at": "2026-03-01T08:00:02.000Z", "status": 202, "body": "thanks", "on_request": false},
        ])
    );
    assert_eq!(deliveries[0]["state"], "delivered");
}
