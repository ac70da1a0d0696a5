//! Calls that succeed: their requests, logs and metrics.

use super::*;
use action_tests::{Log, assert_logged, caller};
use serde_json::json;
use vendors::slack;

#[tokio::test]
async fn a_message_is_posted_and_the_step_gets_what_the_connector_says() {
    let world = World::new().await;

    let output = world.done(post("Somebody looks at it.")).await;

    assert_eq!(world.messages(), ["Somebody looks at it."]);
    assert_eq!(output["channel"], "C1");
    assert!(output["ts"].is_string() && output.get("adjusted").is_none(), "{output}");
    let [request] = world.slack.requests().try_into().unwrap();
    assert_eq!(
        (request.host.as_str(), request.to_string().as_str()),
        ("slack.com", "POST /api/chat.postMessage")
    );
    assert_eq!(request.bearer(), Some(slack::TOKEN));
}

#[tokio::test]
async fn a_call_of_the_state_machine_is_logged_and_counted_and_nothing_of_what_it_says_is() {
    let world = World::new().await;
    let mut call = post("Marked words.");
    let action = call.as_object_mut().unwrap().remove("action").unwrap();
    call["caller"] = caller();
    call["attempt"] = json!(1);

    let payload = json!({"action": action, "call": call, "entered_at": action_tests::NOW});
    let output = world.done(payload).await;

    assert!(output["ts"].is_string(), "{output}");
    assert_eq!(
        assert_logged("slack.post_message", "action done", &[slack::TOKEN, "Marked words."]),
        None
    );
    let [counted] = Log::lines_with("SystemCalls").try_into().unwrap();
    assert_eq!(
        (&counted["System"], &counted["Status"]),
        (&json!("slack"), &json!("2xx"))
    );
}

#[tokio::test]
async fn a_text_that_is_too_long_is_cut_and_the_answer_says_so() {
    let world = World::new().await;

    let output = world.done(post(&"x".repeat(40_001))).await;

    assert_eq!(world.messages()[0].chars().count(), 40_000);
    let adjusted = output["adjusted"][0].as_str().unwrap();
    assert!(adjusted.starts_with("`text` was cut"), "{output}");
}

#[tokio::test]
async fn what_the_state_of_an_execution_has_no_room_for_is_left_out_and_the_rest_is_given() {
    let world = World::new().await;
    world.slack.vendor(|slack| {
        for channel in &mut slack.channels {
            channel["name"] = json!(format!("{}{}", channel["name"].as_str().unwrap(), "x".repeat(200)));
        }
    });

    let output = world
        .done(json!({"action": "slack.list_channels", "integration": "ops"}))
        .await;

    assert_eq!(output, json!({}));
}

#[test]
fn each_shipped_action_is_performed_by_this_function_through_integrations_of_its_connectors_type() {
    for connector in shipped().filter_map(shipped_connector) {
        for action in connector.actions() {
            let spec = action.spec();
            assert_eq!(spec.function, "CallHttp", "{spec}");
            assert_eq!(
                spec.integration_type().unwrap().as_str(),
                connector.name().as_str(),
                "{spec}"
            );
        }
    }
}
