//! Files of the repository, the template and the state machine as JSON.

use std::fs;
use std::path::Path;

use local_aws::{Project, Template};
use serde_json::{Map, Value};

/// The template. A tag becomes an object of one field: `!Ref Table` is `{"Ref": "Table"}`.
pub(crate) fn template() -> Value {
    Template::read(&Project::find().unwrap()).unwrap().json().clone()
}

/// The resources of all functions.
pub(crate) fn functions() -> Vec<String> {
    let template = Template::read(&Project::find().unwrap()).unwrap();
    let functions = template.functions().unwrap();
    functions.into_iter().map(|function| function.resource).collect()
}

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
