//! The action as a state machine calls it, against a PagerDuty that keeps PagerDuty's rules.

use super::*;
use action_tests::{NOW, ROTATED_TOKEN, assert_logged, assert_refused, caller, failure, measured_calls, now};
use http::Method;
use jiff::{SignedDuration, ToSpan};
use lambda_runtime::Diagnostic;
use pagerduty::client::TokenKind;
use pagerduty_simulator::{Fault, FaultBody, FaultRule, IncidentId, Seed, Status, When};
use rstest::rstest;
use serde_json::json;
use std::{collections::BTreeSet, ops::Deref};

/// What the tests of actions share, with what is only about creating.
struct World(action_tests::World);

impl Deref for World {
    type Target = action_tests::World;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl World {
    async fn new() -> Self {
        Self(action_tests::World::new(Seed::default()).await)
    }

    /// The incidents that PagerDuty has.
    fn incidents(&self) -> Vec<Value> {
        let views = self.with_pagerduty(|pagerduty| pagerduty.incidents());
        views
            .as_array()
            .unwrap()
            .iter()
            .map(|view| view["incident"].clone())
            .collect()
    }

    /// What a state machine gets as the output.
    async fn created(&self, input: Value) -> Value {
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

fn input() -> Value {
    json!({
        "integration": "prod",
        "title": "Memory pressure",
        "service": "PWIXJZS",
        "escalation_policy": "PT20YPA",
        "from": "oncall@example.com",
    })
}

fn input_with(field: &str, value: Value) -> Value {
    let mut input = input();
    input[field] = value;
    input
}

// What it gives.

#[tokio::test]
async fn the_output_has_exactly_the_documented_fields() {
    let world = World::new().await;

    let output = world.created(input()).await;

    let incidents = world.incidents();
    assert_eq!(
        output,
        json!({
            "created_at": NOW,
            "incident_id": incidents[0]["id"],
            "title": "Memory pressure",
            "incident_number": 1,
            "status": "triggered",
        })
    );
    assert_eq!(incidents.len(), 1);
}

#[tokio::test]
async fn the_output_is_what_the_catalogue_of_actions_promises_to_workflows() {
    let world = World::new().await;

    let output = world.created(input()).await;

    let fields = &Action::CreateIncident.spec().outputs;
    let given: BTreeSet<&str> = output.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(given, fields.iter().map(|field| &*field.name).collect());
    for field in fields {
        assert_eq!(field.kind.check(&output[&*field.name]), Ok(()), "{}", field.name);
    }
}

#[tokio::test]
async fn pagerduty_has_the_incident_as_it_was_asked_for() {
    let world = World::new().await;

    world.created(input_with("idempotency_key", json!("pgf-0-key"))).await;

    let incident = &world.incidents()[0];
    assert_eq!(incident["incident_key"], "pgf-0-key");
    assert_eq!(incident["title"], "Memory pressure");
    assert_eq!(incident["service"]["id"], "PWIXJZS");
    assert_eq!(incident["escalation_policy"]["id"], "PT20YPA");
}

#[rstest]
#[case::api_token(TokenKind::ApiToken, Seed::ACCOUNT_TOKEN, "Token token=")]
#[case::oauth(TokenKind::OAuth, Seed::OAUTH_APP_TOKEN, "Bearer ")]
#[tokio::test]
async fn a_request_has_the_headers_that_pagerduty_asks_for(
    #[case] kind: TokenKind,
    #[case] token: &str,
    #[case] form: &str,
) {
    let world = World::new().await;
    world.store(kind, token);

    world.created(input()).await;

    let [request] = &world.requests()[..] else {
        panic!("{:?}", world.requests())
    };
    assert_eq!(
        (&request["method"], &request["path"]),
        (&json!("POST"), &json!("/incidents"))
    );
    let headers = &request["headers"];
    assert!(
        headers["authorization"].as_str().unwrap().starts_with(form),
        "{headers}"
    );
    assert_eq!(headers["from"], "oncall@example.com");
    assert_eq!(headers["accept"], "application/vnd.pagerduty+json;version=2");
    assert_eq!(headers["content-type"], "application/json");
}

#[tokio::test]
async fn the_token_is_read_once_for_many_calls() {
    let world = World::new().await;
    for _ in 0..3 {
        world.created(input()).await;
    }

    assert_eq!(world.secret_reads(), 1);
}

// Repeats.

#[rstest]
#[case::as_the_next_attempt(json!(2))]
#[case::as_a_first_attempt_again(json!(1))]
#[case::by_a_caller_that_counts_no_attempts(Value::Null)]
#[tokio::test]
async fn f6_a_repeat_with_the_same_idempotency_key_gives_the_same_incident(#[case] attempt: Value) {
    let world = World::new().await;
    let mut input = input_with("idempotency_key", json!("pgf-0-key"));
    input["attempt"] = json!(1);
    let first = world.created(input.clone()).await;

    input["attempt"] = attempt;
    let second = world.created(input).await;

    assert_eq!(second, first);
    assert_eq!(world.incidents().len(), 1);
}

#[tokio::test]
async fn without_an_idempotency_key_each_call_creates_an_incident() {
    let world = World::new().await;

    assert_ne!(world.created(input()).await, world.created(input()).await);
    assert_eq!(world.incidents().len(), 2);
}

#[rstest]
#[case::f6_reset(Fault::Reset(When::AfterEffect))]
#[case::f6_half_an_answer(Fault::Truncated)]
#[case::no_json(Fault::NotJson)]
#[case::fault(Fault::Answer { status: 502, body: FaultBody::default(), when: When::AfterEffect })]
#[tokio::test]
async fn f6_an_incident_whose_answer_was_lost_is_found_again(
    #[case] fault: Fault,
    #[values(false, true)] has_own_key: bool,
    #[values(false, true)] f7_was_resolved: bool,
) {
    let world = World::new().await;
    let mut input = input_with("idempotency_key", json!("pgf-0-key"));
    input["attempt"] = json!(1);
    if has_own_key {
        input["incident_key"] = json!("disk full: web-1");
        input["intended_at"] = json!(now());
    }
    world.with_pagerduty(|pagerduty| pagerduty.add_fault(FaultRule::next(&Method::POST, "/incidents", fault)));
    assert_refused(&world.failed(input.clone()).await, "PagerDuty.OutcomeUnknown", &[]);
    if f7_was_resolved {
        let id = IncidentId::new(world.incidents()[0]["id"].as_str().unwrap());
        world.with_pagerduty(|pagerduty| {
            pagerduty
                .set_status(&id, Status::Resolved, "manager@example.com", now())
                .unwrap();
        });
    }

    input["attempt"] = json!(2);
    let output = world.created(input).await;

    assert_eq!(output["incident_id"], world.incidents()[0]["id"]);
    assert_eq!(output["status"], if f7_was_resolved { "resolved" } else { "triggered" });
    assert_eq!(world.incidents().len(), 1);
}

#[rstest]
#[tokio::test]
async fn f8_a_list_that_lags_behind_never_gives_a_second_incident(#[values(false, true)] has_own_key: bool) {
    let world = World::new().await;
    let mut input = input_with("idempotency_key", json!("pgf-0-key"));
    if has_own_key {
        input["incident_key"] = json!("disk full: web-1");
        input["intended_at"] = json!(now());
    }
    input["attempt"] = json!(1);
    let first = world.created(input.clone()).await;
    input["attempt"] = json!(2);
    world.with_pagerduty(|pagerduty| pagerduty.set_lag(10.seconds().try_into().unwrap()));

    let unseen = world.failed(input.clone()).await;
    world.with_pagerduty(|pagerduty| pagerduty.set_lag(SignedDuration::ZERO));
    let seen = world.created(input).await;

    assert_refused(&unseen, "PagerDuty.OutcomeUnknown", &["does not show it yet"]);
    assert_eq!(seen, first);
    assert_eq!(world.incidents().len(), 1);
}

#[tokio::test]
async fn an_incident_that_somebody_else_opened_with_the_users_key_is_adopted_only_on_request() {
    let world = World::new().await;
    let mut input = input_with("incident_key", json!("disk full: web-1"));
    input["intended_at"] = json!(now() + 1.minute());
    let others = world.created(input.clone()).await;

    for attempt in [1, 2] {
        input["attempt"] = json!(attempt);
        input["on_existing"] = json!("fail");
        let refused = world.failed(input.clone()).await;
        input["on_existing"] = json!("adopt");
        let adopted = world.created(input.clone()).await;

        let id = others["incident_id"].as_str().unwrap();
        assert_refused(&refused, "PagerDuty.InvalidRequest", &[id, "`on_existing: adopt`"]);
        assert_eq!(adopted, others);
    }
    assert_eq!(world.incidents().len(), 1);
}

#[tokio::test]
async fn an_incident_has_all_that_can_be_said_of_it() {
    let world = World::new().await;
    let mut input = input();
    input["escalation_policy"] = Value::Null;
    for (field, value) in [
        ("assignee", json!("PUS2B8D")),
        ("urgency", json!("low")),
        ("priority", json!("PPRI1P1")),
        ("body", json!("The heap grows.")),
        ("incident_type", json!("major_incident")),
        (
            "conference_bridge",
            json!({"conference_url": "https://example.com/call"}),
        ),
    ] {
        input[field] = value;
    }

    world.created(input).await;

    let incident = &world.incidents()[0];
    assert_eq!(incident["assignments"][0]["assignee"]["id"], "PUS2B8D");
    assert_eq!(incident["urgency"], "low");
    assert_eq!(incident["priority"]["id"], "PPRI1P1");
    assert_eq!(incident["incident_type"]["name"], "major_incident");
    assert_eq!(
        incident["conference_bridge"]["conference_url"],
        "https://example.com/call"
    );
}

// Whose token it is.

#[tokio::test]
async fn the_token_of_a_user_needs_no_from() {
    let world = World::new().await;
    world.store(TokenKind::ApiToken, Seed::USER_TOKEN);

    world.created(input_with("from", Value::Null)).await;

    assert_eq!(world.requests()[0]["headers"]["from"], Value::Null);
}

#[tokio::test]
async fn the_token_of_an_account_needs_a_from_and_says_so() {
    let world = World::new().await;

    let error = world.failed(input_with("from", Value::Null)).await;

    assert_refused(&error, "PagerDuty.InvalidRequest", &["`from`"]);
    assert_eq!(world.incidents().len(), 0);
}

// Input.

#[tokio::test]
async fn all_that_is_wrong_with_an_input_is_told_at_once() {
    let world = World::new().await;

    let wrong = json!({"integration": "Prod!", "titel": "t", "service": "../users", "escalation_policy": 7});
    let error = world.failed(wrong).await;

    assert_refused(
        &error,
        "Input.Invalid",
        &[
            "pagerduty.create_incident",
            "`title` is missing",
            "`integration` must be the alias of an integration",
            "`service` must be the id",
            "`escalation_policy` must be the id",
            "`titel` is not known; did you mean `title`?",
        ],
    );
    assert_eq!((world.requests().len(), world.secret_reads()), (0, 0));
}

#[rstest]
#[case::p1_climbing("service", json!("../../users"))]
#[case::p1_escaped("service", json!("%2e%2e"))]
#[case::p1_query("escalation_policy", json!("P1?x"))]
#[case::p1_fragment("escalation_policy", json!("P1#f"))]
#[case::p1_empty("service", json!(""))]
#[case::p1_full_width("service", json!("\u{ff30}1"))]
#[case::p1_line_break("service", json!("P1\r\nX-Evil: 1"))]
#[case::blank_title("title", json!("  "))]
#[case::title_that_is_no_text("title", json!(7))]
#[case::missing("title", Value::Null)]
#[case::assigned_and_by_policy("assignee", json!("PUS1A7C"))]
#[case::unknown("colour", json!("red"))]
#[case::deadline_that_is_no_time("deadline", json!("soon"))]
#[tokio::test]
async fn a_wrong_input_is_refused_before_anything_is_sent(#[case] field: &str, #[case] value: Value) {
    let world = World::new().await;

    let error = world.failed(input_with(field, value)).await;

    assert_refused(&error, "Input.Invalid", &[]);
    assert_eq!((world.requests().len(), world.secret_reads()), (0, 0));
}

#[rstest]
#[case::null(Value::Null)]
#[case::list(json!([]))]
#[case::text(json!("title"))]
#[tokio::test]
async fn an_input_that_is_no_object_is_refused(#[case] input: Value) {
    let world = World::new().await;

    assert_refused(&world.failed(input).await, "Input.Invalid", &["is not an object"]);
}

#[tokio::test]
async fn t1_t2_t3_a_title_is_one_line_of_text_and_nothing_else() {
    let world = World::new().await;
    let title = "{{ secrets.token }}\r\nFrom: evil@x\",\"service\":{\"id\":\"EVIL";

    let output = world.created(input_with("title", json!(title))).await;

    assert_eq!(
        output["title"],
        "{{ secrets.token }}  From: evil@x\",\"service\":{\"id\":\"EVIL"
    );
    assert_eq!(world.incidents()[0]["service"]["id"], "PWIXJZS");
}

#[tokio::test]
async fn an_incident_is_opened_whatever_is_wrong_with_what_decorates_it() {
    let world = World::new().await;
    let mut given = input_with("title", json!("x".repeat(2000)));
    for (field, value) in [
        ("urgency", json!("huge")),
        ("priority", json!("P 1")),
        ("body", json!(["a"])),
        ("incident_type", json!("")),
        (
            "conference_bridge",
            json!({"conference_url": "http://meet", "conference_number": "+1 555"}),
        ),
        ("incident_key", json!("k".repeat(300))),
        ("on_existing", json!("addopt")),
    ] {
        given[field] = value;
    }

    let output = world.created(given.clone()).await;

    assert_eq!(world.incidents().len(), 1);
    let said: Vec<String> = serde_json::from_value(output["adjusted"].clone()).unwrap();
    assert_eq!(said.len(), 8, "{said:?}");
    assert!(said.contains(
        &"`conference_bridge.conference_url` was left out: it must be a URL that begins with `https://`".to_owned()
    ));
    assert_eq!(world.incidents()[0]["title"].as_str().unwrap().chars().count(), 1024);

    // Its key is the same the second time, so what is there is found.
    given["attempt"] = json!(2);
    given["intended_at"] = json!(now());
    let again = world.created(given).await;
    assert_eq!(again["incident_id"], output["incident_id"]);
    assert_eq!(world.incidents().len(), 1);
}

// Integrations and tokens.

#[tokio::test]
async fn an_unknown_integration_is_told_with_what_to_do() {
    let world = World::new().await;

    let error = world.failed(input_with("integration", json!("staging"))).await;

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
    world.failed(input()).await;
    let (reads, requests) = (world.secret_reads(), world.requests().len());

    let error = world.failed_at(input(), now() + 1.minute()).await;

    assert_refused(&error, "PagerDuty.Unauthorized", &["token"]);
    assert_eq!(world.secret_reads() - reads, 1);
    assert_eq!(
        world.requests().len() - requests,
        1,
        "PagerDuty would refuse the same token again"
    );
}

#[tokio::test]
async fn f27_a_rotated_token_is_found_when_the_old_one_is_refused() {
    let world = World::new().await;
    world.store(TokenKind::ApiToken, ROTATED_TOKEN);
    assert_refused(&world.failed(input()).await, "PagerDuty.Unauthorized", &[]);
    let reads = world.secret_reads();
    world.store(TokenKind::ApiToken, Seed::ACCOUNT_TOKEN);

    handle(&world.pagerduty, input(), now() + 1.minute()).await.unwrap();

    assert_eq!(world.secret_reads() - reads, 1);
    assert_eq!(world.incidents().len(), 1);
}

// What PagerDuty refuses.

#[rstest]
#[case::unknown_from(
    "from",
    "nobody@example.com",
    "PagerDuty.InvalidRequest",
    &["Requester User Not Found", "`from`", "pagerflow users"]
)]
#[case::from_may_only_read("from", "stakeholder@example.com", "PagerDuty.Forbidden", &["Responder"])]
#[case::unknown_service(
    "service",
    "PNOSUCH",
    "PagerDuty.InvalidRequest",
    &["Service not found", "Check the service's id"]
)]
#[case::disabled_service("service", "PSVC3D1", "PagerDuty.InvalidRequest", &["Incident could not be created"])]
#[case::unknown_policy(
    "escalation_policy",
    "PNOSUCH",
    "PagerDuty.InvalidRequest",
    &["Escalation Policy Not Found", "Check the escalation policy's id"]
)]
#[case::nobody_on_call("escalation_policy", "PT42ARC", "PagerDuty.InvalidRequest", &["Nobody is on call"])]
#[tokio::test]
async fn i8_a_refusal_says_what_is_wrong_and_what_to_do(
    #[case] field: &str,
    #[case] value: &str,
    #[case] name: &str,
    #[case] said: &[&str],
) {
    let world = World::new().await;

    let error = world.failed(input_with(field, json!(value))).await;

    assert_refused(&error, name, said);
    assert_eq!((world.requests().len(), world.incidents().len()), (1, 0), "asked once");
}

#[tokio::test]
async fn a_read_only_token_is_told() {
    let world = World::new().await;
    world.store(TokenKind::ApiToken, Seed::READ_ONLY_TOKEN);

    assert_refused(&world.failed(input()).await, "PagerDuty.Forbidden", &["not read-only"]);
}

#[tokio::test]
async fn a_pagerduty_that_is_not_there_is_unavailable_and_nothing_was_done() {
    let mut world = World::new().await;
    world.0.stop_pagerduty().await;

    let error = world.failed(input()).await;

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
        .failed(input_with("deadline", json!("2026-11-20T09:29:59Z")))
        .await;

    assert_refused(&error, "Step.DeadlineExceeded", &["nothing more was sent"]);
    assert_eq!(world.requests().len(), 0);
}

#[tokio::test]
async fn f3_while_the_rate_limit_is_used_up_other_runs_do_not_ask() {
    let seed = Seed {
        requests_per_minute: 1,
        ..Seed::default()
    };
    let world = World(action_tests::World::new(seed).await);
    world.created(input()).await;
    let turned_away = world.failed(input()).await;

    let other_run = world.failed_at(input(), now() + 15.seconds()).await;

    assert_refused(&turned_away, "PagerDuty.RateLimited", &["[retry after 60 s]"]);
    assert_refused(
        &other_run,
        "PagerDuty.RateLimited",
        &["nothing was sent", "[retry after 45 s]"],
    );
    assert_eq!(world.requests().len(), 2, "the other run did not ask");
}

#[tokio::test]
async fn the_log_says_for_which_step_of_which_run_it_was_done_and_not_what() {
    let world = World::new().await;

    world.created(input_with("caller", caller())).await;

    let kept = ["Memory pressure", "oncall@example.com", "PWIXJZS"];
    assert_eq!(assert_logged("pagerduty.create_incident", "action done", &kept), None);
    assert_eq!(measured_calls(), [("2xx".to_owned(), Some(959))]);
}

#[tokio::test]
async fn a_refusal_is_logged_once_with_what_pagerduty_said_and_counted() {
    let world = World::new().await;
    world.store(TokenKind::ApiToken, ROTATED_TOKEN);

    world.failed(input_with("caller", caller())).await;

    let error = assert_logged("pagerduty.create_incident", "action failed", &[ROTATED_TOKEN]).unwrap();
    assert!(error.starts_with("PagerDuty.Unauthorized: "), "{error}");
    let [(status, _)] = measured_calls().try_into().unwrap();
    assert_eq!(status, "4xx");
}

#[rstest]
#[case::nobody(json!(null))]
#[case::text(json!("me"))]
#[case::something_else(json!({"run": ["a"], "note": "b"}))]
#[tokio::test]
async fn a_caller_that_cannot_be_read_keeps_nothing_from_being_done(#[case] caller: Value) {
    let world = World::new().await;

    world.created(input_with("caller", caller)).await;

    assert_eq!(world.incidents().len(), 1);
}
