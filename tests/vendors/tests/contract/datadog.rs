use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::datadog::{Datadog, TOKEN};

pub(crate) const SECRET: &str = TOKEN;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("ddpat_another", "Unauthorized"));

pub(crate) async fn contract(secret: &str) -> Contract<Datadog> {
    Contract::start("datadog", Datadog::default(), &[("site", "datadoghq.eu")], secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("test_token", json!({}))
}

pub(crate) async fn every_action(datadog: &Contract<Datadog>) {
    datadog.perform("test_token", json!({})).await;
    assert_eq!(datadog.server.requests()[0].host, "api.datadoghq.eu");

    let muted = datadog.perform("mute_monitor", json!({"monitor": 12_345_678, "end": "2026-11-30T09:00:00Z"})).await;
    assert_eq!(muted["status"], "active");
    let attributes = datadog.server.vendor(|datadog| datadog.downtimes[0]["attributes"].clone());
    assert_eq!(attributes["monitor_identifier"], json!({"monitor_id": 12_345_678}));
    assert_eq!((&attributes["scope"], &attributes["schedule"]), (&json!("*"), &json!({"end": "2026-11-30T09:00:00Z"})));
    // Without an end there is no schedule at all.
    datadog.perform("mute_monitor", json!({"monitor": 12_345_678})).await;
    assert!(datadog.server.vendor(|datadog| datadog.downtimes[1]["attributes"].get("schedule").is_none()));
    datadog.perform("create_downtime", json!({"monitor_tags": ["*"], "scope": "service:checkout"})).await;
    datadog.perform("cancel_downtime", json!({"downtime": muted["downtime"]})).await;
    assert_eq!(datadog.server.vendor(|datadog| datadog.downtimes[0]["attributes"]["status"].clone()), "canceled");

    assert_eq!(datadog.perform("get_monitor", json!({"monitor": 12_345_678})).await["state"], "OK");
    let monitors = datadog.perform("list_monitors", json!({})).await;
    assert_eq!(monitors["monitors"].as_array().unwrap().len(), 130);
    let monitors = datadog.perform("list_monitors", json!({"monitor_tags": "service:checkout"})).await;
    assert_eq!(monitors["monitors"].as_array().unwrap().len(), 1);
    let query = json!({"query": "avg:system.load.1{*}", "from": "2026-11-30T08:00:00Z", "to": "2026-11-30T08:15:00Z"});
    let series = datadog.perform("query_metrics", query).await;
    assert_eq!(series["series"][0]["pointlist"][0][0], 1_796_025_600_000_i64);

    let input = json!({"monitor": 12_345_678, "scope": "env:prod", "message": "Known."});
    datadog.perform("mute_monitor", input).await;
    let input = json!({
        "monitor_tags": ["team:db"], "scope": "*", "start": "2026-11-30T08:00:00Z", "end": "2026-11-30T09:00:00Z", "message": "Works.",
    });
    datadog.perform("create_downtime", input).await;
    let downtimes = datadog.server.vendor(|datadog| datadog.downtimes.clone());
    assert_eq!((&downtimes[3]["attributes"]["scope"], &downtimes[3]["attributes"]["message"]), (&json!("env:prod"), &json!("Known.")));
    let schedule = json!({"start": "2026-11-30T08:00:00Z", "end": "2026-11-30T09:00:00Z"});
    assert_eq!(downtimes[4]["attributes"]["schedule"], schedule);
    let monitors = datadog.perform("list_monitors", json!({"name": "Monitor 13"})).await;
    assert_eq!(monitors["monitors"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_datadog_refuses_is_told_in_its_words() {
    let datadog = contract(SECRET).await;
    datadog.refused("get_monitor", json!({"monitor": 1})).await.is("NotFound", "Monitor not found");
    let input = json!({"monitor_tags": [], "scope": "*"});
    datadog.refused("create_downtime", input).await.is("InvalidRequest", "monitor_identifier must have one of");
}
