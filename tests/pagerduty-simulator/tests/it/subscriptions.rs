//! `/webhook_subscriptions`.

use http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, column, event_types, invalid, subscription, text};

fn account() -> Value {
    json!({"type": "account_reference"})
}

fn path(subscription: &Value) -> String {
    format!("/webhook_subscriptions/{}", text(&subscription["id"]))
}

#[test]
fn the_secret_is_told_once_to_whoever_creates() {
    let mut desk = Desk::new();

    let created = desk.subscribe(account());
    let read = desk.get(&path(&created)).1["webhook_subscription"].clone();

    assert_eq!(text(&created["delivery_method"]["secret"]).len(), 64);
    assert_eq!(read["delivery_method"]["secret"], Value::Null);
    assert_eq!(read["id"], created["id"]);
    assert!(read["delivery_method"]["id"].is_string(), "{read}");
    assert_eq!(read["delivery_method"]["id"], created["delivery_method"]["id"]);
    assert_eq!(read["active"], json!(true));
}

#[test]
fn the_values_of_custom_headers_are_not_shown() {
    let mut desk = Desk::new();
    let created = desk.subscribe(account());

    let read = desk.get(&path(&created)).1;

    let headers = &read["webhook_subscription"]["delivery_method"]["custom_headers"];
    assert_eq!(headers, &json!([{"name": "x-api-key", "value": "-- redacted --"}]));
}

#[test]
fn a_scope_has_at_most_ten_subscriptions() {
    let mut desk = Desk::new();
    for _ in 0..10 {
        desk.subscribe(account());
    }

    let answer = desk.post("/webhook_subscriptions", &subscription(account()));

    assert_eq!(
        answer,
        (
            400,
            json!({"errors": {"code": 2019, "detail": "Subscription Limit Exceeded"}})
        )
    );
    desk.subscribe(json!({"type": "service_reference", "id": "PWIXJZS"}));
}

fn changed(pointer: &str, value: Value) -> Value {
    let mut body = subscription(account());
    *body.pointer_mut(&format!("/webhook_subscription{pointer}")).unwrap() = value;
    body
}

#[rstest]
#[case::no_event(changed("/events", json!([])), "events cannot be empty")]
#[case::unknown_event(changed("/events", json!(["incident.exploded"])), "\"incident.exploded\" is not an event")]
#[case::repeated_event(changed("/events", json!(["incident.triggered", "incident.triggered"])), "events must be unique")]
#[case::no_address(changed("/delivery_method/url", json!("receiver")), "url must be an http or https URL")]
#[case::repeated_header(
    changed("/delivery_method/custom_headers", json!([{"name": "X-A", "value": "1"}, {"name": "x-a", "value": "2"}])),
    "custom_headers must have unique names"
)]
#[case::unknown_service(
    changed("/filter", json!({"type": "service_reference", "id": "PNOSUCH"})),
    "filter must be an account_reference, or refer to a service or team that exists"
)]
#[case::no_wrapper(json!({}), "webhook_subscription cannot be empty")]
fn a_subscription_is_checked(#[case] body: Value, #[case] explanation: &str) {
    assert_eq!(
        Desk::new().post("/webhook_subscriptions", &body),
        (400, invalid(explanation))
    );
}

#[test]
fn subscriptions_are_listed_by_scope() {
    let mut desk = Desk::new();
    let of_account = desk.subscribe(account());
    let of_service = desk.subscribe(json!({"type": "service_reference", "id": "PWIXJZS"}));
    let of_team = desk.subscribe(json!({"type": "team_reference", "id": "PGT4K7L"}));
    let mut ids = |query: &str| {
        let (_, body) = desk.get(&format!("/webhook_subscriptions?{query}"));
        column(&body["webhook_subscriptions"], "/id")
            .into_iter()
            .cloned()
            .collect::<Vec<Value>>()
    };

    assert_eq!(
        ids(""),
        [
            of_account["id"].clone(),
            of_service["id"].clone(),
            of_team["id"].clone()
        ]
    );
    assert_eq!(ids("filter_type=account"), [of_account["id"].clone()]);
    assert_eq!(ids("filter_type=service&filter_id=PWIXJZS"), [of_service["id"].clone()]);
    assert_eq!(ids("filter_type=team&filter_id=PGT9S2M"), Vec::<Value>::new());
}

#[test]
fn events_can_be_changed_but_the_address_can_not() {
    let mut desk = Desk::new();
    let created = desk.subscribe(account());

    let (status, body) = desk.put(
        &path(&created),
        &json!({"webhook_subscription": {
            "type": "webhook_subscription",
            "events": ["incident.resolved"],
            "description": "only the end",
            "delivery_method": {"type": "http_delivery_method", "url": "http://elsewhere.example.com"},
        }}),
    );

    let updated = &body["webhook_subscription"];
    assert_eq!(status, 200);
    assert_eq!(
        (&updated["events"], &updated["description"]),
        (&json!(["incident.resolved"]), &json!("only the end"))
    );
    assert_eq!(updated["delivery_method"]["url"], "http://receiver.example.com/hook");
}

#[test]
fn a_subscription_that_is_not_active_gets_nothing() {
    let mut desk = Desk::new();
    let created = desk.subscribe(account());
    desk.put(&path(&created), &json!({"webhook_subscription": {"active": false}}));

    desk.create(json!({}));

    assert_eq!(event_types(&desk.deliver(202)), Vec::<String>::new());
}

#[test]
fn a_deleted_subscription_is_gone() {
    let mut desk = Desk::new();
    let created = desk.subscribe(account());

    assert_eq!(desk.delete(&path(&created)), (204, Value::Null));
    assert_eq!(desk.get(&path(&created)).0, 404);
    assert_eq!(desk.delete(&path(&created)).0, 404);
}

#[test]
fn a_ping_is_delivered() {
    let mut desk = Desk::new();
    let created = desk.subscribe(account());

    let answer = desk.send(&desk.request(Method::POST, &format!("{}/ping", path(&created))));

    assert_eq!(answer, (202, Value::Null));
    assert_eq!(event_types(&desk.deliver(202)), ["pagey.ping"]);
}
