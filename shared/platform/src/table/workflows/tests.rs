//! What is read and written when people change a workflow.

use super::*;
use crate::scripted::Scripted;
use data_encoding::BASE64;
use rstest::rstest;
use serde_json::{Value, json};

const SEEN: &str = "2026-11-20T09:30:00Z";

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn definition() -> Definition {
    Definition::from_source(
        "name: memory-alert\non:\n  pagerduty:\n    integration: prod\n    events: [incident.triggered]\nsteps: [{ wait: 1s }]\n",
    )
    .unwrap()
}

/// The item of the workflow, as it was read.
fn stored(state: &str) -> Value {
    json!({"Item": {
        "pk": {"S": "WORKFLOW#memory-alert"}, "sk": {"S": "WORKFLOW"}, "workflow": {"S": "memory-alert"},
        "state": {"S": state}, "active_version": {"N": "3"}, "integration": {"S": "prod"}, "webhook": {"S": "v3"},
        "events": {"L": [{"S": "incident.triggered"}]}, "updated_at": {"S": SEEN},
    }})
}

/// The item of a version with this definition.
fn version(definition: &[u8]) -> Value {
    json!({"Item": {"definition": {"B": BASE64.encode(&body::compress(definition))}}})
}

fn of(definition: &Definition) -> Value {
    version(definition.to_json().to_string().as_bytes())
}

fn cancelled(codes: [&str; 3]) -> Value {
    let reasons = codes.map(|code| json!({"Code": code}));
    json!({"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
           "Message": "Transaction cancelled", "CancellationReasons": reasons})
}

/// The write of the workflow's own item among those of a transaction.
fn record_write(request: &Value) -> Value {
    let writes = request["TransactItems"].as_array().unwrap();
    let write = writes.iter().filter_map(|write| write.as_object()?.values().next());
    let mut own = write.filter(|write| {
        let key = write.get("Key").or_else(|| write.get("Item")).unwrap();
        key["sk"] == json!({"S": "WORKFLOW"}) && key["pk"] == json!({"S": "WORKFLOW#memory-alert"})
    });
    own.next().unwrap().clone()
}

#[rstest]
#[case::damaged(json!({"Item": {"definition": {"B": "AAAA"}}}))]
#[case::of_a_newer_release(version(br#"{"name":"memory-alert","steps":[{"teleport":"moon"}]}"#))]
#[case::gone(json!({}))]
#[tokio::test]
async fn an_active_version_that_this_release_cannot_read_can_be_replaced(#[case] active: Value) {
    let (dynamodb, table) = Scripted::answering([stored("enabled"), active, json!({})]).await;

    let applied = table.apply_workflow(&definition(), "", now()).await;

    assert!(applied.is_ok(), "{applied:?}");
    let (operation, request) = dynamodb.asked().pop().unwrap();
    assert_eq!(operation, "TransactWriteItems");
    assert_eq!(record_write(&request)["Item"]["active_version"], json!({"N": "4"}));
}

#[tokio::test]
async fn f32_a_definition_is_applied_only_to_the_record_that_was_seen() {
    let (dynamodb, table) = Scripted::answering([stored("enabled"), json!({}), json!({})]).await;

    table.apply_workflow(&definition(), "", now()).await.unwrap();

    let write = record_write(&dynamodb.asked().pop().unwrap().1);
    assert_eq!(
        write["ConditionExpression"],
        "active_version = :active AND updated_at = :seen"
    );
    assert_eq!(
        write["ExpressionAttributeValues"],
        json!({":active": {"N": "3"}, ":seen": {"S": SEEN}})
    );
}

#[rstest]
#[case::another_apply(["ConditionalCheckFailed", "None", "None"], true)]
#[case::another_change(["None", "ConditionalCheckFailed", "None"], true)]
#[case::throttled(["None", "ThrottlingError", "None"], false)]
#[case::written_at_the_same_moment(["TransactionConflict", "None", "None"], false)]
#[tokio::test]
async fn f32_only_a_condition_that_failed_is_somebody_elses_change(#[case] codes: [&str; 3], #[case] conflict: bool) {
    let (_, table) = Scripted::answering([stored("enabled"), json!({}), cancelled(codes)]).await;

    let error = table.apply_workflow(&definition(), "", now()).await.unwrap_err();

    assert_eq!(matches!(error, ApplyError::Conflict(_)), conflict, "{error}");
    assert_eq!(matches!(error, ApplyError::Store(_)), !conflict, "{error}");
}

/// The routes that a transaction puts, and those that it deletes, by integration.
fn routes(request: &Value) -> (Vec<String>, Vec<String>) {
    let keys = |kind: &str, key: &str| -> Vec<String> {
        let writes = request["TransactItems"].as_array().unwrap().iter();
        let keys = writes.filter_map(|write| write.get(kind)?.get(key)?.get("pk")?["S"].as_str());
        keys.filter_map(|pk| pk.strip_prefix("ROUTES#"))
            .map(str::to_owned)
            .collect()
    };
    (keys("Put", "Item"), keys("Delete", "Key"))
}

#[rstest]
#[case::first("prod", "v3", json!({}), &["prod"], &[])]
#[case::again("prod", "v3", stored("enabled"), &["prod"], &[])]
#[case::moved("staging", "v3", stored("enabled"), &["staging"], &["prod"])]
#[case::to_v2("prod", "v2", stored("enabled"), &[], &["prod"])]
#[case::while_disabled("prod", "v3", stored("disabled"), &[], &["prod"])]
#[case::after_it_was_deleted("prod", "v3", stored("deleted"), &["prod"], &[])]
#[tokio::test]
async fn the_route_of_a_workflow_is_written_with_it(
    #[case] integration: &str,
    #[case] webhook: &str,
    #[case] before: Value,
    #[case] put: &[&str],
    #[case] deleted: &[&str],
) {
    let (dynamodb, table) = Scripted::answering([before, json!({}), json!({})]).await;
    let source = format!(
        "name: memory-alert\non:\n  pagerduty:\n    integration: {integration}\n    webhook: {webhook}\n    \
         events: [incident.triggered]\nsteps: [{{ wait: 1s }}]\n"
    );

    let applied = table
        .apply_workflow(&Definition::from_source(&source).unwrap(), &source, now())
        .await;

    assert!(applied.is_ok(), "{applied:?}");
    assert_eq!(routes(&dynamodb.asked().pop().unwrap().1), (own(put), own(deleted)));
}

#[tokio::test]
async fn a_route_holds_what_the_record_holds() {
    let (dynamodb, table) = Scripted::answering([stored("enabled"), json!({}), json!({})]).await;

    table.apply_workflow(&definition(), "", now()).await.unwrap();

    let request = dynamodb.asked().pop().unwrap().1;
    let items = request["TransactItems"].as_array().unwrap();
    let find = |pk: &str, sk: &str| {
        let mut puts = items.iter().map(|write| write["Put"]["Item"].clone());
        let mut item = puts
            .find(|item| item["pk"]["S"] == pk && item["sk"]["S"] == sk)
            .unwrap();
        item["pk"].take();
        item["sk"].take();
        item
    };
    assert_eq!(
        find("ROUTES#prod", "memory-alert"),
        find("WORKFLOW#memory-alert", "WORKFLOW")
    );
}

#[rstest]
#[case::disabled("disabled", WorkflowState::Disabled)]
#[case::enabled("enabled", WorkflowState::Enabled)]
#[case::deleted("deleted", WorkflowState::Enabled)]
#[tokio::test]
async fn what_is_applied_to_a_disabled_workflow_does_not_enable_it_and_to_a_deleted_one_does(
    #[case] before: &str,
    #[case] after: WorkflowState,
) {
    let (dynamodb, table) = Scripted::answering([stored(before), json!({}), json!({})]).await;

    let applied = table.apply_workflow(&definition(), "", now()).await.unwrap();

    assert_eq!(
        (applied.version, applied.is_new, applied.state),
        (WorkflowVersion(4), true, after)
    );
    let item = record_write(&dynamodb.asked().pop().unwrap().1)["Item"].clone();
    assert_eq!(item["state"], json!({"S": json!(after)}));
}

#[rstest]
#[case::enabled("enabled", &["prod"], &[])]
#[case::disabled("disabled", &[], &["prod"])]
#[tokio::test]
async fn to_apply_what_is_active_changes_nothing_but_a_route_that_an_earlier_release_did_not_know(
    #[case] state: &str,
    #[case] put: &[&str],
    #[case] deleted: &[&str],
) {
    let (dynamodb, table) = Scripted::answering([stored(state), of(&definition()), json!({})]).await;

    let applied = table.apply_workflow(&definition(), "", now()).await.unwrap();

    assert_eq!((applied.version, applied.is_new), (WorkflowVersion(3), false));
    let request = dynamodb.asked().pop().unwrap().1;
    assert_eq!(routes(&request), (own(put), own(deleted)));
    assert!(
        record_write(&request).get("Item").is_none(),
        "the record stays as it is"
    );
    assert_eq!(
        request["TransactItems"][0]["ConditionCheck"]["ExpressionAttributeValues"][":seen"],
        json!({"S": SEEN})
    );
}

fn own(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

#[rstest]
#[case::disable("enabled", WorkflowState::Disabled, &[], &["prod"])]
#[case::enable("disabled", WorkflowState::Enabled, &["prod"], &[])]
#[case::delete("enabled", WorkflowState::Deleted, &[], &["prod"])]
#[case::delete_again("deleted", WorkflowState::Deleted, &[], &["prod"])]
#[tokio::test]
async fn f31_a_change_of_state_keeps_all_else_and_takes_the_route_along(
    #[case] before: &str,
    #[case] state: WorkflowState,
    #[case] put: &[&str],
    #[case] deleted: &[&str],
) {
    let mut item = stored(before);
    item["Item"]["of_a_newer_release"] = json!({"S": "kept"});
    let (dynamodb, table) = Scripted::answering([item.clone(), json!({})]).await;

    table
        .set_workflow_state(&"memory-alert".parse().unwrap(), state, now())
        .await
        .unwrap();

    let request = dynamodb.asked().pop().unwrap().1;
    item["Item"]["state"] = json!({"S": json!(state)});
    item["Item"]["updated_at"] = json!({"S": now().to_string()});
    let write = record_write(&request);
    assert_eq!(write["Item"], item["Item"]);
    assert_eq!(write["ExpressionAttributeValues"][":seen"], json!({"S": SEEN}));
    assert_eq!(routes(&request), (own(put), own(deleted)));
}

#[tokio::test]
async fn a_change_of_state_that_somebody_else_forestalls_is_made_again() {
    let forestalled = cancelled(["ConditionalCheckFailed", "None", "None"]);
    let answers = [stored("enabled"), forestalled.clone(), stored("enabled"), json!({})];
    let (_, table) = Scripted::answering(answers).await;
    let id = "memory-alert".parse().unwrap();
    table
        .set_workflow_state(&id, WorkflowState::Disabled, now())
        .await
        .unwrap();

    let always = std::iter::repeat_n([stored("enabled"), forestalled], STATE_TRIED_AT_MOST).flatten();
    let (_, table) = Scripted::answering(always).await;
    let error = table.set_workflow_state(&id, WorkflowState::Disabled, now()).await;
    assert!(matches!(error, Err(StateError::Contended(_))), "{error:?}");
}

#[tokio::test]
async fn only_a_workflow_that_is_there_is_enabled() {
    let (_, table) = Scripted::answering([json!({}), stored("deleted")]).await;
    let id = "memory-alert".parse().unwrap();

    let unknown = table.set_workflow_state(&id, WorkflowState::Enabled, now()).await;
    let deleted = table.set_workflow_state(&id, WorkflowState::Enabled, now()).await;

    assert!(matches!(unknown, Err(StateError::Unknown(_))), "{unknown:?}");
    assert!(matches!(deleted, Err(StateError::Deleted(_))), "{deleted:?}");
}

/// A record without filters, as serde reads it.
fn record() -> Value {
    json!({
        "workflow": "w", "state": "enabled", "active_version": 3, "integration": "prod", "webhook": "v3",
        "events": ["incident.triggered"], "updated_at": "2026-11-22T10:00:00Z"
    })
}

#[test]
fn a_trigger_without_filters_is_stored_as_it_was_before_there_were_any() {
    let read: WorkflowRecord = serde_json::from_value(record()).unwrap();

    assert!(read.trigger.as_ref().unwrap().filters.is_empty());
    assert_eq!(json!(read), record());
}

#[test]
fn the_filters_of_a_trigger_are_stored_with_it() {
    let mut with_filters = record();
    with_filters["filters"] = json!({"services": ["PSVC1"], "urgency": "low"});

    let read: WorkflowRecord = serde_json::from_value(with_filters.clone()).unwrap();

    assert_eq!(read.trigger.as_ref().unwrap().filters.services, ["PSVC1"]);
    assert_eq!(json!(read), with_filters);
}
