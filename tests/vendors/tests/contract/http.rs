use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::http::{Inventory, TOKEN};

pub(crate) const SECRET: &str = TOKEN;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("another-token", "Unauthorized"));

pub(crate) async fn contract(secret: &str) -> Contract<Inventory> {
    let fields = [("host", "inventory.acme.example"), ("header", "x-api-key"), ("prefix", "")];
    Contract::start("http", Inventory::default(), &fields, secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("get", json!({"path": "/v1/services/checkout"}))
}

pub(crate) async fn every_action(http: &Contract<Inventory>) {
    let got = http.perform("get", json!({"path": "/v1/services/checkout", "query": {"expand": "owner"}})).await;
    assert_eq!((&got["status"], &got["headers"]["x-version"]), (&json!(200), &json!("3")));
    assert_eq!(got["body"], json!({"name": "checkout", "owner": "team-7"}));
    let note = json!({"text": "a \"quoted\" {{ text }}", "number": 7});
    let input = json!({"method": "PUT", "path": "/v1/services/checkout/notes", "json": note});
    assert_eq!(http.perform("request", input).await["body"], json!({"id": 1}));
    assert_eq!(http.server.vendor(|inventory| inventory.notes[0].clone()), note);

    let text = json!({"path": "/v1/services/checkout/notes", "query": {"draft": true}, "headers": {"x-note": "1"}, "text": "plain"});
    http.perform("request", text).await;
    http.perform("get", json!({"path": "/v1/services/checkout", "headers": {"x-note": "1"}})).await;
    let requests = http.server.requests();
    assert!(requests.iter().skip(2).all(|request| request.header("x-note") == Some("1")));
    assert_eq!((requests[2].query("draft"), requests[2].header("content-type")), (Some("true"), Some("text/plain; charset=utf-8")));
}
