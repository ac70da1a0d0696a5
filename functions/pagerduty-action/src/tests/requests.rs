//! What is sent to PagerDuty: method, path, headers and body, as PagerDuty documents them.

use super::*;
use crate::tests::world::example_with;
use pagerduty::client::TokenKind;
use pagerduty_simulator::Seed;
use rstest::rstest;
use serde_json::json;

/// Method and path of each request.
fn lines(requests: &[Value]) -> Vec<String> {
    let line = |request: &Value| {
        format!(
            "{} {}",
            request["method"].as_str().unwrap(),
            request["path"].as_str().unwrap()
        )
    };
    requests.iter().map(line).collect()
}

#[rstest]
#[case(
    Action::AcknowledgeIncident,
    &["GET /incidents/INCIDENT", "PUT /incidents/INCIDENT"],
    json!({"incident": {"type": "incident_reference", "status": "acknowledged"}}),
)]
#[case(
    Action::UpdateIncident,
    &["PUT /incidents/INCIDENT"],
    json!({"incident": {
        "type": "incident_reference", "title": "Memory leak", "urgency": "low",
        "priority": {"id": "PPRI1P1", "type": "priority_reference"},
    }}),
)]
#[case(
    Action::ReassignIncident,
    &["PUT /incidents/INCIDENT"],
    json!({"incident": {
        "type": "incident_reference", "assignments": [{"assignee": {"id": "PUS2B8D", "type": "user_reference"}}],
    }}),
)]
#[case(
    Action::EscalateIncident,
    &["PUT /incidents/INCIDENT"],
    json!({"incident": {"type": "incident_reference", "escalation_level": 2}}),
)]
#[case(Action::SnoozeIncident, &["POST /incidents/INCIDENT/snooze"], json!({"duration": 14_400}))]
#[case(
    Action::MergeIncidents,
    &["PUT /incidents/INCIDENT/merge", "GET /incidents/INCIDENT"],
    json!({"source_incidents": [{"id": "OTHER", "type": "incident_reference"}]}),
)]
#[case(Action::AddNote, &["POST /incidents/INCIDENT/notes"], json!({"note": {"content": "Looking into it."}}))]
#[case(
    Action::PostStatusUpdate,
    &["POST /incidents/INCIDENT/status_updates"],
    json!({"message": "We look into it.", "subject": "Memory", "html_message": "<p>We look into it.</p>"}),
)]
#[tokio::test]
async fn a_change_names_the_user_and_says_what_pagerduty_documents(
    #[case] action: Action,
    #[case] expected: &[&str],
    #[case] body: Value,
) {
    let world = World::for_action(action).await;

    world.done(&example(action)).await;

    let requests = world.requests();
    assert_eq!(json!(lines(&requests)), world.filled(&json!(expected)));
    let write = requests.iter().rfind(|request| request["method"] != "GET").unwrap();
    assert_eq!(write["body"], world.filled(&body));
    assert_eq!(write["headers"]["from"], "oncall@example.com");
    assert_eq!(write["headers"]["content-type"], "application/json");
    assert_eq!(write["headers"]["accept"], "application/vnd.pagerduty+json;version=2");
    assert!(
        write["headers"]["authorization"]
            .as_str()
            .unwrap()
            .starts_with("Token token=")
    );
}

#[rstest]
#[case(
    Action::AddResponders,
    &["GET /users", "POST /incidents/INCIDENT/responder_requests"],
    json!({
        "requester_id": "PUS1A7C", "message": "Please help.",
        "responder_request_targets": [
            {"responder_request_target": {"id": "PUS2B8D", "type": "user_reference"}},
            {"responder_request_target": {"id": "PT31ZQB", "type": "escalation_policy_reference"}},
        ],
    }),
)]
#[case(
    Action::SetCustomFields,
    &["PUT /incidents/INCIDENT/custom_fields/values"],
    json!({"custom_fields": [{"name": "environment", "value": "production"}]}),
)]
#[case(
    Action::RunIncidentWorkflow,
    &["POST /incident_workflows/PWF1MAN/instances"],
    json!({"incident_workflow_instance": {
        "type": "incident_workflow_instance", "incident": {"id": "INCIDENT", "type": "incident_reference"},
    }}),
)]
#[tokio::test]
async fn what_pagerduty_documents_without_a_from_is_sent_without(
    #[case] action: Action,
    #[case] expected: &[&str],
    #[case] body: Value,
) {
    let world = World::for_action(action).await;

    world.done(&example(action)).await;

    let requests = world.requests();
    assert_eq!(json!(lines(&requests)), world.filled(&json!(expected)));
    let write = requests.last().unwrap();
    assert_eq!(write["body"], world.filled(&body));
    assert_eq!(write["headers"]["from"], Value::Null);
}

#[rstest]
#[case(Action::GetIncident, "GET /incidents/INCIDENT", json!([]))]
#[case(
    Action::ListIncidents,
    "GET /incidents",
    json!([
        ["sort_by", "created_at:desc"], ["limit", "10"], ["statuses[]", "triggered"], ["statuses[]", "acknowledged"],
        ["service_ids[]", "PWIXJZS"], ["urgencies[]", "high"], ["since", "2026-11-01T00:00:00Z"],
        ["until", "2026-12-01T00:00:00Z"],
    ]),
)]
#[case(
    Action::ListAlerts,
    "GET /incidents/INCIDENT/alerts",
    json!([["limit", "5"], ["statuses[]", "triggered"]]),
)]
#[case(Action::ListNotes, "GET /incidents/INCIDENT/notes", json!([]))]
#[case(
    Action::ListLogEntries,
    "GET /incidents/INCIDENT/log_entries",
    json!([["limit", "5"], ["is_overview", "true"]]),
)]
#[case(
    Action::ListOncalls,
    "GET /oncalls",
    json!([["limit", "5"], ["escalation_policy_ids[]", "PT20YPA"], ["user_ids[]", "PUS1A7C"]]),
)]
#[tokio::test]
async fn a_question_is_one_request_and_changes_nothing(
    #[case] action: Action,
    #[case] line: &str,
    #[case] query: Value,
) {
    let world = World::new().await;

    world.done(&example(action)).await;

    let [request] = &world.requests()[..] else {
        panic!("{:?}", world.requests())
    };
    assert_eq!(
        json!(lines(std::slice::from_ref(request))),
        world.filled(&json!([line]))
    );
    assert_eq!(request["query"], query);
    assert_eq!(request["headers"]["from"], Value::Null);
    assert_eq!(world.effects(), (vec![], 0));
}

#[rstest]
#[case(
    Action::TriggerAlert,
    "/v2/enqueue",
    json!({
        "event_action": "trigger", "dedup_key": "heap web-1",
        "payload": {"summary": "Heap full", "source": "web-1", "severity": "critical"},
    }),
)]
#[case(
    Action::AcknowledgeAlert,
    "/v2/enqueue",
    json!({"event_action": "acknowledge", "dedup_key": "heap web-1"}),
)]
#[case(Action::ResolveAlert, "/v2/enqueue", json!({"event_action": "resolve", "dedup_key": "heap web-1"}))]
#[case(
    Action::SendChangeEvent,
    "/v2/change/enqueue",
    json!({"payload": {"summary": "The memory limit was raised."}}),
)]
#[tokio::test]
async fn an_event_carries_neither_token_nor_user(#[case] action: Action, #[case] path: &str, #[case] body: Value) {
    let world = World::new().await;

    world.done(&example(action)).await;

    let [request] = &world.requests()[..] else {
        panic!("{:?}", world.requests())
    };
    assert_eq!((&request["method"], &request["path"]), (&json!("POST"), &json!(path)));
    let mut sent = request["body"].clone();
    assert!(sent.as_object_mut().unwrap().remove("routing_key").is_some());
    assert_eq!(sent, body);
    assert_eq!(request["headers"]["authorization"], Value::Null);
    assert_eq!(request["headers"]["from"], Value::Null);
}

#[rstest]
#[case::given(json!("PUS2B8D"), json!("oncall@example.com"), &[], "PUS2B8D")]
#[case::by_its_e_mail(Value::Null, json!("Manager@Example.com"), &["GET /users"], "PUS2B8D")]
#[case::by_the_token(Value::Null, Value::Null, &["GET /users/me"], "PUS1A7C")]
#[tokio::test]
async fn who_asks_for_help_is_looked_up(
    #[case] requester: Value,
    #[case] from: Value,
    #[case] look: &[&str],
    #[case] expected: &str,
) {
    let world = World::new().await;
    world.store(TokenKind::ApiToken, Seed::USER_TOKEN);
    let mut input = example_with(Action::AddResponders, "requester", requester);
    input["from"] = from;

    world.done(&input).await;

    let requests = world.requests();
    let (write, looks) = requests.split_last().unwrap();
    assert_eq!(lines(looks), look);
    assert_eq!(write["body"]["requester_id"], expected);
}
