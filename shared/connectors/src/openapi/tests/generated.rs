//! Generated documents: each draft of them is a connector.

use super::*;
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::Map;

/// Names that mean something elsewhere, and those that can hardly be names.
const NAMES: &[&str] = &[
    "id",
    "ID",
    "Id",
    "integration",
    "action",
    "attempt",
    "deadline",
    "caller",
    "adjusted",
    "inputs",
    "call",
    "body",
    "items",
    "not",
    "in",
    "if",
    "else",
    "is",
    "and",
    "or",
    "true",
    "none",
    "null",
    "self",
    "loop",
    "x[]",
    "filter[a][b]",
    "$select",
    "+1",
    "-1",
    "2fa",
    "a-b",
    "a.b",
    "a b",
    "a'b",
    "a\"b",
    "a\\b",
    "{{ x }}",
    "{% x %}",
    "#x",
    "",
    "名前",
    "é",
    "\u{202e}",
    "a\u{feff}b",
    "\n",
    "on",
    "yes",
    "no",
    "~",
    "Authorization",
    "Content-Type",
    "Accept",
    "Idempotency-Key",
    "Host",
    "X-Thing",
    "very_long_name_that_goes_on_and_on_and_on_and_on_and_on_x",
];

fn a_name() -> impl Strategy<Value = String> {
    prop_oneof![4 => select(NAMES).prop_map(str::to_owned), 1 => "\\PC{0,12}", 2 => "[a-zA-Z][a-zA-Z0-9_]{0,8}"]
}

fn words() -> impl Strategy<Value = Value> {
    prop_oneof![
        select(NAMES).prop_map(Value::from),
        "\\PC{0,40}".prop_map(Value::from),
        Just(json!("# A *heading*\n\nand [a link](https://x.test): `code`.\u{2028}")),
        Just(json!("yes: no")),
        Just(json!("x".repeat(1000))),
        Just(json!(3)),
    ]
}

fn schema() -> impl Strategy<Value = Value> {
    let types = select(
        &[
            "string", "integer", "number", "boolean", "array", "object", "null", "file", "money",
        ][..],
    );
    let leaf = prop_oneof![
        types.clone().prop_map(|of| json!({ "type": of })),
        vec(types, 0..3).prop_map(|of| json!({ "type": of })),
        select(&["date-time", "binary", "uri", "int64", "password"][..])
            .prop_map(|format| json!({ "type": "string", "format": format })),
        vec(words(), 0..4).prop_map(|words| json!({ "type": "string", "enum": words })),
        words().prop_map(|word| json!({ "const": word })),
        select(&["A", "B", "C", "Nothing"][..])
            .prop_map(|name| json!({ "$ref": format!("#/components/schemas/{name}") })),
        Just(json!({})),
        Just(json!(true)),
        Just(json!(null)),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            (vec((a_name(), inner.clone()), 0..5), vec(a_name(), 0..3), option::of(words())).prop_map(
                |(properties, required, description)| {
                    let properties: Map<String, Value> = properties.into_iter().collect();
                    let required: Vec<Value> = properties.keys().take(2).cloned().chain(required).map(Value::from).collect();
                    json!({ "type": "object", "properties": properties, "required": required, "description": description })
                }
            ),
            (select(&["allOf", "oneOf", "anyOf"][..]), vec(inner.clone(), 0..4)).prop_map(|(word, parts)| json!({ word: parts })),
            inner.clone().prop_map(|items| json!({ "type": "array", "items": items, "nullable": true })),
            (inner, words(), words()).prop_map(|(of, description, example)| {
                let mut of = of;
                if let Some(of) = of.as_object_mut() {
                    of.insert("description".to_owned(), description);
                    of.insert("example".to_owned(), example);
                }
                of
            }),
        ]
    })
}

const MEDIA_TYPES: &[&str] = &[
    "application/json",
    "*/*",
    "application/vnd.x+json; v=1",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
    "application/xml",
    "application/octet-stream",
    "",
    "名前",
];

fn content() -> impl Strategy<Value = Value> {
    vec((select(MEDIA_TYPES), schema()), 0..3).prop_map(|all| {
        let all = all
            .into_iter()
            .map(|(media_type, schema)| (media_type.to_owned(), json!({ "schema": schema })));
        Value::Object(all.collect())
    })
}

fn parameter() -> impl Strategy<Value = Value> {
    let places = select(&["query", "header", "path", "cookie", "formData", "body"][..]);
    let styles = select(&["form", "spaceDelimited", "deepObject", "simple"][..]);
    (a_name(), places, any::<bool>(), option::of(any::<bool>()), option::of(styles), schema(), words()).prop_map(
        |(name, place, required, explode, style, schema, description)| {
            json!({ "name": name, "in": place, "required": required, "explode": explode, "style": style, "schema": schema,
                    "description": description })
        },
    )
}

fn an_operation() -> impl Strategy<Value = Value> {
    let statuses = select(&["200", "201", "204", "2XX", "400", "default", "302"][..]);
    (
        option::of(a_name()),
        vec(parameter(), 0..5),
        option::of((any::<bool>(), content())),
        vec((statuses, content()), 0..3),
        option::of(words()),
    )
        .prop_map(|(id, parameters, body, responses, summary)| {
            let responses: Map<String, Value> = responses
                .into_iter()
                .map(|(status, content)| (status.to_owned(), json!({ "content": content })))
                .collect();
            let mut operation =
                json!({ "operationId": id, "parameters": parameters, "responses": responses, "summary": summary });
            if let Some((required, content)) = body {
                operation["requestBody"] = json!({ "required": required, "content": content });
            }
            operation
        })
}

fn a_path() -> impl Strategy<Value = String> {
    let segments = prop_oneof![
        3 => "[a-z]{1,5}",
        2 => a_name().prop_map(|name| format!("{{{name}}}")),
        1 => Just("{a}:{b}.json".to_owned()),
        1 => "\\PC{0,4}",
    ];
    vec(segments, 0..4).prop_map(|segments| format!("/{}", segments.join("/")))
}

fn a_server() -> impl Strategy<Value = Value> {
    let urls = prop_oneof![
        select(
            &[
                "https://api.acme.test",
                "/v1",
                "",
                "http://x.test/y/",
                "https://{a}.{b}.test/{c}",
                "https://{a}",
                "//x.test",
                "ftp://x",
                "https://x.test?y",
                "https://u:p@x.test/",
                "https://{",
                "https://x.test/ {a}/?b={c}#d",
                "https://x.test/a\u{feff}b"
            ][..]
        )
        .prop_map(str::to_owned),
        "\\PC{0,20}",
    ];
    (urls, words(), option::of(vec(words(), 0..3)), words()).prop_map(|(url, default, words, description)| {
        let variable = json!({ "default": default, "enum": words, "description": description });
        json!({ "url": url, "variables": { "a": variable, "b": { "default": "eu" }, "c": { "enum": ["x", "y"], "default": "x" } } })
    })
}

fn a_scheme() -> impl Strategy<Value = Value> {
    let urls = select(
        &[
            "https://login.test/token",
            "https://login.test/token?x=y",
            "/token",
            "http://x.test",
            "https://{{ x }}",
            "https://",
        ][..],
    );
    prop_oneof![
        Just(json!({ "type": "http", "scheme": "bearer" })),
        Just(json!({ "type": "http", "scheme": "basic" })),
        (select(&["header", "query", "cookie"][..]), a_name())
            .prop_map(|(place, name)| json!({ "type": "apiKey", "in": place, "name": name })),
        urls.prop_map(|url| json!({ "type": "oauth2", "flows": { "clientCredentials": { "tokenUrl": url } } })),
        Just(json!({ "type": "mutualTLS" })),
    ]
}

prop_compose! {
    fn a_document()(
        operations in vec((a_path(), select(&["get", "post", "put", "delete", "patch", "head"][..]), an_operation()), 1..5),
        schemas in vec(schema(), 3),
        server in a_server(),
        schemes in vec(a_scheme(), 0..3),
        security in option::of(vec(vec(0..3_usize, 0..3), 0..3)),
        title in words(),
        description in words(),
    ) -> Value {
        let mut paths = Map::new();
        for (path, method, operation) in operations {
            let shared = paths.entry(path).or_insert_with(|| json!({}));
            shared[method] = operation;
        }
        let schemes: Map<String, Value> = schemes.into_iter().enumerate().map(|(index, scheme)| (index.to_string(), scheme)).collect();
        let security: Option<Vec<Map<String, Value>>> = security.map(|sets| {
            sets.into_iter().map(|set| set.into_iter().map(|index| (index.to_string(), json!([]))).collect()).collect()
        });
        json!({
            "openapi": "3.1.0",
            "info": { "title": title, "description": description },
            "servers": [server],
            "security": security,
            "components": { "securitySchemes": schemes, "schemas": { "A": schemas[0], "B": schemas[1], "C": schemas[2] } },
            "paths": paths,
        })
    }
}

proptest! {
    #[test]
    fn every_draft_is_a_connector(document in a_document()) {
        let ids: Vec<String> = operations(&document).unwrap().into_iter().map(|operation| operation.id).collect();
        for ids in ids.iter().map(|id| vec![id.clone()]).chain([ids.clone()]) {
            match draft(&document, &ids, &name()) {
                Ok(draft) => {
                    let connector = Connector::from_source(&draft.yaml);
                    prop_assert!(connector.is_ok(), "{}\n{}", connector.unwrap_err(), draft.yaml);
                    let names: Vec<String> = connector.unwrap().actions().map(|action| action.name().to_owned()).collect();
                    let drafted: Vec<String> = draft.actions.iter().filter_map(|action| action.action.clone()).collect();
                    prop_assert_eq!(names, drafted);
                }
                Err(error) => prop_assert!(matches!(error, ImportError::NothingUsable(_) | ImportError::NoOperations), "{error}"),
            }
        }
    }
}
