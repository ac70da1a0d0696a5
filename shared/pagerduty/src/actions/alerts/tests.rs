use rstest::rstest;
use serde_json::json;

use super::*;
use crate::scripted::{Answer, PagerDuty, ROUTING_KEY, routing_key};

const NOW: jiff::Timestamp = jiff::Timestamp::constant(1_800_000_000, 0);

fn taken() -> Answer {
    Answer::json(
        202,
        &json!({"status": "success", "message": "Event processed", "dedup_key": "made-up"}),
    )
}

#[tokio::test]
async fn an_alert_is_triggered_with_all_that_is_given_and_nothing_else() {
    let pagerduty = PagerDuty::that_answers([taken()]).await;
    let input = serde_json::from_value(json!({
        "integration": "prod", "routing_key": "checkout", "summary": "Disk\nfull", "source": "web-1",
        "severity": "critical", "dedup_key": "disk web-1", "component": "disk", "group": "web", "class": "full",
        "timestamp": "2026-11-20T09:30:00Z", "custom_details": {"free": 0}, "client": "pagerflow",
        "client_url": "https://example.com/a", "links": [{"href": "https://example.com/b", "text": "Runbook"}],
        "idempotency_key": "pgf-key-1",
    }));

    let output = trigger_alert::run(&pagerduty.events(), &routing_key(), &input.unwrap(), NOW).await;

    assert_eq!(output.unwrap().dedup_key, "disk web-1");
    let [request] = pagerduty.requests().try_into().unwrap();
    assert_eq!(
        request.json(),
        json!({
            "routing_key": ROUTING_KEY, "event_action": "trigger", "dedup_key": "disk web-1",
            "payload": {
                "summary": "Disk full", "source": "web-1", "severity": "critical", "timestamp": "2026-11-20T09:30:00Z",
                "component": "disk", "group": "web", "class": "full", "custom_details": {"free": 0},
            },
            "client": "pagerflow", "client_url": "https://example.com/a",
            "links": [{"href": "https://example.com/b", "text": "Runbook"}],
        })
    );
}

#[rstest]
#[case::the_keys_of_a_run(json!("pgf-key-1"), json!("pgf-key-1"), "pgf-key-1")]
#[case::none_at_all(json!(null), json!(null), "made-up")]
#[tokio::test]
async fn without_a_dedup_key_the_idempotency_key_is_it(
    #[case] idempotency_key: serde_json::Value,
    #[case] sent: serde_json::Value,
    #[case] given: &str,
) {
    let pagerduty = PagerDuty::that_answers([taken()]).await;
    let input = serde_json::from_value(json!({
        "integration": "prod", "routing_key": "checkout", "summary": "Disk full", "source": "web-1",
        "severity": "info", "idempotency_key": idempotency_key,
    }));

    let output = trigger_alert::run(&pagerduty.events(), &routing_key(), &input.unwrap(), NOW).await;

    assert_eq!(output.unwrap().dedup_key, given);
    assert_eq!(pagerduty.requests()[0].json()["dedup_key"], sent);
}

#[tokio::test]
async fn a_change_is_not_sent_when_it_may_be_a_late_double() {
    let pagerduty = PagerDuty::that_answers([taken()]).await;
    let input = serde_json::from_value(json!({
        "integration": "prod", "routing_key": "checkout", "summary": "Deployed",
        "deadline": NOW + jiff::SignedDuration::from_secs(49),
    }));

    let error = send_change_event::run(&pagerduty.events(), &routing_key(), &input.unwrap(), NOW).await;

    assert_eq!(error.unwrap_err().name(), "Step.DeadlineExceeded");
    assert!(pagerduty.requests().is_empty());
}

#[rstest]
#[case::blank_summary("summary", json!(" \n"))]
#[case::severity("severity", json!("fatal"))]
#[case::script("client_url", json!("javascript:alert(1)"))]
#[case::link_without_address("links", json!([{"text": "Runbook"}]))]
#[case::empty_dedup_key("dedup_key", json!(""))]
#[case::from("from", json!("oncall@example.com"))]
fn a_wrong_field_is_refused_before_anything_is_sent(#[case] field: &str, #[case] value: serde_json::Value) {
    let mut input = json!({
        "integration": "prod", "routing_key": "checkout", "summary": "Disk full", "source": "web-1", "severity": "info",
    });
    assert!(serde_json::from_value::<trigger_alert::Input>(input.clone()).is_ok());

    input[field] = value;

    assert!(serde_json::from_value::<trigger_alert::Input>(input).is_err());
}
