//! Inputs, bodies, answers and accounts, one by one.

use super::*;
use rstest::rstest;

#[rstest]
#[case::text(json!({ "type": "string" }), "text")]
#[case::words(json!({ "type": "string", "enum": ["a", "b"] }), "{ one_of: [a, b] }")]
#[case::words_and_null(json!({ "type": ["string", "null"], "enum": ["a", "b", null] }), "{ one_of: [a, b] }")]
#[case::words_without_a_type(json!({ "enum": ["a", "b"] }), "{ one_of: [a, b] }")]
#[case::integer(json!({ "type": "integer" }), "integer")]
#[case::number(json!({ "type": "number" }), "number")]
#[case::integer_or_number(json!({ "type": ["integer", "number"] }), "number")]
#[case::boolean(json!({ "type": "boolean" }), "boolean")]
#[case::time(json!({ "type": "string", "format": "date-time" }), "time")]
#[case::date(json!({ "type": "string", "format": "date" }), "text")]
#[case::list(json!({ "type": "array", "items": { "type": "string" } }), "list")]
#[case::items_alone(json!({ "items": {} }), "list")]
#[case::map(json!({ "type": "object" }), "map")]
#[case::entries_alone(json!({ "additionalProperties": { "type": "string" } }), "map")]
#[case::nullable_in_3_0(json!({ "type": "string", "nullable": true }), "text")]
#[case::nullable_in_3_1(json!({ "type": ["string", "null"] }), "text")]
#[case::nullable_by_one_of(json!({ "oneOf": [{ "type": "integer" }, { "type": "null" }] }), "integer")]
#[case::nullable_by_any_of(json!({ "anyOf": [{ "enum": ["a"] }, { "enum": [null] }] }), "{ one_of: [a] }")]
#[case::one_alternative(json!({ "oneOf": [{ "type": "boolean" }] }), "boolean")]
#[case::text_or_number(json!({ "oneOf": [{ "type": "string" }, { "type": "integer" }] }), "text")]
#[case::text_or_list(json!({ "oneOf": [{ "type": "string" }, { "type": "array", "items": {} }] }), "list")]
#[case::two_maps(json!({ "oneOf": [{ "type": "object" }, { "type": "object" }] }), "map")]
#[case::two_lists_of_words(json!({ "anyOf": [{ "type": "string", "enum": ["a"] }, { "type": "string", "enum": ["b"] }] }), "{ one_of: [a, b] }")]
#[case::put_together(json!({ "allOf": [{ "type": "object", "properties": { "a": {} } }, { "description": "x" }] }), "map")]
#[case::a_constant(json!({ "const": "a" }), "text")]
#[case::text_by_its_length(json!({ "maxLength": 3 }), "text")]
fn a_schema_has_a_type(#[case] schema: Value, #[case] expected: &str) {
    let content = json!({ "application/json": { "schema": { "type": "object", "properties": { "x": schema } } } });
    let (fit, yaml, remarks) = operation(json!({ "requestBody": { "content": content } }));
    assert!(yaml.contains(&format!("x: {{ type: {expected}, summary:")), "{yaml}");
    assert_eq!((fit, remarks), (Fit::Typed, vec![]));
}

#[rstest]
#[case::nothing(json!({}))]
#[case::everything(json!(true))]
#[case::map_or_text(json!({ "oneOf": [{ "type": "object" }, { "type": "string" }] }))]
#[case::a_reference_to_nothing(json!({ "$ref": "#/components/schemas/Nothing" }))]
#[case::a_reference_elsewhere(json!({ "$ref": "other.yaml#/X" }))]
#[case::a_type_of_its_own(json!({ "type": "money" }))]
fn what_has_no_type_is_remarked(#[case] schema: Value) {
    let content = json!({ "application/json": { "schema": { "type": "object", "properties": { "x": schema } } } });
    let (fit, yaml, remarks) = operation(json!({ "requestBody": { "content": content } }));
    assert!(yaml.contains("x: { type: any, summary:"), "{yaml}");
    assert_eq!(
        (fit, remarks),
        (Fit::Part, vec!["the input `x` has no type".to_owned()])
    );
}

#[rstest]
#[case::text(json!({ "name": "x", "in": "query", "schema": { "type": "string" } }), r#"x: "{{ inputs.x }}""#)]
#[case::a_list(json!({ "name": "x", "in": "query", "schema": { "type": "array" } }), r#"x: "{{ inputs.x }}""#)]
#[case::a_list_with_brackets(json!({ "name": "x[]", "in": "query", "schema": { "type": "array" } }), r#""x[]": "{{ inputs.x }}""#)]
#[case::a_list_in_one(json!({ "name": "x", "in": "query", "explode": false, "schema": { "type": "array" } }),
    r#"x: "{{ inputs.x | join(',') if inputs.x is not none else none }}""#)]
#[case::a_list_with_bars(json!({ "name": "x", "in": "query", "style": "pipeDelimited", "schema": { "type": "array" } }),
    r#"x: "{{ inputs.x | join('|') if inputs.x is not none else none }}""#)]
#[case::json(json!({ "name": "x", "in": "query", "content": { "application/json": { "schema": { "type": "object" } } } }),
    r#"x: "{{ inputs.x | tojson if inputs.x is not none else none }}""#)]
#[case::a_field_of_a_map(json!({ "name": "x", "in": "query", "style": "deepObject", "schema": { "properties": { "since": { "type": "string" } } } }),
    r#""x[since]": "{{ inputs.x_since }}""#)]
#[case::a_list_in_a_map(json!({ "name": "x", "in": "query", "style": "deepObject", "schema": { "properties": { "ids": { "type": "array" } } } }),
    r#""x[ids]": "{{ inputs.x_ids }}""#)]
#[case::a_header(json!({ "name": "X-Org", "in": "header", "schema": { "type": "string" } }), r#"x-org: "{{ inputs.x_org }}""#)]
#[case::always_the_same(json!({ "name": "x", "in": "query", "required": true, "schema": { "const": 3 } }), "x: 3")]
#[case::the_same_name_as_in_the_path(json!({ "name": "id", "in": "query", "schema": { "type": "string" } }), r#"id: "{{ inputs.query_id }}""#)]
#[case::a_reserved_name(json!({ "name": "integration", "in": "query", "schema": { "type": "string" } }),
    r#"integration: "{{ inputs.query_integration }}""#)]
fn a_parameter_goes_where_it_belongs(#[case] parameter: Value, #[case] expected: &str) {
    let (fit, yaml, _) = operation(json!({ "parameters": [parameter] }));
    assert!(yaml.contains(expected), "{yaml}");
    assert_eq!(fit, Fit::Typed);
}

#[rstest]
#[case::a_map(json!({ "name": "x", "in": "query", "style": "deepObject", "schema": { "type": "object" } }),
    "the query parameter `x` is a map, which cannot be sent there, and is left out")]
#[case::a_map_in_a_map(json!({ "name": "x", "in": "query", "style": "deepObject", "schema": { "properties": { "y": { "type": "object" } } } }),
    "the query parameter `x[y]` is a map, which cannot be sent there, and is left out")]
#[case::a_cookie(json!({ "name": "x", "in": "cookie" }), "the cookie `x` is left out")]
#[case::a_header_of_the_transport(json!({ "name": "Host", "in": "header" }), "the header `Host` cannot be set")]
fn a_parameter_that_cannot_be_sent_is_left_out(#[case] parameter: Value, #[case] remark: &str) {
    let (fit, _, remarks) = operation(json!({ "parameters": [parameter] }));
    assert_eq!((fit, remarks), (Fit::Part, vec![remark.to_owned()]));
}

#[rstest]
#[case::a_file(json!({ "requestBody": { "required": true, "content": { "application/octet-stream": {} } } }),
    "its body is a file (`application/octet-stream`)")]
#[case::a_file_in_a_form(json!({ "requestBody": { "required": true, "content": { "multipart/form-data": { "schema":
    { "required": ["x"], "properties": { "x": { "type": "string", "format": "binary" } } } } } } }), "`x` is a file")]
#[case::a_map_in_a_form(json!({ "requestBody": { "required": true, "content": { "application/x-www-form-urlencoded": { "schema":
    { "required": ["x"], "properties": { "x": { "type": "object" } } } } } } }), "`x` is a map, which a form cannot have")]
#[case::a_cookie(json!({ "parameters": [{ "name": "x", "in": "cookie", "required": true }] }),
    "it needs the cookie `x`, and cookies are not sent")]
#[case::a_map_in_the_query(json!({ "parameters": [{ "name": "x", "in": "query", "required": true, "schema": { "type": "object" } }] }),
    "the query parameter `x` is a map, which cannot be sent there")]
fn what_must_be_sent_and_cannot_be_makes_no_action(#[case] operation: Value, #[case] reason: &str) {
    assert_eq!(refused(operation), reason);
}

#[rstest]
#[case::json("application/json", json!({ "type": "array" }), "json: \"{{ inputs.body }}\"")]
#[case::any_type("*/*", json!({ "type": "object" }), "json: \"{{ inputs.body }}\"")]
#[case::json_of_a_kind("application/vnd.acme+json; v=2", json!({ "type": "object" }), "content-type: application/vnd.acme+json; v=2\n")]
#[case::text("text/plain", json!({ "type": "string" }), "text: \"{{ inputs.body }}\"")]
#[case::form("application/x-www-form-urlencoded", json!({ "properties": { "x": { "type": "array" } } }), "form:\n        x: \"{{ inputs.x }}\"")]
#[case::parts("multipart/form-data", json!({ "properties": { "x": { "type": "string" } } }), "multipart:\n        x: \"{{ inputs.x }}\"")]
#[case::forms_of_maps("application/json", json!({ "oneOf": [{ "properties": { "x": {"type": "string"} }, "required": ["x"] },
    { "properties": { "z": {"type": "string"} } }] }), "json:\n        x: \"{{ inputs.x }}\"\n        z: \"{{ inputs.z }}\"")]
fn a_body_is_of_its_media_type(#[case] media_type: &str, #[case] schema: Value, #[case] expected: &str) {
    let (fit, yaml, _) = operation(json!({ "requestBody": { "content": { media_type: { "schema": schema } } } }));
    assert!(yaml.contains(expected), "{yaml}");
    assert_eq!(fit, Fit::Typed);
}

#[rstest]
#[case::fields(json!({ "type": "object", "properties": { "thing-id": { "type": "integer" } }, "required": ["thing-id"] }),
    "thing_id: { type: integer, summary: \"the value of `thing-id`\", from: \"{{ body['thing-id'] }}\" }")]
#[case::words_may_become_more(json!({ "properties": { "x": { "enum": ["a"] } } }), "x: { type: text, optional: true,")]
#[case::a_list(json!({ "type": "array" }), "items: { type: list, optional: true, summary: the answer, from: \"{{ body }}\" }")]
#[case::a_map(json!({ "type": "object" }), "answer: { type: map, optional: true, summary: the answer, from: \"{{ body }}\" }")]
#[case::several_forms(json!({ "oneOf": [{ "properties": { "a": { "type": "string" } } }, { "properties": { "b": { "type": "string" } } }] }),
    "b: { type: text, optional: true,")]
#[case::a_quote(json!({ "properties": { "it's {{ }}": { "type": "string" } } }), "from: \"{{ body['it\\\\'s \\\\u007b\\\\u007b \\\\u007d\\\\u007d'] }}\"")]
#[case::a_reserved_name(json!({ "properties": { "adjusted": { "type": "string" } } }), "answer_adjusted: {")]
fn an_answer_has_outputs(#[case] schema: Value, #[case] expected: &str) {
    let (fit, yaml, _) =
        operation(json!({ "responses": { "200": { "content": { "application/json": { "schema": schema } } } } }));
    assert!(yaml.contains(expected), "{yaml}");
    assert_eq!(fit, Fit::Typed);
}

/// The draft of one operation in a document with these parts.
fn with(mut parts: Value, security: Value) -> Draft {
    let mut document = document(json!({ "/things": { "get": { "operationId": "list" } } }));
    document["components"]["securitySchemes"] = security;
    for (name, part) in parts.as_object_mut().unwrap() {
        document[name] = part.take();
    }
    drafted(&document).0
}

#[rstest]
#[case::bearer(json!({ "type": "http", "scheme": "Bearer" }), "auth: bearer\n  secret: the access token")]
#[case::basic(json!({ "type": "http", "scheme": "basic" }), "auth: { basic: { user: \"{{ integration.user }}\" } }")]
#[case::header(json!({ "type": "apiKey", "in": "header", "name": "X-Key" }), "auth: { header: { name: x-key } }\n  secret: the API key")]
#[case::authorization(json!({ "type": "apiKey", "in": "header", "name": "Authorization" }), "auth: { header: { name: authorization } }")]
#[case::bearer_as_a_header(json!({ "type": "apiKey", "in": "header", "name": "Authorization", "description": "`Bearer TOKEN`" }), "auth: bearer")]
#[case::query(json!({ "type": "apiKey", "in": "query", "name": "key" }), "auth: { query: { name: key } }")]
#[case::client(json!({ "type": "oauth2", "flows": { "clientCredentials": { "tokenUrl": "https://login.acme.test/token", "scopes": {} } } }),
    "oauth2_client_credentials:\n      token_url: \"https://login.acme.test/token\"\n      client_id: \"{{ integration.client_id }}\"")]
#[case::login(json!({ "type": "oauth2", "flows": { "authorizationCode": {} } }), "auth: bearer")]
#[case::another(json!({ "type": "mutualTLS" }), "auth: bearer")]
fn an_account_proves_who_asks(#[case] scheme: Value, #[case] expected: &str) {
    let draft = with(json!({ "security": [{ "scheme": [] }] }), json!({ "scheme": scheme }));
    assert!(draft.yaml.contains(expected), "{}", draft.yaml);
}

#[test]
fn the_best_of_several_ways_is_taken_and_two_at_once_are_remarked() {
    let schemes = json!({
        "key": { "type": "apiKey", "in": "header", "name": "x-key" },
        "other": { "type": "apiKey", "in": "header", "name": "x-other" },
        "token": { "type": "http", "scheme": "bearer" },
    });
    let either = with(json!({ "security": [{ "key": [] }, { "token": [] }] }), schemes.clone());
    assert!(either.yaml.contains("auth: bearer"), "{}", either.yaml);
    assert_eq!(either.remarks, []);
    let both = with(json!({ "security": [{ "key": [], "other": [] }] }), schemes);
    assert!(both.yaml.contains("auth: { header: { name: x-key } }"), "{}", both.yaml);
    assert_eq!(both.remarks[0].fit, Fit::Part);
}

#[rstest]
#[case::whole("https://api.acme.test/v1/", "https://api.acme.test/v1", "[api.acme.test]")]
#[case::a_port(
    "https://api.acme.test:8443",
    "https://api.acme.test:8443",
    "[\"api.acme.test:8443\"]"
)]
#[case::http("http://api.acme.test/v1", "https://api.acme.test/v1", "[api.acme.test]")]
#[case::without_a_scheme("//api.acme.test", "https://api.acme.test", "[api.acme.test]")]
#[case::a_path("/api/v3", "https://{{ integration.host }}/api/v3", "[\"{{ integration.host }}\"]")]
#[case::nothing("", "https://{{ integration.host }}", "[\"{{ integration.host }}\"]")]
#[case::an_example(
    "https://your-domain.acme.test/rest",
    "https://{{ integration.host }}/rest",
    "[\"{{ integration.host }}\"]"
)]
#[case::an_address(
    "https://10.0.0.1/x",
    "https://{{ integration.host }}/x",
    "[\"{{ integration.host }}\"]"
)]
#[case::odd("https://a b/<x>", "https://{{ integration.host }}", "[\"{{ integration.host }}\"]")]
fn a_server_is_the_base_of_paths(#[case] url: &str, #[case] base_url: &str, #[case] hosts: &str) {
    let draft = with(json!({ "servers": [{ "url": url }] }), json!({}));
    let expected = format!("hosts: {hosts}\n");
    assert!(draft.yaml.contains(&expected), "{expected}\n{}", draft.yaml);
    let written = draft
        .yaml
        .lines()
        .find_map(|line| line.strip_prefix("base_url: "))
        .unwrap();
    assert_eq!(written.trim_matches('"'), base_url);
}
