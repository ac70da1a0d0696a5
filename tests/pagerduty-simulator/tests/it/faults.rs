//! Misbehaviour on request, without a network. How it looks on a connection is in `faults_over_http`.

use std::time::Duration;

use http::Method;
use http::header::{CONTENT_TYPE, LOCATION};
use jiff::SignedDuration;
use pagerduty_simulator::{Fault, FaultBody, FaultRule, Outcome, Reaction, Transmission, When};
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, incident};

impl Desk {
    fn react(&mut self, method: Method, target: &str, body: &Value) -> Reaction {
        let request = self.request(method, target).json(body);
        self.pagerduty.react(&request, self.now)
    }

    /// Creates an incident, or tries to.
    fn try_to_create(&mut self) -> Reaction {
        self.react(Method::POST, "/incidents", &incident(json!({})))
    }

    fn incidents(&self) -> usize {
        self.pagerduty.incidents().as_array().unwrap().len()
    }
}

fn answered(reaction: Reaction) -> Transmission {
    match reaction.outcome {
        Outcome::Answered(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn status(reaction: Reaction) -> u16 {
    answered(reaction).status.as_u16()
}

fn server_error(when: When) -> Fault {
    Fault::Answer {
        status: 502,
        body: FaultBody::Html,
        when,
    }
}

#[test]
fn without_a_fault_a_call_fares_as_ever() {
    let mut desk = Desk::new();

    let reaction = desk.try_to_create();

    assert_eq!(reaction.delay, Duration::ZERO);
    assert_eq!((status(reaction), desk.incidents()), (201, 1));
}

#[rstest]
#[case::before(When::BeforeEffect, 0)]
#[case::after(When::AfterEffect, 1)]
fn an_error_comes_before_or_after_the_effect(#[case] when: When, #[case] incidents: usize) {
    let mut desk = Desk::new();
    desk.pagerduty
        .add_fault(FaultRule::next(&Method::POST, "/incidents", server_error(when)));

    let answer = answered(desk.try_to_create());

    assert_eq!((answer.status.as_u16(), desk.incidents()), (502, incidents));
    assert!(String::from_utf8(answer.body).unwrap().starts_with("<html>"));
}

#[rstest]
#[case::list(FaultBody::ErrorsList, json!({"error": {"message": "Internal Error", "code": 2000, "errors": ["Internal Error"]}}))]
#[case::text(FaultBody::ErrorsText, json!({"error": {"message": "Internal Error", "code": 2000, "errors": "Internal Error"}}))]
#[case::map(
    FaultBody::ErrorsMap,
    json!({"error": {"message": "Internal Error", "code": 2000, "errors": {"incident": ["Internal Error"]}}})
)]
#[case::none(FaultBody::NoErrors, json!({"error": {"message": "Internal Error", "code": 2000}}))]
#[case::error_text(FaultBody::ErrorText, json!({"error": "Internal Error"}))]
#[case::error_list(FaultBody::ErrorList, json!({"error": ["Internal Error"]}))]
#[case::own(FaultBody::Json(json!({"x": 1})), json!({"x": 1}))]
fn a_body_has_any_of_the_shapes_that_occur(#[case] body: FaultBody, #[case] expected: Value) {
    let mut desk = Desk::new();
    let fault = Fault::Answer {
        status: 500,
        body,
        when: When::BeforeEffect,
    };
    desk.pagerduty
        .add_fault(FaultRule::next(&Method::GET, "/incidents", fault));

    let answer = answered(desk.react(Method::GET, "/incidents", &Value::Null));

    assert_eq!(answer.json(), Some(expected));
}

#[rstest]
#[case(400, 2001)]
#[case(401, 2006)]
#[case(402, 2014)]
#[case(403, 2010)]
#[case(404, 2100)]
#[case(429, 2020)]
#[case(503, 2000)]
fn the_code_of_a_body_is_that_of_its_status(#[case] status: u16, #[case] code: u32) {
    let mut desk = Desk::new();
    let fault = Fault::Answer {
        status,
        body: FaultBody::default(),
        when: When::default(),
    };
    desk.pagerduty.add_fault(FaultRule::next(&Method::GET, "/users", fault));

    let answer = answered(desk.react(Method::GET, "/users", &Value::Null));

    assert_eq!(
        (answer.status.as_u16(), answer.json().unwrap()["error"]["code"].clone()),
        (status, json!(code))
    );
}

#[test]
fn a_429_has_the_headers_and_the_body_or_neither() {
    let mut desk = Desk::new();
    for reset_seconds in [Some(20), None] {
        let fault = Fault::RateLimited { reset_seconds };
        desk.pagerduty.add_fault(FaultRule::next(&Method::GET, "/users", fault));
    }

    let full = answered(desk.react(Method::GET, "/users", &Value::Null));
    let bare = answered(desk.react(Method::GET, "/users", &Value::Null));

    assert_eq!((full.status.as_u16(), bare.status.as_u16()), (429, 429));
    let reset = full.headers.iter().find(|(name, _)| name == "ratelimit-reset");
    assert_eq!(reset.map(|(_, value)| value.as_str()), Some("20"));
    assert_eq!(full.json().unwrap()["error"]["code"], 2020);
    assert!(bare.headers.is_empty() && bare.body.is_empty());
}

#[test]
fn a_slow_call_is_carried_out_and_its_answer_comes_late() {
    let mut desk = Desk::new();
    let slow = Fault::Slow { milliseconds: 1500 };
    desk.pagerduty
        .add_fault(FaultRule::next(&Method::POST, "/incidents", slow));

    let reaction = desk.try_to_create();

    assert_eq!(reaction.delay, Duration::from_millis(1500));
    assert_eq!((status(reaction), desk.incidents()), (201, 1));
}

#[rstest]
#[case(When::BeforeEffect, 0)]
#[case(When::AfterEffect, 1)]
fn a_connection_is_reset_before_or_after_the_effect(#[case] when: When, #[case] incidents: usize) {
    let mut desk = Desk::new();
    desk.pagerduty
        .add_fault(FaultRule::next(&Method::POST, "/incidents", Fault::Reset(when)));

    let reaction = desk.try_to_create();

    assert!(matches!(reaction.outcome, Outcome::Reset));
    assert_eq!(desk.incidents(), incidents);
}

#[test]
fn a_truncated_answer_is_that_of_a_call_that_was_carried_out() {
    let mut desk = Desk::new();
    desk.pagerduty
        .add_fault(FaultRule::next(&Method::POST, "/incidents", Fault::Truncated));

    let reaction = desk.try_to_create();

    assert!(matches!(reaction.outcome, Outcome::Truncated(answer) if answer.status == 201));
    assert_eq!(desk.incidents(), 1);
}

#[test]
fn a_success_can_be_no_json_and_a_redirect_has_an_address() {
    let mut desk = Desk::new();
    let location = "https://elsewhere.example.com/".to_owned();
    for fault in [
        Fault::NotJson,
        Fault::Redirect {
            location: location.clone(),
        },
    ] {
        desk.pagerduty.add_fault(FaultRule::next(&Method::GET, "/users", fault));
    }

    let page = answered(desk.react(Method::GET, "/users", &Value::Null));
    let redirect = answered(desk.react(Method::GET, "/users", &Value::Null));

    assert_eq!((page.status.as_u16(), page.json()), (200, None));
    assert_eq!(page.headers, [(CONTENT_TYPE, "text/html".to_owned())]);
    assert_eq!(
        (redirect.status.as_u16(), redirect.headers),
        (302, vec![(LOCATION, location)])
    );
}

#[test]
fn lists_lag_behind_writes_for_one_call_or_for_all() {
    let mut desk = Desk::new();
    desk.create(json!({}));
    desk.pagerduty.add_fault(FaultRule::next(
        &Method::GET,
        "/incidents",
        Fault::Stale { seconds: 10 },
    ));
    let listed = |desk: &mut Desk| {
        let answer = answered(desk.react(Method::GET, "/incidents", &Value::Null));
        answer.json().unwrap()["incidents"].as_array().unwrap().len()
    };

    assert_eq!((listed(&mut desk), listed(&mut desk)), (0, 1));

    desk.pagerduty.set_lag(SignedDuration::from_secs(10));
    assert_eq!(listed(&mut desk), 0);
    desk.wait(SignedDuration::from_secs(10));
    assert_eq!(listed(&mut desk), 1);
}

#[test]
fn a_fault_comes_at_the_calls_that_its_rule_names() {
    let mut desk = Desk::new();
    desk.pagerduty.add_fault(FaultRule {
        skip: 1,
        times: Some(2),
        ..FaultRule::next(&Method::GET, "/users", server_error(When::BeforeEffect))
    });

    let mut statuses = Vec::new();
    for target in ["/users", "/teams", "/users?query=x", "/users", "/users"] {
        statuses.push(status(desk.react(Method::GET, target, &Value::Null)));
    }

    assert_eq!(statuses, [200, 200, 502, 502, 200]);
    assert!(desk.pagerduty.faults().is_empty());
}

#[test]
fn rules_for_the_same_call_come_one_after_the_other() {
    let mut desk = Desk::new();
    for status in [500, 503] {
        let fault = Fault::Answer {
            status,
            body: FaultBody::Empty,
            when: When::BeforeEffect,
        };
        desk.pagerduty.add_fault(FaultRule::next(&Method::GET, "/users", fault));
    }

    let statuses = [(); 3].map(|()| status(desk.react(Method::GET, "/users", &Value::Null)));

    assert_eq!(statuses, [500, 503, 200]);
}

#[test]
fn a_rule_for_all_calls_holds_until_it_is_taken_back() {
    let mut desk = Desk::new();
    desk.pagerduty
        .add_fault(FaultRule::all(&Method::GET, "/**", server_error(When::BeforeEffect)));

    let statuses = [(); 3].map(|()| status(desk.react(Method::GET, "/users", &Value::Null)));
    desk.pagerduty.clear_faults();

    assert_eq!(statuses, [502; 3]);
    assert_eq!(status(desk.react(Method::GET, "/users", &Value::Null)), 200);
}

#[test]
fn a_fault_is_noted_beside_its_request() {
    let mut desk = Desk::new();
    let reset = Fault::Reset(When::AfterEffect);
    desk.pagerduty
        .add_fault(FaultRule::next(&Method::POST, "/incidents", reset));

    desk.try_to_create();
    desk.try_to_create();

    let received = desk.pagerduty.received();
    assert_eq!(
        (&received[0]["status"], &received[0]["fault"]),
        (&Value::Null, &json!({"reset": "after_effect"}))
    );
    assert_eq!((&received[1]["status"], received[1].get("fault")), (&json!(201), None));
}

#[test]
fn events_can_fail_as_well() {
    let mut desk = Desk::new();
    desk.pagerduty.add_fault(FaultRule::next(
        &Method::POST,
        "/v2/enqueue",
        server_error(When::BeforeEffect),
    ));

    assert_eq!(status(desk.react(Method::POST, "/v2/enqueue", &json!({}))), 502);
}
