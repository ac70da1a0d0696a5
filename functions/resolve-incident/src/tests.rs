//! The action as a state machine calls it, against a PagerDuty that keeps PagerDuty's rules.

use super::*;
use action_tests::{ROTATED_TOKEN, assert_logged, assert_refused, caller, failure, measured_calls, now};
use jiff::ToSpan;
use lambda_runtime::Diagnostic;
use pagerduty::client::TokenKind;
use pagerduty_simulator::{RepeatedStatus, Seed, ServiceId, Trigger};
use rstest::rstest;
use serde_json::json;
use std::{collections::BTreeSet, ops::Deref};

const NOTE: &str = "Memory is back to normal.";

/// What the tests of actions share, with one open incident.
struct World {
    shared: action_tests::World,
    incident: String,
}

impl Deref for World {
    type Target = action_tests::World;

    fn deref(&self) -> &Self::Target {
        &self.shared
    }
}

impl World {
    async fn new() -> Self {
        Self::with_seed(Seed::default()).await
    }

    async fn with_seed(seed: Seed) -> Self {
        let shared = action_tests::World::new(seed).await;
        let trigger = Trigger::new("Memory above 90 %", ServiceId::new("PWIXJZS"));
        let view = shared
            .with_pagerduty(|pagerduty| pagerduty.trigger(trigger, now()))
            .unwrap();
        let incident = view["incident"]["id"].as_str().unwrap().to_owned();
        Self { shared, incident }
    }

    /// The status that the incident has in PagerDuty, and its notes.
    fn incident(&self) -> (Value, Vec<String>) {
        let view = self
            .with_pagerduty(|pagerduty| pagerduty.incident(&self.incident))
            .unwrap();
        let notes = view["notes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|note| note["content"].as_str().unwrap().to_owned());
        (view["incident"]["status"].clone(), notes.collect())
    }

    fn input(&self) -> Value {
        json!({"integration": "prod", "incident_id": self.incident, "from": "oncall@example.com"})
    }

    fn input_with(&self, field: &str, value: Value) -> Value {
        let mut input = self.input();
        input[field] = value;
        input
    }

    /// What a state machine gets as the output.
    async fn resolved(&self, input: Value) -> Value {
        json!(handle(&self.pagerduty, input, now()).await.unwrap())
    }

    /// What a state machine gets as the error, at a time.
    async fn failed_at(&self, input: Value, now: Timestamp) -> Diagnostic {
        failure(handle(&self.pagerduty, input, now).await)
    }

    async fn failed(&self, input: Value) -> Diagnostic {
        self.failed_at(input, now()).await
    }
}

// What it gives.

#[tokio::test]
async fn the_output_has_exactly_the_documented_fields() {
    let world = World::new().await;

    let output = world.resolved(world.input()).await;

    assert_eq!(
        output,
        json!({
            "incident_id": world.incident,
            "title": "Memory above 90 %",
            "incident_number": 1,
            "status": "resolved",
        })
    );
    assert_eq!(world.incident(), (json!("resolved"), vec![]));
}

#[tokio::test]
async fn the_output_is_what_the_catalogue_of_actions_promises_to_workflows() {
    let world = World::new().await;

    let output = world.resolved(world.input()).await;

    let fields = &Action::ResolveIncident.spec().outputs;
    let given: BTreeSet<&str> = output.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(given, fields.iter().map(|field| &*field.name).collect());
    for field in fields {
        assert_eq!(field.kind.check(&output[&*field.name]), Ok(()), "{}", field.name);
    }
}

#[tokio::test]
async fn a_note_goes_where_people_see_it() {
    let world = World::new().await;

    world.resolved(world.input_with("note", json!(NOTE))).await;

    assert_eq!(world.incident(), (json!("resolved"), vec![NOTE.to_owned()]));
    let requests = world.requests();
    let paths: Vec<&str> = requests
        .iter()
        .map(|request| request["path"].as_str().unwrap())
        .collect();
    assert_eq!(
        paths,
        [
            format!("/incidents/{}", world.incident),
            format!("/incidents/{}/notes", world.incident)
        ]
    );
    assert!(
        requests[0]["body"]["incident"].get("resolution").is_none(),
        "nobody is shown it"
    );
}

#[rstest]
#[case::null(Value::Null)]
#[case::blank(json!(" \n"))]
#[tokio::test]
async fn a_note_that_says_nothing_is_not_written(#[case] note: Value) {
    let world = World::new().await;

    world.resolved(world.input_with("note", note)).await;

    assert_eq!(world.incident(), (json!("resolved"), vec![]));
}

#[rstest]
#[case::api_token(TokenKind::ApiToken, Seed::ACCOUNT_TOKEN, "Token token=")]
#[case::oauth(TokenKind::OAuth, Seed::OAUTH_APP_TOKEN, "Bearer ")]
#[tokio::test]
async fn every_request_has_the_headers_that_pagerduty_asks_for(
    #[case] kind: TokenKind,
    #[case] token: &str,
    #[case] form: &str,
) {
    let world = World::new().await;
    world.store(kind, token);

    world.resolved(world.input_with("note", json!(NOTE))).await;

    let requests = world.requests();
    let methods: Vec<&Value> = requests.iter().map(|request| &request["method"]).collect();
    assert_eq!(methods, ["PUT", "POST"]);
    for request in &requests {
        let headers = &request["headers"];
        assert!(
            headers["authorization"].as_str().unwrap().starts_with(form),
            "{headers}"
        );
        assert_eq!(headers["from"], "oncall@example.com");
        assert_eq!(headers["accept"], "application/vnd.pagerduty+json;version=2");
        assert_eq!(headers["content-type"], "application/json");
    }
}

// Repeats.

#[rstest]
#[case::of_a_pagerduty_that_refuses_it(RepeatedStatus::Refused)]
#[case::of_a_pagerduty_that_accepts_it(RepeatedStatus::Accepted)]
#[tokio::test]
async fn resolving_a_second_time_is_a_success_and_writes_the_note_once(#[case] repeated_status: RepeatedStatus) {
    let world = World::with_seed(Seed {
        repeated_status,
        ..Seed::default()
    })
    .await;
    let mut input = world.input_with("note", json!(NOTE));
    input["idempotency_key"] = json!("pgf-0-key");
    input["attempt"] = json!(1);
    let first = world.resolved(input.clone()).await;

    input["attempt"] = json!(2);
    let second = world.resolved(input).await;

    assert_eq!(second, first);
    let (status, notes) = world.incident();
    assert_eq!((status, notes.len()), (json!("resolved"), 1), "{notes:?}");
    assert!(notes[0].starts_with(NOTE), "{notes:?}");
}

// Input.

#[tokio::test]
async fn all_that_is_wrong_with_an_input_is_told_at_once() {
    let world = World::new().await;

    let error = world.failed(json!({"integration": "Prod!", "incident": "Q1"})).await;

    assert_refused(
        &error,
        "Input.Invalid",
        &[
            "pagerduty.resolve_incident",
            "`incident_id` is missing",
            "`integration` must be the alias of an integration",
            "`incident` is not known; did you mean `incident_id`?",
        ],
    );
    assert_eq!((world.requests().len(), world.secret_reads()), (0, 0));
}

#[rstest]
#[case::climbing("../../users")]
#[case::escaped("%2e%2e")]
#[case::dot(".")]
#[case::dots("..")]
#[case::query("P1?x")]
#[case::fragment("P1#f")]
#[case::empty("")]
#[case::full_width("\u{ff30}1")]
#[case::line_break("P1\r\nX-Evil: 1")]
#[tokio::test]
async fn p1_a_malformed_incident_id_is_refused_before_anything_is_sent(#[case] id: &str) {
    let world = World::new().await;

    let error = world.failed(world.input_with("incident_id", json!(id))).await;

    assert_refused(
        &error,
        "Input.Invalid",
        &["`incident_id` must be the id of a thing in PagerDuty"],
    );
    assert_eq!((world.requests().len(), world.secret_reads()), (0, 0));
}

// Integrations and tokens.

#[tokio::test]
async fn an_unknown_integration_is_told_with_what_to_do() {
    let world = World::new().await;

    let error = world.failed(world.input_with("integration", json!("staging"))).await;

    assert_refused(
        &error,
        "Integration.NotFound",
        &["`staging`", "pagerflow integration add"],
    );
    assert_eq!(world.requests().len(), 0);
}

#[tokio::test]
async fn f27_a_refused_token_that_is_still_the_stored_one_is_sent_once() {
    let world = World::new().await;
    world.store(TokenKind::ApiToken, ROTATED_TOKEN);
    world.failed(world.input()).await;
    let (reads, requests) = (world.secret_reads(), world.requests().len());

    let error = world.failed_at(world.input(), now() + 1.minute()).await;

    assert_refused(&error, "PagerDuty.Unauthorized", &["token"]);
    assert_eq!(world.secret_reads() - reads, 1);
    assert_eq!(
        world.requests().len() - requests,
        1,
        "PagerDuty would refuse the same token again"
    );
    assert_eq!(world.incident().0, "triggered");
}

#[tokio::test]
async fn f27_a_rotated_token_is_found_when_the_old_one_is_refused() {
    let world = World::new().await;
    world.store(TokenKind::ApiToken, ROTATED_TOKEN);
    assert_refused(&world.failed(world.input()).await, "PagerDuty.Unauthorized", &[]);
    let reads = world.secret_reads();
    world.store(TokenKind::ApiToken, Seed::ACCOUNT_TOKEN);

    let input = world.input_with("note", json!(NOTE));
    handle(&world.pagerduty, input, now() + 1.minute()).await.unwrap();

    assert_eq!(world.secret_reads() - reads, 1);
    assert_eq!(world.incident(), (json!("resolved"), vec![NOTE.to_owned()]));
}

// What PagerDuty refuses.

#[rstest]
#[case::p2_unknown_incident("incident_id", "QNOSUCHINCIDEN", "PagerDuty.NotFound", &["Not Found", "Check the id"])]
#[case::p2_201_digits("incident_id", &"9".repeat(201), "PagerDuty.NotFound", &["Check the id"])]
#[case::unknown_from(
    "from",
    "nobody@example.com",
    "PagerDuty.InvalidRequest",
    &["Requester User Not Found", "`from`", "pagerflow users"]
)]
#[case::from_may_only_read("from", "stakeholder@example.com", "PagerDuty.Forbidden", &["Responder"])]
#[tokio::test]
async fn i8_a_refusal_says_what_is_wrong_and_what_to_do(
    #[case] field: &str,
    #[case] value: &str,
    #[case] name: &str,
    #[case] said: &[&str],
) {
    let world = World::new().await;
    let mut input = world.input_with("note", json!(NOTE));
    input[field] = json!(value);

    let error = world.failed(input).await;

    assert_refused(&error, name, said);
    assert_eq!(world.requests().len(), 1, "asked once");
    assert_eq!(
        world.incident(),
        (json!("triggered"), vec![]),
        "no note without the resolving"
    );
}

#[tokio::test]
async fn a_pagerduty_that_is_not_there_is_unavailable_and_nothing_was_done() {
    let mut world = World::new().await;
    world.shared.stop_pagerduty().await;

    let error = world.failed(world.input()).await;

    assert_refused(
        &error,
        "PagerDuty.Unavailable",
        &["no connection could be made", "safe to try again"],
    );
}

#[tokio::test]
async fn after_its_deadline_nothing_is_sent() {
    let world = World::new().await;

    let error = world
        .failed(world.input_with("deadline", json!("2026-11-20T09:29:59Z")))
        .await;

    assert_refused(&error, "Step.DeadlineExceeded", &["nothing more was sent"]);
    assert_eq!(world.requests().len(), 0);
}

#[tokio::test]
async fn the_log_says_for_which_step_of_which_run_it_was_done_and_not_what() {
    let world = World::new().await;
    let mut input = world.input_with("note", json!(NOTE));
    input["caller"] = caller();

    world.resolved(input).await;

    let kept = [NOTE, "oncall@example.com"];
    assert_eq!(assert_logged("pagerduty.resolve_incident", "action done", &kept), None);
    assert_eq!(
        measured_calls().len(),
        world.requests().len(),
        "each request is counted"
    );
}
