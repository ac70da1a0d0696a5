//! Where the secret goes.

use super::*;
use data_encoding::BASE64;
use rstest::rstest;
use std::collections::BTreeMap;

const ASK: &str = "actions: { ask: { summary: s, repeat: safe, internal: true, request: { method: GET, path: /me } } }";

const FIELDS: &str = "  fields: { email: { type: text, summary: s, default: me@example.com } }\n  secret: a token";

#[rstest]
#[case::bearer("bearer", "authorization", format!("Bearer {SECRET}"))]
#[case::basic("{ basic: { user: \"{{ integration.email }}\" } }", "authorization", format!("Basic {}", BASE64.encode(format!("me@example.com:{SECRET}").as_bytes())))]
#[case::header("{ header: { name: X-Api-Key } }", "x-api-key", SECRET.to_owned())]
#[case::header_with_a_prefix("{ header: { name: authorization, prefix: \"GenieKey \" } }", "authorization", format!("GenieKey {SECRET}"))]
#[tokio::test]
async fn a_header_has_the_secret(#[case] auth: &str, #[case] header: &str, #[case] expected: String) {
    let given = Given::new(connector(&format!("  auth: {auth}\n{FIELDS}"), ASK));
    let (outcome, server) = given.against("ask", vec![Answer::empty(204)]).await;
    assert_eq!(outcome, Ok(Map::new()));
    assert_eq!(server.requests()[0].header(header), Some(expected.as_str()));
}

#[tokio::test]
async fn a_query_can_have_the_secret_and_no_error_has() {
    let given = Given::new(connector(
        &format!("  auth: {{ query: {{ name: api_key }} }}\n{FIELDS}"),
        ASK,
    ));
    let echo = Answer::Text(400, &[], format!("bad address /me?api_key={SECRET}"));
    let (outcome, server) = given.against("ask", vec![echo]).await;
    assert_eq!(
        server.requests()[0].query(),
        [("api_key".to_owned(), SECRET.to_owned())]
    );
    assert_eq!(
        outcome.unwrap_err().to_string(),
        "desk.ask: Desk answered 400: bad address /me?api_key=•••"
    );
}

#[tokio::test]
async fn without_auth_nothing_is_sent() {
    let given = Given::new(connector("  auth: none", ASK));
    let (_, server) = given.against("ask", vec![Answer::empty(204)]).await;
    assert_eq!(server.requests()[0].header("authorization"), None);
}

const WEBHOOK: &str = "connector: hook\ntitle: Hook\nsummary: s\ndocumentation: https://hook.example.com\n\
                       integration: { auth: url, secret: the address, hosts: [hooks.example.com] }\n\
                       actions: { post: { summary: s, repeat: never, internal: true, request: { method: POST, json: { a: 1 } } } }";

#[tokio::test]
async fn the_secret_can_be_the_whole_address() {
    let connector = Connector::from_source(WEBHOOK).unwrap();
    let secret = "https://hooks.example.com/T0/B0/hunter22?x=1";
    let account = connector.integration().account(BTreeMap::new(), secret.into()).unwrap();
    let server = Server::that_answers([Answer::Text(404, &[], "no such hook: /T0/B0/hunter22".into())])
        .await
        .unwrap();
    let call = Call {
        connector: &connector,
        action: connector.action("post").unwrap(),
        input: Map::new(),
        idempotency_key: None,
        attempt: None,
        look: None,
        deadline: None,
        now: NOW,
        approval: None,
    };
    let transport = server.as_all_systems().unwrap();
    let outcome = perform(call, &account, &transport, &AccessTokens::default()).await;
    assert_eq!(server.requests()[0].uri, "/T0/B0/hunter22?x=1");
    assert_eq!(
        outcome.unwrap_err().to_string(),
        "hook.post: Hook answered 404: no such hook: •••"
    );
}

#[rstest]
#[case::another_host("https://evil.example.org/T0")]
#[case::in_the_clear("http://hooks.example.com/T0")]
#[case::no_address("hunter22")]
fn an_address_at_another_host_is_not_stored(#[case] secret: &str) {
    let connector = Connector::from_source(WEBHOOK).unwrap();
    let error = connector
        .integration()
        .account(BTreeMap::new(), secret.into())
        .unwrap_err();
    assert!(!error.to_string().contains(secret), "{error}");
}

/// A connector with access tokens. Its own rules of errors are not those of the server that gives them out.
fn with_tokens(more: &str) -> Given {
    let integration = format!(
        "  auth: {{ oauth2_client_credentials: {{ token_url: https://desk.example.com/token, client_id: \"{{{{ integration.client }}}}\", scope: \
         read write{more} }} }}\n  secret: the secret of the client\n  fields: {{ client: {{ type: text, summary: s, default: \"c 1\" }} }}"
    );
    Given::new(connector(
        &integration,
        &format!("errors: {{ when: not body.ok }}\n{ASK}"),
    ))
}

fn token(token: &str) -> Answer {
    ok(json!({"access_token": token, "token_type": "bearer", "expires_in": 3600}))
}

fn fine() -> Answer {
    ok(json!({"ok": true}))
}

#[tokio::test]
async fn an_access_token_is_bought_once_for_many_calls() {
    let given = with_tokens("");
    let server = Server::that_answers([token("t1"), fine(), fine()]).await.unwrap();
    let transport = server.as_all_systems().unwrap();
    for _ in 0..2 {
        assert_eq!(given.perform("ask", &transport).await, Ok(Map::new()));
    }
    assert_eq!(server.lines(), ["POST /token", "GET /api/me", "GET /api/me"]);
    let requests = server.requests();
    assert_eq!(requests[0].text(), "grant_type=client_credentials&scope=read+write");
    let basic = format!("Basic {}", BASE64.encode(format!("c+1:{SECRET}").as_bytes()));
    assert_eq!(requests[0].header("authorization"), Some(basic.as_str()));
    assert_eq!(requests[2].header("authorization"), Some("Bearer t1"));
}

#[tokio::test]
async fn a_client_can_prove_itself_in_the_form() {
    let given = with_tokens(", client_auth: body, form: { grant_type: account_credentials, account_id: a1 }");
    let (_, server) = given.against("ask", vec![token("t1"), fine()]).await;
    let request = &server.requests()[0];
    assert_eq!(
        request.text(),
        format!("account_id=a1&grant_type=account_credentials&scope=read+write&client_id=c+1&client_secret={SECRET}")
    );
    assert_eq!(request.header("authorization"), None);
}

#[tokio::test]
async fn a_token_that_was_taken_back_is_renewed_once() {
    let given = with_tokens("");
    let refused = || Answer::json(401, &json!({"message": "token t1 is revoked"}));
    let (first, _) = given.against("ask", vec![token("t1-secret"), fine()]).await;
    assert!(first.is_ok());
    let (second, server) = given.against("ask", vec![refused(), token("t2-secret"), fine()]).await;
    assert_eq!(second, Ok(Map::new()));
    assert_eq!(server.lines(), ["GET /api/me", "POST /token", "GET /api/me"]);
    let (third, server) = given
        .against("ask", vec![refused(), token("t3-secret"), refused()])
        .await;
    assert_eq!(name(third), "Desk.Unauthorized");
    assert_eq!(server.lines().len(), 3);
}

#[tokio::test]
async fn a_new_token_that_is_refused_is_not_renewed() {
    let refused = Answer::Text(401, &[], "token t1-secret is unknown".into());
    let (outcome, server) = with_tokens("").against("ask", vec![token("t1-secret"), refused]).await;
    assert_eq!(
        outcome.unwrap_err().to_string(),
        "desk.ask: Desk answered 401: token ••• is unknown"
    );
    assert_eq!(server.lines(), ["POST /token", "GET /api/me"]);
}

#[rstest]
#[case::unknown_client(Answer::json(400, &json!({"error": "invalid_client", "error_description": "no such client"})), "Desk.Unauthorized")]
#[case::unauthorized(Answer::empty(401), "Desk.Unauthorized")]
#[case::fault(Answer::empty(503), "Desk.Unavailable")]
#[case::rate_limit(Answer::empty(429), "Desk.RateLimited")]
#[case::no_token(ok(json!({})), "Desk.Unavailable")]
#[case::redirect(Answer::Text(302, &[("location", "https://evil.example.org")], String::new()), "Desk.Unavailable")]
#[tokio::test]
async fn without_a_token_nothing_is_sent(#[case] answer: Answer, #[case] expected: &str) {
    let (outcome, server) = with_tokens("").against("ask", vec![answer]).await;
    assert_eq!(name(outcome), expected);
    assert_eq!(server.lines(), ["POST /token"]);
}

#[tokio::test]
async fn a_refused_client_is_told_as_such() {
    let refused = Answer::json(
        400,
        &json!({"error": "invalid_client", "error_description": "no such client"}),
    );
    let (outcome, _) = with_tokens("").against("ask", vec![refused]).await;
    let told = outcome.unwrap_err().to_string();
    assert_eq!(
        told,
        "desk.ask: Desk answered 400: no access token was given: no such client (invalid_client)"
    );
}

#[tokio::test]
async fn the_secret_of_a_client_goes_to_the_hosts_of_the_account_alone() {
    let mut given = with_tokens("");
    given.account.hosts = vec!["other.example.com".parse().unwrap()];
    let (outcome, server) = given.against("ask", vec![]).await;
    assert_eq!(name(outcome), "Integration.Invalid");
    assert_eq!(server.lines(), [""; 0]);
}

/// The file of a key that was made for this test and opens nothing. Without the lines around it, so that it is not taken for a real one.
fn google_key() -> String {
    let key: String = include_str!("google_key.txt").split_whitespace().collect();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n");
    json!({"client_email": "robot@acme.iam.gserviceaccount.com", "private_key": pem, "private_key_id": "k1"})
        .to_string()
}

#[tokio::test]
async fn a_service_account_signs_for_its_token() {
    use data_encoding::BASE64URL_NOPAD;
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    let connector = connector(
        "  auth: { google_service_account: { scope: https://www.googleapis.com/auth/pubsub } }\n  secret: the key",
        &format!("errors: {{ when: not body.ok }}\n{ASK}"),
    );
    let account = connector
        .integration()
        .account(BTreeMap::new(), google_key().into())
        .unwrap();
    let given = Given {
        account,
        input: Map::new(),
        tokens: AccessTokens::default(),
        key: None,
        attempt: Some(1),
        deadline: None,
        connector,
    };
    let (outcome, server) = given.against("ask", vec![token("t1"), fine()]).await;
    assert_eq!(outcome, Ok(Map::new()));
    let requests = server.requests();
    assert_eq!(requests[0].header("host"), Some("oauth2.googleapis.com"));
    let form: BTreeMap<String, String> = form_urlencoded::parse(&requests[0].body).into_owned().collect();
    assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let parts: Vec<&str> = form["assertion"].split('.').collect();
    let [header, claims, signature] = parts.as_slice() else {
        panic!()
    };
    let decoded =
        |part: &str| -> Value { serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap() };
    assert_eq!(decoded(header), json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}));
    assert_eq!(
        decoded(claims),
        json!({
            "iss": "robot@acme.iam.gserviceaccount.com", "scope": "https://www.googleapis.com/auth/pubsub",
            "aud": "https://oauth2.googleapis.com/token", "iat": 1_800_000_000, "exp": 1_800_003_600
        })
    );
    let key = google::Key::read(&google_key()).map_err(|_| ()).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public())
        .verify(
            format!("{header}.{claims}").as_bytes(),
            &BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap(),
        )
        .unwrap();
    assert_eq!(requests[1].header("authorization"), Some("Bearer t1"));
}

#[rstest]
#[case::no_json("hunter22")]
#[case::no_key(r#"{"client_email": "a", "private_key": "hunter22"}"#)]
fn a_file_that_is_no_key_is_not_stored(#[case] secret: &str) {
    let auth = "  auth: { google_service_account: { scope: s } }\n  secret: the key";
    let connector = connector(auth, ASK);
    let error = connector
        .integration()
        .account(BTreeMap::new(), secret.into())
        .unwrap_err();
    assert!(!error.to_string().contains("hunter22"), "{error}");
}
