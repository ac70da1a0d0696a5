//! Misbehaviour on a real connection, asked for by the control API.

use std::time::{Duration, Instant};

use http::Method;
use pagerduty_simulator::{Options, Seed, Simulator};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::desk::incident;

/// What came over a connection until it ended, and how it ended.
#[derive(Debug)]
struct Heard {
    text: String,
    end: Result<(), std::io::ErrorKind>,
}

impl Heard {
    fn status(&self) -> Option<u16> {
        self.text.split(' ').nth(1)?.parse().ok()
    }

    fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }

    fn json(&self) -> Value {
        serde_json::from_str(self.body()).unwrap()
    }
}

/// Asks on a connection of its own, so that what comes over it is seen byte for byte.
async fn ask(simulator: &Simulator, method: Method, target: &str, body: &Value) -> Heard {
    let address = simulator.base_url();
    let mut stream = TcpStream::connect(address.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let request = format!(
        "{method} {target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Token token={}\r\nfrom: oncall@example.com\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        Seed::ACCOUNT_TOKEN,
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).await;
    Heard {
        text: String::from_utf8(bytes).unwrap(),
        end: end.map(|_| ()).map_err(|error| error.kind()),
    }
}

async fn with_fault(rule: Value) -> Simulator {
    let simulator = Simulator::start(Options::default()).await.unwrap();
    let added = ask(
        &simulator,
        Method::POST,
        "/_simulator/faults",
        &json!({"faults": [rule]}),
    )
    .await;
    assert_eq!(added.status(), Some(204), "{added:?}");
    simulator
}

async fn incidents(simulator: &Simulator) -> usize {
    let heard = ask(simulator, Method::GET, "/_simulator/incidents", &Value::Null).await;
    heard.json()["incidents"].as_array().unwrap().len()
}

#[rstest]
#[case("before_effect", 0)]
#[case("after_effect", 1)]
#[tokio::test]
async fn a_reset_is_a_reset(#[case] when: &str, #[case] created: usize) {
    let simulator = with_fault(json!({"method": "POST", "path": "/incidents", "fault": {"reset": when}})).await;

    let heard = ask(&simulator, Method::POST, "/incidents", &incident(json!({}))).await;

    assert_eq!(
        (heard.text.as_str(), heard.end),
        ("", Err(std::io::ErrorKind::ConnectionReset))
    );
    assert_eq!(incidents(&simulator).await, created);
    let again = ask(&simulator, Method::POST, "/incidents", &incident(json!({}))).await;
    assert_eq!(again.status(), Some(201));
}

#[tokio::test]
async fn a_truncated_body_is_shorter_than_its_length() {
    let simulator = with_fault(json!({"path": "/incidents", "fault": "truncated"})).await;

    let heard = ask(&simulator, Method::POST, "/incidents", &incident(json!({}))).await;

    let length = heard
        .text
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    assert_eq!(heard.status(), Some(201));
    assert_eq!(heard.body().len(), length.parse::<usize>().unwrap() / 2);
    assert_eq!(incidents(&simulator).await, 1);
}

#[tokio::test]
async fn a_slow_answer_comes_late() {
    let simulator = with_fault(json!({"path": "/users", "fault": {"slow": {"milliseconds": 60}}})).await;
    let start = Instant::now();

    let heard = ask(&simulator, Method::GET, "/users", &Value::Null).await;

    assert_eq!(heard.status(), Some(200));
    assert!(start.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn an_answer_has_the_body_that_was_asked_for() {
    let rule = json!({"path": "/users", "fault": {"answer": {"status": 400, "body": "errors_map"}}});
    let simulator = with_fault(rule).await;

    let heard = ask(&simulator, Method::GET, "/users", &Value::Null).await;

    assert_eq!(heard.status(), Some(400));
    assert_eq!(
        heard.json()["error"]["errors"],
        json!({"incident": ["Invalid Input Provided"]})
    );
}

#[tokio::test]
async fn faults_are_listed_and_taken_back() {
    let rule = json!({"method": "GET", "path": "/users", "skip": 1, "times": null, "fault": "not_json"});
    let simulator = with_fault(rule.clone()).await;

    let listed = ask(&simulator, Method::GET, "/_simulator/faults", &Value::Null).await;
    ask(&simulator, Method::DELETE, "/_simulator/faults", &Value::Null).await;
    let left = ask(&simulator, Method::GET, "/_simulator/faults", &Value::Null).await;

    assert_eq!(listed.json(), json!({"faults": [rule]}));
    assert_eq!(left.json(), json!({"faults": []}));
}

#[tokio::test]
async fn a_fault_that_is_none_is_refused() {
    let simulator = Simulator::start(Options::default()).await.unwrap();

    let rules = json!({"faults": [{"path": "/users", "fault": "explode"}]});
    let heard = ask(&simulator, Method::POST, "/_simulator/faults", &rules).await;

    assert_eq!(heard.status(), Some(422));
}

#[tokio::test]
async fn lists_lag_by_as_much_as_was_asked_for() {
    let simulator = Simulator::start(Options::default()).await.unwrap();
    ask(&simulator, Method::POST, "/_simulator/lag", &json!({"seconds": 3600})).await;
    ask(&simulator, Method::POST, "/incidents", &incident(json!({}))).await;

    let heard = ask(&simulator, Method::GET, "/incidents", &Value::Null).await;

    assert_eq!(heard.json()["incidents"], json!([]));
}

#[tokio::test]
async fn starting_over_takes_all_faults_back() {
    let simulator = with_fault(json!({"path": "/users", "fault": "truncated"})).await;

    ask(&simulator, Method::POST, "/_simulator/reset", &Value::Null).await;

    let left = ask(&simulator, Method::GET, "/_simulator/faults", &Value::Null).await;
    assert_eq!(left.json(), json!({"faults": []}));
}

#[tokio::test]
async fn change_events_can_be_read() {
    let simulator = Simulator::start(Options::default()).await.unwrap();
    let change = json!({"routing_key": Seed::ROUTING_KEY, "payload": {"summary": "Deployed"}});
    ask(&simulator, Method::POST, "/v2/change/enqueue", &change).await;

    let heard = ask(&simulator, Method::GET, "/_simulator/change_events", &Value::Null).await;

    assert_eq!(heard.json()["change_events"][0]["payload"]["summary"], "Deployed");
}
