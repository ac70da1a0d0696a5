use rstest::rstest;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use serde_json::json;

use super::*;
use crate::{
    ids::IncidentId,
    incident::IncidentStatus,
    scripted::{Answer, PagerDuty, client, token},
};

fn id() -> IncidentId {
    "PINC001".parse().unwrap()
}

fn from() -> UserEmail {
    "oncall@example.com".parse().unwrap()
}

#[tokio::test]
async fn every_request_carries_what_pagerduty_asks_for() {
    let pagerduty = PagerDuty::that_answers([Answer::json(
        200,
        &json!({"incident": {"id": "PINC001", "status": "acknowledged"}}),
    )])
    .await;

    pagerduty.client.account(&token()).get_incident(&id()).await.unwrap();

    let [request] = pagerduty.requests().try_into().unwrap();
    assert_eq!(request.line(), "GET /incidents/PINC001");
    assert_eq!(request.header("authorization"), Some("Token token=example-token"));
    assert_eq!(
        request.header("accept"),
        Some("application/vnd.pagerduty+json;version=2")
    );
    assert_eq!(
        request.header("user-agent"),
        Some(concat!("pagerflow/", env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(request.header("from"), None);
}

#[tokio::test]
async fn a_refreshed_token_needs_no_new_client() {
    let incident = Answer::json(200, &json!({"incident": {"id": "PINC001", "status": "triggered"}}));
    let pagerduty = PagerDuty::that_answers([Answer::empty(401), incident]).await;
    let refreshed = ApiToken::new(TokenKind::OAuth, "another-token".into()).unwrap();

    let refused = pagerduty
        .client
        .account(&token())
        .get_incident(&id())
        .await
        .unwrap_err();
    pagerduty.client.account(&refreshed).get_incident(&id()).await.unwrap();

    assert_eq!(refused.name(), "PagerDuty.Unauthorized");
    assert_eq!(
        pagerduty.requests()[1].header("authorization"),
        Some("Bearer another-token")
    );
}

#[tokio::test]
async fn a_look_up_by_key_asks_for_every_status_and_all_times_and_checks_the_answer() {
    let incident = |id: &str, key: &str, service: &str| json!({"id": id, "status": "resolved", "incident_key": key, "service": {"id": service}});
    let pagerduty = PagerDuty::that_answers([Answer::json(
        200,
        &json!({"incidents": [
            incident("P1", "a&b=c", "PSVC001"),
            incident("P2", "another", "PSVC001"),
            incident("P3", "a&b=c", "PSVC002"),
            {"id": "P4", "status": "triggered"},
        ]}),
    )])
    .await;

    let service = "PSVC001".parse().unwrap();
    let found = pagerduty
        .client
        .account(&token())
        .find_incidents_by_key(&service, &"a&b=c".parse().unwrap())
        .await
        .unwrap();

    assert_eq!(
        found.iter().map(|incident| incident.id.as_str()).collect::<Vec<_>>(),
        ["P1"]
    );
    let [request] = pagerduty.requests().try_into().unwrap();
    assert_eq!(request.line(), "GET /incidents");
    let query = request.query();
    let query: Vec<_> = query
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        query,
        [
            ("incident_key", "a&b=c"),
            ("service_ids[]", "PSVC001"),
            ("statuses[]", "triggered"),
            ("statuses[]", "acknowledged"),
            ("statuses[]", "resolved"),
            ("date_range", "all"),
            ("sort_by", "created_at:desc"),
            ("limit", "100"),
        ]
    );
}

#[tokio::test]
async fn notes_are_read_even_where_some_are_odd() {
    let pagerduty = PagerDuty::that_answers([Answer::json(
        200,
        &json!({"notes": [{"id": "PNOTE01", "content": "One", "created_at": "2026-11-20T09:35:03Z"}, {"id": "PNOTE02"}, null]}),
    )])
    .await;

    let notes = pagerduty.client.account(&token()).notes(&id()).await.unwrap();

    assert_eq!(notes.len(), 1);
    assert_eq!(notes[0].content, "One");
}

#[rstest]
#[case::redirect(Answer::Text(302, &[("location", "https://elsewhere.example.com/")], String::new()))]
#[case::server_fault(Answer::empty(500))]
#[case::html(Answer::Text(200, &[], "<html></html>".into()))]
#[case::not_the_object(Answer::json(200, &json!({"service": {}})))]
#[case::not_an_incident(Answer::json(200, &json!({"incident": {"id": "../x", "status": "resolved"}})))]
#[tokio::test]
async fn no_clear_answer_to_a_read_is_unavailable_and_to_a_write_an_unknown_outcome(#[case] answer: Answer) {
    let pagerduty = PagerDuty::that_answers([answer.clone(), answer]).await;
    let token = token();
    let account = pagerduty.client.account(&token);

    let read = account.get_incident(&id()).await.unwrap_err();
    let resolved = IncidentUpdate {
        status: Some(&IncidentStatus::Resolved),
        ..IncidentUpdate::default()
    };
    let write = account
        .update_incident(Some(&from()), &id(), resolved)
        .await
        .unwrap_err();

    assert_eq!(read.name(), "PagerDuty.Unavailable");
    assert_eq!(write.name(), "PagerDuty.OutcomeUnknown");
    assert_eq!(
        pagerduty.requests().len(),
        2,
        "nothing is repeated and no redirect is followed"
    );
}

#[tokio::test]
async fn an_answer_is_read_up_to_a_limit() {
    let body = json!({"incident": {"id": "PINC001", "status": "triggered"}}).to_string();
    let padded = |length: usize| Answer::Text(200, &[], " ".repeat(length - body.len()) + &body);
    let pagerduty = PagerDuty::that_answers([padded(MAX_ANSWER), padded(MAX_ANSWER + 1)]).await;
    let token = token();
    let account = pagerduty.client.account(&token);

    assert!(account.get_incident(&id()).await.is_ok());
    let error = account.get_incident(&id()).await.unwrap_err();

    assert_eq!(
        error,
        Error::Unavailable {
            failure: Failure::TooLarge { limit: MAX_ANSWER }
        }
    );
}

#[tokio::test]
async fn a_rate_limit_tells_how_long_to_wait() {
    let body = json!({"error": {"message": "Rate Limit Exceeded", "code": 2020}}).to_string();
    let pagerduty = PagerDuty::that_answers([
        Answer::Text(
            429,
            &[
                ("ratelimit-limit", "960"),
                ("ratelimit-remaining", "0"),
                ("ratelimit-reset", "20"),
            ],
            body,
        ),
        Answer::empty(429),
    ])
    .await;
    let token = token();
    let account = pagerduty.client.account(&token);

    let with_header = account.add_note(Some(&from()), &id(), "x").await.unwrap_err();
    let without = account.add_note(Some(&from()), &id(), "x").await.unwrap_err();

    assert_eq!(with_header.name(), "PagerDuty.RateLimited");
    assert_eq!(with_header.retry_after_seconds(), Some(20));
    assert_eq!(without.name(), "PagerDuty.RateLimited");
    assert_eq!(without.retry_after_seconds(), None);
}

#[tokio::test]
async fn when_no_connection_comes_about_nothing_was_changed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);

    let client = client(&format!("http://{address}"));
    let error = client
        .account(&token())
        .add_note(Some(&from()), &id(), "x")
        .await
        .unwrap_err();

    assert_eq!(error.name(), "PagerDuty.Unavailable");
    assert!(error.to_string().contains("Connection refused"), "{error}");
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_leaves_the_outcome_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        assert!(connection.read(&mut [0; 4096]).await.unwrap() > 0);
    });

    let client = client(&format!("http://{address}"));
    let error = client
        .account(&token())
        .add_note(Some(&from()), &id(), "x")
        .await
        .unwrap_err();

    assert_eq!(error.name(), "PagerDuty.OutcomeUnknown");
}

#[tokio::test]
async fn an_answer_that_breaks_off_leaves_the_outcome_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        assert!(connection.read(&mut [0; 4096]).await.unwrap() > 0);
        connection
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"note\":")
            .await
            .unwrap();
    });

    let client = client(&format!("http://{address}"));
    let error = client
        .account(&token())
        .add_note(Some(&from()), &id(), "x")
        .await
        .unwrap_err();

    assert_eq!(error.name(), "PagerDuty.OutcomeUnknown");
}

#[tokio::test]
async fn an_answer_that_never_comes_ends_at_the_time_limit() {
    let pagerduty = PagerDuty::that_answers([Answer::Silence, Answer::Silence]).await;
    let token = token();
    let account = pagerduty
        .client
        .account(&token)
        .with_time_limit(Duration::from_millis(100));

    let read = account.get_incident(&id()).await.unwrap_err();
    let write = account.add_note(Some(&from()), &id(), "x").await.unwrap_err();

    assert_eq!(
        read,
        Error::Unavailable {
            failure: Failure::TimedOut
        }
    );
    assert_eq!(
        write,
        Error::OutcomeUnknown {
            failure: Failure::TimedOut
        }
    );
}

#[tokio::test]
async fn https_speaks_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let first_byte = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        connection.read_u8().await.unwrap()
    });

    let client = client(&format!("https://{address}"));
    let error = client
        .account(&token())
        .add_note(Some(&from()), &id(), "x")
        .await
        .unwrap_err();

    const HANDSHAKE: u8 = 22;
    assert_eq!(first_byte.await.unwrap(), HANDSHAKE);
    assert_eq!(
        error.name(),
        "PagerDuty.Unavailable",
        "without TLS the request never went out: {error}"
    );
}

#[tokio::test]
async fn no_error_shows_the_token() {
    let pagerduty = PagerDuty::that_answers([Answer::empty(500), Answer::empty(401), Answer::Silence]).await;
    let token = token();
    let account = pagerduty
        .client
        .account(&token)
        .with_time_limit(Duration::from_millis(100));

    for _ in 0..3 {
        let error = account.add_note(Some(&from()), &id(), "x").await.unwrap_err();
        assert!(!format!("{error} {error:?} {account:?}").contains("example-token"));
    }
}

#[tokio::test]
async fn without_a_user_no_from_is_sent() {
    let pagerduty = PagerDuty::that_answers([Answer::json(200, &json!({"note": {}}))]).await;

    pagerduty
        .client
        .account(&token())
        .add_note(None, &id(), "x")
        .await
        .unwrap();

    assert_eq!(pagerduty.requests()[0].header("from"), None);
}
