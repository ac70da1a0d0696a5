//! Who may do what: the `Authorization` header, the kinds of tokens, and `From`.

use http::Method;
use pagerduty_simulator::{Body, Request, Seed};
use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::{Desk, STAKEHOLDER, account_token, error, incident, invalid};

fn token(token: &str) -> String {
    format!("Token token={token}")
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[rstest]
#[case::unknown("Token token=unknown")]
#[case::empty("Token token=")]
#[case::with_quotes("Token token=\"sim-account-token-01\"")]
#[case::with_a_space("Token token= sim-account-token-01")]
#[case::an_api_token_as_bearer("Bearer sim-account-token-01")]
#[case::an_oauth_token_as_api_token("Token token=pdus+_sim_oauth_app_token")]
fn credentials_in_any_other_form_are_refused(#[case] authorization: &str) {
    let mut desk = Desk::new().authorized(authorization);

    let (status, body) = desk.get("/services");

    assert_eq!((status, &body["error"]["code"]), (401, &json!(2006)));
}

#[test]
fn a_request_without_credentials_is_refused() {
    let mut desk = Desk::new();

    let (status, body) = desk.send(&Request::new(Method::GET, "/services"));

    assert_eq!((status, body), (401, Value::Null));
}

#[rstest]
#[case::none(None)]
#[case::without_the_word_token(Some(Seed::ACCOUNT_TOKEN))]
#[case::basic(Some("Basic c2ltOg=="))]
fn what_is_no_token_at_all_is_refused_in_plain_text(#[case] authorization: Option<&str>) {
    let mut desk = Desk::new();
    let request = Request::new(Method::GET, "/services");
    let request = match authorization {
        Some(value) => request.header(http::header::AUTHORIZATION, value),
        None => request,
    };

    let answer = desk.pagerduty.receive(&request, desk.now);

    assert_eq!(answer.status, 401);
    assert_eq!(answer.body, Body::Text("HTTP Token: Access denied.\n".to_owned()));
}

#[rstest]
#[case::account(token(Seed::ACCOUNT_TOKEN))]
#[case::read_only(token(Seed::READ_ONLY_TOKEN))]
#[case::user(token(Seed::USER_TOKEN))]
#[case::oauth_user(bearer(Seed::OAUTH_USER_TOKEN))]
#[case::oauth_app(bearer(Seed::OAUTH_APP_TOKEN))]
fn every_kind_of_token_may_read_without_from(#[case] authorization: String) {
    let mut desk = Desk::new().authorized(&authorization).without_from();

    assert_eq!(desk.get("/services").0, 200);
}

#[test]
fn an_accept_header_of_any_kind_is_tolerated() {
    let mut desk = Desk::new();
    let request = desk.request(Method::GET, "/services");

    assert_eq!(
        desk.send(
            &request
                .clone()
                .header(http::header::ACCEPT, "application/vnd.pagerduty+json;version=2")
        )
        .0,
        200
    );
    assert_eq!(desk.send(&request.header(http::header::ACCEPT, "text/plain")).0, 200);
}

#[rstest]
#[case::create(Method::POST, "/incidents")]
#[case::update(Method::PUT, "/incidents/PX")]
#[case::note(Method::POST, "/incidents/PX/notes")]
#[case::subscription(Method::POST, "/webhook_subscriptions")]
#[case::extension(Method::POST, "/extensions")]
fn a_read_only_token_may_not_write(#[case] method: Method, #[case] path: &str) {
    let mut desk = Desk::new().authorized(&token(Seed::READ_ONLY_TOKEN));

    let (status, body) = desk.send(&desk.request(method, path).json(&json!({})));

    assert_eq!((status, &body["error"]["code"]), (403, &json!(2010)));
}

#[rstest]
#[case::account(token(Seed::ACCOUNT_TOKEN))]
#[case::oauth_app(bearer(Seed::OAUTH_APP_TOKEN))]
fn a_token_that_is_nobodys_needs_from(#[case] authorization: String) {
    let mut desk = Desk::new().authorized(&authorization).without_from();

    let answer = desk.post("/incidents", &incident(json!({})));

    let message = "You must specify a user's email address in the \"From\" header to perform this action";
    assert_eq!(answer, (400, json!({"error": {"message": message, "code": 2016}})));
}

#[rstest]
#[case::user(token(Seed::USER_TOKEN))]
#[case::oauth_user(bearer(Seed::OAUTH_USER_TOKEN))]
fn a_users_token_acts_for_its_user_without_from(#[case] authorization: String) {
    let mut desk = Desk::new().authorized(&authorization).without_from();
    let created = desk.create(json!({}));

    let acknowledged = desk.change(&created, json!({"status": "acknowledged"}));

    assert_eq!(acknowledged["acknowledgements"][0]["acknowledger"]["id"], "PUS1A7C");
}

#[test]
fn from_must_be_the_address_of_a_user() {
    let mut desk = Desk::new().from("nobody@example.com");

    let answer = desk.post("/incidents", &incident(json!({})));

    assert_eq!(answer, (400, error("Requester User Not Found", 1008, &[])));
}

#[rstest]
#[case::create(Method::POST, "/incidents")]
#[case::note(Method::POST, "/incidents/PX/notes")]
#[case::update(Method::PUT, "/incidents/PX")]
fn a_user_who_may_only_read_is_refused(#[case] method: Method, #[case] path: &str) {
    let mut desk = Desk::new().from(STAKEHOLDER);

    let (status, body) = desk.send(&desk.request(method, path).json(&json!({})));

    assert_eq!((status, &body["error"]["code"]), (403, &json!(1018)));
}

#[test]
fn managing_webhooks_needs_no_from() {
    let mut desk = Desk::new().without_from();

    let subscription = desk.subscribe(json!({"type": "account_reference"}));

    assert_eq!(subscription["type"], "webhook_subscription");
}

#[rstest]
#[case::absent(None)]
#[case::form(Some("application/x-www-form-urlencoded"))]
#[case::text(Some("text/json"))]
fn a_body_that_is_not_declared_as_json_is_not_read(#[case] content_type: Option<&str>) {
    let mut desk = Desk::new();
    let mut request = desk.request(Method::POST, "/incidents").json(&incident(json!({})));
    request.headers.remove(http::header::CONTENT_TYPE);
    if let Some(content_type) = content_type {
        request = request.header(http::header::CONTENT_TYPE, content_type);
    }

    assert_eq!(desk.send(&request), (400, invalid("params must be a Hash")));
}

#[rstest]
#[case("application/json; charset=utf-8")]
#[case("Application/JSON")]
fn a_content_type_may_have_parameters_and_capitals(#[case] content_type: &str) {
    let mut desk = Desk::new();
    let mut request = desk.request(Method::POST, "/incidents").json(&incident(json!({})));
    request
        .headers
        .insert(http::header::CONTENT_TYPE, content_type.parse().unwrap());

    assert_eq!(desk.send(&request).0, 201);
}

#[rstest]
#[case::no_json("{\"incident\":")]
#[case::no_object("[]")]
#[case::nothing("")]
fn a_body_that_is_no_json_object_is_refused(#[case] body: &str) {
    let mut desk = Desk::new();
    let mut request = desk.request(Method::POST, "/incidents").json(&Value::Null);
    request.body = body.into();

    assert_eq!(desk.send(&request), (400, invalid("params must be a Hash")));
}

#[rstest]
#[case(Method::GET, "/")]
#[case(Method::GET, "/nothing")]
#[case(Method::GET, "/incidents/PX/nothing")]
#[case(Method::GET, "/incidents/")]
#[case(Method::GET, "/incidents/..%2Fservices")]
fn an_unknown_path_is_not_found(#[case] method: Method, #[case] path: &str) {
    let mut desk = Desk::new();

    let answer = desk.send(&desk.request(method, path));

    assert_eq!(answer, (404, json!({"error": {"message": "Not Found", "code": 2100}})));
}

#[rstest]
#[case(Method::DELETE, "/incidents/PX")]
#[case(Method::PATCH, "/services/PWIXJZS")]
#[case(Method::GET, "/incidents/PX/merge")]
#[case(Method::PUT, "/webhook_subscriptions")]
fn a_known_path_with_another_method_is_not_allowed(#[case] method: Method, #[case] path: &str) {
    let mut desk = Desk::new();

    let answer = desk.send(&desk.request(method, path));

    assert_eq!(
        answer,
        (405, json!({"error": {"message": "Method Not Allowed", "code": 2007}}))
    );
}

#[test]
fn the_user_of_a_token_is_told_to_that_token() {
    let mut desk = Desk::new().authorized(&token(Seed::USER_TOKEN));

    let (status, body) = desk.get("/users/me");

    assert_eq!((status, &body["user"]["email"]), (200, &json!("oncall@example.com")));
}

#[test]
fn the_accounts_token_has_no_user_and_the_error_is_a_string() {
    let mut desk = Desk::new().authorized(&account_token());

    let (status, body) = desk.get("/users/me");

    assert_eq!(status, 400);
    assert!(
        body["error"].as_str().unwrap().contains("account-level access token"),
        "{body}"
    );
}

#[rstest]
#[case::read("/incidents", "incidents.read")]
#[case::types("/incidents/types", "incident_types.read")]
#[case::oncalls("/oncalls", "oncalls.read")]
#[case::workflows("/incident_workflows", "incident_workflows.read")]
#[case::users("/users", "users.read")]
fn a_token_without_the_scope_is_told_which_one_it_lacks(#[case] path: &str, #[case] scope: &str) {
    let desk = |scopes: &[&str]| {
        let mut seed = Seed::default();
        for token in &mut seed.tokens {
            token.scopes = Some(scopes.iter().map(|&scope| scope.to_owned()).collect());
        }
        Desk::with_seed(seed)
    };

    let (status, body) = desk(&["openid", "services.read"]).get(path);

    assert_eq!(status, 403);
    assert_eq!(
        (&body["error"]["required_scopes"], &body["error"]["token_scopes"]),
        (&json!(scope), &json!("openid services.read"))
    );
    assert_eq!(desk(&["openid", scope]).get(path).0, 200);
}

#[test]
fn reading_is_not_writing() {
    let mut seed = Seed::default();
    for token in &mut seed.tokens {
        token.scopes = Some(vec!["incidents.read".to_owned()]);
    }
    let mut desk = Desk::with_seed(seed);

    let (status, body) = desk.post("/incidents", &incident(json!({})));

    assert_eq!(
        (status, &body["error"]["required_scopes"]),
        (403, &json!("incidents.write"))
    );
}
