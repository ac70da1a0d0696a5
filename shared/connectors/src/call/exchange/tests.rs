use super::*;
use provider::transport::Sending;
use reqwest::{
    Method,
    header::{HeaderName, HeaderValue},
};
use rstest::rstest;
use serde_json::json;
use std::time::Duration;

/// A transport with which every request fares alike.
#[derive(Debug)]
struct Always(Result<Answer, Interruption>);

impl Transport for Always {
    fn send(&self, _: Request) -> Sending<'_> {
        Box::pin(async { self.0.clone() })
    }
}

const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

fn connector(errors: &str) -> Connector {
    let source = format!(
        "connector: desk\ntitle: Help Desk\nsummary: s\ndocumentation: https://desk.example.com\n\
         integration: {{ auth: bearer, secret: a token, hosts: [desk.example.com] }}\nbase_url: https://desk.example.com\n{errors}\n\
         actions:\n  a: {{ summary: s, repeat: safe, internal: true, request: {{ method: GET, path: / }} }}\n"
    );
    Connector::from_source(&source).unwrap_or_else(|problems| panic!("{problems}"))
}

async fn outcome(
    connector: &Connector,
    effect: Effect,
    answer: Result<Answer, Interruption>,
) -> Result<Answered, Error> {
    let subject = Subject {
        system: connector.title().to_owned(),
        action: "desk.open".to_owned(),
    };
    let hidden = Hidden::of(["hunter22".to_owned()]);
    let exchange = Exchange {
        connector,
        errors: &connector.errors,
        subject: &subject,
        effect,
        fields: &json!({}),
        hidden: &hidden,
        now: NOW,
    };
    let request = Request {
        method: Method::GET,
        url: "https://desk.example.com/".parse().unwrap(),
        headers: HeaderMap::new(),
        body: Vec::new(),
        time_limit: Duration::from_secs(1),
        answer_limit: 1000,
    };
    exchange.send(&Always(answer), request).await
}

fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Answer {
    let headers = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: headers.collect(),
        body: Ok(body.as_bytes().to_vec()),
    }
}

async fn name(errors: &str, effect: Effect, answer: Answer) -> String {
    match outcome(&connector(errors), effect, Ok(answer)).await {
        Ok(_) => "done".to_owned(),
        Err(error) => error.name().to_string(),
    }
}

#[rstest]
#[case::connect(Interruption::Connect("refused".into()), "HelpDesk.Unavailable", None)]
#[case::timed_out(Interruption::TimedOut, "HelpDesk.OutcomeUnknown", Some(40))]
#[case::broken(Interruption::Broken("reset".into()), "HelpDesk.OutcomeUnknown", Some(40))]
#[case::too_large(Interruption::TooLarge, "HelpDesk.OutcomeUnknown", Some(10))]
#[tokio::test]
async fn only_a_write_that_was_never_sent_surely_changed_nothing(
    #[case] interruption: Interruption,
    #[case] write: &str,
    #[case] settled: Option<u64>,
) {
    let connector = connector("");
    let error = outcome(&connector, Effect::Read, Err(interruption.clone()))
        .await
        .unwrap_err();
    assert_eq!(
        (error.name().to_string(), error.settled_after_seconds()),
        ("HelpDesk.Unavailable".to_owned(), None)
    );
    let error = outcome(&connector, Effect::Write, Err(interruption)).await.unwrap_err();
    assert_eq!(
        (error.name().to_string(), error.settled_after_seconds()),
        (write.to_owned(), settled)
    );
}

#[rstest]
#[case(Effect::Read)]
#[case(Effect::Write)]
#[tokio::test]
async fn what_must_not_be_sent_is_not_tried_again(#[case] effect: Effect) {
    let refused = Interruption::Refused("the address 10.0.0.1 is private".to_owned());
    let error = outcome(&connector(""), effect, Err(refused)).await.unwrap_err();
    assert_eq!(error.name().to_string(), "Integration.Invalid");
    let words = error.to_string();
    assert!(
        words.contains("nothing was sent to Help Desk: the address 10.0.0.1 is private"),
        "{words}"
    );
}

#[rstest]
#[case(200, "done", "done")]
#[case(204, "done", "done")]
#[case(302, "HelpDesk.Unavailable", "HelpDesk.OutcomeUnknown")]
#[case(400, "HelpDesk.InvalidRequest", "HelpDesk.InvalidRequest")]
#[case(401, "HelpDesk.Unauthorized", "HelpDesk.Unauthorized")]
#[case(402, "HelpDesk.Forbidden", "HelpDesk.Forbidden")]
#[case(403, "HelpDesk.Forbidden", "HelpDesk.Forbidden")]
#[case(404, "HelpDesk.NotFound", "HelpDesk.NotFound")]
#[case(408, "HelpDesk.Unavailable", "HelpDesk.OutcomeUnknown")]
#[case(409, "HelpDesk.InvalidRequest", "HelpDesk.InvalidRequest")]
#[case(429, "HelpDesk.RateLimited", "HelpDesk.RateLimited")]
#[case(500, "HelpDesk.Unavailable", "HelpDesk.OutcomeUnknown")]
#[case(502, "HelpDesk.Unavailable", "HelpDesk.OutcomeUnknown")]
#[case(503, "HelpDesk.Unavailable", "HelpDesk.OutcomeUnknown")]
#[tokio::test]
async fn a_status_has_one_name_for_a_read_and_one_for_a_write(
    #[case] status: u16,
    #[case] read: &str,
    #[case] write: &str,
) {
    assert_eq!(name("", Effect::Read, answer(status, &[], "")).await, read);
    assert_eq!(name("", Effect::Write, answer(status, &[], "")).await, write);
}

const SLACK_LIKE: &str = "errors: { when: not body.ok, code: \"{{ body.error }}\", classes: { unauthorized: [invalid_auth], \
                          forbidden: [missing_scope], not_found: [channel_not_found], invalid_request: [bad], rate_limited: [ratelimited], \
                          unavailable: [down], unknown: [fatal_error] } }";

#[rstest]
#[case::fine(200, r#"{"ok": true}"#, "done")]
#[case::unauthorized(200, r#"{"ok": false, "error": "invalid_auth"}"#, "HelpDesk.Unauthorized")]
#[case::forbidden(200, r#"{"ok": false, "error": "missing_scope"}"#, "HelpDesk.Forbidden")]
#[case::not_found(200, r#"{"ok": false, "error": "channel_not_found"}"#, "HelpDesk.NotFound")]
#[case::invalid(200, r#"{"ok": false, "error": "bad"}"#, "HelpDesk.InvalidRequest")]
#[case::rate_limited(200, r#"{"ok": false, "error": "ratelimited"}"#, "HelpDesk.RateLimited")]
#[case::unavailable(200, r#"{"ok": false, "error": "down"}"#, "HelpDesk.Unavailable")]
#[case::unknown(200, r#"{"ok": false, "error": "fatal_error"}"#, "HelpDesk.OutcomeUnknown")]
#[case::a_code_that_is_not_listed(200, r#"{"ok": false, "error": "msg_too_long"}"#, "HelpDesk.InvalidRequest")]
#[case::no_code(200, r#"{"ok": false}"#, "HelpDesk.InvalidRequest")]
#[case::nothing(200, "", "HelpDesk.InvalidRequest")]
#[case::the_code_says_more_than_the_status(500, r#"{"error": "bad"}"#, "HelpDesk.InvalidRequest")]
#[case::the_status_where_the_code_says_nothing(500, r#"{"error": "hm"}"#, "HelpDesk.OutcomeUnknown")]
#[tokio::test]
async fn a_success_can_be_a_failure_by_what_it_says(#[case] status: u16, #[case] body: &str, #[case] expected: &str) {
    assert_eq!(
        name(SLACK_LIKE, Effect::Write, answer(status, &[], body)).await,
        expected
    );
}

#[rstest]
#[case::list("errors: { when: body.errors }", r#"{"errors": [1]}"#, "HelpDesk.OutcomeUnknown")]
#[case::missing("errors: { when: body.errors }", "{}", "done")]
#[tokio::test]
async fn a_condition_that_is_neither_true_nor_false_tells_nothing(
    #[case] errors: &str,
    #[case] body: &str,
    #[case] expected: &str,
) {
    assert_eq!(name(errors, Effect::Write, answer(200, &[], body)).await, expected);
}

#[rstest]
#[case::default("", &[("retry-after", "30")], Some(30))]
#[case::date("", &[("retry-after", "Fri, 15 Jan 2027 08:01:00 GMT")], Some(60))]
#[case::another_header("rate_limit: { header: x-wait }", &[("x-wait", "7")], Some(7))]
#[case::reset("rate_limit: { reset: x-ratelimit-reset }", &[("x-ratelimit-reset", "1800000012")], Some(12))]
#[case::no_header("", &[], None)]
#[tokio::test]
async fn f5_a_refusal_says_how_long_to_wait(
    #[case] rule: &str,
    #[case] headers: &[(&'static str, &'static str)],
    #[case] expected: Option<u64>,
) {
    let error = outcome(&connector(rule), Effect::Write, Ok(answer(429, headers, "")))
        .await
        .unwrap_err();
    assert_eq!(error.retry_after_seconds(), expected);
}

#[rstest]
#[case::json(&[("content-type", "application/json")], r#"{"a": 1}"#, json!({"a": 1}))]
#[case::json_without_saying_so(&[], "[1]", json!([1]))]
#[case::json_of_a_problem(&[("content-type", "application/problem+json; charset=utf-8")], "7", json!(7))]
#[case::with_a_mark_at_its_start(&[("content-type", "application/json")], "\u{feff}{}", json!({}))]
#[case::text(&[("content-type", "text/plain")], "ok", json!("ok"))]
#[case::a_number_as_text(&[("content-type", "text/plain")], "7", json!("7"))]
#[case::nothing(&[("content-type", "application/json")], "", json!(null))]
#[tokio::test]
async fn a_body_is_json_or_text(
    #[case] headers: &[(&'static str, &'static str)],
    #[case] body: &str,
    #[case] expected: Value,
) {
    let answered = outcome(&connector(""), Effect::Read, Ok(answer(200, headers, body)))
        .await
        .unwrap();
    assert_eq!(answered.body, expected);
}

#[tokio::test]
async fn a_success_that_says_it_is_json_and_is_not_leaves_the_outcome_open() {
    let damaged = answer(200, &[("content-type", "application/json")], r#"{"id": "#);
    assert_eq!(
        name("", Effect::Write, damaged.clone()).await,
        "HelpDesk.OutcomeUnknown"
    );
    let cut = Answer {
        body: Err(Interruption::Broken("reset".into())),
        ..damaged
    };
    assert_eq!(name("", Effect::Write, cut.clone()).await, "HelpDesk.OutcomeUnknown");
    let refusal = Answer {
        status: StatusCode::FORBIDDEN,
        ..cut
    };
    assert_eq!(name("", Effect::Write, refusal).await, "HelpDesk.Forbidden");
}

async fn message(errors: &str, status: u16, body: &str) -> String {
    let error = outcome(&connector(errors), Effect::Write, Ok(answer(status, &[], body))).await;
    error.unwrap_err().to_string()
}

#[rstest]
#[case::code_and_words(
    "errors: { code: \"{{ body.code }}\", message: \"{{ body.why }}\" }",
    r#"{"code": 17, "why": "No such queue."}"#,
    "desk.open: Help Desk answered 400: No such queue (17)"
)]
#[case::words_where_most_have_them(
    "",
    r#"{"error": {"message": "bad id"}}"#,
    "desk.open: Help Desk answered 400: bad id"
)]
#[case::plain_text("", "bad id\n", "desk.open: Help Desk answered 400: bad id")]
#[case::a_page_of_a_gateway("", "<html>Bad</html>", "desk.open: Help Desk answered 400 without saying why")]
#[case::nothing("", "", "desk.open: Help Desk answered 400 without saying why")]
#[tokio::test]
async fn a_refusal_is_told_in_the_words_of_the_system(
    #[case] errors: &str,
    #[case] body: &str,
    #[case] expected: &str,
) {
    assert_eq!(message(errors, 400, body).await, expected);
}

#[tokio::test]
async fn hostile_words_are_cut_and_made_safe() {
    let body = json!({"message": format!("\u{1b}[31m\r\n{}", "x".repeat(10_000))}).to_string();
    let told = message("", 400, &body).await;
    assert!(told.len() < 1000 && !told.contains(char::is_control), "{told}");
}

#[rstest]
#[case::in_the_words(400, r#"{"message": "token hunter22 is bad"}"#)]
#[case::as_the_code(400, r#"{"code": "hunter22", "message": "x"}"#)]
#[case::in_plain_text(403, "Bearer hunter22")]
#[tokio::test]
async fn a_secret_is_never_told(#[case] status: u16, #[case] body: &str) {
    let connector = connector("errors: { code: \"{{ body.code }}\" }");
    let error = outcome(&connector, Effect::Write, Ok(answer(status, &[], body)))
        .await
        .unwrap_err();
    let told = format!("{error} {error:?}");
    assert!(!told.contains("hunter22") && told.contains("•••"), "{told}");

    let broken = Err(Interruption::Broken("hunter22 reset".into()));
    let error = outcome(&connector, Effect::Write, broken).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter22"));
}

#[tokio::test]
async fn a_secret_that_is_repeated_in_a_success_is_hidden_too() {
    let answer = answer(200, &[("x-token", "hunter22")], r#"{"auth": "Bearer hunter22"}"#);
    let answered = outcome(&connector(""), Effect::Read, Ok(answer)).await.unwrap();
    assert_eq!(answered.body, json!({"auth": "Bearer •••"}));
    assert_eq!(answered.headers, json!({"x-token": "•••"}));
}
