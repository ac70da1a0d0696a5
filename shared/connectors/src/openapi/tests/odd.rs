//! Documents that are not as they should be, or are made to do harm.

use super::*;
use crate::openapi::parse;
use rstest::rstest;
use std::{fmt::Write, time::Instant};

#[rstest]
#[case::nothing("", "the document can not be read: it is empty")]
#[case::text(
    "hello",
    "the document is not an OpenAPI document: it has neither `openapi: 3…` nor `swagger: \"2.0\"` in it"
)]
#[case::another_kind(
    "kind: Deployment",
    "the document is not an OpenAPI document: it has neither `openapi: 3…` nor `swagger: \"2.0\"` in it"
)]
#[case::old(
    "swagger: '1.2'",
    "the document is of version 1.2; 3.0, 3.1 and Swagger 2.0 are read"
)]
#[case::new(
    "openapi: 4.0.0",
    "the document is of version 4.0.0; 3.0, 3.1 and Swagger 2.0 are read"
)]
#[case::broken_json(
    "{\"openapi\": ",
    "the document can not be read: EOF while parsing a value at line 1 column 12"
)]
fn what_is_not_a_document_is_refused(#[case] text: &str, #[case] expected: &str) {
    let outcome = parse(text).and_then(|document| operations(&document));
    assert_eq!(outcome.unwrap_err().to_string(), expected);
}

#[rstest]
#[case("openapi: 3.0.3")]
#[case("openapi: 3.1.1")]
#[case("swagger: '2.0'")]
#[case("swagger: 2.0")]
#[case("\u{feff}openapi: 3.0.0")]
#[case("---\nopenapi: 3.0.0\n...\n")]
fn versions_are_known_with_and_without_quotes(#[case] text: &str) {
    assert_eq!(operations(&parse(text).unwrap()), Ok(vec![]));
}

#[test]
fn aliases_are_written_out() {
    let document = parse("a: &x { b: [1, 2] }\nc: *x\n200: { d: *x }").unwrap();
    assert_eq!(
        document,
        json!({ "a": { "b": [1, 2] }, "c": { "b": [1, 2] }, "200": { "d": { "b": [1, 2] } } })
    );
}

#[test]
fn aliases_of_aliases_do_not_fill_the_memory() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..40 {
        let before = format!("*a{}", level - 1);
        writeln!(text, "a{level}: &a{level} [{}]", [before.as_str(); 10].join(", ")).unwrap();
    }
    let started = Instant::now();
    let error = parse(&text).unwrap_err().to_string();
    assert_eq!(
        error,
        "the document can not be read: its aliases stand for too many values"
    );
    assert!(started.elapsed().as_secs() < 20);
}

#[test]
fn what_is_nested_too_deeply_is_refused() {
    for text in [
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        format!("{{\"a\":{}", "[".repeat(100_000)),
    ] {
        assert!(matches!(parse(&text), Err(ImportError::Unreadable(_))));
    }
}

#[test]
fn schemas_may_be_made_of_themselves() {
    let mut of = document(json!({ "/x": { "post": {
        "operationId": "x",
        "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/A" } } } },
        "responses": { "200": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/B" } } } } },
    } } }));
    of["components"]["schemas"] = json!({
        "A": { "allOf": [{ "$ref": "#/components/schemas/A" }, { "properties": { "a": { "$ref": "#/components/schemas/A" } } }] },
        "B": { "oneOf": [{ "$ref": "#/components/schemas/B" }, { "$ref": "#/components/schemas/C" }] },
        "C": { "$ref": "#/components/schemas/D" },
        "D": { "$ref": "#/components/schemas/C" },
    });
    drafted(&of);
}

#[test]
fn schemas_of_schemas_of_schemas_take_a_bounded_time() {
    let mut schemas = serde_json::Map::new();
    for level in 0..60 {
        let next = json!({ "$ref": format!("#/components/schemas/S{}", level + 1) });
        let word = ["allOf", "oneOf", "anyOf"][level % 3];
        schemas.insert(format!("S{level}"), json!({ word: [next, next, next] }));
    }
    let mut of = document(json!({ "/x": { "post": {
        "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/S0" } } } },
    } } }));
    of["components"]["schemas"] = schemas.into();
    let started = Instant::now();
    drafted(&of);
    assert!(started.elapsed().as_secs() < 20);
}

#[rstest]
#[case::paths_of_another_type(json!([]))]
#[case::a_path_of_another_type(json!({ "/x": 1, "x": {}, "/y": { "get": [] } }))]
fn what_is_of_another_type_is_passed_over(#[case] paths: Value) {
    assert_eq!(operations(&document(paths)), Ok(vec![]));
}

#[rstest]
#[case(json!({ "parameters": {} }))]
#[case(json!({ "parameters": [1, {}, { "name": 1, "in": "query" }, { "name": "x", "in": "nowhere" }] }))]
#[case(json!({ "requestBody": 1, "responses": [] }))]
#[case(json!({ "requestBody": { "content": { "application/json": 1 } }, "responses": { "200": { "content": 1 } } }))]
#[case(json!({ "summary": 1, "operationId": {}, "security": {}, "servers": 1 }))]
#[case(json!({ "security": [1, {}], "servers": [{}], "summary": "\u{202e}\n", "description": "- - -" }))]
#[case(json!({ "operationId": "integration", "summary": "{{ x }}: #y" }))]
#[case(json!({ "requestBody": { "content": { "application/json": { "schema": { "properties": { "": {}, "a": 1, "{{": true }, "required": 1 } } } } }))]
fn an_operation_with_odd_parts_is_drafted_all_the_same(#[case] of: Value) {
    operation(of);
}

#[rstest]
#[case("/a//b", "its path has an empty segment, or one of dots")]
#[case("/a/../b", "its path has an empty segment, or one of dots")]
#[case("/a/{b", "its path has a `{` without a `}`")]
#[case("/a b", "its path has a ` ` in it")]
#[case("/a%2fb", "its path has a `%` in it")]
fn a_path_that_cannot_be_sent_makes_no_action(#[case] path: &str, #[case] reason: &str) {
    let document = document(json!({ path: { "get": { "operationId": "x" } } }));
    match draft(&document, &["x"], &name()) {
        Err(ImportError::NothingUsable(remarks)) => assert_eq!(remarks.last().unwrap().text, reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_query_in_a_path_is_sent_as_a_query() {
    let of = document(json!({ "/a?b=c&d={e}": { "get": { "operationId": "x" } } }));
    let (draft, _) = drafted(&of);
    assert!(
        draft.yaml.contains("path: /a\n      query:\n        b: c\n    outputs"),
        "{}",
        draft.yaml
    );
}

#[test]
fn too_many_inputs_are_left_out_but_for_those_that_must_be_given() {
    let parameter =
        |number: usize| json!({ "name": format!("p{number}"), "in": "query", "schema": { "type": "string" } });
    let parameters: Vec<Value> = (0..100).map(parameter).collect();
    let (fit, _, remarks) = operation(json!({ "parameters": parameters }));
    assert_eq!((fit, remarks.len()), (Fit::Part, 41));
}

#[test]
fn a_draft_that_is_larger_than_a_connector_can_be_is_refused() {
    let parameter = |number: usize| json!({ "name": format!("p{number}"), "in": "query", "schema": { "type": "string" }, "description": "x".repeat(150) });
    let parameters: Vec<Value> = (0..50).map(parameter).collect();
    let paths: serde_json::Map<String, Value> = (0..40)
        .map(|number| {
            (
                format!("/{number}"),
                json!({ "get": { "operationId": format!("o{number}"), "parameters": parameters } }),
            )
        })
        .collect();
    let document = document(paths.into());
    let ids: Vec<String> = (0..40).map(|number| format!("o{number}")).collect();
    let error = draft(&document, &ids, &name()).unwrap_err();
    assert!(matches!(error, ImportError::TooLarge { .. }), "{error}");
}
