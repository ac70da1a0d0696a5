//! The action functions called on their own, as another state machine or `sam remote invoke` calls them.

use crate::{aws, lambda::Lambda, scenario::Scenario};
use serde_json::{Value, json};
use tests::PagerDuty;

/// Calls a function: its answer, or its error as `{"errorType", "errorMessage"}`.
async fn invoke(scenario: &Scenario, function: &str, input: &Value) -> Result<Value, Value> {
    Lambda::new(&aws::config(&scenario.stack)).invoke(function, input).await
}

fn input(scenario: &Scenario, title: &str) -> Value {
    json!({
        "integration": scenario.name, "title": title, "service": PagerDuty::TICKET_SERVICE,
        "escalation_policy": PagerDuty::ESCALATION_POLICY, "from": PagerDuty::ON_CALL
    })
}

#[tokio::test]
async fn create_and_resolve_take_plain_input_and_give_the_documented_output() {
    let scenario = Scenario::new("e2e-alone");
    let created = invoke(
        &scenario,
        scenario.stack.function("CreateIncident").unwrap(),
        &input(&scenario, "by hand"),
    )
    .await
    .unwrap();
    let mut names: Vec<_> = created.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["created_at", "incident_id", "incident_number", "status", "title"]
    );
    assert!(created["incident_number"].is_u64(), "{created}");

    let resolve = json!({
        "integration": scenario.name, "incident_id": created["incident_id"], "from": PagerDuty::ON_CALL, "note": "done"
    });
    let resolved = invoke(&scenario, scenario.stack.function("ResolveIncident").unwrap(), &resolve)
        .await
        .unwrap();
    assert_eq!(
        resolved,
        json!({"incident_id": created["incident_id"], "incident_number": created["incident_number"],
               "title": "by hand", "status": "resolved"})
    );
}

#[tokio::test]
async fn the_same_idempotency_key_gives_the_same_incident() {
    let scenario = Scenario::new("e2e-key");
    let mut input = input(&scenario, "only once please");
    input["idempotency_key"] = json!("e2e-key-1");
    let function = scenario.stack.function("CreateIncident").unwrap();
    let first = invoke(&scenario, function, &input).await.unwrap();
    let second = invoke(&scenario, function, &input).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(
        scenario.pagerduty.incidents_titled("only once please").unwrap().len(),
        1
    );
}

#[tokio::test]
async fn bad_input_is_an_error_that_a_state_machine_can_match_on() {
    let scenario = Scenario::new("e2e-bad");
    let error = invoke(
        &scenario,
        scenario.stack.function("CreateIncident").unwrap(),
        &json!({"titel": "t"}),
    )
    .await
    .unwrap_err();
    assert_eq!(error["errorType"], "Input.Invalid");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(
        message.contains("did you mean `title`") && message.contains("`service` is missing"),
        "{message}"
    );
}
