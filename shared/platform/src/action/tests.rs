mod fitting;

use super::*;
use crate::secrets::{SecretsInMemory, add_routing_key};
use pagerduty::client::{ServiceRegion, TokenKind};
use provider::transport::{Request, Sending};
use rstest::rstest;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

const NAME: &str = "pagerflow/api-token/prod";

/// Nothing is sent in these tests.
#[derive(Debug)]
struct NoNetwork;

impl Transport for NoNetwork {
    fn send(&self, _: Request) -> Sending<'_> {
        unreachable!("nothing is sent")
    }
}

/// The secrets of an integration with this default user.
fn secrets(default_from: Option<&str>) -> SecretsInMemory {
    let value = Connection::secret_value(&"token".into(), TokenKind::ApiToken, ServiceRegion::Us, default_from);
    SecretsInMemory::holding(NAME, value.unwrap())
}

fn pagerduty(secrets: &SecretsInMemory) -> PagerDuty<SecretsInMemory> {
    let connections = Connections::new(secrets.clone(), SecretNames::new("pagerflow"));
    PagerDuty::new(connections, Arc::new(NoNetwork), None)
}

/// The part of an input that these tests look at.
#[derive(Debug, Clone, Deserialize)]
struct Input {
    #[serde(default)]
    from: Option<String>,
}

/// For whom an action is done.
async fn done_for(secrets: &SecretsInMemory, input: Value) -> Option<String> {
    let request = async |_: &Client, _: &ApiToken, input: &Input| Ok(input.from.clone());
    let pagerduty = pagerduty(secrets);
    let done = pagerduty.rest(Action::GetIncident, input, Timestamp::UNIX_EPOCH, request);
    done.await.unwrap().output
}

#[tokio::test]
async fn an_input_without_from_gets_the_default_user_of_its_integration() {
    let secrets = secrets(Some("default@example.com"));
    let mut input = json!({"integration": "prod", "incident_id": "P1"});
    let default = Some("default@example.com".to_owned());
    assert_eq!(done_for(&secrets, input.clone()).await, default);
    input["from"] = Value::Null;
    assert_eq!(done_for(&secrets, input.clone()).await, default);
    input["from"] = json!("a@b.c");
    assert_eq!(done_for(&secrets, input.clone()).await.as_deref(), Some("a@b.c"));
    input["from"] = Value::Null;
    assert_eq!(done_for(&self::secrets(None), input).await, None);
}

/// Resolves an alert; the routing key that it is done with, by comparison with the one that the tests store.
async fn resolve_alert(pagerduty: &PagerDuty<SecretsInMemory>, now: Timestamp) -> Result<bool, TaskError> {
    let input = json!({"integration": "prod", "routing_key": "checkout", "dedup_key": "k"});
    let request = async |_: &Events, key: &RoutingKey, _: &Input| Ok(RoutingKey::new(key_text()).as_ref() == Ok(key));
    let done = pagerduty.event(Action::ResolveAlert, input, now, request).await;
    done.map(|done| done.output)
}

fn key_text() -> SecretString {
    "0123456789abcdef0123456789abcdef".into()
}

#[tokio::test]
async fn a_routing_key_that_is_not_there_is_told_with_what_to_do_and_found_when_it_was_stored() {
    let secrets = secrets(None);
    let pagerduty = pagerduty(&secrets);
    let error = resolve_alert(&pagerduty, Timestamp::UNIX_EPOCH).await.unwrap_err();
    assert_eq!(error.failure().name, "Integration.Invalid");
    let remedy = "`pagerflow integration routing-key add prod checkout`";
    assert!(error.to_string().contains(remedy), "{error}");

    let name = "checkout".parse().unwrap();
    add_routing_key(&secrets, NAME, &name, &key_text()).await.unwrap();
    let a_minute_later = Timestamp::from_second(60).unwrap();
    assert_eq!(resolve_alert(&pagerduty, a_minute_later).await, Ok(true));
}

#[rstest]
#[case::its_own_time(None, "2026-11-20T09:31:00.5Z")]
#[case::its_own_time_is_over_first(Some("2026-11-20T10:00:00Z"), "2026-11-20T09:31:00.5Z")]
#[case::the_step_has_less(Some("2026-11-20T09:30:20Z"), "2026-11-20T09:30:20Z")]
fn a_call_has_its_time_from_when_its_state_was_entered(#[case] of_step: Option<&str>, #[case] ends: &str) {
    let mut call = json!({ "integration": "prod" });
    if let Some(of_step) = of_step {
        call["deadline"] = json!(of_step);
    }

    let mut input = input_of(json!({
        "action": "pagerduty.add_note", "call": call, "entered_at": "2026-11-20T09:30:00.500Z",
    }));
    drop(Call::begin(Action::AddNote, &mut input));
    take_name(Action::AddNote, &mut input).unwrap();

    assert_eq!(input, json!({ "integration": "prod", "deadline": ends }));
}

#[rstest]
#[case::the_action(json!("pagerduty.resolve_alert"), true)]
#[case::another_action(json!("pagerduty.create_incident"), false)]
#[case::no_text(json!(7), false)]
#[tokio::test]
async fn a_function_that_is_told_an_action_performs_no_other(#[case] action: Value, #[case] is_performed: bool) {
    let mut input = json!({ "action": action });

    let taken = take_name(Action::ResolveAlert, &mut input);

    assert_eq!(taken.is_ok(), is_performed);
    if let Err(error) = taken {
        assert_eq!(error.failure().name, "Input.Invalid");
    }
    assert_eq!(input, json!({}));
}

#[rstest]
#[case::of_another_caller(json!({ "integration": "prod", "deadline": "2026-11-20T09:30:20Z" }))]
#[case::with_a_field_of_that_name(json!({ "integration": "prod", "call": {} }))]
#[case::of_no_form(json!([1]))]
fn an_input_that_the_state_machine_did_not_send_stays_as_it_is(#[case] input: Value) {
    assert_eq!(input_of(input.clone()), input);
}

#[tokio::test]
async fn the_link_of_an_approval_is_put_into_its_messages_and_does_not_come_back_to_the_run() {
    #[derive(Debug, Deserialize, Serialize)]
    struct Message {
        title: String,
    }
    let secrets = secrets(None);
    secrets.put("pagerflow/approval-links", "0123456789abcdef0123456789abcdef");
    let names = SecretNames::new("pagerflow");
    let links = ApprovalLinks::new(secrets.clone(), &names, "https://example.com/approvals");
    let pagerduty = pagerduty(&secrets).with_links(Some(links));
    let approval = "a".repeat(32);
    let title = format!("Decide: {}", approval::LINK);
    let call = async |about: Option<&str>| {
        let mut input = json!({
            "integration": "prod", "title": title, "service": "P1", "escalation_policy": "P2", "from": "a@b.c",
        });
        if let Some(about) = about {
            input["approval"] = json!(about);
        }
        let mut sent = String::new();
        let request = async |_: &Client, _: &ApiToken, input: &Message| {
            Ok(Message {
                title: input.title.clone(),
            })
        };
        let done = pagerduty
            .rest(Action::CreateIncident, input, Timestamp::UNIX_EPOCH, request)
            .await?;
        sent.push_str(&done.output.title);
        Ok::<_, TaskError>((sent, written(Action::CreateIncident, &done)?["title"].clone()))
    };
    let (sent, given) = call(Some(&approval)).await.unwrap();
    assert!(
        sent.starts_with(&format!("Decide: https://example.com/approvals/{approval}.")),
        "{sent}"
    );
    assert_eq!(given, title.as_str(), "the run has the text in its place again");

    // A text of an event says the same, and the call is about no approval.
    let (sent, _) = call(None).await.unwrap();
    assert_eq!(sent, title);
    let refused = call(Some("../secrets")).await.unwrap_err().to_string();
    assert!(refused.contains("not the id of an approval"), "{refused}");
}
