//! The JSON Schema of the language, with which editors complete and check a definition while it is written.
//!
//! It is generated from the types in `surface`, the catalogue of actions, the names of errors and the words of the
//! grammar. It is committed as `schema/workflow.schema.json`; a test fails when that file is stale, and writes it anew:
//!
//! ```sh
//! PAGERFLOW_WRITE_SCHEMA=1 cargo test -p workflow committed_schema
//! ```
//!
//! The schema says less than [`Definition::from_source`](super::Definition::from_source) checks: nothing of what the parts
//! of a definition say about each other. What it refuses is wrong, with one exception: a length of time can be written in
//! more ways than its pattern knows.
//!
//! It is of draft 7, which all editors know. It is written so that a validator looks at each step once: with one schema for
//! each kind of step it would look at steps within steps twice as often for each step around them.

pub(crate) mod parts;
pub(crate) mod surface;

use crate::action::Catalog;
use schemars::{Schema, generate::SchemaSettings, transform::Transform};
use serde_json::Value;

/// The schema of a definition that uses these actions.
#[must_use]
pub fn workflow_schema(catalog: &Catalog) -> Value {
    let settings = SchemaSettings::draft07().with_transform(NullIsNothing);
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<surface::Workflow>()
        .to_value();
    if let Some(name) = schema
        .pointer_mut("/definitions/ActionName")
        .and_then(Value::as_object_mut)
    {
        name.remove("type");
        name.insert("oneOf".to_owned(), parts::action_names(catalog));
    }
    if let Some(name) = schema
        .pointer_mut("/definitions/ErrorNameText")
        .and_then(Value::as_object_mut)
    {
        name.insert("enum".to_owned(), parts::error_names(catalog));
    }
    if let Some(Value::Array(rules)) = schema.pointer_mut("/definitions/Step/allOf") {
        rules.splice(0..0, parts::rules::actions(catalog));
    }
    schema
}

/// A field that may be left out is an `Option`, and schemars then allows null. The language does not.
#[derive(Debug, Clone)]
struct NullIsNothing;

impl Transform for NullIsNothing {
    fn transform(&mut self, schema: &mut Schema) {
        schemars::transform::transform_subschemas(self, schema);
        if let Some(Value::Array(types)) = schema.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                schema.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
            choices.retain(|choice| *choice != serde_json::json!({ "type": "null" }));
            if choices.len() == 1
                && let Some(only) = schema.remove("anyOf")
            {
                schema.insert("allOf".to_owned(), only);
            }
        }
    }
}
