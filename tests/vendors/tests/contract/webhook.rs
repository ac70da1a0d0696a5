use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::webhook::{Receiver, URL};

/// The part of the URL that is secret.
pub(crate) const SECRET: &str = "not-a-real-secret";
/// A receiver says in its own way that it does not know a URL.
pub(crate) const WRONG: Option<(&str, &str)> = Some(("another-secret", "NotFound"));

pub(crate) async fn contract(secret: &str) -> Contract<Receiver> {
    let url = URL.replace(SECRET, secret);
    Contract::start("webhook", Receiver::default(), &[("host", "hooks.acme.example")], &url).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("post", json!({"body": {"ping": true}}))
}

pub(crate) async fn every_action(webhook: &Contract<Receiver>) {
    let body = json!({"title": "a \"quoted\" {{ text }}", "count": 7, "tags": ["a"], "nothing": null});
    assert_eq!(webhook.perform("post", json!({"body": body})).await["status"], 201);
    assert_eq!(webhook.server.vendor(|receiver| receiver.received.clone()), [body]);
}
