//! Executions that end otherwise than the planner says, and actions whose end nobody knows.

use crate::{
    aws,
    scenario::{ENDS_WITHIN, Scenario, ticket_titled},
};
use aws_sdk_sfn::Client;
use serde_json::{Value, json};
use std::time::Duration;

/// The time that a run may take whose only step waits before it tries again.
const RETRIES_END_WITHIN: Duration = Duration::from_secs(180);

fn client(scenario: &Scenario) -> Client {
    Client::new(&aws::config(&scenario.stack))
}

#[tokio::test]
async fn a_run_whose_execution_is_stopped_from_outside_gets_its_final_record() {
    let scenario = Scenario::without_integration("e2e-stopped");
    let run = scenario.started("  - id: pause\n    wait: 1h\n");
    let view = scenario.once(&run, ENDS_WITHIN, |view| view["steps"][0]["state"] == "waiting");
    let execution = view["execution"].as_str().unwrap();
    let stop = client(&scenario).stop_execution().execution_arn(execution);
    stop.error("Operator").cause("not on a Sunday").send().await.unwrap();
    let view = scenario.ended(&run);

    assert_eq!(
        (&view["status"], &view["error"]["name"]),
        (&json!("failed"), &json!("Run.Aborted")),
        "{view:#}"
    );
    let message = view["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("the execution was stopped in Step Functions") && message.contains(execution),
        "{message}"
    );
    assert_eq!(view["steps"][0]["state"], "waiting", "what it had done is still told");
}

#[tokio::test]
async fn f10_an_action_whose_function_fails_in_an_unknown_way_is_tried_again_with_the_same_key_and_then_fails() {
    let scenario = Scenario::new("e2e-unknown-end");
    let step = ticket_titled("e2e-unknown-end", "nobody sees this")
        .replace("id: ticket,", "id: ticket, retry: { max_attempts: 2, interval: 1s },");
    scenario.apply(&scenario.by_hand(&format!("steps:\n  - {step}\n")));
    let machine = machine_without(&scenario, "create-incident").await;
    let mut elsewhere = scenario.stack.clone();
    elsewhere.state_machine_arn = machine;
    let started = tests::Pagerflow::new(elsewhere)
        .json(&["run", "start", &scenario.name], "")
        .unwrap();
    let view = scenario.ended_within(started["run"].as_str().unwrap(), RETRIES_END_WITHIN);

    assert_eq!(view["status"], "failed", "{view:#}");
    let attempts = view["steps"][0]["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2, "{view:#}");
    let time = |value: &Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let rest = time(&attempts[1]["started_at"]).duration_since(time(&attempts[0]["ended_at"]));
    assert!(
        rest.as_secs() >= 10,
        "PagerDuty shows a new incident only after a while, so it is waited: {rest}"
    );
    assert!(
        attempts[0]["error"]["name"].as_str().unwrap().starts_with("Lambda."),
        "{view:#}"
    );
}

/// A copy of the state machine that calls a function which does not exist.
async fn machine_without(scenario: &Scenario, function: &str) -> String {
    let client = client(scenario);
    let machine = client
        .describe_state_machine()
        .state_machine_arn(&scenario.stack.state_machine_arn);
    let machine = machine.send().await.unwrap();
    let definition = machine
        .definition()
        .replace(&format!("-{function}"), "-no-such-function");
    assert_ne!(definition, machine.definition());
    let name = format!("{}-{}", scenario.name, jiff::Timestamp::now().as_millisecond());
    let created = client
        .create_state_machine()
        .name(name)
        .definition(definition)
        .role_arn(machine.role_arn());
    created.send().await.unwrap().state_machine_arn
}
