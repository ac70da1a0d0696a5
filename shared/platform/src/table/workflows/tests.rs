//! What is read and written when people change a workflow.

use super::*;
use crate::catalog;
use crate::{body, scripted::Scripted, table::items::Memory};
use data_encoding::BASE64;
use rstest::rstest;
use serde_json::{Value, json};

const SEEN: &str = "2026-11-20T09:30:00Z";

fn now() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn definition() -> Definition {
    Definition::from_source(
        "name: memory-alert\non:\n  pagerduty:\n    integration: prod\n    events: [incident.triggered]\nsteps: [{ wait: 1s }]\n", catalog())
    .unwrap()
}

/// The item of the workflow, as it was read.
fn stored(state: &str) -> Value {
    json!({"Item": {
        "pk": {"S": "WORKFLOWS"}, "sk": {"S": "memory-alert"}, "workflow": {"S": "memory-alert"},
        "state": {"S": state}, "active_version": {"N": "3"}, "integration": {"S": "prod"}, "webhook": {"S": "v3"},
        "events": {"L": [{"S": "incident.triggered"}]}, "updated_at": {"S": SEEN},
    }})
}

/// The workflow of that item, as somebody has looked at it.
fn seen(item: &Value) -> Option<WorkflowRecord> {
    let mut fields = item.get("Item")?.clone();
    fields.as_object_mut()?.remove("pk");
    let fields: Item = fields
        .as_object()?
        .iter()
        .filter(|(name, _)| *name != "events")
        .map(|(name, value)| {
            let value = match (&value["S"], &value["N"]) {
                (Value::String(text), _) => AttributeValue::S(text.clone()),
                (_, number) => AttributeValue::N(number.as_str().unwrap().to_owned()),
            };
            (name.clone(), value)
        })
        .collect();
    Some(super::record("workflow", fields).unwrap())
}

/// Applies a definition to a workflow that was seen so.
async fn apply(table: &Table, before: &Value, definition: &Definition) -> Result<Applied, ApplyError> {
    let new = NewVersion {
        definition,
        source: "# as it was written",
        applied_by: Some("arn:aws:iam::123456789012:user/olivia"),
    };
    table.apply_workflow(seen(before).as_ref(), &new, now()).await
}

/// The answer to the question which version is the newest.
fn newest(version: u32) -> Value {
    json!({"Items": [{"version": {"N": version.to_string()}, "created_at": {"S": SEEN}, "digest": {"S": "abc"}}]})
}

/// The item of a version with this definition.
fn version(definition: &[u8]) -> Value {
    json!({"Item": {"definition": {"B": BASE64.encode(&body::compress(definition))}}})
}

fn of(definition: &Definition) -> Value {
    version(definition.to_json().to_string().as_bytes())
}

/// The write of the workflow's own item among those of a transaction.
fn record_write(request: &Value) -> Value {
    let writes = request["TransactItems"].as_array().unwrap();
    let write = writes.iter().filter_map(|write| write.as_object()?.values().next());
    let mut own = write.filter(|write| {
        let key = write.get("Key").or_else(|| write.get("Item")).unwrap();
        key["pk"] == json!({"S": "WORKFLOWS"}) && key["sk"] == json!({"S": "memory-alert"})
    });
    own.next().unwrap().clone()
}

#[rstest]
#[case::damaged(json!({"Item": {"definition": {"B": "AAAA"}}}))]
#[case::of_a_newer_release(version(br#"{"name":"memory-alert","steps":[{"teleport":"moon"}]}"#))]
#[case::gone(json!({}))]
#[tokio::test]
async fn an_active_version_that_this_release_cannot_read_can_be_replaced(#[case] active: Value) {
    let (dynamodb, table) = Scripted::answering([active, newest(3), json!({})]).await;

    let applied = apply(&table, &stored("enabled"), &definition()).await;

    assert!(applied.is_ok(), "{applied:?}");
    let (operation, request) = dynamodb.asked().pop().unwrap();
    assert_eq!(operation, "TransactWriteItems");
    assert_eq!(record_write(&request)["Item"]["active_version"], json!({"N": "4"}));
}

#[tokio::test]
async fn f32_a_definition_is_applied_only_to_the_record_that_was_seen() {
    let (dynamodb, table) = Scripted::answering([json!({}), newest(3), json!({})]).await;

    apply(&table, &stored("enabled"), &definition()).await.unwrap();

    let write = record_write(&dynamodb.asked().pop().unwrap().1);
    assert_eq!(
        write["ConditionExpression"],
        "#active_version = :is_active_version AND #updated_at = :is_updated_at"
    );
    assert_eq!(
        write["ExpressionAttributeValues"],
        json!({":is_active_version": {"N": "3"}, ":is_updated_at": {"S": SEEN}})
    );
}

#[rstest]
#[case::another_apply(["ConditionalCheckFailed", "None", "None"], true)]
#[case::another_change(["None", "ConditionalCheckFailed", "None"], true)]
#[case::throttled(["None", "ThrottlingError", "None"], false)]
#[case::written_at_the_same_moment(["TransactionConflict", "None", "None"], false)]
#[tokio::test(start_paused = true)]
async fn f32_only_a_condition_that_failed_is_somebody_elses_change(#[case] codes: [&str; 3], #[case] conflict: bool) {
    // What passes is tried four times.
    let answers = std::iter::repeat_n(Scripted::cancelled(&codes), 4);
    let (_, table) = Scripted::answering([json!({}), newest(3)].into_iter().chain(answers)).await;

    let error = apply(&table, &stored("enabled"), &definition()).await.unwrap_err();

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
    let answers = match before["Item"]["state"]["S"].as_str() {
        None => vec![json!({})],
        // Whatever a deleted workflow did is done anew.
        Some("deleted") => vec![newest(3), json!({})],
        Some(_) => vec![json!({}), newest(3), json!({})],
    };
    let (dynamodb, table) = Scripted::answering(answers).await;
    let source = format!(
        "name: memory-alert\non:\n  pagerduty:\n    integration: {integration}\n    webhook: {webhook}\n    \
         events: [incident.triggered]\nsteps: [{{ wait: 1s }}]\n"
    );

    let applied = apply(&table, &before, &Definition::from_source(&source, catalog()).unwrap()).await;

    assert!(applied.is_ok(), "{applied:?}");
    assert_eq!(routes(&dynamodb.asked().pop().unwrap().1), (own(put), own(deleted)));
}

#[tokio::test]
async fn a_route_holds_what_the_record_holds() {
    let (dynamodb, table) = Scripted::answering([json!({}), newest(3), json!({})]).await;

    apply(&table, &stored("enabled"), &definition()).await.unwrap();

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
    assert_eq!(find("ROUTES#prod", "memory-alert"), find("WORKFLOWS", "memory-alert"));
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
    let answers = match before {
        "deleted" => vec![newest(3), json!({})],
        _ => vec![json!({}), newest(3), json!({})],
    };
    let (dynamodb, table) = Scripted::answering(answers).await;

    let applied = apply(&table, &stored(before), &definition()).await.unwrap();

    assert_eq!(
        (applied.version, applied.is_new, applied.state),
        (WorkflowVersion(4), true, after)
    );
    let item = record_write(&dynamodb.asked().pop().unwrap().1)["Item"].clone();
    assert_eq!(item["state"], json!({"S": json!(after)}));
}

#[rstest]
#[case::enabled("enabled")]
#[case::disabled("disabled")]
#[tokio::test]
async fn to_apply_what_is_active_changes_nothing(#[case] state: &str) {
    let (dynamodb, table) = Scripted::answering([of(&definition())]).await;

    let applied = apply(&table, &stored(state), &definition()).await.unwrap();

    assert_eq!((applied.version, applied.is_new), (WorkflowVersion(3), false));
    let asked: Vec<_> = dynamodb.asked().into_iter().map(|(operation, _)| operation).collect();
    assert_eq!(asked, ["GetItem"]);
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
    assert_eq!(write["ExpressionAttributeValues"][":is_updated_at"], json!({"S": SEEN}));
    assert_eq!(routes(&request), (own(put), own(deleted)));
}

/// The item of a workflow that waits for events of two integrations, one of which its trigger is of.
fn awaiting(state: &str) -> Value {
    let mut item = stored(state);
    let types = json!({"L": [{"S": "incident.annotated"}]});
    item["Item"]["awaits"] = json!({"M": {"prod": types, "staging": types}});
    item
}

#[rstest]
#[case::enable(awaiting("disabled"), WorkflowState::Enabled, &["prod", "staging"], &[])]
#[case::disable(awaiting("enabled"), WorkflowState::Disabled, &[], &["prod", "staging"])]
#[case::delete(awaiting("enabled"), WorkflowState::Deleted, &[], &["prod", "staging"])]
#[tokio::test]
async fn a_workflow_has_a_route_of_each_integration_whose_events_it_waits_for_while_it_is_enabled(
    #[case] item: Value,
    #[case] state: WorkflowState,
    #[case] put: &[&str],
    #[case] deleted: &[&str],
) {
    let (dynamodb, table) = Scripted::answering([item, json!({})]).await;
    let id = "memory-alert".parse().unwrap();

    table.set_workflow_state(&id, state, now()).await.unwrap();

    let request = dynamodb.asked().pop().unwrap().1;
    assert_eq!(routes(&request), (own(put), own(deleted)));
}

#[tokio::test]
async fn what_the_active_version_waits_for_is_in_its_record_and_in_its_routes() {
    let source = "name: memory-alert\non: { pagerduty: { integration: prod, events: [incident.triggered] } }\nsteps:\n  \
        - parallel:\n      - steps: [{ wait_for: { integration: prod, incident_id: Q1, status: [resolved], timeout: 1h } }]\n      \
        - steps: [{ wait_for: { integration: staging, incident_id: Q2, events: [incident.annotated], timeout: 1h } }]\n";
    let definition = Definition::from_source(source, catalog()).unwrap();
    let (dynamodb, table) = Scripted::answering([json!({}), newest(3), json!({})]).await;
    apply(&table, &stored("enabled"), &definition).await.unwrap();
    let request = dynamodb.asked().pop().unwrap().1;
    assert_eq!(routes(&request), (own(&["prod", "staging"]), own(&[])));
    let awaits = record_write(&request)["Item"]["awaits"]["M"].clone();
    assert_eq!(awaits["prod"]["L"], json!([{"S": "incident.resolved"}]));
    assert_eq!(awaits["staging"]["L"], json!([{"S": "incident.annotated"}]));

    // A version that waits for nothing takes the routes along.
    let newer = self::definition();
    let (dynamodb, table) = Scripted::answering([json!({}), newest(4), json!({})]).await;
    let seen = WorkflowRecord {
        awaits: super::awaits(&definition),
        ..seen(&stored("enabled")).unwrap()
    };
    let new = NewVersion {
        definition: &newer,
        source: "",
        applied_by: None,
    };
    table.apply_workflow(Some(&seen), &new, now()).await.unwrap();
    let request = dynamodb.asked().pop().unwrap().1;
    assert_eq!(routes(&request), (own(&["prod"]), own(&["staging"])));
}

#[rstest]
#[case::of_another_integration("v3", "staging")]
#[case::of_its_own_one_that_comes_without_signature("v2", "prod")]
#[tokio::test]
async fn by_a_route_that_only_waits_nothing_starts(#[case] webhook: &str, #[case] alias: &str) {
    let mut item = awaiting("disabled");
    item["Item"]["webhook"] = json!({"S": webhook});
    let (dynamodb, table) = Scripted::answering([item, json!({})]).await;
    let id = "memory-alert".parse().unwrap();

    table
        .set_workflow_state(&id, WorkflowState::Enabled, now())
        .await
        .unwrap();

    let request = dynamodb.asked().pop().unwrap().1;
    let puts = request["TransactItems"].as_array().unwrap().iter();
    let mut routes = puts.filter_map(|write| write["Put"].get("Item"));
    let route = routes
        .find(|item| item["pk"]["S"] == format!("ROUTES#{alias}"))
        .unwrap();
    for field in ["integration", "webhook", "events"] {
        assert!(route.get(field).is_none(), "{route}");
    }
    let fields = route.as_object().unwrap().iter();
    let fields: Item = fields
        .filter_map(|(name, value)| Some((name.clone(), attribute(value)?)))
        .collect();
    let route: WorkflowRecord = super::record("route", fields).unwrap();
    assert_eq!(route.trigger, None);
    let types = BTreeSet::from(["incident.annotated".to_owned()]);
    assert_eq!(route.awaited(&alias.parse().unwrap()), Some(&types));
}

/// A value as the SDK has it.
fn attribute(value: &Value) -> Option<AttributeValue> {
    let (kind, value) = value.as_object()?.iter().next()?;
    Some(match (kind.as_str(), value) {
        ("S", Value::String(text)) => AttributeValue::S(text.clone()),
        ("N", Value::String(text)) => AttributeValue::N(text.clone()),
        ("L", Value::Array(items)) => AttributeValue::L(items.iter().filter_map(attribute).collect()),
        ("M", Value::Object(fields)) => {
            let fields = fields.iter();
            AttributeValue::M(
                fields
                    .filter_map(|(name, value)| Some((name.clone(), attribute(value)?)))
                    .collect(),
            )
        }
        _ => return None,
    })
}

#[test]
fn a_workflow_that_is_not_enabled_waits_for_nothing() {
    let mut stored = record();
    stored["awaits"] = json!({"prod": ["incident.annotated"]});
    let read: WorkflowRecord = serde_json::from_value(stored.clone()).unwrap();
    let awaited = |state| {
        let record = WorkflowRecord { state, ..read.clone() };
        record.awaited(&"prod".parse().unwrap()).is_some()
    };
    assert!(awaited(WorkflowState::Enabled));
    assert!(!awaited(WorkflowState::Disabled) && !awaited(WorkflowState::Deleted));
    assert_eq!(read.awaited(&"staging".parse().unwrap()), None);
    assert_eq!(json!(read), stored);
}

#[tokio::test]
async fn a_change_of_state_that_somebody_else_forestalls_is_made_again() {
    let forestalled = Scripted::cancelled(&["ConditionalCheckFailed", "None", "None"]);
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

/// The write of a version among those of a transaction.
fn version_write(request: &Value) -> Option<Value> {
    let writes = request["TransactItems"].as_array().unwrap().iter();
    let mut puts = writes.map(|write| write["Put"]["Item"].clone());
    puts.find(|item| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("VERSION#")))
}

#[tokio::test]
async fn a_version_tells_who_applied_it_and_what_it_is() {
    let (dynamodb, table) = Scripted::answering([json!({}), newest(3), json!({})]).await;

    apply(&table, &stored("enabled"), &definition()).await.unwrap();

    let version = version_write(&dynamodb.asked().pop().unwrap().1).unwrap();
    assert_eq!(version["applied_by"]["S"], "arn:aws:iam::123456789012:user/olivia");
    assert_eq!(version["digest"]["S"], definition().digest());
    assert_eq!(version["created_at"]["S"], now().to_string());
}

#[tokio::test]
async fn after_an_older_version_is_active_again_the_next_one_has_a_number_of_its_own() {
    let (dynamodb, table) = Scripted::answering([json!({}), newest(7), json!({})]).await;

    let applied = apply(&table, &stored("enabled"), &definition()).await.unwrap();

    assert_eq!(applied.version, WorkflowVersion(8));
    let (operation, request) = dynamodb.asked().remove(1);
    assert_eq!(operation, "Query");
    assert_eq!(
        (&request["ScanIndexForward"], &request["Limit"]),
        (&json!(false), &json!(1))
    );
    let version = version_write(&dynamodb.asked().pop().unwrap().1).unwrap();
    assert_eq!(version["sk"]["S"], "VERSION#0000000008");
}

#[rstest]
#[case::enabled("enabled", WorkflowState::Enabled)]
#[case::disabled("disabled", WorkflowState::Disabled)]
#[case::deleted("deleted", WorkflowState::Enabled)]
#[tokio::test]
async fn an_older_version_becomes_active_again_with_its_own_trigger(
    #[case] before: &str,
    #[case] after: WorkflowState,
) {
    let (dynamodb, table) = Scripted::answering([of(&definition()), json!({})]).await;
    let seen = seen(&stored(before)).unwrap();

    let applied = table.activate_version(&seen, WorkflowVersion(1), now()).await.unwrap();

    assert_eq!(
        (applied.version, applied.is_new, applied.state),
        (WorkflowVersion(1), true, after)
    );
    let request = dynamodb.asked().pop().unwrap().1;
    let write = record_write(&request);
    assert_eq!(write["Item"]["active_version"], json!({"N": "1"}));
    assert_eq!(
        write["ConditionExpression"],
        "#active_version = :is_active_version AND #updated_at = :is_updated_at"
    );
    assert_eq!(version_write(&request), None);
}

#[tokio::test]
async fn only_a_version_that_is_there_and_not_active_is_activated() {
    let (dynamodb, table) = Scripted::answering([json!({})]).await;
    let seen = seen(&stored("enabled")).unwrap();

    let active = table.activate_version(&seen, WorkflowVersion(3), now()).await.unwrap();
    let unknown = table.activate_version(&seen, WorkflowVersion(9), now()).await;

    assert!(!active.is_new);
    assert!(matches!(unknown, Err(ApplyError::NoVersion { .. })), "{unknown:?}");
    assert_eq!(dynamodb.asked().len(), 1);
}

#[tokio::test]
async fn f32_a_version_is_activated_only_in_the_record_that_was_seen() {
    let refused = Scripted::cancelled(&["ConditionalCheckFailed", "None", "None"]);
    let (_, table) = Scripted::answering([of(&definition()), refused]).await;
    let seen = seen(&stored("enabled")).unwrap();

    let error = table
        .activate_version(&seen, WorkflowVersion(1), now())
        .await
        .unwrap_err();

    assert!(matches!(error, ApplyError::Conflict(_)), "{error}");
}

#[tokio::test]
async fn versions_are_listed_with_who_applied_them_where_that_is_known() {
    let listed = json!({"Items": [
        {"version": {"N": "2"}, "created_at": {"S": SEEN}, "applied_by": {"S": "arn"}, "digest": {"S": "abc"}},
        {"version": {"N": "1"}, "created_at": {"S": SEEN}, "digest": {"S": "def"}},
    ]});
    let (_, table) = Scripted::answering([listed]).await;

    let versions = table.versions(&"memory-alert".parse().unwrap()).await.unwrap();

    let told: Vec<_> = versions
        .iter()
        .map(|version| {
            (
                version.version.0,
                version.applied_by.as_deref(),
                version.digest.as_str(),
            )
        })
        .collect();
    assert_eq!(told, [(2, Some("arn"), "abc"), (1, None, "def")]);
}

#[tokio::test]
async fn workflows_are_found_on_all_pages_and_listed_by_name() {
    let item = |name: &str| {
        let mut item = stored("enabled")["Item"].clone();
        item["workflow"] = json!({"S": name});
        item
    };
    let (dynamodb, table) = Scripted::answering([
        json!({"Items": [item("a")], "LastEvaluatedKey": {"pk": {"S": "WORKFLOWS"}, "sk": {"S": "a"}}}),
        json!({"Items": [item("b")]}),
    ])
    .await;

    let names: Vec<_> = table
        .workflows()
        .await
        .unwrap()
        .into_iter()
        .map(|found| found.workflow)
        .collect();

    assert_eq!(names, ["a".parse().unwrap(), "b".parse().unwrap()]);
    let asked = dynamodb.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(
        asked[0],
        (
            "Query".to_owned(),
            json!({
                "TableName": "table", "ConsistentRead": true, "KeyConditionExpression": "#pk = :pk",
                "ExpressionAttributeNames": {"#pk": "pk"}, "ExpressionAttributeValues": {":pk": {"S": "WORKFLOWS"}},
            })
        )
    );
}

#[tokio::test]
async fn a_definition_that_is_larger_than_any_body_is_read_again() {
    let steps: Vec<_> = (0..5_000).map(|_| json!({"set": {"x": "a".repeat(120)}})).collect();
    let large =
        Definition::from_source(&json!({"name": "memory-alert", "steps": steps}).to_string(), catalog()).unwrap();
    assert!(large.to_json().to_string().len() > 512 * 1024);
    let (dynamodb, table) = Scripted::answering([json!({}), newest(3), json!({})]).await;
    apply(&table, &stored("enabled"), &large).await.unwrap();
    let item = version_write(&dynamodb.asked().pop().unwrap().1).unwrap();

    let (_, table) = Scripted::answering([json!({ "Item": item })]).await;
    let read = table
        .version(&"memory-alert".parse().unwrap(), WorkflowVersion(4))
        .await;

    assert!(matches!(read, Ok(Some(read)) if read == large));
}

/// Versions without end, each of so many steps.
struct Endless(usize);

impl VersionSource for Endless {
    async fn version(&self, _: &WorkflowId, _: WorkflowVersion) -> Result<Option<Definition>, StoreError> {
        let steps = vec![json!({"wait": "1s"}); self.0];
        Ok(Definition::from_source(&json!({"name": "w", "steps": steps}).to_string(), catalog()).ok())
    }
}

/// That a definition weighs at least what it takes is proved where definitions are.
#[rstest]
#[case::of_the_most_steps(5_000, 40)]
#[case::of_a_few(1, 400)]
#[tokio::test]
async fn versions_are_kept_in_so_much_memory_however_large_they_are(#[case] steps: usize, #[case] versions: u32) {
    let cache = Versions::new(Endless(steps));
    let workflow = "w".parse().unwrap();
    for version in 1..=versions {
        cache.get(&workflow, WorkflowVersion(version)).await.unwrap().unwrap();
        let kept = cache.lock();
        let weight: usize = kept.definitions.values().map(|definition| definition.weight()).sum();
        assert!(weight <= KEPT_AT_MOST, "{weight} bytes");
        assert_eq!(weight, kept.weight);
        assert!(!kept.definitions.is_empty());
    }
}

/// A definition of one step, whose action is not what the program has under that name.
fn with_action(change: impl FnOnce(&mut workflow::action::ActionSpec)) -> Definition {
    let mut action = workflow::action::ActionSpec::clone(catalog().action("slack.post_message").unwrap());
    change(&mut action);
    let own = [std::sync::Arc::new(action)].into_iter().collect();
    let source = "name: memory-alert\nsteps:\n  - { uses: slack.post_message, with: { integration: chat, channel: C1, text: t } }\n";
    Definition::from_source(source, &own).unwrap_or_else(|problems| panic!("{problems}"))
}

async fn apply_anew(table: &Table<Memory>, definition: &Definition) -> Result<Applied, ApplyError> {
    let seen = table.workflow(&definition.name).await.unwrap();
    let new = NewVersion {
        definition,
        source: "# as it was written",
        applied_by: None,
    };
    table.apply_workflow(seen.as_ref(), &new, now()).await
}

#[tokio::test]
async fn a_version_is_read_with_the_actions_as_they_were_when_it_was_applied() {
    let table = Table::over(Memory::default());
    let first = with_action(|action| action.timeout_seconds = 7);
    let second = with_action(|action| action.connector = Some(json!({"connector": "slack"})));
    for (number, definition) in (1..).zip([&first, &second]) {
        let applied = apply_anew(&table, definition).await.unwrap();
        assert_eq!((applied.version, applied.is_new), (WorkflowVersion(number), true));
        let again = apply_anew(&table, definition).await.unwrap();
        assert!(!again.is_new, "the same actions make no new version");
    }
    for (number, definition) in (1..).zip([first, second]) {
        let read = table.version(&definition.name, WorkflowVersion(number)).await.unwrap();
        assert_eq!(read, Some(definition));
    }
}

#[tokio::test]
async fn a_version_that_uses_pagerduty_alone_has_no_actions_along() {
    let (dynamodb, table) = Scripted::answering([json!({}), newest(3), json!({})]).await;
    apply(&table, &stored("enabled"), &definition()).await.unwrap();
    let item = version_write(&dynamodb.asked().pop().unwrap().1).unwrap();
    assert!(
        item.get("definition").is_some() && item.get("actions").is_none(),
        "{item}"
    );
}

#[tokio::test]
async fn actions_that_do_not_fit_into_the_item_are_refused_with_what_to_do() {
    // Text that does not compress.
    let letters = (0_u32..120_000)
        .map(|number| data_encoding::HEXLOWER.encode(&number.wrapping_mul(2_654_435_761).to_be_bytes()));
    let summary: String = letters.collect();
    let table = Table::over(Memory::default());
    let refused = apply_anew(&table, &with_action(|action| action.summary = summary.into())).await;
    let told = refused.unwrap_err().to_string();
    assert!(told.contains("Use fewer different actions"), "{told}");
}
