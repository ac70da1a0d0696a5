//! Webhook subscriptions that people make, list, test and remove with `pagerflow webhook`.

use crate::scenario::{Scenario, Webhook, run_of, ticket};
use serde_json::{Value, json};
use tests::PagerDuty;

/// What `pagerflow webhook list` tells of a subscription.
pub(crate) fn listed(scenario: &Scenario, id: &str) -> Option<Value> {
    let list = scenario
        .pagerflow
        .json(&["webhook", "list", &scenario.name], "")
        .unwrap();
    let mut subscriptions = list["subscriptions"].as_array().unwrap().iter();
    subscriptions.find(|it| it["id"] == id).cloned()
}

fn secrets(scenario: &Scenario) -> Value {
    let list = ["integration", "signing-secret", "list", &scenario.name];
    scenario.pagerflow.json(&list, "").unwrap()["subscriptions"].clone()
}

#[test]
fn the_url_of_a_workflow_and_of_an_integration_is_told_with_its_header() {
    let scenario = Scenario::new("e2e-url");
    scenario.apply(&scenario.definition("v3", &ticket("e2e-url")));

    let workflow = scenario.pagerflow.json(&["webhook", "url", "e2e-url"], "").unwrap();
    let integration = ["webhook", "url", "--integration", "e2e-url"];
    let integration = scenario.pagerflow.json(&integration, "").unwrap();

    let base = &scenario.stack.webhook_url;
    assert_eq!(workflow["webhook_url"], format!("{base}/webhooks/e2e-url"));
    assert_eq!(
        integration["webhook_url"],
        format!("{base}/integrations/e2e-url/webhooks")
    );
    assert_eq!(
        workflow["headers"],
        json!([{"name": "x-api-key", "value": "<API key>"}])
    );

    let nobody = scenario.pagerflow.call(&["webhook", "url", "e2e-never"], "").unwrap();
    assert_eq!(nobody.status.code(), Some(1));
    let said = String::from_utf8(nobody.stderr).unwrap();
    assert!(
        said.contains("there is no workflow e2e-never") && said.contains("`pagerflow workflow apply FILE`"),
        "{said}"
    );
}

#[test]
fn a_subscription_is_made_and_its_ping_arrives_and_an_incident_starts_a_run_until_it_is_removed() {
    let scenario = Scenario::new("e2e-subscribe");
    scenario.apply(&scenario.definition("v3", &ticket("e2e-subscribe")));

    let made = scenario.subscribed_by_pagerflow();
    let (id, key) = (made["subscription"].as_str().unwrap(), made["key_id"].as_str().unwrap());
    assert_eq!(
        (&made["ping"], &made["events"]),
        (&json!("arrived"), &json!(["incident.triggered"]))
    );
    assert_eq!(secrets(&scenario), json!([id]));

    let webhook = Webhook {
        url: made["webhook_url"].as_str().unwrap().to_owned(),
        api_key: String::new(),
        key_id: key.to_owned(),
    };
    let run = run_of(&scenario.trigger(&webhook, "subscribed"));
    assert_eq!(scenario.ended(&run)["status"], "succeeded");
    assert_eq!(scenario.tickets("subscribed").len(), 1);

    let row = listed(&scenario, id).unwrap();
    assert_eq!(
        (
            &row["state"],
            &row["is_ours"],
            &row["integration"],
            &row["has_signing_secret"]
        ),
        (&json!("active"), &json!(true), &json!("e2e-subscribe"), &json!(true))
    );
    assert_eq!(row["scope"], format!("service {}", PagerDuty::MONITORED_SERVICE));

    let test = scenario
        .pagerflow
        .json(&["webhook", "test", &scenario.name, id], "")
        .unwrap();
    assert_eq!(test["ping"], "arrived");

    let unasked = ["webhook", "unsubscribe", &scenario.name, id];
    let unasked = scenario.pagerflow.call(&unasked, "").unwrap();
    assert!(
        String::from_utf8(unasked.stderr)
            .unwrap()
            .contains("pass --yes to confirm")
    );
    let unsubscribe = ["webhook", "unsubscribe", &scenario.name, id, "--yes"];
    let removed = scenario.pagerflow.json(&unsubscribe, "").unwrap();
    assert_eq!(
        (&removed["secret_is_removed"], &removed["revoked_key"]),
        (&json!(true), &json!(key))
    );
    assert_eq!((listed(&scenario, id), secrets(&scenario)), (None, json!([])));
    let shown = scenario.pagerflow.json(&["key", "show", key], "").unwrap();
    assert_eq!(shown["state"], "revoked");
}

#[test]
fn nothing_is_made_where_nobody_knows_which_events_are_wanted() {
    let scenario = Scenario::new("e2e-eventless");
    let subscribe = ["webhook", "subscribe", "e2e-eventless"];
    let refused = scenario.pagerflow.call(&subscribe, "").unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("name the events with --events"), "{said}");
}
