//! Requests as they are sent.

use super::*;
use rstest::rstest;
use std::collections::BTreeMap;

const OPEN: &str = r#"headers: { accept: application/json, x-of: "{{ integration.team }}" }
actions:
  open:
    summary: s
    repeat: never
    internal: true
    inputs:
      queue: { type: text, required: true, summary: the queue }
      title: { type: text, summary: the title }
      count: { type: integer, summary: a number }
      tags: { type: list, summary: tags }
      more: { type: map, summary: more }
      level: { type: text, summary: the level, default: low, pattern: "[a-z]+" }
    request:
      method: POST
      path: "/queues/{queue}/tickets"
      query: { tag: "{{ inputs.tags }}", notify: true, title: "{{ inputs.title }}" }
      headers: { x-title: "{{ inputs.title }}", x-key: "{{ call.idempotency_key }}" }
      json: { title: "{{ inputs.title }}", text: "Ticket: {{ inputs.title }}", count: "{{ inputs.count }}", tags: "{{ inputs.tags }}", more: "{{ inputs.more }}", level: "{{ inputs.level }}", who: { id: "{{ inputs.count }}", type: user } }
    outputs:
      id: { type: text, summary: the id, from: "{{ body.id }}" }
      url: { type: link, optional: true, summary: its page, from: "{{ body.url }}" }
      status: { type: integer, summary: the status, from: "{{ status }}" }
"#;

const TEAM: &str =
    "  auth: bearer\n  secret: a token\n  fields: { team: { type: text, summary: the team, default: ops } }";

fn open() -> Given {
    Given::new(connector(TEAM, OPEN))
}

#[tokio::test]
async fn values_arrive_with_their_types_and_go_where_the_file_says() {
    let given = open()
        .input(json!({"queue": "a b", "title": "Down", "count": 3, "tags": ["x", "y"], "more": {"deep": [null, 1.5]}}));
    let (outcome, server) = given
        .against("open", vec![ok(json!({"id": 7, "url": "https://desk.example.com/7"}))])
        .await;
    let outputs = outcome.unwrap();
    assert_eq!(
        Value::Object(outputs),
        json!({"id": "7", "url": "https://desk.example.com/7", "status": 200})
    );

    let requests = server.requests();
    let [request] = requests.as_slice() else { panic!() };
    assert_eq!(request.line(), "POST /api/queues/a%20b/tickets");
    let query = [("notify", "true"), ("tag", "x"), ("tag", "y"), ("title", "Down")];
    assert_eq!(request.query(), query.map(|(a, b)| (a.to_owned(), b.to_owned())));
    assert_eq!(
        request.json(),
        json!({
            "title": "Down", "text": "Ticket: Down", "count": 3, "tags": ["x", "y"], "more": {"deep": [null, 1.5]}, "level": "low",
            "who": {"id": 3, "type": "user"}
        })
    );
    let header = |name| request.header(name).unwrap_or_default().to_owned();
    assert_eq!(header("authorization"), format!("Bearer {SECRET}"));
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(
        [header("x-title"), header("x-key"), header("x-of")],
        ["Down", "key1", "ops"]
    );
    assert_eq!(header("host"), "desk.example.com");
}

#[tokio::test]
async fn what_is_left_out_is_not_sent() {
    let (outcome, server) = open()
        .input(json!({"queue": "q", "title": null}))
        .against("open", vec![ok(json!({"id": "1", "url": 5}))])
        .await;
    // An output that can be null is, where the answer has another type.
    assert_eq!(
        Value::Object(outcome.unwrap()),
        json!({"id": "1", "url": null, "status": 200})
    );
    let request = &server.requests()[0];
    assert_eq!(request.json(), json!({"text": "Ticket: ", "level": "low"}));
    assert_eq!(request.query(), [("notify".to_owned(), "true".to_owned())]);
    assert_eq!(request.header("x-title"), None);
}

#[rstest]
#[case::quotes(r#"a "quoted" \ text"#)]
#[case::json(r#"x", "admin": true, "y": ""#)]
#[case::braces("{{ integration.team }} {% raw %} {# no #}")]
#[case::lines("a\nb\r\nc")]
#[case::unicode("é \u{1F600} \u{202e}")]
#[case::control("a\u{0}b")]
#[tokio::test]
async fn a_text_arrives_as_it_is_whatever_it_holds(#[case] text: &str) {
    let plain = r#"actions:
  say:
    summary: s
    repeat: never
    internal: true
    inputs: { text: { type: text, required: true, summary: the text } }
    request: { method: POST, path: /say, query: { text: "{{ inputs.text }}" }, json: { text: "{{ inputs.text }}", list: ["<{{ inputs.text }}>"] } }
"#;
    let given = Given::new(connector(BEARER, plain)).input(json!({ "text": text }));
    let (outcome, server) = given.against("say", vec![Answer::empty(204)]).await;
    assert_eq!(outcome, Ok(Map::new()));
    let request = &server.requests()[0];
    assert_eq!(request.json(), json!({"text": text, "list": [format!("<{text}>")]}));
    assert_eq!(request.query(), [("text".to_owned(), text.to_owned())]);
    assert_eq!(request.uri.path(), "/api/say");
}

#[rstest]
#[case::line_break(json!({"queue": "q", "title": "a\r\nx-admin: 1"}), "the header `x-title` has a line break")]
#[case::climbing(json!({"queue": "..", "title": "a"}), "`queue` must not be `.` or `..`")]
#[case::empty(json!({"queue": "", "title": "a"}), "`queue` is empty, and the path needs it")]
#[case::missing(json!({"title": "a"}), "`queue` is missing: the queue")]
#[case::other_type(json!({"queue": "q", "count": "many"}), "`count` is text, but must be a whole number")]
#[case::other_form(json!({"queue": "q", "level": "low1"}), "`level` is not of the form that it has: `[a-z]+`")]
#[tokio::test]
async fn an_input_that_cannot_be_sent_is_refused_before_anything_is(#[case] input: Value, #[case] problem: &str) {
    let (outcome, server) = open().input(input).against("open", vec![]).await;
    let error = outcome.unwrap_err();
    assert!(error.to_string().contains(problem), "{error}");
    assert_eq!(error.name(), "Input.Invalid");
    assert_eq!(server.lines(), [""; 0]);
}

#[rstest]
#[case::missing(json!({}), "it has no `id`: the id")]
#[case::null(json!({"id": null}), "it has no `id`: the id")]
#[case::other_type(json!({"id": [1]}), "`id` is a list, but must be text")]
#[tokio::test]
async fn a_success_without_what_it_always_has_leaves_the_outcome_open(#[case] body: Value, #[case] problem: &str) {
    let (outcome, _) = open()
        .input(json!({"queue": "q"}))
        .against("open", vec![ok(body)])
        .await;
    let error = outcome.unwrap_err();
    assert_eq!(error.name(), "Desk.OutcomeUnknown");
    assert!(error.to_string().contains(problem), "{error}");
}

#[tokio::test]
async fn the_secret_is_in_no_error_and_in_no_output() {
    let echo = json!({"message": format!("bad token {SECRET}"), "id": SECRET});
    let (refused, _) = open()
        .input(json!({"queue": "q"}))
        .against("open", vec![Answer::json(400, &echo)])
        .await;
    let told = refused.unwrap_err();
    let told = format!("{told} {told:?}");
    assert!(told.contains("bad token •••") && !told.contains(SECRET), "{told}");
    let (done, _) = open()
        .input(json!({"queue": "q"}))
        .against("open", vec![ok(echo)])
        .await;
    assert_eq!(done.unwrap()["id"], "•••");
    assert!(!format!("{:?}", open().account).contains(SECRET));
}

#[rstest]
#[case::another_host(&["other.example.com"])]
#[case::below(&["*.desk.example.com"])]
#[case::another_port(&["desk.example.com:8443"])]
#[case::none(&[])]
#[tokio::test]
async fn a_request_goes_to_the_hosts_of_the_account_alone(#[case] hosts: &[&str]) {
    let mut given = open().input(json!({"queue": "q"}));
    given.account.hosts = hosts.iter().map(|host| host.parse().unwrap()).collect();
    let (outcome, server) = given.against("open", vec![]).await;
    assert_eq!(name(outcome), "Integration.Invalid");
    assert_eq!(server.lines(), [""; 0]);
}

#[rstest]
#[case::a_user("desk.example.com@evil.example.org")]
#[case::a_path("evil.example.org/desk.example.com")]
#[case::a_query("evil.example.org?")]
#[case::a_fragment("evil.example.org#")]
#[case::nothing("")]
#[tokio::test]
async fn a_field_of_the_integration_cannot_lead_elsewhere(#[case] site: &str) {
    let source = "connector: desk\ntitle: Desk\nsummary: s\ndocumentation: https://desk.example.com\n\
                  integration: { auth: bearer, secret: a token, hosts: [desk.example.com], fields: { site: { type: text, summary: s } } }\n\
                  base_url: \"https://{{ integration.site }}\"\n\
                  actions: { a: { summary: s, repeat: safe, internal: true, request: { method: GET, path: /desk.example.com } } }";
    let given = Given::with_fields(Connector::from_source(source).unwrap(), &[("site", site)]);
    let (outcome, server) = given.against("a", vec![]).await;
    assert_eq!(name(outcome), "Integration.Invalid");
    assert_eq!(server.lines(), [""; 0]);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Answer::Text(302, &[("location", "https://evil.example.org/")], String::new());
    let (outcome, server) = open()
        .input(json!({"queue": "q"}))
        .against("open", vec![elsewhere])
        .await;
    assert_eq!(name(outcome), "Desk.OutcomeUnknown");
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn an_answer_larger_than_a_megabyte_is_not_read() {
    let large = Answer::Text(200, &[], "x".repeat(1024 * 1024 + 1));
    let (outcome, _) = open().input(json!({"queue": "q"})).against("open", vec![large]).await;
    let error = outcome.unwrap_err();
    assert!(error.to_string().contains("larger than 1048576 bytes"), "{error}");
}

mod general {
    use super::*;
    use crate::shipped_connector;

    fn http(secret: &str) -> Given {
        let connector = shipped_connector("http").unwrap().clone();
        let fields = BTreeMap::from([("host".to_owned(), "api.example.com".to_owned())]);
        let account = connector.integration().account(fields, secret.into()).unwrap();
        Given {
            account,
            ..Given::with_fields(connector, &[("host", "api.example.com")])
        }
    }

    #[tokio::test]
    async fn any_method_path_and_body_can_be_sent() {
        let given = http(SECRET).input(json!({
            "method": "PATCH", "path": "/v1/things/a b/", "query": {"x": [1, 2]}, "headers": {"X-Request": "7", "accept": null},
            "json": ["any", null]
        }));
        let (outcome, server) = given.against("request", vec![ok(json!({"fine": true}))]).await;
        let outputs = outcome.unwrap();
        assert_eq!(
            (&outputs["status"], &outputs["body"]),
            (&json!(200), &json!({"fine": true}))
        );
        let request = &server.requests()[0];
        assert_eq!(request.line(), "PATCH /v1/things/a%20b/");
        assert_eq!(request.header("x-request"), Some("7"));
        assert_eq!(
            request.header("authorization"),
            Some(format!("Bearer {SECRET}").as_str())
        );
        assert_eq!((request.json(), request.query().len()), (json!(["any", null]), 2));
    }

    #[tokio::test]
    async fn without_a_secret_none_is_sent() {
        let (outcome, server) = http("")
            .against("get", vec![Answer::Text(200, &[], "hello".into())])
            .await;
        assert_eq!(outcome.unwrap()["body"], "hello");
        let request = &server.requests()[0];
        assert_eq!(
            (request.line(), request.header("authorization")),
            ("GET /".to_owned(), None)
        );
    }

    #[rstest]
    #[case::authorization("Authorization")]
    #[case::host("host")]
    #[case::length("Content-Length")]
    #[case::encoding("transfer-encoding")]
    #[case::cookie("Cookie")]
    #[tokio::test]
    async fn headers_of_the_transport_and_of_the_secret_cannot_be_set(#[case] header: &str) {
        let given = http(SECRET).input(json!({"headers": { header: "x" }}));
        let (outcome, server) = given.against("get", vec![]).await;
        assert_eq!(name(outcome), "Input.Invalid");
        assert_eq!(server.lines(), [""; 0]);
    }

    #[rstest]
    #[case::climbing("/a/../../admin")]
    #[case::another_host("//evil.example.org/")]
    #[tokio::test]
    async fn a_path_stays_at_its_host(#[case] path: &str) {
        let (outcome, server) = http(SECRET).input(json!({ "path": path })).against("get", vec![]).await;
        assert_eq!(name(outcome), "Input.Invalid");
        assert_eq!(server.lines(), [""; 0]);
    }
}

/// An action whose requests have the fields of a map in them.
const SPREAD: &str = r#"actions:
  open:
    summary: s
    repeat: never
    internal: true
    inputs:
      title: { type: text, summary: the title }
      fields: { type: map, summary: further fields }
    request:
      method: POST
      path: /tickets
      query: { "...": "{{ inputs.fields }}", notify: true }
      json: { fields: { "...": "{{ inputs.fields }}", title: "{{ inputs.title }}" }, lines: [{ "...": "{{ inputs.fields }}" }] }
"#;

#[rstest]
#[case::beside_others(
    json!({"title": "Down", "fields": {"team": "sre", "level": 3}}),
    json!({"fields": {"team": "sre", "level": 3, "title": "Down"}, "lines": [{"team": "sre", "level": 3}]})
)]
#[case::what_is_written_out_counts(
    json!({"title": "Down", "fields": {"title": "Up"}}),
    json!({"fields": {"title": "Down"}, "lines": [{"title": "Up"}]})
)]
#[case::in_the_place_of_what_is_left_out(
    json!({"fields": {"title": "Up", "gone": null}}),
    json!({"fields": {"title": "Up", "gone": null}, "lines": [{"title": "Up", "gone": null}]})
)]
#[case::without_it(json!({"title": "Down"}), json!({"fields": {"title": "Down"}}))]
#[case::without_anything(json!({}), json!({}))]
#[tokio::test]
async fn the_fields_of_a_map_stand_among_those_of_the_file(#[case] input: Value, #[case] sent: Value) {
    let given = Given::new(connector(BEARER, SPREAD)).input(input.clone());
    let (outcome, server) = given.against("open", vec![Answer::empty(204)]).await;
    assert_eq!(outcome, Ok(Map::new()));
    let request = &server.requests()[0];
    assert_eq!(request.json(), sent);
    let mut expected = BTreeMap::from([("notify".to_owned(), "true".to_owned())]);
    if let Some(fields) = input["fields"].as_object() {
        let given = fields.iter().filter(|(_, value)| !value.is_null());
        expected.extend(given.map(|(name, value)| {
            (
                name.clone(),
                value.as_str().map_or_else(|| value.to_string(), str::to_owned),
            )
        }));
    }
    assert_eq!(request.query().into_iter().collect::<BTreeMap<_, _>>(), expected);
}
