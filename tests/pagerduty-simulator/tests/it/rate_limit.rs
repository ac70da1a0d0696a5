//! The limit of requests per token and minute.

use http::Method;
use jiff::SignedDuration;
use pagerduty_simulator::Seed;
use serde_json::json;

use crate::desk::Desk;

fn headers(desk: &mut Desk) -> Vec<(String, String)> {
    let answer = desk
        .pagerduty
        .receive(&desk.request(Method::GET, "/abilities"), desk.now);
    answer
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.clone()))
        .collect()
}

#[test]
fn every_answer_tells_where_the_token_stands() {
    let mut desk = Desk::new();
    headers(&mut desk);
    desk.wait(SignedDuration::from_secs(20));

    let expected = [
        ("ratelimit-limit", "960"),
        ("ratelimit-remaining", "958"),
        ("ratelimit-reset", "40"),
    ];
    assert_eq!(
        headers(&mut desk),
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[test]
fn a_token_that_asked_too_often_has_to_wait_and_others_have_not() {
    let mut desk = Desk::with_seed(Seed {
        requests_per_minute: 1,
        ..Seed::default()
    });
    desk.get("/abilities");

    let refused = desk.get("/abilities");
    desk = desk.authorized(&format!("Token token={}", Seed::USER_TOKEN));
    let other = desk.get("/abilities").0;

    assert_eq!(
        refused,
        (429, json!({"error": {"message": "Rate Limit Exceeded", "code": 2020}}))
    );
    assert_eq!(other, 200);
}
