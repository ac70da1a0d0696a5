use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::splunk_hec::{Collector, TOKEN, busy};

pub(crate) const SECRET: &str = TOKEN;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("11111111-0000-0000-0000-000000000000", "Unauthorized"));

pub(crate) async fn contract(secret: &str) -> Contract<Collector> {
    Contract::start("splunk_hec", Collector::default(), &[("host", "http-inputs-acme.splunkcloud.com")], secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("send_event", json!({"event": {"title": "Checkout is down"}}))
}

pub(crate) async fn every_action(collector: &Contract<Collector>) {
    collector.perform("test_health", json!({})).await;
    let event = json!({"title": "a \"quoted\" text", "number": 7});
    collector.perform("send_event", json!({"event": event, "sourcetype": "pagerduty:incident"})).await;
    let kept = collector.server.vendor(|collector| collector.events[0].clone());
    assert_eq!(kept, json!({"event": event, "sourcetype": "pagerduty:incident", "source": "pagerflow"}));

    let input = json!({"event": {"a": 1}, "source": "runs", "index": "main", "fields": {"region": "eu"}});
    collector.perform("send_event", input).await;
    let kept = collector.server.vendor(|collector| collector.events[1].clone());
    assert_eq!(kept, json!({"event": {"a": 1}, "source": "runs", "index": "main", "fields": {"region": "eu"}}));
}

#[tokio::test]
async fn the_collectors_codes_say_what_was_wrong() {
    let collector = contract(SECRET).await;
    let event = json!({"event": {"title": "Down"}, "index": "secret"});
    collector.refused("send_event", event).await.is("Forbidden", "Incorrect index");
    collector.refused("send_event", json!({"event": {}})).await.is("InvalidRequest", "Event field cannot be blank");
}

#[tokio::test]
async fn a_busy_collector_has_not_taken_the_event() {
    let collector = contract(SECRET).await;
    collector.server.answer_next(busy());
    let (action, input) = probe();
    collector.refused(action, input).await.is("Unavailable", "Server is busy");
}
