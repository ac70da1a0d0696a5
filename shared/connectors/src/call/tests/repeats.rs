//! Repeats: their effect, and when nothing is sent any more.

use super::*;
use provider::transport::{Interruption, Sending};
use rstest::rstest;

const ACTIONS: &str = r#"actions:
  never:
    summary: s
    repeat: never
    internal: true
    request: { method: POST, path: /never }
  safe:
    summary: s
    repeat: safe
    internal: true
    request: { method: POST, path: /safe }
  header:
    summary: s
    repeat: { header: Idempotency-Key }
    internal: true
    request: { method: POST, path: /header }
  open:
    summary: s
    repeat: { look: find }
    internal: true
    inputs: { queue: { type: text, summary: the queue, default: main } }
    request: { method: POST, path: "/{queue}", json: { key: "{{ call.idempotency_key }}" } }
    outputs:
      id: { type: text, summary: the id, from: "{{ body.id }}" }
      url: { type: text, optional: true, summary: its page, from: "{{ body.url }}" }
  find:
    summary: s
    repeat: safe
    internal: true
    inputs: { queue: { type: text, required: true, summary: the queue } }
    request: { method: GET, path: "/{queue}", query: { key: "{{ call.idempotency_key }}" } }
    outputs:
      id: { type: text, summary: the id, from: "{{ body.found[0].id }}" }
      url: { type: text, optional: true, summary: its page, from: "{{ body.found[0].url }}" }
"#;

fn given() -> Given {
    Given::new(connector(BEARER, ACTIONS))
}

fn late() -> Option<Timestamp> {
    Some(NOW + SignedDuration::from_secs(49))
}

#[tokio::test]
async fn a_first_attempt_does_not_look() {
    let (outcome, server) = given().against("open", vec![ok(json!({"id": "t1"}))]).await;
    assert_eq!(Value::Object(outcome.unwrap()), json!({"id": "t1", "url": null}));
    assert_eq!(server.lines(), ["POST /api/main"]);
    assert_eq!(server.requests()[0].json(), json!({"key": "key1"}));
}

#[rstest]
#[case::later_attempt(Some(2), Some(NOW + SignedDuration::from_secs(60)))]
#[case::unknown_attempt(None, Some(NOW + SignedDuration::from_secs(60)))]
#[case::begun_late(Some(1), late())]
#[tokio::test]
async fn a_later_attempt_takes_what_the_first_has_made(
    #[case] attempt: Option<u32>,
    #[case] deadline: Option<Timestamp>,
) {
    let given = Given {
        attempt,
        deadline,
        ..given()
    };
    let found = ok(json!({"found": [{"id": "t1", "url": "u"}]}));
    let (outcome, server) = given.against("open", vec![found]).await;
    assert_eq!(Value::Object(outcome.unwrap()), json!({"id": "t1", "url": "u"}));
    assert_eq!(server.lines(), ["GET /api/main"]);
    assert_eq!(server.requests()[0].query(), [("key".to_owned(), "key1".to_owned())]);
}

#[rstest]
#[case::empty(ok(json!({"found": []})))]
#[case::null(ok(json!({"found": [{"id": null}]})))]
#[case::missing(Answer::json(404, &json!({})))]
#[tokio::test]
async fn what_is_not_found_is_made(#[case] nothing: Answer) {
    let given = Given {
        attempt: Some(2),
        ..given()
    };
    let (outcome, server) = given.against("open", vec![nothing, ok(json!({"id": "t2"}))]).await;
    assert_eq!(outcome.unwrap()["id"], "t2");
    assert_eq!(server.lines(), ["GET /api/main", "POST /api/main"]);
}

#[rstest]
#[case::fault(500, "Desk.Unavailable")]
#[case::forbidden(403, "Desk.Forbidden")]
#[case::rate_limit(429, "Desk.RateLimited")]
#[tokio::test]
async fn without_a_look_nothing_is_made(#[case] status: u16, #[case] expected: &str) {
    let given = Given {
        attempt: Some(2),
        ..given()
    };
    let (outcome, server) = given.against("open", vec![Answer::empty(status)]).await;
    assert_eq!(name(outcome), expected);
    assert_eq!(server.lines(), ["GET /api/main"]);
}

#[tokio::test]
async fn without_a_key_nothing_is_looked_for() {
    let given = Given {
        attempt: None,
        key: None,
        ..given()
    };
    let (outcome, server) = given.against("open", vec![ok(json!({"id": "t1"}))]).await;
    assert!(outcome.is_ok());
    assert_eq!(server.requests()[0].json(), json!({}));
    assert_eq!(server.lines(), ["POST /api/main"]);
}

#[tokio::test]
async fn a_header_has_the_key_in_every_attempt() {
    for attempt in [Some(1), Some(2), None] {
        let given = Given { attempt, ..given() };
        let (outcome, server) = given.against("header", vec![Answer::empty(204)]).await;
        assert_eq!(outcome, Ok(Map::new()));
        assert_eq!(server.requests()[0].header("idempotency-key"), Some("key1"));
    }
}

#[tokio::test]
async fn what_would_be_done_twice_is_not_begun_late() {
    let given = Given {
        deadline: late(),
        ..given()
    };
    let (outcome, server) = given.against("never", vec![]).await;
    assert_eq!(name(outcome), "Step.DeadlineExceeded");
    assert_eq!(server.lines(), [""; 0]);
    let (outcome, _) = given.against("safe", vec![Answer::empty(204)]).await;
    assert_eq!(outcome, Ok(Map::new()));
}

#[tokio::test]
async fn after_the_deadline_nothing_is_sent() {
    for action in ["never", "safe", "header", "open"] {
        let given = Given {
            deadline: Some(NOW),
            ..given()
        };
        let (outcome, server) = given.against(action, vec![]).await;
        assert_eq!(name(outcome), "Step.DeadlineExceeded");
        assert_eq!(server.lines(), [""; 0]);
    }
}

#[tokio::test]
async fn silence_leaves_open_if_it_was_done() {
    let given = Given {
        deadline: Some(NOW + SignedDuration::from_millis(300)),
        ..given()
    };
    let (outcome, _) = given.against("safe", vec![Answer::Silence]).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.name(), "Desk.OutcomeUnknown");
    assert_eq!(error.settled_after_seconds(), Some(40));
}

/// A transport that never comes through.
#[derive(Debug)]
struct Unreachable;

impl Transport for Unreachable {
    fn send(&self, _: Request) -> Sending<'_> {
        Box::pin(async { Err(Interruption::Connect("connection refused".into())) })
    }
}

#[tokio::test]
async fn what_was_never_sent_changed_nothing() {
    let error = given().perform("never", &Unreachable).await.unwrap_err();
    assert_eq!(error.name(), "Desk.Unavailable");
    assert_eq!(
        error.to_string(),
        "desk.never: Desk is not available: no connection could be made (connection refused). The request changed nothing, so it is \
         safe to try again"
    );
}
