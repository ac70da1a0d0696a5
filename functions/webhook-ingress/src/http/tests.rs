//! What a sender sees: requests as API Gateway hands them on, and the answers.

use super::*;
use crate::fakes::{Call, FakeIngress, Log, Message, SIGNING_SECRET, WORKFLOW, World, now, signature, v3};
use data_encoding::BASE64;
use lambda_http::http::HeaderName;
use platform::{api_key::ApiKey, delivery_log::LoggedDelivery, table::KeyState};
use rstest::rstest;
use serde_json::{Value, json};

const SAMPLE_V3: &str = include_str!("../../../../events/webhook-ingress-v3.json");
const SAMPLE_V2: &str = include_str!("../../../../events/webhook-ingress-v2.json");
const KEY_OF_SAMPLES: &str = "put-your-api-key-here";

/// An event of API Gateway (HTTP API, payload 2.0) that brings a message.
fn event(message: &Message) -> Value {
    let mut event: Value = serde_json::from_str(SAMPLE_V3).unwrap();
    event["pathParameters"] = match &message.integration {
        Some(alias) => json!({ "alias": alias }),
        None => json!({ "workflow_id": message.workflow }),
    };
    event["body"] = json!(String::from_utf8(message.body.clone()).unwrap());
    let headers = event["headers"].as_object_mut().unwrap();
    for (name, value) in [
        ("x-api-key", &message.api_key),
        ("x-pagerduty-signature", &message.signature),
    ] {
        headers.remove(name);
        headers.extend(value.iter().map(|value| (name.to_owned(), json!(value))));
    }
    event
}

fn request(event: &Value) -> Request {
    lambda_http::request::from_str(&event.to_string()).unwrap()
}

/// The status of an answer and its body.
async fn answer(ingress: &FakeIngress, request: Request) -> (u16, String) {
    let metrics = Metrics::new("pagerflow", Log);
    let response = respond(ingress, &metrics, request, now()).await.unwrap();
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    match response.body() {
        Body::Text(text) => (response.status().as_u16(), text.clone()),
        other => panic!("not text: {other:?}"),
    }
}

async fn answer_to(world: &World, event: &Value) -> (u16, String) {
    answer(&world.ingress(), request(event)).await
}

#[tokio::test]
async fn the_sample_v3_event_starts_a_run() {
    let (world, key) = World::new();
    let event = serde_json::from_str(&SAMPLE_V3.replace(KEY_OF_SAMPLES, key.expose())).unwrap();

    let (status, body) = answer_to(&world, &event).await;

    let run = world.with(|state| state.runs[0].run.id.clone());
    assert_eq!(status, 202);
    assert_eq!(
        body,
        json!({"events": [{"outcome": "started", "run": run}]}).to_string()
    );
    assert_eq!(
        world.with(|state| state.runs[0].event().unwrap().event_id.clone()),
        "01EXAMPLETRIGGERED00000001"
    );
}

#[tokio::test]
async fn the_sample_v2_event_starts_a_run_of_a_v2_endpoint() {
    let (world, key) = World::new();
    world.takes_v2();
    let event = serde_json::from_str(&SAMPLE_V2.replace(KEY_OF_SAMPLES, key.expose())).unwrap();

    let (status, body) = answer_to(&world, &event).await;

    assert_eq!((status, world.runs()), (202, 1), "{body}");
}

#[tokio::test]
async fn the_url_of_an_integration_answers_for_each_workflow() {
    let (world, key) = World::with_routes_to(&["a", "b"]);
    world.with(|state| state.routes[0].trigger.as_mut().unwrap().events.clear());

    let (status, body) = answer_to(&world, &event(&Message::signed(&key, v3("01A")).addressed_to("prod"))).await;

    let run = world.with(|state| state.runs[0].run.id.clone());
    let expected = json!({"events": [
        {"workflow": "a", "outcome": "ignored", "reason": "event_type"},
        {"workflow": "b", "outcome": "started", "run": run},
    ]});
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, body), (202, expected));
    let log = Log::text();
    assert!(log.contains("delivery accepted") && log.contains("prod"), "{log}");
}

#[tokio::test]
async fn b18_another_webhook_id_does_not_make_another_event() {
    let (world, key) = World::new();
    let ingress = world.ingress();
    let mut event = event(&Message::signed(&key, v3("01A")));
    answer(&ingress, request(&event)).await;
    event["headers"]["x-webhook-id"] = json!("another");

    let (status, body) = answer(&ingress, request(&event)).await;

    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["events"][0]["outcome"]), (202, &json!("duplicate")));
    assert_eq!(world.runs(), 1);
}

#[rstest]
#[case::ignored(
    v3("01A").replace("incident.triggered", "incident.resolved"),
    202,
    json!({"events": [{"outcome": "ignored", "reason": "event_type"}]})
)]
#[case::unreadable(
    "{}".into(),
    202,
    json!({"events": [{"outcome": "unreadable", "reason": "there is no event in the body"}]})
)]
#[case::b23_too_large("x".repeat(384 * 1024 + 1), 413, json!({"message": "the body is too large"}))]
#[tokio::test]
async fn an_authentic_delivery_is_answered_with_what_became_of_it(
    #[case] body: String,
    #[case] status: u16,
    #[case] said: Value,
) {
    let (world, key) = World::new();

    assert_eq!(
        answer_to(&world, &event(&Message::signed(&key, body))).await,
        (status, said.to_string())
    );
}

#[rstest]
#[case::f21_step_functions_and_the_start_buffer(&[Call::Start, Call::Buffer])]
#[case::f23_the_table(&[Call::Trigger])]
#[case::f25_secrets_manager(&[Call::Secret])]
#[tokio::test]
async fn with_something_out_of_reach_pagerduty_is_asked_to_send_again_and_told_nothing_else(#[case] down: &[Call]) {
    let (world, key) = World::new();
    world.with(|state| state.down = down.to_vec());

    let answer = answer_to(&world, &event(&Message::signed(&key, v3("01A")))).await;

    assert_eq!(answer, (503, r#"{"message":"not now; send it again"}"#.into()));
}

#[tokio::test]
async fn f19_with_step_functions_out_of_reach_a_delivery_is_accepted_and_its_run_waits() {
    let (world, key) = World::new();
    world.with(|state| state.down = vec![Call::Start]);

    let answer = answer_to(&world, &event(&Message::signed(&key, v3("01A")))).await;

    let run = world.with(|state| state.buffered[0].run.id.clone());
    let said = json!({"events": [{"outcome": "buffered", "run": run}]});
    assert_eq!(answer, (202, said.to_string()));
}

/// Everything that is answered with 401, and why.
fn unauthorized(world: &World, key: &ApiKey) -> Vec<(&'static str, Message)> {
    let good = Message::signed(key, v3("01A"));
    let with_key = |api_key: Option<String>| Message {
        api_key,
        ..good.clone()
    };
    let with_signature = |signature: Option<String>| Message {
        signature,
        ..good.clone()
    };
    let to = |workflow: &str| Message {
        workflow: workflow.into(),
        ..good.clone()
    };
    vec![
        ("no key", with_key(None)),
        ("no key at all like ours", with_key(Some("secret".into()))),
        (
            "an unknown key",
            with_key(Some(ApiKey::generate().unwrap().expose().into())),
        ),
        (
            "a key of another workflow",
            with_key(Some(world.new_key("other", KeyState::Active).expose().into())),
        ),
        (
            "a revoked key",
            with_key(Some(world.new_key(WORKFLOW, KeyState::Revoked).expose().into())),
        ),
        ("an unknown workflow", to("no-such-workflow")),
        ("the URL of an integration", good.clone().addressed_to("prod")),
        (
            "an unknown integration",
            good.clone().addressed_to("no-such-integration"),
        ),
        ("a malformed alias", good.clone().addressed_to("../admin")),
        ("a malformed workflow id", to("../admin")),
        ("no signature", with_signature(None)),
        ("a malformed signature", with_signature(Some("v1=zz".into()))),
        (
            "a forged signature",
            with_signature(Some(signature("made-up", &good.body))),
        ),
    ]
}

#[tokio::test]
async fn b6_whoever_is_not_let_in_reads_the_same_words_whatever_is_wrong() {
    let (world, key) = World::new();
    for (what, message) in unauthorized(&world, &key) {
        let answer = answer_to(&world, &event(&message)).await;
        assert_eq!(answer, (401, r#"{"message":"unauthorized"}"#.into()), "{what}");
    }
    assert_eq!(world.runs(), 0);
}

#[tokio::test]
async fn b10_the_names_of_headers_may_be_written_in_any_case() {
    let (world, key) = World::new();
    let mut event = event(&Message::signed(&key, v3("01A")));
    let headers = event["headers"].as_object_mut().unwrap();
    for (name, other_case) in [
        ("x-api-key", "X-API-Key"),
        ("x-pagerduty-signature", "X-PagerDuty-Signature"),
    ] {
        let value = headers.remove(name).unwrap();
        headers.insert(other_case.into(), value);
    }

    assert_eq!(answer_to(&world, &event).await.0, 202);
}

#[tokio::test]
async fn b10_a_key_that_is_sent_twice_is_no_key() {
    let (world, key) = World::new();
    let mut joined = event(&Message::signed(&key, v3("01A")));
    joined["headers"]["x-api-key"] = json!(format!("{0},{0}", key.expose()));
    let mut repeated = request(&event(&Message::signed(&key, v3("01A"))));
    repeated
        .headers_mut()
        .append(HeaderName::from_static("x-api-key"), key.expose().parse().unwrap());

    assert_eq!(answer_to(&world, &joined).await.0, 401);
    assert_eq!(answer(&world.ingress(), repeated).await.0, 401);
    assert_eq!(world.take_calls(), []);
}

#[rstest]
#[case::of_the_decoded_bytes(|body: &str| signature(SIGNING_SECRET, body.as_bytes()), 202)]
#[case::of_the_encoded_text(|body: &str| signature(SIGNING_SECRET, BASE64.encode(body.as_bytes()).as_bytes()), 401)]
#[tokio::test]
async fn b21_a_body_in_base64_is_verified_over_its_decoded_bytes(
    #[case] sign: fn(&str) -> String,
    #[case] status: u16,
) {
    let (world, key) = World::new();
    let body = v3("01A");
    let mut event = event(&Message {
        signature: Some(sign(&body)),
        ..Message::new(&key, body.clone())
    });
    event["body"] = json!(BASE64.encode(body.as_bytes()));
    event["isBase64Encoded"] = json!(true);

    assert_eq!(answer_to(&world, &event).await.0, status);
    assert_eq!(world.runs(), usize::from(status == 202));
}

#[tokio::test]
async fn b22_a_signed_request_without_a_body_is_accepted_and_kept() {
    let (world, key) = World::new();
    let mut event = event(&Message::signed(&key, ""));
    event.as_object_mut().unwrap().remove("body");

    assert_eq!(answer_to(&world, &event).await.0, 202);
    assert_eq!(world.with(|state| state.dead_letters.len()), 1);
}

#[tokio::test]
async fn a_request_without_a_workflow_in_its_path_is_not_let_in() {
    let (world, key) = World::new();
    let mut event = event(&Message::signed(&key, v3("01A")));
    event.as_object_mut().unwrap().remove("pathParameters");

    assert_eq!(answer_to(&world, &event).await.0, 401);
}

#[tokio::test(start_paused = true)]
async fn i6_the_answer_comes_before_pagerduty_stops_waiting() {
    let (world, key) = World::new();
    world.with(|state| {
        state.hangs = true;
        state.buffer_takes = Duration::from_secs(60);
    });
    let begun = tokio::time::Instant::now();

    let (status, _) = answer_to(&world, &event(&Message::signed(&key, v3("01A")))).await;

    assert_eq!(status, 503);
    assert!(begun.elapsed() <= Duration::from_millis(4_500), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn i5_the_log_says_what_happened_and_holds_neither_key_nor_signature_nor_body() {
    let (world, key) = World::new();
    let message = Message::signed(&key, v3("01A"));
    answer_to(&world, &event(&message)).await;
    answer_to(
        &world,
        &event(&Message::signed(&key, r#"{"title":"Memory above 90 %"}"#)),
    )
    .await;
    for (_, message) in unauthorized(&world, &key) {
        answer_to(&world, &event(&message)).await;
    }

    let log = Log::text();

    for told in [
        "delivery accepted",
        "started",
        "unreadable",
        "delivery refused",
        "no signature",
        WORKFLOW,
    ] {
        assert!(log.contains(told), "{told} is missing:\n{log}");
    }
    for kept in [
        key.expose(),
        "pgf_",
        message.signature.unwrap().as_str(),
        SIGNING_SECRET,
        "Memory above",
    ] {
        assert!(!log.contains(kept), "{kept} is told:\n{log}");
    }
}

/// What is measured, as CloudWatch is told: the values, and what they are told apart by.
fn measured() -> Vec<Value> {
    let mut lines = Log::lines_with("_aws");
    for line in &mut lines {
        let metadata = line.as_object_mut().unwrap().remove("_aws").unwrap();
        assert_eq!(metadata["Timestamp"], now().as_millisecond());
        assert_eq!(line.as_object_mut().unwrap().remove("Stack").unwrap(), "pagerflow");
    }
    lines
}

#[tokio::test]
async fn a_duplicate_webhook_counts_as_a_duplicate_and_each_one_once() {
    let (world, key) = World::new();
    let ingress = world.ingress();
    let message = event(&Message::signed(&key, v3("01A")));

    answer(&ingress, request(&message)).await;
    answer(&ingress, request(&message)).await;

    assert_eq!(
        measured(),
        [json!({"WebhooksAccepted": 1}), json!({"WebhooksDuplicate": 1})]
    );
}

#[rstest]
#[case::filtered(v3("01A").replace("incident.triggered", "incident.resolved"), &[], json!({"WebhooksFiltered": 1}))]
#[case::unreadable("{}".into(), &[], json!({"DeadLetters": 1}))]
#[case::buffered(v3("01A"), &[Call::Start], json!({"WebhooksAccepted": 1, "RunsBuffered": 1}))]
#[case::b23_too_large("x".repeat(384 * 1024 + 1), &[], json!({"WebhooksRefused": 1, "Reason": "too_large"}))]
#[tokio::test]
async fn what_becomes_of_a_webhook_is_counted(#[case] body: String, #[case] down: &[Call], #[case] expected: Value) {
    let (world, key) = World::new();
    world.with(|state| state.down = down.to_vec());

    answer_to(&world, &event(&Message::signed(&key, body))).await;

    assert_eq!(measured(), [expected]);
}

#[tokio::test]
async fn a_webhook_that_is_sent_again_is_counted_when_it_comes_again() {
    let (world, key) = World::new();
    let message = event(&Message::signed(&key, v3("01A")));
    world.with(|state| state.down = vec![Call::Trigger]);
    answer_to(&world, &message).await;
    assert_eq!(measured(), [] as [Value; 0]);

    world.with(|state| state.down.clear());
    answer_to(&world, &message).await;

    assert_eq!(measured(), [json!({"WebhooksAccepted": 1})]);
}

#[tokio::test]
async fn a_webhook_for_many_workflows_counts_once_as_accepted_if_one_of_them_wants_it() {
    let (world, key) = World::with_routes_to(&["a", "b", "c"]);
    world.with(|state| state.routes[0].trigger.as_mut().unwrap().events.clear());

    answer_to(&world, &event(&Message::signed(&key, v3("01A")).addressed_to("prod"))).await;

    assert_eq!(measured(), [json!({"WebhooksAccepted": 1})]);
}

#[tokio::test]
async fn a_refused_webhook_is_counted_by_its_reason_and_by_nothing_that_the_sender_chose() {
    let (world, key) = World::new();
    let expected = [
        ("no key", "no_key"),
        ("no key at all like ours", "no_key"),
        ("an unknown key", "unknown_key"),
        ("a key of another workflow", "unknown_key"),
        ("a revoked key", "unknown_key"),
        ("an unknown workflow", "unknown_key"),
        ("the URL of an integration", "unknown_key"),
        ("an unknown integration", "unknown_key"),
        ("a malformed alias", "malformed_url"),
        ("a malformed workflow id", "malformed_url"),
        ("no signature", "no_signature"),
        ("a malformed signature", "malformed_signature"),
        ("a forged signature", "wrong_signature"),
    ];
    let cases = unauthorized(&world, &key);
    for (_, message) in &cases {
        answer_to(&world, &event(message)).await;
    }

    let what: Vec<_> = cases.iter().map(|(what, _)| *what).collect();
    assert_eq!(what, expected.map(|(what, _)| what));
    assert_eq!(
        measured(),
        expected.map(|(_, reason)| match reason {
            "no_key" => json!({"RequestsWithoutKey": 1}),
            _ => json!({"WebhooksRefused": 1, "Reason": reason}),
        })
    );
}

#[rstest]
#[tokio::test]
async fn whatever_else_is_wrong_with_a_request_without_a_key_it_counts_as_that_and_costs_no_call(
    #[values(None, Some(""), Some("made-up"), Some("pgf_garbage"))] api_key: Option<&str>,
    #[values(0, 100, 384 * 1024 + 1)] bytes: usize,
    #[values(WORKFLOW, "no-such-workflow", "../admin")] workflow: &str,
    #[values(None, Some("prod"), Some("no such"))] integration: Option<&str>,
    #[values(None, Some("v1=zz"))] signature: Option<&str>,
) {
    let (world, _) = World::new();
    let message = Message {
        workflow: workflow.into(),
        integration: integration.map(Into::into),
        api_key: api_key.map(Into::into),
        signature: signature.map(Into::into),
        body: vec![b' '; bytes],
    };

    let (status, _) = answer_to(&world, &event(&message)).await;

    assert_eq!(status, 401);
    assert_eq!(measured(), [json!({"RequestsWithoutKey": 1})]);
    assert_eq!(world.take_calls(), []);
}

#[tokio::test]
async fn the_log_tells_of_each_run_with_its_ids_and_of_each_delivery_with_how_long_it_took() {
    let (world, key) = World::new();
    let ingress = world.ingress();
    let message = event(&Message::signed(&key, v3("01A")));
    answer(&ingress, request(&message)).await;
    answer(&ingress, request(&message)).await;
    world.with(|state| state.down = vec![Call::Start]);
    answer(&ingress, request(&event(&Message::signed(&key, v3("01B"))))).await;

    let run = |event_id: &str| json!(workflow::ids::RunId::for_event(&WORKFLOW.parse().unwrap(), event_id));
    let told: Vec<_> = Log::lines_with("run")
        .iter()
        .map(|line| {
            (
                line["level"].clone(),
                line["message"].clone(),
                line["run"].clone(),
                line["event_id"].clone(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (json!("INFO"), json!("run started"), run("01A"), json!("01A")),
            (
                json!("INFO"),
                json!("run had been started before"),
                run("01A"),
                json!("01A")
            ),
            (
                json!("WARN"),
                json!("run waits in the start-buffer"),
                run("01B"),
                json!("01B")
            ),
        ]
    );
    assert!(Log::lines_with("run").iter().all(|line| line["workflow"] == WORKFLOW));
    let deliveries = Log::lines_with("bytes");
    assert_eq!(deliveries.len(), 3);
    assert!(
        deliveries
            .iter()
            .all(|line| line["duration_ms"].is_u64() && line["workflow"] == WORKFLOW)
    );
}

#[tokio::test]
async fn what_came_of_the_deliveries_of_a_subscription_is_read_back_from_the_log() {
    const PING: &str =
        r#"{"event":{"id":"01P","event_type":"pagey.ping","resource_type":"pagey","data":{"type":"ping"}}}"#;
    let (world, key) = World::new();
    answer_to(&world, &event(&Message::signed(&key, PING))).await;
    answer_to(&world, &event(&Message::signed(&key, v3("01A")))).await;
    let unsigned = Message {
        signature: None,
        ..Message::signed(&key, PING)
    };
    answer_to(&world, &event(&unsigned)).await;
    let (world, key) = World::with_routes_to(&[]);
    answer_to(&world, &event(&Message::signed(&key, PING).addressed_to("prod"))).await;
    let mut of_another = event(&Message::signed(&key, PING).addressed_to("prod"));
    of_another["headers"]["x-webhook-subscription"] = json!("PANOTHER");
    answer_to(&world, &of_another).await;

    let of = "PSUBSC1".parse().unwrap();
    let log = Log::text();
    let deliveries: Vec<_> = log.lines().filter_map(|line| LoggedDelivery::read(line, &of)).collect();

    let leads_to_workflow = |leads_to_workflow| LoggedDelivery::Ping { leads_to_workflow };
    let reason = "no signature".to_owned();
    assert_eq!(
        deliveries,
        [
            leads_to_workflow(true),
            LoggedDelivery::Event,
            LoggedDelivery::Refused { reason },
            leads_to_workflow(false)
        ]
    );
}

#[tokio::test]
async fn b40_headers_that_claim_another_host_path_or_method_change_nothing() {
    let (world, key) = World::new();
    let message = Message::signed(&key, v3("01A"));
    let mut forwarded = event(&message);
    let headers = forwarded["headers"].as_object_mut().unwrap();
    for (name, value) in [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", "localhost"),
        ("x-forwarded-proto", "http"),
        ("host", "169.254.169.254"),
        ("x-http-method-override", "DELETE"),
        ("x-original-url", "/webhooks/other"),
        ("transfer-encoding", "chunked"),
        ("content-length", "1"),
    ] {
        headers.insert(name.to_owned(), json!(value));
    }

    let (status, body) = answer_to(&world, &forwarded).await;

    let run = world.with(|state| state.runs[0].run.id.clone());
    let expected = json!({"events": [{"outcome": "started", "run": run}]});
    assert_eq!((status, body), (202, expected.to_string()));

    let mut unsigned = event(&message);
    unsigned["headers"]["x-pagerduty-signature"] = json!("v1=00");
    unsigned["headers"]["x-forwarded-for"] = json!("127.0.0.1");
    assert_eq!(answer_to(&world, &unsigned).await.0, 401);
}
