//! What the simulator remembers of what it was asked.

use serde_json::json;

use crate::desk::{Desk, incident};

#[test]
fn a_request_is_remembered_with_its_headers_and_body() {
    let mut desk = Desk::new();
    let body = incident(json!({"incident_key": "run-1"}));
    desk.post("/incidents?debug=1", &body);

    let received = desk.pagerduty.received();

    assert_eq!(
        received[0],
        json!({
            "at": "2026-03-01T08:00:00.000Z",
            "method": "POST",
            "path": "/incidents",
            "query": [["debug", "1"]],
            "headers": {
                "authorization": "Token token=-- redacted --",
                "from": "oncall@example.com",
                "content-type": "application/json",
            },
            "body": body,
            "status": 201,
        })
    );
}

#[test]
fn no_credential_is_remembered() {
    let mut desk = Desk::new();
    desk.subscribe(json!({"type": "account_reference"}));
    desk = desk.authorized("Bearer guessed").from("nobody@example.com");
    desk.get("/incidents");
    desk = desk.authorized("sim-account-token-01");
    desk.get("/incidents");

    let received = desk.pagerduty.received().to_string();
    let deliveries = desk.pagerduty.deliveries().to_string();

    for secret in ["sesame", "guessed", "sim-account-token-01"] {
        assert!(
            !received.contains(secret) && !deliveries.contains(secret),
            "{secret} is in {received} or {deliveries}"
        );
    }
}

#[test]
fn credentials_are_not_printed() {
    let mut desk = Desk::new();
    let subscription = desk.subscribe(json!({"type": "account_reference"}));
    let secret = subscription["delivery_method"]["secret"].as_str().unwrap().to_owned();
    desk.create(json!({}));
    let parcels = desk.deliver(202);

    let printed = format!("{:?} {parcels:?}", desk.pagerduty);

    assert!(!printed.contains("sesame"));
    assert!(!printed.contains(&secret));
    assert!(!printed.contains("sim-account-token-01"));
}
