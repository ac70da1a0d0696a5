//! The two files as JSON.

use std::fs;
use std::path::Path;

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// The template. A tag becomes an object of one field: `!Ref Table` is `{"Ref": "Table"}`.
pub(crate) fn template() -> Value {
    let text = read("template.yaml");
    let documents = Yaml::load_from_str(&text).unwrap();
    to_json(&documents[0])
}

/// The runbook.
pub(crate) fn runbook() -> String {
    read("docs/runbook.md")
}

/// What is said about security.
pub(crate) fn security() -> String {
    read("docs/security.md")
}

/// The rights as SAM makes them of the template.
pub(crate) fn rights() -> Value {
    serde_json::from_str(&read("policy/iam.json")).unwrap()
}

/// The definition of the state machine.
pub(crate) fn state_machine() -> Value {
    serde_json::from_str(&read("statemachine/workflow.asl.json")).unwrap()
}

/// The fields of `value` at `pointer`.
pub(crate) fn fields<'a>(value: &'a Value, pointer: &str) -> &'a Map<String, Value> {
    value
        .pointer(pointer)
        .and_then(Value::as_object)
        .unwrap_or_else(|| panic!("nothing at {pointer}"))
}

/// A file of the repository.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

fn to_json(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::FloatingPoint(value)) => json!(value.into_inner()),
        Yaml::Value(Scalar::String(value)) => json!(value),
        Yaml::Sequence(items) => items.iter().map(to_json).collect(),
        Yaml::Mapping(fields) => fields
            .iter()
            .map(|(name, value)| (name.as_str().unwrap().to_owned(), to_json(value)))
            .collect(),
        Yaml::Tagged(tag, value) => json!({tag.suffix.as_str(): to_json(value)}),
        other => panic!("{other:?} has no place in a template"),
    }
}
