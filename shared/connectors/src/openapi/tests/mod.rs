#![expect(clippy::needless_pass_by_value, reason = "cases are handed on as they are written")]

mod drafts;
mod generated;
mod odd;
mod parts;

use serde_json::{Value, json};

use super::{Draft, Fit, ImportError, draft, operations};
use crate::{Connector, ConnectorName};

fn name() -> ConnectorName {
    "acme".parse().unwrap()
}

/// A document of version 3.1 with these paths.
fn document(paths: Value) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Acme API", "version": "1" },
        "servers": [{ "url": "https://api.acme.test/v1" }],
        "components": { "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } } },
        "paths": paths,
    })
}

/// A draft of all operations, which is read as a connector.
fn drafted(document: &Value) -> (Draft, Connector) {
    let ids: Vec<String> = operations(document)
        .unwrap()
        .into_iter()
        .map(|operation| operation.id)
        .collect();
    let draft = draft(document, &ids, &name()).unwrap();
    match Connector::from_source(&draft.yaml) {
        Ok(connector) => (draft, connector),
        Err(problems) => panic!("{problems}\n{}", draft.yaml),
    }
}

/// The one operation of a document as an action: how well it came over, its part of the file, and the remarks.
fn operation(operation: Value) -> (Fit, String, Vec<String>) {
    let document = document(json!({ "/things/{id}": { "post": operation } }));
    let (draft, _) = drafted(&document);
    let (_, yaml) = draft.yaml.split_once("actions:\n").unwrap();
    let remarks = draft.remarks.iter().map(|remark| remark.text.clone()).collect();
    (draft.actions[0].fit, yaml.to_owned(), remarks)
}

/// The reason that the one operation of a document cannot be an action.
fn refused(operation: Value) -> String {
    let document = document(json!({ "/things": { "post": operation } }));
    match draft(&document, &["POST /things"], &name()) {
        Err(ImportError::NothingUsable(remarks)) => remarks.last().unwrap().text.clone(),
        other => panic!("{other:?}"),
    }
}
