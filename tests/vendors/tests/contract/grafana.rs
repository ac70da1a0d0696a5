use crate::harness::Contract;
use serde_json::{Value, json};
use vendors::grafana::{Grafana, TOKEN};

pub(crate) const SECRET: &str = TOKEN;
pub(crate) const WRONG: Option<(&str, &str)> = Some(("glsa_another", "Unauthorized"));

pub(crate) async fn contract(secret: &str) -> Contract<Grafana> {
    Contract::start("grafana", Grafana::default(), &[("host", "acme.grafana.net")], secret).await
}

pub(crate) fn probe() -> (&'static str, Value) {
    ("list_silences", json!({}))
}

pub(crate) async fn every_action(grafana: &Contract<Grafana>) {
    let input = json!({"text": "Deployed", "tags": ["deployment"], "dashboard": "jcIIG-07z", "panel": 2, "time": "2026-11-30T08:00:00Z"});
    grafana.perform("create_annotation", input).await;
    grafana.perform("create_annotation", json!({"text": "Now"})).await;
    let annotations = grafana.server.vendor(|grafana| grafana.annotations.clone());
    assert_eq!((&annotations[0]["time"], &annotations[0]["panelId"]), (&json!(1_796_025_600_000_i64), &json!(2)));
    assert_eq!(annotations[1], json!({"text": "Now"}));

    let matchers = json!([{"name": "service", "value": "checkout", "isRegex": false, "isEqual": true}]);
    let input = json!({"matchers": matchers, "start": "2026-11-30T08:00:00Z", "end": "2026-11-30T09:00:00Z", "comment": "Known."});
    let made = grafana.perform("create_silence", input).await;
    let silences = grafana.perform("list_silences", json!({})).await;
    assert_eq!(silences["silences"][0]["id"], made["silence"]);
    assert_eq!(silences["silences"][0]["matchers"], matchers);
    grafana.perform("expire_silence", json!({"silence": made["silence"]})).await;
    assert_eq!(grafana.server.vendor(|grafana| grafana.silences[0]["status"]["state"].clone()), "expired");

    let alerts = grafana.perform("list_alerts", json!({"filter": "service=\"checkout\""})).await;
    assert_eq!(alerts["alerts"][0]["labels"]["alertname"], "Slow");
    assert_eq!(grafana.perform("list_alerts", json!({"filter": "service=\"search\""})).await["alerts"], json!([]));

    let region = json!({"text": "Down", "time": "2026-11-30T08:00:00Z", "end": "2026-11-30T08:01:00Z"});
    grafana.perform("create_annotation", region).await;
    assert_eq!(grafana.server.vendor(|grafana| grafana.annotations[2]["timeEnd"].clone()), 1_796_025_660_000_i64);
}

#[tokio::test]
async fn what_grafana_refuses_is_told_in_its_words() {
    let grafana = contract(SECRET).await;
    let matchers = json!([{"name": "service", "value": "checkout", "isRegex": false, "isEqual": true}]);
    let input = json!({"matchers": matchers, "start": "2026-11-30T09:00:00Z", "end": "2026-11-30T08:00:00Z", "comment": "Known."});
    grafana.refused("create_silence", input).await.is("InvalidRequest", "start time must be before end time");
    let silence = json!({"silence": "512860da-74f3-43c9-8833-999999999999"});
    grafana.refused("expire_silence", silence).await.is("NotFound", "silence not found");
}
