//! What `pagerflow doctor` finds, before something is broken and after it.

use crate::{
    aws,
    scenario::{DELIVERED_WITHIN, Scenario, reply, ticket},
    webhooks::listed,
};
use aws_sdk_dynamodb::types::{PointInTimeRecoverySpecification, TimeToLiveSpecification};
use serde_json::{Value, json};
use std::{
    thread,
    time::{Duration, Instant},
};
use tests::PagerDuty;

/// The exit code of the doctor, and its findings. Of the integrations it looks at that of the scenario alone: all tests
/// share the stack.
pub(crate) fn examined(scenario: &Scenario, further: &[&str]) -> (Option<i32>, Vec<Value>) {
    let arguments = ["doctor", "--integration", &scenario.name, "--output", "json"];
    let arguments: Vec<&str> = arguments.iter().chain(further).copied().collect();
    let output = scenario.pagerflow.call(&arguments, "").unwrap();
    let view: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    assert!(view["findings"].is_array(), "{output:?}");
    (output.status.code(), view["findings"].as_array().unwrap().clone())
}

/// The levels of the findings about something.
pub(crate) fn levels<'a>(findings: &'a [Value], area: &str) -> Vec<&'a str> {
    let of_area = findings.iter().filter(|finding| finding["area"] == area);
    of_area.map(|finding| finding["level"].as_str().unwrap()).collect()
}

/// The local AWS takes neither from the template. What the doctor says to do about it puts it right.
async fn switch_on_the_safeguards_of_the_table(scenario: &Scenario) {
    let client = aws_sdk_dynamodb::Client::new(&aws::config(&scenario.stack));
    let table = &scenario.stack.table_name;
    let expires_at = TimeToLiveSpecification::builder()
        .enabled(true)
        .attribute_name("expires_at");
    let request = client.update_time_to_live().table_name(table);
    let expires_at = expires_at.build().unwrap();
    request.time_to_live_specification(expires_at).send().await.unwrap();
    let recovery = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true);
    let request = client.update_continuous_backups().table_name(table);
    let request = request.point_in_time_recovery_specification(recovery.build().unwrap());
    request.send().await.unwrap();
}

#[tokio::test]
async fn a_stack_as_the_template_makes_it_is_in_order_and_a_missing_secret_is_not() {
    let scenario = Scenario::new("e2e-healthy");
    scenario.apply(&scenario.definition("v3", &ticket("e2e-healthy")));
    let made = scenario.subscribed_by_pagerflow();
    let id = made["subscription"].as_str().unwrap();
    let subscription = format!("subscription:{id}");

    let (_, findings) = examined(&scenario, &[]);
    assert_eq!(
        levels(&findings, "table"),
        ["ok", "warning", "warning"],
        "{findings:#?}"
    );
    switch_on_the_safeguards_of_the_table(&scenario).await;

    let (_, findings) = examined(&scenario, &[]);
    for (area, expected) in [
        ("stack", vec!["ok"]),
        ("table", vec!["ok"; 3]),
        ("integration:e2e-healthy", vec!["ok"; 2]),
        (subscription.as_str(), vec!["ok"]),
        ("workflow:e2e-healthy", vec!["ok"]),
        ("start_buffer_dead_letters", vec!["ok"]),
    ] {
        assert_eq!(levels(&findings, area), expected, "{area}: {findings:#?}");
    }
    // The local AWS measures nothing that an alarm could look at.
    assert!(!levels(&findings, "alarms").is_empty(), "{findings:#?}");

    let remove = [
        "integration",
        "signing-secret",
        "remove",
        "e2e-healthy",
        "--subscription",
        id,
    ];
    scenario.pagerflow.json(&remove, "").unwrap();
    let (code, findings) = examined(&scenario, &[]);
    assert_eq!(code, Some(1));
    assert_eq!(levels(&findings, &subscription), ["problem"]);
    assert_eq!(levels(&findings, "workflow:e2e-healthy"), ["problem"]);
}

#[test]
fn a_subscription_that_pagerduty_has_disabled_is_found_and_enabled_again() {
    let scenario = Scenario::new("e2e-disabled");
    scenario.apply(&scenario.definition("v3", &ticket("e2e-disabled")));
    let made = scenario.subscribed_by_pagerflow();
    let (id, key) = (made["subscription"].as_str().unwrap(), made["key_id"].as_str().unwrap());
    let area = format!("subscription:{id}");

    // Without its key it is refused, and disabled after three times.
    scenario.pagerflow.json(&["key", "revoke", key], "").unwrap();
    let deadline = Instant::now() + DELIVERED_WITHIN;
    while listed(&scenario, id).unwrap()["state"] != "disabled" {
        assert!(Instant::now() < deadline, "it is not disabled");
        scenario.pagerduty.ping(id).unwrap();
        thread::sleep(Duration::from_secs(1));
    }
    let (code, findings) = examined(&scenario, &[]);
    assert_eq!((code, levels(&findings, &area)), (Some(1), vec!["problem"]));
    let remedy = findings
        .iter()
        .find(|finding| finding["area"] == area.as_str())
        .unwrap();
    assert_eq!(remedy["remedy"], "pagerflow doctor --fix");

    let (_, findings) = examined(&scenario, &["--fix", "--yes"]);
    assert_eq!(levels(&findings, &area), ["ok", "ok"], "{findings:#?}");
    assert_eq!(listed(&scenario, id).unwrap()["state"], "active");
}

#[test]
fn a_webhook_that_nobody_can_read_is_found_among_the_dead_letters() {
    let scenario = Scenario::new("e2e-letter");
    scenario.apply(&scenario.definition("v2", &ticket("e2e-letter")));
    let webhook = scenario.webhook();
    scenario
        .pagerduty
        .extend(&webhook.url, PagerDuty::MONITORED_SERVICE, &webhook.api_key)
        .unwrap();
    let delivery = scenario.trigger(&webhook, "readable");
    let damaged = json!({"body": "{\"messages\": 7}"});
    let answers = scenario
        .pagerduty
        .redeliver(delivery["id"].as_str().unwrap(), 1, &damaged)
        .unwrap();
    assert_eq!(reply(&answers[0]).1["events"][0]["outcome"], "unreadable");

    let (code, findings) = examined(&scenario, &[]);

    assert_eq!((code, levels(&findings, "dead_letters")), (Some(1), vec!["problem"]));
    let letters = findings
        .iter()
        .find(|finding| finding["area"] == "dead_letters")
        .unwrap();
    let remedy = letters["remedy"].as_str().unwrap();
    assert!(remedy.contains(&scenario.stack.dead_letter_queue_url), "{remedy}");
    // Whether the extension is there it does not know, and does not say that it is.
    assert_eq!(levels(&findings, "workflow:e2e-letter"), ["not_checked"]);
}

#[test]
fn without_a_stack_that_is_the_problem() {
    let scenario = Scenario::without_integration("e2e-stackless");
    let doctor = ["doctor", "--stack", "no-such-stack"];
    let output = scenario.pagerflow.call(&doctor, "").unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("there is no stack no-such-stack"), "{said}");
    assert!(said.contains("not checked  Table, secrets"), "{said}");
}
