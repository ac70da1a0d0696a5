mod fitting;

use super::*;
use crate::secrets::{SecretsInMemory, add_routing_key};
use pagerduty::client::{ServiceRegion, TokenKind};
use provider::transport::{Request, Sending};
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
