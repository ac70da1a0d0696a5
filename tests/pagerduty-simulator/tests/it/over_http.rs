//! The server: the same rules over real HTTP, real deliveries, and the control API.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use jiff::SignedDuration;
use pagerduty_simulator::{DeliveryPolicy, Options, Secret, Seed, Simulator, sign};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::desk::{column, incident, subscription, text};

/// What a receiver answers, one after the other; the last one for ever. `None` is silence.
type Script = Vec<Option<StatusCode>>;

#[derive(Debug)]
struct Delivered {
    headers: HeaderMap,
    body: Bytes,
}

#[derive(Debug)]
struct Receiver {
    url: String,
    delivered: UnboundedReceiver<Delivered>,
}

#[derive(Debug)]
struct ReceiverState {
    script: Script,
    count: AtomicUsize,
    delivered: UnboundedSender<Delivered>,
}

impl Receiver {
    async fn start(script: &[Option<u16>]) -> Self {
        let script = script
            .iter()
            .map(|status| status.map(|it| StatusCode::from_u16(it).unwrap()))
            .collect();
        let (sender, delivered) = unbounded_channel();
        let state = ReceiverState {
            script,
            count: AtomicUsize::new(0),
            delivered: sender,
        };
        let app = Router::new().fallback(receive).with_state(Arc::new(state));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/$default/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, delivered }
    }

    async fn next(&mut self) -> Delivered {
        let next = tokio::time::timeout(Duration::from_secs(10), self.delivered.recv()).await;
        next.expect("a delivery within ten seconds").unwrap()
    }
}

async fn receive(State(state): State<Arc<ReceiverState>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let index = state.count.fetch_add(1, Ordering::SeqCst).min(state.script.len() - 1);
    state.delivered.send(Delivered { headers, body }).unwrap();
    match state.script[index] {
        Some(status) => status,
        None => std::future::pending().await,
    }
}

async fn simulator() -> Simulator {
    let delivery = DeliveryPolicy {
        timeout: Duration::from_millis(300),
        retry_interval: SignedDuration::from_millis(5),
        ..DeliveryPolicy::default()
    };
    Simulator::start(Options {
        delivery,
        ..Options::default()
    })
    .await
    .unwrap()
}

async fn send(simulator: &Simulator, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let request = http::Request::builder()
        .method(method)
        .uri(format!("{}{path}", simulator.base_url()))
        .header("authorization", format!("Token token={}", Seed::ACCOUNT_TOKEN))
        .header("from", "oncall@example.com")
        .header("content-type", "application/json")
        .body(Full::from(body.to_string()))
        .unwrap();
    let response = client.request(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

async fn subscribe(simulator: &Simulator, url: &str) -> Value {
    let mut body = subscription(json!({"type": "account_reference"}));
    body["webhook_subscription"]["delivery_method"]["url"] = json!(url);
    send(simulator, Method::POST, "/webhook_subscriptions", &body).await.1["webhook_subscription"].clone()
}

async fn trigger(simulator: &Simulator) -> Value {
    let body = json!({"title": "Memory at 97 %", "service": "PWIXJZS"});
    let (status, opened) = send(simulator, Method::POST, "/_simulator/incidents", &body).await;
    assert_eq!(status, 201, "{opened}");
    opened
}

/// Waits until the newest webhook has reached a state that it does not leave.
async fn settled(simulator: &Simulator) -> Value {
    let settled = async {
        loop {
            let (_, body) = send(simulator, Method::GET, "/_simulator/deliveries", &Value::Null).await;
            let last = body["deliveries"]
                .as_array()
                .unwrap()
                .last()
                .cloned()
                .unwrap_or_default();
            if ["delivered", "dropped", "discarded"]
                .iter()
                .any(|state| last["state"] == *state)
            {
                return last;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), settled)
        .await
        .expect("a settled delivery within ten seconds")
}

#[tokio::test]
async fn an_incident_is_created_and_read_over_http() {
    let simulator = simulator().await;

    let (created, body) = send(&simulator, Method::POST, "/incidents", &incident(json!({}))).await;
    let (found, list) = send(
        &simulator,
        Method::GET,
        "/incidents?statuses%5B%5D=triggered",
        &Value::Null,
    )
    .await;

    assert_eq!((created, found), (201, 200));
    assert_eq!(list["incidents"][0], body["incident"]);
}

#[tokio::test]
async fn a_signed_webhook_arrives() {
    let simulator = simulator().await;
    let mut receiver = Receiver::start(&[Some(202)]).await;
    let subscription = subscribe(&simulator, &receiver.url).await;
    let opened = trigger(&simulator).await;

    let delivered = receiver.next().await;

    let secret = Secret::new(text(&subscription["delivery_method"]["secret"]));
    let body: Value = serde_json::from_slice(&delivered.body).unwrap();
    assert_eq!(body["event"]["data"]["id"], opened["incident"]["id"]);
    assert_eq!(
        delivered.headers["x-pagerduty-signature"],
        sign(&secret, &delivered.body).as_str()
    );
    assert_eq!(delivered.headers["x-api-key"], "sesame");
    assert_eq!(
        delivered.headers["content-length"],
        delivered.body.len().to_string().as_str()
    );
    assert_eq!(settled(&simulator).await["attempts"][0]["status"], 202);
}

#[tokio::test]
async fn a_webhook_is_sent_until_it_is_taken() {
    let simulator = simulator().await;
    let mut receiver = Receiver::start(&[Some(500), None, Some(429), Some(200)]).await;
    subscribe(&simulator, &receiver.url).await;
    trigger(&simulator).await;

    let mut attempts = Vec::new();
    for _ in 0..4 {
        attempts.push(receiver.next().await);
    }

    assert!(attempts.iter().all(|attempt| attempt.body == attempts[0].body));
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt.headers["x-webhook-id"] == attempts[0].headers["x-webhook-id"])
    );
    let delivery = settled(&simulator).await;
    assert_eq!(delivery["state"], "delivered");
    assert_eq!(
        column(&delivery["attempts"], "/status"),
        [&json!(500), &Value::Null, &json!(429), &json!(200)]
    );
    assert_eq!(delivery["attempts"][1]["error"], "timed out");
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_tried_again_until_it_is() {
    let simulator = simulator().await;
    // A socket that is bound but does not listen keeps the port and refuses connections.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    subscribe(&simulator, &format!("http://{address}/")).await;
    trigger(&simulator).await;
    while simulator.with(|pagerduty, _| pagerduty.deliveries()[0]["attempts"].as_array().unwrap().is_empty()) {
        tokio::task::yield_now().await;
    }
    let listener = socket.listen(16).unwrap();
    let app = Router::new().fallback(|| async { StatusCode::ACCEPTED });
    tokio::spawn(async move { axum::serve(listener, app).await });

    let delivery = settled(&simulator).await;

    assert_eq!(delivery["state"], "delivered");
    assert!(text(&delivery["attempts"][0]["error"]).contains("onnect"), "{delivery}");
}

#[tokio::test]
async fn three_refusals_switch_the_subscription_off() {
    let simulator = simulator().await;
    let mut receiver = Receiver::start(&[Some(404)]).await;
    let subscription = subscribe(&simulator, &receiver.url).await;
    for _ in 0..3 {
        trigger(&simulator).await;
        receiver.next().await;
        settled(&simulator).await;
    }

    let path = format!("/webhook_subscriptions/{}", text(&subscription["id"]));
    let (_, read) = send(&simulator, Method::GET, &path, &Value::Null).await;

    assert_eq!(
        read["webhook_subscription"]["delivery_method"]["temporarily_disabled"],
        json!(true)
    );
}

#[tokio::test]
async fn a_webhook_can_be_delivered_many_times_at_once() {
    let simulator = simulator().await;
    let mut receiver = Receiver::start(&[Some(202)]).await;
    subscribe(&simulator, &receiver.url).await;
    trigger(&simulator).await;
    let first = receiver.next().await;
    let id = settled(&simulator).await["id"].clone();

    let path = format!("/_simulator/deliveries/{}/redeliver", text(&id));
    let (status, body) = send(&simulator, Method::POST, &path, &json!({"times": 10})).await;

    assert_eq!(status, 200);
    assert_eq!(column(&body["answers"], "/status"), [&json!(202); 10]);
    for _ in 0..10 {
        let copy = receiver.next().await;
        assert_eq!((&copy.body, &copy.headers), (&first.body, &first.headers));
    }
}

#[tokio::test]
async fn a_webhook_can_be_delivered_with_other_headers_and_another_body() {
    let simulator = simulator().await;
    let mut receiver = Receiver::start(&[Some(202), Some(401)]).await;
    subscribe(&simulator, &receiver.url).await;
    trigger(&simulator).await;
    receiver.next().await;
    let id = settled(&simulator).await["id"].clone();

    let path = format!("/_simulator/deliveries/{}/redeliver", text(&id));
    let forged = json!({"headers": {"X-PagerDuty-Signature": "v1=00", "x-api-key": null}, "body": "{}"});
    let (_, body) = send(&simulator, Method::POST, &path, &forged).await;

    let copy = receiver.next().await;
    assert_eq!(body["answers"], json!([{"status": 401, "body": ""}]));
    assert_eq!(copy.headers["x-pagerduty-signature"], "v1=00");
    assert!(!copy.headers.contains_key("x-api-key"));
    assert_eq!(copy.body, "{}");
    let delivery = settled(&simulator).await;
    assert_eq!(
        delivery["state"], "delivered",
        "a copy counts for nothing but the record"
    );
    assert_eq!(delivery["attempts"][1]["on_request"], json!(true));
}

#[tokio::test]
async fn the_control_api_shows_what_happened() {
    let simulator = simulator().await;
    let opened = trigger(&simulator).await;
    let id = text(&opened["incident"]["id"]).to_owned();
    send(
        &simulator,
        Method::POST,
        &format!("/incidents/{id}/notes"),
        &json!({"note": {"content": "hm"}}),
    )
    .await;

    let (_, health) = send(&simulator, Method::GET, "/_simulator/health", &Value::Null).await;
    let (_, one) = send(
        &simulator,
        Method::GET,
        &format!("/_simulator/incidents/{id}"),
        &Value::Null,
    )
    .await;
    let (_, all) = send(&simulator, Method::GET, "/_simulator/incidents", &Value::Null).await;
    let (_, requests) = send(&simulator, Method::GET, "/_simulator/requests", &Value::Null).await;

    assert_eq!(health, json!({"status": "ok"}));
    assert_eq!(column(&one["notes"], "/content"), ["hm"]);
    assert_eq!(
        column(&one["log_entries"], "/type"),
        ["trigger_log_entry", "annotate_log_entry"]
    );
    assert_eq!(all["incidents"][0], one);
    assert_eq!(
        column(&requests["requests"], "/path"),
        [&json!(format!("/incidents/{id}/notes"))]
    );
}

#[tokio::test]
async fn a_seed_replaces_the_account_and_a_reset_brings_the_first_one_back() {
    let simulator = simulator().await;
    let first = trigger(&simulator).await;
    let seed = json!({"services": [{"id": "PONLY1", "name": "Only", "escalation_policy": "PT20YPA"}]});

    let (seeded, _) = send(&simulator, Method::POST, "/_simulator/seed", &seed).await;
    let (_, services) = send(&simulator, Method::GET, "/services", &Value::Null).await;
    let (reset, _) = send(&simulator, Method::POST, "/_simulator/reset", &Value::Null).await;
    let second = trigger(&simulator).await;

    assert_eq!((seeded, reset), (204, 204));
    assert_eq!(column(&services["services"], "/id"), ["PONLY1"]);
    assert_eq!(second["incident"]["incident_number"], 1);
    assert_ne!(
        first["incident"]["id"], second["incident"]["id"],
        "an id does not come twice"
    );
}

#[tokio::test]
async fn a_seed_that_contradicts_itself_is_refused() {
    let simulator = simulator().await;
    let seed = json!({"services": [{"id": "PONLY1", "name": "Only", "escalation_policy": "PNOSUCH"}]});

    let (status, body) = send(&simulator, Method::POST, "/_simulator/seed", &seed).await;

    assert_eq!(status, 400);
    assert!(text(&body["error"]).contains("PNOSUCH"), "{body}");
}

#[tokio::test]
async fn a_stopped_simulator_can_not_be_reached() {
    let simulator = simulator().await;
    let address = simulator.base_url().replace("http://", "");

    simulator.stop().await;

    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
